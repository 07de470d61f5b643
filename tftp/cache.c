#include "tftp/cache.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUCKETS = 4096, HASH = 32 };

struct entry {
	struct entry *next;	     /* in its bucket */
	struct entry *newer, *older; /* by the last time it was asked for */
	char *name;
	uint8_t origin[HASH];
	int64_t generation;
	struct content *content;
	size_t bytes;
};

struct cache {
	struct entry *buckets[BUCKETS];
	struct entry *newest, *oldest;
	size_t bytes, max, entries;
};

struct cache *
cache_new(size_t max)
{
	struct cache *c = mem_new(sizeof(*c));

	c->max = max;
	return c;
}

/* Where the entry of this name hangs, or would hang.  FNV-1a: only names of files that exist get
 * in here, so nobody outside can crowd a bucket. */
static struct entry **
place_of(struct cache *c, const char *name)
{
	uint32_t hash = 2166136261u;
	struct entry **at;

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	at = &c->buckets[hash % BUCKETS];
	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static void
unlink_use(struct cache *c, struct entry *n)
{
	if (n->newer != NULL)
		n->newer->older = n->older;
	else
		c->newest = n->older;
	if (n->older != NULL)
		n->older->newer = n->newer;
	else
		c->oldest = n->newer;
}

static void
link_newest(struct cache *c, struct entry *n)
{
	n->newer = NULL;
	n->older = c->newest;
	if (n->older != NULL)
		n->older->newer = n;
	else
		c->oldest = n;
	c->newest = n;
}

static struct content *
use(struct cache *c, struct entry *n)
{
	unlink_use(c, n);
	link_newest(c, n);
	return content_ref(n->content);
}

static void
drop(struct cache *c, struct entry *n)
{
	*place_of(c, n->name) = n->next;
	unlink_use(c, n);
	c->bytes -= n->bytes;
	c->entries--;
	content_unref(n->content);
	free(n->name);
	free(n);
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		drop(c, c->oldest);
	free(c);
}

static void
hash_of(struct bytes origin, uint8_t to[HASH])
{
	unsigned n = HASH;
	int ok = EVP_Digest(
	    origin.n == 0 ? "" : (const void *)origin.p, origin.n, to, &n, EVP_sha256(), NULL);

	assert(ok == 1 && n == HASH);
}

struct content *
cache_fresh(struct cache *c, const char *name, int64_t generation)
{
	struct entry *n = *place_of(c, name);

	if (n == NULL || n->generation != generation || generation == CACHE_UNCONFIRMED)
		return NULL;
	return use(c, n);
}

struct content *
cache_made_from(struct cache *c, const char *name, struct bytes origin, int64_t generation)
{
	struct entry *n = *place_of(c, name);
	uint8_t hash[HASH];

	if (n == NULL)
		return NULL;
	hash_of(origin, hash);
	if (memcmp(n->origin, hash, HASH) != 0)
		return NULL;
	n->generation = generation;
	return use(c, n);
}

void
cache_keep(struct cache *c, const char *name, struct bytes origin, int64_t generation,
    struct content *content)
{
	struct entry *n = *place_of(c, name);
	uint64_t bytes = sizeof(*n) + strlen(name) + 1 + content_size(content);

	if (n != NULL)
		drop(c, n);
	if (bytes > c->max)
		return;
	while (c->bytes + bytes > c->max)
		drop(c, c->oldest);
	n = mem_new(sizeof(*n));
	n->name = mem_text(name);
	hash_of(origin, n->origin);
	n->generation = generation;
	n->content = content_ref(content);
	n->bytes = (size_t)bytes;
	*place_of(c, name) = n;
	link_newest(c, n);
	c->bytes += n->bytes;
	c->entries++;
}

size_t
cache_bytes(const struct cache *c)
{
	return c->bytes;
}

size_t
cache_entries(const struct cache *c)
{
	return c->entries;
}
