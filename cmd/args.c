#include "cmd/args.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* In this order they are numbered for popt, from 1; the options of the verb come after them. */
enum common { ROOT = 1, JSON, YES, LOG_LEVEL, HELP, VERSION, FIRST_OF_VERB };

static const struct verb_option common[] = {
	{ .name = "root",
	    .metavar = "DIR",
	    .help = "the cluster's folder (else $TRUSTLIST_ROOT, else /var/lib/trustlist)" },
	{ .name = "json", .help = "the result as one JSON document" },
	{ .name = "yes", .help = "go on even where phones would be locked" },
	{ .name = "log-level", .metavar = "LEVEL", .help = "error, warn, info or debug" },
	{ .name = "help", .help = "what a verb does and takes" },
	{ .name = "version", .help = "which trustlist this is" },
	{ .name = NULL },
};

enum { COMMON = sizeof(common) / sizeof(common[0]) - 1, TABLE = COMMON + VERB_OPTIONS_MAX + 1 };

const struct verb_option *
args_common(void)
{
	return common;
}

static const char *
keep(struct args *a, char *text)
{
	a->own = mem_resize(a->own, (a->owned + 1) * sizeof(*a->own));
	a->own[a->owned++] = text;
	return text;
}

void
args_free(struct args *a)
{
	for (size_t i = 0; i < a->owned; i++)
		free(a->own[i]);
	free(a->own);
	free(a->word);
	free(a->option);
	*a = (struct args){ .log_level = LOG_INFO };
}

static struct poptOption
popt_of(const struct verb_option *o, int number)
{
	return (struct poptOption){
		.longName = o->name,
		.argInfo = o->metavar == NULL ? POPT_ARG_NONE : POPT_ARG_STRING,
		.val = number,
	};
}

static void
fill_table(struct poptOption table[TABLE], const struct verb *v)
{
	size_t n = 0;

	for (size_t i = 0; i < COMMON; i++, n++)
		table[n] = popt_of(&common[i], (int)n + 1);
	for (size_t i = 0; v != NULL && i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++, n++)
		table[n] = popt_of(&v->option[i], (int)n + 1);
	table[n] = (struct poptOption){ 0 };
}

static int
take_log_level(struct args *a, const char *value, struct err *e)
{
	int level = log_level_of(value);

	if (level < 0)
		return err_set(
		    e, ERR_USAGE, "--log-level %s: neither error, warn, info nor debug", value);
	a->log_level = (enum log_level)level;
	return 0;
}

static void
take_of_verb(struct args *a, const struct verb_option *o, const char *value)
{
	a->option = mem_resize(a->option, (a->options + 1) * sizeof(*a->option));
	a->option[a->options++] = (struct call_option){ o->name, value == NULL ? "" : value };
}

static int
take(struct args *a, const struct verb *v, int number, const char *value, struct err *e)
{
	switch (number) {
	case ROOT:
		a->root = value;
		return 0;
	case JSON:
		a->json = true;
		return 0;
	case YES:
		a->yes = true;
		return 0;
	case LOG_LEVEL:
		return take_log_level(a, value, e);
	case HELP:
		a->help = true;
		return 0;
	case VERSION:
		a->version = true;
		return 0;
	default:
		take_of_verb(a, &v->option[number - FIRST_OF_VERB], value);
		return 0;
	}
}

static int
refuse(const struct verb *v, const char *option, int why, struct err *e)
{
	const char *of = v == NULL ? "trustlist" : v->words;

	if (why == POPT_ERROR_BADOPT)
		return err_set(e, ERR_USAGE, "%s: no option %s", of, option);
	if (why == POPT_ERROR_NOARG)
		return err_set(e, ERR_USAGE, "%s: %s: its value is missing", of, option);
	if (why == POPT_ERROR_UNWANTEDARG)
		return err_set(e, ERR_USAGE, "%s: %s: takes no value", of, option);
	return err_set(e, ERR_USAGE, "%s: %s: %s", of, option, poptStrerror(why));
}

static void
take_words(struct args *a, poptContext con)
{
	const char **left = poptGetArgs(con);

	while (left != NULL && left[a->words] != NULL)
		a->words++;
	a->word = mem_array(a->words + 1, sizeof(*a->word));
	for (size_t i = 0; i < a->words; i++)
		a->word[i] = keep(a, mem_text(left[i]));
}

/* Reads up to the first thing that is wrong; *unknown: that is an option not in the table. */
static int
read_line(
    struct args *a, const struct verb *v, int argc, const char **argv, bool *unknown, struct err *e)
{
	struct poptOption table[TABLE];
	poptContext con;
	int number, rc = 0;

	args_free(a);
	fill_table(table, v);
	con = poptGetContext(NULL, argc, argv, table, 0);
	while (rc == 0 && (number = poptGetNextOpt(con)) > 0) {
		char *value = poptGetOptArg(con);

		rc = take(a, v, number, value == NULL ? NULL : keep(a, value), e);
	}
	if (number < -1)
		rc = refuse(v, poptBadOption(con, POPT_BADOPTION_NOALIAS), number, e);
	*unknown = number == POPT_ERROR_BADOPT;
	take_words(a, con);
	poptFreeContext(con);
	return rc;
}

/* `help file sign` is `file sign --help`. */
static void
find_verb(struct args *a, const struct verb_set *const *sets, size_t n)
{
	if (a->words > 0 && strcmp(a->word[0], "help") == 0) {
		a->help = true;
		a->words--;
		memmove(a->word, a->word + 1, a->words * sizeof(*a->word));
	}
	a->verb = verb_find(sets, n, a->word, a->words, &a->used);
}

int
args_parse(struct args *a, const struct verb_set *const *sets, size_t n, int argc,
    const char **argv, struct err *e)
{
	bool unknown;
	int rc;

	*a = (struct args){ 0 };
	rc = read_line(a, NULL, argc, argv, &unknown, e);
	find_verb(a, sets, n);
	if (!unknown)
		return rc;
	if (a->verb == NULL)
		return a->words > 0 ? 0 : rc; /* whose option could it be? */
	/* It stopped at an option of the verb: only now is it known which these are. */
	rc = read_line(a, a->verb, argc, argv, &unknown, e);
	find_verb(a, sets, n);
	return rc;
}
