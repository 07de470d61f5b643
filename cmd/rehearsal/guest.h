/*
 * guest: somebody's cluster on the stage, served by its own process - looked at whether the script
 * can begin with it, lent phones that it does not know, and freed of them when it is over.
 */
#ifndef TL_CMD_REHEARSAL_GUEST_H
#define TL_CMD_REHEARSAL_GUEST_H

#include "cmd/rehearsal/script.h"
#include "cmd/rehearsal/stage.h"

/* Opens its store.  c->release and c->mixed say what the script wants; ERR_USAGE when it is
 * otherwise, when it is prepared for rollback, or when nobody serves it.  name: "A". */
int guest_take(struct stage_cluster *c, const char *name, const char *root, struct err *e);
/* -1: A and B are the same cluster. */
int guest_differ(const struct stage *s, struct err *e);
/* The first of so many addresses of phones that no guest on the stage has a phone of; 0 where there
 * is no guest: any will do. */
int guest_free_addresses(const struct stage *s, size_t phones, uint64_t *first, struct err *e);
/* The fleet's phones are gone from it.  One that cannot be deleted stays. */
void guest_forget(struct stage_cluster *c, const struct fleet *f);

/* Can the steps be played with somebody's clusters in these places (NULL: made for it)?  They are
 * neither switched off nor made anew, their clock is not moved, and no token of a rehearsal signs
 * their CTL.  -1 names the line. */
int guest_check(const struct script *s, const struct script_section *section,
    const char *const root[STATE_CLUSTERS], struct err *e);

#endif
