/*
 * verb: what an operator can ask for - name, arguments, options, needed right, help, function - as
 * a table, and the one dispatcher through which shell and HTTP go.
 */
#ifndef TL_ADMIN_VERB_H
#define TL_ADMIN_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/out.h"
#include "base/err.h"

struct store;

enum right { RIGHT_NONE, RIGHT_READ, RIGHT_OPERATE, RIGHT_ADMIN };

enum verb_needs {
	VERB_ALONE, /* files and network only */
	VERB_STORE, /* an initialised --root */
	VERB_ROOT,  /* a --root, which need not be initialised */
};

/* An option: name without dashes; metavar NULL: a flag. */
struct verb_option {
	const char *name, *metavar, *help;
	bool many; /* may be given more than once */
	bool must; /* has to be given */
};

/* For `most`: as many as one likes. */
enum { VERB_OPTIONS_MAX = 20, VERB_ARGS_MAX = 64 };

/* One call of a verb, as the shell or the API gives it; all of it is borrowed. */
struct call_option {
	const char *name, *value; /* value "": a flag */
};

struct call {
	const char *root;    /* NULL: none given */
	struct store *store; /* VERB_STORE */
	const char *const *arg;
	size_t args;
	const struct call_option *option;
	size_t options;
	bool yes;    /* --yes: go on where phones would be locked */
	int64_t now; /* Unix seconds: the only clock a verb has */
	enum right may;
	const char *who; /* for trails: "shell:root" */
	/* Shows a part of the result of a verb that runs on, before it ends; -1: nobody can see it
	 * any more.  NULL: the caller takes results only as a whole. */
	int (*show)(const struct call *c, const struct out *part, struct err *e);
	const void *show_ctx; /* of show() */
	/* Asks whoever sits at a terminal a question of yes or no.  NULL: nobody does, and a verb
	 * that would ask goes on. */
	bool (*ask)(const struct call *c, const char *question);
};

struct verb {
	const char *words; /* "cert list" */
	const char *args;  /* "NAME [NAME...]", for usage; "" for none */
	int least, most;   /* how many arguments */
	enum verb_needs needs;
	enum right right;
	const char *help; /* one line */
	struct verb_option option[VERB_OPTIONS_MAX];
	/* 0 or -1; on -1 what was written to out is shown all the same (a check that says no). */
	int (*run)(const struct call *c, struct out *o, struct err *e);
};

struct verb_set {
	const struct verb *verb;
	size_t n;
};

/* The value of an option, NULL when it was not given; of the nth one (from 0) for options that may
 * repeat. */
const char *call_option(const struct call *c, const char *name);
const char *call_option_n(const struct call *c, const char *name, size_t nth);
bool call_has(const struct call *c, const char *name);
/* A number option in [low, high]; fallback when it was not given. */
int call_int(const struct call *c, const char *name, int64_t low, int64_t high, int64_t fallback,
    int64_t *out, struct err *e);

/* The longest verb that the words begin with; *used: how many words it took.  NULL: none. */
const struct verb *verb_find(const struct verb_set *const *sets, size_t n, const char *const *word,
    size_t words, size_t *used);
/* The option of this name; NULL when the verb has none. */
const struct verb_option *verb_option(const struct verb *v, const char *name);
/* Checks the right, the number of arguments and the options, then runs it. */
int verb_run(const struct verb *v, const struct call *c, struct out *o, struct err *e);

/* The one table of what an error code is at the edge: exit status (0 for ERR_NONE), and the word
 * in JSON ("not-found"). */
int verb_exit_status(enum err_code code);
const char *verb_code_word(enum err_code code);

#endif
