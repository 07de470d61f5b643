/*
 * scribe: the thread that writes into the store what workers note while they serve, so that no
 * phone waits for it.  A building that gets its power back is thousands of sightings a second, each
 * some questions to the store, and the store has one writer at a time.
 *
 * Each worker has a tray.  It puts its trail (trust/trail.h) there; while the scribe is still at
 * what it took before, notes stay with the worker and there are fewer of them: of each phone the
 * last counts.
 */
#ifndef TL_CMD_SCRIBE_H
#define TL_CMD_SCRIBE_H

#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"
#include "trust/trail.h"

struct scribe;
struct scribe_tray;

/* own: a connection that nobody else uses; it is the scribe's from now on, also on NULL. */
struct scribe *scribe_new(struct store *own, struct err *e);
void scribe_free(struct scribe *s); /* after its trays; NULL is fine */

struct scribe_tray *scribe_tray_new(struct scribe *s);
/* Takes all that the trail holds, or nothing yet.  Never waits for the store. */
void scribe_take(struct scribe_tray *tray, struct trail *t);
/* The worker ends: waits until this, too, is written - or could not be, for as long as other
 * processes may take - and frees the tray.  NULL is fine. */
void scribe_tray_free(struct scribe_tray *tray, struct trail *last);

#endif
