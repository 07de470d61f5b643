/* links: tl_admin */
#include <assert.h>

#include "admin/backup_tar.h"
#include "tests/support/fuzz.h"

static int
give(void *ctx, struct bytes *part, struct err *e)
{
	struct bytes *left = ctx;

	(void)e;
	*part = bytes_part(*left, 0, 700);
	*left = bytes_from(*left, part->n);
	return 0;
}

/* Every member has a tame name and as many bytes as it says. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes left = bytes_over(data, size), part;
	struct tar_member m;
	struct err e = { 0 };
	struct tar_in *t = tar_in_new(give, &left, &e);
	uint64_t n;

	while (t != NULL && tar_in_member(t, &m, &e) == 1) {
		assert(tar_name_is_fit(m.name));
		n = 0;
		while (tar_in_get(t, &part, &e) == 0 && part.n > 0)
			n += part.n;
		assert(n <= m.size && (n == m.size || e.code != ERR_NONE));
	}
	tar_in_free(t);
	return 0;
}
