/*
 * conn: a TLS listener and its connections - accept, handshake, deadlines, whole messages in,
 * records out, close.  A service says how long a message is and what to answer; the rest is here,
 * once for all.
 *
 * One listener belongs to one worker's loop; several workers may listen on the same address and
 * port.  Nobody else's silence, half message or plain text keeps a peer waiting.
 */
#ifndef TL_BASE_CONN_H
#define TL_BASE_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/loop.h"
#include "base/tls.h"

struct conn;

struct conn_ops {
	const char *service;   /* "tvs": for log lines */
	size_t max_message;    /* longer ones end the connection */
	unsigned idle_seconds; /* without a whole message or an answer; 0: 60 */
	/* Asked before a connection is taken; false turns it away unheard (the service is stopped).
	 * The moment for conn_listener_set_tls(), too.  NULL: always. */
	bool (*awake)(void *service);
	/* How long is the message that starts here?  head is never empty; 0: not yet known; -1: not
	 * our protocol, which ends the connection. */
	ssize_t (*frame)(struct bytes head);
	/* After the handshake.  The session it returns comes back in the other two; NULL refuses,
	 * and then there is no close(). */
	void *(*open)(struct conn *c, void *service);
	void (*message)(void *session, struct bytes m); /* m is valid until this returns */
	/* Exactly once for each open(); the conn is of no use any more when it returns. */
	void (*close)(void *session);
};

/* 0 means the usual value.  Memory: a peer that sends nothing costs below 1 KiB, one that stops in
 * the middle of its handshake up to 46, an open connection 15, and each up to a message, a record
 * and queued_bytes more. */
struct conn_limits {
	unsigned connections;  /* at once (4096) */
	unsigned per_host;     /* of these from one IPv4 address or IPv6 /64 (1024): can be a NAT */
	unsigned handshake_ms; /* from accept to the end of the handshake (10000) */
	unsigned message_ms; /* from the first to the last byte of a message, either way (10000) */
	size_t queued_bytes; /* for a peer that does not read (262144) */
};

struct conn_counters {
	uint64_t accepted;
	uint64_t refused; /* at once: a limit, or the service is not awake */
	uint64_t handshakes, resumed, failed_handshakes;
	uint64_t messages;
	uint64_t timeouts; /* handshake, message, answer not taken, idle */
	uint64_t broken;   /* ended for what the peer sent: no message of ours, too long */
};

struct conn_listener;

/* tls and limits (which may be NULL) are copied; ops and service stay the caller's.  address in
 * numbers, IPv4 or IPv6; port 0: any free one. */
struct conn_listener *
conn_listener_open(struct loop *l, const char *address, uint16_t port, const struct tls *tls,
    const struct conn_ops *ops, void *service, const struct conn_limits *limits, struct err *e);
/* For connections from now on; those that run go on with what they began with. */
void conn_listener_set_tls(struct conn_listener *l, const struct tls *tls);
/* Takes those that are made already, and no more; those that run go on. */
void conn_listener_quiet(struct conn_listener *l);
/* Ends all.  Not from within open(), message() or close(); NULL is fine. */
void conn_listener_close(struct conn_listener *l);

uint16_t conn_listener_port(const struct conn_listener *l);
unsigned conn_listener_connections(const struct conn_listener *l); /* now, handshakes included */
const struct conn_counters *conn_listener_counters(const struct conn_listener *l);

/* One call is one TLS record (up to 16 KiB): some phones stall when a message comes in two.  Copied
 * when the peer is slow; while it has not taken all, its messages wait.  After conn_finish(), or
 * when the peer is gone, nothing happens. */
void conn_send(struct conn *c, struct bytes b);
/* No more messages: sends what is queued, says goodbye, calls close().  None of that before the
 * service's function has returned; may be called at any time from open() to close(). */
void conn_finish(struct conn *c);
/* The peer may take so long for its next message, counted from now, and for each after that,
 * instead of idle_seconds; 0: those again.  Within open() or message(). */
void conn_patience(struct conn *c, unsigned seconds);
bool conn_is_late(const struct conn *c);       /* for close(): it ends because a deadline passed */
const char *conn_cipher(const struct conn *c); /* as OpenSSL calls it; from open() to close() */
const char *conn_peer(const struct conn *c);   /* "10.0.0.1:4711", "[::1]:4711"; lives like c */
/* Without the port, and IPv6 without its brackets. */
void conn_peer_host(const struct conn *c, char *to, size_t size);

#endif
