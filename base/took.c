#include "base/took.h"

const int took_limit_ms[TOOK_LIMITS] = { 1, 5, 25, 100, 500, 2000 };

void
took_add(struct took *t, int64_t us)
{
	int i = 0;

	while (i < TOOK_LIMITS && us > (int64_t)took_limit_ms[i] * 1000)
		i++;
	t->n[i]++;
	t->us += us > 0 ? (uint64_t)us : 0;
}
