#include "base/tlsclient.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/conn.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "base/worker.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"

enum { PATIENCE_MS = 10000, SOON_MS = 50 };

static struct testpair *rsa;

/* ---- a server on a thread of its own: each byte is a message ---- */

struct host {
	struct tls *tls;
	struct workers *workers;
	uint16_t port;
};

static ssize_t
byte_frame(struct bytes head)
{
	(void)head;
	return 1;
}

static void *
byte_open(struct conn *c, void *service)
{
	(void)service;
	return c;
}

/* "e" is echoed, "b" gets much, "x" gets a goodbye, all others get nothing. */
static void
byte_message(void *session, struct bytes m)
{
	static const uint8_t much[100000];

	if (m.p[0] == 'e')
		conn_send(session, m);
	else if (m.p[0] == 'b')
		conn_send(session, bytes_over(much, sizeof(much)));
	else if (m.p[0] == 'x')
		conn_finish(session);
}

static void
byte_close(void *session)
{
	(void)session;
}

static const struct conn_ops byte_ops = {
	.service = "host",
	.max_message = 1,
	.frame = byte_frame,
	.open = byte_open,
	.message = byte_message,
	.close = byte_close,
};

static int
host_start(void *ctx, unsigned number, struct loop *l, void **own, struct err *e)
{
	struct host *h = ctx;
	struct conn_listener *listener =
	    conn_listener_open(l, "127.0.0.1", 0, h->tls, &byte_ops, NULL, NULL, e);

	(void)number;
	if (listener == NULL)
		return -1;
	h->port = conn_listener_port(listener);
	*own = listener;
	return 0;
}

static void
host_stop(void *own)
{
	conn_listener_close(own);
}

static const struct worker_ops host_ops = { host_start, host_stop };

static void
host_open(struct host *h, const struct tls_rules *rules)
{
	struct err e;

	*h = (struct host){ .tls = testtls_server(rules, rsa) };
	h->workers = workers_start(1, &host_ops, h, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h->workers);
}

static void
host_close(struct host *h)
{
	workers_stop(h->workers);
	tls_free(h->tls);
}

static struct tls_call
call_to(const struct host *h)
{
	return (struct tls_call){ .host = "127.0.0.1", .port = h->port, .timeout_ms = PATIENCE_MS };
}

static struct tls_client *
connect_to(const struct host *h)
{
	struct tls_call call = call_to(h);
	struct err e;
	struct tls_client *c = tls_client_connect(&call, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

/* ---- talking ---- */

static void
what_is_written_is_answered(void)
{
	struct tls_client *c;
	struct host h;
	char got[4] = "";
	struct err e;

	host_open(&h, &(struct tls_rules){ 0 });
	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_of("e-e"), PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, got, 2, PATIENCE_MS, &e), 0);
	CU_ASSERT_STRING_EQUAL(got, "ee");
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_of(""), PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, got, 0, PATIENCE_MS, &e), 0);
	tls_client_close(c);
	host_close(&h);
}

static void
answer_of_many_records_is_read_whole(void)
{
	uint8_t *much = mem_new(100000);
	struct tls_client *c;
	struct host h;
	struct err e;

	host_open(&h, &(struct tls_rules){ 0 });
	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_of("be"), PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, much, 100000, PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, much, 1, PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(much[0], 'e');
	tls_client_close(c);
	host_close(&h);
	free(much);
}

static void
rules_are_kept(void)
{
	struct tls_client *c;
	struct tls_call call;
	struct host h;
	struct err e;

	host_open(&h, &(struct tls_rules){ .min = TLS_1_0 });
	call = call_to(&h);
	call.rules = (struct tls_rules){ TLS_1_0, TLS_1_0, .ciphers = "AES256-SHA" };
	c = tls_client_connect(&call, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(tls_client_version(c), TLS_1_0);
	CU_ASSERT_STRING_EQUAL(tls_client_cipher(c), "AES256-SHA");
	tls_client_close(c);
	host_close(&h);
}

/* ---- the certificate ---- */

struct checking {
	struct bytes want;
	int times, rc;
};

static int
check(void *ctx, struct bytes der, struct err *e)
{
	struct checking *k = ctx;

	k->times++;
	CU_ASSERT_TRUE(bytes_eq(der, k->want));
	return k->rc == 0 ? 0 : err_set(e, ERR_NO, "not in my list");
}

static void
certificate_is_shown_and_may_be_refused(void)
{
	struct checking k = { .want = rsa->view };
	struct tls_client *c;
	struct tls_call call;
	struct host h;
	struct err e;

	host_open(&h, &(struct tls_rules){ 0 });
	call = call_to(&h);
	call.check = check;
	call.ctx = &k;
	c = tls_client_connect(&call, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_TRUE(bytes_eq(tls_client_server_cert(c), rsa->view));
	tls_client_close(c);

	k.rc = -1;
	CU_ASSERT_PTR_NULL(tls_client_connect(&call, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, "not in my list");
	CU_ASSERT_EQUAL(k.times, 2);
	host_close(&h);
}

/* ---- what goes wrong ---- */

static void
silence_has_a_deadline(void)
{
	struct tls_client *c;
	struct host h;
	struct err e;
	char got;

	host_open(&h, &(struct tls_rules){ 0 });
	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_read(c, &got, 1, SOON_MS, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	ASSERT_ERR_SAYS(e, "after 0 of 1 bytes: the server took too long");
	tls_client_close(c);
	host_close(&h);
}

static void
goodbye_before_an_answer_is_told(void)
{
	struct tls_client *c;
	struct host h;
	struct err e;
	char got[2];

	host_open(&h, &(struct tls_rules){ 0 });
	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_of("x"), PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, got, 2, PATIENCE_MS, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	tls_client_close(c);

	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_of("ex"), PATIENCE_MS, &e), 0);
	CU_ASSERT_EQUAL(tls_client_read(c, got, 2, PATIENCE_MS, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "after 1 of 2 bytes: the peer closed the connection");
	tls_client_close(c);
	host_close(&h);
}

static void
server_that_does_not_take_has_a_deadline(void)
{
	enum { MUCH = 64 << 20 };
	uint8_t *much = mem_new(MUCH);
	struct tls_client *c;
	struct host h;
	struct err e;

	memset(much, 'b', MUCH); /* each asks for an answer that we do not read */
	host_open(&h, &(struct tls_rules){ 0 });
	c = connect_to(&h);
	CU_ASSERT_EQUAL(tls_client_write(c, bytes_over(much, MUCH), 200, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	tls_client_close(c);
	host_close(&h);
	free(much);
}

static void
handshake_has_a_deadline(void)
{
	struct tls_call call = { .host = "127.0.0.1", .timeout_ms = SOON_MS };
	struct err e;
	int fd = tcp_listen("127.0.0.1", 0, &e);

	CU_ASSERT_EQUAL(tcp_port(fd, &call.port, &e), 0);
	CU_ASSERT_PTR_NULL(tls_client_connect(&call, &e));
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	ASSERT_ERR_SAYS(e, "TLS with 127.0.0.1 port");
	ASSERT_ERR_SAYS(e, "took too long");
	close(fd);
	CU_ASSERT_PTR_NULL(tls_client_connect(&call, &e));
	ASSERT_ERR_SAYS(e, "Connection refused");
}

static void
refusal_of_the_server_is_told(void)
{
	struct tls_call call;
	struct host h;
	struct err e;

	host_open(&h, &(struct tls_rules){ 0 });
	call = call_to(&h);
	call.rules = (struct tls_rules){ .min = TLS_1_0, .max = TLS_1_0 };
	CU_ASSERT_PTR_NULL(tls_client_connect(&call, &e));
	CU_ASSERT_EQUAL(e.code, ERR_DENIED);
	ASSERT_ERR_SAYS(e, "the peer refused: alert 70, protocol version");
	host_close(&h);
}

static void
rules_that_make_no_sense_are_told(void)
{
	struct tls_call call = { .host = "127.0.0.1", .rules.ciphers = "ROT13" };
	struct err e;

	CU_ASSERT_PTR_NULL(tls_client_connect(&call, &e));
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	tls_client_close(NULL);
}

static const struct suite_test tests[] = {
	{ "what is written is answered", what_is_written_is_answered },
	{ "answer of many records is read whole", answer_of_many_records_is_read_whole },
	{ "rules are kept", rules_are_kept },
	{ "certificate is shown and may be refused", certificate_is_shown_and_may_be_refused },
	{ "silence has a deadline", silence_has_a_deadline },
	{ "goodbye before an answer is told", goodbye_before_an_answer_is_told },
	{ "server that does not take has a deadline", server_that_does_not_take_has_a_deadline },
	{ "handshake has a deadline", handshake_has_a_deadline },
	{ "refusal of the server is told", refusal_of_the_server_is_told },
	{ "rules that make no sense are told", rules_that_make_no_sense_are_told },
};

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	rc = suite_run("base/tlsclient", tests, sizeof(tests) / sizeof(tests[0]));
	testpair_free(rsa);
	return rc;
}
