#include "tftp/udp.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_v6(const struct udp_address *a)
{
	return a->at.any.sa_family == AF_INET6;
}

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int
address_of(const char *address, uint16_t port, struct udp_address *out, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;
	char service[8];
	int rc;

	*out = (struct udp_address){ 0 };
	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(address, service, &hints, &found);
	if (rc != 0)
		return err_set(e, ERR_USAGE, "%s is no address: %s", address, gai_strerror(rc));
	out->n = found->ai_addrlen;
	memcpy(&out->at, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* A site that gets its power back asks from all phones in the same second.  What does not fit in
 * here comes again only after each phone's own timer.  More than the system's limit needs a right
 * that we may not have: then what is granted. */
static void
want_receive_buffer(int fd, int bytes)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) != 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

/* The kernel has doubled what was asked for, to pay for its own bookkeeping (socket(7)). */
static int
buffer_size(int fd, int which)
{
	int value = 0;
	socklen_t n = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, which, &value, &n) != 0)
		return 0;
	return value / 2;
}

int
udp_receive_buffer(int fd)
{
	return buffer_size(fd, SO_RCVBUF);
}

static int
prepare_to_listen(int fd, bool v6)
{
	want_receive_buffer(fd, UDP_RECEIVE_BUFFER);
	if (set(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (!v6)
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

static int
open_socket(const struct udp_address *a)
{
	return socket(a->at.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int
udp_listen(const char *address, uint16_t port, struct err *e)
{
	struct udp_address a;
	int fd;

	if (address_of(address, port, &a, e) != 0)
		return -1;
	fd = open_socket(&a);
	if (fd < 0)
		return err_errno(e, "no UDP socket for %s", address);
	if (prepare_to_listen(fd, is_v6(&a)) != 0 || bind(fd, &a.at.any, a.n) != 0) {
		err_errno(e, "cannot listen on %s port %u", address, port);
		close(fd);
		return -1;
	}
	return fd;
}

static void
set_port(struct udp_address *a, uint16_t port)
{
	if (is_v6(a))
		a->at.v6.sin6_port = htons(port);
	else
		a->at.v4.sin_port = htons(port);
}

int
udp_open_at(const struct udp_address *local, struct err *e)
{
	struct udp_address a = *local;
	int fd = open_socket(&a);

	if (fd < 0)
		return err_errno(e, "no UDP socket for a transfer");
	set_port(&a, 0);
	if (bind(fd, &a.at.any, a.n) != 0) {
		err_errno(e, "no UDP port for a transfer");
		close(fd);
		return -1;
	}
	/* A router with a smaller MTU shall cut our blocks, not drop them: a dropped one costs the
	 * phone a second. */
	if (!is_v6(&a))
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	return fd;
}

int
udp_connect(int fd, const struct udp_address *peer, struct err *e)
{
	if (connect(fd, &peer->at.any, peer->n) != 0)
		return err_errno(e, "no way to a peer");
	return 0;
}

int
udp_make_room(int fd)
{
	want_receive_buffer(fd, UDP_SEND_BUFFER);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_SEND_BUFFER) != 0)
		set(fd, SOL_SOCKET, SO_SNDBUF, UDP_SEND_BUFFER);
	return buffer_size(fd, SO_SNDBUF);
}

int
udp_local(int fd, struct udp_address *out, struct err *e)
{
	*out = (struct udp_address){ .n = sizeof(out->at) };
	if (getsockname(fd, &out->at.any, &out->n) != 0)
		return err_errno(e, "cannot tell the address of a socket");
	return 0;
}

static void
local_v4(const struct in_pktinfo *info, struct udp_address *to)
{
	if (info->ipi_addr.s_addr != info->ipi_spec_dst.s_addr)
		return;
	to->n = sizeof(to->at.v4);
	to->at.v4.sin_family = AF_INET;
	to->at.v4.sin_addr = info->ipi_addr;
}

static void
local_v6(const struct in6_pktinfo *info, struct udp_address *to)
{
	if (IN6_IS_ADDR_MULTICAST(&info->ipi6_addr))
		return;
	to->n = sizeof(to->at.v6);
	to->at.v6.sin6_family = AF_INET6;
	to->at.v6.sin6_addr = info->ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		to->at.v6.sin6_scope_id = info->ipi6_ifindex;
}

struct udp_address
udp_local_of(const struct msghdr *m)
{
	struct msghdr head = *m; /* what CMSG_NXTHDR() takes may not be const */
	struct udp_address to = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c != NULL; c = CMSG_NXTHDR(&head, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			local_v4(&v4, &to);
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			local_v6(&v6, &to);
		}
	}
	return to;
}

bool
udp_send(int fd, const struct udp_address *to, struct bytes datagram)
{
	return sendto(fd, datagram.p, datagram.n, 0, &to->at.any, to->n) >= 0;
}

uint16_t
udp_port(const struct udp_address *a)
{
	return ntohs(is_v6(a) ? a->at.v6.sin6_port : a->at.v4.sin_port);
}

bool
udp_same_host(const struct udp_address *a, const struct udp_address *b)
{
	if (a->at.any.sa_family != b->at.any.sa_family)
		return false;
	if (!is_v6(a))
		return a->at.v4.sin_addr.s_addr == b->at.v4.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->at.v6.sin6_addr, &b->at.v6.sin6_addr) &&
	       a->at.v6.sin6_scope_id == b->at.v6.sin6_scope_id;
}

bool
udp_eq(const struct udp_address *a, const struct udp_address *b)
{
	return udp_same_host(a, b) && udp_port(a) == udp_port(b);
}

static struct bytes
host_of(const struct udp_address *a)
{
	if (is_v6(a))
		return bytes_over(&a->at.v6.sin6_addr, sizeof(a->at.v6.sin6_addr));
	return bytes_over(&a->at.v4.sin_addr, sizeof(a->at.v4.sin_addr));
}

/* FNV-1a: a peer who makes addresses collide makes us walk a list that has a maximum. */
uint32_t
udp_hash_host(const struct udp_address *a)
{
	struct bytes host = host_of(a);
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < host.n; i++)
		h = (h ^ host.p[i]) * 16777619u;
	return h;
}

void
udp_host_text(const struct udp_address *a, char to[UDP_TEXT_MAX])
{
	if (getnameinfo(&a->at.any, a->n, to, UDP_TEXT_MAX, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(to, UDP_TEXT_MAX, "?");
}

void
udp_text(const struct udp_address *a, char to[UDP_TEXT_MAX])
{
	char host[UDP_TEXT_MAX];

	udp_host_text(a, host);
	snprintf(to, UDP_TEXT_MAX, is_v6(a) ? "[%.70s]:%u" : "%.70s:%u", host, udp_port(a));
}
