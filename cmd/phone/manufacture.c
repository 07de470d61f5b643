#include "cmd/phone/manufacture.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/x509.h"

enum {
	SERIAL_BYTES = 10,
	FILE_MODE = 0600,
	CERT_FILE_MODE = 0644,
	CERT_FILE_MAX = 65536,
	CA_BITS = 2048,
	CN_MAX = 65,
	SN_DIGITS = 8
};

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

/* What is the same for a CA and a MIC, and comes last. */
static struct cert *
finish(X509 *x, const struct key *signer, int64_t from, int64_t until, struct err *e)
{
	if (x509_set_serial_of(x, SERIAL_BYTES, e) != 0 ||
	    x509_set_validity(x, from, until, e) != 0)
		return NULL;
	return x509_sign(x, signer, e);
}

/* ---- the CA ---- */

static struct cert *
make_ca(const struct key *key, int64_t now, struct err *e)
{
	X509 *x = X509_new();
	X509_NAME *name = x == NULL ? NULL : X509_get_subject_name(x);
	struct cert *c = NULL;

	if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
	    X509_set_pubkey(x, key_handle(key)) == 1 && x509_name_add(name, "O", MAKER) &&
	    x509_name_add(name, "CN", "Lab Manufacturing CA SHA2") &&
	    X509_set_issuer_name(x, name) == 1 &&
	    x509_add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    x509_add_extension(x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    x509_add_extension(x, NID_subject_key_identifier, "hash"))
		c = finish(x, key, now - ca_span, now + ca_span, e);
	else
		x509_failed(e, "cannot make the manufacturer's CA");
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

/* A file that is there may be somebody's: it is right, or it stays and nothing goes on. */
static int
check_cert_file(const char *path, const struct cert *ca, struct err *e)
{
	struct wr text = { 0 };
	struct cert *there = NULL;
	bool is_it = file_read(path, CERT_FILE_MAX, &text, e) == 0 &&
		     (there = cert_from_pem(wr_view(&text), e)) != NULL && cert_eq(there, ca);

	cert_free(there);
	wr_wipe(&text);
	if (is_it)
		return 0;
	err_set(e, ERR_USAGE, "%.200s does not hold the certificate of the CA", path);
	return err_hint(e, "move it away, and it is written anew");
}

/* The certificate alone, for whoever is to trust it: the other file has the private key, too. */
static int
write_cert_file(const char *ca_path, const struct cert *ca, struct err *e)
{
	char *path = factory_cert_path(ca_path);
	struct wr pem = { 0 };
	int rc;

	if (file_exists(path)) {
		rc = check_cert_file(path, ca, e);
	} else {
		cert_to_pem(ca, &pem);
		rc = file_replace(path, wr_view(&pem), CERT_FILE_MODE, e);
	}
	wr_free(&pem);
	free(path);
	return rc;
}

char *
factory_cert_path(const char *ca_path)
{
	return mem_fmt("%s.crt", ca_path);
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
		rc = write_cert_file(path, f.cert, e);
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
	return x509_name_add(name, "serialNumber", serial) && x509_name_add(name, "O", MAKER) &&
	       x509_name_add(name, "OU", "CTG") && x509_name_add(name, "CN", cn);
}

static bool
fill_mic(X509 *x, X509 *ca, const struct mic_want *want, const struct key *key)
{
	return X509_set_version(x, X509_VERSION_3) == 1 &&
	       X509_set_pubkey(x, key_handle(key)) == 1 &&
	       name_phone(X509_get_subject_name(x), want) &&
	       X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
	       x509_add_extension_by(x, ca, NID_key_usage,
		   "critical,digitalSignature,nonRepudiation,keyEncipherment") &&
	       x509_add_extension_by(x, ca, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       x509_add_extension_by(x, ca, NID_subject_key_identifier, "hash") &&
	       x509_add_extension_by(x, ca, NID_authority_key_identifier, "keyid");
}

static int
check_want(const struct mic_want *want, struct err *e)
{
	if (!device_name_is(want->name) ||
	    strncmp(want->name, want->model->prefix, strlen(want->model->prefix)) != 0)
		return err_set(e, ERR_USAGE, "a %s has a name that starts with %s, not %.60s",
		    want->model->name, want->model->prefix, want->name);
	if (model_is_soft(want->model))
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
	if (x != NULL && ca != NULL && fill_mic(x, ca, want, key))
		c = finish(x, f->key, want->not_before, want->not_after, e);
	else
		x509_failed(e, "cannot make the MIC");
	X509_free(ca);
	X509_free(x);
	return c;
}
