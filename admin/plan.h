/*
 * plan: the steps of a migration between two clusters, in order, each with our command and the
 * place in Unified CM's administration - from what was found out about both.  Which steps are done
 * already, and what stands in the way.  Pure: facts in, a plan out.
 *
 * Methods and orders: TechNotes 215539 (bulk certificates), 221657 and the security guides
 * (rollback), 118893 (tokens).
 */
#ifndef TL_ADMIN_PLAN_H
#define TL_ADMIN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "trust/node.h"
#include "trust/outlook.h"

enum plan_method { PLAN_BULK, PLAN_ROLLBACK, PLAN_TOKENS, PLAN_METHODS };
const char *plan_word(enum plan_method method); /* "bulk", "rollback", "tokens" */
int plan_method_of(const char *word, enum plan_method *out, struct err *e);

enum { PLAN_TEXT_MAX = 400, PLAN_STEPS_MAX = 24, PLAN_OBSTACLES_MAX = 8 };

/* A cluster, as it is now. */
struct plan_side {
	const char *name, *root;
	const char *address; /* of its publisher: what option 150 names */
	enum release release;
	bool mixed, rollback, has_ctl;
	bool tokens;	 /* a token signed its CTL */
	bool served;	 /* a process serves it */
	bool services;	 /* all its services run */
	bool tvs_tells;	 /* every TVS of it knows all that its trust stores hold */
	bool tftp_fresh; /* every TFTP of it works with what the store says now */
	size_t nodes;
};

/* From A, where the phones are, to B; all borrowed. */
struct plan_facts {
	struct plan_side a, b;
	const char *exchange; /* the folder or sftp:// that certificates go through */
	/* Certificates that sign B's lists and files: how many, how many A does not trust, and the
	 * first of them. */
	size_t signers, untrusted;
	const char *first_untrusted;
	const char *shared_token;    /* subject of a token that is in the CTL of both; NULL */
	size_t phones, missing;	     /* that A knows; those of them that B does not */
	size_t match, empty;	     /* hold A's newest list; hold an emptied one */
	size_t ctl_bound;	     /* hold a CTL that names TFTP servers: one of mixed mode */
	struct outlook if_moved_now; /* the phones of A, given B's lists */
};

enum plan_state {
	PLAN_DONE,  /* found to be so */
	PLAN_TO_DO, /* to be done */
	PLAN_WATCH, /* to be looked at; nothing to be changed */
};
const char *plan_state_word(enum plan_state state); /* "done", "to do", "check" */

struct plan_step {
	enum plan_state state;
	const char *where;	     /* "A", "B", "DHCP", "phones" */
	char what[PLAN_TEXT_MAX];    /* "Restart TVS on every node of A" */
	char command[PLAN_TEXT_MAX]; /* ours; "" where there is none */
	char menu[PLAN_TEXT_MAX];    /* Unified CM's; "" likewise */
	char why[PLAN_TEXT_MAX];     /* what it is for, or what happens without it */
};

struct plan {
	enum plan_method method;
	struct plan_step step[PLAN_STEPS_MAX];
	size_t n;
	char obstacle[PLAN_OBSTACLES_MAX][PLAN_TEXT_MAX]; /* why this method cannot work */
	size_t obstacles;
};

void plan_make(const struct plan_facts *facts, enum plan_method method, struct plan *out);

#endif
