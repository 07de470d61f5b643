/*
 * folder: the files that whoever runs us put there - any tree, FreePBX's /tftpboot or wazo's -
 * found by the name that a phone asks for, and where there is none of that name, by one that
 * differs in capitals alone: a 7900 asks for RINGLIST.XML where people write Ringlist.xml.
 *
 * What lies there is looked at anew for each name.  Only names in other capitals come from an index
 * of the folder, which may be a second old.  No name leads out of it (base/file.h).  Belongs to one
 * worker.
 */
#ifndef TL_TFTP_FOLDER_H
#define TL_TFTP_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct folder;

enum {
	FOLDER_PATH_MAX = 200,	   /* of where(), with its NUL */
	FOLDER_NAMES_MAX = 100000, /* above, capitals matter in that folder */
};

struct folder *folder_new(int root); /* root: open, borrowed */
void folder_free(struct folder *f);  /* NULL is fine */

/* Where it is, for people: a path, its end if it is long. */
const char *folder_where(const struct folder *f);

/* An open regular file, the caller's to close; -1: ERR_NOT_FOUND, or that there is one which cannot
 * be opened.  now: Unix seconds, for the age of an index.  Names of lists and of configurations
 * (.tlv, .cnf.xml and what stands behind) are found as they are alone: they are a phone's own, and
 * others depend on what is said of it.  *respelled: the name that was found differs; may be NULL.
 */
int folder_open(struct folder *f, const char *name, int64_t now, bool *respelled, struct err *e);

#endif
