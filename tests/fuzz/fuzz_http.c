/* links: tl_base */
#include <assert.h>
#include <string.h>

#include "base/httphead.h"
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

static void
check_head(struct bytes head)
{
	struct http_head h;
	struct err e = { 0 };

	if (http_head_decode(head, &h, &e) != 0) {
		assert(h.status >= 400 && e.text[0] != '\0');
		return;
	}
	assert(h.status == 0 && h.method.n > 0 && h.target.n > 0);
	check_path(h.target);
	check_range(h.range);
}

/* As the server goes through what a peer sends: request after request. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_over(data, size);
	size_t n;

	check_path(rest);
	check_range(rest);
	check_head(rest);
	for (;;) {
		rest = bytes_from(rest, http_head_blank(rest));
		n = http_head_length(rest);
		assert(n <= rest.n);
		if (n == 0)
			return 0;
		check_head(bytes_part(rest, 0, n));
		rest = bytes_from(rest, n);
	}
}
