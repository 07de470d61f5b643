#include "trust/tally.h"

#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static const struct tally nothing;

static void
add(struct store *s, int64_t node, enum tally_door door, struct tally *told, const struct tally *is)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(tally_add(s, node, door, told, is, &e), 0);
	*told = *is;
}

static int64_t
sum(struct store *s, int64_t node, enum tally_door door, enum tally_what what)
{
	struct tally t;
	struct err e = { 0 };

	return tally_get(s, node, door, &t, &e) == 1 ? t.n[what] : -1;
}

static void
begin(struct store *s, int64_t now)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(tally_begin(s, now, &e), 0);
}

static void
workers_add_up(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tally one = nothing, two = nothing, is = nothing;

	begin(s, LAB_NOW);
	is.n[TALLY_REQUESTS] = 7;
	is.n[TALLY_SENT] = 5;
	is.n[TALLY_RUNNING] = 2;
	add(s, 1, TALLY_TFTP, &one, &is);
	is.n[TALLY_REQUESTS] = 10;
	is.n[TALLY_BYTES] = (int64_t)1 << 40;
	add(s, 1, TALLY_TFTP, &two, &is);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_REQUESTS), 17);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_SENT), 10);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_RUNNING), 4);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_BYTES), (int64_t)1 << 40);
	is.n[TALLY_RUNNING] = 0;
	is.n[TALLY_SENT] = 7;
	add(s, 1, TALLY_TFTP, &two, &is);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_RUNNING), 2);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_SENT), 12);
	store_close(s);
}

static void
nodes_and_doors_are_apart(void)
{
	struct store *s = lab_of_two();
	struct tally told[3] = { nothing, nothing, nothing }, is = nothing;

	begin(s, LAB_NOW);
	for (int i = 0; i < 3; i++) {
		is.n[TALLY_NOT_FOUND] = 1 + i;
		add(s, i == 2 ? 2 : 1, i == 1 ? TALLY_HTTPS_TOMCAT : TALLY_TFTP, &told[i], &is);
	}
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_NOT_FOUND), 1);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_HTTPS_TOMCAT, TALLY_NOT_FOUND), 2);
	CU_ASSERT_EQUAL(sum(s, 2, TALLY_TFTP, TALLY_NOT_FOUND), 3);
	CU_ASSERT_EQUAL(sum(s, 2, TALLY_HTTPS_TOMCAT, TALLY_NOT_FOUND), -1);
	store_close(s);
}

static void
every_count_has_a_word_and_comes_back(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tally told = nothing, is;

	begin(s, LAB_NOW);
	for (int i = 0; i < TALLY_WHATS; i++)
		is.n[i] = 100 + i;
	add(s, 1, TALLY_HTTP, &told, &is);
	for (int i = 0; i < TALLY_WHATS; i++)
		CU_ASSERT_EQUAL(sum(s, 1, TALLY_HTTP, (enum tally_what)i), 100 + i);
	store_close(s);
}

static void
each_door_counts_what_happens_there(void)
{
	CU_ASSERT(tally_counts(TALLY_TFTP, TALLY_RESENT));
	CU_ASSERT_FALSE(tally_counts(TALLY_HTTP, TALLY_RESENT));
	CU_ASSERT_FALSE(tally_counts(TALLY_TFTP, TALLY_CONNECTIONS));
	CU_ASSERT(tally_counts(TALLY_TVS, TALLY_TRUSTED));
	CU_ASSERT_FALSE(tally_counts(TALLY_CAPF, TALLY_TRUSTED));
	CU_ASSERT(tally_counts(TALLY_CAPF, TALLY_NOTHING_TO_DO));
	CU_ASSERT_FALSE(tally_counts(TALLY_TVS, TALLY_SENT));
	for (int i = 0; i < TALLY_DOORS; i++) {
		enum tally_door door = (enum tally_door)i;

		CU_ASSERT(tally_counts(door, TALLY_REQUESTS));
		CU_ASSERT(tally_counts(door, TALLY_TOOK));
		CU_ASSERT(tally_counts(door, TALLY_TOOK_US));
		CU_ASSERT_EQUAL(tally_is_files(door), door != TALLY_TVS && door != TALLY_CAPF);
		for (int k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(
			    tally_door_word(door), tally_door_word((enum tally_door)k));
	}
}

static void
times_come_back(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tally told = nothing, is = nothing, got;
	struct took took = { .us = 0 }, back;
	struct err e = { 0 };

	for (int i = 0; i <= TOOK_LIMITS; i++)
		for (int k = 0; k <= i; k++)
			took_add(&took, i < TOOK_LIMITS ? took_limit_ms[i] * 1000 : 9000000);
	tally_set_took(&is, &took);
	begin(s, LAB_NOW);
	add(s, 1, TALLY_TVS, &told, &is);
	CU_ASSERT_EQUAL(tally_get(s, 1, TALLY_TVS, &got, &e), 1);
	back = tally_took(&got);
	CU_ASSERT_EQUAL(back.us, took.us);
	for (int i = 0; i <= TOOK_LIMITS; i++)
		CU_ASSERT_EQUAL(back.n[i], (uint64_t)i + 1);
	store_close(s);
}

static void
a_door_without_requests_is_there(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tally told = nothing;

	begin(s, LAB_NOW);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_HTTPS, TALLY_REQUESTS), -1);
	add(s, 1, TALLY_HTTPS, &told, &nothing);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_HTTPS, TALLY_REQUESTS), 0);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_HTTPS, TALLY_BYTES), 0);
	store_close(s);
}

static void
who_serves_anew_counts_anew(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tally told = nothing, is = nothing;
	struct err e = { 0 };
	int64_t since = 1, at = 1;

	CU_ASSERT_EQUAL(tally_times(s, &since, &at, &e), 0);
	CU_ASSERT_EQUAL(since, 0);
	CU_ASSERT_EQUAL(at, 0);
	begin(s, LAB_NOW);
	is.n[TALLY_SENT] = 3;
	add(s, 1, TALLY_TFTP, &told, &is);
	CU_ASSERT_EQUAL(tally_touch(s, LAB_NOW + 5, &e), 0);
	CU_ASSERT_EQUAL(tally_times(s, &since, &at, &e), 0);
	CU_ASSERT_EQUAL(since, LAB_NOW);
	CU_ASSERT_EQUAL(at, LAB_NOW + 5);
	begin(s, LAB_NOW + 9);
	CU_ASSERT_EQUAL(sum(s, 1, TALLY_TFTP, TALLY_SENT), -1);
	CU_ASSERT_EQUAL(tally_times(s, &since, &at, &e), 0);
	CU_ASSERT_EQUAL(since, LAB_NOW + 9);
	store_close(s);
}

static void
the_generation_stays(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t before = store_generation(s);
	struct tally told = nothing, is = nothing;
	struct err e = { 0 };

	begin(s, LAB_NOW);
	is.n[TALLY_SENT] = 3;
	add(s, 1, TALLY_TFTP, &told, &is);
	CU_ASSERT_EQUAL(tally_touch(s, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), before);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "workers add up", workers_add_up },
	{ "nodes and doors are apart", nodes_and_doors_are_apart },
	{ "every count has a word and comes back", every_count_has_a_word_and_comes_back },
	{ "each door counts what happens there", each_door_counts_what_happens_there },
	{ "times come back", times_come_back },
	{ "a door without requests is there", a_door_without_requests_is_there },
	{ "who serves anew counts anew", who_serves_anew_counts_anew },
	{ "the generation stays", the_generation_stays },
};

SUITE_MAIN("trust/tally", tests)
