#include "admin/out.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/suite.h"

/* What either form shows; the caller's until the next call. */
static const char *
shown(const struct out *o, void (*show)(const struct out *o, FILE *to))
{
	static char *text;
	size_t n;
	FILE *to;

	free(text);
	text = NULL;
	to = open_memstream(&text, &n);
	show(o, to);
	fclose(to);
	return text;
}

#define ASSERT_TEXT(o, expected) CU_ASSERT_STRING_EQUAL(shown(o, out_show_text), expected)
#define ASSERT_JSON(o, expected) CU_ASSERT_STRING_EQUAL(shown(o, out_show_json), expected)

static void
fields_are_lines_and_members(void)
{
	struct out *o = out_new();

	out_text(o, "name", "Name", "CallManager");
	out_int(o, "bits", "Bits", 2048);
	out_bool(o, "trust", "Trust", false);
	out_hex(o, "serial", "Serial", bytes_over("\x00\xab", 2));
	out_text(o, "node", NULL, "pub");
	out_text(o, "description", "Description", NULL);
	out_line(o, "%d restart wanted", 1);
	ASSERT_TEXT(o, "Name: CallManager\nBits: 2048\nTrust: no\nSerial: 00ab\nDescription: -\n"
		       "1 restart wanted\n");
	ASSERT_JSON(o, "{\n  \"name\": \"CallManager\",\n  \"bits\": 2048,\n  \"trust\": false,\n"
		       "  \"serial\": \"00ab\",\n  \"node\": \"pub\",\n"
		       "  \"description\": null\n}\n");
	out_free(o);
}

/* It would stand on the screen as \x0a: a blank line is a block of its own. */
static void
a_newline_in_a_line_is_a_bug(void)
{
	int status = 0;
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		struct out *o = out_new();

		freopen("/dev/null", "w", stderr);
		out_line(o, "\n%d", 1);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
times_are_local_for_people_and_utc_for_programs(void)
{
	struct out *o = out_new();

	setenv("TZ", "CET-1", 1);
	tzset();
	out_time(o, "seen", "Seen", 1772357400);
	out_time(o, "left", "Left", 0);
	out_time(o, "far", "Far", INT64_MAX);
	ASSERT_TEXT(o, "Seen: 2026-03-01 10:30:00\nLeft: never\nFar: 9223372036854775807\n");
	ASSERT_JSON(o, "{\n  \"seen\": \"2026-03-01T09:30:00Z\",\n  \"left\": null,\n"
		       "  \"far\": \"9223372036854775807\"\n}\n");
	out_free(o);
}

static void
columns_line_up(void)
{
	static const char *const headings[] = { "Name", "Bits", "Roles", "Note", NULL };
	struct out *o = out_new();

	out_table(o, "certs", headings);
	out_row(o);
	out_text(o, "name", "Name", "Ünï");
	out_int(o, "bits", "Bits", 512);
	out_add_text(o, "roles", "Roles", "SAST");
	out_add_text(o, "roles", "Roles", "TFTP");
	out_text(o, "node", NULL, "pub");
	out_row(o);
	out_text(o, "name", "Name", "CallManager");
	out_int(o, "bits", "Bits", 4096);
	out_add_text(o, "roles", "Roles", NULL);
	out_plain(o, "Note", "expired");
	out_table_end(o);
	out_int(o, "count", "Count", 2);
	ASSERT_TEXT(o, "Name         Bits  Roles       Note\n"
		       "Ünï           512  SAST, TFTP\n"
		       "CallManager  4096              expired\n"
		       "Count: 2\n");
	ASSERT_JSON(o, "{\n  \"certs\": [\n    {\n      \"name\": \"\\u00DCn\\u00EF\",\n"
		       "      \"bits\": 512,\n      \"roles\": [\n        \"SAST\",\n"
		       "        \"TFTP\"\n      ],\n      \"node\": \"pub\"\n    },\n    {\n"
		       "      \"name\": \"CallManager\",\n      \"bits\": 4096,\n"
		       "      \"roles\": []\n    }\n  ],\n  \"count\": 2\n}\n");
	out_free(o);
}

static void
an_empty_table_keeps_its_headings(void)
{
	static const char *const headings[] = { "Name", "Bits", NULL };
	struct out *o = out_new();

	out_table(o, "certs", headings);
	out_table_end(o);
	ASSERT_TEXT(o, "Name  Bits\n");
	ASSERT_JSON(o, "{\n  \"certs\": []\n}\n");
	out_free(o);
}

static void
rows_without_headings_are_blocks(void)
{
	static const char *const none[] = { NULL };
	struct out *o = out_new();

	out_table(o, "certs", none);
	out_row(o);
	out_text(o, "name", "Name", "a");
	out_row(o);
	out_text(o, "name", "Name", "b");
	out_table_end(o);
	ASSERT_TEXT(o, "\nName: a\n\nName: b\n");
	out_free(o);
}

static void
a_list_of_the_result_is_one_line(void)
{
	struct out *o = out_new();

	out_add_text(o, "restart", "Restart", "TVS");
	out_add_text(o, "restart", "Restart", "TFTP");
	out_add_text(o, "nodes", "Nodes", "pub");
	ASSERT_TEXT(o, "Restart: TVS, TFTP\nNodes: pub\n");
	out_free(o);
}

static void
foreign_text_cannot_drive_the_terminal(void)
{
	static const char *const headings[] = { "Name", NULL };
	struct out *o = out_new();

	out_text(o, "subject", "Subject", "CN=\x1b[2Jx\nOU=y");
	out_line(o, "about %s", "\x1b]0;owned\x07");
	out_text(o, "broken", "Broken", "\xff");
	out_table(o, "rows", headings);
	out_row(o);
	out_text(o, "name", "Name", "a\u202eb");
	out_table_end(o);
	ASSERT_TEXT(o, "Subject: CN=\\x1b[2Jx\\x0aOU=y\nabout \\x1b]0;owned\\x07\nBroken: \\xff\n"
		       "Name\na\\xe2\\x80\\xaeb\n");
	ASSERT_JSON(o, "{\n  \"subject\": \"CN=\\u001B[2Jx\\nOU=y\",\n"
		       "  \"broken\": \"\\\\xff\",\n  \"rows\": [\n    {\n"
		       "      \"name\": \"a\\u202Eb\"\n    }\n  ]\n}\n");
	out_free(o);
}

static void
raw_bytes_stand_alone(void)
{
	struct out *o = out_new();

	out_text(o, "name", "Name", "TVS");
	out_raw(o, bytes_of("-----BEGIN"));
	ASSERT_TEXT(o, "-----BEGIN");
	ASSERT_JSON(o, "{\n  \"name\": \"TVS\",\n  \"content\": \"-----BEGIN\"\n}\n");
	out_free(o);
	o = out_new();
	out_raw(o, bytes_over("\xff\x00", 2));
	ASSERT_JSON(o, "{\n  \"content_hex\": \"ff00\"\n}\n");
	out_free(o);
	o = out_new();
	out_raw(o, bytes_over(NULL, 0));
	ASSERT_TEXT(o, "");
	ASSERT_JSON(o, "{\n  \"content\": \"\"\n}\n");
	out_free(o);
}

/* A verb that fails half way through a table still gives one whole document. */
static void
an_error_ends_what_was_open(void)
{
	static const char *const headings[] = { "Name", NULL };
	struct out *o = out_new();
	struct err e;

	err_set(&e, ERR_NO, "phone %s", "\"SEP\"");
	err_hint(&e, "reset it");
	out_table(o, "phones", headings);
	out_row(o);
	out_text(o, "name", "Name", "SEP");
	out_error(o, "no", &e);
	ASSERT_TEXT(o, "Name\nSEP\n");
	ASSERT_JSON(o, "{\n  \"phones\": [\n    {\n      \"name\": \"SEP\"\n    }\n  ],\n"
		       "  \"error\": {\n    \"code\": \"no\",\n"
		       "    \"message\": \"phone \\\"SEP\\\"\",\n    \"hint\": \"reset it\"\n"
		       "  }\n}\n");
	out_free(o);
}

static void
nothing_written_is_an_empty_document(void)
{
	struct out *o = out_new();

	ASSERT_TEXT(o, "");
	ASSERT_JSON(o, "{}\n");
	out_free(o);
	out_free(NULL);
}

static const struct suite_test tests[] = {
	{ "a newline in a line is a bug", a_newline_in_a_line_is_a_bug },
	{ "fields are lines and members", fields_are_lines_and_members },
	{ "times are local for people and UTC for programs",
	    times_are_local_for_people_and_utc_for_programs },
	{ "columns line up", columns_line_up },
	{ "an empty table keeps its headings", an_empty_table_keeps_its_headings },
	{ "rows without headings are blocks", rows_without_headings_are_blocks },
	{ "a list of the result is one line", a_list_of_the_result_is_one_line },
	{ "foreign text cannot drive the terminal", foreign_text_cannot_drive_the_terminal },
	{ "raw bytes stand alone", raw_bytes_stand_alone },
	{ "an error ends what was open", an_error_ends_what_was_open },
	{ "nothing written is an empty document", nothing_written_is_an_empty_document },
};

SUITE_MAIN("out", tests)
