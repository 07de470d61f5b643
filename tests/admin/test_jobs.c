#include "admin/jobs.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "admin/pool.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 20000 };

static struct loop *loop;
static struct err e;

/* Turns the loop until this is true. */
static void
until(bool (*is)(void))
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!is() && clock_mono_ms() < end) {
		loop_turn(loop);
		poll(NULL, 0, 1);
	}
	CU_ASSERT_TRUE_FATAL(is());
}

/* ---- verbs that end when they are told ---- */

static atomic_bool gate;
static atomic_int inside;

static int
run_wait(const struct call *c, struct out *o, struct err *why)
{
	(void)why;
	atomic_fetch_add(&inside, 1);
	while (!atomic_load(&gate))
		poll(NULL, 0, 1);
	atomic_fetch_sub(&inside, 1);
	out_text(o, "who", NULL, c->who);
	out_text(o, "from", NULL, c->from);
	return 0;
}

static int
run_fail(const struct call *c, struct out *o, struct err *why)
{
	out_text(o, "seen", NULL, c->arg[0]);
	return err_set(why, ERR_STRANDS, "three phones would be locked");
}

static const struct verb wait_verb = {
	.words = "wait", .args = "", .right = RIGHT_READ, .run = run_wait
};
static const struct verb fail_verb = {
	.words = "fail", .args = "NAME", .least = 1, .most = 1, .right = RIGHT_READ, .run = run_fail
};

static struct jobs *jobs;
static int ended;
static int last_status;

static void
on_ended(void *ctx, struct job *job)
{
	(void)ctx;
	ended++;
	last_status = job_result(job)->status;
}

static struct job *
start(const struct verb *v, const char *who)
{
	struct job_order o = { .call = mem_new(sizeof(*o.call)),
		.who = who,
		.from = "127.0.0.1",
		.may = RIGHT_OPERATE,
		.ended = on_ended };

	o.call->verb = v;
	o.call->limit = -1;
	if (v->most > 0) {
		o.call->values = 1;
		o.call->value[0].text = mem_text("abc");
	}
	return jobs_start(jobs, &o, &e);
}

static void
open_jobs(void)
{
	loop = loop_new(&e);
	jobs = jobs_new(loop, suite_folder(), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(jobs);
	atomic_store(&gate, false);
	ended = 0;
}

static void
close_jobs(void)
{
	atomic_store(&gate, true);
	jobs_free(jobs);
	loop_free(loop);
}

static bool
one_has_ended(void)
{
	return ended == 1;
}

static bool
both_run(void)
{
	return atomic_load(&inside) == 2;
}

static void
a_job_is_found_until_it_is_forgotten(void)
{
	struct wr w = { 0 };
	struct job *job;
	int64_t id;

	open_jobs();
	job = start(&wait_verb, "anna#7");
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	id = job_id(job);
	CU_ASSERT_EQUAL(job_state(job), JOB_RUNNING);
	CU_ASSERT_TRUE(job_is_for(job, "anna", RIGHT_OPERATE));
	CU_ASSERT_FALSE(job_is_for(job, "ann", RIGHT_OPERATE));
	CU_ASSERT_FALSE(job_is_for(job, "anna2", RIGHT_OPERATE));
	CU_ASSERT_FALSE(job_is_for(job, "anna", RIGHT_READ)); /* a token of hers */
	CU_ASSERT_TRUE(job_is_for(job, "bert", RIGHT_ADMIN));
	job_put(job, true, &w);
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "\"state\": \"running\""));
	wr_free(&w);
	atomic_store(&gate, true);
	until(one_has_ended);
	CU_ASSERT_EQUAL(last_status, 200);
	CU_ASSERT_EQUAL(job_state(job), JOB_DONE);
	job_put(job, true, &w);
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "\"who\": \"anna#7\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "\"from\": \"127.0.0.1\""));
	wr_free(&w);
	CU_ASSERT_PTR_EQUAL(jobs_find(jobs, id), job);
	job_forget(jobs, job);
	CU_ASSERT_PTR_NULL(jobs_find(jobs, id));
	close_jobs();
}

static void
what_it_said_before_it_failed_is_kept(void)
{
	struct job *job;
	struct wr w = { 0 };

	open_jobs();
	job = start(&fail_verb, "anna");
	until(one_has_ended);
	CU_ASSERT_EQUAL(last_status, 409);
	CU_ASSERT_EQUAL(job_state(job), JOB_FAILED);
	job_put(job, true, &w);
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "\"seen\": \"abc\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "three phones"));
	wr_free(&w);
	close_jobs();
}

static void
the_queue_is_bounded(void)
{
	size_t n = 0;

	open_jobs();
	start(&wait_verb, "anna");
	start(&wait_verb, "anna");
	until(both_run);
	while (n <= JOBS_WAITING && start(&wait_verb, "anna") != NULL)
		n++;
	CU_ASSERT_EQUAL(n, JOBS_WAITING);
	CU_ASSERT_EQUAL(e.code, ERR_BUSY);
	close_jobs();
}

static void
what_has_not_begun_can_be_cancelled(void)
{
	struct job *job;

	open_jobs();
	start(&wait_verb, "anna");
	start(&wait_verb, "anna");
	until(both_run);
	job = start(&wait_verb, "anna");
	job_cancel(jobs, job);
	CU_ASSERT_EQUAL(job_state(job), JOB_CANCELLED);
	CU_ASSERT_EQUAL(ended, 1);
	close_jobs();
}

static bool
one_runs(void)
{
	return atomic_load(&inside) == 1;
}

static bool
none_runs(void)
{
	return atomic_load(&inside) == 0 && jobs_find(jobs, 1) == NULL;
}

static void
nobody_is_told_who_has_left(void)
{
	struct job *job;

	open_jobs();
	job = start(&wait_verb, "anna");
	until(one_runs);
	job_leave(job, false);
	atomic_store(&gate, true);
	until(none_runs); /* and it is forgotten */
	CU_ASSERT_EQUAL(ended, 0);
	close_jobs();
}

static bool
kept_has_ended(void)
{
	return job_state(jobs_find(jobs, 1)) == JOB_DONE;
}

static void
who_left_finds_it_later(void)
{
	struct job *job;
	struct wr w = { 0 };

	open_jobs();
	job = start(&wait_verb, "anna");
	job_leave(job, true);
	atomic_store(&gate, true);
	until(kept_has_ended);
	CU_ASSERT_EQUAL(ended, 0);
	jobs_put(jobs, "anna", RIGHT_OPERATE, &w);
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), "\"id\": \"1\""));
	wr_free(&w);
	jobs_put(jobs, "bert", RIGHT_OPERATE, &w);
	CU_ASSERT_PTR_NULL(strstr(wr_cstr(&w), "\"id\""));
	wr_free(&w);
	close_jobs();
}

static void
what_ended_is_kept_up_to_a_number(void)
{
	open_jobs();
	atomic_store(&gate, true);
	for (int i = 1; i <= JOBS_KEPT + 1; i++) {
		int64_t end = clock_mono_ms() + PATIENCE_MS;

		CU_ASSERT_PTR_NOT_NULL_FATAL(start(&wait_verb, "anna"));
		while (ended < i && clock_mono_ms() < end) {
			loop_turn(loop);
			poll(NULL, 0, 1);
		}
	}
	CU_ASSERT_EQUAL(ended, JOBS_KEPT + 1);
	CU_ASSERT_PTR_NULL(jobs_find(jobs, 1));
	CU_ASSERT_PTR_NOT_NULL(jobs_find(jobs, 2));
	close_jobs();
}

static const struct suite_test tests[] = {
	{ "a job is found until it is forgotten", a_job_is_found_until_it_is_forgotten },
	{ "what it said before it failed is kept", what_it_said_before_it_failed_is_kept },
	{ "the queue is bounded", the_queue_is_bounded },
	{ "what has not begun can be cancelled", what_has_not_begun_can_be_cancelled },
	{ "nobody is told who has left", nobody_is_told_who_has_left },
	{ "who left finds it later", who_left_finds_it_later },
	{ "what ended is kept up to a number", what_ended_is_kept_up_to_a_number },
};

SUITE_MAIN("jobs", tests)
