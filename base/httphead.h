/*
 * httphead: the head of an HTTP request - its first line and its headers (RFC 9112) - and whether a
 * body follows that a server can take.  Bytes to struct; no socket, no clock.
 *
 * Stricter than the RFC asks: what two readers could take for two different things is refused, and
 * no byte of it is guessed at.
 */
#ifndef TL_BASE_HTTPHEAD_H
#define TL_BASE_HTTPHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum { HTTP_HEADERS_MAX = 64 };

/* Bits of a set. */
enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_PUT = 8,
	HTTP_PATCH = 16,
	HTTP_DELETE = 32,
};

/* One of them, 0: none.  Told apart by their capitals too (RFC 9110, 9.1). */
unsigned http_method_of(struct bytes name);
/* As an Allow header has them: "GET, HEAD". */
void http_methods_put(struct wr *w, unsigned methods);

/* Views lend from the bytes decoded. */
struct http_head {
	struct bytes method, target; /* as they came */
	struct bytes fields;	     /* the header lines, and the empty one */
	int minor;		     /* of HTTP/1: 0 or 1 */
	bool keeps;		     /* the connection is for further requests */
	bool has_body;		     /* something of this request follows the head */
	bool has_coding;	     /* its length is not told before */
	bool is_chunked;	     /* but where it ends will be seen */
	uint64_t length;	     /* of the body, without has_coding */
	bool expects;		     /* the peer waits for "100 Continue" before it sends a body */
	struct bytes range;	     /* its Range; empty: none, or one that depends on If-Range */
	int status;		     /* when it was refused: 400, 417, 431, 501, 505; else 0 */
};

/* Empty lines before a request count as nothing (RFC 9112, 2.2): how many bytes those are. */
size_t http_head_blank(struct bytes b);
/* How long is the head that starts here, its empty line included?  0: more is to come. */
size_t http_head_length(struct bytes b);
/* -1: ERR_MALFORMED or ERR_LIMIT, and out->status is what to answer. */
int http_head_decode(struct bytes head, struct http_head *out, struct err *e);

/* What a server that takes these methods, and bodies up to body_max bytes, does with what follows a
 * head.  The RFC lets it insist on a length that is told before (RFC 9112, 6.3), and a body of GET,
 * HEAD or DELETE has no meaning (RFC 9110, 9.3). */
struct http_framing {
	int status;	 /* 0: it is taken; else what to answer, without reading on: 400, 405, 411,
			  * 413 */
	size_t body;	 /* so many bytes follow the head */
	const char *why; /* not taken */
};
struct http_framing
http_framing_of(const struct http_head *head, unsigned methods, size_t body_max);

#endif
