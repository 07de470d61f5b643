#include "base/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"

/* A site that gets its power back connects in the same second. */
enum { BACKLOG = 4096 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static struct addrinfo *
find(const char *host, uint16_t port, int flags, struct err *e)
{
	struct addrinfo hints = { .ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char service[8];
	int rc;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc == 0)
		return found;
	if (flags & AI_NUMERICHOST)
		err_set(e, ERR_USAGE, "%s is no address: %s", host, gai_strerror(rc));
	else
		err_set(e, ERR_NOT_FOUND, "%s has no address: %s", host, gai_strerror(rc));
	return NULL;
}

static int
open_socket(const struct addrinfo *a)
{
	return socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* SO_REUSEADDR too: connections of the process before us may still be in TIME_WAIT. */
static int
bind_and_listen(int fd, const struct addrinfo *a)
{
	if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0 || set(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0)
		return -1;
	if (a->ai_family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0)
		return -1;
	if (bind(fd, a->ai_addr, a->ai_addrlen) != 0)
		return -1;
	return listen(fd, BACKLOG);
}

int
tcp_listen(const char *address, uint16_t port, struct err *e)
{
	struct addrinfo *a = find(address, port, AI_NUMERICHOST, e);
	int fd;

	if (a == NULL)
		return -1;
	fd = open_socket(a);
	if (fd < 0 || bind_and_listen(fd, a) != 0) {
		err_errno(e, "cannot listen on %s port %u", address, port);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(a);
	return fd;
}

int
tcp_port(int fd, uint16_t *port, struct err *e)
{
	union address a = { 0 };
	socklen_t n = sizeof(a);

	*port = 0;
	if (getsockname(fd, &a.any, &n) != 0)
		return err_errno(e, "cannot tell the address of a socket");
	*port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return 0;
}

/* FNV-1a: hosts that share a number share a limit, and nothing worse. */
static uint32_t
hash(struct bytes b)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 16777619u;
	return h;
}

static void
peer_of_v4(const struct sockaddr_in *a, struct tcp_peer *out)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &a->sin_addr, host, sizeof(host));
	snprintf(out->text, sizeof(out->text), "%s:%u", host, ntohs(a->sin_port));
	out->host = hash(bytes_over(&a->sin_addr, sizeof(a->sin_addr)));
}

static void
peer_of_v6(const struct sockaddr_in6 *a, struct tcp_peer *out)
{
	enum { SUBNET = 8 };
	char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE] = "";
	bool has_zone = a->sin6_scope_id != 0 && if_indextoname(a->sin6_scope_id, zone) != NULL;

	inet_ntop(AF_INET6, &a->sin6_addr, host, sizeof(host));
	snprintf(out->text, sizeof(out->text), "[%s%s%s]:%u", host, has_zone ? "%" : "", zone,
	    ntohs(a->sin6_port));
	out->host = hash(bytes_over(&a->sin6_addr, SUBNET));
}

int
tcp_accept(int fd, struct tcp_peer *peer)
{
	union address a = { 0 };
	socklen_t n = sizeof(a);
	int got = accept4(fd, &a.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	*peer = (struct tcp_peer){ 0 };
	if (got < 0)
		return -1;
	if (a.any.sa_family == AF_INET6)
		peer_of_v6(&a.v6, peer);
	else
		peer_of_v4(&a.v4, peer);
	/* A handshake is small packets by turns: each would wait for the other side's delayed
	 * acknowledgement. */
	set(got, IPPROTO_TCP, TCP_NODELAY, 1);
	return got;
}

void
tcp_peer_host(const struct tcp_peer *peer, char *to, size_t size)
{
	const char *text = peer->text, *colon = strrchr(text, ':');
	int n = colon == NULL ? (int)strlen(text) : (int)(colon - text);

	if (text[0] == '[' && n > 2)
		snprintf(to, size, "%.*s", n - 2, text + 1);
	else
		snprintf(to, size, "%.*s", n, text);
}

int
tcp_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - clock_mono_ms();
		n = poll(&p, 1, left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	if (n == 0)
		errno = ETIMEDOUT;
	return -1;
}

/* 0, or -1 with errno. */
static int
connect_within(int fd, const struct addrinfo *a, int64_t deadline)
{
	int why = 0;
	socklen_t n = sizeof(why);

	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS || tcp_wait(fd, POLLOUT, deadline) != 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0)
		return -1;
	errno = why;
	return why == 0 ? 0 : -1;
}

static int
connect_one(const struct addrinfo *a, int64_t deadline)
{
	int fd = open_socket(a);
	int why;

	if (fd < 0)
		return -1;
	if (connect_within(fd, a, deadline) == 0) {
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		return fd;
	}
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

int
tcp_connect(const char *host, uint16_t port, int64_t deadline, struct err *e)
{
	struct addrinfo *found = find(host, port, 0, e);
	int fd = -1;

	if (found == NULL)
		return -1;
	for (struct addrinfo *a = found; fd < 0 && a != NULL; a = a->ai_next)
		fd = connect_one(a, deadline);
	if (fd < 0)
		err_errno(e, "cannot connect to %s port %u", host, port);
	freeaddrinfo(found);
	return fd;
}
