/* Which port a transfer gets, and what becomes of ports. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/ports.h"

enum { LEAST = 4, SITES = 64, MANY = 1000, USES = 64, ALONE = 512 };

struct bench {
	struct loop *loop;
	struct post *post;
	struct ports *ports;
	/* What on_ready() does: ends the transfer with this peer, and then sends to it. */
	struct udp_address peer;
	unsigned ready;
};

static struct udp_address
address_of(uint32_t host, uint16_t port)
{
	struct udp_address a = { .n = sizeof(a.at.v4) };

	a.at.v4.sin_family = AF_INET;
	a.at.v4.sin_addr.s_addr = htonl(host);
	a.at.v4.sin_port = htons(port);
	return a;
}

static void
on_ready(void *ctx, struct port *p)
{
	struct bench *b = ctx;
	char last[] = "last";

	CU_ASSERT_EQUAL(post_receive(b->post, port_fd(p)), 1);
	b->ready++;
	port_drop(p, &b->peer, true);
	CU_ASSERT(port_remembers(p, &b->peer)); /* it is still there */
	post_send(b->post, port_fd(p), &b->peer, bytes_of(last));
}

static void
bench_open(struct bench *b)
{
	struct err e;

	*b = (struct bench){ .loop = loop_new(&e), .post = post_new(true) };
	b->ports = ports_new(b->loop, b->post, on_ready, b);
}

static void
bench_close(struct bench *b)
{
	ports_free(b->ports);
	post_free(b->post);
	loop_free(b->loop);
}

static struct port *
take(struct bench *b, uint32_t local, const struct udp_address *peer)
{
	struct udp_address here = address_of(local, 0);
	struct err e;

	return ports_take(b->ports, &here, peer, &e);
}

static uint16_t
port_number(const struct port *p)
{
	struct udp_address bound;
	struct err e;

	return udp_local(port_fd(p), &bound, &e) == 0 ? udp_port(&bound) : 0;
}

static void
a_peers_next_transfer_has_another_port(void)
{
	struct udp_address peer = address_of(0x0a000001, 4711), other = address_of(0x0a000001, 1);
	struct port *one, *two;
	struct bench b;
	uint16_t before;

	bench_open(&b);
	for (int i = 0; i < 20; i++) {
		one = take(&b, INADDR_LOOPBACK, &peer);
		CU_ASSERT(!port_remembers(one, &peer));
		CU_ASSERT(!port_remembers(one, &other));
		port_drop(take(&b, INADDR_LOOPBACK, &other), &other, false);
		before = port_number(one);
		port_drop(one, &peer, true);
		two = take(&b, INADDR_LOOPBACK, &peer);
		CU_ASSERT_NOT_EQUAL(port_number(two), before);
		port_drop(two, &peer, true);
	}
	CU_ASSERT(ports_open(b.ports) <= LEAST);
	bench_close(&b);
}

/* Nor one that it has seen with another of its own ports. */
static void
peers_of_a_host_are_told_apart(void)
{
	struct udp_address one = address_of(0x0a000001, 4711), other = address_of(0x0a000001, 4712);
	struct port *p;
	struct bench b;

	bench_open(&b);
	p = take(&b, INADDR_LOOPBACK, &one);
	port_drop(p, &one, true);
	CU_ASSERT(port_remembers(p, &one));
	CU_ASSERT(!port_remembers(p, &other));
	bench_close(&b);
}

/* How many different ports so many transfers, one after the other, had. */
static unsigned
ports_seen(struct bench *b, unsigned transfers)
{
	static bool seen[65536];
	unsigned n = 0;

	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < transfers; i++) {
		struct udp_address peer = address_of(0x0a000002 + i, 4711);
		struct port *p = take(b, INADDR_LOOPBACK, &peer);
		uint16_t number = port_number(p);

		n += !seen[number];
		seen[number] = true;
		port_drop(p, &peer, false);
	}
	return n;
}

/* Whoever asks often enough to know all of them knows none of those that come. */
static void
a_port_is_given_up_after_a_while(void)
{
	enum { TRANSFERS = 50 * LEAST * USES };

	struct udp_address peer = address_of(0x0a000001, 4711);
	struct port *kept;
	struct bench b;
	uint16_t first;
	int64_t end;

	bench_open(&b);
	CU_ASSERT(ports_seen(&b, TRANSFERS) >= 45 * LEAST);
	CU_ASSERT(ports_open(b.ports) <= LEAST);
	kept = take(&b, INADDR_LOOPBACK, &peer);
	first = port_number(kept);
	ports_seen(&b, 10 * LEAST * USES);
	CU_ASSERT_EQUAL(port_number(kept), first); /* but not while it is in use */
	CU_ASSERT_EQUAL(ports_open(b.ports), LEAST + 1);
	port_drop(kept, &peer, false);
	CU_ASSERT_EQUAL(ports_open(b.ports), LEAST);
	/* Nor does one that few use stay. */
	kept = take(&b, INADDR_LOOPBACK, &peer);
	end = clock_mono_ms() + 2100;
	while (clock_mono_ms() < end)
		poll(NULL, 0, 10);
	port_drop(take(&b, INADDR_LOOPBACK, &peer), &peer, false);
	CU_ASSERT_EQUAL(ports_open(b.ports), 2);
	port_drop(kept, &peer, false);
	CU_ASSERT_EQUAL(ports_open(b.ports), 1);
	bench_close(&b);
}

/* Which of them is next is not to be told from the last ones. */
static void
ports_are_taken_at_random(void)
{
	enum { TRANSFERS = 200 };

	struct udp_address peer = address_of(0x0a000001, 4711);
	struct port *last = NULL, *p;
	unsigned same = 0;
	struct bench b;

	bench_open(&b);
	for (int i = 0; i < 10 * LEAST; i++)
		port_drop(take(&b, INADDR_LOOPBACK, &peer), &peer, false);
	for (int i = 0; i < TRANSFERS; i++) {
		p = take(&b, INADDR_LOOPBACK, &peer);
		port_drop(p, &peer, false);
		same += p == last; /* in turn it never is */
		last = p;
	}
	CU_ASSERT(same > 0 && same < TRANSFERS / 2);
	bench_close(&b);
}

static void
a_port_of_ones_own_is_nobody_elses(void)
{
	struct udp_address here = address_of(INADDR_LOOPBACK, 0), at[2], stranger;
	struct port *own[2];
	struct bench b;
	struct err e;
	int fd[3];
	char buf[8];

	bench_open(&b);
	for (int i = 0; i < 3; i++)
		fd[i] = udp_open_at(&here, &e);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(udp_local(fd[i], &at[i], &e), 0);
		own[i] = ports_take_alone(b.ports, &here, &at[i], &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(own[i]);
	}
	CU_ASSERT_EQUAL(ports_open(b.ports), 2);
	CU_ASSERT_EQUAL_FATAL(udp_local(port_fd(own[0]), &stranger, &e), 0);
	CU_ASSERT_EQUAL(udp_connect(fd[1], &stranger, &e), 0);
	CU_ASSERT_EQUAL(send(fd[1], "x", 1, 0), 1);
	CU_ASSERT(send(fd[1], "x", 1, 0) < 0); /* refused, as where nobody is */
	udp_send(fd[0], &stranger, bytes_of("y"));
	CU_ASSERT_EQUAL(post_receive(b.post, port_fd(own[0])), 1);
	post_send(b.post, port_fd(own[0]), &at[0], bytes_of("answer"));
	port_drop(own[0], &at[0], true);
	CU_ASSERT_EQUAL(recv(fd[0], buf, sizeof(buf), MSG_DONTWAIT), 6);
	CU_ASSERT_EQUAL(ports_open(b.ports), 1);
	port_drop(own[1], &at[1], true);
	CU_ASSERT_EQUAL(ports_open(b.ports), 0);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	bench_close(&b);
}

static void
ports_of_ones_own_have_a_limit(void)
{
	struct udp_address here = address_of(INADDR_LOOPBACK, 0), peer = here;
	struct port *own[ALONE];
	struct bench b;
	struct err e;

	bench_open(&b);
	peer.at.v4.sin_port = htons(9);
	for (int i = 0; i < ALONE; i++) {
		own[i] = ports_take_alone(b.ports, &here, &peer, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(own[i]);
	}
	CU_ASSERT_PTR_NULL(ports_take_alone(b.ports, &here, &peer, &e));
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	port_drop(own[0], &peer, false);
	own[0] = ports_take_alone(b.ports, &here, &peer, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(own[0]);
	for (int i = 0; i < ALONE; i++)
		port_drop(own[i], &peer, false);
	CU_ASSERT_EQUAL(ports_open(b.ports), 0);
	bench_close(&b);
}

static void
ports_come_from_the_address_that_was_asked(void)
{
	struct udp_address peer = address_of(0x0a000001, 4711), here = address_of(0x7f000102, 0);
	struct udp_address bound;
	struct bench b;
	struct err e;
	struct port *p;

	bench_open(&b);
	p = take(&b, 0x7f000102, &peer);
	CU_ASSERT_EQUAL_FATAL(udp_local(port_fd(p), &bound, &e), 0);
	CU_ASSERT(udp_same_host(&bound, &here));
	CU_ASSERT(udp_port(&bound) != 0);
	port_drop(p, &peer, false);
	bench_close(&b);
}

static void
more_transfers_get_more_ports_and_give_them_back(void)
{
	struct port **taken = mem_array(MANY, sizeof(*taken));
	struct udp_address peer;
	struct bench b;
	unsigned most;

	bench_open(&b);
	for (uint16_t i = 0; i < MANY; i++) {
		peer = address_of(0x0a000001, (uint16_t)(1024 + i));
		taken[i] = take(&b, INADDR_LOOPBACK, &peer);
		CU_ASSERT_PTR_NOT_NULL_FATAL(taken[i]);
	}
	most = ports_open(b.ports);
	CU_ASSERT(most > LEAST && most < MANY / 10);
	for (uint16_t i = 0; i < MANY; i++) {
		peer = address_of(0x0a000001, (uint16_t)(1024 + i));
		port_drop(taken[i], &peer, true);
	}
	CU_ASSERT(ports_open(b.ports) <= LEAST);
	free(taken);
	bench_close(&b);
}

static void
addresses_of_ours_have_a_limit(void)
{
	struct udp_address peer = address_of(0x0a000001, 4711);
	struct port *taken[SITES];
	struct bench b;

	bench_open(&b);
	for (uint32_t i = 0; i < 3 * SITES; i++)
		port_drop(take(&b, 0x7f010001 + i, &peer), &peer, false);
	CU_ASSERT(ports_open(b.ports) <= LEAST * SITES);
	for (uint32_t i = 0; i < SITES; i++) {
		taken[i] = take(&b, 0x7f020001 + i, &peer);
		CU_ASSERT_PTR_NOT_NULL_FATAL(taken[i]);
	}
	CU_ASSERT_PTR_NULL(take(&b, 0x7f030001, &peer));
	port_drop(taken[7], &peer, false);
	taken[7] = take(&b, 0x7f030001, &peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(taken[7]);
	for (uint32_t i = 0; i < SITES; i++)
		port_drop(taken[i], &peer, false);
	bench_close(&b);
}

static void
an_address_that_is_not_ours_has_none(void)
{
	struct udp_address peer = address_of(0x0a000001, 4711);
	struct bench b;

	bench_open(&b);
	CU_ASSERT_PTR_NULL(take(&b, 0xc0000201, &peer)); /* 192.0.2.1: documentation */
	CU_ASSERT_EQUAL(ports_open(b.ports), 0);
	bench_close(&b);
}

/* Used to be read after it was closed, when the first of the packets that had come ended its last
 * transfer. */
static void
a_port_outlives_what_is_read_from_it(void)
{
	struct udp_address peer = address_of(0x0a000001, 4711),
			   here = address_of(INADDR_LOOPBACK, 0);
	struct udp_address at;
	struct port *p;
	char buf[16];
	struct bench b;
	struct err e;
	unsigned others;
	int fd;

	bench_open(&b);
	p = take(&b, INADDR_LOOPBACK, &peer);
	ports_seen(&b, 2 * LEAST * USES); /* now it is to be closed with its last transfer */
	others = ports_open(b.ports) - 1;
	fd = udp_open_at(&here, &e);
	CU_ASSERT_EQUAL_FATAL(udp_local(fd, &b.peer, &e), 0);
	CU_ASSERT_EQUAL_FATAL(udp_local(port_fd(p), &at, &e), 0);
	udp_send(fd, &at, bytes_of("x"));
	loop_turn(b.loop);
	CU_ASSERT_EQUAL(b.ready, 1);
	CU_ASSERT_EQUAL(ports_open(b.ports), others);
	CU_ASSERT_EQUAL(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 4); /* sent before it closed */
	close(fd);
	bench_close(&b);
}

static const struct suite_test tests[] = {
	{ "a peer's next transfer has another port", a_peers_next_transfer_has_another_port },
	{ "peers of a host are told apart", peers_of_a_host_are_told_apart },
	{ "a port is given up after a while", a_port_is_given_up_after_a_while },
	{ "ports are taken at random", ports_are_taken_at_random },
	{ "a port of one's own is nobody else's", a_port_of_ones_own_is_nobody_elses },
	{ "ports of one's own have a limit", ports_of_ones_own_have_a_limit },
	{ "ports come from the address that was asked",
	    ports_come_from_the_address_that_was_asked },
	{ "more transfers get more ports and give them back",
	    more_transfers_get_more_ports_and_give_them_back },
	{ "addresses of ours have a limit", addresses_of_ours_have_a_limit },
	{ "an address that is not ours has none", an_address_that_is_not_ours_has_none },
	{ "a port outlives what is read from it", a_port_outlives_what_is_read_from_it },
};

SUITE_MAIN("tftp/ports", tests)
