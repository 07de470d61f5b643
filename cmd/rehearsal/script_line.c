#include "cmd/rehearsal/script_line.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int
line_refuse(const struct reading *r, struct err *e, const char *fmt, ...)
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

void
words_free(char **word, size_t n)
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
		return line_refuse(r, e, "a quote (%c) that does not end", quote);
	*out = mem_text_n(word, n);
	return 0;
}

int
line_split(const struct reading *r, const char *text, struct line *out, struct err *e)
{
	const char *at = text;

	*out = (struct line){ .text = text };
	for (;;) {
		at += strspn(at, " ");
		if (*at == '\0')
			return 0;
		if (out->words == SCRIPT_WORDS_MAX) {
			words_free(out->word, out->words);
			return line_refuse(r, e, "more than %d words", SCRIPT_WORDS_MAX);
		}
		if (take_word(r, &at, &out->word[out->words], e) != 0) {
			words_free(out->word, out->words);
			return -1;
		}
		out->words++;
	}
}

bool
line_has(const struct line *l, size_t i, const char *word)
{
	return i < l->words && strcmp(l->word[i], word) == 0;
}

int
line_number(const struct reading *r, const char *what, const char *text, long low, long high,
    long *out, struct err *e)
{
	char *end;

	*out = strtol(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || *out < low || *out > high)
		return line_refuse(
		    r, e, "%s: a number from %ld to %ld, not \"%.40s\"", what, low, high, text);
	return 0;
}

int
line_percent(const struct reading *r, const char *text, unsigned *out, struct err *e)
{
	char digits[8];
	size_t n = strlen(text);
	long value;

	if (n < 2 || n > sizeof(digits) || text[n - 1] != '%')
		return line_refuse(r, e, "a share is written as 10%%, not \"%.40s\"", text);
	memcpy(digits, text, n - 1);
	digits[n - 1] = '\0';
	if (line_number(r, "share", digits, 0, 100, &value, e) != 0)
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

int
line_variables(const struct reading *r, const char *word, struct err *e)
{
	for (const char *at = strchr(word, '$'); at != NULL; at = strchr(at + 1, '$'))
		if (variable_at(at) == VARIABLES)
			return line_refuse(r, e,
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
int
line_file(const struct reading *r, const char *word, char **out, struct err *e)
{
	const char *name = word + strlen("$dir/");

	if (strncmp(word, "$dir/", strlen("$dir/")) != 0 || *name == '\0' || *name == '.' ||
	    strpbrk(name, "/$") != NULL)
		return line_refuse(r, e, "a file is $dir/NAME, not \"%.60s\"", word);
	*out = mem_text(name);
	return 0;
}

/* ---- clusters and phones ---- */

int
line_cluster(const struct reading *r, const char *name, unsigned *out, struct err *e)
{
	for (unsigned i = 0; i < STATE_CLUSTERS; i++) {
		if (strcmp(name, script_cluster_name(i)) != 0)
			continue;
		*out = i;
		if (r->s->cluster[i].there)
			return 0;
		return line_refuse(r, e,
		    "there is no cluster %s: the head needs \"cluster %s release 12.5\"", name,
		    name);
	}
	return line_refuse(r, e, "a cluster is A or B, not \"%.40s\"", name);
}

/* WHO from word i on. */
int
line_selection(
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
		if (!line_has(l, *i, whos[k].word))
			continue;
		to->who = whos[k].who;
		(*i)++;
		return 0;
	}
	if (isdigit((unsigned char)l->word[*i][0])) {
		to->who = WHO_COUNT;
		if (line_number(r, "how many", l->word[*i], 0, FLEET_PHONES_MAX, &count, e) != 0)
			return -1;
		to->count = (size_t)count;
		(*i)++;
		return 0;
	}
	if (!line_has(l, *i, "models"))
		return line_refuse(r, e,
		    "which phones: all, none, absent, present, locked, a number, or models 79xx "
		    "..., not \"%.40s\"",
		    l->word[*i]);
	to->who = WHO_MODELS;
	for ((*i)++; *i < l->words && isdigit((unsigned char)l->word[*i][0]); (*i)++)
		wr_fmt(&models, "%s%s", models.n > 0 ? " " : "", l->word[*i]);
	snprintf(to->models, sizeof(to->models), "%s", wr_cstr(&models));
	if (models.n == 0 || models.n >= sizeof(to->models)) {
		wr_free(&models);
		return line_refuse(r, e,
		    "models: some of 7975, 79xx (x is any digit), ..., %d bytes in all",
		    WHO_MODELS_MAX - 1);
	}
	wr_free(&models);
	return 0;
}

/* WORD A release 12.5 [mixed] */
int
line_release(
    const struct reading *r, const struct line *l, struct script_cluster *to, struct err *e)
{
	bool mixed = line_has(l, 4, "mixed");
	enum release release = l->words > 3 ? release_of(l->word[3]) : 0;

	if (!line_has(l, 2, "release") || release == 0 || l->words != (mixed ? 5u : 4u) ||
	    (!line_has(l, 1, "A") && !line_has(l, 1, "B")))
		return line_refuse(r, e,
		    "%s A|B release 8.0|10.0|11.5|12.5|14 [mixed], not \"%.80s\"", l->word[0],
		    l->text);
	*to = (struct script_cluster){ true, release, mixed };
	return 0;
}
