#include "cmd/host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/root.h"
#include "base/mem.h"
#include "base/log.h"
#include "capf/server.h"
#include "cmd/tallies.h"
#include "tftp/front.h"
#include "tftp/http.h"
#include "trust/trail.h"
#include "tvs/server.h"

enum {
	DRAIN_MS = 10000, /* how long running transfers may take to end */
	TVS_DRAIN_MS =
	    500, /* a question takes a moment; a phone that stays connected must not hold us */
	DRAIN_LOOK_MS = 20,   /* how often we look whether they have */
	FLUSH_MS = 250,	      /* how long what is noted stays in memory */
	COUNT_MS = 1000,      /* and what is counted */
	LAST_COUNT_MS = 5000, /* how long the last of it may wait for other processes */
};

enum { DOORS = 3 };

/* The services of a node. */
struct counter {
	struct front front;
	struct tftp_server *tftp;
	struct http_door *door[DOORS]; /* NULL: not there */
	struct tvs_server *tvs;
	struct capf_server *capf; /* of the publisher; else NULL */
	struct tallies tallies;	  /* of all of them */
};

struct host {
	struct loop *loop;
	struct store *store;
	int folder; /* of static files, open */
	struct trail *trail;
	struct scribe_tray *tray; /* where it is taken from */
	struct loop_watch *flush, *count;
	struct counter *counter;
	size_t counters;
	struct loop_watch *drain;
	int64_t drain_until;
};

static int
open_tftp(struct host *h, const struct host_plan *plan, const struct node *node, struct counter *c,
    struct err *e)
{
	const struct config *config = plan->config;
	struct resolver_plan names = { .store = h->store,
		.node = node->id,
		.folder = h->folder,
		.tvs_port = (unsigned)config->tvs[0].port };
	const char *address = config->tftp_address ? config->tftp_address : node->address;
	struct tftp_service service;

	c->front = (struct front){ resolver_new(&names), h->trail, node->id };
	service = front_service(&c->front);
	service.transfers_max = (unsigned)config->tftp_transfers;
	service.transfers_per_host = (unsigned)config->tftp_transfers_per_peer;
	c->tftp = tftp_server_open(h->loop, address, (uint16_t)config->tftp_port, &service, e);
	return c->tftp == NULL ? err_prefix(e, "TFTP of node %s", node->name) : 0;
}

static struct listener
listener_of(const struct config *config, const struct config_listener *l, const struct node *node)
{
	return (struct listener){ .address = l->address ? l->address : node->address,
		.port = (uint16_t)l->port,
		.rules = { .min = l->tls_min,
		    .max = l->tls_max,
		    .ciphers = l->ciphers,
		    .key_log = config->key_log },
		.limits = { .connections = (unsigned)config->connections,
		    .per_host = (unsigned)config->connections_per_peer } };
}

static int
open_door(struct host *h, const struct host_plan *plan, const struct node *node, struct counter *c,
    enum http_door_kind kind, const struct listener *on, struct err *e)
{
	struct http_door_plan what = { .loop = h->loop,
		.store = h->store,
		.front = &c->front,
		.kind = kind,
		.address = on->address,
		.port = on->port,
		.rules = on->rules,
		.tickets = plan->tickets,
		.limits = { on->limits.connections, on->limits.per_host } };

	if (on->port == 0)
		return 0;
	c->door[kind] = http_door_open(&what, e);
	return c->door[kind] == NULL
		   ? err_prefix(e, "HTTP of node %s on port %d", node->name, on->port)
		   : 0;
}

static int
open_doors(struct host *h, const struct host_plan *plan, const struct node *node, struct counter *c,
    struct err *e)
{
	const struct config *config = plan->config;
	struct listener plain = { .address =
				      config->http_address ? config->http_address : node->address,
		.port = (uint16_t)config->http_port,
		.limits = { .connections = (unsigned)config->http_connections,
		    .per_host = (unsigned)config->http_connections_per_peer } };
	struct listener https = listener_of(config, &config->https, node);
	struct listener tomcat = listener_of(config, &config->https_tomcat, node);

	if (open_door(h, plan, node, c, HTTP_DOOR_PLAIN, &plain, e) != 0 ||
	    open_door(h, plan, node, c, HTTP_DOOR_CALLMANAGER, &https, e) != 0)
		return -1;
	return open_door(h, plan, node, c, HTTP_DOOR_TOMCAT, &tomcat, e);
}

static int
listen_tvs(struct tvs_server *v, const struct config *config, const struct config_listener *l,
    const struct node *node, struct err *e)
{
	struct listener on = listener_of(config, l, node);

	if (tvs_server_listen(v, &on, e) == 0)
		return 0;
	return err_prefix(e, "TVS of node %s on port %d", node->name, l->port);
}

static int
open_tvs(struct host *h, const struct host_plan *plan, const struct node *node, struct counter *c,
    struct err *e)
{
	struct tvs_plan what = { .loop = h->loop,
		.store = h->store,
		.trail = h->trail,
		.node = *node,
		.tickets = plan->tickets };

	c->tvs = tvs_server_new(&what, e);
	if (c->tvs == NULL)
		return err_prefix(e, "TVS of node %s", node->name);
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (plan->config->tvs[i].port != 0 &&
		    listen_tvs(c->tvs, plan->config, &plan->config->tvs[i], node, e) != 0)
			return -1;
	return 0;
}

static int
listen_capf(struct capf_server *v, const struct config *config, const struct config_listener *l,
    const struct node *node, struct err *e)
{
	struct listener on = listener_of(config, l, node);

	if (capf_server_listen(v, &on, e) == 0)
		return 0;
	return err_prefix(e, "CAPF of node %s on port %d", node->name, l->port);
}

static int
open_capf(struct host *h, const struct host_plan *plan, const struct node *node, struct counter *c,
    struct err *e)
{
	struct capf_plan what = { .loop = h->loop,
		.store = h->store,
		.trail = h->trail,
		.node = *node,
		.numbers = plan->numbers,
		.tickets = plan->tickets };

	if (!node->publisher)
		return 0;
	c->capf = capf_server_new(&what, e);
	if (c->capf == NULL)
		return err_prefix(e, "CAPF of node %s", node->name);
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (plan->config->capf[i].port != 0 &&
		    listen_capf(c->capf, plan->config, &plan->config->capf[i], node, e) != 0)
			return -1;
	return 0;
}

static void
on_flush(void *ctx)
{
	struct host *h = ctx;

	scribe_take(h->tray, h->trail);
	loop_timer_start(h->flush, FLUSH_MS);
}

/* The store is told after a while only: that phones are served does not depend on it. */
static void
on_count(void *ctx)
{
	struct host *h = ctx;
	struct err e = { 0 };

	store_patience(h->store, 0);
	for (size_t i = 0; i < h->counters; i++)
		if (tallies_tell(&h->counter[i].tallies, h->store, clock_wall(), &e) != 0 &&
		    e.code != ERR_BUSY)
			log_err(LOG_ERROR, "serve", NULL, NULL, "counters-not-written", &e);
	store_patience(h->store, STORE_PATIENCE_MS);
	loop_timer_start(h->count, COUNT_MS);
}

static void
count_last(struct host *h)
{
	struct err e = { 0 };

	store_patience(h->store, LAST_COUNT_MS);
	for (size_t i = 0; i < h->counters; i++)
		if (tallies_end(&h->counter[i].tallies, h->store, clock_wall(), &e) != 0)
			log_err(LOG_ERROR, "serve", NULL, NULL, "counters-not-written", &e);
}

static void
host_free(struct host *h)
{
	if (h->count != NULL)
		count_last(h);
	for (size_t i = 0; i < h->counters; i++) {
		tftp_server_close(h->counter[i].tftp);
		for (size_t k = 0; k < DOORS; k++)
			http_door_close(h->counter[i].door[k]);
		resolver_free(h->counter[i].front.resolver);
		tvs_server_free(h->counter[i].tvs);
		capf_server_free(h->counter[i].capf);
	}
	free(h->counter);
	scribe_tray_free(h->tray, h->trail);
	trail_free(h->trail);
	loop_forget(h->flush);
	loop_forget(h->count);
	loop_forget(h->drain);
	store_close(h->store);
	if (h->folder >= 0)
		close(h->folder);
	free(h);
}

static int
open_all(struct host *h, const struct host_plan *plan, struct err *e)
{
	h->folder = open(plan->config->tftp_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->folder < 0) {
		err_errno(e, "the folder of static files, %s", plan->config->tftp_folder);
		return err_hint(e, "make it, or name another in trustlist.conf ([tftp] folder)");
	}
	h->store = root_open_store(plan->root, e);
	if (h->store == NULL)
		return -1;
	h->trail = trail_new(NULL);
	h->tray = scribe_tray_new(plan->scribe);
	h->flush = loop_timer(h->loop, on_flush, h);
	loop_timer_start(h->flush, FLUSH_MS);
	h->counter = mem_array(plan->nodes, sizeof(*h->counter));
	for (h->counters = 0; h->counters < plan->nodes;) {
		const struct node *node = &plan->node[h->counters];
		struct counter *c = &h->counter[h->counters++];

		if (open_tftp(h, plan, node, c, e) != 0 || open_doors(h, plan, node, c, e) != 0 ||
		    open_tvs(h, plan, node, c, e) != 0 || open_capf(h, plan, node, c, e) != 0)
			return -1;
		c->tallies = (struct tallies){
			.node = node->id, .tftp = c->tftp, .tvs = c->tvs, .capf = c->capf
		};
		memcpy(c->tallies.door, c->door, sizeof(c->door));
	}
	/* Not before all are open: who could not start has counted nothing. */
	h->count = loop_timer(h->loop, on_count, h);
	loop_timer_start(h->count, 0);
	return 0;
}

static int
host_start(void *ctx, unsigned number, struct loop *l, void **own, struct err *e)
{
	struct host *h = mem_new(sizeof(*h));

	(void)number;
	h->loop = l;
	h->folder = -1;
	if (open_all(h, ctx, e) != 0) {
		host_free(h);
		return -1;
	}
	*own = h;
	return 0;
}

static unsigned
at_doors(const struct counter *c)
{
	unsigned n = 0;

	for (size_t k = 0; k < DOORS; k++)
		n += c->door[k] != NULL ? http_door_connections(c->door[k]) : 0;
	return n;
}

static unsigned
running(const struct host *h, int64_t now)
{
	bool asking = now < h->drain_until - DRAIN_MS + TVS_DRAIN_MS;
	unsigned n = 0;

	for (size_t i = 0; i < h->counters; i++) {
		n += tftp_server_transfers(h->counter[i].tftp);
		n += at_doors(&h->counter[i]);
		n += h->counter[i].capf
			 ? listeners_connections(capf_server_listeners(h->counter[i].capf))
			 : 0;
		n += asking ? listeners_connections(tvs_server_listeners(h->counter[i].tvs)) : 0;
	}
	return n;
}

static void
look_whether_drained(void *ctx)
{
	struct host *h = ctx;
	int64_t now = clock_mono_ms();

	if (running(h, now) == 0 || now >= h->drain_until)
		loop_stop(h->loop);
	else
		loop_timer_start(h->drain, DRAIN_LOOK_MS);
}

/* Takes no new requests and lets the running transfers end. */
static void
host_stop(void *own)
{
	struct host *h = own;

	for (size_t i = 0; i < h->counters; i++) {
		tftp_server_quiet(h->counter[i].tftp);
		for (size_t k = 0; k < DOORS; k++)
			if (h->counter[i].door[k] != NULL)
				http_door_quiet(h->counter[i].door[k]);
		listeners_quiet(tvs_server_listeners(h->counter[i].tvs));
		if (h->counter[i].capf != NULL)
			listeners_quiet(capf_server_listeners(h->counter[i].capf));
	}
	h->drain_until = clock_mono_ms() + DRAIN_MS;
	h->drain = loop_timer(h->loop, look_whether_drained, h);
	loop_timer_start(h->drain, 0);
	loop_run(h->loop);
	host_free(h);
}

const struct worker_ops host_ops = { host_start, host_stop };
