/* The TFTP counter over the loopback interface, server and phones in one thread: the loop is turned
 * by hand until what is awaited has come. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/server.h"
#include "tftp/udp.h"

enum { PATIENCE_MS = 10000, PACKET_MAX = 66000 };

struct bench {
	struct loop *loop;
	struct tftp_server *server;
	struct tftp_service service;
	uint16_t port;
	/* What the service saw last. */
	char name[TFTP_NAME_MAX + 1], peer[UDP_TEXT_MAX], local[UDP_TEXT_MAX];
	unsigned asked, done;
	enum tftp_outcome outcome;
	uint64_t bytes;
	char line[1024]; /* of the log */
};

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	struct bench *b = ctx;

	(void)level;
	snprintf(b->line, sizeof(b->line), "%s", line);
}

static struct content *
content_of_size(size_t n)
{
	struct wr w = { 0 };

	for (size_t i = 0; i < n; i++)
		wr_u8(&w, (uint8_t)(i * 31 + i / 256));
	return content_of_memory(&w, NULL);
}

/* "bytes-N" has N bytes, also with a phone's name before it; "error-N" fails with that code;
 * "silence" gets no answer. */
static int
resolve(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e)
{
	struct bench *b = ctx;
	const char *size = strstr(ask->name, "bytes-"), *code = strstr(ask->name, "error-");

	b->asked++;
	snprintf(b->name, sizeof(b->name), "%s", ask->name);
	snprintf(b->peer, sizeof(b->peer), "%s", ask->peer);
	snprintf(b->local, sizeof(b->local), "%s", ask->local);
	if (code != NULL)
		return err_set(e, (enum err_code)atoi(&code[6]), "no such luck");
	if (strcmp(ask->name, "silence") == 0)
		return 0;
	if (size == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such file");
	*out = content_of_size((size_t)atol(&size[6]));
	return 0;
}

static void
on_done(
    void *ctx, const struct tftp_ask *ask, enum tftp_outcome outcome, uint64_t bytes, int64_t ms)
{
	struct bench *b = ctx;

	CU_ASSERT_STRING_EQUAL(ask->name, b->name);
	CU_ASSERT(ms >= 0);
	b->done++;
	b->outcome = outcome;
	b->bytes = bytes;
}

/* What differs from the usual is set in b->service before. */
static void
bench_open(struct bench *b, const char *address)
{
	struct err e;

	b->service.resolve = resolve;
	b->service.done = on_done;
	b->service.ctx = b;
	b->loop = loop_new(&e);
	b->server = tftp_server_open(b->loop, address, 0, &b->service, &e);
	if (b->server == NULL) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	b->port = tftp_server_port(b->server);
	log_set_sink(on_log, b);
}

static void
bench_close(struct bench *b)
{
	tftp_server_close(b->server);
	loop_free(b->loop);
	log_set_sink(NULL, NULL);
}

struct phone {
	int fd;
	struct udp_address server; /* where its last packet came from */
	uint8_t packet[PACKET_MAX];
	struct bytes got; /* into packet */
};

static struct udp_address
address_of(const char *host, uint16_t port)
{
	struct udp_address a = { 0 };

	if (inet_pton(AF_INET, host, &a.at.v4.sin_addr) == 1) {
		a.n = sizeof(a.at.v4);
		a.at.v4.sin_family = AF_INET;
		a.at.v4.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, host, &a.at.v6.sin6_addr) == 1) {
		a.n = sizeof(a.at.v6);
		a.at.v6.sin6_family = AF_INET6;
		a.at.v6.sin6_port = htons(port);
	} else {
		abort();
	}
	return a;
}

static void
phone_open(struct phone *p, const char *host)
{
	struct udp_address here = address_of(host, 0);
	struct err e;

	p->got = bytes_over(NULL, 0);
	p->fd = udp_open_at(&here, &e);
	if (p->fd < 0)
		abort();
}

static void
phone_close(struct phone *p)
{
	close(p->fd);
}

/* A request in text, '|' for NUL. */
static void
phone_asks_at(struct phone *p, const char *host, uint16_t port, uint16_t op, const char *text)
{
	struct udp_address to = address_of(host, port);
	struct wr w = { 0 };

	wr_u16(&w, op);
	for (; *text != '\0'; text++)
		wr_u8(&w, *text == '|' ? '\0' : (uint8_t)*text);
	udp_send(p->fd, &to, wr_view(&w));
	wr_free(&w);
}

static void
phone_asks(struct phone *p, const struct bench *b, const char *text)
{
	phone_asks_at(p, "127.0.0.1", b->port, TFTP_RRQ, text);
}

static void
phone_sends(struct phone *p, const struct tftp_packet *packet)
{
	struct wr w = { 0 };

	tftp_encode(packet, &w);
	udp_send(p->fd, &p->server, wr_view(&w));
	wr_free(&w);
}

static void
phone_acks(struct phone *p, uint16_t block)
{
	phone_sends(p, &(struct tftp_packet){ .op = TFTP_ACK, .block = block });
}

static bool
phone_looks(struct phone *p)
{
	socklen_t *size = &p->server.n;
	ssize_t n;

	p->server = (struct udp_address){ .n = sizeof(p->server.at) };
	n = recvfrom(p->fd, p->packet, sizeof(p->packet), 0, &p->server.at.any, size);
	p->got = bytes_over(p->packet, n < 0 ? 0 : (size_t)n);
	return n >= 0;
}

/* Turns the loop until a packet is there. */
static bool
phone_takes(struct phone *p, struct bench *b)
{
	struct pollfd wait = { p->fd, POLLIN, 0 };
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (clock_mono_ms() < end) {
		loop_turn(b->loop);
		if (phone_looks(p))
			return true;
		poll(&wait, 1, 1);
	}
	return false;
}

/* Turns the loop until so many transfers run. */
static bool
runs(struct bench *b, unsigned transfers)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (tftp_server_transfers(b->server) != transfers && clock_mono_ms() < end) {
		loop_turn(b->loop);
		poll(NULL, 0, 1);
	}
	return tftp_server_transfers(b->server) == transfers;
}

/* All that has been sent on this machine is in the sockets already: the server takes all of it, and
 * what it answers is there, or nothing is. */
static bool
is_answered(struct phone *p, struct bench *b)
{
	for (int i = 0; i < 10; i++)
		loop_turn(b->loop);
	return phone_looks(p);
}

static bool
took_data(const struct phone *p, uint16_t block, size_t n)
{
	struct tftp_packet packet;
	struct err e;

	return tftp_decode(p->got, &packet, &e) == 0 && packet.op == TFTP_DATA &&
	       packet.block == block && packet.data.n == n;
}

static bool
took_error(const struct phone *p, uint16_t code, const char *text)
{
	struct tftp_packet packet;
	struct err e;

	return tftp_decode(p->got, &packet, &e) == 0 && packet.op == TFTP_ERROR &&
	       packet.code == code && bytes_eq_text(packet.text, text);
}

/* A whole transfer; the bytes that came must be those of content_of_size(). */
static bool
fetches(struct bench *b, struct phone *p, const char *at, size_t size, const char *options)
{
	char text[128];
	size_t got = 0, block_size = TFTP_BLOCK;
	struct tftp_packet packet = { 0 };
	struct err e;

	snprintf(text, sizeof(text), "bytes-%zu|octet|%s", size, options);
	phone_asks_at(p, at, b->port, TFTP_RRQ, text);
	do {
		if (!phone_takes(p, b) || tftp_decode(p->got, &packet, &e) != 0)
			return false;
		if (packet.op == TFTP_OACK)
			block_size = (size_t)packet.options.value[TFTP_BLKSIZE];
		for (size_t i = 0; i < packet.data.n; i++, got++)
			if (packet.data.p[i] != (uint8_t)(got * 31 + got / 256))
				return false;
		phone_acks(p, packet.block);
	} while (packet.op == TFTP_OACK || packet.data.n == block_size);
	return got == size && runs(b, 0);
}

/* Of how many transfers it is known how long they took. */
static uint64_t
timed(const struct bench *b)
{
	const struct took *took = &tftp_server_counters(b->server)->took;
	uint64_t n = 0;

	for (int i = 0; i <= TOOK_LIMITS; i++)
		n += took->n[i];
	return n;
}

static void
a_file_is_fetched(void)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 65536 };
	static const char *const options[] = { "", "blksize|512|", "blksize|1428|", "blksize|8192|",
		"blksize|65464|" };
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
			CU_ASSERT(fetches(&b, &p, "127.0.0.1", sizes[i], options[o]));
			CU_ASSERT(b.outcome == TFTP_SENT && b.bytes == sizes[i]);
			CU_ASSERT(udp_port(&p.server) != b.port);
		}
	}
	CU_ASSERT_EQUAL(b.asked, 30);
	CU_ASSERT_EQUAL(b.done, 30);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->requests, 30);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->outcomes[TFTP_SENT], 30);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->resent, 0);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->bytes, 5 * (1 + 511 + 512 + 513 + 65536));
	CU_ASSERT_EQUAL(timed(&b), 30);
	CU_ASSERT(tftp_server_counters(b.server)->took.us > 0);
	phone_close(&p);
	bench_close(&b);
}

static void
over_ipv6_too(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "::1");
	phone_open(&p, "::1");
	CU_ASSERT(fetches(&b, &p, "::1", 5000, "blksize|1428|"));
	CU_ASSERT_STRING_EQUAL(b.peer, "::1");
	CU_ASSERT_STRING_EQUAL(b.local, "::1");
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, " [::1]:"));
	phone_close(&p);
	bench_close(&b);
}

static void
answers_come_from_the_address_that_was_asked(void)
{
	struct udp_address asked = address_of("127.0.0.7", 0);
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "0.0.0.0");
	phone_open(&p, "127.0.0.9");
	CU_ASSERT(fetches(&b, &p, "127.0.0.7", 600, ""));
	CU_ASSERT(udp_same_host(&p.server, &asked));
	CU_ASSERT_STRING_EQUAL(b.local, "127.0.0.7");
	CU_ASSERT_STRING_EQUAL(b.peer, "127.0.0.9");
	phone_asks_at(&p, "127.0.0.7", b.port, TFTP_RRQ, "missing|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(udp_same_host(&p.server, &asked));
	phone_close(&p);
	bench_close(&b);

	b = (struct bench){ 0 };
	bench_open(&b, "::");
	phone_open(&p, "::1");
	CU_ASSERT(fetches(&b, &p, "::1", 600, ""));
	CU_ASSERT_STRING_EQUAL(b.local, "::1");
	phone_close(&p);
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-600|octet|");
	CU_ASSERT(!is_answered(&p, &b)); /* IPv4 is another server's */
	phone_close(&p);
	bench_close(&b);
}

static void
one_line_tells_of_each_transfer(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "SEP0011223344aa.bytes-3|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT_STRING_EQUAL(b.line, "");
	phone_acks(&p, 1);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, " info tftp 127.0.0.1:"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(b.line, " SEP0011223344AA sent file=SEP0011223344aa.bytes-3 bytes=3 ms="));
	phone_close(&p);
	bench_close(&b);
}

static void
a_missing_file_is_error_1_at_once(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "CTLSEP001122334455.tlv|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_error(&p, TFTP_E_NOT_FOUND, "File not found"));
	CU_ASSERT(udp_port(&p.server) != b.port);
	CU_ASSERT(b.done == 1 && b.outcome == TFTP_NOT_FOUND && b.bytes == 0);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(b.line, " SEP001122334455 not-found file=CTLSEP001122334455.tlv"));
	CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 0);
	phone_close(&p);
	bench_close(&b);
}

static void
check_refusal(uint16_t op, const char *request, uint16_t code, const char *told, bool is_told)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks_at(&p, "127.0.0.1", b.port, op, request);
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_error(&p, code, told));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, " refused "));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, " error="));
	CU_ASSERT_EQUAL(b.done, is_told ? 1 : 0);
	CU_ASSERT(!is_told || b.outcome == TFTP_REFUSED);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->outcomes[TFTP_REFUSED], 1);
	phone_close(&p);
	bench_close(&b);
}

static void
refusals_say_why_in_tftps_words(void)
{
	char text[32];

	check_refusal(TFTP_RRQ, "f|mail|", TFTP_E_ILLEGAL, "Illegal TFTP operation", false);
	check_refusal(TFTP_RRQ, "f|octet", TFTP_E_ILLEGAL, "Illegal TFTP operation", false);
	for (int code = ERR_NONE; code < ERR_CODES; code++) {
		bool access = code == ERR_NO || code == ERR_DENIED;

		if (code == ERR_NOT_FOUND)
			continue;
		snprintf(text, sizeof(text), "error-%d|octet|", code);
		check_refusal(TFTP_RRQ, text, access ? TFTP_E_ACCESS : TFTP_E_OTHER,
		    access		? "Access violation"
		    : code == ERR_LIMIT ? "Too large"
					: "Not now",
		    true);
	}
}

static void
a_service_may_stay_silent(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "silence|octet|");
	CU_ASSERT(!is_answered(&p, &b));
	CU_ASSERT(b.asked == 1 && b.done == 0);
	CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 0);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->silent, 1);
	CU_ASSERT_STRING_EQUAL(b.line, "");
	phone_close(&p);
	bench_close(&b);
}

static void
writing_is_refused(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	snprintf(b.name, sizeof(b.name), "bytes-5");
	phone_open(&p, "127.0.0.1");
	phone_asks_at(&p, "127.0.0.1", b.port, TFTP_WRQ, "bytes-5|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_error(&p, TFTP_E_ACCESS, "Access violation"));
	CU_ASSERT_EQUAL(b.asked, 0);
	CU_ASSERT(b.done == 1 && b.outcome == TFTP_REFUSED);
	phone_close(&p);
	bench_close(&b);
}

static void
names_come_as_they_are_and_are_logged_escaped(void)
{
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "../a\n\x1b[2J\"b\\|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT_STRING_EQUAL(b.name, "../a\n\x1b[2J\"b\\");
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "file=../a\\x0a\\x1b[2J\\x22b\\x5c"));
	phone_close(&p);
	bench_close(&b);
}

static void
what_is_no_request_gets_no_answer(void)
{
	static const char *const cases[] = { "", "00", "0003 0001 61", "0004 0000", "0005 0000 00",
		"0006 00", "0007 00", "ffff" };
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udp_address to = address_of("127.0.0.1", b.port);
		struct wr w = suite_hex(cases[i]);

		udp_send(p.fd, &to, wr_view(&w));
		CU_ASSERT(!is_answered(&p, &b));
		wr_free(&w);
	}
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->ignored, 8);
	CU_ASSERT_STRING_EQUAL(b.line, "");
	phone_close(&p);
	bench_close(&b);
}

static void
a_broadcast_gets_no_answer(void)
{
	struct bench b = { 0 };
	struct phone p;
	int yes = 1;

	bench_open(&b, "0.0.0.0");
	phone_open(&p, "127.0.0.1");
	CU_ASSERT_EQUAL(setsockopt(p.fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof(yes)), 0);
	phone_asks_at(&p, "127.255.255.255", b.port, TFTP_RRQ, "bytes-5|octet|");
	CU_ASSERT(!is_answered(&p, &b));
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->ignored, 1);
	phone_close(&p);
	bench_close(&b);
}

static void
a_request_that_comes_twice_is_one_transfer(void)
{
	struct bench b = { 0 };
	struct udp_address first;
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	first = p.server;
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 1, 512));
	CU_ASSERT(udp_eq(&p.server, &first));
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 2, 188));
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(!is_answered(&p, &b));
	CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 1);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->repeated, 2);
	CU_ASSERT_EQUAL(b.asked, 1);
	p.server = first;
	phone_acks(&p, 2);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT(b.outcome == TFTP_SENT && b.bytes == 700);
	phone_close(&p);
	bench_close(&b);
}

/* A phone that was switched off in the middle, and uses the same port as before. */
static void
the_same_request_after_a_pause_is_a_new_transfer(void)
{
	struct bench b = { .service.rules = { .first_ms = 5, .most_ms = 100000, .again_ms = 5 } };
	struct udp_address first;
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	first = p.server;
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b));
	poll(NULL, 0, 6);
	phone_asks(&p, &b, "bytes-700|octet|");
	while (phone_takes(&p, &b) && udp_eq(&p.server, &first))
		; /* the old one may have sent its block again */
	CU_ASSERT(took_data(&p, 1, 512));
	CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 1);
	CU_ASSERT_EQUAL(b.asked, 2);
	phone_close(&p);
	bench_close(&b);
}

static void
another_request_from_the_port_ends_the_old_transfer(void)
{
	struct bench b = { 0 };
	struct udp_address first;
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	first = p.server;
	phone_asks(&p, &b, "bytes-70|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 1, 70));
	CU_ASSERT(!udp_eq(&p.server, &first));
	CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 1);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->outcomes[TFTP_GIVEN_UP], 1);
	CU_ASSERT_EQUAL(timed(&b), tftp_server_counters(b.server)->outcomes[TFTP_SENT]);
	phone_close(&p);
	bench_close(&b);
}

static void
a_stranger_gets_error_5_and_disturbs_nobody(void)
{
	struct tftp_packet error = { .op = TFTP_ERROR };
	struct bench b = { 0 };
	struct phone p, stranger;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_open(&stranger, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b));
	stranger.server = p.server;
	phone_acks(&stranger, 1);
	CU_ASSERT(phone_takes(&stranger, &b));
	CU_ASSERT(took_error(&stranger, TFTP_E_UNKNOWN_TID, "Unknown transfer ID"));
	phone_sends(&stranger, &error);
	CU_ASSERT(!is_answered(&stranger, &b));
	stranger.server = p.server;
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 2, 188));
	phone_acks(&p, 2);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT_EQUAL(b.outcome, TFTP_SENT);
	phone_close(&p);
	phone_close(&stranger);
	bench_close(&b);
}

/* A copy of the last acknowledgement that comes late is nobody's, and the next transfer, which may
 * be waiting for its first, has another port. */
static void
what_comes_late_is_not_taken_for_the_next_transfer(void)
{
	struct bench b = { 0 };
	struct udp_address old;
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	for (int i = 0; i < 5; i++) {
		phone_asks(&p, &b, "bytes-700|octet|");
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 512));
		old = p.server;
		phone_acks(&p, 1);
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 2, 188));
		phone_acks(&p, 2);
		CU_ASSERT(runs(&b, 0));

		phone_asks(&p, &b, "bytes-600|octet|");
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 512));
		CU_ASSERT(!udp_eq(&p.server, &old));
		p.server = old;
		phone_acks(&p, 1);
		CU_ASSERT(!is_answered(&p, &b));
		phone_asks(&p, &b, "bytes-0|octet|"); /* it leaves that one */
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 0));
		phone_acks(&p, 1);
		CU_ASSERT(runs(&b, 0));
	}
	phone_close(&p);
	bench_close(&b);
}

static void
a_stranger_at_a_shared_port_gets_an_error(void)
{
	struct bench b = { 0 };
	struct phone p, stranger;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_open(&stranger, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 512));
	stranger.server = p.server;
	phone_acks(&stranger, 1);
	CU_ASSERT(phone_takes(&stranger, &b));
	CU_ASSERT(took_error(&stranger, TFTP_E_UNKNOWN_TID, "Unknown transfer ID"));
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 2, 188));
	phone_close(&p);
	phone_close(&stranger);
	bench_close(&b);
}

static void
a_phone_that_vanishes_is_forgotten(void)
{
	struct bench b = { .service.rules = { .first_ms = 5, .most_ms = 10, .resends = 3 } };
	unsigned copies = 0;
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(runs(&b, 1));
	CU_ASSERT(runs(&b, 0));
	while (phone_looks(&p))
		copies++;
	CU_ASSERT_EQUAL(copies, 1 + 3);
	CU_ASSERT(b.done == 1 && b.outcome == TFTP_GIVEN_UP && b.bytes == 0);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->resent, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, " given-up file=bytes-700 bytes=0 "));
	phone_close(&p);
	bench_close(&b);
}

/* It was told nothing of the end, so it is told when it comes back: then it need not wait. */
static void
a_phone_that_comes_back_late_is_told(void)
{
	struct bench b = { .service.rules = { .first_ms = 5, .most_ms = 10, .resends = 1 } };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 512));
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT_EQUAL(b.outcome, TFTP_GIVEN_UP);
	CU_ASSERT(phone_takes(&p, &b)); /* the resend */
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_error(&p, TFTP_E_UNKNOWN_TID, "Unknown transfer ID"));
	phone_close(&p);
	bench_close(&b);
}

/* The timer that was set for a long wait must not be kept when a short one takes its place. */
static void
a_lost_block_after_a_long_wait_comes_soon(void)
{
	struct bench b = { .service.rules = {
			       .first_ms = 20, .least_ms = 20, .most_ms = 100000, .resends = 30 } };
	struct phone p;
	int64_t since;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-1500|octet|");
	for (int i = 0; i < 5; i++) /* now it waits for 320 ms, until it has measured */
		CU_ASSERT(phone_takes(&p, &b));
	phone_acks(&p, 1);
	CU_ASSERT(phone_takes(&p, &b));
	phone_acks(&p, 2);
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 3, 476));
	since = clock_mono_ms();
	CU_ASSERT(phone_takes(&p, &b));
	CU_ASSERT(took_data(&p, 3, 476));
	CU_ASSERT(clock_mono_ms() - since < 200);
	phone_close(&p);
	bench_close(&b);
}

static void
an_error_from_the_phone_ends_the_transfer(void)
{
	struct tftp_packet enough = {
		.op = TFTP_ERROR, .code = 8, .text = bytes_of("size\nknown")
	};
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_asks(&p, &b, "bytes-700|octet|tsize|0|");
	CU_ASSERT(phone_takes(&p, &b));
	phone_sends(&p, &enough);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT_EQUAL(b.outcome, TFTP_STOPPED);
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "error=size\\x0aknown"));
	phone_close(&p);
	bench_close(&b);
}

/* As somebody may have sent it who knows both addresses; and what makes no sense at all. */
static void
what_is_forged_ends_nothing(void)
{
	struct tftp_packet forged[] = { { .op = TFTP_ERROR, .text = bytes_of("good bye") },
		{ .op = TFTP_DATA, .block = 1, .data = bytes_of("x") } };
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	for (size_t i = 0; i < 2; i++) {
		phone_asks(&p, &b, "bytes-700|octet|");
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 512));
		phone_sends(&p, &forged[i]);
		CU_ASSERT(!is_answered(&p, &b));
		CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 1);
	}
	phone_close(&p);
	bench_close(&b);
}

/* A copy of the request that ends it is not the phone's error. */
static void
who_asks_anew_after_an_error_has_stopped(void)
{
	struct tftp_packet enough = { .op = TFTP_ERROR, .text = bytes_of("size known") };
	struct bench b = { 0 };
	struct phone p;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	for (int i = 1; i <= 2; i++) {
		phone_asks(&p, &b, "bytes-700|octet|tsize|0|");
		CU_ASSERT(phone_takes(&p, &b));
		phone_sends(&p, &enough);
		CU_ASSERT(!is_answered(&p, &b));
		phone_asks(&p, &b, i == 1 ? "bytes-700|octet|tsize|0|" : "bytes-300|octet|");
		CU_ASSERT(phone_takes(&p, &b));
		CU_ASSERT_EQUAL(b.done, (unsigned)(2 * i - 1));
		CU_ASSERT_EQUAL(b.outcome, TFTP_STOPPED);
		CU_ASSERT_EQUAL(tftp_server_transfers(b.server), 1);
		phone_sends(&p, &enough);
		CU_ASSERT(runs(&b, 0));
	}
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->outcomes[TFTP_STOPPED], 4);
	phone_close(&p);
	bench_close(&b);
}

static bool
took_options(const struct phone *p, uint64_t block_size, uint64_t window)
{
	struct tftp_packet packet;
	struct err e;

	return tftp_decode(p->got, &packet, &e) == 0 && packet.op == TFTP_OACK &&
	       packet.options.value[TFTP_BLKSIZE] == block_size &&
	       packet.options.value[TFTP_WINDOWSIZE] == window;
}

/* Where a forged acknowledgement would bring many packets, or large ones, nobody else has seen the
 * port, nor can he find it. */
static void
much_at_a_time_comes_from_a_port_of_its_own(void)
{
	static const char *const much[] = { "bytes-9000|octet|windowsize|4|blksize|512|",
		"bytes-9000|octet|blksize|1469|" };
	struct bench b = { 0 };
	struct phone p, stranger;

	bench_open(&b, "127.0.0.1");
	for (size_t i = 0; i < 2; i++) {
		phone_open(&p, "127.0.0.1");
		phone_open(&stranger, "127.0.0.1");
		phone_asks(&p, &b, much[i]);
		CU_ASSERT(phone_takes(&p, &b));
		CU_ASSERT(took_options(&p, i == 0 ? 512 : 1469, i == 0 ? 4 : 0));
		stranger.server = p.server;
		phone_acks(&stranger, 0);
		CU_ASSERT(!is_answered(&stranger, &b));
		phone_acks(&p, 0);
		CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, i == 0 ? 512 : 1469));
		phone_close(&p);
		phone_close(&stranger);
	}
	bench_close(&b);
}

/* Without a descriptor for one, a phone gets a block at a time that fits one packet. */
static void
without_ports_a_phone_gets_less_at_a_time(void)
{
	struct bench b = { 0 };
	struct rlimit files, none;
	struct phone p, other;
	int next;

	bench_open(&b, "127.0.0.1");
	phone_open(&p, "127.0.0.1");
	phone_open(&other, "127.0.0.1");
	phone_asks(&other, &b, "bytes-100|octet|");
	CU_ASSERT(phone_takes(&other, &b));
	phone_acks(&other, 1); /* the port that it had is there */
	CU_ASSERT(runs(&b, 0));
	next = dup(p.fd);
	close(next);
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		abort();
	none = files;
	none.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &none);
	phone_asks(&p, &b, "bytes-3000|octet|blksize|8192|windowsize|4|");
	CU_ASSERT(phone_takes(&p, &b));
	setrlimit(RLIMIT_NOFILE, &files);
	CU_ASSERT(took_options(&p, 1468, 0));
	phone_acks(&p, 0);
	CU_ASSERT(phone_takes(&p, &b) && took_data(&p, 1, 1468));
	CU_ASSERT(!is_answered(&p, &b));
	phone_close(&p);
	phone_close(&other);
	bench_close(&b);
}

static void
there_are_limits(void)
{
	struct bench b = { .service = { .transfers_max = 3, .transfers_per_host = 2 } };
	struct phone p[5];

	bench_open(&b, "127.0.0.1");
	for (int i = 0; i < 3; i++) {
		phone_open(&p[i], "127.0.0.1");
		phone_asks(&p[i], &b, "bytes-700|octet|");
		CU_ASSERT(phone_takes(&p[i], &b));
	}
	CU_ASSERT(took_data(&p[1], 1, 512));
	CU_ASSERT(took_error(&p[2], TFTP_E_OTHER, "Too many transfers"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "2 transfers are running for this address"));
	for (int i = 3; i < 5; i++) {
		phone_open(&p[i], "127.0.0.2");
		phone_asks(&p[i], &b, "bytes-700|octet|");
		CU_ASSERT(phone_takes(&p[i], &b));
	}
	CU_ASSERT(took_data(&p[3], 1, 512));
	CU_ASSERT(took_error(&p[4], TFTP_E_OTHER, "Too many transfers"));
	CU_ASSERT_PTR_NOT_NULL(strstr(b.line, "3 transfers are running"));
	CU_ASSERT_EQUAL(b.asked, 3);

	/* A place that becomes free can be taken, by the same host too. */
	phone_acks(&p[1], 1);
	CU_ASSERT(phone_takes(&p[1], &b));
	phone_acks(&p[1], 2);
	CU_ASSERT(runs(&b, 2));
	phone_asks(&p[2], &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&p[2], &b));
	CU_ASSERT(took_data(&p[2], 1, 512));
	for (int i = 0; i < 5; i++)
		phone_close(&p[i]);
	bench_close(&b);
}

static void
closing_tells_those_who_are_waiting(void)
{
	struct bench b = { 0 };
	struct phone p[3];

	bench_open(&b, "127.0.0.1");
	for (int i = 0; i < 3; i++) {
		phone_open(&p[i], "127.0.0.1");
		phone_asks(&p[i], &b, "bytes-700|octet|");
		CU_ASSERT(phone_takes(&p[i], &b));
	}
	bench_close(&b);
	CU_ASSERT(b.done == 3 && b.outcome == TFTP_FAILED);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT(phone_looks(&p[i]));
		CU_ASSERT(took_error(&p[i], TFTP_E_OTHER, "The server is closing"));
		phone_close(&p[i]);
	}
}

/* A datagram that waits in the socket went with it, and the phone waited for a second. */
static void
what_was_asked_before_it_is_quiet_is_answered(void)
{
	struct bench b = { 0 };
	struct phone early, late;

	bench_open(&b, "127.0.0.1");
	phone_open(&early, "127.0.0.1");
	phone_open(&late, "127.0.0.1");
	phone_asks(&early, &b, "bytes-700|octet|");
	tftp_server_quiet(b.server);
	phone_asks(&late, &b, "bytes-700|octet|");
	CU_ASSERT(phone_takes(&early, &b));
	CU_ASSERT(took_data(&early, 1, TFTP_BLOCK));
	CU_ASSERT_FALSE(is_answered(&late, &b));
	phone_acks(&early, 1);
	CU_ASSERT(phone_takes(&early, &b));
	CU_ASSERT(took_data(&early, 2, 700 - TFTP_BLOCK));
	phone_acks(&early, 2);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT(b.done == 1 && b.outcome == TFTP_SENT);
	phone_close(&early);
	phone_close(&late);
	bench_close(&b);
}

static void
servers_share_a_port(void)
{
	struct bench b = { 0 };
	struct tftp_server *other;
	struct err e;

	bench_open(&b, "127.0.0.1");
	other = tftp_server_open(b.loop, "127.0.0.1", b.port, &b.service, &e);
	CU_ASSERT_PTR_NOT_NULL(other);
	CU_ASSERT_EQUAL(tftp_server_port(other), b.port);
	tftp_server_close(other);
	bench_close(&b);
	tftp_server_close(NULL);
}

static void
an_address_that_is_none_is_an_error(void)
{
	struct bench b = { 0 };
	struct err e;

	bench_open(&b, "127.0.0.1");
	CU_ASSERT_PTR_NULL(tftp_server_open(b.loop, "localhost", 0, &b.service, &e));
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "localhost is no address");
	CU_ASSERT_PTR_NULL(tftp_server_open(b.loop, "192.0.2.1", 69, &b.service, &e));
	ASSERT_ERR_SAYS(e, "cannot listen on 192.0.2.1 port 69");
	bench_close(&b);
}

/* Two descriptors for each phone here. */
static unsigned
affordable_phones(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		abort();
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur < 2100 ? (unsigned)(files.rlim_cur - 100) / 2 : 1000;
}

struct crowd {
	struct phone *phones;
	unsigned *blocks; /* taken by each */
	unsigned n, complete;
};

static void
crowd_member_looks(struct crowd *c, unsigned i)
{
	struct phone *p = &c->phones[i];
	bool last = c->blocks[i] == 2;

	if (!phone_looks(p))
		return;
	if (c->blocks[i] > 0 && took_data(p, (uint16_t)c->blocks[i], 512))
		return; /* once more: on a busy machine our answer took longer than its timer */
	CU_ASSERT(took_data(p, (uint16_t)(c->blocks[i] + 1), last ? 476 : 512));
	c->blocks[i]++;
	phone_acks(p, (uint16_t)c->blocks[i]);
	c->complete += last;
}

static void
a_thousand_phones_at_once_are_served(void)
{
	struct crowd c = { .n = affordable_phones() };
	struct bench b = { 0 };
	int64_t end = clock_mono_ms() + 3 * PATIENCE_MS;

	bench_open(&b, "127.0.0.1");
	c.phones = mem_array(c.n, sizeof(*c.phones));
	c.blocks = mem_array(c.n, sizeof(*c.blocks));
	for (unsigned i = 0; i < c.n; i++) {
		phone_open(&c.phones[i], "127.0.0.1");
		phone_asks(&c.phones[i], &b, "bytes-1500|octet|");
		loop_turn(b.loop); /* this machine may have given us a small buffer only */
	}
	CU_ASSERT(runs(&b, c.n));
	while (c.complete < c.n && clock_mono_ms() < end) {
		loop_turn(b.loop);
		for (unsigned i = 0; i < c.n; i++) /* not in the order in which they came */
			crowd_member_looks(&c, i * 7919 % c.n);
	}
	CU_ASSERT_EQUAL(c.complete, c.n);
	CU_ASSERT(runs(&b, 0));
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->outcomes[TFTP_SENT], c.n);
	CU_ASSERT_EQUAL(tftp_server_counters(b.server)->bytes, 1500ull * c.n);
	for (unsigned i = 0; i < c.n; i++)
		phone_close(&c.phones[i]);
	free(c.phones);
	free(c.blocks);
	bench_close(&b);
}

static void
check_device(const char *name, const char *expected)
{
	char device[TFTP_DEVICE_MAX];

	CU_ASSERT_EQUAL(tftp_device_of(name, device), expected[0] != '\0');
	CU_ASSERT_STRING_EQUAL(device, expected);
}

static void
the_phone_is_known_by_the_file_name(void)
{
	check_device("SEP001122334455.cnf.xml.sgn", "SEP001122334455");
	check_device("CTLSEP00112233AABB.tlv", "SEP00112233AABB");
	check_device("ext_ITLSEP00112233aabb.tlv", "SEP00112233AABB");
	check_device("/x/sep00112233aabb", "SEP00112233AABB");
	check_device("SEPSEP001122334455", "SEP001122334455");
	check_device("SEP00112233445.cnf.xml", "");
	check_device("SEP0011223344556.cnf.xml", "");
	check_device("SEP", "");
	check_device("XMLDefault.cnf.xml", "");
	check_device("", "");
}

static const struct suite_test tests[] = {
	{ "a file is fetched", a_file_is_fetched },
	{ "over IPv6 too", over_ipv6_too },
	{ "answers come from the address that was asked",
	    answers_come_from_the_address_that_was_asked },
	{ "one line tells of each transfer", one_line_tells_of_each_transfer },
	{ "a missing file is error 1 at once", a_missing_file_is_error_1_at_once },
	{ "refusals say why in TFTP's words", refusals_say_why_in_tftps_words },
	{ "a service may stay silent", a_service_may_stay_silent },
	{ "writing is refused", writing_is_refused },
	{ "names come as they are and are logged escaped",
	    names_come_as_they_are_and_are_logged_escaped },
	{ "what is no request gets no answer", what_is_no_request_gets_no_answer },
	{ "a broadcast gets no answer", a_broadcast_gets_no_answer },
	{ "a request that comes twice is one transfer",
	    a_request_that_comes_twice_is_one_transfer },
	{ "the same request after a pause is a new transfer",
	    the_same_request_after_a_pause_is_a_new_transfer },
	{ "another request from the port ends the old transfer",
	    another_request_from_the_port_ends_the_old_transfer },
	{ "a stranger gets error 5 and disturbs nobody",
	    a_stranger_gets_error_5_and_disturbs_nobody },
	{ "what comes late is not taken for the next transfer",
	    what_comes_late_is_not_taken_for_the_next_transfer },
	{ "a stranger at a shared port gets an error", a_stranger_at_a_shared_port_gets_an_error },
	{ "a phone that vanishes is forgotten", a_phone_that_vanishes_is_forgotten },
	{ "a phone that comes back late is told", a_phone_that_comes_back_late_is_told },
	{ "what is forged ends nothing", what_is_forged_ends_nothing },
	{ "who asks anew after an error has stopped", who_asks_anew_after_an_error_has_stopped },
	{ "much at a time comes from a port of its own",
	    much_at_a_time_comes_from_a_port_of_its_own },
	{ "without ports a phone gets less at a time", without_ports_a_phone_gets_less_at_a_time },
	{ "a lost block after a long wait comes soon", a_lost_block_after_a_long_wait_comes_soon },
	{ "an error from the phone ends the transfer", an_error_from_the_phone_ends_the_transfer },
	{ "there are limits", there_are_limits },
	{ "closing tells those who are waiting", closing_tells_those_who_are_waiting },
	{ "what was asked before it is quiet is answered",
	    what_was_asked_before_it_is_quiet_is_answered },
	{ "servers share a port", servers_share_a_port },
	{ "an address that is none is an error", an_address_that_is_none_is_an_error },
	{ "a thousand phones at once are served", a_thousand_phones_at_once_are_served },
	{ "the phone is known by the file name", the_phone_is_known_by_the_file_name },
};

SUITE_MAIN("tftp/server", tests)
