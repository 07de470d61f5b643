/*
 * verbs: the operator's nouns, one table of verbs each; whoever dispatches puts them together.
 */
#ifndef TL_ADMIN_VERBS_H
#define TL_ADMIN_VERBS_H

#include "admin/verb.h"

extern const struct verb_set file_verbs; /* verb_file.c: lists, signed files, certificates */

#endif
