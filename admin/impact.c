#include "admin/impact.h"

#include <stdlib.h>

#include "admin/cert_name.h"
#include "base/mem.h"
#include "trust/chain.h"
#include "trust/lsc.h"

enum cluster_care
impact_care(const struct call *c)
{
	if (call_has(c, "dry-run"))
		return CLUSTER_LOOK;
	return c->yes ? CLUSTER_ANYHOW : CLUSTER_UNLESS_LOCKED;
}

static void
put_fate(struct out *o, const struct cluster_change *change, enum outlook_fate fate)
{
	out_row(o);
	out_text(o, "fate", NULL, outlook_word(fate));
	out_int(o, "before", NULL, (int64_t)change->before.phones[fate]);
	out_int(o, "after", NULL, (int64_t)change->after.phones[fate]);
}

void
impact_show(struct out *o, const struct cluster_change *change)
{
	const struct outlook *after = &change->after;
	const size_t *n = after->phones;

	out_bool(o, "changed", NULL, change->changed);
	out_table(o, "phones", NULL);
	for (int fate = 0; fate < OUTLOOK_FATES; fate++)
		put_fate(o, change, (enum outlook_fate)fate);
	out_table_end(o);
	out_line(o,
	    "Phones, when the services have restarted and they boot: %zu follow, %zu follow "
	    "after asking TVS, %zu locked, %zu unaffected, %zu of which nobody knows",
	    n[OUTLOOK_FOLLOW], n[OUTLOOK_ASK], n[OUTLOOK_LOCKED], n[OUTLOOK_SAME],
	    n[OUTLOOK_UNKNOWN]);
	if (n[OUTLOOK_LOCKED] == 0)
		return;
	out_text(o, "locked_first", NULL, after->locked);
	out_text(o, "locked_reason", NULL, judge_reason_word(after->reason));
	out_line(o, "%s: %s", after->locked, after->why);
}

/* ---- LSCs ---- */

int
impact_stale_lscs(const struct call *c, size_t *n, struct err *e)
{
	struct lsc *all;
	size_t count;

	*n = 0;
	if (lsc_list(c->store, NULL, &all, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*n += all[i].state == LSC_HELD && !all[i].stale;
	lsc_list_free(all, count);
	return 0;
}

/* Those whose word counts in CAPF: its own certificate (which may be missing), CAPF-trust. */
struct believed {
	const struct cert **cert; /* borrowed */
	size_t n;
};

static bool
is_issued_by(const struct cert *lsc, const struct believed *b)
{
	struct chain chain;

	chain_follow(lsc, b->cert, b->n, &chain);
	return chain.n > 1;
}

/* CAPF's own certificate of now proves its LSCs without CAPF-trust; one that has run out proves
 * nothing anyhow. */
static int
count_unproven(const struct call *c, const struct believed *others, const struct cert *goes,
    size_t *n, struct err *e)
{
	const struct believed it = { &goes, 1 };
	struct lsc *all;
	size_t count;

	if (lsc_list(c->store, NULL, &all, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*n += all[i].state == LSC_HELD && all[i].stale &&
		      c->now < cert_not_after(all[i].cert) && is_issued_by(all[i].cert, &it) &&
		      !is_issued_by(all[i].cert, others);
	lsc_list_free(all, count);
	return 0;
}

int
impact_unproven_lscs(const struct call *c, const char *name, size_t *n, struct err *e)
{
	struct believed others = { .n = 0 };
	const struct held_cert *goes;
	struct held_cert *held;
	char *place;
	size_t count;
	int rc = 0;

	*n = 0;
	if (certs_list_of(c->store, "CAPF-trust", &held, &count, e) != 0)
		return -1;
	place = mem_fmt("CAPF-trust/%s", name);
	goes = cert_name_find(place, held, count, CERTS_CLUSTER, NULL);
	others.cert = mem_array(count + 1, sizeof(*others.cert));
	for (size_t i = 0; i < count; i++)
		if (&held[i] != goes)
			others.cert[others.n++] = held[i].cert;
	if (goes != NULL)
		rc = count_unproven(c, &others, goes->cert, n, e);
	free(others.cert);
	free(place);
	certs_list_free(held, count);
	return rc;
}

void
impact_show_lscs(struct out *o, const char *key, size_t n, const char *what)
{
	out_int(o, key, NULL, (int64_t)n);
	if (n > 0)
		out_line(o, "Warning: of %zu phone%s the LSC %s", n, n == 1 ? "" : "s", what);
}
