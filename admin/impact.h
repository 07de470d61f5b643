/*
 * impact: what a new certificate would mean for the phones, shown to the operator.
 */
#ifndef TL_ADMIN_IMPACT_H
#define TL_ADMIN_IMPACT_H

#include "admin/verb.h"
#include "trust/cluster.h"

#define IMPACT_OPTION                                                                              \
	{                                                                                          \
		.name = "dry-run",                                                                 \
		.help = "change nothing: only say what would become of the phones"                 \
	}

/* --dry-run, --yes, or neither. */
enum cluster_care impact_care(const struct call *c);
/* One line for people, numbers by fate in JSON.  Also shown when the change was refused. */
void impact_show(struct out *o, const struct cluster_change *change);

#endif
