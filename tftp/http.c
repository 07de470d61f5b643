#include "tftp/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "tftp/asked.h"
#include "trust/param.h"
#include "trust/presented.h"
#include "trust/service.h"

#define SERVICE "TFTP"

enum { LOGGED_NAME_MAX = 300 };

struct http_door {
	struct http_door_plan plan;
	struct httpd *httpd;

	/* As of the store's generation. */
	int64_t generation; /* -1: never */
	bool running;
	int64_t starts; /* which start the certificate is of; 0: none */

	struct tally tally; /* of requests: connections are httpd's to count */
	struct took took;   /* of what was sent whole */
};

/* A file on its way. */
struct delivery {
	struct http_door *door;
	struct content *content;
	char *name, *peer, *peer_port;
	int64_t since_us;
	bool broke; /* it could not be read */
};

/* The identity store whose certificate a door presents; NULL: none. */
static const char *const presents[] = {
	[HTTP_DOOR_PLAIN] = NULL,
	[HTTP_DOOR_CALLMANAGER] = "CallManager",
	[HTTP_DOOR_TOMCAT] = "tomcat",
};

static const char *
service_name(const struct http_door *d)
{
	return presents[d->plan.kind] == NULL ? "http" : "https";
}

/* ---- what it works from ---- */

static int
load(const struct http_door *d, const char *store, struct presented *to, struct err *e)
{
	return presented_load(d->plan.store, d->plan.front->node, SERVICE, store, to, e);
}

/* The certificate for phones that offer ciphers with EC, as far as the parameter lets them have it;
 * without one *hint says to whoever misses it what to do. */
static int
load_ec(const struct http_door *d, struct presented *to, const char **hint, struct err *e)
{
	char ciphers[PARAM_VALUE_MAX];
	struct err none = { 0 };

	if (service_param(d->plan.store, d->plan.front->node, SERVICE, PARAM_HTTPS, ciphers,
		sizeof(ciphers), e) != 0)
		return -1;
	if (strcmp(ciphers, PARAM_HTTPS_EC) != 0) {
		*hint =
		    "set the parameter " PARAM_HTTPS " to \"" PARAM_HTTPS_EC "\" and restart TFTP";
		return 0;
	}
	if (load(d, "CallManager-ECDSA", to, &none) == 0)
		return 0;
	if (none.code != ERR_NOT_FOUND) {
		*e = none;
		return -1;
	}
	*hint = "the node has no CallManager-ECDSA certificate: trustlist cert regenerate "
		"CallManager-ECDSA (from release 11.5 on), then restart TFTP";
	return 0;
}

static struct tls *
make_tls(const struct http_door *d, struct err *e)
{
	const struct http_door_plan *plan = &d->plan;
	struct presented p[2] = { { .n = 0 } };
	struct tls_rules rules = plan->rules;
	struct tls_identity who[2];
	struct tls *tls = NULL;
	size_t n = 1;

	if (load(d, presents[plan->kind], &p[0], e) != 0 ||
	    (plan->kind == HTTP_DOOR_CALLMANAGER && load_ec(d, &p[1], &rules.ec_hint, e) != 0))
		goto out;
	who[0] = presented_identity(&p[0]);
	if (p[1].n > 0)
		who[n++] = presented_identity(&p[1]);
	tls = tls_server_new(&rules, who, n, plan->tickets, e);
out:
	presented_free(&p[0]);
	presented_free(&p[1]);
	return tls;
}

/* A certificate that the door's rules do not fit is no reason to answer nobody: it goes on with
 * what it had, and says so. */
static void
present(struct http_door *d, int64_t starts)
{
	struct err e;
	struct tls *tls;

	d->starts = starts;
	if (presents[d->plan.kind] == NULL)
		return;
	tls = make_tls(d, &e);
	if (tls == NULL)
		log_err(LOG_ERROR, service_name(d), NULL, NULL, "certificate-not-presented", &e);
	else
		httpd_set_tls(d->httpd, tls);
	tls_free(tls);
}

static int
look(struct http_door *d, struct err *e)
{
	int64_t generation = store_generation(d->plan.store);
	struct service now;

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation == d->generation)
		return 0;
	if (service_get(d->plan.store, d->plan.front->node, SERVICE, &now, e) != 0)
		return -1;
	d->running = now.running;
	if (now.running && now.starts != d->starts)
		present(d, now.starts);
	d->generation = generation;
	return 0;
}

/* A store that cannot be read for a moment is no reason to fall silent. */
static bool
is_awake(void *service)
{
	struct http_door *d = service;
	struct err e;

	if (look(d, &e) != 0)
		log_err(LOG_ERROR, service_name(d), NULL, NULL, "store-not-read", &e);
	return d->running;
}

/* ---- what becomes of a request ---- */

/* As TFTP's lines (server.c), with the status. */
static void
report(const struct http_door *d, const char *peer_port, const char *name, const char *event,
    int status, uint64_t bytes, int64_t ms, const char *why)
{
	char device[TFTP_DEVICE_MAX], cut[LOGGED_NAME_MAX];

	snprintf(cut, sizeof(cut), "%s", name);
	tftp_device_of(name, device);
	log_event(LOG_INFO, service_name(d), peer_port, device[0] != '\0' ? device : NULL, event,
	    "file", cut, "status", LOG_NUM(status), "bytes", LOG_NUM(bytes), "ms", LOG_NUM(ms),
	    "error", why, NULL);
}

static int
read_content(void *ctx, uint64_t offset, void *to, size_t n, struct err *e)
{
	struct delivery *v = ctx;

	if (content_read(v->content, offset, to, n, e) == 0)
		return 0;
	v->broke = true;
	return err_prefix(e, "%s", v->name);
}

/* What the answer came to, as TFTP counts. */
static enum tally_what
outcome_of(const struct delivery *v, int status, bool whole)
{
	if (v->broke)
		return TALLY_FAILED;
	if (!whole)
		return TALLY_STOPPED;
	return status < 400 ? TALLY_SENT : TALLY_REFUSED; /* 416: no such part */
}

/* A list counts as fetched when all of it was handed to the network: a HEAD or a part is less. */
static void
delivered(void *ctx, int status, bool whole, uint64_t bytes)
{
	struct delivery *v = ctx;
	bool all = whole && status == 200 && bytes == content_size(v->content);
	const char *broken = v->broke ? "failed" : "stopped";
	int64_t us = clock_mono_us() - v->since_us;
	enum tally_what outcome = outcome_of(v, status, whole);
	struct tally *tally = &v->door->tally;

	tally->n[TALLY_RUNNING]--;
	tally->n[TALLY_BYTES] += (int64_t)bytes;
	tally->n[outcome]++;
	if (outcome == TALLY_SENT)
		took_add(&v->door->took, us);
	report(v->door, v->peer_port, v->name, whole ? "sent" : broken, status, bytes, us / 1000,
	    NULL);
	front_seen(v->door->plan.front, v->name, v->peer, all ? content_mark(v->content) : 0);
	content_unref(v->content);
	free(v->name);
	free(v->peer);
	free(v->peer_port);
	free(v);
}

static void
deliver(struct http_door *d, struct http_request *r, const char *name, struct content *c)
{
	struct delivery *v = mem_new(sizeof(*v));
	struct http_answer a = { .type = "*/*",
		.size = content_size(c),
		.read = read_content,
		.done = delivered,
		.ctx = v };

	*v = (struct delivery){ .door = d,
		.content = c,
		.name = mem_text(name),
		.peer = mem_text(http_peer(r)),
		.peer_port = mem_text(http_peer_port(r)),
		.since_us = clock_mono_us() };
	d->tally.n[TALLY_RUNNING]++;
	http_answer(r, &a);
}

/* What is not here is not found; all else is for now, and a phone goes on to TFTP (technote
 * 214528 shows that for 503).  The reason itself is in the log. */
static void
refuse(struct http_door *d, struct http_request *r, const char *name, const struct err *why)
{
	bool missing = why->code == ERR_NOT_FOUND;
	int status = missing ? 404 : 503;

	d->tally.n[missing ? TALLY_NOT_FOUND : TALLY_REFUSED]++;
	report(
	    d, http_peer_port(r), name, missing ? "not-found" : "refused", status, 0, 0, why->text);
	front_seen(d->plan.front, name, http_peer(r), 0);
	http_refuse(r, status, missing ? "File not found" : "Not now");
}

/* The certificate of the connection says who we are: no signature is needed. */
static const char *
meant(const struct http_door *d, const char *name, struct asked *asked)
{
	if (d->plan.kind == HTTP_DOOR_CALLMANAGER && asked_of(name, asked, NULL) == 0 &&
	    asked->kind == ASKED_CONFIG && asked->is_signed && !asked->is_encrypted)
		return asked->plain;
	return name;
}

static void
on_request(void *service, struct http_request *r)
{
	struct http_door *d = service;
	const char *name = &http_path(r)[1];
	struct content *c = NULL;
	struct asked asked;
	struct err e;
	int rc =
	    resolver_resolve(d->plan.front->resolver, meant(d, name, &asked), clock_wall(), &c, &e);

	d->tally.n[TALLY_REQUESTS]++;
	if (rc == 0 && c == NULL)
		rc = err_set(&e, ERR_BUSY, "TFTP is stopped");
	if (rc == 0)
		deliver(d, r, name, c);
	else
		refuse(d, r, name, &e);
}

static const struct http_ops ops[] = {
	[HTTP_DOOR_PLAIN] = { .service = "http", .awake = is_awake, .request = on_request },
	[HTTP_DOOR_CALLMANAGER] = { .service = "https", .awake = is_awake, .request = on_request },
	[HTTP_DOOR_TOMCAT] = { .service = "https", .awake = is_awake, .request = on_request },
};

/* ---- life ---- */

static int
open_httpd(struct http_door *d, struct err *e)
{
	const struct http_door_plan *plan = &d->plan;
	struct tls *tls = NULL;

	if (presents[plan->kind] != NULL) {
		tls = make_tls(d, e);
		if (tls == NULL)
			return -1;
	}
	d->httpd = httpd_open(
	    plan->loop, plan->address, plan->port, tls, &ops[plan->kind], d, &plan->limits, e);
	tls_free(tls);
	return d->httpd == NULL ? -1 : 0;
}

/* A service that is stopped listens too, and turns everybody away: so it need not be told when it
 * is started again. */
struct http_door *
http_door_open(const struct http_door_plan *plan, struct err *e)
{
	struct http_door *d = mem_new(sizeof(*d));

	d->plan = *plan;
	d->generation = -1;
	if (open_httpd(d, e) == 0 && look(d, e) == 0)
		return d;
	http_door_close(d);
	return NULL;
}

uint16_t
http_door_port(const struct http_door *d)
{
	return httpd_port(d->httpd);
}

unsigned
http_door_connections(const struct http_door *d)
{
	return httpd_connections(d->httpd);
}

void
http_door_tally(const struct http_door *d, struct tally *out)
{
	const struct http_counters *c = httpd_counters(d->httpd);

	*out = d->tally;
	tally_set_took(out, &d->took);
	out->n[TALLY_CONNECTIONS] = httpd_connections(d->httpd);
	out->n[TALLY_ACCEPTED] = (int64_t)c->accepted;
	out->n[TALLY_TURNED_AWAY] = (int64_t)c->refused;
	out->n[TALLY_HANDSHAKES_FAILED] = (int64_t)c->failed_handshakes;
	out->n[TALLY_TIMEOUTS] = (int64_t)c->timeouts;
	out->n[TALLY_MALFORMED] = (int64_t)c->malformed;
}

void
http_door_quiet(struct http_door *d)
{
	httpd_quiet(d->httpd);
}

void
http_door_close(struct http_door *d)
{
	if (d == NULL)
		return;
	httpd_close(d->httpd);
	free(d);
}
