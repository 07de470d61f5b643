#include "base/httpd.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "tests/base/httppeer.h"

static struct testpair *rsa;

/* ---- a service: "/<number>" is a content of so many bytes, all else is not found ---- */

enum { NO_FAULT = INT64_MAX };

struct shop {
	struct loop *loop;
	struct httpd *httpd;
	struct tls *tls;
	bool asleep;
	int64_t fault_at; /* reading beyond it fails */
	int requests;
	char path[300], peer[64], peer_port[80]; /* of the last one */
	unsigned reads;
	uint64_t most; /* read at once */
	/* What done() was told. */
	int done, whole, status;
	uint64_t bytes;
};

/* One being answered. */
struct content {
	struct shop *shop;
	uint64_t size;
};

static uint8_t
byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 7 + offset / 256);
}

static int
content_read(void *ctx, uint64_t offset, void *to, size_t n, struct err *e)
{
	struct content *k = ctx;
	uint8_t *p = to;

	CU_ASSERT_TRUE(n > 0 && offset < k->size && n <= k->size - offset);
	k->shop->reads++;
	k->shop->most = n > k->shop->most ? n : k->shop->most;
	if ((int64_t)(offset + n) > k->shop->fault_at)
		return err_set(e, ERR_FAILED, "the disk is broken");
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(offset + i);
	return 0;
}

static void
content_done(void *ctx, int status, bool whole, uint64_t bytes)
{
	struct content *k = ctx;

	k->shop->done++;
	k->shop->whole += whole;
	k->shop->status = status;
	k->shop->bytes = bytes;
	free(k);
}

static void
shop_request(void *service, struct http_request *r)
{
	struct shop *s = service;
	struct content *k;
	char *end;
	unsigned long long size = strtoull(&http_path(r)[1], &end, 10);

	s->requests++;
	snprintf(s->path, sizeof(s->path), "%s", http_path(r));
	snprintf(s->peer, sizeof(s->peer), "%s", http_peer(r));
	snprintf(s->peer_port, sizeof(s->peer_port), "%s", http_peer_port(r));
	if (*end != '\0' || end == &http_path(r)[1]) {
		http_refuse(r, 404, "File not found");
		return;
	}
	k = mem_new(sizeof(*k));
	*k = (struct content){ s, size };
	http_answer(r, &(struct http_answer){ "*/*", size, content_read, content_done, k });
}

static bool
shop_awake(void *service)
{
	return !((struct shop *)service)->asleep;
}

static const struct http_ops shop_ops = {
	.service = "shop", .awake = shop_awake, .request = shop_request
};

static void
shop_start_with(struct shop *s, bool has_tls, const struct http_limits *limits)
{
	struct err e;

	*s = (struct shop){ .loop = loop_new(&e), .fault_at = NO_FAULT };
	if (has_tls)
		s->tls = testtls_server(&(struct tls_rules){ .min = TLS_1_0 }, rsa);
	s->httpd = httpd_open(s->loop, "127.0.0.1", 0, s->tls, &shop_ops, s, limits, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->httpd);
}

static void
shop_start(struct shop *s)
{
	shop_start_with(s, false, NULL);
}

static void
shop_end(struct shop *s)
{
	httpd_close(s->httpd);
	loop_free(s->loop);
	tls_free(s->tls);
}

static const struct http_counters *
counters(const struct shop *s)
{
	return httpd_counters(s->httpd);
}

static void
turn(struct shop *s)
{
	loop_turns(s->loop);
}

/* ---- its peers: plain, or through TLS ---- */

static void
peer_dial(struct peer *p, struct shop *s)
{
	peer_connect(p, s->loop, httpd_port(s->httpd));
}

static void
peer_meet(struct peer *p, struct shop *s, int version)
{
	peer_dial(p, s);
	peer_shake(p, version);
}

static void
assert_content(const struct peer *p, uint64_t from, size_t n)
{
	const uint8_t *body = peer_content(p);
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += body[i] != byte_at(from + i);
	CU_ASSERT_EQUAL(wrong, 0);
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

/* One request on a connection of its own gets an answer that begins so, and the connection ends. */
static void
ask(struct shop *s, struct peer *p, const char *request, const char *answer)
{
	peer_dial(p, s);
	peer_send(p, request);
	UNTIL(s, peer_is_closed(p));
	if (strncmp(p->got, answer, strlen(answer)) != 0)
		fprintf(stderr, "\n    to %.60s\n    came %.200s\n", request, p->got);
	CU_ASSERT_NSTRING_EQUAL(p->got, answer, strlen(answer));
}

static void
is_answered(struct shop *s, const char *request, const char *answer)
{
	struct peer p;

	ask(s, &p, request, answer);
	peer_end(&p);
}

/* ---- answers ---- */

static void
content_is_sent(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	ask(&s, &p, LAST("/1000"), "HTTP/1.1 200 OK\r\nDate: ");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Type: */*\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 1000\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nCache-Control: no-store\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nAccept-Ranges: bytes\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nConnection: close\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 1000));
	assert_content(&p, 0, 1000);
	CU_ASSERT_STRING_EQUAL(s.path, "/1000");
	CU_ASSERT_STRING_EQUAL(s.peer, "127.0.0.1");
	CU_ASSERT_NSTRING_EQUAL(s.peer_port, "127.0.0.1:", 10);
	CU_ASSERT_EQUAL(s.done, 1);
	CU_ASSERT_EQUAL(s.whole, 1);
	CU_ASSERT_EQUAL(s.status, 200);
	CU_ASSERT_EQUAL(s.bytes, 1000);
	peer_end(&p);
	shop_end(&s);
}

static void
empty_content_is_sent(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	ask(&s, &p, LAST("/0"), "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 0\r\n"));
	CU_ASSERT_EQUAL(s.reads, 0);
	CU_ASSERT_EQUAL(s.whole, 1);
	peer_end(&p);
	shop_end(&s);
}

static void
head_has_no_content(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	ask(&s, &p, "HEAD /1000 HTTP/1.0\r\nRange: bytes=0-9\r\n\r\n", "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 1000\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 0));
	CU_ASSERT_EQUAL(s.reads, 0);
	CU_ASSERT_EQUAL(s.done, 1);
	CU_ASSERT_EQUAL(s.bytes, 0);
	peer_end(&p);
	ask(&s, &p, "HEAD /none HTTP/1.0\r\n\r\n", "HTTP/1.1 404 Not Found\r\n");
	CU_ASSERT_TRUE(peer_has_content(&p, 0));
	peer_end(&p);
	shop_end(&s);
}

static void
what_is_not_there_is_said_so(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	ask(&s, &p, LAST("/CTLSEP001122334455.tlv"), "HTTP/1.1 404 Not Found\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 15\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 15));
	CU_ASSERT_TRUE(peer_has(&p, "\r\n\r\nFile not found\n"));
	CU_ASSERT_EQUAL(s.done, 0);
	peer_end(&p);
	shop_end(&s);
}

static void
parts_are_sent(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	ask(&s, &p, "GET /1000 HTTP/1.0\r\nRange: bytes=990-2000\r\n\r\n",
	    "HTTP/1.1 206 Partial Content\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Range: bytes 990-999/1000\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 10));
	assert_content(&p, 990, 10);
	CU_ASSERT_EQUAL(s.status, 206);
	CU_ASSERT_EQUAL(s.bytes, 10);
	peer_end(&p);
	ask(&s, &p, "GET /1000 HTTP/1.0\r\nRange: bytes=1000-\r\n\r\n",
	    "HTTP/1.1 416 Range Not Satisfiable\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Range: bytes */1000\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 13));
	CU_ASSERT_EQUAL(s.status, 416);
	CU_ASSERT_EQUAL(s.bytes, 0);
	CU_ASSERT_EQUAL(s.done, 2);
	peer_end(&p);
	ask(&s, &p, "GET /1000 HTTP/1.0\r\nRange: bytes=0-1,3-4\r\n\r\n", "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_TRUE(peer_has_content(&p, 1000));
	peer_end(&p);
	shop_end(&s);
}

static void
connection_is_kept(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_dial(&p, &s);
	for (int i = 1; i <= 3; i++) {
		p.n = 0;
		peer_send(&p, i == 2 ? GET("/none") : GET("/5"));
		UNTIL(&s, peer_has_content(&p, i == 2 ? 15 : 5));
		CU_ASSERT_TRUE(peer_has(&p, "\r\nConnection: keep-alive\r\n"));
		CU_ASSERT_EQUAL(s.requests, i);
	}
	CU_ASSERT_EQUAL(counters(&s)->accepted, 1);
	CU_ASSERT_EQUAL(counters(&s)->requests, 3);
	CU_ASSERT_FALSE(p.closed);
	peer_end(&p);
	UNTIL(&s, httpd_connections(s.httpd) == 0);
	shop_end(&s);
}

static void
requests_may_come_all_at_once(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_dial(&p, &s);
	peer_send(&p, GET("/none") GET("/3") "\r\n\n" GET("/200000") "HEAD /7 HTTP/1.1\r\nHo");
	UNTIL(&s, (peer_look(&p), s.done == 2));
	peer_send(&p, "st: h\r\n\r\n" LAST("/none") GET("/9"));
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_EQUAL(s.requests, 5); /* nothing behind the last one */
	CU_ASSERT_EQUAL(s.done, 3);
	CU_ASSERT_TRUE(p.n > 200000);
	CU_ASSERT_PTR_NOT_NULL(memmem(p.got, p.n, "Content-Length: 7\r\n", 19));
	peer_end(&p);
	shop_end(&s);
}

static void
request_may_come_byte_by_byte(void)
{
	static const char request[] = "\r\n" LAST("/5");
	struct shop s;
	struct peer p;
	char byte[2] = "";

	shop_start(&s);
	peer_dial(&p, &s);
	for (size_t i = 0; i < strlen(request); i++) {
		CU_ASSERT_EQUAL(s.requests, 0);
		byte[0] = request[i];
		peer_send(&p, byte);
		turn(&s);
	}
	UNTIL(&s, peer_has_content(&p, 5));
	peer_end(&p);
	shop_end(&s);
}

static void
half_closed_peer_gets_its_answer(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_dial(&p, &s);
	peer_send(&p, GET("/300000"));
	shutdown(p.fd, SHUT_WR);
	UNTIL(&s, peer_has_content(&p, 300000));
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_EQUAL(s.whole, 1);
	peer_end(&p);
	shop_end(&s);
}

static void
path_is_decoded_once(void)
{
	struct shop s;

	shop_start(&s);
	is_answered(&s, LAST("/a%2f..%252e?x=/y"), "HTTP/1.1 404 ");
	CU_ASSERT_STRING_EQUAL(s.path, "/a/..%2e");
	is_answered(&s, LAST("http://10.0.0.1:6970/x"), "HTTP/1.1 404 ");
	CU_ASSERT_STRING_EQUAL(s.path, "/x");
	CU_ASSERT_EQUAL(s.requests, 2);
	shop_end(&s);
}

/* ---- TLS ---- */

static void
every_version_of_tls_is_answered(void)
{
	struct shop s;

	shop_start_with(&s, true, NULL);
	for (int v = TLS_1_0; v <= TLS_1_3; v++) {
		struct peer p;

		peer_meet(&p, &s, v);
		peer_send(&p, GET("/5"));
		UNTIL(&s, peer_has_content(&p, 5));
		p.n = 0;
		peer_send(&p, GET("/200000") GET("/none"));
		UNTIL(&s, peer_has_content(&p, 200000) || p.n > 200000);
		assert_content(&p, 0, 200000);
		UNTIL(&s, s.requests == 3 * (v - TLS_1_0 + 1));
		peer_end(&p);
	}
	UNTIL(&s, httpd_connections(s.httpd) == 0);
	CU_ASSERT_EQUAL(s.whole, 8);
	CU_ASSERT_EQUAL(counters(&s)->failed_handshakes, 0);
	shop_end(&s);
}

/* More than one record, and requests in it that the descriptor shows nothing of. */
static void
many_requests_in_one_record(void)
{
	struct shop s;
	struct peer p;
	struct wr w = { 0 };

	shop_start_with(&s, true, &(struct http_limits){ .header_bytes = 200 });
	peer_meet(&p, &s, TLS_1_2);
	for (int i = 0; i < 300; i++)
		wr_text(&w, GET("/none"));
	peer_send(&p, wr_cstr(&w));
	UNTIL(&s, s.requests == 300);
	wr_free(&w);
	peer_end(&p);
	shop_end(&s);
}

static char last_line[1024];

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static void
assert_logged(const char *words)
{
	if (strstr(last_line, words) == NULL)
		fprintf(stderr, "\n    logged: %s\n", last_line);
	CU_ASSERT_PTR_NOT_NULL(strstr(last_line, words));
}

static void
refused_handshake_is_explained(void)
{
	struct shop s;
	struct peer p;

	shop_start_with(&s, true, NULL);
	tls_free(s.tls);
	s.tls = testtls_server(&(struct tls_rules){ .min = TLS_1_2 }, rsa);
	httpd_set_tls(s.httpd, s.tls);
	log_set_sink(keep_line, NULL);
	log_set_level(LOG_INFO);
	peer_dial(&p, &s);
	p.ctx = testtls_client(TLS_1_0, TLS_1_0, NULL);
	p.ssl = SSL_new(p.ctx);
	SSL_set_fd(p.ssl, p.fd);
	(void)peer_step(&p);
	UNTIL(&s, counters(&s)->failed_handshakes == 1);
	assert_logged("info shop 127.0.0.1:");
	assert_logged("handshake-failed");
	assert_logged("the peer speaks only up to TLS 1.0");
	assert_logged("set tls_min = 1.0");
	peer_end(&p);
	peer_dial(&p, &s);
	peer_send(&p, GET("/5"));
	UNTIL(&s, counters(&s)->failed_handshakes == 2);
	assert_logged("the peer speaks HTTP without TLS");
	peer_end(&p);
	log_set_level(LOG_ERROR);
	log_set_sink(NULL, NULL);
	shop_end(&s);
}

static void
new_certificate_is_for_new_connections(void)
{
	struct testpair *other = testpair_new(TESTPAIR_RSA_2048, NULL);
	struct shop s;
	struct peer before, after;
	struct tls *tls;
	X509 *x;

	shop_start_with(&s, true, NULL);
	peer_meet(&before, &s, TLS_1_2);
	tls = testtls_server(&(struct tls_rules){ .min = TLS_1_0 }, other);
	httpd_set_tls(s.httpd, tls);
	tls_free(tls);
	peer_meet(&after, &s, TLS_1_2);
	x = SSL_get1_peer_certificate(after.ssl);
	CU_ASSERT_EQUAL(X509_cmp(x, other->x), 0);
	X509_free(x);
	peer_send(&before, GET("/5"));
	UNTIL(&s, peer_has_content(&before, 5));
	peer_end(&before);
	peer_end(&after);
	shop_end(&s);
	testpair_free(other);
}

/* ---- the hostile ---- */

static void
broken_requests_end_the_connection(void)
{
	static const char *const requests[][2] = {
		{ "GET /5\r\n\r\n", "HTTP/1.1 400 " },	 /* HTTP/0.9 */
		{ "\x16\x03\x01\x02", "HTTP/1.1 400 " }, /* TLS, and at once */
		{ "GET /5 HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ GET("/%00"), "HTTP/1.1 400 " },
		{ GET("*"), "HTTP/1.1 400 " },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n", "HTTP/1.1 417 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n" GET("/6"),
		    "HTTP/1.1 413 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET(
		      "/6"),
		    "HTTP/1.1 413 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n",
		    "HTTP/1.1 413 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
		    "HTTP/1.1 413 " },
		{ "GET /5 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		    "HTTP/1.1 400 " },
	};
	enum { N = sizeof(requests) / sizeof(requests[0]) };
	struct shop s;

	shop_start(&s);
	for (int i = 0; i < N; i++) {
		is_answered(&s, requests[i][0], requests[i][1]);
		CU_ASSERT_EQUAL(counters(&s)->malformed, (uint64_t)i + 1);
	}
	CU_ASSERT_EQUAL(s.requests, 0);
	UNTIL(&s, httpd_connections(s.httpd) == 0);
	shop_end(&s);
}

static void
other_methods_are_refused(void)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
		"CONNECT", "PROPFIND", "get", "GETS" };
	struct shop s;
	struct peer p;
	char request[200];

	shop_start(&s);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(request, sizeof(request),
		    "%s /5 HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nGET /5 HTT", methods[i]);
		ask(&s, &p, request, "HTTP/1.1 405 Method Not Allowed\r\n");
		CU_ASSERT_TRUE(peer_has(&p, "\r\nAllow: GET, HEAD\r\n"));
		CU_ASSERT_TRUE(peer_has(&p, "\r\nConnection: close\r\n"));
		peer_end(&p);
	}
	/* Without a body the connection goes on. */
	is_answered(&s, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n" LAST("/5"),
	    "HTTP/1.1 405 Method Not Allowed\r\n");
	CU_ASSERT_EQUAL(s.requests, 1);
	shop_end(&s);
}

static void
long_requests_are_refused(void)
{
	struct shop s;
	struct wr line = { 0 }, headers = { 0 };

	shop_start_with(&s, false, &(struct http_limits){ .header_bytes = 1000 });
	wr_text(&line, "GET /");
	wr_fill(&line, 'a', 2000);
	is_answered(&s, wr_cstr(&line), "HTTP/1.1 414 ");
	wr_text(&headers, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
	wr_fill(&headers, 'a', 2000);
	is_answered(&s, wr_cstr(&headers), "HTTP/1.1 431 ");
	CU_ASSERT_EQUAL(counters(&s)->malformed, 2);
	CU_ASSERT_EQUAL(s.requests, 0);
	wr_free(&line);
	wr_free(&headers);
	shop_end(&s);
}

/* The head fits, to the byte; one more does not. */
static void
limit_of_headers_is_exact(void)
{
	static const char request[] = LAST("/5");
	struct shop s;

	shop_start_with(&s, false, &(struct http_limits){ .header_bytes = sizeof(request) - 1 });
	is_answered(&s, request, "HTTP/1.1 200 ");
	shop_end(&s);
	shop_start_with(&s, false, &(struct http_limits){ .header_bytes = sizeof(request) - 2 });
	is_answered(&s, request, "HTTP/1.1 431 ");
	shop_end(&s);
}

/* A byte now and then does not keep a connection: the whole request has a second. */
static void
slow_request_is_ended(void)
{
	static const char drip[] =
	    "GET /5 HTTP/1.1\r\nHost: h\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	int64_t begun = clock_mono_ms(), last = 0;
	struct shop s;
	struct peer p;
	size_t at = 0;

	shop_start_with(&s, false, &(struct http_limits){ .idle_seconds = 1 });
	peer_dial(&p, &s);
	while (!peer_is_closed(&p) && clock_mono_ms() < begun + PATIENCE_MS) {
		if (clock_mono_ms() - last >= 50 && at < strlen(drip)) {
			last = clock_mono_ms();
			send(p.fd, &drip[at++], 1, MSG_NOSIGNAL);
		}
		loop_turn(s.loop);
		poll(NULL, 0, 1);
	}
	CU_ASSERT_TRUE(p.closed || p.reset);
	CU_ASSERT_TRUE(at < strlen(drip)); /* in the middle of it */
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	peer_end(&p);
	shop_end(&s);
}

/* Empty lines are not the beginning of anything. */
static void
empty_lines_are_no_progress(void)
{
	int64_t begun = clock_mono_ms();
	struct shop s;
	struct peer p;

	shop_start_with(&s, false, &(struct http_limits){ .idle_seconds = 1 });
	peer_dial(&p, &s);
	while (!peer_is_closed(&p) && clock_mono_ms() < begun + PATIENCE_MS) {
		send(p.fd, "\r\n", 2, MSG_NOSIGNAL);
		loop_turn(s.loop);
		poll(NULL, 0, 5);
	}
	CU_ASSERT_TRUE(p.closed || p.reset);
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	peer_end(&p);
	shop_end(&s);
}

static void
silent_peers_are_ended(void)
{
	struct shop s;
	struct peer never, once;

	shop_start_with(&s, false, &(struct http_limits){ .idle_seconds = 1 });
	peer_dial(&never, &s);
	peer_dial(&once, &s);
	peer_send(&once, GET("/5"));
	UNTIL(&s, peer_has_content(&once, 5));
	UNTIL(&s, peer_is_closed(&never));
	UNTIL(&s, peer_is_closed(&once));
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1); /* the other one had its answer */
	peer_end(&never);
	peer_end(&once);
	shop_end(&s);
}

/* The memory of a peer that does not read is the kernel's, and that is bounded too. */
static void
peer_that_does_not_read_is_ended(void)
{
	struct shop s;
	struct peer p;

	shop_start_with(&s, false, &(struct http_limits){ .idle_seconds = 1 });
	peer_dial(&p, &s);
	peer_send(&p, GET("/1000000000"));
	UNTIL(&s, s.done == 1);
	CU_ASSERT_EQUAL(s.whole, 0);
	CU_ASSERT_TRUE(s.bytes < 20 << 20);
	CU_ASSERT_TRUE(s.most <= 64 << 10);
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	CU_ASSERT_EQUAL(httpd_connections(s.httpd), 0);
	/* Nor does the kernel keep what it has for it. */
	UNTIL(&s, peer_is_closed(&p));
	CU_ASSERT_TRUE(p.reset);
	peer_end(&p);
	shop_end(&s);
}

/* 20 KB a second, where 64 KiB are asked for: a little now and then is not enough. */
static void
peer_that_reads_a_little_is_ended(void)
{
	int64_t begun = clock_mono_ms(), last = 0;
	int small = 4096;
	struct shop s;
	struct peer p;

	shop_start_with(&s, false, &(struct http_limits){ .idle_seconds = 1 });
	peer_dial(&p, &s);
	setsockopt(p.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	peer_send(&p, GET("/1000000000"));
	while (s.done == 0 && clock_mono_ms() < begun + PATIENCE_MS) {
		if (clock_mono_ms() - last >= 100) {
			last = clock_mono_ms();
			peer_see_plain(&p, 2000);
		}
		loop_turn(s.loop);
		poll(NULL, 0, 1);
	}
	CU_ASSERT_EQUAL(s.done, 1);
	CU_ASSERT_EQUAL(counters(&s)->timeouts, 1);
	peer_end(&p);
	shop_end(&s);
}

static void
reads_slowly(bool has_tls)
{
	enum { SIZE = 3 << 20 };
	struct shop s;
	struct peer p, other;

	shop_start_with(&s, has_tls, NULL);
	if (has_tls)
		peer_meet(&p, &s, TLS_1_2);
	else
		peer_dial(&p, &s);
	peer_send(&p, LAST("/3145728"));
	turn(&s);
	CU_ASSERT_EQUAL(s.done, 0);
	/* Others are served meanwhile. */
	if (has_tls)
		peer_meet(&other, &s, TLS_1_2);
	else
		peer_dial(&other, &s);
	peer_send(&other, GET("/5"));
	UNTIL(&s, peer_has_content(&other, 5));
	peer_end(&other);
	while (!has_tls && p.n < 100000) {
		peer_see_plain(&p, 1000);
		loop_turn(s.loop);
	}
	UNTIL(&s, peer_has_content(&p, SIZE));
	assert_content(&p, 0, SIZE);
	UNTIL(&s, s.done == 2);
	CU_ASSERT_EQUAL(s.whole, 2);
	CU_ASSERT_EQUAL(s.bytes, SIZE);
	CU_ASSERT_TRUE(s.most <= 64 << 10);
	peer_end(&p);
	shop_end(&s);
}

static void
slow_reader_gets_all(void)
{
	reads_slowly(false);
}

static void
slow_reader_gets_all_through_tls(void)
{
	reads_slowly(true);
}

static void
peer_that_goes_is_noticed(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	peer_dial(&p, &s);
	peer_send(&p, GET("/1000000000"));
	UNTIL(&s, s.requests == 1);
	turn(&s);
	peer_end(&p); /* with unread bytes: a reset */
	UNTIL(&s, s.done == 1);
	CU_ASSERT_EQUAL(s.whole, 0);
	CU_ASSERT_EQUAL(httpd_connections(s.httpd), 0);
	shop_end(&s);
}

/* The length was promised: the peer must see that it is not all. */
static void
content_that_breaks_ends_the_connection(void)
{
	struct shop s;
	struct peer p;

	shop_start(&s);
	s.fault_at = 100000;
	ask(&s, &p, GET("/200000"), "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_TRUE(p.n < 200000);
	CU_ASSERT_EQUAL(s.done, 1);
	CU_ASSERT_EQUAL(s.whole, 0);
	peer_end(&p);
	shop_end(&s);
}

/* ---- limits, and the end ---- */

static void
too_many_are_turned_away(void)
{
	struct shop s;
	struct peer p[3];

	shop_start_with(&s, false, &(struct http_limits){ .connections = 2 });
	for (int i = 0; i < 3; i++) {
		peer_dial(&p[i], &s);
		UNTIL(&s, counters(&s)->accepted + counters(&s)->refused == (uint64_t)i + 1);
	}
	UNTIL(&s, peer_is_closed(&p[2]));
	CU_ASSERT_EQUAL(counters(&s)->refused, 1);
	CU_ASSERT_EQUAL(httpd_connections(s.httpd), 2);
	/* There is room again when one goes. */
	peer_end(&p[0]);
	peer_end(&p[2]);
	UNTIL(&s, httpd_connections(s.httpd) == 1);
	is_answered(&s, LAST("/5"), "HTTP/1.1 200 ");
	peer_end(&p[1]);
	shop_end(&s);
	shop_start_with(&s, false, &(struct http_limits){ .per_host = 1 });
	peer_dial(&p[0], &s);
	UNTIL(&s, counters(&s)->accepted == 1);
	peer_dial(&p[1], &s);
	UNTIL(&s, peer_is_closed(&p[1]));
	CU_ASSERT_EQUAL(counters(&s)->refused, 1);
	peer_end(&p[0]);
	peer_end(&p[1]);
	shop_end(&s);
}

static void
sleeping_service_answers_nobody(void)
{
	struct shop s;
	struct peer kept, fresh;

	shop_start(&s);
	peer_dial(&kept, &s);
	peer_send(&kept, GET("/5"));
	UNTIL(&s, peer_has_content(&kept, 5));
	kept.n = 0;
	s.asleep = true;
	peer_dial(&fresh, &s);
	UNTIL(&s, peer_is_closed(&fresh));
	CU_ASSERT_EQUAL(fresh.n, 0);
	CU_ASSERT_EQUAL(counters(&s)->refused, 1);
	peer_send(&kept, GET("/5"));
	UNTIL(&s, peer_is_closed(&kept));
	CU_ASSERT_EQUAL(kept.n, 0);
	CU_ASSERT_EQUAL(s.requests, 1);
	peer_end(&fresh);
	peer_end(&kept);
	shop_end(&s);
}

static void
quiet_lets_answers_end(void)
{
	struct shop s;
	struct peer idle, fresh, busy, made, late;

	shop_start(&s);
	peer_dial(&idle, &s);
	peer_send(&idle, GET("/5"));
	UNTIL(&s, peer_has_content(&idle, 5));
	peer_dial(&fresh, &s);
	peer_dial(&busy, &s);
	peer_send(&busy, GET("/3000000") GET("/5"));
	UNTIL(&s, s.requests == 2);
	peer_dial(&made, &s); /* and not accepted yet */
	httpd_quiet(s.httpd);
	UNTIL(&s, peer_is_closed(&idle));
	peer_send(&fresh, GET("/5"));
	UNTIL(&s, peer_has(&fresh, "\r\nConnection: close\r\n"));
	peer_send(&made, GET("/5"));
	UNTIL(&s, peer_has(&made, "\r\nConnection: close\r\n"));
	UNTIL(&s, peer_has_content(&busy, 3000000));
	UNTIL(&s, peer_is_closed(&busy));
	CU_ASSERT_EQUAL(s.requests, 4); /* not the second one of busy */
	CU_ASSERT_EQUAL(s.whole, 4);
	peer_end(&idle);
	peer_end(&fresh);
	peer_end(&busy);
	peer_end(&made);
	UNTIL(&s, httpd_connections(s.httpd) == 0);
	late = (struct peer){ .fd = tcp_connect("127.0.0.1", httpd_port(s.httpd),
				  clock_mono_ms() + PATIENCE_MS, NULL) };
	CU_ASSERT_EQUAL(late.fd, -1);
	shop_end(&s);
}

/* Who says nothing does not hold up a quiet server for its whole patience. */
static void
quiet_does_not_wait_for_the_silent(void)
{
	struct shop s;
	struct peer silent, half;

	shop_start(&s);
	peer_dial(&silent, &s);
	peer_dial(&half, &s);
	peer_send(&half, "GET /5 HT");
	UNTIL(&s, httpd_connections(s.httpd) == 2);
	turn(&s);
	httpd_quiet(s.httpd);
	UNTIL(&s, peer_is_closed(&silent) && peer_is_closed(&half));
	peer_end(&silent);
	peer_end(&half);
	UNTIL(&s, httpd_connections(s.httpd) == 0);
	shop_end(&s);
}

static void
close_ends_all(void)
{
	struct shop s;
	struct peer idle, busy;

	shop_start(&s);
	peer_dial(&idle, &s);
	peer_dial(&busy, &s);
	peer_send(&busy, GET("/1000000000"));
	UNTIL(&s, s.requests == 1);
	httpd_close(s.httpd);
	CU_ASSERT_EQUAL(s.done, 1);
	CU_ASSERT_EQUAL(s.whole, 0);
	s.httpd = NULL;
	peer_end(&idle);
	peer_end(&busy);
	shop_end(&s);
}

static const struct suite_test tests[] = {
	{ "content is sent", content_is_sent },
	{ "empty content is sent", empty_content_is_sent },
	{ "HEAD has no content", head_has_no_content },
	{ "what is not there is said so", what_is_not_there_is_said_so },
	{ "parts are sent", parts_are_sent },
	{ "connection is kept", connection_is_kept },
	{ "requests may come all at once", requests_may_come_all_at_once },
	{ "request may come byte by byte", request_may_come_byte_by_byte },
	{ "half closed peer gets its answer", half_closed_peer_gets_its_answer },
	{ "path is decoded once", path_is_decoded_once },
	{ "every version of TLS is answered", every_version_of_tls_is_answered },
	{ "many requests in one record", many_requests_in_one_record },
	{ "refused handshake is explained", refused_handshake_is_explained },
	{ "new certificate is for new connections", new_certificate_is_for_new_connections },
	{ "broken requests end the connection", broken_requests_end_the_connection },
	{ "other methods are refused", other_methods_are_refused },
	{ "long requests are refused", long_requests_are_refused },
	{ "limit of headers is exact", limit_of_headers_is_exact },
	{ "slow request is ended", slow_request_is_ended },
	{ "empty lines are no progress", empty_lines_are_no_progress },
	{ "silent peers are ended", silent_peers_are_ended },
	{ "peer that does not read is ended", peer_that_does_not_read_is_ended },
	{ "peer that reads a little is ended", peer_that_reads_a_little_is_ended },
	{ "slow reader gets all", slow_reader_gets_all },
	{ "slow reader gets all through TLS", slow_reader_gets_all_through_tls },
	{ "peer that goes is noticed", peer_that_goes_is_noticed },
	{ "content that breaks ends the connection", content_that_breaks_ends_the_connection },
	{ "too many are turned away", too_many_are_turned_away },
	{ "sleeping service answers nobody", sleeping_service_answers_nobody },
	{ "quiet lets answers end", quiet_lets_answers_end },
	{ "quiet does not wait for the silent", quiet_does_not_wait_for_the_silent },
	{ "close ends all", close_ends_all },
};

int
main(void)
{
	int rc;

	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	log_set_level(LOG_ERROR);
	rc = suite_run("httpd", tests, sizeof(tests) / sizeof(tests[0]));
	testpair_free(rsa);
	return rc;
}
