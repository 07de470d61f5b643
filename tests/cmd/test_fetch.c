/* fetch.c talks to a small TFTP server of this file, on a port that the kernel picks. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/phone/fetch.h"
#include "tests/support/suite.h"

enum { BLOCK = 512 };

static struct {
	int fd;
	pthread_t thread;
	struct fetch_server address;
	char asked[FETCH_NAME_MAX]; /* the last read request, from the name on */
	size_t asked_n;
} counter;

static void
reply(const struct sockaddr_in *to, const struct wr *w)
{
	sendto(counter.fd, w->p, w->n, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void
send_block(const struct sockaddr_in *to, uint16_t number, size_t n)
{
	struct wr w = { 0 };

	wr_u16(&w, 3);
	wr_u16(&w, number);
	wr_fill(&w, 'x', n);
	reply(to, &w);
	wr_free(&w);
}

static void
send_error(const struct sockaddr_in *to, uint16_t code)
{
	struct wr w = { 0 };

	wr_u16(&w, 5);
	wr_u16(&w, code);
	wr_text(&w, "no");
	wr_u8(&w, 0);
	reply(to, &w);
	wr_free(&w);
}

static void
on_request(const struct sockaddr_in *from, struct bytes name)
{
	memcpy(counter.asked, name.p, name.n);
	counter.asked_n = name.n;
	if (strcmp(counter.asked, "small") == 0)
		send_block(from, 1, 5);
	else if (strcmp(counter.asked, "endless") == 0)
		send_block(from, 1, BLOCK);
	else if (strcmp(counter.asked, "missing") == 0)
		send_error(from, 1);
	else if (strcmp(counter.asked, "denied") == 0)
		send_error(from, 2);
	else if (strcmp(counter.asked, "odd") == 0)
		send_error(from, 0);
}

/* Until an empty datagram comes. */
static void *
serve(void *ctx)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	uint8_t packet[BLOCK];
	ssize_t n;

	while ((n = recvfrom(
		    counter.fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size)) > 0) {
		struct rd r = rd_over(bytes_over(packet, (size_t)n));
		uint16_t opcode = rd_u16(&r);

		if (opcode == 1 && rd_left(&r) < sizeof(counter.asked))
			on_request(&from, rd_rest(&r));
		if (opcode == 4 && strcmp(counter.asked, "endless") == 0)
			send_block(&from, (uint16_t)(rd_u16(&r) + 1), BLOCK);
	}
	return ctx;
}

static struct sockaddr_in
start_serving(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);

	counter.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(counter.fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    getsockname(counter.fd, (struct sockaddr *)&here, &size) != 0 ||
	    pthread_create(&counter.thread, NULL, serve, NULL) != 0)
		abort();
	counter.address =
	    (struct fetch_server){ .address = { .host = "127.0.0.1", .port = ntohs(here.sin_port) },
		    .seconds = 20 };
	return here;
}

static void
stop_serving(const struct sockaddr_in *here)
{
	sendto(counter.fd, NULL, 0, 0, (const struct sockaddr *)here, sizeof(*here));
	pthread_join(counter.thread, NULL);
	close(counter.fd);
}

static enum fetch_outcome
get(const char *name, unsigned seconds, struct wr *out, struct err *e)
{
	struct sockaddr_in here = start_serving();
	struct fetcher f = fetch_over_network(&counter.address);
	enum fetch_outcome outcome;

	counter.address.seconds = seconds;
	outcome = f.get(f.ctx, name, out, e);
	stop_serving(&here);
	return outcome;
}

static void
a_file_comes_behind_what_is_there(void)
{
	struct wr w = { 0 };
	struct err e;

	wr_text(&w, ">");
	CU_ASSERT_EQUAL(get("small", 20, &w, &e), FETCH_GOT);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), ">xxxxx");
	wr_free(&w);
}

static void
it_asks_without_options(void)
{
	struct wr w = { 0 };
	struct err e;

	get("small", 20, &w, &e);
	CU_ASSERT(bytes_eq(bytes_over(counter.asked, counter.asked_n),
	    bytes_over("small\0octet", sizeof("small\0octet"))));
	wr_free(&w);
}

static void
errors_are_told_apart(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(get("missing", 20, &w, &e), FETCH_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "has no missing");
	CU_ASSERT_EQUAL(get("denied", 20, &w, &e), FETCH_ERROR);
	ASSERT_ERR_SAYS(e, "did not give denied");
	CU_ASSERT_EQUAL(get("odd", 20, &w, &e), FETCH_ERROR);
	ASSERT_ERR_SAYS(e, "did not give odd");
	CU_ASSERT_EQUAL(w.n, 0);
	wr_free(&w);
}

static void
more_than_a_phone_takes_is_refused(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(get("endless", 60, &w, &e), FETCH_TOO_LARGE);
	ASSERT_ERR_SAYS(e, "2048 KB");
	CU_ASSERT_EQUAL(w.n, 0);
	wr_free(&w);
}

static void
silence_ends_in_time(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(get("silent", 1, &w, &e), FETCH_UNREACHABLE);
	ASSERT_ERR_SAYS(e, "within 1 s");
	wr_free(&w);
}

static void
a_host_that_is_none_is_not_asked(void)
{
	struct fetch_server bad = { .address = { .host = "a/b", .port = 6969 }, .seconds = 1 };
	struct fetcher f = fetch_over_network(&bad);
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(f.get(f.ctx, "small", &w, &e), FETCH_ERROR);
	ASSERT_ERR_SAYS(e, "not the name of a host");
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "a file comes behind what is there", a_file_comes_behind_what_is_there },
	{ "it asks without options, as phones do", it_asks_without_options },
	{ "errors are told apart", errors_are_told_apart },
	{ "more than a phone takes is refused", more_than_a_phone_takes_is_refused },
	{ "silence ends in time", silence_ends_in_time },
	{ "a host that is none is not asked", a_host_that_is_none_is_not_asked },
};

SUITE_MAIN("cmd/fetch", tests)
