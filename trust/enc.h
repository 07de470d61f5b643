/*
 * enc: encrypted configuration (.enc.sgn) - sealed to the certificate of a phone, opened with its
 * key.  FORMATS.md, "Encrypted configuration".
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

/* What a writer is told. */
struct enc_plan {
	enum layout layout;
	enum digest digest;   /* of the signature and of the plain text */
	const char *filename; /* of the sealed file: with .enc.sgn */
	uint32_t timestamp;
};

/* Can files be sealed to this certificate?  RSA of 512 to 4096 bits; else -1 and why. */
int enc_check_recipient(const struct cert *phone, struct err *e);
/* Sealed to the phone's certificate (LSC or MIC) with an AES key of its own, signed, appended to
 * out.  Of the same plain text each call makes other bytes.  ERR_USAGE for a phone or a signer
 * whose key cannot do it, ERR_LIMIT for more than 16 MiB. */
int enc_seal(const struct enc_plan *plan, struct bytes plain, const struct cert *phone,
    const struct signer *signer, struct wr *out, struct err *e);

/* All that is left to chance in a sealed file. */
enum { ENC_KEY_SIZE = 16, ENC_IV_SIZE = 16 };
struct enc_chance {
	uint8_t key[ENC_KEY_SIZE], iv[ENC_IV_SIZE];
	struct bytes wrapped_key; /* the key, to the phone */
	uint16_t key_bits;	  /* of the phone's key */
};
/* What enc_seal() does once the dice are cast; by itself only for making a known file again. */
int enc_seal_with(const struct enc_plan *plan, struct bytes plain, const struct enc_chance *chance,
    const struct signer *signer, struct wr *out, struct err *e);

#endif
