/*
 * try: does what we serve answer? - virtual phones boot from a node, with memories of their own
 * that are gone afterwards, and one of them goes to each listener (doors.h).  Blocking.
 */
#ifndef TL_CMD_TRY_H
#define TL_CMD_TRY_H

#include "admin/doctor.h"
#include "cmd/config.h"
#include "trust/node.h"

enum { TRY_TIMEOUT_MS = 5000 };

#define TRY_MODEL_OLD "7975" /* asks by TFTP */
#define TRY_MODEL_NEW "8861" /* asks by HTTP first */
#define TRY_LOOK_AT   "see the log of trustlist serve; a firewall between here and there?"

/* Boots by TFTP, and by HTTP first where that is served, as SEEN_NOBODY; then each listener. */
void try_node(
    const struct call *c, struct doctor *d, const struct config *config, const struct node *node);
/* A listener on every address is reached on the node's own.  address NULL: it is on that. */
const char *try_reached_on(const char *address, const struct node *node);

#endif
