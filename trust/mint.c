#include "trust/mint.h"

#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/x509.h"

#define EC_STORE "CallManager-ECDSA"

enum { DAY = 86400, YEAR_DAYS = 365, CAPF_ID_BYTES = 4 };

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
	/* Not in those tables: what a key of EC is used for in TLS (RFC 8422, 2 and 3). */
	{ EC_STORE, NULL, "digitalSignature,keyAgreement", "serverAuth,clientAuth", 5, 5, NULL,
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
common_name(const struct node *node, const char *store, char *to, size_t size, struct err *e)
{
	uint8_t id[CAPF_ID_BYTES];
	char hex[2 * CAPF_ID_BYTES + 1];

	if (strcmp(store, "CAPF") == 0) {
		if (RAND_bytes(id, sizeof(id)) != 1)
			return x509_failed(e, "no random bytes");
		bytes_hex(bytes_over(id, sizeof(id)), '\0', hex, sizeof(hex));
		snprintf(to, size, "CAPF-%s", hex);
		return 0;
	}
	/* RFC 5280 allows 64 characters. */
	if (strcmp(store, "ITLRecovery") == 0)
		snprintf(to, size, "ITLRECOVERY_%.52s", node->name);
	else if (strcmp(store, EC_STORE) == 0)
		snprintf(to, size, "%.61s-EC", node->name);
	else
		snprintf(to, size, "%.64s", node->name);
	return 0;
}

/* The order in which CUCM's Java writes a subject; phones and lists spell it CN first. */
static int
set_subject(X509_NAME *name, const struct cluster *c, const char *cn, struct err *e)
{
	if (!x509_name_add(name, "L", c->location) || !x509_name_add(name, "ST", c->state) ||
	    !x509_name_add(name, "CN", cn) || !x509_name_add(name, "OU", c->unit) ||
	    !x509_name_add(name, "O", c->organization) || !x509_name_add(name, "C", c->country))
		return x509_failed(e, "cannot make the subject");
	return 0;
}

static int
set_names(X509 *x, const struct cluster *c, const char *cn, struct err *e)
{
	X509_NAME *name = X509_get_subject_name(x);

	if (set_subject(name, c, cn, e) != 0)
		return -1;
	return X509_set_issuer_name(x, name) == 1 ? 0 : x509_failed(e, "cannot make the issuer");
}

/* Only browsers and programs look for the server's name in a certificate, not phones: tomcat's
 * has its node's, and the address, by which labs are reached.  (RFC 6125, 6.4.4: what is there
 * counts, and the common name no more.) */
static const char *
alternative_of(const struct shape *h, const struct node *node, char *to, size_t size)
{
	if (strcmp(h->store, "tomcat") != 0)
		return NULL;
	snprintf(to, size, "DNS:%s%s%s", node->name, node->address[0] != '\0' ? ",IP:" : "",
	    node->address);
	return to;
}

static int
set_extensions(X509 *x, const struct shape *h, const struct node *node, struct err *e)
{
	char alternative[NODE_NAME_MAX + NODE_ADDRESS_MAX + 16];

	if (!x509_add_extension(x, NID_basic_constraints, h->constraints) ||
	    !x509_add_extension(x, NID_key_usage, h->usage) ||
	    !x509_add_extension(x, NID_ext_key_usage, h->extended) ||
	    !x509_add_extension(x, NID_subject_alt_name,
		alternative_of(h, node, alternative, sizeof(alternative))) ||
	    !x509_add_extension(x, NID_subject_key_identifier, "hash"))
		return x509_failed(e, "cannot make the extensions");
	return 0;
}

struct cert *
mint_own(const struct cluster *cluster, const struct node *node, const char *store,
    const struct key *key, int64_t now, struct err *e)
{
	const struct shape *h = shape_of(store, e);
	struct cert *c = NULL;
	char cn[SUBJECT_PART_MAX];
	int64_t until;
	X509 *x = NULL;

	if (h == NULL || common_name(node, store, cn, sizeof(cn), e) != 0)
		return NULL;
	x = X509_new();
	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(x, key_handle(key)) != 1) {
		x509_failed(e, "cannot make a certificate");
		goto out;
	}
	until = now + (int64_t)years_of(h, cluster->release) * YEAR_DAYS * DAY;
	if (x509_set_serial(x, e) == 0 && set_names(x, cluster, cn, e) == 0 &&
	    x509_set_validity(x, now, until, e) == 0 && set_extensions(x, h, node, e) == 0)
		c = x509_sign(x, key, e);
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

/* The host that a certificate is for; NULL for CAPF's and ITLRecovery's own, which are for none. No
 * host has the common name of CallManager-ECDSA. */
static const char *
host_of(const struct node *node, const char *store, const char *cn, const struct mint_names *names)
{
	if (names->common_name != NULL)
		return names->common_name;
	return strcmp(cn, node->name) == 0 || strcmp(store, EC_STORE) == 0 ? node->name : NULL;
}

/* Who looks at alternative names looks at nothing else (RFC 6125, 6.4.4): the host is among them.
 */
static void
spell_names(const char *host, const struct mint_names *names, struct wr *to)
{
	if (host != NULL)
		wr_fmt(to, "DNS:%s", host);
	for (size_t i = 0; i < names->others; i++)
		if (host == NULL || strcmp(names->other[i], host) != 0)
			wr_fmt(to, "%sDNS:%s", to->n > 0 ? "," : "", names->other[i]);
}

static bool
push_extension(STACK_OF(X509_EXTENSION) * to, int nid, const char *value)
{
	X509_EXTENSION *ext;

	if (value == NULL || value[0] == '\0')
		return true;
	ext = x509_extension(NULL, nid, value);
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
	return ok ? 0 : x509_failed(e, "cannot make the extensions");
}

static int
finish_request(X509_REQ *x, const struct key *key, struct wr *out, struct err *e)
{
	unsigned char *der = NULL;
	int n = -1;

	if (X509_REQ_sign(x, key_handle(key), EVP_sha256()) != 0)
		n = i2d_X509_REQ(x, &der);
	if (n < 0)
		return x509_failed(e, "cannot sign the request");
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
	spell_names(host_of(node, store, cn, names), names, &alternative);
	x = X509_REQ_new();
	if (x == NULL || X509_REQ_set_version(x, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(x, key_handle(key)) != 1) {
		x509_failed(e, "cannot make a request");
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
