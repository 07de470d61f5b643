/*
 * worker: N threads with one event loop each.  Workers share nothing: what a worker needs
 * (listeners, a store connection, caches) is made by start() on its own thread and freed by stop()
 * there.
 */
#ifndef TL_BASE_WORKER_H
#define TL_BASE_WORKER_H

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
/* Stops every loop, waits for the threads, frees; NULL is fine. */
void workers_stop(struct workers *w);

#endif
