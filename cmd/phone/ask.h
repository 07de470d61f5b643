/*
 * ask: a phone asks TVS about a certificate that none of its lists names - the signer of a list or
 * a file, an HTTPS server.
 *
 * It asks the TVS members of the configuration it accepted last, in their order, and goes on to the
 * next when one does not answer or is none of the TVS of its own ITL.  What was vouched for it
 * remembers until that expires (vouched.h); a "no" it forgets.  Whether it may ask at all, and what
 * the answer is worth, is the judge's to say.  Blocking; the clock is given.
 */
#ifndef TL_CMD_PHONE_ASK_H
#define TL_CMD_PHONE_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/phone/address.h"
#include "cmd/phone/memory.h"
#include "cmd/phone/tvscall.h"
#include "cmd/phone/vouched.h"
#include "tftp/devconf.h"
#include "trust/judge.h"
#include "trust/model.h"

/* What came of one member. */
enum ask_attempt_outcome {
	ATTEMPT_ANSWERED,
	ATTEMPT_LOST,	  /* refused, silent, no TLS that both speak, closed without a word */
	ATTEMPT_STRANGER, /* its certificate is none of the TVS of the phone's ITL */
	ATTEMPT_GARBLED,  /* what it said is no answer to the question */
};
const char *ask_attempt_word(enum ask_attempt_outcome outcome); /* "answered", "unreachable" */

struct ask_attempt {
	struct address to;
	enum ask_attempt_outcome outcome;
	char why[sizeof(((struct err *)0)->text)]; /* "" when it answered */
};

enum ask_end {
	ASK_NOT_ASKED,
	ASK_REMEMBERED, /* vouched for before, and that still holds */
	ASK_VOUCHED,
	ASK_UNKNOWN,   /* TVS answered that it does not know it */
	ASK_UNREACHED, /* nobody answered */
};
const char *ask_end_word(enum ask_end end); /* "not-asked", "vouched", ... */

/* What came of a question, for people. */
struct ask_report {
	enum ask_end end;
	struct ask_attempt attempt[DEVCONF_SERVERS_MAX];
	size_t n;
	size_t request;		     /* bytes of the question */
	uint8_t role[TVS_ROLES_MAX]; /* REMEMBERED, VOUCHED: the three below */
	size_t roles;
	uint32_t ttl; /* seconds that are left */
	int64_t expires;
	/* REMEMBERED: until when; UNREACHED: why, member by member; else "". */
	char why[sizeof(((struct err *)0)->text)];
};

/* The phone that asks. */
struct ask_phone {
	const char *name; /* SEP001122334455 */
	const struct model *model;
	const struct memory *memory;
	int64_t now; /* Unix seconds, by its own clock */
};

enum { ASK_TIMEOUT_MS = 10000 };

/* Its way to TVS.  Start from { .tvs = ... }; asker_free() it. */
struct asker {
	struct tvscaller tvs;
	int timeout_ms;		/* for each step with a member; 0: ASK_TIMEOUT_MS */
	uint32_t sessions;	/* so far */
	struct vouched vouched; /* the last answer */
};

void asker_free(struct asker *a);

/* QUERY: the signer that the judgement names.  What the answer lends lives until the next
 * question.  For struct boot_plan: ctx is a struct asker. */
struct judge_tvs ask_signer(
    void *ctx, const struct ask_phone *p, const struct judgement *about, struct ask_report *out);
/* VERIFY: a certificate the phone was shown. */
void ask_cert(
    struct asker *a, const struct ask_phone *p, const struct cert *shown, struct ask_report *out);

#endif
