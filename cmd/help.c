#include "cmd/help.h"

#include <string.h>

#include "cmd/args.h"

enum { NEAR = 2, NAME_MAX_BYTES = 64 };

static bool
has_noun(const struct verb *v, const char *noun, size_t n)
{
	return strncmp(v->words, noun, n) == 0 && (v->words[n] == '\0' || v->words[n] == ' ');
}

/* Calls see() for each verb of all sets. */
static void
each_verb(const struct verb_set *const *sets, size_t n, void (*see)(void *ctx, const struct verb *),
    void *ctx)
{
	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < sets[s]->n; i++)
			see(ctx, &sets[s]->verb[i]);
}

static void
put_option(const struct verb_option *o, FILE *to)
{
	char name[NAME_MAX_BYTES];

	snprintf(name, sizeof(name), "--%s%s%s", o->name, o->metavar != NULL ? " " : "",
	    o->metavar != NULL ? o->metavar : "");
	fprintf(to, "  %-28s %s%s\n", name, o->help, o->many ? " (may be repeated)" : "");
}

static void
put_common(FILE *to)
{
	fprintf(to, "\noptions of every verb:\n");
	for (const struct verb_option *o = args_common(); o->name != NULL; o++)
		put_option(o, to);
}

struct nouns {
	FILE *to;
	const struct verb *before;
};

/* The verbs of a noun stand together in their table, and so on one line here. */
static void
put_in_list(void *ctx, const struct verb *v)
{
	struct nouns *list = ctx;
	size_t noun = strcspn(v->words, " ");
	bool goes_on = list->before != NULL && has_noun(list->before, v->words, noun);

	if (goes_on)
		fprintf(list->to, ", %s", v->words + noun + 1);
	else if (v->words[noun] == ' ')
		fprintf(list->to, "\n  %-10.*s %s", (int)noun, v->words, v->words + noun + 1);
	else
		fprintf(list->to, "\n  %-10s %s", v->words, v->help);
	list->before = v;
}

void
help_all(const struct verb_set *const *sets, size_t n, FILE *to)
{
	struct nouns list = { to, NULL };

	fprintf(to, "usage: trustlist NOUN VERB [arguments] [options]\n");
	each_verb(sets, n, put_in_list, &list);
	fprintf(to, "\n\ntrustlist help NOUN [VERB] tells more.\n");
	put_common(to);
}

struct of_noun {
	const char *noun;
	FILE *to;
	bool any;
};

static void
put_if_of_noun(void *ctx, const struct verb *v)
{
	struct of_noun *list = ctx;

	if (!has_noun(v, list->noun, strlen(list->noun)))
		return;
	fprintf(list->to, "  %-24s %s\n", v->words, v->help);
	list->any = true;
}

bool
help_noun(const struct verb_set *const *sets, size_t n, const char *noun, FILE *to)
{
	struct of_noun list = { noun, to, false };

	each_verb(sets, n, put_if_of_noun, &list);
	return list.any;
}

void
help_usage(const struct verb *v, FILE *to)
{
	bool more = false;

	fprintf(to, "usage: trustlist %s%s%s", v->words, v->args[0] != '\0' ? " " : "", v->args);
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++) {
		const struct verb_option *o = &v->option[i];

		more = more || !o->must;
		if (o->must)
			fprintf(to, " --%s %s%s", o->name, o->metavar, o->many ? " ..." : "");
	}
	fprintf(to, "%s\n", more ? " [options]" : "");
}

void
help_verb(const struct verb *v, FILE *to)
{
	help_usage(v, to);
	fprintf(to, "%s\n", v->help);
	if (v->option[0].name != NULL)
		fprintf(to, "\noptions:\n");
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++)
		put_option(&v->option[i], to);
	put_common(to);
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters have to be changed, put in or left out (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1], n = strlen(b);

	if (n > NAME_MAX_BYTES)
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (; *a != '\0'; a++) {
		size_t corner = row[0]++;

		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + (*a != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

/* What was asked for, and the names found for the hint. */
struct search {
	const char *const *word;
	size_t words;
	char *to;
	size_t size;
};

static void
add_name(struct search *s, const char *name)
{
	size_t n = strlen(s->to);

	snprintf(s->to + n, s->size - n, "%s%s", n > 0 ? ", " : "", name);
}

/* As many of the words as the verb's name has: the others are arguments. */
static void
join(const struct search *s, const struct verb *v, char *to, size_t size)
{
	size_t at = 0, n = 1;

	for (const char *p = v->words; *p != '\0'; p++)
		n += *p == ' ';
	to[0] = '\0';
	for (size_t i = 0; i < s->words && i < n && at < size; i++)
		at += (size_t)snprintf(to + at, size - at, "%s%s", i > 0 ? " " : "", s->word[i]);
}

static void
add_if_near(void *ctx, const struct verb *v)
{
	char asked[NAME_MAX_BYTES];

	join(ctx, v, asked, sizeof(asked));
	if (distance(asked, v->words) <= NEAR)
		add_name(ctx, v->words);
}

static void
add_if_of_noun(void *ctx, const struct verb *v)
{
	struct search *s = ctx;

	if (has_noun(v, s->word[0], strlen(s->word[0])))
		add_name(s, v->words);
}

int
help_no_verb(const struct verb_set *const *sets, size_t n, const char *const *word, size_t words,
    struct err *e)
{
	char near[sizeof(e->hint)] = "", of_noun[sizeof(e->hint)] = "";
	struct search nearest = { word, words, near, sizeof(near) };
	struct search siblings = { word, words, of_noun, sizeof(of_noun) };

	each_verb(sets, n, add_if_near, &nearest);
	each_verb(sets, n, add_if_of_noun, &siblings);
	if (of_noun[0] == '\0')
		err_set(e, ERR_USAGE, "%s: no such noun", word[0]);
	else if (words == 1)
		err_set(e, ERR_USAGE, "%s: which verb?", word[0]);
	else
		err_set(e, ERR_USAGE, "%s: no verb %s", word[0], word[1]);
	if (near[0] != '\0')
		return err_hint(e, "did you mean: %s", near);
	if (of_noun[0] != '\0')
		return err_hint(e, "%s", of_noun);
	return err_hint(e, "trustlist help shows all");
}
