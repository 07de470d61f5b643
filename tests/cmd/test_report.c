#include "cmd/rehearsal/report.h"

#include <stdlib.h>

#include "cmd/rehearsal/erase.h"
#include "cmd/rehearsal/html.h"
#include "tests/support/suite.h"

enum { PHONES = 4 };

static struct fleet_phone phone[PHONES];
static struct mark mark[PHONES];
static const struct fleet fleet = { NULL, phone, PHONES };

/* Two locked for one reason, one for another, one that follows. */
static void
begin(void)
{
	static const char *const models[] = { "7975", "8841", "7975", "8865" };

	for (int i = 0; i < PHONES; i++) {
		phone[i] = (struct fleet_phone){ .model = model_of(models[i]),
			.booted = true,
			.outcome = BOOT_REFUSED,
			.reason = JUDGE_TVS_LACKS,
			.file = "ITLSEP.tlv",
			.has_itl = true };
		snprintf(phone[i].name, sizeof(phone[i].name), "SEP00000000000%d", i);
		mark[i] = (struct mark){ .state = STATE_LOCKED, .at = 1 };
	}
	phone[2].reason = JUDGE_DIGEST;
	snprintf(phone[2].file, sizeof(phone[2].file), "SEP.cnf.xml.sgn");
	phone[3].outcome = BOOT_TRUSTED;
	mark[3].state = STATE_TRUSTED_B;
}

static struct report_step *
booted(struct report_run *run, int line, const char *text)
{
	struct report_step *s = report_add_step(run, line, text);

	s->booted = true;
	states_count(&fleet, mark, s->count);
	report_locks(s, &fleet, mark);
	return s;
}

static struct report
report_of(const char *text)
{
	struct report r = { .phones = PHONES, .began = 1 };
	struct report_run *run;

	begin();
	r.name = strdup("S99");
	r.title = strdup("T");
	r.outcome = strdup("O");
	r.models = strdup("2 x 7975");
	run = report_add_run(&r, "steps", NULL);
	booted(run, 7, text);
	report_close(run, &fleet, mark);
	return r;
}

static char *
shown(const struct report *r, bool json)
{
	struct out *o = out_new();
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	report_show(r, o);
	if (json)
		out_show_json(o, to);
	else
		out_show_text(o, to);
	fclose(to);
	out_free(o);
	return text;
}

#define ASSERT_SAYS(text, words) CU_ASSERT_PTR_NOT_NULL(strstr(text, words))

static void
phones_are_locked_in_groups(void)
{
	struct report r = report_of("boot");
	const struct report_step *s = &r.run[0].step[0];

	CU_ASSERT_EQUAL_FATAL(s->locks, 2);
	CU_ASSERT_EQUAL(s->lock[0].phones, 2);
	CU_ASSERT_EQUAL(s->lock[0].models, 2);
	CU_ASSERT_EQUAL(s->lock[0].at, 1);
	CU_ASSERT_STRING_EQUAL(s->lock[0].kind, "ITL");
	CU_ASSERT_STRING_EQUAL(s->lock[0].name[1], "SEP000000000001");
	CU_ASSERT_EQUAL(s->lock[1].phones, 1);
	CU_ASSERT_STRING_EQUAL(s->lock[1].kind, "configuration");
	CU_ASSERT_EQUAL(s->count[STATE_LOCKED], 3);
	CU_ASSERT_EQUAL(s->count[STATE_TRUSTED_B], 1);
	report_free(&r);
}

/* utils itl reset localkey does nothing for a phone that knows no ITL. */
static void
the_remedy_is_one_for_the_list_and_the_model(void)
{
	struct report r = report_of("boot");
	struct report_step *s;
	char remedy[2 * REPORT_NAME];

	phone[0].reason = phone[1].reason = phone[2].reason = JUDGE_NO_TVS;
	snprintf(phone[0].file, sizeof(phone[0].file), "CTLSEP.tlv");
	snprintf(phone[2].file, sizeof(phone[2].file), "CTLSEP.tlv");
	phone[2].model = model_of("7940");
	s = booted(&r.run[0], 8, "boot");
	CU_ASSERT_EQUAL_FATAL(s->locks, 3);
	report_remedy(&s->lock[0], remedy);
	ASSERT_SAYS(remedy, "utils ctl reset localkey");
	report_remedy(&s->lock[1], remedy);
	ASSERT_SAYS(remedy, "utils itl reset localkey");
	report_remedy(&s->lock[2], remedy);
	ASSERT_SAYS(remedy, "erase the CTL of each of these phones by hand");
	CU_ASSERT_PTR_NULL(strstr(remedy, "localkey"));
	report_free(&r);
}

static void
who_is_stuck_or_needs_a_hand_is_no_go(void)
{
	struct report r = report_of("boot");
	struct report_run *run = &r.run[0];

	CU_ASSERT_FALSE(run->go);
	CU_ASSERT_STRING_EQUAL(run->why, "3 phones do not follow");
	run = report_add_run(&r, "back", NULL);
	for (int i = 0; i < PHONES; i++)
		mark[i].state = STATE_TRUSTED_A;
	report_close(run, &fleet, mark);
	CU_ASSERT_TRUE(run->go);
	CU_ASSERT_STRING_EQUAL(report_verdict_text(run), "GO");
	mark[1].by_hand = true;
	run = report_add_run(&r, "wrong", "x");
	report_close(run, &fleet, mark);
	CU_ASSERT_FALSE(run->go);
	CU_ASSERT_STRING_EQUAL(run->why, "1 phone needed a hand at it");
	mark[1].by_hand = false;
	mark[0].lsc = LSC_DISTRUSTED;
	run = report_add_run(&r, "wrong", "y");
	report_close(run, &fleet, mark);
	CU_ASSERT_STRING_EQUAL(run->why, "1 phone has an LSC that the cluster does not trust");
	/* Nobody knows of a phone that is off. */
	mark[0].lsc = LSC_NOT_LOOKED;
	mark[0].state = STATE_LOCKED;
	phone[0].off = true;
	run = report_add_run(&r, "other", "z");
	report_close(run, &fleet, mark);
	CU_ASSERT_TRUE(run->go);
	report_free(&r);
}

static void
the_same_locks_are_told_once(void)
{
	struct report r = report_of("boot");
	struct report_run *run = &r.run[0];

	CU_ASSERT_TRUE(report_is_news(run, 0));
	booted(run, 8, "boot");
	CU_ASSERT_FALSE(report_is_news(run, 1));
	mark[0].state = STATE_TRUSTED_B;
	booted(run, 9, "boot");
	CU_ASSERT_TRUE(report_is_news(run, 2));
	report_free(&r);
}

static void
a_table_has_only_states_that_occur(void)
{
	struct report r = report_of("boot");
	char *text = shown(&r, false);

	ASSERT_SAYS(text, "Line  Step  trusts B  locked  Came of it");
	CU_ASSERT_PTR_NULL(strstr(text, "trusts A"));
	ASSERT_SAYS(text, "TVS lacks its certificate");
	ASSERT_SAYS(text, "Phone-SAST-trust of A");
	ASSERT_SAYS(text, "1 x 7975: Settings > Security Configuration");
	ASSERT_SAYS(text, "NO-GO: 3 phones do not follow");
	free(text);
	text = shown(&r, true);
	ASSERT_SAYS(text, "\"trusted_b\": 1");
	ASSERT_SAYS(text, "\"reason\": \"digest-not-supported\"");
	ASSERT_SAYS(text, "\"verdict\": \"NO-GO\"");
	free(text);
	report_free(&r);
}

static void
foreign_text_is_never_markup(void)
{
	struct report r = report_of("<script>alert('x')</script> & \"q\"\x1b[31m");
	struct wr w = { 0 };
	const char *page;

	html_report(&r, &w);
	page = wr_cstr(&w);
	CU_ASSERT_PTR_NULL(strstr(page, "<script"));
	ASSERT_SAYS(
	    page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;\\x1b[31m");
	wr_free(&w);
	report_free(&r);
}

static void
a_page_needs_nothing_else(void)
{
	struct report r = report_of("boot");
	struct wr w = { 0 };
	const char *page;

	html_report(&r, &w);
	page = wr_cstr(&w);
	ASSERT_SAYS(page, "<!DOCTYPE html>");
	ASSERT_SAYS(page, "</html>\n");
	CU_ASSERT_PTR_NULL(strstr(page, "http"));
	CU_ASSERT_PTR_NULL(strstr(page, "url("));
	CU_ASSERT_PTR_NULL(strstr(page, "src="));
	ASSERT_SAYS(page, "<title>line 7: 3 locked</title>");
	ASSERT_SAYS(page, "NO-GO");
	wr_free(&w);
	report_free(&r);
}

static void
every_model_has_a_way_to_erase(void)
{
	size_t n;
	const struct model *m = model_table(&n);

	for (size_t i = 0; i < n; i++)
		CU_ASSERT_PTR_NOT_NULL(erase_path(&m[i]));
	CU_ASSERT_STRING_NOT_EQUAL(erase_path(model_of("7975")), erase_path(model_of("8841")));
	CU_ASSERT_STRING_NOT_EQUAL(erase_path(model_of("7975")), erase_path(model_of("7925")));
	CU_ASSERT_STRING_EQUAL(erase_path(model_of("8841")), erase_path(model_of("7841")));
}

/* ---- read again ---- */

/* A report in which everything occurs that there is. */
static struct report
full_report(void)
{
	struct report r = report_of("boot <all> \"of\" them\\");
	struct report_run *run = &r.run[0];
	struct report_step *s = &run->step[0];

	r.source = strdup("TechNote 1");
	r.cluster[0] = strdup("release 11.5, at 127.0.0.1");
	r.cluster[1] = strdup("release 12.5, mixed mode, at 127.0.0.2");
	r.took_ms = 4711;
	s->at = 1772357400;
	s->took_ms = 17;
	s->lock[0].home_is_off = true;
	snprintf(s->lock[0].certificate, sizeof(s->lock[0].certificate), "CN=B-pub;O=\xc3\xa4");
	snprintf(s->lock[0].serial, sizeof(s->lock[0].serial), "00:ff");
	snprintf(s->lock[0].store, sizeof(s->lock[0].store), "Phone-SAST-trust of A");
	snprintf(s->lock[1].why, sizeof(s->lock[1].why), "SHA-512");
	s = report_add_step(run, 9, "expect no-go");
	states_count(&fleet, mark, s->count);
	s->verdict = REPORT_AS_EXPECTED;
	snprintf(s->note, sizeof(s->note), "exit status 4: 3 phones");
	run->no_go_expected = run->as_expected = true;
	mark[1].by_hand = true;
	mark[3].lsc = LSC_DISTRUSTED;
	run = report_add_run(&r, "wrong", "a step is left out");
	s = booted(run, 12, "boot");
	s = report_add_step(run, 13, "A: cert list");
	states_count(&fleet, mark, s->count);
	s->verdict = REPORT_FAILED;
	snprintf(run->why, sizeof(run->why), "line 13: no");
	report_close(run, &fleet, mark);
	return r;
}

static char *
page_of(const struct report *r)
{
	struct wr w = { 0 };
	char *page;

	html_report(r, &w);
	page = strdup(wr_cstr(&w));
	wr_free(&w);
	return page;
}

static void
assert_same(char *a, char *b)
{
	CU_ASSERT_STRING_EQUAL(a, b);
	free(a);
	free(b);
}

static void
what_was_written_is_read_to_the_same(void)
{
	struct report r = full_report(), again;
	char *json = shown(&r, true);
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(report_read(bytes_of(json), &again, &e), 0);
	assert_same(page_of(&r), page_of(&again));
	assert_same(shown(&r, false), shown(&again, false));
	assert_same(json, shown(&again, true));
	CU_ASSERT_EQUAL(again.run[1].distrusted, 1);
	report_free(&again);
	report_free(&r);
}

static void
is_refused_when_cut(struct bytes cut, size_t n, void *ctx)
{
	struct report r;
	struct err e = { 0 };
	size_t whole = *(size_t *)ctx;

	if (n + 1 == whole) /* all but the newline */
		return;
	CU_ASSERT_EQUAL(report_read(cut, &r, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	CU_ASSERT_PTR_NULL(r.run);
}

static void
is_refused_or_shown(struct bytes changed)
{
	struct report r;
	struct err e = { 0 };

	if (report_read(changed, &r, &e) != 0) {
		CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
		return;
	}
	free(page_of(&r));
	free(shown(&r, true));
	report_free(&r);
}

/* It may be another name or number: then that is what is shown.  One bit of each byte: there are
 * many. */
static void
a_document_that_was_cut_or_changed(void)
{
	struct report r = full_report();
	char *json = shown(&r, true);
	size_t n = strlen(json);

	each_cut(bytes_of(json), is_refused_when_cut, &n);
	for (size_t i = 0; i < n; i++) {
		json[i] = (char)(json[i] ^ 1 << i % 8);
		is_refused_or_shown(bytes_over(json, n));
		json[i] = (char)(json[i] ^ 1 << i % 8);
	}
	free(json);
	report_free(&r);
}

/* The first that stands there is replaced. */
static void
check_changed(const char *json, const char *was, const char *is, const char *says)
{
	const char *at = strstr(json, was);
	struct wr w = { 0 };
	struct report r;
	struct err e = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	wr_fmt(&w, "%.*s%s%s", (int)(at - json), json, is, at + strlen(was));
	CU_ASSERT_EQUAL(report_read(wr_view(&w), &r, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, says);
	wr_free(&w);
}

static void
what_does_not_add_up_is_named(void)
{
	static const char *const change[][3] = {
		{ "\"rehearsal\"", "\"x\"", "is no report of a rehearsal" },
		{ "\"format\": 1", "\"format\": 2", "has format 2, we know 1" },
		{ "\"format\": 1", "\"format\": 0", "does not say which format" },
		{ "\"format\": 1", "\"format\": \"1\"", "does not say which format" },
		{ "\"title\": \"T\"", "\"title\": null", "title: is null" },
		{ "\"title\"", "\"tilte\"", "title: is missing" },
		{ "\"phones\": 4", "\"phones\": 50001", "phones: is out of range" },
		{ "\"phones\": 4", "\"phones\": 4.5", "phones: is no whole number" },
		{ "\"phones\": 4", "\"phones\": 5", "steps_1, row 1: phones: its states do not" },
		{ "1970-01-01T00:00:01Z", "yesterday", "began: is no time" },
		{ "\"runs\": [", "\"runs\": {}, \"no\": [", "runs: is no list" },
		{ "\"section\": \"wrong\"", "\"section\": \"right\"",
		    "runs, row 2: section: is no such word" },
		{ "\"run_number\": 2", "\"run_number\": 1", "is not the number of the row" },
		{ "\"verdict\": \"NO-GO\"", "\"verdict\": \"MAYBE\"", "runs, row 1: verdict" },
		{ "\"as_expected\": true", "\"as_expected\": 1", "neither true nor false" },
		{ "\"steps_2\"", "\"steps_3\"", "steps_2: is no list" },
		{ "\"trusted_b\": 1", "\"trusted_b\": 2", "do not add up" },
		{ "\"trusted_b\": 1", "\"trusted_b\": -1", "trusted_b: is out of range" },
		{ "\"reason\": \"digest-not-supported\"", "\"reason\": \"rain\"",
		    "locked, row 2: reason" },
		{ "\"file\": \"ITL\"", "\"file\": \"../ITL\"", "locked, row 1: file" },
		{ "\"of\": \"B\"", "\"of\": \"C\"", "locked, row 1: of" },
		{ "1 x 8841:", "3 x 8841:", "is not NUMBER x MODEL" },
		{ "1 x 8841:", "1 x 8842:", "by_hand: is no model of phone" },
		{ "1 x 8841:", "-1 x 8841:", "is not NUMBER x MODEL" },
		{ "1 x 8841: ", "x", "is not NUMBER x MODEL" },
		{ "\"SEP000000000000\"", "\"<b>\"", "examples: is no device name" },
		{ "\"SEP000000000000\"", "[]", "holds what is no text" },
		{ "\"name\": \"SEP", "\"name\": \"XEP", "phones_at_the_end, row 1: name" },
		{ "\"model\": \"7975\"", "\"model\": \"cp-7975\"", "is no model of phone" },
		{ "\"state\": \"trusted-B\"", "\"state\": \"well\"", "state: is no such word" },
	};
	struct report r = full_report();
	char *json = shown(&r, true);

	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
		check_changed(json, change[i][0], change[i][1], change[i][2]);
	check_changed("", "", "", "is empty");
	check_changed("{}", "{}", "{ \"rehearsal\": \"a\", \"rehearsal\": \"b\" }", "is no JSON");
	check_changed("x", "x", "[1]", "is no report of a rehearsal");
	free(json);
	report_free(&r);
}

static const struct suite_test tests[] = {
	{ "phones are locked in groups", phones_are_locked_in_groups },
	{ "the remedy is one for the list and the model",
	    the_remedy_is_one_for_the_list_and_the_model },
	{ "who is stuck or needs a hand is NO-GO", who_is_stuck_or_needs_a_hand_is_no_go },
	{ "the same locks are told once", the_same_locks_are_told_once },
	{ "a table has only states that occur", a_table_has_only_states_that_occur },
	{ "foreign text is never markup", foreign_text_is_never_markup },
	{ "a page needs nothing else", a_page_needs_nothing_else },
	{ "what was written is read to the same", what_was_written_is_read_to_the_same },
	{ "a document that was cut or changed", a_document_that_was_cut_or_changed },
	{ "what does not add up is named", what_does_not_add_up_is_named },
	{ "every model has a way to erase", every_model_has_a_way_to_erase },
};

SUITE_MAIN("report", tests)
