#include "cmd/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"

static void
line_is(size_t done, size_t of, int64_t ms, const char *is)
{
	char line[PROGRESS_LINE];

	progress_line(done, of, ms, line);
	CU_ASSERT_STRING_EQUAL(line, is);
}

static void
the_bar_grows_to_its_end(void)
{
	line_is(0, 300, 2000, "[>                             ] 0 of 300");
	line_is(1, 13, 2000, "[==>                           ] 1 of 13");
	line_is(150, 300, 2000, "[===============>              ] 150 of 300, 75/s");
	line_is(299, 300, 2000, "[=============================>] 299 of 300, 149/s");
	line_is(300, 300, 2000, "[==============================] 300 of 300, 150/s");
}

static void
what_takes_no_time_or_is_nothing_has_a_bar_too(void)
{
	line_is(0, 0, 0, "[==============================] 0 of 0");
	line_is(5, 10, 0, "[===============>              ] 5 of 10");
	line_is(5, 10, -1, "[===============>              ] 5 of 10");
	line_is(50000, 50000, 1, "[==============================] 50000 of 50000, 50000000/s");
}

static void
the_largest_fit_in_a_line(void)
{
	char line[PROGRESS_LINE];

	progress_line((size_t)1 << 40, (size_t)1 << 41, 1, line);
	CU_ASSERT(strlen(line) + 1 < PROGRESS_LINE);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "/s"));
}

/* ---- drawn ---- */

/* What stands on standard error while run() runs with it on a terminal, or in a file. */
static size_t
drawn(bool terminal, void (*run)(void), char *to, size_t size)
{
	char *path = mem_fmt("%s/stderr", suite_folder());
	int was = dup(STDERR_FILENO), ours, read_from;
	struct termios raw;
	ssize_t n;

	if (terminal) {
		read_from = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		CU_ASSERT_FATAL(grantpt(read_from) == 0 && unlockpt(read_from) == 0);
		ours = open(ptsname(read_from), O_RDWR | O_NOCTTY);
		CU_ASSERT_EQUAL(tcgetattr(ours, &raw), 0);
		cfmakeraw(&raw);
		CU_ASSERT_EQUAL(tcsetattr(ours, TCSANOW, &raw), 0);
	} else {
		ours = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
		read_from = open(path, O_RDONLY);
	}
	CU_ASSERT_FATAL(ours >= 0 && read_from >= 0);
	dup2(ours, STDERR_FILENO);
	run();
	dup2(was, STDERR_FILENO);
	n = read(read_from, to, size - 1);
	to[n < 0 ? 0 : n] = '\0';
	close(was);
	close(ours);
	close(read_from);
	free(path);
	return n < 0 ? 0 : (size_t)n;
}

/* As if it had begun so long ago. */
static struct progress
begun(bool wanted, int64_t ms_ago)
{
	struct progress p;

	progress_start(&p, wanted);
	p.started_ms -= ms_ago;
	return p;
}

static void
half_done(void)
{
	struct progress p = begun(true, 2000);

	progress_show(&p, 1, 2);
	progress_end(&p);
}

static void
too_short(void)
{
	struct progress p = begun(true, 0);

	progress_show(&p, 1, 2);
	progress_end(&p);
}

static void
not_wanted(void)
{
	struct progress p = begun(false, 2000);

	progress_show(&p, 1, 2);
	progress_end(&p);
}

static void
a_bar_comes_after_a_second_and_goes(void)
{
	char text[256];

	CU_ASSERT(drawn(true, half_done, text, sizeof(text)) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r[===============>              ] 1 of 2\033[K"));
	CU_ASSERT_STRING_EQUAL(strrchr(text, '\r'), "\r\033[K");
	CU_ASSERT_EQUAL(drawn(true, too_short, text, sizeof(text)), 0);
}

static void
nobody_sees_it_where_nobody_looks(void)
{
	char text[256];

	CU_ASSERT_EQUAL(drawn(true, not_wanted, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(drawn(false, half_done, text, sizeof(text)), 0);
}

static const struct suite_test tests[] = {
	{ "the bar grows to its end", the_bar_grows_to_its_end },
	{ "what takes no time or is nothing has a bar, too",
	    what_takes_no_time_or_is_nothing_has_a_bar_too },
	{ "the largest fit in a line", the_largest_fit_in_a_line },
	{ "a bar comes after a second, and goes", a_bar_comes_after_a_second_and_goes },
	{ "nobody sees it where nobody looks", nobody_sees_it_where_nobody_looks },
};

SUITE_MAIN("cmd/progress", tests)
