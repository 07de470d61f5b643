/*
 * worker: N threads with one event loop each.  Workers share nothing: what a worker needs
 * (listeners, a store connection, caches) is made by start() on its own thread and freed by stop()
 * there.
 */
#ifndef TL_BASE_WORKER_H
#define TL_BASE_WORKER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"

struct workers;

struct worker_ops {
	/* On the worker's thread before its loop runs.  *own is the worker's; -1 refuses. */
	int (*start)(void *ctx, unsigned number, struct loop *l, void **own, struct err *e);
	/* On the worker's thread after its loop was stopped. */
	void (*stop)(void *own);
};

enum { WORKERS_MAX = 64 };

/* n threads (0: one per processor we may run on).  Returns when all have started; when one could
 * not, the others are stopped again and NULL is returned. */
struct workers *workers_start(unsigned n, const struct worker_ops *ops, void *ctx, struct err *e);
unsigned workers_count(const struct workers *w);
/* Tells them to stop and does not wait; workers_stop() them when they are over, or before. */
void workers_tell(struct workers *w);
bool workers_are_over(struct workers *w); /* all threads have done their last */
/* Tells them, unless they were told; waits for the threads, frees; NULL is fine. */
void workers_stop(struct workers *w);

#endif
