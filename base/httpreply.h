/*
 * httpreply: the head of an answer of HTTP/1.1, from its status to the empty line.  Pure.
 */
#ifndef TL_BASE_HTTPREPLY_H
#define TL_BASE_HTTPREPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/range.h"

/* How the peer knows where what follows ends (RFC 9112, 6.3). */
enum http_end {
	HTTP_END_LENGTH,
	HTTP_END_CHUNK, /* the last one */
	HTTP_END_CLOSE, /* of the connection */
	HTTP_END_NONE,	/* nothing follows: 204, 304 */
};

struct http_reply {
	int status;
	const char *type; /* of what follows; NULL: not said */
	enum http_end end;
	uint64_t length;     /* of what follows, for HTTP_END_LENGTH */
	bool keeps;	     /* the connection is for further requests */
	bool is_content;     /* parts of it can be had */
	uint64_t size;	     /* of the whole content: for 206 and 416 */
	struct range part;   /* for 206 */
	unsigned methods;    /* for 405: those that are allowed; 0: fields says so */
	struct bytes fields; /* further header lines, as http_fields_fit() wants them */
};

/* now: Unix seconds.  Cache-Control: no-store, unless a field says otherwise. */
void http_reply_put(struct wr *w, const struct http_reply *r, int64_t now);
const char *http_reason(int status);   /* "Not Found" */
bool http_status_has_body(int status); /* RFC 9110, 15 */

#endif
