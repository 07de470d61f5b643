/*
 * spool: the files of one call that came from elsewhere - a folder of its own in which what was
 * sent lies while the verb runs, and what the verb wrote is found; gone afterwards.
 *
 * Folders are made in "spool" under the root, mode 0700.  What a call names in "phones" and "bulk"
 * lies there under the root and stays.
 */
#ifndef TL_ADMIN_SPOOL_H
#define TL_ADMIN_SPOOL_H

#include "admin/route.h"
#include "base/err.h"

/* What a verb wrote in all of its files: more does not fit into an answer. */
enum { SPOOL_OUT_MAX = 16 << 20 };

/* Gives each value the text that the verb shall see: a path for what is a file or folder.  *folder
 * is the call's own, to free() and spool_end(); NULL when it needs none. */
int spool_begin(struct route_call *c, const char *root, char **folder, struct err *e);
/* What was written, into each value's file. */
int spool_collect(struct route_call *c, struct err *e);
void spool_end(const char *folder); /* takes it away with all in it; NULL is fine */
/* What a process that died has left. */
void spool_clear(const char *root);

#endif
