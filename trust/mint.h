/*
 * mint: self-signed certificates made the way CUCM makes its own - subject, key usage, validity and
 * serial by purpose and release.
 */
#ifndef TL_TRUST_MINT_H
#define TL_TRUST_MINT_H

#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/node.h"

/* store: an identity store (CallManager, TVS, CAPF, ITLRecovery, tomcat).  node: whose certificate
 * it is; for CAPF and ITLRecovery the publisher.  NULL on error. */
struct cert *mint_own(const struct cluster *cluster, const struct node *node, const char *store,
    const struct key *key, int64_t now, struct err *e);

#endif
