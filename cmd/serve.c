#include "cmd/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/root.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/config.h"
#include "cmd/host.h"
#include "cmd/notify.h"
#include "cmd/probe.h"
#include "trust/known.h"
#include "trust/param.h"
#include "trust/service.h"

enum { NOTIFICATION_LOOK_MS = 500 };

/* What is read before anything is opened: all of it, or the old one stays. */
struct setup {
	struct config config;
	struct node *node;
	size_t nodes;
};

/* The process: its setup, its workers, and a loop of its own for signals. */
struct serving {
	const char *root;
	struct loop *loop;
	struct setup setup;
	struct tls_tickets *tickets;
	struct workers *workers;
	struct loop_watch *watchdog;
	struct store *store; /* of this thread */
	struct loop_watch *notification;
	bool failed;
	struct err why;
};

/* One process serves a root: two would start its services twice over. */
static int
lock_root(const char *root, struct err *e)
{
	char *path = mem_fmt("%s/serve.lock", root);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		err_errno(e, "cannot open %s", path);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err_set(e, ERR_FAILED, "another process serves %s already", root);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

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

static void
setup_free(struct setup *u)
{
	config_free(&u->config);
	free(u->node);
	*u = (struct setup){ .nodes = 0 };
}

static int
setup_read(const char *root, struct store *s, struct setup *u, struct err *e)
{
	*u = (struct setup){ .nodes = 0 };
	if (config_read(root, &u->config, NULL, e) != 0) {
		if (e->code == ERR_MALFORMED)
			err_hint(
			    e, "trustlist --root %.150s config check names every mistake", root);
		return -1;
	}
	return node_list(s, &u->node, &u->nodes, e);
}

static int
start_workers(struct serving *v, struct err *e)
{
	struct setup *u = &v->setup;
	struct host_plan plan = { v->root, &u->config, u->node, u->nodes, v->tickets };

	if (probe_ports(&plan, e) != 0)
		return -1;
	if (u->config.key_log != NULL)
		log_event(LOG_WARN, "serve", NULL, NULL, "tls-secrets-are-written", "file",
		    u->config.key_log, NULL);
	v->workers = workers_start(u->config.workers, &host_ops, &plan, e);
	if (v->workers == NULL)
		return -1;
	log_set_level(u->config.log_level);
	return 0;
}

static void
say_ready(const struct serving *v)
{
	fprintf(stderr, "ready: TFTP on port %d, TVS on %d;", v->setup.config.tftp_port,
	    v->setup.config.tvs[0].port);
	for (size_t i = 0; i < v->setup.nodes; i++)
		fprintf(stderr, " %s %s,", v->setup.node[i].name,
		    v->setup.config.tftp_address ? v->setup.config.tftp_address
						 : v->setup.node[i].address);
	fprintf(stderr, " %u worker%s\n", workers_count(v->workers),
	    workers_count(v->workers) == 1 ? "" : "s");
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

/* The new setup, or the old one when it is no good: phones do not care for our mistakes. */
static int
take_setup(struct serving *v, struct setup *fresh, struct err *e)
{
	struct setup old = v->setup;

	workers_stop(v->workers);
	v->setup = *fresh;
	if (start_workers(v, e) == 0) {
		setup_free(&old);
		return 0;
	}
	setup_free(&v->setup);
	v->setup = old;
	return -1;
}

static void
refuse_setup(const struct err *e)
{
	log_err(LOG_ERROR, "serve", NULL, NULL, "config-refused", e);
}

static void
on_hangup(void *ctx, int number)
{
	struct serving *v = ctx;
	struct setup fresh;
	struct err e = { 0 };

	(void)number;
	notify_send("RELOADING=1");
	if (setup_read(v->root, v->store, &fresh, &e) != 0) {
		setup_free(&fresh);
		refuse_setup(&e);
		notify_send("READY=1");
		return;
	}
	if (take_setup(v, &fresh, &e) == 0) {
		log_event(LOG_INFO, "serve", NULL, NULL, "config-read", NULL);
		say_ready(v);
		return;
	}
	refuse_setup(&e);
	if (start_workers(v, &v->why) == 0) {
		say_ready(v);
		return;
	}
	v->failed = true;
	loop_stop(v->loop);
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

/* Runs until it is told to stop. */
static int
stay(struct serving *v, struct err *e)
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
	say_ready(v);
	loop_run(v->loop);
	loop_forget(v->notification);
	for (size_t i = 0; i < sizeof(watch) / sizeof(watch[0]); i++)
		loop_forget(watch[i]);
	loop_forget(v->watchdog);
	if (!v->failed)
		return 0;
	*e = v->why;
	return -1;
}

/* The services start when all can be opened: a start that fails leaves what they had loaded. */
static int
start(struct serving *v, int64_t now, struct err *e)
{
	raise_descriptors();
	v->loop = loop_new(e);
	v->tickets = tls_tickets_new(e);
	if (v->loop == NULL || v->tickets == NULL ||
	    setup_read(v->root, v->store, &v->setup, e) != 0 || start_workers(v, e) != 0)
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
	lock = lock_root(c->root, e);
	if (lock >= 0 && start(&v, c->now, e) == 0)
		rc = stay(&v, e);
	workers_stop(v.workers);
	tls_tickets_free(v.tickets);
	loop_free(v.loop);
	setup_free(&v.setup);
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
