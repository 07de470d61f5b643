/*
 * phones: which phones a verb is for - those named, or those that its options tell.
 */
#ifndef TL_ADMIN_PHONES_H
#define TL_ADMIN_PHONES_H

#include <stddef.h>

#include "admin/verb.h"
#include "base/err.h"
#include "trust/device.h"

/* The phone of this name; ERR_NOT_FOUND with a hint. */
int phones_one(const struct call *c, const char *name, struct device *out, struct err *e);
/* All whose names are arguments, each once, by name.  *out is the caller's to free. */
int phones_named(const struct call *c, struct device **out, size_t *n, struct err *e);
/* The same, or those that all of PHONES_OPTIONS agree on.  ERR_NOT_FOUND: there are none;
 * ERR_USAGE: neither names nor options, or both.  *out is the caller's to free, also then. */
int phones_chosen(const struct call *c, struct device **out, size_t *n, struct err *e);

#define PHONES_OPTIONS                                                                             \
	{ .name = "all", .help = "for all phones" },                                               \
	    { .name = "model", .metavar = "MODEL", .help = "for those of this model" },            \
	{                                                                                          \
		.name = "lsc-expires-before", .metavar = "DATE",                                   \
		.help = "for those whose LSC expires before YYYY-MM-DD, or within 30d"             \
	}

#endif
