#include "trust/mint.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL_BYTES = 16, DAY = 86400, YEAR_DAYS = 365, CAPF_ID_BYTES = 4 };

/* What differs between purposes.  Usages: the table of certificate key usages in Cisco's security
 * guide 15; ITLRecovery is not in it and signs only.  Those that a CA is asked for: TechNote
 * 212214.
 */
struct shape {
	const char *store, *constraints, *usage, *extended;
	int years, years_14;		      /* until release 14, and from it on */
	const char *ask_usage, *ask_extended; /* NULL: as above */
};

static const struct shape shapes[] = {
	{ "CallManager", NULL, "digitalSignature,dataEncipherment", "serverAuth,clientAuth", 5, 5,
	    "digitalSignature,dataEncipherment,keyAgreement",
	    "serverAuth,clientAuth,ipsecEndSystem" },
	{ "TVS", NULL, "digitalSignature,keyEncipherment,dataEncipherment", "serverAuth,clientAuth",
	    5, 3, NULL, NULL },
	{ "CAPF", "critical,CA:TRUE,pathlen:0", "digitalSignature,keyCertSign",
	    "serverAuth,clientAuth", 5, 5, NULL, NULL },
	{ "ITLRecovery", NULL, "digitalSignature,keyCertSign", NULL, 5, 20, NULL, NULL },
	{ "tomcat", NULL, "digitalSignature,keyEncipherment,dataEncipherment,keyAgreement",
	    "serverAuth,clientAuth", 5, 3, NULL, "serverAuth,clientAuth,ipsecEndSystem" },
};

static const struct shape *
shape_of(const char *store, struct err *e)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].store, store) == 0)
			return &shapes[i];
	err_set(e, ERR_USAGE, "%s is not a certificate we make", store);
	return NULL;
}

/* ITLRecovery lives 20 years from 12.5 on (a fresh one; an upgraded cluster keeps its 5). */
static int
years_of(const struct shape *h, enum release release)
{
	if (release >= RELEASE_14)
		return h->years_14;
	if (release >= RELEASE_12_5 && strcmp(h->store, "ITLRecovery") == 0)
		return 20;
	return h->years;
}

static int
openssl_failed(struct err *e, const char *what)
{
	unsigned long code = ERR_get_error();
	char text[160] = "no reason given";

	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return err_set(e, ERR_FAILED, "%s: %s", what, text);
}

static int
common_name(const struct node *node, const char *store, char *to, size_t size, struct err *e)
{
	uint8_t id[CAPF_ID_BYTES];
	char hex[2 * CAPF_ID_BYTES + 1];

	if (strcmp(store, "CAPF") == 0) {
		if (RAND_bytes(id, sizeof(id)) != 1)
			return openssl_failed(e, "no random bytes");
		bytes_hex(bytes_over(id, sizeof(id)), '\0', hex, sizeof(hex));
		snprintf(to, size, "CAPF-%s", hex);
		return 0;
	}
	/* RFC 5280 allows 64 characters; the prefix takes 12. */
	snprintf(to, size, "%s%.*s", strcmp(store, "ITLRecovery") == 0 ? "ITLRECOVERY_" : "",
	    strcmp(store, "ITLRecovery") == 0 ? 52 : 64, node->name);
	return 0;
}

static bool
add_part(X509_NAME *name, const char *key, const char *value)
{
	if (value[0] == '\0')
		return true;
	return X509_NAME_add_entry_by_txt(
		   name, key, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

/* The order in which CUCM's Java writes a subject; phones and lists spell it CN first. */
static int
set_subject(X509_NAME *name, const struct cluster *c, const char *cn, struct err *e)
{
	if (!add_part(name, "L", c->location) || !add_part(name, "ST", c->state) ||
	    !add_part(name, "CN", cn) || !add_part(name, "OU", c->unit) ||
	    !add_part(name, "O", c->organization) || !add_part(name, "C", c->country))
		return openssl_failed(e, "cannot make the subject");
	return 0;
}

static int
set_names(X509 *x, const struct cluster *c, const char *cn, struct err *e)
{
	X509_NAME *name = X509_get_subject_name(x);

	if (set_subject(name, c, cn, e) != 0)
		return -1;
	return X509_set_issuer_name(x, name) == 1 ? 0 : openssl_failed(e, "cannot make the issuer");
}

/* Sixteen random bytes, as CUCM's self-signed certificates have; the top bit may be set (then DER
 * needs a seventeenth, which trust lists leave out).  The first is never 0, so that it is 16. */
static int
set_serial(X509 *x, struct err *e)
{
	uint8_t raw[SERIAL_BYTES];
	BIGNUM *n;
	int ok;

	do {
		if (RAND_bytes(raw, sizeof(raw)) != 1)
			return openssl_failed(e, "no random bytes");
	} while (raw[0] == 0);
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok ? 0 : openssl_failed(e, "cannot make the serial number");
}

static int
set_validity(X509 *x, int years, int64_t now, struct err *e)
{
	time_t start = (time_t)now;

	if (ASN1_TIME_set(X509_getm_notBefore(x), start) == NULL ||
	    ASN1_TIME_adj(X509_getm_notAfter(x), start, years * YEAR_DAYS, 0) == NULL)
		return openssl_failed(e, "cannot make the validity");
	return 0;
}

/* x: of a certificate, else NULL. */
static X509_EXTENSION *
extension_of(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	return X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext;
	bool ok;

	if (value == NULL)
		return true;
	ext = extension_of(x, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static int
set_extensions(X509 *x, const struct shape *h, struct err *e)
{
	if (!add_extension(x, NID_basic_constraints, h->constraints) ||
	    !add_extension(x, NID_key_usage, h->usage) ||
	    !add_extension(x, NID_ext_key_usage, h->extended) ||
	    !add_extension(x, NID_subject_key_identifier, "hash"))
		return openssl_failed(e, "cannot make the extensions");
	return 0;
}

static struct cert *
finish(X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct cert *c;

	if (n < 0) {
		openssl_failed(e, "cannot encode the certificate");
		return NULL;
	}
	c = cert_from_der(bytes_over(der, (size_t)n), e);
	OPENSSL_free(der);
	return c;
}

struct cert *
mint_own(const struct cluster *cluster, const struct node *node, const char *store,
    const struct key *key, int64_t now, struct err *e)
{
	const struct shape *h = shape_of(store, e);
	struct cert *c = NULL;
	char cn[SUBJECT_PART_MAX];
	X509 *x = NULL;

	if (h == NULL || common_name(node, store, cn, sizeof(cn), e) != 0)
		return NULL;
	x = X509_new();
	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(x, key_handle(key)) != 1) {
		openssl_failed(e, "cannot make a certificate");
		goto out;
	}
	if (set_serial(x, e) != 0 || set_names(x, cluster, cn, e) != 0 ||
	    set_validity(x, years_of(h, cluster->release), now, e) != 0 ||
	    set_extensions(x, h, e) != 0)
		goto out;
	if (X509_sign(x, key_handle(key), EVP_sha256()) == 0) {
		openssl_failed(e, "cannot sign the certificate");
		goto out;
	}
	c = finish(x, e);
out:
	X509_free(x);
	return c;
}

/* ---- requests ---- */

static int
check_host(const char *name, struct err *e)
{
	if (node_name_is(name))
		return 0;
	return err_set(
	    e, ERR_USAGE, "\"%.70s\" is no host name: letters, digits, '-' and '.'", name);
}

static int
check_names(const struct mint_names *names, struct err *e)
{
	if (names->common_name != NULL && check_host(names->common_name, e) != 0)
		return -1;
	if (names->others > MINT_NAMES_MAX)
		return err_set(e, ERR_LIMIT, "%zu alternative names, more than %d", names->others,
		    MINT_NAMES_MAX);
	for (size_t i = 0; i < names->others; i++)
		if (check_host(names->other[i], e) != 0)
			return -1;
	return 0;
}

/* Who looks at alternative names looks at nothing else (RFC 6125, 6.4.4): the common name is among
 * them when it is a host's, which CAPF's and ITLRecovery's own are not. */
static void
spell_names(const struct node *node, const char *cn, const struct mint_names *names, struct wr *to)
{
	if (names->common_name != NULL || strcmp(cn, node->name) == 0)
		wr_fmt(to, "DNS:%s", cn);
	for (size_t i = 0; i < names->others; i++)
		if (strcmp(names->other[i], cn) != 0)
			wr_fmt(to, "%sDNS:%s", to->n > 0 ? "," : "", names->other[i]);
}

static bool
push_extension(STACK_OF(X509_EXTENSION) * to, int nid, const char *value)
{
	X509_EXTENSION *ext;

	if (value == NULL || value[0] == '\0')
		return true;
	ext = extension_of(NULL, nid, value);
	if (ext != NULL && sk_X509_EXTENSION_push(to, ext) > 0)
		return true;
	X509_EXTENSION_free(ext);
	return false;
}

static int
ask_extensions(X509_REQ *x, const struct shape *h, const char *alternative, struct err *e)
{
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	bool ok = all != NULL && push_extension(all, NID_basic_constraints, h->constraints) &&
		  push_extension(all, NID_key_usage, h->ask_usage ? h->ask_usage : h->usage) &&
		  push_extension(
		      all, NID_ext_key_usage, h->ask_extended ? h->ask_extended : h->extended) &&
		  push_extension(all, NID_subject_alt_name, alternative) &&
		  X509_REQ_add_extensions(x, all) == 1;

	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return ok ? 0 : openssl_failed(e, "cannot make the extensions");
}

static int
finish_request(X509_REQ *x, const struct key *key, struct wr *out, struct err *e)
{
	unsigned char *der = NULL;
	int n = -1;

	if (X509_REQ_sign(x, key_handle(key), EVP_sha256()) != 0)
		n = i2d_X509_REQ(x, &der);
	if (n < 0)
		return openssl_failed(e, "cannot sign the request");
	wr_put(out, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	return 0;
}

int
mint_request(const struct cluster *cluster, const struct node *node, const char *store,
    const struct mint_names *names, const struct key *key, struct wr *out, struct err *e)
{
	const struct shape *h = shape_of(store, e);
	struct wr alternative = { 0 };
	char cn[SUBJECT_PART_MAX];
	X509_REQ *x = NULL;
	int rc = -1;

	if (h == NULL || check_names(names, e) != 0 ||
	    common_name(node, store, cn, sizeof(cn), e) != 0)
		return -1;
	if (names->common_name != NULL)
		snprintf(cn, sizeof(cn), "%s", names->common_name);
	spell_names(node, cn, names, &alternative);
	x = X509_REQ_new();
	if (x == NULL || X509_REQ_set_version(x, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(x, key_handle(key)) != 1) {
		openssl_failed(e, "cannot make a request");
		goto out;
	}
	rc = set_subject(X509_REQ_get_subject_name(x), cluster, cn, e);
	if (rc == 0)
		rc = ask_extensions(x, h, wr_cstr(&alternative), e);
	if (rc == 0)
		rc = finish_request(x, key, out, e);
out:
	X509_REQ_free(x);
	wr_free(&alternative);
	return rc;
}
