/*
 * listed: the trust lists of the history shown to the operator - one as Cisco prints it, whether it
 * verifies, what differs between two, all of them.  The same for ITLs and for the CTL.
 */
#ifndef TL_ADMIN_LISTED_H
#define TL_ADMIN_LISTED_H

#include "admin/verb.h"
#include "trust/history.h"

#define LISTED_NODE_OPTION                                                                         \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "whose (else the publisher's)"          \
	}
#define LISTED_NUMBER_OPTION                                                                       \
	{                                                                                          \
		.name = "number", .metavar = "N",                                                  \
		.help = "of the history; -1 is the newest (else the one that TFTP serves)"         \
	}

/* For ITLs. */
#define LISTED_EC_OPTION                                                                           \
	{                                                                                          \
		.name = "ec", .help = "the form for phones that know EC"                           \
	}

/* Each is the run() of a verb, but for the kind.  A cluster that never had a CTL: ERR_NOT_FOUND. */
int listed_show(const struct call *c, struct out *o, enum history_kind kind, struct err *e);
/* The bytes of it, as TFTP serves them. */
int listed_export(const struct call *c, struct out *o, enum history_kind kind, struct err *e);
int listed_verify(const struct call *c, struct out *o, enum history_kind kind, struct err *e);
/* Arguments [FROM [TO]].  Without: what TFTP serves against the newest; one: that one against the
 * newest. */
int listed_diff(const struct call *c, struct out *o, enum history_kind kind, struct err *e);
int listed_history(const struct call *c, struct out *o, enum history_kind kind, struct err *e);

#endif
