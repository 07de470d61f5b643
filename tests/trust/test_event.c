#include "trust/event.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

enum { ADDED = 10 };

/* Events 1 to ADDED, in turn of two phones. */
static struct store *
with_events(void)
{
	struct store *s = lab_empty();
	struct event_row row[ADDED];
	struct err e = { 0 };

	for (int i = 0; i < ADDED; i++) {
		row[i] = (struct event_row){ .at = LAB_NOW + i, .service = "TVS" };
		snprintf(row[i].device, sizeof(row[i].device), "%s", i % 2 ? "odd" : "even");
	}
	CU_ASSERT_EQUAL_FATAL(events_add(s, row, ADDED, &e), 0);
	return s;
}

/* The numbers of the events that come, "3 4 5". */
static const char *
numbers(struct store *s, int64_t after, const char *device, size_t max)
{
	static char text[256];
	struct event_row *all;
	struct err e = { 0 };
	size_t n, used = 0;

	text[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(events_list(s, after, device, max, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%lld", i ? " " : "", (long long)all[i].id);
	free(all);
	return text;
}

static void
the_newest_come_oldest_first(void)
{
	struct store *s = with_events();

	CU_ASSERT_STRING_EQUAL(numbers(s, EVENTS_NEWEST, NULL, 3), "8 9 10");
	CU_ASSERT_STRING_EQUAL(numbers(s, EVENTS_NEWEST, "odd", 3), "6 8 10");
	CU_ASSERT_STRING_EQUAL(numbers(s, EVENTS_NEWEST, NULL, 99), "1 2 3 4 5 6 7 8 9 10");
	CU_ASSERT_STRING_EQUAL(numbers(s, EVENTS_NEWEST, "nobody", 3), "");
	store_close(s);
}

/* What came after an event used to be its newest: who followed in steps missed those between. */
static void
a_follower_misses_none(void)
{
	struct store *s = with_events();

	CU_ASSERT_STRING_EQUAL(numbers(s, 0, NULL, 4), "1 2 3 4");
	CU_ASSERT_STRING_EQUAL(numbers(s, 4, NULL, 4), "5 6 7 8");
	CU_ASSERT_STRING_EQUAL(numbers(s, 8, NULL, 4), "9 10");
	CU_ASSERT_STRING_EQUAL(numbers(s, 10, NULL, 4), "");
	CU_ASSERT_STRING_EQUAL(numbers(s, 2, "odd", 2), "4 6");
	store_close(s);
}

/* Those that went do not count less. */
static void
all_there_ever_were_are_counted(void)
{
	struct store *s = with_events();
	struct err e = { 0 };
	int64_t n;

	CU_ASSERT_EQUAL(events_total(s, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 10);
	lab_do(s, "DELETE FROM event WHERE id < 9");
	CU_ASSERT_EQUAL(events_total(s, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 10);
	store_close(s);
	s = lab_empty();
	CU_ASSERT_EQUAL(events_total(s, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "the newest come oldest first", the_newest_come_oldest_first },
	{ "a follower misses none", a_follower_misses_none },
	{ "all there ever were are counted", all_there_ever_were_are_counted },
};

SUITE_MAIN("trust/event", tests)
