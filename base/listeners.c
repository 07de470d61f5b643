#include "base/listeners.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

struct listening {
	struct conn_listener *on;
	struct tls_rules rules;
};

struct listeners {
	struct loop *loop;
	const struct conn_ops *ops;
	void *service;
	const struct tls_tickets *tickets;
	struct listening listening[LISTENERS_MAX];
	size_t n;
};

struct listeners *
listeners_new(
    struct loop *l, const struct conn_ops *ops, void *service, const struct tls_tickets *tickets)
{
	struct listeners *v = mem_new(sizeof(*v));

	*v = (struct listeners){ .loop = l, .ops = ops, .service = service, .tickets = tickets };
	return v;
}

static struct tls *
make_tls(const struct listeners *v, const struct tls_rules *rules, const struct tls_identity *who,
    struct err *e)
{
	return tls_server_new(rules, who, 1, v->tickets, e);
}

int
listeners_open(
    struct listeners *v, const struct listener *on, const struct tls_identity *who, struct err *e)
{
	struct listening *l = &v->listening[v->n];
	struct tls *tls;

	if (v->n == LISTENERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d listeners", LISTENERS_MAX);
	tls = make_tls(v, &on->rules, who, e);
	if (tls == NULL)
		return -1;
	l->rules = on->rules;
	l->on = conn_listener_open(
	    v->loop, on->address, on->port, tls, v->ops, v->service, &on->limits, e);
	tls_free(tls);
	if (l->on == NULL)
		return -1;
	v->n++;
	return 0;
}

void
listeners_present(struct listeners *v, const struct tls_identity *who)
{
	struct err e = { 0 };

	for (size_t i = 0; i < v->n; i++) {
		struct tls *tls = make_tls(v, &v->listening[i].rules, who, &e);

		if (tls == NULL) {
			log_err(LOG_ERROR, v->ops->service, NULL, NULL, "certificate-not-presented",
			    &e);
			continue;
		}
		conn_listener_set_tls(v->listening[i].on, tls);
		tls_free(tls);
	}
}

unsigned
listeners_connections(const struct listeners *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += conn_listener_connections(v->listening[i].on);
	return n;
}

void
listeners_counters(const struct listeners *v, struct conn_counters *out)
{
	*out = (struct conn_counters){ 0 };
	for (size_t i = 0; i < v->n; i++) {
		const struct conn_counters *c = conn_listener_counters(v->listening[i].on);

		out->accepted += c->accepted;
		out->refused += c->refused;
		out->handshakes += c->handshakes;
		out->resumed += c->resumed;
		out->failed_handshakes += c->failed_handshakes;
		out->messages += c->messages;
		out->timeouts += c->timeouts;
		out->broken += c->broken;
	}
}

void
listeners_quiet(struct listeners *v)
{
	for (size_t i = 0; i < v->n; i++)
		conn_listener_quiet(v->listening[i].on);
}

void
listeners_free(struct listeners *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n; i++)
		conn_listener_close(v->listening[i].on);
	free(v);
}
