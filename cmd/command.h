/*
 * command: every verb of the program in one list, and a command line run inside this process as the
 * shell would run it - its result in a struct out, its clock given.
 */
#ifndef TL_CMD_COMMAND_H
#define TL_CMD_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "admin/out.h"
#include "admin/verb.h"
#include "base/err.h"

/* All sets of verbs, in the order of help. */
const struct verb_set *const *command_sets(size_t *n);

enum { COMMAND_WORDS_MAX = 64 };

struct command {
	const char *root;	 /* --root, unless the words say another */
	const char *const *word; /* "cert", "regenerate", "TVS", "--restart" */
	size_t words;
	/* It came with somebody else's text: fence_check(), before anything is done.  NULL: it did
	 * not. */
	const char *fence;
	int64_t now;
	const char *who;  /* for trails */
	const char *from; /* as in struct call; NULL: not known */
};

/* 0, or -1 with what the shell would complain of; verb_exit_status(e->code) is its exit status.
 * What there is of a result stands in o either way. */
int command_run(const struct command *c, struct out *o, struct err *e);
/* Is there such a verb with these options, and nothing in it that the fence keeps out?  Looks at
 * word, words and fence; runs nothing. */
int command_check(const struct command *c, struct err *e);

#endif
