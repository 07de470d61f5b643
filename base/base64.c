#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { GROUP = 4, PIECE = 3 };

void
base64_put(struct wr *to, struct bytes content)
{
	for (size_t at = 0; at < content.n; at += PIECE) {
		struct bytes b = bytes_part(content, at, PIECE);
		uint32_t v = (uint32_t)b.p[0] << 16;

		v |= b.n > 1 ? (uint32_t)b.p[1] << 8 : 0;
		v |= b.n > 2 ? b.p[2] : 0;
		wr_u8(to, (uint8_t)digits[v >> 18]);
		wr_u8(to, (uint8_t)digits[v >> 12 & 63]);
		wr_u8(to, b.n > 1 ? (uint8_t)digits[v >> 6 & 63] : '=');
		wr_u8(to, b.n > 2 ? (uint8_t)digits[v & 63] : '=');
	}
}

static int
digit_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Of a group, how many digits stand before its '='; 0: it is none. */
static size_t
digits_of(struct bytes group, bool last)
{
	if (!last || group.p[3] != '=')
		return 4;
	return group.p[2] == '=' ? 2 : 3;
}

static bool
take_group(struct bytes group, size_t n, struct wr *to)
{
	uint32_t v = 0;

	for (size_t i = 0; i < GROUP; i++) {
		int d = i < n ? digit_value(group.p[i]) : 0;

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
	}
	for (size_t i = 0; i + 1 < n; i++)
		wr_u8(to, (uint8_t)(v >> (16 - 8 * i)));
	return (v & ((n == 2 ? 0xffffU : n == 3 ? 0xffU : 0U))) == 0;
}

bool
base64_take(struct bytes text, struct wr *to)
{
	if (text.n % GROUP != 0)
		return false;
	for (size_t at = 0; at < text.n; at += GROUP) {
		struct bytes group = bytes_part(text, at, GROUP);

		if (!take_group(group, digits_of(group, at + GROUP == text.n), to))
			return false;
	}
	return !to->bad;
}
