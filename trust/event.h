/*
 * event: the trail of what services did for whom, with the verdict and what decided it - for
 * people.
 */
#ifndef TL_TRUST_EVENT_H
#define TL_TRUST_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

/* Not `struct event` and event_add(): those are libevent's. */
enum {
	EVENTS_KEPT = 100000,
	EVENT_TEXT_MAX = 256,
	EVENTS_NEWEST = -1, /* for events_list() */
};

struct event_row {
	int64_t id; /* set when read */
	int64_t at; /* Unix seconds */
	char service[16], node[64], peer[64], device[80];
	char what[24], verdict[24];
	char subject[EVENT_TEXT_MAX], because[EVENT_TEXT_MAX];
};

/* All in one change, a note (store_begin_note()); what is older than EVENTS_KEPT goes. */
int events_add(struct store *s, const struct event_row *event, size_t n, struct err *e);
/* At most max, oldest first: the first ones after event number `after` (0: from the beginning), so
 * that whoever goes on from the last one it was given misses none; or, with EVENTS_NEWEST, the last
 * ones there are.  device NULL: of all.  *out is the caller's to free. */
int events_list(struct store *s, int64_t after, const char *device, size_t max,
    struct event_row **out, size_t *n, struct err *e);
/* How many there ever were, those that are gone included. */
int events_total(struct store *s, int64_t *n, struct err *e);

#endif
