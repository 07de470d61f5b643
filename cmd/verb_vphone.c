#include "cmd/verb_vphone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/enrol_show.h"
#include "cmd/phone/boot.h"
#include "cmd/phone/claim.h"
#include "cmd/phone/memory.h"
#include "cmd/phone/verify.h"
#include "cmd/verb_enrol.h"
#include "cmd/verb_fleet.h"
#include "cmd/verb_tvs.h"
#include "cmd/vphone_show.h"
#include "cmd/vphone_stay.h"
#include "trust/role.h"
#include "trust/seen.h"

enum { SECONDS = 10, SECONDS_MAX = 600, CLOCK_MAX = 10 * 366 * 24 * 3600 };

/* The phone's clock, for this one call: what it was told before grows old.  Given the right one. */
static int
read_clock(const struct call *c, int64_t right, int64_t *now, struct err *e)
{
	int64_t ahead;

	if (call_int(c, "clock", 0, CLOCK_MAX, 0, &ahead, e) != 0)
		return -1;
	*now = right + ahead;
	return 0;
}

static int
read_asker(const struct call *c, struct asker *asker, struct err *e)
{
	int64_t seconds;

	if (call_int(c, "timeout", 1, SECONDS_MAX, SECONDS, &seconds, e) != 0)
		return -1;
	*asker = (struct asker){ .tvs = tvscall_over_tls(), .timeout_ms = (int)seconds * 1000 };
	return 0;
}

/* What it calls CAPF with is as its configuration says; string: what somebody types at it. */
static int
read_enroller(const struct call *c, const struct asker *asker, struct wr *string,
    struct enroller *to, struct err *e)
{
	*to = (struct enroller){
		.capf = enrol_over_tls(), .timeout_ms = asker->timeout_ms, .show = IDENTITIES
	};
	if (enrol_option_string(c, string, e) != 0)
		return -1;
	if (string->n > 0)
		to->string = wr_cstr(string);
	return 0;
}

static int
read_plan(const struct call *c, int64_t right, struct fetch_server *server, struct asker *asker,
    struct boot_plan *plan, struct err *e)
{
	const char *model = call_option(c, "model");
	int64_t seconds, now;

	if (address_of(call_option(c, "tftp"), FETCH_TFTP_PORT, &server->address, e) != 0 ||
	    call_int(c, "timeout", 1, SECONDS_MAX, SECONDS, &seconds, e) != 0 ||
	    read_asker(c, asker, e) != 0 || read_clock(c, right, &now, e) != 0)
		return -1;
	server->seconds = (unsigned)seconds;
	server->http_port = 0;
	*plan = (struct boot_plan){ .name = c->arg[0],
		.folder = call_option(c, "memory"),
		.server = fetch_over_network(server),
		.tamper = call_option(c, "tamper"),
		.ask_tvs = ask_signer,
		.tvs_ctx = asker,
		.now = now };
	if (model == NULL)
		return 0;
	plan->model = model_of(model);
	if (plan->model == NULL)
		return err_set(e, ERR_USAGE, "%.60s is no model that we know", model);
	return 0;
}

static const char *
kind_word(enum step_kind kind)
{
	static const char *const word[] = {
		[STEP_CTL] = "ctl",
		[STEP_ITL] = "itl",
		[STEP_CONFIG] = "configuration",
	};

	return word[kind];
}

/* Whom it asked, and what came of each. */
static void
show_attempts(const struct ask_report *r, struct out *o)
{
	char to[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX + sizeof(r->attempt[0].why) + 32];

	out_text(o, "tvs", NULL, ask_end_word(r->end));
	out_add_text(o, "tvs_asked", NULL, NULL);
	for (size_t i = 0; i < r->n; i++) {
		const struct ask_attempt *at = &r->attempt[i];

		address_text(&at->to, to);
		snprintf(text, sizeof(text), "%s %s%s%s", to, ask_attempt_word(at->outcome),
		    at->why[0] != '\0' ? ": " : "", at->why);
		out_add_text(o, "tvs_asked", NULL, text);
	}
}

static void
show_console(const struct words *w, struct out *o)
{
	out_add_text(o, "console", NULL, NULL);
	for (size_t i = 0; i < w->n; i++)
		out_add_text(o, "console", NULL, w->line[i]);
}

static void
show_step(const struct boot_step *s, struct out *o)
{
	const char *decided_by = s->decided_by[0] == '\0' ? NULL : s->decided_by;

	out_row(o);
	out_text(o, "file", "File", s->file);
	out_text(o, "kind", NULL, kind_word(s->kind));
	out_text(o, "fetched", NULL, fetch_outcome_word(s->fetched));
	out_text(o, "verdict", "Verdict", step_verdict_word(s->verdict));
	out_text(o, "reason", NULL, step_reason_word(s));
	out_text(o, "why", "Why", s->why);
	out_text(o, "decided_by", decided_by == NULL ? NULL : "Decided by", decided_by);
	out_bool(o, "tampered", NULL, s->tampered);
	show_attempts(&s->tvs, o);
	show_console(&s->console, o);
}

static void
show_steps(const struct boot_result *r, struct out *o)
{
	static const char *const headings[] = { "File", "Verdict", "Why", "Decided by", NULL };

	out_table(o, "files", headings);
	for (size_t i = 0; i < r->n; i++)
		show_step(&r->step[i], o);
	out_table_end(o);
}

/* A run that looks like a failed attack but was none would mislead. */
static void
show_tampering(const char *file, const struct boot_result *r, struct out *o)
{
	if (file == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (r->step[i].tampered)
			return;
	out_line(o, "Nothing was tampered with: the phone got no %s.", file);
	out_line(o, "%s", "");
}

static void
show_screen(const struct words *status, struct out *o)
{
	out_line(o, "Status screen:");
	out_add_text(o, "status", NULL, NULL);
	for (size_t i = 0; i < status->n; i++)
		vphone_show_status(status->line[i], o);
	out_line(o, "%s", "");
}

static void
show_boot(const struct boot_plan *plan, const struct fetch_server *server,
    const struct boot_result *r, struct out *o)
{
	char from[ADDRESS_TEXT_MAX];

	address_text(&server->address, from);
	out_line(o, "%s, a %s, boots from %s", plan->name, r->model->name, from);
	out_line(o, "%s", "");
	out_text(o, "name", NULL, plan->name);
	out_text(o, "model", NULL, r->model->name);
	out_text(o, "server", NULL, from);
	out_text(o, "memory", NULL, plan->folder);
	show_steps(r, o);
	out_line(o, "%s", "");
	show_tampering(plan->tamper, r, o);
	show_screen(&r->status, o);
	enrol_show_in_boot(&r->enrol, o);
	out_int(o, "status_code", NULL, r->tl_code);
	out_text(o, "status_code_name", NULL, words_tl_name(r->tl_code));
	out_bool(o, "has_ctl", NULL, r->has_ctl);
	out_bool(o, "has_itl", NULL, r->has_itl);
	out_text(o, "outcome", "Result", boot_outcome_word(r->outcome));
}

static bool
met_a_stranger(const struct ask_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->attempt[i].outcome == ATTEMPT_STRANGER)
			return true;
	return false;
}

static int
refuse(const char *name, const struct boot_step *s, struct err *e)
{
	err_set(e, ERR_NO, "%s refused %s: %.400s", name, s->file, s->why);
	switch (s->reason) {
	case JUDGE_TVS_LACKS:
	case JUDGE_TVS_ROLE:
		return err_hint(e,
		    "put the signer's certificate into Phone-SAST-trust of the cluster whose TVS "
		    "was asked (cert upload), and restart TVS there: it hears of uploads only "
		    "after a while");
	case JUDGE_TVS_UNREACHABLE:
		if (!met_a_stranger(&s->tvs))
			return err_hint(e, "the phone follows again once a TVS that its list names "
					   "answers: is it running, and is the way to it open?");
		/* fall through */
	case JUDGE_NO_TVS:
		return err_hint(e,
		    "a phone in this state follows again once its lists are erased by hand "
		    "(trustlist vphone erase --memory DIR), or when a signer that its list names "
		    "signs again (trustlist itl reset localkey)");
	case JUDGE_KEY:
		return err_hint(e,
		    "the phone needs a new LSC from CAPF: trustlist --root DIR capf schedule %s "
		    "--operation install",
		    name);
	default:
		return -1;
	}
}

static int
answer(const char *name, const struct boot_result *r, struct err *e)
{
	const struct boot_step *s = boot_decisive(r);

	switch (r->outcome) {
	case BOOT_TRUSTED:
		return 0;
	case BOOT_REFUSED:
		return refuse(name, s, e);
	case BOOT_UNREACHABLE:
		err_set(e, ERR_FAILED, "%s", s->why);
		return err_hint(e, "check the address and that the server is up; the phone keeps "
				   "what it remembers");
	case BOOT_NO_CONFIG:
		break;
	}
	err_set(e, ERR_NOT_FOUND, "the server has no configuration for %s", name);
	return err_hint(e, "add the phone on the server: trustlist --root DIR phone add %s", name);
}

/* What a list is known by; empty when it holds none. */
static struct bytes
sum_of(const struct tlist *l, uint8_t sha1[TLIST_SHA1_BYTES])
{
	if (l == NULL)
		return (struct bytes){ NULL, 0 };
	tlist_sha1(l->file, sha1);
	return bytes_over(sha1, TLIST_SHA1_BYTES);
}

/* As the alarm DeviceTLInfo of a real phone does when it registers. */
static int
report(struct store *s, const struct boot_plan *plan, int64_t now, struct err *e)
{
	struct memory *m = memory_load(plan->folder, e);
	uint8_t itl[TLIST_SHA1_BYTES], ctl[TLIST_SHA1_BYTES];
	int rc;

	if (m == NULL)
		return -1;
	rc = seen_reported(s, plan->name, sum_of(m->list[MEMORY_ITL], itl), now, e);
	if (rc == 0)
		rc = seen_reported_ctl(s, plan->name, sum_of(m->list[MEMORY_CTL], ctl), now, e);
	memory_free(m);
	return rc;
}

/* Who boots, and to whom it reports; reported_to NULL: nobody. */
struct booting {
	const struct call *call;
	struct store *reported_to;
};

/* Which way it asks for files is a matter of its model, which it may have to remember. */
static int
choose_way(
    const struct call *c, const struct boot_plan *plan, struct fetch_server *server, struct err *e)
{
	const struct model *model;
	struct memory *m = claim_memory(plan->folder, plan->name, plan->model, &model, e);

	if (m == NULL)
		return -1;
	memory_free(m);
	server->http_port = model->http && !call_has(c, "no-http") ? FETCH_HTTP_PORT : 0;
	return 0;
}

static int
boot(void *ctx, int64_t now, struct out *o, bool *booted, struct err *e)
{
	const struct booting *b = ctx;
	const struct call *c = b->call;

	struct asker asker = { .sessions = 0 };
	struct wr string = { .max = ENROL_STRING_ROOM };
	struct fetch_server server;
	struct enroller enroller;
	struct boot_plan plan;
	struct boot_result r;
	int rc = read_plan(c, now, &server, &asker, &plan, e);

	if (rc == 0)
		rc = choose_way(c, &plan, &server, e);
	plan.enrol = enrol_phone;
	plan.enrol_ctx = &enroller;
	if (rc == 0)
		rc = read_enroller(c, &asker, &string, &enroller, e);
	if (rc == 0)
		rc = phone_boot(&plan, &r, e);
	*booted = rc == 0;
	if (rc == 0)
		show_boot(&plan, &server, &r, o);
	if (rc == 0 && b->reported_to != NULL)
		rc = report(b->reported_to, &plan, now, e);
	if (rc == 0)
		rc = answer(plan.name, &r, e);
	asker_free(&asker);
	wr_wipe(&string);
	return rc;
}

static int
boot_as_told(struct booting *b, struct out *o, struct err *e)
{
	const struct call *c = b->call;
	struct stay stay = { .call = c, .store = b->reported_to, .phone = c->arg[0], .boot = boot };
	struct address tftp;
	bool booted;

	if (!call_has(c, "stay"))
		return boot(b, c->now, o, &booted, e);
	if (address_of(call_option(c, "tftp"), FETCH_TFTP_PORT, &tftp, e) != 0 ||
	    call_int(c, "boots", 1, INT32_MAX, 0, &stay.most, e) != 0)
		return -1;
	stay.host = tftp.host;
	stay.ctx = b;
	return vphone_stay(&stay, o, e);
}

/* Who is told is opened first: a boot cannot be taken back. */
static int
boot_one(const struct call *c, struct out *o, struct err *e)
{
	const char *root = call_option(c, "report");
	struct booting b = { .call = c };
	int rc;

	if (call_has(c, "stay") && root == NULL)
		return err_set(
		    e, ERR_USAGE, "--stay needs --report: a phone is registered with a cluster");
	if (call_has(c, "stay") && call_has(c, "auth-string-file") &&
	    strcmp(call_option(c, "auth-string-file"), "-") == 0)
		return err_set(e, ERR_USAGE,
		    "--auth-string-file -: standard input is read once, and --stay boots again");
	if (call_has(c, "boots") && !call_has(c, "stay"))
		return err_set(e, ERR_USAGE, "--boots is for --stay: else a phone boots once");
	if (root != NULL && (b.reported_to = root_open_store(root, e)) == NULL)
		return -1;
	rc = boot_as_told(&b, o, e);
	store_close(b.reported_to);
	return rc;
}

/* ---- verify ---- */

static void
show_verified(const char *name, const struct verify_result *r, struct out *o)
{
	out_text(o, "name", NULL, name);
	out_text(o, "certificate", "Certificate of", r->common_name);
	out_text(o, "verdict", "Verdict", r->trusted ? "trusted" : "not trusted");
	out_text(o, "reason", NULL, verify_reason_word(r->reason));
	out_text(o, "why", "Why", r->why);
	show_attempts(&r->tvs, o);
	out_add_text(o, "roles", NULL, NULL);
	for (size_t i = 0; i < r->tvs.roles; i++)
		out_add_text(o, "roles", NULL, role_word(r->tvs.role[i]));
	out_line(o, "%s", "");
	out_line(o, "Console:");
	for (size_t i = 0; i < r->console.n; i++)
		out_line(o, "  %s", r->console.line[i]);
	show_console(&r->console, o);
}

/* Whose memory it is, and of which model it was when it booted last. */
static int
phone_of(const struct call *c, const struct memory *m, struct ask_phone *out, struct err *e)
{
	const char *name = c->arg[0];

	if (m->note.name == NULL || strcmp(m->note.name, name) != 0)
		return err_set(e, ERR_USAGE, "%s is the memory of %s, not of %.60s", m->folder,
		    m->note.name == NULL ? "a phone without name" : m->note.name, name);
	*out = (struct ask_phone){ .name = m->note.name, .memory = m };
	out->model = m->note.model == NULL ? NULL : model_of(m->note.model);
	if (out->model == NULL)
		return err_set(e, ERR_MALFORMED, "%s names no model that we know", m->folder);
	return read_clock(c, c->now, &out->now, e);
}

static int
verify(const struct call *c, const struct memory *m, const struct cert *shown, struct out *o,
    struct err *e)
{
	struct asker asker = { .sessions = 0 };
	struct verify_result r;
	struct ask_phone phone = { .name = NULL };

	if (phone_of(c, m, &phone, e) != 0 || read_asker(c, &asker, e) != 0)
		return -1;
	phone_verify(&asker, &phone, shown, &r);
	asker_free(&asker);
	show_verified(phone.name, &r, o);
	if (r.trusted)
		return 0;
	return err_set(e, ERR_NO, "%s does not trust the certificate: %.400s", phone.name, r.why);
}

static int
run_verify(const struct call *c, struct out *o, struct err *e)
{
	struct memory *m = vphone_load(call_option(c, "memory"), e);
	struct cert *shown = m == NULL ? NULL : tvs_option_cert(c, e);
	int rc = shown == NULL ? -1 : verify(c, m, shown, o, e);

	cert_free(shown);
	memory_free(m);
	return rc;
}

/* What a fleet can read in a file is not asked for by the table. */
static int
check_one(const struct call *c, struct err *e)
{
	static const char *const of_fleet[] = { "models", "first-mac", "off", "at-once" };

	if (c->args == 0) {
		err_set(e, ERR_USAGE, "vphone boot: which phone?");
		return err_hint(e, "a NAME; or a fleet: --count N, --fleet FILE or --all");
	}
	if (!call_has(c, "tftp"))
		return err_set(e, ERR_USAGE, "vphone boot: --tftp ADDR[:PORT] is missing");
	if (!call_has(c, "memory"))
		return err_set(e, ERR_USAGE, "vphone boot: --memory DIR is missing");
	for (size_t i = 0; i < sizeof(of_fleet) / sizeof(of_fleet[0]); i++)
		if (call_has(c, of_fleet[i]))
			return err_set(
			    e, ERR_USAGE, "--%s is for a fleet, not for one phone", of_fleet[i]);
	return 0;
}

static int
run_boot(const struct call *c, struct out *o, struct err *e)
{
	if (verb_fleet_wants(c))
		return verb_fleet_boot(c, o, e);
	return check_one(c, e) == 0 ? boot_one(c, o, e) : -1;
}

#define CLOCK_OPTION                                                                               \
	{                                                                                          \
		.name = "clock", .metavar = "SECONDS",                                             \
		.help = "the phone's clock is ahead by so much, for this call"                     \
	}

#define MEMORY_OPTION                                                                              \
	{                                                                                          \
		.name = "memory", .metavar = "DIR", .help = "the folder of the phone's memory",    \
		.must = true, .takes = VALUE_PHONES                                                \
	}

static const struct verb verbs[] = {
	{ .words = "vphone boot",
	    .args = "[NAME]",
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_OPERATE,
	    .help =
		"Boots a virtual phone, or a fleet, and shows what it trusts; exit status 5 when it refuses a file",
	    .option = { { .name = "tftp",
			    .metavar = "ADDR[:PORT]",
			    .help = "its TFTP server; port 6969 unless given" },
		{ .name = "memory",
		    .metavar = "DIR",
		    .help = "the folder of its memory, or that of a fleet",
		    .takes = VALUE_PHONES },
		FLEET_OPTIONS,
		{ .name = "at-once",
		    .metavar = "N",
		    .help = "of a fleet: how many boot at the same time" },
		{ .name = "model",
		    .metavar = "M",
		    .help = "its model; else the one it remembers, for a new SEP 7975" },
		{ .name = "tamper",
		    .metavar = "FILE",
		    .help = "flip one bit of this file on its way to the phone" },
		{ .name = "timeout",
		    .metavar = "SECONDS",
		    .help = "how long to wait for each file, and each step with a TVS; else 10" },
		{ .name = "no-http",
		    .help = "ask by TFTP alone, also when its model tries HTTP first" },
		CLOCK_OPTION,
		{ .name = "report",
		    .metavar = "ROOT",
		    .help = "tell the cluster in this folder what the phone holds afterwards",
		    .takes = VALUE_OWN_ROOT },
		{ .name = "stay",
		    .help = "stay registered with that cluster, and boot again when it is asked to",
		    .host_only = "it would run for ever" },
		{ .name = "boots",
		    .metavar = "N",
		    .help = "with --stay: until it has booted so often",
		    .host_only = "it is for --stay" },
		{ .name = "auth-string-file",
		    .metavar = "FILE",
		    .help =
			"what somebody types at the phone when CAPF wants it; - is standard input",
		    .takes = VALUE_SECRET } },
	    .apart = true,
	    .run = run_boot },
	{ .words = "vphone verify",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_OPERATE,
	    .help =
		"Shows a virtual phone a certificate, as an HTTPS service does; exit status 5 when "
		"it does not trust it",
	    .option = { MEMORY_OPTION,
		{ .name = "cert",
		    .metavar = "FILE",
		    .help = "the certificate, PEM or DER",
		    .must = true,
		    .takes = VALUE_FILE },
		{ .name = "timeout",
		    .metavar = "SECONDS",
		    .help = "how long to wait for each step with a TVS; else 10" },
		CLOCK_OPTION },
	    .apart = true,
	    .run = run_verify },
};

const struct verb_set vphone_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
