#include "admin/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/audit.h"

static int ran;

static int
count_run(const struct call *c, struct out *o, struct err *e)
{
	(void)c;
	(void)o;
	(void)e;
	ran++;
	return 0;
}

static const struct verb cert_verbs[] = {
	{ .words = "cert list", .args = "", .right = RIGHT_READ, .run = count_run },
	{ .words = "cert list own", .args = "", .right = RIGHT_READ, .run = count_run },
	{ .words = "cert show",
	    .args = "NAME",
	    .least = 1,
	    .most = 2,
	    .right = RIGHT_READ,
	    .option = { { .name = "node", .metavar = "NODE", .must = true },
		{ .name = "host", .metavar = "HOST", .many = true }, { .name = "all" } },
	    .run = count_run },
};

static const struct verb other_verbs[] = {
	{ .words = "serve", .args = "", .right = RIGHT_ADMIN, .run = count_run },
	{ .words = "service restart",
	    .args = "[NAME...]",
	    .most = VERB_ARGS_MAX,
	    .right = RIGHT_OPERATE,
	    .run = count_run },
};

static const struct verb_set cert_set = { cert_verbs, 3 }, other_set = { other_verbs, 2 };
static const struct verb_set *const sets[] = { &cert_set, &other_set };

static const struct verb *
find(size_t words, const char *const *word, size_t *used)
{
	return verb_find(sets, 2, word, words, used);
}

static void
the_longest_name_is_found(void)
{
	const char *const word[] = { "cert", "list", "own", "x" };
	size_t used;

	CU_ASSERT_PTR_EQUAL(find(4, word, &used), &cert_verbs[1]);
	CU_ASSERT_EQUAL(used, 3);
	CU_ASSERT_PTR_EQUAL(find(2, word, &used), &cert_verbs[0]);
	CU_ASSERT_EQUAL(used, 2);
	CU_ASSERT_PTR_NULL(find(1, word, &used));
	CU_ASSERT_EQUAL(used, 0);
	CU_ASSERT_PTR_NULL(find(0, word, &used));
}

static void
words_match_whole(void)
{
	const char *const serve[] = { "serve" }, *const service[] = { "service", "restart" };
	const char *const part[] = { "serv" }, *const longer[] = { "cert", "lists" };
	const char *const joined[] = { "cert list" };
	size_t used;

	CU_ASSERT_PTR_EQUAL(find(1, serve, &used), &other_verbs[0]);
	CU_ASSERT_PTR_EQUAL(find(2, service, &used), &other_verbs[1]);
	CU_ASSERT_PTR_NULL(find(1, service, &used));
	CU_ASSERT_PTR_NULL(find(1, part, &used));
	CU_ASSERT_PTR_NULL(find(2, longer, &used));
	CU_ASSERT_PTR_NULL(find(1, joined, &used));
}

/* Runs `cert show` with these; the code of what stood against it. */
static enum err_code
run_show(enum right may, size_t args, const struct call_option *option, size_t options)
{
	static const char *const arg[] = { "a", "b", "c" };
	struct call c = {
		.may = may, .arg = arg, .args = args, .option = option, .options = options
	};
	struct out *o = out_new();
	struct err e = { 0 };
	int before = ran, rc = verb_run(&cert_verbs[2], &c, o, &e);

	CU_ASSERT_EQUAL(ran - before, rc == 0);
	CU_ASSERT_EQUAL(e.code == ERR_NONE, rc == 0);
	out_free(o);
	return e.code;
}

static void
rights_are_checked_before_anything_else(void)
{
	const struct call_option node[] = { { "node", "pub" } };

	CU_ASSERT_EQUAL(run_show(RIGHT_NONE, 0, NULL, 0), ERR_DENIED);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 1, node, 1), ERR_NONE);
	CU_ASSERT_EQUAL(run_show(RIGHT_ADMIN, 1, node, 1), ERR_NONE);
}

static void
arguments_are_counted(void)
{
	const struct call_option node[] = { { "node", "pub" } };

	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 0, node, 1), ERR_USAGE);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 2, node, 1), ERR_NONE);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 3, node, 1), ERR_USAGE);
}

static void
options_are_checked(void)
{
	const struct call_option twice[] = { { "node", "a" }, { "node", "b" } };
	const struct call_option many[] = { { "node", "a" }, { "host", "b" }, { "host", "c" } };
	const struct call_option unknown[] = { { "node", "a" }, { "color", "red" } };

	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 1, NULL, 0), ERR_USAGE);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 1, twice, 2), ERR_USAGE);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 1, many, 3), ERR_NONE);
	CU_ASSERT_EQUAL(run_show(RIGHT_READ, 1, unknown, 2), ERR_USAGE);
}

static void
options_are_looked_up_by_name(void)
{
	const struct call_option given[] = { { "host", "a" }, { "all", "" }, { "host", "b" } };
	const struct call c = { .option = given, .options = 3 };

	CU_ASSERT_STRING_EQUAL(call_option(&c, "host"), "a");
	CU_ASSERT_STRING_EQUAL(call_option_n(&c, "host", 1), "b");
	CU_ASSERT_PTR_NULL(call_option_n(&c, "host", 2));
	CU_ASSERT(call_has(&c, "all"));
	CU_ASSERT(!call_has(&c, "node"));
}

static int
number(const char *value, int64_t *n)
{
	const struct call_option given[] = { { "n", value } };
	const struct call c = { .option = given, .options = 1 };
	struct err e = { 0 };
	int rc = call_int(&c, "n", -5, 10, 7, n, &e);

	CU_ASSERT_EQUAL(e.code, rc == 0 ? ERR_NONE : ERR_USAGE);
	return rc;
}

static void
numbers_are_read_whole_and_in_range(void)
{
	const struct call none = { 0 };
	int64_t n;

	CU_ASSERT_EQUAL(call_int(&none, "n", 0, 10, 7, &n, NULL), 0);
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT_EQUAL(number("10", &n), 0);
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_EQUAL(number("-5", &n), 0);
	CU_ASSERT_EQUAL(n, -5);
	CU_ASSERT_EQUAL(number("11", &n), -1);
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT_EQUAL(number("-6", &n), -1);
	CU_ASSERT_EQUAL(number("", &n), -1);
	CU_ASSERT_EQUAL(number("1x", &n), -1);
	CU_ASSERT_EQUAL(number("99999999999999999999", &n), -1);
}

/* Scripts rely on these. */
static void
exit_statuses_are_as_documented(void)
{
	CU_ASSERT_EQUAL(verb_exit_status(ERR_NONE), 0);
	CU_ASSERT_EQUAL(verb_exit_status(ERR_FAILED), 1);
	CU_ASSERT_EQUAL(verb_exit_status(ERR_USAGE), 2);
	CU_ASSERT_EQUAL(verb_exit_status(ERR_NOT_FOUND), 3);
	CU_ASSERT_EQUAL(verb_exit_status(ERR_STRANDS), 4);
	CU_ASSERT_EQUAL(verb_exit_status(ERR_NO), 5);
	for (int code = ERR_NONE; code < ERR_CODES; code++) {
		CU_ASSERT(code == ERR_NONE || verb_exit_status((enum err_code)code) != 0);
		CU_ASSERT_PTR_NOT_NULL(verb_code_word((enum err_code)code));
	}
}

/* ---- the trails ---- */

static int
rename_run(const struct call *c, struct out *o, struct err *e)
{
	(void)o;
	if (strcmp(c->arg[0], "never") == 0)
		return err_set(e, ERR_STRANDS, "no");
	call_changed(c, "old name", c->arg[0]);
	return 0;
}

static const struct verb rename_verb = { .words = "thing rename",
	.args = "NAME",
	.least = 1,
	.most = 2,
	.right = RIGHT_OPERATE,
	.option = { { .name = "pin", .metavar = "PIN" }, { .name = "dry-run" } },
	.run = rename_run };

/* The audit trail's newest entry, "who from what subject was now outcome". */
static const char *
newest(struct store *s)
{
	static char text[2048];
	struct audit_row *all;
	struct err e;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(audit_list(s, AUDITS_NEWEST, NULL, 1, &all, &n, &e), 0);
	text[0] = '\0';
	if (n == 1)
		snprintf(text, sizeof(text), "%s|%s|%s|%s|%s|%s|%s%s", all->who, all->from,
		    all->what, all->subject, all->was, all->now, all->outcome,
		    all->refused ? "|!" : "");
	free(all);
	return text;
}

static enum err_code
run_rename(struct store *s, struct call c)
{
	struct out *o = out_new();
	struct err e = { 0 };
	int rc;

	c.store = s;
	c.now = LAB_NOW;
	rc = verb_run(&rename_verb, &c, o, &e);
	CU_ASSERT_EQUAL(rc != 0, e.code != 0);
	out_free(o);
	return e.code;
}

static void
what_changes_something_is_noted(void)
{
	static const char *const arg[] = { "new name", "more" };
	struct store *s = lab_empty();
	struct call c = {
		.may = RIGHT_OPERATE, .arg = arg, .args = 2, .who = "anna", .from = "192.0.2.1"
	};

	CU_ASSERT_EQUAL(run_rename(s, c), 0);
	CU_ASSERT_STRING_EQUAL(
	    newest(s), "anna|192.0.2.1|thing rename|new name more|old name|new name|done");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event WHERE what = 'thing rename' "
				   "AND because = 'by anna' AND verdict = 'done'"),
	    1);
	store_close(s);
}

static void
what_failed_is_noted_with_the_reason(void)
{
	static const char *const arg[] = { "never" };
	struct store *s = lab_empty();
	struct call c = { .may = RIGHT_ADMIN, .arg = arg, .args = 1 };

	CU_ASSERT_EQUAL(run_rename(s, c), ERR_STRANDS);
	CU_ASSERT_STRING_EQUAL(newest(s), "-|-|thing rename|never|||strands-phones");
	store_close(s);
}

/* Nobody asked for one in an address, and the trails are read by many. */
static void
passwords_in_addresses_are_not_noted(void)
{
	static const char *const arg[] = { "sftp://u:a/b@c@host/x", "sftp://u@host/y:z" };
	struct store *s = lab_empty();
	struct call c = { .may = RIGHT_ADMIN, .arg = arg, .args = 2 };

	CU_ASSERT_EQUAL(run_rename(s, c), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(newest(s), "|sftp://u:...@host/x sftp://u@host/y:z|"));
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event WHERE subject LIKE '%a/b%'"), 0);
	store_close(s);
}

/* Flags say what was risked, or not done at all; values may be secrets. */
static void
flags_are_noted_and_values_are_not(void)
{
	static const char *const arg[] = { "x" };
	static const struct call_option option[] = { { "pin", "12345" }, { "dry-run", "" } };
	struct store *s = lab_empty();
	struct call c = { .may = RIGHT_ADMIN,
		.arg = arg,
		.args = 1,
		.option = option,
		.options = 2,
		.yes = true };

	CU_ASSERT_EQUAL(run_rename(s, c), 0);
	CU_ASSERT_STRING_EQUAL(newest(s), "-|-|thing rename|x --dry-run --yes|old name|x|done");
	store_close(s);
}

static void
who_is_denied_is_noted_apart(void)
{
	static const char *const arg[] = { "x" };
	struct store *s = lab_empty();
	struct call c = {
		.may = RIGHT_READ, .arg = arg, .args = 1, .who = "otto#3", .from = "::1"
	};

	CU_ASSERT_EQUAL(run_rename(s, c), ERR_DENIED);
	CU_ASSERT_STRING_EQUAL(newest(s), "otto#3|::1|thing rename|x|||denied|!");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), 0);
	store_close(s);
}

static void
who_only_reads_is_not_noted(void)
{
	struct store *s = lab_empty();
	static const struct verb list = {
		.words = "user list", .right = RIGHT_ADMIN, .looks = true, .run = count_run
	};
	struct call c = { .may = RIGHT_ADMIN, .store = s };
	struct out *o = out_new();
	struct err e;

	CU_ASSERT_EQUAL(verb_run(&cert_verbs[0], &c, o, &e), 0);
	CU_ASSERT_EQUAL(verb_run(&list, &c, o, &e), 0);
	CU_ASSERT_STRING_EQUAL(newest(s), "");
	out_free(o);
	store_close(s);
}

static void
long_values_are_cut(void)
{
	char longer[400];
	const char *const arg[] = { longer };
	struct store *s = lab_empty();
	struct call_change change = { "", "" };
	struct call c = { .may = RIGHT_ADMIN, .arg = arg, .args = 1, .change = &change };

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CU_ASSERT_EQUAL(run_rename(s, c), 0);
	CU_ASSERT_EQUAL(strlen(change.now), CALL_VALUE_MAX);
	CU_ASSERT_STRING_EQUAL(change.now + CALL_VALUE_MAX - 4, "x...");
	CU_ASSERT_PTR_NOT_NULL(strstr(newest(s), "|old name|xxx"));
	call_changed(&(struct call){ .root = NULL }, "a", "b"); /* nobody wants to know */
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "what changes something is noted", what_changes_something_is_noted },
	{ "what failed is noted with the reason", what_failed_is_noted_with_the_reason },
	{ "passwords in addresses are not noted", passwords_in_addresses_are_not_noted },
	{ "flags are noted and values are not", flags_are_noted_and_values_are_not },
	{ "who is denied is noted apart", who_is_denied_is_noted_apart },
	{ "who only reads is not noted", who_only_reads_is_not_noted },
	{ "long values are cut", long_values_are_cut },
	{ "the longest name is found", the_longest_name_is_found },
	{ "words match whole", words_match_whole },
	{ "rights are checked before anything else", rights_are_checked_before_anything_else },
	{ "arguments are counted", arguments_are_counted },
	{ "options are checked", options_are_checked },
	{ "options are looked up by name", options_are_looked_up_by_name },
	{ "numbers are read whole and in range", numbers_are_read_whole_and_in_range },
	{ "exit statuses are as documented", exit_statuses_are_as_documented },
};

SUITE_MAIN("verb", tests)
