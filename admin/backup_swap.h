/*
 * backup_swap: puts what was restored in the place of what was there, so that after a crash at any
 * moment there is the one or the other, whole.
 *
 * A restore unpacks into a hidden folder of the root and checks.  Then that folder gets another
 * name, and with this one step the restore has happened: whoever opens the root from then on first
 * carries on with what is left to be done, should the one who restored have died over it.
 */
#ifndef TL_ADMIN_BACKUP_SWAP_H
#define TL_ADMIN_BACKUP_SWAP_H

#include <stdbool.h>

#include "base/err.h"

/* A fresh, empty folder to unpack into.  The caller, who holds the lock of the root, frees the
 * path; those that earlier restores left are removed. */
char *swap_scratch(const char *root, struct err *e);
/* The folder goes, with all that is in it. */
void swap_drop(const char *scratch);

/* Nothing in the root is mounted there by itself, for that cannot be moved: found out before, and
 * not in the middle.  ERR_USAGE, with what to do.  swap_into_place() asks again. */
int swap_check(const char *root, struct err *e);
/* From here on the instance is what is in scratch (trustlist.db, trustlist.conf, tftp); *kept: the
 * folder where the files lie that were there, to free; NULL: there was nothing.  -1: when
 * swap_is_open() then, the restore has happened, and swap_finish() is to be called again. */
int swap_into_place(const char *root, const char *scratch, char **kept, struct err *e);
bool swap_is_open(const char *root);
/* By who holds the lock of the root.  Whatever was done of it already is left as it is. */
int swap_finish(const char *root, char **kept, struct err *e);

#endif
