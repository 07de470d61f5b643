#include "base/httplater.h"

#include <assert.h>
#include <string.h>

#include "base/httpconn.h"

static void
own(struct http_request *c, void (*gone)(void *ctx), void *ctx)
{
	assert(gone != NULL && c->gone == NULL);
	c->gone = gone;
	c->gone_ctx = ctx;
}

/* What waits for the peer, of a stream or of an answer. */
static size_t
queued(const struct http_request *c)
{
	return c->head.n - (size_t)c->sent;
}

int
http_later_want(const struct http_request *c)
{
	bool has_room = c->in.n < c->httpd->limits.header_bytes;

	return (has_room ? LOOP_READ : 0) |
	       (c->stage == HTTP_STREAMING && queued(c) > 0 ? LOOP_WRITE : 0);
}

/* ---- an answer that comes later ---- */

struct http_later *
http_defer(struct http_request *r, unsigned seconds, void (*gone)(void *ctx), void *ctx)
{
	assert(r->stage == HTTP_READING);
	own(r, gone, ctx);
	r->stage = HTTP_WAITING;
	r->want = http_later_want(r);
	http_conn_await(r, (int64_t)1000 * seconds, "an answer");
	return &r->later;
}

void
http_later_reply(struct http_later *l, const struct http_content *k)
{
	struct http_request *c = l->of;

	assert(c->stage == HTTP_WAITING && c->gone != NULL);
	c->gone = NULL;
	http_reply(c, k);
	http_conn_keep(c);
}

void
http_later_expired(struct http_request *c)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "the service has not answered in time");
	http_complain(c->httpd, LOG_WARN, c->peer.text, "not-answered", &e);
	http_end_answer(c, false);
	http_refuse(c, 503, http_reason(503));
}

/* ---- an answer that goes on ---- */

/* When no more are taken, it is over before it begins. */
static void
end_at_once(struct http_request *c)
{
	if (c->is_chunked)
		wr_text(&c->head, "0\r\n\r\n");
}

/* A peer that takes all has all the time in the world. */
static void
await_nothing(struct http_request *c)
{
	c->deadline = INT64_MAX;
	c->awaited = "nothing";
}

struct http_stream *
http_stream(struct http_request *r, const char *type, const char *headers, void (*gone)(void *ctx),
    void *ctx)
{
	struct http_reply reply = { .status = 200 };
	bool fits = http_reply_fields(r, type, headers, &reply);

	own(r, gone, ctx);
	r->is_chunked = r->asked.minor > 0;
	reply.end = r->is_chunked ? HTTP_END_CHUNK : HTTP_END_CLOSE;
	if (!fits)
		http_refuse(r, 500, http_reason(500));
	else
		http_start(r, &reply);
	if (!fits || r->method == HTTP_HEAD)
		return &r->streamed;
	if (r->httpd->quiet)
		end_at_once(r);
	else
		r->stage = HTTP_STREAMING;
	return &r->streamed;
}

void
http_stream_taken(struct http_request *c)
{
	wr_wipe(&c->head);
	c->sent = 0;
	c->want = http_later_want(c);
	await_nothing(c);
}

/* What the peer has taken makes room. */
static void
drop_taken(struct http_request *c)
{
	size_t left = queued(c);

	if (c->sent == 0)
		return;
	memmove(c->head.p, &c->head.p[c->sent], left);
	c->head.n = left;
	c->sent = 0;
}

static void
put(struct http_request *c, struct bytes b)
{
	if (queued(c) == 0) {
		c->taken = 0;
		http_conn_await_idle(c, "the peer to take what it was sent");
	}
	drop_taken(c);
	if (c->is_chunked)
		wr_fmt(&c->head, "%zx\r\n", b.n);
	wr_put(&c->head, b);
	if (c->is_chunked)
		wr_text(&c->head, "\r\n");
	c->want = http_later_want(c);
	http_conn_keep(c);
}

/* It ends in its next callback, where its owner hears of it: not in the middle of what he does. */
static void
end_stalled(struct http_request *c)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "the peer does not read: %zu bytes wait", queued(c));
	http_complain(c->httpd, LOG_INFO, c->peer.text, "ended", &e);
	c->httpd->counters.timeouts++;
	c->dead = c->aborted = true;
	http_conn_soon(c);
}

/* Whether it is still there could not be seen any more, for it is not read further. */
void
http_stream_flooded(struct http_request *c)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "the peer sends on and on, where it should only read");
	http_complain(c->httpd, LOG_INFO, c->peer.text, "ended", &e);
	c->httpd->counters.malformed++;
	c->dead = c->aborted = true;
}

void
http_stream_put(struct http_stream *s, struct bytes b)
{
	struct http_request *c = s->of;

	if (c->stage != HTTP_STREAMING || c->dead || b.n == 0)
		return;
	if (queued(c) + b.n > c->httpd->limits.stream_max)
		end_stalled(c);
	else
		put(c, b);
}

static void
finish(struct http_request *c)
{
	if (c->stage != HTTP_STREAMING || c->dead)
		return;
	if (queued(c) == 0)
		http_conn_await_idle(c, "the peer to take the answer");
	drop_taken(c);
	if (c->is_chunked)
		wr_text(&c->head, "0\r\n\r\n");
	c->stage = HTTP_ANSWERING;
	c->want = LOOP_WRITE;
	http_conn_keep(c);
}

void
http_stream_end(struct http_stream *s)
{
	struct http_request *c = s->of;

	assert(c->gone != NULL);
	c->gone = NULL;
	finish(c);
}

/* Its owner may have ended one that is dead already. */
void
http_stream_quiet(struct http_request *c)
{
	void (*gone)(void *ctx) = c->gone;

	c->gone = NULL;
	if (gone != NULL)
		gone(c->gone_ctx);
	finish(c);
}
