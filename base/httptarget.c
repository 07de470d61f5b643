#include "base/httptarget.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/httpfield.h"

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *at, which moves behind it; -1: not one that an address may hold. */
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

/* ---- the path ---- */

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

/* ---- the query ---- */

/* A form's blanks are '+' (the URL standard, application/x-www-form-urlencoded). */
static int
take_form_byte(struct bytes b, size_t *at)
{
	int c = take_byte(b, at);

	return c == '+' && b.p[*at - 1] == '+' ? ' ' : c;
}

static bool
means(struct bytes coded, const char *name)
{
	size_t at = 0, i = 0;

	while (at < coded.n && name[i] != '\0')
		if (take_form_byte(coded, &at) != (uint8_t)name[i++])
			return false;
	return at == coded.n && name[i] == '\0';
}

static enum http_given
decode(struct bytes coded, char *to, size_t size)
{
	size_t n = 0;

	for (size_t at = 0; at < coded.n;) {
		int c = take_form_byte(coded, &at);

		if (c <= 0 || n + 1 >= size) {
			to[0] = '\0';
			return HTTP_UNFIT;
		}
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return HTTP_GIVEN;
}

/* The next pair that has a name; false: none is left. */
static bool
take_pair(struct bytes *rest, struct bytes *key, struct bytes *value)
{
	struct bytes pair;

	while (rest->n > 0) {
		if (!http_cut(*rest, '&', &pair, rest)) {
			pair = *rest;
			*rest = bytes_over(NULL, 0);
		}
		if (!http_cut(pair, '=', key, value)) {
			*key = pair;
			*value = bytes_over(NULL, 0);
		}
		if (key->n > 0)
			return true;
	}
	return false;
}

struct bytes
http_target_form(struct bytes target)
{
	struct bytes before, form;

	return http_cut(target, '?', &before, &form) ? form : bytes_over(NULL, 0);
}

enum http_given
http_target_query(struct bytes target, const char *name, char *to, size_t size)
{
	struct bytes rest = http_target_form(target), key, value;

	to[0] = '\0';
	while (take_pair(&rest, &key, &value))
		if (means(key, name))
			return decode(value, to, size);
	return HTTP_ABSENT;
}

static bool
decode_all(struct bytes coded, struct wr *to)
{
	to->n = 0;
	for (size_t at = 0; at < coded.n;) {
		int c = take_form_byte(coded, &at);

		if (c <= 0)
			return false;
		wr_u8(to, (uint8_t)c);
	}
	return !to->bad;
}

enum http_given
http_form_take(struct bytes *form, struct wr *name, struct wr *value)
{
	struct bytes key, coded;

	name->n = value->n = 0;
	if (!take_pair(form, &key, &coded))
		return HTTP_ABSENT;
	return decode_all(key, name) && decode_all(coded, value) ? HTTP_GIVEN : HTTP_UNFIT;
}
