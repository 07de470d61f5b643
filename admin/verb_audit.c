/*
 * The audit trail: who changed what, from where, and who logged in.
 */
#include <stdlib.h>

#include "admin/verbs.h"
#include "trust/audit.h"

enum { SHOWN = 50, SHOWN_MAX = 10000 };

static void
put_row(struct out *o, const struct audit_row *v)
{
	out_row(o);
	out_int(o, "id", NULL, v->id);
	out_time(o, "at", "Time", v->at);
	out_text(o, "who", "Who", v->who);
	out_text(o, "from", "From", v->from);
	out_text(o, "what", "What", v->what);
	out_text(o, "subject", "Subject", v->subject);
	out_text(o, "was", "Was", v->was);
	out_text(o, "now", "Now", v->now);
	out_text(o, "outcome", "Outcome", v->outcome);
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Time", "Who", "From", "What", "Subject", "Was",
		"Now", "Outcome", NULL };
	int64_t count, after;
	struct audit_row *all;
	size_t n;

	if (call_int(c, "count", 1, SHOWN_MAX, SHOWN, &count, e) != 0 ||
	    call_int(c, "after", 0, INT64_MAX, AUDITS_NEWEST, &after, e) != 0 ||
	    audit_list(c->store, after, call_option(c, "who"), (size_t)count, &all, &n, e) != 0)
		return -1;
	out_table(o, "audit", headings);
	for (size_t i = 0; i < n; i++)
		put_row(o, &all[i]);
	out_table_end(o);
	free(all);
	return 0;
}

static const struct verb verbs[] = {
	{
	    .words = "audit list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "who changed what, from where, old and new value; logins",
	    .looks = true,
	    .option = { { .name = "count", .metavar = "N", .help = "at most so many (50)" },
		{ .name = "after",
		    .metavar = "ID",
		    .help = "the first ones after this entry, instead of the newest" },
		{ .name = "who", .metavar = "NAME", .help = "of this user only, tokens too" } },
	    .run = run_list,
	},
};

const struct verb_set audit_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
