/*
 * vouch: does this phone hold the key of the certificate it shows, and is that certificate one that
 * proves who it is?  No store, no clock.
 */
#ifndef TL_CAPF_VOUCH_H
#define TL_CAPF_VOUCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capf/proto.h"
#include "trust/cert.h"

struct vouch_facts {
	/* CAPF's own certificate and the CAPF-trust store: who may have signed what phones show. */
	const struct cert *const *trusted;
	size_t n;
	bool expired_mics; /* accepted: most manufacturer CAs and many MICs have run out */
	int64_t now;
};

enum vouch_kind { VOUCH_LSC, VOUCH_MIC };

/* An LSC is one whose issuer's common name begins with "CAPF-", as a CAPF's does, or which
 * is_own says is in our account; anything else that a trusted CA signed is a MIC.  Checks that the
 * certificate names the device (its common name is the name, or ends in '-' and the name), is no
 * CA, is valid now, hangs on a trusted certificate by signatures, and that the phone's signatures
 * (both of them, and the SUDI data when there are any) are by its key: PROTOCOL.md, "Proof by
 * certificate".  ERR_NO with what is wrong, in words for a log.  *shown is the caller's, NULL when
 * it fails; *kind is set as soon as it is known, and left alone until then.  *expired: a MIC that
 * has run out, or whose CA has, was accepted. */
int vouch_check(const struct vouch_facts *f, const struct capf_message *m, bool is_own,
    struct cert **shown, enum vouch_kind *kind, bool *expired, struct err *e);

/* The kind alone. */
enum vouch_kind vouch_kind_of(const struct cert *c, bool is_own);

#endif
