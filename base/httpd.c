#include "base/httpd.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/httphead.h"
#include "base/httpreply.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/range.h"
#include "base/stream.h"
#include "base/tcp.h"

enum {
	CONNECTIONS = 4096,
	PER_HOST = 1024,
	HEADER_BYTES = 8192,
	IDLE_SECONDS = 30,
	HANDSHAKE_MS = 10000,
	PARTING_MS = 2000, /* for the peer to close after us */
	QUIET_MS = 500,	   /* for a request that is under way when we go quiet */

	PIECE = 64 << 10 /* what one peer gets before the others have their turn */
};

enum stage { SHAKING, READING, ANSWERING, PARTING };

/* A connection, and the request on it. */
struct http_request {
	struct httpd *httpd;
	struct http_request *next, **link;
	struct tcp_peer peer;
	char host[TCP_TEXT_MAX];
	enum stage stage;
	struct stream stream;

	struct wr in;	   /* what came of the next request */
	bool begun;	   /* some of it did */
	bool is_unlooked;  /* in holds what came behind the last request */
	unsigned requests; /* until now */

	/* The request that is being answered. */
	struct wr path;
	struct bytes range; /* lent by in, until request() returns */
	bool is_head, keeps;

	/* Its answer: the head, and behind it a part of the content, read when it is sent. */
	struct wr head;
	struct http_answer content; /* done is NULL when there is none */
	struct range part;
	int status;
	uint64_t sent;
	size_t taken; /* since the deadline was set */

	struct loop_watch *ready;
	int watched, want; /* LOOP_READ, LOOP_WRITE: what ready waits for, and what it should */
	struct loop_watch *timer;
	int64_t timer_at; /* when the timer runs: at the deadline, or before it */
	int64_t deadline;
	const char *awaited; /* until then */

	bool finishing; /* parts, nothing more is answered */
	bool dead;	/* to be freed as it is */
	bool aborted;	/* the peer does not read: what waits for it is dropped */
};

struct httpd {
	struct loop *loop;
	const struct http_ops *ops;
	void *service;
	struct http_limits limits;
	struct tls *tls; /* NULL: plain */
	struct gate *gate;
	struct http_request *all;
	bool quiet;
	struct http_counters counters;
	struct log_limit log_limit; /* for lines about peers that misbehave */
	/* What is read from, or sent to, the one whose turn it is.  A peer that does not take its
	 * piece costs no memory: the piece is read again when it goes on. */
	uint8_t piece[PIECE];
};

const char *
http_path(const struct http_request *r)
{
	return (const char *)r->path.p;
}

const char *
http_peer(const struct http_request *r)
{
	return r->host;
}

const char *
http_peer_port(const struct http_request *r)
{
	return r->peer.text;
}

static void
complain(
    struct httpd *h, enum log_level level, const char *peer, const char *event, const struct err *e)
{
	log_err_limited(&h->log_limit, clock_mono_ms(), level, h->ops->service, peer, event, e);
}

/* ---- deadlines and readiness, as in conn.c ---- */

static void
await(struct http_request *c, int64_t ms, const char *what)
{
	c->deadline = clock_mono_ms() + ms;
	c->awaited = what;
}

static void
await_idle(struct http_request *c, const char *what)
{
	await(c, (int64_t)1000 * c->httpd->limits.idle_seconds, what);
}

static void
keep_deadline(struct http_request *c)
{
	int64_t left = c->deadline - clock_mono_ms();

	if (c->timer_at <= c->deadline)
		return;
	c->timer_at = c->deadline;
	loop_timer_start(c->timer, left > 0 ? left : 0);
}

/* The next callback comes at once, after the others had their turn. */
static void
call_soon(struct http_request *c)
{
	c->timer_at = 0;
	loop_timer_start(c->timer, 0);
}

static void on_ready(void *ctx, int ready);

static void
keep_watch(struct http_request *c)
{
	if (c->watched == c->want)
		return;
	loop_forget(c->ready);
	c->ready = loop_watch_fd(c->httpd->loop, c->stream.fd, c->want, on_ready, c);
	c->watched = c->want;
}

/* ---- the end ---- */

/* Of an answer: the service is told exactly once. */
static void
end_answer(struct http_request *c, bool whole)
{
	struct http_answer content = c->content;
	uint64_t body = c->sent > c->head.n ? c->sent - c->head.n : 0;

	wr_free(&c->head);
	c->content = (struct http_answer){ .done = NULL };
	if (content.done != NULL)
		content.done(content.ctx, c->status, whole, body);
}

static void
request_free(struct http_request *c)
{
	end_answer(c, false);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	loop_forget(c->ready);
	loop_forget(c->timer);
	wr_free(&c->in);
	wr_free(&c->path);
	if (c->aborted)
		stream_abort(&c->stream);
	else
		stream_close(&c->stream);
	gate_left(c->httpd->gate, &c->peer);
	free(c);
}

/* Bytes that nobody reads would make the kernel reset the connection, and the peer might lose our
 * answer: so they are read until it closes too. */
static void
drain(struct http_request *c)
{
	ssize_t n = recv(c->stream.fd, c->httpd->piece, PIECE, 0);

	c->dead = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
part(struct http_request *c)
{
	stream_finish(&c->stream);
	wr_free(&c->in);
	c->is_unlooked = false;
	c->stage = PARTING;
	c->want = LOOP_READ;
	await(c, PARTING_MS, "the peer to close");
	drain(c);
}

/* At the tail of every callback of ours, and nowhere else, a connection ends: then c is gone. */
static void
settle(struct http_request *c)
{
	if (c->finishing && c->stage != ANSWERING && c->stage != PARTING && !c->dead)
		part(c);
	if (c->dead) {
		request_free(c);
		return;
	}
	keep_watch(c);
	if (c->stage == READING && (c->is_unlooked || stream_has_more(&c->stream)))
		call_soon(c);
	else
		keep_deadline(c);
}

static void
end_late(struct http_request *c)
{
	struct httpd *h = c->httpd;
	struct err e;

	c->dead = c->stage != READING;
	c->aborted = c->stage == ANSWERING;
	c->finishing = true;
	/* One that had its answers and is quiet now did nothing wrong. */
	if (c->stage == PARTING || (c->stage == READING && c->requests > 0 && !c->begun))
		return;
	h->counters.timeouts++;
	h->counters.failed_handshakes += c->stage == SHAKING;
	err_set(&e, ERR_LIMIT, "waited too long for %s", c->awaited);
	complain(h, LOG_INFO, c->peer.text, "ended", &e);
}

/* The peer went, or the network gave up on it. */
static void
end_lost(struct http_request *c, const struct err *why)
{
	if (why->code != ERR_NONE)
		complain(c->httpd, LOG_DEBUG, c->peer.text, "lost", why);
	c->dead = true;
}

/* ---- answers ---- */

static void
start_answer(struct http_request *c, struct http_reply *reply)
{
	assert(c->stage == READING); /* one answer for each request */
	c->stage = ANSWERING;
	c->status = reply->status;
	reply->keeps = c->keeps;
	http_reply_put(&c->head, reply, clock_wall());
	c->part = (struct range){ 0, 0 };
	c->sent = 0;
	c->taken = 0;
	await_idle(c, "the peer to take the answer");
}

static void
refuse(struct http_request *c, struct http_reply *reply, const char *why)
{
	reply->type = "text/plain; charset=utf-8";
	reply->length = strlen(why) + 1;
	start_answer(c, reply);
	if (!c->is_head)
		wr_fmt(&c->head, "%s\n", why);
}

void
http_refuse(struct http_request *r, int status, const char *why)
{
	refuse(r, &(struct http_reply){ .status = status }, why);
}

/* A HEAD asks for no part (RFC 9110, 14.2). */
void
http_answer(struct http_request *r, const struct http_answer *a)
{
	struct bytes field = r->is_head ? bytes_over(NULL, 0) : r->range;
	struct http_reply reply = {
		.status = 200, .type = a->type, .is_content = true, .size = a->size
	};
	enum range_kind kind = range_of(field, a->size, &reply.part);

	if (kind == RANGE_BEYOND) {
		reply.status = 416;
		refuse(r, &reply, "No such part");
	} else {
		reply.status = kind == RANGE_PART ? 206 : 200;
		reply.length = reply.part.n;
		start_answer(r, &reply);
		if (!r->is_head)
			r->part = reply.part;
	}
	r->content = *a;
}

/* ---- sending ---- */

static uint64_t
answer_size(const struct http_request *c)
{
	return c->head.n + c->part.n;
}

/* What comes next of head and content: how many bytes, at least one; -1: cannot be read. */
static ssize_t
fill_piece(struct http_request *c, struct err *e)
{
	uint64_t at = c->sent, left = answer_size(c) - at;
	size_t n = 0, rest;

	if (at < c->head.n) {
		n = c->head.n - (size_t)at;
		n = n < PIECE ? n : PIECE;
		memcpy(c->httpd->piece, &c->head.p[at], n);
	}
	rest = left - n < PIECE - n ? (size_t)(left - n) : PIECE - n;
	at = c->part.from + (at + n - c->head.n);
	if (rest > 0 && c->content.read(c->content.ctx, at, &c->httpd->piece[n], rest, e) != 0)
		return -1;
	return (ssize_t)(n + rest);
}

static void
next_request(struct http_request *c)
{
	end_answer(c, true);
	c->stage = READING;
	c->want = LOOP_READ;
	c->begun = c->in.n > 0;
	c->is_unlooked = c->begun;
	c->finishing = !c->keeps || c->httpd->quiet;
	await_idle(c, c->begun ? "the rest of a request" : "a request");
}

/* A peer that takes a piece has earned another deadline, one that takes a byte now and then has
 * not. */
static void
count_sent(struct http_request *c, size_t n)
{
	c->sent += n;
	c->taken += n;
	if (c->taken < PIECE)
		return;
	c->taken = 0;
	await_idle(c, "the peer to take the answer");
}

static void
send_some(struct http_request *c)
{
	struct err e = { 0 };
	ssize_t n = fill_piece(c, &e);

	c->want = LOOP_WRITE;
	if (n < 0) {
		complain(c->httpd, LOG_ERROR, c->peer.text, "not-read", &e);
		c->dead = true;
		return;
	}
	n = stream_write(&c->stream, c->httpd->piece, (size_t)n, &e);
	if (n < 0) {
		end_lost(c, &e);
		return;
	}
	count_sent(c, (size_t)n);
	if (c->sent == answer_size(c))
		next_request(c);
}

/* ---- requests ---- */

/* For a request that we cannot read: where the next one begins is unknown. */
static void
refuse_broken(struct http_request *c, int status, const struct err *why)
{
	c->httpd->counters.malformed++;
	complain(c->httpd, LOG_INFO, c->peer.text, "malformed", why);
	c->keeps = false;
	wr_free(&c->in);
	http_refuse(c, status, http_reason(status));
}

static void
refuse_body(struct http_request *c)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "a request with a body: this server only gives");
	refuse_broken(c, 413, &e);
}

/* Whoever keeps a connection finds out here that the service was stopped. */
static bool
is_awake(struct httpd *h)
{
	return h->ops->awake == NULL || h->ops->awake(h->service);
}

static void
ask_service(struct http_request *c)
{
	struct httpd *h = c->httpd;

	if (!is_awake(h)) {
		c->dead = true;
		return;
	}
	h->counters.requests++;
	h->ops->request(h->service, c);
	assert(c->stage == ANSWERING);
}

static bool
has_path(struct http_request *c, struct bytes target)
{
	struct err e;

	wr_free(&c->path);
	if (http_target_path(target, &c->path, &e) == 0) {
		wr_u8(&c->path, '\0');
		return true;
	}
	refuse_broken(c, 400, &e);
	return false;
}

/* Methods are told apart by their capitals too (RFC 9110, 9.1). */
static void
answer_request(struct http_request *c, const struct http_head *head)
{
	bool is_get = bytes_eq_text(head->method, "GET");

	c->requests++;
	c->is_head = bytes_eq_text(head->method, "HEAD");
	c->keeps = head->keeps && !head->has_body && !c->httpd->quiet;
	c->range = head->range;
	if (!is_get && !c->is_head)
		http_refuse(c, 405, "Only GET and HEAD");
	else if (head->has_body)
		refuse_body(c);
	else if (has_path(c, head->target))
		ask_service(c);
	c->range = (struct bytes){ 0 };
}

/* The buffer goes back to the system between requests: most connections just wait. */
static void
drop_in(struct http_request *c, size_t n)
{
	struct wr was = c->in;

	if (was.n == 0)
		return;
	c->in = (struct wr){ 0 };
	wr_put(&c->in, bytes_from(wr_view(&was), n));
	wr_free(&was);
}

static bool
is_method_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f;
}

static void
refuse_long(struct http_request *c)
{
	bool is_line = memchr(c->in.p, '\n', c->in.n) == NULL;
	struct err e;

	err_set(&e, ERR_LIMIT, "%s of more than %zu bytes",
	    is_line ? "a first line" : "a request with headers", c->httpd->limits.header_bytes);
	refuse_broken(c, is_line ? 414 : 431, &e);
}

static void
take_head(struct http_request *c, size_t n)
{
	struct http_head head;
	struct err e;

	if (http_head_decode(bytes_part(wr_view(&c->in), 0, n), &head, &e) != 0) {
		refuse_broken(c, head.status, &e);
		return;
	}
	answer_request(c, &head);
	drop_in(c, n);
}

static void
take_request(struct http_request *c)
{
	struct err e;
	size_t n;

	c->is_unlooked = false;
	c->is_head = false;
	drop_in(c, http_head_blank(wr_view(&c->in)));
	if (c->in.n == 0)
		return;
	n = http_head_length(wr_view(&c->in));
	if (!is_method_byte(c->in.p[0]) && c->in.p[0] != '\r') {
		err_set(&e, ERR_MALFORMED, "what the peer sent is not HTTP");
		refuse_broken(c, 400, &e);
	} else if (n > 0) {
		take_head(c, n);
	} else if (c->in.n >= c->httpd->limits.header_bytes) {
		refuse_long(c);
	}
	if (c->stage == ANSWERING && !c->dead)
		send_some(c);
}

static void
read_some(struct http_request *c)
{
	size_t room = c->httpd->limits.header_bytes - c->in.n;
	struct err e;
	ssize_t n = stream_read(&c->stream, c->httpd->piece, room < PIECE ? room : PIECE, &e);

	c->want = c->stream.wants_write ? LOOP_WRITE : LOOP_READ;
	if (n < 0)
		end_lost(c, &e);
	if (n <= 0)
		return;
	if (!c->begun)
		await_idle(c, "the rest of a request");
	c->begun = true;
	wr_put(&c->in, bytes_over(c->httpd->piece, (size_t)n));
	take_request(c);
}

/* ---- callbacks ---- */

static void
shake_hands(struct http_request *c)
{
	struct httpd *h = c->httpd;
	struct err e;
	int rc = stream_shake(&c->stream, h->tls, &e);

	c->want = c->stream.wants_write ? LOOP_WRITE : LOOP_READ;
	if (rc > 0) {
		c->stage = READING;
		c->want = LOOP_READ;
		await_idle(c, "a request");
	} else if (rc < 0) {
		h->counters.failed_handshakes++;
		complain(h, LOG_INFO, c->peer.text, "handshake-failed", &e);
		c->finishing = true; /* not dead: our alert shall arrive */
	}
}

static void
go_on(struct http_request *c)
{
	switch (c->stage) {
	case SHAKING:
		shake_hands(c);
		break;
	case READING:
		if (c->is_unlooked)
			take_request(c);
		else
			read_some(c);
		break;
	case ANSWERING:
		send_some(c);
		break;
	case PARTING:
		drain(c);
		break;
	}
}

static void
on_ready(void *ctx, int ready)
{
	struct http_request *c = ctx;

	(void)ready;
	go_on(c);
	settle(c);
}

static void
on_time(void *ctx)
{
	struct http_request *c = ctx;

	c->timer_at = INT64_MAX;
	if (clock_mono_ms() >= c->deadline)
		end_late(c);
	else if (c->stage == READING)
		go_on(c);
	settle(c);
}

/* ---- the listener ---- */

static void
link_request(struct httpd *h, struct http_request *c)
{
	c->httpd = h;
	c->next = h->all;
	c->link = &h->all;
	if (c->next != NULL)
		c->next->link = &c->next;
	h->all = c;
}

static void
request_new(struct httpd *h, int fd, const struct tcp_peer *peer)
{
	struct http_request *c = mem_new(sizeof(*c));

	link_request(h, c);
	c->stream = stream_of(fd);
	c->peer = *peer;
	tcp_peer_host(peer, c->host, sizeof(c->host));
	c->want = LOOP_READ;
	c->timer = loop_timer(h->loop, on_time, c);
	c->timer_at = INT64_MAX;
	c->stage = h->tls != NULL ? SHAKING : READING;
	if (c->stage == SHAKING)
		await(c, HANDSHAKE_MS, "the handshake");
	else
		await_idle(c, "a request");
	settle(c);
}

static void
on_peer(void *ctx, int fd, const struct tcp_peer *peer)
{
	struct httpd *h = ctx;

	if (!is_awake(h)) {
		h->counters.refused++;
		close(fd);
		gate_left(h->gate, peer);
		return;
	}
	h->counters.accepted++;
	request_new(h, fd, peer);
}

static void
on_refused(void *ctx, const struct tcp_peer *peer, const struct err *why)
{
	struct httpd *h = ctx;

	h->counters.refused += peer != NULL;
	if (peer != NULL)
		complain(h, LOG_WARN, peer->text, "refused", why);
	else
		complain(h, LOG_ERROR, NULL, "starved", why);
}

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
	return n;
}

struct httpd *
httpd_open(struct loop *l, const char *address, uint16_t port, const struct tls *tls,
    const struct http_ops *ops, void *service, const struct http_limits *limits, struct err *e)
{
	struct httpd *h = mem_new(sizeof(*h));
	struct gate_rules rules = { .enter = on_peer, .refuse = on_refused, .ctx = h };

	h->loop = l;
	h->ops = ops;
	h->service = service;
	h->limits = limits_with_usual(limits);
	rules.connections = h->limits.connections;
	rules.per_host = h->limits.per_host;
	h->gate = gate_open(l, address, port, &rules, e);
	if (h->gate == NULL) {
		free(h);
		return NULL;
	}
	h->tls = tls != NULL ? tls_share(tls) : NULL;
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

/* One that waits for another request ends at once; one that has had none yet, or is in the middle
 * of it, has a moment. */
static void
quiet_one(struct http_request *c)
{
	if (c->stage != READING && c->stage != SHAKING)
		return;
	if (c->deadline > clock_mono_ms() + QUIET_MS)
		await(c, QUIET_MS, "a request, when no more were taken");
	if (c->requests > 0 && !c->begun)
		c->finishing = true;
	settle(c);
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
		quiet_one(c);
	}
}

void
httpd_close(struct httpd *h)
{
	if (h == NULL)
		return;
	gate_shut(h->gate);
	while (h->all != NULL) {
		if (h->all->stage == READING)
			stream_finish(&h->all->stream);
		request_free(h->all);
	}
	gate_free(h->gate);
	tls_free(h->tls);
	free(h);
}
