#include "base/httpreply.h"

#include <time.h>

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 206, "Partial Content" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 431, "Request Header Fields Too Large" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
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

void
http_reply_put(struct wr *w, const struct http_reply *r, int64_t now)
{
	wr_fmt(w, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
	put_date(w, now);
	wr_fmt(w, "Content-Type: %s\r\n", r->type);
	wr_fmt(w, "Content-Length: %llu\r\n", (unsigned long long)r->length);
	wr_text(w, "Cache-Control: no-store\r\n");
	if (r->is_content)
		wr_text(w, "Accept-Ranges: bytes\r\n");
	put_part(w, r);
	if (r->status == 405)
		wr_text(w, "Allow: GET, HEAD\r\n");
	/* HTTP/1.0 keeps a connection only when it is told so. */
	wr_fmt(w, "Connection: %s\r\n\r\n", r->keeps ? "keep-alive" : "close");
}
