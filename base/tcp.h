/*
 * tcp: sockets of connections - listen, accept, connect - and what a peer's address is called.
 * None of them blocks.  Knows nothing of TLS.
 */
#ifndef TL_BASE_TCP_H
#define TL_BASE_TCP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { TCP_TEXT_MAX = 80 }; /* "[address%interface]:port" and a NUL */

struct tcp_peer {
	char text[TCP_TEXT_MAX]; /* "10.0.0.1:4711", "[::1]:4711" */
	uint32_t host;		 /* hash of the IPv4 address or the IPv6 /64: one customer's net */
};

/* Without the port, and IPv6 without its brackets. */
void tcp_peer_host(const struct tcp_peer *peer, char *to, size_t size);

/* Listens on an address in numbers ("0.0.0.0", "::1", "fe80::1%eth0"), port 0 for any free one.
 * Several may listen on the same one, and the kernel spreads the peers over them.  An IPv6 socket
 * takes IPv6 only.  The fd, or -1. */
int tcp_listen(const char *address, uint16_t port, struct err *e);
int tcp_port(int fd, uint16_t *port, struct err *e); /* the local one */
/* The next connection's fd, which sends without delay; -1 with errno: EAGAIN when there is none. */
int tcp_accept(int fd, struct tcp_peer *peer);
/* Tries the addresses that a name has, in turn, until clock_mono_ms() passes the deadline.  The fd,
 * or -1. */
int tcp_connect(const char *host, uint16_t port, int64_t deadline, struct err *e);
/* Waits until fd is readable or writable (POLLIN, POLLOUT) or has an error; -1: time ran out. */
int tcp_wait(int fd, short events, int64_t deadline);

#endif
