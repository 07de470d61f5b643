/*
 * What a worker noted is handed on whole, and written part by part in its order.
 */
#include "trust/trail.h"

#include <stdio.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/seen.h"

enum { PHONES = 5, EVENTS = 3 };

static void
note(struct trail *t, int64_t node)
{
	struct event_row event = { .at = LAB_NOW, .service = "TVS", .what = "query" };
	char name[DEVICE_NAME_MAX];

	for (int i = 0; i < EVENTS; i++)
		trail_event(t, &event);
	for (int i = 0; i < PHONES; i++) {
		snprintf(name, sizeof(name), "SEP00112233445%d", i);
		trail_phone(t, name, "10.0.0.9", node, 1, LAB_NOW + i);
		trail_phone(t, name, "10.0.0.9", node, 0, LAB_NOW + i + (i % 2));
	}
}

static int
flush_some(struct trail *t, size_t most)
{
	struct err e = { 0 };
	uint64_t dropped;
	int rc = trail_flush_some(t, most, 0, &dropped, &e);

	CU_ASSERT_EQUAL(dropped, 0);
	return rc;
}

static void
it_is_written_in_parts(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct trail *t = trail_new(s);

	note(t, lab_node(s, NULL).id);
	CU_ASSERT(!trail_is_empty(t));
	CU_ASSERT_EQUAL(flush_some(t, 2), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), 2);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen"), 0);
	CU_ASSERT_EQUAL(flush_some(t, 3), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), EVENTS);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen"), 2);
	CU_ASSERT_EQUAL(flush_some(t, 3), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen"), PHONES);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT sum(at - 1700000000) FROM phone_seen"), 12);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen WHERE holds = 1"), PHONES);
	CU_ASSERT(trail_is_empty(t));
	CU_ASSERT_EQUAL(flush_some(t, 3), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), EVENTS);
	trail_free(t);
	store_close(s);
}

/* The one that has no store of its own goes on noting meanwhile. */
static void
another_trail_writes_what_it_was_given(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct trail *t = trail_new(NULL), *writer = trail_new(s);
	int64_t node = lab_node(s, NULL).id;

	note(t, node);
	trail_swap(writer, t);
	CU_ASSERT(trail_is_empty(t));
	CU_ASSERT_EQUAL(flush_some(writer, 4), 1);
	trail_phone(t, "SEP0011223344FF", "10.0.0.9", node, 0, LAB_NOW);
	CU_ASSERT_EQUAL(flush_some(writer, 100), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen"), PHONES);
	trail_swap(writer, t);
	CU_ASSERT_EQUAL(flush_some(writer, 100), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone_seen"), PHONES + 1);
	trail_free(t);
	trail_free(writer);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "it is written in parts", it_is_written_in_parts },
	{ "another trail writes what it was given", another_trail_writes_what_it_was_given },
};

SUITE_MAIN("trust/trail", tests)
