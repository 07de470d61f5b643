/*
 * httpconn: one connection of an httpd and the request on it, as the files of httpd share them.
 * Nobody else includes this.
 *
 *	httpd.c      the listener
 *	httpconn.c   the connection: deadlines, readiness, its end
 *	httpread.c   what comes: heads, bodies
 *	httpsend.c   what goes: answers
 *	httplater.c  answers that come later, or go on
 */
#ifndef TL_BASE_HTTPCONN_H
#define TL_BASE_HTTPCONN_H

#include "base/gate.h"
#include "base/httpd.h"
#include "base/httplater.h"
#include "base/httpreply.h"
#include "base/log.h"
#include "base/range.h"
#include "base/stream.h"
#include "base/tcp.h"

enum {
	HTTP_PIECE = 64 << 10 /* what one peer gets before the others have their turn */
};

enum http_stage {
	HTTP_SHAKING,
	HTTP_READING, /* a head, or nothing */
	HTTP_BODY,
	HTTP_WAITING, /* for a later answer */
	HTTP_ANSWERING,
	HTTP_STREAMING, /* an answer without an end */
	HTTP_PARTING
};

/* The handles that owners have: lent by their connection. */
struct http_later {
	struct http_request *of;
};
struct http_stream {
	struct http_request *of;
};

/* A connection, and the request on it. */
struct http_request {
	struct httpd *httpd;
	struct http_request *next, **link;
	struct tcp_peer peer;
	char host[TCP_TEXT_MAX];
	enum http_stage stage;
	struct stream stream;

	struct wr in;	   /* what came of the next request */
	bool begun;	   /* some of it did */
	bool is_unlooked;  /* in holds what came behind the last request */
	unsigned requests; /* until now */

	/* The request that is being answered. */
	struct http_head asked; /* lent by in, until request() returns */
	size_t used;		/* of in: its head, and what came with that of its body */
	struct wr path;
	unsigned method;
	bool is_chunked; /* its answer, a stream */
	bool keeps;
	struct {
		uint8_t *p; /* of size bytes, of which n have come; NULL: none */
		size_t n, size;
	} body;

	/* Its answer: the head, and behind it a part of the content, read when it is sent. */
	struct wr head;		    /* of a stream: what waits for the peer */
	struct http_answer content; /* done is NULL when there is none */
	struct range part;
	size_t charged; /* of the httpd's answers */
	int status;
	uint64_t sent;
	size_t taken; /* since the deadline was set */

	/* An answer that has an owner. */
	struct http_later later;
	struct http_stream streamed;
	void (*gone)(void *ctx); /* NULL: there is none, or he ended it */
	void *gone_ctx;

	struct loop_watch *ready;
	int watched, want; /* LOOP_READ, LOOP_WRITE: what ready waits for, and what it should */
	struct loop_watch *timer;
	int64_t timer_at;    /* when the timer runs: at the deadline, or before it */
	int64_t deadline;    /* INT64_MAX: none */
	const char *awaited; /* until then */

	bool finishing; /* parts, nothing more is answered */
	bool dead;	/* to be freed as it is */
	bool aborted;	/* the peer does not read: what waits for it is dropped */
};

struct httpd {
	struct loop *loop;
	const struct http_ops *ops;
	void *service;
	struct http_limits limits;
	unsigned methods;
	struct tls *tls; /* NULL: plain */
	struct gate *gate;
	struct http_request *all;
	size_t bodies;	/* bytes of all */
	size_t answers; /* the same */
	bool quiet;
	struct http_counters counters;
	struct log_limit log_limit; /* for lines about peers that misbehave */
	/* What is read from, or sent to, the one whose turn it is.  A peer that does not take its
	 * piece costs no memory: the piece is read again when it goes on. */
	uint8_t piece[HTTP_PIECE];
};

void http_complain(struct httpd *h, enum log_level level, const char *peer, const char *event,
    const struct err *e);

/* ---- httpconn.c ---- */

void http_conn_open(void *httpd, int fd, const struct tcp_peer *peer);
void http_conn_free(struct http_request *c);
void http_conn_quiet(struct http_request *c);
void http_conn_await(struct http_request *c, int64_t ms, const char *what);
void http_conn_await_idle(struct http_request *c, const char *what);
/* The peer went, or the network gave up on it. */
void http_conn_lost(struct http_request *c, const struct err *why);
/* After a change from outside the connection's own callbacks: it waits for what it should. */
void http_conn_keep(struct http_request *c);
/* The next callback comes at once, after the others had their turn. */
void http_conn_soon(struct http_request *c);

/* ---- httpread.c ---- */

void http_read(struct http_request *c);	      /* HTTP_READING */
void http_read_body(struct http_request *c);  /* HTTP_BODY */
void http_read_ahead(struct http_request *c); /* while the peer waits: is it still there? */
void http_drop_body(struct http_request *c);

/* ---- httpsend.c ---- */

/* The head of an answer goes to c->head. */
void http_start(struct http_request *c, struct http_reply *reply);
void http_send(struct http_request *c);
/* The service, or the owner, is told exactly once. */
void http_end_answer(struct http_request *c, bool whole);
/* headers and type of a service, to *reply; false: they would break the answer. */
bool http_reply_fields(
    struct http_request *c, const char *type, const char *headers, struct http_reply *reply);

/* ---- httplater.c ---- */

int http_later_want(const struct http_request *c); /* LOOP_READ, LOOP_WRITE */
void http_later_expired(struct http_request *c);
void http_stream_taken(struct http_request *c);	  /* the peer has all that was put */
void http_stream_flooded(struct http_request *c); /* the peer sends more than it may */
void http_stream_quiet(struct http_request *c);

#endif
