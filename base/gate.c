#include "base/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	PER_WAKEUP = 64,  /* then those who are in get their turn */
	STARVED_MS = 100, /* before we look again for a descriptor */
	LAST_CALL = 4096, /* nobody keeps a port open by coming again and again */
	HOSTS = 4096
};

struct gate {
	struct loop *loop;
	struct gate_rules rules;
	int fd;
	uint16_t port;
	struct loop_watch *ready;
	struct loop_watch *starved; /* runs while there are no descriptors */
	bool is_starved;
	unsigned inside;
	/* How many are in of the hosts of each number: two that share one share the limit too, and
	 * there is no list of hosts to keep. */
	unsigned per_host[HOSTS];
};

static unsigned *
host_count(struct gate *g, const struct tcp_peer *peer)
{
	return &g->per_host[peer->host % HOSTS];
}

static int
check_limits(struct gate *g, const struct tcp_peer *peer, struct err *e)
{
	unsigned of_host = *host_count(g, peer);

	if (g->inside >= g->rules.connections)
		return err_set(e, ERR_LIMIT, "%u connections are open", g->inside);
	if (of_host >= g->rules.per_host)
		return err_set(e, ERR_LIMIT, "%u connections are open from this host", of_host);
	return 0;
}

static void
admit(struct gate *g, int fd, const struct tcp_peer *peer)
{
	struct err e = { 0 };

	g->is_starved = false;
	if (check_limits(g, peer, &e) != 0) {
		close(fd);
		g->rules.refuse(g->rules.ctx, peer, &e);
		return;
	}
	g->inside++;
	++*host_count(g, peer);
	g->rules.enter(g->rules.ctx, fd, peer);
}

/* Without descriptors the socket stays readable and nothing can be done about it: so nobody looks
 * for a while.  The peers wait in the kernel. */
static void
starve(struct gate *g)
{
	struct err e = { 0 };

	err_errno(&e, "no connection can be accepted");
	err_hint(&e, "raise the limit of open files of this process");
	loop_forget(g->ready);
	g->ready = NULL;
	loop_timer_start(g->starved, STARVED_MS);
	if (!g->is_starved)
		g->rules.refuse(g->rules.ctx, NULL, &e);
	g->is_starved = true;
}

/* Nobody there, or gone before it was accepted. */
static bool
is_passing(int why)
{
	return why == EAGAIN || why == EINTR || why == ECONNABORTED;
}

static void
on_peers(void *ctx, int ready)
{
	struct gate *g = ctx;
	struct tcp_peer peer;

	(void)ready;
	for (int i = 0; i < PER_WAKEUP; i++) {
		int fd = tcp_accept(g->fd, &peer);

		if (fd >= 0) {
			admit(g, fd, &peer);
			continue;
		}
		if (!is_passing(errno))
			starve(g);
		return;
	}
}

void
gate_last_call(struct gate *g)
{
	struct tcp_peer peer;
	int fd;

	for (int i = 0; g->fd >= 0 && i < LAST_CALL; i++) {
		fd = tcp_accept(g->fd, &peer);
		if (fd < 0)
			return;
		admit(g, fd, &peer);
	}
}

static void
watch(void *ctx)
{
	struct gate *g = ctx;

	g->ready = loop_watch_fd(g->loop, g->fd, LOOP_READ, on_peers, g);
}

struct gate *
gate_open(struct loop *l, const char *address, uint16_t port, const struct gate_rules *rules,
    struct err *e)
{
	struct gate *g;
	uint16_t bound;
	int fd = tcp_listen(address, port, e);

	if (fd < 0)
		return NULL;
	if (tcp_port(fd, &bound, e) != 0) {
		close(fd);
		return NULL;
	}
	g = mem_new(sizeof(*g));
	g->loop = l;
	g->rules = *rules;
	g->fd = fd;
	g->port = bound;
	g->starved = loop_timer(l, watch, g);
	watch(g);
	return g;
}

/* The socket is closed, not only left unread: another listener on the port gets who comes. */
void
gate_shut(struct gate *g)
{
	loop_forget(g->ready);
	loop_forget(g->starved);
	g->ready = g->starved = NULL;
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	gate_shut(g);
	free(g);
}

void
gate_left(struct gate *g, const struct tcp_peer *peer)
{
	g->inside--;
	--*host_count(g, peer);
}

unsigned
gate_inside(const struct gate *g)
{
	return g->inside;
}

uint16_t
gate_port(const struct gate *g)
{
	return g->port;
}
