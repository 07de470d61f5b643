/*
 * restart: what a changing verb says last - which services must restart before the change is felt,
 * on which nodes, in which order - and, told --restart, does.
 */
#ifndef TL_ADMIN_RESTART_H
#define TL_ADMIN_RESTART_H

#include "admin/verb.h"
#include "trust/node.h"

#define RESTART_OPTION                                                                             \
	{                                                                                          \
		.name = "restart", .help = "restart the services that must be, in order"           \
	}

/* service: names in the order of restarting, ended by NULL or after n.  node NULL: on all nodes;
 * otherwise on that node, and on others where the service's load differs from the store now. */
int restart_after(const struct call *c, struct out *o, const char *const *service, size_t n,
    const struct node *node, struct err *e);

/* After a change of the trust stores: TVS hears of it by and by, or when it restarts. */
int restart_tell_tvs(const struct call *c, struct out *o, struct err *e);

#endif
