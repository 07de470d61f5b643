#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/phone/fleet.h"

enum { TRIES = 3 };
enum { SECONDS = 10, PROGRESS_MS = 100 };
/* Booting is mostly waiting: for the server, the disk, a TVS. */
enum { THREADS_PER_PROCESSOR = 8, THREADS_LEAST = 2 };

/* Those who boot together, and what is left to do. */
struct crew {
	const struct fleet_boots *how;
	struct fleet_phone **turn;
	size_t n;
	atomic_size_t next;
	pthread_t thread[FLEET_THREADS_MAX];
	unsigned threads;

	pthread_mutex_t lock;
	pthread_cond_t news;
	size_t done; /* under lock, as is what follows */
	unsigned working;
	bool failed;
	struct err why;
};

/* What a thread uses for one phone after the other. */
struct tools {
	struct fetch_line *line;
	struct shelf *shelf;
	struct boot_result *result;
};

static void
look(void *ctx, const struct memory *m)
{
	fleet_look(ctx, m);
}

static void
note_result(struct fleet_phone *p, const struct boot_result *r)
{
	const struct boot_step *s = boot_decisive(r);

	p->booted = true;
	p->outcome = r->outcome;
	p->reason = 0;
	p->file[0] = p->why[0] = p->decided_by[0] = '\0';
	p->enrolled = r->enrol.end;
	snprintf(p->enrol_why, sizeof(p->enrol_why), "%.*s", (int)sizeof(p->enrol_why) - 1,
	    r->enrol.why);
	if (s == NULL)
		return;
	p->reason = s->reason;
	snprintf(p->file, sizeof(p->file), "%s", s->file);
	snprintf(p->why, sizeof(p->why), "%.*s", (int)sizeof(p->why) - 1, s->why);
	snprintf(p->decided_by, sizeof(p->decided_by), "%.*s", (int)sizeof(p->decided_by) - 1,
	    s->decided_by);
}

static int
boot_one(const struct fleet_boots *how, struct fleet_phone *p, struct tools *t, struct err *e)
{
	unsigned seconds = how->seconds > 0 ? how->seconds : SECONDS;
	struct fetch_server server = { .address = how->tftp,
		.seconds = seconds,
		.http_port = p->model->http ? how->http_port : 0,
		.line = t->line,
		.gives_up = true };
	struct asker asker = { .tvs = tvscall_over_tls(), .timeout_ms = (int)seconds * 1000 };
	struct enroller enroller = {
		.capf = enrol_over_tls(), .timeout_ms = (int)seconds * 1000, .show = IDENTITIES
	};
	struct boot_plan plan = { .name = p->name,
		.model = p->model,
		.folder = p->folder,
		.server = fetch_over_network(&server),
		.ask_tvs = ask_signer,
		.tvs_ctx = &asker,
		.enrol = how->enrol ? enrol_phone : NULL,
		.enrol_ctx = &enroller,
		.shelf = t->shelf,
		.look = look,
		.look_ctx = p,
		.now = how->now };
	int rc = phone_boot(&plan, t->result, e);

	/* An ICMP error may belong to a datagram before: a phone tries again, too. */
	for (int i = 1; rc == 0 && t->result->outcome == BOOT_UNREACHABLE && i < TRIES; i++)
		rc = phone_boot(&plan, t->result, e);
	asker_free(&asker);
	if (rc != 0)
		return err_prefix(e, "%s", p->name);
	note_result(p, t->result);
	return 0;
}

/* The next phone's number; false: there is none, or no more are to begin. */
static bool
take_turn(struct crew *c, size_t *at)
{
	bool goes_on;

	if (c->how->stop != NULL && *c->how->stop)
		return false;
	pthread_mutex_lock(&c->lock);
	goes_on = !c->failed;
	pthread_mutex_unlock(&c->lock);
	*at = goes_on ? atomic_fetch_add(&c->next, 1) : c->n;
	return *at < c->n;
}

static void
end_turn(struct crew *c, const struct err *why)
{
	pthread_mutex_lock(&c->lock);
	c->done += why == NULL;
	if (why != NULL && !c->failed) {
		c->failed = true;
		c->why = *why;
	}
	pthread_cond_signal(&c->news);
	pthread_mutex_unlock(&c->lock);
}

static void *
work(void *ctx)
{
	struct crew *c = ctx;
	struct tools t = { fetch_line_new(), shelf_new(), mem_new(sizeof(*t.result)) };
	struct err e;
	size_t at;

	while (take_turn(c, &at))
		end_turn(c, boot_one(c->how, c->turn[at], &t, &e) == 0 ? NULL : &e);
	free(t.result);
	shelf_free(t.shelf);
	fetch_line_free(t.line);
	pthread_mutex_lock(&c->lock);
	c->working--;
	pthread_cond_signal(&c->news);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static unsigned
threads_for(const struct crew *c)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = c->how->threads;

	if (n == 0)
		n = processors < 1 ? THREADS_LEAST : (size_t)processors * THREADS_PER_PROCESSOR;
	if (n > FLEET_THREADS_MAX)
		n = FLEET_THREADS_MAX;
	return (unsigned)(n < c->n ? n : c->n);
}

/* Signals are the caller's thread's to take. */
static int
start(struct crew *c, struct err *e)
{
	unsigned wanted = threads_for(c);
	sigset_t all, was;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	c->working = wanted;
	while (rc == 0 && c->threads < wanted) {
		rc = pthread_create(&c->thread[c->threads], NULL, work, c);
		c->threads += rc == 0;
	}
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (rc == 0)
		return 0;
	pthread_mutex_lock(&c->lock);
	c->working -= wanted - c->threads;
	c->failed = true;
	err_set(&c->why, ERR_FAILED, "no threads to boot with: %s", strerror(rc));
	pthread_mutex_unlock(&c->lock);
	if (e != NULL)
		*e = c->why;
	return -1;
}

static void
wait_a_little(struct crew *c)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PROGRESS_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (c->working > 0 && pthread_cond_timedwait(&c->news, &c->lock, &until) == 0)
		;
}

/* Until all have ended. */
static void
watch(struct crew *c)
{
	bool goes_on = true;

	while (goes_on) {
		size_t done;

		pthread_mutex_lock(&c->lock);
		wait_a_little(c);
		done = c->done;
		goes_on = c->working > 0;
		pthread_mutex_unlock(&c->lock);
		if (c->how->progress != NULL)
			c->how->progress(c->how->ctx, done, c->n);
	}
	for (unsigned i = 0; i < c->threads; i++)
		pthread_join(c->thread[i], NULL);
}

static void
choose(struct crew *c, const struct fleet *f)
{
	const struct fleet_boots *how = c->how;

	c->turn = mem_array(f->n, sizeof(struct fleet_phone *));
	for (size_t i = 0; i < f->n; i++) {
		struct fleet_phone *p = &f->phone[i];

		if (!p->off && (how->takes_part == NULL || how->takes_part(how->ctx, p)))
			c->turn[c->n++] = p;
	}
}

static void
open_locks(struct crew *c)
{
	pthread_condattr_t how;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(&c->news, &how);
	pthread_condattr_destroy(&how);
}

int
fleet_boot(struct fleet *f, const struct fleet_boots *how, struct err *e)
{
	struct crew c = { .how = how };
	int rc = 0;

	choose(&c, f);
	open_locks(&c);
	rc = start(&c, e);
	watch(&c);
	if (rc == 0 && c.failed) {
		rc = -1;
		if (e != NULL)
			*e = c.why;
	}
	pthread_cond_destroy(&c.news);
	pthread_mutex_destroy(&c.lock);
	free(c.turn);
	return rc;
}
