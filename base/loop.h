/*
 * loop: the event loop of one thread - descriptors, timers, signals.
 *
 * Only loop.c sees libevent.  Callbacks run on the thread that runs the loop; only loop_stop() may
 * be called from another.
 */
#ifndef TL_BASE_LOOP_H
#define TL_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;
struct loop_watch; /* a descriptor, timer or signal being waited for */

struct loop *loop_new(struct err *e);
void loop_free(struct loop *l); /* after its watches; NULL is fine */
/* Returns when loop_stop() was called. */
void loop_run(struct loop *l);
/* One round of what is ready now, without waiting: for tests. */
void loop_turn(struct loop *l);
/* From any thread. */
void loop_stop(struct loop *l);

enum loop_want { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Calls on_ready for as long as fd is ready.  The fd stays the caller's and must stay open until
 * loop_forget(). */
struct loop_watch *
loop_watch_fd(struct loop *l, int fd, int want, void (*on_ready)(void *ctx, int ready), void *ctx);
/* A timer that is not running yet. */
struct loop_watch *loop_timer(struct loop *l, void (*on_time)(void *ctx), void *ctx);
/* Runs the timer once, after ms milliseconds; running already: starts anew. */
void loop_timer_start(struct loop_watch *w, int64_t ms);
/* Runs the timer once, when all that is ready now was called and before the loop looks for more. */
void loop_timer_soon(struct loop_watch *w);
void loop_timer_stop(struct loop_watch *w);
struct loop_watch *
loop_on_signal(struct loop *l, int signal, void (*on_signal)(void *ctx, int signal), void *ctx);
/* No callback of it runs any more; NULL is fine.  May be called from its own callback. */
void loop_forget(struct loop_watch *w);

#endif
