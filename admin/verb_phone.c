/*
 * Phones: add, set, list, show, reset, delete.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/phones.h"
#include "admin/strangers.h"
#include "admin/verbs.h"
#include "admin/when.h"
#include "trust/device.h"
#include "trust/history.h"
#include "trust/lsc.h"
#include "trust/model.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/recipient.h"
#include "trust/seen.h"

static const char *
security_word(enum security_mode mode)
{
	return mode == SECURITY_ENCRYPTED	? "encrypted"
	       : mode == SECURITY_AUTHENTICATED ? "authenticated"
						: "non-secure";
}

static int
security_of(const char *word, enum security_mode *mode, struct err *e)
{
	*mode = SECURITY_NONE;
	if (word == NULL || strcmp(word, "non-secure") == 0)
		return 0;
	*mode = SECURITY_AUTHENTICATED;
	if (strcmp(word, "authenticated") == 0)
		return 0;
	*mode = SECURITY_ENCRYPTED;
	if (strcmp(word, "encrypted") == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	    "--security is non-secure, authenticated or encrypted, not \"%.60s\"", word);
}

static const struct model *
model_or_err(const char *name, struct err *e)
{
	const struct model *m = model_of(name), *all;
	struct wr names = { 0 };
	size_t n;

	if (m != NULL)
		return m;
	all = model_table(&n);
	for (size_t i = 0; i < n; i++)
		wr_fmt(&names, "%s%s", i ? " " : "", all[i].name);
	err_set(e, ERR_USAGE, "no phone model \"%.60s\"", name);
	err_hint(e, "%s", wr_cstr(&names));
	wr_free(&names);
	return NULL;
}

static int
fits(const char *text, size_t size, const char *option, struct err *e)
{
	if (strlen(text) >= size)
		return err_set(e, ERR_USAGE, "%s is longer than %zu bytes", option, size - 1);
	if (!bytes_is_utf8(bytes_of(text)))
		return err_set(e, ERR_USAGE, "%s is not UTF-8", option);
	for (const char *p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(e, ERR_USAGE, "%s holds a control character", option);
	return 0;
}

static int
run_add(const struct call *c, struct out *o, struct err *e)
{
	const char *description = call_option(c, "description"), *load = call_option(c, "load");
	struct device d = { .model = model_or_err(call_option(c, "model"), e),
		.encrypted_config = call_has(c, "encrypted-config"),
		.added = c->now };

	if (description == NULL)
		description = "";
	if (load == NULL)
		load = "";
	if (d.model == NULL || fits(c->arg[0], sizeof(d.name), "the name", e) != 0 ||
	    fits(description, sizeof(d.description), "--description", e) != 0 ||
	    fits(load, sizeof(d.load), "--load", e) != 0 ||
	    security_of(call_option(c, "security"), &d.security, e) != 0)
		return -1;
	snprintf(d.name, sizeof(d.name), "%s", c->arg[0]);
	snprintf(d.description, sizeof(d.description), "%s", description);
	snprintf(d.load, sizeof(d.load), "%s", load);
	if (device_add(c->store, &d, e) != 0)
		return -1;
	out_text(o, "name", NULL, d.name);
	out_text(o, "model", NULL, d.model->name);
	out_line(o, "%s added: a %s, %s Security By Default", d.name, d.model->name,
	    d.model->sbd ? "with" : "without");
	return 0;
}

/* 1, 0; -1 when it is not said. */
static int
on_or_off(const struct call *c, const char *option, int *to, struct err *e)
{
	const char *word = call_option(c, option);

	*to = -1;
	if (word == NULL)
		return 0;
	if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
		return err_set(e, ERR_USAGE, "--%s is on or off, not \"%.60s\"", option, word);
	*to = strcmp(word, "on") == 0;
	return 0;
}

static int
read_change(const struct call *c, struct device_change *to, struct err *e)
{
	const char *model = call_option(c, "model"), *security = call_option(c, "security");

	*to = (struct device_change){ .description = call_option(c, "description"),
		.load = call_option(c, "load") };
	if (model != NULL && (to->model = model_or_err(model, e)) == NULL)
		return -1;
	if (to->description != NULL &&
	    fits(to->description, DEVICE_DESCRIPTION_MAX, "--description", e) != 0)
		return -1;
	if (to->load != NULL && fits(to->load, DEVICE_LOAD_MAX, "--load", e) != 0)
		return -1;
	if (security != NULL && security_of(security, &to->security, e) != 0)
		return -1;
	return on_or_off(c, "encrypted-config", &to->encrypted_config, e);
}

static int
check_change(const struct device_change *to, struct err *e)
{
	if (to->model != NULL || to->description != NULL || to->load != NULL || to->security != 0 ||
	    to->encrypted_config >= 0)
		return 0;
	err_set(e, ERR_USAGE, "nothing to set");
	return err_hint(e, "trustlist help phone set");
}

/* TFTP Encrypted Config, and to which certificate, or why to none. */
static int
put_encryption(const struct call *c, struct out *o, const struct device *d, struct err *e)
{
	struct cert *to = NULL;
	struct err why = { 0 };

	out_bool(o, "encrypted_config", "TFTP Encrypted Config", d->encrypted_config);
	if (!d->encrypted_config)
		return 0;
	if (recipient_of(c->store, d->name, &to, &why, e) < 0)
		return -1;
	out_text(o, "encrypted_to", to == NULL ? NULL : "Encrypted to",
	    to == NULL ? NULL : cert_subject(to, CERT_CISCO));
	if (to == NULL) {
		out_text(o, "not_encrypted", "Not served encrypted", why.text);
		out_line(o, "%s", why.hint);
	}
	cert_free(to);
	return 0;
}

/* What its configuration is made of. */
static void
spell(const struct device *d, struct wr *to)
{
	wr_fmt(to, "model %s, security %s, encrypted-config %s, load \"%s\", description \"%s\"",
	    d->model->name, security_word(d->security), d->encrypted_config ? "on" : "off", d->load,
	    d->description);
}

/* was NULL: it registered by itself, and nobody had said anything of it. */
static void
note_change(const struct call *c, const struct device *was, const struct device *now)
{
	struct wr before = { 0 }, after = { 0 };

	if (was != NULL)
		spell(was, &before);
	spell(now, &after);
	call_changed(c, wr_cstr(&before), wr_cstr(&after));
	wr_free(&before);
	wr_free(&after);
}

static int
run_set(const struct call *c, struct out *o, struct err *e)
{
	struct device was = { 0 }, now;
	struct device_change to;
	bool changed;
	int known;

	if (read_change(c, &to, e) != 0 || check_change(&to, e) != 0 ||
	    (known = device_get(c->store, c->arg[0], &was, e)) < 0 ||
	    strangers_adopt(c, c->arg[0], to.model, e) != 0 ||
	    device_change(c->store, c->arg[0], &to, &now, &changed, e) != 0)
		return -1;
	note_change(c, known == 1 ? &was : NULL, &now);
	out_text(o, "name", NULL, now.name);
	out_bool(o, "changed", NULL, changed);
	out_line(o, changed ? "%s changed" : "%s: it is so already", now.name);
	if (to.encrypted_config >= 0 && put_encryption(c, o, &now, e) != 0)
		return -1;
	if (changed)
		out_line(o, "It reads that at its next boot: trustlist phone reset %s", now.name);
	return 0;
}

/* The number in the history of the ITL that it holds; null: none of ours that we know. */
static int
put_held(const struct call *c, struct out *o, const struct seen *seen, struct err *e)
{
	enum history_kind kind;
	int number = 0;

	if (seen->itl.holds != 0 && history_of(c->store, seen->itl.holds, &kind, &number, e) < 0)
		return -1;
	if (number != 0)
		out_int(o, "itl_number", NULL, number);
	else
		out_text(o, "itl_number", NULL, NULL);
	return 0;
}

/* The certificate of its factory, when it ever showed it. */
static int
put_mic(const struct call *c, struct out *o, const struct device *d, struct err *e)
{
	struct cert *mic;
	int64_t at;

	if (lsc_shown_get(c->store, d->name, SHOWN_MIC, &mic, &at, e) != 0)
		return -1;
	out_time(o, "mic_expires", NULL, mic == NULL ? 0 : cert_not_after(mic));
	cert_free(mic);
	return 0;
}

/* The trust state: CUCM's word for it, and why. */
static int
put_trust(const struct call *c, struct out *o, const struct device *d, bool table, struct err *e)
{
	enum itl_status status;
	char why[SEEN_NOTE_MAX];
	struct seen seen;

	if (seen_get(c->store, d->name, &seen, e) != 0 ||
	    seen_status(c->store, d, &seen, &status, why, e) != 0)
		return -1;
	out_text(o, "itl_status", "ITL File Status", itl_status_word(status));
	out_text(o, "itl_why", table ? NULL : "Why", why);
	if (put_held(c, o, &seen, e) != 0 || put_mic(c, o, d, e) != 0)
		return -1;
	if (seen_ctl_status(c->store, &seen, &status, why, e) != 0)
		return -1;
	out_text(o, "ctl_status", table ? NULL : "CTL File Status", itl_status_word(status));
	out_text(o, "ctl_why", table ? NULL : "Why", why);
	out_time(o, "last_seen", "Last Seen", seen.at);
	out_text(o, "peer", table ? NULL : "Address", seen.peer[0] != '\0' ? seen.peer : NULL);
	return 0;
}

/* lsc: NULL when it holds none. */
static int
put_phone(const struct call *c, struct out *o, const struct device *d, const struct lsc_term *lsc,
    struct err *e)
{
	out_row(o);
	out_text(o, "name", "Device Name", d->name);
	out_text(o, "model", "Model", d->model->name);
	out_text(o, "description", "Description", d->description);
	out_text(o, "security", "Security", security_word(d->security));
	out_bool(o, "auto_registered", NULL, false);
	out_bool(o, "encrypted_config", NULL, d->encrypted_config);
	out_bool(o, "security_by_default", "Signed files", d->model->sbd);
	when_put(o, "lsc_expires", "LSC Expires", lsc == NULL ? 0 : lsc->not_after);
	return put_trust(c, o, d, true, e);
}

static int
put_phones(const struct call *c, struct out *o, const struct device *all, size_t n, struct err *e)
{
	static const char *const headings[] = { "Device Name", "Model", "Description", "Security",
		"Signed files", "LSC Expires", "ITL File Status", "Last Seen", NULL };
	struct lsc_term *term;
	size_t terms;
	int rc = lsc_terms(c->store, &term, &terms, e);

	if (rc != 0)
		return -1;
	out_table(o, "phones", headings);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_phone(c, o, &all[i], lsc_term_of(term, terms, all[i].name), e);
	if (rc == 0)
		rc = strangers_put(c, o, e);
	out_table_end(o);
	free(term);
	return rc;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	struct device *all;
	size_t n;
	int rc;

	if (device_list(c->store, &all, &n, e) != 0)
		return -1;
	rc = put_phones(c, o, all, n, e);
	free(all);
	return rc;
}

/* Has so much of its life passed that CAPF orders a new one by itself? */
static int
put_renewal(const struct call *c, struct out *o, const struct cert *lsc, struct err *e)
{
	const struct param *param = param_find(PARAM_LSC_RENEWAL, e);
	char value[PARAM_VALUE_MAX];
	int64_t passed = c->now - cert_not_before(lsc), percent;

	if (param == NULL || param_get(c->store, param, value, e) != 0)
		return -1;
	percent = strtol(value, NULL, 10);
	out_bool(o, "lsc_renewal_due", percent > 0 ? "LSC Renewal Due" : NULL,
	    percent > 0 && passed * 100 > (cert_not_after(lsc) - cert_not_before(lsc)) * percent);
	return 0;
}

static int
put_capf(const struct call *c, struct out *o, const char *phone, struct err *e)
{
	char status[ORDER_STATUS_TEXT_MAX];
	struct order order;
	struct cert *lsc;
	int rc = 0;

	if (order_get(c->store, phone, &order, e) < 0 || lsc_held(c->store, phone, &lsc, e) != 0)
		return -1;
	order_status_text(&order, status);
	out_text(o, "capf_operation", NULL, order_operation_word(order.operation));
	out_plain(o, "Certificate Operation", order_operation_name(order.operation));
	out_text(o, "capf_status", NULL, order_status_word(order.status));
	out_text(o, "capf_status_text", "Certificate Operation Status", status);
	when_put(o, "lsc_expires", "LSC Expires", lsc == NULL ? 0 : cert_not_after(lsc));
	if (lsc == NULL)
		out_bool(o, "lsc_renewal_due", NULL, false);
	else
		rc = put_renewal(c, o, lsc, e);
	cert_free(lsc);
	return rc;
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	struct device d;

	if (phones_one(c, c->arg[0], &d, e) != 0)
		return strangers_hint(c, c->arg[0], e);
	out_text(o, "name", "Device Name", d.name);
	out_text(o, "model", "Model", d.model->name);
	out_int(o, "model_number", "Model Number", d.model->number);
	out_text(o, "description", "Description", d.description);
	out_text(o, "security", "Security", security_word(d.security));
	out_bool(o, "security_by_default", "Security By Default", d.model->sbd);
	out_bool(o, "sha512", "Checks SHA-512", d.model->sha512);
	out_text(o, "load", "Load", d.load[0] != '\0' ? d.load : NULL);
	out_time(o, "added", "Added", d.added);
	out_int(o, "resets", "Resets asked for", d.resets);
	if (put_encryption(c, o, &d, e) != 0)
		return -1;
	return put_capf(c, o, d.name, e) == 0 ? put_trust(c, o, &d, false, e) : -1;
}

static int
run_reset(const struct call *c, struct out *o, struct err *e)
{
	bool all = call_has(c, "all");
	size_t n;

	if (all == (c->args == 1))
		return err_set(e, ERR_USAGE, "name a phone, or say --all");
	if (device_reset(c->store, all ? NULL : c->arg[0], &n, e) != 0)
		return -1;
	out_int(o, "reset", NULL, (int64_t)n);
	out_line(o, "%zu phone%s asked to boot again", n, n == 1 ? "" : "s");
	out_line(o,
	    "Virtual phones that stay (vphone boot --stay) do so by themselves; a real phone is "
	    "reset from the call control it is registered with.");
	return 0;
}

static int
run_delete(const struct call *c, struct out *o, struct err *e)
{
	if (strangers_forget(c, c->arg[0], e) != 0)
		return -1;
	out_text(o, "deleted", NULL, c->arg[0]);
	out_line(o, "%s deleted", c->arg[0]);
	return 0;
}

static const struct verb verbs[] = {
	{
	    .words = "phone add",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "add a phone; its configuration is served from then on",
	    .option = { { .name = "model",
			    .metavar = "MODEL",
			    .help = "7975, 8861, ...",
			    .must = true },
		{ .name = "description", .metavar = "TEXT", .help = "what people call it" },
		{ .name = "load", .metavar = "NAME", .help = "firmware it is told to run" },
		{ .name = "security",
		    .metavar = "MODE",
		    .help = "non-secure (as without this), authenticated or encrypted" },
		{ .name = "encrypted-config",
		    .help = "only the phone can read its configuration (TFTP Encrypted Config)" } },
	    .run = run_add,
	},
	{
	    .words = "phone set",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "change what its configuration says; with --model, add one that registered by "
		    "itself",
	    .option = { { .name = "security",
			    .metavar = "MODE",
			    .help = "non-secure, authenticated or encrypted" },
		{ .name = "encrypted-config",
		    .metavar = "on|off",
		    .help = "only the phone can read its configuration (TFTP Encrypted Config)" },
		{ .name = "description", .metavar = "TEXT", .help = "what people call it" },
		{ .name = "load", .metavar = "NAME", .help = "firmware it is told to run" },
		{ .name = "model", .metavar = "MODEL", .help = "7975, 8861, ..." } },
	    .run = run_set,
	},
	{
	    .words = "phone list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "all phones, and those that registered by themselves",
	    .run = run_list,
	},
	{
	    .words = "phone show",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "one phone and what its model can do",
	    .run = run_show,
	},
	{
	    .words = "phone reset",
	    .args = "[NAME]",
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "ask a phone to boot again: virtual ones that stay do (vphone boot --stay)",
	    .option = { { .name = "all", .help = "all phones" } },
	    .run = run_reset,
	},
	{
	    .words = "phone delete",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "forget a phone",
	    .run = run_delete,
	},
};

const struct verb_set phone_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
