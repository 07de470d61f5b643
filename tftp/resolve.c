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
#include "trust/enc.h"
#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/recipient.h"
#include "trust/sgn.h"

enum {
	CACHE_MAX = 64 << 20,
	SIGNED_MAX = 4 << 20 /* a file to sign is read whole; phones take 2 MiB of it at most */
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
	struct content *file; /* found in the folder; NULL: none */
	int fd;		      /* of file, which closes it */
	struct file_identity identity;
	bool is_signed_already; /* file is, by somebody else */
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

/* For the phone's eyes only, with an AES key that no other file has. */
static struct content *
seal(struct resolver *r, const struct question *q, struct bytes plain, const struct cert *to,
    struct err *e)
{
	struct loaded *l = &r->loaded;
	struct enc_plan plan = { .layout = LAYOUT_CISCO,
		.digest = l->digest,
		.filename = q->asked.name,
		.timestamp = (uint32_t)q->now };
	struct signer signer = key_signer(l->key, l->cert);
	struct wr file = { 0 };

	if (enc_seal(&plan, plain, to, &signer, &file, e) != 0) {
		wr_free(&file);
		return NULL;
	}
	r->counters.signatures++;
	return content_of_memory(NULL, &file);
}

/* What a signature depends on besides the file and its name. */
static void
put_signer(const struct resolver *r, struct wr *origin)
{
	wr_put(origin, cert_sha256(r->loaded.cert));
	wr_u8(origin, (uint8_t)r->loaded.digest);
}

static bool
is_cached(struct resolver *r, struct content *found, struct content **out)
{
	if (found == NULL)
		return false;
	r->counters.cached++;
	*out = found;
	return true;
}

/* ---- what we make ourselves ---- */

/* Is the answer of before still good, as far as the store goes? */
static bool
is_fresh(struct resolver *r, const struct question *q, struct content **out)
{
	return is_cached(r, cache_fresh(r->cache, q->asked.name, r->generation), out);
}

/* A change of the store that changed neither these bytes nor who signs costs no signature.  Takes
 * what is in made. */
static int
serve_made(struct resolver *r, const struct question *q, struct wr *made, struct content **out,
    struct err *e)
{
	const char *name = q->asked.name;
	struct wr origin = { 0 };

	wr_text(&origin, "made ");
	put_signer(r, &origin);
	wr_put(&origin, wr_view(made));
	if (!is_cached(r, cache_made_from(r->cache, name, wr_view(&origin), r->generation), out)) {
		*out = q->asked.is_signed ? sign(r, q, made, e) : content_of_memory(NULL, made);
		if (*out != NULL)
			cache_keep(r->cache, name, wr_view(&origin), r->generation, *out);
	}
	wr_free(&origin);
	return *out == NULL ? -1 : 0;
}

static int
make_default(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	struct wr made = { 0 };
	int rc = devconf_make_default(&r->loaded.facts, &made, e);

	if (rc == 0)
		rc = serve_made(r, q, &made, out, e);
	wr_free(&made);
	return rc;
}

/* A phone whose configuration is made, as of now: what CAPF is to do with it needs no restart, nor
 * does its certificate. */
struct told {
	struct devconf_phone phone;
	struct cert *cert;  /* certHash; NULL: none */
	struct err no_cert; /* its configuration is to be encrypted, but to what? */
};

static int
look_at_cert(struct resolver *r, const struct device *d, struct told *t, struct err *e)
{
	if (!d->encrypted_config)
		return lsc_held(r->plan.store, d->name, &t->cert, e);
	return recipient_of(r->plan.store, d->name, &t->cert, &t->no_cert, e) < 0 ? -1 : 0;
}

/* told_free() it, also after -1. */
static int
look_at_phone(struct resolver *r, const struct device *d, struct told *t, struct err *e)
{
	struct order order;

	*t = (struct told){ .phone = { .device = d } };
	if (order_get(r->plan.store, d->name, &order, e) < 0 || look_at_cert(r, d, t, e) != 0)
		return -1;
	t->phone.capf_auth = order.operation != ORDER_NONE ? (int)order.auth : 0;
	t->phone.lsc = t->cert;
	return 0;
}

static void
told_free(struct told *t)
{
	cert_free(t->cert);
}

/* For anybody's eyes: all of it, or, when the rest is encrypted, what leads the phone there. */
static int
make_for_phone(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	const struct devconf_facts *facts = &r->loaded.facts;
	struct wr made = { 0 };
	int rc = t->phone.device->encrypted_config ? devconf_make_short(facts, &t->phone, &made, e)
						   : devconf_make(facts, &t->phone, &made, e);

	if (rc == 0)
		rc = serve_made(r, q, &made, out, e);
	wr_free(&made);
	return rc;
}

/* ---- what lies in the folder ---- */

/* 1, 0 with the reason in e when there is none, -1 when there is one that we cannot read. */
static int
open_file(const struct resolver *r, const char *name, struct question *q, struct err *e)
{
	struct err why;

	q->fd = file_open_under(r->plan.folder, name, &why);
	if (q->fd < 0) {
		err_set(e, why.code, "%s: %s", name, why.text);
		return why.code == ERR_NOT_FOUND ? 0 : -1;
	}
	if (file_identity_of(q->fd, &q->identity, &why) != 0) {
		close(q->fd);
		return err_set(e, why.code, "%s: %s", name, why.text);
	}
	q->file = content_of_file(NULL, q->fd, (uint64_t)q->identity.size);
	return 1;
}

/* As open_file().  The plain file first, which we sign or encrypt ourselves; else one with which
 * somebody else has done so. */
static int
find_file(const struct resolver *r, struct question *q, struct err *e)
{
	int rc = open_file(r, q->asked.plain, q, e);

	if (rc != 0 || !(q->asked.is_signed || q->asked.is_encrypted))
		return rc;
	rc = open_file(r, q->asked.name, q, e);
	q->is_signed_already = rc == 1;
	return rc;
}

static int
read_file(const struct question *q, struct wr *body, struct err *e)
{
	struct file_identity after;

	if (q->identity.size > SIGNED_MAX)
		return err_set(e, ERR_LIMIT, "%s: larger than the %d bytes that we sign",
		    q->asked.plain, SIGNED_MAX);
	wr_fill(body, 0, (size_t)q->identity.size);
	if (content_read(q->file, 0, body->p, body->n, e) != 0 ||
	    file_identity_of(q->fd, &after, e) != 0)
		return err_prefix(e, "%s", q->asked.plain);
	if (!file_identity_eq(&q->identity, &after))
		return err_set(e, ERR_FAILED, "%s: changed while it was read", q->asked.plain);
	return 0;
}

/* The clock of files ticks in milliseconds: one that was written just now may be written again
 * without its time showing it. */
static bool
is_settled(const struct question *q)
{
	return q->identity.changed_ns / 1000000000 < q->now - 1;
}

static struct content *
sign_file(struct resolver *r, const struct question *q, struct bytes origin, struct err *e)
{
	struct content *signed_file = NULL;
	struct wr body = { 0 };

	if (read_file(q, &body, e) == 0)
		signed_file = sign(r, q, &body, e);
	wr_free(&body);
	if (signed_file != NULL && is_settled(q))
		cache_keep(r->cache, q->asked.name, origin, CACHE_UNCONFIRMED, signed_file);
	return signed_file;
}

static int
serve_signed_file(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	struct wr origin = { 0 };

	wr_text(&origin, "file ");
	put_signer(r, &origin);
	wr_put(&origin, bytes_over(&q->identity, sizeof(q->identity)));
	if (!is_cached(r,
		cache_made_from(r->cache, q->asked.name, wr_view(&origin), CACHE_UNCONFIRMED), out))
		*out = sign_file(r, q, wr_view(&origin), e);
	wr_free(&origin);
	return *out == NULL ? -1 : 0;
}

static int
serve_file(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	if (q->asked.is_signed && !q->is_signed_already)
		return serve_signed_file(r, q, out, e);
	*out = content_ref(q->file);
	return 0;
}

/* ---- what only the phone can read ---- */

/* Sealed once: what is made of the same origin is the same file, and no AES key serves two versions
 * of a configuration.  plain: the bytes, or what stands for them. */
static void
put_seal_origin(
    const struct resolver *r, const struct cert *to, struct bytes plain, struct wr *origin)
{
	put_signer(r, origin);
	wr_put(origin, cert_sha256(to));
	wr_put(origin, plain);
}

static int
serve_sealed_made(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	const char *name = q->asked.name;
	struct wr made = { 0 }, origin = { 0 };

	if (devconf_make(&r->loaded.facts, &t->phone, &made, e) == 0) {
		wr_text(&origin, "sealed made ");
		put_seal_origin(r, t->cert, wr_view(&made), &origin);
		if (!is_cached(
			r, cache_made_from(r->cache, name, wr_view(&origin), r->generation), out)) {
			*out = seal(r, q, wr_view(&made), t->cert, e);
			if (*out != NULL)
				cache_keep(r->cache, name, wr_view(&origin), r->generation, *out);
		}
	}
	wr_wipe(&made);
	wr_wipe(&origin);
	return *out == NULL ? -1 : 0;
}

static struct content *
seal_file(struct resolver *r, const struct question *q, const struct cert *to, struct bytes origin,
    struct err *e)
{
	struct content *sealed = NULL;
	struct wr body = { 0 };

	if (read_file(q, &body, e) == 0)
		sealed = seal(r, q, wr_view(&body), to, e);
	wr_wipe(&body);
	if (sealed != NULL && is_settled(q))
		cache_keep(r->cache, q->asked.name, origin, CACHE_UNCONFIRMED, sealed);
	return sealed;
}

static int
serve_sealed_file(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	struct wr origin = { 0 };

	wr_text(&origin, "sealed file ");
	put_seal_origin(r, t->cert, bytes_over(&q->identity, sizeof(q->identity)), &origin);
	if (!is_cached(r,
		cache_made_from(r->cache, q->asked.name, wr_view(&origin), CACHE_UNCONFIRMED), out))
		*out = seal_file(r, q, t->cert, wr_view(&origin), e);
	wr_free(&origin);
	return *out == NULL ? -1 : 0;
}

static int
serve_sealed(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	if (t->cert == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: %s", q->asked.name, t->no_cert.text);
	return q->file != NULL ? serve_sealed_file(r, q, t, out, e)
			       : serve_sealed_made(r, q, t, out, e);
}

/* ---- the kinds of names ---- */

static int
has_no_sbd(const struct question *q, const struct device *d, struct err *e)
{
	return err_set(
	    e, ERR_NOT_FOUND, "%s: a %s has no Security By Default", q->asked.name, d->model->name);
}

/* A phone that we do not know is given the list too, as CUCM does. */
static int
serve_itl(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	const char *phone = q->asked.device;
	struct device d;
	int known = phone[0] != '\0' ? device_get(r->plan.store, phone, &d, e) : 0;

	if (known < 0)
		return -1;
	if (known && !d.model->sbd)
		return has_no_sbd(q, &d, e);
	if (r->loaded.itl == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: TFTP started without a list", q->asked.name);
	*out = content_ref(r->loaded.itl);
	return 0;
}

/* A phone that we know; what we make for it. */
static int
serve_phone(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	struct told t;
	int rc = look_at_phone(r, d, &t, e);

	if (rc == 0)
		rc = q->asked.is_encrypted ? serve_sealed(r, q, &t, out, e)
					   : make_for_phone(r, q, &t, out, e);
	told_free(&t);
	return rc;
}

/* What is encrypted is the folder's file, as it would be signed, or what we make. */
static int
serve_encrypted_for(struct resolver *r, struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	if (find_file(r, q, e) < 0)
		return -1;
	if (q->is_signed_already)
		return serve_file(r, q, out, e);
	if (q->file == NULL && is_fresh(r, q, out))
		return 0;
	return serve_phone(r, q, d, out, e);
}

static int
serve_encrypted(struct resolver *r, struct question *q, struct content **out, struct err *e)
{
	struct device d;
	int known = device_get(r->plan.store, q->asked.device, &d, e), rc;

	if (known < 0)
		return -1;
	if (known && d.encrypted_config)
		return serve_encrypted_for(r, q, &d, out, e);
	rc = open_file(r, q->asked.name, q, e);
	if (rc == 1)
		return serve_file(r, q, out, e);
	if (rc == 0 && known)
		err_set(e, ERR_NOT_FOUND, "%s: TFTP Encrypted Config is off for %s", q->asked.name,
		    d.name);
	return -1;
}

/* d: NULL when we do not know the phone.  Where its configuration is encrypted, the folder's file
 * is what we encrypt: nobody sees it under another name, nor what was signed before that was so. */
static int
serve_config_of(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	if (d != NULL && q->asked.is_signed && !d->model->sbd)
		return has_no_sbd(q, d, e);
	if (q->file != NULL && (d == NULL || !d->encrypted_config))
		return serve_file(r, q, out, e);
	if (d == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "%s: no phone of that name, no such file in the folder", q->asked.name);
	return serve_phone(r, q, d, out, e);
}

static int
serve_config(struct resolver *r, struct question *q, struct content **out, struct err *e)
{
	struct device d;
	int known;

	if (q->asked.is_encrypted)
		return serve_encrypted(r, q, out, e);
	if (find_file(r, q, e) < 0)
		return -1;
	if (q->file == NULL && is_fresh(r, q, out))
		return 0;
	known = device_get(r->plan.store, q->asked.device, &d, e);
	if (known < 0)
		return -1;
	return serve_config_of(r, q, known ? &d : NULL, out, e);
}

static int
serve_default(struct resolver *r, struct question *q, struct content **out, struct err *e)
{
	if (find_file(r, q, e) < 0)
		return -1;
	if (q->file != NULL)
		return serve_file(r, q, out, e);
	if (is_fresh(r, q, out))
		return 0;
	return make_default(r, q, out, e);
}

static int
serve_other(struct resolver *r, struct question *q, struct content **out, struct err *e)
{
	return find_file(r, q, e) == 1 ? serve_file(r, q, out, e) : -1;
}

static int
answer(struct resolver *r, struct question *q, struct content **out, struct err *e)
{
	switch (q->asked.kind) {
	case ASKED_CTL:
		return err_set(e, ERR_NOT_FOUND, "%s: the cluster has no CTL", q->asked.name);
	case ASKED_ITL:
		return serve_itl(r, q, out, e);
	case ASKED_CONFIG:
		return serve_config(r, q, out, e);
	case ASKED_DEFAULT:
		return serve_default(r, q, out, e);
	case ASKED_FILE:
		break;
	}
	return serve_other(r, q, out, e);
}

int
resolver_resolve(
    struct resolver *r, const char *name, int64_t now, struct content **out, struct err *e)
{
	struct question q = { .now = now };
	int rc;

	*out = NULL;
	if (look(r, e) != 0)
		return -1;
	if (!r->loaded.service.running)
		return 0;
	r->counters.asked++;
	if (asked_of(name, &q.asked, e) != 0)
		return -1;
	rc = answer(r, &q, out, e);
	content_unref(q.file);
	return rc;
}
