#include "cmd/verb_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "cmd/fleet_show.h"
#include "cmd/phone/fleet.h"
#include "cmd/phone/fleet_plan.h"
#include "cmd/progress.h"
#include "cmd/stop.h"
#include "trust/device.h"
#include "trust/seen.h"

enum { SECONDS = 10, SECONDS_MAX = 600, CLOCK_MAX = 10 * 366 * 24 * 3600 };

bool
verb_fleet_wants(const struct call *c)
{
	return call_has(c, "count") || call_has(c, "fleet") || call_has(c, "all");
}

/* ---- which fleet ---- */

/* Options that say nothing here would be missed by whoever gave them. */
static int
check_options(const struct call *c, struct err *e)
{
	static const char *const of_one[] = { "model", "tamper", "stay", "boots",
		"auth-string-file" };
	static const char *const of_count[] = { "models", "first-mac" };
	int ways = call_has(c, "count") + call_has(c, "fleet") + call_has(c, "all");

	if (ways != 1)
		return err_set(e, ERR_USAGE, "which fleet: one of --count, --fleet and --all");
	if (c->args > 0)
		return err_set(e, ERR_USAGE, "%.60s, and a fleet: one of them boots", c->arg[0]);
	for (size_t i = 0; i < sizeof(of_one) / sizeof(of_one[0]); i++)
		if (call_has(c, of_one[i]))
			return err_set(
			    e, ERR_USAGE, "--%s is for one phone, not for a fleet", of_one[i]);
	for (size_t i = 0; i < sizeof(of_count) / sizeof(of_count[0]); i++)
		if (call_has(c, of_count[i]) && !call_has(c, "count"))
			return err_set(e, ERR_USAGE, "--%s is for --count", of_count[i]);
	return 0;
}

static int
read_count(const struct call *c, struct fleet_plan *plan, struct err *e)
{
	const char *models = call_option(c, "models"), *mac = call_option(c, "first-mac");
	int64_t n;

	if (call_int(c, "count", 1, FLEET_PHONES_MAX, 1, &n, e) != 0)
		return -1;
	plan->phones = (int)n;
	if (models != NULL && fleet_plan_models(models, &plan->models, e) != 0)
		return err_prefix(e, "--models");
	if (mac != NULL && fleet_plan_mac(mac, &plan->first_mac, e) != 0)
		return err_prefix(e, "--first-mac");
	return 0;
}

/* The first fault is what the verb fails with; the others are worth knowing, too. */
static int
read_file(const struct call *c, struct fleet_plan *plan, struct out *o, struct err *e)
{
	const char *path = call_option(c, "fleet");
	struct conf_report faults;

	if (fleet_plan_read(path, plan, &faults, e) != 0) {
		for (size_t i = 1; i < faults.n; i++)
			out_line(o, "%s:%d: %s", path, faults.fault[i].line, faults.fault[i].text);
		return -1;
	}
	if (plan->phones == 0)
		return err_set(e, ERR_MALFORMED, "%s does not say how many phones", path);
	return 0;
}

/* What an option says goes before what the file says. */
static int
read_plan(const struct call *c, struct fleet_plan *plan, struct out *o, struct err *e)
{
	int64_t off;
	int rc = 0;

	*plan = (struct fleet_plan){ .phones = 0 };
	if (check_options(c, e) != 0)
		return -1;
	if (call_has(c, "fleet"))
		rc = read_file(c, plan, o, e);
	else if (call_has(c, "count"))
		rc = read_count(c, plan, e);
	if (rc == 0)
		rc = call_int(c, "off", 0, 100, plan->off, &off, e);
	if (rc == 0)
		plan->off = (int)off;
	return rc;
}

static const char *
folder_of(const struct call *c, const struct fleet_plan *plan)
{
	return call_has(c, "memory") ? call_option(c, "memory") : plan->memory;
}

/* The one that is there; --off spreads power anew. */
static int
load(const struct call *c, const struct fleet_plan *plan, const char *folder, struct fleet *f,
    struct err *e)
{
	int rc = fleet_load(folder, f, e);

	if (rc != 0 || !call_has(c, "off"))
		return rc;
	fleet_power(f, (unsigned)plan->off);
	rc = fleet_keep(f, e);
	if (rc != 0)
		fleet_free(f);
	return rc;
}

static int
open_fleet(const struct call *c, const struct fleet_plan *plan, bool keep_power, struct fleet *f,
    struct err *e)
{
	const char *folder = folder_of(c, plan);
	struct fleet_mix mix;

	if (folder == NULL)
		return err_set(e, ERR_USAGE, "--memory DIR is missing");
	if (call_has(c, "all"))
		return load(c, plan, folder, f, e);
	if (fleet_plan_mix(plan, &mix, e) != 0)
		return -1;
	mix.keep_power = keep_power;
	return fleet_make(folder, &mix, f, e);
}

/* ---- boot ---- */

static int
read_boots(
    const struct call *c, const struct fleet_plan *plan, struct fleet_boots *how, struct err *e)
{
	const char *tftp = call_has(c, "tftp") ? call_option(c, "tftp") : plan->tftp;
	int64_t seconds, ahead, threads;

	if (tftp == NULL)
		return err_set(e, ERR_USAGE, "--tftp ADDR[:PORT] is missing");
	if (address_of(tftp, FETCH_TFTP_PORT, &how->tftp, e) != 0 ||
	    call_int(c, "timeout", 1, SECONDS_MAX, SECONDS, &seconds, e) != 0 ||
	    call_int(c, "clock", 0, CLOCK_MAX, 0, &ahead, e) != 0 ||
	    call_int(c, "at-once", 1, FLEET_THREADS_MAX, 0, &threads, e) != 0)
		return -1;
	how->http_port = call_has(c, "no-http") ? 0 : FETCH_HTTP_PORT;
	how->now = c->now + ahead;
	how->threads = (unsigned)threads;
	how->seconds = (unsigned)seconds;
	how->enrol = true;
	return 0;
}

static void
show_progress(void *ctx, size_t done, size_t of)
{
	progress_show(ctx, done, of);
}

/* What it remembers of a boot before is not what comes of this one. */
static void
forget_boots(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->phone[i].booted = false;
}

static int
boot(const struct call *c, struct fleet *f, struct fleet_boots *how, struct err *e)
{
	struct progress bar;
	struct stop were;
	int rc;

	forget_boots(f);
	progress_start(&bar, c->show != NULL);
	how->progress = show_progress;
	how->ctx = &bar;
	/* Phones that are booting end their boot: their memories are whole either way. */
	how->stop = stop_catch(&were);
	rc = fleet_boot(f, how, e);
	stop_leave(&were);
	progress_end(&bar);
	return rc;
}

/* As the alarm DeviceTLInfo of a real phone does when it registers. */
static int
report_one(struct store *s, const struct fleet_phone *p, int64_t now, struct err *e)
{
	struct bytes itl = bytes_over(p->itl_sha1, p->has_itl ? sizeof(p->itl_sha1) : 0);
	struct bytes ctl = bytes_over(p->ctl_sha1, p->has_ctl ? sizeof(p->ctl_sha1) : 0);

	if (!p->booted)
		return 0;
	if (seen_reported(s, p->name, itl, now, e) != 0)
		return -1;
	return seen_reported_ctl(s, p->name, ctl, now, e);
}

static int
report(struct store *s, const struct fleet *f, int64_t now, struct err *e)
{
	int rc = 0;

	if (s == NULL)
		return 0;
	if (store_begin_quiet(s, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = report_one(s, &f->phone[i], now, e);
	return store_end(s, rc, e);
}

static int
boot_and_tell(const struct call *c, struct fleet *f, struct fleet_boots *how, struct store *s,
    struct out *o, struct err *e)
{
	int rc = boot(c, f, how, e);
	struct err untold;

	fleet_show(f, &how->tftp, o);
	if (report(s, f, c->now, rc == 0 ? e : &untold) != 0)
		rc = -1;
	return rc == 0 ? fleet_answer(f, e) : rc;
}

/* Who is told is opened first: a boot cannot be taken back. */
int
verb_fleet_boot(const struct call *c, struct out *o, struct err *e)
{
	const char *root = call_option(c, "report");
	struct fleet_plan plan;
	struct fleet_boots how = { .threads = 0 };
	struct fleet f = { NULL };
	struct store *s = NULL;
	int rc = read_plan(c, &plan, o, e);

	if (rc == 0)
		rc = read_boots(c, &plan, &how, e);
	if (rc == 0 && root != NULL && (s = root_open_store(root, e)) == NULL)
		rc = -1;
	if (rc == 0)
		rc = open_fleet(c, &plan, false, &f, e);
	if (rc == 0)
		rc = boot_and_tell(c, &f, &how, s, o, e);
	fleet_free(&f);
	store_close(s);
	fleet_plan_free(&plan);
	return rc;
}

/* ---- add ---- */

static int
add_one(const struct call *c, const struct fleet_phone *p, size_t *added, struct err *e)
{
	struct device d = { .model = p->model, .security = SECURITY_NONE, .added = c->now }, there;
	int known = device_get(c->store, p->name, &there, e);

	if (known == 1 && there.model != p->model)
		return err_set(e, ERR_EXISTS, "the cluster has a %s already, which is a %s",
		    p->name, there.model->name);
	if (known != 0)
		return known < 0 ? -1 : 0;
	snprintf(d.name, sizeof(d.name), "%s", p->name);
	*added += 1;
	return device_add(c->store, &d, e);
}

/* All or none. */
static int
add_all(const struct call *c, const struct fleet *f, size_t *added, struct err *e)
{
	int rc = 0;

	*added = 0;
	if (store_begin(c->store, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = add_one(c, &f->phone[i], added, e);
	return store_end(c->store, rc, e);
}

static int
run_add(const struct call *c, struct out *o, struct err *e)
{
	struct fleet_plan plan;
	struct fleet f = { NULL };
	size_t added = 0;
	int rc = read_plan(c, &plan, o, e);

	if (rc == 0)
		/* Whose power nobody speaks of is added as it is. */
		rc = open_fleet(c, &plan, call_has(c, "count") && !call_has(c, "off"), &f, e);
	if (rc == 0)
		rc = add_all(c, &f, &added, e);
	if (rc == 0) {
		out_text(o, "memory", NULL, f.folder);
		out_int(o, "added", NULL, (int64_t)added);
		out_int(o, "known", NULL, (int64_t)(f.n - added));
		out_line(o, "%zu phones added, %zu known already", added, f.n - added);
	}
	fleet_free(&f);
	fleet_plan_free(&plan);
	return rc;
}

static const struct verb verbs[] = {
	{ .words = "vphone add",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "Adds a fleet's virtual phones to the cluster; makes the fleet if need be",
	    .option = { { .name = "memory",
			    .metavar = "DIR",
			    .help = "the folder of their memories",
			    .takes = VALUE_PHONES },
		FLEET_OPTIONS },
	    .apart = true,
	    .run = run_add },
};

const struct verb_set fleet_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
