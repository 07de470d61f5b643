#include "cmd/phone/when.h"

#include <time.h>

static const char format[] = "%Y-%m-%dT%H:%M:%SZ";

void
when_text(int64_t seconds, char to[WHEN_MAX])
{
	struct tm tm = { 0 };

	gmtime_r(&(time_t){ seconds }, &tm);
	strftime(to, WHEN_MAX, format, &tm);
}

int
when_check(const char *text, void *field, struct err *e)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, format, &tm);

	if (end == NULL || *end != '\0')
		return err_set(e, ERR_MALFORMED, "not a time like 2026-03-01T09:30:00Z");
	*(int64_t *)field = timegm(&tm);
	return 0;
}
