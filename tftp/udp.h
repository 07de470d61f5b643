/*
 * udp: sockets of datagrams for a server that answers from the address it was asked at, also when
 * it listens on all of them.  Knows nothing of TFTP.
 */
#ifndef TL_TFTP_UDP_H
#define TL_TFTP_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/err.h"

struct udp_address {
	socklen_t n;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
};

enum { UDP_TEXT_MAX = 80 }; /* "[address%interface]:port" and a NUL */

/* Listens on an address in numbers ("0.0.0.0", "::1", "fe80::1%eth0"), port 0 for any free one.
 * Several may listen on the same one, and the kernel spreads the peers over them.  An IPv6 socket
 * takes IPv6 only.  The fd, which does not block, or -1. */
int udp_listen(const char *address, uint16_t port, struct err *e);
/* Bytes that may wait to be received, as the kernel counts them; udp_listen() wants this many. */
enum { UDP_RECEIVE_BUFFER = 8 << 20 };
int udp_receive_buffer(int fd);
/* A socket on a free port of this local address; its port is left out of account. */
int udp_open_at(const struct udp_address *local, struct err *e);
/* From here on it is this peer's alone: what others send is refused. */
int udp_connect(int fd, const struct udp_address *peer, struct err *e);
/* For many peers at a time, each with a block on its way: wants UDP_SEND_BUFFER bytes, as the
 * kernel counts them, and gives how many it got. */
enum { UDP_SEND_BUFFER = 2 << 20 };
int udp_make_room(int fd);
int udp_local(int fd, struct udp_address *out, struct err *e);

/* Of a datagram that came to udp_listen()'s: the local address it came to (port 0), with n = 0 when
 * that was no address of ours alone: a broadcast or a multicast. */
struct udp_address udp_local_of(const struct msghdr *m);
/* Datagrams get lost, here as on the wire: who sends has a timer.  False: here. */
bool udp_send(int fd, const struct udp_address *to, struct bytes datagram);

uint16_t udp_port(const struct udp_address *a);
bool udp_eq(const struct udp_address *a, const struct udp_address *b);
bool udp_same_host(const struct udp_address *a, const struct udp_address *b); /* but for the port */
uint32_t udp_hash_host(const struct udp_address *a);
void
udp_host_text(const struct udp_address *a, char to[UDP_TEXT_MAX]); /* "10.0.0.1", "fe80::1%eth0" */
void udp_text(const struct udp_address *a, char to[UDP_TEXT_MAX]); /* "10.0.0.1:69", "[::1]:69" */

#endif
