/*
 * listing: which records belong in a node's ITL now and who signs it - by release, cluster mode and
 * the rollback parameter - and the history of every list ever built.
 *
 * With PARAM_ADVANCED on, a list is built twice: for everybody, and for phones that know EC.  The
 * two are one entry of the history (FORMATS.md, "Lists for phones that know EC").
 */
#ifndef TL_TRUST_LISTING_H
#define TL_TRUST_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/history.h"
#include "trust/node.h"
#include "trust/store.h"
#include "trust/tlist.h"

/* A node as lists name it, and its TVS certificate. */
struct listing_node {
	const char *name, *address;
	const struct cert *tvs; /* NULL: it runs no TVS */
};

/* All that the decision depends on; borrowed. */
struct listing_facts {
	enum release release;
	bool mixed, rollback;
	const struct listing_node *node; /* publisher first */
	size_t nodes;
	size_t self;			 /* index of the node whose list this is */
	const struct cert *callmanager;	 /* of that node */
	const struct cert *itl_recovery; /* NULL before 10.0 */
	const struct cert *capf;	 /* NULL: no CAPF */
	/* CallManager-ECDSA of that node, for a list for phones that know EC; NULL: no record of
	 * it. */
	const struct cert *callmanager_ec;
	/* `utils itl reset localkey`: who signs instead, a SAST too.  NULL: as the release says. */
	const struct cert *stand_in;
};

struct listing {
	struct tlist_want *want; /* owned */
	size_t n;
	const char *signer_store; /* "CallManager" or "ITLRecovery" */
	const struct cert *signer;
};

/* The decision, pure.  listing_free() *out. */
int listing_decide(const struct listing_facts *facts, struct listing *out, struct err *e);
void listing_free(struct listing *l);

/* Builds the ITL of the node, or of all nodes, and adds what changed to the history with its why.
 * Unchanged contents keep the list that is there.  *built: how many were new.  warning: "" or why
 * phones may not load one of them. */
int listing_refresh(struct store *s, const char *why, int64_t now, size_t *built, char *warning,
    size_t warning_size, struct err *e);

/* `utils itl reset localkey`: builds the ITL of every node anew, signed by the publisher's
 * CallManager key where ITLRecovery signs otherwise (from 12.0), and by ITLRecovery where
 * CallManager does.  The next listing_refresh() has the usual signer again. */
#define LISTING_RESET_WHY "utils itl reset localkey"
int listing_reset(struct store *s, int64_t now, size_t *built, struct err *e);

/* The history of the ITLs of a node, as in history.h. */
int listing_newest(struct store *s, int64_t node, struct listing_entry *out, struct err *e);
int listing_numbered(
    struct store *s, int64_t node, int number, struct listing_entry *out, struct err *e);
int listing_history(
    struct store *s, int64_t node, struct listing_entry **out, size_t *n, struct err *e);
int listing_file(struct store *s, int64_t id, struct wr *file, struct err *e);
/* The same list as phones that know EC get it: 1, 0 when it was built without one, -1.  Its row in
 * the table has the negative number of the list: who looks a list up by its bytes means the entry
 * with the positive one. */
int listing_file_ec(struct store *s, int64_t id, struct wr *file, struct err *e);

#endif
