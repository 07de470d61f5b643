#include "base/httpd.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/httpfield.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/base/httppeer.h"

static struct testpair *rsa;

/* ---- a service: says what it was asked, and by its path how ---- */

enum { BODY_MAX = 1000 };

struct desk {
	struct loop *loop;
	struct httpd *httpd;
	struct tls *tls;
	bool asleep;
	int requests;
	bool is_tls, knows_uid;
	char said[2000];	  /* of the last one */
	struct http_content with; /* what "/with" is answered */
	bool is_file;		  /* the answer is a content with parts */
};

static const char *
query(const struct http_request *r, const char *name)
{
	static char value[16];

	switch (http_query(r, name, value, sizeof(value))) {
	case HTTP_GIVEN:
		return value;
	case HTTP_UNFIT:
		return "(unfit)";
	default:
		return "(absent)";
	}
}

/* Of mem_wipe(): the linker leads its callers here (CMakeLists.txt). */
static const void *wiped_at;
static size_t wiped_most;

void really_wipe(void *p, size_t n) __asm__("__real_mem_wipe");
void seen_wipe(void *p, size_t n) __asm__("__wrap_mem_wipe");

void
seen_wipe(void *p, size_t n)
{
	if (p != NULL && p == wiped_at && n > wiped_most)
		wiped_most = n;
	really_wipe(p, n);
}

static void
note(struct desk *d, const struct http_request *r)
{
	struct bytes header = http_header(r, "x-test"), body = http_body(r);
	uid_t uid;

	d->requests++;
	wiped_at = body.p;
	d->is_tls = http_is_tls(r);
	d->knows_uid = http_peer_uid(r, &uid);
	snprintf(d->said, sizeof(d->said), "%u %s q=%s x=%.*s b=%.*s", http_method(r), http_path(r),
	    query(r, "q"), header.p != NULL ? (int)header.n : 6,
	    header.p != NULL ? (const char *)header.p : "(none)", (int)body.n,
	    body.n > 0 ? (const char *)body.p : "");
}

static int
read_same(void *ctx, uint64_t offset, void *to, size_t n, struct err *e)
{
	(void)ctx;
	(void)offset;
	(void)e;
	memset(to, 'x', n);
	return 0;
}

static void
read_done(void *ctx, int status, bool whole, uint64_t bytes)
{
	(void)ctx;
	(void)status;
	(void)whole;
	(void)bytes;
}

static void
desk_request(void *service, struct http_request *r)
{
	struct desk *d = service;

	note(d, r);
	if (d->is_file)
		http_answer(r, &(struct http_answer){ "*/*", 100, read_same, read_done, NULL });
	else if (strcmp(http_path(r), "/with") == 0)
		http_reply(r, &d->with);
	else
		http_reply(r, &(struct http_content){
				  .status = 200, .type = "text/plain", .body = bytes_of(d->said) });
}

static bool
desk_awake(void *service)
{
	return !((struct desk *)service)->asleep;
}

static const struct http_ops desk_ops = { .service = "desk",
	.awake = desk_awake,
	.request = desk_request,
	.methods = HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE,
	.body_max = BODY_MAX };

static void
desk_open(struct desk *d, bool has_tls, const struct http_limits *limits)
{
	struct err e;

	*d = (struct desk){ .loop = loop_new(&e) };
	if (has_tls)
		d->tls = testtls_server(&(struct tls_rules){ .min = TLS_1_2 }, rsa);
	d->httpd = httpd_open(d->loop, "127.0.0.1", 0, d->tls, &desk_ops, d, limits, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d->httpd);
}

static void
desk_close(struct desk *d)
{
	httpd_close(d->httpd);
	loop_free(d->loop);
	tls_free(d->tls);
}

static const struct http_counters *
counters(const struct desk *d)
{
	return httpd_counters(d->httpd);
}

static void
dial(struct peer *p, struct desk *d)
{
	peer_connect(p, d->loop, httpd_port(d->httpd));
}

#define H		   "HTTP/1.1\r\nHost: h\r\n"
#define POST(path, length) "POST " path " " H "Content-Length: " length "\r\n\r\n"
#define LAST(path)	   "GET " path " " H "Connection: close\r\n\r\n"

static void
ask(struct desk *d, struct peer *p, const char *request, const char *answer)
{
	dial(p, d);
	peer_send(p, request);
	UNTIL(d, peer_is_closed(p));
	if (strncmp(p->got, answer, strlen(answer)) != 0)
		fprintf(stderr, "\n    to %.60s\n    came %.200s\n", request, p->got);
	CU_ASSERT_NSTRING_EQUAL(p->got, answer, strlen(answer));
}

static void
is_answered(struct desk *d, const char *request, const char *answer)
{
	struct peer p;

	ask(d, &p, request, answer);
	peer_end(&p);
}

/* How often it is in what came. */
static int
times(struct peer *p, const char *text)
{
	int n = 0;

	peer_look(p);
	for (const char *at = p->got; (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

/* ---- what a service hears ---- */

static void
all_of_a_request_is_told(void)
{
	struct desk d;

	desk_open(&d, false, NULL);
	is_answered(&d,
	    "PUT /a%20b?p=1&q=x+y " H "X-Test: \t one \r\nx-test: two\r\nContent-Length: 5\r\n"
	    "Connection: close\r\n\r\nhello",
	    "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "8 /a b q=x y x=one b=hello");
	CU_ASSERT_FALSE(d.is_tls);
	CU_ASSERT_FALSE(d.knows_uid);
	is_answered(&d, LAST("/?q"), "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "1 / q= x=(none) b=");
	is_answered(&d, LAST("/?q=0123456789012345"), "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "1 / q=(unfit) x=(none) b=");
	is_answered(&d, "GET / " H "X-Test:\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "1 / q=(absent) x= b=");
	is_answered(&d, "DELETE /x " H "Connection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "32 /x q=(absent) x=(none) b=");
	is_answered(&d, "PATCH / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 200 OK\r\n");
	CU_ASSERT_STRING_EQUAL(d.said, "16 / q=(absent) x=(none) b=x");
	is_answered(&d, "POST / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n"); /* length 0 */
	CU_ASSERT_STRING_EQUAL(d.said, "4 / q=(absent) x=(none) b=");
	desk_close(&d);
}

static void
other_methods_are_named(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, "OPTIONS * " H "\r\n" LAST("/"), "HTTP/1.1 405 Method Not Allowed\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"));
	CU_ASSERT_EQUAL(d.requests, 1); /* the one behind it */
	peer_end(&p);
	desk_close(&d);
}

/* Two requests with bodies and one without, cut into two packets wherever that can be. */
static const char three[] = POST("/a", "3") "one" POST("/b", "12") "GET / HTTP/1" LAST("/c");

static void
has_three_answers(struct desk *d, struct peer *p, int before)
{
	UNTIL(d, d->requests == before + 3);
	CU_ASSERT_STRING_EQUAL(d->said, "1 /c q=(absent) x=(none) b=");
	UNTIL(d, times(p, "HTTP/1.1 200 OK\r\n") == 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->got, "4 /a q=(absent) x=(none) b=one"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p->got, "4 /b q=(absent) x=(none) b=GET / HTTP/1"));
}

static void
requests_may_be_cut_anywhere(void)
{
	const size_t n = strlen(three);
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	for (size_t at = 0; at <= n; at++) {
		dial(&p, &d);
		peer_send_n(&p, three, at);
		loop_turns(d.loop);
		peer_send_n(&p, &three[at], n - at);
		has_three_answers(&d, &p, 3 * (int)at);
		UNTIL(&d, peer_is_closed(&p));
		peer_end(&p);
	}
	CU_ASSERT_EQUAL(counters(&d)->malformed, 0);
	desk_close(&d);
}

static void
requests_may_come_byte_by_byte(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	for (size_t i = 0; i < strlen(three); i++) {
		peer_send_n(&p, &three[i], 1);
		loop_turns(d.loop);
	}
	has_three_answers(&d, &p, 0);
	peer_end(&p);
	desk_close(&d);
}

/* Records end where they like, and hold what the descriptor does not show. */
static void
records_may_be_cut_anywhere(void)
{
	static const char two[] = POST("/a", "3") "one" POST("/b", "12") "GET / HTTP/1";
	const size_t n = strlen(two);
	struct desk d;
	struct peer p;

	desk_open(&d, true, &(struct http_limits){ .header_bytes = 100 });
	dial(&p, &d);
	peer_shake(&p, TLS_1_2);
	for (size_t at = 0; at <= n; at++) {
		peer_forget(&p);
		peer_send_n(&p, two, at);
		loop_turns(d.loop);
		peer_send_n(&p, &two[at], n - at);
		UNTIL(&d, times(&p, "HTTP/1.1 200 OK\r\n") == 2);
		CU_ASSERT_STRING_EQUAL(d.said, "4 /b q=(absent) x=(none) b=GET / HTTP/1");
	}
	CU_ASSERT_TRUE(d.is_tls);
	CU_ASSERT_EQUAL(d.requests, 2 * (int)(n + 1));
	peer_end(&p);
	desk_close(&d);
}

static void
half_closed_peer_gets_its_answer(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, POST("/a", "3") "o");
	loop_turns(d.loop);
	peer_send(&p, "ne");
	shutdown(p.fd, SHUT_WR);
	UNTIL(&d, peer_has(&p, "b=one"));
	peer_end(&p);
	desk_close(&d);
}

/* ---- bodies that are not taken ---- */

static void
bodies_are_refused_before_they_come(void)
{
	static const char *const rows[][2] = {
		{ POST("/", "1001"), "HTTP/1.1 413 " },
		{ POST("/", "999999999999999999"), "HTTP/1.1 413 " },
		{ "POST / " H "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
		    "HTTP/1.1 413 " },
		{ "POST / " H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 411 " },
		{ "POST / " H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "POST / " H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		    "HTTP/1.1 400 " },
		{ "POST / " H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		    "HTTP/1.1 400 " },
		{ "POST / " H "Content-Length: 5, 5\r\n\r\nhello", "HTTP/1.1 400 " },
		{ "GET / " H "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 413 " },
		{ "HEAD / " H "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 413 " },
		{ "DELETE / " H "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 413 " },
		{ POST("/%00", "5") "hello", "HTTP/1.1 400 " },
	};
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(&d, &p, rows[i][0], rows[i][1]);
		CU_ASSERT_TRUE(peer_has(&p, "\r\nConnection: close\r\n"));
		CU_ASSERT_EQUAL(counters(&d)->malformed, i + 1);
		peer_end(&p);
	}
	CU_ASSERT_EQUAL(d.requests, 0);
	desk_close(&d);
}

static void
limit_of_bodies_is_exact(void)
{
	struct desk d;
	struct wr w = { 0 };
	struct peer p;

	desk_open(&d, false, NULL);
	wr_text(&w, "POST / " H "Connection: close\r\nContent-Length: 1000\r\n\r\n");
	wr_fill(&w, 'x', BODY_MAX);
	is_answered(&d, wr_cstr(&w), "HTTP/1.1 200 ");
	CU_ASSERT_EQUAL(strlen(strstr(d.said, "b=")), 2 + BODY_MAX);
	/* A connection that had one has the next. */
	dial(&p, &d);
	for (int i = 1; i <= 3; i++) {
		peer_send(&p, POST("/", "2"));
		peer_send(&p, i == 2 ? "xy" : "zz");
		UNTIL(&d, times(&p, "HTTP/1.1 200 OK\r\n") == i);
	}
	CU_ASSERT_EQUAL(times(&p, "b=zz"), 2);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

/* What is promised counts, until it is answered or the peer is gone. */
static void
bodies_share_a_budget(void)
{
	struct desk d;
	struct peer one, two, three_;

	desk_open(&d, false, &(struct http_limits){ .bodies_max = 1500 });
	dial(&one, &d);
	peer_send(&one, POST("/one", "1000"));
	loop_turns(d.loop);
	is_answered(&d, POST("/two", "501"), "HTTP/1.1 503 Service Unavailable\r\n");
	dial(&two, &d);
	peer_send(&two, POST("/two", "500") "x");
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.requests, 0);
	is_answered(&d, POST("/", "1"), "HTTP/1.1 503 ");
	is_answered(&d, LAST("/"), "HTTP/1.1 200 "); /* needs nothing of it */
	CU_ASSERT_EQUAL(counters(&d)->malformed, 0);
	peer_end(&one); /* there is room again */
	UNTIL(&d, httpd_connections(d.httpd) == 1);
	dial(&three_, &d);
	peer_send(&three_, POST("/three", "1000"));
	for (int i = 0; i < 100; i++)
		peer_send(&three_, "0123456789");
	UNTIL(&d, peer_has(&three_, "HTTP/1.1 200 OK\r\n"));
	peer_forget(&three_);
	peer_send(&three_, POST("/three", "1000"));
	loop_turns(d.loop);
	CU_ASSERT_FALSE(peer_has(&three_, "HTTP/1.1 "));
	peer_end(&two);
	peer_end(&three_);
	desk_close(&d);
}

static void
bodies_are_wiped(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	wiped_at = NULL;
	wiped_most = 0;
	dial(&p, &d);
	peer_send(&p, POST("/", "16") "password=hunter2");
	UNTIL(&d, peer_has(&p, "HTTP/1.1 200 "));
	CU_ASSERT_PTR_NOT_NULL(wiped_at);
	CU_ASSERT_EQUAL(wiped_most, 16);
	peer_end(&p);
	desk_close(&d);
}

static void
body_that_is_too_long_is_no_answer(void)
{
	struct desk d;
	struct wr w = { 0 };

	desk_open(&d, false, NULL);
	wr_fill(&w, 'x', (32 << 20) + 1);
	d.with = (struct http_content){ .status = 200, .body = wr_view(&w) };
	is_answered(&d, LAST("/with"), "HTTP/1.1 500 ");
	is_answered(&d, "HEAD /with " H "Connection: close\r\n\r\n", "HTTP/1.1 500 ");
	wr_free(&w);
	desk_close(&d);
}

/* Until they are taken, or their peer is gone. */
static void
answers_share_a_budget(void)
{
	struct desk d;
	struct peer slow, quick;
	struct wr w = { 0 };

	desk_open(&d, false, &(struct http_limits){ .answers_max = 30 << 20 });
	wr_fill(&w, 'x', 20 << 20); /* more than the kernel keeps */
	d.with = (struct http_content){ .status = 200, .body = wr_view(&w) };
	dial(&slow, &d);
	peer_send(&slow, LAST("/with"));
	UNTIL(&d, d.requests == 1);
	loop_turns(d.loop);
	is_answered(&d, LAST("/with"), "HTTP/1.1 503 Service Unavailable\r\n");
	is_answered(&d, LAST("/"), "HTTP/1.1 200 "); /* for small ones there is room */
	is_answered(&d, "HEAD /with " H "Connection: close\r\n\r\n", "HTTP/1.1 200 ");
	peer_end(&slow);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	dial(&quick, &d);
	for (int i = 0; i < 3; i++) {
		peer_send(&quick, "GET /with " H "\r\n");
		UNTIL(&d, peer_has(&quick, "HTTP/1.1 200 "));
		for (size_t got = quick.n; got < w.n; got += quick.n) {
			peer_forget(&quick);
			loop_turn(d.loop);
			peer_look(&quick);
		}
		peer_look(&quick); /* the end of it */
		loop_turns(d.loop);
		peer_look(&quick);
		peer_forget(&quick);
	}
	peer_end(&quick);
	wr_free(&w);
	desk_close(&d);
}

/* A byte now and then does not keep a connection: the whole body has a second. */
static void
slow_body_is_ended(void)
{
	int64_t begun = clock_mono_ms(), last = 0;
	struct desk d;
	struct peer p;
	int sent = 0;

	desk_open(&d, false, &(struct http_limits){ .idle_seconds = 1, .bodies_max = 1000 });
	dial(&p, &d);
	peer_send(&p, POST("/", "1000"));
	while (!peer_is_closed(&p) && clock_mono_ms() < begun + PATIENCE_MS) {
		if (clock_mono_ms() - last >= 50) {
			last = clock_mono_ms();
			sent += send(p.fd, "x", 1, MSG_NOSIGNAL) == 1;
		}
		loop_turn(d.loop);
		poll(NULL, 0, 1);
	}
	CU_ASSERT_TRUE(p.closed || p.reset);
	CU_ASSERT_TRUE(sent > 1 && sent < 1000);
	CU_ASSERT_EQUAL(counters(&d)->timeouts, 1);
	CU_ASSERT_EQUAL(d.requests, 0);
	/* Nor is its room kept while we wait for it to close. */
	is_answered(&d, "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nxy", "HTTP/1.1 200 ");
	peer_end(&p);
	desk_close(&d);
}

static void
peer_that_goes_in_a_body_is_noticed(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, POST("/", "1000") "x");
	UNTIL(&d, counters(&d)->accepted == 1);
	loop_turns(d.loop);
	peer_end(&p);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	CU_ASSERT_EQUAL(d.requests, 0);
	desk_close(&d);
}

/* ---- 100 Continue ---- */

#define EXPECT(length) "POST / " H "Expect: 100-continue\r\nContent-Length: " length "\r\n\r\n"
#define GO_ON	       "HTTP/1.1 100 Continue\r\n\r\n"

static void
who_waits_is_told_to_go_on(bool has_tls)
{
	struct desk d;
	struct peer p;

	desk_open(&d, has_tls, NULL);
	dial(&p, &d);
	if (has_tls)
		peer_shake(&p, TLS_1_3);
	peer_send(&p, EXPECT("3"));
	UNTIL(&d, peer_has(&p, GO_ON));
	CU_ASSERT_STRING_EQUAL(p.got, GO_ON);
	CU_ASSERT_EQUAL(d.requests, 0);
	peer_send(&p, "one");
	UNTIL(&d, peer_has(&p, "b=one"));
	CU_ASSERT_EQUAL(times(&p, "HTTP/1.1 "), 2);
	CU_ASSERT_NSTRING_EQUAL(&p.got[strlen(GO_ON)], "HTTP/1.1 200 OK\r\n", 17);
	peer_end(&p);
	desk_close(&d);
}

static void
continue_is_said(void)
{
	who_waits_is_told_to_go_on(false);
	who_waits_is_told_to_go_on(true);
}

static void
who_does_not_wait_is_not_told(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, EXPECT("3") "o");
	loop_turns(d.loop);
	peer_send(&p, "ne" EXPECT("0") "POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
				       "Content-Length: 2\r\n\r\n");
	loop_turns(d.loop);
	peer_send(&p, "xy");
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_EQUAL(times(&p, "HTTP/1.1 200 OK\r\n"), 3);
	CU_ASSERT_EQUAL(times(&p, "HTTP/1.1 "), 3);
	peer_end(&p);
	desk_close(&d);
}

/* ---- answers from memory ---- */

static void
answer_has_status_and_headers(void)
{
	struct desk d;
	struct peer p;
	struct wr headers = { 0 };

	desk_open(&d, false, NULL);
	http_field_put(&headers, "Location", bytes_of("/phones/7"));
	http_field_put(&headers, "ETag", bytes_of("\"42\""));
	d.with = (struct http_content){ .status = 201,
		.type = "application/json",
		.headers = wr_cstr(&headers),
		.body = bytes_of("{}\n") };
	ask(&d, &p, LAST("/with"), "HTTP/1.1 201 Created\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Type: application/json\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 3\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nLocation: /phones/7\r\nETag: \"42\"\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nCache-Control: no-store\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\n\r\n{}\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 3));
	peer_end(&p);
	ask(&d, &p, "HEAD /with HTTP/1.0\r\n\r\n", "HTTP/1.1 201 Created\r\n");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 3\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 0));
	peer_end(&p);
	wr_free(&headers);
	desk_close(&d);
}

/* And the next answer begins right behind its head. */
static void
answer_without_body_keeps_the_connection(void)
{
	static const int statuses[] = { 204, 304 };
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	for (int i = 0; i < 2; i++) {
		d.with = (struct http_content){ .status = statuses[i] };
		ask(&d, &p, "GET /with " H "\r\n" LAST("/next"), "HTTP/1.1 ");
		CU_ASSERT_EQUAL(atoi(&p.got[9]), statuses[i]);
		CU_ASSERT_EQUAL(times(&p, "Content-Length"), 1);
		CU_ASSERT_EQUAL(times(&p, "Content-Type"), 1);
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(p.got, "Connection: keep-alive\r\n\r\nHTTP/1.1 200 OK\r\n"));
		peer_end(&p);
	}
	d.with = (struct http_content){ .status = 200 }; /* empty, and said so */
	ask(&d, &p, LAST("/with"), "HTTP/1.1 200 ");
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 0\r\n"));
	peer_end(&p);
	desk_close(&d);
}

static void
large_answer_is_sent(void)
{
	struct desk d;
	struct peer p;
	struct wr body = { 0 };

	desk_open(&d, false, NULL);
	wr_fill(&body, 'x', 3 << 20);
	d.with = (struct http_content){ .status = 200, .type = "a/b", .body = wr_view(&body) };
	dial(&p, &d);
	peer_send(&p, LAST("/with"));
	UNTIL(&d, d.requests == 1);
	memset(body.p, 'y', body.n); /* it was copied */
	UNTIL(&d, peer_has_content(&p, 3 << 20));
	CU_ASSERT_EQUAL(peer_content(&p)[(3 << 20) - 1], 'x');
	peer_end(&p);
	wr_free(&body);
	desk_close(&d);
}

static int complaints;

static void
count_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	complaints += strstr(line, "the service answers with headers that are none") != NULL;
}

static void
headers_that_break_the_answer_are_refused(void)
{
	static const char *const bad[] = { "A: b", "A: b\r\n\r\n", "A: b\r\n\r\n<script>",
		"A: b\nSet-Cookie: c\r\n", "Content-Length: 5\r\n", "A: b\r\ncontent-length: 0\r\n",
		"Transfer-Encoding: chunked\r\n", "Connection: close\r\n", " folded\r\n" };
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	log_set_sink(count_line, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		d.with = (struct http_content){
			.status = 200, .headers = bad[i], .body = bytes_of("secret")
		};
		ask(&d, &p, LAST("/with"), "HTTP/1.1 500 Internal Server Error\r\n");
		CU_ASSERT_FALSE(peer_has(&p, "secret"));
		CU_ASSERT_FALSE(peer_has(&p, "A: b"));
		peer_end(&p);
	}
	d.with = (struct http_content){ .status = 200, .type = "a/b\r\nA: b" };
	is_answered(&d, LAST("/with"), "HTTP/1.1 500 ");
	log_set_sink(NULL, NULL);
	CU_ASSERT_EQUAL(complaints, (int)(sizeof(bad) / sizeof(bad[0])) + 1);
	desk_close(&d);
}

/* A range is of a GET alone. */
static void
parts_are_for_get(void)
{
	struct desk d;

	desk_open(&d, false, NULL);
	d.is_file = true;
	is_answered(
	    &d, "GET / " H "Range: bytes=0-1\r\nConnection: close\r\n\r\n", "HTTP/1.1 206 ");
	is_answered(&d,
	    "POST / " H "Range: bytes=0-1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
	    "HTTP/1.1 200 ");
	desk_close(&d);
}

/* ---- the end ---- */

static void
sleeping_service_hears_no_body(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, POST("/", "2") "x");
	UNTIL(&d, counters(&d)->accepted == 1);
	loop_turns(d.loop);
	d.asleep = true;
	peer_send(&p, "y");
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_EQUAL(d.requests, 0);
	CU_ASSERT_EQUAL(p.n, 0);
	peer_end(&p);
	desk_close(&d);
}

static void
quiet_lets_bodies_end(void)
{
	struct desk d;
	struct peer p, silent;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	dial(&silent, &d);
	peer_send(&p, POST("/", "2") "x");
	peer_send(&silent, POST("/", "2") "x");
	UNTIL(&d, counters(&d)->accepted == 2);
	loop_turns(d.loop);
	httpd_quiet(d.httpd);
	peer_send(&p, "y");
	UNTIL(&d, peer_has(&p, "\r\nConnection: close\r\n"));
	UNTIL(&d, peer_is_closed(&p));
	UNTIL(&d, peer_is_closed(&silent)); /* long before its 30 seconds */
	CU_ASSERT_EQUAL(d.requests, 1);
	peer_end(&p);
	peer_end(&silent);
	desk_close(&d);
}

static void
close_ends_bodies(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, POST("/", "2") "x");
	UNTIL(&d, counters(&d)->accepted == 1);
	loop_turns(d.loop);
	desk_close(&d); /* and nothing is left behind */
	peer_end(&p);
}

static const struct suite_test tests[] = {
	{ "all of a request is told", all_of_a_request_is_told },
	{ "other methods are named", other_methods_are_named },
	{ "requests may be cut anywhere", requests_may_be_cut_anywhere },
	{ "requests may come byte by byte", requests_may_come_byte_by_byte },
	{ "records may be cut anywhere", records_may_be_cut_anywhere },
	{ "half closed peer gets its answer", half_closed_peer_gets_its_answer },
	{ "bodies are refused before they come", bodies_are_refused_before_they_come },
	{ "limit of bodies is exact", limit_of_bodies_is_exact },
	{ "bodies share a budget", bodies_share_a_budget },
	{ "slow body is ended", slow_body_is_ended },
	{ "peer that goes in a body is noticed", peer_that_goes_in_a_body_is_noticed },
	{ "continue is said", continue_is_said },
	{ "who does not wait is not told", who_does_not_wait_is_not_told },
	{ "answer has status and headers", answer_has_status_and_headers },
	{ "answer without body keeps the connection", answer_without_body_keeps_the_connection },
	{ "large answer is sent", large_answer_is_sent },
	{ "headers that break the answer are refused", headers_that_break_the_answer_are_refused },
	{ "parts are for GET", parts_are_for_get },
	{ "sleeping service hears no body", sleeping_service_hears_no_body },
	{ "quiet lets bodies end", quiet_lets_bodies_end },
	{ "close ends bodies", close_ends_bodies },
	{ "bodies are wiped", bodies_are_wiped },
	{ "a body that is too long is no answer", body_that_is_too_long_is_no_answer },
	{ "answers share a budget", answers_share_a_budget },
};

int
main(void)
{
	int rc;

	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	log_set_level(LOG_ERROR);
	rc = suite_run("httpapi", tests, sizeof(tests) / sizeof(tests[0]));
	testpair_free(rsa);
	return rc;
}
