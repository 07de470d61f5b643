/*
 * gate: who gets in - a TCP port or a socket in the file system, how many connections at once in
 * all and from one host, and what to do when descriptors run out.  Says in the log who did not get
 * in, and counts.  Knows nothing of what is said on a connection.
 */
#ifndef TL_BASE_GATE_H
#define TL_BASE_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/tcp.h"

struct gate_rules {
	const char *name;		/* "tvs": for log lines */
	unsigned connections, per_host; /* at once */
	/* False turns away who would come in, without a word; NULL: always. */
	bool (*awake)(void *service);
	void *service;
	/* One that comes in: fd is the callee's, who calls gate_left() after closing it. */
	void (*enter)(void *ctx, int fd, const struct tcp_peer *peer);
	void *ctx;
	uint64_t *accepted, *refused; /* counted up */
};

struct gate;

/* address in numbers, IPv4 or IPv6; port 0: any free one; rules are copied. */
struct gate *gate_open(struct loop *l, const char *address, uint16_t port,
    const struct gate_rules *rules, struct err *e);
/* As unix_listen(); a host is a user.  The name goes when the gate is shut. */
struct gate *gate_open_unix(
    struct loop *l, const char *path, mode_t mode, const struct gate_rules *rules, struct err *e);
/* Those who stand at the port come in: their connections are made already, and shutting it would
 * break them. */
void gate_last_call(struct gate *g);
/* Nobody comes in any more, and the port is free for others. */
void gate_shut(struct gate *g);
void gate_free(struct gate *g); /* shuts it; NULL is fine */

void gate_left(struct gate *g, const struct tcp_peer *peer);
unsigned gate_inside(const struct gate *g); /* how many are in */
uint16_t gate_port(const struct gate *g);   /* 0: it has none */

#endif
