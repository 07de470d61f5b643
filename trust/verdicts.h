/*
 * verdicts: what a phone that holds certain lists makes of another one, as the cluster is now.
 *
 * When a building gets its power back, thousands of phones that hold the same lists are given the
 * same one: a verdict is kept until the store's generation rises, and judged once.
 */
#ifndef TL_TRUST_VERDICTS_H
#define TL_TRUST_VERDICTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/model.h"
#include "trust/store.h"

struct verdict_question {
	const struct model *model;
	int64_t itl, ctl; /* ids of those it holds; 0: none */
	int64_t list;	  /* of the one it is given */
};

enum { VERDICT_WHY_MAX = 400 };

struct verdict {
	bool accepted;
	char why[VERDICT_WHY_MAX]; /* a sentence */
};

struct verdicts; /* those of one store */

struct verdicts *verdicts_new(struct store *s); /* the store outlives them */
void verdicts_free(struct verdicts *v);		/* NULL is fine */
struct store *verdicts_store(const struct verdicts *v);

int verdicts_of(
    struct verdicts *v, const struct verdict_question *q, struct verdict *out, struct err *e);
/* How many were judged since verdicts_new(), and not remembered. */
uint64_t verdicts_judged(const struct verdicts *v);

#endif
