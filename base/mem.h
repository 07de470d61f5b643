/*
 * mem: allocate or end the process; wipe.
 *
 * Running out of memory ends the process: every input has a named maximum, so only a machine that
 * is out of memory altogether gets there, and no caller could do better than stop.
 */
#ifndef TL_BASE_MEM_H
#define TL_BASE_MEM_H

#include <stddef.h>

void *mem_new(size_t n);		 /* zeroed; n may be 0; free() it */
void *mem_array(size_t count, size_t n); /* zeroed; ends the process when count * n overflows */
void *mem_resize(void *p, size_t n);	 /* what is new is not zeroed */
/* Room for one more than n elements of this size in an array that has *room of them; grows by
 * doubling.  Begins with NULL and 0. */
void *mem_room(void *p, size_t n, size_t *room, size_t size);
char *mem_text(const char *s);		   /* a copy; NULL stays NULL */
char *mem_text_n(const char *s, size_t n); /* a copy of n bytes and a NUL */
char *mem_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_wipe(void *p, size_t n); /* zeroes that the compiler may not leave out; p may be NULL */

#endif
