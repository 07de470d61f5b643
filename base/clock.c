#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static atomic_int_least64_t ahead;

int64_t
clock_mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall(void)
{
	return (int64_t)time(NULL) + atomic_load_explicit(&ahead, memory_order_relaxed);
}

void
clock_shift(int64_t seconds)
{
	atomic_store_explicit(&ahead, seconds, memory_order_relaxed);
}
