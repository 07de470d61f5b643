#include "cmd/help.h"

#include <string.h>

#include "cmd/args.h"

enum { NEAR = 2, NAME_MAX_BYTES = 64 };

static bool
has_noun(const struct verb *v, const char *noun, size_t n)
{
	return strncmp(v->words, noun, n) == 0 && (v->words[n] == '\0' || v->words[n] == ' ');
}

/* The verbs of all sets, one after the other; NULL after the last. */
static const struct verb *
verb_at(const struct verb_set *const *sets, size_t n, size_t at)
{
	for (size_t s = 0; s < n; s++) {
		if (at < sets[s]->n)
			return &sets[s]->verb[at];
		at -= sets[s]->n;
	}
	return NULL;
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

static bool
is_first_of_noun(const struct verb_set *const *sets, size_t n, size_t at)
{
	const char *words = verb_at(sets, n, at)->words;
	size_t noun = strcspn(words, " ");

	for (size_t i = 0; i < at; i++)
		if (has_noun(verb_at(sets, n, i), words, noun))
			return false;
	return true;
}

/* A noun and its verbs on one line, wherever they stand: `show` has some in several tables.  A verb
 * that is all of its own name tells what it does instead. */
static void
put_noun(const struct verb_set *const *sets, size_t n, size_t at, FILE *to)
{
	const struct verb *v = verb_at(sets, n, at);
	const char *words = v->words, *before = "";
	size_t noun = strcspn(words, " ");

	fprintf(to, "  %-10.*s ", (int)noun, words);
	for (; (v = verb_at(sets, n, at)) != NULL; at++) {
		if (!has_noun(v, words, noun))
			continue;
		fprintf(to, "%s%s", before, v->words[noun] == ' ' ? v->words + noun + 1 : v->help);
		before = ", ";
	}
	fprintf(to, "\n");
}

void
help_all(const struct verb_set *const *sets, size_t n, FILE *to)
{
	fprintf(to, "usage: trustlist NOUN VERB [arguments] [options]\n\n");
	for (size_t i = 0; verb_at(sets, n, i) != NULL; i++)
		if (is_first_of_noun(sets, n, i))
			put_noun(sets, n, i, to);
	fprintf(to, "\ntrustlist help NOUN [VERB] tells more.\n");
	put_common(to);
}

bool
help_noun(const struct verb_set *const *sets, size_t n, const char *noun, FILE *to)
{
	const struct verb *v;
	bool any = false;

	for (size_t i = 0; (v = verb_at(sets, n, i)) != NULL; i++) {
		if (!has_noun(v, noun, strlen(noun)))
			continue;
		fprintf(to, "  %-24s %s\n", v->words, v->help);
		any = true;
	}
	return any;
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

static void
add_name(const char *name, char *to, size_t size)
{
	size_t n = strlen(to);

	snprintf(to + n, size - n, "%s%s", n > 0 ? ", " : "", name);
}

/* The first so many words of a verb's name, or all when it has fewer; gives how many. */
static size_t
first_words(const char *name, size_t words, char *to, size_t size)
{
	size_t taken = 1, n = 0;

	for (; name[n] != '\0' && n + 1 < size; n++) {
		if (name[n] == ' ' && taken++ == words) {
			taken = words;
			break;
		}
	}
	snprintf(to, size, "%.*s", (int)n, name);
	return taken;
}

/* Compares as many words as both have: the verb may be missing, and arguments may follow it. */
static bool
is_near(const struct verb *v, const char *const *word, size_t words)
{
	char asked[NAME_MAX_BYTES] = "", name[NAME_MAX_BYTES];
	size_t common = first_words(v->words, words, name, sizeof(name)), at = 0;

	for (size_t i = 0; i < common && at < sizeof(asked); i++)
		at += (size_t)snprintf(
		    asked + at, sizeof(asked) - at, "%s%s", i > 0 ? " " : "", word[i]);
	return distance(asked, name) <= NEAR;
}

int
help_no_verb(const struct verb_set *const *sets, size_t n, const char *const *word, size_t words,
    struct err *e)
{
	char near[sizeof(e->hint) - 16] = "", of_noun[sizeof(e->hint)] = "";
	const struct verb *v;

	for (size_t i = 0; (v = verb_at(sets, n, i)) != NULL; i++) {
		if (is_near(v, word, words))
			add_name(v->words, near, sizeof(near));
		if (has_noun(v, word[0], strlen(word[0])))
			add_name(v->words, of_noun, sizeof(of_noun));
	}
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
