/*
 * log: one line per event, for the person at the phone.
 *
 *	2026-03-01T09:30:00.123Z info tftp 127.0.0.1:4711 SEP001122334455 sent file=... bytes=...
 *
 * error: someone must act.  warn: we refused or repaired.  info: something a phone or an admin did.
 * debug: why.  Foreign text is escaped here, so callers pass it as it came.  No secrets.
 */
#ifndef TL_BASE_LOG_H
#define TL_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* peer and device may be NULL (shown as "-").  Then keys and values by turns, all text, ended by
 * NULL; a value of NULL leaves its pair out. */
void log_event(enum log_level level, const char *service, const char *peer, const char *device,
    const char *event, ...) __attribute__((sentinel));
/* An event whose reason is an error: adds error="..." and hint="...". */
void log_err(enum log_level level, const char *service, const char *peer, const char *device,
    const char *event, const struct err *e);
bool log_wants(enum log_level level);

/* For what a peer can cause as often as it likes: 20 lines in 10 seconds, then the rest are counted
 * and the next line says how many (suppressed="12").  Start from { 0 }; now is clock_mono_ms(). */
struct log_limit {
	int64_t since; /* of these 10 seconds */
	unsigned lines, suppressed;
};
void log_err_limited(struct log_limit *limit, int64_t now, enum log_level level,
    const char *service, const char *peer, const char *event, const struct err *e);

/* A number as a value for log_event: LOG_NUM(n).  Lives until the end of the enclosing block. */
struct log_num {
	char text[24];
};
const char *log_num_text(struct log_num *to, int64_t n);
#define LOG_NUM(n) log_num_text(&(struct log_num){ { 0 } }, (int64_t)(n))

void log_set_level(enum log_level level); /* LOG_INFO at the start */
/* "error", "warn", "info" or "debug"; -1 for anything else. */
int log_level_of(const char *name);
/* Where lines go (without newline) instead of standard error; NULL puts it back.  Tests use it. */
void log_set_sink(void (*sink)(void *ctx, enum log_level level, const char *line), void *ctx);

#endif
