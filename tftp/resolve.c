#include "tftp/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tftp/asked.h"
#include "tftp/cache.h"
#include "tftp/devconf.h"
#include "tftp/loaded.h"
#include "trust/device.h"
#include "trust/sgn.h"

enum {
	CACHE_MAX = 64 << 20,
	SIGNED_MAX = 8 << 20 /* a file to sign is read whole; phones load no more than 2 MiB */
};

struct resolver {
	struct resolver_plan plan;
	struct loaded loaded;
	int64_t generation; /* of the store when loaded was brought up to date; -1: never */
	struct cache *cache;
	struct resolver_counters counters;
};

/* A question on its way through. */
struct question {
	struct asked asked;
	int64_t now;
	int fd;		    /* of the file found in the folder; -1: none */
	bool is_signed_file; /* that one has a signature already */
};

struct resolver *
resolver_new(const struct resolver_plan *plan)
{
	struct resolver *r = mem_new(sizeof(*r));

	r->plan = *plan;
	r->generation = -1;
	r->cache = cache_new(plan->cache_max != 0 ? plan->cache_max : CACHE_MAX);
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	loaded_free(&r->loaded);
	cache_free(r->cache);
	free(r);
}

const struct resolver_counters *
resolver_counters(const struct resolver *r)
{
	return &r->counters;
}

/* The generation is read first: when a change gets in between, we look again next time.  Whatever
 * is missing here is no reason to tell a phone that its file does not exist. */
static int
look(struct resolver *r, struct err *e)
{
	int64_t generation = store_generation(r->plan.store);
	struct err why;

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation == r->generation)
		return 0;
	r->generation = -1;
	if (loaded_look(&r->loaded, r->plan.store, r->plan.node, &why) != 0)
		return err_set(e, ERR_FAILED, "TFTP cannot work: %s", why.text);
	if (r->plan.tvs_port != 0)
		r->loaded.facts.tvs_port = r->plan.tvs_port;
	r->generation = generation;
	return 0;
}

/* ---- signing ---- */

/* Gives the content of head and body; takes what is in body. */
static struct content *
sign(struct resolver *r, const struct question *q, struct wr *body, struct err *e)
{
	struct loaded *l = &r->loaded;
	struct sgn_plan plan = { .layout = LAYOUT_CISCO,
		.digest = l->digest,
		.filename = q->asked.name,
		.timestamp = (uint32_t)q->now };
	struct signer signer = key_signer(l->key, l->cert);
	struct wr head = { 0 };

	if (sgn_head(&plan, wr_view(body), &signer, &head, e) != 0) {
		wr_free(&head);
		return NULL;
	}
	r->counters.signatures++;
	return content_of_memory(&head, body);
}

/* What a signature depends on besides the file and its name. */
static void
put_signer(const struct resolver *r, struct wr *origin)
{
	wr_put(origin, cert_sha256(r->loaded.cert));
	wr_u8(origin, (uint8_t)r->loaded.digest);
}

static int
from_cache(struct resolver *r, struct content *found, struct content **out)
{
	if (found == NULL)
		return 0;
	r->counters.cached++;
	*out = found;
	return 1;
}

/* ---- what we make ourselves ---- */

/* Is the answer of before still good, as far as the store goes? */
static bool
is_fresh(struct resolver *r, const struct question *q, struct content **out)
{
	return from_cache(r, cache_fresh(r->cache, q->asked.name, r->generation), out);
}

static struct content *
finish(struct resolver *r, const struct question *q, struct wr *made, struct err *e)
{
	return q->asked.is_signed ? sign(r, q, made, e) : content_of_memory(NULL, made);
}

/* A change of the store that did not change these bytes, nor who signs, costs no signature. */
static int
serve_made(struct resolver *r, const struct question *q, struct wr *made, struct content **out,
    struct err *e)
{
	struct wr origin = { 0 };

	put_signer(r, &origin);
	wr_put(&origin, wr_view(made));
	if (!from_cache(r,
		cache_made_from(r->cache, q->asked.name, wr_view(&origin), r->generation), out)) {
		*out = finish(r, q, made, e);
		if (*out != NULL)
			cache_keep(
			    r->cache, q->asked.name, wr_view(&origin), r->generation, *out);
	}
	wr_free(&origin);
	return *out == NULL ? -1 : 0;
}

static int
serve_configuration(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	struct wr made = { 0 };
	int rc = devconf_make(&r->loaded.facts, d, &made, e);

	if (rc == 0)
		rc = serve_made(r, q, &made, out, e);
	wr_free(&made);
	return rc;
}

static int
serve_default(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	struct wr made = { 0 };
	int rc = devconf_make_default(&r->loaded.facts, &made, e);

	if (rc == 0)
		rc = serve_made(r, q, &made, out, e);
	wr_free(&made);
	return rc;
}

/* ---- what lies in the folder ---- */

/* 1 and *fd, 0 with the reason in e, -1: there may be one, but it cannot be opened. */
static int
open_file(const struct resolver *r, const char *name, int *fd, struct err *e)
{
	*fd = file_open_under(r->plan.folder, name, e);
	if (*fd >= 0)
		return 1;
	err_prefix(e, "%s", name);
	return e->code == ERR_NOT_FOUND ? 0 : -1;
}

/* As open_file().  The plain file first, which we sign ourselves; else one that somebody else has
 * signed. */
static int
find_file(const struct resolver *r, struct question *q, struct err *e)
{
	int rc = open_file(r, q->asked.plain, &q->fd, e);

	if (rc != 0 || !q->asked.is_signed)
		return rc;
	rc = open_file(r, q->asked.name, &q->fd, e);
	q->is_signed_file = rc == 1;
	return rc;
}

static int
read_file(int fd, const struct file_identity *id, struct wr *body, struct err *e)
{
	struct file_identity after;
	struct content *file;
	int rc;

	if (id->size > SIGNED_MAX)
		return err_set(e, ERR_LIMIT, "larger than the %d bytes that we sign", SIGNED_MAX);
	wr_fill(body, 0, (size_t)id->size);
	file = content_of_file(NULL, fd, body->n);
	rc = content_read(file, 0, body->p, body->n, e);
	if (rc == 0)
		rc = file_identity_of(fd, &after, e);
	content_unref(file);
	if (rc == 0 && !file_identity_eq(id, &after))
		rc = err_set(e, ERR_FAILED, "changed while it was read");
	return rc;
}
