#include "admin/when.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400, DAYS_MOST = 36500 };

/* The forms, with a digit wherever a '0' stands.  'T' may be a blank: so do we show it. */
static const char *const forms[] = { "0000-00-00", "0000-00-00T00:00", "0000-00-00T00:00:00",
	"0000:00:00:00" };

static bool
has_form(const char *text, const char *form)
{
	for (; *form != '\0'; form++, text++) {
		if (*form == '0' ? strchr("0123456789", *text) == NULL || *text == '\0'
				 : *text != *form && !(*form == 'T' && *text == ' '))
			return false;
	}
	return *text == '\0';
}

/* The numbers in it, one after the other. */
static size_t
numbers(const char *text, int number[6])
{
	size_t n = 0;
	char *end;

	for (; *text != '\0' && n < 6; text = *end == '\0' ? end : end + 1)
		number[n++] = (int)strtol(text, &end, 10);
	return n;
}

/* -1 when there is no such day or hour: mktime() would take the 30th of February for a day of
 * March.  Hours that a clock leaves out in spring are moved, not refused. */
static int
moment(const int number[6], int64_t *out)
{
	struct tm tm = { .tm_year = number[0] - 1900,
		.tm_mon = number[1] - 1,
		.tm_mday = number[2],
		.tm_hour = number[3],
		.tm_min = number[4],
		.tm_sec = number[5],
		.tm_isdst = -1 };
	struct tm was = tm;

	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
		return -1;
	*out = (int64_t)mktime(&tm);
	return tm.tm_year == was.tm_year && tm.tm_mon == was.tm_mon && tm.tm_mday == was.tm_mday
		   ? 0
		   : -1;
}

/* *date: it names a day and no time of it. */
static int
read_moment(const char *text, int64_t *out, bool *date)
{
	int number[6] = { 0 };
	size_t i = 0;

	while (i < sizeof(forms) / sizeof(forms[0]) && !has_form(text, forms[i]))
		i++;
	if (i == sizeof(forms) / sizeof(forms[0]))
		return -1;
	*date = numbers(text, number) == 3;
	return moment(number, out);
}

static int
no_moment(const char *text, const char *hint, struct err *e)
{
	err_set(e, ERR_USAGE, "\"%.40s\" is no moment", text);
	return err_hint(e, "%s", hint);
}

/* The second before the next day begins, which may be 23 or 25 hours after this one. */
static int
end_of_day(const char *text, int64_t *out)
{
	int number[6] = { 0 };

	numbers(text, number);
	number[3] = 23;
	number[4] = number[5] = 59;
	return moment(number, out);
}

/* So many days from now. */
static bool
read_days(const char *text, int64_t now, int64_t *out)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 5 || strcmp(text + n, "d") != 0 || strtol(text, NULL, 10) > DAYS_MOST)
		return false;
	*out = now + strtol(text, NULL, 10) * DAY;
	return true;
}

int
when_deadline(const char *text, int64_t now, int64_t *out, struct err *e)
{
	int64_t at = 0;
	bool date = false;

	*out = 0;
	if (!read_days(text, now, &at) &&
	    (read_moment(text, &at, &date) != 0 || (date && end_of_day(text, &at) != 0)))
		return no_moment(text,
		    "YYYY-MM-DD, YYYY-MM-DDTHH:MM or yyyy:mm:dd:hh, in local time, or 5d from now",
		    e);
	if (at <= now)
		return err_set(e, ERR_USAGE, "%.40s has passed", text);
	*out = at;
	return 0;
}

int
when_horizon(const char *text, int64_t now, int64_t *out, struct err *e)
{
	bool date;

	*out = 0;
	if (read_days(text, now, out) || read_moment(text, out, &date) == 0)
		return 0;
	*out = 0;
	return no_moment(text, "a date such as 2030-12-31, or a number of days such as 30d", e);
}

void
when_put(struct out *o, const char *key, const char *label, int64_t when)
{
	out_time(o, key, when == 0 ? NULL : label, when);
	if (when == 0 && label != NULL)
		out_plain(o, label, "-");
}
