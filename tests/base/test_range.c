#include "base/range.h"

#include "tests/support/suite.h"

struct row {
	const char *field;
	uint64_t size;
	enum range_kind kind;
	uint64_t from, n;
};

static void
each_is_read(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct range r = { 7, 7 };
		enum range_kind kind = range_of(bytes_of(row[i].field), row[i].size, &r);

		if (kind != row[i].kind || r.from != row[i].from || r.n != row[i].n)
			fprintf(stderr, "\n    %s of %llu: kind %d, %llu from %llu\n", row[i].field,
			    (unsigned long long)row[i].size, (int)kind, (unsigned long long)r.n,
			    (unsigned long long)r.from);
		CU_ASSERT_EQUAL(kind, row[i].kind);
		CU_ASSERT_EQUAL(r.from, row[i].from);
		CU_ASSERT_EQUAL(r.n, row[i].n);
	}
}

#define EACH_IS_READ(rows) each_is_read(rows, sizeof(rows) / sizeof((rows)[0]))

/* The examples of RFC 9110, 14.1.2, for a content of 10000 bytes, and their edges. */
static void
parts_are_found(void)
{
	static const struct row rows[] = {
		{ "bytes=0-499", 10000, RANGE_PART, 0, 500 },
		{ "bytes=500-999", 10000, RANGE_PART, 500, 500 },
		{ "bytes=-500", 10000, RANGE_PART, 9500, 500 },
		{ "bytes=9500-", 10000, RANGE_PART, 9500, 500 },
		{ "bytes=0-0", 10000, RANGE_PART, 0, 1 },
		{ "bytes=9999-9999", 10000, RANGE_PART, 9999, 1 },
		{ "bytes=9999-10000", 10000, RANGE_PART, 9999, 1 },
		{ "bytes=0-", 10000, RANGE_PART, 0, 10000 },
		{ "bytes=-10000", 10000, RANGE_PART, 0, 10000 },
		{ "bytes=-10001", 10000, RANGE_PART, 0, 10000 },
		{ "Bytes= 5-6 ", 10000, RANGE_PART, 5, 2 },
	};

	EACH_IS_READ(rows);
}

static void
parts_that_are_not_there_are_said_to_be(void)
{
	static const struct row rows[] = {
		{ "bytes=10000-", 10000, RANGE_BEYOND, 0, 0 },
		{ "bytes=10000-20000", 10000, RANGE_BEYOND, 0, 0 },
		{ "bytes=-0", 10000, RANGE_BEYOND, 0, 0 },
		{ "bytes=0-", 0, RANGE_BEYOND, 0, 0 },
		{ "bytes=0-0", 0, RANGE_BEYOND, 0, 0 },
		{ "bytes=-0", 0, RANGE_BEYOND, 0, 0 },
	};

	EACH_IS_READ(rows);
}

static void
all_else_is_the_whole(void)
{
	static const struct row rows[] = {
		{ "", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=-", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=6-5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=--5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=+1-5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=0x1-5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=1 -5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=1-5x", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes =1-5", 100, RANGE_WHOLE, 0, 100 },
		{ "lines=1-5", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=-5", 0, RANGE_WHOLE, 0, 0 },
	};

	EACH_IS_READ(rows);
}

/* Twelve bytes, over and over, from one request: CVE-2011-3192. */
static void
several_parts_are_the_whole(void)
{
	static const struct row rows[] = {
		{ "bytes=0-1,3-4", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=0-,0-,0-", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=5-7,", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=,5-7", 100, RANGE_WHOLE, 0, 100 },
		{ "bytes=200-300,400-500", 100, RANGE_WHOLE, 0, 100 },
	};

	EACH_IS_READ(rows);
}

static void
numbers_do_not_wrap(void)
{
	static const struct row rows[] = {
		{ "bytes=1-18446744073709551615", 100, RANGE_PART, 1, 99 },
		{ "bytes=1-99999999999999999999999999", 100, RANGE_PART, 1, 99 },
		{ "bytes=18446744073709551616-", 100, RANGE_BEYOND, 0, 0 },
		{ "bytes=18446744073709551617-18446744073709551618", 100, RANGE_BEYOND, 0, 0 },
		{ "bytes=-18446744073709551617", 100, RANGE_PART, 0, 100 },
		{ "bytes=0-18446744073709551615", UINT64_MAX, RANGE_PART, 0, UINT64_MAX },
		{ "bytes=18446744073709551614-", UINT64_MAX, RANGE_PART, UINT64_MAX - 1, 1 },
	};

	EACH_IS_READ(rows);
}

static void
look(struct bytes field, size_t n, void *ctx)
{
	struct range r;

	(void)n;
	(void)ctx;
	if (range_of(field, 1000, &r) != RANGE_BEYOND)
		CU_ASSERT_TRUE(r.from <= 1000 && r.n <= 1000 - r.from);
}

static void
every_cut_and_flip_stays_within(void)
{
	each_cut(bytes_of("bytes=100-200, -300"), look, NULL);
	each_flip(bytes_of("bytes=100-200"), look, NULL);
	each_flip(bytes_of("bytes=-300"), look, NULL);
}

static const struct suite_test tests[] = {
	{ "parts are found", parts_are_found },
	{ "parts that are not there are said to be", parts_that_are_not_there_are_said_to_be },
	{ "all else is the whole", all_else_is_the_whole },
	{ "several parts are the whole", several_parts_are_the_whole },
	{ "numbers do not wrap", numbers_do_not_wrap },
	{ "every cut and flip stays within", every_cut_and_flip_stays_within },
};

SUITE_MAIN("range", tests)
