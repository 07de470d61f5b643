#include "cmd/scribe.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	PATIENCE_MS = 100,	 /* how long it waits for other processes at a time */
	LAST_PATIENCE_MS = 5000, /* and when a worker ends */
	/* What is written in one change: a few milliseconds, in which a phone that is waiting for
	 * its LSC to be on the disk waits for us, too. */
	AT_ONCE = 32,
};

struct scribe_tray {
	struct scribe *scribe;
	struct scribe_tray *next;
	struct trail *trail; /* the scribe's while it is full, else the worker's */
	bool full;
	bool last; /* nothing follows: somebody waits for it */
};

struct scribe {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, and of the trays */
	pthread_cond_t news;  /* for the thread: a tray was filled, or it shall end */
	pthread_cond_t done;  /* for workers: a tray was emptied */
	struct scribe_tray *tray;
	unsigned hurry; /* how many wait for their last */
	bool stop;
};

/* ---- its thread ---- */

static void
report(int rc, uint64_t dropped, const struct err *e)
{
	if (rc < 0)
		log_err(LOG_ERROR, "serve", NULL, NULL, "trail-not-written", e);
	if (dropped > 0)
		log_event(LOG_WARN, "serve", NULL, NULL, "trail-dropped", "events",
		    LOG_NUM(dropped), NULL);
}

/* As long as it wrote, the store is for others: they may be other processes, which do not stand in
 * a queue but look now and then whether it is free. */
static void
let_others(struct scribe *s, int64_t us)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(us % 1000000) * 1000;
	until.tv_sec += us / 1000000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&s->lock);
	while (s->hurry == 0 && !s->stop && pthread_cond_timedwait(&s->news, &s->lock, &until) == 0)
		;
	pthread_mutex_unlock(&s->lock);
}

static bool
is_last(struct scribe_tray *tray)
{
	bool is;

	pthread_mutex_lock(&tray->scribe->lock);
	is = tray->last;
	pthread_mutex_unlock(&tray->scribe->lock);
	return is;
}

/* One change.  True: there is more, or it has to be tried again. */
static bool
write_some(struct scribe_tray *tray)
{
	bool last = is_last(tray);
	int patience = last ? LAST_PATIENCE_MS : PATIENCE_MS;
	struct err e = { 0 };
	uint64_t dropped = 0;
	int rc = trail_flush_some(tray->trail, AT_ONCE, patience, &dropped, &e);
	bool busy = rc < 0 && e.code == ERR_BUSY && !last;

	report(busy ? 0 : rc, dropped, &e);
	return rc == 1 || busy;
}

static void
write_all(struct scribe_tray *tray)
{
	bool more = true;

	while (more) {
		int64_t began = clock_mono_us();

		more = write_some(tray);
		if (more)
			let_others(tray->scribe, clock_mono_us() - began);
	}
}

static struct scribe_tray *
find_full(struct scribe *s)
{
	struct scribe_tray *t = s->tray;

	while (t != NULL && !t->full)
		t = t->next;
	return t;
}

/* Who was written goes behind the others. */
static void
move_back(struct scribe *s, struct scribe_tray *tray)
{
	struct scribe_tray **at = &s->tray;

	while (*at != tray)
		at = &(*at)->next;
	*at = tray->next;
	while (*at != NULL)
		at = &(*at)->next;
	*at = tray;
	tray->next = NULL;
}

static void *
work(void *arg)
{
	struct scribe *s = arg;
	struct scribe_tray *tray;

	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		tray = find_full(s);
		if (tray == NULL) {
			pthread_cond_wait(&s->news, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		write_all(tray);
		pthread_mutex_lock(&s->lock);
		tray->full = false;
		move_back(s, tray);
		pthread_cond_broadcast(&s->done);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the others' ---- */

static void
open_locks(struct scribe *s)
{
	pthread_condattr_t how;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(&s->news, &how);
	pthread_cond_init(&s->done, &how);
	pthread_condattr_destroy(&how);
}

static void
close_all(struct scribe *s)
{
	pthread_cond_destroy(&s->done);
	pthread_cond_destroy(&s->news);
	pthread_mutex_destroy(&s->lock);
	store_close(s->store);
	free(s);
}

struct scribe *
scribe_new(struct store *own, struct err *e)
{
	struct scribe *s = mem_new(sizeof(*s));
	int rc;

	s->store = own;
	open_locks(s);
	rc = pthread_create(&s->thread, NULL, work, s);
	if (rc == 0)
		return s;
	err_set(e, ERR_FAILED, "no thread to write with: %s", strerror(rc));
	close_all(s);
	return NULL;
}

void
scribe_free(struct scribe *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	close_all(s);
}

struct scribe_tray *
scribe_tray_new(struct scribe *s)
{
	struct scribe_tray *tray = mem_new(sizeof(*tray));

	tray->scribe = s;
	tray->trail = trail_new(s->store);
	pthread_mutex_lock(&s->lock);
	tray->next = s->tray;
	s->tray = tray;
	pthread_mutex_unlock(&s->lock);
	return tray;
}

static void
fill(struct scribe_tray *tray, struct trail *t)
{
	if (tray->full || trail_is_empty(t))
		return;
	trail_swap(tray->trail, t);
	tray->full = true;
	pthread_cond_signal(&tray->scribe->news);
}

void
scribe_take(struct scribe_tray *tray, struct trail *t)
{
	pthread_mutex_lock(&tray->scribe->lock);
	fill(tray, t);
	pthread_mutex_unlock(&tray->scribe->lock);
}

static void
wait_until_empty(struct scribe_tray *tray)
{
	while (tray->full)
		pthread_cond_wait(&tray->scribe->done, &tray->scribe->lock);
}

static void
leave(struct scribe_tray *tray)
{
	struct scribe_tray **at = &tray->scribe->tray;

	while (*at != tray)
		at = &(*at)->next;
	*at = tray->next;
}

void
scribe_tray_free(struct scribe_tray *tray, struct trail *last)
{
	struct scribe *s;

	if (tray == NULL)
		return;
	s = tray->scribe;
	pthread_mutex_lock(&s->lock);
	tray->last = true;
	s->hurry++;
	pthread_cond_signal(&s->news);
	wait_until_empty(tray);
	fill(tray, last);
	wait_until_empty(tray);
	s->hurry--;
	leave(tray);
	pthread_mutex_unlock(&s->lock);
	trail_free(tray->trail);
	free(tray);
}
