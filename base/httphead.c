#include "base/httphead.h"

#include <string.h>
#include <strings.h>

enum { BAD_REQUEST = 400, EXPECTATION = 417, TOO_MANY = 431, NOT_KNOWN = 501, VERSION = 505 };

/* What the headers said, before they are judged together. */
struct headers {
	struct http_head *head;
	unsigned n;
	unsigned hosts, lengths;
	bool has_coding, has_if_range, closes, keeps;
	uint64_t length;
};

static int
refuse(struct http_head *head, int status, struct err *e, const char *what)
{
	head->status = status;
	return err_set(e, status == TOO_MANY ? ERR_LIMIT : ERR_MALFORMED, "%s", what);
}

/* ---- lines ---- */

/* The next line without its end, which is LF or CR LF; false: none ends here. */
static bool
take_line(struct bytes *rest, struct bytes *line)
{
	const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - rest->p);
	*line = bytes_part(*rest, 0, n);
	*rest = bytes_from(*rest, n + 1);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

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

	while (take_line(&rest, &line))
		if (line.n == 0)
			return b.n - rest.n;
	return 0;
}

/* ---- what bytes may be ---- */

/* RFC 9110, 5.6.2. */
static bool
is_token(struct bytes b)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < b.n; i++) {
		uint8_t c = b.p[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!letter && (c < '0' || c > '9') && (c == 0 || strchr(others, c) == NULL))
			return false;
	}
	return b.n > 0;
}

static bool
has_control(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((b.p[i] < ' ' && b.p[i] != '\t') || b.p[i] == 0x7f)
			return true;
	return false;
}

static bool
is_text(struct bytes b, const char *text)
{
	return b.n == strlen(text) && strncasecmp((const char *)b.p, text, b.n) == 0;
}

static struct bytes
trimmed(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = bytes_from(b, 1);
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		b.n--;
	return b;
}

/* What is before the first c, and what is behind; false: there is no c. */
static bool
cut(struct bytes b, uint8_t c, struct bytes *before, struct bytes *behind)
{
	const uint8_t *at = b.n > 0 ? memchr(b.p, c, b.n) : NULL;

	if (at == NULL)
		return false;
	*before = bytes_part(b, 0, (size_t)(at - b.p));
	*behind = bytes_from(b, before->n + 1);
	return true;
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

	if (!cut(line, ' ', &out->method, &rest) || !is_token(out->method))
		return refuse(out, BAD_REQUEST, e, "the first line is no request of HTTP");
	if (!cut(rest, ' ', &out->target, &version))
		return refuse(out, BAD_REQUEST, e, "the first line names no version of HTTP");
	if (out->target.n == 0 || has_control(line) ||
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
		h->length = h->length * 10 + (uint64_t)(value.p[i] - '0');
	}
	return 0;
}

static void
read_connection(struct headers *h, struct bytes value)
{
	struct bytes option, rest = value;

	while (rest.n > 0) {
		if (!cut(rest, ',', &option, &rest)) {
			option = rest;
			rest.n = 0;
		}
		option = trimmed(option);
		h->closes |= is_text(option, "close");
		h->keeps |= is_text(option, "keep-alive");
	}
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
	if (is_text(name, "Host"))
		h->hosts++;
	else if (is_text(name, "Content-Length"))
		return read_length(h, value, e);
	else if (is_text(name, "Transfer-Encoding"))
		h->has_coding = true;
	else if (is_text(name, "Connection"))
		read_connection(h, value);
	else if (is_text(name, "Range"))
		read_range(h->head, value);
	else if (is_text(name, "If-Range"))
		h->has_if_range = true;
	else if (is_text(name, "Expect") && !is_text(value, "100-continue"))
		return refuse(h->head, EXPECTATION, e, "it expects what we do not know");
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
	if (!cut(line, ':', &name, &value) || !is_token(name))
		return refuse(h->head, BAD_REQUEST, e, "a line that is no header");
	if (has_control(value))
		return refuse(h->head, BAD_REQUEST, e, "a control character in a header");
	return read_header(h, name, trimmed(value), e);
}

/* A length and an encoding, or an encoding before HTTP/1.1, is how a request is hidden in another
 * one (RFC 9112, 6.1 and 11.2). */
static int
judge(struct headers *h, struct err *e)
{
	struct http_head *head = h->head;

	if (h->hosts > 1 || (h->hosts == 0 && head->minor > 0))
		return refuse(head, BAD_REQUEST, e, "no Host, or more than one");
	if (h->has_coding && (h->lengths > 0 || head->minor == 0))
		return refuse(head, BAD_REQUEST, e, "a body whose length is told in two ways");
	head->has_body = h->has_coding || h->length > 0;
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
	if (!take_line(&rest, &line))
		return refuse(out, BAD_REQUEST, e, "no line at all");
	if (read_first_line(line, out, e) != 0)
		return -1;
	while (take_line(&rest, &line) && line.n > 0)
		if (read_line(&h, line, e) != 0)
			return -1;
	return judge(&h, e);
}

/* ---- the target ---- */

/* Of "http://10.0.0.1:6970/name" the path (RFC 9112, 3.2.2); of "/name" itself. */
static struct bytes
path_of(struct bytes target)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);

		if (target.n <= n || strncasecmp((const char *)target.p, schemes[i], n) != 0)
			continue;
		while (n < target.n && target.p[n] != '/' && target.p[n] != '?')
			n++;
		return n < target.n && target.p[n] == '/' ? bytes_from(target, n) : bytes_of("/");
	}
	return target;
}

static int
hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *at, which moves behind it; -1: not one that a path may hold. */
static int
take_byte(struct bytes b, size_t *at)
{
	uint8_t c = b.p[(*at)++];
	int high, low;

	if (c != '%')
		return c;
	if (b.n - *at < 2)
		return -1;
	high = hex_value(b.p[*at]);
	low = hex_value(b.p[*at + 1]);
	*at += 2;
	return high < 0 || low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

int
http_target_path(struct bytes target, struct wr *to, struct err *e)
{
	struct bytes path = path_of(target);

	if (path.n == 0 || path.p[0] != '/')
		return err_set(e, ERR_MALFORMED, "the address has no path");
	for (size_t at = 0; at < path.n && path.p[at] != '?';) {
		int c = take_byte(path, &at);

		if (c <= 0)
			return err_set(e, ERR_MALFORMED, "a bad %%-sequence in the address");
		wr_u8(to, (uint8_t)c);
	}
	return 0;
}
