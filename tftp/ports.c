#include "tftp/ports.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	SITES = 64,	  /* addresses of ours: whoever is this machine has millions on loopback */
	PORTS_LEAST = 4,  /* of an address that is in use */
	PORTS_MOST = 256, /* and at most */
	USERS_PER_PORT = 64, /* before another is opened */
	/* After that nobody new comes, and with the last who is there it is closed. */
	USES_MOST = 64,
	OPEN_MS = 2000,
	ALONE_MOST = 512,
	REMEMBERED = 256,
	CHANCES = 256,
};

struct port {
	struct ports *all;
	struct site *site; /* NULL: it has one user, ever */
	int fd;
	unsigned users;
	unsigned uses; /* ever */
	int64_t opened_ms;
	bool retired;
	struct loop_watch *readable;
	uint32_t past[REMEMBERED]; /* hashes of peers; 0: nobody */
	unsigned next_past;
};

/* A local address and its ports. */
struct site {
	struct udp_address local;
	struct port *port[PORTS_MOST];
	unsigned n, retired, users;
};

struct ports {
	struct loop *loop;
	struct post *post;
	void (*on_ready)(void *ctx, struct port *p);
	void *ctx;
	struct site *site[SITES];
	unsigned sites, open, alone;
	bool is_small_told;
	uint8_t chance[CHANCES]; /* random bytes, of which so many are left */
	unsigned chances;
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
leave_site(struct port *p)
{
	struct site *site = p->site;
	unsigned i = 0;

	while (site->port[i] != p)
		i++;
	site->port[i] = site->port[--site->n];
	site->retired -= p->retired;
}

static void
port_close(struct port *p)
{
	assert(p->users == 0);
	if (p->site != NULL)
		leave_site(p);
	else
		p->all->alone--;
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

static unsigned
in_service(const struct site *site)
{
	return site->n - site->retired;
}

static bool
is_spare(const struct port *p)
{
	return p->site == NULL || p->retired || in_service(p->site) > wanted(p->site);
}

/* Ports above what is wanted are closed as they fall empty. */
static void
close_if_spare(struct port *p)
{
	if (p->users == 0 && is_spare(p))
		port_close(p);
}

static bool
is_worn(const struct port *p, int64_t now_ms)
{
	return p->uses >= USES_MOST || now_ms - p->opened_ms >= OPEN_MS;
}

/* What somebody may have learned of an address is of no use for those who come now.  With as many
 * ports as there may be it has to be. */
static void
retire_worn(struct site *site)
{
	int64_t now_ms = clock_mono_ms();

	for (unsigned i = site->n; i-- > 0 && site->n < PORTS_MOST;) {
		struct port *p = site->port[i];

		if (p->retired || !is_worn(p, now_ms))
			continue;
		p->retired = true;
		site->retired++;
		close_if_spare(p);
	}
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

static struct port *
port_new(struct ports *s, int fd)
{
	struct port *p = mem_new(sizeof(*p));

	p->all = s;
	p->fd = fd;
	p->opened_ms = clock_mono_ms();
	p->readable = loop_watch_fd(s->loop, fd, LOOP_READ, port_ready, p);
	s->open++;
	return p;
}

/* What does not fit is dropped, and comes again only after a while. */
static void
make_room(struct ports *s, int fd)
{
	int got = udp_make_room(fd);

	if (got >= UDP_SEND_BUFFER || s->is_small_told)
		return;
	s->is_small_told = true;
	log_event(LOG_WARN, "tftp", NULL, NULL, "small-send-buffer", "bytes", LOG_NUM(got),
	    "wanted", LOG_NUM(UDP_SEND_BUFFER), "limit", "sysctl net.core.wmem_max", NULL);
}

static int
port_open(struct ports *s, struct site *site, struct err *e)
{
	int fd = udp_open_at(&site->local, e);
	struct port *p;

	if (fd < 0)
		return -1;
	make_room(s, fd);
	p = port_new(s, fd);
	p->site = site;
	site->port[site->n++] = p;
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

/* 0 to n - 1, for n up to 256.  Without random bytes, which Linux has always once it is up, the
 * first. */
static unsigned
any_of(struct ports *s, unsigned n)
{
	if (s->chances == 0 && getrandom(s->chance, CHANCES, 0) == CHANCES)
		s->chances = CHANCES;
	return s->chances > 0 ? s->chance[--s->chances] % n : 0;
}

/* Any, but none that this peer has seen; NULL: it has seen all. */
static struct port *
unseen_port(struct ports *s, const struct site *site, const struct udp_address *peer)
{
	unsigned first = site->n > 0 ? any_of(s, site->n) : 0;

	for (unsigned i = 0; i < site->n; i++) {
		struct port *p = site->port[(first + i) % site->n];

		if (!p->retired && !port_remembers(p, peer))
			return p;
	}
	return NULL;
}

/* Who asks again and again from the same port gets a new one each time.  Without a descriptor for
 * it, those that are there have to do. */
static struct port *
next_port(struct ports *s, struct site *site, const struct udp_address *peer, struct err *e)
{
	bool has_new =
	    in_service(site) < wanted(site) && site->n < PORTS_MOST && port_open(s, site, e) == 0;
	struct port *p = unseen_port(s, site, peer);

	if (p != NULL)
		return p;
	if (!has_new && site->n < PORTS_MOST && port_open(s, site, e) == 0)
		return site->port[site->n - 1];
	return site->n == 0 ? NULL : site->port[any_of(s, site->n)];
}

struct port *
ports_take(
    struct ports *s, const struct udp_address *local, const struct udp_address *peer, struct err *e)
{
	struct site *site = site_of(s, local, e);
	struct port *p;

	if (site == NULL)
		return NULL;
	retire_worn(site);
	p = next_port(s, site, peer, e);
	if (p == NULL)
		return NULL;
	p->users++;
	p->uses++;
	site->users++;
	return p;
}

struct port *
ports_take_alone(
    struct ports *s, const struct udp_address *local, const struct udp_address *peer, struct err *e)
{
	struct port *p;
	int fd;

	if (s->alone == ALONE_MOST) {
		err_set(e, ERR_LIMIT, "%d transfers have a port of their own", ALONE_MOST);
		return NULL;
	}
	fd = udp_open_at(local, e);
	if (fd < 0)
		return NULL;
	if (udp_connect(fd, peer, e) != 0) {
		close(fd);
		return NULL;
	}
	p = port_new(s, fd);
	p->users = 1;
	s->alone++;
	return p;
}

void
port_drop(struct port *p, const struct udp_address *peer, bool remember)
{
	if (remember)
		p->past[p->next_past++ % REMEMBERED] = hash_of(peer);
	p->users--;
	if (p->site != NULL)
		p->site->users--;
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
