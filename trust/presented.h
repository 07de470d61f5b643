/*
 * presented: what a service shows to whoever connects - the certificate and key it loaded when it
 * last started, and the CAs above it, for a peer that trusts only the root.
 *
 * The CAs are those that the trust store of its kind has at the moment of the call.
 */
#ifndef TL_TRUST_PRESENTED_H
#define TL_TRUST_PRESENTED_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/tls.h"
#include "trust/chain.h"
#include "trust/key.h"
#include "trust/store.h"

struct presented {
	struct cert *cert[CHAIN_MAX]; /* its own first, after each the one that issued it */
	struct bytes der[CHAIN_MAX];  /* the same as bytes, lent by them */
	size_t n;		      /* at least 1 */
	struct key *key;	      /* of the first */
};

/* store: the identity store, one of those that the service loads.  Those above its certificate come
 * without the root, which the peer has or does not trust (RFC 5246, 7.4.2), and as far as they are
 * at hand.  presented_free() *out; on -1 it is zeroed. */
int presented_load(struct store *s, int64_t node, const char *service, const char *store,
    struct presented *out, struct err *e);
/* The same for a TLS listener; lent. */
struct tls_identity presented_identity(const struct presented *p);
void presented_free(struct presented *p); /* wipes the key; { 0 } is fine */

#endif
