#include "base/httpreply.h"

#include "base/httphead.h"
#include "tests/support/suite.h"

enum { THEN = 784111777 }; /* the example of RFC 9110, 5.6.7 */
#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

static void
is_written(const struct http_reply *r, const char *text)
{
	struct wr w = { 0 };

	http_reply_put(&w, r, THEN);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), text);
	wr_free(&w);
}

static void
answer_is_written(void)
{
	is_written(&(struct http_reply){ .status = 200, .type = "a/b", .length = 5, .keeps = true },
	    "HTTP/1.1 200 OK\r\n" DATE "Content-Type: a/b\r\nContent-Length: 5\r\n"
	    "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
}

static void
part_is_written(void)
{
	is_written(&(struct http_reply){ .status = 206,
		       .type = "*/*",
		       .length = 2,
		       .is_content = true,
		       .size = 10,
		       .part = { 3, 2 } },
	    "HTTP/1.1 206 Partial Content\r\n" DATE "Content-Type: */*\r\nContent-Length: 2\r\n"
	    "Cache-Control: no-store\r\nAccept-Ranges: bytes\r\n"
	    "Content-Range: bytes 3-4/10\r\nConnection: close\r\n\r\n");
}

static void
what_has_no_body_has_no_length(void)
{
	is_written(&(struct http_reply){ .status = 204, .end = HTTP_END_NONE, .keeps = true },
	    "HTTP/1.1 204 No Content\r\n" DATE
	    "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
	CU_ASSERT_FALSE(http_status_has_body(204));
	CU_ASSERT_FALSE(http_status_has_body(304));
	CU_ASSERT_FALSE(http_status_has_body(100));
	CU_ASSERT_TRUE(http_status_has_body(200));
	CU_ASSERT_TRUE(http_status_has_body(404));
}

static void
stream_is_chunked_or_ends_with_the_connection(void)
{
	is_written(
	    &(struct http_reply){
		.status = 200, .type = "text/event-stream", .end = HTTP_END_CHUNK, .keeps = true },
	    "HTTP/1.1 200 OK\r\n" DATE
	    "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
	    "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
	is_written(&(struct http_reply){ .status = 200, .type = "a/b", .end = HTTP_END_CLOSE },
	    "HTTP/1.1 200 OK\r\n" DATE
	    "Content-Type: a/b\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
}

static void
fields_are_added(void)
{
	is_written(&(struct http_reply){ .status = 304,
		       .end = HTTP_END_NONE,
		       .keeps = true,
		       .fields = bytes_of("ETag: \"7\"\r\ncache-control: no-cache\r\n") },
	    "HTTP/1.1 304 Not Modified\r\n" DATE
	    "ETag: \"7\"\r\ncache-control: no-cache\r\nConnection: keep-alive\r\n\r\n");
	is_written(&(struct http_reply){ .status = 405, .methods = HTTP_GET | HTTP_HEAD },
	    "HTTP/1.1 405 Method Not Allowed\r\n" DATE
	    "Content-Length: 0\r\nCache-Control: no-store\r\nAllow: GET, HEAD\r\n"
	    "Connection: close\r\n\r\n");
}

static void
every_status_of_ours_has_a_reason(void)
{
	static const int known[] = { 200, 201, 202, 204, 206, 303, 304, 400, 401, 403, 404, 405,
		409, 411, 412, 413, 414, 415, 416, 417, 422, 429, 431, 500, 503, 505 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CU_ASSERT_STRING_NOT_EQUAL(http_reason(known[i]), "Other");
	CU_ASSERT_STRING_EQUAL(http_reason(299), "Other");
}

static const struct suite_test tests[] = {
	{ "answer is written", answer_is_written },
	{ "part is written", part_is_written },
	{ "what has no body has no length", what_has_no_body_has_no_length },
	{ "stream is chunked or ends with the connection",
	    stream_is_chunked_or_ends_with_the_connection },
	{ "fields are added", fields_are_added },
	{ "every status of ours has a reason", every_status_of_ours_has_a_reason },
};

SUITE_MAIN("httpreply", tests)
