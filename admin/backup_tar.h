/*
 * backup_tar: files one after the other in a tar archive, written and read piece by piece.  The
 * only user of libarchive.
 *
 * Reading takes regular files with tame names and nothing else: whoever unpacks it need not fear
 * links, devices, names that lead elsewhere.
 */
#ifndef TL_ADMIN_BACKUP_TAR_H
#define TL_ADMIN_BACKUP_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum { TAR_NAME_MAX = 1024, TAR_PART_MAX = 255, TAR_DEPTH_MAX = 32 };

/* Printable UTF-8, relative, without "." and ".." and backslashes, within the limits above. */
bool tar_name_is_fit(const char *name);

struct tar_member {
	const char *name; /* read: lent until the next member */
	uint64_t size;
	int64_t changed; /* Unix seconds */
	bool secret;	 /* written: for its owner alone when somebody unpacks it by hand */
};

/* Where the archive goes. */
typedef int (*tar_put)(void *ctx, struct bytes part, struct err *e);
struct tar_out;
struct tar_out *tar_out_new(tar_put put, void *ctx, struct err *e);
/* A member, then its bytes: exactly as many as it was said to have, until the next member. */
int tar_out_member(struct tar_out *t, const struct tar_member *m, struct err *e);
int tar_out_put(struct tar_out *t, struct bytes part, struct err *e);
int tar_out_finish(struct tar_out *t, struct err *e);
void tar_out_free(struct tar_out *t);

/* Where it comes from: the next part, lent until the one after; none at the end. */
typedef int (*tar_get)(void *ctx, struct bytes *part, struct err *e);
struct tar_in;
struct tar_in *tar_in_new(tar_get get, void *ctx, struct err *e);
/* The next member: 1, 0 at the end, -1: ERR_NO when it is none that we take. */
int tar_in_member(struct tar_in *t, struct tar_member *m, struct err *e);
/* Its next bytes, lent until the next call; none at its end.  As many in all as it was said to
 * have, or -1. */
int tar_in_get(struct tar_in *t, struct bytes *part, struct err *e);
void tar_in_free(struct tar_in *t);

#endif
