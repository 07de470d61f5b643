/* Datagrams by the dozen, between sockets of this process. */
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/post.h"

struct end {
	int fd;
	struct udp_address at;
};

static void
end_open(struct end *end)
{
	struct udp_address here = { .n = sizeof(here.at.v4) };
	struct err e;

	here.at.v4.sin_family = AF_INET;
	here.at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	end->fd = udp_open_at(&here, &e);
	if (end->fd < 0 || udp_local(end->fd, &end->at, &e) != 0)
		abort();
	udp_make_room(end->fd);
}

static void
set(const struct end *end, int level, int name, int value)
{
	if (setsockopt(end->fd, level, name, &value, sizeof(value)) != 0)
		abort();
}

/* A datagram of n bytes that can be told from others of its size. */
static void
send_marked(struct post *p, const struct end *from, const struct end *to, uint8_t mark, size_t n)
{
	struct wr w = { 0 };

	wr_fill(&w, mark, n);
	post_send(p, from->fd, &to->at, wr_view(&w));
	wr_free(&w);
}

/* The next one is n bytes of this mark; it must be there already. */
static bool
has_got(const struct end *end, uint8_t mark, size_t n)
{
	static uint8_t buf[70000];
	ssize_t got = recv(end->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (got != (ssize_t)n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (buf[i] != mark)
			return false;
	return true;
}

static bool
has_nothing(const struct end *end)
{
	uint8_t buf[1];

	return recv(end->fd, buf, sizeof(buf), MSG_DONTWAIT) < 0;
}

static void
what_waits_goes_to_whom_it_is_for(void)
{
	struct post *p = post_new(true);
	struct end from[2], to[2];

	for (int i = 0; i < 2; i++) {
		end_open(&from[i]);
		end_open(&to[i]);
	}
	send_marked(p, &from[0], &to[0], 'a', 516);
	send_marked(p, &from[0], &to[1], 'b', 516);
	send_marked(p, &from[1], &to[0], 'c', 4);
	send_marked(p, &from[0], &to[0], 'd', 0);
	send_marked(p, &from[0], &to[0], 'e', 0);
	CU_ASSERT(has_nothing(&to[0]));
	post_flush(p);
	CU_ASSERT(has_got(&to[0], 'a', 516));
	CU_ASSERT(has_got(&to[1], 'b', 516));
	CU_ASSERT(has_got(&to[0], 'd', 0)); /* those of a socket go together */
	CU_ASSERT(has_got(&to[0], 'e', 0));
	CU_ASSERT(has_got(&to[0], 'c', 4));
	post_flush(p);
	CU_ASSERT(has_nothing(&to[0]) && has_nothing(&to[1]));
	for (int i = 0; i < 2; i++) {
		close(from[i].fd);
		close(to[i].fd);
	}
	post_free(p);
}

/* Two windows, of which the second ends the file. */
static void
send_windows(struct post *p, const struct end *from, const struct end *to)
{
	for (uint8_t i = 0; i < 16; i++)
		send_marked(p, from, to, i, 1472);
	for (uint8_t i = 16; i < 20; i++)
		send_marked(p, from, to, i, 1472);
	send_marked(p, from, to, 20, 300);
	send_marked(p, from, to, 21, 1472);
	post_flush(p);
}

static void
check_windows(const struct end *to)
{
	for (uint8_t i = 0; i < 20; i++)
		CU_ASSERT(has_got(to, i, 1472));
	CU_ASSERT(has_got(to, 20, 300));
	CU_ASSERT(has_got(to, 21, 1472));
	CU_ASSERT(has_nothing(to));
}

static void
a_window_arrives_block_by_block(void)
{
	struct end from, to;

	for (int segments = 0; segments < 2; segments++) {
		struct post *p = post_new(segments);

		end_open(&from);
		end_open(&to);
		send_windows(p, &from, &to);
		check_windows(&to);
		close(from.fd);
		close(to.fd);
		post_free(p);
	}
}

/* Who asks for it (UDP_GRO) is given a long datagram as it was sent. */
static void
a_window_is_one_datagram_until_the_kernel_cuts_it(void)
{
	struct post *p = post_new(true);
	static uint8_t buf[70000];
	struct end from, to;

	end_open(&from);
	end_open(&to);
	set(&to, IPPROTO_UDP, UDP_GRO, 1);
	send_windows(p, &from, &to);
	CU_ASSERT_EQUAL(recv(to.fd, buf, sizeof(buf), MSG_DONTWAIT), 20 * 1472 + 300);
	CU_ASSERT_EQUAL(recv(to.fd, buf, sizeof(buf), MSG_DONTWAIT), 1472);
	CU_ASSERT(has_nothing(&to));
	close(from.fd);
	close(to.fd);
	post_free(p);
}

/* Linux up to 6.8 cuts into no more than 64. */
static void
more_than_the_kernel_cuts_into_goes_in_two(void)
{
	struct post *p = post_new(true);
	static uint8_t buf[70000];
	struct end from, to;

	end_open(&from);
	end_open(&to);
	set(&to, IPPROTO_UDP, UDP_GRO, 1);
	for (int i = 0; i < 100; i++)
		send_marked(p, &from, &to, 'x', 10);
	post_flush(p);
	CU_ASSERT_EQUAL(recv(to.fd, buf, sizeof(buf), MSG_DONTWAIT), 64 * 10);
	CU_ASSERT_EQUAL(recv(to.fd, buf, sizeof(buf), MSG_DONTWAIT), 36 * 10);
	CU_ASSERT(has_nothing(&to));
	close(from.fd);
	close(to.fd);
	post_free(p);
}

/* A broadcast needs a permission that nobody asked for. */
static void
what_the_kernel_does_not_take_is_counted(void)
{
	struct post *p = post_new(true);
	struct end from, to, everybody;

	end_open(&from);
	end_open(&to);
	everybody = to;
	everybody.at.at.v4.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	send_marked(p, &from, &everybody, 'x', 10);
	post_flush(p);
	CU_ASSERT_EQUAL(post_unsent(p), 1);
	send_marked(p, &from, &to, 'a', 10);
	send_marked(p, &from, &everybody, 'x', 10);
	send_marked(p, &from, &to, 'b', 10);
	post_flush(p);
	CU_ASSERT_EQUAL(post_unsent(p), 2);
	send_marked(p, &from, &everybody, 'x', 10);
	send_marked(p, &from, &everybody, 'x', 10);
	send_marked(p, &from, &everybody, 'x', 10);
	post_flush(p);
	CU_ASSERT_EQUAL(post_unsent(p), 5);
	CU_ASSERT(has_got(&to, 'a', 10));
	CU_ASSERT(has_got(&to, 'b', 10));
	close(from.fd);
	close(to.fd);
	post_free(p);
}

/* Without checksums it does not cut (EINVAL). */
static void
where_the_kernel_cannot_cut_they_go_one_by_one(void)
{
	struct post *p = post_new(true);
	struct end from, to;

	end_open(&from);
	end_open(&to);
	set(&from, SOL_SOCKET, SO_NO_CHECK, 1);
	send_windows(p, &from, &to);
	check_windows(&to);
	close(from.fd);
	close(to.fd);
	post_free(p);
}

static void
more_than_there_is_room_for_goes_at_once(void)
{
	struct post *p = post_new(true);
	struct end from, to;
	unsigned got = 0;

	end_open(&from);
	end_open(&to);
	for (uint8_t i = 0; i < POST_BATCH + 1; i++)
		send_marked(p, &from, &to, i, (size_t)i + 1); /* each larger: none joins another */
	for (uint8_t i = 0; i < POST_BATCH; i++)
		CU_ASSERT(has_got(&to, i, (size_t)i + 1));
	CU_ASSERT(has_nothing(&to));
	post_flush(p);
	CU_ASSERT(has_got(&to, POST_BATCH, POST_BATCH + 1));
	for (uint8_t i = 0; i < 5; i++)
		send_marked(p, &from, &to, i, 65468);
	post_flush(p);
	while (got < 5 && has_got(&to, (uint8_t)got, 65468))
		got++;
	CU_ASSERT_EQUAL(got, 5);
	close(from.fd);
	close(to.fd);
	post_free(p);
}

static void
what_has_come_is_taken_together(void)
{
	struct post *p = post_new(true);
	struct end from, to;

	end_open(&from);
	end_open(&to);
	CU_ASSERT_EQUAL(post_receive(p, to.fd), 0);
	for (uint8_t i = 0; i < POST_BATCH + 2; i++)
		send_marked(p, &from, &to, i, i == 1 ? 2000 : i);
	post_flush(p);
	CU_ASSERT_EQUAL(post_receive(p, to.fd), POST_BATCH);
	CU_ASSERT_EQUAL(post_datagram(p, 0).n, 0);
	CU_ASSERT_EQUAL(post_datagram(p, 1).n, POST_RECEIVED_MAX);
	CU_ASSERT_EQUAL(post_datagram(p, 2).n, 2);
	CU_ASSERT_EQUAL(post_datagram(p, 2).p[1], 2);
	CU_ASSERT(udp_eq(post_from(p, 63), &from.at));
	CU_ASSERT_EQUAL(post_receive(p, to.fd), 2);
	CU_ASSERT_EQUAL(post_datagram(p, 1).n, 65);
	CU_ASSERT_EQUAL(post_receive(p, to.fd), 0);
	close(from.fd);
	close(to.fd);
	post_free(p);
}

static void
the_address_it_came_to_is_told(void)
{
	struct post *p = post_new(true);
	struct end from, to = { 0 };
	struct udp_address asked;
	struct err e;

	end_open(&from);
	to.fd = udp_listen("0.0.0.0", 0, &e);
	CU_ASSERT_EQUAL_FATAL(udp_local(to.fd, &to.at, &e), 0);
	to.at.at.v4.sin_addr.s_addr = htonl(0x7f000503);
	send_marked(p, &from, &to, 'x', 3);
	post_flush(p);
	CU_ASSERT_EQUAL_FATAL(post_receive(p, to.fd), 1);
	asked = post_to(p, 0);
	CU_ASSERT(asked.n > 0 && udp_same_host(&asked, &to.at));
	close(from.fd);
	close(to.fd);
	post_free(p);
}

static const struct suite_test tests[] = {
	{ "what waits goes to whom it is for", what_waits_goes_to_whom_it_is_for },
	{ "a window arrives block by block", a_window_arrives_block_by_block },
	{ "a window is one datagram until the kernel cuts it",
	    a_window_is_one_datagram_until_the_kernel_cuts_it },
	{ "more than the kernel cuts into goes in two",
	    more_than_the_kernel_cuts_into_goes_in_two },
	{ "what the kernel does not take is counted", what_the_kernel_does_not_take_is_counted },
	{ "where the kernel cannot cut they go one by one",
	    where_the_kernel_cannot_cut_they_go_one_by_one },
	{ "more than there is room for goes at once", more_than_there_is_room_for_goes_at_once },
	{ "what has come is taken together", what_has_come_is_taken_together },
	{ "the address it came to is told", the_address_it_came_to_is_told },
};

SUITE_MAIN("tftp/post", tests)
