/*
 * httplater: answers of httpd that are not known when the service is asked - one that comes later,
 * and one that goes on and on (a stream, as of server-sent events).
 *
 * All on the loop's thread.  Meanwhile nothing else is answered on the connection, and it counts as
 * one.  Each has a function gone(), which is called at most once and never from within a function
 * below: nobody waits any more (the peer closed its side, did not take what it was sent, or the
 * httpd ends), and the handle is of no use from then on.  An owner who ended the answer himself is
 * not told.
 */
#ifndef TL_BASE_HTTPLATER_H
#define TL_BASE_HTTPLATER_H

#include "base/bytes.h"
#include "base/httpd.h"

struct http_later;
struct http_stream;

/* Instead of an answer: request() may return.  What it needs of the request it copies.  After so
 * many seconds without an answer the peer is told 503, and gone() called. */
struct http_later *
http_defer(struct http_request *r, unsigned seconds, void (*gone)(void *ctx), void *ctx);
/* Once, and then the handle is of no use any more. */
void http_later_reply(struct http_later *l, const struct http_content *c);

/* 200, and a body without an end; type and headers as of http_content.  A peer that is silent and
 * reads may stay for ever: what shows that it is there (a comment every few seconds) is the
 * service's.  One that sends more than header_bytes meanwhile is ended.  For HEAD, and once
 * httpd_quiet() was called, there is no body, and gone() follows. */
struct http_stream *http_stream(struct http_request *r, const char *type, const char *headers,
    void (*gone)(void *ctx), void *ctx);
/* Copied.  A peer for whom more than stream_max bytes wait, or who takes none of them for
 * idle_seconds, is ended; one that takes a few is not. */
void http_stream_put(struct http_stream *s, struct bytes b);
/* The body is whole: the peer gets what waits, and may ask again.  The handle is of no use. */
void http_stream_end(struct http_stream *s);

#endif
