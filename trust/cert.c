#include "trust/cert.h"

#include <assert.h>
#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/mem.h"
#include "trust/loose.h"
#include "trust/name.h"

/* The public key, which OpenSSL takes long to read: of a certificate that we just made it is read
 * when somebody wants it. */
struct key_part {
	X509 *x509; /* with its key read; NULL: not yet */
	bool is_read;
	enum cert_key_kind kind;
	uint8_t *p;
	size_t n;
};

struct cert {
	X509 *x509; /* for all but the key */
	uint8_t *der;
	size_t der_n;
	char *subject[2]; /* by enum cert_spelling */
	char *issuer[2];
	char *common_name;
	uint8_t serial[CERT_SERIAL_MAX];
	size_t serial_n;
	struct key_part *key;
	uint8_t md5[16], sha1[20], sha256[32];
	size_t md5_n; /* 0 where the library has no MD5 (FIPS) */
	int64_t not_before, not_after;
};

static const struct {
	unsigned digest;
	const char *word, *other;
} digests[] = {
	{ DIGEST_SHA1, "sha1", "sha-1" },
	{ DIGEST_SHA256, "sha256", "sha-256" },
	{ DIGEST_SHA512, "sha512", "sha-512" },
};

const char *
digest_word(unsigned digest)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (digests[i].digest == digest)
			return digests[i].word;
	return "?";
}

int
digest_of(const char *word)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (strcasecmp(digests[i].word, word) == 0 ||
		    strcasecmp(digests[i].other, word) == 0)
			return (int)digests[i].digest;
	return -1;
}

/* The sentence is ours; what OpenSSL left in its queue would only confuse a later caller. */
static int
refuse(struct err *e, enum err_code code, const char *why)
{
	ERR_clear_error();
	return err_set(e, code, "certificate: %s", why);
}

static int
read_names(struct cert *c, struct err *e)
{
	const X509_NAME *subject = X509_get_subject_name(c->x509);
	const X509_NAME *issuer = X509_get_issuer_name(c->x509);
	struct wr w = { .max = CERT_NAME_MAX };

	for (int s = CERT_CISCO; s <= CERT_COMPAT; s++) {
		name_spell(subject, (enum cert_spelling)s, &w);
		c->subject[s] = mem_text(wr_cstr(&w));
		w.n = 0;
		name_spell(issuer, (enum cert_spelling)s, &w);
		c->issuer[s] = mem_text(wr_cstr(&w));
		w.n = 0;
	}
	name_value(subject, NID_commonName, &w);
	c->common_name = mem_text(wr_cstr(&w));
	wr_free(&w);
	if (w.bad)
		return refuse(e, ERR_LIMIT, "a name longer than 8191 bytes");
	return 0;
}

/* The content bytes of the DER INTEGER less its sign byte.  Taken from the encoding because OpenSSL
 * keeps a negative number as its amount, and a phone compares the bytes. */
static int
read_serial(struct cert *c, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(c->x509), &der);
	const unsigned char *p = der;
	int tag, class;
	long len;

	if (n < 0 || (ASN1_get_object(&p, &len, &tag, &class, n) & 0x80) != 0) {
		OPENSSL_free(der);
		return refuse(e, ERR_MALFORMED, "its serial number cannot be read");
	}
	if (len > 0 && p[0] == 0) {
		p++;
		len--;
	}
	if (len <= CERT_SERIAL_MAX) {
		c->serial_n = (size_t)len;
		memcpy(c->serial, p, c->serial_n);
	}
	OPENSSL_free(der);
	if (len > CERT_SERIAL_MAX)
		return refuse(e, ERR_LIMIT, "a serial number longer than 64 bytes");
	return 0;
}

static int
read_time(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	*out = (int64_t)timegm(&tm);
	return 0;
}

static int
read_validity(struct cert *c, struct err *e)
{
	if (read_time(X509_get0_notBefore(c->x509), &c->not_before) != 0 ||
	    read_time(X509_get0_notAfter(c->x509), &c->not_after) != 0)
		return refuse(e, ERR_MALFORMED, "its validity is not two times");
	return 0;
}

static enum cert_key_kind
kind_of(const EVP_PKEY *key)
{
	if (key != NULL && EVP_PKEY_is_a(key, "RSA"))
		return CERT_KEY_RSA;
	if (key != NULL && EVP_PKEY_is_a(key, "EC"))
		return CERT_KEY_EC;
	return CERT_KEY_OTHER;
}

static void
keep_key(struct key_part *k, const unsigned char *p, size_t n)
{
	k->p = mem_array(n, 1);
	memcpy(k->p, p, n);
	k->n = n;
}

/* A certificate may carry its point compressed; a list never does. */
static int
read_point(struct key_part *k, EVP_PKEY *key)
{
	unsigned char *point = NULL;
	size_t n;

	if (EVP_PKEY_set_utf8_string_param(key, "point-format", "uncompressed") != 1)
		return -1;
	n = EVP_PKEY_get1_encoded_public_key(key, &point);
	if (n > 0)
		keep_key(k, point, n);
	OPENSSL_free(point);
	return n > 0 ? 0 : -1;
}

static int
read_key_info(struct key_part *k, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	if (n > 0)
		keep_key(k, der, (size_t)n);
	OPENSSL_free(der);
	return n > 0 ? 0 : -1;
}

static int
read_key(struct key_part *k, X509 *x)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	EVP_PKEY *key = X509_get0_pubkey(x);
	int rc = 0;

	k->is_read = true;
	k->kind = kind_of(key);
	if (k->kind == CERT_KEY_RSA) /* the bit string is the RSAPublicKey */
		keep_key(k, ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits));
	else if (k->kind == CERT_KEY_EC)
		rc = read_point(k, key);
	else
		rc = read_key_info(k, x);
	ERR_clear_error();
	return rc;
}

static X509 *
with_key(const struct cert *c)
{
	const unsigned char *p = c->der;

	if (c->key->x509 == NULL)
		c->key->x509 = d2i_X509(NULL, &p, (long)c->der_n);
	assert(c->key->x509 != NULL); /* we encoded it ourselves */
	return c->key->x509;
}

static const struct key_part *
key_of(const struct cert *c)
{
	if (!c->key->is_read)
		read_key(c->key, with_key(c));
	return c->key;
}

static size_t
hash(const struct cert *c, const char *name, uint8_t *to)
{
	size_t n = 0;

	if (EVP_Q_digest(NULL, name, NULL, c->der, c->der_n, to, &n) != 1)
		n = 0;
	ERR_clear_error();
	return n;
}

static int
read_hashes(struct cert *c, struct err *e)
{
	c->md5_n = hash(c, "MD5", c->md5);
	if (hash(c, "SHA1", c->sha1) == 0 || hash(c, "SHA256", c->sha256) == 0)
		return refuse(e, ERR_FAILED, "OpenSSL cannot hash it");
	return 0;
}

static int
read_rest(struct cert *c, struct err *e)
{
	if (read_names(c, e) != 0 || read_serial(c, e) != 0 || read_validity(c, e) != 0)
		return -1;
	return read_hashes(c, e);
}

static struct cert *
new_cert(struct bytes der)
{
	struct cert *c = mem_new(sizeof(*c));

	c->key = mem_new(sizeof(*c->key));
	c->der = mem_array(der.n, 1);
	c->der_n = der.n;
	memcpy(c->der, der.p, der.n);
	return c;
}

static int
parse(struct cert *c, struct err *e)
{
	const unsigned char *p = c->der;

	c->x509 = d2i_X509(NULL, &p, (long)c->der_n);
	if (c->x509 == NULL)
		return refuse(e, ERR_MALFORMED, "not one (X.509 in DER)");
	ERR_clear_error();
	if (p != c->der + c->der_n)
		return refuse(e, ERR_MALFORMED, "something follows it");
	X509_up_ref(c->x509);
	c->key->x509 = c->x509;
	if (read_key(c->key, c->x509) != 0)
		return refuse(e, ERR_MALFORMED, "its public key cannot be read");
	return read_rest(c, e);
}

struct cert *
cert_from_der(struct bytes der, struct err *e)
{
	struct cert *c;

	if (der.n == 0) {
		refuse(e, ERR_MALFORMED, "no bytes");
		return NULL;
	}
	if (der.n > CERT_DER_MAX) {
		err_set(e, ERR_LIMIT, "certificate: %zu bytes, more than %d", der.n, CERT_DER_MAX);
		return NULL;
	}
	c = new_cert(der);
	if (parse(c, e) != 0) {
		cert_free(c);
		return NULL;
	}
	return c;
}

struct cert *
cert_of_handle(X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct cert *c;

	if (n <= 0) {
		refuse(e, ERR_FAILED, "OpenSSL cannot encode it");
		ERR_clear_error();
		return NULL;
	}
	c = new_cert(bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	X509_up_ref(x);
	c->x509 = x;
	if (read_rest(c, e) != 0) {
		cert_free(c);
		return NULL;
	}
	return c;
}

/* Keeps OpenSSL from asking for a passphrase on the terminal. */
static int
no_passphrase(char *to, int size, int writing, void *ctx)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

struct cert *
cert_from_pem(struct bytes text, struct err *e)
{
	struct cert *c = NULL;
	unsigned char *der = NULL;
	long n = 0;
	BIO *in = NULL;

	if (text.n > 0 && text.n <= INT_MAX)
		in = BIO_new_mem_buf(text.p, (int)text.n);
	if (in != NULL &&
	    PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_X509, in, no_passphrase, NULL) == 1)
		c = cert_from_der(bytes_over(der, (size_t)n), e);
	else
		refuse(e, ERR_MALFORMED, "no PEM certificate in the text");
	OPENSSL_free(der);
	BIO_free(in);
	ERR_clear_error();
	return c;
}

struct cert *
cert_copy(const struct cert *c)
{
	struct cert *copy = cert_from_der(cert_der(c), NULL);

	assert(copy != NULL); /* it was read once */
	return copy;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	for (int s = CERT_CISCO; s <= CERT_COMPAT; s++) {
		free(c->subject[s]);
		free(c->issuer[s]);
	}
	free(c->common_name);
	X509_free(c->key->x509);
	free(c->key->p);
	free(c->key);
	free(c->der);
	X509_free(c->x509);
	free(c);
}

struct bytes
cert_der(const struct cert *c)
{
	return bytes_over(c->der, c->der_n);
}

const char *
cert_subject(const struct cert *c, enum cert_spelling spelling)
{
	return c->subject[spelling];
}

const char *
cert_issuer(const struct cert *c, enum cert_spelling spelling)
{
	return c->issuer[spelling];
}

const char *
cert_common_name(const struct cert *c)
{
	return c->common_name;
}

bool
cert_is_subject(const struct cert *c, const char *name)
{
	return strcmp(name, c->subject[CERT_CISCO]) == 0 ||
	       strcmp(name, c->subject[CERT_COMPAT]) == 0 ||
	       name_is_compat(X509_get_subject_name(c->x509), name);
}

bool
cert_is_issuer(const struct cert *c, const char *name)
{
	return strcmp(name, c->issuer[CERT_CISCO]) == 0 ||
	       strcmp(name, c->issuer[CERT_COMPAT]) == 0 ||
	       name_is_compat(X509_get_issuer_name(c->x509), name);
}

/* Nearly all phones write names as trust lists do: that is found without taking them apart. */
static bool
is_loosely(const X509_NAME *name, const char *cisco, struct bytes text)
{
	return bytes_eq_text(text, cisco) || loose_is(name, text);
}

bool
cert_is_subject_loosely(const struct cert *c, struct bytes name)
{
	return is_loosely(X509_get_subject_name(c->x509), c->subject[CERT_CISCO], name);
}

bool
cert_is_issuer_loosely(const struct cert *c, struct bytes name)
{
	return is_loosely(X509_get_issuer_name(c->x509), c->issuer[CERT_CISCO], name);
}

struct bytes
cert_serial(const struct cert *c)
{
	return bytes_over(c->serial, c->serial_n);
}

struct bytes
cert_bare_serial(struct bytes serial)
{
	return serial.n > 0 && serial.p[0] == 0 ? bytes_from(serial, 1) : serial;
}

bool
cert_is_serial(const struct cert *c, struct bytes serial)
{
	return bytes_eq(cert_bare_serial(serial), cert_serial(c));
}

struct bytes
cert_public_key(const struct cert *c)
{
	return bytes_over(key_of(c)->p, key_of(c)->n);
}

void
cert_public_key_info(const struct cert *c, struct wr *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->x509), &der);

	if (n > 0)
		wr_put(out, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
}

struct bytes
cert_signature(const struct cert *c)
{
	const ASN1_BIT_STRING *bits;

	X509_get0_signature(&bits, NULL, c->x509);
	return bytes_over(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits));
}

struct bytes
cert_md5(const struct cert *c)
{
	return bytes_over(c->md5, c->md5_n);
}

struct bytes
cert_sha1(const struct cert *c)
{
	return bytes_over(c->sha1, sizeof(c->sha1));
}

struct bytes
cert_sha256(const struct cert *c)
{
	return bytes_over(c->sha256, sizeof(c->sha256));
}

enum cert_key_kind
cert_key_kind(const struct cert *c)
{
	return key_of(c)->kind;
}

int
cert_key_bits(const struct cert *c)
{
	const EVP_PKEY *key = X509_get0_pubkey(with_key(c));

	return key == NULL ? 0 : EVP_PKEY_get_bits(key);
}

int64_t
cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t
cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool
cert_eq(const struct cert *a, const struct cert *b)
{
	return bytes_eq(cert_der(a), cert_der(b));
}

bool
cert_is_self_issued(const struct cert *c)
{
	return X509_NAME_cmp(X509_get_subject_name(c->x509), X509_get_issuer_name(c->x509)) == 0;
}

struct x509_st *
cert_handle(const struct cert *c)
{
	return with_key(c);
}

void
cert_to_pem(const struct cert *c, struct wr *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n;

	if (bio == NULL || PEM_write_bio(bio, PEM_STRING_X509, "", c->der, (long)c->der_n) <= 0)
		abort(); /* nothing but memory can run out */
	n = BIO_get_mem_data(bio, &text);
	wr_put(out, bytes_over(text, (size_t)n));
	BIO_free(bio);
}

/* 1: verifies; what else OpenSSL says, it does not. */
static int
verify(EVP_PKEY *key, const char *digest, const struct bytes *part, size_t parts,
    struct bytes signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = 0;

	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) != 1)
		goto out;
	for (size_t i = 0; i < parts; i++)
		if (EVP_DigestVerifyUpdate(ctx, part[i].p, part[i].n) != 1)
			goto out;
	rc = EVP_DigestVerifyFinal(ctx, signature.p, signature.n);
out:
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return rc;
}

/* No look at the key's size or the hash's age: phones of 2006 live with RSA-512 and SHA-1, and
 * OpenSSL's security levels stand only in front of TLS and chains, not of this. */
int
cert_check_signature(const struct cert *c, enum digest digest, const struct bytes *part,
    size_t parts, struct bytes signature, struct err *e)
{
	if (key_of(c)->kind != CERT_KEY_RSA)
		return err_set(e, ERR_MALFORMED, "the key of %s is not RSA and cannot have signed",
		    c->subject[CERT_CISCO]);
	if (verify(X509_get0_pubkey(with_key(c)), digest_word(digest), part, parts, signature) != 1)
		return err_set(e, ERR_NO, "the signature does not verify with the key of %s",
		    c->subject[CERT_CISCO]);
	return 0;
}
