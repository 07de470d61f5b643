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

/* ---- HTTP first ---- */

/* Answers whoever connects with one text, until it is closed. */
static struct {
	int fd;
	pthread_t thread;
	const char *says;
	char asked[1000]; /* last */
} web;

static void *
serve_web(void *ctx)
{
	int fd;

	while ((fd = accept(web.fd, NULL, NULL)) >= 0) {
		size_t n = 0;
		ssize_t got = 1;

		memset(web.asked, 0, sizeof(web.asked));
		while (got > 0 && strstr(web.asked, "\r\n\r\n") == NULL) {
			got = recv(fd, &web.asked[n], sizeof(web.asked) - 1 - n, 0);
			n += got > 0 ? (size_t)got : 0;
		}
		send(fd, web.says, strlen(web.says), MSG_NOSIGNAL);
		close(fd);
	}
	return ctx;
}

static uint16_t
start_web(const char *says)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);

	web.says = says;
	web.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(web.fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(web.fd, 5) != 0 ||
	    getsockname(web.fd, (struct sockaddr *)&here, &size) != 0 ||
	    pthread_create(&web.thread, NULL, serve_web, NULL) != 0)
		abort();
	return ntohs(here.sin_port);
}

static void
stop_web(void)
{
	shutdown(web.fd, SHUT_RDWR);
	pthread_join(web.thread, NULL);
	close(web.fd);
}

static enum fetch_outcome
get_by_both(const char *name, const char *says, struct wr *out, struct err *e)
{
	struct sockaddr_in here = start_serving();
	struct fetcher f = fetch_over_network(&counter.address);
	enum fetch_outcome outcome;

	memset(counter.asked, 0, sizeof(counter.asked));
	counter.address.http_port = start_web(says);
	outcome = f.get(f.ctx, name, out, e);
	stop_web();
	stop_serving(&here);
	return outcome;
}

static void
http_comes_first(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(
	    get_by_both("small", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nweb", &w, &e),
	    FETCH_GOT);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "web");
	CU_ASSERT_NSTRING_EQUAL(web.asked, "GET /small HTTP/1.1\r\nHost: 127.0.0.1:", 37);
	CU_ASSERT_STRING_EQUAL(counter.asked, ""); /* nobody asked by TFTP */
	wr_free(&w);
}

/* As the console of an 8945 tells it. */
static void
what_http_does_not_give_comes_by_tftp(void)
{
	static const char *const answers[] = {
		"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\ntorn", "", "no HTTP"
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct wr w = { 0 };
		struct err e;

		CU_ASSERT_EQUAL(get_by_both("small", answers[i], &w, &e), FETCH_GOT);
		CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "xxxxx");
		wr_free(&w);
		CU_ASSERT_EQUAL(get_by_both("missing", answers[i], &w, &e), FETCH_NOT_FOUND);
		wr_free(&w);
	}
}

static void
nobody_at_the_http_port_is_no_reason_to_wait(void)
{
	struct sockaddr_in here = start_serving();
	struct fetcher f = fetch_over_network(&counter.address);
	struct wr w = { 0 };
	struct err e;

	counter.address.http_port = start_web("");
	stop_web();
	CU_ASSERT_EQUAL(f.get(f.ctx, "small", &w, &e), FETCH_GOT);
	wr_free(&w);
	stop_serving(&here);
}

static const struct suite_test tests[] = {
	{ "HTTP comes first", http_comes_first },
	{ "what HTTP does not give comes by TFTP", what_http_does_not_give_comes_by_tftp },
	{ "nobody at the HTTP port is no reason to wait",
	    nobody_at_the_http_port_is_no_reason_to_wait },
	{ "a file comes behind what is there", a_file_comes_behind_what_is_there },
	{ "it asks without options, as phones do", it_asks_without_options },
	{ "errors are told apart", errors_are_told_apart },
	{ "more than a phone takes is refused", more_than_a_phone_takes_is_refused },
	{ "silence ends in time", silence_ends_in_time },
	{ "a host that is none is not asked", a_host_that_is_none_is_not_asked },
};

SUITE_MAIN("cmd/fetch", tests)
