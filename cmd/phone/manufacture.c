#include "cmd/phone/manufacture.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

enum { SERIAL_BYTES = 10, FILE_MODE = 0600, CA_BITS = 2048, CN_MAX = 65, SN_DIGITS = 8 };

/* Twenty years each way. */
static const int64_t ca_span = (int64_t)20 * 365 * 86400;

#define MAKER "trustlist lab"

void
factory_clear(struct factory *f)
{
	cert_free(f->cert);
	key_free(f->key);
	*f = (struct factory){ .cert = NULL };
}

static int
openssl_failed(struct err *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return err_set(e, ERR_FAILED, "%s: %s", what, reason == NULL ? "no reason given" : reason);
}

/* ---- parts of a certificate ---- */

/* Random; positive and never 0. */
static bool
set_serial(X509 *x)
{
	uint8_t raw[SERIAL_BYTES];
	BIGNUM *n;
	bool ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return false;
	raw[0] = (raw[0] & 0x3f) | 0x40;
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

static bool
set_validity(X509 *x, int64_t from, int64_t until)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until) != NULL;
}

static bool
add_part(X509_NAME *name, const char *key, const char *value)
{
	return X509_NAME_add_entry_by_txt(
		   name, key, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static struct cert *
cert_of(X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct cert *c = NULL;

	if (n > 0)
		c = cert_from_der(bytes_over(der, (size_t)n), e);
	else
		openssl_failed(e, "cannot encode the certificate");
	OPENSSL_free(der);
	return c;
}

/* ---- the CA ---- */

static bool
fill_ca(X509 *x, const struct key *key, int64_t now)
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       X509_set_pubkey(x, key_handle(key)) == 1 &&
	       set_validity(x, now - ca_span, now + ca_span) && add_part(name, "O", MAKER) &&
	       add_part(name, "CN", "Lab Manufacturing CA SHA2") &&
	       X509_set_issuer_name(x, name) == 1 &&
	       add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(x, x, NID_subject_key_identifier, "hash") &&
	       X509_sign(x, key_handle(key), EVP_sha256()) > 0;
}

static struct cert *
make_ca(const struct key *key, int64_t now, struct err *e)
{
	X509 *x = X509_new();
	struct cert *c = NULL;

	if (x != NULL && fill_ca(x, key, now))
		c = cert_of(x, e);
	else
		openssl_failed(e, "cannot make the manufacturer's CA");
	X509_free(x);
	return c;
}

static int
write_ca(const char *path, const struct factory *f, struct err *e)
{
	struct wr pem = { 0 };
	int rc;

	cert_to_pem(f->cert, &pem);
	rc = key_to_pem(f->key, &pem, e);
	if (rc == 0)
		rc = file_replace(path, wr_view(&pem), FILE_MODE, e);
	wr_wipe(&pem);
	return rc;
}

static int
found(const char *path, int64_t now, struct factory *f, struct err *e)
{
	f->key = key_make(&(struct key_want){ KEY_RSA, CA_BITS }, e);
	if (f->key == NULL)
		return -1;
	f->cert = make_ca(f->key, now, e);
	return f->cert == NULL ? -1 : write_ca(path, f, e);
}

static int
load(const char *path, struct factory *f, struct err *e)
{
	if (key_load_pair(path, &f->key, &f->cert, e) != 0)
		return -1;
	if (X509_check_ca(cert_handle(f->cert)) == 1)
		return 0;
	return err_set(e, ERR_USAGE, "%s: its certificate, of %.120s, is no CA's", path,
	    cert_subject(f->cert, CERT_CISCO));
}

int
factory_open(const char *path, int64_t now, struct factory *out, bool *made, struct err *e)
{
	struct factory f = { .cert = NULL };
	int rc;

	*out = f;
	*made = !file_exists(path);
	rc = *made ? found(path, now, &f, e) : load(path, &f, e);
	if (rc == 0)
		*out = f;
	else
		factory_clear(&f);
	return rc;
}

/* ---- a phone's certificate ---- */

/* Serial numbers of the trade are three letters and eight characters; ours are told by the phone's
 * address. */
static bool
name_phone(X509_NAME *name, const struct mic_want *want)
{
	size_t n = strlen(want->name);
	char serial[CN_MAX], cn[CN_MAX];

	snprintf(serial, sizeof(serial), "PID:CP-%.20s SN:LAB%s", want->model->name,
	    want->name + (n > SN_DIGITS ? n - SN_DIGITS : 0));
	snprintf(cn, sizeof(cn), "CP-%.20s-%.40s", want->model->name, want->name);
	return add_part(name, "serialNumber", serial) && add_part(name, "O", MAKER) &&
	       add_part(name, "OU", "CTG") && add_part(name, "CN", cn);
}

static bool
fill_mic(
    X509 *x, X509 *ca, const struct factory *f, const struct mic_want *want, const struct key *key)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       X509_set_pubkey(x, key_handle(key)) == 1 &&
	       set_validity(x, want->not_before, want->not_after) &&
	       name_phone(X509_get_subject_name(x), want) &&
	       X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
	       add_extension(x, ca, NID_key_usage,
		   "critical,digitalSignature,nonRepudiation,keyEncipherment") &&
	       add_extension(x, ca, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       add_extension(x, ca, NID_subject_key_identifier, "hash") &&
	       add_extension(x, ca, NID_authority_key_identifier, "keyid") &&
	       X509_sign(x, key_handle(f->key), EVP_sha256()) > 0;
}

static int
check_want(const struct mic_want *want, struct err *e)
{
	if (!device_name_is(want->name) ||
	    strncmp(want->name, want->model->prefix, strlen(want->model->prefix)) != 0)
		return err_set(e, ERR_USAGE, "a %s has a name that starts with %s, not %.60s",
		    want->model->name, want->model->prefix, want->name);
	if (strcmp(want->model->prefix, "SEP") != 0 && strcmp(want->model->prefix, "ATA") != 0)
		return err_set(
		    e, ERR_USAGE, "a %s comes from no factory: it has no MIC", want->model->name);
	if (want->not_after <= want->not_before)
		return err_set(e, ERR_USAGE, "it would end before it begins");
	return 0;
}

struct cert *
factory_mic(
    const struct factory *f, const struct mic_want *want, const struct key *key, struct err *e)
{
	struct cert *c = NULL;
	X509 *x, *ca;

	if (check_want(want, e) != 0)
		return NULL;
	x = X509_new();
	ca = X509_dup(cert_handle(f->cert));
	if (x != NULL && ca != NULL && fill_mic(x, ca, f, want, key))
		c = cert_of(x, e);
	else
		openssl_failed(e, "cannot make the MIC");
	X509_free(ca);
	X509_free(x);
	return c;
}
