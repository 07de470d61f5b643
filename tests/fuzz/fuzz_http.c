/* links: tl_base */
#include <assert.h>
#include <string.h>

#include "base/httpfield.h"
#include "base/httphead.h"
#include "base/httptarget.h"
#include "base/range.h"
#include "tests/support/fuzz.h"

static void
check_path(struct bytes target)
{
	struct wr path = { 0 };
	struct err e;

	if (http_target_path(target, &path, &e) == 0) {
		assert(path.n > 0 && path.p[0] == '/');
		assert(memchr(path.p, '\0', path.n) == NULL);
	}
	wr_free(&path);
}

/* What is given fits, and is text. */
static void
check_query(struct bytes target)
{
	static const char *const names[] = { "q", "name", "a b", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t size = 1; size <= 64; size *= 4) {
			char text[64];
			enum http_given given = http_target_query(target, names[i], text, size);

			assert(strnlen(text, size) < size);
			assert(given == HTTP_GIVEN || text[0] == '\0');
		}
}

/* Lines that fit do not end a head, and a value that is written is no more than a value. */
static void
check_fields(struct bytes lines)
{
	struct wr w = { 0 };

	http_field(lines, "Host");
	if (http_fields_fit(lines))
		assert(http_head_length(lines) == 0);
	if (http_field_put(&w, "Name", lines)) {
		assert(http_fields_fit(wr_view(&w)));
		assert(bytes_eq(http_field(wr_view(&w), "name"), http_trimmed(lines)));
	}
	wr_free(&w);
}

/* Of contents of many sizes the part lies within. */
static void
check_range(struct bytes field)
{
	static const uint64_t sizes[] = { 0, 1, 499, 65536, UINT32_MAX, UINT64_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct range r;
		enum range_kind kind = range_of(field, sizes[i], &r);

		assert(r.from <= sizes[i] && r.n <= sizes[i] - r.from);
		assert(kind != RANGE_PART || r.n > 0);
		assert(kind != RANGE_WHOLE || r.n == sizes[i]);
	}
}

/* How many bytes of a body a server takes. */
static size_t
check_framing(const struct http_head *h)
{
	static const unsigned methods[] = { HTTP_GET | HTTP_HEAD, HTTP_POST, ~0u };
	static const size_t most[] = { 0, 1, 1000, SIZE_MAX };
	struct http_framing f = { 0 };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		for (size_t k = 0; k < sizeof(most) / sizeof(most[0]); k++) {
			f = http_framing_of(h, methods[i], most[k]);
			assert(f.body <= most[k]);
			assert(f.status == 0 || (f.body == 0 && f.why != NULL));
			assert(f.status != 0 || f.body == h->length);
			assert(f.status != 0 || !h->has_coding);
			assert(f.status != 0 || (http_method_of(h->method) & methods[i]) != 0);
		}
	return f.body;
}

/* Gives how many bytes follow it. */
static size_t
check_head(struct bytes head)
{
	struct http_head h;
	struct err e = { 0 };

	if (http_head_decode(head, &h, &e) != 0) {
		assert(h.status >= 400 && e.text[0] != '\0');
		return 0;
	}
	assert(h.status == 0 && h.method.n > 0 && h.target.n > 0);
	assert(!h.expects || h.has_body);
	check_path(h.target);
	check_query(h.target);
	check_range(h.range);
	check_fields(h.fields);
	return check_framing(&h);
}

/* As the server goes through what a peer sends: request after request. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_over(data, size);
	size_t n, body;

	check_path(rest);
	check_query(rest);
	check_range(rest);
	check_fields(rest);
	check_head(rest);
	for (;;) {
		rest = bytes_from(rest, http_head_blank(rest));
		n = http_head_length(rest);
		assert(n <= rest.n);
		if (n == 0)
			return 0;
		body = check_head(bytes_part(rest, 0, n));
		rest = bytes_from(bytes_from(rest, n), body);
	}
}
