/*
 * The cluster: init, show, add a node.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/ctl_due.h"
#include "admin/embedded.h"
#include "admin/restart.h"
#include "admin/root.h"
#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/cluster.h"
#include "trust/node.h"
#include "trust/param.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define RELEASES "8.0, 10.0, 11.5, 12.5 or 14"

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return true;
	return false;
}

static int
take_text(const struct call *c, const char *option, const char *fallback, char *to, size_t size,
    struct err *e)
{
	const char *value = call_option(c, option);

	if (value == NULL)
		value = fallback;
	/* 64 characters is what X.520 allows a name's part. */
	if (strlen(value) >= size || !bytes_is_utf8(bytes_of(value)) || has_control(value))
		return err_set(e, ERR_USAGE,
		    "--%s: at most %zu bytes of UTF-8 without control characters", option,
		    size - 1);
	snprintf(to, size, "%s", value);
	return 0;
}

static int
read_wants(const struct call *c, struct cluster *to, struct err *e)
{
	const char *name = call_option(c, "name"), *release = call_option(c, "release");

	*to = (struct cluster){ .created = c->now,
		.release = release_of(release ? release : "12.5") };
	if (to->release == 0)
		return err_set(e, ERR_USAGE, "--release is " RELEASES ", not \"%.40s\"", release);
	/* It becomes a part of host names. */
	if (!node_name_is(name) || strlen(name) > 50)
		return err_set(e, ERR_USAGE,
		    "--name: letters, digits, '-' and '.', at most 50, not \"%.60s\"", name);
	if (call_has(c, "country") && (strlen(call_option(c, "country")) != 2 ||
					  strspn(call_option(c, "country"), CAPITALS) != 2))
		return err_set(e, ERR_USAGE, "--country has two capital letters, not \"%.40s\"",
		    call_option(c, "country"));
	if (take_text(c, "name", "", to->name, sizeof(to->name), e) != 0 ||
	    take_text(c, "organization", name, to->organization, sizeof(to->organization), e) !=
		0 ||
	    take_text(c, "unit", "Voice", to->unit, sizeof(to->unit), e) != 0 ||
	    take_text(c, "location", "Lab", to->location, sizeof(to->location), e) != 0 ||
	    take_text(c, "state", "Lab", to->state, sizeof(to->state), e) != 0)
		return -1;
	return take_text(c, "country", "US", to->country, sizeof(to->country), e);
}

/* Files that are there already are somebody's, and stay. */
static int
write_samples(const char *folder, struct err *e)
{
	int rc = file_make_folder(folder, 0755, e);

	for (const struct embedded *f = embedded_tftp; rc == 0 && f->name != NULL; f++) {
		char *path = mem_fmt("%s/%s", folder, f->name);

		if (!file_exists(path))
			rc = file_replace(path, bytes_over(f->p, f->n), 0644, e);
		free(path);
	}
	return rc;
}

static int
write_conf(const char *path, struct err *e)
{
	if (file_exists(path))
		return 0;
	return file_replace(path, bytes_over(embedded_conf[0].p, embedded_conf[0].n), 0644, e);
}

/* A store that an init left without a cluster is taken up again. */
static struct store *
open_for_init(const char *path, struct err *e)
{
	struct store *s = store_open(path, STORE_CREATE, e);

	if (s == NULL && e->code == ERR_EXISTS)
		s = store_open(path, STORE_EXISTING, e);
	return s;
}

static int
check_new(struct store *s, struct err *e)
{
	struct cluster there;
	struct err none = { 0 };

	if (cluster_get(s, &there, &none) == 0)
		return err_set(e, ERR_EXISTS, "there is a cluster %s already", there.name);
	if (none.code == ERR_NOT_FOUND)
		return 0;
	*e = none;
	return -1;
}

static int
found(const struct call *c, const struct cluster *want, const char *node, const char *address,
    struct err *e)
{
	char *store = root_store(c->root), *conf = root_conf(c->root);
	char *folder = root_folder(c->root);
	struct store *s = NULL;
	int rc = file_make_folder(c->root, 0700, e);

	/* In the middle of a restore there is no store where it belongs: one made now would be kept
	 * instead of the restored one. */
	if (rc == 0)
		rc = root_settle(c->root, e);
	if (rc == 0)
		rc = (s = open_for_init(store, e)) == NULL ? -1 : 0;
	/* The cluster comes last: an init that fails half way can be repeated. */
	if (rc == 0)
		rc = check_new(s, e);
	if (rc == 0)
		rc = write_conf(conf, e);
	if (rc == 0)
		rc = write_samples(folder, e);
	if (rc == 0)
		rc = cluster_found(s, want, node, address, c->now, e);
	if (rc == 0)
		call_note(c, s, "cluster init", "done");
	store_close(s);
	free(store);
	free(conf);
	free(folder);
	return rc;
}

static int
run_init(const struct call *c, struct out *o, struct err *e)
{
	const char *address = call_option(c, "address");
	char node[NODE_NAME_MAX], spelled[NODE_ADDRESS_MAX];
	struct cluster want;

	if (read_wants(c, &want, e) != 0 ||
	    node_address(address ? address : "127.0.0.1", spelled, e) != 0)
		return -1;
	snprintf(node, sizeof(node), "%.50s-pub", want.name);
	if (call_has(c, "node") && !node_name_is(call_option(c, "node")))
		return err_set(
		    e, ERR_USAGE, "--node: a host name, not \"%.60s\"", call_option(c, "node"));
	if (call_has(c, "node"))
		snprintf(node, sizeof(node), "%s", call_option(c, "node"));
	if (found(c, &want, node, spelled, e) != 0)
		return -1;
	out_text(o, "cluster", "Cluster", want.name);
	out_text(o, "release", "Release", release_text(want.release));
	out_text(o, "node", "Publisher", node);
	out_text(o, "address", "Address", spelled);
	out_text(o, "root", "Root", c->root);
	out_line(o, "ITL number 1 is built.  Next: trustlist --root %s serve", c->root);
	return 0;
}

static int
put_nodes(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Node", "Address", "Role", NULL };
	struct node *all;
	size_t n;

	if (node_list(c->store, &all, &n, e) != 0)
		return -1;
	out_table(o, "nodes", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		out_text(o, "name", "Node", all[i].name);
		out_text(o, "address", "Address", all[i].address);
		out_text(o, "role", "Role", all[i].publisher ? "publisher" : "subscriber");
	}
	out_table_end(o);
	free(all);
	return 0;
}

static int
put_param(const struct call *c, struct out *o, const char *key, const char *name, struct err *e)
{
	const struct param *p = param_find(name, e);
	char value[PARAM_VALUE_MAX];

	if (p == NULL || param_get(c->store, p, value, e) != 0)
		return -1;
	out_text(o, key, p->name, value);
	return 0;
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	struct cluster cluster;

	if (cluster_get(c->store, &cluster, e) != 0)
		return -1;
	out_text(o, "cluster", "Cluster", cluster.name);
	out_text(o, "release", "Release", release_text(cluster.release));
	out_time(o, "created", "Created", cluster.created);
	if (put_param(c, o, "security_mode", PARAM_MODE, e) != 0 ||
	    put_param(c, o, "rollback", PARAM_ROLLBACK, e) != 0)
		return -1;
	return put_nodes(c, o, e);
}

static int
run_add_node(const struct call *c, struct out *o, struct err *e)
{
	static const char *const restart[] = { "TFTP", NULL };
	struct cluster_change change;

	if (cluster_add_node(c->store, c->arg[0], c->arg[1], c->now, &change, e) != 0)
		return -1;
	out_text(o, "node", NULL, c->arg[0]);
	out_text(o, "address", NULL, c->arg[1]);
	out_int(o, "lists_built", NULL, (int64_t)change.lists_built);
	out_line(o,
	    "%s added with its own certificates; `serve` listens there when it starts again",
	    c->arg[0]);
	if (change.warning[0] != '\0')
		out_text(o, "warning", "Warning", change.warning);
	ctl_due_show(o, &change);
	return restart_after(c, o, restart, 1, NULL, e);
}

static const struct verb verbs[] = {
	{
	    .words = "cluster init",
	    .args = "",
	    .needs = VERB_ROOT,
	    .right = RIGHT_ADMIN,
	    .help = "make a cluster: certificates, store, config file, sample files, the first ITL",
	    .option = { { .name = "name",
			    .metavar = "NAME",
			    .help = "of the cluster",
			    .must = true },
		{ .name = "release", .metavar = "R", .help = RELEASES " (12.5)" },
		{ .name = "address", .metavar = "ADDR", .help = "of the publisher (127.0.0.1)" },
		{ .name = "node", .metavar = "HOST", .help = "its host name (NAME-pub)" },
		{ .name = "organization", .metavar = "O", .help = "in certificates (NAME)" },
		{ .name = "unit", .metavar = "OU", .help = "in certificates (Voice)" },
		{ .name = "location", .metavar = "L", .help = "in certificates (Lab)" },
		{ .name = "state", .metavar = "ST", .help = "in certificates (Lab)" },
		{ .name = "country",
		    .metavar = "C",
		    .help = "in certificates, two letters (US)" } },
	    .host_only = "there is no cluster yet that could be asked",
	    .run = run_init,
	},
	{
	    .words = "cluster show",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "name, release, mode, nodes",
	    .run = run_show,
	},
	{
	    .words = "cluster add-node",
	    .args = "HOST ADDRESS",
	    .least = 2,
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "add a subscriber with its own certificates and ITL",
	    .option = { RESTART_OPTION },
	    .run = run_add_node,
	},
};

const struct verb_set cluster_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
