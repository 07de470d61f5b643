/*
 * site: a cluster that is served inside this process, for a while - all that `trustlist serve`
 * runs, but for signals and the service manager.  For rehearsals.
 */
#ifndef TL_CMD_SITE_H
#define TL_CMD_SITE_H

#include <stdint.h>

#include "base/err.h"

struct site;

/* Serves the cluster in that folder with so many workers.  Its services start as at boot: what runs
 * loads anew.  NULL on error; site_close() it. */
struct site *site_open(const char *root, unsigned workers, int64_t now, struct err *e);
/* What a serving process does on its own from time to time: certificate change notification, LSC
 * renewal.  Brings it up to `now`, at once. */
int site_catch_up(struct site *s, int64_t now, struct err *e);
void site_close(struct site *s); /* waits for running transfers; NULL is fine */

#endif
