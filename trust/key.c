#include "trust/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { RSA_BITS_LEAST = 512, RSA_BITS_MOST = 4096, KEY_FILE_MAX = 1 << 20 };

struct key {
	EVP_PKEY *pkey; /* OpenSSL wipes what it frees */
};

static const struct {
	int bits;
	const char *name;
} curves[] = { { 256, "P-256" }, { 384, "P-384" }, { 521, "P-521" } };

enum { CURVES = sizeof(curves) / sizeof(curves[0]) };

/* A sentence of ours, and OpenSSL's reason where it gives one: the first, those after it only say
 * through which of its parts the first came. */
static int
openssl_says(struct err *e, enum err_code code, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	if (reason == NULL)
		return err_set(e, code, "%s", what);
	return err_set(e, code, "%s: %s", what, reason);
}

static struct key *
key_of(EVP_PKEY *pkey)
{
	struct key *k = mem_new(sizeof(*k));

	k->pkey = pkey;
	return k;
}

struct key *
key_elsewhere(EVP_PKEY *handle)
{
	return key_of(handle);
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

struct evp_pkey_st *
key_handle(const struct key *k)
{
	return k->pkey;
}

static bool
is_rsa_size(int bits)
{
	return bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST;
}

static const char *
curve_of(int bits)
{
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].bits == bits)
			return curves[i].name;
	return NULL;
}

static EVP_PKEY *
make_rsa(int bits, struct err *e)
{
	EVP_PKEY *pkey;

	if (!is_rsa_size(bits)) {
		err_set(e, ERR_USAGE, "an RSA key of %d bits: from %d to %d will do", bits,
		    RSA_BITS_LEAST, RSA_BITS_MOST);
		return NULL;
	}
	pkey = EVP_RSA_gen((unsigned)bits);
	if (pkey == NULL)
		openssl_says(e, ERR_FAILED, "cannot make an RSA key");
	return pkey;
}

static EVP_PKEY *
make_ec(int bits, struct err *e)
{
	const char *curve = curve_of(bits);
	EVP_PKEY *pkey;

	if (curve == NULL) {
		err_set(e, ERR_USAGE, "an EC key of %d bits: 256, 384 or 521 will do", bits);
		return NULL;
	}
	pkey = EVP_EC_gen(curve);
	if (pkey == NULL)
		openssl_says(e, ERR_FAILED, "cannot make an EC key");
	return pkey;
}

struct key *
key_make(const struct key_want *want, struct err *e)
{
	EVP_PKEY *pkey = want->kind == KEY_RSA ? make_rsa(want->bits, e) : make_ec(want->bits, e);

	return pkey == NULL ? NULL : key_of(pkey);
}

static bool
is_known_curve(const EVP_PKEY *pkey)
{
	char name[32] = "";

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
		return false;
	return strcmp(name, "prime256v1") == 0 || strcmp(name, "secp384r1") == 0 ||
	       strcmp(name, "secp521r1") == 0;
}

/* What was read becomes a key when it is one we make ourselves; freed otherwise. */
static struct key *
accept(EVP_PKEY *pkey, struct err *e)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_is_a(pkey, "RSA") && is_rsa_size(bits))
		return key_of(pkey);
	if (EVP_PKEY_is_a(pkey, "EC") && is_known_curve(pkey))
		return key_of(pkey);
	err_set(e, ERR_MALFORMED, "a key of a kind we do not take: %s of %d bits",
	    EVP_PKEY_get0_type_name(pkey), bits);
	err_hint(e, "RSA of %d to %d bits, or EC on P-256, P-384 or P-521", RSA_BITS_LEAST,
	    RSA_BITS_MOST);
	EVP_PKEY_free(pkey);
	return NULL;
}

/* Without this OpenSSL would ask for the password on the terminal. */
static int
no_password(char *to, int size, int writing, void *asked)
{
	(void)to;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

struct key *
key_from_pem(struct bytes text, struct err *e)
{
	EVP_PKEY *pkey = NULL;
	bool locked = false;
	BIO *bio;

	if (text.n > KEY_FILE_MAX) {
		err_set(e, ERR_LIMIT, "larger than %d bytes", KEY_FILE_MAX);
		return NULL;
	}
	bio = BIO_new_mem_buf(text.n == 0 ? "" : (const char *)text.p, (int)text.n);
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, &locked);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey != NULL)
		return accept(pkey, e);
	if (locked) {
		err_set(e, ERR_MALFORMED, "the private key is locked with a password");
		err_hint(e, "openssl pkey -in FILE -out PLAIN.pem takes the password off");
	} else {
		err_set(e, ERR_MALFORMED, "no private key that can be read in it");
	}
	return NULL;
}

struct key *
key_from_pkcs8(struct bytes der, struct err *e)
{
	const unsigned char *p = der.p;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	EVP_PKEY *pkey = NULL;

	if (der.n <= KEY_FILE_MAX)
		info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
	if (info != NULL && p == der.p + der.n)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (pkey == NULL) {
		openssl_says(e, ERR_MALFORMED, "not a private key in PKCS#8");
		return NULL;
	}
	return accept(pkey, e);
}

int
key_to_pkcs8(const struct key *k, struct wr *out, struct err *e)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->pkey);
	unsigned char *der = NULL;
	int n = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	PKCS8_PRIV_KEY_INFO_free(info);
	if (n < 0)
		return openssl_says(e, ERR_FAILED, "cannot write the private key");
	wr_put(out, bytes_over(der, (size_t)n));
	OPENSSL_clear_free(der, (size_t)n);
	return 0;
}

int
key_to_pem(const struct key *k, struct wr *out, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem()); /* wipes what it held when it is freed */
	char *text = NULL;
	long n;

	if (bio == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
		BIO_free(bio);
		return openssl_says(e, ERR_FAILED, "cannot write the private key");
	}
	n = BIO_get_mem_data(bio, &text);
	wr_put(out, bytes_over(text, (size_t)n));
	BIO_free(bio);
	return 0;
}

bool
key_fits(const struct key *k, const struct cert *c)
{
	struct bytes der = cert_der(c);
	const unsigned char *p = der.p;
	X509 *x509 = d2i_X509(NULL, &p, (long)der.n);
	EVP_PKEY *theirs = x509 == NULL ? NULL : X509_get0_pubkey(x509);
	bool fits = theirs != NULL && EVP_PKEY_eq(k->pkey, theirs) == 1;

	X509_free(x509);
	ERR_clear_error();
	return fits;
}

static int
sign_parts(EVP_MD_CTX *ctx, const struct bytes *part, size_t parts, struct wr *out)
{
	uint8_t signature[RSA_BITS_MOST / 8];
	size_t n = sizeof(signature);

	for (size_t i = 0; i < parts; i++)
		if (part[i].n > 0 && EVP_DigestSignUpdate(ctx, part[i].p, part[i].n) != 1)
			return -1;
	if (EVP_DigestSignFinal(ctx, signature, &n) != 1)
		return -1;
	wr_put(out, bytes_over(signature, n));
	return 0;
}

/* PKCS#1 v1.5 is what OpenSSL does with an RSA key when nothing else is said. */
static int
sign(void *key, enum digest digest, const struct bytes *part, size_t parts, struct wr *out,
    struct err *e)
{
	const struct key *k = key;
	EVP_MD_CTX *ctx;
	int rc = -1;

	if (!EVP_PKEY_is_a(k->pkey, "RSA"))
		return err_set(e, ERR_USAGE, "only an RSA key can sign what phones check");
	ERR_clear_error();
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, digest_word(digest), NULL, NULL, k->pkey, NULL) == 1)
		rc = sign_parts(ctx, part, parts, out);
	EVP_MD_CTX_free(ctx);
	if (rc != 0)
		return openssl_says(e, ERR_FAILED, "cannot sign");
	return 0;
}

struct signer
key_signer(struct key *k, const struct cert *c)
{
	return (struct signer){ .cert = c, .sign = sign, .key = k };
}

/* ctx is ready; to has room for whatever comes out. */
static int
decrypt(EVP_PKEY_CTX *ctx, struct bytes wrapped, uint8_t *to, size_t size, struct wr *out)
{
	size_t n = size;

	if (EVP_PKEY_decrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_decrypt(ctx, to, &n, wrapped.p, wrapped.n) != 1)
		return -1;
	wr_put(out, bytes_over(to, n));
	return 0;
}

static int
unwrap(void *key, struct bytes wrapped, struct wr *out, struct err *e)
{
	const struct key *k = key;
	uint8_t plain[RSA_BITS_MOST / 8];
	EVP_PKEY_CTX *ctx;
	int rc = -1;

	if (!EVP_PKEY_is_a(k->pkey, "RSA"))
		return err_set(e, ERR_USAGE, "files are encrypted to RSA keys only");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (ctx != NULL)
		rc = decrypt(ctx, wrapped, plain, sizeof(plain), out);
	EVP_PKEY_CTX_free(ctx);
	mem_wipe(plain, sizeof(plain));
	ERR_clear_error();
	if (rc != 0) /* why is not told: it could help to guess the key (Bleichenbacher 1998) */
		return err_set(e, ERR_NO, "not encrypted to this key");
	return 0;
}

struct opener
key_opener(struct key *k)
{
	return (struct opener){ .unwrap = unwrap, .key = k };
}

struct key *
key_load(const char *path, struct err *e)
{
	struct wr text = { 0 };
	struct key *k = NULL;

	if (file_read(path, KEY_FILE_MAX, &text, e) == 0) {
		k = key_from_pem(wr_view(&text), e);
		if (k == NULL)
			err_prefix(e, "%s", path);
	}
	wr_wipe(&text);
	return k;
}

/* Both halves of the text, or neither. */
static int
pair_of(struct bytes text, struct key **key, struct cert **cert, struct err *e)
{
	struct key *k = key_from_pem(text, e);
	struct cert *c = k == NULL ? NULL : cert_from_pem(text, e);

	if (c != NULL && key_fits(k, c)) {
		*key = k;
		*cert = c;
		return 0;
	}
	if (c != NULL)
		err_set(e, ERR_MALFORMED, "its private key is not the one of its certificate, %s",
		    cert_subject(c, CERT_CISCO));
	key_free(k);
	cert_free(c);
	return -1;
}

int
key_load_pair(const char *path, struct key **k, struct cert **c, struct err *e)
{
	struct wr text = { 0 };
	int rc;

	*k = NULL;
	*c = NULL;
	rc = file_read(path, KEY_FILE_MAX, &text, e);
	if (rc == 0 && pair_of(wr_view(&text), k, c, e) != 0)
		rc = err_prefix(e, "%s", path);
	wr_wipe(&text);
	return rc;
}
