/*
 * httpd: HTTP and HTTPS - listeners with limits, requests to a service's one function, answers from
 * memory or a file piece by piece, orderly stop.
 *
 * Answers GET and HEAD with byte ranges (RFC 9110, 14) by itself: the service says what a name is
 * and how to read it.  Other methods and bodies are refused.  One httpd belongs to one worker's
 * loop; several workers may listen on the same address and port.
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

#include "base/bytes.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/tls.h"

struct http_request; /* one that waits for its answer */

/* 0 means the usual value.  Memory: a peer that waits or does not read costs about 1 KiB, one in
 * the middle of a request up to header_bytes more, and with TLS what conn.h says. */
struct http_limits {
	unsigned connections;  /* at once (4096) */
	unsigned per_host;     /* of these from one IPv4 address or IPv6 /64 (1024) */
	size_t header_bytes;   /* request line and headers (8192) */
	unsigned idle_seconds; /* for a whole request, between requests, and for each 64 KiB that
				* the peer takes (30) */
};

struct http_ops {
	const char *service; /* "http": for log lines */
	/* Asked before a connection is taken, as for conn_ops, and before each request on it: when
	 * the service was stopped meanwhile, the connection ends unheard.  NULL: always. */
	bool (*awake)(void *service);
	/* Answers, before it returns, with one of the functions below. */
	void (*request)(void *service, struct http_request *r);
};

/* Valid within request(). */
const char *http_path(const struct http_request *r); /* decoded, without query; begins with '/' */
const char *http_peer(const struct http_request *r); /* "10.0.0.1", without the port */
const char *http_peer_port(const struct http_request *r); /* "10.0.0.1:4711": for log lines */

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

struct httpd;

/* tls NULL: plain HTTP.  ops and service stay the caller's, limits (may be NULL) and tls are
 * copied. port 0: any free one. */
struct httpd *httpd_open(struct loop *l, const char *address, uint16_t port, const struct tls *tls,
    const struct http_ops *ops, void *service, const struct http_limits *limits, struct err *e);
void httpd_set_tls(struct httpd *h, const struct tls *tls); /* for connections from now on */
uint16_t httpd_port(const struct httpd *h);
unsigned httpd_connections(const struct httpd *h); /* now */
void httpd_quiet(struct httpd *h); /* takes no connections any more, and no second request on one */
void httpd_close(struct httpd *h); /* ends all; NULL is fine */

struct http_counters {
	uint64_t accepted, refused; /* connections */
	uint64_t requests, failed_handshakes, timeouts, malformed;
};
const struct http_counters *httpd_counters(const struct httpd *h);

#endif
