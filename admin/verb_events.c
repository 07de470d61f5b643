/*
 * The trail of events: what services did for whom, and why.
 */
#include <stdlib.h>

#include "admin/events.h"
#include "admin/verbs.h"
#include "trust/event.h"

enum { SHOWN = 50, SHOWN_MAX = 100000 };

void
events_put(struct out *o, const struct event_row *v)
{
	out_int(o, "id", NULL, v->id);
	out_time(o, "at", "Time", v->at);
	out_text(o, "service", "Service", v->service);
	out_text(o, "node", "Node", v->node);
	out_text(o, "peer", NULL, v->peer);
	out_text(o, "device", "Device", v->device);
	out_text(o, "what", "What", v->what);
	out_text(o, "verdict", "Verdict", v->verdict);
	out_text(o, "subject", "Subject", v->subject);
	out_text(o, "because", "Because", v->because);
}

static int
run_tail(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Time", "Service", "Node", "Device", "What",
		"Verdict", "Subject", "Because", NULL };
	int64_t count, after;
	struct event_row *all;
	size_t n;

	if (call_int(c, "count", 1, SHOWN_MAX, SHOWN, &count, e) != 0 ||
	    call_int(c, "after", 0, INT64_MAX, EVENTS_NEWEST, &after, e) != 0 ||
	    events_list(c->store, after, call_option(c, "device"), (size_t)count, &all, &n, e) != 0)
		return -1;
	out_table(o, "events", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		events_put(o, &all[i]);
	}
	out_table_end(o);
	free(all);
	return 0;
}

static const struct verb verbs[] = {
	{
	    .words = "events tail",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "events: who asked what, the verdict, and because of which store",
	    .option = { { .name = "count", .metavar = "N", .help = "at most so many (50)" },
		{ .name = "after",
		    .metavar = "ID",
		    .help = "the first ones after this event, instead of the newest" },
		{ .name = "device", .metavar = "NAME", .help = "of this phone only" } },
	    .run = run_tail,
	},
};

const struct verb_set events_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
