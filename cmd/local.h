/*
 * local: a verb run in this process, as the user who started it - with the store it needs, its
 * result on standard output and its reasons on standard error.
 */
#ifndef TL_CMD_LOCAL_H
#define TL_CMD_LOCAL_H

#include "base/err.h"
#include "cmd/args.h"

/* Both return the exit status. */
int local_run(const struct args *a);
/* Shows why nothing was run: a->verb may be NULL. */
int local_refuse(const struct args *a, const struct err *e);

#endif
