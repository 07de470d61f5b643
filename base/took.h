/*
 * took: how long things took - how many of them within each of a few limits, and all of them
 * together.
 */
#ifndef TL_BASE_TOOK_H
#define TL_BASE_TOOK_H

#include <stdint.h>

/* Limits in milliseconds: 1, 5, 25, 100, 500, 2000.  What is at a limit is within it. */
enum { TOOK_LIMITS = 6 };
extern const int took_limit_ms[TOOK_LIMITS];

/* Starts from { 0 }. */
struct took {
	uint64_t n[TOOK_LIMITS + 1]; /* each is in one of them; in the last: what took longer */
	uint64_t us;		     /* all of it */
};

void took_add(struct took *t, int64_t us);

#endif
