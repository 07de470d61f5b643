/*
 * view: what the TVS of a node knows - every certificate of the trust stores once, with the stores
 * it is in and the roles that these give it.  Found by its bytes, or by issuer and serial number.
 *
 * Loaded as a whole, never changed, freed as a whole: whoever wants news loads another one.  No
 * sockets, no clock.
 */
#ifndef TL_TVS_VIEW_H
#define TL_TVS_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/certs.h"
#include "trust/store.h"
#include "tvs/proto.h"

enum { TVS_STORES_TEXT = 256 };

struct tvs_known {
	struct cert *cert;
	int64_t id;		     /* in the store: the later it came there, the larger */
	uint8_t role[TVS_ROLES_MAX]; /* of all its stores, ascending, each once */
	size_t roles;
	char stores[TVS_STORES_TEXT]; /* "CallManager-trust, Phone-SAST-trust" */
	uint32_t ttl;		      /* seconds a phone may remember it */
};

/* A certificate in one of the stores. */
struct tvs_place {
	struct cert *cert;
	const struct cert_kind *kind;
	int64_t id;
	uint32_t duration; /* in a phone's cache, in seconds; 0: the default */
};

struct tvs_view;

/* What the TVS of this node was told last.  tvs_view_free() *out. */
int tvs_view_load(struct store *s, int64_t node, struct tvs_view **out, struct err *e);
/* The same of places in any order: takes over their certificates and sorts them. */
struct tvs_view *tvs_view_of(struct tvs_place *places, size_t n, uint32_t ttl);
void tvs_view_free(struct tvs_view *v); /* NULL is fine */

/* These lend, for as long as the view lives; NULL: there is none. */
const struct tvs_known *tvs_view_find(const struct tvs_view *v, struct bytes der);
/* Of several with this issuer and serial number the one with this subject, else the latest; an
 * empty subject leaves the choice open.  Names are compared loosely (cert.h). */
const struct tvs_known *tvs_view_named(
    const struct tvs_view *v, struct bytes serial, struct bytes issuer, struct bytes subject);

#endif
