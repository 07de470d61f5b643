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

/* What a value is to the host.  The shell's user has its files; whoever calls from elsewhere (HTTP)
 * has none, and gives contents and names instead. */
enum verb_value {
	VALUE_TEXT,	 /* says all itself */
	VALUE_WORD,	 /* likewise, but the verb might take it for a path: letters, digits, '-' */
	VALUE_FILE,	 /* a file that is read */
	VALUE_SECRET,	 /* likewise, and its content is a secret */
	VALUE_ROLE_FILE, /* ROLE=FILE, which is read */
	VALUE_OUT,	 /* a file that is written, or "-" */
	VALUE_PHONES,	 /* in "phones", the place of virtual phones under the root */
	VALUE_EXCHANGE,	 /* in "bulk", the place that clusters pass files through, or sftp:// */
	VALUE_OWN_ROOT,	 /* a cluster's folder: elsewhere a flag, for the cluster that is asked */
};

/* An option: name without dashes; metavar NULL: a flag. */
struct verb_option {
	const char *name, *metavar, *help;
	bool many; /* may be given more than once */
	bool must; /* has to be given */
	enum verb_value takes;
	const char *host_only; /* why it is for the shell alone; NULL: it is not */
};

/* For `most`: as many as one likes. */
enum { VERB_OPTIONS_MAX = 20, VERB_ARGS_MAX = 64 };

/* What a verb changed, for the audit trail: fit for people, no secrets. */
enum { CALL_VALUE_MAX = 256 };
struct call_change {
	char was[CALL_VALUE_MAX + 1], now[CALL_VALUE_MAX + 1];
};

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
	/* Arguments as trails shall name them, for who has made paths of them; NULL: as they are.
	 */
	const char *const *shown;
	bool yes;    /* --yes: go on where phones would be locked */
	int64_t now; /* Unix seconds: the only clock a verb has */
	enum right may;
	const char *who; /* for trails: "shell:root" */
	/* From where, for trails: the peer's address, "shell"; NULL: not known. */
	const char *from;
	struct call_change *change; /* verb_run() has one when the caller has none */
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
	enum verb_value takes; /* its arguments */
	const char *host_only; /* why it is for the shell alone; NULL: it is not */
	/* Runs long, or moves what all threads of a process share (its clock, its signals,
	 * libraries that are begun once): a server gives it a process of its own. */
	bool apart;
	bool looks; /* changes nothing, though it needs more than the right to read: is not noted */
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

/* Old and new value of what the verb changed; NULL: there is none.  The last call counts; texts may
 * be cut.  Nothing happens when nobody wants to know. */
void call_changed(const struct call *c, const char *was, const char *now);
/* Notes in both trails what was done by the call, with its arguments.  verb_run() does it for verbs
 * that change something in c->store; those that open a store themselves do. */
void call_note(const struct call *c, struct store *s, const char *what, const char *outcome);

/* The longest verb that the words begin with; *used: how many words it took.  NULL: none. */
const struct verb *verb_find(const struct verb_set *const *sets, size_t n, const char *const *word,
    size_t words, size_t *used);
/* The option of this name; NULL when the verb has none. */
const struct verb_option *verb_option(const struct verb *v, const char *name);
/* Checks the right, the number of arguments and the options, then runs it.  What it is called with
 * is a copy of *c.  A verb that changes something, and one that is denied, is noted. */
int verb_run(const struct verb *v, const struct call *c, struct out *o, struct err *e);

/* The one table of what an error code is at the edge: exit status (0 for ERR_NONE), and the word
 * in JSON ("not-found"). */
int verb_exit_status(enum err_code code);
const char *verb_code_word(enum err_code code);

#endif
