/*
 * httpreply: the head of an answer of HTTP/1.1, from its status to the empty line.  Pure.
 */
#ifndef TL_BASE_HTTPREPLY_H
#define TL_BASE_HTTPREPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/range.h"

struct http_reply {
	int status;
	const char *type;  /* of what follows */
	uint64_t length;   /* of what follows */
	bool keeps;	   /* the connection is for further requests */
	bool is_content;   /* parts of it can be had */
	uint64_t size;	   /* of the whole content: for 206 and 416 */
	struct range part; /* for 206 */
};

/* now: Unix seconds. */
void http_reply_put(struct wr *w, const struct http_reply *r, int64_t now);
const char *http_reason(int status); /* "Not Found" */

#endif
