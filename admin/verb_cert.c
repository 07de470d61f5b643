/*
 * Certificates as they are: list, check, show, export; with Cisco's `show cert list`.  What changes
 * them is in verb_cert_change.c, what comes in in verb_cert_upload.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cert_name.h"
#include "admin/verbs.h"
#include "base/mem.h"
#include "trust/certs.h"
#include "trust/chain.h"
#include "trust/node.h"
#include "trust/role.h"

enum { DAY = 86400, CHECK_DAYS = 30, DAYS_MOST = 36500 };

static void
key_word(const struct cert *c, char *to, size_t size)
{
	static const char *const word[] = { "RSA", "EC", "other" };

	snprintf(to, size, "%s-%d", word[cert_key_kind(c)], cert_key_bits(c));
}

static const char *
node_name(const struct node *node, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (node[i].id == id)
			return node[i].name;
	return "cluster";
}

/* Whole days that are left; below 0: it has expired. */
static int64_t
days_left(const struct cert *c, int64_t now)
{
	int64_t left = cert_not_after(c) - now;

	return left >= 0 ? left / DAY : -((DAY - 1 - left) / DAY);
}

/* How long phones may keep what TVS says of it; 0 in JSON: as long as the parameter says. */
static void
put_duration(struct out *o, const char *label, const struct held_cert *h)
{
	char text[32] = "default";

	if (h->duration != 0)
		snprintf(text, sizeof(text), "%u s", h->duration);
	out_int(o, "duration", NULL, h->duration);
	out_plain(o, label, text);
}

static void
put_row(struct out *o, const struct held_cert *h, const char *node, int64_t now)
{
	char key[32], path[CERTS_STORE_MAX + CERTS_FILE_MAX];

	key_word(h->cert, key, sizeof(key));
	snprintf(path, sizeof(path), "%s/%s", h->store, h->name);
	out_row(o);
	out_text(o, "path", "Certificate", path);
	out_text(o, "store", NULL, h->store);
	out_text(o, "name", NULL, h->name);
	out_text(o, "common_name", "Common Name", cert_common_name(h->cert));
	out_text(o, "usage", "Usage", cert_name_is_identity(h) ? "Identity" : "Trust");
	out_text(o, "key", "Key Type", key);
	out_text(o, "node", "Distribution", node);
	out_text(o, "subject", NULL, cert_subject(h->cert, CERT_CISCO));
	out_text(o, "issuer", NULL, cert_issuer(h->cert, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(h->cert));
	out_time(o, "not_before", NULL, cert_not_before(h->cert));
	out_time(o, "not_after", "Expiration", cert_not_after(h->cert));
	out_int(o, "days_left", "Days Left", days_left(h->cert, now));
	out_hex(o, "sha1", NULL, cert_sha1(h->cert));
	out_hex(o, "sha256", NULL, cert_sha256(h->cert));
	out_bool(o, "has_key", NULL, h->has_key);
	put_duration(o, "Cached For", h);
}

/* Which ones a table is to show. */
struct choice {
	const struct cert_kind *kind; /* NULL: of all stores */
	bool soonest;		      /* those that expire until then, soonest first */
	int64_t until;
};

static bool
is_chosen(const struct choice *w, const struct held_cert *h)
{
	return (w->kind == NULL || strcmp(w->kind->store, h->store) == 0) &&
	       (!w->soonest || cert_not_after(h->cert) <= w->until);
}

static int
by_expiry(const void *a, const void *b)
{
	const struct held_cert *x = a, *y = b;
	int64_t p = cert_not_after(x->cert), q = cert_not_after(y->cert);

	if (p != q)
		return p < q ? -1 : 1;
	return strcmp(x->store, y->store) != 0 ? strcmp(x->store, y->store)
					       : strcmp(x->name, y->name);
}

/* Gives how many there are. */
static size_t
put_chosen(const struct call *c, struct out *o, const struct choice *w, struct held_cert *all,
    size_t n, const struct node *node, size_t nodes)
{
	static const char *const headings[] = { "Certificate", "Common Name", "Usage", "Key Type",
		"Distribution", "Serial", "Expiration", "Days Left", "Cached For", NULL };
	size_t shown = 0;

	if (w->soonest)
		qsort(all, n, sizeof(*all), by_expiry);
	out_table(o, "certificates", headings);
	for (size_t i = 0; i < n; i++) {
		if (!is_chosen(w, &all[i]))
			continue;
		put_row(o, &all[i], node_name(node, nodes, all[i].node), c->now);
		shown++;
	}
	out_table_end(o);
	return shown;
}

static int
list(const struct call *c, struct out *o, const struct choice *w, size_t *shown, struct err *e)
{
	struct held_cert *all;
	struct node *node;
	size_t n, nodes;

	if (node_list(c->store, &node, &nodes, e) != 0)
		return -1;
	if (certs_list(c->store, &all, &n, e) != 0) {
		free(node);
		return -1;
	}
	*shown = put_chosen(c, o, w, all, n, node, nodes);
	certs_list_free(all, n);
	free(node);
	return 0;
}

/* Reads --store, and the option that says how many days. */
static int
choose(const struct call *c, const char *option, struct choice *w, int64_t *days, struct err *e)
{
	if (call_has(c, "store") && (w->kind = cert_kind_of(call_option(c, "store"), e)) == NULL)
		return -1;
	if (call_int(c, option, 0, DAYS_MOST, CHECK_DAYS, days, e) != 0)
		return -1;
	w->until = c->now + *days * DAY;
	return 0;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	struct choice w = { .soonest = call_has(c, "expires") };
	int64_t days;
	size_t shown;

	if (choose(c, "expires", &w, &days, e) != 0)
		return -1;
	return list(c, o, &w, &shown, e);
}

static int
run_check(const struct call *c, struct out *o, struct err *e)
{
	struct choice w = { .soonest = true };
	int64_t days;
	size_t shown;

	if (choose(c, "days", &w, &days, e) != 0 || list(c, o, &w, &shown, e) != 0)
		return -1;
	if (shown == 0) {
		out_line(o, "No certificate expires within %d days.", (int)days);
		return 0;
	}
	err_set(e, ERR_NO, "%zu certificate%s expired, or will within %d days", shown,
	    shown == 1 ? "" : "s", (int)days);
	return err_hint(e, "a new one of our own: cert regenerate, or cert csr for a CA to sign");
}

/* Cisco's words for the last column. */
static const char *
kind_words(const struct held_cert *h)
{
	if (!cert_name_is_identity(h))
		return "Trust Certificate";
	return cert_is_self_issued(h->cert) ? "Self-signed certificate generated by system"
					    : "Certificate Signed by CA";
}

static int
run_show_list(const struct call *c, struct out *o, struct err *e)
{
	bool own = strcmp(c->arg[0], "own") == 0;
	struct held_cert *all;
	size_t n;

	if (!own && strcmp(c->arg[0], "trust") != 0)
		return err_set(e, ERR_USAGE, "show cert list own, or show cert list trust");
	if (certs_list(c->store, &all, &n, e) != 0)
		return -1;
	out_table(o, "certificates", NULL);
	for (size_t i = 0; i < n; i++) {
		if (cert_name_is_identity(&all[i]) != own)
			continue;
		put_row(o, &all[i], "", c->now);
		out_line(o, "%s/%s: %s", all[i].store, all[i].name, kind_words(&all[i]));
	}
	out_table_end(o);
	certs_list_free(all, n);
	return 0;
}

/* ---- one certificate ---- */

/* The one that was asked for, among all. */
struct found {
	const struct held_cert *cert, *all;
	size_t n;
	const char *node;
};

/* Finds it and calls see() with it. */
static int
with_cert(const struct call *c, struct out *o,
    void (*see)(const struct call *c, struct out *o, const struct found *f), struct err *e)
{
	struct held_cert *all;
	struct found f;
	struct node node;
	size_t n;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0 ||
	    certs_list(c->store, &all, &n, e) != 0)
		return -1;
	f = (struct found){
		.cert = cert_name_find(c->arg[0], all, n, node.id, e), .all = all, .n = n
	};
	if (f.cert != NULL) {
		f.node = f.cert->node == CERTS_CLUSTER ? "cluster" : node.name;
		see(c, o, &f);
	}
	certs_list_free(all, n);
	return f.cert == NULL ? -1 : 0;
}

static void
show_one(const struct call *c, struct out *o, const struct found *f)
{
	const struct held_cert *h = f->cert;
	const struct cert_kind *kind = cert_kind_of(h->store, NULL);
	char key[32];

	key_word(h->cert, key, sizeof(key));
	out_text(o, "store", "Store", h->store);
	out_text(o, "name", "File", h->name);
	out_text(o, "node", "Distribution", f->node);
	out_text(o, "subject", "Subject", cert_subject(h->cert, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(h->cert, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(h->cert));
	out_text(o, "key", "Key", key);
	out_bool(o, "has_key", "Private key held", h->has_key);
	out_time(o, "not_before", "Valid from", cert_not_before(h->cert));
	out_time(o, "not_after", "Valid to", cert_not_after(h->cert));
	out_int(o, "days_left", "Days left", days_left(h->cert, c->now));
	out_hex(o, "md5", "MD5", cert_md5(h->cert));
	out_hex(o, "sha1", "SHA-1", cert_sha1(h->cert));
	out_hex(o, "sha256", "SHA-256", cert_sha256(h->cert));
	out_add_text(o, "roles", "Roles in TVS answers", NULL);
	for (size_t i = 0; kind != NULL && i < kind->roles; i++)
		out_add_text(o, "roles", "Roles in TVS answers", role_word(kind->role[i]));
	put_duration(o, "In phones' caches for", h);
	out_time(o, "added", "Added", h->added);
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	return with_cert(c, o, show_one, e);
}

/* Of all stores: who signed it may be trusted for something else only. */
static void
follow(const struct found *f, struct chain *chain)
{
	const struct cert **at_hand = mem_array(f->n, sizeof(struct cert *));

	for (size_t i = 0; i < f->n; i++)
		at_hand[i] = f->all[i].cert;
	chain_follow(f->cert->cert, at_hand, f->n, chain);
	free(at_hand);
}

static void
export_one(const struct call *c, struct out *o, const struct found *f)
{
	struct chain chain = { .cert = { f->cert->cert }, .n = 1 };
	struct wr pem = { 0 };

	if (call_has(c, "der")) {
		out_raw(o, cert_der(f->cert->cert));
		return;
	}
	if (call_has(c, "chain"))
		follow(f, &chain);
	for (size_t i = 0; i < chain.n; i++)
		cert_to_pem(chain.cert[i], &pem);
	out_raw(o, wr_view(&pem));
	wr_free(&pem);
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	if (call_has(c, "der") && call_has(c, "chain"))
		return err_set(e, ERR_USAGE, "--der holds one certificate, --chain is in PEM only");
	return with_cert(c, o, export_one, e);
}

#define NODE_OPTION                                                                                \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "whose (else the publisher's)"          \
	}
#define STORE_OPTION                                                                               \
	{                                                                                          \
		.name = "store", .metavar = "STORE", .help = "of this store only"                  \
	}

static const struct verb verbs[] = {
	{
	    .words = "cert list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "all certificates in all stores",
	    .option = { STORE_OPTION,
		{ .name = "expires",
		    .metavar = "DAYS",
		    .help = "those that expire within so many days, soonest first" } },
	    .run = run_list,
	},
	{
	    .words = "cert check",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "does any certificate expire soon? exit status 5: yes",
	    .option = { STORE_OPTION,
		{ .name = "days", .metavar = "DAYS", .help = "within so many days (else 30)" } },
	    .run = run_check,
	},
	{
	    .words = "show cert list",
	    .args = "own|trust",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "the cluster's own certificates, or those it trusts",
	    .run = run_show_list,
	},
	{
	    .words = "cert show",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "one certificate: CallManager, TVS, ..., or STORE/FILE",
	    .option = { NODE_OPTION },
	    .run = run_show,
	},
	{
	    .words = "cert export",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "PEM on standard output",
	    .option = { NODE_OPTION, { .name = "der", .help = "DER instead of PEM" },
		{ .name = "chain", .help = "followed by who issued it, up to the root" } },
	    .run = run_export,
	},
};

const struct verb_set cert_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
