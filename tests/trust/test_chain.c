#include "trust/chain.h"

#include "tests/support/lab.h"
#include "tests/support/suite.h"

enum { DAY = 86400, HOUR = 3600 };

/* The common names from the leaf on, each followed by '/'; '!' where it ends short of a root. */
static const char *
path(const struct chain *c)
{
	static char text[512];
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++)
		at += (size_t)snprintf(
		    text + at, sizeof(text) - at, "%s/", cert_common_name(c->cert[i]));
	if (!c->whole)
		snprintf(text + at, sizeof(text) - at, "!");
	return text;
}

static const char *
followed(const struct cert *c, const struct cert *const *at_hand, size_t n)
{
	struct chain chain;

	chain_follow(c, at_hand, n, &chain);
	return path(&chain);
}

static struct cert *
issued(const char *cn, unsigned key, const char *issuer, unsigned issuer_key)
{
	return lab_issued(&(struct lab_issue){
	    .cn = cn, .issuer = issuer, .key = key, .issuer_key = issuer_key });
}

/* It has expired an hour after LAB_NOW. */
static struct cert *
older_root(void)
{
	return lab_issued(
	    &(struct lab_issue){ .cn = "root", .issuer = "root", .from = LAB_NOW + HOUR - DAY });
}

/* A root, a CA below it, and a certificate below that one. */
struct family {
	struct cert *root, *sub, *leaf;
};

static struct family
family(void)
{
	return (struct family){ .root = lab_root("root", 0),
		.sub = issued("sub", 1, "root", 0),
		.leaf = issued("leaf", 2, "sub", 1) };
}

static void
family_free(struct family *f)
{
	cert_free(f->root);
	cert_free(f->sub);
	cert_free(f->leaf);
}

static void
is_followed_to_the_root_whatever_the_order(void)
{
	struct family f = family();
	const struct cert *one[] = { f.root, f.leaf, f.sub }, *other[] = { f.sub, f.root };

	CU_ASSERT_STRING_EQUAL(followed(f.leaf, one, 3), "leaf/sub/root/");
	CU_ASSERT_STRING_EQUAL(followed(f.leaf, other, 2), "leaf/sub/root/");
	CU_ASSERT_STRING_EQUAL(followed(f.root, other, 2), "root/");
	family_free(&f);
}

static void
ends_where_nobody_is_at_hand(void)
{
	struct family f = family();
	const struct cert *sub[] = { f.sub }, *root[] = { f.root };

	CU_ASSERT_STRING_EQUAL(followed(f.leaf, sub, 1), "leaf/sub/!");
	CU_ASSERT_STRING_EQUAL(followed(f.leaf, root, 1), "leaf/!");
	CU_ASSERT_STRING_EQUAL(followed(f.leaf, NULL, 0), "leaf/!");
	family_free(&f);
}

/* A CA that got a new key keeps its name. */
static void
name_of_the_issuer_is_not_enough(void)
{
	struct family f = family();
	struct cert *renewed = lab_root("root", 3);
	const struct cert *both[] = { renewed, f.sub, f.root }, *wrong[] = { renewed, f.sub };
	struct chain chain;

	chain_follow(f.leaf, both, 3, &chain);
	CU_ASSERT_EQUAL_FATAL(chain.n, 3);
	CU_ASSERT_PTR_EQUAL(chain.cert[2], f.root);
	CU_ASSERT_STRING_EQUAL(followed(f.leaf, wrong, 2), "leaf/sub/!");
	cert_free(renewed);
	family_free(&f);
}

/* Its key stayed, and the new certificate lives longer. */
static void
of_two_with_the_same_key_the_longer_one_is_taken(void)
{
	struct family f = family();
	struct cert *old = older_root();
	const struct cert *one[] = { old, f.root, f.sub }, *other[] = { f.sub, f.root, old };
	struct chain chain;

	chain_follow(f.leaf, one, 3, &chain);
	CU_ASSERT_PTR_EQUAL(chain.cert[2], f.root);
	chain_follow(f.leaf, other, 3, &chain);
	CU_ASSERT_PTR_EQUAL(chain.cert[2], f.root);
	cert_free(old);
	family_free(&f);
}

/* They certified each other, and neither itself. */
static void
circle_ends(void)
{
	struct cert *a = issued("a", 0, "b", 1), *b = issued("b", 1, "a", 0);
	const struct cert *both[] = { a, b };

	CU_ASSERT_STRING_EQUAL(followed(a, both, 2), "a/b/!");
	cert_free(a);
	cert_free(b);
}

static void
chain_longer_than_ten_ends(void)
{
	struct cert *c[CHAIN_MAX + 2] = { lab_root("0", 0) };
	struct chain chain;
	char name[2][8] = { "", "0" };
	size_t n = sizeof(c) / sizeof(c[0]);

	for (size_t i = 1; i < n; i++) {
		snprintf(name[(i + 1) % 2], sizeof(name[0]), "%zu", i);
		c[i] = issued(name[(i + 1) % 2], 0, name[i % 2], 0);
	}
	chain_follow(c[n - 1], (const struct cert *const *)c, n, &chain);
	CU_ASSERT_EQUAL(chain.n, CHAIN_MAX);
	CU_ASSERT_FALSE(chain.whole);
	chain_follow(c[CHAIN_MAX - 1], (const struct cert *const *)c, n, &chain);
	CU_ASSERT_EQUAL(chain.n, CHAIN_MAX);
	CU_ASSERT_TRUE(chain.whole);
	for (size_t i = 0; i < n; i++)
		cert_free(c[i]);
}

/* ---- is it good? ---- */

static void
is_refused(const struct chain *chain, int64_t now, const char *says)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(chain_check(chain, now, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, says);
}

static void
is_good_while_all_are_valid(void)
{
	struct family f = family();
	const struct cert *all[] = { f.sub, f.root };
	struct chain chain;
	struct err e = { 0 };

	chain_follow(f.leaf, all, 2, &chain);
	CU_ASSERT_EQUAL(chain_check(&chain, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(chain_check(&chain, LAB_NOW + DAY - 1, &e), 0);
	is_refused(&chain, LAB_NOW - 1, "is not yet valid");
	is_refused(&chain, LAB_NOW + DAY, "has expired");
	/* A CA below the root may be all that is at hand. */
	chain_follow(f.leaf, all, 1, &chain);
	CU_ASSERT_EQUAL(chain_check(&chain, LAB_NOW, &e), 0);
	is_refused(&chain, LAB_NOW + DAY, "has expired");
	/* One that signed itself. */
	chain_follow(f.root, NULL, 0, &chain);
	CU_ASSERT_EQUAL(chain_check(&chain, LAB_NOW, &e), 0);
	family_free(&f);
}

static void
the_expired_one_is_named(void)
{
	struct cert *root = older_root(), *leaf;
	const struct cert *all[] = { root };
	struct chain chain;

	leaf = issued("leaf", 2, "root", 0);
	chain_follow(leaf, all, 1, &chain);
	is_refused(&chain, LAB_NOW + HOUR + 1, "CN=root: certificate has expired");
	cert_free(root);
	cert_free(leaf);
}

/* Whoever has a certificate could make more, if nobody looked. */
static void
who_is_no_ca_may_not_issue(void)
{
	struct cert *root = lab_root("root", 0), *leaf = issued("leaf", 2, "host", 1);
	struct cert *host = lab_issued(&(struct lab_issue){
	    .cn = "host", .issuer = "root", .key = 1, .issuer_key = 0, .host = true });
	const struct cert *all[] = { host, root };
	struct chain chain;

	chain_follow(leaf, all, 2, &chain);
	CU_ASSERT_STRING_EQUAL(path(&chain), "leaf/host/root/");
	is_refused(&chain, LAB_NOW, "CN=host: invalid CA certificate");
	cert_free(root);
	cert_free(host);
	cert_free(leaf);
}

static const struct suite_test tests[] = {
	{ "is followed to the root whatever the order",
	    is_followed_to_the_root_whatever_the_order },
	{ "ends where nobody is at hand", ends_where_nobody_is_at_hand },
	{ "name of the issuer is not enough", name_of_the_issuer_is_not_enough },
	{ "of two with the same key the longer one is taken",
	    of_two_with_the_same_key_the_longer_one_is_taken },
	{ "circle ends", circle_ends },
	{ "chain longer than ten ends", chain_longer_than_ten_ends },
	{ "is good while all are valid", is_good_while_all_are_valid },
	{ "the expired one is named", the_expired_one_is_named },
	{ "who is no CA may not issue", who_is_no_ca_may_not_issue },
};

SUITE_MAIN("trust/chain", tests)
