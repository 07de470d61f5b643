#include "base/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "tests/support/suite.h"

static struct loop *
new_loop(void)
{
	struct err e;
	struct loop *l = loop_new(&e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	return l;
}

/* What the callbacks below work on. */
struct scene {
	struct loop *loop;
	struct loop_watch *watch, *other;
	int times;
};

static void
count_and_stop(void *ctx)
{
	struct scene *s = ctx;

	s->times++;
	loop_stop(s->loop);
}

static void
timer_runs_once_per_start(void)
{
	struct scene s = { .loop = new_loop() };
	int64_t before = clock_mono_ms();

	s.watch = loop_timer(s.loop, count_and_stop, &s);
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 0);
	loop_timer_start(s.watch, 20);
	loop_run(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	CU_ASSERT_TRUE(clock_mono_ms() - before >= 20);
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_timer_start(s.watch, 0);
	loop_run(s.loop);
	CU_ASSERT_EQUAL(s.times, 2);
	loop_forget(s.watch);
	loop_free(s.loop);
}

static void
count(void *ctx)
{
	struct scene *s = ctx;

	s->times++;
}

static void
stopped_timer_does_not_run(void)
{
	struct scene s = { .loop = new_loop() };

	s.watch = loop_timer(s.loop, count, &s);
	s.other = loop_timer(s.loop, count_and_stop, &s);
	loop_timer_start(s.watch, 1);
	loop_timer_stop(s.watch);
	loop_timer_start(s.other, 10);
	loop_run(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_forget(s.watch);
	loop_forget(s.other);
	loop_free(s.loop);
}

static void
started_again_a_timer_counts_anew(void)
{
	struct scene s = { .loop = new_loop() };
	int64_t before = clock_mono_ms();

	s.watch = loop_timer(s.loop, count_and_stop, &s);
	loop_timer_start(s.watch, 0);
	loop_timer_start(s.watch, 30);
	loop_run(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	CU_ASSERT_TRUE(clock_mono_ms() - before >= 30);
	loop_forget(s.watch);
	loop_free(s.loop);
}

static void
read_and_forget(void *ctx, int ready)
{
	struct scene *s = ctx;

	CU_ASSERT_EQUAL(ready, LOOP_READ);
	s->times++;
	loop_forget(s->watch);
	s->watch = NULL;
}

static void
descriptor_may_be_forgotten_in_its_callback(void)
{
	struct scene s = { .loop = new_loop() };
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s.watch = loop_watch_fd(s.loop, pair[0], LOOP_READ, read_and_forget, &s);
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 0);
	CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
	loop_turn(s.loop);
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_free(s.loop);
	close(pair[0]);
	close(pair[1]);
}

static void
forget_both(void *ctx, int ready)
{
	struct scene *s = ctx;

	(void)ready;
	s->times++;
	loop_forget(s->watch);
	loop_forget(s->other);
	s->watch = s->other = NULL;
}

/* Both are ready in the same round; whichever runs first forgets the other, which then must not. */
static void
forgotten_watch_does_not_run_any_more(void)
{
	struct scene s = { .loop = new_loop() };
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s.watch = loop_watch_fd(s.loop, pair[0], LOOP_WRITE, forget_both, &s);
	s.other = loop_watch_fd(s.loop, pair[1], LOOP_WRITE, forget_both, &s);
	loop_turn(s.loop);
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_free(s.loop);
	close(pair[0]);
	close(pair[1]);
}

static void
count_and_forget(void *ctx)
{
	struct scene *s = ctx;

	s->times++;
	loop_forget(s->watch);
	s->watch = NULL;
}

static void
timer_may_be_forgotten_in_its_callback(void)
{
	struct scene s = { .loop = new_loop() };

	s.watch = loop_timer(s.loop, count_and_forget, &s);
	loop_timer_start(s.watch, 0);
	while (s.watch != NULL)
		loop_turn(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_forget(NULL);
	loop_free(s.loop);
	loop_free(NULL);
}

static void
on_signal(void *ctx, int number)
{
	struct scene *s = ctx;

	CU_ASSERT_EQUAL(number, SIGUSR1);
	s->times++;
	loop_stop(s->loop);
	loop_forget(s->watch);
}

static void
signal_is_told_to_the_loop(void)
{
	struct scene s = { .loop = new_loop() };

	s.watch = loop_on_signal(s.loop, SIGUSR1, on_signal, &s);
	raise(SIGUSR1);
	CU_ASSERT_EQUAL(s.times, 0);
	loop_run(s.loop);
	CU_ASSERT_EQUAL(s.times, 1);
	loop_free(s.loop);
}

static void
stop_before_the_run_counts(void)
{
	struct loop *l = new_loop();

	loop_stop(l);
	loop_run(l); /* would not return */
	loop_stop(l);
	loop_stop(l);
	loop_run(l);
	loop_free(l);
}

static void *
stop_from_elsewhere(void *arg)
{
	loop_stop(arg);
	return NULL;
}

static void
loop_is_stopped_from_another_thread(void)
{
	pthread_t thread;

	for (int i = 0; i < 200; i++) {
		struct loop *l = new_loop();

		CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, stop_from_elsewhere, l), 0);
		loop_run(l);
		pthread_join(thread, NULL);
		loop_free(l);
	}
}

/* A service that counts; refuse is the number of the worker that cannot start. */
struct service {
	_Atomic unsigned started, stopped, ticks;
	unsigned refuse;
	pthread_t thread[WORKERS_MAX];
};

struct own {
	struct service *service;
	struct loop_watch *timer;
	pthread_t thread;
};

static void
tick(void *ctx)
{
	struct own *own = ctx;

	own->service->ticks++;
	loop_timer_start(own->timer, 1);
}

static int
service_start(void *ctx, unsigned number, struct loop *l, void **out, struct err *e)
{
	struct service *s = ctx;
	struct own *own;

	if (number == s->refuse)
		return err_set(e, ERR_FAILED, "worker %u has no port", number);
	own = mem_new(sizeof(*own));
	own->service = s;
	own->thread = s->thread[number] = pthread_self();
	own->timer = loop_timer(l, tick, own);
	loop_timer_start(own->timer, 0);
	s->started++;
	*out = own;
	return 0;
}

static void
service_stop(void *own_)
{
	struct own *own = own_;

	if (pthread_equal(own->thread, pthread_self()))
		own->service->stopped++;
	loop_forget(own->timer);
	free(own);
}

static const struct worker_ops ops = { service_start, service_stop };

static void
workers_start_run_and_stop_on_their_threads(void)
{
	struct service s = { .refuse = WORKERS_MAX };
	struct err e;
	struct workers *w = workers_start(4, &ops, &s, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	CU_ASSERT_EQUAL(workers_count(w), 4);
	CU_ASSERT_EQUAL(s.started, 4);
	for (unsigned i = 1; i < 4; i++)
		CU_ASSERT_FALSE(pthread_equal(s.thread[0], s.thread[i]));
	while (s.ticks < 8)
		usleep(100);
	workers_stop(w);
	CU_ASSERT_EQUAL(s.stopped, 4);
	workers_stop(NULL);
}

static void
one_that_cannot_start_stops_the_others(void)
{
	for (unsigned refuse = 0; refuse < 3; refuse++) {
		struct service s = { .refuse = refuse };
		struct err e = { 0 };

		CU_ASSERT_PTR_NULL(workers_start(3, &ops, &s, &e));
		CU_ASSERT_EQUAL(e.code, ERR_FAILED);
		ASSERT_ERR_SAYS(e, "has no port");
		CU_ASSERT_EQUAL(s.started, 2);
		CU_ASSERT_EQUAL(s.stopped, 2);
		CU_ASSERT_PTR_NULL(workers_start(3, &ops, &s, NULL));
	}
}

static void
stop_may_race_the_start(void)
{
	for (int i = 0; i < 200; i++) {
		struct service s = { .refuse = WORKERS_MAX };
		struct err e;

		workers_stop(workers_start(2, &ops, &s, &e));
		CU_ASSERT_EQUAL(s.started, 2);
		CU_ASSERT_EQUAL(s.stopped, 2);
	}
}

/* A service whose stop() has something to end first, in the same loop, and is let go. */
struct slow {
	_Atomic unsigned ending, ticks, ended;
	_Atomic bool let_go;
};

struct slow_own {
	struct slow *service;
	struct loop *loop;
	struct loop_watch *timer;
};

static void
slow_tick(void *ctx)
{
	struct slow_own *own = ctx;

	own->service->ticks++;
	if (own->service->let_go)
		loop_stop(own->loop);
	else
		loop_timer_start(own->timer, 1);
}

static int
slow_start(void *ctx, unsigned number, struct loop *l, void **out, struct err *e)
{
	struct slow_own *own = mem_new(sizeof(*own));

	(void)number;
	(void)e;
	*own = (struct slow_own){ .service = ctx, .loop = l };
	own->timer = loop_timer(l, slow_tick, own);
	*out = own;
	return 0;
}

static void
slow_stop(void *own_)
{
	struct slow_own *own = own_;

	own->service->ending++;
	loop_timer_start(own->timer, 0);
	loop_run(own->loop);
	own->service->ended += own->service->let_go;
	loop_forget(own->timer);
	free(own);
}

static const struct worker_ops slow_ops = { slow_start, slow_stop };

static void
wait_for_ticks(struct slow *s)
{
	unsigned until = s->ticks + 20;

	while (s->ticks < until)
		usleep(100);
}

static void *
let_go_later(void *arg)
{
	struct slow *s = arg;

	wait_for_ticks(s);
	s->let_go = true;
	return NULL;
}

static void
who_is_told_ends_what_it_is_at(void)
{
	struct slow s = { .ending = 0 };
	struct err e;
	struct workers *w = workers_start(2, &slow_ops, &s, &e);
	pthread_t thread;

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	CU_ASSERT_FALSE(workers_are_over(w));
	workers_tell(w);
	while (s.ending < 2)
		usleep(100);
	workers_tell(w);
	wait_for_ticks(&s);
	CU_ASSERT_FALSE(workers_are_over(w));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, let_go_later, &s), 0);
	workers_stop(w);
	CU_ASSERT_EQUAL(s.ended, 2);
	pthread_join(thread, NULL);
}

static void
who_has_ended_is_over(void)
{
	struct slow s = { .let_go = true };
	struct err e;
	struct workers *w = workers_start(2, &slow_ops, &s, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	workers_tell(w);
	while (!workers_are_over(w))
		usleep(100);
	CU_ASSERT_EQUAL(s.ended, 2);
	workers_stop(w);
}

static void
number_of_workers_is_bounded(void)
{
	struct service s = { .refuse = WORKERS_MAX };
	struct err e;
	struct workers *w = workers_start(0, &ops, &s, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	CU_ASSERT_TRUE(workers_count(w) >= 1 && workers_count(w) <= WORKERS_MAX);
	workers_stop(w);
	w = workers_start(WORKERS_MAX + 1, &ops, &s, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	CU_ASSERT_EQUAL(workers_count(w), WORKERS_MAX);
	workers_stop(w);
}

static void
wall_clock_is_unix_time(void)
{
	CU_ASSERT_TRUE(clock_wall() > 1700000000);
}

static const struct suite_test tests[] = {
	{ "timer runs once per start", timer_runs_once_per_start },
	{ "stopped timer does not run", stopped_timer_does_not_run },
	{ "started again, a timer counts anew", started_again_a_timer_counts_anew },
	{ "descriptor forgotten in its callback", descriptor_may_be_forgotten_in_its_callback },
	{ "forgotten watch does not run any more", forgotten_watch_does_not_run_any_more },
	{ "timer forgotten in its callback", timer_may_be_forgotten_in_its_callback },
	{ "signal is told to the loop", signal_is_told_to_the_loop },
	{ "stop before the run counts", stop_before_the_run_counts },
	{ "loop is stopped from another thread", loop_is_stopped_from_another_thread },
	{ "workers start, run, stop on their threads",
	    workers_start_run_and_stop_on_their_threads },
	{ "one that cannot start stops the others", one_that_cannot_start_stops_the_others },
	{ "stop may race the start", stop_may_race_the_start },
	{ "who is told ends what it is at", who_is_told_ends_what_it_is_at },
	{ "who has ended is over", who_has_ended_is_over },
	{ "number of workers is bounded", number_of_workers_is_bounded },
	{ "wall clock is Unix time", wall_clock_is_unix_time },
};

SUITE_MAIN("base/worker", tests)
