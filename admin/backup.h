/*
 * backup: disaster recovery - the whole of an instance in one encrypted file, made while it serves,
 * and that file read again: checked, or unpacked into a folder.
 *
 * In the envelope (backup_seal.h) is a tar archive of trustlist.db (the store, keys and all),
 * trustlist.conf, the folder of static files as tftp/..., and at last manifest.json.  Unpacked by
 * hand into an empty folder it is a root that can be served.
 */
#ifndef TL_ADMIN_BACKUP_H
#define TL_ADMIN_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/backup_manifest.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trust/store.h"

#define BACKUP_STORE	"trustlist.db"
#define BACKUP_CONF	"trustlist.conf"
#define BACKUP_FOLDER	"tftp"
#define BACKUP_MANIFEST "manifest.json"
/* Under the root, while one is made: a folder for the copy of the store, leftover.h. */
#define BACKUP_COPY "/.backup-"

/* Of a new backup, in bytes; one that was made shorter can be read all the same. */
enum { BACKUP_PASSPHRASE_MIN = 12 };

/* Told now and then how many bytes have been dealt with, and of how many, about; may be NULL. */
struct backup_watch {
	void (*at)(void *ctx, uint64_t bytes, uint64_t of);
	void *ctx;
	/* When it becomes true all ends with an error, and nothing is left; NULL: it does not. */
	volatile const bool *stop;
};
/* -1 and said, when it is to end. */
int backup_go_on(const struct backup_watch *w, struct err *e);

struct backup_plan {
	struct store *store;
	const char *root;   /* of the instance: where the copy of the store is made meanwhile */
	const char *conf;   /* its trustlist.conf; need not exist */
	const char *folder; /* its static files */
	const char *file;   /* to be made; ERR_EXISTS when there is one */
	struct bytes passphrase;
	unsigned rounds; /* SEAL_ROUNDS */
	int64_t now;
	const struct backup_watch *watch;
};

struct backup_made {
	struct manifest manifest;
	uint64_t bytes; /* of the file */
	/* What lies in the folder and cannot be served, and so is not in the backup: how many, and
	 * the first of them. */
	size_t left_out;
	char left_out_first[256];
};

/* The file appears whole, read again and found in order, for its owner alone; on -1 it does not
 * appear.  backup_made_free() *out. */
int backup_create(const struct backup_plan *p, struct backup_made *out, struct err *e);
void backup_made_free(struct backup_made *m);

/* Reads a backup.  into: an empty folder, where it is unpacked; NULL: it is only checked.  ERR_NO:
 * it is not as it was made, or not by this passphrase; what was unpacked then is worth nothing.
 * manifest_free() *out. */
int backup_read(const char *file, struct bytes passphrase, const char *into,
    const struct backup_watch *watch, struct manifest *out, struct err *e);

#endif
