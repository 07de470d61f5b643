/*
 * ctl_due: what a changing verb says when the CTL does not name the cluster's certificates any
 * more. No change brings it up to date by itself, as on a cluster.
 */
#ifndef TL_ADMIN_CTL_DUE_H
#define TL_ADMIN_CTL_DUE_H

#include "admin/verb.h"
#include "trust/cluster.h"

/* What brings it up to date: without a token the cluster refuses to follow a CTL that one signed.
 */
const char *ctl_due_command(bool tokens);
/* After the change, before the services that must restart. */
void ctl_due_show(struct out *o, const struct cluster_change *change);

#endif
