#include "base/range.h"

#include <strings.h>

/* What is said between "bytes=" and the end. */
struct said {
	bool has_first, has_last;
	uint64_t first, last;
};

static struct bytes
trimmed(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = bytes_from(b, 1);
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		b.n--;
	return b;
}

/* A number too large for us is larger than any content. */
static uint64_t
add_digit(uint64_t number, uint8_t digit)
{
	unsigned value = digit - '0';

	return number > (UINT64_MAX - value) / 10 ? UINT64_MAX : number * 10 + value;
}

/* Takes the digits that *b begins with; false: there are none. */
static bool
take_number(struct bytes *b, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < b->n && b->p[n] >= '0' && b->p[n] <= '9'; n++)
		*out = add_digit(*out, b->p[n]);
	*b = bytes_from(*b, n);
	return n > 0;
}

/* "0-499", "500-", "-500": false for everything else, among it what has a comma. */
static bool
read_spec(struct bytes b, struct said *out)
{
	*out = (struct said){ 0 };
	out->has_first = take_number(&b, &out->first);
	if (b.n == 0 || b.p[0] != '-')
		return false;
	b = bytes_from(b, 1);
	out->has_last = take_number(&b, &out->last);
	if (b.n > 0 || (!out->has_first && !out->has_last))
		return false;
	return !out->has_first || !out->has_last || out->first <= out->last;
}

static bool
read_field(struct bytes field, struct said *out)
{
	static const char unit[] = "bytes=";
	size_t n = sizeof(unit) - 1;

	if (field.n < n || strncasecmp((const char *)field.p, unit, n) != 0)
		return false;
	return read_spec(trimmed(bytes_from(field, n)), out);
}

/* The last bytes: all, when there are fewer. */
static enum range_kind
suffix(uint64_t n, uint64_t size, struct range *out)
{
	if (size == 0)
		return RANGE_WHOLE; /* no Content-Range can say "nothing" */
	out->n = n < size ? n : size;
	out->from = size - out->n;
	return RANGE_PART;
}

enum range_kind
range_of(struct bytes field, uint64_t size, struct range *out)
{
	struct said said;

	*out = (struct range){ 0, size };
	if (!read_field(field, &said))
		return RANGE_WHOLE;
	if (!said.has_first && said.last > 0)
		return suffix(said.last, size, out);
	if (!said.has_first || said.first >= size) {
		*out = (struct range){ 0, 0 };
		return RANGE_BEYOND;
	}
	out->from = said.first;
	out->n = size - said.first;
	if (said.has_last && said.last - said.first < out->n)
		out->n = said.last - said.first + 1;
	return RANGE_PART;
}
