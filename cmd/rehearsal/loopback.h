/*
 * loopback: a loopback address that nobody uses, for a cluster that a rehearsal makes.
 */
#ifndef TL_CMD_REHEARSAL_LOOPBACK_H
#define TL_CMD_REHEARSAL_LOOPBACK_H

#include "base/err.h"
#include "trust/node.h"

/* The ports of a lab are free there.  number: of those of this process, from 0; each is looked for
 * among others. */
int loopback_find(unsigned number, char to[NODE_ADDRESS_MAX], struct err *e);

#endif
