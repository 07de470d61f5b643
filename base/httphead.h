/*
 * httphead: the head of an HTTP request - its first line and its headers (RFC 9112) - as far as a
 * server of files needs it.  Bytes to struct; no socket, no clock.
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

/* Views lend from the bytes decoded. */
struct http_head {
	struct bytes method, target; /* as they came */
	int minor;		     /* of HTTP/1: 0 or 1 */
	bool keeps;		     /* the connection is for further requests */
	bool has_body;		     /* something of this request follows the head */
	struct bytes range;	     /* its Range; empty: none, or one that depends on If-Range */
	int status;		     /* when it was refused: 400, 417, 431, 501, 505; else 0 */
};

/* Empty lines before a request count as nothing (RFC 9112, 2.2): how many bytes those are. */
size_t http_head_blank(struct bytes b);
/* How long is the head that starts here, its empty line included?  0: more is to come. */
size_t http_head_length(struct bytes b);
/* -1: ERR_MALFORMED or ERR_LIMIT, and out->status is what to answer. */
int http_head_decode(struct bytes head, struct http_head *out, struct err *e);
/* The path that a target means, decoded once, without scheme, host and query, appended to *to; it
 * begins with '/' and holds no NUL. */
int http_target_path(struct bytes target, struct wr *to, struct err *e);

#endif
