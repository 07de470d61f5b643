/*
 * progress: how far something that takes long has come, as a bar on standard error - only where
 * somebody sees it, on a terminal, and only when it takes longer than a second.
 */
#ifndef TL_CMD_PROGRESS_H
#define TL_CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool seen;	 /* by somebody at a terminal, or by a program */
	bool by_program; /* which is given lines (admin/apart.h) */
	int64_t said_ms;
	bool drawn; /* there is a bar to take away */
	int64_t started_ms;
};

/* wanted: the caller runs for somebody at a shell. */
void progress_start(struct progress *p, bool wanted);
void progress_show(struct progress *p, size_t done, size_t of);
void progress_end(struct progress *p); /* takes the bar away */

/* The bar alone: "[=====>    ] 120 of 300, 84/s", after so many milliseconds. */
enum { PROGRESS_LINE = 96 };
void progress_line(size_t done, size_t of, int64_t ms, char to[PROGRESS_LINE]);

#endif
