/*
 * outlook: what a phone that holds a certain list would make of the newest one, given what the TVS
 * services of the cluster present and know - without a network, and before it happens.
 *
 * The judgement is judge.h's, the same that virtual phones use; here the store plays TVS.
 */
#ifndef TL_TRUST_OUTLOOK_H
#define TL_TRUST_OUTLOOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/judge.h"
#include "trust/store.h"

/* Judges the new list as a phone with those lists in its memory does, asking the TVS services that
 * run now.  What *out lends lives in fresh. */
int outlook_of_list(struct store *s, const struct judge_memory *held, const struct model *model,
    struct bytes fresh, struct judgement *out, struct err *e);

/* What becomes of the phones when they boot next. */
enum outlook_fate {
	OUTLOOK_SAME,	 /* hold the newest lists already */
	OUTLOOK_FOLLOW,	 /* will take them: the signer is in their list, or their list is empty */
	OUTLOOK_ASK,	 /* will take them after asking TVS */
	OUTLOOK_LOCKED,	 /* will refuse one, or their configuration */
	OUTLOOK_UNKNOWN, /* nobody knows what they hold */
	OUTLOOK_FATES
};
const char *outlook_word(enum outlook_fate fate); /* "follow", ... */

struct outlook {
	size_t phones[OUTLOOK_FATES];
	/* The first that is locked, and why. */
	char locked[64], why[400];
	enum judge_reason reason;
};

/* All phones we know whose model has Security By Default, and the others as far as there is a CTL
 * for them, by what each is known to hold, as if every service were restarted now: first the CTL,
 * then the ITL; and where a phone holds a CTL, whether it takes a file that TFTP signs.  Nothing is
 * changed. */
int outlook_of_all(struct store *s, int64_t now, struct outlook *out, struct err *e);

/* The same phones, as things are now, when they boot next from the publisher of another cluster:
 * they ask the TVS of this one about what they are given there. */
int outlook_of_move(struct store *s, struct store *to, struct outlook *out, struct err *e);

#endif
