/*
 * cert: X.509 as phones spell it - names in Cisco's order, serials without the sign byte, keys as
 * trust lists carry them, hashes, validity.  No store, no clock; private keys are elsewhere
 * (key.h).
 */
#ifndef TL_TRUST_CERT_H
#define TL_TRUST_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct cert;
struct x509_st;

enum {
	CERT_DER_MAX = 16384, /* the largest certificate we read */
	CERT_NAME_MAX = 8192, /* the longest spelled name, with its NUL */
	CERT_SERIAL_MAX = 64, /* RFC 5280 allows 20; some exist that are longer */
};

/* How a name is spelled (FORMATS.md, "Names").
 *   CISCO:  CN, OU, O, L, ST, C first and in that order whatever the certificate's, then the
 *           others in certificate order; joined by ';'; nothing escaped but NUL.
 *   COMPAT: certificate order, joined by ',', RFC 4514 escapes: what the usecallmanagernz tools
 *           write. */
enum cert_spelling { CERT_CISCO, CERT_COMPAT };

enum cert_key_kind { CERT_KEY_RSA, CERT_KEY_EC, CERT_KEY_OTHER };

/* How a signature hashes; the numbers are those of header tag 8 (FORMATS.md, "Header"). */
enum digest { DIGEST_SHA1 = 1, DIGEST_SHA256 = 2, DIGEST_SHA512 = 3 };
const char *digest_word(unsigned digest); /* "sha1", "sha256", "sha512"; "?" */
int digest_of(const char *word);	  /* also "SHA-1", "SHA-512"; -1 when unknown */

/* Exactly one certificate, with nothing after it.  NULL on error; cert_free() it. */
struct cert *cert_from_der(struct bytes der, struct err *e);
/* The first certificate in PEM text. */
struct cert *cert_from_pem(struct bytes text, struct err *e);
/* One that was just made: x, of which a reference is kept and which is not to be changed any more.
 */
struct cert *cert_of_handle(struct x509_st *x, struct err *e);
struct cert *cert_copy(const struct cert *c);
void cert_free(struct cert *c); /* NULL is fine */

/* All of these lend: they live as long as the certificate. */
struct bytes cert_der(const struct cert *c);
const char *cert_subject(const struct cert *c, enum cert_spelling spelling); /* UTF-8 */
const char *cert_issuer(const struct cert *c, enum cert_spelling spelling);
const char *cert_common_name(const struct cert *c); /* "" when it has none */
/* Is this how a file names it?  Either spelling will do. */
bool cert_is_subject(const struct cert *c, const char *name);
bool cert_is_issuer(const struct cert *c, const char *name);
/* Does the name mean this certificate's, however a phone or a person wrote it?  Attributes in any
 * order, with ';', ',' or '+' between them and blanks around; keys in any case or as dotted
 * numbers; values plain, escaped, in quotes, or cut as in old eToken names (FORMATS.md, "Names").
 * Case counts in values. */
bool cert_is_subject_loosely(const struct cert *c, struct bytes name);
bool cert_is_issuer_loosely(const struct cert *c, struct bytes name);
/* Big-endian without the DER sign byte: 83:E9:.. is 10 bytes in Cisco's files.  0 is no bytes. */
struct bytes cert_serial(const struct cert *c);
/* A serial number from elsewhere, without the sign byte if it has one. */
struct bytes cert_bare_serial(struct bytes serial);
/* The same number; with or without the sign byte. */
bool cert_is_serial(const struct cert *c, struct bytes serial);
/* RSA: PKCS#1 RSAPublicKey; EC: the uncompressed point; others: SubjectPublicKeyInfo. */
struct bytes cert_public_key(const struct cert *c);
/* The same key as SubjectPublicKeyInfo, byte for byte as in the certificate; appended to out. */
void cert_public_key_info(const struct cert *c, struct wr *out);
struct bytes cert_signature(const struct cert *c); /* the certificate's own signature bits */
struct bytes cert_md5(const struct cert *c);	   /* hashes of the DER */
struct bytes cert_sha1(const struct cert *c);
struct bytes cert_sha256(const struct cert *c);

enum cert_key_kind cert_key_kind(const struct cert *c);
int cert_key_bits(const struct cert *c);
int64_t cert_not_before(const struct cert *c); /* Unix seconds */
int64_t cert_not_after(const struct cert *c);
bool cert_eq(const struct cert *a, const struct cert *b); /* the same DER */
bool cert_is_self_issued(const struct cert *c);

/* OpenSSL's handle, for what only OpenSSL can do with a certificate (check a chain, serve TLS); not
 * to be changed.  Lives as long as the certificate. */
struct x509_st *cert_handle(const struct cert *c);

/* PEM, appended to out. */
void cert_to_pem(const struct cert *c, struct wr *out);

/* RSASSA-PKCS1-v1_5 with DigestInfo (RFC 8017, 8.2) by this certificate's key over the parts, as if
 * joined.  0: verifies.  -1: ERR_NO when it does not, ERR_MALFORMED when the key cannot (not RSA).
 */
int cert_check_signature(const struct cert *c, enum digest digest, const struct bytes *part,
    size_t parts, struct bytes signature, struct err *e);

/* Somebody who can sign: the public half, and a function that asks wherever the private half lives
 * (key.h, a token).  Formats take this and never see a key. */
struct signer {
	const struct cert *cert;
	/* Appends the signature (RSASSA-PKCS1-v1_5) over the parts, as if joined, to out. */
	int (*sign)(void *key, enum digest digest, const struct bytes *part, size_t parts,
	    struct wr *out, struct err *e);
	void *key;
};

#endif
