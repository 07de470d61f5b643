#include <openssl/x509.h>
#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/role.h"
#include "trust/service.h"
#include "tvs/view.h"

enum { TTL = 86400, MANY = 150 };

/* A place of a copy of the certificate. */
static struct tvs_place
place_of(const struct cert *c, const char *store, int64_t id)
{
	return (struct tvs_place){ .cert = cert_copy(c), .kind = lab_kind(store), .id = id };
}

/* Issued by c: its issuer and serial number, this common name. */
static struct cert *
sibling_of(const struct cert *c, const char *cn)
{
	struct cert *named = lab_made_by_hand(cn, 1, 1), *sibling;
	struct bytes der = cert_der(c), other = cert_der(named);
	const unsigned char *p = der.p, *q = other.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n), *y = d2i_X509(NULL, &q, (long)other.n);
	unsigned char *out = NULL;
	int n;

	X509_set_subject_name(x, X509_get_subject_name(y));
	X509_sign(x, key_handle(lab_key(0)), EVP_sha256());
	n = i2d_X509(x, &out);
	sibling = cert_from_der(bytes_over(out, (size_t)n), NULL);
	OPENSSL_free(out);
	X509_free(x);
	X509_free(y);
	cert_free(named);
	return sibling;
}

static const struct tvs_known *
named(const struct tvs_view *v, const struct cert *c, const char *subject)
{
	return tvs_view_named(
	    v, cert_serial(c), bytes_of(cert_issuer(c, CERT_CISCO)), bytes_of(subject));
}

static bool
is_known_as(const struct tvs_known *k, const char *roles, size_t n, const char *stores)
{
	if (k == NULL)
		return false;
	if (strcmp(k->stores, stores) != 0)
		fprintf(stderr, "\n    in %s\n", k->stores);
	return bytes_eq(bytes_over(k->role, k->roles), bytes_over(roles, n)) &&
	       strcmp(k->stores, stores) == 0;
}

static void
an_empty_view_knows_nothing(void)
{
	struct tvs_view *v = tvs_view_of(NULL, 0, TTL);
	struct cert *c = lab_cert("TVS", "cucm-pub", 0);

	CU_ASSERT_PTR_NULL(tvs_view_find(v, cert_der(c)));
	CU_ASSERT_PTR_NULL(tvs_view_find(v, (struct bytes){ 0 }));
	CU_ASSERT_PTR_NULL(named(v, c, ""));
	cert_free(c);
	tvs_view_free(v);
	tvs_view_free(NULL);
}

/* TechNote 213407: a certificate in Phone-SAST-trust has the roles 0 and 3. */
static void
roles_are_those_of_all_its_stores_each_once_and_in_order(void)
{
	struct cert *ccm = lab_cert("CallManager", "cucm-pub", 0);
	struct cert *foreign = lab_cert("CallManager", "other", 1);
	struct tvs_place places[] = {
		place_of(ccm, "Phone-SAST-trust", 1), place_of(foreign, "Phone-SAST-trust", 2),
		place_of(ccm, "tomcat", 1), place_of(ccm, "CallManager", 1),
		place_of(ccm, "tomcat-trust", 1),
		place_of(ccm, "CallManager", 1), /* of another node */
	};
	struct tvs_view *v = tvs_view_of(places, 6, TTL);

	CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(ccm)), "\0\2\3\7", 4,
	    "CallManager, Phone-SAST-trust, tomcat, tomcat-trust"));
	CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(foreign)), "\0\3", 2, "Phone-SAST-trust"));
	CU_ASSERT_PTR_EQUAL(tvs_view_find(v, cert_der(ccm)), named(v, ccm, ""));
	tvs_view_free(v);
	cert_free(ccm);
	cert_free(foreign);
}

static void
a_store_may_give_no_role(void)
{
	struct cert *c = lab_cert("CallManager", "other", 0);
	struct tvs_place places[] = { place_of(c, "CallManager-trust", 1) };
	struct tvs_view *v = tvs_view_of(places, 1, TTL);

	CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(c)), "", 0, "CallManager-trust"));
	tvs_view_free(v);
	cert_free(c);
}

static void
a_duration_of_its_own_comes_before_the_default(void)
{
	struct cert *a = lab_cert("TVS", "a", 0), *b = lab_cert("TVS", "b", 1);
	struct tvs_place places[] = { place_of(a, "TVS-trust", 1), place_of(b, "TVS-trust", 2) };
	struct tvs_view *v;

	places[0].duration = 60;
	v = tvs_view_of(places, 2, TTL);
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(a))->ttl, 60);
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(b))->ttl, TTL);
	tvs_view_free(v);
	cert_free(a);
	cert_free(b);
}

static void
a_serial_number_may_come_with_its_sign_byte(void)
{
	struct cert *zero = lab_made_by_hand("zero", 0, 0), *high = lab_made_by_hand("h", 0x83, 0);
	struct tvs_place places[] = { place_of(zero, "Phone-trust", 1),
		place_of(high, "Phone-trust", 2) };
	struct tvs_view *v = tvs_view_of(places, 2, TTL);
	struct bytes issuer = bytes_of("CN=h"), any = { 0 };

	CU_ASSERT_PTR_NOT_NULL(tvs_view_named(v, bytes_over("\x83", 1), issuer, any));
	CU_ASSERT_PTR_NOT_NULL(tvs_view_named(v, bytes_over("\0\x83", 2), issuer, any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, bytes_over("\0\0\x83", 3), issuer, any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, bytes_over("\x83\0", 2), issuer, any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, bytes_over("\x84", 1), issuer, any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, any, issuer, any));
	CU_ASSERT_PTR_NOT_NULL(tvs_view_named(v, any, bytes_of("CN=zero"), any));
	CU_ASSERT_PTR_NOT_NULL(tvs_view_named(v, bytes_over("", 1), bytes_of("CN=zero"), any));
	tvs_view_free(v);
	cert_free(zero);
	cert_free(high);
}

static void
the_issuer_must_fit_however_it_is_written(void)
{
	struct cert *c = lab_cert("CallManager", "cucm-pub", 0);
	struct tvs_place places[] = { place_of(c, "Phone-SAST-trust", 1) };
	struct tvs_view *v = tvs_view_of(places, 1, TTL);
	struct bytes serial = cert_serial(c), any = { 0 };

	CU_ASSERT_PTR_NOT_NULL(
	    tvs_view_named(v, serial, bytes_of(cert_issuer(c, CERT_COMPAT)), any));
	CU_ASSERT_PTR_NOT_NULL(tvs_view_named(
	    v, serial, bytes_of("cn=\"cucm-pub\", ou=TAC; o=Cisco, c=BE; l=Brussels; st=BR"), any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, serial, bytes_of("CN=cucm-pub"), any));
	CU_ASSERT_PTR_NULL(tvs_view_named(v, serial, any, any));
	tvs_view_free(v);
	cert_free(c);
}

static void
of_several_the_subject_decides_else_the_latest(void)
{
	struct cert *old = lab_cert("CallManager", "cucm-pub", 0);
	struct cert *mid = sibling_of(old, "mid"), *late = sibling_of(old, "late");
	struct cert *nameless = sibling_of(old, "");
	struct tvs_place places[] = { place_of(mid, "Phone-trust", 20),
		place_of(late, "Phone-trust", 300), place_of(nameless, "Phone-trust", 2),
		place_of(old, "Phone-trust", 1) };
	struct tvs_view *v = tvs_view_of(places, 4, TTL);

	CU_ASSERT(cert_eq(named(v, old, "")->cert, late));
	CU_ASSERT(cert_eq(named(v, old, "CN=mid")->cert, mid));
	CU_ASSERT(cert_eq(named(v, old, "cn = \"late\"")->cert, late));
	CU_ASSERT(cert_eq(named(v, old, cert_subject(old, CERT_COMPAT))->cert, old));
	CU_ASSERT(cert_eq(named(v, old, "CN=nobody")->cert, late));
	tvs_view_free(v);
	cert_free(old);
	cert_free(mid);
	cert_free(late);
	cert_free(nameless);
}

static void
one_of_many_is_found_both_ways(void)
{
	struct cert *c[MANY];
	struct tvs_place places[MANY];
	struct tvs_view *v;

	for (int i = 0; i < MANY; i++) {
		c[i] = lab_made_by_hand("many", (int64_t)(i * 7919) % 65537 * 1000, 0);
		places[i] = place_of(c[i], "Phone-trust", i);
	}
	v = tvs_view_of(places, MANY, TTL);
	for (int i = 0; i < MANY; i++) {
		const struct tvs_known *k = tvs_view_find(v, cert_der(c[i]));

		CU_ASSERT(k != NULL && k->id == i && cert_eq(k->cert, c[i]));
		CU_ASSERT_PTR_EQUAL(named(v, c[i], ""), k);
	}
	tvs_view_free(v);
	for (int i = 0; i < MANY; i++)
		cert_free(c[i]);
}

static struct tvs_view *
load(struct store *s, const char *node)
{
	struct tvs_view *v = NULL;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(tvs_view_load(s, lab_node(s, node).id, &v, &e), 0);
	if (v == NULL) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	return v;
}

/* As a restart does. */
static void
tell(struct store *s, const char *name)
{
	struct node node = lab_node(s, name);
	struct err e;

	CU_ASSERT_EQUAL(service_start(s, &node, service_kind_of("TVS", NULL), LAB_NOW + 1, &e), 0);
}

static struct cert *
own(struct store *s, const char *store, const char *node)
{
	int64_t id = node == NULL ? CERTS_CLUSTER : lab_node(s, node).id;
	struct err e = { 0 };
	struct cert *c = certs_own(s, store, id, NULL, &e);

	if (c == NULL) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	return c;
}

static void
every_node_knows_the_certificates_of_the_cluster(void)
{
	static const char *const nodes[] = { "cucm-pub", "cucm-sub" };
	struct store *s = lab_of_two();
	struct cert *ccm = own(s, "CallManager", "cucm-sub"), *tvs = own(s, "TVS", "cucm-pub");
	struct cert *recovery = own(s, "ITLRecovery", NULL), *capf = own(s, "CAPF", NULL);

	for (size_t i = 0; i < 2; i++) {
		struct tvs_view *v;

		tell(s, nodes[i]);
		v = load(s, nodes[i]);
		CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(ccm)), "\0\2\3", 3,
		    "CallManager, CallManager-trust, Phone-SAST-trust"));
		CU_ASSERT(
		    is_known_as(tvs_view_find(v, cert_der(tvs)), "\x15", 1, "TVS, TVS-trust"));
		CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(recovery)), "\0\3", 2,
		    "CallManager-trust, ITLRecovery, Phone-SAST-trust"));
		CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(capf)), "\4", 1,
		    "CAPF, CAPF-trust, CallManager-trust"));
		CU_ASSERT_EQUAL(named(v, ccm, "")->ttl, TTL);
		tvs_view_free(v);
	}
	cert_free(ccm);
	cert_free(tvs);
	cert_free(recovery);
	cert_free(capf);
	store_close(s);
}

/* A phone must not be vouched for by what was uploaded a moment ago: a real TVS has not heard. */
static void
what_was_imported_is_known_once_tvs_is_told(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *c = lab_cert("CallManager", "elsewhere", 0);
	struct tvs_view *v;
	struct err e;
	bool added;

	CU_ASSERT_EQUAL(certs_trust(s, lab_kind("Phone-SAST-trust"), c, LAB_NOW, &added, &e), 0);
	v = load(s, "cucm-pub");
	CU_ASSERT_PTR_NULL(tvs_view_find(v, cert_der(c)));
	tvs_view_free(v);
	tell(s, "cucm-pub");
	v = load(s, "cucm-pub");
	CU_ASSERT(is_known_as(tvs_view_find(v, cert_der(c)), "\0\3", 2, "Phone-SAST-trust"));
	tvs_view_free(v);
	cert_free(c);
	store_close(s);
}

static void
the_default_duration_is_the_one_that_tvs_loaded(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *c = own(s, "TVS", "cucm-pub");
	struct tvs_view *v;

	lab_do(s, "UPDATE service_param SET value = '60' WHERE service = 'TVS' "
		  "AND name = 'TVS Certificate Duration in Cache'");
	v = load(s, "cucm-pub");
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(c))->ttl, 60);
	tvs_view_free(v);
	cert_free(c);
	store_close(s);
}

static void
a_duration_of_its_own_is_the_one_that_tvs_was_told(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *c = own(s, "TVS", "cucm-pub"), *other = own(s, "CAPF", NULL);
	int64_t id = 0;
	struct tvs_view *v;
	struct err e;

	cert_free(certs_own(s, "TVS", lab_node(s, "cucm-pub").id, &id, &e));
	CU_ASSERT_EQUAL(certs_set_duration(s, id, 77, &e), 0);
	v = load(s, "cucm-pub");
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(c))->ttl, TTL);
	tvs_view_free(v);
	tell(s, "cucm-pub");
	v = load(s, "cucm-pub");
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(c))->ttl, 77);
	CU_ASSERT_EQUAL(tvs_view_find(v, cert_der(other))->ttl, TTL);
	tvs_view_free(v);
	cert_free(c);
	cert_free(other);
	store_close(s);
}

static void
a_store_that_we_do_not_know_is_an_error(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tvs_view *v;
	struct err e;

	lab_do(s, "UPDATE tvs_known SET store = 'tomorrow' WHERE store = 'TVS'");
	CU_ASSERT_EQUAL(tvs_view_load(s, lab_node(s, "cucm-pub").id, &v, &e), -1);
	ASSERT_ERR_SAYS(e, "no certificate store \"tomorrow\"");
	CU_ASSERT_PTR_NULL(v);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "an empty view knows nothing", an_empty_view_knows_nothing },
	{ "roles are those of all its stores, each once and in order",
	    roles_are_those_of_all_its_stores_each_once_and_in_order },
	{ "a store may give no role", a_store_may_give_no_role },
	{ "a duration of its own comes before the default",
	    a_duration_of_its_own_comes_before_the_default },
	{ "a serial number may come with its sign byte",
	    a_serial_number_may_come_with_its_sign_byte },
	{ "the issuer must fit, however it is written", the_issuer_must_fit_however_it_is_written },
	{ "of several the subject decides, else the latest",
	    of_several_the_subject_decides_else_the_latest },
	{ "one of many is found both ways", one_of_many_is_found_both_ways },
	{ "every node knows the certificates of the cluster",
	    every_node_knows_the_certificates_of_the_cluster },
	{ "what was imported is known once TVS is told",
	    what_was_imported_is_known_once_tvs_is_told },
	{ "the default duration is the one that TVS loaded",
	    the_default_duration_is_the_one_that_tvs_loaded },
	{ "a duration of its own is the one that TVS was told",
	    a_duration_of_its_own_is_the_one_that_tvs_was_told },
	{ "a store that we do not know is an error", a_store_that_we_do_not_know_is_an_error },
};

SUITE_MAIN("tvs/view", tests)
