/*
 * fence: what a command may not do that came with somebody else's text, as the steps of a rehearsal
 * do - go to another cluster, run on for ever, write outside of its folder, load code.  Pure.
 */
#ifndef TL_CMD_FENCE_H
#define TL_CMD_FENCE_H

#include "base/err.h"
#include "cmd/args.h"

/* What args_parse() made of it, with its verb.  -1: it may not; ERR_USAGE, and why.
 * folder: what it writes, and what clusters pass files through, lies in there.  Other files it may
 * read, wherever they are. */
int fence_check(const struct args *a, const char *folder, struct err *e);

#endif
