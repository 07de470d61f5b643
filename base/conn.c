#include "base/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "base/tls_why.h"

enum {
	CONNECTIONS = 4096,
	PER_HOST = 1024,
	HANDSHAKE_MS = 10000,
	MESSAGE_MS = 10000,
	QUEUED_BYTES = 256 << 10,
	IDLE_SECONDS = 60,
	PARTING_MS = 2000, /* for the peer to close after us */

	RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH
};

enum stage { SHAKING, OPEN, PARTING };

/* One conn_send() that has to wait. */
struct unsent {
	struct unsent *next;
	size_t n;
	uint8_t p[];
};

struct conn {
	struct conn_listener *listener;
	struct conn *next, **link;
	struct tcp_peer peer;
	enum stage stage;
	int fd;
	SSL *ssl; /* from the peer's first byte on */
	void *session;
	int64_t since;
	uint64_t messages;
	unsigned patience; /* seconds until the next message; 0: idle_seconds */

	struct wr begun; /* what came of the next message, or waits until the peer has read */
	struct unsent *unsent, **unsent_end;
	size_t queued;

	struct loop_watch *ready;
	int watched, want; /* LOOP_READ, LOOP_WRITE: what ready waits for, and what it should */
	struct loop_watch *timer;
	int64_t timer_at; /* when the timer runs: at the deadline, or before it */
	int64_t deadline;
	const char *awaited; /* until then */

	bool inside;	/* a callback of ours is at work on it and will settle() */
	bool finishing; /* no more messages; parts when all is sent */
	bool dead;	/* to be freed as it is */
	bool late;	/* a deadline passed */
};

struct conn_listener {
	struct loop *loop;
	const struct conn_ops *ops;
	void *service;
	struct conn_limits limits;
	struct tls *tls;
	struct gate *gate;
	struct conn *all;
	struct conn_counters counters;
	struct log_limit log_limit; /* for lines about peers that misbehave */
	uint8_t record[RECORD_MAX]; /* the one that a peer has just sent */
};

/* ---- what is told ---- */

static void
complain(struct conn_listener *l, enum log_level level, const char *peer, const char *event,
    const struct err *e)
{
	log_err_limited(&l->log_limit, clock_mono_ms(), level, l->ops->service, peer, event, e);
}

static void
tell_open(const struct conn *c)
{
	if (log_wants(LOG_DEBUG))
		log_event(LOG_DEBUG, c->listener->ops->service, c->peer.text, NULL, "connected",
		    "version", tls_version_text(SSL_version(c->ssl)), "cipher",
		    SSL_get_cipher_name(c->ssl), "resumed",
		    SSL_session_reused(c->ssl) ? "yes" : NULL, NULL);
}

static void
tell_closed(const struct conn *c)
{
	log_event(LOG_DEBUG, c->listener->ops->service, c->peer.text, NULL, "closed", "messages",
	    LOG_NUM(c->messages), "ms", LOG_NUM(clock_mono_ms() - c->since), NULL);
}

/* ---- deadlines and readiness ---- */

static void
await(struct conn *c, int64_t ms, const char *what)
{
	c->deadline = clock_mono_ms() + ms;
	c->awaited = what;
}

static void
await_message(struct conn *c)
{
	unsigned seconds = c->patience ? c->patience : c->listener->ops->idle_seconds;

	await(c, (int64_t)1000 * (seconds ? seconds : IDLE_SECONDS), "a message");
}

/* The timer is left alone as long as it does not run too late: most connections are over before it
 * would, and a message costs no timer work. */
static void
keep_deadline(struct conn *c)
{
	int64_t left = c->deadline - clock_mono_ms();

	if (c->timer_at <= c->deadline)
		return;
	c->timer_at = c->deadline;
	loop_timer_start(c->timer, left > 0 ? left : 0);
}

/* The engine's next callback comes at once. */
static void
call_soon(struct conn *c)
{
	c->timer_at = 0;
	loop_timer_start(c->timer, 0);
}

static void on_ready(void *ctx, int ready);

static void
keep_watch(struct conn *c)
{
	if (c->watched == c->want)
		return;
	loop_forget(c->ready);
	c->ready = loop_watch_fd(c->listener->loop, c->fd, c->want, on_ready, c);
	c->watched = c->want;
}

/* ---- the end ---- */

static void
drop_unsent(struct conn *c)
{
	while (c->unsent != NULL) {
		struct unsent *u = c->unsent;

		c->unsent = u->next;
		free(u);
	}
	c->unsent_end = &c->unsent;
	c->queued = 0;
}

static void
close_session(struct conn *c)
{
	void *session = c->session;

	c->session = NULL;
	if (session == NULL)
		return;
	tell_closed(c);
	c->listener->ops->close(session);
}

static void
conn_free(struct conn *c)
{
	struct conn_listener *l = c->listener;

	close_session(c);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	loop_forget(c->ready);
	loop_forget(c->timer);
	drop_unsent(c);
	wr_free(&c->begun);
	SSL_free(c->ssl);
	ERR_clear_error();
	close(c->fd);
	gate_left(l->gate, &c->peer);
	free(c);
}

/* Bytes that nobody reads would make the kernel reset the connection, and the peer might lose our
 * last answer: so they are read until it closes too. */
static void
drain(struct conn *c)
{
	ssize_t n = recv(c->fd, c->listener->record, RECORD_MAX, 0);

	c->dead = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
say_goodbye(struct conn *c)
{
	ERR_clear_error();
	if (c->stage == OPEN)
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	c->ssl = NULL;
	shutdown(c->fd, SHUT_WR);
}

static void
part(struct conn *c)
{
	close_session(c);
	say_goodbye(c);
	wr_free(&c->begun);
	c->stage = PARTING;
	c->want = LOOP_READ;
	await(c, PARTING_MS, "the peer to close");
	drain(c);
}

/* At the tail of every callback of ours, and nowhere else, a connection ends: then c is gone. */
static void
settle(struct conn *c)
{
	if (c->finishing && c->unsent == NULL && c->stage != PARTING && !c->dead)
		part(c);
	if (c->dead) {
		conn_free(c);
		return;
	}
	c->inside = false;
	keep_watch(c);
	keep_deadline(c);
}

/* For what the peer did, or did not do. */
static void
end_for(struct conn *c, const struct err *why)
{
	complain(c->listener, LOG_INFO, c->peer.text, "ended", why);
	drop_unsent(c);
	c->finishing = true;
}

static void
end_broken(struct conn *c, const struct err *why)
{
	c->listener->counters.broken++;
	end_for(c, why);
}

static void
end_late(struct conn *c)
{
	struct conn_listener *l = c->listener;
	struct err e;

	c->dead = c->stage != OPEN;
	if (c->stage == PARTING)
		return;
	c->late = true;
	l->counters.timeouts++;
	l->counters.failed_handshakes += c->stage == SHAKING;
	err_set(&e, ERR_LIMIT, "waited too long for %s", c->awaited);
	end_for(c, &e);
}

/* The network or OpenSSL gave up on it; or the peer just went, which is its right. */
static void
end_lost(struct conn *c, int rc)
{
	struct err e;

	tls_why(c->ssl, rc, &e);
	complain(c->listener, LOG_DEBUG, c->peer.text, "lost", &e);
	c->dead = true;
}

/* ---- TLS calls ---- */

/* A call on the connection that did not succeed: is it only not ready yet? */
static bool
must_wait(struct conn *c, int rc)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		c->want = LOOP_READ;
		return true;
	case SSL_ERROR_WANT_WRITE:
		c->want = LOOP_WRITE;
		return true;
	default:
		return false;
	}
}

static bool
has_closed(const struct conn *c, int rc)
{
	return SSL_get_error(c->ssl, rc) == SSL_ERROR_ZERO_RETURN;
}

static bool
write_record(struct conn *c, struct bytes b)
{
	size_t written;
	int rc;

	ERR_clear_error();
	rc = SSL_write_ex(c->ssl, b.p, b.n, &written);
	if (rc == 1)
		return true;
	if (!must_wait(c, rc))
		end_lost(c, rc);
	return false;
}

/* ---- messages out ---- */

static void
enqueue(struct conn *c, struct bytes b)
{
	struct unsent *u = mem_new(sizeof(*u) + b.n);

	u->n = b.n;
	memcpy(u->p, b.p, b.n);
	if (c->unsent == NULL)
		await(c, c->listener->limits.message_ms, "the peer to take what it was sent");
	*c->unsent_end = u;
	c->unsent_end = &u->next;
	c->queued += b.n;
}

static void
send_or_enqueue(struct conn *c, struct bytes b)
{
	struct err e;

	if (c->unsent == NULL && write_record(c, b)) {
		if (c->begun.n == 0)
			await_message(c);
		return;
	}
	if (c->dead)
		return;
	if (b.n <= c->listener->limits.queued_bytes - c->queued) {
		enqueue(c, b);
		return;
	}
	err_set(&e, ERR_LIMIT, "the peer does not read: %zu bytes wait", c->queued);
	end_broken(c, &e);
}

void
conn_send(struct conn *c, struct bytes b)
{
	if (c->stage != OPEN || c->finishing || c->dead || b.n == 0)
		return;
	send_or_enqueue(c, b);
	if (!c->inside)
		call_soon(c);
}

void
conn_finish(struct conn *c)
{
	c->finishing = true;
	if (!c->inside)
		call_soon(c);
}

void
conn_patience(struct conn *c, unsigned seconds)
{
	c->patience = seconds;
	if (c->stage == OPEN && c->begun.n == 0 && c->unsent == NULL)
		await_message(c);
}

bool
conn_is_late(const struct conn *c)
{
	return c->late;
}

const char *
conn_cipher(const struct conn *c)
{
	return SSL_get_cipher_name(c->ssl);
}

const char *
conn_peer(const struct conn *c)
{
	return c->peer.text;
}

void
conn_peer_host(const struct conn *c, char *to, size_t size)
{
	tcp_peer_host(&c->peer, to, size);
}

/* ---- messages in ---- */

static bool
takes_messages(const struct conn *c)
{
	return !c->finishing && !c->dead && c->unsent == NULL;
}

/* The length of the message that starts here, 0 when that cannot be told yet. */
static int
frame(struct conn *c, struct bytes head, size_t *out, struct err *e)
{
	const struct conn_ops *ops = c->listener->ops;
	ssize_t n = ops->frame(head);

	*out = 0;
	if (n < 0)
		return err_set(e, ERR_MALFORMED, "not a message of this protocol");
	if ((size_t)n > ops->max_message || (n == 0 && head.n >= ops->max_message))
		return err_set(e, ERR_LIMIT, "a message of more than %zu bytes", ops->max_message);
	*out = (size_t)n;
	return 0;
}

static void
deliver(struct conn *c, struct bytes message)
{
	c->messages++;
	c->listener->counters.messages++;
	c->listener->ops->message(c->session, message);
}

/* Gives how many bytes were whole messages. */
static size_t
deliver_all(struct conn *c, struct bytes b)
{
	size_t at = 0, n;
	struct err e;

	while (at < b.n && takes_messages(c)) {
		if (frame(c, bytes_from(b, at), &n, &e) != 0)
			end_broken(c, &e);
		else if (n > 0 && n <= b.n - at)
			deliver(c, bytes_part(b, at, n));
		else
			break;
		at += n;
	}
	return at;
}

static void
keep_begun(struct conn *c, struct bytes rest)
{
	struct wr was = c->begun;

	c->begun = (struct wr){ 0 };
	wr_put(&c->begun, rest);
	wr_free(&was);
}

/* Messages come whole out of the listener's buffer; only what is left over is kept. */
static void
take_bytes(struct conn *c, struct bytes fresh)
{
	bool was_begun = c->begun.n > 0;
	struct bytes all = fresh;
	size_t used;

	if (was_begun) {
		wr_put(&c->begun, fresh);
		all = wr_view(&c->begun);
	}
	used = deliver_all(c, all);
	if (used > 0 || !was_begun)
		keep_begun(c, bytes_from(all, used));
	if (!takes_messages(c))
		return;
	if (c->begun.n == 0)
		await_message(c);
	else if (used > 0 || !was_begun)
		await(c, c->listener->limits.message_ms, "the rest of a message");
}

static void
read_record(struct conn *c)
{
	struct conn_listener *l = c->listener;
	size_t n;
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(c->ssl, l->record, RECORD_MAX, &n);
	if (rc == 1) {
		c->want = LOOP_READ;
		take_bytes(c, bytes_over(l->record, n));
	} else if (has_closed(c, rc)) {
		c->finishing = true;
	} else if (!must_wait(c, rc)) {
		end_lost(c, rc);
	}
}

/* What came while the peer did not read is looked at when it has. */
static void
send_unsent(struct conn *c)
{
	while (c->unsent != NULL) {
		struct unsent *u = c->unsent;

		if (!write_record(c, bytes_over(u->p, u->n)))
			return;
		c->unsent = u->next;
		c->queued -= u->n;
		free(u);
	}
	c->unsent_end = &c->unsent;
	c->want = LOOP_READ;
	await(c, c->listener->limits.message_ms, "the rest of a message");
	take_bytes(c, bytes_over(NULL, 0));
}

/* ---- the handshake ---- */

static void
open_session(struct conn *c)
{
	struct conn_listener *l = c->listener;

	l->counters.handshakes++;
	l->counters.resumed += SSL_session_reused(c->ssl) == 1;
	tell_open(c);
	c->stage = OPEN;
	c->want = LOOP_READ;
	await_message(c);
	c->session = l->ops->open(c, l->service);
	if (c->session == NULL)
		c->finishing = true;
}

static void
fail_handshake(struct conn *c, int rc)
{
	struct err e;

	c->listener->counters.failed_handshakes++;
	tls_why(c->ssl, rc, &e);
	complain(c->listener, LOG_INFO, c->peer.text, "handshake-failed", &e);
	c->finishing = true; /* not dead: our alert shall arrive */
}

/* A peer that has not said anything has no SSL: it costs a descriptor and little more. */
static void
shake_hands(struct conn *c)
{
	int rc;

	if (c->ssl == NULL)
		c->ssl = tls_session_new(c->listener->tls, c->fd);
	ERR_clear_error();
	rc = SSL_accept(c->ssl);
	if (rc == 1)
		open_session(c);
	else if (!must_wait(c, rc))
		fail_handshake(c, rc);
}

/* ---- callbacks ---- */

/* One step a turn, of one record: the others are waiting too.  OpenSSL reads no further than that,
 * so what is left makes the descriptor ready again. */
static void
on_ready(void *ctx, int ready)
{
	struct conn *c = ctx;

	(void)ready;
	c->inside = true;
	if (c->stage == SHAKING)
		shake_hands(c);
	else if (c->stage == PARTING)
		drain(c);
	else if (c->unsent != NULL)
		send_unsent(c);
	else
		read_record(c);
	settle(c);
}

static void
on_time(void *ctx)
{
	struct conn *c = ctx;

	c->inside = true;
	c->timer_at = INT64_MAX;
	if (clock_mono_ms() >= c->deadline)
		end_late(c);
	settle(c);
}

/* ---- the listener ---- */

static void
link_conn(struct conn_listener *l, struct conn *c)
{
	c->listener = l;
	c->next = l->all;
	c->link = &l->all;
	if (c->next != NULL)
		c->next->link = &c->next;
	l->all = c;
}

static void
on_peer(void *ctx, int fd, const struct tcp_peer *peer)
{
	struct conn_listener *l = ctx;
	struct conn *c = mem_new(sizeof(*c));

	link_conn(l, c);
	c->fd = fd;
	c->peer = *peer;
	c->since = clock_mono_ms();
	c->unsent_end = &c->unsent;
	c->want = LOOP_READ;
	c->timer = loop_timer(l->loop, on_time, c);
	c->timer_at = INT64_MAX;
	await(c, l->limits.handshake_ms, "the handshake");
	settle(c);
}

static struct conn_limits
limits_with_usual(const struct conn_limits *given)
{
	struct conn_limits n = { 0 };

	if (given != NULL)
		n = *given;
	n.connections = n.connections ? n.connections : CONNECTIONS;
	n.per_host = n.per_host ? n.per_host : PER_HOST;
	n.handshake_ms = n.handshake_ms ? n.handshake_ms : HANDSHAKE_MS;
	n.message_ms = n.message_ms ? n.message_ms : MESSAGE_MS;
	n.queued_bytes = n.queued_bytes ? n.queued_bytes : QUEUED_BYTES;
	return n;
}

struct conn_listener *
conn_listener_open(struct loop *loop, const char *address, uint16_t port, const struct tls *tls,
    const struct conn_ops *ops, void *service, const struct conn_limits *limits, struct err *e)
{
	struct conn_listener *l = mem_new(sizeof(*l));
	struct gate_rules rules = { .name = ops->service,
		.awake = ops->awake,
		.service = service,
		.enter = on_peer,
		.ctx = l,
		.accepted = &l->counters.accepted,
		.refused = &l->counters.refused };

	l->loop = loop;
	l->ops = ops;
	l->service = service;
	l->limits = limits_with_usual(limits);
	rules.connections = l->limits.connections;
	rules.per_host = l->limits.per_host;
	l->gate = gate_open(loop, address, port, &rules, e);
	if (l->gate == NULL) {
		free(l);
		return NULL;
	}
	l->tls = tls_share(tls);
	return l;
}

void
conn_listener_set_tls(struct conn_listener *l, const struct tls *tls)
{
	struct tls *was = l->tls;

	l->tls = tls_share(tls);
	tls_free(was);
}

void
conn_listener_quiet(struct conn_listener *l)
{
	gate_last_call(l->gate);
	gate_shut(l->gate);
}

void
conn_listener_close(struct conn_listener *l)
{
	if (l == NULL)
		return;
	gate_shut(l->gate);
	while (l->all != NULL) {
		struct conn *c = l->all;

		c->inside = c->finishing = true;
		close_session(c);
		if (c->stage == OPEN)
			say_goodbye(c);
		conn_free(c);
	}
	gate_free(l->gate);
	tls_free(l->tls);
	free(l);
}

uint16_t
conn_listener_port(const struct conn_listener *l)
{
	return gate_port(l->gate);
}

unsigned
conn_listener_connections(const struct conn_listener *l)
{
	return gate_inside(l->gate);
}

const struct conn_counters *
conn_listener_counters(const struct conn_listener *l)
{
	return &l->counters;
}
