/*
 * resolve: what a file name means - a list, a phone's configuration made for it, a file of the
 * folder, each plain or signed.  One answer for TFTP and HTTP.
 *
 * PROTOCOL.md, "What names mean", is the whole rule.  Works from what the node's TFTP service
 * loaded when it last started (loaded.h).  No socket, no clock; belongs to one worker.
 */
#ifndef TL_TFTP_RESOLVE_H
#define TL_TFTP_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tftp/asked.h"
#include "tftp/content.h"
#include "trust/store.h"

/* The content of a list carries the list's id in the store as its mark. */
struct resolver;

/* Store and folder are borrowed: they outlive the resolver. */
struct resolver_plan {
	struct store *store; /* the worker's own */
	int64_t node;	     /* whose TFTP service this is */
	int folder;	     /* open; whose files are served */
	unsigned tvs_port;   /* that phones are told; 0: 2445 */
	size_t cache_max;    /* bytes; 0: 64 MiB */
};

struct resolver_counters {
	uint64_t asked;
	uint64_t cached; /* answered from the cache */
	uint64_t signatures;
};

struct resolver *resolver_new(const struct resolver_plan *plan);
void resolver_free(struct resolver *r); /* wipes keys; NULL is fine */

/* 0: *out is what name means, a reference of the caller's; it stays NULL when the service is
 * stopped on this node, and nobody is there who would answer.  -1: ERR_NOT_FOUND is what phones
 * expect for most of what they ask; all else is a refusal for now.  now: Unix seconds, for what is
 * signed. */
int resolver_resolve(
    struct resolver *r, const char *name, int64_t now, struct content **out, struct err *e);

/* Is there no configuration for the phone, so that it asks for the default one and registers with
 * that?  Not while auto-registration is off, and not when we cannot tell. */
bool resolver_registers(struct resolver *r, const struct asked *asked, int64_t now);

struct resolver_counters resolver_counters(const struct resolver *r);

#endif
