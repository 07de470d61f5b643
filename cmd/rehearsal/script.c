#include "cmd/rehearsal/script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/rehearsal/script_line.h"

/* ---- the head ---- */

static int
mix_model(const struct reading *r, const char *word, struct fleet_mix *to, struct err *e)
{
	const char *colon = strchr(word, ':');
	char *name = mem_text_n(word, colon == NULL ? strlen(word) : (size_t)(colon - word));
	const struct model *model = model_of(name);
	long share = 1;

	free(name);
	if (model == NULL)
		return line_refuse(
		    r, e, "models: \"%.40s\" is no model that we know (MODEL:SHARE)", word);
	if (to->parts == FLEET_MODELS_MAX)
		return line_refuse(r, e, "models: more than %d", FLEET_MODELS_MAX);
	if (colon != NULL && line_number(r, "models: share", colon + 1, 1, 1000, &share, e) != 0)
		return -1;
	to->part[to->parts].model = model;
	to->part[to->parts++].share = (unsigned)share;
	return 0;
}

/* title, source, outcome: the rest of the line as it stands there, with apostrophes.  Gives whether
 * it is one of them. */
static bool
is_text(const struct reading *r, const char *line, char ***to, const char **rest)
{
	struct script *s = r->s;
	const struct {
		const char *word;
		char **to;
	} texts[] = { { "title", &s->title }, { "source", &s->source },
		{ "outcome", &s->outcome } };
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
		return line_refuse(r, e, "%.*s: said twice", n, line);
	if (*rest == '\0')
		return line_refuse(r, e, "%.*s: a text", n, line);
	*to = mem_text(rest);
	return 0;
}

static int
head_cluster(struct reading *r, const struct line *l, struct err *e)
{
	struct script_cluster *c, like;

	if (line_release(r, l, &like, e) != 0)
		return -1;
	c = &r->s->cluster[l->word[1][0] - 'A'];
	if (c->there)
		return line_refuse(r, e, "cluster %s: said twice", l->word[1]);
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
		return line_refuse(r, e, "fleet: said twice");
	if (!line_has(l, 2, "models"))
		return line_refuse(
		    r, e, "fleet NUMBER models MODEL:SHARE ... [at A], not \"%.80s\"", l->text);
	if (line_number(r, "fleet", l->word[1], 1, FLEET_PHONES_MAX, &n, e) != 0)
		return -1;
	f->phones = (size_t)n;
	for (; i < l->words && !line_has(l, i, "at"); i++)
		if (mix_model(r, l->word[i], f, e) != 0)
			return -1;
	if (f->parts == 0)
		return line_refuse(r, e, "fleet: no model is named (MODEL:SHARE)");
	r->has_fleet = true;
	if (i == l->words)
		return 0;
	if (i + 2 != l->words)
		return line_refuse(r, e, "fleet: \"at\" and one cluster come last");
	return line_cluster(r, l->word[i + 1], &r->s->at, e);
}

static int
head_tokens(struct reading *r, const struct line *l, struct err *e)
{
	if (l->words != 1)
		return line_refuse(r, e, "tokens: nothing stands behind it");
	r->s->tokens = true;
	return 0;
}

static int
read_head(struct reading *r, const struct line *l, struct err *e)
{
	static const struct {
		const char *word;
		int (*take)(struct reading *r, const struct line *l, struct err *e);
	} heads[] = { { "cluster", head_cluster }, { "fleet", head_fleet },
		{ "tokens", head_tokens } };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strcmp(l->word[0], heads[i].word) == 0)
			return heads[i].take(r, l, e);
	return line_refuse(r, e,
	    "before the first section: title, source, outcome, cluster, fleet or tokens, not \"%.40s\"",
	    l->word[0]);
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
		return line_refuse(r, e, "[wrong: TITLE] or [other: TITLE]: the title is missing");
	if (r->s->variants == SCRIPT_VARIANTS_MAX)
		return line_refuse(r, e, "more than %d sections [wrong: ...] and [other: ...]",
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
		return line_refuse(r, e, "a section ends with ]");
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
		return line_refuse(r, e,
		    "a section is [before], [steps], [back], [wrong: TITLE] or [other: TITLE], not "
		    "\"%.60s\"",
		    text);
	}
	if (r->section->line != 0)
		return line_refuse(r, e, "%s: a second one", text);
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
	if (line_split(r, text, &l, e) != 0)
		return -1;
	rc = r->section == NULL ? read_head(r, &l, e) : step_read(r, &l, e);
	words_free(l.word, l.words);
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
		return line_refuse(r, e, "a line of more than %d bytes", SCRIPT_LINE_MAX - 1);
	for (size_t i = 0; i < n; i++) {
		to[i] = (char)(line.p[i] == '\t' ? ' ' : line.p[i]);
		if (iscntrl((unsigned char)to[i]))
			return line_refuse(r, e, "a control byte (%02x)", line.p[i]);
	}
	if (!bytes_is_utf8(bytes_part(line, 0, n)))
		return line_refuse(r, e, "not UTF-8");
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
		return line_refuse(r, e, "the head has no title");
	if (!r->s->cluster[0].there)
		return line_refuse(r, e, "the head has no cluster A");
	if (!r->has_fleet)
		return line_refuse(r, e, "the head has no fleet");
	if (r->s->steps.n == 0)
		return line_refuse(r, e, "there is no section [steps], or it is empty");
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
		words_free(s->step[i].word, s->step[i].words);
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
