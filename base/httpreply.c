#include "base/httpreply.h"

#include <time.h>

#include "base/httpfield.h"
#include "base/httphead.h"

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *
http_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Other";
}

static void
put_date(struct wr *w, int64_t now)
{
	time_t at = (time_t)now;
	char text[40];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	wr_fmt(w, "Date: %s\r\n", text);
}

static void
put_part(struct wr *w, const struct http_reply *r)
{
	unsigned long long from = r->part.from, n = r->part.n, size = r->size;

	if (r->status == 206)
		wr_fmt(w, "Content-Range: bytes %llu-%llu/%llu\r\n", from, from + n - 1, size);
	else if (r->status == 416)
		wr_fmt(w, "Content-Range: bytes */%llu\r\n", size);
}

bool
http_status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

/* A 204 has no length, not even 0 (RFC 9110, 8.6). */
static void
put_end(struct wr *w, const struct http_reply *r)
{
	if (r->end == HTTP_END_LENGTH)
		wr_fmt(w, "Content-Length: %llu\r\n", (unsigned long long)r->length);
	else if (r->end == HTTP_END_CHUNK)
		wr_text(w, "Transfer-Encoding: chunked\r\n");
}

static void
put_allowed(struct wr *w, unsigned methods)
{
	wr_text(w, "Allow: ");
	http_methods_put(w, methods);
	wr_text(w, "\r\n");
}

void
http_reply_put(struct wr *w, const struct http_reply *r, int64_t now)
{
	wr_fmt(w, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
	put_date(w, now);
	if (r->type != NULL)
		wr_fmt(w, "Content-Type: %s\r\n", r->type);
	put_end(w, r);
	if (http_field(r->fields, "Cache-Control").p == NULL)
		wr_text(w, "Cache-Control: no-store\r\n");
	if (r->is_content)
		wr_text(w, "Accept-Ranges: bytes\r\n");
	put_part(w, r);
	if (r->methods != 0)
		put_allowed(w, r->methods);
	wr_put(w, r->fields);
	/* HTTP/1.0 keeps a connection only when it is told so. */
	wr_fmt(w, "Connection: %s\r\n\r\n", r->keeps ? "keep-alive" : "close");
}
