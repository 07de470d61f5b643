#include "tvs/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/known.h"
#include "trust/model.h"
#include "trust/presented.h"
#include "trust/service.h"
#include "tvs/answer.h"
#include "tvs/trace.h"

enum { IDLE_SECONDS = 60 };

struct tvs_server {
	struct tvs_plan plan;
	struct listeners *listeners;

	/* As of the store's generation. */
	int64_t generation;
	bool running;
	int64_t starts; /* which start `shown` is of; 0: none */
	struct presented shown;
	struct tvs_view *view; /* never NULL after tvs_server_new() */
	int64_t view_times;

	unsigned sessions; /* until now */
	struct tally tally;
	struct took took; /* from the question to its answer */
};

struct session {
	struct tvs_server *server;
	struct conn *conn;
	unsigned number;
};

/* ---- what it works from ---- */

static int
load_identity(struct tvs_server *v, const struct service *now, struct err *e)
{
	struct presented p;
	struct tls_identity who;

	if (presented_load(v->plan.store, v->plan.node.id, "TVS", "TVS", &p, e) != 0)
		return -1;
	presented_free(&v->shown);
	v->shown = p;
	v->starts = now->starts;
	who = presented_identity(&v->shown);
	listeners_present(v->listeners, &who);
	return 0;
}

/* A start of the service tells it anew, so this notices that too. */
static int
load_view(struct tvs_server *v, struct err *e)
{
	int64_t times = known_times(v->plan.store, v->plan.node.id);
	struct tvs_view *view;

	if (v->view != NULL && times == v->view_times)
		return 0;
	if (tvs_view_load(v->plan.store, v->plan.node.id, &view, e) != 0)
		return -1;
	tvs_view_free(v->view);
	v->view = view;
	v->view_times = times;
	return 0;
}

/* Brings the server up to date with what its service loaded.  On -1 it stays as it was. */
static int
look(struct tvs_server *v, struct err *e)
{
	int64_t generation = store_generation(v->plan.store);
	struct service now;

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation == v->generation)
		return 0;
	if (service_get(v->plan.store, v->plan.node.id, "TVS", &now, e) != 0)
		return -1;
	v->running = now.running;
	if (now.running && now.starts != v->starts && load_identity(v, &now, e) != 0)
		return -1;
	if (load_view(v, e) != 0)
		return -1;
	v->generation = generation;
	return 0;
}

/* A store that cannot be read for a moment is no reason to fall silent. */
static void
look_or_say(struct tvs_server *v)
{
	struct err e = { 0 };

	if (look(v, &e) != 0)
		log_err(LOG_ERROR, "tvs", NULL, NULL, "store-not-read", &e);
}

/* ---- the connection engine's side ---- */

static bool
is_awake(void *service)
{
	struct tvs_server *v = service;

	look_or_say(v);
	return v->running;
}

static void
put_trace(void *ctx, const char *line)
{
	const struct session *x = ctx;

	log_event(LOG_DEBUG, "tvs", conn_peer(x->conn), NULL, "trace", "line", line, NULL);
}

static void *
open_session(struct conn *c, void *service)
{
	struct tvs_server *v = service;
	struct session *x = mem_new(sizeof(*x));

	*x = (struct session){ v, c, ++v->sessions };
	if (log_wants(LOG_DEBUG)) {
		struct tvs_peer peer = { .number = x->number,
			.accepted = v->sessions,
			.address = conn_peer(c),
			.cipher = conn_cipher(c) };

		tvs_trace_opened(&peer, put_trace, x);
	}
	return x;
}

static void
close_session(void *session)
{
	free(session);
}

/* "CP-8861-SEPB000B4BA0AEE" is phone SEPB000B4BA0AEE. */
static const char *
phone_of(const char *device)
{
	const char *dash = strrchr(device, '-');

	return dash == NULL ? device : dash + 1;
}

static void
copy_text(char *to, size_t size, struct bytes text)
{
	snprintf(to, size, "%.*s", (int)(text.n < size ? text.n : size - 1), (const char *)text.p);
}

static void
subject_of(const struct tvs_request *r, const struct tvs_reason *why, char *to, size_t size)
{
	const struct cert *c = why->found != NULL ? why->found->cert : why->sent;

	if (c != NULL)
		snprintf(to, size, "%s", cert_subject(c, CERT_CISCO));
	else if (r->subject.n > 0)
		copy_text(to, size, r->subject);
	else if (r->issuer.n > 0)
		copy_text(to, size, r->issuer);
	else
		snprintf(to, size, "-");
}

static void
note(struct session *x, const struct tvs_request *r, const struct tvs_response *answer,
    const struct tvs_reason *why)
{
	struct tvs_server *v = x->server;
	struct event_row event = { .at = clock_wall(), .service = "TVS" };

	snprintf(event.node, sizeof(event.node), "%s", v->plan.node.name);
	conn_peer_host(x->conn, event.peer, sizeof(event.peer));
	snprintf(event.device, sizeof(event.device), "%s", phone_of(r->device));
	snprintf(event.what, sizeof(event.what), "%s",
	    r->command == TVS_VERIFY_REQUEST ? "verify" : "query");
	snprintf(event.verdict, sizeof(event.verdict), "%s",
	    answer->status == TVS_TRUSTED ? "valid" : "invalid");
	subject_of(r, why, event.subject, sizeof(event.subject));
	tvs_reason_text(why, event.because, sizeof(event.because));
	log_event(LOG_INFO, "tvs", conn_peer(x->conn), event.device, event.what, "verdict",
	    event.verdict, "subject", event.subject, "because", event.because, NULL);
	trail_event(v->plan.trail, &event);
	if (device_name_is(event.device))
		trail_phone(v->plan.trail, event.device, event.peer, v->plan.node.id, 0, event.at);
}

static void
count(struct tvs_server *v, const struct tvs_response *answer, int64_t us)
{
	v->tally.n[TALLY_REQUESTS]++;
	v->tally.n[answer->status == TVS_TRUSTED ? TALLY_TRUSTED : TALLY_NOT_TRUSTED]++;
	took_add(&v->took, us);
}

static void
trace(struct session *x, struct bytes asked, struct bytes answered, const struct tvs_request *r,
    const struct tvs_response *answer, const struct tvs_reason *why)
{
	struct tvs_exchange exchange = { x->number, asked, answered, r, answer, why };

	if (log_wants(LOG_DEBUG))
		tvs_trace(&exchange, put_trace, x);
}

static void
on_message(void *session, struct bytes m)
{
	struct session *x = session;
	int64_t since_us = clock_mono_us();
	struct tvs_request request;
	struct tvs_response answer;
	struct tvs_reason why;
	struct wr w = { 0 };
	struct err e = { 0 };

	if (tvs_request_decode(m, &request, &e) != 0) {
		log_err(LOG_WARN, "tvs", conn_peer(x->conn), NULL, "malformed", &e);
		x->server->tally.n[TALLY_MALFORMED]++;
		conn_finish(x->conn);
		return;
	}
	look_or_say(x->server);
	tvs_answer(x->server->view, &request, &answer, &why);
	tvs_response_encode(&answer, &w);
	conn_send(x->conn, wr_view(&w));
	count(x->server, &answer, clock_mono_us() - since_us);
	note(x, &request, &answer, &why);
	trace(x, m, wr_view(&w), &request, &answer, &why);
	tvs_reason_free(&why);
	wr_free(&w);
}

static const struct conn_ops ops = {
	.service = "tvs",
	.max_message = TVS_MESSAGE_MAX,
	.idle_seconds = IDLE_SECONDS,
	.awake = is_awake,
	.frame = tvs_frame,
	.open = open_session,
	.message = on_message,
	.close = close_session,
};

/* ---- life ---- */

struct tvs_server *
tvs_server_new(const struct tvs_plan *plan, struct err *e)
{
	struct tvs_server *v = mem_new(sizeof(*v));

	v->plan = *plan;
	v->generation = -1;
	v->listeners = listeners_new(plan->loop, &ops, v, plan->tickets);
	if (look(v, e) == 0)
		return v;
	tvs_server_free(v);
	return NULL;
}

/* A service that is stopped listens too, and turns everybody away: so it need not be told when it
 * is started again.  Until then it has no certificate of its own, and takes the one it would start
 * with. */
int
tvs_server_listen(struct tvs_server *v, const struct listener *on, struct err *e)
{
	struct service stopped = { .starts = 0 };
	struct tls_identity who;

	if (v->shown.n == 0 && load_identity(v, &stopped, e) != 0)
		return -1;
	who = presented_identity(&v->shown);
	return listeners_open(v->listeners, on, &who, e);
}

struct listeners *
tvs_server_listeners(struct tvs_server *v)
{
	return v->listeners;
}

void
tvs_server_tally(const struct tvs_server *v, struct tally *out)
{
	*out = v->tally;
	tally_set_took(out, &v->took);
}

void
tvs_server_free(struct tvs_server *v)
{
	if (v == NULL)
		return;
	listeners_free(v->listeners);
	tvs_view_free(v->view);
	presented_free(&v->shown);
	free(v);
}
