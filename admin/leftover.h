/*
 * leftover: folders and files that are to be there for a moment only, under names of their own, and
 * what a process that was killed has left of them.  Whoever uses one holds a lock on it (flock()),
 * by which the next tells a thing in use from one that nobody will take away any more.
 */
#ifndef TL_ADMIN_LEFTOVER_H
#define TL_ADMIN_LEFTOVER_H

#include "base/err.h"

/* Makes PREFIX and six more characters, a folder (0700) or an empty file (0600): a descriptor that
 * holds it, *path to free(); -1 and *path NULL. */
int leftover_folder(const char *prefix, char **path, struct err *e);
int leftover_file(const char *prefix, char **path, struct err *e);
/* Removes those of this prefix that nobody holds, with all that is in them. */
void leftover_sweep(const char *prefix);

#endif
