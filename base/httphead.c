#include "base/httphead.h"

#include <string.h>

#include "base/httpfield.h"

enum {
	BAD_REQUEST = 400,
	NOT_ALLOWED = 405,
	LENGTH_REQUIRED = 411,
	TOO_LARGE = 413,
	EXPECTATION = 417,
	TOO_MANY = 431,
	VERSION = 505
};

/* What the headers said, before they are judged together. */
struct headers {
	struct http_head *head;
	unsigned n;
	unsigned hosts, lengths;
	bool has_if_range, closes, keeps;
};

static int
refuse(struct http_head *head, int status, struct err *e, const char *what)
{
	head->status = status;
	return err_set(e, status == TOO_MANY ? ERR_LIMIT : ERR_MALFORMED, "%s", what);
}

/* ---- where it ends ---- */

size_t
http_head_blank(struct bytes b)
{
	size_t n = 0;

	while (n < b.n && (b.p[n] == '\n' || (b.p[n] == '\r' && n + 1 < b.n && b.p[n + 1] == '\n')))
		n += b.p[n] == '\n' ? 1 : 2;
	return n;
}

size_t
http_head_length(struct bytes b)
{
	struct bytes rest = b, line;

	while (http_take_line(&rest, &line))
		if (line.n == 0)
			return b.n - rest.n;
	return 0;
}

/* ---- methods ---- */

static const struct {
	enum http_method bit;
	const char *name;
} methods[] = {
	{ HTTP_GET, "GET" },
	{ HTTP_HEAD, "HEAD" },
	{ HTTP_POST, "POST" },
	{ HTTP_PUT, "PUT" },
	{ HTTP_PATCH, "PATCH" },
	{ HTTP_DELETE, "DELETE" },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

unsigned
http_method_of(struct bytes name)
{
	for (size_t i = 0; i < METHODS; i++)
		if (bytes_eq_text(name, methods[i].name))
			return methods[i].bit;
	return 0;
}

void
http_methods_put(struct wr *w, unsigned set)
{
	const char *before = "";

	for (size_t i = 0; i < METHODS; i++) {
		if ((set & methods[i].bit) == 0)
			continue;
		wr_text(w, before);
		wr_text(w, methods[i].name);
		before = ", ";
	}
}

/* ---- the first line ---- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
read_version(struct bytes b, struct http_head *out, struct err *e)
{
	if (b.n != strlen("HTTP/1.1") || memcmp(b.p, "HTTP/", 5) != 0 || !is_digit(b.p[5]) ||
	    b.p[6] != '.' || !is_digit(b.p[7]))
		return refuse(out, BAD_REQUEST, e, "the first line does not end in HTTP/1.1");
	if (b.p[5] != '1')
		return refuse(out, VERSION, e, "a version of HTTP other than 1");
	out->minor = b.p[7] == '0' ? 0 : 1;
	return 0;
}

static int
read_first_line(struct bytes line, struct http_head *out, struct err *e)
{
	struct bytes rest, version;

	if (!http_cut(line, ' ', &out->method, &rest) || !http_is_token(out->method))
		return refuse(out, BAD_REQUEST, e, "the first line is no request of HTTP");
	if (!http_cut(rest, ' ', &out->target, &version))
		return refuse(out, BAD_REQUEST, e, "the first line names no version of HTTP");
	if (out->target.n == 0 || http_has_control(line) ||
	    memchr(out->target.p, '\t', out->target.n) != NULL)
		return refuse(out, BAD_REQUEST, e, "the first line holds what no address can");
	return read_version(version, out, e);
}

/* ---- headers ---- */

static int
read_length(struct headers *h, struct bytes value, struct err *e)
{
	if (h->lengths++ > 0 || value.n == 0 || value.n > 18)
		return refuse(h->head, BAD_REQUEST, e, "a Content-Length that is no length");
	for (size_t i = 0; i < value.n; i++) {
		if (!is_digit(value.p[i]))
			return refuse(
			    h->head, BAD_REQUEST, e, "a Content-Length that is no number");
		h->head->length = h->head->length * 10 + (uint64_t)(value.p[i] - '0');
	}
	return 0;
}

static void
read_connection(struct headers *h, struct bytes value)
{
	struct bytes option, rest = value;

	while (http_take_item(&rest, &option)) {
		h->closes |= http_is_text(option, "close");
		h->keeps |= http_is_text(option, "keep-alive");
	}
}

/* It is the last coding that tells where a body ends (RFC 9112, 6.3). */
static void
read_coding(struct http_head *head, struct bytes value)
{
	struct bytes coding, rest = value;

	head->has_coding = true;
	head->is_chunked = false;
	while (http_take_item(&rest, &coding))
		head->is_chunked = http_is_text(coding, "chunked");
}

static int
read_expectation(struct headers *h, struct bytes value, struct err *e)
{
	if (!http_is_text(value, "100-continue"))
		return refuse(h->head, EXPECTATION, e, "it expects what we do not know");
	h->head->expects = true;
	return 0;
}

/* Of several Range headers none counts. */
static void
read_range(struct http_head *head, struct bytes value)
{
	static const uint8_t several[] = "several";

	head->range = head->range.n > 0 ? bytes_over(several, sizeof(several) - 1) : value;
}

static int
read_header(struct headers *h, struct bytes name, struct bytes value, struct err *e)
{
	if (http_is_text(name, "Host"))
		h->hosts++;
	else if (http_is_text(name, "Content-Length"))
		return read_length(h, value, e);
	else if (http_is_text(name, "Transfer-Encoding"))
		read_coding(h->head, value);
	else if (http_is_text(name, "Connection"))
		read_connection(h, value);
	else if (http_is_text(name, "Range"))
		read_range(h->head, value);
	else if (http_is_text(name, "If-Range"))
		h->has_if_range = true;
	else if (http_is_text(name, "Expect"))
		return read_expectation(h, value, e);
	return 0;
}

static int
read_line(struct headers *h, struct bytes line, struct err *e)
{
	struct bytes name, value;

	if (h->n++ == HTTP_HEADERS_MAX)
		return refuse(h->head, TOO_MANY, e, "too many headers");
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return refuse(h->head, BAD_REQUEST, e, "a header in several lines");
	if (!http_cut(line, ':', &name, &value) || !http_is_token(name))
		return refuse(h->head, BAD_REQUEST, e, "a line that is no header");
	if (http_has_control(value))
		return refuse(h->head, BAD_REQUEST, e, "a control character in a header");
	return read_header(h, name, http_trimmed(value), e);
}

/* A length and an encoding, or an encoding before HTTP/1.1, is how a request is hidden in another
 * one (RFC 9112, 6.1 and 11.2). */
static int
judge(struct headers *h, struct err *e)
{
	struct http_head *head = h->head;

	if (h->hosts > 1 || (h->hosts == 0 && head->minor > 0))
		return refuse(head, BAD_REQUEST, e, "no Host, or more than one");
	if (head->has_coding && (h->lengths > 0 || head->minor == 0))
		return refuse(head, BAD_REQUEST, e, "a body whose length is told in two ways");
	head->has_body = head->has_coding || head->length > 0;
	head->expects &= head->has_body && head->minor > 0; /* RFC 9110, 10.1.1 */
	head->keeps = !h->closes && (head->minor > 0 || h->keeps);
	/* What we send has nothing that an If-Range could be compared with, so it never matches. */
	if (h->has_if_range)
		head->range = (struct bytes){ 0 };
	return 0;
}

int
http_head_decode(struct bytes head, struct http_head *out, struct err *e)
{
	struct headers h = { .head = out };
	struct bytes rest = head, line;

	*out = (struct http_head){ 0 };
	if (!http_take_line(&rest, &line))
		return refuse(out, BAD_REQUEST, e, "no line at all");
	if (read_first_line(line, out, e) != 0)
		return -1;
	out->fields = rest;
	while (http_take_line(&rest, &line) && line.n > 0)
		if (read_line(&h, line, e) != 0)
			return -1;
	return judge(&h, e);
}

/* ---- what follows ---- */

static struct http_framing
not_taken(int status, const char *why)
{
	return (struct http_framing){ .status = status, .why = why };
}

static struct http_framing
framing_of_body(const struct http_head *head, size_t body_max)
{
	if (head->has_coding && !head->is_chunked)
		return not_taken(BAD_REQUEST, "a body whose end cannot be told");
	if (head->has_coding)
		return not_taken(LENGTH_REQUIRED, "a body whose length is not told before");
	if (head->length > body_max)
		return not_taken(TOO_LARGE, "a body that is too large");
	return (struct http_framing){ .body = (size_t)head->length };
}

struct http_framing
http_framing_of(const struct http_head *head, unsigned taken, size_t body_max)
{
	const unsigned with_body = HTTP_POST | HTTP_PUT | HTTP_PATCH;
	unsigned method = http_method_of(head->method);

	if ((method & taken) == 0)
		return not_taken(NOT_ALLOWED, "a method that is not for this server");
	if (!head->has_body)
		return (struct http_framing){ 0 };
	if (body_max == 0 || (method & with_body) == 0)
		return not_taken(TOO_LARGE, "a request with a body: this one only asks");
	return framing_of_body(head, body_max);
}
