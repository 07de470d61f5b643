/*
 * gate: who gets in - a TCP port, how many connections at once in all and from one host, and what
 * to do when descriptors run out.  Knows nothing of what is said on a connection.
 */
#ifndef TL_BASE_GATE_H
#define TL_BASE_GATE_H

#include <stdint.h>

#include "base/loop.h"
#include "base/tcp.h"

struct gate_rules {
	unsigned connections, per_host; /* at once */
	/* One that may come in: fd is the callee's, who calls gate_left() after closing it. */
	void (*enter)(void *ctx, int fd, const struct tcp_peer *peer);
	/* One that may not, and is closed; with peer NULL nobody can for a while (told once). */
	void (*refuse)(void *ctx, const struct tcp_peer *peer, const struct err *why);
	void *ctx;
};

struct gate;

/* address in numbers, IPv4 or IPv6; port 0: any free one; rules are copied. */
struct gate *gate_open(struct loop *l, const char *address, uint16_t port,
    const struct gate_rules *rules, struct err *e);
/* Those who stand at the port come in: their connections are made already, and shutting it would
 * break them. */
void gate_last_call(struct gate *g);
/* Nobody comes in any more, and the port is free for others. */
void gate_shut(struct gate *g);
void gate_free(struct gate *g); /* shuts it; NULL is fine */

void gate_left(struct gate *g, const struct tcp_peer *peer);
unsigned gate_inside(const struct gate *g); /* how many are in */
uint16_t gate_port(const struct gate *g);

#endif
