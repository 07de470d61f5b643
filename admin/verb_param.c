/*
 * Enterprise and service parameters: list, get, set.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "admin/refusers.h"
#include "admin/restart.h"
#include "admin/verbs.h"
#include "trust/cluster.h"
#include "trust/param.h"

static void
put_restarts(struct out *o, const struct param *p, const char *label)
{
	out_add_text(o, "restart", label, NULL);
	for (size_t i = 0; i < PARAM_RESTARTS_MAX && p->restart[i] != NULL; i++)
		out_add_text(o, "restart", label, p->restart[i]);
}

/* What it may be set to, for those who draw a control for it. */
static void
put_kind(struct out *o, const struct param *p)
{
	static const char *const truth[PARAM_CHOICES_MAX] = { "True", "False" };
	const char *const *choice = p->type == PARAM_BOOL ? truth : p->choice;

	out_add_text(o, "choices", NULL, NULL);
	for (size_t i = 0; i < PARAM_CHOICES_MAX && choice[i] != NULL; i++)
		out_add_text(o, "choices", NULL, choice[i]);
	if (p->type == PARAM_INT) {
		out_int(o, "low", NULL, p->low);
		out_int(o, "high", NULL, p->high);
	} else {
		out_text(o, "low", NULL, NULL);
		out_text(o, "high", NULL, NULL);
	}
	out_bool(o, "read_only", NULL, p->read_only);
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Parameter Name", "Parameter Value",
		"Suggested Value", "Group", "Restart", NULL };
	char value[PARAM_VALUE_MAX];
	size_t n;
	const struct param *p = param_table(&n);

	out_table(o, "parameters", headings);
	for (size_t i = 0; i < n; i++) {
		if (param_get(c->store, &p[i], value, e) != 0)
			return -1;
		out_row(o);
		out_text(o, "name", "Parameter Name", p[i].name);
		out_text(o, "value", "Parameter Value", value);
		out_text(o, "default", "Suggested Value", p[i].fallback);
		out_text(o, "group", "Group", p[i].group);
		put_restarts(o, &p[i], "Restart");
		put_kind(o, &p[i]);
	}
	out_table_end(o);
	return 0;
}

enum { TAG_BYTES = 16, TAG_MAX = TAG_BYTES * 2 + 1 };

/* What changes when the value does. */
static void
tag_of(const struct param *p, const char *value, char to[TAG_MAX])
{
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };
	struct wr w = { 0 };

	wr_fmt(&w, "%s=%s", p->internal, value);
	EVP_Digest(w.p, w.n, hash, NULL, EVP_sha256(), NULL);
	bytes_hex(bytes_over(hash, TAG_BYTES), '\0', to, TAG_MAX);
	wr_free(&w);
}

static int
run_get(const struct call *c, struct out *o, struct err *e)
{
	const struct param *p = param_find(c->arg[0], e);
	char value[PARAM_VALUE_MAX], tag[TAG_MAX];

	if (p == NULL || param_get(c->store, p, value, e) != 0)
		return -1;
	tag_of(p, value, tag);
	out_text(o, "name", "Parameter Name", p->name);
	out_text(o, "value", "Parameter Value", value);
	out_text(o, "default", "Suggested Value", p->fallback);
	out_text(o, "group", "Group", p->group);
	out_text(o, "internal_name", "Internal Name", p->internal);
	put_restarts(o, p, "Restart");
	out_text(o, "help", "Help", p->help);
	out_text(o, "etag", NULL, tag);
	return 0;
}

/* What would be set, and what would come of it. */
static int
look_at_set(const struct call *c, struct out *o, const struct param *p, struct err *e)
{
	char was[PARAM_VALUE_MAX], value[PARAM_VALUE_MAX];

	if (param_check(p, c->arg[1], value, e) != 0 || param_get(c->store, p, was, e) != 0)
		return -1;
	out_text(o, "name", NULL, p->name);
	out_text(o, "value", NULL, was);
	out_bool(o, "changed", NULL, false);
	out_line(o, "%s: %s now, would be %s", p->name, was, value);
	put_restarts(o, p, "Would have to restart");
	return refusers_show(c, o, p, value, e);
}

/* Is the value still the one that whoever changes it has seen? */
static int
check_tag(const struct call *c, const struct param *p, const char *value, struct err *e)
{
	const char *seen = call_option(c, "if-match");
	char tag[TAG_MAX];

	tag_of(p, value, tag);
	if (seen == NULL || strcmp(seen, tag) == 0)
		return 0;
	err_set(e, ERR_CHANGED, "%s: somebody has changed it meanwhile, it is %s", p->name, value);
	return err_hint(e, "look at it again: trustlist param get");
}

/* One transaction: what was looked at is what is changed. */
static int
change_value(const struct call *c, const struct param *p, char was[PARAM_VALUE_MAX],
    struct cluster_change *change, struct err *e)
{
	int rc;

	if (store_begin(c->store, e) != 0)
		return -1;
	rc = param_get(c->store, p, was, e);
	if (rc == 0)
		rc = check_tag(c, p, was, e);
	if (rc == 0)
		rc = cluster_set_param(c->store, p, c->arg[1], c->who, c->now, change, e);
	return store_end(c->store, rc, e);
}

static int
run_set(const struct call *c, struct out *o, struct err *e)
{
	const struct param *p = param_find(c->arg[0], e);
	struct cluster_change change = { .changed = false };
	char was[PARAM_VALUE_MAX], value[PARAM_VALUE_MAX];

	if (p != NULL && call_has(c, "dry-run"))
		return look_at_set(c, o, p, e);
	if (p == NULL || change_value(c, p, was, &change, e) != 0 ||
	    param_get(c->store, p, value, e) != 0)
		return -1;
	call_changed(c, was, value);
	out_text(o, "name", NULL, p->name);
	out_text(o, "value", NULL, value);
	out_bool(o, "changed", NULL, change.changed);
	out_int(o, "lists_built", NULL, (int64_t)change.lists_built);
	if (!change.changed)
		out_line(o, "%s is %s already", p->name, value);
	else
		out_line(o, "%s: %s", p->name, value);
	if (change.lists_built > 0)
		out_line(o, "A new ITL was built for %zu node%s", change.lists_built,
		    change.lists_built == 1 ? "" : "s");
	if (change.warning[0] != '\0')
		out_text(o, "warning", "Warning", change.warning);
	if (refusers_show(c, o, p, value, e) != 0)
		return -1;
	return restart_after(c, o, p->restart, PARAM_RESTARTS_MAX, NULL, e);
}

static const struct verb verbs[] = {
	{
	    .words = "param list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "all parameters with their values and defaults",
	    .run = run_list,
	},
	{
	    .words = "param get",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "one parameter: value, default, what it does, which services must restart",
	    .run = run_get,
	},
	{
	    .words = "param set",
	    .args = "NAME VALUE",
	    .least = 2,
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "change a parameter; says which services must restart before it is felt",
	    .option = { RESTART_OPTION,
		{ .name = "dry-run", .help = "change nothing: only say what would come of it" },
		{ .name = "if-match",
		    .metavar = "TAG",
		    .help =
			"only if its value is still the one with this tag (param get --json)" } },
	    .run = run_set,
	},
};

const struct verb_set param_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
