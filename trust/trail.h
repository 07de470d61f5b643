/*
 * trail: what a worker notes while it serves - events and sightings of phones - kept in memory and
 * written to the store together, now and then: a durable write for each request would cost more
 * than the request.
 *
 * Bounded: what finds no place is counted and said.  Belongs to one thread at a time.
 */
#ifndef TL_TRUST_TRAIL_H
#define TL_TRUST_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/event.h"
#include "trust/store.h"

struct trail;

enum { TRAIL_EVENTS_MAX = 4096, TRAIL_PHONES_MAX = 4096 };

/* The store outlives it; NULL: another trail writes what this one notes (trail_swap()). */
struct trail *trail_new(struct store *s);
void trail_free(struct trail *t); /* what was not flushed is lost; NULL is fine */

void trail_event(struct trail *t, const struct event_row *event);
/* A phone asked the node for something; list: id of the list it was given, 0 for anything else.  Of
 * one phone each list and the last request count. */
void trail_phone(
    struct trail *t, const char *phone, const char *peer, int64_t node, int64_t list, int64_t now);

/* The phone that was just noted was sent to the default configuration (seen_registers()). */
void trail_registers(struct trail *t, const char *phone, int64_t now);

bool trail_is_empty(const struct trail *t); /* nothing noted, and nothing dropped */
/* Each gets what the other one noted, and keeps its store. */
void trail_swap(struct trail *a, struct trail *b);

/* Writes what there is, in one change.  patience: how many milliseconds it may wait for another
 * process that is changing the store; then it stays for the next time (ERR_BUSY).  *dropped: how
 * many found no place since the last time. */
int trail_flush(struct trail *t, int patience, uint64_t *dropped, struct err *e);
/* The first `most` of it: others who write need not wait for the rest.  1 while there is a rest -
 * then nothing is noted in between -, 0, or -1. */
int trail_flush_some(struct trail *t, size_t most, int patience, uint64_t *dropped, struct err *e);

#endif
