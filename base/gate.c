#include "base/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/unixsock.h"

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
	int (*accept)(int fd, struct tcp_peer *peer);
	uint16_t port;
	char *path; /* of a socket in the file system */
	ino_t inode;
	struct loop_watch *ready;
	struct loop_watch *starved; /* runs while there are no descriptors */
	bool is_starved;
	struct log_limit log_limit; /* for lines about peers that are turned away */
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
complain(struct gate *g, enum log_level level, const char *peer, const char *event,
    const struct err *why)
{
	log_err_limited(&g->log_limit, clock_mono_ms(), level, g->rules.name, peer, event, why);
}

/* Asleep is no reason for a line: who stopped the service knows. */
static bool
may_enter(struct gate *g, const struct tcp_peer *peer)
{
	struct err e;

	if (check_limits(g, peer, &e) != 0) {
		complain(g, LOG_WARN, peer->text, "refused", &e);
		return false;
	}
	return g->rules.awake == NULL || g->rules.awake(g->rules.service);
}

static void
admit(struct gate *g, int fd, const struct tcp_peer *peer)
{
	g->is_starved = false;
	if (!may_enter(g, peer)) {
		++*g->rules.refused;
		close(fd);
		return;
	}
	++*g->rules.accepted;
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
		complain(g, LOG_ERROR, NULL, "starved", &e);
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
		int fd = g->accept(g->fd, &peer);

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
		fd = g->accept(g->fd, &peer);
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

static struct gate *
gate_new(struct loop *l, int fd, const struct gate_rules *rules)
{
	struct gate *g = mem_new(sizeof(*g));

	g->loop = l;
	g->rules = *rules;
	g->fd = fd;
	g->starved = loop_timer(l, watch, g);
	watch(g);
	return g;
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
	g = gate_new(l, fd, rules);
	g->accept = tcp_accept;
	g->port = bound;
	return g;
}

struct gate *
gate_open_unix(
    struct loop *l, const char *path, mode_t mode, const struct gate_rules *rules, struct err *e)
{
	int fd = unix_listen(path, mode, e);
	struct gate *g;

	if (fd < 0)
		return NULL;
	g = gate_new(l, fd, rules);
	g->accept = unix_accept;
	g->path = mem_text(path);
	g->inode = unix_inode(path);
	return g;
}

/* Before the socket is closed: once it is, another may take the name over. */
static void
remove_name(struct gate *g)
{
	if (g->path != NULL)
		unix_remove(g->path, g->inode);
	free(g->path);
	g->path = NULL;
}

/* The socket is closed, not only left unread: another listener on the port gets who comes. */
void
gate_shut(struct gate *g)
{
	loop_forget(g->ready);
	loop_forget(g->starved);
	g->ready = g->starved = NULL;
	remove_name(g);
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
