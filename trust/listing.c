#include "trust/listing.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/key.h"
#include "trust/param.h"
#include "trust/role.h"

/* ---- the decision ---- */

static void
add(struct listing *l, unsigned role, const struct cert *c, const struct listing_node *n,
    bool blank)
{
	struct tlist_want *w = &l->want[l->n++];

	*w = (struct tlist_want){
		.role = role, .cert = blank ? NULL : c, .blank = blank, .dns = n->name
	};
	w->has_address = inet_pton(AF_INET, n->address, w->address) == 1;
}

/* From 12.0 on ITLRecovery signs and the CallManager certificate is the second SAST; before, the
 * CallManager key of the TFTP node signs, and from 10.0 on ITLRecovery stands beside it so that a
 * list it signs in an emergency is followed. */
static void
add_sast(struct listing *l, const struct listing_facts *f)
{
	const struct listing_node *self = &f->node[f->self], *publisher = &f->node[0];
	bool recovery_signs = f->release >= RELEASE_12_5;

	l->signer = recovery_signs ? f->itl_recovery : f->callmanager;
	l->signer_store = recovery_signs ? "ITLRecovery" : "CallManager";
	if (recovery_signs)
		add(l, ROLE_SAST, f->itl_recovery, publisher, false);
	add(l, ROLE_SAST, f->callmanager, self, false);
	if (!recovery_signs && f->release >= RELEASE_10_0)
		add(l, ROLE_SAST, f->itl_recovery, publisher, false);
}

static bool
has_sast(const struct listing *l, const struct cert *c)
{
	for (size_t i = 0; i < l->n; i++)
		if (cert_eq(l->want[i].cert, c))
			return true;
	return false;
}

/* The publisher's key signs for every node: on a subscriber its certificate is a SAST of its own.
 */
static void
let_stand_in(struct listing *l, const struct listing_facts *f)
{
	l->signer = f->stand_in;
	l->signer_store = f->stand_in == f->itl_recovery ? "ITLRecovery" : "CallManager";
	if (!has_sast(l, f->stand_in))
		add(l, ROLE_SAST, f->stand_in, &f->node[0], false);
}

/* Of the CallManager certificates, which stand there as that of the TFTP server. */
static unsigned
serving_role(const struct listing_facts *f)
{
	return f->mixed ? ROLE_CCM_TFTP : ROLE_TFTP;
}

int
listing_decide(const struct listing_facts *f, struct listing *out, struct err *e)
{
	const struct listing_node *self = &f->node[f->self];

	*out = (struct listing){ 0 };
	if (f->callmanager == NULL)
		return err_set(
		    e, ERR_NOT_FOUND, "node %s has no CallManager certificate", self->name);
	if (f->release >= RELEASE_10_0 && f->itl_recovery == NULL)
		return err_set(e, ERR_NOT_FOUND, "the cluster has no ITLRecovery certificate");
	out->want = mem_array(6 + f->nodes, sizeof(*out->want));
	add_sast(out, f);
	if (f->stand_in != NULL)
		let_stand_in(out, f);
	/* Rollback: TFTP and TVS stand there as shells without certificate, the rest stays and the
	 * list is signed as ever, so that phones accept it (FORMATS.md, "The emptied list"). */
	add(out, serving_role(f), f->callmanager, self, f->rollback);
	if (f->callmanager_ec != NULL)
		add(out, serving_role(f), f->callmanager_ec, self, f->rollback);
	if (f->capf != NULL)
		add(out, ROLE_CAPF, f->capf, &f->node[0], false);
	for (size_t i = 0; i < f->nodes; i++)
		if (f->node[i].tvs != NULL)
			add(out, ROLE_TVS, f->node[i].tvs, &f->node[i], f->rollback);
	return 0;
}

void
listing_free(struct listing *l)
{
	free(l->want);
	*l = (struct listing){ 0 };
}

/* ---- the facts, from the store ---- */

struct gathered {
	struct listing_facts facts;
	struct node *node;
	struct listing_node *as_listed;
	struct cert **callmanager, **callmanager_ec, **tvs; /* by node */
	int64_t *callmanager_id;
	bool ec; /* lists for phones that know EC are built too */
	struct cert *itl_recovery, *capf;
	int64_t itl_recovery_id;
};

static void
gathered_free(struct gathered *g)
{
	for (size_t i = 0; i < g->facts.nodes; i++) {
		cert_free(g->callmanager[i]);
		cert_free(g->callmanager_ec[i]);
		cert_free(g->tvs[i]);
	}
	cert_free(g->itl_recovery);
	cert_free(g->capf);
	free(g->callmanager);
	free(g->callmanager_id);
	free(g->callmanager_ec);
	free(g->tvs);
	free(g->as_listed);
	free(g->node);
}

/* An identity certificate that need not be there. */
static int
own_if_any(
    struct store *s, const char *store, int64_t node, struct cert **out, int64_t *id, struct err *e)
{
	struct err none = { 0 };

	*out = certs_own(s, store, node, id, &none);
	if (*out != NULL || none.code == ERR_NOT_FOUND)
		return 0;
	*e = none;
	return -1;
}

static int
read_param(struct store *s, const char *name, char to[PARAM_VALUE_MAX], struct err *e)
{
	const struct param *p = param_find(name, e);

	return p == NULL ? -1 : param_get(s, p, to, e);
}

static int
gather_certs(struct store *s, struct gathered *g, struct err *e)
{
	size_t n = g->facts.nodes;

	g->callmanager = mem_array(n, sizeof(*g->callmanager));
	g->callmanager_id = mem_array(n, sizeof(*g->callmanager_id));
	g->callmanager_ec = mem_array(n, sizeof(*g->callmanager_ec));
	g->tvs = mem_array(n, sizeof(*g->tvs));
	g->as_listed = mem_array(n, sizeof(*g->as_listed));
	for (size_t i = 0; i < n; i++) {
		const struct node *node = &g->node[i];

		if (own_if_any(s, "CallManager", node->id, &g->callmanager[i],
			&g->callmanager_id[i], e) != 0 ||
		    own_if_any(s, "CallManager-ECDSA", node->id, &g->callmanager_ec[i], NULL, e) !=
			0 ||
		    own_if_any(s, "TVS", node->id, &g->tvs[i], NULL, e) != 0)
			return -1;
		g->as_listed[i] = (struct listing_node){ node->name, node->address, g->tvs[i] };
	}
	if (own_if_any(s, "ITLRecovery", CERTS_CLUSTER, &g->itl_recovery, &g->itl_recovery_id, e) !=
	    0)
		return -1;
	return own_if_any(s, "CAPF", CERTS_CLUSTER, &g->capf, NULL, e);
}

static int
gather(struct store *s, struct gathered *g, struct err *e)
{
	char rollback[PARAM_VALUE_MAX], mode[PARAM_VALUE_MAX], advanced[PARAM_VALUE_MAX];
	struct cluster cluster;

	*g = (struct gathered){ 0 };
	if (cluster_get(s, &cluster, e) != 0 || read_param(s, PARAM_ROLLBACK, rollback, e) != 0 ||
	    read_param(s, PARAM_MODE, mode, e) != 0 ||
	    read_param(s, PARAM_ADVANCED, advanced, e) != 0 ||
	    node_list(s, &g->node, &g->facts.nodes, e) != 0)
		return -1;
	if (gather_certs(s, g, e) != 0)
		return -1;
	g->facts.release = cluster.release;
	g->facts.rollback = param_is_true(rollback);
	g->facts.mixed = strcmp(mode, "1") == 0;
	g->facts.node = g->as_listed;
	g->facts.itl_recovery = g->itl_recovery;
	g->facts.capf = g->capf;
	/* ECDSA came with 11.0 (TechNote 200930), which of our releases is 11.5. */
	g->ec = param_is_true(advanced) && cluster.release >= RELEASE_11_5;
	return 0;
}

/* ---- building ---- */

/* In the table the list for phones that know EC has the number of its list, negative: so it is of
 * the same node and entry, and no question for a list by number or for the newest finds it. */
static int
keep(struct store *s, int64_t node, int number, struct bytes file, const char *why, int64_t now,
    struct err *e)
{
	struct listing_entry entry = { .node = node, .number = number, .built = now };

	snprintf(entry.why, sizeof(entry.why), "%s", why);
	return history_add(s, HISTORY_ITL, &entry, file, e);
}

static int64_t
id_of(const struct gathered *g, const struct cert *signer, size_t self)
{
	if (signer == g->itl_recovery)
		return g->itl_recovery_id;
	return g->callmanager_id[signer == g->callmanager[self] ? self : 0];
}

static int
encode(struct store *s, const struct gathered *g, size_t self, bool ec, int64_t now,
    struct wr *file, struct err *e)
{
	struct listing_facts facts = g->facts;
	struct listing listing;
	struct tlist_plan plan;
	struct signer signer;
	struct key *key = NULL;
	int rc = -1;

	facts.self = self;
	facts.callmanager = g->callmanager[self];
	facts.callmanager_ec = ec ? g->callmanager_ec[self] : NULL;
	if (listing_decide(&facts, &listing, e) != 0)
		return -1;
	key = certs_key(s, id_of(g, listing.signer, self), e);
	if (key == NULL)
		goto out;
	/* The list itself stays SHA-1, which every phone can check: the parameter TFTP File
	 * Signature Algorithm speaks of files, and no source shows a list signed otherwise. */
	plan = (struct tlist_plan){ .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.has_signer_version = ec,
		.signer_version = { 1, 1 },
		.filename = "ITLFile.tlv",
		.timestamp = (uint32_t)now,
		.want = listing.want,
		.n = listing.n };
	signer = key_signer(key, listing.signer);
	rc = tlist_encode(&plan, &signer, file, e);
out:
	key_free(key);
	listing_free(&listing);
	return rc;
}

/* A list in both forms, bytes and what they were read back as. */
enum form { FOR_ALL, FOR_EC, FORMS };

struct built {
	struct wr file[FORMS];
	struct tlist *list[FORMS]; /* FOR_EC: NULL while the option is off */
};

static void
built_free(struct built *b)
{
	for (size_t i = 0; i < FORMS; i++) {
		wr_free(&b->file[i]);
		tlist_free(b->list[i]);
	}
}

/* What is kept is what was read back: a list we could not read ourselves is never served. */
static int
build(struct store *s, const struct gathered *g, size_t self, enum form form, int64_t now,
    struct built *b, struct err *e)
{
	if (encode(s, g, self, form == FOR_EC, now, &b->file[form], e) != 0)
		return -1;
	b->list[form] = tlist_decode(wr_view(&b->file[form]), e);
	return b->list[form] == NULL ? -1 : tlist_verify_self(b->list[form], e);
}

/* 1 when there was no such list (l, the new one, NULL: when there was one), or one of other
 * contents; 0; -1. */
static int
differs(int found, const struct wr *file, const struct tlist *l, struct err *e)
{
	struct tlist *was;
	int rc;

	if (found != 1 || l == NULL)
		return found < 0 ? -1 : found != (l != NULL);
	was = tlist_decode(wr_view(file), e);
	rc = was == NULL ? -1 : !tlist_same(was, l);
	tlist_free(was);
	return rc;
}

/* 1 when the newest list of the node has other contents in either form, or there is none. */
static int
is_news(struct store *s, const struct listing_entry *newest, const struct built *b, struct err *e)
{
	struct wr all = { 0 }, ec = { 0 };
	int rc = 1;

	if (newest->id == 0)
		return 1;
	rc = differs(listing_file(s, newest->id, &all, e) == 0 ? 1 : -1, &all, b->list[FOR_ALL], e);
	if (rc == 0)
		rc = differs(listing_file_ec(s, newest->id, &ec, e), &ec, b->list[FOR_EC], e);
	wr_free(&all);
	wr_free(&ec);
	return rc;
}

/* Under one number.  The list for all comes last: of a node's lists the one with the highest id is
 * the newest. */
static int
keep_built(struct store *s, int64_t node, int number, const struct built *b, const char *why,
    int64_t now, struct err *e)
{
	if (b->list[FOR_EC] != NULL &&
	    keep(s, node, -number, wr_view(&b->file[FOR_EC]), why, now, e) != 0)
		return -1;
	return keep(s, node, number, wr_view(&b->file[FOR_ALL]), why, now, e);
}

/* The larger one, if phones load neither. */
static void
warn(const struct built *b, char *warning, size_t size)
{
	for (int i = FOR_EC; i >= FOR_ALL && warning[0] == '\0'; i--)
		if (b->list[i] != NULL)
			tlist_warning(b->list[i], warning, size);
}

static int
refresh_one(struct store *s, const struct gathered *g, size_t self, const char *why, int64_t now,
    size_t *built, char *warning, size_t warning_size, struct err *e)
{
	struct listing_entry newest = { 0 };
	struct built b = { 0 };
	int rc = -1;

	if (listing_newest(s, g->node[self].id, &newest, e) < 0 ||
	    build(s, g, self, FOR_ALL, now, &b, e) != 0 ||
	    (g->ec && build(s, g, self, FOR_EC, now, &b, e) != 0))
		goto out;
	rc = is_news(s, &newest, &b, e);
	if (rc != 1)
		goto out;
	warn(&b, warning, warning_size);
	rc = keep_built(s, g->node[self].id, newest.number + 1, &b, why, now, e);
	*built += rc == 0;
out:
	if (rc != 0)
		err_prefix(e, "building the ITL of node %s", g->node[self].name);
	built_free(&b);
	return rc;
}

static int
build_all(struct store *s, const struct gathered *g, const char *why, int64_t now, size_t *built,
    char *warning, size_t warning_size, struct err *e)
{
	for (size_t i = 0; i < g->facts.nodes; i++)
		if (refresh_one(s, g, i, why, now, built, warning, warning_size, e) != 0)
			return -1;
	return 0;
}

int
listing_refresh(struct store *s, const char *why, int64_t now, size_t *built, char *warning,
    size_t warning_size, struct err *e)
{
	struct gathered g;
	int rc;

	*built = 0;
	warning[0] = '\0';
	if (store_begin(s, e) != 0)
		return -1;
	rc = gather(s, &g, e);
	if (rc == 0)
		rc = build_all(s, &g, why, now, built, warning, warning_size, e);
	gathered_free(&g);
	return store_end(s, rc, e);
}

int
listing_reset(struct store *s, int64_t now, size_t *built, struct err *e)
{
	char warning[8];
	struct gathered g;
	int rc;

	*built = 0;
	warning[0] = '\0';
	if (store_begin(s, e) != 0)
		return -1;
	rc = gather(s, &g, e);
	if (rc == 0 && g.facts.release < RELEASE_10_0)
		rc = err_set(e, ERR_USAGE, "release %s has no ITLRecovery certificate and no reset",
		    release_text(g.facts.release));
	if (rc == 0) {
		/* Which key 10.x used is not printed anywhere; the one that does not sign usually
		 * is the only one that can help. */
		g.facts.stand_in =
		    g.facts.release >= RELEASE_12_5 ? g.callmanager[0] : g.itl_recovery;
		rc = build_all(s, &g, LISTING_RESET_WHY, now, built, warning, sizeof(warning), e);
	}
	gathered_free(&g);
	return store_end(s, rc, e);
}

/* ---- history ---- */

int
listing_newest(struct store *s, int64_t node, struct listing_entry *out, struct err *e)
{
	return history_newest(s, HISTORY_ITL, node, out, e);
}

int
listing_numbered(
    struct store *s, int64_t node, int number, struct listing_entry *out, struct err *e)
{
	return history_numbered(s, HISTORY_ITL, node, number, out, e);
}

int
listing_history(struct store *s, int64_t node, struct listing_entry **out, size_t *n, struct err *e)
{
	return history_list(s, HISTORY_ITL, node, out, n, e);
}

int
listing_file(struct store *s, int64_t id, struct wr *file, struct err *e)
{
	return history_file(s, id, file, e);
}

int
listing_file_ec(struct store *s, int64_t id, struct wr *file, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT ec.file FROM list JOIN list AS ec ON ec.kind = list.kind "
			 "AND ec.node = list.node AND ec.number = -list.number "
			 "WHERE list.id = :id AND list.number > 0");
	int rc;

	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	wr_put(file, row_blob(q, 0));
	ask_end(q);
	return 1;
}
