/*
 * refusers: which phones would refuse files signed with a hash, because their model cannot check
 * it - shown to the operator before TFTP signs with it.
 */
#ifndef TL_ADMIN_REFUSERS_H
#define TL_ADMIN_REFUSERS_H

#include <stddef.h>

#include "admin/verb.h"
#include "trust/device.h"
#include "trust/param.h"

/* Takes signed files, and cannot check SHA-512. */
bool refusers_has(const struct device *d);
/* When the parameter and its new value decide that; else nothing is shown.  All names in JSON, the
 * first few for people. */
int refusers_show(
    const struct call *c, struct out *o, const struct param *p, const char *value, struct err *e);

#endif
