#include "trust/tally.h"

#include <string.h>

const char *
tally_door_word(enum tally_door door)
{
	static const char *const word[TALLY_DOORS] = { "tftp", "http", "https", "https-tomcat",
		"tvs", "capf" };

	return word[door];
}

bool
tally_is_files(enum tally_door door)
{
	return door < TALLY_TVS;
}

const char *
tally_word(enum tally_what what)
{
	static const char *const word[TALLY_WHATS] = {
		[TALLY_REQUESTS] = "requests",
		[TALLY_SENT] = "sent",
		[TALLY_NOT_FOUND] = "not_found",
		[TALLY_REFUSED] = "refused",
		[TALLY_GIVEN_UP] = "given_up",
		[TALLY_STOPPED] = "stopped",
		[TALLY_FAILED] = "failed",
		[TALLY_TRUSTED] = "trusted",
		[TALLY_NOT_TRUSTED] = "not_trusted",
		[TALLY_DONE] = "done",
		[TALLY_NOTHING_TO_DO] = "nothing_to_do",
		[TALLY_WAITS_FOR_CA] = "waits_for_ca",
		[TALLY_BYTES] = "bytes",
		[TALLY_RESENT] = "resent",
		[TALLY_REPEATED] = "repeated",
		[TALLY_IGNORED] = "ignored",
		[TALLY_RUNNING] = "running",
		[TALLY_CONNECTIONS] = "connections",
		[TALLY_ACCEPTED] = "connections_accepted",
		[TALLY_TURNED_AWAY] = "connections_turned_away",
		[TALLY_HANDSHAKES_FAILED] = "handshakes_failed",
		[TALLY_TIMEOUTS] = "timeouts",
		[TALLY_MALFORMED] = "malformed",
		[TALLY_HANDSHAKES] = "handshakes",
		[TALLY_RESUMED] = "handshakes_resumed",
		[TALLY_TOOK] = "took_1ms",
		[TALLY_TOOK + 1] = "took_5ms",
		[TALLY_TOOK + 2] = "took_25ms",
		[TALLY_TOOK + 3] = "took_100ms",
		[TALLY_TOOK + 4] = "took_500ms",
		[TALLY_TOOK + 5] = "took_2s",
		[TALLY_TOOK_LONGER] = "took_longer",
		[TALLY_TOOK_US] = "took_us",
	};

	return word[what];
}

/* Sets of doors. */
enum {
	TFTP = 1 << TALLY_TFTP,
	HTTPS = 1 << TALLY_HTTPS | 1 << TALLY_HTTPS_TOMCAT,
	WEB = 1 << TALLY_HTTP | HTTPS,
	FILES = TFTP | WEB,
	TVS = 1 << TALLY_TVS,
	CAPF = 1 << TALLY_CAPF,
};

bool
tally_counts(enum tally_door door, enum tally_what what)
{
	static const int at[TALLY_TOOK] = {
		[TALLY_REQUESTS] = FILES | TVS | CAPF,
		[TALLY_SENT] = FILES,
		[TALLY_NOT_FOUND] = FILES,
		[TALLY_REFUSED] = FILES | CAPF,
		[TALLY_GIVEN_UP] = TFTP | CAPF,
		[TALLY_STOPPED] = FILES | CAPF,
		[TALLY_FAILED] = FILES | CAPF,
		[TALLY_TRUSTED] = TVS,
		[TALLY_NOT_TRUSTED] = TVS,
		[TALLY_DONE] = CAPF,
		[TALLY_NOTHING_TO_DO] = CAPF,
		[TALLY_WAITS_FOR_CA] = CAPF,
		[TALLY_BYTES] = FILES,
		[TALLY_RESENT] = TFTP,
		[TALLY_REPEATED] = TFTP,
		[TALLY_IGNORED] = TFTP,
		[TALLY_RUNNING] = FILES,
		[TALLY_CONNECTIONS] = WEB | TVS | CAPF,
		[TALLY_ACCEPTED] = WEB | TVS | CAPF,
		[TALLY_TURNED_AWAY] = WEB | TVS | CAPF,
		[TALLY_HANDSHAKES_FAILED] = HTTPS | TVS | CAPF,
		[TALLY_TIMEOUTS] = WEB | TVS | CAPF,
		[TALLY_MALFORMED] = WEB | TVS | CAPF,
		[TALLY_HANDSHAKES] = TVS | CAPF,
		[TALLY_RESUMED] = TVS | CAPF,
	};

	return what >= TALLY_TOOK || (at[what] & 1 << door) != 0;
}

void
tally_set_took(struct tally *t, const struct took *took)
{
	for (int i = 0; i <= TOOK_LIMITS; i++)
		t->n[TALLY_TOOK + i] = (int64_t)took->n[i];
	t->n[TALLY_TOOK_US] = (int64_t)took->us;
}

struct took
tally_took(const struct tally *t)
{
	struct took took = { .us = (uint64_t)t->n[TALLY_TOOK_US] };

	for (int i = 0; i <= TOOK_LIMITS; i++)
		took.n[i] = (uint64_t)t->n[TALLY_TOOK + i];
	return took;
}

/* ---- writing ---- */

static int
begin_time(struct store *s, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO tally_time(id, since, at) VALUES (1, :now, :now) "
				     "ON CONFLICT(id) DO UPDATE SET since = :now, at = :now");

	ask_int(q, ":now", now);
	return ask_once(q, e);
}

int
tally_begin(struct store *s, int64_t now, struct err *e)
{
	int rc;

	if (store_begin_note(s, e) != 0)
		return -1;
	rc = ask_once(store_ask(s, "DELETE FROM tally"), e);
	if (rc == 0)
		rc = begin_time(s, now, e);
	return store_end(s, rc, e);
}

/* Also what is 0, the first time: it says that somebody listens there. */
static int
add_one(struct store *s, int64_t node, enum tally_door door, enum tally_what what, int64_t more,
    struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO tally(node, door, what, n) "
				     "VALUES (:node, :door, :what, :more) "
				     "ON CONFLICT(node, door, what) DO UPDATE SET n = n + :more");

	ask_int(q, ":node", node);
	ask_text(q, ":door", tally_door_word(door));
	ask_text(q, ":what", tally_word(what));
	ask_int(q, ":more", more);
	return ask_once(q, e);
}

int
tally_add(struct store *s, int64_t node, enum tally_door door, const struct tally *told,
    const struct tally *is, struct err *e)
{
	int rc = 0;

	if (store_begin_note(s, e) != 0)
		return -1;
	for (int i = 0; rc == 0 && i < TALLY_WHATS; i++)
		if (is->n[i] != told->n[i] || i == TALLY_REQUESTS)
			rc = add_one(s, node, door, (enum tally_what)i, is->n[i] - told->n[i], e);
	return store_end(s, rc, e);
}

int
tally_touch(struct store *s, int64_t now, struct err *e)
{
	struct ask *q;

	if (store_begin_note(s, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE tally_time SET at = :now");
	ask_int(q, ":now", now);
	return store_end(s, ask_once(q, e), e);
}

/* ---- reading ---- */

static void
take(struct tally *t, const char *word, int64_t n)
{
	for (int i = 0; i < TALLY_WHATS; i++)
		if (strcmp(tally_word((enum tally_what)i), word) == 0)
			t->n[i] = n;
}

int
tally_get(struct store *s, int64_t node, enum tally_door door, struct tally *out, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT what, n FROM tally WHERE node = :node AND door = :door");
	int rc, found = 0;

	*out = (struct tally){ { 0 } };
	ask_int(q, ":node", node);
	ask_text(q, ":door", tally_door_word(door));
	while ((rc = ask_row(q, e)) == 1) {
		take(out, row_text(q, 0), row_int(q, 1));
		found = 1;
	}
	return rc < 0 ? -1 : found;
}

int
tally_times(struct store *s, int64_t *since, int64_t *at, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT since, at FROM tally_time");
	int rc = ask_row(q, e);

	*since = 0;
	*at = 0;
	if (rc != 1)
		return rc;
	*since = row_int(q, 0);
	*at = row_int(q, 1);
	ask_end(q);
	return 0;
}
