#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tftp/cache.h"

enum { ROOMY = 1 << 20 };

static struct content *
content_with(size_t n)
{
	struct wr w = { 0 };

	wr_fill(&w, 'x', n);
	return content_of_memory(NULL, &w);
}

static void
keep(struct cache *c, const char *name, const char *origin, int64_t generation, size_t n)
{
	struct content *content = content_with(n);

	cache_keep(c, name, bytes_of(origin), generation, content);
	content_unref(content);
}

/* Drops the reference at once: whether it was there is all that most tests want. */
static bool
there(struct content *found)
{
	content_unref(found);
	return found != NULL;
}

static bool
fresh(struct cache *c, const char *name, int64_t generation)
{
	return there(cache_fresh(c, name, generation));
}

static bool
made_from(struct cache *c, const char *name, const char *origin, int64_t generation)
{
	return there(cache_made_from(c, name, bytes_of(origin), generation));
}

static void
a_generation_confirms_until_it_moves_on(void)
{
	struct cache *c = cache_new(ROOMY);

	CU_ASSERT(!fresh(c, "a", 7));
	keep(c, "a", "origin", 7, 10);
	CU_ASSERT(fresh(c, "a", 7));
	CU_ASSERT(!fresh(c, "a", 8));
	CU_ASSERT(!fresh(c, "b", 7));
	cache_free(c);
}

static void
the_same_origin_confirms_again(void)
{
	struct cache *c = cache_new(ROOMY);

	keep(c, "a", "origin", 7, 10);
	CU_ASSERT(!made_from(c, "a", "another origin", 8));
	CU_ASSERT(!fresh(c, "a", 8));
	CU_ASSERT(made_from(c, "a", "origin", 8));
	CU_ASSERT(fresh(c, "a", 8));
	CU_ASSERT(!fresh(c, "a", 7));
	cache_free(c);
}

static void
what_was_never_confirmed_is_never_fresh(void)
{
	struct cache *c = cache_new(ROOMY);

	keep(c, "a", "origin", CACHE_UNCONFIRMED, 10);
	CU_ASSERT(!fresh(c, "a", CACHE_UNCONFIRMED));
	CU_ASSERT(made_from(c, "a", "origin", CACHE_UNCONFIRMED));
	cache_free(c);
}

static void
a_name_has_one_place(void)
{
	struct cache *c = cache_new(ROOMY);
	size_t once;

	keep(c, "a", "old", 1, 10);
	once = cache_bytes(c);
	keep(c, "a", "new", 2, 10);
	CU_ASSERT_EQUAL(cache_entries(c), 1);
	CU_ASSERT_EQUAL(cache_bytes(c), once);
	CU_ASSERT(!made_from(c, "a", "old", 2));
	CU_ASSERT(made_from(c, "a", "new", 2));
	cache_free(c);
}

static void
what_was_asked_for_longest_ago_goes_first(void)
{
	struct cache *c = cache_new(3500);

	keep(c, "a", "o", 1, 1000);
	keep(c, "b", "o", 1, 1000);
	keep(c, "c", "o", 1, 1000);
	CU_ASSERT_EQUAL(cache_entries(c), 3);
	CU_ASSERT(fresh(c, "a", 1));
	keep(c, "d", "o", 1, 1000);
	CU_ASSERT_EQUAL(cache_entries(c), 3);
	CU_ASSERT(!fresh(c, "b", 1));
	CU_ASSERT(fresh(c, "a", 1) && fresh(c, "c", 1) && fresh(c, "d", 1));
	cache_free(c);
}

static void
it_never_outgrows_its_bound(void)
{
	struct cache *c = cache_new(5000);
	char name[24];

	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		keep(c, name, "o", 1, (size_t)i * 7);
		CU_ASSERT(cache_bytes(c) <= 5000);
		CU_ASSERT(fresh(c, name, 1));
	}
	keep(c, "all of it", "o", 1, 5000);
	CU_ASSERT(!fresh(c, "all of it", 1));
	CU_ASSERT(fresh(c, name, 1));
	cache_free(c);
}

/* Twice as many names as buckets, so that some share one. */
static void
many_names_are_told_apart(void)
{
	enum { NAMES = 9000 };
	struct cache *c = cache_new((size_t)64 << 20);
	char name[24];

	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "SEP%012X", (unsigned)i);
		keep(c, name, name, i, 1);
	}
	CU_ASSERT_EQUAL(cache_entries(c), NAMES);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "SEP%012X", (unsigned)i);
		CU_ASSERT(fresh(c, name, i));
		CU_ASSERT(!fresh(c, name, i + 1));
	}
	cache_free(c);
	cache_free(NULL);
}

static void
a_content_outlives_its_place_and_the_cache(void)
{
	struct cache *c = cache_new(ROOMY);
	struct content *held;
	char byte = 0;
	struct err e;

	keep(c, "a", "old", 1, 10);
	held = cache_fresh(c, "a", 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(held);
	keep(c, "a", "new", 2, 20);
	cache_free(c);
	CU_ASSERT_EQUAL(content_size(held), 10);
	CU_ASSERT_EQUAL(content_read(held, 9, &byte, 1, &e), 0);
	CU_ASSERT_EQUAL(byte, 'x');
	content_unref(held);
}

static const struct suite_test tests[] = {
	{ "a generation confirms until it moves on", a_generation_confirms_until_it_moves_on },
	{ "the same origin confirms again", the_same_origin_confirms_again },
	{ "what was never confirmed is never fresh", what_was_never_confirmed_is_never_fresh },
	{ "a name has one place", a_name_has_one_place },
	{ "what was asked for longest ago goes first", what_was_asked_for_longest_ago_goes_first },
	{ "it never outgrows its bound", it_never_outgrows_its_bound },
	{ "many names are told apart", many_names_are_told_apart },
	{ "a content outlives its place and the cache",
	    a_content_outlives_its_place_and_the_cache },
};

SUITE_MAIN("tftp/cache", tests)
