#include "trust/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static void
add(struct bundle *b, const char *name)
{
	char path[64];
	struct wr file;
	struct err e = { 0 };

	snprintf(path, sizeof(path), "bundle/%s", name);
	file = suite_file(path);
	if (bundle_add(b, wr_view(&file), &e) != 0) {
		fprintf(stderr, "\n%s: %s\n", name, e.text);
		CU_FAIL("a file that is in order");
	}
	wr_free(&file);
}

/* Their common names, each followed by '/', in order. */
static const char *
names(const struct bundle *b)
{
	static char text[256];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < b->n; i++)
		at += (size_t)snprintf(
		    text + at, sizeof(text) - at, "%s/", cert_common_name(b->cert[i]));
	return text;
}

static void
holds(const char *file, const char *expected)
{
	struct bundle b = { 0 };

	add(&b, file);
	CU_ASSERT_STRING_EQUAL(names(&b), expected);
	bundle_free(&b);
	CU_ASSERT_EQUAL(b.n, 0);
}

#define HOST  "cucm-pub.example/"
#define CHAIN HOST "Example Issuing CA/Example Root/"

static void
every_form_is_read(void)
{
	holds("host.pem", HOST);
	holds("host.der", HOST);
	holds("chain.pem", CHAIN);
	holds("chain.p7b", CHAIN);
	holds("chain.der.p7b", CHAIN);
	holds("host.der.p7b", HOST);
}

/* Its base64 form says CERTIFICATE where it holds PKCS#7. */
static void
pkcs7_under_the_head_of_a_certificate_is_read(void)
{
	holds("microsoft.p7b", CHAIN);
}

static void
text_and_keys_are_passed_over(void)
{
	holds("bag.pem", CHAIN);
}

static void
same_certificate_is_held_once(void)
{
	struct bundle b = { 0 };

	add(&b, "root.pem");
	add(&b, "chain.pem");
	add(&b, "chain.der.p7b");
	CU_ASSERT_STRING_EQUAL(names(&b), "Example Root/" HOST "Example Issuing CA/");
	bundle_free(&b);
}

/* ---- what is refused ---- */

static void
refused(struct bytes file, enum err_code code, const char *says)
{
	struct bundle b = { 0 };
	struct err e = { 0 };

	add(&b, "root.pem");
	CU_ASSERT_EQUAL(bundle_add(&b, file, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_STRING_EQUAL(names(&b), "Example Root/");
	bundle_free(&b);
}

static void
files_without_a_certificate_are_refused(void)
{
	refused(bytes_over(NULL, 0), ERR_MALFORMED, "no certificate in it");
	refused(bytes_of(""), ERR_MALFORMED, "no certificate in it");
	refused(bytes_of("#!/bin/sh\n"), ERR_MALFORMED, "no certificate in it");
	refused(bytes_of("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), ERR_MALFORMED,
	    "no certificate in it");
	refused(bytes_of("0"), ERR_MALFORMED, "certificate");
	/* SEQUENCE { OID signedData }: PKCS#7 without its content. */
	refused(bytes_over("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 13),
	    ERR_MALFORMED, "no certificate in it");
	/* The same with a content that is none. */
	refused(bytes_over("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\x05\x00", 15),
	    ERR_MALFORMED, "PKCS#7 that cannot be read");
}

static void
damaged_block_is_named(void)
{
	struct wr text = suite_file("bundle/chain.pem");
	char *second = strstr(wr_cstr(&text) + 1, "-----BEGIN");

	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	memset(second + 30, 'A', 4);
	refused(wr_view(&text), ERR_MALFORMED, "PEM block 2: certificate: not one");
	memset(second + 30, '!', 4);
	refused(wr_view(&text), ERR_MALFORMED, "PEM block 2 cannot be read");
	wr_free(&text);
}

static void
what_follows_pkcs7_is_refused(void)
{
	struct wr der = suite_file("bundle/chain.der.p7b");

	wr_u8(&der, 0);
	refused(wr_view(&der), ERR_MALFORMED, "PKCS#7 that cannot be read");
	wr_free(&der);
}

static void
file_that_is_too_large_is_refused(void)
{
	struct wr text = suite_file("bundle/host.pem");
	struct bundle b = { 0 };
	struct err e = { 0 };

	wr_fill(&text, '\n', BUNDLE_FILE_MAX + 1 - text.n);
	refused(wr_view(&text), ERR_LIMIT, "1048577 bytes, more than 1048576");
	text.n--;
	CU_ASSERT_EQUAL(bundle_add(&b, wr_view(&text), &e), 0);
	bundle_free(&b);
	wr_free(&text);
}

static void
more_than_64_are_refused(void)
{
	struct wr pem = { 0 };
	struct bundle b = { 0 };
	struct err e = { 0 };

	for (int i = 1; i <= BUNDLE_CERTS_MAX; i++) {
		struct cert *c = lab_made_by_hand("one of many", i, 0);

		cert_to_pem(c, &pem);
		cert_free(c);
	}
	CU_ASSERT_EQUAL(bundle_add(&b, wr_view(&pem), &e), 0);
	CU_ASSERT_EQUAL(b.n, BUNDLE_CERTS_MAX);
	CU_ASSERT_EQUAL(bundle_add(&b, wr_view(&pem), &e), 0);
	bundle_free(&b);
	refused(wr_view(&pem), ERR_LIMIT, "more than 64 certificates");
	wr_free(&pem);
}

/* ---- damage ---- */

static void
is_refused(struct bytes file, size_t at, void *ctx)
{
	struct bundle b = { 0 };
	struct err e = { 0 };

	(void)at;
	(void)ctx;
	CU_ASSERT_EQUAL(bundle_add(&b, file, &e), -1);
	CU_ASSERT_EQUAL(b.n, 0);
	bundle_free(&b);
}

static void
is_harmless(struct bytes file, size_t at, void *ctx)
{
	struct bundle b = { 0 };
	struct err e = { 0 };
	int rc = bundle_add(&b, file, &e);

	(void)at;
	(void)ctx;
	CU_ASSERT_TRUE(rc == 0 ? b.n > 0 && b.n <= BUNDLE_CERTS_MAX : b.n == 0);
	bundle_free(&b);
}

static void
every_cut_of_pkcs7_is_refused(void)
{
	struct wr der = suite_file("bundle/chain.der.p7b");

	each_cut(wr_view(&der), is_refused, NULL);
	wr_free(&der);
}

static void
every_flipped_bit_is_harmless(void)
{
	struct wr der = suite_file("bundle/host.der.p7b");

	each_flip(wr_view(&der), is_harmless, NULL);
	wr_free(&der);
}

static const struct suite_test tests[] = {
	{ "every form is read", every_form_is_read },
	{ "PKCS#7 under the head of a certificate is read",
	    pkcs7_under_the_head_of_a_certificate_is_read },
	{ "text and keys are passed over", text_and_keys_are_passed_over },
	{ "same certificate is held once", same_certificate_is_held_once },
	{ "files without a certificate are refused", files_without_a_certificate_are_refused },
	{ "damaged block is named", damaged_block_is_named },
	{ "what follows PKCS#7 is refused", what_follows_pkcs7_is_refused },
	{ "file that is too large is refused", file_that_is_too_large_is_refused },
	{ "more than 64 are refused", more_than_64_are_refused },
	{ "every cut of PKCS#7 is refused", every_cut_of_pkcs7_is_refused },
	{ "every flipped bit is harmless", every_flipped_bit_is_harmless },
};

SUITE_MAIN("trust/bundle", tests)
