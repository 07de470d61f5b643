/*
 * probe: are the ports free that we are about to listen on?  Workers share theirs (SO_REUSEPORT),
 * so a second process would get a share of the phones instead of an error.
 */
#ifndef TL_CMD_PROBE_H
#define TL_CMD_PROBE_H

#include "base/err.h"
#include "cmd/host.h"

/* Binds every one of them alone for a moment, but for those that we have already: ours is what
 * workers of the plan `before` (NULL: there are none) listen on now.  -1 names the first that
 * somebody else has, or that the configuration gives to two listeners. */
int probe_ports(const struct host_plan *plan, const struct host_plan *before, struct err *e);

#endif
