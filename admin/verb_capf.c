/*
 * CAPF orders: schedule, cancel, and the authentication string.  What became of them is shown by
 * verb_capf_show.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/phones.h"
#include "admin/verbs.h"
#include "admin/when.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/node.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/service.h"

enum { DAY = 86400, STRING_FILE_MAX = 64, NAMED_IN_WARNING = 3, PROOF_BITS = 600 };

/* What is to be ordered, the same for all phones. */
struct plan {
	enum order_operation operation;
	enum order_auth auth;
	const char *key; /* NULL: as the phone's last order had it */
	int64_t completes_by;
	char string[ORDER_STRING_MAX + 1]; /* "": none was given */
	int64_t digits;			   /* of those to be made; 0: none is */
};

/* What a phone's order became. */
struct made {
	bool changed;
	bool weak; /* its key cannot prove anything later */
	char key[32];
	char string[ORDER_STRING_MAX + 1]; /* made for it; "" */
};

struct job {
	struct plan plan;
	struct device *phone;
	struct made *made;
	size_t n, changed;
};

static void
job_free(struct job *j)
{
	free(j->phone);
	if (j->made != NULL)
		mem_wipe(j->made, j->n * sizeof(*j->made));
	free(j->made);
	mem_wipe(&j->plan, sizeof(j->plan));
}

/* ---- what the options say ---- */

static int
check_string(struct bytes text, char to[ORDER_STRING_MAX + 1], struct err *e)
{
	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			text.n = 0;
	if (text.n < ORDER_STRING_MIN || text.n > ORDER_STRING_MAX)
		return err_set(e, ERR_USAGE,
		    "--auth-string-file: an authentication string is %d to %d digits, and nothing "
		    "else",
		    ORDER_STRING_MIN, ORDER_STRING_MAX);
	snprintf(to, ORDER_STRING_MAX + 1, "%.*s", (int)text.n, (const char *)text.p);
	return 0;
}

static int
read_string(const char *path, char to[ORDER_STRING_MAX + 1], struct err *e)
{
	struct wr text = { 0 };
	int rc = file_read(path, STRING_FILE_MAX, &text, e);

	if (rc == 0)
		rc = check_string(wr_view(&text), to, e);
	wr_wipe(&text);
	return rc;
}

static int
plan_string(const struct call *c, struct plan *p, struct err *e)
{
	const char *path = call_option(c, "auth-string-file");
	bool make = call_has(c, "generate-string");

	if (call_has(c, "digits") && !make)
		return err_set(e, ERR_USAGE, "--digits is for --generate-string");
	if (path == NULL && !make)
		return 0;
	if (path != NULL && make)
		return err_set(e, ERR_USAGE,
		    "--auth-string-file gives a string, --generate-string makes one: not both");
	if (p->auth != ORDER_BY_STRING)
		return err_set(e, ERR_USAGE, "%s is for --auth string",
		    make ? "--generate-string" : "--auth-string-file");
	if (path != NULL)
		return read_string(path, p->string, e);
	return call_int(
	    c, "digits", ORDER_STRING_MIN, ORDER_STRING_MAX, ORDER_STRING_MAX, &p->digits, e);
}

static int
plan_end(const struct call *c, struct plan *p, struct err *e)
{
	const char *by = call_option(c, "completes-by");
	const struct param *param = param_find(PARAM_ORDER_DAYS, e);
	char days[PARAM_VALUE_MAX];

	if (by != NULL)
		return when_deadline(by, c->now, &p->completes_by, e) == 0
			   ? 0
			   : err_prefix(e, "--completes-by");
	if (param == NULL || param_get(c->store, param, days, e) != 0)
		return -1;
	p->completes_by = c->now + strtol(days, NULL, 10) * DAY;
	return 0;
}

static int
plan_nothing(const struct call *c, struct err *e)
{
	static const char *const of_an_operation[] = { "auth", "auth-string-file",
		"generate-string", "digits", "completes-by" };

	for (size_t i = 0; i < sizeof(of_an_operation) / sizeof(of_an_operation[0]); i++)
		if (call_has(c, of_an_operation[i]))
			return err_set(e, ERR_USAGE, "--%s is for an operation, not for none",
			    of_an_operation[i]);
	return 0;
}

/* Where no key is made it would be remembered all the same, for the orders after. */
static int
plan_key(const struct call *c, struct plan *p, struct err *e)
{
	struct order key;

	p->key = call_option(c, "key");
	if (p->key == NULL)
		return 0;
	if (p->operation != ORDER_INSTALL)
		return err_set(e, ERR_USAGE, "--key is for install, not for %s",
		    order_operation_word(p->operation));
	return order_keys_of(p->key, &key, e);
}

static int
read_plan(const struct call *c, struct plan *p, struct err *e)
{
	const char *auth = call_option(c, "auth");

	if (order_operation_of(call_option(c, "operation"), &p->operation, e) != 0 ||
	    plan_key(c, p, e) != 0)
		return -1;
	if (p->operation == ORDER_NONE)
		return plan_nothing(c, e);
	p->auth = ORDER_BY_NULL;
	if (auth != NULL && order_auth_of(auth, &p->auth, e) != 0)
		return -1;
	return plan_string(c, p, e) == 0 ? plan_end(c, p, e) : -1;
}

/* ---- the change ---- */

static int
make_string(const struct plan *p, char to[ORDER_STRING_MAX + 1], struct err *e)
{
	if (p->digits == 0)
		return 0;
	if (order_make_string(to, e) != 0)
		return -1;
	to[p->digits] = '\0';
	return 0;
}

/* What cannot be ordered for want of a string: here one is given by options. */
static int
schedule(const struct call *c, const struct order *o, const char *string, struct err *e)
{
	if (order_schedule(c->store, o, string, c->now, e) == 0)
		return 0;
	if (o->auth == ORDER_BY_STRING && string == NULL && !o->has_string)
		err_hint(e, "--auth-string-file FILE gives one, --generate-string makes one");
	return -1;
}

static int
order_one(
    const struct call *c, const struct plan *p, const char *phone, struct made *m, struct err *e)
{
	const char *string = p->digits != 0 ? m->string : p->string[0] != '\0' ? p->string : NULL;
	struct order o;

	if (order_get(c->store, phone, &o, e) < 0 || make_string(p, m->string, e) != 0)
		return -1;
	/* Where nothing is pending there is nothing to take back, and the status of what was done
	 * stays. */
	if (p->operation == ORDER_NONE && o.operation == ORDER_NONE && !o.has_string)
		return 0;
	o.operation = p->operation;
	o.auth = p->auth;
	o.completes_by = p->completes_by;
	if (p->key != NULL && order_keys_of(p->key, &o, e) != 0)
		return -1;
	order_keys_word(&o, m->key);
	m->changed = true;
	m->weak = o.operation == ORDER_INSTALL && o.keys != ORDER_EC && o.rsa_bits < PROOF_BITS;
	return schedule(c, &o, string, e);
}

/* All or nothing. */
static int
order_all(const struct call *c, struct job *j, struct err *e)
{
	int rc = 0;

	j->made = mem_array(j->n, sizeof(*j->made));
	if (store_begin(c->store, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < j->n; i++) {
		rc = order_one(c, &j->plan, j->phone[i].name, &j->made[i], e);
		j->changed += j->made[i].changed;
	}
	return store_end(c->store, rc, e);
}

/* ---- what is said about it ---- */

static void
warn(struct out *o, const char *text)
{
	out_add_text(o, "warnings", NULL, text);
	out_line(o, "Warning: %s", text);
}

typedef bool of_phone(const struct job *j, size_t i);

/* Names those phones of which it is so, if there are any, and says it of them. */
static void
warn_of_phones(struct out *o, const struct job *j, of_phone *is_so, const char *what)
{
	struct wr text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (!is_so(j, i))
			continue;
		if (n++ < NAMED_IN_WARNING)
			wr_fmt(&text, "%s%s", n > 1 ? ", " : "", j->phone[i].name);
	}
	if (n > NAMED_IN_WARNING)
		wr_fmt(&text, " and %zu more", n - NAMED_IN_WARNING);
	if (n > 0) {
		wr_fmt(&text, ": %s", what);
		warn(o, wr_cstr(&text));
	}
	wr_free(&text);
}

/* Such a phone talks to CAPF only when it is at odds with its configuration, and asks nobody for a
 * string: "Device Security Mode" in the chapter on CAPF of the security guides. */
static bool
is_secure_already(const struct job *j, size_t i)
{
	return j->plan.auth == ORDER_BY_STRING && j->phone[i].security != SECURITY_NONE;
}

static bool
has_weak_key(const struct job *j, size_t i)
{
	return j->made[i].weak;
}

/* Cisco Jabber's parser fails on messages without elements, which ask for either; and what it says
 * of itself has no certificate in it.  capf/PROTOCOL.md, "What differs". */
static bool
is_soft_and_cannot(const struct job *j, size_t i)
{
	return model_is_soft(j->phone[i].model) && j->plan.operation != ORDER_INSTALL;
}

static bool
is_soft_and_shows_nothing(const struct job *j, size_t i)
{
	return model_is_soft(j->phone[i].model) &&
	       (j->plan.auth == ORDER_BY_LSC || j->plan.auth == ORDER_BY_MIC);
}

static void
warn_of_trust_in_names(struct out *o, const struct job *j)
{
	if (j->plan.auth == ORDER_BY_NULL && j->n > 1)
		warn(o, "a null string proves nothing about who calls: until the operation is "
			"done, anybody who says a phone's name is that phone");
}

static int
warn_of_stopped_service(const struct call *c, struct out *o, struct err *e)
{
	struct node publisher;
	struct service v;

	if (node_find(c->store, NULL, &publisher, e) != 0 ||
	    service_get(c->store, publisher.id, "CAPF", &v, e) != 0)
		return -1;
	if (!v.running)
		warn(o, "CAPF is stopped, and phones wait for it: trustlist service start CAPF");
	return 0;
}

static void
put_phone(struct out *o, const struct job *j, size_t i)
{
	const struct made *m = &j->made[i];

	out_row(o);
	out_text(
	    o, "name", m->string[0] != '\0' && j->n > 1 ? "Device Name" : NULL, j->phone[i].name);
	out_bool(o, "changed", NULL, m->changed);
	if (j->plan.operation != ORDER_NONE)
		out_text(o, "key", NULL, m->key);
	if (m->string[0] != '\0')
		out_text(o, "auth_string", j->n > 1 ? "Authentication String" : NULL, m->string);
}

/* Strings that were made for many phones are a sheet to print. */
static void
put_phones(struct out *o, const struct job *j)
{
	static const char *const headings[] = { "Device Name", "Authentication String", NULL };
	bool sheet = j->plan.digits != 0 && j->n > 1;

	if (j->plan.digits != 0 && j->n == 1)
		out_text(o, "auth_string", "Authentication String", j->made[0].string);
	out_table(o, "phones", sheet ? headings : NULL);
	for (size_t i = 0; i < j->n; i++)
		put_phone(o, j, i);
	out_table_end(o);
}

static void
put_order(struct out *o, const struct job *j)
{
	const struct plan *p = &j->plan;
	const char *plural = j->changed == 1 ? "" : "s";

	out_text(o, "operation", NULL, order_operation_word(p->operation));
	if (p->operation == ORDER_NONE) {
		out_int(o, "cancelled", NULL, (int64_t)j->changed);
		out_line(o, "%zu pending operation%s cancelled", j->changed, plural);
		return;
	}
	out_text(o, "auth", NULL, order_auth_word(p->auth));
	out_int(o, "scheduled", NULL, (int64_t)j->changed);
	if (j->n == 1)
		out_line(
		    o, "%s scheduled for %s", order_operation_name(p->operation), j->phone[0].name);
	else
		out_line(o, "%s scheduled for %zu phone%s", order_operation_name(p->operation),
		    j->changed, plural);
	out_plain(o, "Authentication Mode", order_auth_name(p->auth));
	out_time(o, "completes_by", "Operation Completes By", p->completes_by);
}

static int
put_warnings(const struct call *c, struct out *o, const struct job *j, struct err *e)
{
	out_add_text(o, "warnings", NULL, NULL);
	if (j->plan.operation == ORDER_NONE || j->n == 0)
		return 0;
	warn_of_phones(o, j, is_secure_already,
	    "the security mode is authenticated or encrypted already, and then a phone does not "
	    "contact CAPF for an authentication string by itself");
	warn_of_phones(o, j, has_weak_key,
	    "an RSA key of 512 bits has no room for a signature with SHA-512, so that the phone "
	    "cannot prove by this LSC later who it is");
	warn_of_phones(o, j, is_soft_and_cannot,
	    "soft phones know neither how to delete their LSC nor how to show it to CAPF");
	warn_of_phones(o, j, is_soft_and_shows_nothing,
	    "soft phones show CAPF no certificate to prove who they are");
	warn_of_trust_in_names(o, j);
	return warn_of_stopped_service(c, o, e);
}

/* ---- the verbs ---- */

static int
run_job(const struct call *c, struct out *o, struct job *j, struct err *e)
{
	if (order_all(c, j, e) != 0)
		return -1;
	put_order(o, j);
	put_phones(o, j);
	return put_warnings(c, o, j, e);
}

static int
run_schedule(const struct call *c, struct out *o, struct err *e)
{
	struct job j = { .n = 0 };
	int rc = read_plan(c, &j.plan, e);

	if (rc == 0)
		rc = phones_chosen(c, &j.phone, &j.n, e);
	if (rc == 0)
		rc = run_job(c, o, &j, e);
	job_free(&j);
	return rc;
}

static int
run_cancel(const struct call *c, struct out *o, struct err *e)
{
	struct job j = { .plan = { .operation = ORDER_NONE } };
	int rc = phones_chosen(c, &j.phone, &j.n, e);

	if (rc == 0)
		rc = run_job(c, o, &j, e);
	job_free(&j);
	return rc;
}

static int
run_string(const struct call *c, struct out *o, struct err *e)
{
	char string[ORDER_STRING_MAX + 1];
	struct device d;

	if (phones_one(c, c->arg[0], &d, e) != 0 || order_string(c->store, d.name, string, e) != 0)
		return -1;
	if (string[0] == '\0')
		return err_set(e, ERR_NOT_FOUND, "%s has no authentication string", d.name);
	out_text(o, "name", NULL, d.name);
	out_text(o, "auth_string", NULL, string);
	out_line(o, "%s", string);
	mem_wipe(string, sizeof(string));
	return 0;
}

static const struct verb verbs[] = {
	{
	    .words = "capf schedule",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "what CAPF is to do with phones at their next contact",
	    .option = { { .name = "operation",
			    .metavar = "WHAT",
			    .help = "install, delete, troubleshoot or none",
			    .must = true },
		PHONES_OPTIONS,
		{ .name = "auth",
		    .metavar = "MODE",
		    .help = "how a phone proves who it is: null (as without this), string, lsc "
			    "or mic" },
		{ .name = "auth-string-file",
		    .metavar = "FILE",
		    .help = "its authentication string, 4 to 10 digits; - reads standard input",
		    .takes = VALUE_SECRET },
		{ .name = "generate-string",
		    .help = "make an authentication string for each phone, and show it" },
		{ .name = "digits", .metavar = "N", .help = "of such a string (else 10)" },
		{ .name = "key",
		    .metavar = "KEY",
		    .help =
			"of an LSC: rsa:2048, ec:256, or ec:384,rsa:2048: RSA where a phone has no EC "
			"(else as the phone's last order, rsa:2048 at first)" },
		{ .name = "completes-by",
		    .metavar = "WHEN",
		    .help = "YYYY-MM-DD[THH:MM] or yyyy:mm:dd:hh, local time, or within 5d (else "
			    "so many days as CAPF Operation Expires in (days) says)" } },
	    .run = run_schedule,
	},
	{
	    .words = "capf cancel",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "take pending operations back, and authentication strings with them",
	    .option = { PHONES_OPTIONS },
	    .run = run_cancel,
	},
	{
	    .words = "capf string",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "the authentication string to type at a phone",
	    .run = run_string,
	},
};

const struct verb_set capf_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
