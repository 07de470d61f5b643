#include "trust/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/history.h"
#include "trust/role.h"
#include "trust/tlist.h"

static int
on_node(struct store *s, const char *sql, int64_t node, struct err *e)
{
	struct ask *q = store_ask(s, sql);

	ask_int(q, ":node", node);
	return ask_once(q, e);
}

static int
note_told(struct store *s, int64_t node, int64_t now, bool news, struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO tvs_told(node, at) VALUES (:node, :now) "
			 "ON CONFLICT(node) DO UPDATE SET at = :now, times = times + :news");

	ask_int(q, ":node", node);
	ask_int(q, ":now", now);
	ask_int(q, ":news", news);
	return ask_once(q, e);
}

static int
relearn(struct store *s, int64_t node, struct err *e)
{
	if (on_node(s, "DELETE FROM tvs_known WHERE node = :node", node, e) != 0)
		return -1;
	return on_node(s,
	    "INSERT INTO tvs_known(node, cert, store, duration) "
	    "SELECT :node, cert, store, duration FROM cert_place JOIN cert ON cert.id = cert_place.cert "
	    "GROUP BY cert, store",
	    node, e);
}

int
known_learn(struct store *s, int64_t node, int64_t now, struct err *e)
{
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	rc = relearn(s, node, e);
	if (rc == 0)
		rc = note_told(s, node, now, true, e);
	return store_end(s, rc, e);
}

int
known_is_news(struct store *s, int64_t node, struct err *e)
{
	return on_node(s,
	    "SELECT 1 WHERE EXISTS "
	    "(SELECT cert, store, duration FROM cert_place JOIN cert ON cert.id = cert_place.cert EXCEPT "
	    " SELECT cert, store, duration FROM tvs_known WHERE node = :node) OR EXISTS "
	    "(SELECT cert, store, duration FROM tvs_known WHERE node = :node EXCEPT "
	    " SELECT cert, store, duration FROM cert_place JOIN cert ON cert.id = cert_place.cert)",
	    node, e);
}

static int
due(struct store *s, int64_t interval_minutes, int64_t now, int64_t **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT tvs_told.node FROM tvs_told JOIN service ON service.node = tvs_told.node "
	    "WHERE service.name = 'TVS' AND running AND at + :seconds <= :now");
	int rc;

	*out = NULL;
	*n = 0;
	ask_int(q, ":seconds", interval_minutes * 60);
	ask_int(q, ":now", now);
	while ((rc = ask_row(q, e)) == 1) {
		*out = mem_resize(*out, (*n + 1) * sizeof(**out));
		(*out)[(*n)++] = row_int(q, 0);
	}
	return rc;
}

/* Those of the list that do not know what is in the stores now come first; *news: how many. */
static int
sort_out(struct store *s, int64_t *node, size_t n, size_t *news, struct err *e)
{
	*news = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t swap = node[i];
		int rc = known_is_news(s, node[i], e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		node[i] = node[*news];
		node[(*news)++] = swap;
	}
	return 0;
}

static int
notify(struct store *s, const int64_t *node, size_t n, size_t news, int64_t now, struct err *e)
{
	int rc = store_begin_quiet(s, e);

	if (rc != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = i < news ? known_learn(s, node[i], now, e)
			      : note_told(s, node[i], now, false, e);
	if (rc == 0)
		rc = certs_sweep(s, e);
	return store_end(s, rc, e);
}

/* Looks before it writes: without news, and with an interval of 0, there is nothing to write,
 * however often this is called. */
int
known_notify(struct store *s, int64_t interval_minutes, int64_t now, size_t *told, struct err *e)
{
	int64_t *node;
	size_t n;
	int rc;

	*told = 0;
	rc = due(s, interval_minutes, now, &node, &n, e);
	if (rc == 0)
		rc = sort_out(s, node, n, told, e);
	if (rc == 0 && interval_minutes == 0)
		n = *told;
	if (rc == 0 && n > 0)
		rc = notify(s, node, n, *told, now, e);
	free(node);
	return rc;
}

int64_t
known_times(struct store *s, int64_t node)
{
	struct ask *q = store_ask(s, "SELECT times FROM tvs_told WHERE node = :node");
	int64_t times = 0;

	ask_int(q, ":node", node);
	if (ask_row(q, NULL) == 1) {
		times = row_int(q, 0);
		ask_end(q);
	}
	return times;
}

/* ---- the CTL ---- */

int
known_new_ctl(struct store *s, struct err *e)
{
	return ask_once(store_ask(s, "UPDATE tvs_told SET times = times + 1"), e);
}

/* Roles that a CTL has records of. */
static const struct cert_kind ctl_kinds[] = {
	{ .store = "CTL (SAST)", .role = { ROLE_SAST }, .roles = 1 },
	{ .store = "CTL (CCM+TFTP)", .role = { ROLE_CCM_TFTP }, .roles = 1 },
	{ .store = "CTL (CAPF)", .role = { ROLE_CAPF }, .roles = 1 },
};

enum { CTL_KINDS = sizeof(ctl_kinds) / sizeof(ctl_kinds[0]) };

const struct cert_kind *
known_kind_of(const char *store, struct err *e)
{
	for (size_t i = 0; i < CTL_KINDS; i++)
		if (strcmp(ctl_kinds[i].store, store) == 0)
			return &ctl_kinds[i];
	return cert_kind_of(store, e);
}

static const struct cert_kind *
kind_of_record(const struct tlist_record *r)
{
	for (size_t i = 0; r->cert != NULL && i < CTL_KINDS; i++)
		if (ctl_kinds[i].role[0] == r->role)
			return &ctl_kinds[i];
	return NULL;
}

static bool
is_among(const struct cert *c, const struct held_cert *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cert_eq(all[i].cert, c))
			return true;
	return false;
}

/* The records of the CTL whose certificates are in no store: those that are in one have the roles
 * of that. */
static void
add_records(const struct tlist *ctl, int64_t node, struct held_cert **all, size_t *n)
{
	size_t in_stores = *n;

	for (size_t i = 0; i < ctl->n; i++) {
		const struct tlist_record *r = &ctl->record[i];
		const struct cert_kind *kind = kind_of_record(r);
		struct held_cert *one;

		if (kind == NULL || is_among(r->cert, *all, in_stores))
			continue;
		*all = mem_resize(*all, (*n + 1) * sizeof(**all));
		one = &(*all)[(*n)++];
		*one = (struct held_cert){ .node = node, .cert = cert_copy(r->cert) };
		snprintf(one->store, sizeof(one->store), "%s", kind->store);
	}
}

static int
add_ctl(struct store *s, int64_t node, struct held_cert **all, size_t *n, struct err *e)
{
	struct listing_entry newest;
	struct wr file = { 0 };
	struct tlist *ctl = NULL;
	int rc = history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &newest, e);

	if (rc != 1)
		return rc;
	if (history_file(s, newest.id, &file, e) == 0)
		ctl = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	if (ctl == NULL)
		return -1;
	add_records(ctl, node, all, n);
	tlist_free(ctl);
	return 0;
}

/* ---- all of it ---- */

int
known_list(struct store *s, int64_t node, struct held_cert **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT cert.id, store, cert.der, tvs_known.duration FROM tvs_known JOIN cert ON cert.id = tvs_known.cert "
	    "WHERE node = :node ORDER BY cert.id, store");
	struct held_cert *all = NULL, *one;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	ask_int(q, ":node", node);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		one = &all[count];
		*one = (struct held_cert){
			.id = row_int(q, 0), .node = node, .duration = (uint32_t)row_int(q, 3)
		};
		snprintf(one->store, sizeof(one->store), "%s", row_text(q, 1));
		one->cert = cert_from_der(row_blob(q, 2), e);
		if (one->cert == NULL) {
			ask_end(q);
			rc = -1;
			break;
		}
		count++;
	}
	if (rc < 0 || add_ctl(s, node, &all, &count, e) != 0) {
		certs_list_free(all, count);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}
