/*
 * enc: encrypted configuration (.enc.sgn) - opened with a phone's key.  FORMATS.md, "Encrypted
 * configuration".
 */
#ifndef TL_TRUST_ENC_H
#define TL_TRUST_ENC_H

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/sighdr.h"

struct enc {
	struct sighdr head;
	struct bytes payload; /* AES-CBC, in the file that was decoded */
};

/* Somebody who can open what was sealed to a phone: asks wherever its private key lives. */
struct opener {
	/* RSA PKCS#1 v1.5; appends the key to out.  -1: ERR_NO when the bytes do not open, any
	 * other code when that is not what they are to blame for (no key at hand). */
	int (*unwrap)(void *key, struct bytes wrapped, struct wr *out, struct err *e);
	void *key;
};

/* Does not check the signature.  What *out points to lives in file. */
int enc_decode(struct bytes file, struct enc *out, struct err *e);
int enc_verify(const struct enc *x, struct bytes file, const struct cert *signer, struct err *e);
/* The plain configuration, appended to out, when its hash is the one in the header.  ERR_NO, in
 * the same words, however a key does not fit. */
int enc_open(const struct enc *x, const struct opener *who, struct wr *out, struct err *e);

#endif
