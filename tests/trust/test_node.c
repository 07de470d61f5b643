#include "trust/node.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static void
releases_are_those_whose_rules_differ(void)
{
	static const char *const known[] = { "8.0", "10.0", "11.5", "12.5", "14" };
	static const char *const unknown[] = { "", "8", "12", "12.50", "14.0", " 14", "15" };

	for (size_t i = 0; i < 5; i++) {
		CU_ASSERT_NOT_EQUAL(release_of(known[i]), 0);
		CU_ASSERT_STRING_EQUAL(release_text(release_of(known[i])), known[i]);
		if (i > 0)
			CU_ASSERT_TRUE(release_of(known[i]) > release_of(known[i - 1]));
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		CU_ASSERT_EQUAL(release_of(unknown[i]), 0);
	CU_ASSERT_STRING_EQUAL(release_text(0), "?");
}

static void
cluster_comes_back_as_it_went(void)
{
	struct cluster put = lab_cluster(RELEASE_11_5), got;
	struct store *s = lab_empty();
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_get(s, &got, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_end(s, cluster_put(s, &put, &e), &e), 0);
	CU_ASSERT_EQUAL(cluster_get(s, &got, &e), 0);
	CU_ASSERT_STRING_EQUAL(got.name, "lab");
	CU_ASSERT_EQUAL(got.release, RELEASE_11_5);
	CU_ASSERT_STRING_EQUAL(got.organization, "Cisco");
	CU_ASSERT_STRING_EQUAL(got.unit, "TAC");
	CU_ASSERT_STRING_EQUAL(got.location, "Brussels");
	CU_ASSERT_STRING_EQUAL(got.state, "BR");
	CU_ASSERT_STRING_EQUAL(got.country, "BE");
	CU_ASSERT_EQUAL(got.created, LAB_NOW);
	CU_ASSERT_EQUAL(cluster_put(s, &put, &e), -1);
	store_close(s);
}

/* It was written as "?", and read as one before 8.0. */
static void
cluster_of_an_unknown_release_is_refused(void)
{
	struct cluster c = lab_cluster((enum release)1500);
	struct store *s = lab_empty();
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_put(s, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	lab_do(s, "INSERT INTO cluster VALUES (1, 'x', '15', '', '', '', '', '', 0)");
	CU_ASSERT_EQUAL(cluster_get(s, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "\"15\"");
	store_close(s);
}

static void
names_are_those_of_hosts(void)
{
	static const char *const is[] = { "a", "cucm-pub", "CUCM.lab.example", "10.0.0.1", "9" };
	static const char *const is_not[] = { "", "-a", ".a", "a b", "a_b", "a/b", "a;CN=b",
		"m\xc3\xbcnchen", "a\n", "*", "a,b", "a'b" };
	char longest[NODE_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
		CU_ASSERT_TRUE(node_name_is(is[i]));
	for (size_t i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++)
		CU_ASSERT_FALSE(node_name_is(is_not[i]));
	memset(longest, 'a', sizeof(longest));
	longest[NODE_NAME_MAX] = '\0';
	CU_ASSERT_FALSE(node_name_is(longest));
	longest[NODE_NAME_MAX - 1] = '\0';
	CU_ASSERT_TRUE(node_name_is(longest));
}

static void
addresses_have_one_spelling(void)
{
	static const char *const is_not[] = { "", "10.0.0", "10.0.0.256", "cucm", "10.0.0.1:69",
		" 10.0.0.1", "fe80::1%eth0", "1::2::3", "010.0.0.1" };
	char to[NODE_ADDRESS_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(node_address("10.0.0.1", to, &e), 0);
	CU_ASSERT_STRING_EQUAL(to, "10.0.0.1");
	CU_ASSERT_EQUAL(node_address("2001:0DB8::0:1", to, &e), 0);
	CU_ASSERT_STRING_EQUAL(to, "2001:db8::1");
	for (size_t i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++) {
		CU_ASSERT_EQUAL(node_address(is_not[i], to, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, "neither an IPv4 nor an IPv6 address");
	}
}

static int64_t
add(struct store *s, const char *name, const char *address, bool publisher)
{
	struct err e = { 0 };
	int64_t id = 0;

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_end(s, node_add(s, name, address, publisher, &id, &e), &e), 0);
	return id;
}

static void
refused(struct store *s, const char *name, const char *address, enum err_code code)
{
	struct err e = { 0 };
	int64_t id;

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(node_add(s, name, address, false, &id, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	store_rollback(s);
}

static void
nodes_are_listed_publisher_first(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct node *all;
	size_t n;

	CU_ASSERT_EQUAL(node_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	free(all);
	add(s, "sub2", "10.0.0.3", false);
	add(s, "pub", "10.0.0.1", true);
	add(s, "sub1", "2001:DB8:0::2", false);
	CU_ASSERT_EQUAL(node_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_STRING_EQUAL(all[0].name, "pub");
	CU_ASSERT_TRUE(all[0].publisher);
	CU_ASSERT_STRING_EQUAL(all[1].name, "sub2");
	CU_ASSERT_FALSE(all[1].publisher);
	CU_ASSERT_STRING_EQUAL(all[2].address, "2001:db8::2");
	free(all);
	store_close(s);
}

static void
nodes_are_found_by_name_and_address(void)
{
	struct store *s = lab_empty();
	int64_t pub = add(s, "cucm-pub", "10.0.0.1", true);
	int64_t sub = add(s, "cucm-sub", "10.0.0.2", false);
	struct err e = { 0 };
	struct node n;

	CU_ASSERT_EQUAL(lab_node(s, NULL).id, pub);
	CU_ASSERT_EQUAL(lab_node(s, "CUCM-Sub").id, sub);
	CU_ASSERT_EQUAL(lab_node(s, "10.0.0.2").id, sub);
	CU_ASSERT_EQUAL(node_by_id(s, sub, &n, &e), 0);
	CU_ASSERT_STRING_EQUAL(n.name, "cucm-sub");
	CU_ASSERT_EQUAL(node_find(s, "nobody", &n, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no node nobody");
	CU_ASSERT_EQUAL(node_find(s, "", &n, &e), -1);
	CU_ASSERT_EQUAL(node_by_id(s, 99, &n, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

static void
cluster_without_nodes_has_no_publisher(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct node n;

	CU_ASSERT_EQUAL(node_find(s, NULL, &n, &e), -1);
	ASSERT_ERR_SAYS(e, "no node that is the publisher");
	store_close(s);
}

static void
names_and_addresses_are_given_once(void)
{
	struct store *s = lab_empty();

	add(s, "cucm-pub", "2001:db8::1", true);
	refused(s, "cucm-pub", "10.0.0.2", ERR_EXISTS);
	refused(s, "CUCM-PUB", "10.0.0.2", ERR_EXISTS);
	refused(s, "other", "2001:0db8:0::1", ERR_EXISTS);
	refused(s, "no host", "10.0.0.2", ERR_USAGE);
	refused(s, "other", "nowhere", ERR_USAGE);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM node"), 1);
	store_close(s);
}

/* "10.0.0.2" would have been two nodes at once: one of that name, one of that address. */
static void
name_that_is_the_address_of_another_is_refused(void)
{
	struct store *s = lab_empty();

	add(s, "10.0.0.1", "10.0.0.1", true);
	add(s, "sub", "10.0.0.2", false);
	add(s, "10.0.0.3", "10.0.0.33", false);
	refused(s, "10.0.0.2", "10.0.0.4", ERR_EXISTS);
	refused(s, "sub3", "10.0.0.3", ERR_EXISTS);
	store_close(s);
}

static void
there_is_one_publisher(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t id;

	add(s, "a", "10.0.0.1", true);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(node_add(s, "b", "10.0.0.2", true, &id, &e), -1);
	store_rollback(s);
	store_close(s);
}

static void
a_node_moves_and_keeps_its_name(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct node node;
	int64_t id;

	add(s, "a", "10.0.0.1", true);
	add(s, "10.0.0.9", "10.0.0.2", false);
	CU_ASSERT_EQUAL_FATAL(node_find(s, "a", &node, &e), 0);
	id = node.id;
	CU_ASSERT_EQUAL(node_move(s, id, "2001:0db8::0001", &e), 0);
	CU_ASSERT_EQUAL_FATAL(node_find(s, "a", &node, &e), 0);
	CU_ASSERT_STRING_EQUAL(node.address, "2001:db8::1");
	CU_ASSERT_EQUAL(node_move(s, id, "2001:db8::1", &e), 0); /* where it is */
	CU_ASSERT_EQUAL(node_move(s, id, "10.0.0.2", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	CU_ASSERT_EQUAL(node_move(s, id, "10.0.0.9", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	CU_ASSERT_EQUAL(node_move(s, id, "0.0.0.0", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "releases are those whose rules differ", releases_are_those_whose_rules_differ },
	{ "cluster comes back as it went", cluster_comes_back_as_it_went },
	{ "cluster of an unknown release is refused", cluster_of_an_unknown_release_is_refused },
	{ "names are those of hosts", names_are_those_of_hosts },
	{ "addresses have one spelling", addresses_have_one_spelling },
	{ "nodes are listed publisher first", nodes_are_listed_publisher_first },
	{ "nodes are found by name and address", nodes_are_found_by_name_and_address },
	{ "cluster without nodes has no publisher", cluster_without_nodes_has_no_publisher },
	{ "names and addresses are given once", names_and_addresses_are_given_once },
	{ "name that is the address of another is refused",
	    name_that_is_the_address_of_another_is_refused },
	{ "there is one publisher", there_is_one_publisher },
	{ "a node moves and keeps its name", a_node_moves_and_keeps_its_name },
};

SUITE_MAIN("trust/node", tests)
