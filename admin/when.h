/*
 * when: moments as people type them, in local time - "2026-12-03", "2026-12-03T18:00", CUCM's own
 * "2026:12:03:18", or a number of days from now - and as they are shown.  No clock: now is an
 * argument.
 */
#ifndef TL_ADMIN_WHEN_H
#define TL_ADMIN_WHEN_H

#include <stdint.h>

#include "admin/out.h"
#include "base/err.h"

/* Until when something is to be done.  A date alone lasts until its last second; "5d" is so many
 * days from now.  ERR_USAGE when it is no moment, or not after now. */
int when_deadline(const char *text, int64_t now, int64_t *out, struct err *e);
/* Up to where something counts: the moment at which a date begins, or "30d" from now. */
int when_horizon(const char *text, int64_t now, int64_t *out, struct err *e);

/* As out_time(), but 0 is "-" for people: not "never", there is no such moment. */
void when_put(struct out *o, const char *key, const char *label, int64_t when);

#endif
