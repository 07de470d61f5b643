/*
 * run: plays a script on a stage and reports what came of it.
 */
#ifndef TL_CMD_REHEARSAL_RUN_H
#define TL_CMD_REHEARSAL_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cmd/rehearsal/report.h"
#include "cmd/rehearsal/script.h"

enum { RUN_VARIANT_NONE = -1, RUN_VARIANT_ALL = -2 };

struct run_plan {
	const struct script *script;
	const char *root[STATE_CLUSTERS]; /* somebody's clusters; NULL: made for it */
	const char *keep;		  /* NULL: its folder goes when it is over */
	bool back;			  /* the way back, too, after the steps */
	int variant; /* this one instead of the steps; RUN_VARIANT_ALL: after them, each */
	/* Now and then, from the caller's thread; may be NULL. */
	void (*progress)(void *ctx, const char *section, size_t step, size_t of, const char *text);
	void *ctx;
	volatile const bool *stop; /* set: it ends as soon as it can; may be NULL */
};

/* 0: it was played as far as it went, and *out says how far that was.  -1: it could not be played
 * (no such command, no port, no disk).  report_free() *out in any case. */
int rehearsal_run(const struct run_plan *plan, struct report *out, struct err *e);

/* Does every command of the script exist?  -1 names the first that does not, and its line. */
int rehearsal_check(const struct script *s, struct err *e);

#endif
