#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/rehearsal/script_line.h"
#include "trust/judge.h"

/* "A:" must succeed, "A!4:" ends with exit status 4, "A!:" with any but 0. */
static int
command_head(const struct reading *r, const char *word, struct script_step *to, struct err *e)
{
	char name[2] = { word[0], '\0' }, digits[4];
	size_t n = strlen(word);
	long status;

	if (line_cluster(r, name, &to->cluster, e) != 0)
		return -1;
	if (n == 2)
		return 0;
	if (word[1] != '!' || n > 5)
		return line_refuse(
		    r, e, "a command begins with %s:, %s!: or %s!4:", name, name, name);
	to->status = STATUS_REFUSED;
	if (n == 3)
		return 0;
	memcpy(digits, word + 2, n - 3);
	digits[n - 3] = '\0';
	if (line_number(r, "exit status", digits, 1, 5, &status, e) != 0)
		return -1;
	to->status = (int)status;
	return 0;
}

/* What would not come back, or begin another rehearsal. */
static bool
may_run(const char *noun)
{
	return strcmp(noun, "serve") != 0 && strcmp(noun, "rehearse") != 0 &&
	       strcmp(noun, "vphone") != 0 && strcmp(noun, "help") != 0;
}

static int
step_command(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	size_t words = l->words;

	to->what = DO_COMMAND;
	if (command_head(r, l->word[0], to, e) != 0)
		return -1;
	if (words > 3 && line_has(l, words - 2, ">")) {
		if (line_file(r, l->word[words - 1], &to->file, e) != 0)
			return -1;
		words -= 2;
	}
	if (words < 2)
		return line_refuse(r, e, "%s what? a command of trustlist: cert list", l->word[0]);
	if (!may_run(l->word[1]))
		return line_refuse(r, e, "a step cannot be trustlist %s", l->word[1]);
	for (size_t i = 1; i < words; i++)
		if (line_variables(r, l->word[i], e) != 0)
			return -1;
	to->word = mem_array(words, sizeof(*to->word));
	for (; to->words < words - 1; to->words++)
		to->word[to->words] = mem_text(l->word[to->words + 1]);
	return 0;
}

static int
no_more(const struct reading *r, const struct line *l, size_t i, struct err *e)
{
	if (i == l->words)
		return 0;
	return line_refuse(r, e, "%s: one word too many: \"%.40s\"", l->word[0], l->word[i]);
}

static int
step_boot(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	size_t i = 1;

	to->what = DO_BOOT;
	if (line_selection(r, l, &i, &to->who, e) != 0 || no_more(r, l, i, e) != 0)
		return -1;
	if (to->who.who != WHO_NONE && to->who.who != WHO_COUNT)
		return 0;
	return line_refuse(r, e, "boot all, absent, present, locked or models 79xx ...");
}

static int
step_erase(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	size_t i = 1;

	to->what = DO_ERASE;
	if (l->words < 2)
		return line_refuse(r, e, "erase whose lists? locked, all, absent, models 79xx ...");
	if (line_selection(r, l, &i, &to->who, e) != 0 || no_more(r, l, i, e) != 0)
		return -1;
	if (to->who.who != WHO_NONE && to->who.who != WHO_COUNT)
		return 0;
	return line_refuse(r, e, "erase locked, all, absent, present or models 79xx ...");
}

/* A word and a cluster. */
static int
step_of_cluster(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	if (l->words < 2)
		return line_refuse(r, e, "%s A or %s B", l->word[0], l->word[0]);
	if (line_cluster(r, l->word[1], &to->cluster, e) != 0)
		return -1;
	return no_more(r, l, 2, e);
}

static int
step_move(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_MOVE;
	return step_of_cluster(r, l, to, e);
}

static int
step_create(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_CREATE;
	if (l->words <= 2)
		return step_of_cluster(r, l, to, e);
	if (line_release(r, l, &to->like, e) != 0)
		return -1;
	return line_cluster(r, l->word[1], &to->cluster, e);
}

static int
step_lsc(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_LSC;
	return step_of_cluster(r, l, to, e);
}

static int
step_power(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_POWER;
	to->on = line_has(l, 1, "on");
	if (to->on)
		return no_more(r, l, 2, e);
	if (!line_has(l, 1, "off") || l->words < 3)
		return line_refuse(r, e, "power off 10%% or power on");
	if (line_percent(r, l->word[2], &to->percent, e) != 0)
		return -1;
	return no_more(r, l, 3, e);
}

static int
step_switch(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_SWITCH;
	to->on = line_has(l, 1, "on");
	if ((!to->on && !line_has(l, 1, "off")) || l->words < 3)
		return line_refuse(r, e, "switch off A, switch on A");
	if (line_cluster(r, l->word[2], &to->cluster, e) != 0)
		return -1;
	return no_more(r, l, 3, e);
}

static int
step_clock(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	const char *word = l->words > 1 ? l->word[1] : "", *unit;
	char *end = NULL;
	long n = word[0] == '+' && isdigit((unsigned char)word[1]) ? strtol(word + 1, &end, 10) : 0;

	to->what = DO_CLOCK;
	unit = end != NULL && end[0] != '\0' && end[1] == '\0' ? strchr(units, end[0]) : NULL;
	if (unit == NULL || n < 1 || n > SCRIPT_CLOCK_MAX ||
	    n * seconds[unit - units] > SCRIPT_CLOCK_MAX)
		return line_refuse(r, e,
		    "clock +90s, +31m, +25h or +400d, at most ten years, not \"%.40s\"", word);
	to->seconds = n * seconds[unit - units];
	return no_more(r, l, 2, e);
}

static int
step_show(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_SHOW;
	if (l->words < 2)
		return line_refuse(r, e, "show which certificate? $dir/NAME");
	if (line_variables(r, l->word[1], e) != 0)
		return -1;
	to->file = mem_text(l->word[1]);
	return no_more(r, l, 2, e);
}

static int
step_write(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_WRITE;
	if (l->words < 3)
		return line_refuse(r, e, "write $dir/NAME TEXT");
	if (line_file(r, l->word[1], &to->file, e) != 0)
		return -1;
	to->content = mem_text(l->word[2]);
	/* It may be a passphrase: reports, which one hands on, show the name alone. */
	free(to->text);
	to->text = mem_fmt("write %s ...", l->word[1]);
	return no_more(r, l, 3, e);
}

static int
step_expect(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	const char *word = l->words > 1 ? l->word[1] : "";
	size_t i = 2;

	to->what = DO_EXPECT;
	if (strcmp(word, "go") == 0 || strcmp(word, "no-go") == 0) {
		to->what = DO_EXPECT_END;
		to->on = strcmp(word, "go") == 0;
		return no_more(r, l, 2, e);
	}
	if (expectation_word(word, &to->expect) != 0)
		return line_refuse(r, e, "expect %s, not \"%.40s\"", expectation_words(), word);
	if (line_selection(r, l, &i, &to->expect.of, e) != 0)
		return -1;
	if (i < l->words && to->expect.quality == QUALITY_STATE &&
	    to->expect.state == STATE_LOCKED) {
		if (expectation_reason(l->word[i], &to->expect.reason) != 0)
			return line_refuse(r, e,
			    "locked because of what? tvs-unreachable, tvs-lacks-certificate, "
			    "no-tvs-in-itl, ..., not \"%.40s\"",
			    l->word[i]);
		i++;
	}
	return no_more(r, l, i, e);
}

static const struct {
	const char *word;
	int (*take)(struct reading *r, struct line *l, struct script_step *to, struct err *e);
} steps[] = { { "boot", step_boot }, { "move", step_move }, { "power", step_power },
	{ "switch", step_switch }, { "clock", step_clock }, { "create", step_create },
	{ "show", step_show }, { "lsc", step_lsc }, { "erase", step_erase },
	{ "write", step_write }, { "expect", step_expect } };

static int
fill_step(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	const char *word = l->word[0];

	if (word[0] != '\0' && (word[1] == ':' || word[1] == '!') && word[strlen(word) - 1] == ':')
		return step_command(r, l, to, e);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(word, steps[i].word) == 0)
			return steps[i].take(r, l, to, e);
	return line_refuse(r, e,
	    "a step is A: COMMAND, boot, move, power, switch, clock, create, show, lsc, erase, "
	    "write or expect, not \"%.40s\"",
	    word);
}

int
step_read(struct reading *r, struct line *l, struct err *e)
{
	struct script_section *s = r->section;
	struct script_step *to;

	if (s->n == SCRIPT_STEPS_MAX)
		return line_refuse(r, e, "more than %d steps in a section", SCRIPT_STEPS_MAX);
	to = &s->step[s->n++];
	*to = (struct script_step){ .line = r->line, .text = mem_text(l->text) };
	return fill_step(r, l, to, e);
}
