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
	struct report r = {
		.name = "S99", .title = "T", .outcome = "O", .phones = PHONES, .began = 1
	};
	struct report_run *run;

	begin();
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

static const struct suite_test tests[] = {
	{ "phones are locked in groups", phones_are_locked_in_groups },
	{ "who is stuck or needs a hand is NO-GO", who_is_stuck_or_needs_a_hand_is_no_go },
	{ "the same locks are told once", the_same_locks_are_told_once },
	{ "a table has only states that occur", a_table_has_only_states_that_occur },
	{ "foreign text is never markup", foreign_text_is_never_markup },
	{ "a page needs nothing else", a_page_needs_nothing_else },
	{ "every model has a way to erase", every_model_has_a_way_to_erase },
};

SUITE_MAIN("report", tests)
