#include "trust/cluster.h"

#include <stdio.h>
#include <string.h>

#include "trust/key.h"
#include "trust/listing.h"
#include "trust/mint.h"
#include "trust/service.h"

static int
rebuild(struct store *s, const char *why, int64_t now, struct cluster_change *out, struct err *e)
{
	return listing_refresh(
	    s, why, now, &out->lists_built, out->warning, sizeof(out->warning), e);
}

/* ---- certificates ---- */

/* A pair that is made before the transaction starts: making a key takes long, and others wait. */
struct pair {
	struct key *key;
	struct cert *cert;
};

static void
pair_free(struct pair *p)
{
	key_free(p->key);
	cert_free(p->cert);
	*p = (struct pair){ 0 };
}

static int
pair_make(struct pair *p, const struct cluster *c, const struct node *node,
    const struct cert_kind *kind, int64_t now, struct err *e)
{
	*p = (struct pair){ 0 };
	p->key = key_make(&kind->key, e);
	if (p->key != NULL)
		p->cert = mint_own(c, node, kind->store, p->key, now, e);
	if (p->cert != NULL)
		return 0;
	pair_free(p);
	return -1;
}

/* Whose name goes into a certificate of the cluster: the publisher's. */
static int
owner_of(struct store *s, const struct cert_kind *kind, const struct node *node, struct node *out,
    struct err *e)
{
	if (kind->of_cluster)
		return node_find(s, NULL, out, e);
	*out = *node;
	return 0;
}

static int
would_lock(const struct cluster_change *c, struct err *e)
{
	const struct outlook *o = &c->after;
	size_t n = o->phones[OUTLOOK_LOCKED];

	err_set(e, ERR_STRANDS, "%zu phone%s would be locked; %s: %.250s", n, n == 1 ? "" : "s",
	    o->locked, o->why);
	return err_hint(e,
	    "let the phones follow each change before the next one (phone list shows "
	    "who holds what), or say --yes");
}

/* Whether it is to be written, once it is seen what becomes of the phones. */
static int
decide(struct cluster_change *c, enum cluster_care care, struct err *e)
{
	if (care == CLUSTER_UNLESS_LOCKED &&
	    c->after.phones[OUTLOOK_LOCKED] > c->before.phones[OUTLOOK_LOCKED])
		return would_lock(c, e);
	c->changed = care != CLUSTER_LOOK;
	return 0;
}

/* The change is made, looked at, and kept or taken back. */
struct attempt {
	int (*make)(
	    struct store *s, const struct attempt *what, struct cluster_change *out, struct err *e);
	const struct cert_kind *kind;
	int64_t now;
	/* a certificate that comes */
	const struct node *node;
	const struct cert *cert;
	const struct key *key;
	/* one that goes */
	const char *name;
	/* the CTL, and the mode */
	const struct ctl_want *ctl;
	bool mixed;
	const char *who;
};

/* How the CTL stands after it. */
static int
note_ctl(struct store *s, struct cluster_change *out, struct err *e)
{
	struct ctl_state ctl;

	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	out->ctl_due = ctl.due;
	out->ctl_tokens = ctl.tokens;
	out->ctl_number = ctl.newest.number;
	return 0;
}

static int
attempt(struct store *s, const struct attempt *what, enum cluster_care care,
    struct cluster_change *out, struct err *e)
{
	int rc;

	*out = (struct cluster_change){ .changed = false };
	if (store_begin(s, e) != 0)
		return -1;
	rc = outlook_of_all(s, what->now, &out->before, e);
	if (rc == 0)
		rc = what->make(s, what, out, e);
	if (rc == 0)
		rc = outlook_of_all(s, what->now, &out->after, e);
	if (rc == 0)
		rc = decide(out, care, e);
	if (rc == 0 && !out->changed) {
		store_rollback(s);
		return 0;
	}
	if (rc == 0)
		rc = note_ctl(s, out, e);
	return store_end(s, rc, e);
}

static int
replace(struct store *s, const struct attempt *what, struct cluster_change *out, struct err *e)
{
	const struct cert_kind *kind = what->kind;
	const struct node *node = what->node;
	char why[200];

	if (kind->of_cluster)
		snprintf(why, sizeof(why), "%s certificate replaced", kind->store);
	else
		snprintf(
		    why, sizeof(why), "%s certificate of %s replaced", kind->store, node->name);
	if (certs_put_own(s, kind, certs_filed_under(kind, node->id), what->cert, what->key,
		what->now, e) != 0)
		return -1;
	return rebuild(s, why, what->now, out, e);
}

int
cluster_replace(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct cert *c, const struct key *k, enum cluster_care care, int64_t now,
    struct cluster_change *out, struct err *e)
{
	struct attempt what = {
		.make = replace, .kind = kind, .now = now, .node = node, .cert = c, .key = k
	};

	return attempt(s, &what, care, out, e);
}

/* ---- out of the trust stores ---- */

/* The identity store that holds the same certificate; "" when none does. */
static int
own_store_of(
    struct store *s, const char *store, const char *name, char to[CERTS_STORE_MAX], struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT own.store FROM cert_place JOIN cert_place AS own USING (cert) "
			 "WHERE cert_place.store = :store AND own.store NOT LIKE '%-trust' "
			 "AND (cert_place.name = :name OR cert_place.name = :name || '.pem')");
	int rc;

	to[0] = '\0';
	ask_text(q, ":store", store);
	ask_text(q, ":name", name);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	snprintf(to, CERTS_STORE_MAX, "%s", row_text(q, 0));
	ask_end(q);
	return 0;
}

static int
untrust(struct store *s, const struct attempt *what, struct cluster_change *out, struct err *e)
{
	const char *store = what->kind->store;
	char own[CERTS_STORE_MAX];

	if (own_store_of(s, store, what->name, own, e) != 0 ||
	    certs_untrust(s, what->kind, what->name, e) != 0)
		return -1;
	if (own[0] != '\0')
		snprintf(out->warning, sizeof(out->warning),
		    "that is the cluster's own %s certificate, which others look for in %s; cert "
		    "export %s and cert upload --store %s bring it back",
		    own, store, own, store);
	return 0;
}

int
cluster_untrust(struct store *s, const struct cert_kind *kind, const char *name,
    enum cluster_care care, int64_t now, struct cluster_change *out, struct err *e)
{
	struct attempt what = { .make = untrust, .kind = kind, .now = now, .name = name };

	return attempt(s, &what, care, out, e);
}

int
cluster_regenerate(struct store *s, const struct cert_kind *kind, const struct node *node,
    enum cluster_care care, int64_t now, struct cluster_change *out, struct err *e)
{
	struct cluster cluster;
	struct node owner;
	struct pair pair;
	int rc;

	*out = (struct cluster_change){ 0 };
	if (!kind->identity) {
		err_set(e, ERR_USAGE, "%s is a trust store: its certificates belong to others",
		    kind->store);
		return err_hint(e,
		    "CallManager, CallManager-ECDSA, TVS, CAPF, ITLRecovery and tomcat can be "
		    "regenerated");
	}
	if (cluster_get(s, &cluster, e) != 0 || owner_of(s, kind, node, &owner, e) != 0)
		return -1;
	if (cert_kind_check(kind, cluster.release, e) != 0 ||
	    pair_make(&pair, &cluster, &owner, kind, now, e) != 0)
		return -1;
	rc = cluster_replace(s, kind, &owner, pair.cert, pair.key, care, now, out, e);
	pair_free(&pair);
	return rc;
}

/* ---- nodes ---- */

static const char *const of_node[] = { "CallManager", "CallManager-ECDSA", "TVS", "tomcat" };
static const char *const of_cluster[] = { "CAPF", "ITLRecovery" };

enum { OF_NODE = 4, OF_CLUSTER = 2 };

static int
start_all(struct store *s, const struct node *node, int64_t now, struct err *e)
{
	size_t n;
	const struct service_kind *kind = service_kinds(&n);

	for (size_t i = 0; i < n; i++)
		if ((node->publisher || !kind[i].publisher_only) &&
		    service_start(s, node, &kind[i], now, e) != 0)
			return -1;
	return 0;
}

static int
put_pairs(struct store *s, const char *const *store, struct pair *pair, size_t n,
    const struct node *node, int64_t now, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct cert_kind *kind = cert_kind_of(store[i], e);

		if (pair[i].cert == NULL)
			continue;
		if (kind == NULL || certs_put_own(s, kind, certs_filed_under(kind, node->id),
					pair[i].cert, pair[i].key, now, e) != 0)
			return -1;
	}
	return 0;
}

static int
make_pairs(const char *const *store, struct pair *pair, size_t n, const struct cluster *c,
    const struct node *node, int64_t now, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct cert_kind *kind = cert_kind_of(store[i], e);

		if (kind != NULL && c->release < kind->since)
			continue;
		if (kind == NULL || pair_make(&pair[i], c, node, kind, now, e) != 0)
			return -1;
	}
	return 0;
}

static int
write_node(struct store *s, struct node *node, struct pair *own, struct pair *shared, int64_t now,
    const char *why, struct cluster_change *out, struct err *e)
{
	if (node_add(s, node->name, node->address, node->publisher, &node->id, e) != 0 ||
	    put_pairs(s, of_node, own, OF_NODE, node, now, e) != 0 ||
	    put_pairs(s, of_cluster, shared, node->publisher ? OF_CLUSTER : 0, node, now, e) != 0 ||
	    rebuild(s, why, now, out, e) != 0)
		return -1;
	return start_all(s, node, now, e);
}

static int
new_node(struct store *s, const struct cluster *c, const char *name, const char *address,
    bool publisher, int64_t now, struct cluster_change *out, struct err *e)
{
	struct pair own[OF_NODE] = { 0 }, shared[OF_CLUSTER] = { 0 };
	struct node node = { .publisher = publisher };
	char why[200];
	int rc;

	if (!node_name_is(name))
		return err_set(
		    e, ERR_USAGE, "\"%.70s\" is no host name: letters, digits, '-' and '.'", name);
	if (node_address(address, node.address, e) != 0)
		return -1;
	snprintf(node.name, sizeof(node.name), "%s", name);
	if (publisher)
		snprintf(why, sizeof(why), "cluster founded");
	else
		snprintf(why, sizeof(why), "node %s added", name);
	rc = make_pairs(of_node, own, OF_NODE, c, &node, now, e);
	if (rc == 0 && publisher)
		rc = make_pairs(of_cluster, shared, OF_CLUSTER, c, &node, now, e);
	if (rc == 0)
		rc = store_begin(s, e);
	if (rc == 0) {
		if (publisher)
			rc = cluster_put(s, c, e);
		if (rc == 0)
			rc = write_node(s, &node, own, shared, now, why, out, e);
		rc = store_end(s, rc, e);
	}
	for (size_t i = 0; i < OF_NODE; i++)
		pair_free(&own[i]);
	for (size_t i = 0; i < OF_CLUSTER; i++)
		pair_free(&shared[i]);
	return rc;
}

int
cluster_found(struct store *s, const struct cluster *cluster, const char *node_name,
    const char *address, int64_t now, struct err *e)
{
	struct cluster_change change = { 0 };
	struct cluster there;
	struct err none = { 0 };

	if (cluster_get(s, &there, &none) == 0)
		return err_set(e, ERR_EXISTS, "the store holds cluster %s already", there.name);
	if (none.code != ERR_NOT_FOUND) {
		*e = none;
		return -1;
	}
	return new_node(s, cluster, node_name, address, true, now, &change, e);
}

int
cluster_add_node(struct store *s, const char *name, const char *address, int64_t now,
    struct cluster_change *out, struct err *e)
{
	struct cluster cluster;

	*out = (struct cluster_change){ .changed = true };
	if (cluster_get(s, &cluster, e) != 0)
		return -1;
	if (new_node(s, &cluster, name, address, false, now, out, e) != 0)
		return -1;
	return note_ctl(s, out, e);
}

/* ---- the CTL ---- */

static int
no_ctl(struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "the cluster has no CTL");
	return err_hint(e, "trustlist utils ctl set-cluster mixed-mode makes one");
}

static int
build_ctl(struct store *s, const struct attempt *what, struct cluster_change *out, struct err *e)
{
	char warning[sizeof(out->warning)];

	if (ctl_build(s, what->ctl, what->now, &out->ctl_built, warning, sizeof(warning), e) != 0)
		return -1;
	if (out->warning[0] == '\0')
		memcpy(out->warning, warning, sizeof(warning));
	return 0;
}

/* A CTL that is as it should be already is no change. */
static int
attempt_ctl(struct store *s, const struct attempt *what, enum cluster_care care,
    struct cluster_change *out, struct err *e)
{
	int rc = attempt(s, what, care, out, e);

	out->changed = out->changed && out->ctl_built;
	return rc;
}

int
cluster_update_ctl(struct store *s, const struct ctl_tokens *tokens, enum cluster_care care,
    int64_t now, struct cluster_change *out, struct err *e)
{
	struct ctl_want want = { .tokens = tokens, .why = "utils ctl update CTLFile" };
	struct attempt what = { .make = build_ctl, .now = now, .ctl = &want };
	struct ctl_state ctl;

	*out = (struct cluster_change){ .changed = false };
	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	if (ctl.newest.id == 0)
		return no_ctl(e);
	if (ctl.tokens && tokens == NULL) {
		err_set(e, ERR_USAGE, "the CTL is signed by a security token: tokens update it");
		return err_hint(
		    e, "trustlist utils ctl set-cluster mixed-mode makes it tokenless (from 10.0)");
	}
	return attempt_ctl(s, &what, care, out, e);
}

int
cluster_reset_ctl(
    struct store *s, enum cluster_care care, int64_t now, struct cluster_change *out, struct err *e)
{
	struct ctl_want want = { .local_key = true, .why = CTL_RESET_WHY };
	struct attempt what = { .make = build_ctl, .now = now, .ctl = &want };
	struct ctl_state ctl;

	*out = (struct cluster_change){ .changed = false };
	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	if (ctl.newest.id == 0)
		return no_ctl(e);
	return attempt_ctl(s, &what, care, out, e);
}

/* ---- the mode ---- */

static int
set_mode(struct store *s, const struct attempt *what, struct cluster_change *out, struct err *e)
{
	const struct param *p = param_find(PARAM_MODE, e);
	bool changed;

	if (p == NULL ||
	    param_set(s, p, what->mixed ? "1" : "0", what->who, what->now, &changed, e) != 0 ||
	    rebuild(s, what->ctl->why, what->now, out, e) != 0)
		return -1;
	return build_ctl(s, what, out, e);
}

/* Mixed mode said again moves a CTL from tokens to a key of the cluster, or back. */
static bool
is_in_mode(const struct ctl_state *ctl, bool mixed, bool tokens)
{
	if (ctl->mixed != mixed)
		return false;
	return !mixed || (ctl->newest.id != 0 && ctl->tokens == tokens);
}

int
cluster_set_mode(struct store *s, bool mixed, const struct ctl_tokens *tokens,
    enum cluster_care care, const char *who, int64_t now, struct cluster_change *out, struct err *e)
{
	struct ctl_want want = { .tokens = tokens,
		.why = mixed ? "cluster set to mixed mode" : "cluster set to non-secure mode" };
	struct attempt what = {
		.make = set_mode, .now = now, .ctl = &want, .mixed = mixed, .who = who
	};
	struct ctl_state ctl;

	*out = (struct cluster_change){ .changed = false };
	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	if (is_in_mode(&ctl, mixed, tokens != NULL))
		return 0;
	return attempt(s, &what, care, out, e);
}

/* ---- parameters ---- */

/* The parameter does not touch the CTL, and that binds the phones that hold it as before. */
static int
warn_of_ctl(struct store *s, const struct param *p, const char *value, struct cluster_change *out,
    struct err *e)
{
	struct ctl_state ctl;

	if (strcmp(p->name, PARAM_ROLLBACK) != 0 || !param_is_true(value))
		return 0;
	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	if (ctl.mixed && ctl.newest.id != 0)
		snprintf(out->warning, sizeof(out->warning),
		    "the CTL stays as it is: phones that hold it follow no other cluster, in "
		    "spite of their emptied ITL (first: utils ctl set-cluster non-secure-mode)");
	return 0;
}

int
cluster_set_param(struct store *s, const struct param *p, const char *value, const char *who,
    int64_t now, struct cluster_change *out, struct err *e)
{
	char why[200], set[PARAM_VALUE_MAX];
	int rc;

	*out = (struct cluster_change){ 0 };
	if (p->read_only)
		return err_set(e, ERR_USAGE, "%s is read-only", p->name);
	if (param_check(p, value, set, e) != 0 || store_begin(s, e) != 0)
		return -1;
	snprintf(why, sizeof(why), "%.120s set to %.60s", p->name, set);
	rc = param_set(s, p, set, who, now, &out->changed, e);
	if (rc == 0 && out->changed)
		rc = rebuild(s, why, now, out, e);
	if (rc == 0 && out->changed)
		rc = warn_of_ctl(s, p, set, out, e);
	return store_end(s, rc, e);
}
