#include "cmd/probe.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/* The sockets are held until all are bound: two listeners on one port collide too. */
struct held {
	int *fd;
	size_t n;
};

static int
open_alone(const struct addrinfo *at, int type)
{
	int fd = socket(at->ai_family, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* Connections that have just ended (TIME_WAIT) do not count; listeners do. */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static int
hold(struct held *h, const char *service, const char *address, int port, int type, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = type };
	struct addrinfo *at;
	char number[8];
	int fd;

	snprintf(number, sizeof(number), "%d", port);
	if (getaddrinfo(address, number, &hints, &at) != 0)
		return err_set(e, ERR_FAILED, "%s: %s is no address", service, address);
	fd = open_alone(at, type);
	freeaddrinfo(at);
	if (fd < 0) {
		err_errno(e, "%s on %s port %d", service, address, port);
		return err_hint(e,
		    "another process, or another listener of trustlist.conf, has it; an "
		    "instance of its own has an address of its own (127.0.0.2)");
	}
	h->fd[h->n++] = fd;
	return 0;
}

static int
hold_node(struct held *h, const struct config *c, const struct node *node, struct err *e)
{
	if (hold(h, "TFTP", c->tftp_address ? c->tftp_address : node->address, c->tftp_port,
		SOCK_DGRAM, e) != 0)
		return -1;
	for (size_t i = 0; i < CONFIG_LISTENERS; i++) {
		const struct config_listener *l = &c->tvs[i];

		if (l->port != 0 && hold(h, "TVS", l->address ? l->address : node->address, l->port,
					SOCK_STREAM, e) != 0)
			return -1;
	}
	return 0;
}

int
probe_ports(const struct host_plan *plan, struct err *e)
{
	struct held h = { .fd = mem_array(plan->nodes, (1 + CONFIG_LISTENERS) * sizeof(int)) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->nodes; i++)
		rc = hold_node(&h, plan->config, &plan->node[i], e);
	while (h.n > 0)
		close(h.fd[--h.n]);
	free(h.fd);
	return rc;
}
