#include "capf/server.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "capf/issue.h"
#include "capf/session.h"
#include "trust/certs.h"
#include "trust/model.h"
#include "trust/param.h"
#include "trust/presented.h"
#include "trust/service.h"

#define SERVICE "CAPF"

enum {
	IDLE_SECONDS = 60,
	/* A phone is told "stored" only when it is: a session waits its turn behind other
	 * processes that change the store, but not for long, for all others of this worker wait,
	 * too; and while the store stays locked only one does.  The others wait for the changes of
	 * our own threads, which are short. */
	PATIENCE_MS = 1000,
	HURRIED_MS = 100,
	HURRY_MS = 2000,
	MINUTE = 60,
	/* So many answers wait for the disk together, at most: a round of the loop can be long. */
	HELD_MAX = 16,
};

struct capf_numbers {
	_Atomic uint32_t last;
};

struct capf_server {
	struct capf_plan plan;
	struct listeners *listeners;

	/* As of the store's generation. */
	int64_t generation;
	bool running;
	bool closing; /* sessions end because we do */
	struct loop_watch *round;
	bool looked; /* in this round */
	struct talk *held;
	unsigned held_n;
	int64_t hurry_until;
	int64_t starts; /* which start the rest is of; 0: none */
	struct presented shown;
	struct err issuer_fault; /* code ERR_NONE: none */
	struct capf_office office;

	struct tally tally;
	struct took took; /* from a message to its answer, waiting for the disk included */
};

struct talk {
	struct capf_server *server;
	struct conn *conn;
	struct capf_session *session;
	int64_t asked_us; /* when the message came that is not answered yet; 0: all are */

	/* Its answer, when that waits for the disk, and its place among those. */
	struct wr held;
	struct talk **link, *next;
};

struct capf_numbers *
capf_numbers_new(struct err *e)
{
	struct capf_numbers *n = mem_new(sizeof(*n));
	uint32_t first;

	if (RAND_bytes((unsigned char *)&first, sizeof(first)) != 1) {
		err_set(e, ERR_FAILED, "no random bytes");
		free(n);
		return NULL;
	}
	atomic_init(&n->last, first);
	return n;
}

void
capf_numbers_free(struct capf_numbers *n)
{
	free(n);
}

/* ---- what it works from ---- */

static int
param_of(const struct capf_server *v, const char *name, char to[PARAM_VALUE_MAX], struct err *e)
{
	return service_param(v->plan.store, v->plan.node.id, SERVICE, name, to, PARAM_VALUE_MAX, e);
}

static int
number_of(const struct capf_server *v, const char *name, int *to, struct err *e)
{
	char value[PARAM_VALUE_MAX];

	if (param_of(v, name, value, e) != 0)
		return -1;
	*to = (int)strtol(value, NULL, 10);
	return 0;
}

static int
load_params(const struct capf_server *v, struct capf_office *o, struct err *e)
{
	char issuer[PARAM_VALUE_MAX], expired[PARAM_VALUE_MAX];
	int minutes = 0;

	if (number_of(v, PARAM_LSC_DAYS, &o->days, e) != 0 ||
	    number_of(v, PARAM_KEY_MINUTES, &minutes, e) != 0 ||
	    number_of(v, PARAM_KEY_ATTEMPTS, &o->key_attempts, e) != 0 ||
	    param_of(v, PARAM_ISSUER, issuer, e) != 0 ||
	    param_of(v, PARAM_EXPIRED_MIC, expired, e) != 0)
		return -1;
	o->key_seconds = (int64_t)minutes * MINUTE;
	o->offline_ca = strcmp(issuer, "Offline CA") == 0;
	o->expired_mics = param_is_true(expired);
	return 0;
}

/* A CAPF certificate that hangs on a CA which has run out proves nothing to anybody. */
static void
check_issuer(struct capf_server *v)
{
	const struct presented *p = &v->shown;
	struct held_cert *held = NULL;
	const struct cert **cas;
	size_t n = 0;

	v->issuer_fault = (struct err){ 0 };
	if (certs_list_of(v->plan.store, "CAPF-trust", &held, &n, &v->issuer_fault) == 0) {
		cas = mem_array(n, sizeof(*cas));
		for (size_t i = 0; i < n; i++)
			cas[i] = held[i].cert;
		issue_check_issuer(p->cert[0], cas, n, clock_wall(), &v->issuer_fault);
		free(cas);
	}
	certs_list_free(held, n);
	if (v->issuer_fault.code == ERR_NONE)
		return;
	v->office.issuer_fault = v->issuer_fault.text;
	log_err(LOG_ERROR, "capf", NULL, NULL, "nothing-can-be-issued", &v->issuer_fault);
}

static int
load(struct capf_server *v, const struct service *now, struct err *e)
{
	struct capf_office office = { .store = v->plan.store };
	struct presented p;
	struct tls_identity who;

	if (load_params(v, &office, e) != 0 ||
	    presented_load(v->plan.store, v->plan.node.id, SERVICE, "CAPF", &p, e) != 0)
		return -1;
	presented_free(&v->shown);
	v->shown = p;
	v->office = office;
	v->office.cert = p.cert[0];
	v->office.key = p.key;
	v->starts = now->starts;
	check_issuer(v);
	who = presented_identity(&v->shown);
	listeners_present(v->listeners, &who);
	return 0;
}

/* Brings the server up to date with what its service loaded.  On -1 it stays as it was. */
static int
look(struct capf_server *v, struct err *e)
{
	int64_t generation = store_generation(v->plan.store);
	struct service now;

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation == v->generation)
		return 0;
	if (service_get(v->plan.store, v->plan.node.id, SERVICE, &now, e) != 0)
		return -1;
	v->running = now.running;
	if (now.running && now.starts != v->starts && load(v, &now, e) != 0)
		return -1;
	v->generation = generation;
	return 0;
}

/* A store that cannot be read for a moment is no reason to fall silent.  Once in a round of the
 * loop: what is handled in it had come before. */
static void
look_or_say(struct capf_server *v)
{
	struct err e = { 0 };

	if (v->looked)
		return;
	v->looked = true;
	loop_timer_soon(v->round);
	if (look(v, &e) != 0)
		log_err(LOG_ERROR, "capf", NULL, NULL, "store-not-read", &e);
}

/* ---- what came of a session ---- */

static const char *
verdict_of(const struct capf_outcome *o)
{
	if (o->status == STATUS_NONE)
		return o->reason == 0 ? "nothing-to-do" : "refused";
	return order_status_word(o->status);
}

static enum tally_what
outcome_of(const struct capf_outcome *o)
{
	switch (o->status) {
	case STATUS_NONE:
		return o->reason == 0 ? TALLY_NOTHING_TO_DO : TALLY_REFUSED;
	case STATUS_SUCCESS:
		return TALLY_DONE;
	case STATUS_WAITS_FOR_CA:
		return TALLY_WAITS_FOR_CA;
	case STATUS_PHONE_LOST:
		return TALLY_STOPPED;
	case STATUS_KEY_TIMEOUT:
		return TALLY_GIVEN_UP;
	case STATUS_FAILED:
	case STATUS_KEY_FAILED:
	case STATUS_CA_LOST:
		return TALLY_FAILED;
	default:
		return TALLY_REFUSED;
	}
}

static void
count(struct capf_server *v, const struct capf_outcome *o)
{
	v->tally.n[TALLY_REQUESTS]++;
	v->tally.n[outcome_of(o)]++;
}

static void
note(struct talk *x)
{
	const struct capf_outcome *o = capf_session_outcome(x->session);
	struct capf_server *v = x->server;
	struct event_row event = { .at = clock_wall(), .service = SERVICE };

	if (o->device[0] == '\0' && o->reason < 0) /* it came and said nothing */
		return;
	count(v, o);
	snprintf(event.node, sizeof(event.node), "%s", v->plan.node.name);
	conn_peer_host(x->conn, event.peer, sizeof(event.peer));
	snprintf(event.device, sizeof(event.device), "%s", o->device);
	snprintf(event.what, sizeof(event.what), "%s", order_operation_word(o->operation));
	snprintf(event.verdict, sizeof(event.verdict), "%s", verdict_of(o));
	snprintf(event.subject, sizeof(event.subject), "%s", o->subject);
	snprintf(event.because, sizeof(event.because), "%.200s%s", o->why,
	    o->expired_mic ? "; its MIC has expired, which a parameter allows" : "");
	log_event(LOG_INFO, "capf", conn_peer(x->conn), event.device, event.what, "verdict",
	    event.verdict, "subject", event.subject, "because", event.because, NULL);
	trail_event(v->plan.trail, &event);
	if (o->proven)
		trail_phone(v->plan.trail, event.device, event.peer, v->plan.node.id, 0, event.at);
}

/* ---- the connection engine's side ---- */

static bool
is_awake(void *service)
{
	struct capf_server *v = service;

	look_or_say(v);
	return v->running;
}

/* Of a session, only what answers a message. */
static void
count_time(struct talk *x)
{
	if (x->asked_us != 0)
		took_add(&x->server->took, clock_mono_us() - x->asked_us);
	x->asked_us = 0;
}

/* One message is one record: some phones stall when it comes in two. */
static void
tell(struct talk *x, struct wr *w)
{
	if (w->n > CAPF_SEND_MAX)
		log_event(LOG_WARN, "capf", conn_peer(x->conn),
		    capf_session_outcome(x->session)->device, "long-message", "bytes",
		    LOG_NUM(w->n), NULL);
	if (w->n > 0)
		conn_send(x->conn, wr_view(w));
	count_time(x);
	wr_free(w);
	if (capf_session_ended(x->session))
		conn_finish(x->conn);
	else
		conn_patience(x->conn, (unsigned)capf_session_patience(x->session, clock_wall()));
}

/* ---- answers that wait for the disk ---- */

static void
hold(struct talk *x, struct wr *w)
{
	struct capf_server *v = x->server;

	x->held = *w;
	*w = (struct wr){ 0 };
	x->next = v->held;
	x->link = &v->held;
	if (x->next != NULL)
		x->next->link = &x->next;
	v->held = x;
	v->held_n++;
	loop_timer_soon(v->round);
}

static void
unhold(struct talk *x)
{
	*x->link = x->next;
	if (x->next != NULL)
		x->next->link = x->link;
	x->link = NULL;
	x->server->held_n--;
}

static void
release(struct talk *x, const struct err *why)
{
	struct wr w = { 0 };

	unhold(x);
	capf_session_flushed(x->session, why, &w);
	tell(x, why == NULL ? &x->held : &w);
	wr_free(&x->held);
}

/* One wait for all of them. */
static void
release_all(struct capf_server *v)
{
	struct err e = { 0 };
	bool is_kept;

	if (v->held == NULL)
		return;
	is_kept = store_flush(v->plan.store, &e) == 0;
	if (!is_kept)
		log_err(LOG_ERROR, "capf", NULL, NULL, "store-not-written", &e);
	while (v->held != NULL)
		release(v->held, is_kept ? NULL : &e);
}

/* What was ready is done. */
static void
on_round(void *ctx)
{
	struct capf_server *v = ctx;

	v->looked = false;
	release_all(v);
}

static void
answer(struct talk *x, struct wr *w)
{
	if (!capf_session_awaits_disk(x->session)) {
		tell(x, w);
		return;
	}
	hold(x, w);
	if (x->server->held_n == HELD_MAX)
		release_all(x->server);
}

static void *
open_session(struct conn *c, void *service)
{
	struct capf_server *v = service;
	struct talk *x = mem_new(sizeof(*x));
	struct wr w = { 0 };

	x->server = v;
	x->conn = c;
	x->session = capf_session_new(++v->plan.numbers->last);
	capf_session_start(x->session, clock_wall(), &w);
	answer(x, &w);
	return x;
}

/* Before and after a session uses the store.  Gives what to compare with. */
static uint64_t
begin_patience(struct capf_server *v)
{
	bool hurries = clock_mono_ms() < v->hurry_until;

	store_patience(v->plan.store, hurries ? HURRIED_MS : PATIENCE_MS);
	return store_refusals(v->plan.store);
}

/* It is the store that took long, and not, on a busy machine, everything. */
static void
end_patience(struct capf_server *v, uint64_t refusals)
{
	if (store_refusals(v->plan.store) > refusals)
		v->hurry_until = clock_mono_ms() + HURRY_MS;
	store_patience(v->plan.store, STORE_PATIENCE_MS);
}

static void
on_message(void *session, struct bytes m)
{
	struct talk *x = session;
	struct capf_server *v = x->server;
	struct wr w = { 0 };
	uint64_t refusals;

	look_or_say(v);
	if (!v->running) {
		conn_finish(x->conn);
		return;
	}
	if (x->link != NULL) /* it does not wait for our answer */
		release_all(v);
	x->asked_us = clock_mono_us();
	refusals = begin_patience(v);
	capf_session_take(x->session, &v->office, m, clock_wall(), &w);
	end_patience(v, refusals);
	answer(x, &w);
}

/* What we end ourselves is not held against the phone. */
static void
close_session(void *session)
{
	struct talk *x = session;
	struct capf_server *v = x->server;
	uint64_t refusals;

	if (v->running && !v->closing) {
		refusals = begin_patience(v);
		capf_session_gone(x->session, &v->office, conn_is_late(x->conn), clock_wall());
		end_patience(v, refusals);
	}
	note(x);
	if (x->link != NULL)
		unhold(x);
	wr_free(&x->held);
	capf_session_free(x->session);
	free(x);
}

static const struct conn_ops ops = {
	.service = "capf",
	.max_message = CAPF_MESSAGE_MAX,
	.idle_seconds = IDLE_SECONDS,
	.awake = is_awake,
	.frame = capf_frame,
	.open = open_session,
	.message = on_message,
	.close = close_session,
};

/* ---- life ---- */

struct capf_server *
capf_server_new(const struct capf_plan *plan, struct err *e)
{
	struct capf_server *v = mem_new(sizeof(*v));

	v->plan = *plan;
	v->generation = -1;
	v->round = loop_timer(plan->loop, on_round, v);
	v->listeners = listeners_new(plan->loop, &ops, v, plan->tickets);
	if (look(v, e) == 0)
		return v;
	capf_server_free(v);
	return NULL;
}

/* A service that is stopped listens too, and turns everybody away: so it need not be told when it
 * is started again.  Until then it has no certificate of its own, and takes the one it would start
 * with. */
int
capf_server_listen(struct capf_server *v, const struct listener *on, struct err *e)
{
	struct service stopped = { .starts = 0 };
	struct tls_identity who;

	if (v->shown.n == 0 && load(v, &stopped, e) != 0)
		return -1;
	who = presented_identity(&v->shown);
	return listeners_open(v->listeners, on, &who, e);
}

struct listeners *
capf_server_listeners(struct capf_server *v)
{
	return v->listeners;
}

void
capf_server_tally(const struct capf_server *v, struct tally *out)
{
	*out = v->tally;
	tally_set_took(out, &v->took);
}

void
capf_server_free(struct capf_server *v)
{
	if (v == NULL)
		return;
	v->closing = true;
	listeners_free(v->listeners);
	loop_forget(v->round);
	presented_free(&v->shown);
	free(v);
}
