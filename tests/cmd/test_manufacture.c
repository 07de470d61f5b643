/*
 * The factory of the lab: its CA, and what the certificates of its phones look like.
 */
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/manufacture.h"
#include "tests/support/suite.h"

#define NAME "SEP0011223388A1"

enum { NOW = 1772357400, DAY = 86400 };

static struct factory factory;
static struct key *key;
static char *ca;

static struct cert *
mic(const char *name, const char *model, int64_t from, int64_t until, struct err *e)
{
	struct mic_want want = { name, model_of(model), from, until };

	return factory_mic(&factory, &want, key, e);
}

/* By OpenSSL, at that time: 0 or its error. */
static int
verify(const struct cert *c, int64_t when)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int error;

	X509_STORE_add_cert(store, cert_handle(factory.cert));
	X509_STORE_CTX_init(ctx, store, cert_handle(c), NULL);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)when);
	error = X509_verify_cert(ctx) == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return error;
}

static void
the_ca_is_made_once(void)
{
	struct factory again;
	struct stat st;
	bool made = true;

	CU_ASSERT_EQUAL(factory_open(ca, NOW + 1, &again, &made, NULL), 0);
	CU_ASSERT_FALSE(made);
	CU_ASSERT_TRUE(cert_eq(again.cert, factory.cert));
	CU_ASSERT_TRUE(key_fits(again.key, factory.cert));
	CU_ASSERT_EQUAL(stat(ca, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_TRUE(cert_is_self_issued(factory.cert));
	CU_ASSERT_STRING_EQUAL(cert_common_name(factory.cert), "Lab Manufacturing CA SHA2");
	factory_clear(&again);
}

static struct cert *
read_cert(const char *path)
{
	struct wr text = { 0 };
	struct cert *c;

	CU_ASSERT_EQUAL(file_read(path, 65536, &text, NULL), 0);
	CU_ASSERT_PTR_NULL(strstr(wr_cstr(&text), "PRIVATE KEY"));
	c = cert_from_pem(wr_view(&text), NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_free(&text);
	return c;
}

/* It used to be the file with the private key that people were told to upload. */
static void
the_certificate_alone_is_beside_it(void)
{
	char *path = factory_cert_path(ca);
	struct cert *c = read_cert(path);
	struct factory again;
	struct err e = { 0 };
	bool made;

	CU_ASSERT_TRUE(cert_eq(c, factory.cert));
	cert_free(c);
	CU_ASSERT_EQUAL(remove(path), 0); /* a CA from elsewhere has none */
	CU_ASSERT_EQUAL(factory_open(ca, NOW, &again, &made, NULL), 0);
	factory_clear(&again);
	c = read_cert(path);
	CU_ASSERT_TRUE(cert_eq(c, factory.cert));
	cert_free(c);
	c = mic(NAME, "8861", NOW, NOW + DAY, NULL);
	CU_ASSERT_EQUAL(file_replace(path, cert_der(c), 0600, NULL), 0); /* somebody's file */
	CU_ASSERT_EQUAL(factory_open(ca, NOW, &again, &made, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "does not hold the certificate of the CA");
	CU_ASSERT_PTR_NULL(again.cert);
	CU_ASSERT_EQUAL(remove(path), 0);
	cert_free(c);
	free(path);
}

static void
a_mic_looks_like_one(void)
{
	struct cert *c = mic(NAME, "8861", NOW, NOW + DAY, NULL);
	X509 *x;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	x = cert_handle(c);
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_COMPAT),
	    "2.5.4.5=PID:CP-8861 SN:LAB223388A1,O=trustlist lab,OU=CTG,CN=CP-8861-" NAME);
	CU_ASSERT_STRING_EQUAL(cert_issuer(c, CERT_CISCO), cert_subject(factory.cert, CERT_CISCO));
	CU_ASSERT_TRUE(key_fits(key, c));
	CU_ASSERT_EQUAL(cert_not_before(c), NOW);
	CU_ASSERT_EQUAL(cert_not_after(c), NOW + DAY);
	CU_ASSERT_EQUAL(X509_check_ca(x), 0);
	CU_ASSERT_EQUAL(
	    X509_get_key_usage(x), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT);
	CU_ASSERT_EQUAL(X509_get_extended_key_usage(x), XKU_SSL_SERVER | XKU_SSL_CLIENT);
	CU_ASSERT_EQUAL(verify(c, NOW + 1), 0);
	cert_free(c);
}

static void
one_that_has_run_out_was_valid_once(void)
{
	int64_t year = (int64_t)365 * DAY;
	struct cert *c = mic(NAME, "8861", NOW - 11 * year, NOW - year, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(verify(c, NOW), X509_V_ERR_CERT_HAS_EXPIRED);
	CU_ASSERT_EQUAL(verify(c, NOW - 2 * year), 0);
	cert_free(c);
}

static void
no_two_have_the_same_number(void)
{
	struct cert *a = mic(NAME, "8861", NOW, NOW + DAY, NULL);
	struct cert *b = mic(NAME, "8861", NOW, NOW + DAY, NULL);

	CU_ASSERT_EQUAL(cert_serial(a).n, 10);
	CU_ASSERT_FALSE(bytes_eq(cert_serial(a), cert_serial(b)));
	cert_free(a);
	cert_free(b);
}

static void
what_makes_no_sense_is_refused(void)
{
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(mic("CSFJDOE", "CSF", NOW, NOW + DAY, &e));
	ASSERT_ERR_SAYS(e, "comes from no factory");
	CU_ASSERT_PTR_NULL(mic("CSFJDOE", "8861", NOW, NOW + DAY, &e));
	ASSERT_ERR_SAYS(e, "a name that starts with SEP");
	CU_ASSERT_PTR_NULL(mic(NAME, "8861", NOW, NOW, &e));
	ASSERT_ERR_SAYS(e, "end before it begins");
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
}

static void
refuses_file(struct bytes content, const char *why)
{
	char *path = mem_fmt("%s/other.pem", suite_folder());
	struct factory f;
	struct err e = { 0 };
	bool made;

	CU_ASSERT_EQUAL(file_replace(path, content, 0600, NULL), 0);
	CU_ASSERT_EQUAL(factory_open(path, NOW, &f, &made, &e), -1);
	ASSERT_ERR_SAYS(e, why);
	CU_ASSERT_PTR_NULL(f.cert);
	free(path);
}

/* A file that is there is never written over. */
static void
files_that_are_no_ca_are_refused(void)
{
	struct cert *c = mic(NAME, "8861", NOW, NOW + DAY, NULL);
	struct wr pem = { 0 };

	cert_to_pem(c, &pem);
	refuses_file(wr_view(&pem), "no private key");
	CU_ASSERT_EQUAL(key_to_pem(key, &pem, NULL), 0);
	refuses_file(wr_view(&pem), "is no CA's");
	refuses_file(bytes_of(""), "other.pem");
	wr_wipe(&pem);
	cert_free(c);
}

static const struct suite_test tests[] = {
	{ "the CA is made once", the_ca_is_made_once },
	{ "the certificate alone is beside it", the_certificate_alone_is_beside_it },
	{ "a MIC looks like one", a_mic_looks_like_one },
	{ "one that has run out was valid once", one_that_has_run_out_was_valid_once },
	{ "no two have the same number", no_two_have_the_same_number },
	{ "what makes no sense is refused", what_makes_no_sense_is_refused },
	{ "files that are no CA are refused", files_that_are_no_ca_are_refused },
};

int
main(void)
{
	bool made = false;
	int status;

	ca = mem_fmt("%s/ca.pem", suite_folder());
	key = key_make(&(struct key_want){ KEY_EC, 256 }, NULL);
	if (factory_open(ca, NOW, &factory, &made, NULL) != 0 || !made)
		return 1;
	status = suite_run("cmd/manufacture", tests, sizeof(tests) / sizeof(tests[0]));
	factory_clear(&factory);
	key_free(key);
	free(ca);
	return status;
}
