/*
 * proof: that a phone holds the private key of the certificate it shows - what it signs, how, and
 * whether a signature is right.  PROTOCOL.md, "Proof by certificate".
 *
 * RSA: the private-key operation on the bare hash in PKCS#1 type 1 padding, without DigestInfo. EC:
 * ECDSA over the same data, in DER.
 */
#ifndef TL_CAPF_PROOF_H
#define TL_CAPF_PROOF_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"

/* Appended to out.  Elements 6 and 20 sign the device name, its NUL and the certificate; these
 * bytes are the same in every session. */
void proof_data(const char *device, struct bytes der, struct wr *out);
/* SUDI data signs the session's number, least byte first, and the certificate. */
void proof_sudi_data(uint32_t session, struct bytes der, struct wr *out);

/* DIGEST_SHA1 or DIGEST_SHA512.  Appends the signature over data to out. */
int proof_sign(
    const struct key *k, enum digest digest, struct bytes data, struct wr *out, struct err *e);
/* ERR_NO when it is not by this certificate's key.  The whole padded block is compared: a
 * signature with DigestInfo, or with anything after the hash, is wrong. */
int proof_check(const struct cert *c, enum digest digest, struct bytes data, struct bytes signature,
    struct err *e);

#endif
