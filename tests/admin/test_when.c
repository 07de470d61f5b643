#include "admin/when.h"

#include <stdlib.h>
#include <time.h>

#include "tests/support/suite.h"

/* 2026-11-23 12:00:00 in Berlin, which is an hour ahead of UTC in winter and two in summer. */
enum { NOW = 1795431600, HOUR = 3600, DAY = 86400 };

typedef int reader(const char *text, int64_t now, int64_t *out, struct err *e);

static int64_t
read_with(reader *reads, const char *text)
{
	struct err e = { 0 };
	int64_t at = -1;
	int rc = reads(text, NOW, &at, &e);

	CU_ASSERT_EQUAL(e.code, rc == 0 ? ERR_NONE : ERR_USAGE);
	CU_ASSERT(rc == 0 || at == 0);
	return rc == 0 ? at : -1;
}

static int64_t
deadline(const char *text)
{
	return read_with(when_deadline, text);
}

static int64_t
horizon(const char *text)
{
	return read_with(when_horizon, text);
}

static void
moments_are_local(void)
{
	CU_ASSERT_EQUAL(deadline("2026-11-23T13:00"), NOW + HOUR);
	CU_ASSERT_EQUAL(deadline("2026-11-23 13:00:01"), NOW + HOUR + 1);
	CU_ASSERT_EQUAL(deadline("2026:11:23:13"), NOW + HOUR);
	CU_ASSERT_EQUAL(horizon("2026-11-23"), NOW - 12 * HOUR);
	CU_ASSERT_EQUAL(horizon("2020-01-01T00:00"), 1577833200);
	CU_ASSERT_EQUAL(deadline("2027-07-01T12:00"), 1814436000); /* in summer */
}

/* Whoever names a day as the last one means that day too. */
static void
a_date_as_deadline_lasts_until_its_end(void)
{
	CU_ASSERT_EQUAL(deadline("2026-11-23"), NOW + 12 * HOUR - 1);
	CU_ASSERT_EQUAL(deadline("2027-03-28") + 1 - horizon("2027-03-28"), 23 * HOUR);
}

static void
days_count_from_now(void)
{
	CU_ASSERT_EQUAL(horizon("0d"), NOW);
	CU_ASSERT_EQUAL(horizon("30d"), NOW + 30 * DAY);
	CU_ASSERT_EQUAL(horizon("36500d"), NOW + (int64_t)36500 * DAY);
	CU_ASSERT_EQUAL(horizon("36501d"), -1);
	CU_ASSERT_EQUAL(horizon("99999999999999999999d"), -1);
	CU_ASSERT_EQUAL(horizon("-1d"), -1);
	CU_ASSERT_EQUAL(horizon("d"), -1);
	CU_ASSERT_EQUAL(deadline("5d"), NOW + 5 * DAY);
	CU_ASSERT_EQUAL(deadline("0d"), -1); /* has passed */
	CU_ASSERT_EQUAL(deadline("36501d"), -1);
	CU_ASSERT_EQUAL(deadline("5"), -1);
}

static void
what_has_passed_is_no_deadline(void)
{
	CU_ASSERT_EQUAL(deadline("2026-11-22"), -1);
	CU_ASSERT_EQUAL(deadline("2026-11-23T12:00"), -1);
	CU_ASSERT_EQUAL(deadline("2026-11-23T12:01"), NOW + 60);
	CU_ASSERT_EQUAL(deadline("2026:11:23:12"), -1);
}

static void
what_is_no_moment_is_refused(void)
{
	static const char *const bad[] = { "", "tomorrow", "2030", "2030-1-1", "2030-13-01",
		"2030-00-01", "2030-01-00", "2030-02-30", "2030-01-01T24:00", "2030-01-01T12:60",
		"2030-01-01T12:00:60", "2030-01-01T12", "2030-01-01x", " 2030-01-01",
		"2030-01-01T12:00:00Z", "2030:01:01", "2030:01:01:24", "2030:01:01:12:00",
		"203a-01-01", "+030-01-01", "2030-01-01 ", "20300-01-01" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(deadline(bad[i]), -1);
		CU_ASSERT_EQUAL(horizon(bad[i]), -1);
	}
	CU_ASSERT(horizon("9999-12-31") > NOW);
}

static const struct suite_test tests[] = {
	{ "moments are local", moments_are_local },
	{ "a date as deadline lasts until its end", a_date_as_deadline_lasts_until_its_end },
	{ "days count from now", days_count_from_now },
	{ "what has passed is no deadline", what_has_passed_is_no_deadline },
	{ "what is no moment is refused", what_is_no_moment_is_refused },
};

int
main(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return suite_run("when", tests, sizeof(tests) / sizeof(tests[0]));
}
