/*
 * state: what became of a phone in a rehearsal, in a word - and whether a set of phones is as
 * somebody expects.  Pure: no network, no store, no clock.
 */
#ifndef TL_CMD_REHEARSAL_STATE_H
#define TL_CMD_REHEARSAL_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cmd/phone/fleet.h"
#include "trust/judge.h"

enum { STATE_CLUSTERS = 2 }; /* A and B */

/* In the order in which charts stack them and tables show them. */
enum phone_state {
	STATE_TRUSTED_A, /* followed A at its last boot, and holds its list */
	STATE_TRUSTED_B,
	STATE_EMPTY,   /* holds the emptied list of rollback: takes anything */
	STATE_NO_LIST, /* holds none: its model has no Security By Default, or nobody gave it one */
	STATE_NEW,     /* has not booted yet, or a hand erased its lists */
	STATE_NO_CONFIG,
	STATE_UNREACHABLE, /* its server did not answer */
	STATE_LOCKED,	   /* refused a list or its configuration */
	STATE_OFF,
	STATES
};
const char *state_word(enum phone_state s);  /* "trusted-A", "no-list": files and JSON */
const char *state_title(enum phone_state s); /* "trusts A": for people */

/* What is known of a phone besides what its memory and its last boot say. */
enum shown { SHOWN_NOTHING, SHOWN_ACCEPTED, SHOWN_REJECTED };
enum lsc_state { LSC_NOT_LOOKED, LSC_NONE, LSC_TRUSTED, LSC_DISTRUSTED };
struct mark {
	enum phone_state state; /* as of its last boot; look at it with mark_state() */
	unsigned at;		/* the cluster of its last boot: 0 is A */
	unsigned home;		/* the cluster whose list it holds */
	bool absent;		/* was powered off at some time */
	bool by_hand;		/* somebody had to erase its lists */
	enum shown shown;	/* the certificate that it was shown last */
	enum lsc_state lsc;	/* what a cluster thinks of its LSC */
};

/* After a boot from cluster `at`. */
enum phone_state state_of(const struct fleet_phone *p, unsigned at);
enum phone_state mark_state(const struct fleet_phone *p, const struct mark *m);

/* ---- expectations ---- */

enum quality { /* of a phone, beyond its state */
	QUALITY_STATE,
	QUALITY_ACCEPTS,
	QUALITY_REJECTS,
	QUALITY_LSC_TRUSTED,
	QUALITY_LSC_DISTRUSTED,
	QUALITY_LSC_NONE,
};

/* Which phones.  "all" are those with Security By Default that are on (of the state no-list: those
 * without it; of locked: those without it that hold a CTL, too; of off: all there are).  Other
 * words choose among the same. */
enum who { WHO_ALL, WHO_ABSENT, WHO_PRESENT, WHO_LOCKED, WHO_MODELS, WHO_NONE, WHO_COUNT };
enum { WHO_MODELS_MAX = 120 };
struct selection {
	enum who who;
	size_t count;		     /* WHO_COUNT */
	char models[WHO_MODELS_MAX]; /* WHO_MODELS: "79xx 8945", x is any digit */
};
bool selection_has(const struct selection *s, const struct fleet_phone *p, const struct mark *m);
/* Is the model one of "79xx 8945"? */
bool models_match(const char *models, const struct model *model);

struct expectation {
	enum quality quality;
	enum phone_state state;	  /* QUALITY_STATE */
	enum judge_reason reason; /* of locked phones; 0: any */
	struct selection of;
};
/* "locked" [reason "tvs-unreachable"]; -1 when there is no such word. */
int expectation_word(const char *word, struct expectation *to);
/* The words expectation_word() takes, for an error. */
const char *expectation_words(void);
int expectation_reason(const char *word, enum judge_reason *to);

/* 0, or -1 with ERR_NO: how many are not as expected, and the first of them. */
int expectation_check(
    const struct expectation *x, const struct fleet *f, const struct mark *m, struct err *e);

/* How many are in each state. */
void states_count(const struct fleet *f, const struct mark *m, size_t count[STATES]);

#endif
