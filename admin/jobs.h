/*
 * jobs: the calls that an instance is at, and those that it has done of late - each runs a verb on
 * a thread, or in a process of its own, and is found under its number until an hour after its end.
 *
 * All functions are for the loop's thread, and so is ended().
 */
#ifndef TL_ADMIN_JOBS_H
#define TL_ADMIN_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/result.h"
#include "admin/route.h"
#include "base/err.h"
#include "base/loop.h"

enum {
	JOBS_WAITING = 32,	    /* for a thread; beyond: ERR_BUSY */
	JOBS_KEPT = 200,	    /* that have ended; the oldest goes */
	JOBS_KEPT_BYTES = 64 << 20, /* of their results, likewise */
	JOBS_KEPT_SECONDS = 3600,
	JOBS_LINES = 50, /* of progress, the last ones */
};

/* One that waits for a thread runs: whoever asked for it does not care who is before. */
enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };
const char *job_state_word(enum job_state state);

struct jobs;
struct job;

/* root is copied. */
struct jobs *jobs_new(struct loop *l, const char *root, struct err *e);
/* Ends processes, waits for threads; nobody is told.  NULL is fine. */
void jobs_free(struct jobs *j);

struct job_order {
	struct route_call *call; /* taken over, also on -1: made by mem_new() */
	const char *who, *from;
	enum right may;
	/* When it has ended, and the job is still there; NULL: nobody waits. */
	void (*ended)(void *ctx, struct job *job);
	void *ctx;
};
/* NULL, ERR_BUSY: too much waits already. */
struct job *jobs_start(struct jobs *j, const struct job_order *o, struct err *e);
/* Whoever waited does not any more: what comes of it is found under its number.  keep false: or
 * nowhere, it is forgotten when it ends. */
void job_leave(struct job *job, bool keep);
/* Its end, or that it never begins. */
void job_cancel(struct jobs *j, struct job *job);
/* It has ended and is forgotten. */
void job_forget(struct jobs *j, struct job *job);

/* NULL: none. */
struct job *jobs_find(struct jobs *j, int64_t id);

int64_t job_id(const struct job *job);
/* May he look at it, and cancel it?  An admin may; others if it is theirs or one of their tokens'
 * ("anna#7"), and was asked for with no more rights than they have now: a token that only reads
 * does not get what its user did as an operator. */
bool job_is_for(const struct job *job, const char *user, enum right may);
enum job_state job_state(const struct job *job);
const struct result *job_result(const struct job *job); /* of one that has ended */
/* The job as a JSON object; its result in it: of a text, the text. */
void job_put(struct job *job, bool with_result, struct wr *to);
/* Those that he may look at, as {"jobs": [...]}. */
void jobs_put(struct jobs *j, const char *user, enum right may, struct wr *to);

#endif
