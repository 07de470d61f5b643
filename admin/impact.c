#include "admin/impact.h"

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
