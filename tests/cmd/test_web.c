/* One file over HTTP, from a server that is a text. */
#include "cmd/phone/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/phone/fetch.h"
#include "tests/support/suite.h"

/* What it says, and what it was asked. */
struct server {
	struct bytes says;
	size_t at;
	struct wr asked;
};

static int
hear(void *ctx, struct bytes b, struct err *e)
{
	struct server *s = ctx;

	(void)e;
	wr_put(&s->asked, b);
	return 0;
}

static int
say(void *ctx, void *to, size_t n, struct err *e)
{
	struct server *s = ctx;

	if (s->says.n - s->at < n)
		return err_set(e, ERR_FAILED, "the line broke");
	if (n > 0)
		memcpy(to, bytes_part(s->says, s->at, n).p, n);
	s->at += n;
	return 0;
}

static struct server server;

static enum err_code
get(struct bytes says, struct wr *out)
{
	struct web_line line = { hear, say, &server };
	struct err e = { 0 };
	int rc;

	wr_free(&server.asked);
	server = (struct server){ .says = says };
	rc = web_get(&line, "10.0.0.1", "ITLFile.tlv", out, &e);
	CU_ASSERT_EQUAL(rc == 0, e.code == ERR_NONE);
	if (rc != 0)
		CU_ASSERT_TRUE(e.text[0] != '\0');
	return e.code;
}

static enum err_code
code_of(const char *says)
{
	struct wr out = { 0 };
	enum err_code code = get(bytes_of(says), &out);

	CU_ASSERT_EQUAL(out.n, 0);
	wr_free(&out);
	return code;
}

static const char whole[] = "HTTP/1.1 200 OK\r\nDate: today\r\ncontent-length:  5\r\n\r\nrings";

static void
a_file_comes(void)
{
	struct wr out = { 0 };

	wr_put(&out, bytes_of("before "));
	CU_ASSERT_EQUAL(get(bytes_of(whole), &out), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&out), "before rings");
	CU_ASSERT_STRING_EQUAL(wr_cstr(&server.asked),
	    "GET /ITLFile.tlv HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n");
	wr_free(&out);
}

static void
an_empty_file_is_one(void)
{
	CU_ASSERT_EQUAL(code_of("HTTP/1.0 200 \r\nContent-Length: 0\r\n\r\n"), ERR_NONE);
}

static bool
is_refused(struct bytes b)
{
	struct wr out = { 0 };
	enum err_code code = get(b, &out);
	size_t n = out.n;

	wr_free(&out);
	return code != ERR_NONE && n == 0;
}

static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	CU_ASSERT_TRUE(is_refused(cut));
}

static void
every_cut_is_refused(void)
{
	each_cut(bytes_of(whole), see_cut, NULL);
}

static void
what_the_server_says_is_told_apart(void)
{
	CU_ASSERT_EQUAL(
	    code_of("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(code_of("HTTP/1.1 503 Not now\r\nContent-Length: 0\r\n\r\n"), ERR_FAILED);
	CU_ASSERT_EQUAL(code_of("HTTP/1.1 301 Away\r\nLocation: /x\r\n\r\n"), ERR_FAILED);
}

static void
what_is_no_http_is_malformed(void)
{
	static const char *const says[] = {
		"SIP/2.0 200 OK\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\nrings",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nrings\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nrings",
		"HTTP/1.1 200 OK\r\nX-Content-Length: 5\r\n\r\nrings",
	};

	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		CU_ASSERT_EQUAL(code_of(says[i]), ERR_MALFORMED);
	CU_ASSERT_TRUE(is_refused(bytes_over("HTTP/1.1 200 OK\r\n\0\r\n\r\n", 22)));
}

static void
what_is_too_much_is_not_taken(void)
{
	char *text = mem_fmt("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", FETCH_MAX + 1);
	struct wr head = { 0 };

	CU_ASSERT_EQUAL(code_of(text), ERR_LIMIT);
	CU_ASSERT_EQUAL(
	    code_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
	    ERR_LIMIT);
	free(text);
	wr_fmt(&head, "HTTP/1.1 200 OK\r\nX: ");
	for (int i = 0; i < WEB_HEAD_MAX; i++)
		wr_fmt(&head, "x");
	wr_fmt(&head, "\r\nContent-Length: 0\r\n\r\n");
	CU_ASSERT_EQUAL(code_of(wr_cstr(&head)), ERR_MALFORMED);
	wr_free(&head);
	wr_free(&server.asked);
}

static const struct suite_test tests[] = {
	{ "a file comes", a_file_comes },
	{ "an empty file is one", an_empty_file_is_one },
	{ "every cut is refused", every_cut_is_refused },
	{ "what the server says is told apart", what_the_server_says_is_told_apart },
	{ "what is no HTTP is malformed", what_is_no_http_is_malformed },
	{ "what is too much is not taken", what_is_too_much_is_not_taken },
};

SUITE_MAIN("cmd/web", tests)
