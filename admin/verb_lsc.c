/*
 * The account of LSCs: list, export, and those whose issuer is no longer the CAPF of now.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/phones.h"
#include "admin/verbs.h"
#include "admin/when.h"
#include "trust/lsc.h"

/* Which ones a table is to show. */
struct choice {
	bool stale, held; /* those only */
	bool ends;	  /* those that expire before: */
	int64_t before;
};

static bool
is_chosen(const struct choice *w, const struct lsc *l)
{
	return (!w->stale || l->stale) && (!w->held || l->state == LSC_HELD) &&
	       (!w->ends || cert_not_after(l->cert) < w->before);
}

static void
put_row(struct out *o, const struct lsc *l)
{
	out_row(o);
	out_text(o, "name", "Device Name", l->phone);
	out_text(o, "state", "State", lsc_state_word(l->state));
	out_time(o, "state_at", "Since", l->state_at);
	out_text(o, "subject", NULL, cert_subject(l->cert, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(l->cert, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(l->cert));
	out_time(o, "not_before", NULL, cert_not_before(l->cert));
	out_time(o, "not_after", "Expiration", cert_not_after(l->cert));
	out_bool(o, "stale", "Stale", l->stale);
	out_hex(o, "md5", NULL, cert_md5(l->cert));
	out_hex(o, "sha256", NULL, cert_sha256(l->cert));
}

static int
list(const struct call *c, struct out *o, const struct choice *w, struct err *e)
{
	static const char *const headings[] = { "Device Name", "State", "Since", "Issuer", "Serial",
		"Expiration", "Stale", NULL };
	const char *phone = c->args > 0 ? c->arg[0] : NULL;
	struct device d;
	struct lsc *all;
	size_t n;

	if (lsc_list(c->store, phone, &all, &n, e) != 0)
		return -1;
	/* The account outlives the phone: its name need not be known any more. */
	if (phone != NULL && n == 0 && phones_one(c, phone, &d, e) != 0)
		return -1;
	out_table(o, "lscs", headings);
	for (size_t i = 0; i < n; i++)
		if (is_chosen(w, &all[i]))
			put_row(o, &all[i]);
	out_table_end(o);
	lsc_list_free(all, n);
	return 0;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	const char *before = call_option(c, "expires-before");
	struct choice w = { .stale = call_has(c, "stale"), .ends = before != NULL };

	if (before != NULL && when_horizon(before, c->now, &w.before, e) != 0)
		return err_prefix(e, "--expires-before");
	return list(c, o, &w, e);
}

static int
run_stale(const struct call *c, struct out *o, struct err *e)
{
	return list(c, o, &(struct choice){ .stale = true, .held = true }, e);
}

/* ---- export ---- */

static int
find_shown(const struct call *c, const char *kind, struct cert **out, struct err *e)
{
	int64_t at;

	if (strcmp(kind, "lsc") == 0)
		return lsc_shown_get(c->store, c->arg[0], SHOWN_LSC, out, &at, e);
	if (strcmp(kind, "mic") == 0)
		return lsc_shown_get(c->store, c->arg[0], SHOWN_MIC, out, &at, e);
	*out = NULL;
	return err_set(e, ERR_USAGE, "--shown is lsc or mic, not \"%.40s\"", kind);
}

static int
has_none(const struct call *c, const char *shown, struct err *e)
{
	struct device d;

	if (phones_one(c, c->arg[0], &d, e) != 0)
		return -1;
	if (shown == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s holds no LSC that CAPF knows of", d.name);
	err_set(e, ERR_NOT_FOUND, "%s has shown no %s", d.name,
	    strcmp(shown, "mic") == 0 ? "MIC" : "LSC");
	return err_hint(e, "capf schedule %s --operation troubleshoot asks it to", d.name);
}

static void
put_cert(const struct call *c, struct out *o, const struct cert *cert)
{
	struct wr pem = { 0 };

	if (call_has(c, "der")) {
		out_raw(o, cert_der(cert));
		return;
	}
	cert_to_pem(cert, &pem);
	out_raw(o, wr_view(&pem));
	wr_free(&pem);
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	const char *shown = call_option(c, "shown");
	struct cert *cert;

	if (shown != NULL ? find_shown(c, shown, &cert, e) != 0
			  : lsc_held(c->store, c->arg[0], &cert, e) != 0)
		return -1;
	if (cert == NULL)
		return has_none(c, shown, e);
	put_cert(c, o, cert);
	cert_free(cert);
	return 0;
}

#define STALE                                                                                      \
	.args = "", .needs = VERB_STORE, .right = RIGHT_READ,                                      \
	.help = "phones whose LSC was issued by another CAPF certificate than that of now",        \
	.run = run_stale

static const struct verb verbs[] = {
	{
	    .words = "capf lsc list",
	    .args = "[NAME]",
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "every certificate that CAPF issued to phones, and what became of it",
	    .option = { { .name = "stale",
			    .help = "those issued by another CAPF certificate than that of now" },
		{ .name = "expires-before",
		    .metavar = "DATE",
		    .help = "those that expire before YYYY-MM-DD, or within 30d" } },
	    .run = run_list,
	},
	{
	    .words = "capf lsc export",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "the LSC that a phone holds, as PEM on standard output",
	    .option = { { .name = "shown",
			    .metavar = "KIND",
			    .help = "the certificate it showed when asked: lsc or mic" },
		{ .name = "der", .help = "DER instead of PEM" } },
	    .run = run_export,
	},
	{ .words = "capf stale-lsc list", STALE },
	{ .words = "utils capf stale-lsc list", STALE },
};

const struct verb_set lsc_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
