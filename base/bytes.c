#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct bytes
bytes_over(const void *p, size_t n)
{
	return (struct bytes){ p, n };
}

struct bytes
bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

bool
bytes_eq(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
bytes_eq_text(struct bytes a, const char *text)
{
	return bytes_eq(a, bytes_of(text));
}

struct bytes
bytes_from(struct bytes b, size_t at)
{
	if (at >= b.n)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ b.p + at, b.n - at };
}

struct bytes
bytes_part(struct bytes b, size_t at, size_t n)
{
	struct bytes rest = bytes_from(b, at);

	if (rest.n > n)
		rest.n = n;
	return rest;
}

bool
bytes_to_text(struct bytes b, char *to, size_t size)
{
	if (size > 0)
		to[0] = '\0';
	if (b.n == 0 || b.n > size || b.p[b.n - 1] != '\0')
		return false;
	if (memchr(b.p, '\0', b.n) != b.p + b.n - 1)
		return false;
	memcpy(to, b.p, b.n);
	return true;
}

void
bytes_hex(struct bytes b, char sep, char *to, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	assert(size > 0);
	for (size_t i = 0; i < b.n; i++) {
		bool between = sep != '\0' && i > 0;

		if (at + between + 2 + 1 > size)
			break;
		if (between)
			to[at++] = sep;
		to[at++] = digits[b.p[i] >> 4];
		to[at++] = digits[b.p[i] & 15];
	}
	to[at] = '\0';
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

ptrdiff_t
bytes_unhex(const char *hex, uint8_t *to, size_t size)
{
	size_t n = 0;

	for (; hex[0] != '\0'; hex += 2) {
		int hi = digit_of(hex[0]), lo = hi < 0 ? -1 : digit_of(hex[1]);

		if (lo < 0 || n == size)
			return -1;
		to[n++] = (uint8_t)(hi << 4 | lo);
	}
	return (ptrdiff_t)n;
}

/* The length of the UTF-8 character that starts here, 0 when there is none (RFC 3629, section 4).
 */
static size_t
utf8_char(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	if (p[0] == 0xed)
		high = 0x9f;
	if (p[0] == 0xf0)
		low = 0x90;
	if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool
bytes_is_utf8(struct bytes b)
{
	size_t n;

	for (size_t at = 0; at < b.n; at += n)
		if ((n = utf8_char(b.p + at, b.n - at)) == 0)
			return false;
	return true;
}

/* U+0080..U+009F are terminal controls too; U+200B..U+200F, U+2028..U+202E and U+2060..U+206F
 * cannot be seen, end a line or reorder it. */
static bool
is_plain(const uint8_t *p, size_t n)
{
	if (n == 0)
		return false;
	if (n == 1)
		return p[0] >= ' ' && p[0] != 0x7f;
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return false;
	if (n == 3 && p[0] == 0xe2 && p[1] == 0x80)
		return !(p[2] >= 0x8b && p[2] <= 0x8f) && !(p[2] >= 0xa8 && p[2] <= 0xae);
	return !(n == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf);
}

static void
escape(struct bytes b, const char *also, char *to, size_t size)
{
	static const char cut[] = "...";
	size_t at = 0, cut_at = 0, n;

	assert(size >= 8);
	for (size_t i = 0; i < b.n; i += n) {
		bool plain;

		n = utf8_char(b.p + i, b.n - i);
		plain = is_plain(b.p + i, n) && !(n == 1 && strchr(also, b.p[i]) != NULL);
		if (!plain)
			n = 1;
		if (at + sizeof(cut) <= size)
			cut_at = at;
		if (at + (plain ? n : 4) + 1 > size) {
			memcpy(to + cut_at, cut, sizeof(cut));
			return;
		}
		if (plain)
			memcpy(to + at, b.p + i, n);
		else
			snprintf(to + at, size - at, "\\x%02x", b.p[i]);
		at += plain ? n : 4;
	}
	to[at] = '\0';
}

void
bytes_printable(struct bytes b, char *to, size_t size)
{
	escape(b, "", to, size);
}

void
bytes_quotable(struct bytes b, char *to, size_t size)
{
	escape(b, "\"\\", to, size);
}

struct rd
rd_over(struct bytes in)
{
	return (struct rd){ .in = in };
}

size_t
rd_left(const struct rd *r)
{
	return r->bad ? 0 : r->in.n - r->at;
}

struct bytes
rd_take(struct rd *r, size_t n)
{
	struct bytes b = { NULL, 0 };

	if (r->bad || n > rd_left(r)) {
		r->bad = true;
		return b;
	}
	if (n > 0)
		b = (struct bytes){ r->in.p + r->at, n };
	r->at += n;
	return b;
}

struct bytes
rd_rest(struct rd *r)
{
	return rd_take(r, rd_left(r));
}

uint8_t
rd_u8(struct rd *r)
{
	struct bytes b = rd_take(r, 1);

	return b.n == 0 ? 0 : b.p[0];
}

uint16_t
rd_u16(struct rd *r)
{
	struct bytes b = rd_take(r, 2);

	return b.n == 0 ? 0 : (uint16_t)(b.p[0] << 8 | b.p[1]);
}

uint32_t
rd_u32(struct rd *r)
{
	struct bytes b = rd_take(r, 4);

	if (b.n == 0)
		return 0;
	return (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
}

bool
rd_tlv(struct rd *r, uint8_t *tag, struct bytes *value)
{
	size_t start = r->at;

	*value = (struct bytes){ NULL, 0 };
	if (r->bad || rd_left(r) == 0)
		return false;
	*tag = rd_u8(r);
	*value = rd_take(r, rd_u16(r));
	if (r->bad)
		r->at = start;
	return !r->bad;
}

bool
rd_done(const struct rd *r)
{
	return !r->bad && r->at == r->in.n;
}

/* Not realloc(): the bytes may be a key, and no copy of it may stay behind. */
static void
wr_grow(struct wr *w, size_t n)
{
	size_t room = w->room ? w->room : 256;
	uint8_t *p;

	if (w->room - w->n >= n)
		return;
	while (room - w->n < n)
		room *= 2;
	p = mem_new(room);
	if (w->n > 0)
		memcpy(p, w->p, w->n);
	mem_wipe(w->p, w->n);
	free(w->p);
	w->p = p;
	w->room = room;
}

/* Room for n more bytes; false (and bad) past the maximum. */
static bool
wr_room(struct wr *w, size_t n)
{
	size_t max = w->max ? w->max : WR_MAX;

	if (w->bad || n > max - w->n) {
		w->bad = true;
		return false;
	}
	wr_grow(w, n);
	return true;
}

void
wr_put(struct wr *w, struct bytes b)
{
	if (b.n == 0 || !wr_room(w, b.n))
		return;
	memcpy(w->p + w->n, b.p, b.n);
	w->n += b.n;
}

void
wr_u8(struct wr *w, uint8_t v)
{
	wr_put(w, bytes_over(&v, 1));
}

void
wr_u16(struct wr *w, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	wr_put(w, bytes_over(b, sizeof(b)));
}

void
wr_u32(struct wr *w, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	wr_put(w, bytes_over(b, sizeof(b)));
}

void
wr_text(struct wr *w, const char *text)
{
	wr_put(w, bytes_of(text));
}

void
wr_fmt(struct wr *w, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	wr_put(w, bytes_over(s, (size_t)n));
	free(s);
}

void
wr_fill(struct wr *w, uint8_t v, size_t n)
{
	if (n == 0 || !wr_room(w, n))
		return;
	memset(w->p + w->n, v, n);
	w->n += n;
}

size_t
wr_open(struct wr *w, uint8_t tag)
{
	wr_u8(w, tag);
	wr_u16(w, 0);
	return w->n;
}

void
wr_close(struct wr *w, size_t mark)
{
	if (w->bad)
		return;
	assert(mark >= 3 && mark <= w->n);
	if (w->n - mark > UINT16_MAX) {
		w->bad = true;
		return;
	}
	wr_set_u16(w, mark - 2, (uint16_t)(w->n - mark));
}

void
wr_set_u16(struct wr *w, size_t at, uint16_t v)
{
	if (w->bad)
		return;
	assert(at + 2 <= w->n);
	w->p[at] = (uint8_t)(v >> 8);
	w->p[at + 1] = (uint8_t)v;
}

void
wr_tlv(struct wr *w, uint8_t tag, struct bytes value)
{
	size_t mark = wr_open(w, tag);

	wr_put(w, value);
	wr_close(w, mark);
}

void
wr_tlv_u8(struct wr *w, uint8_t tag, uint8_t v)
{
	wr_tlv(w, tag, bytes_over(&v, 1));
}

void
wr_tlv_u16(struct wr *w, uint8_t tag, uint16_t v)
{
	size_t mark = wr_open(w, tag);

	wr_u16(w, v);
	wr_close(w, mark);
}

void
wr_tlv_u32(struct wr *w, uint8_t tag, uint32_t v)
{
	size_t mark = wr_open(w, tag);

	wr_u32(w, v);
	wr_close(w, mark);
}

void
wr_tlv_text(struct wr *w, uint8_t tag, const char *text)
{
	wr_tlv(w, tag, bytes_over(text, strlen(text) + 1));
}

struct bytes
wr_view(const struct wr *w)
{
	return w->n == 0 ? (struct bytes){ NULL, 0 } : (struct bytes){ w->p, w->n };
}

const char *
wr_cstr(struct wr *w)
{
	if (w->bad)
		return "";
	wr_grow(w, 1); /* past the maximum too: the NUL does not count */
	w->p[w->n] = '\0';
	return (const char *)w->p;
}

uint8_t *
wr_steal(struct wr *w, size_t *n)
{
	uint8_t *p = w->p;

	*n = w->n;
	*w = (struct wr){ .max = w->max };
	return p;
}

void
wr_free(struct wr *w)
{
	free(w->p);
	*w = (struct wr){ .max = w->max };
}

void
wr_wipe(struct wr *w)
{
	mem_wipe(w->p, w->room);
	wr_free(w);
}
