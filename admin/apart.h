/*
 * apart: a verb in a process of its own - this program again, as the shell would start it, with its
 * result on a pipe and what it says meanwhile as lines; ended when somebody wants it to.
 *
 * It inherits no descriptor, begins in the folder of the call's files and is a process group of its
 * own, so that what it starts ends with it.
 */
#ifndef TL_ADMIN_APART_H
#define TL_ADMIN_APART_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "admin/route.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	APART_DOC_MAX = 32 << 20, /* bytes of its result */
	APART_LINE_MAX = 240,	  /* of a line that it says; longer ones are cut */
	APART_ENDS_MS = 10000,	  /* how long it may take to end when it is told to */
};

/* In the environment, for the process: on whose behalf it runs ("anna", "10.0.0.1"). */
#define APART_WHO  "TRUSTLIST_BEHALF_WHO"
#define APART_FROM "TRUSTLIST_BEHALF_FROM"
/* Set when lines of progress are wanted on standard error. */
#define APART_PROGRESS "TRUSTLIST_PROGRESS"

/* The handle by which another thread ends it.  Zeroed; apart_begin() and apart_over() around it. */
struct apart {
	pthread_mutex_t lock;
	pid_t pid;    /* 0: it does not run */
	bool stopped; /* somebody wants it ended */
};
void apart_begin(struct apart *a);
void apart_over(struct apart *a);
void apart_stop(struct apart *a); /* from any thread, at any time between the two */
bool apart_is_stopped(struct apart *a);

struct apart_plan {
	const struct route_call *call; /* with its files in place */
	const char *root, *folder;     /* where it begins */
	const char *who, *from;
	/* Each line that it says; fit to print. */
	void (*line)(void *ctx, const char *line);
	void *ctx;
};

/* Blocks until it has ended.  doc: what it wrote, JSON or (as_text) text; *status: its exit status.
 * said: the last of its lines, for errors of texts.  -1: it could not be started, did not end as
 * programs do, or was stopped (ERR_BUSY). */
int apart_run(struct apart *a, const struct apart_plan *p, struct wr *doc, struct wr *said,
    int *status, struct err *e);

#endif
