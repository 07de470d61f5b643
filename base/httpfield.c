#include "base/httpfield.h"

#include <string.h>
#include <strings.h>

/* ---- pieces ---- */

bool
http_cut(struct bytes b, uint8_t c, struct bytes *before, struct bytes *behind)
{
	const uint8_t *at = b.n > 0 ? memchr(b.p, c, b.n) : NULL;
	size_t n;

	if (at == NULL)
		return false;
	n = (size_t)(at - b.p);
	*before = bytes_part(b, 0, n);
	*behind = bytes_from(b, n + 1);
	return true;
}

bool
http_take_line(struct bytes *rest, struct bytes *line)
{
	if (!http_cut(*rest, '\n', line, rest))
		return false;
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

struct bytes
http_trimmed(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = bytes_from(b, 1);
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		b.n--;
	return b;
}

bool
http_take_item(struct bytes *list, struct bytes *item)
{
	struct bytes all = *list;

	if (all.n == 0)
		return false;
	if (!http_cut(all, ',', item, list)) {
		*item = all;
		*list = bytes_over(NULL, 0);
	}
	*item = http_trimmed(*item);
	return true;
}

bool
http_is_token(struct bytes b)
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

bool
http_has_control(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((b.p[i] < ' ' && b.p[i] != '\t') || b.p[i] == 0x7f)
			return true;
	return false;
}

bool
http_is_text(struct bytes b, const char *text)
{
	return b.n == strlen(text) && strncasecmp((const char *)b.p, text, b.n) == 0;
}

/* ---- lines ---- */

struct bytes
http_field(struct bytes lines, const char *name)
{
	struct bytes rest = lines, line, key, value;

	while (http_take_line(&rest, &line) && line.n > 0)
		if (http_cut(line, ':', &key, &value) && http_is_text(key, name)) {
			value = http_trimmed(value);
			return value.n > 0 ? value : bytes_of("");
		}
	return bytes_over(NULL, 0);
}

static bool
fits(struct bytes line)
{
	struct bytes name, value;

	if (line.n == 0 || line.p[line.n - 1] != '\r')
		return false;
	line.n--;
	return http_cut(line, ':', &name, &value) && http_is_token(name) &&
	       !http_has_control(value);
}

bool
http_fields_fit(struct bytes lines)
{
	struct bytes rest = lines, line;

	while (rest.n > 0)
		if (!http_cut(rest, '\n', &line, &rest) || !fits(line))
			return false;
	return true;
}

bool
http_field_put(struct wr *to, const char *name, struct bytes value)
{
	if (!http_is_token(bytes_of(name)) || http_has_control(value))
		return false;
	wr_text(to, name);
	wr_text(to, ": ");
	wr_put(to, value);
	wr_text(to, "\r\n");
	return true;
}
