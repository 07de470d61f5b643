#include "trust/mint.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"

static const char *const stores[] = { "CallManager", "CallManager-ECDSA", "TVS", "CAPF",
	"ITLRecovery", "tomcat" };
static const enum release releases[] = { RELEASE_8_0, RELEASE_10_0, RELEASE_11_5, RELEASE_12_5,
	RELEASE_14 };

enum { STORES = 6, RELEASES = 5, DAY = 86400 };

static struct cert *
mint_at(enum release release, const char *store, const char *node, int64_t now)
{
	struct cluster cluster = lab_cluster(release);
	struct node of = { .id = 1, .address = "10.0.0.1", .publisher = true };
	struct err e = { 0 };
	struct cert *c;

	snprintf(of.name, sizeof(of.name), "%s", node);
	c = mint_own(&cluster, &of, store, lab_key(0), now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

static X509 *
mint(enum release release, const char *store)
{
	struct cert *c = mint_at(release, store, "cucm-pub", LAB_NOW);
	struct bytes der = cert_der(c);
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_PTR_EQUAL(p, der.p + der.n);
	cert_free(c);
	return x;
}

static void
subject_says(const char *store, const char *expected)
{
	struct cert *c = mint_at(RELEASE_12_5, store, "cucm-pub", LAB_NOW);

	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_CISCO), expected);
	CU_ASSERT_STRING_EQUAL(cert_issuer(c, CERT_CISCO), expected);
	CU_ASSERT_TRUE(cert_is_self_issued(c));
	cert_free(c);
}

static void
subjects_are_those_of_cucm(void)
{
	subject_says("CallManager", "CN=cucm-pub;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
	subject_says("CallManager-ECDSA", "CN=cucm-pub-EC;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
	subject_says("TVS", "CN=cucm-pub;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
	subject_says("tomcat", "CN=cucm-pub;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
	subject_says("ITLRecovery", "CN=ITLRECOVERY_cucm-pub;OU=TAC;O=Cisco;L=Brussels;ST=BR;C=BE");
}

static void
capf_has_eight_random_hex_digits(void)
{
	struct cert *a = mint_at(RELEASE_12_5, "CAPF", "cucm-pub", LAB_NOW);
	struct cert *b = mint_at(RELEASE_12_5, "CAPF", "cucm-pub", LAB_NOW);
	const char *cn = cert_common_name(a);

	CU_ASSERT_EQUAL(strncmp(cn, "CAPF-", 5), 0);
	CU_ASSERT_EQUAL(strlen(cn), 13);
	CU_ASSERT_EQUAL(strspn(cn + 5, "0123456789abcdef"), 8);
	CU_ASSERT_STRING_NOT_EQUAL(cn, cert_common_name(b));
	cert_free(a);
	cert_free(b);
}

/* In the certificate itself, where Java writes them the other way round than phones spell them. */
static void
subject_parts_stand_in_the_order_of_cucm(void)
{
	static const int order[] = { NID_localityName, NID_stateOrProvinceName, NID_commonName,
		NID_organizationalUnitName, NID_organizationName, NID_countryName };
	X509 *x = mint(RELEASE_12_5, "CallManager");
	const X509_NAME *name = X509_get_subject_name(x);

	CU_ASSERT_EQUAL_FATAL(X509_NAME_entry_count(name), 6);
	for (int i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(
		    OBJ_obj2nid(X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i))),
		    order[i]);
	X509_free(x);
}

static void
parts_that_are_empty_are_left_out(void)
{
	struct cluster cluster = { .release = RELEASE_12_5 };
	struct node node = { .name = "alone" };
	struct err e = { 0 };
	struct cert *c = mint_own(&cluster, &node, "TVS", lab_key(0), LAB_NOW, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_CISCO), "CN=alone");
	cert_free(c);
}

static void
longest_names_fit(void)
{
	char name[NODE_NAME_MAX];
	struct cert *c;

	memset(name, 'a', sizeof(name));
	name[NODE_NAME_MAX - 1] = '\0';
	c = mint_at(RELEASE_12_5, "CallManager", name, LAB_NOW);
	CU_ASSERT_STRING_EQUAL(cert_common_name(c), name);
	cert_free(c);
	c = mint_at(RELEASE_12_5, "CallManager-ECDSA", name, LAB_NOW);
	CU_ASSERT_EQUAL(strlen(cert_common_name(c)), 64);
	CU_ASSERT_STRING_EQUAL(&cert_common_name(c)[61], "-EC");
	cert_free(c);
	c = mint_at(RELEASE_12_5, "ITLRecovery", name, LAB_NOW);
	CU_ASSERT_EQUAL(strlen(cert_common_name(c)), 64);
	cert_free(c);
}

static void
what_cannot_stand_in_a_subject_is_refused(void)
{
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct node node = { .name = "pub" };
	struct err e = { 0 };

	snprintf(cluster.country, sizeof(cluster.country), "Belgium");
	CU_ASSERT_PTR_NULL(mint_own(&cluster, &node, "TVS", lab_key(0), LAB_NOW, &e));
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "cannot make the subject");
	cluster = lab_cluster(RELEASE_12_5);
	snprintf(cluster.unit, sizeof(cluster.unit), "half a character \xc3");
	CU_ASSERT_PTR_NULL(mint_own(&cluster, &node, "TVS", lab_key(0), LAB_NOW, &e));
	cluster = lab_cluster(RELEASE_12_5);
	CU_ASSERT_PTR_NULL(mint_own(&cluster, &node, "TVS-trust", lab_key(0), LAB_NOW, &e));
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "TVS-trust is not a certificate we make");
}

/* DER puts a zero before one with the top bit set; as phones spell it, it has sixteen bytes. */
static void
serials_are_sixteen_bytes_and_never_the_same(void)
{
	struct cert *c, *before = NULL;
	bool top = false, no_top = false;

	for (int i = 0; i < 64 && !(top && no_top && i > 8); i++) {
		struct bytes serial;

		c = mint_at(RELEASE_12_5, "TVS", "cucm-pub", LAB_NOW);
		serial = cert_serial(c);
		CU_ASSERT_EQUAL_FATAL(serial.n, 16);
		CU_ASSERT_NOT_EQUAL(serial.p[0], 0);
		top = top || serial.p[0] >= 0x80;
		no_top = no_top || serial.p[0] < 0x80;
		CU_ASSERT_FALSE(before != NULL && bytes_eq(cert_serial(before), serial));
		cert_free(before);
		before = c;
	}
	CU_ASSERT_TRUE(top);
	CU_ASSERT_TRUE(no_top);
	cert_free(before);
}

/* ---- what it may be used for ---- */

static const struct {
	const char *store;
	uint32_t usage;
	bool tls; /* extended: server and client; else none at all */
	bool ca;
} purpose[] = {
	{ "CallManager", KU_DIGITAL_SIGNATURE | KU_DATA_ENCIPHERMENT, true, false },
	{ "CallManager-ECDSA", KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT, true, false },
	{ "TVS", KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT, true, false },
	{ "CAPF", KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN, true, true },
	{ "ITLRecovery", KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN, false, false },
	{ "tomcat",
	    KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT,
	    true, false },
};

static void
usages_are_those_of_the_guide(void)
{
	for (size_t i = 0; i < STORES; i++) {
		X509 *x = mint(RELEASE_12_5, purpose[i].store);

		CU_ASSERT_EQUAL(X509_get_key_usage(x), purpose[i].usage);
		if (purpose[i].tls)
			CU_ASSERT_EQUAL(
			    X509_get_extended_key_usage(x), XKU_SSL_SERVER | XKU_SSL_CLIENT);
		if (!purpose[i].tls)
			CU_ASSERT_EQUAL(X509_get_ext_by_NID(x, NID_ext_key_usage, -1), -1);
		CU_ASSERT_EQUAL(X509_check_ca(x) == 1, purpose[i].ca);
		CU_ASSERT_EQUAL(
		    X509_get_ext_by_NID(x, NID_basic_constraints, -1) >= 0, purpose[i].ca);
		CU_ASSERT_EQUAL(X509_get_pathlen(x), purpose[i].ca ? 0 : -1);
		CU_ASSERT_PTR_NOT_NULL(X509_get0_subject_key_id(x));
		X509_free(x);
	}
}

static void
only_tomcat_says_where_it_is(void)
{
	for (size_t i = 0; i < STORES; i++) {
		X509 *x = mint(RELEASE_12_5, purpose[i].store);
		bool is_tomcat = strcmp(purpose[i].store, "tomcat") == 0;

		CU_ASSERT_EQUAL(X509_get_ext_by_NID(x, NID_subject_alt_name, -1) >= 0, is_tomcat);
		CU_ASSERT_EQUAL(X509_check_ip_asc(x, "10.0.0.1", 0) == 1, is_tomcat);
		CU_ASSERT_NOT_EQUAL(X509_check_ip_asc(x, "10.0.0.2", 0), 1);
		if (is_tomcat)
			CU_ASSERT_EQUAL(X509_check_host(x, "cucm-pub", 0, 0, NULL), 1);
		X509_free(x);
	}
}

static void
capf_constraint_is_critical(void)
{
	X509 *x = mint(RELEASE_12_5, "CAPF");
	int at = X509_get_ext_by_NID(x, NID_basic_constraints, -1);

	CU_ASSERT_TRUE(at >= 0);
	CU_ASSERT_EQUAL(X509_EXTENSION_get_critical(X509_get_ext(x, at)), 1);
	X509_free(x);
}

static void
signed_with_sha_256_as_version_3(void)
{
	for (size_t i = 0; i < STORES; i++) {
		X509 *x = mint(RELEASE_8_0, stores[i]);

		CU_ASSERT_EQUAL(X509_get_version(x), X509_VERSION_3);
		CU_ASSERT_EQUAL(X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
		CU_ASSERT_EQUAL(X509_verify(x, X509_get0_pubkey(x)), 1);
		CU_ASSERT_EQUAL(EVP_PKEY_eq(X509_get0_pubkey(x), key_handle(lab_key(0))), 1);
		X509_free(x);
	}
}

static void
ec_key_signs_with_ecdsa(void)
{
	static const struct key_want want = { KEY_EC, 384 };
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct node node = { .name = "pub" };
	struct err e = { 0 };
	struct key *k = key_make(&want, &e);
	struct cert *c = mint_own(&cluster, &node, "CallManager-ECDSA", k, LAB_NOW, &e);
	const unsigned char *p;
	X509 *x;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	p = cert_der(c).p;
	x = d2i_X509(NULL, &p, (long)cert_der(c).n);
	CU_ASSERT_EQUAL(X509_get_signature_nid(x), NID_ecdsa_with_SHA256);
	CU_ASSERT_EQUAL(X509_verify(x, X509_get0_pubkey(x)), 1);
	X509_free(x);
	cert_free(c);
	key_free(k);
}

/* As `openssl verify -CAfile X -purpose P X`. */
static int
verify(X509 *x, int purpose_id)
{
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc;

	X509_STORE_add_cert(trusted, x);
	X509_STORE_CTX_init(ctx, trusted, x, NULL);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), LAB_NOW + DAY);
	/* 1024 bits are too few for its defaults, but not for this test. */
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 0);
	if (purpose_id != 0)
		X509_STORE_CTX_set_purpose(ctx, purpose_id);
	rc = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(trusted);
	return rc;
}

static void
openssl_accepts_them_for_their_purpose(void)
{
	for (size_t i = 0; i < STORES; i++) {
		X509 *x = mint(RELEASE_14, purpose[i].store);

		CU_ASSERT_EQUAL(verify(x, 0), X509_V_OK);
		if (purpose[i].tls) {
			CU_ASSERT_EQUAL(verify(x, X509_PURPOSE_SSL_SERVER), X509_V_OK);
			CU_ASSERT_EQUAL(verify(x, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
		}
		X509_free(x);
	}
}

/* ---- validity ---- */

/* Years by release, in the order of releases[]. */
static const int years[STORES][RELEASES] = {
	{ 5, 5, 5, 5, 5 },   /* CallManager */
	{ 5, 5, 5, 5, 5 },   /* CallManager-ECDSA */
	{ 5, 5, 5, 5, 3 },   /* TVS */
	{ 5, 5, 5, 5, 5 },   /* CAPF */
	{ 5, 5, 5, 20, 20 }, /* ITLRecovery */
	{ 5, 5, 5, 5, 3 },   /* tomcat */
};

static void
validity_is_that_of_the_release(void)
{
	for (size_t i = 0; i < STORES; i++) {
		for (size_t k = 0; k < RELEASES; k++) {
			struct cert *c = mint_at(releases[k], stores[i], "cucm-pub", LAB_NOW);

			CU_ASSERT_EQUAL(cert_not_before(c), LAB_NOW);
			CU_ASSERT_EQUAL(cert_not_after(c) - cert_not_before(c),
			    (int64_t)years[i][k] * 365 * DAY);
			cert_free(c);
		}
	}
}

/* From 2050 on a certificate spells its times otherwise. */
static void
validity_goes_past_2050(void)
{
	struct cert *c = mint_at(RELEASE_14, "ITLRecovery", "cucm-pub", 2082758400);

	CU_ASSERT_EQUAL(cert_not_before(c), 2082758400);
	CU_ASSERT_EQUAL(cert_not_after(c), 2082758400 + (int64_t)20 * 365 * DAY);
	cert_free(c);
}

static const struct suite_test tests[] = {
	{ "subjects are those of CUCM", subjects_are_those_of_cucm },
	{ "CAPF has eight random hex digits", capf_has_eight_random_hex_digits },
	{ "subject parts stand in the order of CUCM", subject_parts_stand_in_the_order_of_cucm },
	{ "parts that are empty are left out", parts_that_are_empty_are_left_out },
	{ "longest names fit", longest_names_fit },
	{ "what cannot stand in a subject is refused", what_cannot_stand_in_a_subject_is_refused },
	{ "serials are sixteen bytes and never the same",
	    serials_are_sixteen_bytes_and_never_the_same },
	{ "usages are those of the guide", usages_are_those_of_the_guide },
	{ "only tomcat's says where it is", only_tomcat_says_where_it_is },
	{ "CAPF constraint is critical", capf_constraint_is_critical },
	{ "signed with SHA-256 as version 3", signed_with_sha_256_as_version_3 },
	{ "EC key signs with ECDSA", ec_key_signs_with_ecdsa },
	{ "OpenSSL accepts them for their purpose", openssl_accepts_them_for_their_purpose },
	{ "validity is that of the release", validity_is_that_of_the_release },
	{ "validity goes past 2050", validity_goes_past_2050 },
};

SUITE_MAIN("trust/mint", tests)
