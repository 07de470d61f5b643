#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/bytes.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 1024 };
enum { LIMIT_MS = 10000, LIMIT_LINES = 20 };

static const char *const names[] = { "error", "warn", "info", "debug" };

/* The only process-wide state of the program besides OpenSSL's: what the operator asked to see. */
static _Atomic int wanted = LOG_INFO;
static void (*sink_fn)(void *ctx, enum log_level level, const char *line);
static void *sink_ctx;

void
log_set_level(enum log_level level)
{
	wanted = (int)level;
}

bool
log_wants(enum log_level level)
{
	return (int)level <= wanted;
}

int
log_level_of(const char *name)
{
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (strcasecmp(names[i], name) == 0)
			return i;
	return -1;
}

void
log_set_sink(void (*sink)(void *ctx, enum log_level level, const char *line), void *ctx)
{
	sink_fn = sink;
	sink_ctx = ctx;
}

const char *
log_num_text(struct log_num *to, int64_t n)
{
	snprintf(to->text, sizeof(to->text), "%lld", (long long)n);
	return to->text;
}

static void
put_time(struct wr *w)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	wr_fmt(w, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now.tv_nsec / 1000000));
}

/* Blanks and = are quoted in words too: a peer that calls itself "x y=1" must not add a column. */
static void
put(struct wr *w, const char *key, const char *value)
{
	char plain[VALUE_MAX_BYTES];
	const char *quote = value[0] == '\0' || strpbrk(value, " =") != NULL ? "\"" : "";

	bytes_quotable(bytes_of(value), plain, sizeof(plain));
	wr_fmt(w, " %s%s%s%s", key, quote, plain, quote);
}

static void
put_word(struct wr *w, const char *text)
{
	put(w, "", text == NULL ? "-" : text);
}

static void
put_pair(struct wr *w, const char *key, const char *value)
{
	char head[64];

	snprintf(head, sizeof(head), "%s=", key);
	put(w, head, value);
}

/* A line that would outgrow its maximum ends before the first pair that does not fit. */
static void
put_line(struct wr *w, enum log_level level)
{
	bool cut = w->bad;

	w->bad = false;
	w->max = 0;
	if (cut)
		wr_text(w, " ...");
	if (sink_fn != NULL) {
		sink_fn(sink_ctx, level, wr_cstr(w));
	} else {
		wr_u8(w, '\n');
		fwrite(w->p, 1, w->n, stderr);
	}
	wr_free(w);
}

static void
put_head(struct wr *w, enum log_level level, const char *service, const char *peer,
    const char *device, const char *event)
{
	*w = (struct wr){ .max = LINE_MAX_BYTES };
	put_time(w);
	wr_fmt(w, " %s", names[level]);
	put_word(w, service);
	put_word(w, peer);
	put_word(w, device);
	put_word(w, event);
}

void
log_event(enum log_level level, const char *service, const char *peer, const char *device,
    const char *event, ...)
{
	const char *key, *value;
	struct wr w;
	va_list ap;

	if (!log_wants(level))
		return;
	put_head(&w, level, service, peer, device, event);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		if (value != NULL)
			put_pair(&w, key, value);
	}
	va_end(ap);
	put_line(&w, level);
}

void
log_err(enum log_level level, const char *service, const char *peer, const char *device,
    const char *event, const struct err *e)
{
	log_event(level, service, peer, device, event, "error", e->text, "hint",
	    e->hint[0] != '\0' ? e->hint : NULL, NULL);
}

static bool
limit_allows(struct log_limit *limit, int64_t now)
{
	if (now - limit->since >= LIMIT_MS) {
		limit->since = now;
		limit->lines = 0;
	}
	if (limit->lines < LIMIT_LINES) {
		limit->lines++;
		return true;
	}
	limit->suppressed++;
	return false;
}

void
log_err_limited(struct log_limit *limit, int64_t now, enum log_level level, const char *service,
    const char *peer, const char *event, const struct err *e)
{
	unsigned suppressed = limit->suppressed;

	if (!log_wants(level) || !limit_allows(limit, now))
		return;
	limit->suppressed = 0;
	log_event(level, service, peer, NULL, event, "error", e->text, "hint",
	    e->hint[0] == '\0' ? NULL : e->hint, "suppressed",
	    suppressed == 0 ? NULL : LOG_NUM(suppressed), NULL);
}
