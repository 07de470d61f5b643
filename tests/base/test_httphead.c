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

/* ---- targets ---- */

static const char *
path_of(const char *target)
{
	static char text[256];
	struct wr w = { 0 };
	struct err e;

	snprintf(text, sizeof(text), "-");
	if (http_target_path(bytes_of(target), &w, &e) == 0)
		snprintf(text, sizeof(text), "%.*s", (int)w.n, (const char *)w.p);
	wr_free(&w);
	return text;
}

static void
targets_become_paths(void)
{
	static const char *const rows[][2] = { { "/a", "/a" }, { "/", "/" }, { "//a//b", "//a//b" },
		{ "/a?b=/c", "/a" }, { "/?", "/" }, { "/a%20b", "/a b" }, { "/%2e%2E/x", "/../x" },
		{ "/..%2fx", "/../x" }, { "/%252e", "/%2e" }, { "/a%3fb", "/a?b" },
		{ "/\xc3\xa9", "/\xc3\xa9" }, { "/%0a", "/\n" }, { "http://h/a", "/a" },
		{ "HTTPS://10.0.0.1:6971/a/b?c", "/a/b" }, { "http://h", "/" },
		{ "http://h?x=/y", "/" }, { "http://[::1]:6970/a", "/a" }, { "", "-" },
		{ "*", "-" }, { "a", "-" }, { "h:443", "-" }, { "ftp://h/a", "-" },
		{ "http://", "-" }, { "?/a", "-" }, { "/%", "-" }, { "/%2", "-" }, { "/%zz", "-" },
		{ "/a%00b", "-" }, { "/%-1", "-" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(path_of(rows[i][0]), rows[i][1]) != 0)
			fprintf(stderr, "\n    %s: %s\n", rows[i][0], path_of(rows[i][0]));
		CU_ASSERT_STRING_EQUAL(path_of(rows[i][0]), rows[i][1]);
	}
}

static void
look(struct bytes b, size_t n, void *ctx)
{
	struct http_head h;
	struct wr path = { 0 };
	struct err e;

	(void)n;
	(void)ctx;
	http_head_blank(b);
	CU_ASSERT_TRUE(http_head_length(b) <= b.n);
	if (http_head_decode(b, &h, &e) == 0)
		http_target_path(h.target, &path, &e);
	wr_free(&path);
}

static void
every_cut_and_flip_is_harmless(void)
{
	static const char full[] =
	    "GET http://h/a%20b?c HTTP/1.1\r\nHost: h\r\nRange: bytes=1-2\r\n"
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
	{ "targets become paths", targets_become_paths },
	{ "every cut and flip is harmless", every_cut_and_flip_is_harmless },
};

SUITE_MAIN("httphead", tests)
