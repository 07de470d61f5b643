/*
 * library: the rehearsals that the program carries in itself (etc/rehearsals).
 */
#ifndef TL_CMD_REHEARSAL_LIBRARY_H
#define TL_CMD_REHEARSAL_LIBRARY_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cmd/rehearsal/script.h"

struct library_entry {
	char name[16]; /* "S01" */
	struct bytes text;
};

/* By number from 0; false after the last. */
bool library_at(size_t i, struct library_entry *out);
/* "S1", "s01"; false: there is none of that name. */
bool library_find(const char *name, struct library_entry *out);
/* The built-in one of that name, else the file.  script_free() *out. */
int library_read(const char *what, struct script *out, struct err *e);

#endif
