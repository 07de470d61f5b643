/*
 * doors: each listener of a node tried as a phone does - a file fetched over HTTP and HTTPS, TVS
 * asked, hands shaken with CAPF - and whether who answers has the certificate that the cluster gave
 * it and that a phone of this cluster lets in.  Blocking.
 */
#ifndef TL_CMD_DOORS_H
#define TL_CMD_DOORS_H

#include "admin/doctor.h"
#include "cmd/config.h"
#include "trust/node.h"

/* A finding "ports" for each listener that trustlist.conf gives the node.  memory: the folder of a
 * virtual phone that has just booted there; without its ITL (NULL: nobody booted) the servers'
 * certificates are compared with those of the store alone. */
void doors_try(const struct call *c, struct doctor *d, const struct config *config,
    const struct node *node, const char *memory);

#endif
