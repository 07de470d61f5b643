/*
 * The ITL: show, verify, compare, history.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verbs.h"
#include "trust/certs.h"
#include "trust/listing.h"
#include "trust/role.h"
#include "trust/service.h"
#include "trust/tlist.h"

/* A list of the history, read. */
struct loaded {
	struct listing_entry entry;
	struct tlist *list;
};

static void
loaded_free(struct loaded *l)
{
	tlist_free(l->list);
	l->list = NULL;
}

static int
load(struct store *s, struct loaded *l, struct err *e)
{
	struct wr file = { 0 };

	if (listing_file(s, l->entry.id, &file, e) == 0)
		l->list = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	return l->list == NULL ? -1 : 0;
}

static int
number_of(const char *text, int *number, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || v == 0 || v < -1000000 || v > 1000000)
		return err_set(e, ERR_USAGE,
		    "\"%.40s\" is no number of an ITL (1, 2, ...; -1: the newest)", text);
	*number = (int)v;
	return 0;
}

static int
load_numbered(struct store *s, int64_t node, const char *text, struct loaded *l, struct err *e)
{
	int number = 0;

	*l = (struct loaded){ .list = NULL };
	if (number_of(text, &number, e) != 0 ||
	    listing_numbered(s, node, number, &l->entry, e) != 0)
		return -1;
	return load(s, l, e);
}

/* What TFTP serves is the one of its last start; without TFTP, the newest. */
static int
served_number(struct store *s, int64_t node, int *number, struct err *e)
{
	struct listing_entry *all;
	struct service tftp;
	size_t n;

	*number = -1;
	if (service_get(s, node, "TFTP", &tftp, e) != 0 ||
	    listing_history(s, node, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (all[i].id == tftp.itl)
			*number = all[i].number;
	free(all);
	return 0;
}

static int
load_served(struct store *s, int64_t node, struct loaded *l, struct err *e)
{
	int number = 0;

	*l = (struct loaded){ .list = NULL };
	if (served_number(s, node, &number, e) != 0 ||
	    listing_numbered(s, node, number, &l->entry, e) != 0)
		return -1;
	return load(s, l, e);
}

/* The list that the call means: --number, or the one that is served. */
static int
load_meant(const struct call *c, const struct node *node, struct loaded *l, struct err *e)
{
	if (call_has(c, "number"))
		return load_numbered(c->store, node->id, call_option(c, "number"), l, e);
	return load_served(c->store, node->id, l, e);
}

static void
put_record(struct out *o, const struct tlist_record *r, size_t number)
{
	out_row(o);
	out_int(o, "number", NULL, (int64_t)number);
	out_int(o, "role", NULL, r->role);
	out_text(o, "function", NULL, role_function(r->role));
	out_text(o, "dns", NULL, r->dns);
	out_text(o, "subject", NULL, r->subject);
	out_text(o, "issuer", NULL, r->issuer);
	out_hex(o, "serial", NULL, r->serial);
	out_bool(o, "blank", NULL, tlist_is_blank(r));
	if (r->cert != NULL)
		out_hex(o, "sha1", NULL, cert_sha1(r->cert));
}

static void
put_list(struct out *o, const struct loaded *l, const struct node *node)
{
	out_text(o, "node", NULL, node->name);
	out_int(o, "number", NULL, l->entry.number);
	out_time(o, "built", NULL, l->entry.built);
	out_text(o, "why", NULL, l->entry.why);
	out_int(o, "length", NULL, (int64_t)l->list->file.n);
	out_text(o, "signer", NULL, l->list->head.signer_name);
	out_hex(o, "signer_serial", NULL, l->list->head.serial);
	out_text(o, "digest", NULL, digest_word(l->list->head.digest));
	out_table(o, "records", NULL);
	for (size_t i = 0; i < l->list->n; i++)
		put_record(o, &l->list->record[i], i + 1);
	out_table_end(o);
}

static void
say_newer(const struct call *c, struct out *o, const struct loaded *l, const struct node *node)
{
	struct listing_entry newest;

	if (call_has(c, "number") || listing_newest(c->store, node->id, &newest, NULL) != 1 ||
	    newest.id == l->entry.id)
		return;
	out_line(o, "\nITL number %d is newer (%s): served after TFTP restarts.", newest.number,
	    newest.why);
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	struct wr text = { 0 };
	struct node node;
	struct loaded l;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0 ||
	    load_meant(c, &node, &l, e) != 0)
		return -1;
	tlist_print(l.list, l.entry.built, &text);
	out_block(o, wr_cstr(&text));
	put_list(o, &l, &node);
	say_newer(c, o, &l, &node);
	wr_free(&text);
	loaded_free(&l);
	return 0;
}

/* The certificate we hold that the list names as its signer; NULL when we hold none. */
static struct cert *
signer_we_hold(struct store *s, const struct tlist *l, struct err *e)
{
	struct held_cert *all;
	struct cert *found = NULL;
	size_t n;

	if (certs_list(s, &all, &n, e) != 0)
		return NULL;
	for (size_t i = 0; found == NULL && i < n; i++)
		if (sighdr_names(&l->head, all[i].cert))
			found = cert_copy(all[i].cert);
	certs_list_free(all, n);
	if (found == NULL)
		err_set(e, ERR_NO, "no certificate of the cluster is the signer %.200s",
		    l->head.signer_name);
	return found;
}

static int
run_verify(const struct call *c, struct out *o, struct err *e)
{
	struct cert *signer = NULL;
	struct node node;
	struct loaded l;
	int rc = -1;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0 ||
	    load_meant(c, &node, &l, e) != 0)
		return -1;
	signer = signer_we_hold(c->store, l.list, e);
	if (signer != NULL)
		rc = tlist_verify(l.list, signer, e);
	out_text(o, "node", NULL, node.name);
	out_int(o, "number", NULL, l.entry.number);
	out_text(o, "signer", NULL, l.list->head.signer_name);
	out_bool(o, "verified", NULL, rc == 0);
	if (rc == 0)
		out_line(o, "ITL number %d of %s was verified successfully: signed by %s",
		    l.entry.number, node.name, l.list->head.signer_name);
	cert_free(signer);
	loaded_free(&l);
	return rc;
}

/* Without numbers: what TFTP serves against the newest; with one: that one against the newest. */
static int
run_diff(const struct call *c, struct out *o, struct err *e)
{
	struct loaded from, to = { .list = NULL };
	struct wr lines = { 0 };
	struct node node;
	int rc;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0)
		return -1;
	rc = c->args > 0 ? load_numbered(c->store, node.id, c->arg[0], &from, e)
			 : load_served(c->store, node.id, &from, e);
	if (rc == 0)
		rc = load_numbered(c->store, node.id, c->args > 1 ? c->arg[1] : "-1", &to, e);
	if (rc == 0) {
		tlist_compare(from.list, to.list, &lines);
		out_int(o, "from", NULL, from.entry.number);
		out_int(o, "to", NULL, to.entry.number);
		out_bool(o, "same", NULL, tlist_same(from.list, to.list));
		out_text(o, "differences", NULL, wr_cstr(&lines));
		out_line(o, "ITL number %d -> %d of %s (%s)", from.entry.number, to.entry.number,
		    node.name, to.entry.why);
		out_block(o, lines.n > 0 ? wr_cstr(&lines) : "no difference\n");
	}
	wr_free(&lines);
	loaded_free(&from);
	loaded_free(&to);
	return rc;
}

static int
run_history(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Number", "Built", "Served", "Why", NULL };
	struct listing_entry *all;
	struct service tftp;
	struct node node;
	size_t n;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0 ||
	    service_get(c->store, node.id, "TFTP", &tftp, e) != 0 ||
	    listing_history(c->store, node.id, &all, &n, e) != 0)
		return -1;
	out_text(o, "node", NULL, node.name);
	out_table(o, "lists", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		out_int(o, "number", "Number", all[i].number);
		out_time(o, "built", "Built", all[i].built);
		out_bool(o, "served", "Served", all[i].id == tftp.itl && tftp.running);
		out_text(o, "why", "Why", all[i].why);
	}
	out_table_end(o);
	free(all);
	return 0;
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

#define NODE_OPTION                                                                                \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "whose (else the publisher's)"          \
	}
#define NUMBER_OPTION                                                                              \
	{                                                                                          \
		.name = "number", .metavar = "N",                                                  \
		.help = "of the history; -1 is the newest (else the one that TFTP serves)"         \
	}
#define SHOW                                                                                       \
	.args = "", .needs = VERB_STORE, .right = RIGHT_READ,                                      \
	.help = "the ITL that TFTP serves, as Cisco prints it",                                    \
	.option = { NODE_OPTION, NUMBER_OPTION }, .run = run_show

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
	    .words = "itl verify",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "check its signature against the cluster's certificates (exit 5: it fails)",
	    .option = { NODE_OPTION, NUMBER_OPTION },
	    .run = run_verify,
	},
	{
	    .words = "itl diff",
	    .args = "[FROM [TO]]",
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "what changed between two; without numbers: from the served one to the newest",
	    .option = { NODE_OPTION },
	    .run = run_diff,
	},
	{
	    .words = "itl history",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "every ITL that was built, and why",
	    .option = { NODE_OPTION },
	    .run = run_history,
	},
};

const struct verb_set itl_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
