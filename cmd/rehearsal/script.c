#include "cmd/rehearsal/script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/judge.h"

/* The reading of one file. */
struct reading {
	const char *name;
	int line;
	struct script *s;
	struct script_section *section; /* NULL: still in the head */
	bool has_fleet;
};

/* A line taken apart: words[0] says what it is. */
struct line {
	const char *text; /* trimmed */
	char *word[SCRIPT_WORDS_MAX + 1];
	size_t words;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct reading *r, struct err *e, const char *fmt, ...)
{
	char why[sizeof(((struct err *)NULL)->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_USAGE, "%.80s:%d: %.380s", r->name, r->line, why);
}

const char *
script_cluster_name(unsigned cluster)
{
	return cluster == 0 ? "A" : "B";
}

/* ---- words ---- */

static void
free_words(char **word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(word[i]);
}

/* One word from *at on, without its quotes. */
static int
take_word(const struct reading *r, const char **at, char **out, struct err *e)
{
	char word[SCRIPT_LINE_MAX];
	size_t n = 0;
	char quote = '\0';

	for (; **at != '\0' && (quote != '\0' || **at != ' '); (*at)++) {
		if (quote == '\0' && (**at == '\'' || **at == '"'))
			quote = **at;
		else if (**at == quote)
			quote = '\0';
		else
			word[n++] = **at;
	}
	if (quote != '\0')
		return refuse(r, e, "a quote (%c) that does not end", quote);
	*out = mem_text_n(word, n);
	return 0;
}

static int
split(const struct reading *r, const char *text, struct line *out, struct err *e)
{
	const char *at = text;

	*out = (struct line){ .text = text };
	for (;;) {
		at += strspn(at, " ");
		if (*at == '\0')
			return 0;
		if (out->words == SCRIPT_WORDS_MAX) {
			free_words(out->word, out->words);
			return refuse(r, e, "more than %d words", SCRIPT_WORDS_MAX);
		}
		if (take_word(r, &at, &out->word[out->words], e) != 0) {
			free_words(out->word, out->words);
			return -1;
		}
		out->words++;
	}
}

static bool
is_word(const struct line *l, size_t i, const char *word)
{
	return i < l->words && strcmp(l->word[i], word) == 0;
}

static int
number(const struct reading *r, const char *what, const char *text, long low, long high, long *out,
    struct err *e)
{
	char *end;

	*out = strtol(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || *out < low || *out > high)
		return refuse(r, e, "%s: a number from %ld to %ld, not \"%.40s\"", what, low, high,
		    text);
	return 0;
}

static int
percent_of(const struct reading *r, const char *text, unsigned *out, struct err *e)
{
	char digits[8];
	size_t n = strlen(text);
	long value;

	if (n < 2 || n > sizeof(digits) || text[n - 1] != '%')
		return refuse(r, e, "a share is written as 10%%, not \"%.40s\"", text);
	memcpy(digits, text, n - 1);
	digits[n - 1] = '\0';
	if (number(r, "share", digits, 0, 100, &value, e) != 0)
		return -1;
	*out = (unsigned)value;
	return 0;
}

/* ---- variables ---- */

static const char *const variables[] = { "$dir", "$A", "$B", "$cn" };
enum { VARIABLES = sizeof(variables) / sizeof(variables[0]) };

/* Which variable stands at this '$'; VARIABLES: none that we know. */
static size_t
variable_at(const char *at)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		size_t n = strlen(variables[i]);

		if (strncmp(at, variables[i], n) == 0 && !isalnum((unsigned char)at[n]))
			return i;
	}
	return VARIABLES;
}

static int
check_variables(const struct reading *r, const char *word, struct err *e)
{
	for (const char *at = strchr(word, '$'); at != NULL; at = strchr(at + 1, '$'))
		if (variable_at(at) == VARIABLES)
			return refuse(r, e,
			    "\"%.40s\": the variables are $dir (a folder of this run), $A and $B "
			    "(addresses), and $cn (common name of what was exported last)",
			    at);
	return 0;
}

char *
script_word(const char *word, const struct script_values *v)
{
	const char *value[VARIABLES] = { v->dir, v->address[0], v->address[1], v->cn };
	struct wr w = { 0 };
	char *out;

	while (*word != '\0') {
		size_t i = *word == '$' ? variable_at(word) : VARIABLES;

		if (i == VARIABLES) {
			wr_u8(&w, (uint8_t)*word++);
			continue;
		}
		wr_text(&w, value[i] != NULL ? value[i] : "");
		word += strlen(variables[i]);
	}
	out = mem_text(wr_cstr(&w));
	wr_free(&w);
	return out;
}

/* A file that the rehearsal writes lies in its own folder: a script from somebody else writes
 * nowhere else. */
static int
file_of(const struct reading *r, const char *word, char **out, struct err *e)
{
	const char *name = word + strlen("$dir/");

	if (strncmp(word, "$dir/", strlen("$dir/")) != 0 || *name == '\0' || *name == '.' ||
	    strpbrk(name, "/$") != NULL)
		return refuse(r, e, "a file is $dir/NAME, not \"%.60s\"", word);
	*out = mem_text(name);
	return 0;
}

/* ---- clusters and phones ---- */

static int
cluster_of(const struct reading *r, const char *name, unsigned *out, struct err *e)
{
	for (unsigned i = 0; i < STATE_CLUSTERS; i++) {
		if (strcmp(name, script_cluster_name(i)) != 0)
			continue;
		*out = i;
		if (r->s->cluster[i].there)
			return 0;
		return refuse(r, e, "there is no cluster %s: the head needs \"cluster %s release 12.5\"",
		    name, name);
	}
	return refuse(r, e, "a cluster is A or B, not \"%.40s\"", name);
}

/* WHO from word i on. */
static int
selection_of(
    const struct reading *r, const struct line *l, size_t *i, struct selection *to, struct err *e)
{
	static const struct {
		const char *word;
		enum who who;
	} whos[] = { { "all", WHO_ALL }, { "absent", WHO_ABSENT }, { "present", WHO_PRESENT },
		{ "locked", WHO_LOCKED }, { "none", WHO_NONE } };
	struct wr models = { 0 };
	long count;

	*to = (struct selection){ .who = WHO_ALL };
	if (*i == l->words)
		return 0;
	for (size_t k = 0; k < sizeof(whos) / sizeof(whos[0]); k++) {
		if (!is_word(l, *i, whos[k].word))
			continue;
		to->who = whos[k].who;
		(*i)++;
		return 0;
	}
	if (isdigit((unsigned char)l->word[*i][0])) {
		to->who = WHO_COUNT;
		if (number(r, "how many", l->word[*i], 0, FLEET_PHONES_MAX, &count, e) != 0)
			return -1;
		to->count = (size_t)count;
		(*i)++;
		return 0;
	}
	if (!is_word(l, *i, "models"))
		return refuse(r, e,
		    "which phones: all, none, absent, present, locked, a number, or models 79xx "
		    "..., not \"%.40s\"",
		    l->word[*i]);
	to->who = WHO_MODELS;
	for ((*i)++; *i < l->words && isdigit((unsigned char)l->word[*i][0]); (*i)++)
		wr_fmt(&models, "%s%s", models.n > 0 ? " " : "", l->word[*i]);
	snprintf(to->models, sizeof(to->models), "%s", wr_cstr(&models));
	if (models.n == 0 || models.n >= sizeof(to->models)) {
		wr_free(&models);
		return refuse(r, e, "models: some of 7975, 79xx (x is any digit), ..., %d bytes in all",
		    WHO_MODELS_MAX - 1);
	}
	wr_free(&models);
	return 0;
}

static int
mix_model(const struct reading *r, const char *word, struct fleet_mix *to, struct err *e)
{
	const char *colon = strchr(word, ':');
	char *name = mem_text_n(word, colon == NULL ? strlen(word) : (size_t)(colon - word));
	const struct model *model = model_of(name);
	long share = 1;

	free(name);
	if (model == NULL)
		return refuse(r, e, "models: \"%.40s\" is no model that we know (MODEL:SHARE)", word);
	if (to->parts == FLEET_MODELS_MAX)
		return refuse(r, e, "models: more than %d", FLEET_MODELS_MAX);
	if (colon != NULL && number(r, "models: share", colon + 1, 1, 1000, &share, e) != 0)
		return -1;
	to->part[to->parts].model = model;
	to->part[to->parts++].share = (unsigned)share;
	return 0;
}

/* ---- the head ---- */

/* title, source, outcome: the rest of the line as it stands there, with apostrophes.  Gives whether
 * it is one of them. */
static bool
is_text(const struct reading *r, const char *line, char ***to, const char **rest)
{
	struct script *s = r->s;
	const struct {
		const char *word;
		char **to;
	} texts[] = { { "title", &s->title }, { "source", &s->source }, { "outcome", &s->outcome } };
	size_t n = strcspn(line, " ");

	for (size_t i = 0; r->section == NULL && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strlen(texts[i].word) != n || strncmp(line, texts[i].word, n) != 0)
			continue;
		*to = texts[i].to;
		*rest = line + n + strspn(line + n, " ");
		return true;
	}
	return false;
}

static int
head_text(const struct reading *r, const char *line, char **to, const char *rest, struct err *e)
{
	int n = (int)strcspn(line, " ");

	if (*to != NULL)
		return refuse(r, e, "%.*s: said twice", n, line);
	if (*rest == '\0')
		return refuse(r, e, "%.*s: a text", n, line);
	*to = mem_text(rest);
	return 0;
}

/* WORD A release 12.5 [mixed] */
static int
release_line(const struct reading *r, const struct line *l, struct script_cluster *to, struct err *e)
{
	bool mixed = is_word(l, 4, "mixed");
	enum release release = l->words > 3 ? release_of(l->word[3]) : 0;

	if (!is_word(l, 2, "release") || release == 0 || l->words != (mixed ? 5u : 4u) ||
	    (!is_word(l, 1, "A") && !is_word(l, 1, "B")))
		return refuse(r, e, "%s A|B release 8.0|10.0|11.5|12.5|14 [mixed], not \"%.80s\"",
		    l->word[0], l->text);
	*to = (struct script_cluster){ true, release, mixed };
	return 0;
}

static int
head_cluster(struct reading *r, const struct line *l, struct err *e)
{
	struct script_cluster *c, like;

	if (release_line(r, l, &like, e) != 0)
		return -1;
	c = &r->s->cluster[l->word[1][0] - 'A'];
	if (c->there)
		return refuse(r, e, "cluster %s: said twice", l->word[1]);
	*c = like;
	return 0;
}

static int
head_fleet(struct reading *r, const struct line *l, struct err *e)
{
	struct fleet_mix *f = &r->s->fleet;
	size_t i = 3;
	long n;

	if (r->has_fleet)
		return refuse(r, e, "fleet: said twice");
	if (!is_word(l, 2, "models"))
		return refuse(r, e, "fleet NUMBER models MODEL:SHARE ... [at A], not \"%.80s\"", l->text);
	if (number(r, "fleet", l->word[1], 1, FLEET_PHONES_MAX, &n, e) != 0)
		return -1;
	f->phones = (size_t)n;
	for (; i < l->words && !is_word(l, i, "at"); i++)
		if (mix_model(r, l->word[i], f, e) != 0)
			return -1;
	if (f->parts == 0)
		return refuse(r, e, "fleet: no model is named (MODEL:SHARE)");
	r->has_fleet = true;
	if (i == l->words)
		return 0;
	if (i + 2 != l->words)
		return refuse(r, e, "fleet: \"at\" and one cluster come last");
	return cluster_of(r, l->word[i + 1], &r->s->at, e);
}

static int
read_head(struct reading *r, const struct line *l, struct err *e)
{
	static const struct {
		const char *word;
		int (*take)(struct reading *r, const struct line *l, struct err *e);
	} heads[] = { { "cluster", head_cluster }, { "fleet", head_fleet } };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strcmp(l->word[0], heads[i].word) == 0)
			return heads[i].take(r, l, e);
	return refuse(r, e,
	    "before the first section: title, source, outcome, cluster or fleet, not \"%.40s\"",
	    l->word[0]);
}

/* ---- steps ---- */

/* "A:" must succeed, "A!4:" ends with exit status 4, "A!:" with any but 0. */
static int
command_head(
    const struct reading *r, const char *word, struct script_step *to, struct err *e)
{
	char name[2] = { word[0], '\0' }, digits[4];
	size_t n = strlen(word);
	long status;

	if (cluster_of(r, name, &to->cluster, e) != 0)
		return -1;
	if (n == 2)
		return 0;
	if (word[1] != '!' || n > 5)
		return refuse(r, e, "a command begins with %s:, %s!: or %s!4:", name, name, name);
	to->status = STATUS_REFUSED;
	if (n == 3)
		return 0;
	memcpy(digits, word + 2, n - 3);
	digits[n - 3] = '\0';
	if (number(r, "exit status", digits, 1, 5, &status, e) != 0)
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
	if (words > 3 && is_word(l, words - 2, ">")) {
		if (file_of(r, l->word[words - 1], &to->file, e) != 0)
			return -1;
		words -= 2;
	}
	if (words < 2)
		return refuse(r, e, "%s what? a command of trustlist: cert list", l->word[0]);
	if (!may_run(l->word[1]))
		return refuse(r, e, "a step cannot be trustlist %s", l->word[1]);
	for (size_t i = 1; i < words; i++)
		if (check_variables(r, l->word[i], e) != 0)
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
	return refuse(r, e, "%s: one word too many: \"%.40s\"", l->word[0], l->word[i]);
}

static int
step_boot(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	size_t i = 1;

	to->what = DO_BOOT;
	if (selection_of(r, l, &i, &to->who, e) != 0 || no_more(r, l, i, e) != 0)
		return -1;
	if (to->who.who != WHO_NONE && to->who.who != WHO_COUNT)
		return 0;
	return refuse(r, e, "boot all, absent, present, locked or models 79xx ...");
}

static int
step_erase(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	size_t i = 1;

	to->what = DO_ERASE;
	if (l->words < 2)
		return refuse(r, e, "erase whose lists? locked, all, absent, models 79xx ...");
	if (selection_of(r, l, &i, &to->who, e) != 0 || no_more(r, l, i, e) != 0)
		return -1;
	if (to->who.who != WHO_NONE && to->who.who != WHO_COUNT)
		return 0;
	return refuse(r, e, "erase locked, all, absent, present or models 79xx ...");
}

/* A word and a cluster. */
static int
step_of_cluster(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	if (l->words < 2)
		return refuse(r, e, "%s A or %s B", l->word[0], l->word[0]);
	if (cluster_of(r, l->word[1], &to->cluster, e) != 0)
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
	if (release_line(r, l, &to->like, e) != 0)
		return -1;
	return cluster_of(r, l->word[1], &to->cluster, e);
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
	to->on = is_word(l, 1, "on");
	if (to->on)
		return no_more(r, l, 2, e);
	if (!is_word(l, 1, "off") || l->words < 3)
		return refuse(r, e, "power off 10%% or power on");
	if (percent_of(r, l->word[2], &to->percent, e) != 0)
		return -1;
	return no_more(r, l, 3, e);
}

static int
step_switch(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_SWITCH;
	to->on = is_word(l, 1, "on");
	if ((!to->on && !is_word(l, 1, "off")) || l->words < 3)
		return refuse(r, e, "switch off A, switch on A");
	if (cluster_of(r, l->word[2], &to->cluster, e) != 0)
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
		return refuse(r, e,
		    "clock +90s, +31m, +25h or +400d, at most ten years, not \"%.40s\"", word);
	to->seconds = n * seconds[unit - units];
	return no_more(r, l, 2, e);
}

static int
step_show(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_SHOW;
	if (l->words < 2)
		return refuse(r, e, "show which certificate? $dir/NAME");
	if (check_variables(r, l->word[1], e) != 0)
		return -1;
	to->file = mem_text(l->word[1]);
	return no_more(r, l, 2, e);
}

static int
step_write(struct reading *r, struct line *l, struct script_step *to, struct err *e)
{
	to->what = DO_WRITE;
	if (l->words < 3)
		return refuse(r, e, "write $dir/NAME TEXT");
	if (file_of(r, l->word[1], &to->file, e) != 0)
		return -1;
	to->content = mem_text(l->word[2]);
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
		return refuse(
		    r, e, "expect %s, not \"%.40s\"", expectation_words(), word);
	if (selection_of(r, l, &i, &to->expect.of, e) != 0)
		return -1;
	if (i < l->words && to->expect.quality == QUALITY_STATE &&
	    to->expect.state == STATE_LOCKED) {
		if (expectation_reason(l->word[i], &to->expect.reason) != 0)
			return refuse(r, e,
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
	return refuse(r, e,
	    "a step is A: COMMAND, boot, move, power, switch, clock, create, show, lsc, erase, "
	    "write or expect, not \"%.40s\"",
	    word);
}

static int
read_step(struct reading *r, struct line *l, struct err *e)
{
	struct script_section *s = r->section;
	struct script_step *to;

	if (s->n == SCRIPT_STEPS_MAX)
		return refuse(r, e, "more than %d steps in a section", SCRIPT_STEPS_MAX);
	to = &s->step[s->n++];
	*to = (struct script_step){ .line = r->line, .text = mem_text(l->text) };
	return fill_step(r, l, to, e);
}

/* ---- sections ---- */

static int
begin_variant(struct reading *r, bool wrong, const char *title, size_t n, struct err *e)
{
	while (n > 0 && *title == ' ') {
		title++;
		n--;
	}
	if (n == 0)
		return refuse(r, e, "[wrong: TITLE] or [other: TITLE]: the title is missing");
	if (r->s->variants == SCRIPT_VARIANTS_MAX)
		return refuse(r, e, "more than %d sections [wrong: ...] and [other: ...]",
		    SCRIPT_VARIANTS_MAX);
	r->section = &r->s->variant[r->s->variants++];
	r->section->wrong = wrong;
	r->section->title = mem_text_n(title, n);
	return 0;
}

static int
begin_section(struct reading *r, const char *text, struct err *e)
{
	size_t n = strlen(text);

	if (text[n - 1] != ']')
		return refuse(r, e, "a section ends with ]");
	if (strncmp(text, "[wrong:", 7) == 0 || strncmp(text, "[other:", 7) == 0) {
		if (begin_variant(r, text[1] == 'w', text + 7, n - 8, e) != 0)
			return -1;
	} else if (strcmp(text, "[before]") == 0) {
		r->section = &r->s->before;
	} else if (strcmp(text, "[steps]") == 0) {
		r->section = &r->s->steps;
	} else if (strcmp(text, "[back]") == 0) {
		r->section = &r->s->back;
	} else {
		return refuse(r, e,
		    "a section is [before], [steps], [back], [wrong: TITLE] or [other: TITLE], not "
		    "\"%.60s\"",
		    text);
	}
	if (r->section->line != 0)
		return refuse(r, e, "%s: a second one", text);
	r->section->line = r->line;
	r->section->step = mem_array(SCRIPT_STEPS_MAX, sizeof(*r->section->step));
	return 0;
}

static int
read_line(struct reading *r, const char *text, struct err *e)
{
	const char *rest;
	struct line l;
	char **to;
	int rc;

	if (text[0] == '\0' || text[0] == '#')
		return 0;
	if (text[0] == '[')
		return begin_section(r, text, e);
	if (is_text(r, text, &to, &rest))
		return head_text(r, text, to, rest, e);
	if (split(r, text, &l, e) != 0)
		return -1;
	rc = r->section == NULL ? read_head(r, &l, e) : read_step(r, &l, e);
	free_words(l.word, l.words);
	return rc;
}

/* Blanks at its ends go; a tab counts as a blank, other control bytes are nobody's. */
static int
trim(const struct reading *r, struct bytes line, char to[SCRIPT_LINE_MAX], struct err *e)
{
	size_t n = line.n, from = 0;

	if (n > 0 && line.p[n - 1] == '\r')
		n--;
	if (n >= SCRIPT_LINE_MAX)
		return refuse(r, e, "a line of more than %d bytes", SCRIPT_LINE_MAX - 1);
	for (size_t i = 0; i < n; i++) {
		to[i] = line.p[i] == '\t' ? ' ' : (char)line.p[i];
		if (iscntrl((unsigned char)to[i]))
			return refuse(r, e, "a control byte (%02x)", line.p[i]);
	}
	if (!bytes_is_utf8(bytes_part(line, 0, n)))
		return refuse(r, e, "not UTF-8");
	while (n > 0 && to[n - 1] == ' ')
		n--;
	while (from < n && to[from] == ' ')
		from++;
	memmove(to, to + from, n - from);
	to[n - from] = '\0';
	return 0;
}

static int
read_lines(struct reading *r, struct bytes text, struct err *e)
{
	char line[SCRIPT_LINE_MAX];

	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);

		r->line++;
		if (trim(r, bytes_part(text, 0, n), line, e) != 0 || read_line(r, line, e) != 0)
			return -1;
		text = bytes_from(text, n + (end != NULL));
	}
	return 0;
}

static int
check_whole(struct reading *r, struct err *e)
{
	r->line++;
	if (r->s->title == NULL)
		return refuse(r, e, "the head has no title");
	if (!r->s->cluster[0].there)
		return refuse(r, e, "the head has no cluster A");
	if (!r->has_fleet)
		return refuse(r, e, "the head has no fleet");
	if (r->s->steps.n == 0)
		return refuse(r, e, "there is no section [steps], or it is empty");
	return 0;
}

int
script_read(struct bytes text, const char *name, struct script *out, struct err *e)
{
	struct script s = { .name = mem_text(name) };
	struct reading r = { .name = name, .s = &s };
	int rc;

	*out = (struct script){ 0 };
	if (text.n > SCRIPT_BYTES_MAX)
		rc = err_set(e, ERR_LIMIT, "%.80s: more than %d bytes", name, SCRIPT_BYTES_MAX);
	else
		rc = read_lines(&r, text, e);
	if (rc == 0)
		rc = check_whole(&r, e);
	if (rc != 0) {
		script_free(&s);
		return -1;
	}
	*out = s;
	return 0;
}

static void
free_section(struct script_section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->step[i].text);
		free(s->step[i].file);
		free(s->step[i].content);
		free_words(s->step[i].word, s->step[i].words);
		free(s->step[i].word);
	}
	free(s->step);
	free(s->title);
}

void
script_free(struct script *s)
{
	free(s->name);
	free(s->title);
	free(s->source);
	free(s->outcome);
	free_section(&s->before);
	free_section(&s->steps);
	free_section(&s->back);
	for (size_t i = 0; i < s->variants; i++)
		free_section(&s->variant[i]);
	*s = (struct script){ 0 };
}
