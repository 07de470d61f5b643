#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, BAR = 30 };

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
progress_start(struct progress *p, bool wanted)
{
	*p = (struct progress){ .seen = wanted && isatty(STDERR_FILENO) == 1,
		.started_ms = now_ms() };
}

void
progress_line(size_t done, size_t of, int64_t ms, char to[PROGRESS_LINE])
{
	size_t full = of == 0 ? BAR : done * BAR / of;
	char bar[BAR + 1];

	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : ' ';
	if (full < BAR)
		bar[full] = '>';
	bar[BAR] = '\0';
	snprintf(to, PROGRESS_LINE, "[%s] %zu of %zu, %lld/s", bar, done, of,
	    ms <= 0 ? 0LL : (long long)((int64_t)done * 1000 / ms));
}

void
progress_show(struct progress *p, size_t done, size_t of)
{
	int64_t ms = now_ms() - p->started_ms;
	char line[PROGRESS_LINE];

	if (!p->seen || ms < PATIENCE_MS)
		return;
	progress_line(done, of, ms, line);
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	p->drawn = true;
}

void
progress_end(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\r\033[K");
	p->drawn = false;
}
