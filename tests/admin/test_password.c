#include "admin/password.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/suite.h"

#define GOOD "correct horse"

/* A known answer of yescrypt's authors (TESTS-OK of the reference implementation), of parameters
 * that are not ours. */
static const char known[] =
    "$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6";

static enum err_code
check(struct bytes password)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(password_check(password, &e) != 0, e.code != 0);
	return e.code;
}

static void
lengths_have_limits(void)
{
	char text[PASSWORD_MAX + 1];

	memset(text, 'x', sizeof(text));
	CU_ASSERT_EQUAL(check(bytes_over(text, 0)), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_over(text, PASSWORD_MIN - 1)), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_over(text, PASSWORD_MIN)), 0);
	CU_ASSERT_EQUAL(check(bytes_over(text, PASSWORD_MAX)), 0);
	CU_ASSERT_EQUAL(check(bytes_over(text, PASSWORD_MAX + 1)), ERR_USAGE);
}

static void
only_text_is_a_password(void)
{
	CU_ASSERT_EQUAL(check(bytes_of("z\xc3\xbcrich zz")), 0);
	CU_ASSERT_EQUAL(check(bytes_of("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac")), 0);
	CU_ASSERT_EQUAL(check(bytes_of("latin \xfcmlaut")), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_of("two\nlines")), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_of("delete \x7f")), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_of("c1 is \xc2\x9f one")), ERR_USAGE);
	CU_ASSERT_EQUAL(check(bytes_of("nbsp is \xc2\xa0 none")), 0);
	CU_ASSERT_EQUAL(check(bytes_over("a NUL \0 in it", 13)), ERR_USAGE);
}

static void
what_is_said_has_nothing_of_it(void)
{
	struct err e;

	CU_ASSERT_EQUAL(password_check(bytes_of("s3cret"), &e), -1);
	CU_ASSERT_PTR_NULL(strstr(e.text, "s3cret"));
	CU_ASSERT_EQUAL(password_check(bytes_of("s3cret\x01xx"), &e), -1);
	CU_ASSERT_PTR_NULL(strstr(e.text, "s3cret"));
}

static void
hash_is_yescrypt_with_a_salt_of_its_own(void)
{
	char a[USER_HASH_MAX], b[USER_HASH_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(password_hash(bytes_of(GOOD), a, &e), 0);
	CU_ASSERT_EQUAL_FATAL(password_hash(bytes_of(GOOD), b, &e), 0);
	CU_ASSERT_NSTRING_EQUAL(a, "$y$", 3);
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	CU_ASSERT_TRUE(password_is(bytes_of(GOOD), a));
	CU_ASSERT_TRUE(password_is(bytes_of(GOOD), b));
	CU_ASSERT_FALSE(password_is(bytes_of("correct hors"), a));
	CU_ASSERT_FALSE(password_is(bytes_of("correct horsf"), a));
	CU_ASSERT_FALSE(password_is(bytes_of("correct horse "), a));
}

static void
one_against_the_rules_is_not_hashed(void)
{
	char hash[USER_HASH_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(password_hash(bytes_of("short"), hash, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_STRING_EQUAL(hash, "");
}

static void
each_byte_counts_to_the_last(void)
{
	char text[PASSWORD_MAX], hash[USER_HASH_MAX];
	struct err e = { 0 };

	memset(text, 'x', sizeof(text));
	CU_ASSERT_EQUAL_FATAL(password_hash(bytes_over(text, sizeof(text)), hash, &e), 0);
	CU_ASSERT_TRUE(password_is(bytes_over(text, sizeof(text)), hash));
	text[sizeof(text) - 1] = 'y';
	CU_ASSERT_FALSE(password_is(bytes_over(text, sizeof(text)), hash));
}

static void
hash_of_others_is_understood(void)
{
	CU_ASSERT_TRUE(password_is(bytes_of("pleaseletmein"), known));
	CU_ASSERT_FALSE(password_is(bytes_of("pleaseletmeiN"), known));
}

/* The library gives "*0" for what is no hash, or the hash back. */
static void
what_is_no_hash_fits_no_password(void)
{
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), ""));
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), "*0"));
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), "*1"));
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), "*"));
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), "$y$"));
	CU_ASSERT_FALSE(password_is(bytes_of(GOOD), GOOD));
}

static int64_t
spent_us(const char *hash)
{
	struct timespec from, to;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	password_is(bytes_of("some password"), hash);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

/* The least of some tries, for other things run on this machine too. */
static int64_t
least_us(const char *hash)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t now = spent_us(hash);

		if (now < least)
			least = now;
	}
	return least;
}

/* Else the time would tell who exists. */
static void
nobody_costs_what_somebody_costs(void)
{
	char hash[USER_HASH_MAX];
	int64_t somebody, nobody;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(password_hash(bytes_of(GOOD), hash, &e), 0);
	CU_ASSERT_FALSE(password_is(bytes_of("nobody has this one"), NULL));
	somebody = least_us(hash);
	nobody = least_us(NULL);
	CU_ASSERT_TRUE(nobody > somebody / 2);
	CU_ASSERT_TRUE(somebody > nobody / 2);
	CU_ASSERT_TRUE(somebody > 1000); /* slow on purpose */
}

static const struct suite_test tests[] = {
	{ "lengths have limits", lengths_have_limits },
	{ "only text is a password", only_text_is_a_password },
	{ "what is said has nothing of it", what_is_said_has_nothing_of_it },
	{ "hash is yescrypt with a salt of its own", hash_is_yescrypt_with_a_salt_of_its_own },
	{ "one against the rules is not hashed", one_against_the_rules_is_not_hashed },
	{ "each byte counts to the last", each_byte_counts_to_the_last },
	{ "hash of others is understood", hash_of_others_is_understood },
	{ "what is no hash fits no password", what_is_no_hash_fits_no_password },
	{ "nobody costs what somebody costs", nobody_costs_what_somebody_costs },
};

SUITE_MAIN("admin/password", tests)
