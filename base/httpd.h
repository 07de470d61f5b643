/*
 * httpd: HTTP and HTTPS - listeners with limits, requests to a service's one function, answers from
 * memory or a file piece by piece, orderly stop.
 *
 * The service says which methods it takes and how long bodies may be; usually GET and HEAD without
 * any.  Byte ranges of a content (RFC 9110, 14) are served here: the service says what a name is
 * and how to read it.  Answers that are not known at once are httplater's.  One httpd belongs to
 * one worker's loop; several workers may listen on the same address and port.
 *
 * Not libevent's evhttp, whose public functions say nothing of a connection before its first whole
 * request nor when it ends: so connections cannot be counted, nor one that sends a byte a second be
 * ended, nor a failed handshake explained.  While it answers it also reads on without limit, and it
 * takes the body of a GET for the next request.
 */
#ifndef TL_BASE_HTTPD_H
#define TL_BASE_HTTPD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/httphead.h"
#include "base/httptarget.h"
#include "base/loop.h"
#include "base/tls.h"

struct http_request; /* one that waits for its answer */

/* 0 means the usual value.  Memory: a peer that waits or does not read costs about 1 KiB, one in
 * the middle of a request up to header_bytes more, and with TLS what conn.h says; bodies come on
 * top of that, and what waits for the readers of streams. */
struct http_limits {
	unsigned connections;  /* at once (4096) */
	unsigned per_host;     /* of these from one IPv4 address or IPv6 /64 (1024) */
	size_t header_bytes;   /* request line and headers (8192) */
	unsigned idle_seconds; /* for a whole head, for a whole body, between requests, and for each
				* 64 KiB that the peer takes (30) */
	size_t bodies_max;     /* bytes of all bodies, from their head to their answer; who comes
				* beyond is told 503 (16 MiB) */
	size_t answers_max;    /* bytes of all answers from memory, until the peers took them; who
				* asks beyond is told 503 (64 MiB) */
	size_t stream_max;     /* bytes that wait for one reader of a stream (256 KiB) */
};

struct http_ops {
	const char *service; /* "http": for log lines */
	/* Asked before a connection is taken, as for conn_ops, and before each request on it: when
	 * the service was stopped meanwhile, the connection ends unheard.  NULL: always. */
	bool (*awake)(void *service);
	/* Answers, before it returns, with one of the functions below, or of httplater.h. */
	void (*request)(void *service, struct http_request *r);
	unsigned methods; /* a set of enum http_method; 0: GET and HEAD.  Others get 405 */
	/* Of POST, PUT and PATCH, when its length is told before; longer ones are refused before
	 * they come.  0: a request with a body is refused. */
	size_t body_max;
	/* How a refusal is spelled, also those that httpd makes itself (413, 431, 503, ...);
	 * without it they are a line of text. */
	void (*refusal)(struct wr *to, int status, const char *why);
	const char *refusal_type;
};

/* Valid within request(), and so are the views. */
enum http_method http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* decoded, without query; begins with '/' */
/* As http_target_query(). */
enum http_given http_query(const struct http_request *r, const char *name, char *to, size_t size);
/* All of it, undecoded, for http_form_take(). */
struct bytes http_query_form(const struct http_request *r);
/* The first header of this name, capitals or not; p is NULL when there is none. */
struct bytes http_header(const struct http_request *r, const char *name);
struct bytes http_body(const struct http_request *r); /* whole; wiped when request() returns */
bool http_is_tls(const struct http_request *r);
const char *http_peer(const struct http_request *r); /* "10.0.0.1", without the port; "local" */
const char *http_peer_port(const struct http_request *r); /* "10.0.0.1:4711": for log lines */
/* Who is at the other end of a socket in the file system, as the kernel knows; false: it is not
 * such a socket. */
bool http_peer_uid(const struct http_request *r, uid_t *uid);

/* What is answered.  Texts are copied. */
struct http_answer {
	const char *type; /* Content-Type */
	uint64_t size;
	/* Exactly n bytes from offset; -1 ends the connection, for the length was promised.  Called
	 * from the loop until done(); not at all for HEAD. */
	int (*read)(void *ctx, uint64_t offset, void *to, size_t n, struct err *e);
	/* Exactly once: whole is false when the peer went away or read() failed; bytes: of the body
	 * that were handed to the network, none for HEAD.  status: that was answered (200, 206,
	 * 416). */
	void (*done)(void *ctx, int status, bool whole, uint64_t bytes);
	void *ctx;
};
/* 200, or 206 or 416 when a range was asked for; Cache-Control: no-store, Accept-Ranges: bytes. */
void http_answer(struct http_request *r, const struct http_answer *a);
/* A status without content but a sentence: 404, 503. */
void http_refuse(struct http_request *r, int status, const char *why);

/* An answer from memory.  All is copied. */
struct http_content {
	int status;	     /* 200 to 599; 204 and 304 have no body */
	const char *type;    /* Content-Type; NULL: not said */
	const char *headers; /* further ones, each with its CR LF, as http_field_put() makes them;
			      * NULL: none.  Length, transfer and connection are not theirs to say;
			      * Cache-Control is no-store unless they say otherwise. */
	struct bytes body;   /* up to 32 MiB; for HEAD only its length is sent */
};
/* Headers that would break the answer, and a body that is too long, make it 500, and are told in
 * the log. */
void http_reply(struct http_request *r, const struct http_content *c);

struct httpd;

/* tls NULL: plain HTTP.  ops and service stay the caller's, limits (may be NULL) and tls are
 * copied. port 0: any free one. */
struct httpd *httpd_open(struct loop *l, const char *address, uint16_t port, const struct tls *tls,
    const struct http_ops *ops, void *service, const struct http_limits *limits, struct err *e);
/* Plain HTTP on a socket in the file system; one that a dead process left behind is replaced, one
 * that somebody listens on is ERR_BUSY.  mode: of the file; 0600 is for the same user (and root). A
 * host of the limits is a user. */
struct httpd *httpd_open_unix(struct loop *l, const char *path, mode_t mode,
    const struct http_ops *ops, void *service, const struct http_limits *limits, struct err *e);
void httpd_set_tls(struct httpd *h, const struct tls *tls); /* for connections from now on */
uint16_t httpd_port(const struct httpd *h);
unsigned httpd_connections(const struct httpd *h); /* now */
/* Takes no connections any more, and no second request on one; streams end, later answers may still
 * come. */
void httpd_quiet(struct httpd *h);
void httpd_close(struct httpd *h); /* ends all; not from within a callback; NULL is fine */

struct http_counters {
	uint64_t accepted, refused; /* connections */
	uint64_t requests, failed_handshakes, timeouts, malformed;
};
const struct http_counters *httpd_counters(const struct httpd *h);

#endif
