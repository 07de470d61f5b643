/*
 * backup_restore: a backup becomes the instance - after all of it was checked, and after it was
 * said whether the phones will follow.
 */
#ifndef TL_ADMIN_BACKUP_RESTORE_H
#define TL_ADMIN_BACKUP_RESTORE_H

#include "admin/backup.h"
#include "admin/backup_move.h"
#include "trust/outlook.h"

/* What the phones that the instance of now knows, holding what they hold now, would make of the
 * newest lists of the restored store once its services have started.  is NULL: there is no instance
 * yet, and what the restored store knew of its phones counts.  copy: of the restored store, and of
 * no other use afterwards, for the phones of now are written into it. */
int restore_outlook(
    struct store *is, struct store *copy, int64_t now, struct outlook *out, struct err *e);

struct restore_plan {
	const char *root, *file;
	struct bytes passphrase;
	bool yes;		 /* even where phones would be locked */
	const struct move *move; /* to other addresses */
	size_t moves;
	int64_t now;
	const struct backup_watch *watch;
};

struct restored {
	struct manifest manifest;
	struct outlook outlook;
	bool judged;		     /* the outlook stands */
	bool by_instance;	     /* judged by what the instance that was there knew */
	struct move move[MOVES_MAX]; /* as they were made */
	size_t moves;
	size_t settings_moved; /* of trustlist.conf */
	char *kept;	       /* folder with what was there; NULL: nothing was */
	bool took_place;       /* the backup is the instance now */
};

/* Into a root without a cluster, or over one that is not served.  ERR_STRANDS: phones would be
 * locked; on -1 with took_place unset nothing is changed.  restored_free() *out in any case. */
int backup_restore(const struct restore_plan *p, struct restored *out, struct err *e);
void restored_free(struct restored *r);

#endif
