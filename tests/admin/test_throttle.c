#include "admin/throttle.h"

#include <stdio.h>

#include "tests/support/suite.h"

enum { NOW = 1700000000 };

#define HERE "192.0.2.1"

/* So many that are allowed, one a second from then on. */
static void
try_times(struct throttle *t, const char *user, const char *address, int64_t from, int n)
{
	for (int i = 0; i < n; i++)
		CU_ASSERT_EQUAL_FATAL(throttle_try(t, user, address, from + i), 0);
}

/* Of another user each. */
static void
spray(struct throttle *t, const char *address, int64_t now, int n)
{
	char user[16];

	for (int i = 0; i < n; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		CU_ASSERT_EQUAL_FATAL(throttle_try(t, user, address, now), 0);
	}
}

static void
ten_for_a_user_from_an_address(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 10), 590);
	/* Others are not kept waiting. */
	CU_ASSERT_EQUAL(throttle_try(t, "otto", HERE, NOW + 10), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", "192.0.2.2", NOW + 10), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", "2001:db8::1", NOW + 10), 0);
	throttle_free(t);
}

static void
the_wait_is_exact(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 599), 1);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 600), 0);
	/* The second try counts a second longer than the first did. */
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 600), 1);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 601), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 601), 1);
	throttle_free(t);
}

/* A window that begins anew would let nineteen pass within moments. */
static void
never_more_than_ten_in_any_ten_minutes(void)
{
	struct throttle *t = throttle_new();
	int allowed = 0;

	try_times(t, "anna", HERE, NOW, 1);
	for (int i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 599), 0);
	for (int i = 0; i < 100; i++)
		allowed += throttle_try(t, "anna", HERE, NOW + 600 + i) == 0;
	CU_ASSERT_EQUAL(allowed, 1);
	throttle_free(t);
}

static void
what_was_refused_does_not_prolong_it(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	for (int i = 0; i < 500; i++)
		CU_ASSERT_TRUE(throttle_try(t, "anna", HERE, NOW + 100 + i % 400) > 0);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW + 600), 0);
	/* Nor does it count for the address. */
	for (int i = 0; i < THROTTLE_ADDRESS - 10; i++) {
		char user[16];

		snprintf(user, sizeof(user), "u%d", i);
		CU_ASSERT_EQUAL(throttle_try(t, user, HERE, NOW + 600), 0);
	}
	CU_ASSERT_EQUAL(throttle_try(t, "last", HERE, NOW + 600), 1);
	throttle_free(t);
}

static void
hundred_from_an_address(void)
{
	struct throttle *t = throttle_new();

	spray(t, HERE, NOW, THROTTLE_ADDRESS);
	CU_ASSERT_EQUAL(throttle_try(t, "one-more", HERE, NOW), 600);
	CU_ASSERT_EQUAL(throttle_try(t, "one-more", HERE, NOW + 599), 1);
	CU_ASSERT_EQUAL(throttle_try(t, "one-more", "192.0.2.2", NOW), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "one-more", HERE, NOW + 600), 0);
	throttle_free(t);
}

static void
a_right_one_clears_the_user_there(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	throttle_right(t, "anna", HERE);
	try_times(t, "anna", HERE, NOW + 20, THROTTLE_USER);
	CU_ASSERT_TRUE(throttle_try(t, "anna", HERE, NOW + 30) > 0);
	/* From elsewhere it does not. */
	throttle_right(t, "anna", "192.0.2.2");
	CU_ASSERT_TRUE(throttle_try(t, "anna", HERE, NOW + 30) > 0);
	throttle_free(t);
}

/* Whoever has a password of his own could else guess those of others for ever. */
static void
a_right_one_does_not_clear_the_address(void)
{
	struct throttle *t = throttle_new();

	spray(t, HERE, NOW, THROTTLE_ADDRESS - 1);
	for (int i = 0; i < 50; i++) {
		CU_ASSERT_EQUAL(throttle_try(t, "mallory", HERE, NOW), 0);
		throttle_right(t, "mallory", HERE);
	}
	CU_ASSERT_EQUAL(throttle_try(t, "victim", HERE, NOW), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "victim", HERE, NOW), 600);
	throttle_free(t);
}

/* Twenty at once, none of them decided yet: ten are let through. */
static void
tries_at_once_do_not_pass_together(void)
{
	struct throttle *t = throttle_new();
	int allowed = 0;

	for (int i = 0; i < 20; i++)
		allowed += throttle_try(t, "anna", HERE, NOW) == 0;
	CU_ASSERT_EQUAL(allowed, THROTTLE_USER);
	throttle_free(t);
}

static void
one_never_made_does_not_count(void)
{
	struct throttle *t = throttle_new();

	for (int i = 0; i < 3 * THROTTLE_ADDRESS; i++) {
		CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW), 0);
		throttle_take_back(t, "anna", HERE);
	}
	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	CU_ASSERT_TRUE(throttle_try(t, "anna", HERE, NOW) > 0);
	throttle_take_back(t, "nobody", "192.0.2.9"); /* none there: nothing happens */
	throttle_free(t);
}

/* ---- addresses ---- */

/* Do tries from the two count together? */
static bool
is_one(const char *a, const char *b)
{
	struct throttle *t = throttle_new();
	bool one;

	try_times(t, "anna", a, NOW, THROTTLE_USER);
	one = throttle_try(t, "anna", b, NOW) > 0;
	throttle_free(t);
	return one;
}

static void
addresses_are_compared_as_people_have_them(void)
{
	CU_ASSERT_TRUE(is_one("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
	CU_ASSERT_FALSE(is_one("2001:db8:1:2::1", "2001:db8:1:3::1"));
	CU_ASSERT_TRUE(is_one("2001:DB8::1", "2001:db8:0:0:0:0:0:2"));
	/* All of IPv4 is in one /64. */
	CU_ASSERT_TRUE(is_one("192.0.2.1", "::ffff:192.0.2.1"));
	CU_ASSERT_FALSE(is_one("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
	CU_ASSERT_FALSE(is_one("192.0.2.1", "192.0.2.2"));
	CU_ASSERT_FALSE(is_one("::1", "192.0.2.1"));
	CU_ASSERT_TRUE(is_one("fe80::1%eth0", "fe80::1%eth1"));
	CU_ASSERT_TRUE(is_one("unix", "?"));
	CU_ASSERT_FALSE(is_one("unix", "192.0.2.1"));
}

static void
what_can_be_no_name_is_one(void)
{
	struct throttle *t = throttle_new();

	CU_ASSERT_EQUAL(throttle_try(t, "", HERE, NOW), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "A", HERE, NOW), 0);
	for (int i = 2; i < THROTTLE_USER; i++)
		CU_ASSERT_EQUAL(throttle_try(t, "no name", HERE, NOW), 0);
	CU_ASSERT_EQUAL(throttle_try(t, "B", HERE, NOW), 600);
	CU_ASSERT_EQUAL(throttle_try(t, "b", HERE, NOW), 0);
	throttle_free(t);
}

/* ---- the clock ---- */

static void
a_clock_set_back_locks_nobody_out(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW - 1000000), 600);
	CU_ASSERT_EQUAL(throttle_try(t, "anna", HERE, NOW - 1000000 + 600), 0);
	throttle_free(t);
}

/* ---- the bound ---- */

/* The nth of many addresses. */
static const char *
address(int n)
{
	static char text[40];

	snprintf(text, sizeof(text), "10.%d.%d.%d", n >> 16 & 255, n >> 8 & 255, n & 255);
	return text;
}

/* Tries for anna, one from each of so many addresses, from the nth on. */
static void
flood(struct throttle *t, int from, int n, int64_t now)
{
	for (int i = from; i < from + n; i++)
		throttle_try(t, "anna", address(i), now);
}

static void
a_flood_of_addresses_flushes_no_entry(void)
{
	struct throttle *t = throttle_new();

	try_times(t, "anna", HERE, NOW, THROTTLE_USER);
	flood(t, 0, THROTTLE_USERS_MAX + 500, NOW + 20);
	CU_ASSERT_TRUE(throttle_try(t, "anna", HERE, NOW + 20) > 0);
	throttle_free(t);
}

/* The same for an address that may try no user at all. */
static void
a_flood_flushes_no_address(void)
{
	struct throttle *t = throttle_new();

	spray(t, HERE, NOW, THROTTLE_ADDRESS);
	flood(t, 0, THROTTLE_ADDRESSES_MAX + 500, NOW + 20);
	CU_ASSERT_TRUE(throttle_try(t, "one-more", HERE, NOW + 20) > 0);
	throttle_free(t);
}

/* A table full of others' tries, and two addresses that drive each other out: the count stays with
 * the place, so that this ends after ten. */
static void
changing_places_gains_nothing(void)
{
	struct throttle *t = throttle_new();
	int allowed = 0;

	/* Two for each entry of the users' ledger, and none left. */
	for (int i = 0; i < 2; i++)
		flood(t, 0, THROTTLE_USERS_MAX, NOW);
	for (int i = 0; i < 1000; i++)
		allowed +=
		    throttle_try(t, "anna", i % 2 ? "192.0.2.1" : "198.51.100.1", NOW + 1) == 0;
	CU_ASSERT_TRUE(allowed <= 2 * THROTTLE_USER);
	throttle_free(t);
}

static void
a_full_table_lets_others_in(void)
{
	struct throttle *t = throttle_new();

	flood(t, 0, THROTTLE_USERS_MAX, NOW);
	CU_ASSERT_EQUAL(throttle_try(t, "otto", "203.0.113.1", NOW + 1), 0);
	throttle_right(t, "otto", "203.0.113.1");
	throttle_free(t);
}

static void
ten_minutes_later_the_table_is_empty(void)
{
	struct throttle *t = throttle_new();

	flood(t, 0, THROTTLE_USERS_MAX, NOW);
	try_times(t, "otto", "203.0.113.1", NOW + 600, THROTTLE_USER);
	CU_ASSERT_EQUAL(throttle_try(t, "otto", "203.0.113.1", NOW + 600 + 9), 591);
	throttle_free(t);
}

static const struct suite_test tests[] = {
	{ "ten for a user from an address", ten_for_a_user_from_an_address },
	{ "the wait is exact", the_wait_is_exact },
	{ "never more than ten in any ten minutes", never_more_than_ten_in_any_ten_minutes },
	{ "what was refused does not prolong it", what_was_refused_does_not_prolong_it },
	{ "hundred from an address", hundred_from_an_address },
	{ "a right one clears the user there", a_right_one_clears_the_user_there },
	{ "a right one does not clear the address", a_right_one_does_not_clear_the_address },
	{ "tries at once do not pass together", tries_at_once_do_not_pass_together },
	{ "one never made does not count", one_never_made_does_not_count },
	{ "addresses are compared as people have them",
	    addresses_are_compared_as_people_have_them },
	{ "what can be no name is one", what_can_be_no_name_is_one },
	{ "a clock set back locks nobody out", a_clock_set_back_locks_nobody_out },
	{ "a flood of addresses flushes no entry", a_flood_of_addresses_flushes_no_entry },
	{ "a flood flushes no address", a_flood_flushes_no_address },
	{ "changing places gains nothing", changing_places_gains_nothing },
	{ "a full table lets others in", a_full_table_lets_others_in },
	{ "ten minutes later the table is empty", ten_minutes_later_the_table_is_empty },
};

SUITE_MAIN("admin/throttle", tests)
