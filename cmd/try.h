/*
 * try: does what we serve answer? - each listener of a node, and a virtual phone that boots there
 * with a memory of its own, which is gone afterwards.  Blocking.
 */
#ifndef TL_CMD_TRY_H
#define TL_CMD_TRY_H

#include "admin/doctor.h"
#include "cmd/config.h"
#include "trust/node.h"

void try_ports(struct doctor *d, const struct config *config, const struct node *node);
/* By TFTP, and by HTTP first where that is served.  Its name is SEEN_NOBODY. */
void try_phone(struct doctor *d, const struct config *config, const struct node *node, int64_t now);

#endif
