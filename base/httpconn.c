#include "base/httpconn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	HANDSHAKE_MS = 10000,
	PARTING_MS = 2000, /* for the peer to close after us */
	QUIET_MS = 500	   /* for a request that is under way when we go quiet */
};

void
http_complain(
    struct httpd *h, enum log_level level, const char *peer, const char *event, const struct err *e)
{
	log_err_limited(&h->log_limit, clock_mono_ms(), level, h->ops->service, peer, event, e);
}

/* ---- deadlines and readiness, as in conn.c ---- */

void
http_conn_await(struct http_request *c, int64_t ms, const char *what)
{
	c->deadline = clock_mono_ms() + ms;
	c->awaited = what;
}

void
http_conn_await_idle(struct http_request *c, const char *what)
{
	http_conn_await(c, (int64_t)1000 * c->httpd->limits.idle_seconds, what);
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

void
http_conn_soon(struct http_request *c)
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
	c->ready = NULL;
	if (c->want != 0)
		c->ready = loop_watch_fd(c->httpd->loop, c->stream.fd, c->want, on_ready, c);
	c->watched = c->want;
}

void
http_conn_keep(struct http_request *c)
{
	keep_watch(c);
	keep_deadline(c);
}

/* ---- the end ---- */

void
http_conn_free(struct http_request *c)
{
	http_end_answer(c, false);
	http_drop_body(c);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	loop_forget(c->ready);
	loop_forget(c->timer);
	wr_wipe(&c->in);
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
	ssize_t n = recv(c->stream.fd, c->httpd->piece, HTTP_PIECE, 0);

	if (n > 0)
		mem_wipe(c->httpd->piece, (size_t)n);
	c->dead = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
part(struct http_request *c)
{
	stream_finish(&c->stream);
	wr_wipe(&c->in);
	http_drop_body(c);
	c->is_unlooked = false;
	c->stage = HTTP_PARTING;
	c->want = LOOP_READ;
	http_conn_await(c, PARTING_MS, "the peer to close");
	drain(c);
}

static bool
is_reading(const struct http_request *c)
{
	return c->stage == HTTP_READING || c->stage == HTTP_BODY;
}

/* Bytes are here that the descriptor does not show.  One that has to write first is not asked. */
static bool
has_unread(const struct http_request *c)
{
	return is_reading(c) && c->want == LOOP_READ &&
	       (c->is_unlooked || stream_has_more(&c->stream));
}

/* At the tail of every callback of ours, and nowhere else, a connection ends: then c is gone. */
static void
settle(struct http_request *c)
{
	if (c->finishing && (is_reading(c) || c->stage == HTTP_SHAKING) && !c->dead)
		part(c);
	if (c->dead) {
		http_conn_free(c);
		return;
	}
	keep_watch(c);
	if (has_unread(c))
		http_conn_soon(c);
	else
		keep_deadline(c);
}

static void
end_late(struct http_request *c)
{
	struct httpd *h = c->httpd;
	struct err e;

	c->dead = !is_reading(c);
	c->aborted = c->stage == HTTP_ANSWERING || c->stage == HTTP_STREAMING;
	c->finishing = true;
	/* One that had its answers and is quiet now did nothing wrong. */
	if (c->stage == HTTP_PARTING || (c->stage == HTTP_READING && c->requests > 0 && !c->begun))
		return;
	h->counters.timeouts++;
	h->counters.failed_handshakes += c->stage == HTTP_SHAKING;
	err_set(&e, ERR_LIMIT, "waited too long for %s", c->awaited);
	http_complain(h, LOG_INFO, c->peer.text, "ended", &e);
}

void
http_conn_lost(struct http_request *c, const struct err *why)
{
	if (why->code != ERR_NONE)
		http_complain(c->httpd, LOG_DEBUG, c->peer.text, "lost", why);
	c->dead = true;
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
		c->stage = HTTP_READING;
		c->want = LOOP_READ;
		http_conn_await_idle(c, "a request");
	} else if (rc < 0) {
		h->counters.failed_handshakes++;
		http_complain(h, LOG_INFO, c->peer.text, "handshake-failed", &e);
		c->finishing = true; /* not dead: our alert shall arrive */
	}
}

static void
go_on(struct http_request *c, int ready)
{
	switch (c->stage) {
	case HTTP_SHAKING:
		shake_hands(c);
		break;
	case HTTP_READING:
		http_read(c);
		break;
	case HTTP_BODY:
		http_read_body(c);
		break;
	case HTTP_WAITING:
		http_read_ahead(c);
		break;
	case HTTP_ANSWERING:
		http_send(c);
		break;
	case HTTP_STREAMING:
		if (ready & LOOP_READ)
			http_read_ahead(c);
		if ((ready & LOOP_WRITE) && !c->dead)
			http_send(c);
		break;
	case HTTP_PARTING:
		drain(c);
		break;
	}
}

static void
on_ready(void *ctx, int ready)
{
	struct http_request *c = ctx;

	if (!c->dead)
		go_on(c, ready);
	settle(c);
}

static void
time_came(struct http_request *c)
{
	bool is_late = clock_mono_ms() >= c->deadline;

	if (is_late && c->stage == HTTP_WAITING)
		http_later_expired(c);
	else if (is_late)
		end_late(c);
	else if (is_reading(c))
		go_on(c, 0);
}

static void
on_time(void *ctx)
{
	struct http_request *c = ctx;

	c->timer_at = INT64_MAX;
	if (!c->dead)
		time_came(c);
	settle(c);
}

/* ---- the beginning, and going quiet ---- */

static void
link_conn(struct httpd *h, struct http_request *c)
{
	c->httpd = h;
	c->next = h->all;
	c->link = &h->all;
	if (c->next != NULL)
		c->next->link = &c->next;
	h->all = c;
}

void
http_conn_open(void *httpd, int fd, const struct tcp_peer *peer)
{
	struct httpd *h = httpd;
	struct http_request *c = mem_new(sizeof(*c));

	link_conn(h, c);
	c->stream = stream_of(fd);
	c->peer = *peer;
	c->later.of = c->streamed.of = c;
	tcp_peer_host(peer, c->host, sizeof(c->host));
	c->want = LOOP_READ;
	c->timer = loop_timer(h->loop, on_time, c);
	c->timer_at = INT64_MAX;
	c->stage = h->tls != NULL ? HTTP_SHAKING : HTTP_READING;
	if (c->stage == HTTP_SHAKING)
		http_conn_await(c, HANDSHAKE_MS, "the handshake");
	else
		http_conn_await_idle(c, "a request");
	settle(c);
}

/* One that waits for another request ends at once; one that has had none yet, or is in the middle
 * of it, has a moment. */
void
http_conn_quiet(struct http_request *c)
{
	if (c->stage == HTTP_STREAMING)
		http_stream_quiet(c);
	if (!is_reading(c) && c->stage != HTTP_SHAKING)
		return;
	if (c->deadline > clock_mono_ms() + QUIET_MS)
		http_conn_await(c, QUIET_MS, "a request, when no more were taken");
	if (c->requests > 0 && !c->begun)
		c->finishing = true;
	settle(c);
}
