#include "cmd/host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/root.h"
#include "base/mem.h"
#include "tftp/front.h"

enum {
	DRAIN_MS = 10000,   /* how long running transfers may take to end */
	DRAIN_LOOK_MS = 20, /* how often we look whether they have */
};

/* A node's file counter. */
struct counter {
	struct resolver *resolver;
	struct tftp_server *server;
};

struct host {
	struct loop *loop;
	struct store *store;
	int folder; /* of static files, open */
	struct counter *counter;
	size_t counters;
	struct loop_watch *drain;
	int64_t drain_until;
};

static int
open_counter(struct host *h, const struct host_plan *plan, const struct node *node,
    struct counter *c, struct err *e)
{
	const struct config *config = plan->config;
	struct resolver_plan names = { .store = h->store, .node = node->id, .folder = h->folder };
	struct tftp_service service;
	const char *address = config->tftp_address ? config->tftp_address : node->address;

	c->resolver = resolver_new(&names);
	service = front_service(c->resolver);
	service.transfers_max = (unsigned)config->tftp_transfers;
	service.transfers_per_host = (unsigned)config->tftp_transfers_per_peer;
	c->server = tftp_server_open(h->loop, address, (uint16_t)config->tftp_port, &service, e);
	return c->server == NULL ? -1 : 0;
}

static void
host_free(struct host *h)
{
	for (size_t i = 0; i < h->counters; i++) {
		tftp_server_close(h->counter[i].server);
		resolver_free(h->counter[i].resolver);
	}
	free(h->counter);
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
	h->counter = mem_array(plan->nodes, sizeof(*h->counter));
	for (h->counters = 0; h->counters < plan->nodes;) {
		const struct node *node = &plan->node[h->counters];

		if (open_counter(h, plan, node, &h->counter[h->counters++], e) != 0)
			return err_prefix(e, "TFTP of node %s", node->name);
	}
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
running(const struct host *h)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->counters; i++)
		n += tftp_server_transfers(h->counter[i].server);
	return n;
}

static void
look_whether_drained(void *ctx)
{
	struct host *h = ctx;

	if (running(h) == 0 || clock_mono_ms() >= h->drain_until)
		loop_stop(h->loop);
	else
		loop_timer_start(h->drain, DRAIN_LOOK_MS);
}

/* Takes no new requests and lets the running transfers end. */
static void
host_stop(void *own)
{
	struct host *h = own;

	for (size_t i = 0; i < h->counters; i++)
		tftp_server_quiet(h->counter[i].server);
	h->drain_until = clock_mono_ms() + DRAIN_MS;
	h->drain = loop_timer(h->loop, look_whether_drained, h);
	loop_timer_start(h->drain, 0);
	loop_run(h->loop);
	host_free(h);
}

const struct worker_ops host_ops = { host_start, host_stop };
