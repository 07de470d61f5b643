/*
 * Services of the nodes: list, count, restart, start, stop.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "admin/verbs.h"
#include "base/mem.h"
#include "trust/service.h"
#include "trust/tally.h"

static int
put_service(const struct call *c, struct out *o, const struct service *v, struct err *e)
{
	struct node node;
	char **why;
	size_t n;

	if (node_by_id(c->store, v->node, &node, e) != 0 ||
	    service_stale(c->store, v, &why, &n, e) != 0)
		return -1;
	out_row(o);
	out_text(o, "node", "Node", node.name);
	out_text(o, "name", "Service", v->name);
	out_text(o, "state", "State", v->running ? "running" : "stopped");
	out_time(o, "since", "Since", v->since);
	out_bool(o, "restart_needed", NULL, n > 0);
	out_add_text(o, "because", "Restart needed because", NULL);
	for (size_t i = 0; i < n; i++) {
		out_add_text(o, "because", "Restart needed because", why[i]);
		free(why[i]);
	}
	free(why);
	return 0;
}

/* What the services are is in the store; phones are answered only while a process serves it. */
static void
put_served(const struct call *c, struct out *o)
{
	bool is = root_is_served(c->root);

	out_bool(o, "served", NULL, is);
	out_line(o, "%s", "");
	if (is)
		out_line(o, "A process serves %s.", c->root);
	else
		out_line(o,
		    "No process serves %s: phones get no answer until there is one (trustlist "
		    "serve).",
		    c->root);
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Node", "Service", "State", "Since",
		"Restart needed because", NULL };
	struct service *all;
	size_t n;
	int rc = service_list(c->store, &all, &n, e);

	if (rc != 0)
		return -1;
	out_table(o, "services", headings);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_service(c, o, &all[i], e);
	out_table_end(o);
	if (rc == 0 && c->root != NULL)
		put_served(c, o);
	free(all);
	return rc;
}

/* ---- what has been done for phones ---- */

/* People are shown the first few: what phones asked for. */
static const char *
heading_of(enum tally_what what)
{
	static const char *const heading[TALLY_WHATS] = {
		[TALLY_REQUESTS] = "Requests",
		[TALLY_SENT] = "Sent",
		[TALLY_NOT_FOUND] = "Not found",
		[TALLY_REFUSED] = "Refused",
		[TALLY_GIVEN_UP] = "Given up",
		[TALLY_STOPPED] = "Stopped",
		[TALLY_FAILED] = "Failed",
		[TALLY_BYTES] = "Bytes",
		[TALLY_TRUSTED] = "Trusted",
		[TALLY_NOT_TRUSTED] = "Not trusted",
		[TALLY_DONE] = "Done",
		[TALLY_NOTHING_TO_DO] = "Nothing to do",
		[TALLY_RESENT] = "Resent",
		[TALLY_RUNNING] = "Running",
	};

	return heading[what];
}

/* TVS and CAPF are TLS alone. */
static const char *
heading_in(bool files, enum tally_what what)
{
	return !files && what == TALLY_HANDSHAKES_FAILED ? "No handshake" : heading_of(what);
}

/* What runs now is known only while somebody serves: who was killed could not take it back. */
static bool
is_of_now(enum tally_what what)
{
	return what == TALLY_RUNNING || what == TALLY_CONNECTIONS;
}

/* How long nine of ten took at most, as far as the limits tell. */
static void
put_took(struct out *o, const struct tally *t)
{
	struct took took = tally_took(t);
	uint64_t all = 0, within = 0;
	char text[32] = "-";
	int i = 0;

	for (int k = 0; k <= TOOK_LIMITS; k++)
		all += took.n[k];
	for (within = took.n[0]; i < TOOK_LIMITS && 10 * within < 9 * all; within += took.n[i])
		i++;
	if (all > 0 && i < TOOK_LIMITS)
		snprintf(text, sizeof(text), "%d ms", took_limit_ms[i]);
	else if (all > 0)
		snprintf(text, sizeof(text), "> %d ms", took_limit_ms[TOOK_LIMITS - 1]);
	out_plain(o, "9 of 10 in", text);
}

/* In a table all rows have the same fields, so that programs need not look: what any of its doors
 * counts. */
static bool
is_shown(bool files, enum tally_what what)
{
	for (int i = 0; i < TALLY_DOORS; i++)
		if (tally_is_files((enum tally_door)i) == files &&
		    tally_counts((enum tally_door)i, what))
			return true;
	return false;
}

static void
put_tally(struct out *o, const struct node *node, enum tally_door door, const struct tally *t,
    bool served)
{
	bool files = tally_is_files(door);

	out_row(o);
	out_text(o, "node", "Node", node->name);
	out_text(o, "door", "Over", tally_door_word(door));
	for (int i = 0; i < TALLY_WHATS; i++) {
		enum tally_what what = (enum tally_what)i;
		int64_t n = is_of_now(what) && !served ? 0 : t->n[i];

		if (is_shown(files, what))
			out_int(o, tally_word(what), heading_in(files, what), n);
	}
	put_took(o, t);
}

/* Of one node, the doors for files or the others. */
static int
put_tallies(const struct call *c, struct out *o, const struct node *node, bool files, bool served,
    struct err *e)
{
	struct tally t;

	for (int i = 0; i < TALLY_DOORS; i++) {
		enum tally_door door = (enum tally_door)i;
		int found;

		if (tally_is_files(door) != files)
			continue;
		found = tally_get(c->store, node->id, door, &t, e);
		if (found < 0)
			return -1;
		if (found == 1)
			put_tally(o, node, door, &t, served);
	}
	return 0;
}

static int
put_table(const struct call *c, struct out *o, const struct node *all, size_t n, bool files,
    bool served, struct err *e)
{
	static const char *const of_files[] = { "Node", "Over", "Requests", "Sent", "Not found",
		"Refused", "Given up", "Stopped", "Failed", "Bytes", "Resent", "Running",
		"9 of 10 in", NULL };
	static const char *const of_answers[] = { "Node", "Over", "Requests", "Trusted",
		"Not trusted", "Done", "Nothing to do", "Refused", "Given up", "Stopped", "Failed",
		"No handshake", "9 of 10 in", NULL };
	int rc = 0;

	out_table(o, files ? "counters" : "answers", files ? of_files : of_answers);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_tallies(c, o, &all[i], files, served, e);
	out_table_end(o);
	return rc;
}

/* All nodes, or the one that was asked for; *all is the caller's to free. */
static int
nodes_of(const struct call *c, struct node **all, size_t *n, struct err *e)
{
	if (!call_has(c, "node"))
		return node_list(c->store, all, n, e);
	*all = mem_new(sizeof(**all));
	*n = 1;
	return node_find(c->store, call_option(c, "node"), *all, e);
}

static int
run_stats(const struct call *c, struct out *o, struct err *e)
{
	bool served = c->root != NULL && root_is_served(c->root);
	struct node *all = NULL;
	size_t n = 0;
	int64_t since, at;
	int rc = tally_times(c->store, &since, &at, e);

	if (rc == 0)
		rc = nodes_of(c, &all, &n, e);
	if (rc == 0) {
		out_time(o, "since", "Counted since", since);
		out_time(o, "at", "Counted last", at);
		out_bool(o, "served", NULL, served);
		rc = put_table(c, o, all, n, true, served, e);
	}
	if (rc == 0) {
		out_line(o, "%s", "");
		rc = put_table(c, o, all, n, false, served, e);
	}
	if (rc == 0 && !served)
		out_line(o, "No process serves the cluster now.");
	free(all);
	return rc;
}

/* ---- restart, start, stop ---- */

static int
check_names(const struct call *c, struct err *e)
{
	for (size_t i = 0; i < c->args; i++)
		if (service_kind_of(c->arg[i], e) == NULL)
			return -1;
	return 0;
}

typedef int doing_one(const struct call *c, const struct node *node,
    const struct service_kind *kind, bool *changed, struct err *e);

struct doing {
	const char *word;     /* "restarted" */
	struct wr *was, *now; /* states of all of them, for the trail */
	doing_one *run;
};

static int
note_state(const struct call *c, const struct node *node, const struct service_kind *kind,
    struct wr *to, struct err *e)
{
	struct service v;

	if (service_get(c->store, node->id, kind->name, &v, e) != 0)
		return -1;
	wr_fmt(to, "%s%s on %s: %s", to->n > 0 ? ", " : "", kind->name, node->name,
	    v.running ? "running" : "stopped");
	if (v.running)
		wr_fmt(to, " (start %lld)", (long long)v.starts);
	return 0;
}

static int
on_nodes(const struct call *c, struct out *o, const struct doing *what,
    const struct service_kind *kind, const struct node *node, size_t nodes, struct err *e)
{
	bool changed;

	for (size_t i = 0; i < nodes; i++) {
		if (kind->publisher_only && !node[i].publisher)
			continue;
		if (note_state(c, &node[i], kind, what->was, e) != 0 ||
		    what->run(c, &node[i], kind, &changed, e) != 0 ||
		    note_state(c, &node[i], kind, what->now, e) != 0)
			return -1;
		out_row(o);
		out_text(o, "node", "Node", node[i].name);
		out_text(o, "name", "Service", kind->name);
		out_text(o, "result", "Result", changed ? what->word : "was so already");
	}
	return 0;
}

/* In the order in which they are named, else in the usual one; each service on all nodes before the
 * next, as the procedures say. */
static int
do_all(const struct call *c, struct out *o, const struct doing *what, struct err *e)
{
	static const char *const headings[] = { "Node", "Service", "Result", NULL };
	size_t kinds, nodes;
	const struct service_kind *kind = service_kinds(&kinds);
	struct node *all, one = { 0 };
	int rc;

	if (check_names(c, e) != 0)
		return -1;
	if (call_has(c, "node")) {
		if (node_find(c->store, call_option(c, "node"), &one, e) != 0)
			return -1;
		all = NULL;
		nodes = 1;
	} else if (node_list(c->store, &all, &nodes, e) != 0) {
		return -1;
	}
	rc = 0;
	out_table(o, "services", headings);
	for (size_t i = 0; rc == 0 && i < c->args; i++)
		rc =
		    on_nodes(c, o, what, service_kind_of(c->arg[i], e), all ? all : &one, nodes, e);
	for (size_t i = 0; rc == 0 && c->args == 0 && i < kinds; i++)
		rc = on_nodes(c, o, what, &kind[i], all ? all : &one, nodes, e);
	out_table_end(o);
	free(all);
	return rc;
}

static int
restart_one(const struct call *c, const struct node *node, const struct service_kind *kind,
    bool *changed, struct err *e)
{
	*changed = true;
	return service_start(c->store, node, kind, c->now, e);
}

static int
start_one(const struct call *c, const struct node *node, const struct service_kind *kind,
    bool *changed, struct err *e)
{
	struct service v;

	if (service_get(c->store, node->id, kind->name, &v, e) != 0)
		return -1;
	*changed = !v.running;
	return v.running ? 0 : service_start(c->store, node, kind, c->now, e);
}

static int
stop_one(const struct call *c, const struct node *node, const struct service_kind *kind,
    bool *changed, struct err *e)
{
	return service_stop(c->store, node, kind, c->now, changed, e);
}

/* What was done is noted also when the rest could not be. */
static int
do_and_note(const struct call *c, struct out *o, const char *word, doing_one *run, struct err *e)
{
	struct wr was = { 0 }, now = { 0 };
	struct doing what = { .word = word, .was = &was, .now = &now, .run = run };
	int rc = do_all(c, o, &what, e);

	call_changed(c, wr_cstr(&was), wr_cstr(&now));
	wr_free(&was);
	wr_free(&now);
	return rc;
}

static int
run_restart(const struct call *c, struct out *o, struct err *e)
{
	return do_and_note(c, o, "restarted", restart_one, e);
}

static int
run_start(const struct call *c, struct out *o, struct err *e)
{
	return do_and_note(c, o, "started", start_one, e);
}

static int
run_stop(const struct call *c, struct out *o, struct err *e)
{
	return do_and_note(c, o, "stopped", stop_one, e);
}

#define NODE_OPTION                                                                                \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "on this node only (else on all)"       \
	}

static const struct verb verbs[] = {
	{
	    .words = "service list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "running or stopped, since when, why a restart is needed; does a process serve",
	    .run = run_list,
	},
	{
	    .words = "service stats",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help =
		"what phones asked of TFTP, HTTP, TVS and CAPF, what became of it, and how long it took",
	    .option = { NODE_OPTION },
	    .run = run_stats,
	},
	{
	    .words = "service restart",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "restart TVS, TFTP, CAPF, CallManager (all, in that order, without a name)",
	    .option = { NODE_OPTION },
	    .run = run_restart,
	},
	{
	    .words = "service start",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "start what is stopped",
	    .option = { NODE_OPTION },
	    .run = run_start,
	},
	{
	    .words = "service stop",
	    .args = "NAME [NAME...]",
	    .least = 1,
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "stop a service: it answers nobody until it is started",
	    .option = { NODE_OPTION },
	    .run = run_stop,
	},
};

const struct verb_set service_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
