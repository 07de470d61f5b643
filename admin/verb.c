#include "admin/verb.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "trust/audit.h"
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
	[ERR_CHANGED] = { 1, "changed" },
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

/* An address may carry a password (sftp://user:password@host/), although no verb takes one. */
static void
put_arg(const char *arg, struct wr *to)
{
	const char *authority = strstr(arg, "://"), *at, *colon;

	authority = authority != NULL ? authority + 3 : "";
	at = strrchr(authority, '@');
	colon = at != NULL ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
	if (colon == NULL)
		wr_text(to, arg);
	else
		wr_fmt(to, "%.*s:...%s", (int)(colon - arg), arg, at);
}

static void
put_args(const struct call *c, struct wr *to)
{
	for (size_t i = 0; i < c->args; i++) {
		wr_text(to, i > 0 ? " " : "");
		put_arg(c->shown != NULL ? c->shown[i] : c->arg[i], to);
	}
}

/* Who changed what, in the trail of events.  Arguments only: an option can name a secret's file. */
static int
note_event(
    const struct call *c, struct store *s, const char *what, const char *outcome, struct err *e)
{
	struct event_row row = { .at = c->now, .service = "admin" };
	struct wr args = { 0 };

	put_args(c, &args);
	snprintf(row.what, sizeof(row.what), "%s", what);
	snprintf(row.verdict, sizeof(row.verdict), "%s", outcome);
	snprintf(row.subject, sizeof(row.subject), "%s", wr_cstr(&args));
	snprintf(row.because, sizeof(row.because), "by %s", c->who != NULL ? c->who : "-");
	wr_free(&args);
	return events_add(s, &row, 1, e);
}

/* And in the audit trail.  Flags too, which say what was not done (--dry-run) and what was risked.
 */
static int
note_audit(
    const struct call *c, struct store *s, const char *what, const char *outcome, struct err *e)
{
	struct audit_row row = { .at = c->now };
	struct wr args = { 0 };

	put_args(c, &args);
	for (size_t i = 0; i < c->options; i++)
		if (c->option[i].value[0] == '\0')
			wr_fmt(&args, "%s--%s", args.n > 0 ? " " : "", c->option[i].name);
	if (c->yes)
		wr_fmt(&args, "%s--yes", args.n > 0 ? " " : "");
	audit_text(row.who, sizeof(row.who), c->who != NULL ? c->who : "-");
	audit_text(row.from, sizeof(row.from), c->from != NULL ? c->from : "-");
	audit_text(row.what, sizeof(row.what), what);
	audit_text(row.subject, sizeof(row.subject), wr_cstr(&args));
	audit_text(row.outcome, sizeof(row.outcome), outcome);
	if (c->change != NULL) {
		audit_text(row.was, sizeof(row.was), c->change->was);
		audit_text(row.now, sizeof(row.now), c->change->now);
	}
	wr_free(&args);
	row.refused = strcmp(outcome, verb_code_word(ERR_DENIED)) == 0;
	return audit_add(s, &row, e);
}

/* What was done stands whether or not it could be noted. */
static void
say_lost(const struct call *c, int rc, const struct err *why)
{
	if (rc != 0)
		log_err(LOG_WARN, "admin", c->from, NULL, "audit-lost", why);
}

void
call_note(const struct call *c, struct store *s, const char *what, const char *outcome)
{
	struct err e = { 0 };
	int rc = store_begin_quiet(s, &e);

	/* One change for both, for each waits for the disk. */
	if (rc == 0) {
		rc = note_event(c, s, what, outcome, &e);
		if (rc == 0)
			rc = note_audit(c, s, what, outcome, &e);
		rc = store_end(s, rc, &e);
	}
	say_lost(c, rc, &e);
}

void
call_changed(const struct call *c, const char *was, const char *now)
{
	if (c->change == NULL)
		return;
	audit_text(c->change->was, sizeof(c->change->was), was);
	audit_text(c->change->now, sizeof(c->change->now), now);
}

static int
deny(const struct verb *v, const struct call *c, struct err *e)
{
	struct err lost = { 0 };

	if (c->store != NULL)
		say_lost(
		    c, note_audit(c, c->store, v->words, verb_code_word(ERR_DENIED), &lost), &lost);
	return err_set(e, ERR_DENIED, "%s needs %s", v->words, right_words[v->right]);
}

static int
finish(const struct verb *v, const struct call *c, int rc, const struct err *e)
{
	if (c->store != NULL && v->right >= RIGHT_OPERATE && !v->looks)
		call_note(c, c->store, v->words, rc == 0 ? "done" : verb_code_word(e->code));
	return rc;
}

int
verb_run(const struct verb *v, const struct call *c, struct out *o, struct err *e)
{
	struct call_change change = { 0 };
	struct call mine = *c;

	if (mine.change == NULL)
		mine.change = &change;
	if (c->may < v->right)
		return deny(v, &mine, e);
	if (check_args(v, c, e) != 0 || check_given(v, c, e) != 0 || check_needed(v, c, e) != 0)
		return -1;
	return finish(v, &mine, v->run(&mine, o, e), e);
}
