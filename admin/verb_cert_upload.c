/*
 * Certificates from elsewhere: requests for a CA to sign, what comes back for them, and what goes
 * into the trust stores.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/ctl_due.h"
#include "admin/impact.h"
#include "admin/restart.h"
#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/bundle.h"
#include "trust/certs.h"
#include "trust/request.h"

/* ---- requests ---- */

static int
make(const struct call *c, struct out *o, const struct cert_kind *kind,
    const struct mint_names *names, struct err *e)
{
	struct wr pem = { 0 };
	struct node node;
	int rc;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0)
		return -1;
	rc = request_make(c->store, kind, &node, names, c->now, &pem, e);
	if (rc == 0) {
		out_text(o, "store", NULL, kind->store);
		out_text(o, "node", NULL, kind->of_cluster ? "cluster" : node.name);
		out_raw(o, wr_view(&pem));
	}
	wr_free(&pem);
	return rc;
}

static int
run_csr(const struct call *c, struct out *o, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(c->arg[0], e);
	const char **other, *name;
	struct mint_names names = { .common_name = call_option(c, "common-name") };
	int rc;

	if (kind == NULL)
		return -1;
	other = mem_array(c->options, sizeof(*other));
	while ((name = call_option_n(c, "san", names.others)) != NULL)
		other[names.others++] = name;
	names.other = other;
	rc = make(c, o, kind, &names, e);
	free(other);
	return rc;
}

static int
put_request(const struct call *c, struct out *o, const struct request *r, struct err *e)
{
	struct node node = { .name = "cluster" };

	if (r->node != CERTS_CLUSTER && node_by_id(c->store, r->node, &node, e) != 0)
		return -1;
	out_row(o);
	out_text(o, "store", "Certificate", r->store);
	out_text(o, "node", "Distribution", node.name);
	out_text(o, "subject", "Subject", r->subject);
	out_time(o, "made", "Made", r->made);
	out_text(o, "request", NULL, r->pem);
	return 0;
}

static int
run_csr_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Certificate", "Distribution", "Subject", "Made",
		NULL };
	struct request *all;
	size_t n;
	int rc = request_list(c->store, &all, &n, e);

	if (rc != 0)
		return -1;
	out_table(o, "requests", headings);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_request(c, o, &all[i], e);
	out_table_end(o);
	request_list_free(all, n);
	return rc;
}

/* ---- uploads ---- */

static int
add_file(struct bundle *b, const char *path, struct err *e)
{
	struct wr file = { 0 };
	int rc = file_read(path, BUNDLE_FILE_MAX, &file, e);

	if (rc == 0 && bundle_add(b, wr_view(&file), e) != 0)
		rc = err_prefix(e, "%s", path);
	wr_wipe(&file); /* a private key may stand beside the certificate */
	return rc;
}

static int
upload_trusted(const struct call *c, struct out *o, const struct cert_kind *kind,
    const struct bundle *b, struct err *e)
{
	static const char *const headings[] = { "Subject", "Serial", "Expiration", "Result", NULL };
	bool added[BUNDLE_CERTS_MAX] = { false };

	if (call_has(c, "node") || call_has(c, "dry-run"))
		return err_set(e, ERR_USAGE,
		    "%s is a trust store: it is the cluster's, and what is "
		    "added to it locks nobody",
		    kind->store);
	if (certs_trust_all(
		c->store, kind, (const struct cert *const *)b->cert, b->n, c->now, added, e) != 0)
		return -1;
	out_text(o, "store", "Trust store", kind->store);
	out_table(o, "certificates", headings);
	for (size_t i = 0; i < b->n; i++) {
		out_row(o);
		out_text(o, "subject", "Subject", cert_subject(b->cert[i], CERT_CISCO));
		out_text(o, "issuer", NULL, cert_issuer(b->cert[i], CERT_CISCO));
		out_hex(o, "serial", "Serial", cert_serial(b->cert[i]));
		out_time(o, "not_after", "Expiration", cert_not_after(b->cert[i]));
		out_bool(o, "added", NULL, added[i]);
		out_text(o, "result", "Result", added[i] ? "added" : "was there already");
	}
	out_table_end(o);
	return restart_tell_tvs(c, o, e);
}

static int
show_own(const struct call *c, struct out *o, const struct cert_kind *kind, const struct node *node,
    struct err *e)
{
	struct cert *own =
	    certs_own(c->store, kind->store, kind->of_cluster ? CERTS_CLUSTER : node->id, NULL, e);

	if (own == NULL)
		return -1;
	out_line(o, "Certificate of %s uploaded.", kind->store);
	out_text(o, "subject", "Subject", cert_subject(own, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(own, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(own));
	out_time(o, "not_after", "Valid to", cert_not_after(own));
	cert_free(own);
	return 0;
}

static void
show_answer(struct out *o, const struct cert_kind *kind, const struct request_answer *a)
{
	out_int(o, "trusted", NULL, (int64_t)a->trusted);
	out_int(o, "left_out", NULL, (int64_t)a->left_out);
	if (a->trusted > 0)
		out_line(o, "%zu CA certificate%s added to %s", a->trusted,
		    a->trusted == 1 ? "" : "s", kind->cas);
	if (a->left_out > 0)
		out_line(o, "%zu certificate%s left out: not above it", a->left_out,
		    a->left_out == 1 ? "" : "s");
	out_int(o, "lists_built", NULL, (int64_t)a->change.lists_built);
	if (a->change.warning[0] != '\0')
		out_text(o, "warning", "Warning", a->change.warning);
}

static int
upload_own(const struct call *c, struct out *o, const struct cert_kind *kind,
    const struct bundle *b, struct err *e)
{
	struct request_answer a;
	struct node node;
	int rc;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0)
		return -1;
	out_text(o, "store", NULL, kind->store);
	out_text(o, "node", NULL, kind->of_cluster ? "cluster" : node.name);
	rc = request_answer(c->store, kind, &node, b, impact_care(c), c->now, &a, e);
	if (rc == 0 || e->code == ERR_STRANDS)
		impact_show(o, &a.change);
	if (rc != 0 || !a.change.changed)
		return rc;
	if (show_own(c, o, kind, &node, e) != 0)
		return -1;
	show_answer(o, kind, &a);
	ctl_due_show(o, &a.change);
	return restart_after(c, o, kind->restart, 4, kind->of_cluster ? NULL : &node, e);
}

static int
run_upload(const struct call *c, struct out *o, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(call_option(c, "store"), e);
	struct bundle b = { 0 };
	int rc = kind == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < c->args; i++)
		rc = add_file(&b, c->arg[i], e);
	if (rc == 0)
		rc = kind->identity ? upload_own(c, o, kind, &b, e)
				    : upload_trusted(c, o, kind, &b, e);
	bundle_free(&b);
	return rc;
}

#define NODE_OPTION                                                                                \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "whose (else the publisher's)"          \
	}

static const struct verb verbs[] = {
	{
	    .words = "cert csr",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "new key, and the request for a CA to sign on standard output",
	    .option = { NODE_OPTION,
		{ .name = "common-name", .metavar = "CN", .help = "else as it signs for itself" },
		{ .name = "san",
		    .metavar = "HOST",
		    .help = "a further name of the host",
		    .many = true } },
	    .run = run_csr,
	},
	{
	    .words = "cert csr list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "requests that wait for their certificates",
	    .run = run_csr_list,
	},
	{
	    .words = "cert upload",
	    .args = "FILE...",
	    .least = 1,
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "what a CA made of a request, or certificates to trust (PEM, DER, PKCS#7)",
	    .option = { { .name = "store",
			    .metavar = "STORE",
			    .help = "CallManager, tomcat, ...; CallManager-trust, ...",
			    .must = true },
		NODE_OPTION, RESTART_OPTION, IMPACT_OPTION },
	    .takes = VALUE_FILE,
	    .run = run_upload,
	},
};

const struct verb_set cert_upload_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
