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
#include "trust/known.h"
#include "trust/param.h"
#include "trust/service.h"

enum { NOTIFICATION_LOOK_MS = 500 };

/* The process: its configuration, its workers, and a loop of its own for signals. */
struct serving {
	const char *root;
	struct loop *loop;
	struct config config;
	struct node *node;
	size_t nodes;
	struct tls_tickets *tickets;
	struct workers *workers;
	struct loop_watch *watchdog;
	struct store *store; /* of this thread: certificate change notification */
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

/* As when a server boots: what runs starts, and loads what the store says now. */
static int
start_services(struct store *s, int64_t now, struct err *e)
{
	struct service *all;
	struct node node;
	size_t n;
	int rc = service_list(s, &all, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct service_kind *kind = service_kind_of(all[i].name, e);

		if (!all[i].running)
			continue;
		rc = kind == NULL || node_by_id(s, all[i].node, &node, e) != 0
			 ? -1
			 : service_start(s, &node, kind, now, e);
	}
	free(all);
	return rc;
}

static int
read_nodes(struct serving *v, struct err *e)
{
	struct store *s = root_open_store(v->root, e);
	int rc;

	if (s == NULL)
		return -1;
	free(v->node);
	rc = node_list(s, &v->node, &v->nodes, e);
	store_close(s);
	if (rc == 0 && v->config.tftp_address != NULL && v->nodes > 1) {
		err_set(e, ERR_USAGE,
		    "[tftp] address is for a cluster of one node; this one has %zu", v->nodes);
		rc = err_hint(e, "leave it out: each node listens on its own address");
	}
	return rc;
}

static int
start_workers(struct serving *v, struct err *e)
{
	struct host_plan plan = { v->root, &v->config, v->node, v->nodes, v->tickets };

	v->workers = workers_start(v->config.workers, &host_ops, &plan, e);
	return v->workers == NULL ? -1 : 0;
}

static void
say_ready(const struct serving *v)
{
	fprintf(stderr, "ready: TFTP on port %d, TVS on %d;", v->config.tftp_port,
	    v->config.tvs[0].port);
	for (size_t i = 0; i < v->nodes; i++)
		fprintf(stderr, " %s %s,", v->node[i].name,
		    v->config.tftp_address ? v->config.tftp_address : v->node[i].address);
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

/* The new configuration, or the old one when it is no good: phones do not care for our mistakes. */
static int
take_config(struct serving *v, struct config *fresh, struct err *e)
{
	struct config old = v->config;

	workers_stop(v->workers);
	v->workers = NULL;
	v->config = *fresh;
	if (read_nodes(v, e) == 0 && start_workers(v, e) == 0) {
		log_set_level(v->config.log_level);
		config_free(&old);
		return 0;
	}
	config_free(&v->config);
	v->config = old;
	return -1;
}

static void
on_hangup(void *ctx, int number)
{
	struct serving *v = ctx;
	struct config fresh;
	struct err e = { 0 };

	(void)number;
	notify_send("RELOADING=1");
	if (config_read(v->root, &fresh, NULL, &e) != 0) {
		log_err(LOG_ERROR, "serve", NULL, NULL, "config-refused", &e);
		config_free(&fresh);
		notify_send("READY=1");
		return;
	}
	if (take_config(v, &fresh, &e) == 0) {
		log_event(LOG_INFO, "serve", NULL, NULL, "config-read", NULL);
		say_ready(v);
		return;
	}
	log_err(LOG_ERROR, "serve", NULL, NULL, "config-refused", &e);
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
		log_err(LOG_ERROR, "serve", NULL, NULL, "notification-failed", &e);
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

static int
prepare(struct serving *v, int64_t now, struct err *e)
{
	struct store *s = root_open_store(v->root, e);
	int rc;

	if (s == NULL)
		return -1;
	rc = config_read(v->root, &v->config, NULL, e);
	if (rc != 0 && e->code == ERR_MALFORMED)
		err_hint(e, "trustlist --root %.150s config check names every mistake", v->root);
	if (rc == 0)
		rc = start_services(s, now, e);
	store_close(s);
	if (rc == 0)
		rc = read_nodes(v, e);
	return rc;
}

static int
run_serve(const struct call *c, struct out *o, struct err *e)
{
	struct serving v = { .root = c->root };
	struct store *s = root_open_store(c->root, e);
	int lock = -1, rc = -1;

	(void)o;
	/* Whether there is a cluster at all comes before whether somebody serves it. */
	if (s == NULL)
		return -1;
	store_close(s);
	lock = lock_root(c->root, e);
	if (lock < 0 || prepare(&v, c->now, e) != 0)
		goto out;
	log_set_level(v.config.log_level);
	raise_descriptors();
	if (v.config.key_log != NULL)
		log_event(LOG_WARN, "serve", NULL, NULL, "tls-secrets-are-written", "file",
		    v.config.key_log, NULL);
	v.loop = loop_new(e);
	v.tickets = tls_tickets_new(e);
	v.store = root_open_store(c->root, e);
	if (v.loop == NULL || v.tickets == NULL || v.store == NULL || start_workers(&v, e) != 0)
		goto out;
	rc = stay(&v, e);
out:
	workers_stop(v.workers);
	tls_tickets_free(v.tickets);
	store_close(v.store);
	loop_free(v.loop);
	config_free(&v.config);
	free(v.node);
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
