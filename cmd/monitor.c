#include "cmd/monitor.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "admin/root.h"
#include "base/clock.h"
#include "base/httpd.h"
#include "base/mem.h"
#include "base/worker.h"

/* Monitors are few; whoever holds a connection and says nothing is soon gone. */
enum { CONNECTIONS = 256, PER_HOST = 64, IDLE_SECONDS = 10 };

struct monitor {
	struct health_scene scene; /* but for stopping */
	const char *address;	   /* while it is opened */
	uint16_t port;
	atomic_bool stopping;
	struct workers *workers;
};

/* What the thread has. */
struct watch {
	struct monitor *monitor;
	struct store *store;
	struct health *health;
	struct httpd *httpd;
};

static void
on_request(void *service, struct http_request *r)
{
	struct watch *w = service;
	struct health_scene scene = w->monitor->scene;
	struct health_answer a;

	scene.stopping = atomic_load(&w->monitor->stopping);
	if (health_answer(w->health, w->store, &scene, http_path(r), clock_wall(), &a))
		http_reply(r, &(struct http_content){ a.status, a.type, NULL, a.body });
	else
		http_refuse(r, 404, "/healthz, /readyz and /metrics are here");
}

static const struct http_ops ops = { .service = "health", .request = on_request };

static void
watch_stop(void *own)
{
	struct watch *w = own;

	httpd_close(w->httpd);
	health_free(w->health);
	store_close(w->store);
	free(w);
}

static int
watch_start(void *ctx, unsigned number, struct loop *l, void **own, struct err *e)
{
	const struct http_limits limits = {
		.connections = CONNECTIONS, .per_host = PER_HOST, .idle_seconds = IDLE_SECONDS
	};
	struct watch *w = mem_new(sizeof(*w));

	(void)number;
	w->monitor = ctx;
	w->health = health_new();
	w->store = root_open_store(w->monitor->scene.root, e);
	if (w->store != NULL)
		w->httpd =
		    httpd_open(l, w->monitor->address, w->monitor->port, NULL, &ops, w, &limits, e);
	if (w->httpd == NULL) {
		watch_stop(w);
		return err_prefix(e, "[health]");
	}
	*own = w;
	return 0;
}

static bool
has_listener(const struct config_listener l[CONFIG_LISTENERS])
{
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (l[i].port != 0)
			return true;
	return false;
}

struct health_scene
monitor_scene(const char *root, const struct config *config)
{
	return (struct health_scene){ .root = root,
		.without_tvs = !has_listener(config->tvs),
		.without_capf = !has_listener(config->capf) };
}

int
monitor_open(const char *root, const struct config *config, struct monitor **out, struct err *e)
{
	static const struct worker_ops watch_ops = { watch_start, watch_stop };
	struct monitor *m;

	*out = NULL;
	if (config->health_port == 0)
		return 0;
	m = mem_new(sizeof(*m));
	m->scene = monitor_scene(root, config);
	m->address = config->health_address ? config->health_address : MONITOR_ADDRESS;
	m->port = (uint16_t)config->health_port;
	atomic_init(&m->stopping, false);
	m->workers = workers_start(1, &watch_ops, m, e);
	m->address = NULL;
	if (m->workers == NULL) {
		free(m);
		return -1;
	}
	*out = m;
	return 0;
}

void
monitor_stopping(struct monitor *m)
{
	if (m != NULL)
		atomic_store(&m->stopping, true);
}

void
monitor_close(struct monitor *m)
{
	if (m == NULL)
		return;
	workers_stop(m->workers);
	free(m);
}
