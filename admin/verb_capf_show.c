/*
 * CAPF orders as they stand: list and show, in the words of CUCM's phone page.  Authentication
 * strings are not among them: `capf string` is for those who may see them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/phones.h"
#include "admin/verbs.h"
#include "admin/when.h"
#include "trust/lsc.h"
#include "trust/order.h"

enum { STATUS_MAX = ORDER_STATUS_TEXT_MAX + 32 };

/* ---- what list and show have in common ---- */

/* After too many wrong strings.  It lasts for minutes: the time of day is enough. */
static bool
is_locked(const struct call *c, const struct order *order)
{
	return c->now < order->locked_until;
}

/* CUCM's words, and ours where the phone has to wait. */
static const char *
status_for_people(const struct call *c, const struct order *order, char to[STATUS_MAX])
{
	char text[ORDER_STATUS_TEXT_MAX], until[16] = "";
	time_t when = (time_t)order->locked_until;
	struct tm tm;

	if (is_locked(c, order) && localtime_r(&when, &tm) != NULL)
		strftime(until, sizeof(until), "%H:%M:%S", &tm);
	snprintf(to, STATUS_MAX, "%s%s%s", order_status_text(order, text),
	    until[0] != '\0' ? ", locked until " : "", until);
	return to;
}

static void
put_order(const struct call *c, struct out *o, const struct order *order)
{
	bool locked = is_locked(c, order);
	char key[32], status[ORDER_STATUS_TEXT_MAX];

	order_keys_word(order, key);
	out_text(o, "operation", NULL, order_operation_word(order->operation));
	out_text(o, "auth", NULL, order_auth_word(order->auth));
	out_bool(o, "has_string", NULL, order->has_string);
	out_text(o, "key", NULL, key);
	out_text(o, "last_operation", NULL, order_operation_word(order->last));
	out_text(o, "status", NULL, order_status_word(order->status));
	out_text(o, "status_text", NULL, order_status_text(order, status));
	out_time(o, "status_at", NULL, order->status_at);
	out_int(o, "wrong_strings", NULL, order->wrong);
	out_bool(o, "locked", NULL, locked);
	out_time(o, "locked_until", NULL, locked ? order->locked_until : 0);
}

/* ---- list ---- */

struct listing {
	struct device *phone; /* by name */
	struct order *order;  /* by name: of all that ever had one */
	struct lsc_term *term;
	size_t phones, orders, terms;
};

static void
listing_free(struct listing *l)
{
	free(l->phone);
	free(l->order);
	free(l->term);
}

static int
by_phone(const void *phone, const void *order)
{
	return strcmp(phone, ((const struct order *)order)->phone);
}

static const struct order *
order_of(const struct listing *l, const char *phone)
{
	return l->orders == 0 ? NULL
			      : bsearch(phone, l->order, l->orders, sizeof(*l->order), by_phone);
}

static void
put_row(const struct call *c, struct out *o, const struct listing *l, const struct device *d,
    const struct order *order)
{
	char key[32], status[STATUS_MAX];
	const struct lsc_term *lsc = lsc_term_of(l->term, l->terms, d->name);

	out_row(o);
	out_text(o, "name", "Device Name", d->name);
	out_text(o, "model", "Model", d->model->name);
	put_order(c, o, order);
	order_keys_word(order, key);
	out_plain(o, "Certificate Operation", order_operation_name(order->operation));
	out_plain(o, "Authentication Mode", order_auth_name(order->auth));
	out_plain(o, "Key", key);
	when_put(o, "completes_by", "Operation Completes By", order->completes_by);
	out_plain(o, "Certificate Operation Status", status_for_people(c, order, status));
	when_put(o, "lsc_expires", "LSC Expires", lsc == NULL ? 0 : lsc->not_after);
}

static int
read_listing(const struct call *c, struct listing *l, struct err *e)
{
	if (c->args > 0 ? phones_named(c, &l->phone, &l->phones, e) != 0
			: device_list(c->store, &l->phone, &l->phones, e) != 0)
		return -1;
	if (order_list(c->store, &l->order, &l->orders, e) != 0)
		return -1;
	return lsc_terms(c->store, &l->term, &l->terms, e);
}

/* Those that were named; without names those that CAPF ever had to do with, for the rest would be
 * rows that say nothing. */
static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Device Name", "Model", "Certificate Operation",
		"Authentication Mode", "Key", "Operation Completes By",
		"Certificate Operation Status", "LSC Expires", NULL };
	static const struct order never = { .rsa_bits = 2048 };
	struct listing l = { .phones = 0 };
	int rc = read_listing(c, &l, e);

	if (rc == 0)
		out_table(o, "phones", headings);
	for (size_t i = 0; rc == 0 && i < l.phones; i++) {
		const struct order *order = order_of(&l, l.phone[i].name);

		if (order == NULL && c->args > 0)
			order = &never;
		if (order == NULL || (call_has(c, "pending") && order->operation == ORDER_NONE))
			continue;
		put_row(c, o, &l, &l.phone[i], order);
	}
	if (rc == 0)
		out_table_end(o);
	listing_free(&l);
	return rc;
}

/* ---- show ---- */

static void
put_bits(struct out *o, const char *key, const char *label, int bits)
{
	if (bits > 0)
		out_int(o, key, label, bits);
	else
		out_text(o, key, label, NULL);
}

/* As on the phone's page in CUCM Administration. */
static void
put_section(const struct call *c, struct out *o, const struct order *order)
{
	char status[STATUS_MAX], wrong[16];

	out_line(o, "Certification Authority Proxy Function (CAPF) Information");
	put_order(c, o, order);
	out_plain(o, "Certificate Operation", order_operation_name(order->operation));
	out_plain(o, "Authentication Mode", order_auth_name(order->auth));
	out_plain(o, "Authentication String", order->has_string ? "set" : "-");
	out_plain(o, "Key Order", order_keys_name(order->keys));
	put_bits(o, "rsa_bits", "RSA Key Size (Bits)", order->rsa_bits);
	put_bits(o, "ec_bits", "EC Key Size (Bits)", order->ec_bits);
	when_put(o, "completes_by", "Operation Completes By", order->completes_by);
	out_plain(o, "Certificate Operation Status", status_for_people(c, order, status));
	when_put(o, "ordered_at", "Ordered", order->made);
	snprintf(wrong, sizeof(wrong), "%d", order->wrong);
	if (order->wrong > 0)
		out_plain(o, "Wrong strings", wrong);
}

static int
put_lsc(const struct call *c, struct out *o, const char *phone, struct err *e)
{
	const struct lsc *held = NULL;
	struct lsc *all;
	size_t n;

	if (lsc_list(c->store, phone, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (all[i].state == LSC_HELD)
			held = &all[i];
	out_line(o, "%s", "");
	if (held == NULL) {
		out_text(o, "lsc_subject", "LSC", NULL);
		out_time(o, "lsc_expires", NULL, 0);
	} else {
		out_text(o, "lsc_subject", "LSC", cert_subject(held->cert, CERT_CISCO));
		out_text(o, "lsc_issuer", "LSC Issuer", cert_issuer(held->cert, CERT_CISCO));
		out_hex(o, "lsc_serial", "LSC Serial", cert_serial(held->cert));
		out_time(o, "lsc_not_before", "LSC Valid from", cert_not_before(held->cert));
		out_time(o, "lsc_expires", "LSC Expires", cert_not_after(held->cert));
		out_bool(o, "lsc_stale", "LSC Stale", held->stale);
		out_hex(o, "lsc_md5", "LSC Hash (MD5)", cert_md5(held->cert));
		out_time(o, "lsc_stored", "LSC Stored", held->state_at);
	}
	lsc_list_free(all, n);
	return 0;
}

static int
put_shown(
    const struct call *c, struct out *o, const char *phone, enum shown_kind kind, struct err *e)
{
	struct cert *cert;
	int64_t at;

	if (lsc_shown_get(c->store, phone, kind, &cert, &at, e) != 0)
		return -1;
	if (cert == NULL)
		return 0;
	out_row(o);
	out_text(o, "kind", NULL, kind == SHOWN_LSC ? "lsc" : "mic");
	out_text(o, "subject", kind == SHOWN_LSC ? "LSC shown" : "MIC shown",
	    cert_subject(cert, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(cert, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(cert));
	out_time(o, "not_before", "Valid from", cert_not_before(cert));
	out_time(o, "not_after", "Valid to", cert_not_after(cert));
	out_time(o, "at", "Shown", at);
	cert_free(cert);
	return 0;
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	static const char *const lines[] = { NULL };
	struct device d;
	struct order order;
	int rc;

	if (phones_one(c, c->arg[0], &d, e) != 0 || order_get(c->store, d.name, &order, e) < 0)
		return -1;
	out_text(o, "name", "Device Name", d.name);
	out_text(o, "model", "Model", d.model->name);
	put_section(c, o, &order);
	if (put_lsc(c, o, d.name, e) != 0)
		return -1;
	out_table(o, "shown", lines);
	rc = put_shown(c, o, d.name, SHOWN_LSC, e);
	if (rc == 0)
		rc = put_shown(c, o, d.name, SHOWN_MIC, e);
	out_table_end(o);
	return rc;
}

static const struct verb verbs[] = {
	{
	    .words = "capf list",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "operations, pending and past",
	    .option = { { .name = "pending", .help = "pending ones only" } },
	    .run = run_list,
	},
	{
	    .words = "capf show",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "CAPF settings of a phone, its LSC, and what it showed when asked",
	    .run = run_show,
	},
};

const struct verb_set capf_show_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
