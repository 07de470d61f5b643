/*
 * conf: the config file, read through a table of settings.  Every error comes with its line, and
 * all of them are found in one reading.  Syntax: [section], key = value; a line that starts with #
 * or ; is a comment, and so is what follows a blank and a ; after a value.
 *
 * Knows nothing of what the settings mean: the table says where each value goes and how it is read.
 */
#ifndef TL_BASE_CONF_H
#define TL_BASE_CONF_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

enum conf_kind {
	CONF_TEXT,  /* char *; heap, the caller's */
	CONF_PATH,  /* char *; a relative one is put behind the folder of the config file */
	CONF_INT,   /* int, from low to high */
	CONF_BOOL,  /* bool: yes/no, true/false, on/off, 1/0 */
	CONF_CHECK, /* given to check(), which reads it and says what is wrong */
};

struct conf_setting {
	const char *section, *key;
	enum conf_kind kind;
	size_t offset; /* of the field in the struct that conf_read() fills */
	int low, high; /* CONF_INT */
	/* CONF_CHECK: field points at the field; -1 with the reason in e, without place. */
	int (*check)(const char *value, void *field, struct err *e);
};

/* What is wrong, in the order of the file. */
struct conf_fault {
	int line; /* from 1; 0: the file as a whole */
	char text[240];
};

enum { CONF_FAULTS = 50, CONF_FILE_MAX = 1 << 20 };

struct conf_report {
	struct conf_fault fault[CONF_FAULTS];
	size_t n;
	size_t more; /* faults that found no place above */
};

/* Fills *into from the file; settings that the file does not name keep what they had.  A key or
 * section that the table does not know is a fault.  Returns 0, or -1 with the first fault as
 * "FILE:LINE: reason" in e and all of them in report (which may be NULL); *into then holds what
 * could be read, so conf_free() it all the same. */
int conf_read(const char *path, const struct conf_setting *table, size_t n, void *into,
    struct conf_report *report, struct err *e);
/* The same from memory; path is for messages and for the folder of a CONF_PATH. */
int conf_read_text(const char *path, struct bytes text, const struct conf_setting *table, size_t n,
    void *into, struct conf_report *report, struct err *e);
/* Frees the text and path fields. */
void conf_free(const struct conf_setting *table, size_t n, void *into);

#endif
