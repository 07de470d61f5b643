#include "tftp/ports.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	SITES = 64,	  /* addresses of ours: whoever is this machine has millions on loopback */
	PORTS_LEAST = 2,  /* of an address that is in use */
	PORTS_MOST = 256, /* and at most */
	USERS_PER_PORT = 64, /* before another is opened */
	REMEMBERED = 256,
};

struct port {
	struct ports *all;
	struct site *site;
	int fd;
	unsigned users;
	struct loop_watch *readable;
	uint32_t past[REMEMBERED]; /* hashes of peers; 0: nobody */
	unsigned next_past;
};

/* A local address and its ports. */
struct site {
	struct udp_address local;
	struct port *port[PORTS_MOST];
	unsigned n, next, users;
};

struct ports {
	struct loop *loop;
	struct post *post;
	void (*on_ready)(void *ctx, struct port *p);
	void *ctx;
	struct site *site[SITES];
	unsigned sites, open;
};

struct ports *
ports_new(struct loop *l, struct post *post, void (*on_ready)(void *ctx, struct port *p), void *ctx)
{
	struct ports *s = mem_new(sizeof(*s));

	s->loop = l;
	s->post = post;
	s->on_ready = on_ready;
	s->ctx = ctx;
	return s;
}

static void
port_close(struct port *p)
{
	struct site *site = p->site;
	unsigned i = 0;

	assert(p->users == 0);
	while (site->port[i] != p)
		i++;
	site->port[i] = site->port[--site->n];
	p->all->open--;
	post_flush(p->all->post);
	loop_forget(p->readable);
	close(p->fd);
	free(p);
}

static unsigned
wanted(const struct site *site)
{
	unsigned n = PORTS_LEAST + site->users / USERS_PER_PORT;

	return n < PORTS_MOST ? n : PORTS_MOST;
}

/* Ports above what is wanted are closed as they fall empty. */
static void
close_if_spare(struct port *p)
{
	if (p->users == 0 && p->site->n > wanted(p->site))
		port_close(p);
}

/* It is held meanwhile: the last transfer may end with the first of the packets that have come. */
static void
port_ready(void *ctx, int ready)
{
	struct port *p = ctx;

	(void)ready;
	p->users++;
	p->all->on_ready(p->all->ctx, p);
	p->users--;
	close_if_spare(p);
}

static int
port_open(struct ports *s, struct site *site, struct err *e)
{
	int fd = udp_open_at(&site->local, e);
	struct port *p;

	if (fd < 0)
		return -1;
	udp_make_room(fd);
	p = mem_new(sizeof(*p));
	p->all = s;
	p->site = site;
	p->fd = fd;
	p->readable = loop_watch_fd(s->loop, fd, LOOP_READ, port_ready, p);
	site->port[site->n++] = p;
	s->open++;
	return 0;
}

static void
site_free(struct site *site)
{
	while (site->n > 0)
		port_close(site->port[site->n - 1]);
	free(site);
}

void
ports_free(struct ports *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->sites; i++)
		site_free(s->site[i]);
	free(s);
}

/* A place for one more address: a new one, or that of an address nobody uses now; NULL. */
static struct site **
place_for_site(struct ports *s)
{
	if (s->sites < SITES)
		return &s->site[s->sites++];
	for (unsigned i = 0; i < SITES; i++) {
		if (s->site[i]->users > 0)
			continue;
		site_free(s->site[i]);
		return &s->site[i];
	}
	return NULL;
}

static struct site *
site_of(struct ports *s, const struct udp_address *local, struct err *e)
{
	struct site **place;

	for (unsigned i = 0; i < s->sites; i++)
		if (udp_same_host(&s->site[i]->local, local))
			return s->site[i];
	place = place_for_site(s);
	if (place == NULL) {
		err_set(e, ERR_LIMIT, "transfers from %d addresses of ours are running", SITES);
		return NULL;
	}
	*place = mem_new(sizeof(**place));
	(*place)->local = *local;
	return *place;
}

/* Never 0, which means nobody. */
static uint32_t
hash_of(const struct udp_address *peer)
{
	return (udp_hash_host(peer) * 31 + udp_port(peer)) | 1u << 31;
}

bool
port_remembers(const struct port *p, const struct udp_address *peer)
{
	uint32_t hash = hash_of(peer);

	for (unsigned i = 0; i < REMEMBERED; i++)
		if (p->past[i] == hash)
			return true;
	return false;
}

/* In turn, but none that this peer has seen; NULL: it has seen all. */
static struct port *
unseen_port(struct site *site, const struct udp_address *peer)
{
	for (unsigned i = 0; i < site->n; i++) {
		struct port *p = site->port[site->next++ % site->n];

		if (!port_remembers(p, peer))
			return p;
	}
	return NULL;
}

/* Who asks again and again from the same port gets a new one each time.  Without a descriptor for
 * it, those that are there have to do. */
static struct port *
next_port(struct ports *s, struct site *site, const struct udp_address *peer, struct err *e)
{
	struct port *p;

	while (site->n < wanted(site))
		if (port_open(s, site, e) != 0)
			break;
	p = unseen_port(site, peer);
	if (p != NULL)
		return p;
	if (site->n < PORTS_MOST && port_open(s, site, e) == 0)
		return site->port[site->n - 1];
	return site->n == 0 ? NULL : site->port[site->next++ % site->n];
}

struct port *
ports_take(
    struct ports *s, const struct udp_address *local, const struct udp_address *peer, struct err *e)
{
	struct site *site = site_of(s, local, e);
	struct port *p;

	if (site == NULL)
		return NULL;
	p = next_port(s, site, peer, e);
	if (p == NULL)
		return NULL;
	p->users++;
	site->users++;
	return p;
}

void
port_drop(struct port *p, const struct udp_address *peer, bool remember)
{
	struct site *site = p->site;

	if (remember)
		p->past[p->next_past++ % REMEMBERED] = hash_of(peer);
	p->users--;
	site->users--;
	close_if_spare(p);
}

int
port_fd(const struct port *p)
{
	return p->fd;
}

unsigned
ports_open(const struct ports *s)
{
	return s->open;
}
