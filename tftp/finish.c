#include "tftp/finish.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tftp/cache.h"
#include "trust/enc.h"
#include "trust/sgn.h"

enum { RESPELLED_PER_SECOND = 20 };

struct finisher {
	const struct loaded *loaded;
	struct cache *cache;
	int64_t second; /* in which so many respelled names were signed */
	unsigned respelled;
	struct finish_counters counters;
};

struct finisher *
finisher_new(const struct loaded *loaded, size_t cache_max)
{
	struct finisher *f = mem_new(sizeof(*f));

	f->loaded = loaded;
	f->cache = cache_new(cache_max);
	return f;
}

void
finisher_free(struct finisher *f)
{
	if (f == NULL)
		return;
	cache_free(f->cache);
	free(f);
}

const struct finish_counters *
finisher_counters(const struct finisher *f)
{
	return &f->counters;
}

/* ---- signing ---- */

/* Gives the content of head and body; takes what is in body. */
static struct content *
sign(struct finisher *f, const struct finish_job *job, struct wr *body, struct err *e)
{
	struct sgn_plan plan = { .layout = LAYOUT_CISCO,
		.digest = f->loaded->digest,
		.filename = job->name,
		.timestamp = (uint32_t)job->now };
	struct signer signer = key_signer(f->loaded->key, f->loaded->cert);
	struct wr head = { 0 };

	if (sgn_head(&plan, wr_view(body), &signer, &head, e) != 0) {
		wr_free(&head);
		return NULL;
	}
	f->counters.signatures++;
	return content_of_memory(&head, body);
}

/* For the phone's eyes only, with an AES key that no other file has. */
static struct content *
seal(struct finisher *f, const struct finish_job *job, struct bytes plain, struct err *e)
{
	struct enc_plan plan = { .layout = LAYOUT_CISCO,
		.digest = f->loaded->digest,
		.filename = job->name,
		.timestamp = (uint32_t)job->now };
	struct signer signer = key_signer(f->loaded->key, f->loaded->cert);
	struct wr file = { 0 };

	if (enc_seal(&plan, plain, job->to, &signer, &file, e) != 0) {
		wr_free(&file);
		return NULL;
	}
	f->counters.signatures++;
	return content_of_memory(NULL, &file);
}

/* The name is in the signature, and a name of twelve letters can be written in four thousand ways:
 * phones know one or two of them. */
static int
may_sign(struct finisher *f, const struct finish_job *job, struct err *e)
{
	if (!job->is_respelled || !job->is_signed)
		return 0;
	if (f->second != job->now)
		f->respelled = 0;
	f->second = job->now;
	if (f->respelled++ < RESPELLED_PER_SECOND)
		return 0;
	return err_set(
	    e, ERR_BUSY, "%s: too many files are asked for in other capitals", job->name);
}

static struct content *
make(struct finisher *f, const struct finish_job *job, struct wr *body, struct err *e)
{
	if (may_sign(f, job, e) != 0)
		return NULL;
	if (job->to != NULL)
		return seal(f, job, wr_view(body), e);
	return job->is_signed ? sign(f, job, body, e) : content_of_memory(NULL, body);
}

/* ---- once ---- */

static bool
is_cached(struct finisher *f, struct content *found, struct content **out)
{
	if (found == NULL)
		return false;
	f->counters.cached++;
	*out = found;
	return true;
}

/* What a signature depends on besides the file and its name. */
static void
put_signer(const struct finisher *f, struct wr *origin)
{
	wr_put(origin, cert_sha256(f->loaded->cert));
	wr_u8(origin, (uint8_t)f->loaded->digest);
}

/* The clock of files ticks in milliseconds: one that was written just now may be written again
 * without its time showing it. */
static bool
is_settled(const struct file_identity *identity, int64_t now)
{
	return identity->changed_ns / 1000000000 < now - 1;
}

int64_t
finish_version(
    const struct finisher *f, const struct file_identity *identity, int64_t generation, int64_t now)
{
	int64_t version = INT64_MIN;
	struct wr all = { 0 };
	uint8_t hash[32];
	int ok;

	if (!is_settled(identity, now))
		return CACHE_UNCONFIRMED;
	put_signer(f, &all);
	wr_put(&all, bytes_over(identity, sizeof(*identity)));
	wr_put(&all, bytes_over(&generation, sizeof(generation)));
	ok = EVP_Digest(all.p, all.n, hash, NULL, EVP_sha256(), NULL);
	assert(ok == 1);
	wr_free(&all);
	for (size_t i = 0; i < sizeof(version) - 1; i++)
		version |= (int64_t)hash[i] << (8 * i);
	return version;
}

bool
finish_again(struct finisher *f, const char *name, int64_t version, struct content **out)
{
	return is_cached(f, cache_fresh(f->cache, name, version), out);
}

/* All that the answer is made of. */
static void
put_origin(
    const struct finisher *f, const struct finish_job *job, struct bytes body, struct wr *origin)
{
	wr_u8(origin, job->is_signed);
	put_signer(f, origin);
	if (job->to != NULL)
		wr_put(origin, cert_sha256(job->to));
	wr_put(origin, body);
}

int
finish(struct finisher *f, const struct finish_job *job, struct wr *body, struct content **out,
    struct err *e)
{
	struct wr origin = { 0 };
	struct content *found;

	put_origin(f, job, wr_view(body), &origin);
	found = cache_made_from(f->cache, job->name, wr_view(&origin), job->version);
	if (!is_cached(f, found, out)) {
		*out = make(f, job, body, e);
		if (*out != NULL)
			cache_keep(f->cache, job->name, wr_view(&origin), job->version, *out);
	}
	wr_wipe(&origin);
	return *out == NULL ? -1 : 0;
}
