#include "cmd/probe.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/console.h"
#include "cmd/monitor.h"

enum { PORTS_PER_NODE = 4 + 2 * CONFIG_LISTENERS };

/* A port that a plan listens on. */
struct port {
	const char *service, *address;
	int number, type;
	struct sockaddr_storage at;
	socklen_t at_n;
};

struct ports {
	struct port *port;
	size_t n;
};

static int
find(struct port *p, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = p->type };
	struct addrinfo *at;
	char number[8];

	snprintf(number, sizeof(number), "%d", p->number);
	if (getaddrinfo(p->address, number, &hints, &at) != 0)
		return err_set(e, ERR_FAILED, "%s: %s is no address", p->service, p->address);
	memcpy(&p->at, at->ai_addr, at->ai_addrlen);
	p->at_n = at->ai_addrlen;
	freeaddrinfo(at);
	return 0;
}

static int
add(struct ports *all, const char *service, const char *address, int number, int type,
    struct err *e)
{
	struct port *p = &all->port[all->n];

	*p =
	    (struct port){ .service = service, .address = address, .number = number, .type = type };
	if (find(p, e) != 0)
		return -1;
	all->n++;
	return 0;
}

static int
add_listener(struct ports *all, const char *service, const char *address, int number,
    const struct node *node, struct err *e)
{
	if (number == 0)
		return 0;
	return add(all, service, address ? address : node->address, number, SOCK_STREAM, e);
}

static int
add_listeners(struct ports *all, const char *service,
    const struct config_listener l[CONFIG_LISTENERS], const struct node *node, struct err *e)
{
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (add_listener(all, service, l[i].address, l[i].port, node, e) != 0)
			return -1;
	return 0;
}

static int
add_http(struct ports *all, const struct config *c, const struct node *node, struct err *e)
{
	const struct config_listener *https = &c->https, *tomcat = &c->https_tomcat;

	if (add_listener(all, "HTTP", c->http_address, c->http_port, node, e) != 0 ||
	    add_listener(all, "HTTPS", https->address, https->port, node, e) != 0)
		return -1;
	return add_listener(all, "HTTPS (tomcat)", tomcat->address, tomcat->port, node, e);
}

static int
add_node(struct ports *all, const struct config *c, const struct node *node, struct err *e)
{
	if (add(all, "TFTP", c->tftp_address ? c->tftp_address : node->address, c->tftp_port,
		SOCK_DGRAM, e) != 0)
		return -1;
	if (add_http(all, c, node, e) != 0 || add_listeners(all, "TVS", c->tvs, node, e) != 0)
		return -1;
	return node->publisher ? add_listeners(all, "CAPF", c->capf, node, e) : 0;
}

static int
add_health(struct ports *all, const struct config *c, struct err *e)
{
	if (c->health_port == 0)
		return 0;
	return add(all, "[health]", c->health_address ? c->health_address : MONITOR_ADDRESS,
	    c->health_port, SOCK_STREAM, e);
}

static int
add_admin(struct ports *all, const struct host_plan *plan, struct err *e)
{
	if (plan->config->admin.port == 0)
		return 0;
	return add(all, "[admin]", console_address(plan->config, plan->node, plan->nodes),
	    plan->config->admin.port, SOCK_STREAM, e);
}

/* plan NULL: none. */
static int
ports_of(const struct host_plan *plan, struct ports *out, struct err *e)
{
	size_t nodes = plan == NULL ? 0 : plan->nodes;
	int rc = 0;

	*out = (struct ports){ .port = mem_array(nodes + 1, PORTS_PER_NODE * sizeof(*out->port)) };
	for (size_t i = 0; rc == 0 && i < nodes; i++)
		rc = add_node(out, plan->config, &plan->node[i], e);
	if (rc == 0 && plan != NULL)
		rc = add_health(out, plan->config, e);
	if (rc == 0 && plan != NULL)
		rc = add_admin(out, plan, e);
	return rc;
}

static bool
is_everywhere(const struct port *p)
{
	if (p->at.ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&p->at)->sin6_addr);
	return ((const struct sockaddr_in *)&p->at)->sin_addr.s_addr == htonl(INADDR_ANY);
}

/* An IPv6 listener takes IPv6 only. */
static bool
collide(const struct port *a, const struct port *b)
{
	if (a->type != b->type || a->number != b->number || a->at.ss_family != b->at.ss_family)
		return false;
	return is_everywhere(a) || is_everywhere(b) || memcmp(&a->at, &b->at, a->at_n) == 0;
}

static bool
is_among(const struct port *p, const struct port *port, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (collide(p, &port[i]))
			return true;
	return false;
}

static int
bind_alone(const struct port *p)
{
	int fd = socket(p->at.ss_family, p->type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (p->at.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	/* Connections that have just ended (TIME_WAIT) do not count; listeners do. */
	if (p->type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&p->at, p->at_n) == 0)
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

/* Two of us on one port are found by looking: bound with SO_REUSEADDR and not listening yet they
 * would not hinder each other. */
static int
probe(const struct port *p, const struct ports *all, const struct ports *ours, struct err *e)
{
	int fd;

	if (is_among(p, all->port, (size_t)(p - all->port))) {
		err_set(e, ERR_FAILED, "%s on %s port %d: another listener has it", p->service,
		    p->address, p->number);
		return err_hint(e, "give each listener of trustlist.conf a port of its own");
	}
	if (is_among(p, ours->port, ours->n))
		return 0;
	fd = bind_alone(p);
	if (fd < 0) {
		err_errno(e, "%s on %s port %d", p->service, p->address, p->number);
		return err_hint(e, "another process has it; an instance of its own has an address "
				   "of its own (127.0.0.2)");
	}
	close(fd);
	return 0;
}

int
probe_ports(const struct host_plan *plan, const struct host_plan *before, struct err *e)
{
	struct ports all = { .n = 0 }, ours = { .n = 0 };
	int rc = ports_of(plan, &all, e);

	if (rc == 0)
		rc = ports_of(before, &ours, e);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = probe(&all.port[i], &all, &ours, e);
	free(all.port);
	free(ours.port);
	return rc;
}
