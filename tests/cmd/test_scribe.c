/*
 * The thread that writes: all is written when the worker has ended, the worker never waits before,
 * and others get the store in between.
 */
#include "cmd/scribe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/model.h"

enum { MANY = 2000, LONG_MS = 30000 };

/* A founded cluster under a path of its own, so that it can be opened twice. */
static char *
founded(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	char *path = lab_path();
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(store_copy(s, path, &e), 0);
	store_close(s);
	return path;
}

static struct store *
opened(const char *path)
{
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return s;
}

static struct scribe *
scribe_of(const char *path)
{
	struct err e = { 0 };
	struct scribe *v = scribe_new(opened(path), &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	return v;
}

static void
note(struct trail *t, int from, int n)
{
	char name[DEVICE_NAME_MAX];

	for (int i = from; i < from + n; i++) {
		snprintf(name, sizeof(name), "SEP0011%08X", (unsigned)i);
		trail_phone(t, name, "10.0.0.9", 1, 1, LAB_NOW);
	}
}

static int64_t
written(struct store *s)
{
	return lab_int(s, "SELECT count(*) FROM phone_seen WHERE holds = 1");
}

static void
all_is_written_when_its_worker_ends(void)
{
	char *path = founded();
	struct store *s = opened(path);
	struct scribe *v = scribe_of(path);
	struct scribe_tray *tray[2] = { scribe_tray_new(v), scribe_tray_new(v) };
	struct trail *t[2] = { trail_new(NULL), trail_new(NULL) };

	for (int i = 0; i < 10; i++) {
		note(t[i % 2], i * MANY / 10, MANY / 10);
		scribe_take(tray[i % 2], t[i % 2]);
	}
	scribe_tray_free(tray[0], t[0]);
	scribe_tray_free(tray[1], t[1]);
	CU_ASSERT_EQUAL(written(s), MANY);
	scribe_free(v);
	trail_free(t[0]);
	trail_free(t[1]);
	store_close(s);
	free(path);
}

/* Also when nothing follows: it does not wait for more, or for the worker's end. */
static void
what_was_taken_is_written_by_itself(void)
{
	char *path = founded();
	struct store *s = opened(path);
	struct scribe *v = scribe_of(path);
	struct scribe_tray *tray = scribe_tray_new(v);
	struct trail *t = trail_new(NULL);
	int64_t end = clock_mono_ms() + LONG_MS;

	note(t, 0, 3);
	scribe_take(tray, t);
	CU_ASSERT(trail_is_empty(t));
	while (written(s) < 3 && clock_mono_ms() < end)
		;
	CU_ASSERT_EQUAL(written(s), 3);
	scribe_tray_free(tray, t);
	scribe_free(v);
	trail_free(t);
	store_close(s);
	free(path);
}

/* The worker goes on, whoever holds the store: what finds the tray full stays with it. */
static void
a_worker_does_not_wait_for_the_store(void)
{
	char *path = founded();
	struct store *s = opened(path);
	struct scribe *v = scribe_of(path);
	struct scribe_tray *tray = scribe_tray_new(v);
	struct trail *t = trail_new(NULL);
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(store_begin(s, &e), 0);
	note(t, 0, 3);
	scribe_take(tray, t);
	CU_ASSERT(trail_is_empty(t));
	note(t, 3, 3);
	scribe_take(tray, t);
	CU_ASSERT(!trail_is_empty(t));
	CU_ASSERT_EQUAL(written(s), 0);
	store_rollback(s);
	scribe_tray_free(tray, t);
	CU_ASSERT_EQUAL(written(s), 6);
	scribe_free(v);
	trail_free(t);
	store_close(s);
	free(path);
}

/* Used to be one change for all: a commit on a worker's loop had to wait for the whole flush. */
static void
others_write_in_between(void)
{
	char *path = founded();
	struct store *s = opened(path);
	struct scribe *v = scribe_of(path);
	struct scribe_tray *tray = scribe_tray_new(v);
	struct trail *t = trail_new(NULL);
	int64_t end = clock_mono_ms() + LONG_MS, n = 0;
	struct err e = { 0 };

	note(t, 0, MANY);
	scribe_take(tray, t);
	while (n == 0 && clock_mono_ms() < end) {
		CU_ASSERT_EQUAL_FATAL(store_begin(s, &e), 0);
		n = written(s);
		CU_ASSERT_EQUAL_FATAL(store_commit(s, &e), 0);
	}
	CU_ASSERT(n > 0);
	CU_ASSERT(n < MANY);
	scribe_tray_free(tray, t);
	CU_ASSERT_EQUAL(written(s), MANY);
	scribe_free(v);
	trail_free(t);
	store_close(s);
	free(path);
}

static const struct suite_test tests[] = {
	{ "all is written when its worker ends", all_is_written_when_its_worker_ends },
	{ "what was taken is written by itself", what_was_taken_is_written_by_itself },
	{ "a worker does not wait for the store", a_worker_does_not_wait_for_the_store },
	{ "others write in between", others_write_in_between },
};

SUITE_MAIN("cmd/scribe", tests)
