/*
 * devconf: a phone's XML configuration, made from facts - where its CallManagers, its TVS and its
 * CAPF are, how secure it registers, which firmware it is to run.
 *
 * No store, no clock, no files: the same facts give the same bytes.  The only user of libxml2.
 */
#ifndef TL_TFTP_DEVCONF_H
#define TL_TFTP_DEVCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/device.h"
#include "trust/node.h"

enum { DEVCONF_SERVERS_MAX = 3, DEVCONF_TVS_PORT = 2445 };

/* What holds for all phones that a node serves. */
struct devconf_facts {
	/* The CallManager group, in the order phones try it; its members are the TVS too. */
	struct node server[DEVCONF_SERVERS_MAX];
	size_t servers;
	struct node publisher; /* CAPF and the phone services are there */
	unsigned capf_port, tvs_port;
	bool auto_registration;
};

/* SEP001122334455.cnf.xml, appended to out. */
int
devconf_make(const struct devconf_facts *f, const struct device *d, struct wr *out, struct err *e);
/* XMLDefault.cnf.xml, for phones that are not known: CallManagers, and the firmware of each model.
 */
int devconf_make_default(const struct devconf_facts *f, struct wr *out, struct err *e);

#endif
