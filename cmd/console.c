#include "cmd/console.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "admin/api.h"
#include "base/mem.h"
#include "base/worker.h"
#include "cmd/command.h"
#include "cmd/monitor.h"

#define ELSEWHERE "127.0.0.1"

struct console {
	const char *root;
	/* What it was opened with. */
	char *address, *ciphers, *key_log;
	int port;
	bool socket;
	enum tls_version tls_min, tls_max;
	struct health_scene scene;
	atomic_bool stopping;
	struct workers *workers;
};

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

const char *
console_address(const struct config *config, const struct node *node, size_t nodes)
{
	if (config->admin.address != NULL)
		return config->admin.address;
	for (size_t i = 0; i < nodes; i++)
		if (node[i].publisher && is_loopback(node[i].address))
			return node[i].address;
	return ELSEWHERE;
}

/* ---- on its thread ---- */

static int
start(void *ctx, unsigned number, struct loop *l, void **own, struct err *e)
{
	const struct console *c = ctx;
	struct api_plan plan = { .loop = l,
		.root = c->root,
		.version = TL_VERSION,
		.address = c->address,
		.port = (uint16_t)c->port,
		.rules = { .min = c->tls_min,
		    .max = c->tls_max,
		    .ciphers = c->ciphers,
		    .key_log = c->key_log },
		.socket = c->socket,
		.scene = c->scene,
		.stopping = &c->stopping };

	(void)number;
	plan.sets = command_sets(&plan.sets_n);
	*own = api_open(&plan, e);
	return *own == NULL ? -1 : 0;
}

static void
stop(void *own)
{
	api_close(own);
}

/* ---- life ---- */

static void
free_console(struct console *c)
{
	free(c->address);
	free(c->ciphers);
	free(c->key_log);
	free(c);
}

static struct console *
console_of(const char *root, const struct setup *setup)
{
	const struct config_listener *l = &setup->config.admin;
	struct console *c = mem_new(sizeof(*c));

	*c = (struct console){ .root = root,
		.address = mem_text(console_address(&setup->config, setup->node, setup->nodes)),
		.ciphers = mem_text(l->ciphers),
		.key_log = mem_text(setup->config.key_log),
		.port = l->port,
		.socket = setup->config.admin_socket,
		.tls_min = l->tls_min,
		.tls_max = l->tls_max,
		.scene = monitor_scene(root, &setup->config) };
	atomic_init(&c->stopping, false);
	return c;
}

int
console_open(const char *root, const struct setup *setup, struct console **out, struct err *e)
{
	static const struct worker_ops console_ops = { start, stop };
	struct console *c;

	*out = NULL;
	if (setup->config.admin.port == 0 && !setup->config.admin_socket)
		return 0;
	c = console_of(root, setup);
	c->workers = workers_start(1, &console_ops, c, e);
	if (c->workers == NULL) {
		free_console(c);
		return -1;
	}
	*out = c;
	return 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
console_is_as(const struct console *c, const struct setup *setup)
{
	struct console *wanted;
	bool is;

	if (c == NULL)
		return setup->config.admin.port == 0 && !setup->config.admin_socket;
	wanted = console_of(c->root, setup);
	is = same(c->address, wanted->address) && same(c->ciphers, wanted->ciphers) &&
	     same(c->key_log, wanted->key_log) && c->port == wanted->port &&
	     c->socket == wanted->socket && c->tls_min == wanted->tls_min &&
	     c->tls_max == wanted->tls_max && c->scene.without_tvs == wanted->scene.without_tvs &&
	     c->scene.without_capf == wanted->scene.without_capf;
	free_console(wanted);
	return is;
}

void
console_stopping(struct console *c)
{
	if (c != NULL)
		atomic_store(&c->stopping, true);
}

void
console_close(struct console *c)
{
	if (c == NULL)
		return;
	workers_stop(c->workers);
	free_console(c);
}
