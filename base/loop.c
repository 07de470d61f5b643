#include "base/loop.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <stdlib.h>

#include "base/mem.h"

struct loop {
	struct event_base *base;
	struct event
	    *stop; /* made active by loop_stop(): a stop that comes before the run counts */
};

struct loop_watch {
	struct event *event;
	void *ctx;
	void (*on_ready)(void *ctx, int ready);
	void (*on_time)(void *ctx);
	void (*on_signal)(void *ctx, int signal);
};

static void
stop_now(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

struct loop *
loop_new(struct err *e)
{
	struct loop *l;

	/* Locks, so that loop_stop() may come from another thread; harmless to repeat. */
	if (evthread_use_pthreads() != 0) {
		err_set(e, ERR_FAILED, "libevent has no threads here");
		return NULL;
	}
	l = mem_new(sizeof(*l));
	l->base = event_base_new();
	if (l->base == NULL) {
		err_set(e, ERR_FAILED, "no event loop could be made");
		free(l);
		return NULL;
	}
	l->stop = event_new(l->base, -1, 0, stop_now, l->base);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	event_free(l->stop);
	event_base_free(l->base);
	free(l);
}

void
loop_run(struct loop *l)
{
	event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void
loop_turn(struct loop *l)
{
	event_base_loop(l->base, EVLOOP_NONBLOCK);
}

void
loop_stop(struct loop *l)
{
	event_active(l->stop, EV_READ, 0);
}

static struct loop_watch *
watch(struct loop *l, int fd, short what, event_callback_fn call, void *ctx)
{
	struct loop_watch *w = mem_new(sizeof(*w));

	w->ctx = ctx;
	w->event = event_new(l->base, fd, what, call, w);
	if (w->event == NULL)
		abort(); /* only out of memory */
	return w;
}

static void
fd_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	w->on_ready(w->ctx, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0));
}

struct loop_watch *
loop_watch_fd(struct loop *l, int fd, int want, void (*on_ready)(void *ctx, int ready), void *ctx)
{
	short what = EV_PERSIST;
	struct loop_watch *w;

	if (want & LOOP_READ)
		what |= EV_READ;
	if (want & LOOP_WRITE)
		what |= EV_WRITE;
	w = watch(l, fd, what, fd_ready, ctx);
	w->on_ready = on_ready;
	event_add(w->event, NULL);
	return w;
}

static void
timer_ran(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	w->on_time(w->ctx);
}

struct loop_watch *
loop_timer(struct loop *l, void (*on_time)(void *ctx), void *ctx)
{
	struct loop_watch *w = watch(l, -1, 0, timer_ran, ctx);

	w->on_time = on_time;
	return w;
}

void
loop_timer_start(struct loop_watch *w, int64_t ms)
{
	struct timeval tv = { ms / 1000, (ms % 1000) * 1000 };

	event_add(w->event, &tv);
}

void
loop_timer_soon(struct loop_watch *w)
{
	event_active(w->event, EV_TIMEOUT, 0);
}

void
loop_timer_stop(struct loop_watch *w)
{
	event_del(w->event);
}

static void
signal_came(evutil_socket_t number, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)what;
	w->on_signal(w->ctx, (int)number);
}

struct loop_watch *
loop_on_signal(struct loop *l, int signal, void (*on_signal)(void *ctx, int signal), void *ctx)
{
	struct loop_watch *w = watch(l, signal, EV_SIGNAL | EV_PERSIST, signal_came, ctx);

	w->on_signal = on_signal;
	event_add(w->event, NULL);
	return w;
}

void
loop_forget(struct loop_watch *w)
{
	if (w == NULL)
		return;
	event_free(w->event);
	free(w);
}
