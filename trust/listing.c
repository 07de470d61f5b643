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
	out->want = mem_array(5 + f->nodes, sizeof(*out->want));
	add_sast(out, f);
	if (f->stand_in != NULL)
		let_stand_in(out, f);
	/* Rollback: TFTP and TVS stand there as shells without certificate, the rest stays and the
	 * list is signed as ever, so that phones accept it (FORMATS.md, "The emptied list"). */
	add(out, f->mixed ? ROLE_CCM_TFTP : ROLE_TFTP, f->callmanager, self, f->rollback);
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
	struct cert **callmanager, **tvs; /* by node */
	int64_t *callmanager_id;
	struct cert *itl_recovery, *capf;
	int64_t itl_recovery_id;
};

static void
gathered_free(struct gathered *g)
{
	for (size_t i = 0; i < g->facts.nodes; i++) {
		cert_free(g->callmanager[i]);
		cert_free(g->tvs[i]);
	}
	cert_free(g->itl_recovery);
	cert_free(g->capf);
	free(g->callmanager);
	free(g->callmanager_id);
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
	g->tvs = mem_array(n, sizeof(*g->tvs));
	g->as_listed = mem_array(n, sizeof(*g->as_listed));
	for (size_t i = 0; i < n; i++) {
		const struct node *node = &g->node[i];

		if (own_if_any(s, "CallManager", node->id, &g->callmanager[i],
			&g->callmanager_id[i], e) != 0 ||
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
	char rollback[PARAM_VALUE_MAX], mode[PARAM_VALUE_MAX];
	struct cluster cluster;

	*g = (struct gathered){ 0 };
	if (cluster_get(s, &cluster, e) != 0 || read_param(s, PARAM_ROLLBACK, rollback, e) != 0 ||
	    read_param(s, PARAM_MODE, mode, e) != 0 ||
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
	return 0;
}

/* ---- building ---- */

static int
keep(struct store *s, int64_t node, int number, struct bytes file, const char *why, int64_t now,
    struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO list(kind, node, number, built, why, file) "
				     "VALUES ('ITL', :node, :number, :built, :why, :file)");

	ask_int(q, ":node", node);
	ask_int(q, ":number", number);
	ask_int(q, ":built", now);
	ask_text(q, ":why", why);
	ask_blob(q, ":file", file);
	return ask_once(q, e);
}

static int64_t
id_of(const struct gathered *g, const struct cert *signer, size_t self)
{
	if (signer == g->itl_recovery)
		return g->itl_recovery_id;
	return g->callmanager_id[signer == g->callmanager[self] ? self : 0];
}

static int
encode(struct store *s, const struct gathered *g, size_t self, int64_t now, struct wr *file,
    struct err *e)
{
	struct listing_facts facts = g->facts;
	struct listing listing;
	struct tlist_plan plan;
	struct signer signer;
	struct key *key = NULL;
	int rc = -1;

	facts.self = self;
	facts.callmanager = g->callmanager[self];
	if (listing_decide(&facts, &listing, e) != 0)
		return -1;
	key = certs_key(s, id_of(g, listing.signer, self), e);
	if (key == NULL)
		goto out;
	/* The list itself stays SHA-1, which every phone can check: the parameter TFTP File
	 * Signature Algorithm speaks of files, and no source shows a list signed otherwise. */
	plan = (struct tlist_plan){ .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
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

/* 1 when the newest list of the node has other contents, or there is none. */
static int
differs(struct store *s, const struct listing_entry *newest, const struct tlist *l, struct err *e)
{
	struct wr file = { 0 };
	struct tlist *was;
	int rc = -1;

	if (newest->id == 0)
		return 1;
	if (listing_file(s, newest->id, &file, e) == 0) {
		was = tlist_decode(wr_view(&file), e);
		rc = was == NULL ? -1 : !tlist_same(was, l);
		tlist_free(was);
	}
	wr_free(&file);
	return rc;
}

static int
refresh_one(struct store *s, const struct gathered *g, size_t self, const char *why, int64_t now,
    size_t *built, char *warning, size_t warning_size, struct err *e)
{
	struct listing_entry newest = { 0 };
	struct wr file = { 0 };
	struct tlist *l = NULL;
	int rc = -1;

	if (listing_newest(s, g->node[self].id, &newest, e) < 0 ||
	    encode(s, g, self, now, &file, e) != 0)
		goto out;
	/* What is kept is what was read back: a list we could not read ourselves is never served.
	 */
	l = tlist_decode(wr_view(&file), e);
	if (l == NULL || tlist_verify_self(l, e) != 0)
		goto out;
	rc = differs(s, &newest, l, e);
	if (rc != 1)
		goto out;
	if (warning[0] == '\0')
		tlist_warning(l, warning, warning_size);
	rc = keep(s, g->node[self].id, newest.number + 1, wr_view(&file), why, now, e);
	*built += rc == 0;
out:
	if (rc != 0)
		err_prefix(e, "building the ITL of node %s", g->node[self].name);
	tlist_free(l);
	wr_free(&file);
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

static void
take_entry(struct ask *q, struct listing_entry *to)
{
	*to = (struct listing_entry){ .id = row_int(q, 0),
		.node = row_int(q, 1),
		.number = (int)row_int(q, 2),
		.built = row_int(q, 3) };
	snprintf(to->why, sizeof(to->why), "%s", row_text(q, 4));
}

int
listing_newest(struct store *s, int64_t node, struct listing_entry *out, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT id, node, number, built, why FROM list WHERE kind = 'ITL' AND node = :node "
	    "ORDER BY number DESC LIMIT 1");
	int rc;

	*out = (struct listing_entry){ 0 };
	ask_int(q, ":node", node);
	rc = ask_row(q, e);
	if (rc == 1) {
		take_entry(q, out);
		ask_end(q);
	}
	return rc;
}

int
listing_numbered(
    struct store *s, int64_t node, int number, struct listing_entry *out, struct err *e)
{
	struct listing_entry newest;
	struct ask *q;
	int rc = listing_newest(s, node, &newest, e), counted = number;

	*out = (struct listing_entry){ 0 };
	if (rc < 0)
		return -1;
	if (number < 0)
		counted += newest.number + 1;
	q = store_ask(s, "SELECT id, node, number, built, why FROM list "
			 "WHERE kind = 'ITL' AND node = :node AND number = :number");
	ask_int(q, ":node", node);
	ask_int(q, ":number", counted);
	rc = ask_row(q, e);
	if (rc == 0) {
		err_set(
		    e, ERR_NOT_FOUND, "no ITL number %d; the newest is %d", number, newest.number);
		return err_hint(e, "trustlist itl history shows all of them");
	}
	if (rc < 0)
		return -1;
	take_entry(q, out);
	ask_end(q);
	return 0;
}

int
listing_history(struct store *s, int64_t node, struct listing_entry **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT id, node, number, built, why FROM list WHERE kind = 'ITL' AND node = :node "
	    "ORDER BY number DESC");
	struct listing_entry *all = NULL;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	ask_int(q, ":node", node);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		take_entry(q, &all[count++]);
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

int
listing_file(struct store *s, int64_t id, struct wr *file, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT file FROM list WHERE id = :id");
	int rc;

	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no such list in the history");
	if (rc < 0)
		return -1;
	wr_put(file, row_blob(q, 0));
	ask_end(q);
	return 0;
}
