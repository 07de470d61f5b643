/*
 * ctl: which records belong in the cluster's CTL and who signs it - by release, cluster mode, and
 * whether security tokens sign it or a key of the cluster (tokenless).
 *
 * Unlike an ITL it is never rebuilt by itself: a certificate that is regenerated stands in the CTL
 * only after `ctl update`.  Whether that is due can be asked for; it is where real clusters go
 * wrong.  One CTL for all nodes; its history is history.h's, of node HISTORY_CLUSTER.
 *
 * Sources: TechNotes 118892 and 118893 (samples), the security guides' table of CTL signers.
 */
#ifndef TL_TRUST_CTL_H
#define TL_TRUST_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/history.h"
#include "trust/listing.h"
#include "trust/node.h"
#include "trust/sighdr.h"
#include "trust/store.h"

enum { CTL_TOKENS_MIN = 2, CTL_TOKENS_MAX = 16 };

/* A node as the CTL names it. */
struct ctl_node {
	const char *name, *address;
	const struct cert *callmanager;
};

/* All that the decision depends on; borrowed. */
struct ctl_facts {
	enum release release;
	bool mixed;		     /* else the CCM+TFTP records are blank */
	const struct ctl_node *node; /* publisher first */
	size_t nodes;
	const struct cert *itl_recovery; /* NULL before 10.0 */
	const struct cert *capf;	 /* NULL: no CAPF */
	/* Certificates of security tokens, of which the first signs; 0: a key of the cluster does.
	 */
	const struct cert *const *token;
	size_t tokens;
	/* `utils ctl reset localkey`: the publisher's CallManager key signs in any case. */
	bool local_key;
};

/* The decision, pure.  signer_store is "token" when one signs.  ERR_USAGE when the release has no
 * tokens, or nothing else.  listing_free() *out. */
int ctl_decide(const struct ctl_facts *facts, struct listing *out, struct err *e);

/* Tokens that sign in place of a key of the cluster; borrowed. */
struct ctl_tokens {
	const struct cert *const *cert; /* the first is that of the signer */
	size_t n;
	struct signer signer;
};

/* How a CTL is built. */
struct ctl_want {
	const struct ctl_tokens *tokens; /* NULL: tokenless */
	bool local_key;
	const char *why; /* for the history */
};
#define CTL_RESET_WHY "utils ctl reset localkey"

/* Builds the CTL of the cluster as it is now and adds it to the history, unless the newest has the
 * same contents.  warning: "" or why phones may not load it. */
int ctl_build(struct store *s, const struct ctl_want *want, int64_t now, bool *built, char *warning,
    size_t warning_size, struct err *e);

/* What can be said of the newest CTL. */
struct ctl_state {
	struct listing_entry newest; /* id 0: the cluster never had one */
	bool mixed;		     /* the cluster is, now */
	bool tokens;		     /* a token signed it */
	bool due;		     /* it is not what would be built now */
	char why[400];		     /* then: what differs, a sentence */
};
int ctl_look(struct store *s, struct ctl_state *out, struct err *e);
/* The tokens that the newest CTL names, none when a key of the cluster signed it.  *n of them, each
 * to be freed with cert_free(). */
int ctl_held_tokens(struct store *s, struct cert *out[CTL_TOKENS_MAX], size_t *n, struct err *e);

#endif
