#include "base/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "base/tlsclient.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"

enum { PATIENCE_MS = 10000 }; /* a failed test takes so long, a passing one never */

static struct testpair *rsa, *other_rsa;

/* ---- a service: messages of a length byte and so many bytes, answered by the same; with the
 * length 0 the head is of ten bytes, and the last of them is the length ---- */

enum { BIG = 40000, LONG_HEAD = 10 };

struct shop {
	struct loop *loop;
	struct conn_listener *listener;
	struct tls *tls;
	int opened, closed, messages, refused;
	struct conn *last;  /* opened */
	bool refuse, greet; /* in open() */
	int finish_after;   /* so many messages; -1: in open(); 0: never */
	bool finish_in_close;
	bool answer_big, asleep;
	unsigned patience; /* given to each in open(); 0: the usual */
	int late;	   /* ended because a deadline passed */
	size_t bytes;
};

struct customer {
	struct shop *shop;
	struct conn *conn;
	int messages;
};

static ssize_t
shop_frame(struct bytes head)
{
	if (head.p[0] == 0xff)
		return -1;
	if (head.p[0] != 0)
		return 1 + head.p[0];
	return head.n < LONG_HEAD ? 0 : LONG_HEAD + head.p[LONG_HEAD - 1];
}

static void *
shop_open(struct conn *c, void *service)
{
	struct shop *s = service;
	struct customer *k;

	s->last = c;
	if (s->greet)
		conn_send(c, bytes_of("\5hello"));
	if (s->refuse) {
		s->refused++;
		return NULL;
	}
	k = mem_new(sizeof(*k));
	k->shop = s;
	k->conn = c;
	s->opened++;
	if (s->patience > 0)
		conn_patience(c, s->patience);
	if (s->finish_after < 0)
		conn_finish(c);
	return k;
}

static void
shop_message(void *session, struct bytes m)
{
	static const uint8_t big[BIG];
	struct customer *k = session;

	k->shop->messages++;
	k->messages++;
	k->shop->bytes += m.n;
	if (k->shop->finish_after > 0 && k->messages >= k->shop->finish_after)
		conn_finish(k->conn); /* what follows comes too late */
	else if (k->shop->answer_big)
		conn_send(k->conn, bytes_over(big, sizeof(big)));
	else
		conn_send(k->conn, m);
}

static void
shop_close(void *session)
{
	struct customer *k = session;

	k->shop->closed++;
	k->shop->late += conn_is_late(k->conn);
	if (k->shop->finish_in_close) {
		conn_send(k->conn, bytes_of("\4late"));
		conn_finish(k->conn);
	}
	free(k);
}

static const struct conn_ops shop_ops = {
	.service = "shop",
	.max_message = 200,
	.idle_seconds = 60,
	.frame = shop_frame,
	.open = shop_open,
	.message = shop_message,
	.close = shop_close,
};

static void
shop_start_with(struct shop *s, const struct conn_ops *ops, const struct conn_limits *limits)
{
	struct err e;

	*s = (struct shop){ .loop = loop_new(&e) };
	s->tls = testtls_server(&(struct tls_rules){ .min = TLS_1_0 }, rsa);
	s->listener = conn_listener_open(s->loop, "127.0.0.1", 0, s->tls, ops, s, limits, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->listener);
}

static void
shop_start(struct shop *s)
{
	shop_start_with(s, &shop_ops, NULL);
}

static void
shop_end(struct shop *s)
{
	conn_listener_close(s->listener);
	loop_free(s->loop);
	tls_free(s->tls);
	CU_ASSERT_EQUAL(s->opened, s->closed);
}

static const struct conn_counters *
counters(const struct shop *s)
{
	return conn_listener_counters(s->listener);
}

/* Turns the loop until this is true. */
#define UNTIL(s, what)                                                                             \
	do {                                                                                       \
		int64_t end_ = clock_mono_ms() + PATIENCE_MS;                                      \
		while (!(what) && clock_mono_ms() < end_) {                                        \
			loop_turn((s)->loop);                                                      \
			poll(NULL, 0, 1);                                                          \
		}                                                                                  \
		CU_ASSERT_TRUE_FATAL(what);                                                        \
	} while (0)

/* What has been sent on this machine is in the sockets already. */
static void
turn(struct shop *s)
{
	for (int i = 0; i < 20; i++)
		loop_turn(s->loop);
}

/* ---- its peers ---- */

struct peer {
	struct shop *shop;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	uint8_t got[65536];
	size_t n;
	bool closed; /* by the server, properly */
	bool reset;
};

static void
peer_dial(struct peer *p, struct shop *s)
{
	struct err e;

	memset(p, 0, sizeof(*p));
	p->shop = s;
	p->fd = tcp_connect(
	    "127.0.0.1", conn_listener_port(s->listener), clock_mono_ms() + PATIENCE_MS, &e);
	CU_ASSERT_TRUE_FATAL(p->fd >= 0);
}

/* Reads what is there. */
static void
peer_look(struct peer *p)
{
	size_t got;
	int rc;

	do {
		ERR_clear_error();
		rc = SSL_read_ex(p->ssl, &p->got[p->n], sizeof(p->got) - p->n, &got);
		p->n += rc == 1 ? got : 0;
	} while (rc == 1 && p->n < sizeof(p->got));
	if (rc != 1 && SSL_get_error(p->ssl, rc) == SSL_ERROR_ZERO_RETURN)
		p->closed = true;
	else if (rc != 1 && SSL_get_error(p->ssl, rc) != SSL_ERROR_WANT_READ)
		p->reset = true;
}

static bool
peer_step(struct peer *p)
{
	ERR_clear_error();
	return SSL_connect(p->ssl) == 1;
}

static void
peer_begin(struct peer *p, struct shop *s, int version)
{
	peer_dial(p, s);
	p->ctx = testtls_client(version, version, NULL);
	p->ssl = SSL_new(p->ctx);
	SSL_set_fd(p->ssl, p->fd);
}

static void
peer_meet(struct peer *p, struct shop *s)
{
	peer_begin(p, s, TLS_1_2);
	UNTIL(s, peer_step(p));
	UNTIL(s, counters(s)->handshakes > 0);
}

static void
peer_send(struct peer *p, struct bytes b)
{
	size_t n;

	CU_ASSERT_EQUAL(SSL_write_ex(p->ssl, b.p, b.n, &n), 1);
}

static bool
peer_has(struct peer *p, const char *text)
{
	peer_look(p);
	return bytes_eq_text(bytes_over(p->got, p->n), text);
}

static bool
peer_is_closed(struct peer *p)
{
	peer_look(p);
	return p->closed;
}

static void
peer_end(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
	ERR_clear_error();
}

/* A raw peer learns that the server has closed. */
static bool
is_hung_up(int fd)
{
	char bytes[4096];
	ssize_t n;

	do {
		n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

/* ---- what was logged ---- */

struct lines {
	int n;
	char last[1024];
};

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	struct lines *l = ctx;

	(void)level;
	snprintf(l->last, sizeof(l->last), "%s", line);
	l->n++;
}

static void
listen_to_log(struct lines *l)
{
	memset(l, 0, sizeof(*l));
	log_set_sink(keep_line, l);
	log_set_level(LOG_INFO);
}

static void
leave_log(void)
{
	log_set_level(LOG_ERROR);
	log_set_sink(NULL, NULL);
}

#define ASSERT_LAST_LINE_SAYS(l, words)                                                            \
	do {                                                                                       \
		if (strstr((l)->last, words) == NULL)                                              \
			fprintf(stderr, "\n    logged: %s\n", (l)->last);                          \
		CU_ASSERT_PTR_NOT_NULL(strstr((l)->last, words));                                  \
	} while (0)

/* ---- messages ---- */

static void
message_is_answered_in_every_version(void)
{
	static const char *const versions[] = { "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };
	struct shop s;

	shop_start(&s);
	for (int v = TLS_1_0; v <= TLS_1_3; v++) {
		struct peer p;

		peer_begin(&p, &s, v);
		UNTIL(&s, peer_step(&p));
		CU_ASSERT_STRING_EQUAL(SSL_get_version(p.ssl), versions[v - TLS_1_0]);
		peer_send(&p, bytes_of("\3abc"));
		UNTIL(&s, peer_has(&p, "\3abc"));
		peer_end(&p);
	}
	UNTIL(&s, s.closed == 4);
	CU_ASSERT_EQUAL(counters(&s)->messages, 4);
	shop_end(&s);
}

static void
header_may_come_in_two(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_meet(&p, &s);
	peer_send(&p, bytes_over("\0head", 5));
	turn(&s);
	peer_send(&p, bytes_over("head\3", 5));
	turn(&s);
	CU_ASSERT_EQUAL(s.messages, 0);
	peer_send(&p, bytes_of("abc"));
	UNTIL(&s, s.messages == 1);
	CU_ASSERT_EQUAL(s.bytes, 13);
	peer_end(&p);
	shop_end(&s);
}

static void
message_may_come_byte_by_byte(void)
{
	static const char message[] = "\xc7"
				      "message";
	uint8_t whole[200] = { 0 };
	struct shop s;
	struct peer p;

	memcpy(whole, message, sizeof(message));
	shop_start(&s);
	peer_meet(&p, &s);
	for (size_t i = 0; i < sizeof(whole); i++) {
		CU_ASSERT_EQUAL(s.messages, 0);
		peer_send(&p, bytes_over(&whole[i], 1));
		turn(&s);
	}
	UNTIL(&s, s.messages == 1);
	CU_ASSERT_EQUAL(s.bytes, 200);
	peer_end(&p);
	shop_end(&s);
}

static void
several_messages_may_come_in_one_record(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_meet(&p, &s);
	peer_send(&p, bytes_of("\1a\2bb\3ccc\4dd"));
	UNTIL(&s, peer_has(&p, "\1a\2bb\3ccc"));
	CU_ASSERT_EQUAL(s.messages, 3);
	peer_send(&p, bytes_of("dd\1e"));
	UNTIL(&s, peer_has(&p, "\1a\2bb\3ccc\4dddd\1e"));
	peer_end(&p);
	shop_end(&s);
}

static void
server_may_speak_first(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	s.greet = true;
	peer_meet(&p, &s);
	UNTIL(&s, peer_has(&p, "\5hello"));
	peer_end(&p);
	shop_end(&s);
}

static void
foreign_message_ends_the_connection(void)
{
	struct lines l;
	struct shop s;
	struct peer p;

	listen_to_log(&l);
	shop_start(&s);
	peer_meet(&p, &s);
	peer_send(&p, bytes_of("\1a\xff"));
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_EQUAL(s.messages, 1);
	CU_ASSERT_EQUAL(counters(&s)->broken, 1);
	ASSERT_LAST_LINE_SAYS(&l, "info shop 127.0.0.1:");
	ASSERT_LAST_LINE_SAYS(&l, "ended error=\"not a message of this protocol\"");
	peer_end(&p);
	shop_end(&s);
	leave_log();
}

static ssize_t
never_known(struct bytes head)
{
	(void)head;
	return 0;
}

static void
message_that_is_too_long_ends_the_connection(void)
{
	struct conn_ops ops = shop_ops;
	uint8_t long_head[201] = { 0 };
	struct shop s;
	struct peer p;

	for (int i = 0; i < 2; i++) {
		shop_start_with(&s, &ops, NULL);
		peer_meet(&p, &s);
		long_head[0] = 200; /* so 201 in all */
		peer_send(&p, bytes_over(long_head, i == 0 ? 1 : 200));
		UNTIL(&s, peer_is_closed(&p));
		CU_ASSERT_EQUAL(s.messages, 0);
		CU_ASSERT_EQUAL(counters(&s)->broken, 1);
		peer_end(&p);
		shop_end(&s);
		ops.frame = never_known;
	}
}

/* ---- the end ---- */

static void
close_is_called_once_however_it_ends(void)
{
	struct shop s;
	struct peer p;

	for (int how = -1; how <= 2; how++) {
		shop_start(&s);
		s.finish_after = how;
		s.finish_in_close = true;
		peer_meet(&p, &s);
		if (how >= 0)
			peer_send(&p, bytes_of("\1a\1b\1c"));
		if (how == 0) {
			UNTIL(&s, s.messages == 3);
			SSL_shutdown(p.ssl);
		}
		UNTIL(&s, peer_is_closed(&p));
		CU_ASSERT_EQUAL(s.opened, 1);
		CU_ASSERT_EQUAL(s.closed, 1);
		CU_ASSERT_EQUAL(s.messages, how < 0 ? 0 : how == 0 ? 3 : how);
		peer_end(&p);
		UNTIL(&s, conn_listener_connections(s.listener) == 0);
		shop_end(&s);
	}
}

static void
refused_by_open_there_is_no_close(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	s.refuse = s.greet = true;
	peer_meet(&p, &s);
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\5hello"));
	CU_ASSERT_EQUAL(s.refused, 1);
	CU_ASSERT_EQUAL(s.closed, 0);
	peer_end(&p);
	shop_end(&s);
}

/* The service has timers of its own. */
static void
finish_and_send_are_good_outside_of_callbacks(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_meet(&p, &s);
	conn_send(s.last, bytes_of("\3now"));
	conn_finish(s.last);
	conn_send(s.last, bytes_of("\4late"));
	CU_ASSERT_EQUAL(s.closed, 0);
	CU_ASSERT_EQUAL(strncmp(conn_peer(s.last), "127.0.0.1:", 10), 0);
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\3now"));
	CU_ASSERT_EQUAL(s.closed, 1);
	peer_end(&p);
	shop_end(&s);
}

/* What still comes from the peer must not reset the connection and take the answer with it. */
static void
last_answer_arrives_though_the_peer_goes_on(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	s.greet = true;
	s.finish_after = -1;
	peer_begin(&p, &s, TLS_1_2);
	UNTIL(&s, peer_step(&p));
	for (int i = 0; i < 50; i++) {
		size_t n;

		SSL_write_ex(p.ssl, "\1a", 2, &n);
		loop_turn(s.loop);
	}
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\5hello"));
	CU_ASSERT_FALSE(p.reset);
	CU_ASSERT_EQUAL(s.messages, 0);
	peer_end(&p);
	shop_end(&s);
}

static void
vanished_peer_is_noticed(void)
{
	struct linger now = { .l_onoff = 1 };
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_meet(&p, &s);
	peer_send(&p, bytes_of("\5ab"));
	turn(&s);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	peer_end(&p);
	UNTIL(&s, conn_listener_connections(s.listener) == 0);
	CU_ASSERT_EQUAL(s.closed, 1);
	shop_end(&s);
}

static void
closing_the_listener_ends_all(void)
{
	struct peer shaking, met;
	struct shop s;

	shop_start(&s);
	peer_meet(&met, &s);
	peer_begin(&shaking, &s, TLS_1_2);
	peer_step(&shaking);
	UNTIL(&s, conn_listener_connections(s.listener) == 2);
	shop_end(&s);
	peer_look(&met);
	CU_ASSERT_TRUE(met.closed);
	CU_ASSERT_EQUAL(s.closed, 1);
	peer_end(&met);
	peer_end(&shaking);
	conn_listener_close(NULL);
}

static void
quiet_listener_serves_whom_it_has(void)
{
	struct peer p;
	struct shop s;
	struct err e;

	shop_start(&s);
	peer_meet(&p, &s);
	conn_listener_quiet(s.listener);
	CU_ASSERT_EQUAL(tcp_connect("127.0.0.1", conn_listener_port(s.listener),
			    clock_mono_ms() + PATIENCE_MS, &e),
	    -1);
	ASSERT_ERR_SAYS(e, "refused");
	peer_send(&p, bytes_of("\1a"));
	UNTIL(&s, peer_has(&p, "\1a"));
	peer_end(&p);
	shop_end(&s);
}

/* Its connection was made by the kernel, and shutting the port would have reset it. */
static void
quiet_listener_serves_who_stands_at_the_port(void)
{
	struct peer p;
	struct shop s;

	shop_start(&s);
	peer_begin(&p, &s, TLS_1_2);
	conn_listener_quiet(s.listener);
	UNTIL(&s, peer_step(&p));
	peer_send(&p, bytes_of("\1a"));
	UNTIL(&s, peer_has(&p, "\1a"));
	peer_end(&p);
	shop_end(&s);
}

/* ---- peers that do not read ---- */

static void
stuff(struct peer *p)
{
	int small = 32768;

	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
}

static void
shop_start_slow(struct shop *s, const struct conn_limits *limits)
{
	shop_start_with(s, &shop_ops, limits);
	s->answer_big = true;
}

/* Its further messages wait, and so does what it is sent. */
static void
slow_reader_gets_all_in_the_end(void)
{
	enum { ROUNDS = 300 }; /* more than the kernel takes */
	struct shop s;
	struct peer p;
	size_t read = 0;

	shop_start_slow(&s, NULL);
	peer_meet(&p, &s);
	stuff(&p);
	for (int i = 0; i < ROUNDS; i++)
		peer_send(&p, bytes_of("\1a"));
	turn(&s);
	turn(&s);
	CU_ASSERT_TRUE(s.messages < ROUNDS);
	while (read < (size_t)ROUNDS * BIG) {
		p.n = 0;
		UNTIL(&s, (peer_look(&p), p.n > 0));
		read += p.n;
	}
	CU_ASSERT_EQUAL(read, (size_t)ROUNDS * BIG);
	CU_ASSERT_EQUAL(s.messages, ROUNDS);
	peer_end(&p);
	shop_end(&s);
}

static void
reader_that_never_reads_is_given_up(void)
{
	struct conn_limits limits = { .message_ms = 100 };
	struct lines l;
	struct shop s;
	struct peer p;

	listen_to_log(&l);
	shop_start_slow(&s, &limits);
	peer_meet(&p, &s);
	stuff(&p);
	for (int i = 0; i < 300; i++)
		peer_send(&p, bytes_of("\1a"));
	UNTIL(&s, s.closed == 1);
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	ASSERT_LAST_LINE_SAYS(&l, "waited too long for the peer to take what it was sent");
	UNTIL(&s, conn_listener_connections(s.listener) == 0);
	peer_end(&p);
	shop_end(&s);
	leave_log();
}

static void
too_much_for_a_peer_that_does_not_read_ends_it(void)
{
	static const uint8_t big[BIG];
	struct conn_limits limits = { .queued_bytes = 3 * (size_t)BIG };
	struct lines l;
	struct shop s;
	struct peer p;

	listen_to_log(&l);
	shop_start_with(&s, &shop_ops, &limits);
	peer_meet(&p, &s);
	stuff(&p);
	for (int i = 0; i < 2000 && counters(&s)->broken == 0; i++)
		conn_send(s.last, bytes_over(big, sizeof(big)));
	CU_ASSERT_EQUAL(s.closed, 0); /* not before we have returned */
	UNTIL(&s, s.closed == 1);
	ASSERT_LAST_LINE_SAYS(&l, "the peer does not read: 120000 bytes wait");
	peer_end(&p);
	shop_end(&s);
	leave_log();
}

static void
peer_that_vanishes_in_the_middle_of_a_write_is_noticed(void)
{
	struct linger now = { .l_onoff = 1 };
	struct shop s;
	struct peer p;

	shop_start_slow(&s, NULL);
	peer_meet(&p, &s);
	stuff(&p);
	for (int i = 0; i < 300; i++)
		peer_send(&p, bytes_of("\1a"));
	turn(&s);
	turn(&s);
	CU_ASSERT_TRUE(s.messages < 300);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	peer_end(&p);
	UNTIL(&s, conn_listener_connections(s.listener) == 0);
	CU_ASSERT_EQUAL(s.closed, 1);
	shop_end(&s);
}

static void
finished_connection_sends_what_is_queued(void)
{
	enum { ROUNDS = 300 };
	static const uint8_t big[BIG];
	struct conn_limits limits = { .queued_bytes = ROUNDS * (size_t)BIG };
	struct shop s;
	struct peer p;
	size_t read = 0;

	shop_start_with(&s, &shop_ops, &limits);
	peer_meet(&p, &s);
	stuff(&p);
	for (int i = 0; i < ROUNDS; i++)
		conn_send(s.last, bytes_over(big, sizeof(big)));
	conn_finish(s.last);
	turn(&s);
	CU_ASSERT_EQUAL(s.closed, 0);
	while (!p.closed) {
		p.n = 0;
		UNTIL(&s, (peer_look(&p), p.n > 0 || p.closed));
		read += p.n;
	}
	CU_ASSERT_EQUAL(read, ROUNDS * (size_t)BIG);
	CU_ASSERT_EQUAL(s.closed, 1);
	peer_end(&p);
	shop_end(&s);
}

/* ---- peers that take their time ---- */

static void
handshake_has_a_deadline(void)
{
	struct conn_limits limits = { .handshake_ms = 50 };
	struct peer silent, half;
	struct lines l;
	struct shop s;

	listen_to_log(&l);
	shop_start_with(&s, &shop_ops, &limits);
	peer_dial(&silent, &s);
	peer_dial(&half, &s);
	CU_ASSERT_EQUAL(write(half.fd, "\x16\3\1", 3), 3);
	UNTIL(&s, is_hung_up(silent.fd) && is_hung_up(half.fd));
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 2);
	CU_ASSERT_EQUAL(counters(&s)->failed_handshakes, 2);
	ASSERT_LAST_LINE_SAYS(&l, "waited too long for the handshake");
	peer_end(&silent);
	peer_end(&half);
	shop_end(&s);
	leave_log();
}

/* Each byte comes in time, the message does not; others are served meanwhile. */
static void
slow_drip_is_ended_by_the_deadline_of_the_message(void)
{
	struct conn_limits limits = { .message_ms = 150 };
	struct peer slow, other;
	struct lines l;
	struct shop s;
	int served = 0;

	listen_to_log(&l);
	shop_start_with(&s, &shop_ops, &limits);
	peer_meet(&slow, &s);
	peer_begin(&other, &s, TLS_1_2);
	UNTIL(&s, peer_step(&other));
	peer_send(&slow, bytes_of("\xc0"));
	while (counters(&s)->timeouts == 0 && served < 10000) {
		SSL_write(slow.ssl, "x", 1);
		other.n = 0;
		peer_send(&other, bytes_of("\1a"));
		UNTIL(&s, peer_has(&other, "\1a"));
		served++;
	}
	CU_ASSERT_TRUE(served > 1);
	CU_ASSERT_EQUAL(s.messages, served);
	ASSERT_LAST_LINE_SAYS(&l, "waited too long for the rest of a message");
	UNTIL(&s, peer_is_closed(&slow));
	peer_end(&slow);
	peer_end(&other);
	shop_end(&s);
	leave_log();
}

/* Parts of TLS records are no messages either. */
static void
idle_connection_is_ended(void)
{
	struct conn_ops ops = shop_ops;
	struct shop s;
	struct peer p;

	ops.idle_seconds = 1;
	shop_start_with(&s, &ops, NULL);
	peer_meet(&p, &s);
	CU_ASSERT_EQUAL(write(p.fd, "\x17\3\3", 3), 3);
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	CU_ASSERT_EQUAL(s.closed, 1);
	peer_end(&p);
	shop_end(&s);
}

/* The greeting is what begins the wait. */
static void
peer_may_be_given_another_patience(void)
{
	char host[64];
	struct shop s;
	struct peer p;

	shop_start(&s);
	s.greet = true;
	s.patience = 1;
	peer_meet(&p, &s);
	conn_peer_host(s.last, host, sizeof(host));
	CU_ASSERT_STRING_EQUAL(host, "127.0.0.1");
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	CU_ASSERT_EQUAL(s.late, 1);
	peer_end(&p);
	peer_meet(&p, &s);
	peer_send(&p, bytes_of("\1a"));
	peer_end(&p);
	UNTIL(&s, s.closed == 2);
	CU_ASSERT_EQUAL(s.late, 1); /* it went by itself */
	shop_end(&s);
}

static void
five_hundred_silent_peers_disturb_nobody(void)
{
	enum { SILENT = 500 };
	struct peer *silent = mem_array(1, sizeof(*silent)), p;
	int fds[SILENT];
	struct shop s;

	shop_start(&s);
	for (int i = 0; i < SILENT; i++) {
		peer_dial(silent, &s);
		fds[i] = silent->fd;
		if (i % 2 == 1)
			CU_ASSERT_EQUAL(write(fds[i], "\x16\3\1\2", 4), 4);
		loop_turn(s.loop);
	}
	UNTIL(&s, conn_listener_connections(s.listener) == SILENT);
	peer_meet(&p, &s);
	peer_send(&p, bytes_of("\1a"));
	UNTIL(&s, peer_has(&p, "\1a"));
	for (int i = 0; i < SILENT; i++)
		close(fds[i]);
	UNTIL(&s, conn_listener_connections(s.listener) == 1);
	peer_end(&p);
	shop_end(&s);
	free(silent);
}

/* ---- limits ---- */

static bool
shop_awake(void *service)
{
	struct shop *s = service;

	return !s->asleep;
}

static void
service_that_is_not_awake_turns_peers_away(void)
{
	struct conn_ops ops = shop_ops;
	struct shop s;
	struct peer p;

	ops.awake = shop_awake;
	shop_start_with(&s, &ops, NULL);
	s.asleep = true;
	peer_dial(&p, &s);
	UNTIL(&s, is_hung_up(p.fd));
	peer_end(&p);
	CU_ASSERT_EQUAL(counters(&s)->refused, 1);
	CU_ASSERT_EQUAL(conn_listener_connections(s.listener), 0);
	s.asleep = false;
	peer_meet(&p, &s);
	CU_ASSERT_STRING_EQUAL(conn_cipher(s.last), SSL_get_cipher_name(p.ssl));
	peer_end(&p);
	shop_end(&s);
}

static void
limits_refuse_at_once(void)
{
	static const struct conn_limits each[] = { { .connections = 2 }, { .per_host = 2 } };
	struct peer a, b, c;
	struct lines l;
	struct shop s;

	listen_to_log(&l);
	for (int i = 0; i < 2; i++) {
		shop_start_with(&s, &shop_ops, &each[i]);
		peer_dial(&a, &s);
		peer_dial(&b, &s);
		peer_dial(&c, &s);
		UNTIL(&s, is_hung_up(c.fd));
		CU_ASSERT_EQUAL(counters(&s)->accepted, 2);
		CU_ASSERT_EQUAL(counters(&s)->refused, 1);
		ASSERT_LAST_LINE_SAYS(&l, "warn shop 127.0.0.1:");
		ASSERT_LAST_LINE_SAYS(&l, "refused error=\"2 connections are open");
		peer_end(&a);
		UNTIL(&s, conn_listener_connections(s.listener) == 1);
		peer_end(&c);
		peer_dial(&c, &s);
		UNTIL(&s, conn_listener_connections(s.listener) == 2);
		CU_ASSERT_EQUAL(counters(&s)->refused, 1);
		peer_end(&b);
		peer_end(&c);
		shop_end(&s);
	}
	leave_log();
}

/* All descriptors but those that are open now are taken. */
static void
without_descriptors_it_waits_and_does_not_spin(void)
{
	struct rlimit was, none;
	int64_t end;
	struct lines l;
	struct shop s;
	struct peer p;
	int turns = 0;

	listen_to_log(&l);
	shop_start(&s);
	peer_dial(&p, &s);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)p.fd + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	end = clock_mono_ms() + 350;
	while (clock_mono_ms() < end) {
		loop_turn(s.loop);
		poll(NULL, 0, 1);
		turns++;
	}
	CU_ASSERT_TRUE(turns > 10);
	CU_ASSERT_EQUAL(l.n, 1);
	ASSERT_LAST_LINE_SAYS(&l, "error shop - - starved error=\"no connection can be accepted");
	ASSERT_LAST_LINE_SAYS(&l, "hint=\"raise the limit of open files");
	CU_ASSERT_EQUAL(counters(&s)->accepted, 0);
	setrlimit(RLIMIT_NOFILE, &was);
	UNTIL(&s, conn_listener_connections(s.listener) == 1);
	peer_end(&p);
	shop_end(&s);
	leave_log();
}

static void
fail_handshakes(struct shop *s, int n)
{
	for (int i = 0; i < n; i++) {
		uint64_t failed = counters(s)->failed_handshakes;
		struct peer p;

		peer_dial(&p, s);
		CU_ASSERT_EQUAL(write(p.fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
		UNTIL(s, counters(s)->failed_handshakes > failed);
		peer_end(&p);
	}
}

static void
flood_of_failures_is_not_a_flood_of_lines(void)
{
	struct lines l;
	struct shop s;

	listen_to_log(&l);
	shop_start(&s);
	fail_handshakes(&s, 1);
	ASSERT_LAST_LINE_SAYS(&l, "handshake-failed error=\"the peer speaks HTTP without TLS\"");
	fail_handshakes(&s, 99);
	CU_ASSERT_EQUAL(counters(&s)->failed_handshakes, 100);
	CU_ASSERT_EQUAL(l.n, 20);
	UNTIL(&s, conn_listener_connections(s.listener) == 0);
	shop_end(&s);
	leave_log();
}

static void
refused_peer_gets_its_alert_and_its_line(void)
{
	struct lines l;
	struct shop s;
	struct peer p;

	listen_to_log(&l);
	shop_start(&s);
	tls_free(s.tls);
	s.tls = testtls_server(&(struct tls_rules){ 0 }, rsa);
	conn_listener_set_tls(s.listener, s.tls);
	peer_begin(&p, &s, TLS_1_0);
	CU_ASSERT_FALSE(peer_step(&p));
	UNTIL(&s, counters(&s)->failed_handshakes == 1);
	CU_ASSERT_FALSE(peer_step(&p));
	CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	ASSERT_LAST_LINE_SAYS(&l, "the peer speaks only up to TLS 1.0");
	ASSERT_LAST_LINE_SAYS(&l, "hint=\"set tls_min = 1.0 for this listener\"");
	peer_end(&p);
	shop_end(&s);
	leave_log();
}

/* ---- TLS of a running listener ---- */

static bool
has_cert(const struct peer *p, const struct testpair *pair)
{
	return X509_cmp(SSL_get0_peer_certificate(p->ssl), pair->x) == 0;
}

static void
new_certificate_is_for_new_connections(void)
{
	struct tls *fresh = testtls_server(&(struct tls_rules){ 0 }, other_rsa);
	struct peer before, halfway, after;
	struct shop s;

	shop_start(&s);
	peer_meet(&before, &s);
	peer_begin(&halfway, &s, TLS_1_2);
	peer_step(&halfway);
	UNTIL(&s, (peer_step(&halfway), SSL_get0_peer_certificate(halfway.ssl) != NULL));
	conn_listener_set_tls(s.listener, fresh);
	tls_free(fresh);
	peer_begin(&after, &s, TLS_1_2);
	UNTIL(&s, peer_step(&after));
	UNTIL(&s, peer_step(&halfway));
	CU_ASSERT_TRUE(has_cert(&before, rsa));
	CU_ASSERT_TRUE(has_cert(&halfway, rsa));
	CU_ASSERT_TRUE(has_cert(&after, other_rsa));
	peer_send(&before, bytes_of("\1a"));
	UNTIL(&s, peer_has(&before, "\1a"));
	peer_end(&before);
	peer_end(&halfway);
	peer_end(&after);
	shop_end(&s);
}

static void
resumption_is_counted(void)
{
	SSL_SESSION *session;
	struct peer p;
	struct shop s;

	shop_start(&s);
	peer_meet(&p, &s);
	session = SSL_get1_session(p.ssl);
	SSL_shutdown(p.ssl);
	peer_end(&p);
	peer_begin(&p, &s, TLS_1_2);
	SSL_set_session(p.ssl, session);
	UNTIL(&s, peer_step(&p));
	UNTIL(&s, counters(&s)->handshakes == 2);
	CU_ASSERT_EQUAL(counters(&s)->resumed, 1);
	SSL_SESSION_free(session);
	peer_end(&p);
	shop_end(&s);
}

/* ---- addresses ---- */

static void
listener_says_where_it_cannot_listen(void)
{
	struct shop s;
	struct err e;

	shop_start(&s);
	CU_ASSERT_PTR_NULL(conn_listener_open(s.loop, "here", 0, s.tls, &shop_ops, &s, NULL, &e));
	ASSERT_ERR_SAYS(e, "here is no address");
	CU_ASSERT_PTR_NULL(
	    conn_listener_open(s.loop, "192.0.2.1", 2445, s.tls, &shop_ops, &s, NULL, &e));
	ASSERT_ERR_SAYS(e, "cannot listen on 192.0.2.1 port 2445");
	shop_end(&s);
}

static void
two_workers_may_share_a_port(void)
{
	struct conn_listener *second;
	struct shop s;
	struct err e;

	shop_start(&s);
	second = conn_listener_open(
	    s.loop, "127.0.0.1", conn_listener_port(s.listener), s.tls, &shop_ops, &s, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL(second);
	conn_listener_close(second);
	shop_end(&s);
}

static void
ipv6_is_served_where_there_is_one(void)
{
	struct conn_listener *v6;
	struct shop s;
	struct err e;
	int fd;

	shop_start(&s);
	v6 = conn_listener_open(s.loop, "::1", 0, s.tls, &shop_ops, &s, NULL, &e);
	if (v6 != NULL) {
		fd = tcp_connect("::1", conn_listener_port(v6), clock_mono_ms() + PATIENCE_MS, &e);
		CU_ASSERT_TRUE(fd >= 0);
		UNTIL(&s, conn_listener_connections(v6) == 1);
		close(fd);
	}
	conn_listener_close(v6);
	shop_end(&s);
}

static const struct suite_test tests[] = {
	{ "message is answered in every version", message_is_answered_in_every_version },
	{ "header may come in two", header_may_come_in_two },
	{ "message may come byte by byte", message_may_come_byte_by_byte },
	{ "several messages may come in one record", several_messages_may_come_in_one_record },
	{ "server may speak first", server_may_speak_first },
	{ "foreign message ends the connection", foreign_message_ends_the_connection },
	{ "message that is too long ends the connection",
	    message_that_is_too_long_ends_the_connection },
	{ "close is called once however it ends", close_is_called_once_however_it_ends },
	{ "refused by open there is no close", refused_by_open_there_is_no_close },
	{ "finish and send are good outside of callbacks",
	    finish_and_send_are_good_outside_of_callbacks },
	{ "last answer arrives though the peer goes on",
	    last_answer_arrives_though_the_peer_goes_on },
	{ "vanished peer is noticed", vanished_peer_is_noticed },
	{ "closing the listener ends all", closing_the_listener_ends_all },
	{ "quiet listener serves whom it has", quiet_listener_serves_whom_it_has },
	{ "quiet listener serves who stands at the port",
	    quiet_listener_serves_who_stands_at_the_port },
	{ "slow reader gets all in the end", slow_reader_gets_all_in_the_end },
	{ "reader that never reads is given up", reader_that_never_reads_is_given_up },
	{ "too much for a peer that does not read ends it",
	    too_much_for_a_peer_that_does_not_read_ends_it },
	{ "peer that vanishes in the middle of a write is noticed",
	    peer_that_vanishes_in_the_middle_of_a_write_is_noticed },
	{ "finished connection sends what is queued", finished_connection_sends_what_is_queued },
	{ "handshake has a deadline", handshake_has_a_deadline },
	{ "slow drip is ended by the deadline of the message",
	    slow_drip_is_ended_by_the_deadline_of_the_message },
	{ "idle connection is ended", idle_connection_is_ended },
	{ "a peer may be given another patience", peer_may_be_given_another_patience },
	{ "five hundred silent peers disturb nobody", five_hundred_silent_peers_disturb_nobody },
	{ "service that is not awake turns peers away",
	    service_that_is_not_awake_turns_peers_away },
	{ "limits refuse at once", limits_refuse_at_once },
	{ "without descriptors it waits and does not spin",
	    without_descriptors_it_waits_and_does_not_spin },
	{ "flood of failures is not a flood of lines", flood_of_failures_is_not_a_flood_of_lines },
	{ "refused peer gets its alert and its line", refused_peer_gets_its_alert_and_its_line },
	{ "new certificate is for new connections", new_certificate_is_for_new_connections },
	{ "resumption is counted", resumption_is_counted },
	{ "listener says where it cannot listen", listener_says_where_it_cannot_listen },
	{ "two workers may share a port", two_workers_may_share_a_port },
	{ "IPv6 is served where there is one", ipv6_is_served_where_there_is_one },
};

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	other_rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	rc = suite_run("base/conn", tests, sizeof(tests) / sizeof(tests[0]));
	testpair_free(rsa);
	testpair_free(other_rsa);
	return rc;
}
