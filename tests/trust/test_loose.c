#include <stdlib.h>

#include "tests/support/suite.h"
#include "tests/support/testkey.h"
#include "trust/cert.h"
#include "trust/loose.h"

enum { PARTS = 8 };

/* Keys and values by turns, ended by NULL. */
struct parts {
	const char *text[2 * PARTS];
};

static bool
means(struct parts parts, const char *text)
{
	X509_NAME *name = X509_NAME_new();
	bool same;

	for (size_t i = 0; parts.text[i] != NULL; i += 2)
		if (X509_NAME_add_entry_by_txt(name, parts.text[i], MBSTRING_UTF8,
			(const unsigned char *)parts.text[i + 1], -1, -1, 0) != 1)
			abort();
	same = loose_is(name, bytes_of(text));
	X509_NAME_free(name);
	return same;
}

static const struct parts plain = { { "CN", "a", "OU", "b", "O", "c", NULL } };

static void
separators_blanks_order_and_case_of_keys_do_not_matter(void)
{
	CU_ASSERT(means(plain, "CN=a;OU=b;O=c"));
	CU_ASSERT(means(plain, "CN=a,OU=b,O=c"));
	CU_ASSERT(means(plain, "O=c+CN=a;OU=b"));
	CU_ASSERT(means(plain, "O=c, OU=b, CN=a"));
	CU_ASSERT(means(plain, "cn=a;Ou=b;o=c"));
	CU_ASSERT(means(plain, "  CN = a ;  OU =b  ,O= c  "));
	CU_ASSERT(means(plain, "2.5.4.3=a;OU=b;2.5.4.10=c"));
}

static void
another_name_is_another(void)
{
	static const char *const others[] = { "", " ", "CN=a", "CN=a;OU=b", "CN=a;OU=b;",
		"CN=a;OU=b;O=c;", ";CN=a;OU=b;O=c", "CN=a;;OU=b;O=c", "CN=a;OU=b;O=c;O=c",
		"CN=a;OU=b;O=c;L=d", "CN=a;OU=b;OU=b", "CN=A;OU=b;O=c", "CN=ab;OU=b;O=c",
		"CN=;OU=b;O=c", "CNN=a;OU=b;O=c", "N=a;OU=b;O=c", "CN a;OU=b;O=c", "CN=a OU=b O=c",
		"CN=\\a;OU=b;O=c", "CN='a';OU=b;O=c", "CN=\"a\"b;OU=b;O=c", "2.5.4.4=a;OU=b;O=c",
		"CN=b;OU=a;O=c", "CN=a/OU=b/O=c" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (means(plain, others[i]))
			fprintf(stderr, "\n    %s\n", others[i]);
		CU_ASSERT_FALSE(means(plain, others[i]));
	}
}

static void
no_name_is_the_empty_one(void)
{
	static const struct parts empty = { { NULL } };

	CU_ASSERT(means(empty, ""));
	CU_ASSERT(means(empty, "  "));
	CU_ASSERT_FALSE(means(empty, "CN="));
	CU_ASSERT_FALSE(means(empty, ";"));
}

static void
values_are_plain_escaped_or_in_quotes(void)
{
	static const struct parts parts = { { "CN", "Smith, \"J\" \\ x", "O", "c", NULL } };

	CU_ASSERT(means(parts, "CN=Smith, \"J\" \\ x;O=c"));
	CU_ASSERT(means(parts, "CN=Smith\\, \\\"J\\\" \\\\ x,O=c"));
	CU_ASSERT(means(parts, "cn=\"Smith, \\\"J\\\" \\\\ x\";o=\"c\""));
	CU_ASSERT_FALSE(means(parts, "CN=\"Smith, \"J\" \\ x\";O=c"));
	CU_ASSERT_FALSE(means(parts, "CN=Smith;O=c"));
}

/* TechNote 118892 has this subject in a CTL; that the certificate says "Inc." is what the cut text
 * leaves to guess. */
static void
the_name_of_an_old_etoken_is_understood(void)
{
	static const struct parts token = { { "CN", "SAST-ADN0054f509        ", "OU", "IPCBU", "O",
	    "Cisco Systems, Inc.", NULL } };

	CU_ASSERT(means(token, "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems"));
	CU_ASSERT_FALSE(means(token, "cn=\"SAST-ADN0054f509\";ou=IPCBU;o=\"Cisco Systems"));
	CU_ASSERT_FALSE(means(token, "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco"));
	CU_ASSERT_FALSE(means(token, "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=Cisco Systems"));
}

static void
blanks_at_the_ends_may_belong_to_the_value(void)
{
	static const struct parts parts = { { "CN", " a", "OU", "b ", NULL } };

	CU_ASSERT(means(parts, "CN= a;OU=b "));
	CU_ASSERT(means(parts, "OU=b ;CN= a"));
	CU_ASSERT(means(parts, "OU = b  ;CN= a "));
	CU_ASSERT(means(parts, "CN=\\ a,OU=b\\ "));
	CU_ASSERT_FALSE(means(parts, "CN=a;OU=b "));
	CU_ASSERT_FALSE(means(parts, "CN= a;OU=b"));
}

/* In Cisco's spelling nothing tells a comma in a value from one between two attributes. */
static void
a_value_may_begin_as_another_or_look_like_one(void)
{
	static const struct parts units = { { "OU", "Voice", "OU", "Voice, EMEA", NULL } };
	static const struct parts sly = { { "CN", "a,OU=b", NULL } };
	static const struct parts pair = { { "CN", "a", "OU", "b", NULL } };
	static const struct parts slash = { { "CN", "a\\", "OU", "b", NULL } };

	CU_ASSERT(means(units, "OU=Voice;OU=Voice, EMEA"));
	CU_ASSERT(means(units, "OU=Voice, EMEA;OU=Voice"));
	CU_ASSERT_FALSE(means(units, "OU=Voice;OU=Voice"));
	CU_ASSERT(means(sly, "CN=a,OU=b"));
	CU_ASSERT(means(pair, "CN=a,OU=b"));
	CU_ASSERT_FALSE(means(pair, "CN=a\\,OU=b"));
	CU_ASSERT_FALSE(means(sly, "CN=a;OU=b"));
	CU_ASSERT(means(slash, "CN=a\\;OU=b"));
	CU_ASSERT(means(slash, "CN=a\\\\,OU=b"));
}

static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	const struct cert *c = ctx;

	(void)n;
	CU_ASSERT_FALSE(cert_is_subject_loosely(c, cut));
}

static void
a_certificate_is_known_by_both_spellings_and_by_no_part_of_them(void)
{
	static const char *const files[] = { "app-multi", "app-ser1", "app-bmp", "capf-utf8",
		"app-longname" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];
		struct testkey *k;
		const struct cert *c;

		snprintf(path, sizeof(path), "vectors/certs/%s.pem", files[i]);
		k = testkey_load(path);
		c = testkey_cert(k);
		for (int s = CERT_CISCO; s <= CERT_COMPAT; s++) {
			struct bytes name = bytes_of(cert_subject(c, (enum cert_spelling)s));

			CU_ASSERT(cert_is_subject_loosely(c, name));
			CU_ASSERT(cert_is_issuer_loosely(c, name));
		}
		if (i < 3)
			each_cut(bytes_of(cert_subject(c, CERT_COMPAT)), see_cut, (void *)c);
		testkey_free(k);
	}
}

static const struct suite_test tests[] = {
	{ "separators, blanks, order and case of keys do not matter",
	    separators_blanks_order_and_case_of_keys_do_not_matter },
	{ "another name is another", another_name_is_another },
	{ "no name is the empty one", no_name_is_the_empty_one },
	{ "values are plain, escaped or in quotes", values_are_plain_escaped_or_in_quotes },
	{ "the name of an old eToken is understood", the_name_of_an_old_etoken_is_understood },
	{ "blanks at the ends may belong to the value",
	    blanks_at_the_ends_may_belong_to_the_value },
	{ "a value may begin as another, or look like one",
	    a_value_may_begin_as_another_or_look_like_one },
	{ "a certificate is known by both spellings and by no part of them",
	    a_certificate_is_known_by_both_spellings_and_by_no_part_of_them },
};

SUITE_MAIN("trust/loose", tests)
