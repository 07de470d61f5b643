#include "base/httplater.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/httpconn.h" /* what stays in its memory */
#include "base/log.h"
#include "base/mem.h"
#include "tests/base/httppeer.h"

static struct testpair *rsa;

/* ---- a service: "/later" is answered later, "/stream" goes on, "/sized" has a body of d.size, all
 * else is "now" ---- */

struct desk {
	struct loop *loop;
	struct httpd *httpd;
	struct tls *tls;
	unsigned seconds;
	bool at_once; /* the answer comes before request() returns */
	int requests;
	struct http_later *later;   /* of the last one */
	struct http_stream *stream; /* the same */
	int gone;
	size_t size;
};

static void
desk_gone(void *ctx)
{
	struct desk *d = ctx;

	d->gone++;
	d->later = NULL;
	d->stream = NULL;
}

static const struct http_content answer = {
	.status = 202, .type = "text/plain", .body = { (const uint8_t *)"at last\n", 8 }
};
static const struct http_content now = {
	.status = 200, .type = "text/plain", .body = { (const uint8_t *)"now\n", 4 }
};

static void
say(struct desk *d, const char *text)
{
	http_stream_put(d->stream, bytes_of(text));
}

static void
defer(struct desk *d, struct http_request *r)
{
	d->later = http_defer(r, d->seconds, desk_gone, d);
	if (d->at_once)
		http_later_reply(d->later, &answer);
}

static void
stream(struct desk *d, struct http_request *r)
{
	d->stream = http_stream(r, "text/event-stream", "X-Stream: yes\r\n", desk_gone, d);
	if (!d->at_once)
		return;
	say(d, "data: all\n\n");
	http_stream_end(d->stream);
}

static void
sized(const struct desk *d, struct http_request *r)
{
	struct wr w = { 0 };

	wr_fill(&w, 'x', d->size);
	http_reply(r, &(struct http_content){ .status = 200, .body = wr_view(&w) });
	wr_free(&w);
}

static void
desk_request(void *service, struct http_request *r)
{
	struct desk *d = service;

	d->requests++;
	if (strcmp(http_path(r), "/later") == 0)
		defer(d, r);
	else if (strcmp(http_path(r), "/stream") == 0)
		stream(d, r);
	else if (strcmp(http_path(r), "/sized") == 0)
		sized(d, r);
	else
		http_reply(r, &now);
}

static const struct http_ops desk_ops = { .service = "desk",
	.request = desk_request,
	.methods = HTTP_GET | HTTP_HEAD | HTTP_POST,
	.body_max = 1000 };

static void
desk_open(struct desk *d, bool has_tls, const struct http_limits *limits)
{
	struct err e;

	*d = (struct desk){ .loop = loop_new(&e), .seconds = 60 };
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

static void
dial(struct peer *p, struct desk *d)
{
	peer_connect(p, d->loop, httpd_port(d->httpd));
	if (d->tls != NULL)
		peer_shake(p, TLS_1_3);
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define OLD(path)  "GET " path " HTTP/1.0\r\n\r\n"

/* One that has asked for this and was heard. */
static void
ask(struct desk *d, struct peer *p, const char *request)
{
	int before = d->requests;

	dial(p, d);
	peer_send(p, request);
	UNTIL(d, d->requests == before + 1);
	loop_turns(d->loop);
}

/* ---- answers that come later ---- */

static void
answer_may_come_later(void)
{
	struct desk d;
	struct peer p, other;

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/later"));
	ask(&d, &other, LAST("/now")); /* others do not wait for it */
	UNTIL(&d, peer_is_closed(&other));
	CU_ASSERT_TRUE(peer_has(&other, "\r\n\r\nnow\n"));
	CU_ASSERT_FALSE(peer_has(&p, "HTTP"));
	peer_end(&other);
	UNTIL(&d, httpd_connections(d.httpd) == 1);
	http_later_reply(d.later, &answer);
	UNTIL(&d, peer_has(&p, "\r\n\r\nat last\n"));
	CU_ASSERT_NSTRING_EQUAL(p.got, "HTTP/1.1 202 Accepted\r\n", 23);
	peer_forget(&p);
	peer_send(&p, GET("/now")); /* and the connection goes on */
	UNTIL(&d, peer_has(&p, "\r\n\r\nnow\n"));
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 0);
}

static void
later_may_be_at_once(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	d.at_once = true;
	ask(&d, &p, LAST("/later"));
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\r\n\r\nat last\n"));
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	desk_close(&d);
}

static void
head_of_a_later_answer_has_no_body(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, "HEAD /later HTTP/1.0\r\n\r\n");
	http_later_reply(d.later, &answer);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Length: 8\r\n"));
	CU_ASSERT_TRUE(peer_has_content(&p, 0));
	peer_end(&p);
	desk_close(&d);
}

/* What comes behind it is not looked at, and answered in its turn. */
static void
next_requests_wait(bool has_tls)
{
	struct desk d;
	struct peer p;

	desk_open(&d, has_tls, NULL);
	ask(&d, &p, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy" GET("/now"));
	peer_send(&p, GET("/now"));
	loop_turns(d.loop);
	peer_send(&p, LAST("/now"));
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.requests, 1);
	http_later_reply(d.later, &answer);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_EQUAL(d.requests, 4);
	CU_ASSERT_NSTRING_EQUAL(p.got, "HTTP/1.1 202 Accepted\r\n", 23);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.got, "\r\n\r\nat last\nHTTP/1.1 200 OK\r\n"));
	peer_end(&p);
	desk_close(&d);
}

static void
next_requests_wait_for_it(void)
{
	next_requests_wait(false);
	next_requests_wait(true);
}

/* One that sends on and on is not read without limit, and gets its answer. */
static void
what_comes_meanwhile_is_bounded(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };
	ssize_t n;
	size_t sent = 0;

	desk_open(&d, false, &(struct http_limits){ .header_bytes = 500 });
	ask(&d, &p, GET("/later"));
	wr_fill(&w, '\n', 1 << 20);
	for (int i = 0; i < 64; i++) {
		n = send(p.fd, w.p, w.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		loop_turns(d.loop);
	}
	CU_ASSERT_TRUE(sent < 32 << 20); /* the kernel's, not ours */
	CU_ASSERT_EQUAL(d.gone, 0);
	http_later_reply(d.later, &answer);
	UNTIL(&d, peer_has(&p, "\r\n\r\nat last\n"));
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static void
goes_while_it_waits(bool has_tls)
{
	struct desk d;
	struct peer p;

	desk_open(&d, has_tls, NULL);
	ask(&d, &p, GET("/later"));
	peer_send(&p, GET("/now")); /* what it sent before does not hide it */
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.gone, 0);
	if (has_tls)
		SSL_shutdown(p.ssl);
	peer_end(&p);
	UNTIL(&d, d.gone == 1);
	CU_ASSERT_EQUAL(httpd_connections(d.httpd), 0);
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.gone, 1);
	CU_ASSERT_EQUAL(d.requests, 1);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 1);
}

static void
peer_that_goes_is_told_once(void)
{
	goes_while_it_waits(false);
	goes_while_it_waits(true);
}

static void
peer_that_goes_while_it_is_answered_is_not_told(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/later"));
	http_later_reply(d.later, &answer);
	peer_end(&p);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	CU_ASSERT_EQUAL(d.gone, 0);
	desk_close(&d);
}

static void
later_has_its_own_deadline(void)
{
	struct desk d;
	struct peer soon, late;
	struct http_later *kept;
	int64_t begun = clock_mono_ms();

	log_set_level(LOG_ERROR);
	desk_open(&d, false, &(struct http_limits){ .idle_seconds = 1 });
	ask(&d, &late, LAST("/later"));
	kept = d.later;
	d.seconds = 2;
	ask(&d, &soon, LAST("/later"));
	UNTIL(&d, peer_is_closed(&soon));
	CU_ASSERT_NSTRING_EQUAL(soon.got, "HTTP/1.1 503 ", 13);
	CU_ASSERT_EQUAL(d.gone, 1);
	CU_ASSERT_TRUE(clock_mono_ms() - begun >= 2000);
	http_later_reply(kept, &answer); /* which is idle for longer than a request may be */
	UNTIL(&d, peer_is_closed(&late));
	CU_ASSERT_TRUE(peer_has(&late, "at last"));
	CU_ASSERT_EQUAL(d.gone, 1);
	peer_end(&soon);
	peer_end(&late);
	desk_close(&d);
}

static void
quiet_lets_later_answers_come(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/later") GET("/now"));
	httpd_quiet(d.httpd);
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.gone, 0);
	http_later_reply(d.later, &answer);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nConnection: close\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "at last"));
	CU_ASSERT_EQUAL(d.requests, 1);
	peer_end(&p);
	desk_close(&d);
}

static void
close_tells_the_owner(void)
{
	struct desk d;
	struct peer one, two;

	desk_open(&d, false, NULL);
	ask(&d, &one, GET("/later"));
	ask(&d, &two, GET("/stream"));
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 2);
	peer_end(&one);
	peer_end(&two);
}

/* ---- streams ---- */

static void
stream_is_chunked(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/stream"));
	UNTIL(&d, peer_has_content(&p, 0));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nContent-Type: text/event-stream\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nTransfer-Encoding: chunked\r\n"));
	CU_ASSERT_TRUE(peer_has(&p, "\r\nX-Stream: yes\r\n"));
	CU_ASSERT_FALSE(peer_has(&p, "Content-Length"));
	say(&d, "data: one\n\n");
	UNTIL(&d, peer_has(&p, "\r\n\r\nb\r\ndata: one\n\n\r\n"));
	say(&d, ""); /* which would be the end */
	say(&d, "data: 2\n\n");
	say(&d, ":\n");
	UNTIL(&d, peer_has(&p, "9\r\ndata: 2\n\n\r\n2\r\n:\n\r\n"));
	peer_send(&p, GET("/now"));
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.requests, 1);
	http_stream_end(d.stream);
	UNTIL(&d, peer_has(&p, ":\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")); /* the next one's */
	UNTIL(&d, peer_has(&p, "\r\n\r\nnow\n"));
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 0);
}

static void
old_peers_get_a_stream_until_the_end(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, OLD("/stream"));
	say(&d, "data: one\n\n");
	UNTIL(&d, peer_has(&p, "\r\nConnection: close\r\n\r\ndata: one\n\n"));
	CU_ASSERT_FALSE(peer_has(&p, "chunked"));
	CU_ASSERT_FALSE(peer_is_closed(&p));
	http_stream_end(d.stream); /* with nothing left to send */
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has_content(&p, 11));
	peer_end(&p);
	desk_close(&d);
}

static void
stream_may_end_at_once(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	d.at_once = true;
	ask(&d, &p, LAST("/stream"));
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "\r\n\r\nb\r\ndata: all\n\n\r\n0\r\n\r\n"));
	peer_end(&p);
	ask(&d, &p, "HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has_content(&p, 0));
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	desk_close(&d);
}

static void
head_of_a_stream_is_over_at_once(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n" LAST("/now"));
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_EQUAL(d.gone, 1);
	CU_ASSERT_TRUE(
	    peer_has(&p, "Connection: keep-alive\r\n\r\nHTTP/1.1 200 OK\r\n")); /* the next one's */
	peer_end(&p);
	desk_close(&d);
}

static void
stream_through_tls(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, true, &(struct http_limits){ .stream_max = 2 << 20 });
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, 'x', 100000);
	for (int i = 0; i < 10; i++)
		http_stream_put(d.stream, wr_view(&w)); /* more than one piece, and many records */
	say(&d, "the end\n");
	UNTIL(&d, peer_has(&p, "8\r\nthe end\n\r\n"));
	CU_ASSERT_TRUE(p.n > 1000000 && p.n < 1001000);
	peer_forget(&p);
	say(&d, "more\n");
	UNTIL(&d, peer_has(&p, "5\r\nmore\n\r\n"));
	SSL_shutdown(p.ssl);
	UNTIL(&d, d.gone == 1);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

/* For longer than a request may take, and heard again afterwards. */
static void
silent_reader_may_stay(void)
{
	int64_t begun = clock_mono_ms();
	struct desk d;
	struct peer p;

	desk_open(&d, false, &(struct http_limits){ .idle_seconds = 1 });
	ask(&d, &p, GET("/stream"));
	say(&d, "one\n");
	UNTIL(&d, peer_has(&p, "one\n"));
	UNTIL(&d, clock_mono_ms() - begun > 2500);
	CU_ASSERT_EQUAL(d.gone, 0);
	say(&d, "two\n");
	UNTIL(&d, peer_has(&p, "two\n"));
	peer_end(&p);
	UNTIL(&d, d.gone == 1);
	CU_ASSERT_EQUAL(httpd_connections(d.httpd), 0);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 1);
}

/* Its queue is bounded: who gives more than it takes ends it, and hears so later. */
static void
reader_that_stalls_is_ended(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };
	int puts = 0;

	desk_open(&d, false, &(struct http_limits){ .stream_max = 100000 });
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, 'x', 10000);
	while (d.gone == 0 && puts < 100000) {
		int before = d.gone;

		http_stream_put(d.stream, wr_view(&w));
		http_stream_put(
		    d.stream, wr_view(&w)); /* after the end it is no use, and no harm */
		CU_ASSERT_EQUAL(d.gone, before);
		puts += 2;
		loop_turn(d.loop);
	}
	CU_ASSERT_EQUAL(d.gone, 1);
	CU_ASSERT_TRUE(puts > 10 && puts < 10000);
	CU_ASSERT_EQUAL(httpd_connections(d.httpd), 0);
	CU_ASSERT_EQUAL(httpd_counters(d.httpd)->timeouts, 1);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(p.reset); /* it does not look like a proper end */
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &n) == 0 ? ntohs(at.sin_port) : 0;
}

/* Who connects from now on is sent a little at a time, and the kernel keeps next to nothing of it:
 * so it is seen what the peer takes.  Connections have this from the socket that listens. */
static void
make_narrow(const struct desk *d)
{
	int least = 4096, segment = 500;

	for (int fd = 3; fd < 1000; fd++) {
		if (port_of(fd) != httpd_port(d->httpd))
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
		setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	}
}

static void
dial_narrow(struct peer *p, struct desk *d)
{
	int least = 4096;

	make_narrow(d);
	dial(p, d);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}

/* Turns the loop for so long, or until the peer is gone; meanwhile it reads this much each 50 ms.
 */
static void
read_slowly(struct desk *d, struct peer *p, int64_t ms, size_t most)
{
	int64_t begun = clock_mono_ms(), read_at = begun;

	while (clock_mono_ms() < begun + ms && !p->closed && !p->reset) {
		loop_turn(d->loop);
		poll(NULL, 0, 1);
		if (clock_mono_ms() < read_at)
			continue;
		read_at += 50;
		if (p->n + most < GOT_MAX)
			peer_see_plain(p, most);
	}
}

/* However few at a time: no more than stream_max wait for it. */
static void
reader_that_takes_a_few_may_stay(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, false, &(struct http_limits){ .idle_seconds = 2, .stream_max = 1 << 20 });
	dial_narrow(&p, &d);
	peer_send(&p, GET("/stream"));
	UNTIL(&d, d.requests == 1);
	wr_fill(&w, 'x', 1 << 20);
	http_stream_put(d.stream, bytes_part(wr_view(&w), 0, (1 << 20) - 100));
	read_slowly(&d, &p, 300, 100000); /* what was on its way */
	peer_forget(&p);
	read_slowly(&d, &p, 4500, 1250);
	CU_ASSERT_EQUAL(d.gone, 0);
	CU_ASSERT(p.n > 60000 && p.n < 9 * HTTP_PIECE / 4); /* less than a piece in 2 seconds */
	UNTIL(&d, d.gone == 1);				    /* now it reads no more */
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

/* A piece is owed of each answer: what was taken of the one before does not count. */
static void
each_answer_has_to_be_taken(void)
{
	const struct http_request *c;
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial_narrow(&p, &d);
	d.size = 20000;
	peer_send(&p, GET("/sized"));
	UNTIL(&d, peer_has_content(&p, 20000));
	d.size = 1 << 20;
	peer_send(&p, GET("/sized"));
	UNTIL(&d, d.requests == 2);
	loop_turns(d.loop);
	c = d.httpd->all;
	CU_ASSERT(c->sent > 0 && c->sent < HTTP_PIECE);
	CU_ASSERT_EQUAL(c->taken, c->sent);
	peer_end(&p);
	desk_close(&d);
}

/* Whether it is still there is seen by reading only, and it cannot be read for ever. */
static void
reader_that_sends_on_is_ended(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, '\n', 8191);
	peer_send(&p, wr_cstr(&w));
	loop_turns(d.loop);
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_send(&p, "\n");
	UNTIL(&d, d.gone == 1);
	CU_ASSERT_EQUAL(httpd_connections(d.httpd), 0);
	CU_ASSERT_EQUAL(httpd_counters(d.httpd)->malformed, 1);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

/* The owner may also just end it. */
static void
stalled_stream_may_be_ended_by_its_owner(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, false, &(struct http_limits){ .stream_max = 1000 });
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, 'x', 1001);
	http_stream_put(d.stream, wr_view(&w));
	http_stream_end(d.stream);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static void
stalled_stream_that_its_owner_ended_may_go_quiet(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, false, &(struct http_limits){ .stream_max = 1000 });
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, 'x', 1001);
	http_stream_put(d.stream, wr_view(&w));
	http_stream_end(d.stream);
	httpd_quiet(d.httpd);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static void
ends_when_asked_for_too_late(const char *end, bool is_chunked)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	dial(&p, &d);
	peer_send(&p, "GET /stream ");
	loop_turns(d.loop);
	httpd_quiet(d.httpd);
	peer_send(&p, end);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT(p.closed);
	CU_ASSERT_EQUAL(d.gone, 1);
	CU_ASSERT_NSTRING_EQUAL(p.got, "HTTP/1.1 200 OK\r\n", 17);
	CU_ASSERT_EQUAL(peer_has(&p, "\r\n\r\n0\r\n\r\n"), is_chunked);
	peer_end(&p);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 1);
}

static void
stream_that_is_asked_for_too_late_ends(void)
{
	ends_when_asked_for_too_late("HTTP/1.1\r\nHost: h\r\n\r\n", true);
	ends_when_asked_for_too_late("HTTP/1.0\r\n\r\n", false);
}

static bool
is_in_piece(const struct desk *d, const char *text)
{
	return memmem(d->httpd->piece, HTTP_PIECE, text, strlen(text)) != NULL;
}

/* What passes through the memory that all share may be a password, or a key. */
static void
nothing_stays_in_shared_memory(bool has_tls)
{
	struct desk d;
	struct peer p;

	desk_open(&d, has_tls, NULL);
	dial(&p, &d);
	peer_send(&p, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n");
	UNTIL(&d, peer_has(&p, "HTTP/1.1 413"));
	peer_send(&p, "password=hunter2");
	loop_turns(d.loop);
	CU_ASSERT_FALSE(is_in_piece(&d, "hunter2"));
	peer_end(&p);
	loop_turns(d.loop);
	ask(&d, &p, LAST("/secret"));
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT(peer_has(&p, "\r\nnow\n"));
	CU_ASSERT_FALSE(is_in_piece(&d, "now"));
	CU_ASSERT_FALSE(is_in_piece(&d, "secret"));
	peer_end(&p);
	desk_close(&d);
}

static void
nothing_stays(void)
{
	nothing_stays_in_shared_memory(false);
	nothing_stays_in_shared_memory(true);
}

static void
reader_that_takes_nothing_is_ended_in_time(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d, false, &(struct http_limits){ .idle_seconds = 1, .stream_max = 32 << 20 });
	ask(&d, &p, GET("/stream"));
	wr_fill(&w, 'x', 16 << 20);
	http_stream_put(d.stream, wr_view(&w)); /* more than the kernel keeps */
	UNTIL(&d, d.gone == 1);
	CU_ASSERT_EQUAL(httpd_counters(d.httpd)->timeouts, 1);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static void
slow_reader_gets_all_in_order(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };
	int put = 0;

	desk_open(&d, false, &(struct http_limits){ .stream_max = 64 << 10 });
	ask(&d, &p, OLD("/stream"));
	while (put < 3000) {
		char line[101];
		int64_t until = clock_mono_ms() + 1;

		for (int i = 0; i < 100; i++, put++) {
			snprintf(line, sizeof(line), "%099d\n", put);
			say(&d, line);
			wr_text(&w, line);
		}
		while (clock_mono_ms() <= until)
			loop_turn(d.loop);
		peer_see_plain(&p, 7001);
	}
	http_stream_end(d.stream);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has_content(&p, w.n));
	CU_ASSERT_EQUAL(memcmp(peer_content(&p), w.p, w.n), 0);
	CU_ASSERT_EQUAL(d.gone, 0);
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

static void
quiet_ends_streams(void)
{
	struct desk d;
	struct peer p;

	desk_open(&d, false, NULL);
	ask(&d, &p, GET("/stream"));
	say(&d, "one\n");
	httpd_quiet(d.httpd);
	CU_ASSERT_EQUAL(d.gone, 1);
	UNTIL(&d, peer_is_closed(&p));
	CU_ASSERT_TRUE(peer_has(&p, "one\n\r\n0\r\n\r\n"));
	CU_ASSERT_TRUE(p.closed);
	peer_end(&p);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	desk_close(&d);
	CU_ASSERT_EQUAL(d.gone, 1);
}

static const struct suite_test tests[] = {
	{ "answer may come later", answer_may_come_later },
	{ "later may be at once", later_may_be_at_once },
	{ "head of a later answer has no body", head_of_a_later_answer_has_no_body },
	{ "next requests wait for it", next_requests_wait_for_it },
	{ "what comes meanwhile is bounded", what_comes_meanwhile_is_bounded },
	{ "peer that goes is told once", peer_that_goes_is_told_once },
	{ "peer that goes while it is answered is not told",
	    peer_that_goes_while_it_is_answered_is_not_told },
	{ "later has its own deadline", later_has_its_own_deadline },
	{ "quiet lets later answers come", quiet_lets_later_answers_come },
	{ "close tells the owner", close_tells_the_owner },
	{ "stream is chunked", stream_is_chunked },
	{ "old peers get a stream until the end", old_peers_get_a_stream_until_the_end },
	{ "stream may end at once", stream_may_end_at_once },
	{ "head of a stream is over at once", head_of_a_stream_is_over_at_once },
	{ "stream through TLS", stream_through_tls },
	{ "silent reader may stay", silent_reader_may_stay },
	{ "reader that stalls is ended", reader_that_stalls_is_ended },
	{ "stalled stream may be ended by its owner", stalled_stream_may_be_ended_by_its_owner },
	{ "reader that takes nothing is ended in time",
	    reader_that_takes_nothing_is_ended_in_time },
	{ "slow reader gets all in order", slow_reader_gets_all_in_order },
	{ "quiet ends streams", quiet_ends_streams },
	{ "a reader that takes a few may stay", reader_that_takes_a_few_may_stay },
	{ "each answer has to be taken", each_answer_has_to_be_taken },
	{ "a reader that sends on is ended", reader_that_sends_on_is_ended },
	{ "a stalled stream that its owner ended may go quiet",
	    stalled_stream_that_its_owner_ended_may_go_quiet },
	{ "a stream that is asked for too late ends", stream_that_is_asked_for_too_late_ends },
	{ "nothing stays in shared memory", nothing_stays },
};

int
main(void)
{
	int rc;

	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	log_set_level(LOG_ERROR);
	rc = suite_run("httplater", tests, sizeof(tests) / sizeof(tests[0]));
	testpair_free(rsa);
	return rc;
}
