/*
 * backup_manifest: what a backup says about itself - of which cluster, when, and every file in it
 * with its size and hash - as JSON and shown to the operator.
 */
#ifndef TL_ADMIN_BACKUP_MANIFEST_H
#define TL_ADMIN_BACKUP_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "admin/backup_tar.h"
#include "admin/out.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trust/node.h"
#include "trust/store.h"

enum {
	MANIFEST_FORMAT = 1,
	MANIFEST_BYTES_MAX = 16 << 20,
	MANIFEST_FILES_MAX = 20000,
	MANIFEST_NODES_MAX = 1000,
	MANIFEST_SHA256 = 32,
};

struct manifest_file {
	char *path; /* owned; in the archive */
	uint64_t size;
	uint8_t sha256[MANIFEST_SHA256];
};

struct manifest_node {
	char name[NODE_NAME_MAX], address[NODE_ADDRESS_MAX];
	bool publisher;
};

struct manifest {
	char program[64]; /* "trustlist 0.1.0" */
	char cluster[NODE_NAME_MAX];
	char release[16];
	int64_t created; /* Unix seconds */
	struct manifest_node *node;
	size_t nodes;
	struct manifest_file *file; /* in the order of the archive */
	size_t files, room;
};

/* Cluster and nodes of the store; no files yet. */
int manifest_of(struct store *s, int64_t now, struct manifest *out, struct err *e);
/* One more file; ERR_LIMIT after MANIFEST_FILES_MAX. */
int manifest_add(struct manifest *m, const char *path, uint64_t size,
    const uint8_t sha256[MANIFEST_SHA256], struct err *e);
void manifest_free(struct manifest *m); /* what is in it; it is empty then */

void manifest_show(const struct manifest *m, struct out *o);
/* As JSON, with the same words. */
int manifest_write(const struct manifest *m, struct wr *to, struct err *e);
/* ERR_NO when it is none, or of a newer format.  All or nothing; manifest_free() *out. */
int manifest_read(struct bytes json, struct manifest *out, struct err *e);
/* ERR_NO with the first difference unless both have the same files in the same order, each once. */
int manifest_same_files(const struct manifest *says, const struct manifest *is, struct err *e);

#endif
