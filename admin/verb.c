#include "admin/verb.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/event.h"

static const struct {
	int status;
	const char *word;
} edge[ERR_CODES] = {
	[ERR_NONE] = { 0, "none" },
	[ERR_FAILED] = { 1, "failed" },
	[ERR_BUSY] = { 1, "busy" },
	[ERR_USAGE] = { 2, "usage" },
	[ERR_NOT_FOUND] = { 3, "not-found" },
	[ERR_EXISTS] = { 1, "exists" },
	[ERR_STRANDS] = { 4, "strands-phones" },
	[ERR_NO] = { 5, "no" },
	[ERR_MALFORMED] = { 1, "malformed" },
	[ERR_LIMIT] = { 1, "limit" },
	[ERR_DENIED] = { 1, "denied" },
};

static const char *const right_words[] = {
	[RIGHT_NONE] = "no right",
	[RIGHT_READ] = "the right to read",
	[RIGHT_OPERATE] = "the right to operate",
	[RIGHT_ADMIN] = "the right to administer",
};

int
verb_exit_status(enum err_code code)
{
	assert(code < ERR_CODES);
	return edge[code].status;
}

const char *
verb_code_word(enum err_code code)
{
	assert(code < ERR_CODES);
	return edge[code].word;
}

const char *
call_option_n(const struct call *c, const char *name, size_t nth)
{
	for (size_t i = 0; i < c->options; i++)
		if (strcmp(c->option[i].name, name) == 0 && nth-- == 0)
			return c->option[i].value;
	return NULL;
}

const char *
call_option(const struct call *c, const char *name)
{
	return call_option_n(c, name, 0);
}

bool
call_has(const struct call *c, const char *name)
{
	return call_option(c, name) != NULL;
}

int
call_int(const struct call *c, const char *name, int64_t low, int64_t high, int64_t fallback,
    int64_t *out, struct err *e)
{
	const char *text = call_option(c, name);
	long long n;
	char *end;

	*out = fallback;
	if (text == NULL)
		return 0;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return err_set(e, ERR_USAGE, "--%s %s: not a number", name, text);
	if (errno == ERANGE || n < low || n > high)
		return err_set(e, ERR_USAGE, "--%s %s: not between %lld and %lld", name, text,
		    (long long)low, (long long)high);
	*out = n;
	return 0;
}

/* How many of the words the verb's name takes; 0: it is another one. */
static size_t
words_taken(const char *name, const char *const *word, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		size_t n = strcspn(name, " ");

		if (strlen(word[i]) != n || memcmp(word[i], name, n) != 0)
			return 0;
		if (name[n] == '\0')
			return i + 1;
		name += n + 1;
	}
	return 0;
}

const struct verb *
verb_find(const struct verb_set *const *sets, size_t n, const char *const *word, size_t words,
    size_t *used)
{
	const struct verb *found = NULL;

	*used = 0;
	for (size_t s = 0; s < n; s++) {
		for (size_t i = 0; i < sets[s]->n; i++) {
			size_t taken = words_taken(sets[s]->verb[i].words, word, words);

			if (taken > *used) {
				*used = taken;
				found = &sets[s]->verb[i];
			}
		}
	}
	return found;
}

const struct verb_option *
verb_option(const struct verb *v, const char *name)
{
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++)
		if (strcmp(v->option[i].name, name) == 0)
			return &v->option[i];
	return NULL;
}

static int
check_args(const struct verb *v, const struct call *c, struct err *e)
{
	if (c->args < (size_t)v->least)
		return err_set(e, ERR_USAGE, "%s: missing argument: %s", v->words, v->args);
	if (v->most < VERB_ARGS_MAX && c->args > (size_t)v->most)
		return err_set(
		    e, ERR_USAGE, "%s: one argument too many: %s", v->words, c->arg[v->most]);
	return 0;
}

static int
check_given(const struct verb *v, const struct call *c, struct err *e)
{
	for (size_t i = 0; i < c->options; i++) {
		const char *name = c->option[i].name;
		const struct verb_option *known = verb_option(v, name);

		if (known == NULL)
			return err_set(e, ERR_USAGE, "%s: no option --%s", v->words, name);
		if (!known->many && call_option_n(c, name, 1) != NULL)
			return err_set(e, ERR_USAGE, "%s: --%s given twice", v->words, name);
	}
	return 0;
}

static int
check_needed(const struct verb *v, const struct call *c, struct err *e)
{
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++) {
		const struct verb_option *o = &v->option[i];

		if (o->must && !call_has(c, o->name))
			return err_set(
			    e, ERR_USAGE, "%s: --%s %s is missing", v->words, o->name, o->metavar);
	}
	return 0;
}

/* Who changed what, in the trail of events.  Arguments only: an option can name a secret's file. */
static void
note_change(const struct verb *v, const struct call *c, const char *verdict)
{
	struct event_row row = { .at = c->now, .service = "admin" };
	struct wr args = { 0 };

	for (size_t i = 0; i < c->args; i++)
		wr_fmt(&args, "%s%s", i > 0 ? " " : "", c->arg[i]);
	snprintf(row.what, sizeof(row.what), "%s", v->words);
	snprintf(row.verdict, sizeof(row.verdict), "%s", verdict);
	snprintf(row.subject, sizeof(row.subject), "%s", wr_cstr(&args));
	snprintf(row.because, sizeof(row.because), "by %s", c->who != NULL ? c->who : "-");
	wr_free(&args);
	/* The change stands whether or not it could be noted. */
	events_add(c->store, &row, 1, NULL);
}

static int
finish(const struct verb *v, const struct call *c, int rc, const struct err *e)
{
	if (c->store != NULL && v->right >= RIGHT_OPERATE)
		note_change(v, c, rc == 0 ? "done" : verb_code_word(e->code));
	return rc;
}

int
verb_run(const struct verb *v, const struct call *c, struct out *o, struct err *e)
{
	if (c->may < v->right)
		return err_set(e, ERR_DENIED, "%s needs %s", v->words, right_words[v->right]);
	if (check_args(v, c, e) != 0 || check_given(v, c, e) != 0 || check_needed(v, c, e) != 0)
		return -1;
	return finish(v, c, v->run(c, o, e), e);
}
