#include "base/httphead.h"

#include "tests/support/suite.h"

#define HOST "Host: 10.0.0.1:6970\r\n"

/* As a phone asks (technote 214528). */
static const char phone[] = "GET /CTLSEP2834A2823B58.tlv HTTP/1.1\r\n"
			    "Host: 10.0.0.1:6970\r\n"
			    "\r\n";

static int
status_of(const char *text)
{
	struct http_head h;
	struct err e = { 0 };
	int rc = http_head_decode(bytes_of(text), &h, &e);

	CU_ASSERT_EQUAL(rc == 0, h.status == 0);
	CU_ASSERT_EQUAL(rc == 0, e.text[0] == '\0');
	return h.status;
}

static struct http_head
head_of(const char *text)
{
	struct http_head h;
	struct err e;

	CU_ASSERT_EQUAL(http_head_decode(bytes_of(text), &h, &e), 0);
	return h;
}

static void
phone_is_understood(void)
{
	struct http_head h = head_of(phone);

	CU_ASSERT_TRUE(bytes_eq_text(h.method, "GET"));
	CU_ASSERT_TRUE(bytes_eq_text(h.target, "/CTLSEP2834A2823B58.tlv"));
	CU_ASSERT_EQUAL(h.minor, 1);
	CU_ASSERT_TRUE(h.keeps);
	CU_ASSERT_FALSE(h.has_body);
	CU_ASSERT_EQUAL(h.range.n, 0);
}

static void
length_is_known_when_the_empty_line_has_come(void)
{
	CU_ASSERT_EQUAL(http_head_length(bytes_of(phone)), strlen(phone));
	CU_ASSERT_EQUAL(http_head_length(bytes_of("GET / HTTP/1.0\n\nrest")), 16);
	CU_ASSERT_EQUAL(http_head_length(bytes_of("GET / HTTP/1.0\r\n\r\nGET")), 18);
	for (size_t n = 0; n < strlen(phone); n++)
		CU_ASSERT_EQUAL(http_head_length(bytes_over(phone, n)), 0);
	CU_ASSERT_EQUAL(http_head_blank(bytes_of("\r\n\n\r\nGET")), 5);
	CU_ASSERT_EQUAL(http_head_blank(bytes_of("\r")), 0);
	CU_ASSERT_EQUAL(http_head_blank(bytes_of("\rGET")), 0);
}

static void
connection_is_kept_or_not(void)
{
	CU_ASSERT_FALSE(head_of("GET / HTTP/1.0\r\n\r\n").keeps);
	CU_ASSERT_TRUE(head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keeps);
	CU_ASSERT_FALSE(head_of("GET / HTTP/1.1\r\n" HOST "connection:close\r\n\r\n").keeps);
	CU_ASSERT_FALSE(head_of("GET / HTTP/1.1\r\n" HOST "Connection: TE , close\r\n\r\n").keeps);
	CU_ASSERT_FALSE(head_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
				"Connection: close\r\n\r\n")
			    .keeps);
	CU_ASSERT_TRUE(head_of("GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n").keeps);
}

static void
range_is_found(void)
{
	struct http_head h = head_of("GET / HTTP/1.1\r\n" HOST "rAnGe: \t bytes=1-2 \t\r\n\r\n");

	CU_ASSERT_TRUE(bytes_eq_text(h.range, "bytes=1-2"));
	h = head_of("GET / HTTP/1.1\r\n" HOST "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n\r\n");
	CU_ASSERT_EQUAL(h.range.n, 0);
	h = head_of("GET / HTTP/1.1\r\n" HOST "Range: bytes=1-2\r\nRange: bytes=3-4\r\n\r\n");
	CU_ASSERT_FALSE(bytes_eq_text(h.range, "bytes=1-2"));
	CU_ASSERT_FALSE(bytes_eq_text(h.range, "bytes=3-4"));
}

static void
bodies_are_noticed(void)
{
	CU_ASSERT_FALSE(head_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n").has_body);
	CU_ASSERT_TRUE(head_of("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n").has_body);
	CU_ASSERT_TRUE(
	    head_of("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n").has_body);
	CU_ASSERT_TRUE(
	    head_of("POST / HTTP/1.1\r\n" HOST "Content-Length: 999999999999999999\r\n\r\n")
		.has_body);
}

static void
first_lines_that_are_none_are_refused(void)
{
	static const char *const lines[] = { "", " ", "GET", "GET ", "GET /", "GET /x ",
		"GET  HTTP/1.1", "GET / ", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET / HTTP/1.1 ",
		"GET / x HTTP/1.1", "GET /\tx HTTP/1.1", "GET /\rx HTTP/1.1", "GET /\x7f HTTP/1.1",
		"GET / http/1.1", "GET / HTTP/1.", "GET / HTTP/1.10", "GET / HTTP/11",
		"GET / HTTP/x.1", "GET / HTTP/1.x", "GET / HTTP1.1", "G@T / HTTP/1.1",
		"GET\t/ HTTP/1.1", "\x16\x03\x01", "{\"a\": 1}" };
	char text[200];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\n" HOST "\r\n", lines[i]);
		if (status_of(text) != 400)
			fprintf(stderr, "\n    taken: %s\n", lines[i]);
		CU_ASSERT_EQUAL(status_of(text), 400);
	}
}

static void
other_versions_are_named_so(void)
{
	CU_ASSERT_EQUAL(status_of("PRI * HTTP/2.0\r\n\r\n"), 505);
	CU_ASSERT_EQUAL(status_of("GET / HTTP/0.9\r\n\r\n"), 505);
	CU_ASSERT_EQUAL(status_of("GET / HTTP/3.1\r\n" HOST "\r\n"), 505);
	CU_ASSERT_EQUAL(head_of("GET / HTTP/1.9\r\n" HOST "\r\n").minor, 1);
}

static void
headers_that_are_none_are_refused(void)
{
	static const char *const lines[] = { "no colon", ": no name", "Name : x", " folded: x",
		"\tfolded: x", "Na me: x", "Name\x01: x", "Name: x\x01y", "Name: x\ry",
		"Name: \x7f", "Content-Length: -1", "Content-Length: +1", "Content-Length: 0x1",
		"Content-Length: 1 1", "Content-Length:", "Content-Length: 9999999999999999999",
		"Content-Length: 1\r\nContent-Length: 1", "Content-Length: 0\r\nContent-Length: 1",
		"Content-Length: 1\r\nTransfer-Encoding: chunked",
		"Transfer-Encoding: chunked\r\nContent-Length: 0", "Host: 10.0.0.2\r\nX: y" };
	char text[300];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "%s\r\n\r\n", lines[i]);
		if (status_of(text) != 400)
			fprintf(stderr, "\n    taken: %s\n", lines[i]);
		CU_ASSERT_EQUAL(status_of(text), 400);
	}
	CU_ASSERT_EQUAL(status_of("GET / HTTP/1.1\r\n\r\n"), 400); /* no Host */
	CU_ASSERT_EQUAL(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void
nul_is_refused_anywhere(void)
{
	struct http_head h;
	struct err e;
	char text[sizeof(phone)];

	for (size_t i = 0; i < strlen(phone); i++) {
		memcpy(text, phone, sizeof(phone));
		if (text[i] == '\r' || text[i] == '\n')
			continue;
		text[i] = '\0';
		CU_ASSERT_EQUAL(http_head_decode(bytes_over(text, strlen(phone)), &h, &e), -1);
	}
}

static void
headers_are_counted(void)
{
	struct wr w = { 0 };
	struct http_head h;
	struct err e;

	wr_text(&w, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 1; i < HTTP_HEADERS_MAX; i++)
		wr_fmt(&w, "X-%d: y\r\n", i);
	CU_ASSERT_EQUAL(http_head_decode(wr_view(&w), &h, &e), 0);
	wr_text(&w, "X: y\r\n");
	CU_ASSERT_EQUAL(http_head_decode(wr_view(&w), &h, &e), -1);
	CU_ASSERT_EQUAL(h.status, 431);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	wr_free(&w);
}

static void
expectations_are_known_or_not(void)
{
	CU_ASSERT_EQUAL(status_of("GET / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\n\r\n"), 0);
	CU_ASSERT_EQUAL(status_of("GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n"), 417);
}

/* ---- what follows ---- */

#define FRAMED(method, headers) method " / HTTP/1.1\r\n" HOST headers "\r\n"

static struct http_framing
framing(const char *text, unsigned methods, size_t body_max)
{
	struct http_head h = head_of(text);

	return http_framing_of(&h, methods, body_max);
}

static void
methods_are_known_by_name(void)
{
	static const char *const none[] = { "", "get", "GETS", "GE", "OPTIONS", "TRACE", "G ET" };
	struct wr w = { 0 };

	CU_ASSERT_EQUAL(http_method_of(bytes_of("GET")), HTTP_GET);
	CU_ASSERT_EQUAL(http_method_of(bytes_of("DELETE")), HTTP_DELETE);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_EQUAL(http_method_of(bytes_of(none[i])), 0);
	http_methods_put(&w, HTTP_DELETE | HTTP_GET | HTTP_PATCH);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "GET, PATCH, DELETE");
	wr_free(&w);
}

static void
bodies_are_taken_or_not(void)
{
	static const struct {
		const char *text;
		int status;
		size_t body;
	} rows[] = {
		{ FRAMED("GET", ""), 0, 0 },
		{ FRAMED("GET", "Content-Length: 0\r\n"), 0, 0 },
		{ FRAMED("GET", "Content-Length: 1\r\n"), 413, 0 },
		{ FRAMED("GET", "Transfer-Encoding: chunked\r\n"), 413, 0 },
		{ FRAMED("POST", ""), 0, 0 },
		{ FRAMED("POST", "Content-Length: 100\r\n"), 0, 100 },
		{ FRAMED("POST", "Content-Length: 101\r\n"), 413, 0 },
		{ FRAMED("POST", "Content-Length: 999999999999999999\r\n"), 413, 0 },
		{ FRAMED("POST", "Transfer-Encoding: chunked\r\n"), 411, 0 },
		{ FRAMED("POST", "Transfer-Encoding: gzip, Chunked\r\n"), 411, 0 },
		{ FRAMED("POST", "Transfer-Encoding: chunked, gzip\r\n"), 400, 0 },
		{ FRAMED("POST", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), 400,
		    0 },
		{ FRAMED("POST", "Transfer-Encoding: identity\r\n"), 400, 0 },
		{ FRAMED("POST", "Transfer-Encoding:\r\n"), 400, 0 },
		{ FRAMED("DELETE", "Content-Length: 1\r\n"), 413, 0 },
		{ FRAMED("DELETE", ""), 0, 0 },
		{ FRAMED("PUT", "Content-Length: 1\r\n"), 405, 0 },
		{ FRAMED("OPTIONS", ""), 405, 0 },
		{ FRAMED("HEAD", ""), 405, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_framing f =
		    framing(rows[i].text, HTTP_GET | HTTP_POST | HTTP_DELETE, 100);

		if (f.status != rows[i].status)
			fprintf(stderr, "\n    %d for %s\n", f.status, rows[i].text);
		CU_ASSERT_EQUAL(f.status, rows[i].status);
		CU_ASSERT_EQUAL(f.body, rows[i].body);
		CU_ASSERT_EQUAL(f.status == 0, f.why == NULL);
	}
}

/* As a server of files is: no body, however small or coded. */
static void
who_takes_no_bodies_refuses_all(void)
{
	CU_ASSERT_EQUAL(framing(FRAMED("POST", "Content-Length: 1\r\n"), HTTP_POST, 0).status, 413);
	CU_ASSERT_EQUAL(
	    framing(FRAMED("POST", "Transfer-Encoding: chunked\r\n"), HTTP_POST, 0).status, 413);
	CU_ASSERT_EQUAL(
	    framing(FRAMED("POST", "Content-Length: 1\r\n"), HTTP_GET | HTTP_HEAD, 0).status, 405);
}

static void
continue_is_for_those_who_wait(void)
{
	CU_ASSERT_TRUE(
	    head_of(FRAMED("POST", "Expect: 100-continue\r\nContent-Length: 1\r\n")).expects);
	CU_ASSERT_FALSE(head_of(FRAMED("POST", "Expect: 100-continue\r\n")).expects);
	CU_ASSERT_FALSE(head_of(FRAMED("POST", "Content-Length: 1\r\n")).expects);
	CU_ASSERT_FALSE(head_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
				"Content-Length: 1\r\n\r\n")
			    .expects);
}

static void
fields_are_the_lines_behind_the_first(void)
{
	CU_ASSERT_TRUE(bytes_eq_text(
	    head_of("GET / HTTP/1.1\r\n" HOST "X: y\r\n\r\n").fields, HOST "X: y\r\n\r\n"));
	CU_ASSERT_TRUE(bytes_eq_text(head_of("GET / HTTP/1.0\r\n\r\n").fields, "\r\n"));
}

static void
look(struct bytes b, size_t n, void *ctx)
{
	struct http_head h;
	struct http_framing f;
	struct err e;

	(void)n;
	(void)ctx;
	http_head_blank(b);
	CU_ASSERT_TRUE(http_head_length(b) <= b.n);
	if (http_head_decode(b, &h, &e) != 0)
		return;
	f = http_framing_of(&h, HTTP_GET | HTTP_POST, 100);
	CU_ASSERT_TRUE(f.body <= 100 && (f.status == 0 || (f.body == 0 && f.why != NULL)));
}

static void
every_cut_and_flip_is_harmless(void)
{
	static const char full[] =
	    "POST http://h/a%20b?c HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\n"
	    "Content-Length: 10\r\nConnection: close, x\r\n"
	    "Expect: 100-continue\r\n\r\n";

	each_cut(bytes_of(full), look, NULL);
	each_flip(bytes_of(full), look, NULL);
}

static const struct suite_test tests[] = {
	{ "phone is understood", phone_is_understood },
	{ "length is known when the empty line has come",
	    length_is_known_when_the_empty_line_has_come },
	{ "connection is kept or not", connection_is_kept_or_not },
	{ "range is found", range_is_found },
	{ "bodies are noticed", bodies_are_noticed },
	{ "first lines that are none are refused", first_lines_that_are_none_are_refused },
	{ "other versions are named so", other_versions_are_named_so },
	{ "headers that are none are refused", headers_that_are_none_are_refused },
	{ "NUL is refused anywhere", nul_is_refused_anywhere },
	{ "headers are counted", headers_are_counted },
	{ "expectations are known or not", expectations_are_known_or_not },
	{ "methods are known by name", methods_are_known_by_name },
	{ "bodies are taken or not", bodies_are_taken_or_not },
	{ "who takes no bodies refuses all", who_takes_no_bodies_refuses_all },
	{ "continue is for those who wait", continue_is_for_those_who_wait },
	{ "fields are the lines behind the first", fields_are_the_lines_behind_the_first },
	{ "every cut and flip is harmless", every_cut_and_flip_is_harmless },
};

SUITE_MAIN("httphead", tests)
