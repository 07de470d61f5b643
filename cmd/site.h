/*
 * site: a cluster that is served inside this process - its workers, its lock, a store connection of
 * the caller's thread, and what is done from time to time without being asked.  `trustlist serve`
 * is one with signals and the service manager around it; a rehearsal opens some for a while.
 */
#ifndef TL_CMD_SITE_H
#define TL_CMD_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/shift.h"

struct site;

/* Serves the cluster in that folder with so many workers; 0: as trustlist.conf says.  Its services
 * start as at boot: what runs loads anew.  NULL on error: what they had loaded is as it was.
 * site_close() it. */
struct site *site_open(const char *root, unsigned workers, int64_t now, struct err *e);
/* The same, but the services go on with what they had loaded, as if nobody had ended them: for a
 * rehearsal that plays from one point more than once. */
struct site *site_resume(const char *root, unsigned workers, int64_t now, struct err *e);
void site_close(struct site *s); /* waits for running transfers; NULL is fine */

/* Workers with what trustlist.conf says now relieve those who serve; -1: these go on. */
int site_relieve(struct site *s, struct err *e);
bool site_is_relieving(struct site *s);		      /* some are at their last transfers still */
const struct setup *site_setup(const struct site *s); /* of those who serve */
unsigned site_workers(const struct site *s);

/* What a serving process does of its own: certificate change notification, LSC renewal - when their
 * time has come by this clock.  ERR_BUSY: somebody else writes; it can be done later. */
int site_notify(struct site *s, int64_t now, struct err *e);
int site_renew(struct site *s, int64_t now, struct err *e);
/* How long the two wait for other processes, in milliseconds (store_patience()). */
void site_patience(struct site *s, int ms);

#endif
