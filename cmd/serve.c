#include "cmd/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/root.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "capf/server.h"
#include "cmd/config.h"
#include "cmd/notify.h"
#include "cmd/shift.h"
#include "trust/known.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/service.h"

enum { NOTIFICATION_LOOK_MS = 500, RENEWAL_LOOK_MS = 60000, RELIEF_LOOK_MS = 50 };

/* The process: those who serve, and a loop of its own for signals. */
struct serving {
	const char *root;
	struct loop *loop;
	struct tls_tickets *tickets;
	struct capf_numbers *numbers;
	struct shifts *shifts;
	struct loop_watch *watchdog;
	struct store *store; /* of this thread */
	struct loop_watch *notification, *renewal, *relief;
};

/* A transfer takes a descriptor, or two. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* With what *fresh says, which is used up. */
static int
relieve(struct serving *v, struct setup *fresh, struct err *e)
{
	int rc = shifts_relieve(v->shifts, fresh, e);

	if (rc == 0)
		log_set_level(shifts_setup(v->shifts)->config.log_level);
	setup_free(fresh);
	return rc;
}

static void
say_port(const char *service, int port)
{
	if (port != 0)
		fprintf(stderr, ", %s on %d", service, port);
}

static void
say_ready(const struct serving *v)
{
	const struct setup *u = shifts_setup(v->shifts);
	unsigned workers = shifts_workers(v->shifts);

	fprintf(stderr, "ready: TFTP on port %d", u->config.tftp_port);
	say_port("HTTP", u->config.http_port);
	say_port("HTTPS", u->config.https.port);
	say_port("HTTPS", u->config.https_tomcat.port);
	fprintf(stderr, ", TVS on %d, CAPF on %d;", u->config.tvs[0].port, u->config.capf[0].port);
	for (size_t i = 0; i < u->nodes; i++)
		fprintf(stderr, " %s %s,", u->node[i].name,
		    u->config.tftp_address ? u->config.tftp_address : u->node[i].address);
	fprintf(stderr, " %u worker%s\n", workers, workers == 1 ? "" : "s");
	notify_send("READY=1");
}

/* ---- signals ---- */

static void
on_term(void *ctx, int number)
{
	struct serving *v = ctx;

	log_event(LOG_INFO, "serve", NULL, NULL, "stopping", "signal", strsignal(number), NULL);
	notify_send("STOPPING=1");
	loop_stop(v->loop);
}

static void
on_relief(void *ctx)
{
	struct serving *v = ctx;

	if (shifts_are_leaving(v->shifts))
		loop_timer_start(v->relief, RELIEF_LOOK_MS);
	else
		log_event(LOG_INFO, "serve", NULL, NULL, "old-workers-left", NULL);
}

/* The new setup, or the old one when it is no good: phones do not care for our mistakes. */
static void
on_hangup(void *ctx, int number)
{
	struct serving *v = ctx;
	struct setup fresh;
	struct err e = { 0 };

	(void)number;
	notify_send("RELOADING=1");
	if (setup_read(v->root, v->store, &fresh, &e) == 0 && relieve(v, &fresh, &e) == 0) {
		log_event(LOG_INFO, "serve", NULL, NULL, "config-read", NULL);
		loop_timer_start(v->relief, RELIEF_LOOK_MS);
		say_ready(v);
		return;
	}
	setup_free(&fresh);
	log_err(LOG_ERROR, "serve", NULL, NULL, "config-refused", &e);
	notify_send("READY=1");
}

static void
on_watchdog(void *ctx)
{
	struct serving *v = ctx;

	notify_send("WATCHDOG=1");
	loop_timer_start(v->watchdog, notify_watchdog_ms());
}

/* CUCM's certificate change notification: what was uploaded to or deleted from the trust stores
 * reaches TVS after a while. */
static void
on_notification(void *ctx)
{
	const struct param *interval = param_find(PARAM_NOTIFY, NULL);
	struct serving *v = ctx;
	char minutes[PARAM_VALUE_MAX];
	struct err e = { 0 };
	size_t told = 0;

	if (param_get(v->store, interval, minutes, &e) != 0 ||
	    known_notify(v->store, strtol(minutes, NULL, 10), clock_wall(), &told, &e) != 0)
		log_err(e.code == ERR_BUSY ? LOG_DEBUG : LOG_ERROR, "serve", NULL, NULL,
		    "notification-failed", &e);
	if (told > 0)
		log_event(LOG_INFO, "tvs", NULL, NULL, "certificate-change-notification", "nodes",
		    LOG_NUM(told), NULL);
	loop_timer_start(v->notification, NOTIFICATION_LOOK_MS);
}

/* LSCs of which a given share of their life has passed get an order for a new one. */
static void
on_renewal(void *ctx)
{
	const struct param *share = param_find(PARAM_LSC_RENEWAL, NULL);
	struct serving *v = ctx;
	char percent[PARAM_VALUE_MAX];
	struct err e = { 0 };
	size_t n = 0;

	if (param_get(v->store, share, percent, &e) != 0 ||
	    order_renew(v->store, (int)strtol(percent, NULL, 10), clock_wall(), &n, &e) != 0)
		log_err(e.code == ERR_BUSY ? LOG_DEBUG : LOG_ERROR, "serve", NULL, NULL,
		    "renewal-failed", &e);
	if (n > 0)
		log_event(
		    LOG_INFO, "capf", NULL, NULL, "renewal-ordered", "phones", LOG_NUM(n), NULL);
	loop_timer_start(v->renewal, RENEWAL_LOOK_MS);
}

/* Runs until it is told to stop. */
static void
stay(struct serving *v)
{
	struct loop_watch *watch[] = {
		loop_on_signal(v->loop, SIGTERM, on_term, v),
		loop_on_signal(v->loop, SIGINT, on_term, v),
		loop_on_signal(v->loop, SIGHUP, on_hangup, v),
	};

	if (notify_watchdog_ms() > 0) {
		v->watchdog = loop_timer(v->loop, on_watchdog, v);
		on_watchdog(v);
	}
	/* From here on this thread must hear signals: it does not wait for other processes. */
	store_patience(v->store, 0);
	v->notification = loop_timer(v->loop, on_notification, v);
	on_notification(v);
	v->renewal = loop_timer(v->loop, on_renewal, v);
	on_renewal(v);
	v->relief = loop_timer(v->loop, on_relief, v);
	say_ready(v);
	loop_run(v->loop);
	loop_forget(v->notification);
	loop_forget(v->renewal);
	for (size_t i = 0; i < sizeof(watch) / sizeof(watch[0]); i++)
		loop_forget(watch[i]);
	loop_forget(v->watchdog);
	loop_forget(v->relief);
}

/* The services start when all can be opened: a start that fails leaves what they had loaded. */
static int
start(struct serving *v, int64_t now, struct err *e)
{
	struct setup setup = { .nodes = 0 };

	raise_descriptors();
	v->loop = loop_new(e);
	v->tickets = tls_tickets_new(e);
	v->numbers = capf_numbers_new(e);
	if (v->loop == NULL || v->tickets == NULL || v->numbers == NULL)
		return -1;
	v->shifts = shifts_new(v->root, v->tickets, v->numbers);
	if (setup_read(v->root, v->store, &setup, e) != 0) {
		setup_free(&setup);
		return -1;
	}
	if (relieve(v, &setup, e) != 0)
		return -1;
	return service_restart_running(v->store, now, e);
}

static int
run_serve(const struct call *c, struct out *o, struct err *e)
{
	struct serving v = { .root = c->root };
	int lock = -1, rc = -1;

	(void)o;
	/* Whether there is a cluster at all comes before whether somebody serves it. */
	v.store = root_open_store(c->root, e);
	if (v.store == NULL)
		return -1;
	lock = root_lock(c->root, e);
	if (lock >= 0)
		rc = start(&v, c->now, e);
	if (rc == 0)
		stay(&v);
	shifts_free(v.shifts);
	tls_tickets_free(v.tickets);
	capf_numbers_free(v.numbers);
	loop_free(v.loop);
	store_close(v.store);
	if (lock >= 0)
		close(lock);
	return rc;
}

static int
run_check(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Place", "Mistake", NULL };
	struct conf_report report = { .n = 0 };
	struct config config;
	char *path = root_conf(c->root), place[512];
	int rc = config_read(c->root, &config, &report, e);

	out_text(o, "file", NULL, path);
	out_bool(o, "valid", NULL, rc == 0);
	if (rc == 0)
		out_line(o, "%s is in order", path);
	else
		out_table(o, "mistakes", headings);
	for (size_t i = 0; rc != 0 && i < report.n; i++) {
		snprintf(place, sizeof(place), "%.400s:%d", path, report.fault[i].line);
		out_row(o);
		out_text(o, "place", "Place", place);
		out_int(o, "line", NULL, report.fault[i].line);
		out_text(o, "mistake", "Mistake", report.fault[i].text);
	}
	if (rc != 0)
		out_table_end(o);
	config_free(&config);
	free(path);
	return rc;
}

static const struct verb verbs[] = {
	{
	    .words = "serve",
	    .args = "",
	    .needs = VERB_ROOT,
	    .right = RIGHT_ADMIN,
	    .help = "run the cluster's services until SIGTERM; says \"ready\" when all listen",
	    .run = run_serve,
	},
	{
	    .words = "config check",
	    .args = "",
	    .needs = VERB_ROOT,
	    .right = RIGHT_READ,
	    .help = "name every mistake in trustlist.conf with its line",
	    .run = run_check,
	},
};

const struct verb_set serve_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
