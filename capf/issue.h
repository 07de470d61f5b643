/*
 * issue: a public key and a phone to a signed certificate, or why not.  No store, no clock: the
 * issuer, the time and the wish are arguments.
 *
 * Shape: LSCs that CUCM's own CAPF issued (TechNotes 213407 and 212214).
 */
#ifndef TL_CAPF_ISSUE_H
#define TL_CAPF_ISSUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/model.h"

enum { ISSUE_DAYS_MIN = 1, ISSUE_DAYS_MAX = 1825 };

struct issue_want {
	const char *device; /* SEP001122334455 */
	const struct model
	    *model;	    /* for the common name: "CP-8861-SEP..."; of CSF... the name alone */
	enum key_kind kind; /* the key that was ordered */
	int bits;
	int days; /* of validity; never beyond the issuer's own */
};

/* Is it a key of that kind and size (RSA: an odd modulus of exactly so many bits, and an odd
 * exponent above 1 of at most 64; EC: a point on that named curve, not compressed), in exactly one
 * SubjectPublicKeyInfo with nothing after it, in DER (RFC 5280, 4.1; RFC 3279, 2.3.1; RFC 5480)?
 * ERR_MALFORMED: no such structure; ERR_NO: another key than ordered. */
int issue_check_key(const struct issue_want *want, struct bytes public_key, struct err *e);

/* May it sign now, as far as those who issued it are at hand (cas, CAPF-trust's)?  A CA above it
 * that has run out would make every LSC worthless; one that is not at hand is not asked about, and
 * where several have the same key the one that lives longest counts.  ERR_NO with what is wrong
 * with which of them.  For whoever loads a CAPF certificate: issue_lsc() does not look there. */
int issue_check_issuer(
    const struct cert *issuer, const struct cert *const *cas, size_t n, int64_t now, struct err *e);

/* Signed with SHA-256.  ERR_NO, ERR_MALFORMED: the key, as above.  ERR_FAILED: the issuer is no
 * good (its key does not belong to its certificate, it is no CA, it is not valid now).  ERR_USAGE:
 * a wish that makes no sense.  Whoever signed the
 * issuer is not looked at: issue_check_issuer().  NULL on error. */
struct cert *issue_lsc(const struct cert *issuer, const struct key *key,
    const struct issue_want *want, struct bytes public_key, int64_t now, struct err *e);

#endif
