#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"

static char line[8192]; /* the last one logged */
static enum log_level level_of_line;
static unsigned lines;

static void
keep(void *ctx, enum log_level level, const char *text)
{
	CU_ASSERT_PTR_EQUAL(ctx, &lines);
	snprintf(line, sizeof(line), "%s", text);
	level_of_line = level;
	lines++;
}

static void
listen_at(enum log_level level)
{
	log_set_sink(keep, &lines);
	log_set_level(level);
	line[0] = '\0';
	lines = 0;
}

/* The line without its time. */
static const char *
said(void)
{
	const char *blank = strchr(line, ' ');

	return blank == NULL ? "" : blank + 1;
}

static void
line_starts_with_the_time_in_utc(void)
{
	static const char shape[] = "2000-00-00T00:00:00.000Z ";

	listen_at(LOG_INFO);
	log_event(LOG_INFO, "tftp", NULL, NULL, "up", NULL);
	for (size_t i = 0; shape[i] != '\0'; i++)
		if (shape[i] == '0')
			CU_ASSERT_TRUE(line[i] >= '0' && line[i] <= '9')
		else
			CU_ASSERT_EQUAL(line[i], shape[i]);
}

static void
event_is_four_words_and_its_pairs(void)
{
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "tftp", "127.0.0.1:4711", "SEP001122334455", "sent", "file",
	    "ITLSEP001122334455.tlv", "bytes", LOG_NUM(4947), NULL);
	CU_ASSERT_STRING_EQUAL(said(), "info tftp 127.0.0.1:4711 SEP001122334455 sent "
				       "file=ITLSEP001122334455.tlv bytes=4947");
	log_event(LOG_WARN, "tvs", NULL, NULL, "refused", "why", NULL, "n", LOG_NUM(-1), NULL);
	CU_ASSERT_STRING_EQUAL(said(), "warn tvs - - refused n=-1");
	CU_ASSERT_EQUAL(level_of_line, LOG_WARN);
}

static void
values_with_blanks_are_quoted(void)
{
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "s", NULL, NULL, "e", "a", "two words", "b", "", "c", "x=1", "d",
	    "plain", NULL);
	CU_ASSERT_STRING_EQUAL(said(), "info s - - e a=\"two words\" b=\"\" c=\"x=1\" d=plain");
}

static void
foreign_text_cannot_forge_a_line(void)
{
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "s", NULL, NULL, "e", "file",
	    "x\n2026-03-01T09:30:00.123Z error \x1b[2J\"\\", NULL);
	CU_ASSERT_STRING_EQUAL(said(),
	    "info s - - e file=\"x\\x0a2026-03-01T09:30:00.123Z error \\x1b[2J\\x22\\x5c\"");
}

/* A device that calls itself "a b" used to take two columns. */
static void
foreign_words_cannot_add_a_column(void)
{
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "s", "p", "SEP 1 sent file=x", "e", NULL);
	CU_ASSERT_STRING_EQUAL(said(), "info s p \"SEP 1 sent file=x\" e");
	log_event(LOG_INFO, "s", "p", "", "e", NULL);
	CU_ASSERT_STRING_EQUAL(said(), "info s p \"\" e");
	log_event(LOG_INFO, "s", "p", "a\tb", "e", NULL);
	CU_ASSERT_STRING_EQUAL(said(), "info s p a\\x09b e");
}

static void
long_value_is_cut(void)
{
	char *value = mem_new(5001);

	memset(value, 'v', 5000);
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "s", NULL, NULL, "e", "a", value, "b", "after", NULL);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "vvv... b=after"));
	CU_ASSERT_TRUE(strlen(line) < 1200);
	free(value);
}

static void
long_line_says_that_it_was_cut(void)
{
	char *value = mem_new(1001);
	size_t n;

	memset(value, 'v', 1000);
	listen_at(LOG_INFO);
	log_event(LOG_INFO, "s", NULL, NULL, "e", "a", value, "b", value, "c", value, "d", value,
	    "e", value, "f", "g", NULL);
	n = strlen(line);
	CU_ASSERT_TRUE(n > 3000 && n < 4200);
	CU_ASSERT_STRING_EQUAL(line + n - 7, "vvv ...");
	free(value);
}

static void
levels_hold_back_what_is_not_wanted(void)
{
	listen_at(LOG_WARN);
	CU_ASSERT_TRUE(log_wants(LOG_ERROR));
	CU_ASSERT_TRUE(log_wants(LOG_WARN));
	CU_ASSERT_FALSE(log_wants(LOG_INFO));
	log_event(LOG_INFO, "s", NULL, NULL, "e", NULL);
	log_event(LOG_DEBUG, "s", NULL, NULL, "e", NULL);
	CU_ASSERT_EQUAL(lines, 0);
	log_event(LOG_ERROR, "s", NULL, NULL, "e", NULL);
	CU_ASSERT_EQUAL(lines, 1);
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "s", NULL, NULL, "e", NULL);
	CU_ASSERT_STRING_EQUAL(said(), "debug s - - e");
}

static void
levels_are_known_by_name(void)
{
	CU_ASSERT_EQUAL(log_level_of("error"), LOG_ERROR);
	CU_ASSERT_EQUAL(log_level_of("Debug"), LOG_DEBUG);
	CU_ASSERT_EQUAL(log_level_of("verbose"), -1);
	CU_ASSERT_EQUAL(log_level_of(""), -1);
}

static void
errors_are_logged_with_their_hint(void)
{
	struct err e = { 0 };

	listen_at(LOG_INFO);
	err_set(&e, ERR_FAILED, "port %d is taken", 69);
	log_err(LOG_ERROR, "tftp", NULL, NULL, "start", &e);
	CU_ASSERT_STRING_EQUAL(said(), "error tftp - - start error=\"port 69 is taken\"");
	err_hint(&e, "choose another");
	log_err(LOG_ERROR, "tftp", NULL, NULL, "start", &e);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, " hint=\"choose another\""));
}

/* 20 lines in 10 seconds, then silence, then how many were left out. */
static void
flood_of_lines_is_limited_and_counted(void)
{
	struct log_limit limit = { 0 };
	int64_t now = 5000;
	struct err e;

	listen_at(LOG_INFO);
	err_set(&e, ERR_NO, "no");
	for (int i = 0; i < 32; i++) {
		line[0] = '\0';
		log_err_limited(&limit, now + i, LOG_INFO, "s", "p", "refused", &e);
		CU_ASSERT_EQUAL(line[0] != '\0', i < 20);
		CU_ASSERT_PTR_NULL(strstr(line, "suppressed"));
		log_err_limited(&limit, now + i, LOG_DEBUG, "s", "p", "lost", &e); /* not wanted */
	}
	log_err_limited(&limit, now + 10000, LOG_INFO, "s", "p", "refused", &e);
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "info s p - refused error=no suppressed=12"));
	log_err_limited(&limit, now + 10000, LOG_INFO, "s", "p", "refused", &e);
	CU_ASSERT_PTR_NULL(strstr(line, "suppressed"));
}

static void
lines_go_to_standard_error_without_a_sink(void)
{
	char text[256] = { 0 };
	FILE *kept = tmpfile();
	int was = dup(STDERR_FILENO);

	CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_INFO);
	dup2(fileno(kept), STDERR_FILENO);
	log_event(LOG_INFO, "s", NULL, NULL, "e", NULL);
	dup2(was, STDERR_FILENO);
	close(was);
	rewind(kept);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), kept));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Z info s - - e\n"));
	fclose(kept);
}

static const struct suite_test tests[] = {
	{ "line starts with the time in UTC", line_starts_with_the_time_in_utc },
	{ "event is four words and its pairs", event_is_four_words_and_its_pairs },
	{ "values with blanks are quoted", values_with_blanks_are_quoted },
	{ "foreign text cannot forge a line", foreign_text_cannot_forge_a_line },
	{ "foreign words cannot add a column", foreign_words_cannot_add_a_column },
	{ "long value is cut", long_value_is_cut },
	{ "long line says that it was cut", long_line_says_that_it_was_cut },
	{ "levels hold back what is not wanted", levels_hold_back_what_is_not_wanted },
	{ "levels are known by name", levels_are_known_by_name },
	{ "errors are logged with their hint", errors_are_logged_with_their_hint },
	{ "flood of lines is limited and counted", flood_of_lines_is_limited_and_counted },
	{ "lines go to standard error without a sink", lines_go_to_standard_error_without_a_sink },
};

SUITE_MAIN("base/log", tests)
