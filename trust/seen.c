#include "trust/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/listing.h"
#include "trust/node.h"
#include "trust/outlook.h"
#include "trust/service.h"

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
	"phone, at, peer, node, fetched, fetched_at, holds, foreign_sha1, reported_at, note, "     \
	"registers"

static void
take(struct ask *q, struct seen *out)
{
	snprintf(out->phone, sizeof(out->phone), "%s", row_text(q, 0));
	out->at = row_int(q, 1);
	snprintf(out->peer, sizeof(out->peer), "%s", row_text(q, 2));
	out->node = row_int(q, 3);
	out->fetched = row_int(q, 4);
	out->fetched_at = row_int(q, 5);
	out->holds = row_int(q, 6);
	out->holds_foreign = !row_is_null(q, 7);
	out->reported_at = row_int(q, 8);
	snprintf(out->note, sizeof(out->note), "%s", row_text(q, 9));
	out->registers = row_int(q, 10);
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
	struct ask *q = store_ask(s,
	    "INSERT INTO phone_seen(phone, at, peer, node, fetched, fetched_at, holds, note) "
	    "VALUES (:phone, :at, :peer, :node, :fetched, :fetched_at, :holds, :note) "
	    "ON CONFLICT(phone) DO UPDATE SET at = :at, peer = :peer, node = :node, "
	    "fetched = :fetched, fetched_at = :fetched_at, holds = :holds, note = :note, "
	    "foreign_sha1 = CASE WHEN holds IS :holds THEN foreign_sha1 END, "
	    "reported_at = CASE WHEN holds IS :holds THEN reported_at END");

	ask_text(q, ":phone", v->phone);
	ask_int(q, ":at", v->at);
	ask_text(q, ":peer", v->peer);
	ask_int(q, ":node", v->node);
	if (v->fetched != 0) {
		ask_int(q, ":fetched", v->fetched);
		ask_int(q, ":fetched_at", v->fetched_at);
	}
	if (v->holds != 0)
		ask_int(q, ":holds", v->holds);
	ask_text(q, ":note", v->note);
	return ask_once(q, e);
}

static int
judge_new(struct store *s, const struct seen *v, const struct model *model, struct judgement *j,
    struct err *e)
{
	struct wr held_file = { 0 }, file = { 0 };
	struct tlist *held = NULL;
	int rc = listing_file(s, v->fetched, &file, e);

	if (rc == 0 && v->holds != 0) {
		rc = listing_file(s, v->holds, &held_file, e);
		held = rc == 0 ? tlist_decode(wr_view(&held_file), e) : NULL;
		rc = held == NULL ? -1 : 0;
	}
	if (rc == 0)
		rc = outlook_of_list(s, held, model, wr_view(&file), j, e);
	tlist_free(held);
	wr_free(&held_file);
	wr_free(&file);
	return rc;
}

/* Did the phone take the list it was given?  A phone that held another cluster's list will ask its
 * own TVS, which we cannot: then it is not reckoned. */
static int
reckon(struct store *s, struct seen *v, struct err *e)
{
	struct device d;
	struct judgement j;
	int known = device_get(s, v->phone, &d, e);

	if (known < 0)
		return -1;
	/* What it said itself after that is the better knowledge. */
	if (v->fetched == v->holds || v->reported_at >= v->fetched_at)
		return 0;
	if (v->holds_foreign) {
		snprintf(v->note, sizeof(v->note),
		    "it held a list of another cluster when it was given ours");
		return 0;
	}
	if (judge_new(s, v, known == 1 ? d.model : model_of("8861"), &j, e) != 0)
		return -1;
	snprintf(v->note, sizeof(v->note), "as reckoned from its downloads: %.300s", j.why);
	if (j.verdict == JUDGE_ACCEPTED)
		v->holds = v->fetched;
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
is_older(const struct seen *v, int64_t node, int64_t list, int64_t at)
{
	if (at != v->fetched_at)
		return at < v->fetched_at;
	return node == v->node && list < v->fetched;
}

/* A list that was fetched before the one we know of, and told later: the phone may have taken that
 * one because of this. */
static int
catch_up(struct store *s, struct seen *v, int64_t list, struct err *e)
{
	int64_t last = v->fetched;
	int rc;

	if (list <= v->holds || list == last)
		return 0;
	v->fetched = list;
	rc = reckon(s, v, e);
	v->fetched = last;
	return rc == 0 ? reckon(s, v, e) : -1;
}

static int
take_sighting(struct store *s, struct seen *v, const char *peer, int64_t node, int64_t list,
    int64_t at, struct err *e)
{
	bool is_late = list != 0 && is_older(v, node, list, at);

	if (at >= v->at) {
		v->at = at;
		v->node = node;
		snprintf(v->peer, sizeof(v->peer), "%s", peer);
	}
	if (is_late)
		return catch_up(s, v, list, e);
	if (list == 0)
		return 0;
	v->fetched = list;
	v->fetched_at = at;
	return reckon(s, v, e);
}

int
seen_asked(struct store *s, const char *phone, const char *peer, int64_t node, int64_t list,
    int64_t now, struct err *e)
{
	struct seen v;
	int rc, place = 0;

	if (store_begin_quiet(s, e) != 0)
		return -1;
	rc = seen_get(s, phone, &v, e);
	if (rc == 0)
		place = has_place(s, &v, e);
	if (place < 0)
		rc = -1;
	if (place == 1)
		rc = take_sighting(s, &v, peer, node, list, now, e);
	if (rc == 0 && place == 1)
		rc = write_asked(s, &v, e);
	return store_end(s, rc, e);
}

/* The list of ours with this hash: 1, 0 when there is none, -1.  Lists are few and small. */
static int
find_list(struct store *s, struct bytes sha1, int64_t *id, int64_t *node, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT id, file, node FROM list ORDER BY id DESC");
	int rc;

	*id = 0;
	*node = 0;
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

int
seen_reported(struct store *s, const char *phone, struct bytes sha1, int64_t now, struct err *e)
{
	struct ask *q;
	int64_t id = 0, node = 0;
	int rc;

	if (store_begin_quiet(s, e) != 0)
		return -1;
	rc = sha1.n == 0 ? 0 : find_list(s, sha1, &id, &node, e);
	if (rc >= 0) {
		q = store_ask(s,
		    "INSERT INTO phone_seen(phone, at, peer, node, holds, foreign_sha1, reported_at, note) "
		    "VALUES (:phone, :now, '', :node, :holds, :foreign, :now, :note) "
		    "ON CONFLICT(phone) DO UPDATE SET node = CASE phone_seen.node WHEN 0 THEN :node ELSE phone_seen.node END, holds = :holds, foreign_sha1 = :foreign, "
		    "reported_at = :now, note = :note");
		ask_text(q, ":phone", phone);
		ask_int(q, ":now", now);
		ask_int(q, ":node", node);
		if (id != 0)
			ask_int(q, ":holds", id);
		else if (sha1.n > 0)
			ask_blob(q, ":foreign", sha1);
		ask_text(q, ":note",
		    id != 0	 ? "it said so itself"
		    : sha1.n > 0 ? "it holds a list that is not ours"
				 : "it holds no list");
		rc = ask_once(q, e);
	}
	return store_end(s, rc, e);
}

static int
number_of(struct store *s, int64_t list, int *number, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT number FROM list WHERE id = :id");

	int rc;

	*number = 0;
	ask_int(q, ":id", list);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "a list is not in the history any more");
	if (rc < 0)
		return -1;
	*number = (int)row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
compare(struct store *s, const struct seen *v, enum itl_status *status, char why[SEEN_NOTE_MAX],
    struct err *e)
{
	struct service tftp;
	int held, served;

	if (service_get(s, v->node, "TFTP", &tftp, e) != 0 ||
	    number_of(s, v->holds, &held, e) != 0 || number_of(s, tftp.itl, &served, e) != 0)
		return -1;
	*status = v->holds == tftp.itl ? ITL_MATCH : ITL_MISMATCH;
	if (*status == ITL_MATCH)
		snprintf(why, SEEN_NOTE_MAX, "holds ITL number %d, which is served", held);
	else
		snprintf(why, SEEN_NOTE_MAX, "holds ITL number %d, number %d is served%s%.200s",
		    held, served, v->fetched == tftp.itl ? ": " : "; it has not asked since",
		    v->fetched == tftp.itl ? v->note : "");
	return 0;
}

int
seen_status(struct store *s, const struct device *d, const struct seen *v, enum itl_status *status,
    char why[SEEN_NOTE_MAX], struct err *e)
{
	*status = ITL_NOT_INSTALLED;
	if (!d->model->sbd) {
		snprintf(why, SEEN_NOTE_MAX, "a %s knows no ITL", d->model->name);
		return 0;
	}
	if (v->reported_at != 0 && v->holds == 0 && !v->holds_foreign) {
		snprintf(why, SEEN_NOTE_MAX, "it reported that it holds none");
		return 0;
	}
	if (v->holds_foreign) {
		*status = ITL_MISMATCH;
		snprintf(why, SEEN_NOTE_MAX, "%.300s", v->note);
		return 0;
	}
	if (v->holds != 0 && v->node != 0)
		return compare(s, v, status, why, e);
	*status = ITL_UNKNOWN;
	snprintf(why, SEEN_NOTE_MAX, "%s",
	    v->at == 0 ? "never seen" : "it has not asked for its ITL since we serve it");
	return 0;
}

/* ---- phones that register by themselves ---- */

int
seen_registers(struct store *s, const char *phone, int64_t now, struct err *e)
{
	struct ask *q;

	if (store_begin_quiet(s, e) != 0)
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
