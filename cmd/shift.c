#include "cmd/shift.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/host.h"
#include "cmd/probe.h"

/* Shifts that may be leaving at once: each has its memory and descriptors. */
enum { LEAVING_MAX = 4 };

/* The workers' listeners lend from the setup. */
struct shift {
	struct setup setup;
	struct workers *workers;
};

struct shifts {
	const char *root;
	const struct tls_tickets *tickets;
	struct capf_numbers *numbers;
	struct scribe *scribe;
	struct shift now;
	struct shift leaving[LEAVING_MAX]; /* the longest first */
	size_t n;
};

void
setup_free(struct setup *u)
{
	config_free(&u->config);
	free(u->node);
	*u = (struct setup){ .nodes = 0 };
}

int
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

struct shifts *
shifts_new(const char *root, const struct tls_tickets *tickets, struct capf_numbers *numbers,
    struct scribe *scribe)
{
	struct shifts *v = mem_new(sizeof(*v));

	*v = (struct shifts){
		.root = root, .tickets = tickets, .numbers = numbers, .scribe = scribe
	};
	return v;
}

static void
end(struct shift *s)
{
	workers_stop(s->workers);
	setup_free(&s->setup);
	s->workers = NULL;
}

static void
forget_leaving(struct shifts *v, size_t i)
{
	end(&v->leaving[i]);
	v->n--;
	memmove(&v->leaving[i], &v->leaving[i + 1], (v->n - i) * sizeof(v->leaving[0]));
}

bool
shifts_are_leaving(struct shifts *v)
{
	for (size_t i = v->n; i-- > 0;)
		if (workers_are_over(v->leaving[i].workers))
			forget_leaving(v, i);
	return v->n > 0;
}

/* When there are too many it waits for the first. */
static void
leave(struct shifts *v)
{
	if (v->now.workers == NULL)
		return;
	workers_tell(v->now.workers);
	if (v->n == LEAVING_MAX)
		forget_leaving(v, 0);
	v->leaving[v->n++] = v->now;
}

static struct host_plan
plan_of(const struct shifts *v, const struct setup *u)
{
	return (struct host_plan){ v->root, &u->config, u->node, u->nodes, v->tickets, v->numbers,
		v->scribe };
}

int
shifts_relieve(struct shifts *v, struct setup *fresh, struct err *e)
{
	struct shift next = { .setup = *fresh };
	struct host_plan plan = plan_of(v, fresh), before = plan_of(v, &v->now.setup);

	if (probe_ports(&plan, v->now.workers != NULL ? &before : NULL, e) != 0)
		return -1;
	if (fresh->config.key_log != NULL)
		log_event(LOG_WARN, "serve", NULL, NULL, "tls-secrets-are-written", "file",
		    fresh->config.key_log, NULL);
	next.workers = workers_start(fresh->config.workers, &host_ops, &plan, e);
	if (next.workers == NULL)
		return -1;
	leave(v);
	v->now = next;
	*fresh = (struct setup){ .nodes = 0 };
	return 0;
}

const struct setup *
shifts_setup(const struct shifts *v)
{
	return &v->now.setup;
}

unsigned
shifts_workers(const struct shifts *v)
{
	return workers_count(v->now.workers);
}

void
shifts_free(struct shifts *v)
{
	if (v == NULL)
		return;
	if (v->now.workers != NULL)
		workers_tell(v->now.workers);
	while (v->n > 0)
		forget_leaving(v, 0);
	end(&v->now);
	free(v);
}
