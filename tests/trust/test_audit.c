#include "trust/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static void
add(struct store *s, const char *who, bool refused)
{
	struct audit_row row = { .at = LAB_NOW, .refused = refused };
	struct err e = { 0 };

	audit_text(row.who, sizeof(row.who), who);
	CU_ASSERT_EQUAL_FATAL(audit_add(s, &row, &e), 0);
}

/* The numbers of those that come, "3 4 5". */
static const char *
numbers(struct store *s, int64_t after, const char *who, size_t max)
{
	static char text[256];
	struct audit_row *all;
	struct err e = { 0 };
	size_t n, used = 0;

	text[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(audit_list(s, after, who, max, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%lld", i ? " " : "", (long long)all[i].id);
	free(all);
	return text;
}

static void
row_is_kept_whole(void)
{
	static const struct audit_row row = { .at = LAB_NOW,
		.refused = true,
		.who = "anna#7",
		.from = "2001:db8::1",
		.what = "param set",
		.subject = "\"Cluster Name\" x",
		.was = "old",
		.now = "new",
		.outcome = "done" };
	struct store *s = lab_empty();
	int64_t generation = store_generation(s);
	struct audit_row *all;
	struct err e;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(audit_add(s, &row, &e), 0);
	CU_ASSERT_EQUAL_FATAL(audit_list(s, AUDITS_NEWEST, NULL, 9, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(all->at, LAB_NOW);
	CU_ASSERT_TRUE(all->refused);
	CU_ASSERT_STRING_EQUAL(all->who, row.who);
	CU_ASSERT_STRING_EQUAL(all->from, row.from);
	CU_ASSERT_STRING_EQUAL(all->what, row.what);
	CU_ASSERT_STRING_EQUAL(all->subject, row.subject);
	CU_ASSERT_STRING_EQUAL(all->was, row.was);
	CU_ASSERT_STRING_EQUAL(all->now, row.now);
	CU_ASSERT_STRING_EQUAL(all->outcome, row.outcome);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	free(all);
	store_close(s);
}

static void
newest_or_those_after_come_oldest_first(void)
{
	struct store *s = lab_empty();

	for (int i = 0; i < 6; i++)
		add(s, "anna", false);
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, NULL, 3), "4 5 6");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, NULL, 99), "1 2 3 4 5 6");
	CU_ASSERT_STRING_EQUAL(numbers(s, 0, NULL, 2), "1 2");
	CU_ASSERT_STRING_EQUAL(numbers(s, 2, NULL, 9), "3 4 5 6");
	CU_ASSERT_STRING_EQUAL(numbers(s, 6, NULL, 9), "");
	store_close(s);
}

static void
of_a_user_and_the_tokens_but_of_nobody_else(void)
{
	struct store *s = lab_empty();

	add(s, "anna", false);
	add(s, "anna#1", false);
	add(s, "anna#12", false);
	add(s, "annabel", false);
	add(s, "ann", false);
	add(s, "%", false);
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "anna", 9), "1 2 3");
	CU_ASSERT_STRING_EQUAL(numbers(s, 1, "anna", 9), "2 3");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "anna#1", 9), "2");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "ann", 9), "5");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "%", 9), "6");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "nobody", 9), "");
	store_close(s);
}

/* Whoever fails to log in often enough must not make what he did before disappear. */
static void
refused_ones_push_out_only_each_other(void)
{
	struct store *s = lab_empty();

	add(s, "anna", false);
	add(s, "mallory", true);
	lab_do(s, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
		  "INSERT INTO audit(at, refused, number, who, peer, what, subject, was, became, "
		  "outcome) SELECT 0, 1, i, 'x', '', '', '', '', '', '' FROM n");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM audit WHERE refused"), 10000);
	add(s, "mallory", true);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM audit WHERE refused"), 10000);
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "mallory", 9), "10002");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "anna", 9), "1");
	store_close(s);
}

static void
what_was_done_is_bounded_too(void)
{
	struct store *s = lab_empty();

	add(s, "anna", false);
	add(s, "mallory", true);
	lab_do(s,
	    "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
	    "INSERT INTO audit(at, refused, number, who, peer, what, subject, was, became, "
	    "outcome) SELECT 0, 0, i, 'x', '', '', '', '', '', '' FROM n");
	add(s, "otto", false);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM audit WHERE NOT refused"), 100000);
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "anna", 9), "");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "mallory", 9), "2");
	CU_ASSERT_STRING_EQUAL(numbers(s, AUDITS_NEWEST, "otto", 9), "100002");
	store_close(s);
}

static void
long_texts_are_cut_between_characters(void)
{
	char to[8];

	audit_text(to, sizeof(to), "1234567");
	CU_ASSERT_STRING_EQUAL(to, "1234567");
	audit_text(to, sizeof(to), "12345678");
	CU_ASSERT_STRING_EQUAL(to, "1234...");
	audit_text(to, sizeof(to),
	    "12\xe2\x82\xac"
	    "5678");
	CU_ASSERT_STRING_EQUAL(to, "12...");
	audit_text(to, sizeof(to),
	    "1\xe2\x82\xac"
	    "5678");
	CU_ASSERT_STRING_EQUAL(to, "1\xe2\x82\xac...");
	audit_text(to, sizeof(to), "\x80\x80\x80\x80\x80\x80\x80\x80\x80"); /* no UTF-8 */
	CU_ASSERT_STRING_EQUAL(to, "\x80\x80\x80\x80...");
	audit_text(to, sizeof(to), NULL);
	CU_ASSERT_STRING_EQUAL(to, "");
}

static const struct suite_test tests[] = {
	{ "row is kept whole", row_is_kept_whole },
	{ "newest or those after come oldest first", newest_or_those_after_come_oldest_first },
	{ "of a user and the tokens but of nobody else",
	    of_a_user_and_the_tokens_but_of_nobody_else },
	{ "refused ones push out only each other", refused_ones_push_out_only_each_other },
	{ "what was done is bounded too", what_was_done_is_bounded_too },
	{ "long texts are cut between characters", long_texts_are_cut_between_characters },
};

SUITE_MAIN("trust/audit", tests)
