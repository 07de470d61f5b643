#include "tests/support/lab.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/mint.h"

/* What a test builds upon has to work, or there is nothing to test. */
static void
need(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "\nlab: %s\n", e->text);
	exit(1);
}

char *
lab_path(void)
{
	static unsigned next;

	return mem_fmt("%s/store-%u", suite_folder(), next++);
}

static struct key *keys[LAB_KEYS];

static void
forget_keys(void)
{
	for (unsigned i = 0; i < LAB_KEYS; i++)
		key_free(keys[i]);
}

struct key *
lab_key(unsigned number)
{
	static const struct key_want want = { KEY_RSA, 1024 };
	static bool used;
	struct err e = { 0 };

	if (!used)
		atexit(forget_keys);
	used = true;
	if (keys[number] == NULL)
		keys[number] = key_make(&want, &e);
	need(keys[number] != NULL, &e);
	return keys[number];
}

struct cluster
lab_cluster(enum release release)
{
	return (struct cluster){ .name = "lab",
		.release = release,
		.organization = "Cisco",
		.unit = "TAC",
		.location = "Brussels",
		.state = "BR",
		.country = "BE",
		.created = LAB_NOW };
}

struct cert *
lab_cert(const char *store, const char *node, unsigned number)
{
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct node of = { .id = 1, .publisher = true };
	struct err e = { 0 };
	struct cert *c;

	snprintf(of.name, sizeof(of.name), "%s", node);
	c = mint_own(&cluster, &of, store, lab_key(number), LAB_NOW, &e);
	need(c != NULL, &e);
	return c;
}

/* Signs with the key of that number and reads what came out; frees x. */
static struct cert *
issued_by(X509 *x, unsigned number)
{
	struct err e = { 0 };
	unsigned char *der = NULL;
	struct cert *c = NULL;
	int n = -1;

	if (X509_sign(x, key_handle(lab_key(number)), EVP_sha256()) != 0)
		n = i2d_X509(x, &der);
	if (n > 0)
		c = cert_from_der(bytes_over(der, (size_t)n), &e);
	need(c != NULL, &e);
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

static struct cert *
signed_by(X509 *x, unsigned number)
{
	X509_set_pubkey(x, key_handle(lab_key(number)));
	return issued_by(x, number);
}

struct cert *
lab_imposter(const struct cert *c, unsigned number)
{
	struct bytes der = cert_der(c);
	const unsigned char *p = der.p;

	return signed_by(d2i_X509(NULL, &p, (long)der.n), number);
}

static void
name_it(X509_NAME *name, const char *cn)
{
	if (cn[0] != '\0')
		X509_NAME_add_entry_by_txt(
		    name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
}

/* Valid for a day; without a subject. */
static X509 *
begin(const char *issuer, int64_t serial, int64_t from)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	name_it(X509_get_issuer_name(x), issuer);
	ASN1_INTEGER_set_int64(X509_get_serialNumber(x), serial);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)from + 86400);
	return x;
}

struct cert *
lab_made_by_hand(const char *cn, int64_t serial, unsigned number)
{
	X509 *x = begin(cn, serial, LAB_NOW);

	name_it(X509_get_subject_name(x), cn);
	return signed_by(x, number);
}

struct cert *
lab_issued(const struct lab_issue *how)
{
	X509 *x = begin(how->issuer, 1, how->from != 0 ? how->from : LAB_NOW);
	X509_EXTENSION *ca =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

	name_it(X509_get_subject_name(x), how->cn);
	if (!how->host)
		X509_add_ext(x, ca, -1);
	X509_EXTENSION_free(ca);
	X509_set_pubkey(x, key_handle(lab_key(how->key)));
	return issued_by(x, how->issuer_key);
}

struct cert *
lab_root(const char *cn, unsigned number)
{
	return lab_issued(&(struct lab_issue){ cn, cn, number, number, 0, false });
}

struct cert *
lab_signed(struct bytes request, const char *issuer, unsigned issuer_number, int64_t from)
{
	BIO *in = BIO_new_mem_buf(request.p, (int)request.n);
	X509_REQ *asked = PEM_read_bio_X509_REQ(in, NULL, NULL, NULL);
	X509 *x = begin(issuer, 2, from);

	X509_set_subject_name(x, X509_REQ_get_subject_name(asked));
	X509_set_pubkey(x, X509_REQ_get0_pubkey(asked));
	X509_REQ_free(asked);
	BIO_free(in);
	return issued_by(x, issuer_number);
}

static struct store *
open_at(char *path, enum store_mode mode)
{
	struct err e = { 0 };
	struct store *s = store_open(path, mode, &e);

	need(s != NULL, &e);
	free(path);
	return s;
}

struct store *
lab_empty(void)
{
	return open_at(lab_path(), STORE_CREATE);
}

static struct store *
copy_of(struct store *s)
{
	char *path = lab_path();
	struct err e = { 0 };

	need(store_copy(s, path, &e) == 0, &e);
	return open_at(path, STORE_EXISTING);
}

/* Founding makes five keys of 2048 bits: once for each release that a program asks for. */
static struct store *founded[5], *of_two;

static void
forget_founded(void)
{
	for (size_t i = 0; i < 5; i++)
		store_close(founded[i]);
	store_close(of_two);
}

static struct store **
place_of(enum release release)
{
	static const enum release order[] = { RELEASE_8_0, RELEASE_10_0, RELEASE_11_5, RELEASE_12_5,
		RELEASE_14 };

	for (size_t i = 0; i < 5; i++)
		if (order[i] == release)
			return &founded[i];
	abort();
}

static struct store *
found(enum release release)
{
	struct store **place = place_of(release);
	struct cluster cluster = lab_cluster(release);
	struct err e = { 0 };
	static bool used;

	if (!used)
		atexit(forget_founded);
	used = true;
	if (*place != NULL)
		return *place;
	*place = lab_empty();
	need(cluster_found(*place, &cluster, "cucm-pub", "10.0.0.1", LAB_NOW, &e) == 0, &e);
	return *place;
}

struct store *
lab_founded(enum release release)
{
	return copy_of(found(release));
}

struct store *
lab_of_two(void)
{
	struct cluster_change change;
	struct err e = { 0 };

	if (of_two == NULL) {
		of_two = lab_founded(RELEASE_12_5);
		need(cluster_add_node(of_two, "cucm-sub", "10.0.0.2", LAB_NOW + 100, &change, &e) ==
			 0,
		    &e);
	}
	return copy_of(of_two);
}

struct node
lab_node(struct store *s, const char *name)
{
	struct node n;
	struct err e = { 0 };

	need(node_find(s, name, &n, &e) == 0, &e);
	return n;
}

const struct cert_kind *
lab_kind(const char *store)
{
	struct err e = { 0 };
	const struct cert_kind *kind = cert_kind_of(store, &e);

	need(kind != NULL, &e);
	return kind;
}

int64_t
lab_int(struct store *s, const char *sql)
{
	struct ask *q = store_ask(s, sql);
	struct err e = { 0 };
	int64_t v = -1;
	int rc = ask_row(q, &e);

	need(rc >= 0, &e);
	if (rc == 1) {
		v = row_int(q, 0);
		ask_end(q);
	}
	return v;
}

void
lab_do(struct store *s, const char *sql)
{
	struct err e = { 0 };

	need(store_begin(s, &e) == 0 && ask_once(store_ask(s, sql), &e) >= 0 &&
		 store_commit(s, &e) == 0,
	    &e);
}
