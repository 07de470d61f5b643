#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
or_die(void *p, size_t n)
{
	if (p == NULL && n > 0) {
		fprintf(stderr, "error: out of memory (%zu bytes wanted)\n", n);
		abort();
	}
	return p;
}

void *
mem_new(size_t n)
{
	return or_die(calloc(1, n ? n : 1), n);
}

void *
mem_array(size_t count, size_t n)
{
	return or_die(calloc(count ? count : 1, n ? n : 1), SIZE_MAX);
}

void *
mem_resize(void *p, size_t n)
{
	return or_die(realloc(p, n ? n : 1), n);
}

void *
mem_room(void *p, size_t n, size_t *room, size_t size)
{
	enum { FIRST = 64 };

	if (n < *room)
		return p;
	if (*room > SIZE_MAX / 2 / size)
		or_die(NULL, SIZE_MAX);
	*room = *room ? 2 * *room : FIRST;
	return mem_resize(p, *room * size);
}

char *
mem_text(const char *s)
{
	return s == NULL ? NULL : mem_text_n(s, strlen(s));
}

char *
mem_text_n(const char *s, size_t n)
{
	char *copy = mem_new(n + 1);

	if (n > 0)
		memcpy(copy, s, n);
	return copy;
}

char *
mem_fmt(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return or_die(s, 1);
}

void
mem_wipe(void *p, size_t n)
{
	if (p != NULL)
		explicit_bzero(p, n);
}
