/*
 * args: the command line taken apart - the verb it names, its arguments and options, and the
 * options that every verb has.  Runs nothing and prints nothing.
 */
#ifndef TL_CMD_ARGS_H
#define TL_CMD_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/verb.h"
#include "base/err.h"
#include "base/log.h"

struct args {
	const struct verb *verb; /* NULL: none is named */
	const char **word;	 /* what stands for itself: the verb's words, then its arguments */
	size_t words;
	size_t used; /* how many of them are the verb's */
	struct call_option *option;
	size_t options;
	const char *root; /* --root; NULL: not given */
	bool json, yes, help, version;
	enum log_level log_level;
	char **own; /* whatever the fields above point to */
	size_t owned;
};

/* The sets are what the verb is looked up in.  No verb, or one that does not exist, is not an error
 * here: verb is NULL then, and the words say what was asked for.  On -1 as much as could be read
 * stands in *a.  args_free() it in any case. */
int args_parse(struct args *a, const struct verb_set *const *sets, size_t n, int argc,
    const char **argv, struct err *e);
void args_free(struct args *a);

/* An option that every verb has, for help; name NULL after the last. */
const struct verb_option *args_common(void);

#endif
