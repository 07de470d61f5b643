#include "cmd/phone/web.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "cmd/phone/fetch.h"

/* What the answer's head says. */
struct head {
	int status;
	size_t length; /* of the body */
};

static bool
is_plain(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 ".-_")] == '\0';
}

static int
ask(const struct web_line *line, const char *host, const char *name, struct err *e)
{
	struct wr w = { 0 };
	int rc;

	assert(is_plain(name));
	wr_fmt(&w, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name, host);
	rc = line->send(line->ctx, wr_view(&w), e);
	wr_free(&w);
	return rc;
}

/* Byte by byte: what follows the head is not ours to take yet. */
static int
receive_head(const struct web_line *line, char text[WEB_HEAD_MAX + 1], struct err *e)
{
	size_t n = 0;

	text[0] = '\0';
	while (n < 4 || memcmp(&text[n - 4], "\r\n\r\n", 4) != 0) {
		if (n == WEB_HEAD_MAX)
			return err_set(e, ERR_MALFORMED,
			    "a head of more than %d bytes is no answer to a phone", WEB_HEAD_MAX);
		if (line->receive(line->ctx, &text[n], 1, e) != 0)
			return -1;
		if (text[n] == '\0')
			return err_set(e, ERR_MALFORMED, "what it answers is no HTTP");
		n++;
	}
	text[n] = '\0';
	return 0;
}

static int
read_status(const char *text, struct head *h, struct err *e)
{
	const char *digits = &text[sizeof("HTTP/1.1 ") - 1];

	if (strncmp(text, "HTTP/1.1 ", 9) != 0 && strncmp(text, "HTTP/1.0 ", 9) != 0)
		return err_set(e, ERR_MALFORMED, "what it answers is no HTTP");
	if (strspn(digits, "0123456789") != 3)
		return err_set(e, ERR_MALFORMED, "what it answers has no status");
	h->status = (int)strtol(digits, NULL, 10);
	return 0;
}

/* The value of a header, without the blanks before it; NULL: there is none. */
static const char *
header(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(text, "\r\n"); at != NULL; at = strstr(at + 2, "\r\n"))
		if (strncasecmp(at + 2, name, n) == 0 && at[2 + n] == ':')
			return at + 3 + n + strspn(at + 3 + n, " \t");
	return NULL;
}

static int
read_length(const char *text, struct head *h, struct err *e)
{
	const char *value = header(text, "Content-Length");
	char *end = NULL;
	unsigned long length;

	if (value == NULL || *value < '0' || *value > '9')
		return err_set(e, ERR_MALFORMED, "its answer does not say how long it is");
	length = strtoul(value, &end, 10);
	if (*end != '\r' && *end != ' ')
		return err_set(e, ERR_MALFORMED, "its answer does not say how long it is");
	if (length > FETCH_MAX)
		return err_set(e, ERR_LIMIT,
		    "its answer is larger than the %d KB that a phone takes", FETCH_MAX / 1024);
	h->length = length;
	return 0;
}

static int
read_head(const char *text, const char *name, struct head *h, struct err *e)
{
	if (read_status(text, h, e) != 0)
		return -1;
	if (h->status == 404)
		return err_set(e, ERR_NOT_FOUND, "it has no %s", name);
	if (h->status != 200)
		return err_set(e, ERR_FAILED, "it answers %d instead of %s", h->status, name);
	return read_length(text, h, e);
}

static int
receive_body(const struct web_line *line, size_t n, struct wr *out, struct err *e)
{
	uint8_t *body = mem_new(n > 0 ? n : 1);
	int rc = n > 0 ? line->receive(line->ctx, body, n, e) : 0;

	if (rc == 0)
		wr_put(out, bytes_over(body, n));
	free(body);
	return rc;
}

int
web_get(
    const struct web_line *line, const char *host, const char *name, struct wr *out, struct err *e)
{
	char text[WEB_HEAD_MAX + 1];
	struct head head = { .status = 0 };

	if (ask(line, host, name, e) != 0 || receive_head(line, text, e) != 0 ||
	    read_head(text, name, &head, e) != 0)
		return -1;
	return receive_body(line, head.length, out, e);
}
