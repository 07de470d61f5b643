#include "admin/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

enum { THREADS_MAX = 8 };

struct entry {
	struct pool_task task;
	struct entry *next;
};

struct line {
	struct entry *first, **end;
	size_t n;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct line waiting, done; /* under the lock, and so is: */
	bool stop;
	size_t queue;
	pthread_t thread[THREADS_MAX];
	unsigned threads;
	int wake; /* readable when something is done */
	struct loop_watch *watch;
};

static void
line_add(struct line *l, struct entry *one)
{
	one->next = NULL;
	if (l->end == NULL)
		l->end = &l->first;
	*l->end = one;
	l->end = &one->next;
	l->n++;
}

static struct entry *
line_take(struct line *l)
{
	struct entry *one = l->first;

	if (one == NULL)
		return NULL;
	l->first = one->next;
	if (l->first == NULL)
		l->end = &l->first;
	l->n--;
	return one;
}

/* NULL: there is nothing more to do. */
static struct entry *
wait_for_one(struct pool *p)
{
	struct entry *one;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->waiting.n == 0)
		pthread_cond_wait(&p->news, &p->lock);
	one = p->stop ? NULL : line_take(&p->waiting);
	pthread_mutex_unlock(&p->lock);
	return one;
}

static void
tell(struct pool *p, struct entry *one)
{
	const uint64_t more = 1;

	pthread_mutex_lock(&p->lock);
	line_add(&p->done, one);
	pthread_mutex_unlock(&p->lock);
	if (write(p->wake, &more, sizeof(more)) < 0)
		return; /* it is readable already */
}

static void *
work(void *ctx)
{
	struct pool *p = ctx;
	struct entry *one;

	while ((one = wait_for_one(p)) != NULL) {
		one->task.run(one->task.ctx);
		tell(p, one);
	}
	return NULL;
}

static void
on_done(void *ctx, int ready)
{
	struct pool *p = ctx;
	struct line done;
	struct entry *one;
	uint64_t n;

	(void)ready;
	if (read(p->wake, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&p->lock);
	done = p->done;
	p->done = (struct line){ .n = 0 };
	pthread_mutex_unlock(&p->lock);
	while (done.n > 0) {
		one = line_take(&done);
		one->task.done(one->task.ctx);
		free(one);
	}
}

static int
start_threads(struct pool *p, unsigned threads, struct err *e)
{
	for (; p->threads < threads && p->threads < THREADS_MAX; p->threads++) {
		int rc = pthread_create(&p->thread[p->threads], NULL, work, p);

		if (rc != 0)
			return err_set(e, ERR_FAILED, "no thread: %s", strerror(rc));
	}
	return 0;
}

struct pool *
pool_new(struct loop *l, unsigned threads, size_t queue, struct err *e)
{
	struct pool *p = mem_new(sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->news, NULL);
	p->queue = queue;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0) {
		err_errno(e, "no descriptor to be woken by");
	} else {
		p->watch = loop_watch_fd(l, p->wake, LOOP_READ, on_done, p);
		if (start_threads(p, threads, e) == 0)
			return p;
	}
	pool_free(p);
	return NULL;
}

int
pool_put(struct pool *p, const struct pool_task *t, struct err *e)
{
	struct entry *one = mem_new(sizeof(*one));
	bool full;

	one->task = *t;
	pthread_mutex_lock(&p->lock);
	full = p->waiting.n >= p->queue;
	if (!full)
		line_add(&p->waiting, one);
	pthread_cond_signal(&p->news);
	pthread_mutex_unlock(&p->lock);
	if (!full)
		return 0;
	free(one);
	return err_set(e, ERR_BUSY, "too much is being done already: try again");
}

bool
pool_take_back(struct pool *p, const void *ctx)
{
	struct line kept = { .n = 0 };
	struct entry *one;
	bool found = false;

	pthread_mutex_lock(&p->lock);
	while ((one = line_take(&p->waiting)) != NULL) {
		if (one->task.ctx == ctx && !found) {
			found = true;
			free(one);
		} else {
			line_add(&kept, one);
		}
	}
	while ((one = line_take(&kept)) != NULL)
		line_add(&p->waiting, one);
	pthread_mutex_unlock(&p->lock);
	return found;
}

static void
drop(struct line *l)
{
	struct entry *one;

	while ((one = line_take(l)) != NULL)
		free(one);
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->news);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	loop_forget(p->watch);
	if (p->wake >= 0)
		close(p->wake);
	drop(&p->waiting);
	drop(&p->done);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->news);
	free(p);
}
