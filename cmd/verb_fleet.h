/*
 * verb_fleet: fleets of virtual phones - `vphone boot` where it is for many, and `vphone add`,
 * which makes a cluster know them.
 */
#ifndef TL_CMD_VERB_FLEET_H
#define TL_CMD_VERB_FLEET_H

#include <stdbool.h>

#include "admin/verb.h"

/* Which fleet: one of --count, --fleet and --all; the next three describe one that is made. */
#define FLEET_OPTIONS                                                                              \
	{ .name = "count", .metavar = "N", .help = "a fleet of so many phones" },                  \
	    { .name = "fleet",                                                                     \
		    .metavar = "FILE",                                                             \
		    .help = "the fleet that this file describes",                                  \
		    .host_only = "such a file names folders of the host: say --count" },           \
	    { .name = "all", .help = "all phones of the fleet that is in --memory" },              \
	    { .name = "models",                                                                    \
		    .metavar = "M:SHARE,...",                                                      \
		    .help = "with --count: its models, such as 7975:60,8841:40" },                 \
	    { .name = "first-mac",                                                                 \
		    .metavar = "HEX",                                                              \
		    .help = "with --count: the address its phones are counted from" },             \
	{                                                                                          \
		.name = "off", .metavar = "PERCENT",                                               \
		.help = "of a fleet: how many are powered off, spread over the models"             \
	}

/* Is the call for a fleet? */
bool verb_fleet_wants(const struct call *c);
/* `vphone boot` for one. */
int verb_fleet_boot(const struct call *c, struct out *o, struct err *e);

extern const struct verb_set fleet_verbs;

#endif
