/*
 * pool: threads that do what a loop's thread may not wait for, and a queue before them that is
 * bounded.  What was done is told on the loop's thread.
 */
#ifndef TL_ADMIN_POOL_H
#define TL_ADMIN_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"

struct pool;

struct pool_task {
	void (*run)(void *ctx);	 /* on one of the threads */
	void (*done)(void *ctx); /* afterwards, on the loop's; exactly once, unless dropped */
	void *ctx;
};

/* All functions are for the loop's thread.  queue: how many may wait. */
struct pool *pool_new(struct loop *l, unsigned threads, size_t queue, struct err *e);
/* -1, ERR_BUSY: too many wait already. */
int pool_put(struct pool *p, const struct pool_task *t, struct err *e);
/* Takes back the task with this ctx: true, and neither function is called; false: it has begun. */
bool pool_take_back(struct pool *p, const void *ctx);
/* Waits for those that run.  Nobody's done() is called any more. */
void pool_free(struct pool *p); /* NULL is fine */

#endif
