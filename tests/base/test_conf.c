#include "base/conf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"

struct settings {
	char *name;
	char *store;
	int port;
	bool debug;
	unsigned level;
};

static int
check_level(const char *value, void *field, struct err *e)
{
	if (strcmp(value, "low") != 0 && strcmp(value, "high") != 0)
		return err_set(e, ERR_MALFORMED, "\"%s\" is neither low nor high", value);
	*(unsigned *)field = value[0] == 'h';
	return 0;
}

static const struct conf_setting table[] = {
	{ "", "name", CONF_TEXT, offsetof(struct settings, name), 0, 0, NULL },
	{ "paths", "store", CONF_PATH, offsetof(struct settings, store), 0, 0, NULL },
	{ "tftp", "port", CONF_INT, offsetof(struct settings, port), 1, 65535, NULL },
	{ "log", "debug", CONF_BOOL, offsetof(struct settings, debug), 0, 0, NULL },
	{ "log", "level", CONF_CHECK, offsetof(struct settings, level), 0, 0, check_level },
};
enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

static struct settings got;
static struct conf_report report;
static struct err e;

static int
read_bytes(struct bytes text)
{
	conf_free(table, SETTINGS, &got);
	got = (struct settings){ .port = 69 };
	err_clear(&e);
	return conf_read_text("/etc/t/t.conf", text, table, SETTINGS, &got, &report, &e);
}

static int
read_text(const char *text)
{
	return read_bytes(bytes_of(text));
}

/* The text has this one fault in this line. */
static void
is_at_fault(const char *text, int line, const char *words)
{
	CU_ASSERT_EQUAL(read_text(text), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	CU_ASSERT_EQUAL(report.n, 1);
	CU_ASSERT_EQUAL(report.fault[0].line, line);
	if (strstr(report.fault[0].text, words) == NULL)
		fprintf(stderr, "\n    said: %s\n", report.fault[0].text);
	CU_ASSERT_PTR_NOT_NULL(strstr(report.fault[0].text, words));
}

static void
every_kind_of_setting_is_read(void)
{
	CU_ASSERT_EQUAL(read_text("# a comment\n"
				  "name = Zürich lab\n"
				  "\n"
				  "[paths]\n"
				  "store=/var/lib/t.db\n"
				  "; another\n"
				  "[tftp]\n"
				  "port : 6969 ; unprivileged\n"
				  "[log]\n"
				  "debug = Yes\n"
				  "level = high"),
	    0);
	CU_ASSERT_STRING_EQUAL(got.name, "Zürich lab");
	CU_ASSERT_STRING_EQUAL(got.store, "/var/lib/t.db");
	CU_ASSERT_EQUAL(got.port, 6969);
	CU_ASSERT_TRUE(got.debug);
	CU_ASSERT_EQUAL(got.level, 1);
	CU_ASSERT_EQUAL(report.n, 0);
}

static void
what_is_not_named_keeps_its_value(void)
{
	CU_ASSERT_EQUAL(read_text(""), 0);
	CU_ASSERT_EQUAL(got.port, 69);
	CU_ASSERT_PTR_NULL(got.name);
}

static void
files_from_other_systems_are_read(void)
{
	CU_ASSERT_EQUAL(read_text("\xef\xbb\xbfname = x\r\n\r\n[tftp]\r\nport = 70\r\n"), 0);
	CU_ASSERT_STRING_EQUAL(got.name, "x");
	CU_ASSERT_EQUAL(got.port, 70);
}

/* The library takes a line that starts with a blank for more of the value before it. */
static void
indented_lines_are_settings_of_their_own(void)
{
	CU_ASSERT_EQUAL(read_text("[log]\n\tdebug = on\n\tlevel = low\n  # and a comment\n"), 0);
	CU_ASSERT_TRUE(got.debug);
	is_at_fault("name = x\n  more of it\n", 2, "neither [section]");
}

static void
relative_paths_lie_beside_the_file(void)
{
	CU_ASSERT_EQUAL(read_text("[paths]\nstore = data/t.db\n"), 0);
	CU_ASSERT_STRING_EQUAL(got.store, "/etc/t/data/t.db");
	conf_free(table, SETTINGS, &got);
	CU_ASSERT_EQUAL(conf_read_text("t.conf", bytes_of("[paths]\nstore = t.db\n"), table,
			    SETTINGS, &got, NULL, &e),
	    0);
	CU_ASSERT_STRING_EQUAL(got.store, "t.db");
	is_at_fault("[paths]\nstore =\n", 2, "an empty path");
}

static void
numbers_are_checked(void)
{
	is_at_fault("[tftp]\nport = 0\n", 2, "port: \"0\" is not a number from 1 to 65535");
	is_at_fault("[tftp]\nport = 65536\n", 2, "not a number");
	is_at_fault("[tftp]\nport = 99999999999999999999\n", 2, "not a number");
	is_at_fault("[tftp]\nport = 69x\n", 2, "not a number");
	is_at_fault("[tftp]\nport =\n", 2, "not a number");
	CU_ASSERT_EQUAL(got.port, 69);
	CU_ASSERT_EQUAL(read_text("[tftp]\nport = 65535\n"), 0);
}

static void
yes_and_no_have_four_words_each(void)
{
	static const char *const yes[] = { "yes", "true", "ON", "1" };
	static const char *const no[] = { "No", "false", "off", "0" };
	char text[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "[log]\ndebug = %s\n", yes[i]);
		CU_ASSERT_EQUAL(read_text(text), 0);
		CU_ASSERT_TRUE(got.debug);
		snprintf(text, sizeof(text), "[log]\ndebug = %s\n", no[i]);
		CU_ASSERT_EQUAL(read_text(text), 0);
		CU_ASSERT_FALSE(got.debug);
	}
	is_at_fault("[log]\ndebug = perhaps\n", 2, "debug: \"perhaps\" is neither yes nor no");
}

static void
check_says_what_is_wrong(void)
{
	is_at_fault("[log]\nlevel = middling\n", 2, "level: \"middling\" is neither low nor high");
}

static void
unknown_settings_are_faults(void)
{
	is_at_fault("[tftp]\nprot = 69\n", 2, "unknown setting \"prot\" in section [tftp]");
	is_at_fault("\n[tfpt]\nport = 69\n", 3, "unknown setting \"port\" in section [tfpt]");
	is_at_fault("= 1\n", 1, "unknown setting \"\"");
}

static void
setting_given_twice_is_a_fault(void)
{
	is_at_fault("[tftp]\nport = 1\n[log]\n[tftp]\nport = 2\n", 5, "port is set twice");
	CU_ASSERT_EQUAL(got.port, 1);
}

static void
lines_of_no_form_are_faults(void)
{
	is_at_fault("name = x\nwhat is this\n", 2, "neither [section]");
	is_at_fault("name = x\n[log\n", 2, "neither [section]");
	is_at_fault("\n\ndebug ; = yes\n", 3, "neither [section]");
}

/* Only the first line of no form used to be found, and it came last in the report. */
static void
all_faults_are_found_in_the_order_of_the_file(void)
{
	CU_ASSERT_EQUAL(
	    read_text("junk\n[tftp]\nport = x\nmore junk\nprot = 1\n[log]\ndebug = 2\n"), -1);
	CU_ASSERT_EQUAL(report.n, 5);
	CU_ASSERT_EQUAL(report.fault[0].line, 1);
	CU_ASSERT_EQUAL(report.fault[1].line, 3);
	CU_ASSERT_EQUAL(report.fault[2].line, 4);
	CU_ASSERT_EQUAL(report.fault[3].line, 5);
	CU_ASSERT_EQUAL(report.fault[4].line, 7);
	CU_ASSERT_EQUAL(report.more, 0);
	ASSERT_ERR_SAYS(e, "/etc/t/t.conf:1: neither [section]");
}

static void
faults_beyond_the_report_are_counted(void)
{
	struct wr w = { 0 };

	for (int i = 0; i < CONF_FAULTS + 3; i++)
		wr_text(&w, "junk\n");
	CU_ASSERT_EQUAL(read_bytes(wr_view(&w)), -1);
	CU_ASSERT_EQUAL(report.n, CONF_FAULTS);
	CU_ASSERT_EQUAL(report.more, 3);
	wr_free(&w);
}

static void
overlong_line_is_one_fault(void)
{
	struct wr w = { 0 };

	wr_text(&w, "# fine\nname = ");
	wr_fill(&w, 'x', 5000);
	wr_text(&w, "\n[tftp]\nport = 70\n");
	is_at_fault(wr_cstr(&w), 2, "too long");
	CU_ASSERT_EQUAL(got.port, 70);
	CU_ASSERT_PTR_NULL(got.name);
	wr_free(&w);
}

static void
nul_byte_is_a_fault_of_the_whole_file(void)
{
	CU_ASSERT_EQUAL(read_bytes(bytes_over("name = a\0b\n", 11)), -1);
	CU_ASSERT_EQUAL(report.n, 1);
	CU_ASSERT_EQUAL(report.fault[0].line, 0);
	ASSERT_ERR_SAYS(e, "/etc/t/t.conf: holds a NUL byte");
}

static void
file_is_read_from_its_folder(void)
{
	char *path = mem_fmt("%s/t.conf", suite_folder());
	char *store = mem_fmt("%s/t.db", suite_folder());

	conf_free(table, SETTINGS, &got);
	CU_ASSERT_EQUAL_FATAL(file_replace(path, bytes_of("[paths]\nstore = t.db\n"), 0644, &e), 0);
	CU_ASSERT_EQUAL(conf_read(path, table, SETTINGS, &got, &report, &e), 0);
	CU_ASSERT_STRING_EQUAL(got.store, store);
	free(store);
	free(path);
}

static void
missing_file_is_not_found(void)
{
	char *path = mem_fmt("%s/missing.conf", suite_folder());

	CU_ASSERT_EQUAL(conf_read(path, table, SETTINGS, &got, &report, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(report.n, 1);
	CU_ASSERT_EQUAL(report.fault[0].line, 0);
	CU_ASSERT_EQUAL(conf_read(path, table, SETTINGS, &got, &report, NULL), -1);
	CU_ASSERT_EQUAL(conf_read(path, table, SETTINGS, &got, NULL, NULL), -1);
	free(path);
}

static void
text_set_before_is_freed(void)
{
	conf_free(table, SETTINGS, &got);
	got.name = mem_text("a default");
	CU_ASSERT_EQUAL(conf_read_text("t.conf", bytes_of("name = another\n"), table, SETTINGS,
			    &got, NULL, NULL),
	    0);
	CU_ASSERT_STRING_EQUAL(got.name, "another");
	conf_free(table, SETTINGS, &got);
	CU_ASSERT_PTR_NULL(got.name);
}

static const struct suite_test tests[] = {
	{ "every kind of setting is read", every_kind_of_setting_is_read },
	{ "what is not named keeps its value", what_is_not_named_keeps_its_value },
	{ "files from other systems are read", files_from_other_systems_are_read },
	{ "indented lines are settings of their own", indented_lines_are_settings_of_their_own },
	{ "relative paths lie beside the file", relative_paths_lie_beside_the_file },
	{ "numbers are checked", numbers_are_checked },
	{ "yes and no have four words each", yes_and_no_have_four_words_each },
	{ "check says what is wrong", check_says_what_is_wrong },
	{ "unknown settings are faults", unknown_settings_are_faults },
	{ "setting given twice is a fault", setting_given_twice_is_a_fault },
	{ "lines of no form are faults", lines_of_no_form_are_faults },
	{ "all faults are found, in order", all_faults_are_found_in_the_order_of_the_file },
	{ "faults beyond the report are counted", faults_beyond_the_report_are_counted },
	{ "overlong line is one fault", overlong_line_is_one_fault },
	{ "NUL byte is a fault of the whole file", nul_byte_is_a_fault_of_the_whole_file },
	{ "file is read from its folder", file_is_read_from_its_folder },
	{ "missing file is not found", missing_file_is_not_found },
	{ "text set before is freed", text_set_before_is_freed },
};

SUITE_MAIN("base/conf", tests)
