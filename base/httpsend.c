#include "base/httpconn.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/httpfield.h"
#include "base/mem.h"

enum { BODY_MAX = 32 << 20 };

static bool
is_head(const struct http_request *c)
{
	return c->method == HTTP_HEAD;
}

/* ---- answers begin ---- */

void
http_start(struct http_request *c, struct http_reply *reply)
{
	assert(c->stage == HTTP_READING || c->stage == HTTP_WAITING); /* one for each request */
	c->stage = HTTP_ANSWERING;
	c->want = LOOP_WRITE;
	c->status = reply->status;
	c->keeps = c->keeps && !c->httpd->quiet && reply->end != HTTP_END_CLOSE;
	reply->keeps = c->keeps;
	http_reply_put(&c->head, reply, clock_wall());
	c->part = (struct range){ 0, 0 };
	c->sent = 0;
	c->taken = 0;
	http_conn_await_idle(c, "the peer to take the answer");
}

static void
refuse(struct http_request *c, struct http_reply *reply, const char *why)
{
	const struct http_ops *ops = c->httpd->ops;
	struct wr body = { 0 };

	if (ops->refusal != NULL)
		ops->refusal(&body, reply->status, why);
	else
		wr_fmt(&body, "%s\n", why);
	reply->type = ops->refusal != NULL ? ops->refusal_type : "text/plain; charset=utf-8";
	reply->length = body.n;
	if (reply->status == 405)
		reply->methods = c->httpd->methods;
	http_start(c, reply);
	if (!is_head(c))
		wr_put(&c->head, wr_view(&body));
	wr_free(&body);
}

void
http_refuse(struct http_request *r, int status, const char *why)
{
	refuse(r, &(struct http_reply){ .status = status }, why);
}

/* Only a GET asks for a part (RFC 9110, 14.2). */
void
http_answer(struct http_request *r, const struct http_answer *a)
{
	struct bytes field = r->method == HTTP_GET ? r->asked.range : bytes_over(NULL, 0);
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
		http_start(r, &reply);
		if (!is_head(r))
			r->part = reply.part;
	}
	r->content = *a;
}

/* Where an answer ends is ours to say: two who read it differently could be told two things. */
static bool
is_sound(const char *type, struct bytes fields)
{
	return (type == NULL || !http_has_control(bytes_of(type))) && http_fields_fit(fields) &&
	       http_field(fields, "Content-Length").p == NULL &&
	       http_field(fields, "Transfer-Encoding").p == NULL &&
	       http_field(fields, "Connection").p == NULL;
}

bool
http_reply_fields(
    struct http_request *c, const char *type, const char *headers, struct http_reply *reply)
{
	struct bytes fields = bytes_of(headers != NULL ? headers : "");
	struct err e;

	if (is_sound(type, fields)) {
		reply->type = type;
		reply->fields = fields;
		return true;
	}
	err_set(&e, ERR_FAILED, "the service answers with headers that are none");
	http_complain(c->httpd, LOG_ERROR, c->peer.text, "not-answered", &e);
	return false;
}

/* 500 or 503 instead of an answer that is too long, or that comes while those of others, who do not
 * take them, are all we can keep. */
static int
no_room(struct http_request *c, size_t size)
{
	struct httpd *h = c->httpd;
	struct err e;

	if (size > BODY_MAX)
		err_set(&e, ERR_FAILED, "the service answers with %zu bytes", size);
	else if (!is_head(c) && size > h->limits.answers_max - h->answers)
		err_set(&e, ERR_LIMIT, "the answers to others take %zu bytes", h->answers);
	else
		return 0;
	http_complain(h, LOG_ERROR, c->peer.text, "not-answered", &e);
	return size > BODY_MAX ? 500 : 503;
}

static void
put_body(struct http_request *c, struct bytes body)
{
	if (is_head(c))
		return;
	wr_put(&c->head, body);
	c->charged = body.n;
	c->httpd->answers += body.n;
}

void
http_reply(struct http_request *r, const struct http_content *k)
{
	struct http_reply reply = { .status = k->status, .length = k->body.n };
	int fault = no_room(r, k->body.n);

	assert(k->status >= 200 && k->status < 600);
	assert(k->body.n == 0 || http_status_has_body(k->status));
	if (fault == 0 && !http_reply_fields(r, k->type, k->headers, &reply))
		fault = 500;
	if (fault != 0) {
		http_refuse(r, fault, http_reason(fault));
		return;
	}
	if (!http_status_has_body(k->status))
		reply.end = HTTP_END_NONE;
	http_start(r, &reply);
	put_body(r, k->body);
}

/* ---- and end ---- */

void
http_end_answer(struct http_request *c, bool whole)
{
	struct http_answer content = c->content;
	void (*gone)(void *ctx) = c->gone;
	uint64_t body = c->sent > c->head.n ? c->sent - c->head.n : 0;

	wr_wipe(&c->head);
	c->httpd->answers -= c->charged;
	c->charged = 0;
	c->content = (struct http_answer){ .done = NULL };
	c->gone = NULL;
	if (content.done != NULL)
		content.done(content.ctx, c->status, whole, body);
	if (gone != NULL)
		gone(c->gone_ctx);
}

static void
next_request(struct http_request *c)
{
	http_end_answer(c, true);
	c->stage = HTTP_READING;
	c->want = LOOP_READ;
	c->begun = c->in.n > 0;
	c->is_unlooked = c->begun;
	c->finishing = !c->keeps || c->httpd->quiet;
	http_conn_await_idle(c, c->begun ? "the rest of a request" : "a request");
}

static void
continue_body(struct http_request *c)
{
	wr_free(&c->head);
	c->sent = 0;
	c->want = LOOP_READ;
}

static void
all_sent(struct http_request *c)
{
	if (c->stage == HTTP_BODY)
		continue_body(c);
	else if (c->stage == HTTP_STREAMING)
		http_stream_taken(c);
	else
		next_request(c);
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
		n = n < HTTP_PIECE ? n : HTTP_PIECE;
		memcpy(c->httpd->piece, &c->head.p[at], n);
	}
	rest = left - n < HTTP_PIECE - n ? (size_t)(left - n) : HTTP_PIECE - n;
	at = c->part.from + (at + n - c->head.n);
	if (rest > 0 && c->content.read(c->content.ctx, at, &c->httpd->piece[n], rest, e) != 0)
		return -1;
	return (ssize_t)(n + rest);
}

/* A peer that takes a piece has earned another deadline, one that takes a byte now and then has
 * not: its answer has an end.  What waits for the reader of a stream has a limit of its own. */
static void
count_sent(struct http_request *c, size_t n)
{
	c->sent += n;
	c->taken += n;
	if (c->taken < HTTP_PIECE && c->stage != HTTP_STREAMING)
		return;
	c->taken = 0;
	http_conn_await_idle(c, "the peer to take the answer");
}

static void
send_piece(struct http_request *c)
{
	struct err e = { 0 };
	ssize_t n = fill_piece(c, &e), filled = n;

	if (n < 0) {
		http_complain(c->httpd, LOG_ERROR, c->peer.text, "not-read", &e);
		c->dead = true;
		return;
	}
	n = stream_write(&c->stream, c->httpd->piece, (size_t)filled, &e);
	mem_wipe(c->httpd->piece, (size_t)filled);
	if (n < 0)
		http_conn_lost(c, &e);
	else
		count_sent(c, (size_t)n);
}

void
http_send(struct http_request *c)
{
	c->want = c->stage == HTTP_STREAMING ? http_later_want(c) : LOOP_WRITE;
	if (c->sent < answer_size(c))
		send_piece(c);
	if (!c->dead && c->sent == answer_size(c))
		all_sent(c);
}
