/*
 * fleet_show: what became of a fleet that booted - how many phones in which state and why, the
 * first few of each failure, and for programs every phone.
 */
#ifndef TL_CMD_FLEET_SHOW_H
#define TL_CMD_FLEET_SHOW_H

#include "admin/out.h"
#include "base/err.h"
#include "cmd/phone/fleet.h"

void fleet_show(const struct fleet *f, const struct address *from, struct out *o);
/* 0: all that are on trust what they got.  Else what stands worst: refused (ERR_NO), unreachable,
 * no configuration, not booted. */
int fleet_answer(const struct fleet *f, struct err *e);

#endif
