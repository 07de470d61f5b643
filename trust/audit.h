/*
 * audit: the trail of what administrators did and who logged in - who, from where, what, old and
 * new value, what became of it.  Beside the trail of events, which is about phones.
 *
 * Secrets never get here: passwords, PINs, tokens and keys are neither arguments nor values.
 */
#ifndef TL_TRUST_AUDIT_H
#define TL_TRUST_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

enum {
	AUDITS_KEPT = 100000,
	/* Of what was refused for want of a password or a right, which anybody can cause: those
	 * push each other out, never what administrators did. */
	AUDITS_REFUSED_KEPT = 10000,
	AUDIT_TEXT_MAX = 256, /* bytes of subject, was and now; what is longer ends in "..." */
	AUDITS_NEWEST = -1,   /* for audit_list() */
};

/* Texts are UTF-8 or foreign; the longest of each is what fits with its NUL. */
struct audit_row {
	int64_t id;	  /* set when read */
	int64_t at;	  /* Unix seconds */
	bool refused;	  /* for want of a password or a right */
	char who[64];	  /* "anna", "anna#7" (token 7 of hers), "shell:root"; '#' is in no name */
	char from[64];	  /* the peer's address; "shell" */
	char what[48];	  /* the words of the verb; "login", "logout", "password" */
	char outcome[24]; /* "done", or the word of the error: "denied", "strands-phones" */
	char subject[AUDIT_TEXT_MAX + 1]; /* its arguments */
	char was[AUDIT_TEXT_MAX + 1], now[AUDIT_TEXT_MAX + 1];
};

/* Copies a text for a row, cut between two characters. */
void audit_text(char *to, size_t size, const char *text); /* NULL: "" */

/* Leaves the generation alone.  What was done is on the disk afterwards; what was refused may be
 * lost with the power. */
int audit_add(struct store *s, const struct audit_row *row, struct err *e);
/* At most max, oldest first: the first ones after number `after` (0: from the beginning), or, with
 * AUDITS_NEWEST, the last ones there are.  who NULL: of all; a user's name has those of his tokens
 * too.  *out is the caller's to free(). */
int audit_list(struct store *s, int64_t after, const char *who, size_t max, struct audit_row **out,
    size_t *n, struct err *e);

#endif
