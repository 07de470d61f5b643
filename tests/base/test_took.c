#include "base/took.h"

#include "base/clock.h"
#include "tests/support/suite.h"

static void
what_is_at_a_limit_is_within_it(void)
{
	struct took t = { .us = 0 };

	for (int i = 0; i < TOOK_LIMITS; i++) {
		took_add(&t, (int64_t)took_limit_ms[i] * 1000);
		CU_ASSERT_EQUAL(t.n[i], 1);
		took_add(&t, (int64_t)took_limit_ms[i] * 1000 + 1);
		CU_ASSERT_EQUAL(t.n[i], 1);
		t.n[i + 1] = 0;
	}
	CU_ASSERT_EQUAL(t.us, 2 * (1000 + 5000 + 25000 + 100000 + 500000 + 2000000) + TOOK_LIMITS);
}

static void
what_takes_longer_than_all_is_in_the_last(void)
{
	struct took t = { .us = 0 };

	took_add(&t, 2000001);
	took_add(&t, INT64_MAX / 2);
	CU_ASSERT_EQUAL(t.n[TOOK_LIMITS], 2);
}

static void
nothing_takes_less_than_no_time(void)
{
	struct took t = { .us = 7 };

	took_add(&t, 0);
	took_add(&t, -5);
	CU_ASSERT_EQUAL(t.n[0], 2);
	CU_ASSERT_EQUAL(t.us, 7);
}

static void
the_clock_counts_microseconds(void)
{
	int64_t ms = clock_mono_ms(), us = clock_mono_us(), later = clock_mono_ms();

	CU_ASSERT(us / 1000 >= ms);
	CU_ASSERT(us / 1000 <= later);
}

static const struct suite_test tests[] = {
	{ "what is at a limit is within it", what_is_at_a_limit_is_within_it },
	{ "what takes longer than all is in the last", what_takes_longer_than_all_is_in_the_last },
	{ "nothing takes less than no time", nothing_takes_less_than_no_time },
	{ "the clock counts microseconds", the_clock_counts_microseconds },
};

SUITE_MAIN("base/took", tests)
