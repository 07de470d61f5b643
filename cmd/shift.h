/*
 * shift: who serves - workers with the configuration they were started from - and how others with a
 * new one relieve them: these listen first, then the old ones take nobody any more, end what they
 * are at and go.  A request is answered at every moment.
 */
#ifndef TL_CMD_SHIFT_H
#define TL_CMD_SHIFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/tls.h"
#include "cmd/config.h"
#include "trust/node.h"
#include "trust/store.h"

/* What is read before anything is opened. */
struct setup {
	struct config config;
	struct node *node;
	size_t nodes;
};

/* setup_free() *u in any case. */
int setup_read(const char *root, struct store *s, struct setup *u, struct err *e);
void setup_free(struct setup *u); /* { 0 } is fine */

struct capf_numbers;
struct scribe;
struct shifts;

/* Nobody serves yet.  All is borrowed and outlives them. */
struct shifts *shifts_new(const char *root, const struct tls_tickets *tickets,
    struct capf_numbers *numbers, struct scribe *scribe);
/* Starts workers from *fresh, which they take over; those who serve now leave.  -1: a port is not
 * free, or something else is in the way: everything stays as it was, and *fresh is the caller's. */
int shifts_relieve(struct shifts *v, struct setup *fresh, struct err *e);
/* Frees who has left; true: some are at their last transfers still. */
bool shifts_are_leaving(struct shifts *v);
const struct setup *shifts_setup(const struct shifts *v); /* of those who serve */
unsigned shifts_workers(const struct shifts *v);
/* All leave, and it waits for them; NULL is fine. */
void shifts_free(struct shifts *v);

#endif
