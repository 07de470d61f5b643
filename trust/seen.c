#include "trust/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/history.h"
#include "trust/node.h"
#include "trust/service.h"
#include "trust/tlist.h"
#include "trust/verdicts.h"

const char *
itl_status_word(enum itl_status status)
{
	static const char *const word[] = {
		[ITL_UNKNOWN] = "Unknown",
		[ITL_NOT_INSTALLED] = "Not Installed",
		[ITL_MATCH] = "Match",
		[ITL_MISMATCH] = "Mismatch",
	};

	return word[status];
}

#define COLUMNS                                                                                    \
	"phone, at, peer, node, registers, "                                                       \
	"fetched, fetched_at, holds, foreign_sha1, reported_at, note, "                            \
	"ctl_fetched, ctl_fetched_at, ctl_holds, ctl_foreign_sha1, ctl_reported_at, ctl_note"

enum { ITL_COLUMNS = 5, CTL_COLUMNS = 11 };

static void
take_list(struct ask *q, int column, struct seen_list *out)
{
	struct bytes foreign = row_blob(q, column + 3);

	out->fetched = row_int(q, column);
	out->fetched_at = row_int(q, column + 1);
	out->holds = row_int(q, column + 2);
	out->holds_foreign = !row_is_null(q, column + 3);
	if (foreign.n == sizeof(out->foreign_sha1))
		memcpy(out->foreign_sha1, foreign.p, foreign.n);
	out->reported_at = row_int(q, column + 4);
	snprintf(out->note, sizeof(out->note), "%s", row_text(q, column + 5));
}

static void
take(struct ask *q, struct seen *out)
{
	snprintf(out->phone, sizeof(out->phone), "%s", row_text(q, 0));
	out->at = row_int(q, 1);
	snprintf(out->peer, sizeof(out->peer), "%s", row_text(q, 2));
	out->node = row_int(q, 3);
	out->registers = row_int(q, 4);
	take_list(q, ITL_COLUMNS, &out->itl);
	take_list(q, CTL_COLUMNS, &out->ctl);
}

int
seen_get(struct store *s, const char *phone, struct seen *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM phone_seen WHERE phone = :phone");
	int rc;

	*out = (struct seen){ .at = 0 };
	snprintf(out->phone, sizeof(out->phone), "%s", phone);
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	take(q, out);
	ask_end(q);
	return 0;
}

static int
write_asked(struct store *s, const struct seen *v, struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO phone_seen(phone, at, peer, node) "
				     "VALUES (:phone, :at, :peer, :node) "
				     "ON CONFLICT(phone) DO UPDATE SET at = :at, peer = :peer, "
				     "node = :node");

	ask_text(q, ":phone", v->phone);
	ask_int(q, ":at", v->at);
	ask_text(q, ":peer", v->peer);
	ask_int(q, ":node", v->node);
	return ask_once(q, e);
}

/* What it reported itself counts until it holds another one. */
static int
write_list(struct store *s, const char *phone, const struct seen_list *l, enum history_kind kind,
    struct err *e)
{
	struct ask *q =
	    kind == HISTORY_CTL
		? store_ask(s,
		      "UPDATE phone_seen SET ctl_fetched = :fetched, "
		      "ctl_fetched_at = :fetched_at, ctl_holds = :holds, ctl_note = :note, "
		      "ctl_foreign_sha1 = "
		      "CASE WHEN ctl_holds IS :holds THEN ctl_foreign_sha1 END, "
		      "ctl_reported_at = CASE WHEN ctl_holds IS :holds THEN ctl_reported_at "
		      "END WHERE phone = :phone")
		: store_ask(s, "UPDATE phone_seen SET fetched = :fetched, "
			       "fetched_at = :fetched_at, holds = :holds, note = :note, "
			       "foreign_sha1 = CASE WHEN holds IS :holds THEN foreign_sha1 END, "
			       "reported_at = CASE WHEN holds IS :holds THEN reported_at END "
			       "WHERE phone = :phone");

	ask_text(q, ":phone", phone);
	if (l->fetched != 0) {
		ask_int(q, ":fetched", l->fetched);
		ask_int(q, ":fetched_at", l->fetched_at);
	}
	if (l->holds != 0)
		ask_int(q, ":holds", l->holds);
	ask_text(q, ":note", l->note);
	return ask_once(q, e);
}

static struct seen_list *
list_of(struct seen *v, enum history_kind kind)
{
	return kind == HISTORY_CTL ? &v->ctl : &v->itl;
}

/* Did the phone take the list it was given?  A phone that held another cluster's list will ask its
 * own TVS, which we cannot: then it is not reckoned. */
static int
reckon(struct verdicts *known, struct seen *v, enum history_kind kind, struct err *e)
{
	struct seen_list *l = list_of(v, kind);
	struct verdict_question q = {
		.itl = v->itl.holds, .ctl = v->ctl.holds, .list = l->fetched
	};
	struct verdict verdict;
	struct device d;
	int added;

	/* What it said itself after that is the better knowledge. */
	if (l->fetched == l->holds || l->reported_at >= l->fetched_at)
		return 0;
	if (v->itl.holds_foreign || v->ctl.holds_foreign) {
		snprintf(l->note, sizeof(l->note),
		    "it held a list of another cluster when it was given ours");
		return 0;
	}
	added = device_get(verdicts_store(known), v->phone, &d, e);
	q.model = added == 1 ? d.model : model_of("8861");
	if (added < 0 || verdicts_of(known, &q, &verdict, e) != 0)
		return -1;
	snprintf(l->note, sizeof(l->note), "as reckoned from its downloads: %.300s", verdict.why);
	if (verdict.accepted)
		l->holds = l->fetched;
	return 0;
}

/* Anybody can ask for anything under any name: of phones that are not ours only so many are kept.
 */
static int
has_place(struct store *s, const struct seen *v, struct err *e)
{
	struct ask *q;

	if (strcmp(v->phone, SEEN_NOBODY) == 0)
		return 0;
	if (v->at != 0)
		return 1;
	q = store_ask(s, "SELECT 1 WHERE EXISTS (SELECT 1 FROM phone WHERE name = :phone) "
			 "OR (SELECT count(*) FROM phone_seen) < :max");
	ask_text(q, ":phone", v->phone);
	ask_int(q, ":max", SEEN_STRANGERS_MAX);
	return ask_once(q, e);
}

/* Each worker writes when it can, so an older sighting may come after a newer one; within a second
 * the newer list of a node is the later one. */
static bool
is_older(const struct seen *v, const struct seen_list *l, int64_t node, int64_t list, int64_t at)
{
	if (at != l->fetched_at)
		return at < l->fetched_at;
	return node == v->node && list < l->fetched;
}

/* A list that was fetched before the one we know of, and told later: the phone may have taken that
 * one because of this. */
static int
catch_up(
    struct verdicts *known, struct seen *v, enum history_kind kind, int64_t list, struct err *e)
{
	struct seen_list *l = list_of(v, kind);
	int64_t last = l->fetched;
	int rc;

	if (list <= l->holds || list == last)
		return 0;
	l->fetched = list;
	rc = reckon(known, v, kind, e);
	l->fetched = last;
	return rc == 0 ? reckon(known, v, kind, e) : -1;
}

static int
take_fetch(struct verdicts *known, struct seen *v, enum history_kind kind,
    const struct seen_sighting *g, bool is_late, struct err *e)
{
	struct seen_list *l = list_of(v, kind);

	if (is_late)
		return catch_up(known, v, kind, g->list, e);
	l->fetched = g->list;
	l->fetched_at = g->at;
	return reckon(known, v, kind, e);
}

static int
take_sighting(struct verdicts *known, struct seen *v, const struct seen_sighting *g, struct err *e)
{
	struct store *s = verdicts_store(known);
	enum history_kind kind = HISTORY_ITL;
	bool is_late;
	int number;

	if (g->list != 0 && history_of(s, g->list, &kind, &number, e) < 0)
		return -1;
	is_late = g->list != 0 && is_older(v, list_of(v, kind), g->node, g->list, g->at);
	if (g->at >= v->at) {
		v->at = g->at;
		v->node = g->node;
		snprintf(v->peer, sizeof(v->peer), "%s", g->peer);
	}
	if (write_asked(s, v, e) != 0)
		return -1;
	if (g->list == 0)
		return 0;
	if (take_fetch(known, v, kind, g, is_late, e) != 0)
		return -1;
	return write_list(s, v->phone, list_of(v, kind), kind, e);
}

int
seen_sighted(struct verdicts *known, const struct seen_sighting *g, struct err *e)
{
	struct store *s = verdicts_store(known);
	struct seen v;
	int rc, place = 0;

	if (store_begin_note(s, e) != 0)
		return -1;
	rc = seen_get(s, g->phone, &v, e);
	if (rc == 0)
		place = has_place(s, &v, e);
	if (place < 0)
		rc = -1;
	if (place == 1)
		rc = take_sighting(known, &v, g, e);
	return store_end(s, rc, e);
}

int
seen_asked(struct store *s, const char *phone, const char *peer, int64_t node, int64_t list,
    int64_t now, struct err *e)
{
	struct seen_sighting g = { phone, peer, node, list, now };
	struct verdicts *known = verdicts_new(s);
	int rc = seen_sighted(known, &g, e);

	verdicts_free(known);
	return rc;
}

/* The list of ours with this hash: 1, 0 when there is none, -1.  Lists are few and small.  The form
 * for phones that know EC, which has the negative number of its list, is that list. */
static int
find_list(struct store *s, enum history_kind kind, struct bytes sha1, int64_t *id, int64_t *node,
    struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT coalesce(whole.id, list.id), list.file, list.node FROM list "
			 "LEFT JOIN list AS whole ON list.number < 0 AND whole.kind = list.kind "
			 "AND whole.node = list.node AND whole.number = -list.number "
			 "WHERE list.kind = :kind ORDER BY list.id DESC");
	int rc;

	*id = 0;
	*node = 0;
	ask_text(q, ":kind", history_word(kind));
	while ((rc = ask_row(q, e)) == 1) {
		uint8_t sum[TLIST_SHA1_BYTES];

		tlist_sha1(row_blob(q, 1), sum);
		if (!bytes_eq(bytes_over(sum, sizeof(sum)), sha1))
			continue;
		*id = row_int(q, 0);
		*node = row_int(q, 2);
		ask_end(q);
		return 1;
	}
	return rc;
}

#define REPORT_ITL                                                                                 \
	"INSERT INTO phone_seen(phone, at, peer, node, holds, foreign_sha1, reported_at, note) "   \
	"VALUES (:phone, :now, '', :node, :holds, :foreign, :now, :note) "                         \
	"ON CONFLICT(phone) DO UPDATE SET "                                                        \
	"node = CASE phone_seen.node WHEN 0 THEN :node ELSE phone_seen.node END, "                 \
	"holds = :holds, foreign_sha1 = :foreign, reported_at = :now, note = :note"
/* Of which node a CTL is does not say whose files the phone asks for. */
#define REPORT_CTL                                                                                 \
	"INSERT INTO phone_seen(phone, at, peer, node, ctl_holds, ctl_foreign_sha1, "              \
	"ctl_reported_at, ctl_note) "                                                              \
	"VALUES (:phone, :now, '', 0, :holds, :foreign, :now, :note) "                             \
	"ON CONFLICT(phone) DO UPDATE SET "                                                        \
	"ctl_holds = :holds, ctl_foreign_sha1 = :foreign, ctl_reported_at = :now, "                \
	"ctl_note = :note"

static int
reported(struct store *s, const char *phone, enum history_kind kind, struct bytes sha1, int64_t now,
    struct err *e)
{
	int64_t id = 0, node = 0;
	struct ask *q;

	if (sha1.n > 0 && find_list(s, kind, sha1, &id, &node, e) < 0)
		return -1;
	q = kind == HISTORY_CTL ? store_ask(s, REPORT_CTL) : store_ask(s, REPORT_ITL);
	ask_text(q, ":phone", phone);
	ask_int(q, ":now", now);
	if (kind == HISTORY_ITL)
		ask_int(q, ":node", node);
	if (id != 0)
		ask_int(q, ":holds", id);
	else if (sha1.n > 0)
		ask_blob(q, ":foreign", sha1);
	ask_text(q, ":note",
	    id != 0	 ? "it said so itself"
	    : sha1.n > 0 ? "it holds a list that is not ours"
			 : "it holds no list");
	return ask_once(q, e);
}

int
seen_reported(struct store *s, const char *phone, struct bytes sha1, int64_t now, struct err *e)
{
	if (store_begin_quiet(s, e) != 0)
		return -1;
	return store_end(s, reported(s, phone, HISTORY_ITL, sha1, now, e), e);
}

int
seen_reported_ctl(struct store *s, const char *phone, struct bytes sha1, int64_t now, struct err *e)
{
	if (store_begin_quiet(s, e) != 0)
		return -1;
	return store_end(s, reported(s, phone, HISTORY_CTL, sha1, now, e), e);
}

static int
number_of(struct store *s, int64_t list, int *number, struct err *e)
{
	enum history_kind kind;
	int rc = history_of(s, list, &kind, number, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "a list is not in the history any more");
	return rc < 0 ? -1 : 0;
}

/* What it holds against what its node serves, both ids of this kind. */
static int
compare(struct store *s, const struct seen_list *l, enum history_kind kind, int64_t served,
    enum itl_status *status, char why[SEEN_NOTE_MAX], struct err *e)
{
	const char *word = history_word(kind);
	int held_number, served_number = 0;

	if (number_of(s, l->holds, &held_number, e) != 0 ||
	    (served != 0 && number_of(s, served, &served_number, e) != 0))
		return -1;
	*status = l->holds == served ? ITL_MATCH : ITL_MISMATCH;
	if (*status == ITL_MATCH)
		snprintf(
		    why, SEEN_NOTE_MAX, "holds %s number %d, which is served", word, held_number);
	else if (served == 0)
		snprintf(
		    why, SEEN_NOTE_MAX, "holds %s number %d, none is served", word, held_number);
	else
		snprintf(why, SEEN_NOTE_MAX, "holds %s number %d, number %d is served%s%.200s",
		    word, held_number, served_number,
		    l->fetched == served ? ": " : "; it has not asked since",
		    l->fetched == served ? l->note : "");
	return 0;
}

/* What it said itself, as far as that decides; true when it does. */
static bool
is_told(const struct seen_list *l, enum itl_status *status, char why[SEEN_NOTE_MAX])
{
	if (l->reported_at != 0 && l->holds == 0 && !l->holds_foreign) {
		*status = ITL_NOT_INSTALLED;
		snprintf(why, SEEN_NOTE_MAX, "it reported that it holds none");
		return true;
	}
	if (!l->holds_foreign)
		return false;
	*status = ITL_MISMATCH;
	snprintf(why, SEEN_NOTE_MAX, "%.300s", l->note);
	return true;
}

int
seen_status(struct store *s, const struct device *d, const struct seen *v, enum itl_status *status,
    char why[SEEN_NOTE_MAX], struct err *e)
{
	struct service tftp;

	*status = ITL_NOT_INSTALLED;
	if (!d->model->sbd) {
		snprintf(why, SEEN_NOTE_MAX, "a %s knows no ITL", d->model->name);
		return 0;
	}
	if (is_told(&v->itl, status, why))
		return 0;
	if (v->itl.holds != 0 && v->node != 0)
		return service_get(s, v->node, "TFTP", &tftp, e) != 0
			   ? -1
			   : compare(s, &v->itl, HISTORY_ITL, tftp.itl, status, why, e);
	*status = ITL_UNKNOWN;
	snprintf(why, SEEN_NOTE_MAX, "%s",
	    v->at == 0 ? "never seen" : "it has not asked for its ITL since we serve it");
	return 0;
}

/* As seen_status() says it of one: a change here is a change there. */
#define STATUS                                                                                     \
	"CASE WHEN seen.foreign_sha1 IS NOT NULL THEN 'mismatch' "                                 \
	"WHEN seen.holds IS NULL AND seen.reported_at IS NOT NULL THEN 'none' "                    \
	"WHEN seen.holds IS NULL OR seen.node = 0 THEN 'unknown' "                                 \
	"WHEN seen.holds = tftp.itl THEN 'match' ELSE 'mismatch' END"

static enum itl_status
status_of(const struct model *model, const char *word)
{
	if (model != NULL && !model->sbd)
		return ITL_NOT_INSTALLED;
	if (strcmp(word, "match") == 0)
		return ITL_MATCH;
	if (strcmp(word, "mismatch") == 0)
		return ITL_MISMATCH;
	return strcmp(word, "none") == 0 ? ITL_NOT_INSTALLED : ITL_UNKNOWN;
}

int
seen_count(struct store *s, size_t n[ITL_STATUSES], struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT phone.model, " STATUS " AS status, count(*) FROM phone "
			 "LEFT JOIN phone_seen AS seen ON seen.phone = phone.name "
			 "LEFT JOIN service AS tftp ON tftp.node = seen.node "
			 "AND tftp.name = 'TFTP' "
			 "GROUP BY phone.model, status");
	int rc;

	memset(n, 0, ITL_STATUSES * sizeof(n[0]));
	while ((rc = ask_row(q, e)) == 1)
		n[status_of(model_of(row_text(q, 0)), row_text(q, 1))] += (size_t)row_int(q, 2);
	return rc;
}

/* A phone that was given none holds none, unless it came with another cluster's: it keeps that when
 * ours has none. */
static void
without_ctl(const struct seen *v, int64_t served, enum itl_status *status, char why[SEEN_NOTE_MAX])
{
	*status = v->at == 0 || (served != 0 && v->ctl.fetched == 0) ? ITL_UNKNOWN
		  : served == 0					     ? ITL_NOT_INSTALLED
								     : ITL_MISMATCH;
	if (v->at == 0)
		snprintf(why, SEEN_NOTE_MAX, "never seen");
	else if (served == 0)
		snprintf(why, SEEN_NOTE_MAX, "the cluster has no CTL");
	else if (v->ctl.fetched == 0)
		snprintf(why, SEEN_NOTE_MAX, "it has not asked for its CTL since we serve it");
	else
		snprintf(why, SEEN_NOTE_MAX, "it did not take the CTL that is served: %.300s",
		    v->ctl.note);
}

int
seen_ctl_status(struct store *s, const struct seen *v, enum itl_status *status,
    char why[SEEN_NOTE_MAX], struct err *e)
{
	struct service tftp = { .ctl = 0 };

	if (is_told(&v->ctl, status, why))
		return 0;
	if (v->node != 0 && service_get(s, v->node, "TFTP", &tftp, e) != 0)
		return -1;
	if (v->ctl.holds != 0)
		return compare(s, &v->ctl, HISTORY_CTL, tftp.ctl, status, why, e);
	without_ctl(v, tftp.ctl, status, why);
	return 0;
}

/* ---- phones that register by themselves ---- */

int
seen_registers(struct store *s, const char *phone, int64_t now, struct err *e)
{
	struct ask *q;

	if (store_begin_note(s, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE phone_seen SET registers = :now WHERE phone = :phone "
			 "AND NOT EXISTS (SELECT 1 FROM phone WHERE name = :phone)");
	ask_text(q, ":phone", phone);
	ask_int(q, ":now", now);
	return store_end(s, ask_once(q, e) < 0 ? -1 : 0, e);
}

int
seen_registering(struct store *s, struct seen **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM phone_seen "
				     "WHERE registers IS NOT NULL "
				     "AND NOT EXISTS (SELECT 1 FROM phone WHERE name = phone) "
				     "ORDER BY phone");
	struct seen *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		if (count == room) {
			room = room != 0 ? 2 * room : 64;
			all = mem_resize(all, room * sizeof(*all));
		}
		all[count] = (struct seen){ .at = 0 };
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
seen_unregister(struct store *s, const char *phone, bool *was, struct err *e)
{
	struct ask *q;
	int rc;

	*was = false;
	if (store_begin_quiet(s, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE phone_seen SET registers = NULL "
			 "WHERE phone = :phone AND registers IS NOT NULL");
	ask_text(q, ":phone", phone);
	rc = ask_once(q, e) < 0 ? -1 : 0;
	*was = rc == 0 && store_changes(s) > 0;
	return store_end(s, rc, e);
}
