#include "cmd/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "cmd/config.h"
#include "cmd/console.h"
#include "cmd/monitor.h"
#include "cmd/notify.h"
#include "cmd/site.h"

enum { NOTIFICATION_LOOK_MS = 500, RENEWAL_LOOK_MS = 60000, RELIEF_LOOK_MS = 50 };

/* The process: the cluster that is served, and a loop of its own for signals. */
struct serving {
	const char *root;
	struct site *site;
	struct monitor *monitor;
	struct console *console;
	struct loop *loop;
	struct loop_watch *watchdog, *notification, *renewal, *relief;
};

static void
say_port(const char *service, int port)
{
	if (port != 0)
		fprintf(stderr, ", %s on %d", service, port);
}

static void
say_ready(const struct serving *v)
{
	const struct setup *u = site_setup(v->site);
	unsigned workers = site_workers(v->site);

	fprintf(stderr, "ready: TFTP on port %d", u->config.tftp_port);
	say_port("HTTP", u->config.http_port);
	say_port("HTTPS", u->config.https.port);
	say_port("HTTPS", u->config.https_tomcat.port);
	say_port("admin", u->config.admin.port);
	say_port("health", u->config.health_port);
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
	monitor_stopping(v->monitor);
	console_stopping(v->console);
	loop_stop(v->loop);
}

static void
on_relief(void *ctx)
{
	struct serving *v = ctx;

	if (site_is_relieving(v->site))
		loop_timer_start(v->relief, RELIEF_LOOK_MS);
	else
		log_event(LOG_INFO, "serve", NULL, NULL, "old-workers-left", NULL);
}

/* With what the new configuration says of it.  Its port was looked at before: one that somebody has
 * taken since is no reason not to serve. */
static void
change_monitor(struct serving *v)
{
	struct monitor *fresh;
	struct err e = { 0 };

	if (monitor_open(v->root, &site_setup(v->site)->config, &fresh, &e) != 0) {
		log_err(LOG_ERROR, "serve", NULL, NULL, "no-health", &e);
		return;
	}
	monitor_close(v->monitor);
	v->monitor = fresh;
}

/* Only when it has to: sessions and jobs end with it.  Its socket has one name, so that the old one
 * must go first. */
static void
change_console(struct serving *v)
{
	struct err e = { 0 };

	if (console_is_as(v->console, site_setup(v->site)))
		return;
	console_close(v->console);
	if (console_open(v->root, site_setup(v->site), &v->console, &e) != 0)
		log_err(LOG_ERROR, "serve", NULL, NULL, "no-administration", &e);
}

/* The new setup, or the old one when it is no good: phones do not care for our mistakes. */
static void
on_hangup(void *ctx, int number)
{
	struct serving *v = ctx;
	struct err e = { 0 };

	(void)number;
	notify_send("RELOADING=1");
	if (site_relieve(v->site, &e) == 0) {
		log_set_level(site_setup(v->site)->config.log_level);
		log_event(LOG_INFO, "serve", NULL, NULL, "config-read", NULL);
		change_monitor(v);
		change_console(v);
		loop_timer_start(v->relief, RELIEF_LOOK_MS);
		say_ready(v);
		return;
	}
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

static void
log_failure(const char *event, const struct err *e)
{
	log_err(e->code == ERR_BUSY ? LOG_DEBUG : LOG_ERROR, "serve", NULL, NULL, event, e);
}

static void
on_notification(void *ctx)
{
	struct serving *v = ctx;
	struct err e = { 0 };

	if (site_notify(v->site, clock_wall(), &e) != 0)
		log_failure("notification-failed", &e);
	loop_timer_start(v->notification, NOTIFICATION_LOOK_MS);
}

static void
on_renewal(void *ctx)
{
	struct serving *v = ctx;
	struct err e = { 0 };

	if (site_renew(v->site, clock_wall(), &e) != 0)
		log_failure("renewal-failed", &e);
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
	site_patience(v->site, 0);
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

static int
run_serve(const struct call *c, struct out *o, struct err *e)
{
	struct serving v = { .root = c->root, .site = site_open(c->root, 0, c->now, e) };
	int rc = -1;

	(void)o;
	if (v.site != NULL)
		v.loop = loop_new(e);
	if (v.loop != NULL &&
	    monitor_open(c->root, &site_setup(v.site)->config, &v.monitor, e) == 0 &&
	    console_open(c->root, site_setup(v.site), &v.console, e) == 0) {
		log_set_level(site_setup(v.site)->config.log_level);
		stay(&v);
		rc = 0;
	}
	console_close(v.console);
	site_close(v.site);
	monitor_close(v.monitor);
	loop_free(v.loop);
	return rc;
}

static void
put_port(struct out *o, const char *door, int port)
{
	out_row(o);
	out_text(o, "door", NULL, door);
	out_int(o, "port", NULL, port);
}

/* What listens where, for programs; 0: it does not. */
static void
put_ports(struct out *o, const struct config *c)
{
	out_table(o, "ports", NULL);
	put_port(o, "tftp", c->tftp_port);
	put_port(o, "http", c->http_port);
	put_port(o, "https", c->https.port);
	put_port(o, "https-tomcat", c->https_tomcat.port);
	put_port(o, "tvs", c->tvs[0].port);
	put_port(o, "capf", c->capf[0].port);
	put_port(o, "admin", c->admin.port);
	out_table_end(o);
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
	else
		put_ports(o, &config);
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
	    .host_only = "it is what answers here",
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
