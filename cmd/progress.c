#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/apart.h"

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
	const char *lines = getenv(APART_PROGRESS);
	bool by_program = lines != NULL && strcmp(lines, "lines") == 0;

	*p = (struct progress){ .seen = wanted && (by_program || isatty(STDERR_FILENO) == 1),
		.by_program = by_program,
		.started_ms = now_ms() };
}

void
progress_line(size_t done, size_t of, int64_t ms, char to[PROGRESS_LINE])
{
	size_t full = of == 0 ? BAR : done * BAR / of;
	long long rate = ms <= 0 ? 0 : (long long)((int64_t)done * 1000 / ms);
	char bar[BAR + 1];
	int n;

	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '=' : ' ';
	if (full < BAR)
		bar[full] = '>';
	bar[BAR] = '\0';
	n = snprintf(to, PROGRESS_LINE, "[%s] %zu of %zu", bar, done, of);
	if (rate > 0) /* steps of a rehearsal take longer than a second */
		snprintf(to + n, (size_t)(PROGRESS_LINE - n), ", %lld/s", rate);
}

/* A line each second at most. */
static void
say_line(struct progress *p, size_t done, size_t of, int64_t ms)
{
	if (p->said_ms != 0 && ms - p->said_ms < PATIENCE_MS)
		return;
	p->said_ms = ms;
	fprintf(stderr, "%zu of %zu\n", done, of);
	fflush(stderr);
}

void
progress_show(struct progress *p, size_t done, size_t of)
{
	int64_t ms = now_ms() - p->started_ms;
	char line[PROGRESS_LINE];

	if (!p->seen || ms < PATIENCE_MS)
		return;
	if (p->by_program) {
		say_line(p, done, of, ms);
		return;
	}
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
