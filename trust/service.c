#include "trust/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/known.h"
#include "trust/listing.h"
#include "trust/param.h"

static const struct service_kind kinds[] = {
	{ "TVS", false, { "TVS" }, NULL },
	/* ITLRecovery is not among what TFTP loads: it signs lists, and those are built and signed
	 * when something changes; files are signed with the CallManager key, which serves HTTPS on
	 * 6971 too, and tomcat's on 6972 (port table of the System Configuration Guide 15).
	 * CallManager-ECDSA serves 6971 beside it; a cluster founded before 11.5, or by a trustlist
	 * that did not know it, has none. */
	{ "TFTP", false, { "CallManager", "tomcat" }, "CallManager-ECDSA" },
	{ "CAPF", true, { "CAPF" }, NULL },
	{ "CallManager", false, { "CallManager" }, "CallManager-ECDSA" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const struct service_kind *
service_kinds(size_t *n)
{
	*n = KINDS;
	return kinds;
}

const struct service_kind *
service_kind_of(const char *name, struct err *e)
{
	const char *bare = strncasecmp(name, "Cisco ", 6) == 0 ? name + 6 : name;

	for (size_t i = 0; i < KINDS; i++)
		if (strcasecmp(kinds[i].name, bare) == 0)
			return &kinds[i];
	err_set(e, ERR_NOT_FOUND, "no service \"%.60s\"", name);
	err_hint(e, "TVS, TFTP, CAPF, CallManager");
	return NULL;
}

static void
take(struct ask *q, struct service *to)
{
	*to = (struct service){ .node = row_int(q, 0),
		.running = row_int(q, 2) != 0,
		.since = row_int(q, 3),
		.starts = row_int(q, 4),
		.itl = row_int(q, 5),
		.ctl = row_int(q, 6) };
	snprintf(to->name, sizeof(to->name), "%s", row_text(q, 1));
}

int
service_list(struct store *s, struct service **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT node, service.name, running, since, starts, itl, ctl "
	    "FROM service JOIN node ON node.id = service.node "
	    "ORDER BY publisher DESC, node, CASE service.name WHEN 'TVS' THEN 1 WHEN 'TFTP' THEN 2 "
	    "WHEN 'CAPF' THEN 3 ELSE 4 END");
	struct service *all = NULL;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		take(q, &all[count++]);
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
service_get(struct store *s, int64_t node, const char *name, struct service *out, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT node, name, running, since, starts, itl, ctl FROM service "
			 "WHERE node = :node AND name = :name");
	int rc;

	*out = (struct service){ 0 };
	ask_int(q, ":node", node);
	ask_text(q, ":name", name);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "%s does not run on that node", name);
	if (rc < 0)
		return -1;
	take(q, out);
	ask_end(q);
	return 0;
}

static int
forget_loaded(struct store *s, int64_t node, const char *name, struct err *e)
{
	struct ask *q =
	    store_ask(s, "DELETE FROM service_param WHERE node = :node AND service = :service");

	ask_int(q, ":node", node);
	ask_text(q, ":service", name);
	if (ask_once(q, e) != 0)
		return -1;
	q = store_ask(s, "DELETE FROM service_cert WHERE node = :node AND service = :service");
	ask_int(q, ":node", node);
	ask_text(q, ":service", name);
	return ask_once(q, e);
}

static int
load_params(struct store *s, int64_t node, const char *name, struct err *e)
{
	size_t n;
	const struct param *p = param_table(&n);
	char value[PARAM_VALUE_MAX];

	for (size_t i = 0; i < n; i++) {
		struct ask *q;

		if (param_get(s, &p[i], value, e) != 0)
			return -1;
		q = store_ask(s, "INSERT INTO service_param(node, service, name, value) "
				 "VALUES (:node, :service, :name, :value)");
		ask_int(q, ":node", node);
		ask_text(q, ":service", name);
		ask_text(q, ":name", p[i].name);
		ask_text(q, ":value", value);
		if (ask_once(q, e) != 0)
			return -1;
	}
	return 0;
}

/* The node that an identity certificate of this store is filed under. */
static int64_t
filed_under(const char *store, int64_t node)
{
	const struct cert_kind *kind = cert_kind_of(store, NULL);

	return kind == NULL ? node : certs_filed_under(kind, node);
}

/* *found: whether there is one. */
static int
load_cert_if_any(
    struct store *s, int64_t node, const char *name, const char *store, bool *found, struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO service_cert(node, service, store, cert) "
				     "SELECT :node, :service, :store, cert FROM cert_place "
				     "WHERE store = :store AND node = :filed");

	ask_int(q, ":node", node);
	ask_text(q, ":service", name);
	ask_text(q, ":store", store);
	ask_int(q, ":filed", filed_under(store, node));
	if (ask_once(q, e) != 0)
		return -1;
	*found = store_changes(s) == 1;
	return 0;
}

static int
load_cert(struct store *s, int64_t node, const char *name, const char *store, struct err *e)
{
	bool found;

	if (load_cert_if_any(s, node, name, store, &found, e) != 0)
		return -1;
	if (found)
		return 0;
	err_set(e, ERR_NOT_FOUND, "%s cannot start: there is no %s certificate", name, store);
	return err_hint(e, "trustlist cert regenerate %s", store);
}

static int
load_certs(struct store *s, int64_t node, const struct service_kind *kind, struct err *e)
{
	bool found;

	for (size_t i = 0; i < 3 && kind->loads[i] != NULL; i++)
		if (load_cert(s, node, kind->name, kind->loads[i], e) != 0)
			return -1;
	return kind->also == NULL ? 0
				  : load_cert_if_any(s, node, kind->name, kind->also, &found, e);
}

/* What TFTP serves from now on: ids, 0 for none. */
struct lists {
	int64_t itl, ctl;
};

static int
write_start(struct store *s, int64_t node, const char *name, const struct lists *lists, int64_t now,
    struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO service(node, name, running, since, starts, itl, ctl) "
			 "VALUES (:node, :name, 1, :now, 1, :itl, :ctl) "
			 "ON CONFLICT(node, name) DO UPDATE SET "
			 "running = 1, since = :now, starts = starts + 1, itl = :itl, ctl = :ctl");

	ask_int(q, ":node", node);
	ask_text(q, ":name", name);
	ask_int(q, ":now", now);
	if (lists->itl != 0)
		ask_int(q, ":itl", lists->itl);
	if (lists->ctl != 0)
		ask_int(q, ":ctl", lists->ctl);
	return ask_once(q, e);
}

/* TFTP builds the ITL when it starts: one that a reset signed gets its usual signer back.  The CTL
 * it takes as it is. */
static int
newest_lists(
    struct store *s, const struct node *node, int64_t now, struct lists *lists, struct err *e)
{
	char why[NODE_NAME_MAX + 32], warning[8];
	struct listing_entry itl, ctl;
	size_t built;

	snprintf(why, sizeof(why), "TFTP of %s started", node->name);
	if (listing_refresh(s, why, now, &built, warning, sizeof(warning), e) != 0)
		return -1;
	if (listing_newest(s, node->id, &itl, e) < 0 ||
	    history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &ctl, e) < 0)
		return -1;
	*lists = (struct lists){ itl.id, ctl.id };
	return 0;
}

static int
load(struct store *s, const struct node *node, const struct service_kind *kind, int64_t now,
    struct err *e)
{
	struct lists lists = { 0 };

	if (forget_loaded(s, node->id, kind->name, e) != 0 ||
	    load_params(s, node->id, kind->name, e) != 0 || load_certs(s, node->id, kind, e) != 0)
		return -1;
	if (strcmp(kind->name, "TFTP") == 0 && newest_lists(s, node, now, &lists, e) != 0)
		return -1;
	if (strcmp(kind->name, "TVS") == 0 && known_learn(s, node->id, now, e) != 0)
		return -1;
	if (write_start(s, node->id, kind->name, &lists, now, e) != 0)
		return -1;
	/* The certificates it worked with until now may be nobody's any more. */
	return certs_sweep(s, e);
}

int
service_start(struct store *s, const struct node *node, const struct service_kind *kind,
    int64_t now, struct err *e)
{
	if (kind->publisher_only && !node->publisher)
		return err_set(e, ERR_USAGE, "%s runs on the publisher only, not on %s", kind->name,
		    node->name);
	if (store_begin(s, e) != 0)
		return -1;
	return store_end(s, load(s, node, kind, now, e), e);
}

static int
restart_one(struct store *s, const struct service *v, int64_t now, struct err *e)
{
	const struct service_kind *kind = service_kind_of(v->name, e);
	struct node node;

	if (kind == NULL || node_by_id(s, v->node, &node, e) != 0)
		return -1;
	return service_start(s, &node, kind, now, e);
}

int
service_restart_running(struct store *s, int64_t now, struct err *e)
{
	struct service *all;
	size_t n;
	int rc = service_list(s, &all, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (all[i].running)
			rc = restart_one(s, &all[i], now, e);
	free(all);
	return rc;
}

int
service_serve_newest(struct store *s, const struct node *node, struct err *e)
{
	struct ask *q;

	if (store_begin(s, e) != 0)
		return -1;
	q = store_ask(s,
	    "UPDATE service SET starts = starts + 1, itl = "
	    "(SELECT id FROM list WHERE kind = 'ITL' AND node = :node ORDER BY number DESC LIMIT 1) "
	    "WHERE node = :node AND name = 'TFTP' AND running");
	ask_int(q, ":node", node->id);
	return store_end(s, ask_once(q, e), e);
}

int
service_stop(struct store *s, const struct node *node, const struct service_kind *kind, int64_t now,
    bool *was, struct err *e)
{
	struct service v;
	struct ask *q;
	int rc;

	*was = false;
	if (store_begin(s, e) != 0)
		return -1;
	rc = service_get(s, node->id, kind->name, &v, e);
	if (rc == 0 && v.running) {
		*was = true;
		q = store_ask(s,
		    "UPDATE service SET running = 0, since = :now WHERE node = :node AND name = :name");
		ask_int(q, ":now", now);
		ask_int(q, ":node", node->id);
		ask_text(q, ":name", kind->name);
		rc = ask_once(q, e);
	}
	return store_end(s, rc, e);
}

int
service_param(struct store *s, int64_t node, const char *service, const char *param, char *to,
    size_t size, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT value FROM service_param "
				     "WHERE node = :node AND service = :service AND name = :name");
	const struct param *p = param_find(param, e);
	int rc;

	if (p == NULL) {
		ask_end(q);
		return -1;
	}
	ask_int(q, ":node", node);
	ask_text(q, ":service", service);
	ask_text(q, ":name", p->name);
	rc = ask_row(q, e);
	/* A parameter newer than the service's last start has its default. */
	snprintf(to, size, "%s", rc == 1 ? row_text(q, 0) : p->fallback);
	if (rc == 1)
		ask_end(q);
	return rc < 0 ? -1 : 0;
}

struct cert *
service_cert(struct store *s, int64_t node, const char *service, const char *store, int64_t *id,
    struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT cert.der, cert.id FROM service_cert JOIN cert ON cert.id = service_cert.cert "
	    "WHERE node = :node AND service = :service AND store = :store");
	struct cert *c;
	int rc;

	ask_int(q, ":node", node);
	ask_text(q, ":service", service);
	ask_text(q, ":store", store);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "%s has loaded no %s certificate", service, store);
	if (rc != 1)
		return NULL;
	c = cert_from_der(row_blob(q, 0), e);
	if (id != NULL)
		*id = row_int(q, 1);
	ask_end(q);
	return c;
}

/* ---- why a restart is wanted ---- */

static void
say(char ***out, size_t *n, char *sentence)
{
	*out = mem_resize(*out, (*n + 1) * sizeof(**out));
	(*out)[(*n)++] = sentence;
}

static bool
restarts(const struct param *p, const char *service)
{
	for (size_t i = 0; i < PARAM_RESTARTS_MAX && p->restart[i] != NULL; i++)
		if (strcmp(p->restart[i], service) == 0)
			return true;
	return false;
}

static int
stale_params(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e)
{
	char loaded[PARAM_VALUE_MAX], set[PARAM_VALUE_MAX];
	size_t params;
	const struct param *p = param_table(&params);

	for (size_t i = 0; i < params; i++) {
		if (!restarts(&p[i], v->name))
			continue;
		if (service_param(s, v->node, v->name, p[i].name, loaded, sizeof(loaded), e) != 0 ||
		    param_get(s, &p[i], set, e) != 0)
			return -1;
		if (strcmp(loaded, set) != 0)
			say(out, n, mem_fmt("%s is %s, it works with %s", p[i].name, set, loaded));
	}
	return 0;
}

/* One of the stores it loads from: does that hold now what it held when the service started? */
static int
stale_cert(struct store *s, const struct service *v, const char *store, char ***out, size_t *n,
    struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT loaded IS placed, loaded IS NULL FROM (SELECT "
	    "(SELECT cert FROM service_cert "
	    "WHERE node = :node AND service = :service AND store = :store) AS loaded, "
	    "(SELECT cert FROM cert_place WHERE node = :filed AND store = :store) AS placed)");
	bool same, had_none;

	ask_int(q, ":node", v->node);
	ask_text(q, ":service", v->name);
	ask_text(q, ":store", store);
	ask_int(q, ":filed", filed_under(store, v->node));
	if (ask_row(q, e) != 1)
		return -1;
	same = row_int(q, 0) != 0;
	had_none = row_int(q, 1) != 0;
	ask_end(q);
	if (!same)
		say(out, n,
		    mem_fmt(had_none ? "there is a %s certificate now, it has none"
				     : "the %s certificate was replaced",
			store));
	return 0;
}

static int
stale_certs(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e)
{
	const struct service_kind *kind = service_kind_of(v->name, e);

	if (kind == NULL)
		return -1;
	for (size_t i = 0; i < 3 && kind->loads[i] != NULL; i++)
		if (stale_cert(s, v, kind->loads[i], out, n, e) != 0)
			return -1;
	return kind->also == NULL ? 0 : stale_cert(s, v, kind->also, out, n, e);
}

static int
stale_lists(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e)
{
	struct listing_entry newest, ctl;

	if (strcmp(v->name, "TFTP") != 0)
		return 0;
	if (listing_newest(s, v->node, &newest, e) < 0 ||
	    history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &ctl, e) < 0)
		return -1;
	if (newest.id == v->itl && strcmp(newest.why, LISTING_RESET_WHY) == 0)
		say(out, n,
		    mem_text("its ITL is signed by the key of a reset, not by the usual one"));
	if (newest.id != v->itl)
		say(out, n,
		    mem_fmt("ITL number %d was built (%s), it serves an older one", newest.number,
			newest.why));
	if (ctl.id != v->ctl)
		say(out, n,
		    mem_fmt("CTL number %d was built (%s), it serves %s", ctl.number, ctl.why,
			v->ctl == 0 ? "none" : "an older one"));
	return 0;
}

/* It will be told by and by; a restart tells it at once. */
static int
stale_known(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e)
{
	int rc = strcmp(v->name, "TVS") == 0 ? known_is_news(s, v->node, e) : 0;

	if (rc == 1)
		say(out, n,
		    mem_text(
			"the trust stores changed, or a duration in cache, and it was not told yet"));
	return rc < 0 ? -1 : 0;
}

int
service_stale(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e)
{
	*out = NULL;
	*n = 0;
	if (!v->running)
		return 0;
	if (stale_params(s, v, out, n, e) == 0 && stale_certs(s, v, out, n, e) == 0 &&
	    stale_lists(s, v, out, n, e) == 0 && stale_known(s, v, out, n, e) == 0)
		return 0;
	for (size_t i = 0; i < *n; i++)
		free((*out)[i]);
	free(*out);
	*out = NULL;
	*n = 0;
	return -1;
}
