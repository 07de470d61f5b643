#include "trust/trail.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/model.h"
#include "trust/seen.h"
#include "trust/verdicts.h"

enum { BUCKETS = 4096, FIRST_ROOM = 64 };

struct sighting {
	char phone[DEVICE_NAME_MAX], peer[64];
	int64_t node, at; /* of its last request */
	int64_t list, list_node, list_at;
	int64_t registers; /* 0: not that we know */
	uint32_t next;	   /* in its bucket: index + 1 */
};

struct trail {
	struct store *store;
	struct event_row *event;
	size_t events, event_room;
	struct sighting *phone;
	size_t phones, phone_room;
	uint32_t bucket[BUCKETS]; /* of phones by name: index + 1, 0: empty */
	uint64_t dropped;
	size_t events_written, phones_written; /* by trail_flush_some() so far */
	struct verdicts *verdicts;	       /* NULL: nothing was reckoned yet */
};

struct trail *
trail_new(struct store *s)
{
	struct trail *t = mem_new(sizeof(*t));

	t->store = s;
	return t;
}

void
trail_free(struct trail *t)
{
	if (t == NULL)
		return;
	verdicts_free(t->verdicts);
	free(t->event);
	free(t->phone);
	free(t);
}

void
trail_event(struct trail *t, const struct event_row *event)
{
	assert(t->events_written == 0 && t->phones_written == 0);
	if (t->events == TRAIL_EVENTS_MAX) {
		t->dropped++;
		return;
	}
	if (t->events == t->event_room) {
		t->event_room = t->event_room ? 2 * t->event_room : FIRST_ROOM;
		t->event = mem_resize(t->event, t->event_room * sizeof(*t->event));
	}
	t->event[t->events++] = *event;
}

/* FNV-1a: names come from anybody, and the worst they can do is make a flush's worth of them share
 * a bucket. */
static uint32_t *
bucket_of(struct trail *t, const char *phone)
{
	uint32_t h = 2166136261u;

	for (; *phone != '\0'; phone++)
		h = (h ^ (unsigned char)*phone) * 16777619u;
	return &t->bucket[h % BUCKETS];
}

static struct sighting *
find(struct trail *t, const char *phone)
{
	for (uint32_t at = *bucket_of(t, phone); at != 0; at = t->phone[at - 1].next)
		if (strcmp(t->phone[at - 1].phone, phone) == 0)
			return &t->phone[at - 1];
	return NULL;
}

static struct sighting *
add(struct trail *t, const char *phone)
{
	uint32_t *bucket = bucket_of(t, phone);
	struct sighting *v;

	if (t->phones == TRAIL_PHONES_MAX)
		return NULL;
	if (t->phones == t->phone_room) {
		t->phone_room = t->phone_room ? 2 * t->phone_room : FIRST_ROOM;
		t->phone = mem_resize(t->phone, t->phone_room * sizeof(*t->phone));
	}
	v = &t->phone[t->phones++];
	*v = (struct sighting){ .next = *bucket };
	snprintf(v->phone, sizeof(v->phone), "%s", phone);
	*bucket = (uint32_t)t->phones;
	return v;
}

void
trail_phone(
    struct trail *t, const char *phone, const char *peer, int64_t node, int64_t list, int64_t now)
{
	struct sighting *v = find(t, phone);

	assert(t->events_written == 0 && t->phones_written == 0);
	/* Each list it was given counts: the next may be taken only because of the one before. */
	if (v != NULL && list != 0 && v->list != 0 && v->list != list)
		v = NULL;
	if (v == NULL && (v = add(t, phone)) == NULL) {
		t->dropped++;
		return;
	}
	snprintf(v->peer, sizeof(v->peer), "%s", peer);
	v->node = node;
	v->at = now;
	if (list == 0)
		return;
	v->list = list;
	v->list_node = node;
	v->list_at = now;
}

void
trail_registers(struct trail *t, const char *phone, int64_t now)
{
	struct sighting *v = find(t, phone);

	if (v != NULL)
		v->registers = now;
}

bool
trail_is_empty(const struct trail *t)
{
	return t->events == 0 && t->phones == 0 && t->dropped == 0;
}

void
trail_swap(struct trail *a, struct trail *b)
{
	struct trail was = *a;

	*a = *b;
	*b = was;
	b->store = a->store;
	b->verdicts = a->verdicts;
	a->store = was.store;
	a->verdicts = was.verdicts;
}

/* ---- writing ---- */

/* The list at its own time: this may be written long after another worker's newer one. */
static int
write_phone(struct trail *t, const struct sighting *v, struct err *e)
{
	struct seen_sighting list = { v->phone, v->peer, v->list_node, v->list, v->list_at };
	struct seen_sighting last = { v->phone, v->peer, v->node, 0, v->at };
	bool is_last = v->list != 0 && v->list_at == v->at && v->list_node == v->node;

	if (v->list != 0 && seen_sighted(t->verdicts, &list, e) != 0)
		return -1;
	if (!is_last && seen_sighted(t->verdicts, &last, e) != 0)
		return -1;
	return v->registers == 0 ? 0 : seen_registers(t->store, v->phone, v->registers, e);
}

/* From which on it goes on, and how many. */
struct part {
	size_t event, events, phone, phones;
};

static struct part
next_part(const struct trail *t, size_t most)
{
	struct part p = { .event = t->events_written, .phone = t->phones_written };

	p.events = t->events - p.event < most ? t->events - p.event : most;
	most -= p.events;
	p.phones = t->phones - p.phone < most ? t->phones - p.phone : most;
	return p;
}

static int
write_part(struct trail *t, const struct part *p, struct err *e)
{
	int rc = 0;

	if (t->verdicts == NULL)
		t->verdicts = verdicts_new(t->store);
	if (p->events > 0)
		rc = events_add(t->store, &t->event[p->event], p->events, e);
	for (size_t i = 0; rc == 0 && i < p->phones; i++)
		rc = write_phone(t, &t->phone[p->phone + i], e);
	return rc;
}

static void
forget(struct trail *t)
{
	t->events = 0;
	t->phones = 0;
	t->events_written = 0;
	t->phones_written = 0;
	memset(t->bucket, 0, sizeof(t->bucket));
}

/* Strangers can cause it as often as they like, so nobody waits for the disk. */
static int
begin(struct trail *t, int patience, struct err *e)
{
	int was = store_patience(t->store, patience);
	int rc = store_begin_note(t->store, e);

	store_patience(t->store, was);
	return rc;
}

int
trail_flush_some(struct trail *t, size_t most, int patience, uint64_t *dropped, struct err *e)
{
	struct part p = next_part(t, most);
	int rc;

	*dropped = t->dropped;
	t->dropped = 0;
	if (p.events == 0 && p.phones == 0)
		return 0;
	if (begin(t, patience, e) != 0)
		return -1;
	rc = store_end(t->store, write_part(t, &p, e), e);
	t->events_written += p.events;
	t->phones_written += p.phones;
	/* Also when it could not be written: the next flush would fail on the same thing, and
	 * serving goes on. */
	if (rc == 0 && (t->events_written < t->events || t->phones_written < t->phones))
		return 1;
	forget(t);
	return rc;
}

int
trail_flush(struct trail *t, int patience, uint64_t *dropped, struct err *e)
{
	return trail_flush_some(t, SIZE_MAX, patience, dropped, e);
}
