/*
 * The ITL: show, verify, compare, history.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/listed.h"
#include "admin/verbs.h"
#include "trust/listing.h"
#include "trust/node.h"
#include "trust/service.h"

/* ---- the history ---- */

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	return listed_show(c, o, HISTORY_ITL, e);
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	return listed_export(c, o, HISTORY_ITL, e);
}

static int
run_verify(const struct call *c, struct out *o, struct err *e)
{
	return listed_verify(c, o, HISTORY_ITL, e);
}

static int
run_diff(const struct call *c, struct out *o, struct err *e)
{
	return listed_diff(c, o, HISTORY_ITL, e);
}

static int
run_history(const struct call *c, struct out *o, struct err *e)
{
	return listed_history(c, o, HISTORY_ITL, e);
}

/* ---- utils itl reset ---- */

/* Leaves only those nodes whose TFTP runs. */
static int
keep_active(struct store *s, struct node *node, size_t *n, struct err *e)
{
	struct service tftp;
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (service_get(s, node[i].id, "TFTP", &tftp, e) != 0)
			return -1;
		if (tftp.running)
			node[kept++] = node[i];
	}
	*n = kept;
	return 0;
}

static int
serve_on(const struct call *c, struct out *o, const struct node *node, size_t n, struct err *e)
{
	out_line(o, "Locating active Tftp servers in the cluster.....");
	out_line(o, "Following is the list of Active tftp servers in the cluster");
	out_line(o, "====");
	for (size_t i = 0; i < n; i++)
		out_line(o, "%s", node[i].name);
	out_line(o, "====");
	out_line(o, "Number of Active TFTP servers in the cluster : %zu", n);
	out_line(
	    o, "Transferring new reset ITL file to the TFTP server nodes in the cluster.........");
	out_add_text(o, "nodes", NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		if (service_serve_newest(c->store, &node[i], e) != 0)
			return -1;
		out_add_text(o, "nodes", NULL, node[i].name);
		out_line(o, "Successfully transferred reset ITL to node %s", node[i].name);
	}
	return 0;
}

static int
serve_on_all(const struct call *c, struct out *o, struct err *e)
{
	struct node *node;
	size_t n;
	int rc;

	if (node_list(c->store, &node, &n, e) != 0)
		return -1;
	rc = keep_active(c->store, node, &n, e);
	if (rc == 0)
		rc = serve_on(c, o, node, n, e);
	free(node);
	return rc;
}

/* In one transaction: all TFTP servers have the reset list, or none. */
static int
reset_all(const struct call *c, struct out *o, struct err *e)
{
	size_t built;
	int rc = store_begin(c->store, e);

	if (rc != 0)
		return -1;
	rc = listing_reset(c->store, c->now, &built, e);
	if (rc == 0) {
		out_int(o, "lists_built", NULL, (int64_t)built);
		out_line(o, "Generating the reset ITL file.....");
		out_line(o, "The reset ITL file was generated successfully");
		rc = serve_on_all(c, o, e);
	}
	return store_end(c->store, rc, e);
}

/* The words are those of release 12.5. */
static int
run_reset(const struct call *c, struct out *o, struct err *e)
{
	if (strcmp(c->arg[0], "localkey") != 0) {
		err_set(e, ERR_USAGE, "only localkey: a key of this cluster signs");
		return err_hint(e,
		    "remotekey imported a backup of ITLRecovery from elsewhere, up to "
		    "release 14");
	}
	if (reset_all(c, o, e) != 0)
		return -1;
	out_line(o, "Please reset all the phones to pickup the new ITL File.");
	out_line(o,
	    "Then restart TFTP, which signs with the usual key again, and reset them once more:");
	out_line(o, "  trustlist service restart TFTP");
	return 0;
}

#define SHOW                                                                                       \
	.args = "", .needs = VERB_STORE, .right = RIGHT_READ,                                      \
	.help = "the ITL that TFTP serves, as Cisco prints it",                                    \
	.option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION, LISTED_EC_OPTION }, .run = run_show

#define RESET                                                                                      \
	.args = "localkey", .least = 1, .most = 1, .needs = VERB_STORE, .right = RIGHT_ADMIN,      \
	.help =                                                                                    \
	    "sign the ITL with another key of the cluster, so that locked phones follow again",    \
	.run = run_reset

static const struct verb verbs[] = {
	{ .words = "itl reset", RESET },
	{ .words = "utils itl reset", RESET },
	{ .words = "itl show", SHOW },
	{ .words = "show itl", SHOW },
	{
	    .words = "itl export",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "the ITL that TFTP serves, its bytes on standard output",
	    .option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION, LISTED_EC_OPTION },
	    .run = run_export,
	},
	{
	    .words = "itl verify",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "check its signature against the cluster's certificates (exit 5: it fails)",
	    .option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION, LISTED_EC_OPTION },
	    .run = run_verify,
	},
	{
	    .words = "itl diff",
	    .args = "[FROM [TO]]",
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "what changed between two; without numbers: from the served one to the newest",
	    .option = { LISTED_NODE_OPTION },
	    .run = run_diff,
	},
	{
	    .words = "itl history",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "every ITL that was built, and why",
	    .option = { LISTED_NODE_OPTION },
	    .run = run_history,
	},
};

const struct verb_set itl_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
