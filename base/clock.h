/*
 * clock: the two clocks.
 */
#ifndef TL_BASE_CLOCK_H
#define TL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* for intervals; never jumps */
int64_t clock_mono_us(void); /* the same in microseconds */
int64_t clock_wall(void);    /* Unix seconds, for certificates and records */

/* For rehearsals only, which serve clusters in their own process and let days pass between two
 * steps: from here on clock_wall(), of all threads, is so many seconds ahead of the machine's
 * clock. */
void clock_shift(int64_t seconds);

#endif
