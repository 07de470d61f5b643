/*
 * mint: self-signed certificates made the way CUCM makes its own - subject, key usage, validity and
 * serial by purpose and release - and requests to a CA for such certificates.
 */
#ifndef TL_TRUST_MINT_H
#define TL_TRUST_MINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/node.h"

/* store: an identity store (CallManager, CallManager-ECDSA, TVS, CAPF, ITLRecovery, tomcat).  node:
 * whose certificate it is; for CAPF and ITLRecovery the publisher.  NULL on error. */
struct cert *mint_own(const struct cluster *cluster, const struct node *node, const char *store,
    const struct key *key, int64_t now, struct err *e);

enum { MINT_NAMES_MAX = 100 };

/* The names that a request asks for, all of them host names. */
struct mint_names {
	const char *common_name;  /* NULL: as in a self-signed certificate */
	const char *const *other; /* alternative names, beside the common name */
	size_t others;
};

/* A request (PKCS#10) in DER, appended to out.  Subject as mint_own() has it; the usages are those
 * that CUCM asks for, which for some purposes are more than it gives itself. */
int mint_request(const struct cluster *cluster, const struct node *node, const char *store,
    const struct mint_names *names, const struct key *key, struct wr *out, struct err *e);

#endif
