/*
 * clock: the two clocks.
 */
#ifndef TL_BASE_CLOCK_H
#define TL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* for intervals; never jumps */
int64_t clock_wall(void);    /* Unix seconds, for certificates and records */

#endif
