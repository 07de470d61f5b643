#include "trust/outlook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/certs.h"
#include "trust/device.h"
#include "trust/known.h"
#include "trust/history.h"
#include "trust/key.h"
#include "trust/node.h"
#include "trust/role.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/sgn.h"

/* A phone is told of three TVS at the most: those of the first nodes, in their order. */
enum { ROLES_MAX = 16, MEMBERS_MAX = 3 };

/* ---- the store plays TVS ---- */

static bool
lists_tvs(const struct tlist *held, const struct cert *c)
{
	for (size_t i = 0; i < held->n; i++)
		if (held->record[i].role == ROLE_TVS && held->record[i].cert != NULL &&
		    cert_eq(held->record[i].cert, c))
			return true;
	return false;
}

/* The phone talks only to a TVS whose certificate stands in its list.  1: there is one that runs,
 * *node is its; 0: none; -1. */
static int
find_tvs(struct store *s, const struct tlist *held, int64_t *node, struct err *e)
{
	struct service *all;
	size_t n, members = 0;
	int rc = service_list(s, &all, &n, e), found = 0;

	for (size_t i = 0; rc == 0 && found == 0 && members < MEMBERS_MAX && i < n; i++) {
		struct cert *c;

		if (strcmp(all[i].name, "TVS") != 0)
			continue;
		members++;
		if (!all[i].running)
			continue;
		c = service_cert(s, all[i].node, "TVS", "TVS", NULL, e);
		if (c == NULL) {
			rc = -1;
			break;
		}
		found = lists_tvs(held, c);
		*node = all[i].node;
		cert_free(c);
	}
	free(all);
	return rc == 0 ? found : -1;
}

static void
add_roles(const char *store, uint8_t *role, size_t *n)
{
	const struct cert_kind *kind = known_kind_of(store, NULL);

	for (size_t i = 0; kind != NULL && i < kind->roles && *n < ROLES_MAX; i++)
		role[(*n)++] = (uint8_t)kind->role[i];
}

/* What that TVS says of the signer that the judgement asks for. */
static int
ask(struct store *s, int64_t node, const struct sighdr *head, struct cert **cert, uint8_t *role,
    size_t *roles, struct err *e)
{
	struct held_cert *all;
	size_t n;

	*cert = NULL;
	*roles = 0;
	if (known_list(s, node, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!sighdr_names(head, all[i].cert))
			continue;
		if (*cert == NULL)
			*cert = cert_copy(all[i].cert);
		if (cert_eq(*cert, all[i].cert))
			add_roles(all[i].store, role, roles);
	}
	certs_list_free(all, n);
	return 0;
}

/* Asks on behalf of the phone; tvs lends *cert and role. */
static int
ask_tvs(struct store *s, const struct judge_memory *memory, const struct sighdr *head,
    struct judge_tvs *tvs, struct cert **cert, uint8_t role[ROLES_MAX], struct err *e)
{
	size_t roles;
	int64_t node;
	int rc = find_tvs(s, memory->itl, &node, e);

	*cert = NULL;
	*tvs = (struct judge_tvs){ .state = TVS_UNREACHABLE };
	if (rc != 1)
		return rc;
	if (ask(s, node, head, cert, role, &roles, e) != 0)
		return -1;
	*tvs = (struct judge_tvs){ .state = *cert == NULL ? TVS_UNKNOWN : TVS_VOUCHED,
		.cert = *cert,
		.roles = role,
		.roles_n = roles };
	return 0;
}

/* A list or a file: kind says which. */
static void
judge(const struct judge_memory *memory, const struct model *model, enum sighdr_kind kind,
    struct bytes fresh, const struct judge_tvs *tvs, struct judgement *out)
{
	struct tlist *list = NULL;

	if (kind == SIGHDR_LIST)
		judge_list(memory, model, fresh, tvs, out, &list);
	else
		judge_file(memory, model, fresh, tvs, out);
	tlist_free(list);
}

static int
judge_asking(struct store *s, const struct judge_memory *memory, const struct model *model,
    enum sighdr_kind kind, struct bytes fresh, struct judgement *out, struct err *e)
{
	struct judge_tvs tvs = { .state = TVS_NOT_ASKED };
	uint8_t role[ROLES_MAX];
	struct cert *cert = NULL;
	struct sighdr head;
	int rc = 0;

	judge(memory, model, kind, fresh, &tvs, out);
	if (out->verdict != JUDGE_ASK_TVS)
		return 0;
	if (sighdr_decode(fresh, kind, &head, e) != 0 ||
	    ask_tvs(s, memory, &head, &tvs, &cert, role, e) != 0)
		rc = -1;
	if (rc == 0)
		judge(memory, model, kind, fresh, &tvs, out);
	cert_free(cert);
	return rc;
}

int
outlook_of_list(struct store *s, const struct judge_memory *held, const struct model *model,
    struct bytes fresh, struct judgement *out, struct err *e)
{
	return judge_asking(s, held, model, SIGHDR_LIST, fresh, out, e);
}

/* ---- all phones ---- */

const char *
outlook_word(enum outlook_fate fate)
{
	static const char *const word[] = {
		[OUTLOOK_SAME] = "same",
		[OUTLOOK_FOLLOW] = "follow",
		[OUTLOOK_ASK] = "ask-tvs",
		[OUTLOOK_LOCKED] = "locked",
		[OUTLOOK_UNKNOWN] = "unknown",
	};

	return word[fate];
}

/* The list with this id, its bytes in file; *out NULL for id 0. */
static int
read_list(struct store *s, int64_t id, struct wr *file, struct tlist **out, struct err *e)
{
	*out = NULL;
	if (id == 0)
		return 0;
	if (history_file(s, id, file, e) != 0)
		return -1;
	*out = tlist_decode(wr_view(file), e);
	return *out == NULL ? -1 : 0;
}

/* A phone on its way through a boot: what it holds at the moment, and the worst so far. */
struct walk {
	struct store *store; /* of the cluster whose lists it holds, and whose TVS it asks */
	struct store *there; /* of the one that it boots from; usually the same */
	const struct model *model;
	int64_t node;		 /* there */
	struct tlist *ctl, *itl; /* owned */
	enum outlook_fate fate;
	struct judgement j; /* of what locked it */
};

/* From harmless to fatal. */
static void
worsen(struct walk *w, const struct judgement *j)
{
	enum outlook_fate fate = j->verdict != JUDGE_ACCEPTED	  ? OUTLOOK_LOCKED
				 : j->reason == JUDGE_TVS_VOUCHES ? OUTLOOK_ASK
								  : OUTLOOK_FOLLOW;

	if (fate <= w->fate)
		return;
	w->fate = fate;
	w->j = *j;
}

/* It is offered the list with this id, and takes it into *held or not. */
static int
offer(struct walk *w, int64_t holds, int64_t newest, struct tlist **held, struct err *e)
{
	struct judge_memory memory = { w->ctl, w->itl };
	struct judgement j = { 0 };
	struct tlist *fresh = NULL;
	struct wr file = { 0 };
	int rc = -1;

	if (newest == 0 || (newest == holds && w->there == w->store))
		return 0;
	if (read_list(w->there, newest, &file, &fresh, e) == 0)
		rc = outlook_of_list(w->store, &memory, w->model, wr_view(&file), &j, e);
	if (rc == 0)
		worsen(w, &j);
	if (rc == 0 && j.verdict == JUDGE_ACCEPTED) {
		tlist_free(*held);
		*held = fresh;
		fresh = NULL;
	}
	tlist_free(fresh);
	wr_free(&file);
	return rc;
}

/* Any file that TFTP signs.  Its hash is one that every phone can check: only who signs matters
 * here. */
static int
make_file(struct store *s, int64_t node, struct wr *file, struct err *e)
{
	struct sgn_plan plan = { LAYOUT_CISCO, DIGEST_SHA1, "any.cnf.xml.sgn", 0 };
	struct signer signer;
	int64_t id = 0;
	struct cert *cert = service_cert(s, node, "TFTP", "CallManager", &id, e);
	struct key *key = cert != NULL ? certs_key(s, id, e) : NULL;
	int rc = -1;

	if (key != NULL) {
		signer = key_signer(key, cert);
		rc = sgn_wrap(&plan, bytes_of("<device/>"), &signer, file, e);
	}
	key_free(key);
	cert_free(cert);
	return rc;
}

/* Whoever followed an ITL has TFTP's certificate in it.  With a CTL that need not be so: it may
 * name an older one, and a phone without Security By Default has nothing else. */
static int
offer_file(struct walk *w, struct err *e)
{
	struct judge_memory memory = { w->ctl, w->itl };
	struct judgement j;
	struct wr file = { 0 };
	int rc;

	if (w->ctl == NULL || !judge_wants_signed(&memory))
		return 0;
	rc = make_file(w->there, w->node, &file, e);
	if (rc == 0)
		rc =
		    judge_asking(w->store, &memory, w->model, SIGHDR_SIGNED, wr_view(&file), &j, e);
	if (rc == 0 && (j.verdict != JUDGE_ACCEPTED || j.reason == JUDGE_TVS_VOUCHES))
		worsen(w, &j);
	wr_free(&file);
	return rc;
}

/* Which lists it holds, and which there are: ids, 0 for none. */
struct lists {
	int64_t itl, ctl;
};

static int
boot(struct walk *w, const struct lists *holds, const struct lists *newest, struct err *e)
{
	struct wr itl = { 0 }, ctl = { 0 };
	int rc = read_list(w->store, holds->itl, &itl, &w->itl, e);

	if (rc == 0)
		rc = read_list(w->store, holds->ctl, &ctl, &w->ctl, e);
	if (rc == 0)
		rc = offer(w, holds->ctl, newest->ctl, &w->ctl, e);
	if (rc == 0 && w->model->sbd)
		rc = offer(w, holds->itl, newest->itl, &w->itl, e);
	if (rc == 0)
		rc = offer_file(w, e);
	tlist_free(w->itl);
	tlist_free(w->ctl);
	wr_free(&itl);
	wr_free(&ctl);
	return rc;
}

/* Thousands of phones hold few different lists: the judgement of one serves the others that hold
 * the same and check the same. */
struct known_fate {
	struct lists holds;
	int64_t node;
	const struct model *model;
	enum outlook_fate fate;
};

enum { FATES_KEPT = 32 };

struct fates {
	struct store *there; /* where they boot */
	int64_t node;	     /* and from which node; 0: each from the one it asked last */
	struct known_fate kept[FATES_KEPT];
	size_t n; /* how many there ever were; the oldest give way */
};

/* All of a model that a judgement depends on. */
static bool
judge_alike(const struct model *a, const struct model *b)
{
	return a->sbd == b->sbd && a->sha512 == b->sha512 && a->ec == b->ec;
}

static const struct known_fate *
find_fate(const struct fates *f, const struct known_fate *like)
{
	for (size_t i = 0; i < f->n && i < FATES_KEPT; i++) {
		const struct known_fate *k = &f->kept[i];

		if (k->node == like->node && k->holds.itl == like->holds.itl &&
		    k->holds.ctl == like->holds.ctl && judge_alike(k->model, like->model))
			return k;
	}
	return NULL;
}

static int
newest_of(struct store *s, int64_t node, struct lists *out, struct err *e)
{
	struct listing_entry itl, ctl;

	if (history_newest(s, HISTORY_ITL, node, &itl, e) < 0 ||
	    history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &ctl, e) < 0)
		return -1;
	*out = (struct lists){ itl.id, ctl.id };
	return 0;
}

static void
note_locked(struct outlook *out, const struct device *d, const struct judgement *j)
{
	if (out->phones[OUTLOOK_LOCKED] > 0)
		return;
	snprintf(out->locked, sizeof(out->locked), "%s", d->name);
	snprintf(out->why, sizeof(out->why), "%s", j->why);
	out->reason = j->reason;
}

static int
let_boot(struct store *s, struct store *there, const struct device *d, struct known_fate *k,
    struct outlook *out, struct err *e)
{
	struct walk w = { .store = s, .there = there, .model = d->model, .node = k->node };
	struct lists newest;

	if (newest_of(there, k->node, &newest, e) != 0 || boot(&w, &k->holds, &newest, e) != 0)
		return -1;
	k->fate = w.fate;
	if (w.fate == OUTLOOK_LOCKED)
		note_locked(out, d, &w.j);
	return 0;
}

static int
count_fate(struct store *s, const struct device *d, const struct seen *seen, struct fates *fates,
    struct outlook *out, struct err *e)
{
	struct known_fate k = { { d->model->sbd ? seen->itl.holds : 0, seen->ctl.holds },
		fates->node != 0 ? fates->node : seen->node, d->model, OUTLOOK_SAME };
	const struct known_fate *known = find_fate(fates, &k);

	if (known == NULL) {
		if (let_boot(s, fates->there, d, &k, out, e) != 0)
			return -1;
		fates->kept[fates->n++ % FATES_KEPT] = k;
		known = &k;
	}
	out->phones[known->fate]++;
	return 0;
}

/* It said that it holds none. */
static bool
is_bare(const struct seen_list *l)
{
	return l->reported_at != 0 && l->holds == 0 && !l->holds_foreign;
}

static int
look_at(struct store *s, const struct device *d, struct fates *fates, struct outlook *out,
    struct err *e)
{
	struct seen seen;

	if (seen_get(s, d->name, &seen, e) != 0)
		return -1;
	if (d->model->sbd && is_bare(&seen.itl) && seen.ctl.holds == 0 && !seen.ctl.holds_foreign) {
		out->phones[OUTLOOK_FOLLOW]++; /* it holds none, and takes the first */
		return 0;
	}
	if ((d->model->sbd && seen.itl.holds == 0) || seen.ctl.holds_foreign || seen.node == 0) {
		out->phones[OUTLOOK_UNKNOWN]++;
		return 0;
	}
	return count_fate(s, d, &seen, fates, out, e);
}

/* Phones without Security By Default matter as soon as there is a CTL: they have nothing else, and
 * keep what they once took. */
static int
look_at_all(struct store *s, struct fates *fates, const struct device *d, size_t n,
    struct outlook *out, struct err *e)
{
	struct listing_entry ctl;
	int rc = history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &ctl, e) < 0 ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (d[i].model->sbd || ctl.id != 0)
			rc = look_at(s, &d[i], fates, out, e);
	return rc;
}

int
outlook_of_all(struct store *s, int64_t now, struct outlook *out, struct err *e)
{
	struct fates fates = { .there = s };
	struct device *all = NULL;
	size_t n = 0;
	int rc;

	*out = (struct outlook){ .phones = { 0 } };
	if (store_suppose(s, e) != 0)
		return -1;
	rc = service_restart_running(s, now, e);
	if (rc == 0)
		rc = device_list(s, &all, &n, e);
	if (rc == 0)
		rc = look_at_all(s, &fates, all, n, out, e);
	free(all);
	store_suppose_end(s);
	return rc;
}

int
outlook_of_move(struct store *s, struct store *to, struct outlook *out, struct err *e)
{
	struct fates fates = { .there = to };
	struct device *all = NULL;
	struct node publisher;
	size_t n = 0;
	int rc = -1;

	*out = (struct outlook){ .phones = { 0 } };
	if (node_find(to, NULL, &publisher, e) == 0 && device_list(s, &all, &n, e) == 0) {
		fates.node = publisher.id;
		rc = look_at_all(s, &fates, all, n, out, e);
	}
	free(all);
	return rc;
}
