/*
 * tree: folders that a rehearsal needs for a while - made where writing is cheap, copied, removed.
 */
#ifndef TL_CMD_REHEARSAL_TREE_H
#define TL_CMD_REHEARSAL_TREE_H

#include "base/err.h"

/* A new folder for us alone: under TMPDIR where somebody set it, else in memory where the system
 * has such a place (/dev/shm), else in /tmp; to free().  NULL on error. */
char *tree_scratch(struct err *e);
/* Folders and regular files with their modes; to must not be there. */
int tree_copy(const char *from, const char *to, struct err *e);
void tree_remove(const char *path); /* as far as it can be removed */

#endif
