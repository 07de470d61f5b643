/* links: tl_format */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "trust/inspect.h"

struct seen {
	size_t size, rows, problems;
};

static void
see(void *ctx, const struct inspect_row *r)
{
	struct seen *s = ctx;

	assert(r->at <= s->size && r->name != NULL && r->tag >= -1 && r->tag <= 255);
	assert(memchr(r->value, '\0', sizeof(r->value)) != NULL);
	assert(memchr(r->problem, '\0', sizeof(r->problem)) != NULL);
	assert(bytes_is_utf8(bytes_of(r->value)) && strchr(r->value, '\x1b') == NULL);
	s->rows++;
	s->problems += r->problem[0] != '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen s = { .size = n };
	size_t problems = inspect_walk(bytes_over(p, n), see, &s);

	assert(s.rows > 0 && s.rows <= 20001);
	assert(s.rows > 20000 || problems == s.problems);
	return 0;
}
