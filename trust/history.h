/*
 * history: every trust list that was ever built - the ITLs of each node, and the CTLs, of which the
 * cluster has one at a time - numbered, with when and why.
 */
#ifndef TL_TRUST_HISTORY_H
#define TL_TRUST_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/store.h"

enum history_kind { HISTORY_ITL, HISTORY_CTL };
const char *history_word(enum history_kind kind); /* "ITL", "CTL" */

enum { HISTORY_CLUSTER = 0 /* node of a CTL */ };

/* A built list. */
struct listing_entry {
	int64_t id, node;
	/* From 1, per kind and node.  Below 0 are rows that are no list of ours: forms of one for
	 * other phones, and what phones hold that somebody else built.  They are found by their
	 * hash, and are never the newest. */
	int number;
	int64_t built;
	char why[200];
};

/* Adds one. */
int history_add(struct store *s, enum history_kind kind, const struct listing_entry *entry,
    struct bytes file, struct err *e);

/* The newest: 1, 0 when there is none, -1. */
int history_newest(struct store *s, enum history_kind kind, int64_t node, struct listing_entry *out,
    struct err *e);
/* Number from 1; negative counts from the newest (-1). */
int history_numbered(struct store *s, enum history_kind kind, int64_t node, int number,
    struct listing_entry *out, struct err *e);
/* Newest first.  *out is the caller's to free. */
int history_list(struct store *s, enum history_kind kind, int64_t node, struct listing_entry **out,
    size_t *n, struct err *e);

/* Of what kind the list with this id is, and its number, 0 when there is no such list: 1, 0, -1. */
int history_of(struct store *s, int64_t id, enum history_kind *kind, int *number, struct err *e);
/* Its bytes, appended to file. */
int history_file(struct store *s, int64_t id, struct wr *file, struct err *e);

#endif
