/*
 * help: what the program can do, told from the verb tables.
 */
#ifndef TL_CMD_HELP_H
#define TL_CMD_HELP_H

#include <stddef.h>
#include <stdio.h>

#include "admin/verb.h"
#include "base/err.h"

/* All nouns with their verbs. */
void help_all(const struct verb_set *const *sets, size_t n, FILE *to);
/* The verbs that begin with this word; false: there are none. */
bool help_noun(const struct verb_set *const *sets, size_t n, const char *noun, FILE *to);
void help_verb(const struct verb *v, FILE *to);
/* "usage: trustlist file strip FILE --out OUT" */
void help_usage(const struct verb *v, FILE *to);
/* Says that there is no such verb, with those that come nearest as a hint.  Returns -1. */
int help_no_verb(const struct verb_set *const *sets, size_t n, const char *const *word,
    size_t words, struct err *e);

#endif
