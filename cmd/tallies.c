#include "cmd/tallies.h"

#include <string.h>

static void
count_tftp(const struct tftp_server *s, struct tally *out)
{
	static const enum tally_what outcome[TFTP_OUTCOMES] = {
		[TFTP_SENT] = TALLY_SENT,
		[TFTP_NOT_FOUND] = TALLY_NOT_FOUND,
		[TFTP_REFUSED] = TALLY_REFUSED,
		[TFTP_GIVEN_UP] = TALLY_GIVEN_UP,
		[TFTP_STOPPED] = TALLY_STOPPED,
		[TFTP_FAILED] = TALLY_FAILED,
	};
	const struct tftp_counters *c = tftp_server_counters(s);

	*out = (struct tally){ { 0 } };
	for (int i = 0; i < TFTP_OUTCOMES; i++)
		out->n[outcome[i]] = (int64_t)c->outcomes[i];
	out->n[TALLY_REQUESTS] = (int64_t)c->requests;
	out->n[TALLY_BYTES] = (int64_t)c->bytes;
	out->n[TALLY_RESENT] = (int64_t)c->resent;
	out->n[TALLY_REPEATED] = (int64_t)c->repeated;
	out->n[TALLY_IGNORED] = (int64_t)c->ignored;
	out->n[TALLY_RUNNING] = tftp_server_transfers(s);
	tally_set_took(out, &c->took);
}

/* A service's own tally says nothing of connections but what it could not read itself. */
static void
count_connections(const struct listeners *l, struct tally *out)
{
	struct conn_counters c;

	listeners_counters(l, &c);
	out->n[TALLY_CONNECTIONS] = listeners_connections(l);
	out->n[TALLY_ACCEPTED] = (int64_t)c.accepted;
	out->n[TALLY_TURNED_AWAY] = (int64_t)c.refused;
	out->n[TALLY_HANDSHAKES_FAILED] = (int64_t)c.failed_handshakes;
	out->n[TALLY_TIMEOUTS] = (int64_t)c.timeouts;
	out->n[TALLY_MALFORMED] += (int64_t)c.broken;
	out->n[TALLY_HANDSHAKES] = (int64_t)c.handshakes;
	out->n[TALLY_RESUMED] = (int64_t)c.resumed;
}

static void
count_tvs(struct tvs_server *v, struct tally *out)
{
	tvs_server_tally(v, out);
	count_connections(tvs_server_listeners(v), out);
}

static void
count_capf(struct capf_server *v, struct tally *out)
{
	capf_server_tally(v, out);
	count_connections(capf_server_listeners(v), out);
}

/* False: there is no such door. */
static bool
count(const struct tallies *t, enum tally_door door, struct tally *out)
{
	const struct http_door *web =
	    door >= TALLY_HTTP && door <= TALLY_HTTPS_TOMCAT ? t->door[door - TALLY_HTTP] : NULL;

	if (door == TALLY_TFTP && t->tftp != NULL)
		count_tftp(t->tftp, out);
	else if (door == TALLY_TVS && t->tvs != NULL)
		count_tvs(t->tvs, out);
	else if (door == TALLY_CAPF && t->capf != NULL)
		count_capf(t->capf, out);
	else if (web != NULL)
		http_door_tally(web, out);
	else
		return false;
	return true;
}

/* What is counted at this moment. */
struct counted {
	struct tally is[TALLY_DOORS];
	bool there[TALLY_DOORS];
};

static void
look(const struct tallies *t, struct counted *out)
{
	for (int i = 0; i < TALLY_DOORS; i++)
		out->there[i] = count(t, (enum tally_door)i, &out->is[i]);
}

static bool
is_news(const struct tallies *t, const struct counted *c, int door)
{
	if (!c->there[door])
		return false;
	return !t->known[door] || memcmp(&t->told[door], &c->is[door], sizeof(t->told[door])) != 0;
}

static int
write_news(
    const struct tallies *t, const struct counted *c, struct store *s, int64_t now, struct err *e)
{
	for (int i = 0; i < TALLY_DOORS; i++)
		if (is_news(t, c, i) &&
		    tally_add(s, t->node, (enum tally_door)i, &t->told[i], &c->is[i], e) != 0)
			return -1;
	return tally_touch(s, now, e);
}

/* What could not be written is news the next time. */
static int
tell(struct tallies *t, const struct counted *c, struct store *s, int64_t now, struct err *e)
{
	bool any = false;

	for (int i = 0; i < TALLY_DOORS; i++)
		any = any || is_news(t, c, i);
	if (!any)
		return 0;
	if (store_begin_note(s, e) != 0 || store_end(s, write_news(t, c, s, now, e), e) != 0)
		return -1;
	for (int i = 0; i < TALLY_DOORS; i++)
		if (c->there[i]) {
			t->told[i] = c->is[i];
			t->known[i] = true;
		}
	return 0;
}

int
tallies_tell(struct tallies *t, struct store *s, int64_t now, struct err *e)
{
	struct counted c;

	look(t, &c);
	return tell(t, &c, s, now, e);
}

int
tallies_end(struct tallies *t, struct store *s, int64_t now, struct err *e)
{
	struct counted c;

	look(t, &c);
	for (int i = 0; i < TALLY_DOORS; i++) {
		if (!c.there[i])
			continue;
		c.is[i].n[TALLY_FAILED] += c.is[i].n[TALLY_RUNNING];
		c.is[i].n[TALLY_RUNNING] = 0;
		c.is[i].n[TALLY_CONNECTIONS] = 0;
	}
	return tell(t, &c, s, now, e);
}
