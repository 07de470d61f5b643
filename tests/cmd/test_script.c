#include "cmd/rehearsal/script.h"

#include <stdlib.h>

#include "tests/support/suite.h"

#define HEAD  "title T\ncluster A release 12.5\ncluster B release 11.5 mixed\n"
#define FLEET "fleet 20 models 7975:3 8841 at B\n"

static int
read_text(const char *text, struct script *s, struct err *e)
{
	return script_read(bytes_of(text), "x.conf", s, e);
}

/* Refuses the text, for a reason that says this. */
static void
refused(const char *text, const char *words)
{
	struct script s;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(read_text(text, &s, &e), -1);
	CU_ASSERT_PTR_NULL(s.name);
	ASSERT_ERR_SAYS(e, words);
}

/* The same with this as a step. */
static void
step_refused(const char *line, const char *words)
{
	struct wr w = { 0 };

	wr_fmt(&w, HEAD FLEET "[steps]\n%s\n", line);
	refused(wr_cstr(&w), words);
	wr_free(&w);
}

static struct script
script_of_step(const char *line)
{
	struct wr w = { 0 };
	struct script s;
	struct err e = { 0 };

	wr_fmt(&w, HEAD FLEET "[steps]\n%s\n", line);
	CU_ASSERT_EQUAL_FATAL(read_text(wr_cstr(&w), &s, &e), 0);
	CU_ASSERT_EQUAL_FATAL(s.steps.n, 1);
	wr_free(&w);
	return s;
}

static void
the_head_is_read(void)
{
	struct script s;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(
	    read_text("# a note\n\n  title  Phones' lists  \nsource here\noutcome all follow\r\n"
		      "cluster A release 12.5\ncluster B release 11.5 mixed\n" FLEET
		      "[before]\nboot\n[steps]\nmove A\n[back]\nmove B\n[wrong: left out]\nboot\n"
		      "[other:  better ]\nboot\n",
		&s, &e),
	    0);
	CU_ASSERT_STRING_EQUAL(s.name, "x.conf");
	CU_ASSERT_STRING_EQUAL(s.title, "Phones' lists");
	CU_ASSERT_STRING_EQUAL(s.outcome, "all follow");
	CU_ASSERT_EQUAL(s.cluster[0].release, RELEASE_12_5);
	CU_ASSERT_FALSE(s.cluster[0].mixed);
	CU_ASSERT_TRUE(s.cluster[1].mixed);
	CU_ASSERT_EQUAL(s.fleet.phones, 20);
	CU_ASSERT_EQUAL(s.fleet.parts, 2);
	CU_ASSERT_EQUAL(s.fleet.part[0].share, 3);
	CU_ASSERT_EQUAL(s.fleet.part[1].share, 1);
	CU_ASSERT_EQUAL(s.at, 1);
	CU_ASSERT_EQUAL(s.before.n, 1);
	CU_ASSERT_EQUAL(s.back.n, 1);
	CU_ASSERT_EQUAL_FATAL(s.variants, 2);
	CU_ASSERT_STRING_EQUAL(s.variant[0].title, "left out");
	CU_ASSERT_TRUE(s.variant[0].wrong);
	CU_ASSERT_FALSE(s.variant[1].wrong);
	script_free(&s);
}

static void
mistakes_in_the_head_are_named_with_their_line(void)
{
	refused("titel T\n", "x.conf:1: before the first section: title, source");
	refused("title\n", "x.conf:1: title: a text");
	refused("title T\ntitle T\n", "x.conf:2: title: said twice");
	refused("cluster C release 12.5\n", "cluster A|B release");
	refused("cluster A release 9.1\n", "8.0|10.0|11.5|12.5|14");
	refused("cluster A release 12.5 mixd\n", "[mixed]");
	refused(
	    "cluster A release 12.5\ncluster A release 12.5\n", "x.conf:2: cluster A: said twice");
	refused(HEAD "fleet many models 7975\n", "x.conf:4: fleet: a number from 1 to 50000");
	refused(HEAD "fleet 10 models 7974\n", "no model that we know");
	refused(HEAD "fleet 10 models 7975:0\n", "share: a number from 1 to 1000");
	refused(HEAD "fleet 10 models at A\n", "no model is named");
	refused(HEAD "fleet 10 models 7975 at C\n", "a cluster is A or B");
	refused(HEAD FLEET FLEET, "fleet: said twice");
	refused(HEAD FLEET, "no section [steps]");
	refused(HEAD FLEET "[steps]\n", "or it is empty");
	refused("cluster A release 12.5\n" FLEET, "there is no cluster B");
	refused(HEAD "[steps]\nboot\n", "the head has no fleet");
	refused("title T\n"
		"[steps]\nboot\n",
	    "the head has no cluster A");
	refused("[stepz]\n", "a section is [before]");
	refused("[steps\n", "a section ends with ]");
	refused("[steps]\n[steps]\n", "x.conf:2: [steps]: a second one");
	refused("[wrong: ]\n", "the title is missing");
	refused("title \x01\n", "a control byte (01)");
	refused("title \xff\n", "not UTF-8");
}

static void
mistakes_in_steps_are_named_with_what_is_allowed(void)
{
	step_refused("bot", "x.conf:6: a step is A: COMMAND, boot, move");
	step_refused("boot 3", "boot all, absent, present");
	step_refused("boot all now", "boot: one word too many: \"now\"");
	step_refused("boot models", "models: some of 7975");
	step_refused("move C", "a cluster is A or B");
	step_refused("move", "move A or move B");
	step_refused("power off", "power off 10% or power on");
	step_refused("power off ten%", "a number from 0 to 100");
	step_refused("power off 101%", "a number from 0 to 100");
	step_refused("power off 10", "a share is written as 10%");
	step_refused("switch A", "switch off A, switch on A");
	step_refused("clock 31m", "clock +90s, +31m");
	step_refused("clock +31", "clock +90s, +31m");
	step_refused("clock +4000d", "at most ten years");
	step_refused("clock +99999999999999999999d", "at most ten years");
	step_refused("create A release 9", "create A|B release");
	step_refused("show", "show which certificate");
	step_refused("write $dir/a", "write $dir/NAME TEXT");
	step_refused("write /etc/passwd x", "a file is $dir/NAME");
	step_refused("write $dir/../x x", "a file is $dir/NAME");
	step_refused("write $dir/a/b x", "a file is $dir/NAME");
	step_refused("erase", "erase whose lists?");
	step_refused("expect happy all", "expect trusted-A, trusted-B");
	step_refused("expect locked some", "which phones: all, none");
	step_refused("expect locked all because", "locked because of what?");
	step_refused("expect go now", "one word too many");
	step_refused("A:", "A: what?");
	step_refused("C: cert list", "a cluster is A or B");
	step_refused("A!9: cert list", "exit status: a number from 1 to 5");
	step_refused("A!44444: cert list", "a command begins with");
	step_refused("A: serve", "a step cannot be trustlist serve");
	step_refused("A: rehearse run S1", "a step cannot be trustlist rehearse");
	step_refused("A: cert list 'x", "a quote (') that does not end");
	step_refused("A: file inspect $home/x", "the variables are $dir");
	step_refused("A: cert export TVS > /tmp/x", "a file is $dir/NAME");
}

static void
a_command_is_words(void)
{
	struct script s =
	    script_of_step("A!4: param set 'Prepare Cluster' \"it's\" --x=a'b c' > $dir/out");
	const struct script_step *step = &s.steps.step[0];

	CU_ASSERT_EQUAL(step->what, DO_COMMAND);
	CU_ASSERT_EQUAL(step->line, 6);
	CU_ASSERT_EQUAL(step->status, 4);
	CU_ASSERT_EQUAL_FATAL(step->words, 5);
	CU_ASSERT_STRING_EQUAL(step->word[2], "Prepare Cluster");
	CU_ASSERT_STRING_EQUAL(step->word[3], "it's");
	CU_ASSERT_STRING_EQUAL(step->word[4], "--x=ab c");
	CU_ASSERT_STRING_EQUAL(step->file, "out");
	script_free(&s);
	s = script_of_step("B!: cert list");
	CU_ASSERT_EQUAL(s.steps.step[0].status, STATUS_REFUSED);
	CU_ASSERT_EQUAL(s.steps.step[0].cluster, 1);
	script_free(&s);
}

static void
steps_are_read(void)
{
	struct script s = script_of_step("clock +31m");

	CU_ASSERT_EQUAL(s.steps.step[0].seconds, 1860);
	script_free(&s);
	s = script_of_step("power off 10%");
	CU_ASSERT_EQUAL(s.steps.step[0].percent, 10);
	CU_ASSERT_FALSE(s.steps.step[0].on);
	script_free(&s);
	s = script_of_step("create B release 14 mixed");
	CU_ASSERT_EQUAL(s.steps.step[0].cluster, 1);
	CU_ASSERT_EQUAL(s.steps.step[0].like.release, RELEASE_14);
	CU_ASSERT_TRUE(s.steps.step[0].like.mixed);
	script_free(&s);
	s = script_of_step("expect locked models 79xx 8945 tvs-unreachable");
	CU_ASSERT_EQUAL(s.steps.step[0].expect.of.who, WHO_MODELS);
	CU_ASSERT_STRING_EQUAL(s.steps.step[0].expect.of.models, "79xx 8945");
	CU_ASSERT_EQUAL(s.steps.step[0].expect.reason, JUDGE_TVS_UNREACHABLE);
	script_free(&s);
	s = script_of_step("expect no-go");
	CU_ASSERT_EQUAL(s.steps.step[0].what, DO_EXPECT_END);
	CU_ASSERT_FALSE(s.steps.step[0].on);
	script_free(&s);
	s = script_of_step("write $dir/pass 'correct horse'");
	CU_ASSERT_STRING_EQUAL(s.steps.step[0].file, "pass");
	CU_ASSERT_STRING_EQUAL(s.steps.step[0].content, "correct horse");
	/* Not told in a report. */
	CU_ASSERT_STRING_EQUAL(s.steps.step[0].text, "write $dir/pass ...");
	script_free(&s);
}

static void
variables_are_replaced(void)
{
	const struct script_values v = { "/x", { "127.0.0.1", NULL }, "CAPF-1" };
	const char *const pairs[][2] = { { "$dir/a", "/x/a" }, { "$A:2445", "127.0.0.1:2445" },
		{ "a$cn$cn", "aCAPF-1CAPF-1" }, { "$B", "" }, { "$dirt", "$dirt" }, { "$", "$" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *is = script_word(pairs[i][0], &v);

		CU_ASSERT_STRING_EQUAL(is, pairs[i][1]);
		free(is);
	}
}

static void
too_much_is_refused(void)
{
	struct wr w = { 0 };

	wr_fmt(&w, "title ");
	wr_fill(&w, 'x', SCRIPT_LINE_MAX);
	refused(wr_cstr(&w), "a line of more than");
	wr_free(&w);
	wr_text(&w, HEAD FLEET "[steps]\n");
	for (int i = 0; i <= SCRIPT_STEPS_MAX; i++)
		wr_text(&w, "boot\n");
	refused(wr_cstr(&w), "more than 100 steps");
	wr_free(&w);
	for (int i = 0; i <= SCRIPT_VARIANTS_MAX; i++)
		wr_text(&w, "[other: x]\n");
	refused(wr_cstr(&w), "more than 12 sections");
	wr_free(&w);
	wr_text(&w, HEAD FLEET "[steps]\nA:");
	for (int i = 0; i < SCRIPT_WORDS_MAX; i++)
		wr_text(&w, " x");
	refused(wr_cstr(&w), "more than 32 words");
	wr_free(&w);
	wr_fill(&w, '\n', SCRIPT_BYTES_MAX + 1);
	refused(wr_cstr(&w), "more than 65536 bytes");
	wr_free(&w);
}

static void
is_harmless(struct bytes cut, size_t n, void *ctx)
{
	struct script s;
	struct err e;

	(void)n;
	(void)ctx;
	script_read(cut, "x", &s, &e);
	script_free(&s);
}

static void
every_cut_and_flip_is_harmless(void)
{
	struct bytes whole =
	    bytes_of(HEAD FLEET "[steps]\nA!4: param set 'a b' $dir/x > $dir/y\nclock +3h\n"
				"expect locked models 79xx tvs-unreachable\n[wrong: x]\nboot\n");

	each_cut(whole, is_harmless, NULL);
	each_flip(whole, is_harmless, NULL);
}

static const struct suite_test tests[] = {
	{ "the head is read", the_head_is_read },
	{ "mistakes in the head are named with their line",
	    mistakes_in_the_head_are_named_with_their_line },
	{ "mistakes in steps are named with what is allowed",
	    mistakes_in_steps_are_named_with_what_is_allowed },
	{ "a command is words", a_command_is_words },
	{ "steps are read", steps_are_read },
	{ "variables are replaced", variables_are_replaced },
	{ "too much is refused", too_much_is_refused },
	{ "every cut and flip is harmless", every_cut_and_flip_is_harmless },
};

SUITE_MAIN("script", tests)
