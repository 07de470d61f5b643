#include "base/httpconn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/httpfield.h"
#include "base/mem.h"
#include "base/unixsock.h"

/* ---- what a service may ask ---- */

enum http_method
http_method(const struct http_request *r)
{
	return (enum http_method)r->method;
}

const char *
http_path(const struct http_request *r)
{
	return (const char *)r->path.p;
}

enum http_given
http_query(const struct http_request *r, const char *name, char *to, size_t size)
{
	return http_target_query(r->asked.target, name, to, size);
}

struct bytes
http_query_form(const struct http_request *r)
{
	return http_target_form(r->asked.target);
}

struct bytes
http_header(const struct http_request *r, const char *name)
{
	return http_field(r->asked.fields, name);
}

struct bytes
http_body(const struct http_request *r)
{
	return bytes_over(r->body.p, r->body.n);
}

bool
http_is_tls(const struct http_request *r)
{
	return r->httpd->tls != NULL;
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

bool
http_peer_uid(const struct http_request *r, uid_t *uid)
{
	return unix_peer_uid(r->stream.fd, uid);
}

/* ---- what cannot be taken ---- */

/* Where the next request begins is not known, or not worth reading up to. */
static void
refuse_and_end(struct http_request *c, int status, const struct err *why)
{
	http_complain(
	    c->httpd, LOG_INFO, c->peer.text, status == 503 ? "refused" : "malformed", why);
	c->keeps = false;
	http_refuse(c, status, http_reason(status));
	wr_wipe(&c->in);
}

static void
refuse_broken(struct http_request *c, int status, const struct err *why)
{
	c->httpd->counters.malformed++;
	refuse_and_end(c, status, why);
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
refuse_framing(struct http_request *c, const struct http_framing *f)
{
	struct err e;

	if (f->status == 405) {
		http_refuse(c, 405, http_reason(405));
		return;
	}
	err_set(&e, f->status == 413 ? ERR_LIMIT : ERR_MALFORMED, "%s", f->why);
	refuse_broken(c, f->status, &e);
}

/* ---- a whole request ---- */

/* The buffer goes back to the system between requests: most connections just wait. */
static void
drop_in(struct http_request *c, size_t n)
{
	struct wr was = c->in;

	if (was.n == 0 || n == 0)
		return;
	c->in = (struct wr){ 0 };
	wr_put(&c->in, bytes_from(wr_view(&was), n));
	wr_wipe(&was);
}

void
http_drop_body(struct http_request *c)
{
	mem_wipe(c->body.p, c->body.size);
	free(c->body.p);
	c->httpd->bodies -= c->body.size;
	c->body.p = NULL;
	c->body.n = c->body.size = 0;
}

/* Whoever keeps a connection finds out here that the service was stopped. */
static bool
is_awake(struct httpd *h)
{
	return h->ops->awake == NULL || h->ops->awake(h->service);
}

static bool
has_answer(const struct http_request *c)
{
	return c->stage == HTTP_ANSWERING || c->stage == HTTP_STREAMING;
}

static void
ask_service(struct http_request *c)
{
	struct httpd *h = c->httpd;

	c->stage = HTTP_READING;
	if (!is_awake(h)) {
		c->dead = true;
		return;
	}
	h->counters.requests++;
	h->ops->request(h->service, c);
	assert(has_answer(c) || c->stage == HTTP_WAITING);
}

/* Its views end here: what it sent may hold a password, and is wiped. */
static void
forget_request(struct http_request *c)
{
	c->asked = (struct http_head){ 0 };
	http_drop_body(c);
	drop_in(c, c->used);
	c->used = 0;
}

static bool
has_path(struct http_request *c)
{
	struct err e;

	wr_free(&c->path);
	if (http_target_path(c->asked.target, &c->path, &e) == 0) {
		wr_u8(&c->path, '\0');
		return true;
	}
	refuse_broken(c, 400, &e);
	return false;
}

/* ---- bodies ---- */

/* In memory of exactly its size: what is promised is counted, before it comes. */
static bool
has_room(struct http_request *c, size_t size)
{
	struct httpd *h = c->httpd;
	struct err e;

	if (size <= h->limits.bodies_max - h->bodies) {
		h->bodies += size;
		c->body.p = mem_new(size);
		c->body.size = size;
		return true;
	}
	err_set(&e, ERR_LIMIT, "the bodies of others take %zu bytes", h->bodies);
	refuse_and_end(c, 503, &e);
	return false;
}

/* To a peer that waits for it, unless it did not wait (RFC 9110, 10.1.1). */
static void
say_continue(struct http_request *c)
{
	if (!c->asked.expects || c->body.n > 0)
		return;
	wr_text(&c->head, "HTTP/1.1 100 Continue\r\n\r\n");
	c->part = (struct range){ 0, 0 };
	c->sent = 0;
	http_send(c);
}

static void
begin_body(struct http_request *c, size_t size)
{
	struct bytes came = bytes_part(wr_view(&c->in), c->used, size);

	if (!has_room(c, size))
		return;
	if (came.n > 0)
		memcpy(c->body.p, came.p, came.n);
	c->body.n = came.n;
	c->used += came.n;
	if (came.n == size) {
		ask_service(c);
		return;
	}
	c->stage = HTTP_BODY;
	c->want = LOOP_READ;
	http_conn_await_idle(c, "the body of a request");
	say_continue(c);
}

static void
add_to_body(struct http_request *c)
{
	size_t left = c->body.size - c->body.n;
	struct err e;
	ssize_t n = stream_read(
	    &c->stream, &c->body.p[c->body.n], left < HTTP_PIECE ? left : HTTP_PIECE, &e);

	c->want = c->stream.wants_write ? LOOP_WRITE : LOOP_READ;
	if (n < 0)
		http_conn_lost(c, &e);
	if (n <= 0)
		return;
	c->body.n += (size_t)n;
	if (c->body.n == c->body.size)
		ask_service(c);
}

/* ---- heads ---- */

static void
answer_request(struct http_request *c)
{
	struct httpd *h = c->httpd;
	struct http_framing f = http_framing_of(&c->asked, h->methods, h->ops->body_max);

	c->requests++;
	c->method = http_method_of(c->asked.method);
	c->keeps = c->asked.keeps && !(f.status != 0 && c->asked.has_body);
	if (f.status != 0)
		refuse_framing(c, &f);
	else if (!has_path(c))
		return;
	else if (f.body > 0)
		begin_body(c, f.body);
	else
		ask_service(c);
}

static void
take_head(struct http_request *c, size_t n)
{
	struct err e;

	c->used = n;
	if (http_head_decode(bytes_part(wr_view(&c->in), 0, n), &c->asked, &e) != 0)
		refuse_broken(c, c->asked.status, &e);
	else
		answer_request(c);
}

static bool
is_method_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f;
}

static void
take_bytes(struct http_request *c)
{
	struct err e;
	size_t n;

	c->is_unlooked = false;
	c->method = 0;
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
}

/* After a step that may have made a request whole. */
static void
go_on(struct http_request *c)
{
	if (!has_answer(c) && c->stage != HTTP_WAITING)
		return;
	forget_request(c);
	if (has_answer(c) && !c->dead)
		http_send(c);
}

/* ---- what comes ---- */

static ssize_t
read_piece(struct http_request *c)
{
	size_t room = c->httpd->limits.header_bytes - c->in.n;
	struct err e;
	ssize_t n =
	    stream_read(&c->stream, c->httpd->piece, room < HTTP_PIECE ? room : HTTP_PIECE, &e);

	if (n < 0)
		http_conn_lost(c, &e);
	if (n <= 0)
		return n;
	wr_put(&c->in, bytes_over(c->httpd->piece, (size_t)n));
	mem_wipe(c->httpd->piece, (size_t)n);
	return n;
}

static void
read_head(struct http_request *c)
{
	ssize_t n = read_piece(c);

	c->want = c->stream.wants_write ? LOOP_WRITE : LOOP_READ;
	if (n <= 0)
		return;
	if (!c->begun)
		http_conn_await_idle(c, "the rest of a request");
	c->begun = true;
	take_bytes(c);
}

void
http_read(struct http_request *c)
{
	if (c->is_unlooked)
		take_bytes(c);
	else
		read_head(c);
	go_on(c);
}

void
http_read_body(struct http_request *c)
{
	if (c->head.n > 0)
		http_send(c); /* "100 Continue" */
	else
		add_to_body(c);
	go_on(c);
}

/* A peer that has closed its side waits for nothing; one that sends its next requests meanwhile is
 * read as far as a request may be long. */
void
http_read_ahead(struct http_request *c)
{
	if (c->in.n < c->httpd->limits.header_bytes)
		read_piece(c);
	if (c->stage == HTTP_STREAMING && c->in.n >= c->httpd->limits.header_bytes && !c->dead)
		http_stream_flooded(c);
	c->want = http_later_want(c);
}
