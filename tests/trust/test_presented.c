#include "trust/presented.h"

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/service.h"

/* Keys: of the service, the root, the CA below it. */
enum { OWN, ROOT, SUB };

static struct cert *
root(void)
{
	return lab_root("root", ROOT);
}

static struct cert *
sub(void)
{
	return lab_issued(&(struct lab_issue){ "sub", "root", SUB, ROOT, 0, false });
}

static void
trust(struct store *s, const char *store, struct cert *c)
{
	struct err e = { 0 };
	bool added;

	CU_ASSERT_EQUAL_FATAL(certs_trust(s, lab_kind(store), c, LAB_NOW, &added, &e), 0);
	cert_free(c);
}

/* A cluster whose TVS has loaded a certificate that the lower CA signed. */
static struct store *
with_issued(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node node = lab_node(s, "cucm-pub");
	struct cert *c = lab_issued(&(struct lab_issue){ "tvs", "sub", OWN, SUB, 0, true });
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    certs_put_own(s, lab_kind("TVS"), node.id, c, lab_key(OWN), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(
	    service_start(s, &node, service_kind_of("TVS", NULL), LAB_NOW, &e), 0);
	cert_free(c);
	return s;
}

/* The common names of what TVS presents, "tvs sub". */
static const char *
names(struct store *s)
{
	static char text[128];
	struct presented p;
	struct err e = { 0 };
	size_t used = 0;

	text[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(
	    presented_load(s, lab_node(s, "cucm-pub").id, "TVS", "TVS", &p, &e), 0);
	for (size_t i = 0; i < p.n; i++) {
		CU_ASSERT(bytes_eq(p.der[i], cert_der(p.cert[i])));
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
		    cert_common_name(p.cert[i]));
	}
	CU_ASSERT(key_fits(p.key, p.cert[0]));
	presented_free(&p);
	CU_ASSERT_EQUAL(p.n, 0);
	CU_ASSERT_PTR_NULL(p.key);
	return text;
}

static void
one_that_signed_itself_comes_alone(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	CU_ASSERT_STRING_EQUAL(names(s), "cucm-pub");
	store_close(s);
}

static void
the_cas_come_with_it_but_not_the_root(void)
{
	struct store *s = with_issued();

	trust(s, "TVS-trust", sub());
	trust(s, "TVS-trust", root());
	CU_ASSERT_STRING_EQUAL(names(s), "tvs sub");
	store_close(s);
}

static void
what_is_not_at_hand_is_left_out(void)
{
	struct store *s = with_issued();

	CU_ASSERT_STRING_EQUAL(names(s), "tvs");
	/* Another store's CAs are trusted for something else. */
	trust(s, "CallManager-trust", sub());
	CU_ASSERT_STRING_EQUAL(names(s), "tvs");
	trust(s, "TVS-trust", root());
	CU_ASSERT_STRING_EQUAL(names(s), "tvs");
	trust(s, "TVS-trust", sub());
	CU_ASSERT_STRING_EQUAL(names(s), "tvs sub");
	store_close(s);
}

static void
a_ca_without_its_root_comes_all_the_same(void)
{
	struct store *s = with_issued();

	trust(s, "TVS-trust", sub());
	CU_ASSERT_STRING_EQUAL(names(s), "tvs sub");
	store_close(s);
}

/* What was regenerated meanwhile is not shown before the service restarts. */
static void
its_own_is_the_one_it_started_with(void)
{
	struct store *s = with_issued();
	struct node node = lab_node(s, "cucm-pub");
	struct cert *c = lab_cert("TVS", "later", SUB);
	struct err e = { 0 };

	trust(s, "TVS-trust", sub());
	CU_ASSERT_EQUAL_FATAL(
	    certs_put_own(s, lab_kind("TVS"), node.id, c, lab_key(SUB), LAB_NOW, &e), 0);
	CU_ASSERT_STRING_EQUAL(names(s), "tvs sub");
	CU_ASSERT_EQUAL(service_start(s, &node, service_kind_of("TVS", NULL), LAB_NOW, &e), 0);
	CU_ASSERT_STRING_EQUAL(names(s), "later");
	cert_free(c);
	store_close(s);
}

static void
what_was_not_loaded_is_an_error(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e = { 0 };
	struct presented p = { .n = 5 };

	CU_ASSERT_EQUAL(presented_load(s, lab_node(s, "cucm-pub").id, "TVS", "CAPF", &p, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(p.n, 0);
	lab_do(s, "DELETE FROM cert_key");
	CU_ASSERT_EQUAL(presented_load(s, lab_node(s, "cucm-pub").id, "TVS", "TVS", &p, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(p.n, 0);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "one that signed itself comes alone", one_that_signed_itself_comes_alone },
	{ "the CAs come with it, but not the root", the_cas_come_with_it_but_not_the_root },
	{ "what is not at hand is left out", what_is_not_at_hand_is_left_out },
	{ "a CA without its root comes all the same", a_ca_without_its_root_comes_all_the_same },
	{ "its own is the one it started with", its_own_is_the_one_it_started_with },
	{ "what was not loaded is an error", what_was_not_loaded_is_an_error },
};

SUITE_MAIN("trust/presented", tests)
