/*
 * chain: from a certificate over those who issued it to a root, among certificates that are at
 * hand.  No store; time is an argument.
 */
#ifndef TL_TRUST_CHAIN_H
#define TL_TRUST_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"

enum { CHAIN_MAX = 10 };

/* Borrowed certificates: first the one that was asked about, after each the one that issued it. */
struct chain {
	const struct cert *cert[CHAIN_MAX];
	size_t n;   /* at least 1 */
	bool whole; /* the last is a root: it issued itself */
};

/* Follows it as far as the certificates at hand go, by names and signatures.  Of several issuers
 * with the same key the one that lives longest. */
void
chain_follow(const struct cert *c, const struct cert *const *at_hand, size_t n, struct chain *out);
/* Holds it together, trusting its last certificate?  All are valid now, and those that issue may
 * (RFC 5280, 6.1).  ERR_NO with what is wrong with which of them. */
int chain_check(const struct chain *c, int64_t now, struct err *e);

#endif
