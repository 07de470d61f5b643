/*
 * cache: finished files, signed ones above all, kept so that a signature is made once and not for
 * every boot of a phone.  Bounded by bytes; what was asked for longest ago goes first.
 *
 * An entry has two claims to be right.  Its origin is all that it was made from (the plain bytes,
 * who signs, how): the same origin, the same file.  And it may have been confirmed at a generation
 * of the store: until that moves on, the origin need not even be worked out.  Belongs to one
 * worker; reads no store and no disk.
 */
#ifndef TL_TFTP_CACHE_H
#define TL_TFTP_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tftp/content.h"

struct cache;

enum { CACHE_UNCONFIRMED = -1 }; /* a generation that no store has */

/* max: bytes, our own bookkeeping included. */
struct cache *cache_new(size_t max);
void cache_free(struct cache *c); /* NULL is fine; contents live on while transfers use them */

/* Both give a reference to be dropped by the caller, or NULL. */
struct content *cache_fresh(struct cache *c, const char *name, int64_t generation);
/* What was made from the same origin; from now on it is confirmed at this generation. */
struct content *
cache_made_from(struct cache *c, const char *name, struct bytes origin, int64_t generation);
/* Takes a reference of its own, and the place of what had this name.  Of the origin only a hash is
 * kept.  Contents larger than the whole cache are not. */
void cache_keep(struct cache *c, const char *name, struct bytes origin, int64_t generation,
    struct content *content);

size_t cache_bytes(const struct cache *c);
size_t cache_entries(const struct cache *c);

#endif
