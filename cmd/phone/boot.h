/*
 * boot: one boot of a virtual phone - it asks for its CTL, its ITL and its configuration in the
 * order of a real one, judges each with trust/judge, and remembers at once what it accepted.
 * Blocking and linear; no store, no server, no clock.
 */
#ifndef TL_CMD_PHONE_BOOT_H
#define TL_CMD_PHONE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/phone/ask.h"
#include "cmd/phone/enrol_phone.h"
#include "cmd/phone/fetch.h"
#include "cmd/phone/words.h"
#include "trust/judge.h"
#include "trust/model.h"

struct boot_plan {
	const char *name;	   /* "SEP001122334455" */
	const struct model *model; /* NULL: the one it remembers, else what such a name is */
	const char *folder;	   /* of its memory; made when missing */
	struct fetcher server;
	const char *tamper; /* a file name: one bit of it is flipped on the way; NULL: none */
	/* Asks the TVS of the ITL it holds for the signer that the judgement names (ask.h).  What
	 * the answer lends lives until the next call.  NULL: there is no way to TVS. */
	struct judge_tvs (*ask_tvs)(void *ctx, const struct ask_phone *phone,
	    const struct judgement *about, struct ask_report *report);
	void *tvs_ctx;
	/* Enrols with CAPF as the configuration that it accepted wants (enrol_phone.h).  NULL:
	 * there is no way to CAPF. */
	void (*enrol)(void *ctx, const struct enrol_phone *phone, struct enrol_report *report);
	void *enrol_ctx;
	struct shelf *shelf; /* of lists that other phones hold, too; NULL: none */
	/* What it remembers when all is over; lent for that call.  May be NULL. */
	void (*look)(void *ctx, const struct memory *m);
	void *look_ctx;
	int64_t now; /* Unix seconds, by the phone's clock */
};

enum step_kind { STEP_CTL, STEP_ITL, STEP_CONFIG };

enum step_verdict {
	STEP_ACCEPTED,
	STEP_SAME,    /* the very list it holds: nothing to update */
	STEP_REFUSED, /* judged, or too large for a phone */
	STEP_MISSING, /* the server has no such file */
	STEP_LOST,    /* no answer, or an error: the boot ends here */
};
const char *step_verdict_word(enum step_verdict verdict); /* "accepted", "not-found" */

/* One file asked for. */
struct boot_step {
	enum step_kind kind;
	char file[FETCH_NAME_MAX];
	bool held;     /* a list: the phone held one of its kind already */
	bool sealed;   /* a configuration that only its key opens (.enc.sgn) */
	bool tampered; /* we flipped a bit of it */
	enum fetch_outcome fetched;
	enum step_verdict verdict;
	bool judged;		  /* the three below are the judge's */
	enum judge_reason reason; /* 0 unless judged */
	char decided_by[sizeof(((struct judgement *)0)->decided_by)];
	/* A sentence: the judge's, and what came of asking TVS. */
	char why[sizeof(((struct judgement *)0)->why) + sizeof(((struct ask_report *)0)->why) + 2];
	struct ask_report tvs;
	struct words console;
};
/* "signer-in-itl"; of a file that was not judged "same-list", "not-found", "too-large", ... */
const char *step_reason_word(const struct boot_step *s);

enum boot_outcome {
	BOOT_TRUSTED,	  /* nothing was refused, and it has a configuration */
	BOOT_REFUSED,	  /* it refused a list or its configuration */
	BOOT_UNREACHABLE, /* the server did not answer, or only with errors */
	BOOT_NO_CONFIG,	  /* the server has no configuration for it, not even the default one */
};
const char *boot_outcome_word(enum boot_outcome outcome); /* "trusted", "refused", ... */

/* CTL, ITL under two names, configuration under three names. */
enum { BOOT_STEPS_MAX = 6 };

struct boot_result {
	const struct model *model;
	bool damaged;	       /* a list in its memory could not be read: as if there were none */
	bool has_ctl, has_itl; /* now */
	struct boot_step step[BOOT_STEPS_MAX];
	size_t n;
	struct enrol_report enrol; /* what came of CAPF; the outcome does not depend on it */
	enum boot_outcome outcome;
	struct words status;
	int tl_code; /* words_tl_code() */
};

/* 0: the phone went through its boot, and *out says what became of it.  -1: it could not, because
 * of the plan (ERR_USAGE) or its memory; *out then tells how far it came. */
int phone_boot(const struct boot_plan *plan, struct boot_result *out, struct err *e);
/* The step that the outcome comes from; NULL when it is BOOT_TRUSTED. */
const struct boot_step *boot_decisive(const struct boot_result *r);

#endif
