#include "base/httpd.h"

#include <assert.h>
#include <stdlib.h>

#include "base/httpconn.h"
#include "base/mem.h"

enum {
	CONNECTIONS = 4096,
	PER_HOST = 1024,
	HEADER_BYTES = 8192,
	IDLE_SECONDS = 30,
	BODIES_MAX = 16 << 20,
	ANSWERS_MAX = 64 << 20,
	STREAM_MAX = 256 << 10
};

static struct http_limits
limits_with_usual(const struct http_limits *given)
{
	struct http_limits n = { 0 };

	if (given != NULL)
		n = *given;
	n.connections = n.connections ? n.connections : CONNECTIONS;
	n.per_host = n.per_host ? n.per_host : PER_HOST;
	n.header_bytes = n.header_bytes ? n.header_bytes : HEADER_BYTES;
	n.idle_seconds = n.idle_seconds ? n.idle_seconds : IDLE_SECONDS;
	n.bodies_max = n.bodies_max ? n.bodies_max : BODIES_MAX;
	n.answers_max = n.answers_max ? n.answers_max : ANSWERS_MAX;
	n.stream_max = n.stream_max ? n.stream_max : STREAM_MAX;
	return n;
}

static struct httpd *
httpd_new(
    struct loop *l, const struct http_ops *ops, void *service, const struct http_limits *limits)
{
	struct httpd *h = mem_new(sizeof(*h));

	h->loop = l;
	h->ops = ops;
	h->service = service;
	h->limits = limits_with_usual(limits);
	h->methods = ops->methods ? ops->methods : HTTP_GET | HTTP_HEAD;
	return h;
}

static struct gate_rules
rules_of(struct httpd *h)
{
	return (struct gate_rules){ .name = h->ops->service,
		.connections = h->limits.connections,
		.per_host = h->limits.per_host,
		.awake = h->ops->awake,
		.service = h->service,
		.enter = http_conn_open,
		.ctx = h,
		.accepted = &h->counters.accepted,
		.refused = &h->counters.refused };
}

struct httpd *
httpd_open(struct loop *l, const char *address, uint16_t port, const struct tls *tls,
    const struct http_ops *ops, void *service, const struct http_limits *limits, struct err *e)
{
	struct httpd *h = httpd_new(l, ops, service, limits);
	struct gate_rules rules = rules_of(h);

	h->gate = gate_open(l, address, port, &rules, e);
	if (h->gate == NULL) {
		free(h);
		return NULL;
	}
	h->tls = tls != NULL ? tls_share(tls) : NULL;
	return h;
}

struct httpd *
httpd_open_unix(struct loop *l, const char *path, mode_t mode, const struct http_ops *ops,
    void *service, const struct http_limits *limits, struct err *e)
{
	struct httpd *h = httpd_new(l, ops, service, limits);
	struct gate_rules rules = rules_of(h);

	h->gate = gate_open_unix(l, path, mode, &rules, e);
	if (h->gate == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void
httpd_set_tls(struct httpd *h, const struct tls *tls)
{
	struct tls *was = h->tls;

	assert(was != NULL); /* those that run would change in the middle */
	h->tls = tls_share(tls);
	tls_free(was);
}

uint16_t
httpd_port(const struct httpd *h)
{
	return gate_port(h->gate);
}

unsigned
httpd_connections(const struct httpd *h)
{
	return gate_inside(h->gate);
}

const struct http_counters *
httpd_counters(const struct httpd *h)
{
	return &h->counters;
}

void
httpd_quiet(struct httpd *h)
{
	struct http_request *c, *next;

	gate_last_call(h->gate);
	gate_shut(h->gate);
	h->quiet = true;
	for (c = h->all; c != NULL; c = next) {
		next = c->next;
		http_conn_quiet(c);
	}
}

void
httpd_close(struct httpd *h)
{
	if (h == NULL)
		return;
	gate_shut(h->gate);
	while (h->all != NULL) {
		if (h->all->stage == HTTP_READING)
			stream_finish(&h->all->stream);
		http_conn_free(h->all);
	}
	gate_free(h->gate);
	tls_free(h->tls);
	free(h);
}
