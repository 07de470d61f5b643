/*
 * impact: what a new certificate would mean for the phones, shown to the operator.
 */
#ifndef TL_ADMIN_IMPACT_H
#define TL_ADMIN_IMPACT_H

#include <stddef.h>

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

/* Before a change: how many phones hold an LSC that is CAPF's certificate's of now, and would be
 * stale with another one. */
int impact_stale_lscs(const struct call *c, size_t *n, struct err *e);
/* How many hold one that proves who they are only because CAPF-trust has what is of this file name
 * (with or without .pem). */
int impact_unproven_lscs(const struct call *c, const char *name, size_t *n, struct err *e);
/* And after it: a warning where n is not 0, the number in JSON under key. */
void impact_show_lscs(struct out *o, const char *key, size_t n, const char *what);

#endif
