/*
 * The CTL: show, verify, compare, history; and what changes it - the cluster's mode, an update, a
 * reset.  The words of the answers are those of CUCM's command line (TechNotes 118892 and 118893,
 * and the command line guides of 12.5 and later where they differ).
 */
#include <stdio.h>
#include <string.h>

#include "admin/impact.h"
#include "admin/listed.h"
#include "admin/restart.h"
#include "admin/token_option.h"
#include "admin/verbs.h"
#include "trust/cluster.h"
#include "trust/node.h"
#include "trust/param.h"

/* ---- the history ---- */

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	return listed_show(c, o, HISTORY_CTL, e);
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	return listed_export(c, o, HISTORY_CTL, e);
}

static int
run_verify(const struct call *c, struct out *o, struct err *e)
{
	return listed_verify(c, o, HISTORY_CTL, e);
}

static int
run_diff(const struct call *c, struct out *o, struct err *e)
{
	return listed_diff(c, o, HISTORY_CTL, e);
}

static int
run_history(const struct call *c, struct out *o, struct err *e)
{
	return listed_history(c, o, HISTORY_CTL, e);
}

/* ---- what changes it ---- */

/* At a terminal it is asked; scripts, and whoever said --yes, have decided. */
static int
confirm(const struct call *c, const char *question, struct err *e)
{
	if (c->yes || c->ask == NULL || call_has(c, "dry-run") || c->ask(c, question))
		return 0;
	return err_set(e, ERR_FAILED, "nothing was changed");
}

/* What it means for the phones, also when it was refused for that; whether it was done. */
static int
put_change(struct out *o, const struct cluster_change *change, int rc, const struct err *e)
{
	if (rc == 0 || e->code == ERR_STRANDS)
		impact_show(o, change);
	if (rc != 0)
		return rc;
	out_bool(o, "ctl_built", NULL, change->ctl_built);
	out_int(o, "lists_built", NULL, (int64_t)change->lists_built);
	if (change->warning[0] != '\0')
		out_text(o, "warning", "Warning", change->warning);
	return 0;
}

/* What CUCM says is to be done, and our own services. */
static int
say_restarts(const struct call *c, struct out *o, struct err *e)
{
	static const char *const service[] = { "TFTP", "CallManager" };
	struct cluster cluster;

	if (cluster_get(c->store, &cluster, e) != 0)
		return -1;
	out_line(o, "Please Restart the TFTP and Cisco CallManager services on all nodes in the "
		    "cluster that run these services");
	if (cluster.release >= RELEASE_12_5) {
		out_line(o, "You must reset all phones to ensure they received the updated CTL "
			    "file.");
		out_line(o, "You must restart Cisco CTIManager services on all the nodes in the "
			    "cluster that have the service activated.");
	}
	return restart_after(c, o, service, 2, NULL, e);
}

static int
is_on(const struct call *c, const char *name, bool *on, struct err *e)
{
	const struct param *p = param_find(name, e);
	char value[PARAM_VALUE_MAX];

	if (p == NULL || param_get(c->store, p, value, e) != 0)
		return -1;
	*on = param_is_true(value);
	return 0;
}

/* Before 11.5 mixed mode switched auto-registration off (TechNote 200716); newer releases only
 * mention it. */
static int
question_of_mixed_mode(const struct call *c, char *to, size_t size, bool *ends, struct err *e)
{
	struct cluster cluster;
	bool registers;

	if (cluster_get(c->store, &cluster, e) != 0 ||
	    is_on(c, PARAM_AUTO_REGISTER, &registers, e) != 0)
		return -1;
	*ends = registers && cluster.release < RELEASE_11_5;
	snprintf(to, size, "%s to Mixed mode. %sDo you want to continue? (y/n):",
	    cluster.release >= RELEASE_12_5 ? "This operation will set the cluster"
					    : "This operation sets the cluster",
	    registers && cluster.release >= RELEASE_12_5
		? "Auto-registration is enabled on at least one CM node. "
		: "");
	return 0;
}

/* The tokens that are named, beside those of the CTL there is. */
static int
take_tokens(const struct call *c, struct tokens *out, struct err *e)
{
	struct cert *held[CTL_TOKENS_MAX];
	size_t n;
	int rc = ctl_held_tokens(c->store, held, &n, e);

	*out = (struct tokens){ 0 };
	if (rc == 0)
		rc = tokens_take(c, held, n, out, e);
	for (size_t i = 0; i < n; i++)
		cert_free(held[i]);
	return rc;
}

static int
get_mode(const struct call *c, bool *mixed, struct err *e)
{
	const struct param *p = param_find(PARAM_MODE, e);
	char value[PARAM_VALUE_MAX];

	if (p == NULL || param_get(c->store, p, value, e) != 0)
		return -1;
	*mixed = strcmp(value, "1") == 0;
	return 0;
}

static const char *
mode_word(bool mixed)
{
	return mixed ? "mixed-mode" : "non-secure-mode";
}

static int
set_mode(const struct call *c, struct out *o, bool mixed, const char *name, struct err *e)
{
	struct cluster_change change = { .changed = false };
	struct tokens tokens;
	bool was_mixed = false;
	int rc = take_tokens(c, &tokens, e);

	if (rc == 0)
		rc = get_mode(c, &was_mixed, e);
	if (rc == 0)
		rc = cluster_set_mode(c->store, mixed, tokens_of_ctl(&tokens), impact_care(c),
		    c->who, c->now, &change, e);
	tokens_drop(&tokens);
	out_text(o, "mode", NULL, mode_word(mixed));
	if (put_change(o, &change, rc, e) != 0)
		return -1;
	if (call_has(c, "dry-run"))
		return 0;
	if (!change.changed) {
		out_line(o, "Cluster is in %s already", name);
		return 0;
	}
	call_changed(c, mode_word(was_mixed), mode_word(mixed));
	out_line(o, "Moving Cluster to %s", name);
	out_line(o, "Cluster set to %s", name);
	return say_restarts(c, o, e);
}

static int
set_mixed(const struct call *c, struct out *o, struct err *e)
{
	char question[200];
	bool ends;

	if (question_of_mixed_mode(c, question, sizeof(question), &ends, e) != 0 ||
	    confirm(c, question, e) != 0 || set_mode(c, o, true, "Mixed Mode", e) != 0)
		return -1;
	if (ends)
		out_line(o, "Warning: auto-registration is off in mixed mode before release 11.5, "
			    "whatever its parameter says.");
	return 0;
}

static int
run_set_mode(const struct call *c, struct out *o, struct err *e)
{
	if (strcmp(c->arg[0], "mixed-mode") == 0)
		return set_mixed(c, o, e);
	if (strcmp(c->arg[0], "non-secure-mode") != 0)
		return err_set(
		    e, ERR_USAGE, "mixed-mode or non-secure-mode, not \"%.60s\"", c->arg[0]);
	if (confirm(c,
		"This operation will set the cluster to non secure mode. Do you want to continue? "
		"(y/n):",
		e) != 0)
		return -1;
	return set_mode(c, o, false, "Non Secure Mode", e);
}

static int
update(const struct call *c, struct out *o, struct err *e)
{
	struct cluster_change change = { .changed = false };
	struct tokens tokens;
	int rc = take_tokens(c, &tokens, e);

	if (rc == 0)
		rc = cluster_update_ctl(
		    c->store, tokens_of_ctl(&tokens), impact_care(c), c->now, &change, e);
	tokens_drop(&tokens);
	if (put_change(o, &change, rc, e) != 0)
		return -1;
	if (call_has(c, "dry-run"))
		return 0;
	out_line(o, "Updating CTL file");
	if (!change.changed) {
		out_line(o, "The CTL file is up to date already");
		return 0;
	}
	out_line(o, "CTL file Updated");
	return say_restarts(c, o, e);
}

static int
run_update(const struct call *c, struct out *o, struct err *e)
{
	if (c->args == 1 && strcmp(c->arg[0], "CTLFile") != 0)
		return err_set(e, ERR_USAGE, "CTLFile is all that can be updated");
	if (confirm(c, "This operation updates the CTLFile. Do you want to continue? (y/n):", e) !=
	    0)
		return -1;
	return update(c, o, e);
}

static int
run_reset(const struct call *c, struct out *o, struct err *e)
{
	struct cluster_change change = { .changed = false };
	int rc;

	if (strcmp(c->arg[0], "localkey") != 0)
		return err_set(e, ERR_USAGE, "only localkey: a key of this cluster signs");
	rc = cluster_reset_ctl(c->store, impact_care(c), c->now, &change, e);
	if (put_change(o, &change, rc, e) != 0)
		return -1;
	if (call_has(c, "dry-run"))
		return 0;
	if (!change.changed) {
		out_line(o, "The CTL file is signed by the CallManager key of the publisher "
			    "already");
		return 0;
	}
	out_line(o, "The CTL file was generated and signed by the CallManager key of the "
		    "publisher");
	out_line(o, "Once the phones have it: trustlist ctl update, which signs with the usual "
		    "key");
	return say_restarts(c, o, e);
}

#define SHOW                                                                                       \
	.args = "", .needs = VERB_STORE, .right = RIGHT_READ,                                      \
	.help = "the CTL that TFTP serves, as Cisco prints it (exit 3: the cluster has none)",     \
	.option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION }, .run = run_show

#define SET_MODE                                                                                   \
	.args = "mixed-mode|non-secure-mode", .least = 1, .most = 1, .needs = VERB_STORE,          \
	.right = RIGHT_ADMIN,                                                                      \
	.help = "mixed mode, with a CTL that a key of the cluster or a token signs, or back",      \
	.option = { RESTART_OPTION, IMPACT_OPTION, TOKEN_OPTIONS }, .apart = true,                 \
	.run = run_set_mode

#define UPDATE                                                                                     \
	.needs = VERB_STORE, .right = RIGHT_ADMIN,                                                 \
	.help = "a CTL of the certificates of now: nothing else brings it up to date",             \
	.option = { RESTART_OPTION, IMPACT_OPTION, TOKEN_OPTIONS }, .apart = true,                 \
	.run = run_update

#define RESET                                                                                      \
	.args = "localkey", .least = 1, .most = 1, .needs = VERB_STORE, .right = RIGHT_ADMIN,      \
	.help = "sign the CTL with the publisher's CallManager key, so that locked phones follow", \
	.option = { RESTART_OPTION, IMPACT_OPTION }, .run = run_reset

static const struct verb verbs[] = {
	{ .words = "ctl show", SHOW },
	{ .words = "show ctl", SHOW },
	{
	    .words = "ctl export",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "the CTL that TFTP serves, its bytes on standard output",
	    .option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION },
	    .run = run_export,
	},
	{
	    .words = "ctl verify",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "check its signature against the cluster's certificates (exit 5: it fails)",
	    .option = { LISTED_NODE_OPTION, LISTED_NUMBER_OPTION },
	    .run = run_verify,
	},
	{
	    .words = "ctl diff",
	    .args = "[FROM [TO]]",
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "what changed between two; without numbers: from the served one to the newest",
	    .option = { LISTED_NODE_OPTION },
	    .run = run_diff,
	},
	{
	    .words = "ctl history",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "every CTL that was built, and why",
	    .option = { LISTED_NODE_OPTION },
	    .run = run_history,
	},
	{ .words = "ctl set-mode", SET_MODE },
	{ .words = "utils ctl set-cluster", SET_MODE },
	{ .words = "ctl update", .args = "[CTLFile]", .most = 1, UPDATE },
	{ .words = "utils ctl update", .args = "CTLFile", .least = 1, .most = 1, UPDATE },
	{ .words = "ctl reset", RESET },
	{ .words = "utils ctl reset", RESET },
};

const struct verb_set ctl_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
