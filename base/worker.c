#include "base/worker.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct worker {
	struct workers *all;
	unsigned number;
	pthread_t thread;
	struct loop *loop;
	bool has_thread;
};

struct workers {
	const struct worker_ops *ops;
	void *ctx;
	unsigned n;
	struct worker *worker;

	pthread_mutex_t lock;
	pthread_cond_t news;
	unsigned started, failed, over; /* under lock, as is why */
	struct err why;
	bool told; /* of who starts and stops them */
};

static void
report(struct workers *all, bool ok, const struct err *e)
{
	pthread_mutex_lock(&all->lock);
	if (ok)
		all->started++;
	else if (all->failed++ == 0)
		all->why = *e;
	pthread_cond_signal(&all->news);
	pthread_mutex_unlock(&all->lock);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	struct err e = { 0 };
	void *own = NULL;

	if (all->ops->start(all->ctx, w->number, w->loop, &own, &e) != 0) {
		report(all, false, &e);
		return NULL;
	}
	report(all, true, NULL);
	loop_run(w->loop);
	all->ops->stop(own);
	pthread_mutex_lock(&all->lock);
	all->over++;
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

static unsigned
processors(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static int
begin(struct worker *w, struct err *e)
{
	int rc;

	w->loop = loop_new(e);
	if (w->loop == NULL)
		return -1;
	rc = pthread_create(&w->thread, NULL, work, w);
	if (rc != 0)
		return err_set(e, ERR_FAILED, "worker %u: no thread: %s", w->number, strerror(rc));
	w->has_thread = true;
	return 0;
}

struct workers *
workers_start(unsigned n, const struct worker_ops *ops, void *ctx, struct err *e)
{
	struct workers *all = mem_new(sizeof(*all));
	unsigned begun = 0;
	bool ok = true;

	all->ops = ops;
	all->ctx = ctx;
	all->n = n == 0 ? processors() : n > WORKERS_MAX ? WORKERS_MAX : n;
	all->worker = mem_array(all->n, sizeof(*all->worker));
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->news, NULL);
	for (unsigned i = 0; ok && i < all->n; i++) {
		all->worker[i].all = all;
		all->worker[i].number = i;
		ok = begin(&all->worker[i], e) == 0;
		begun += ok;
	}
	pthread_mutex_lock(&all->lock);
	while (all->started + all->failed < begun)
		pthread_cond_wait(&all->news, &all->lock);
	if (ok && all->failed > 0) {
		ok = false;
		if (e != NULL)
			*e = all->why;
	}
	pthread_mutex_unlock(&all->lock);
	if (ok)
		return all;
	workers_stop(all);
	return NULL;
}

unsigned
workers_count(const struct workers *w)
{
	return w->n;
}

/* Once: its stop() may run the loop again, and a second word would end that too. */
void
workers_tell(struct workers *all)
{
	for (unsigned i = 0; !all->told && i < all->n; i++)
		if (all->worker[i].has_thread)
			loop_stop(all->worker[i].loop);
	all->told = true;
}

bool
workers_are_over(struct workers *all)
{
	bool are;

	pthread_mutex_lock(&all->lock);
	are = all->over == all->started;
	pthread_mutex_unlock(&all->lock);
	return are;
}

void
workers_stop(struct workers *all)
{
	if (all == NULL)
		return;
	workers_tell(all);
	for (unsigned i = 0; i < all->n; i++) {
		if (all->worker[i].has_thread)
			pthread_join(all->worker[i].thread, NULL);
		loop_free(all->worker[i].loop);
	}
	pthread_cond_destroy(&all->news);
	pthread_mutex_destroy(&all->lock);
	free(all->worker);
	free(all);
}
