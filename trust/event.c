#include "trust/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/seen.h"

/* Who only tries the servers out leaves no trail. */
static int
add_one(struct store *s, const struct event_row *v, struct err *e)
{
	struct ask *q;

	if (strcmp(v->device, SEEN_NOBODY) == 0)
		return 0;
	q = store_ask(s,
	    "INSERT INTO event(at, service, node, peer, device, what, verdict, subject, because) "
	    "VALUES (:at, :service, :node, :peer, :device, :what, :verdict, :subject, :because)");

	ask_int(q, ":at", v->at);
	ask_text(q, ":service", v->service);
	ask_text(q, ":node", v->node);
	ask_text(q, ":peer", v->peer);
	ask_text(q, ":device", v->device);
	ask_text(q, ":what", v->what);
	ask_text(q, ":verdict", v->verdict);
	ask_text(q, ":subject", v->subject);
	ask_text(q, ":because", v->because);
	return ask_once(q, e);
}

static int
drop_old(struct store *s, struct err *e)
{
	struct ask *q =
	    store_ask(s, "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - :kept");

	ask_int(q, ":kept", EVENTS_KEPT);
	return ask_once(q, e);
}

int
events_add(struct store *s, const struct event_row *event, size_t n, struct err *e)
{
	int rc = 0;

	if (store_begin_note(s, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_one(s, &event[i], e);
	if (rc == 0)
		rc = drop_old(s, e);
	return store_end(s, rc, e);
}

static void
take_text(struct ask *q, int column, char *to, size_t size)
{
	snprintf(to, size, "%s", row_text(q, column));
}

static void
take(struct ask *q, struct event_row *to)
{
	to->id = row_int(q, 0);
	to->at = row_int(q, 1);
	take_text(q, 2, to->service, sizeof(to->service));
	take_text(q, 3, to->node, sizeof(to->node));
	take_text(q, 4, to->peer, sizeof(to->peer));
	take_text(q, 5, to->device, sizeof(to->device));
	take_text(q, 6, to->what, sizeof(to->what));
	take_text(q, 7, to->verdict, sizeof(to->verdict));
	take_text(q, 8, to->subject, sizeof(to->subject));
	take_text(q, 9, to->because, sizeof(to->because));
}

static const char *
question(int64_t after)
{
	if (after == EVENTS_NEWEST)
		return "SELECT * FROM "
		       "(SELECT id, at, service, node, peer, device, what, verdict, subject, because "
		       "FROM event WHERE :device IS NULL OR device = :device "
		       "ORDER BY id DESC LIMIT :max) ORDER BY id";
	return "SELECT id, at, service, node, peer, device, what, verdict, subject, because "
	       "FROM event WHERE id > :after AND (:device IS NULL OR device = :device) "
	       "ORDER BY id LIMIT :max";
}

int
events_list(struct store *s, int64_t after, const char *device, size_t max, struct event_row **out,
    size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, question(after));
	struct event_row *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	if (after != EVENTS_NEWEST)
		ask_int(q, ":after", after);
	ask_text(q, ":device", device);
	ask_int(q, ":max", (int64_t)max);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, count, &room, sizeof(*all));
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
events_total(struct store *s, int64_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT coalesce(max(id), 0) FROM event");

	*n = 0;
	if (ask_row(q, e) != 1)
		return -1;
	*n = row_int(q, 0);
	ask_end(q);
	return 0;
}
