/*
 * report: what came of a rehearsal - its runs, their steps, how many phones were in which state
 * after each, why locked ones are locked and what can be done about it, and whether to go.  Told by
 * who runs it, shown as a table, JSON or a page (html.h).  Pure.
 */
#ifndef TL_CMD_REHEARSAL_REPORT_H
#define TL_CMD_REHEARSAL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/out.h"
#include "cmd/rehearsal/state.h"

enum { REPORT_MODELS_MAX = FLEET_MODELS_MAX, REPORT_NAMES_MAX = 3, REPORT_NAME = 240 };
enum { REPORT_KEY = 24 };

/* Of the JSON document.  Raised when one of this program could not be read by one of an older: what
 * a reader leaves alone may be added without. */
enum { REPORT_FORMAT = 1, REPORT_BYTES_MAX = 256 << 20 };

/* Phones that are locked for the same reason. */
struct report_lock {
	enum judge_reason reason;
	char kind[16];	   /* of the file refused: "ITL", "CTL", "configuration" */
	unsigned at, home; /* where it was refused, and whose list the phones hold */
	bool home_is_off;  /* nobody serves home */
	size_t phones;
	char certificate[REPORT_NAME]; /* the file's signer; "": could not be told */
	char serial[64];	       /* its serial number, hex */
	char store[REPORT_NAME];       /* where that was looked for in vain */
	char why[sizeof(((struct fleet_phone *)0)->why)]; /* as the first of them said it */
	char name[REPORT_NAMES_MAX][DEVICE_NAME_MAX];
	size_t names;
	struct {
		const struct model *model;
		size_t phones;
	} model[REPORT_MODELS_MAX];
	size_t models;
};

enum report_verdict {
	REPORT_DONE,
	REPORT_AS_EXPECTED, /* of an expectation, or a refusal that was expected */
	REPORT_FAILED,	    /* the run ends here */
};

struct report_step {
	int line;
	char *text;
	int64_t at;	 /* Unix seconds, by the rehearsal's clock */
	int64_t took_ms; /* by ours */
	enum report_verdict verdict;
	char note[480]; /* "", or what it said */
	bool booted;
	size_t count[STATES];
	struct report_lock *lock; /* after a boot */
	size_t locks;
};

/* A phone at the end. */
struct report_phone {
	char name[DEVICE_NAME_MAX];
	const struct model *model;
	enum phone_state state;
	enum judge_reason reason; /* of a locked one */
	bool by_hand;
	bool lsc_distrusted;
};

struct report_run {
	char *section; /* "steps", "back", "wrong" */
	char *title;   /* of "wrong", else NULL */
	struct report_step *step;
	size_t n;
	struct report_phone *phone;
	size_t phones;
	size_t by_hand;	   /* somebody had to go there */
	size_t distrusted; /* hold an LSC that their cluster does not trust */
	bool go;
	bool no_go_expected;
	bool as_expected;
	char why[sizeof(((struct err *)0)->text)]; /* it is not, or NO-GO */
};

struct report {
	char *name, *title;
	char *source, *outcome;	       /* may be NULL */
	char *cluster[STATE_CLUSTERS]; /* "A, release 12.5, mixed mode"; NULL: none */
	size_t phones;
	char *models; /* "7975 80, 8841 60, ..." */
	struct report_run *run;
	size_t n;
	int64_t began, took_ms;
};

void report_free(struct report *r); /* { 0 } is fine */
/* They live until the next of their kind is added. */
struct report_run *report_add_run(struct report *r, const char *section, const char *title);
struct report_step *report_add_step(struct report_run *run, int line, const char *text);

/* The locked phones, together when it is for the same reason.  Names neither certificate
 * nor store. */
void report_locks(struct report_step *s, const struct fleet *f, const struct mark *m);
/* Counts, and whether it may be done like this: nobody is stuck, and no hand was needed. */
void report_close(struct report_run *run, const struct fleet *f, const struct mark *m);
/* Are others locked, or for other reasons, than after the boot before? */
bool report_is_news(const struct report_run *run, size_t step);
bool report_as_expected(const struct report *r);

const char *report_verdict_text(const struct report_run *run); /* "GO", "NO-GO" */
/* "done", "as expected", "failed": tables and JSON. */
const char *report_step_word(enum report_verdict v);
/* "trusted_a": the key in JSON under which the phones in a state are counted. */
void report_state_key(enum phone_state s, char to[REPORT_KEY]);
/* The three classes that failed migrations fall into, and others. */
const char *report_class(enum judge_reason reason);
/* What can be done about it, without going to each phone; to a text of REPORT_NAME * 2. */
void report_remedy(const struct report_lock *l, char to[2 * REPORT_NAME]);

/* As a table and a JSON document; and that document read again, to what it was made from.  It may
 * be anybody's: ERR_MALFORMED says that it is no report, or one of another format, or names what in
 * it does not add up.  report_free() *out; all or nothing. */
void report_show(const struct report *r, struct out *o);
int report_read(struct bytes json, struct report *out, struct err *e);

#endif
