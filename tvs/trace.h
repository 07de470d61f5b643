/*
 * trace: an exchange in the words of CUCM's own TVS trace (TechNotes 213407 and 118699), for people
 * who know those.  Lines without time and level: the log puts its own before them.
 *
 * Pure, and long - the dumps alone are hundreds of lines: to be called when debug is wanted.
 */
#ifndef TL_TVS_TRACE_H
#define TL_TVS_TRACE_H

#include "base/bytes.h"
#include "tvs/answer.h"
#include "tvs/proto.h"

struct tvs_peer {
	unsigned number;     /* of the connection */
	unsigned accepted;   /* connections until now */
	const char *address; /* "192.168.11.100" */
	const char *cipher;  /* "AES256-SHA" */
};

struct tvs_exchange {
	unsigned number;	      /* of the connection */
	struct bytes asked, answered; /* the messages whole */
	const struct tvs_request *request;
	const struct tvs_response *response;
	const struct tvs_reason *why;
};

/* A line may hold foreign text: whoever shows it escapes it.  It is gone when line() returns. */
typedef void tvs_line(void *ctx, const char *line);

void tvs_trace_opened(const struct tvs_peer *peer, tvs_line *line, void *ctx);
void tvs_trace(const struct tvs_exchange *x, tvs_line *line, void *ctx);

#endif
