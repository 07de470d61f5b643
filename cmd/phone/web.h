/*
 * web: one file over HTTP/1.1, through a connection that somebody else made - as newer phones ask
 * on 6971 and 6972.  Who is at the other end was judged by who connected; here are only the
 * question and the answer.  Blocking.
 */
#ifndef TL_CMD_PHONE_WEB_H
#define TL_CMD_PHONE_WEB_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

enum { WEB_HEAD_MAX = 8192 }; /* status line and headers of an answer that we read */

/* The connection: TLS, or a test. */
struct web_line {
	int (*send)(void *ctx, struct bytes b, struct err *e);
	/* Exactly n bytes. */
	int (*receive)(void *ctx, void *to, size_t n, struct err *e);
	void *ctx;
};

/* The file, appended to out; one question is all that the connection is good for.  name: letters,
 * digits, '.', '-' and '_'.  -1, with nothing appended: ERR_NOT_FOUND for 404, ERR_FAILED for
 * another status or a line that broke, ERR_MALFORMED when the answer is no HTTP or does not say how
 * long it is, ERR_LIMIT when it is larger than a phone takes (FETCH_MAX). */
int web_get(
    const struct web_line *line, const char *host, const char *name, struct wr *out, struct err *e);

#endif
