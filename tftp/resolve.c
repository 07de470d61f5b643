#include "tftp/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "tftp/asked.h"
#include "tftp/complete.h"
#include "tftp/devconf.h"
#include "tftp/finish.h"
#include "tftp/folder.h"
#include "tftp/loaded.h"
#include "tftp/told.h"
#include "trust/device.h"
#include "trust/listing.h"
#include "trust/param.h"

enum {
	CACHE_MAX = 64 << 20,
	SIGNED_MAX = 4 << 20 /* a file to sign is read whole; phones take 2 MiB of it at most */
};

struct resolver {
	struct resolver_plan plan;
	struct loaded loaded;
	int64_t generation;	/* of the store when loaded was brought up to date; -1: never */
	struct content *itl_ec; /* the list in loaded, for phones that know EC; NULL: none */
	int64_t itl_ec_of;	/* which start of the service that is of; 0: of none yet */
	struct folder *folder;
	struct finisher *finisher;
	uint64_t asked;
};

/* A question on its way through. */
struct question {
	struct asked asked;
	int64_t now;
	struct content *file; /* found in the folder; NULL: none */
	int fd;		      /* of file, which closes it */
	struct file_identity identity;
	bool is_signed_already; /* file is, by somebody else */
	bool is_respelled;	/* it differs from the name in capitals */
};

struct resolver *
resolver_new(const struct resolver_plan *plan)
{
	struct resolver *r = mem_new(sizeof(*r));

	r->plan = *plan;
	r->generation = -1;
	r->folder = folder_new(plan->folder);
	r->finisher = finisher_new(&r->loaded, plan->cache_max != 0 ? plan->cache_max : CACHE_MAX);
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	finisher_free(r->finisher);
	content_unref(r->itl_ec);
	loaded_free(&r->loaded);
	folder_free(r->folder);
	free(r);
}

struct resolver_counters
resolver_counters(const struct resolver *r)
{
	const struct finish_counters *made = finisher_counters(r->finisher);

	return (struct resolver_counters){
		.asked = r->asked, .cached = made->cached, .signatures = made->signatures
	};
}

/* It was built with the list that the service loaded, and counts as that one: a phone that has
 * fetched either holds the node's list. */
static int
look_at_ec(struct resolver *r, struct err *e)
{
	const struct service *v = &r->loaded.service;
	struct wr file = { 0 };
	int rc = 0;

	if (v->starts == r->itl_ec_of)
		return 0;
	if (v->itl != 0)
		rc = listing_file_ec(r->plan.store, v->itl, &file, e);
	if (rc < 0)
		return -1;
	content_unref(r->itl_ec);
	r->itl_ec = rc == 1 ? content_of_memory(NULL, &file) : NULL;
	if (rc == 1)
		content_set_mark(r->itl_ec, v->itl);
	r->itl_ec_of = v->starts;
	return 0;
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
	if (loaded_look(&r->loaded, r->plan.store, r->plan.node, &why) != 0 ||
	    look_at_ec(r, &why) != 0)
		return err_set(e, ERR_FAILED, "TFTP cannot work: %s", why.text);
	if (r->plan.tvs_port != 0)
		r->loaded.facts.tvs_port = r->plan.tvs_port;
	r->generation = generation;
	return 0;
}

/* ---- what is made once ---- */

/* Of a phone's configuration what is made depends on the store as well. */
static int64_t
version_of(const struct resolver *r, const struct question *q)
{
	int64_t generation = q->asked.kind == ASKED_CONFIG ? r->generation : 0;

	if (q->file == NULL)
		return r->generation;
	return finish_version(r->finisher, &q->identity, generation, q->now);
}

static bool
is_fresh(struct resolver *r, const struct question *q, struct content **out)
{
	return finish_again(r->finisher, q->asked.name, version_of(r, q), out);
}

/* to: NULL when it is for anybody's eyes.  Takes what is in body. */
static int
give(struct resolver *r, const struct question *q, const struct cert *to, int64_t version,
    struct wr *body, struct content **out, struct err *e)
{
	struct finish_job job = { .name = q->asked.name,
		.is_signed = q->asked.is_signed,
		.to = to,
		.is_respelled = q->is_respelled,
		.version = version,
		.now = q->now };

	return finish(r->finisher, &job, body, out, e);
}

/* ---- what we make ourselves ---- */

static int
make_default(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	struct wr made = { 0 };
	int rc = devconf_make_default(&r->loaded.facts, &made, e);

	if (rc == 0)
		rc = give(r, q, NULL, r->generation, &made, out, e);
	wr_free(&made);
	return rc;
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
		rc = give(r, q, NULL, r->generation, &made, out, e);
	wr_free(&made);
	return rc;
}

/* ---- what lies in the folder ---- */

/* 1, 0 with the reason in e when there is none, -1 when there is one that we cannot read. */
static int
open_file(const struct resolver *r, const char *name, struct question *q, struct err *e)
{
	struct err why;

	q->fd = folder_open(r->folder, name, q->now, &q->is_respelled, &why);
	if (q->fd < 0) {
		err_set(e, why.code, "%s: not in %s: %s", name, folder_where(r->folder), why.text);
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
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "%s: neither %.120s nor %.120s is in %s", q->asked.name,
		    q->asked.plain, q->asked.name, folder_where(r->folder));
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

/* A phone's configuration gets what it lacks.  What is no XML is said, and served all the same; or
 * refused, for the log to say so with the request. */
static int
complete(struct resolver *r, const struct question *q, const struct told *t, struct wr *body,
    struct err *e)
{
	struct wr whole = { 0 };
	unsigned added;
	struct err why;

	if (complete_config(wr_view(body), &r->loaded.facts, &t->phone, &whole, &added, &why) !=
	    0) {
		if (why.code != ERR_FAILED && r->loaded.refuse_broken)
			return err_set(e, ERR_FAILED, "%s in %s: %s; " PARAM_BROKEN " are refused",
			    q->asked.plain, folder_where(r->folder), why.text);
		log_event(LOG_WARN, "tftp", NULL, q->asked.device, "configuration-not-completed",
		    "file", q->asked.plain, "in", folder_where(r->folder), "error", why.text, NULL);
		return 0;
	}
	if (r->loaded.complete && added != 0) {
		struct wr was = *body;

		*body = whole;
		whole = was;
	}
	wr_wipe(&whole);
	return 0;
}

/* t: whose configuration it is; NULL: nobody's. */
static int
serve_worked_on(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	const struct cert *to = q->asked.is_encrypted ? t->cert : NULL;
	struct wr body = { 0 };
	int rc;

	if (is_fresh(r, q, out))
		return 0;
	rc = read_file(q, &body, e);
	if (rc == 0 && t != NULL)
		rc = complete(r, q, t, &body, e);
	if (rc == 0)
		rc = give(r, q, to, version_of(r, q), &body, out, e);
	wr_wipe(&body);
	return rc;
}

static int
serve_file(struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	if (q->asked.is_signed && !q->is_signed_already)
		return serve_worked_on(r, q, NULL, out, e);
	*out = content_ref(q->file);
	return 0;
}

/* A configuration that somebody else signed is theirs.  d: NULL for a phone that we do not know:
 * it is told where we are, and that it registers without security. */
static int
serve_config_file(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	struct device stranger = { .security = SECURITY_NONE };
	struct told t = { .phone = { .device = &stranger } };
	int rc = 0;

	if (q->is_signed_already || (q->identity.size > SIGNED_MAX && !q->asked.is_signed))
		return serve_file(r, q, out, e);
	if (d != NULL)
		rc = told_look(r->plan.store, d, &t, e);
	if (rc == 0)
		rc = serve_worked_on(r, q, &t, out, e);
	told_free(&t);
	return rc;
}

/* ---- what only the phone can read ---- */

static int
serve_sealed_made(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	struct wr made = { 0 };
	int rc = devconf_make(&r->loaded.facts, &t->phone, &made, e);

	if (rc == 0)
		rc = give(r, q, t->cert, r->generation, &made, out, e);
	wr_wipe(&made);
	return rc;
}

static int
serve_sealed(struct resolver *r, const struct question *q, const struct told *t,
    struct content **out, struct err *e)
{
	if (t->cert == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: %s", q->asked.name, t->no_cert.text);
	return q->file != NULL ? serve_worked_on(r, q, t, out, e)
			       : serve_sealed_made(r, q, t, out, e);
}

/* ---- the kinds of names ---- */

static int
has_no_sbd(const struct question *q, const struct device *d, struct err *e)
{
	return err_set(
	    e, ERR_NOT_FOUND, "%s: a %s has no Security By Default", q->asked.name, d->model->name);
}

/* A phone that we do not know is given the list too, as CUCM does; whether it knows EC nobody can
 * tell. */
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
	*out = content_ref(known && d.model->ec && r->itl_ec != NULL ? r->itl_ec : r->loaded.itl);
	return 0;
}

/* One for all phones, also for those without Security By Default. */
static int
serve_ctl(const struct resolver *r, const struct question *q, struct content **out, struct err *e)
{
	if (r->loaded.ctl == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: the cluster has no CTL", q->asked.name);
	*out = content_ref(r->loaded.ctl);
	return 0;
}

/* A phone that we know; what we make for it. */
static int
serve_phone(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	struct told t;
	int rc = told_look(r->plan.store, d, &t, e);

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

/* d: NULL when we do not know the phone.  One without Security By Default asks for what is signed
 * when it holds a CTL (TechNote 118893).  Where its configuration is encrypted, the folder's file
 * is what we encrypt: nobody sees it under another name, nor what was signed before that was so. */
static int
serve_config_of(struct resolver *r, const struct question *q, const struct device *d,
    struct content **out, struct err *e)
{
	if (d != NULL && q->asked.is_signed && !d->model->sbd && r->loaded.ctl == NULL)
		return has_no_sbd(q, d, e);
	if (q->file != NULL && (d == NULL || !d->encrypted_config))
		return serve_config_file(r, q, d, out, e);
	if (d == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "%s: no phone of that name, no such file in the folder, %s", q->asked.name,
		    folder_where(r->folder));
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
	if (!q->is_signed_already && is_fresh(r, q, out))
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
		return serve_ctl(r, q, out, e);
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

/* In the words of CUCM's own TFTP trace (TechNote 214528), for people who know those. */
static void
trace_not_found(const struct asked *a)
{
	const char *device = a->device[0] != '\0' ? a->device : NULL;
	char line[2 * ASKED_NAME_MAX];

	if (!log_wants(LOG_DEBUG))
		return;
	if (a->kind == ASKED_CTL && device != NULL) {
		snprintf(line, sizeof(line), "HandleCTL: [%s] is CTLSEPMac.tlv file, Searching[%s]",
		    a->name, device);
		log_event(LOG_DEBUG, "tftp", NULL, device, "trace", "line", line, NULL);
	}
	if (a->kind == ASKED_CONFIG && a->is_signed)
		log_event(LOG_DEBUG, "tftp", NULL, device, "trace", "line",
		    "Request is for XML signed Config File", NULL);
	snprintf(line, sizeof(line), "FindAndServe File Not Found - 404 - Failure [%s]", a->name);
	log_event(LOG_DEBUG, "tftp", NULL, device, "trace", "line", line, NULL);
}

int
resolver_resolve(
    struct resolver *r, const char *name, int64_t now, struct content **out, struct err *e)
{
	struct question q = { .now = now };
	struct err why = { 0 };
	int rc;

	*out = NULL;
	if (look(r, e) != 0)
		return -1;
	if (!r->loaded.service.running)
		return 0;
	r->asked++;
	if (asked_of(name, &q.asked, e) != 0)
		return -1;
	rc = answer(r, &q, out, &why);
	content_unref(q.file);
	if (rc != 0 && why.code == ERR_NOT_FOUND)
		trace_not_found(&q.asked);
	if (rc != 0 && e != NULL)
		*e = why;
	return rc;
}

bool
resolver_registers(struct resolver *r, const struct asked *asked, int64_t now)
{
	struct device d;
	int fd;

	if (look(r, NULL) != 0 || !r->loaded.service.running || !r->loaded.facts.auto_registration)
		return false;
	if (device_get(r->plan.store, asked->device, &d, NULL) != 0)
		return false;
	fd = folder_open(r->folder, asked->plain, now, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}
