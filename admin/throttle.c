/*
 * Two ledgers of wrong tries, one by user and address, one by address: each a bounded table whose
 * entries hold the times of the tries that still count.
 *
 * What happens when a table is full is what an attacker with many addresses would use to have his
 * own entry forgotten.  So nothing that counts is thrown away: a newcomer takes the entry with the
 * fewest tries and inherits them (the stream counting of Metwally, Agrawal and El Abbadi,
 * "Efficient computation of frequent and top-k elements", 2005).  To get rid of an entry of ten
 * tries one has to bring all others to ten, with 40950 wrong tries within ten minutes, each of
 * which is worth a password's hash here - more tries than he gains.  To drive two entries out in
 * turn gains nothing either, for the count stays with the place.  The price: when the table is full
 * of nothing but wrong tries, a newcomer has fewer than ten, or, when all have ten, none.  Throwing
 * away the oldest entry would be cheap to exploit (one try from each of 4096 addresses), and to
 * refuse every newcomer to a full table would lock everybody out for the same price.
 */
#include "admin/throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/user.h"

/* Compared as bytes: whole and zeroed. */
struct key {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d; of IPv6 the first 8 */
	char user[USER_NAME_MAX + 1];
};

struct entry {
	struct key key;
	size_t n; /* tries; 0: free */
};

struct ledger {
	size_t entries, limit;
	struct entry *entry;
	int64_t *time; /* `limit` for each entry, oldest first */
};

struct throttle {
	struct ledger user, address;
};

static struct ledger
ledger_new(size_t entries, size_t limit)
{
	return (struct ledger){
		.entries = entries,
		.limit = limit,
		.entry = mem_array(entries, sizeof(struct entry)),
		.time = mem_array(entries * limit, sizeof(int64_t)),
	};
}

static void
ledger_free(struct ledger *l)
{
	free(l->entry);
	free(l->time);
}

struct throttle *
throttle_new(void)
{
	struct throttle *t = mem_new(sizeof(*t));

	t->user = ledger_new(THROTTLE_USERS_MAX, THROTTLE_USER);
	t->address = ledger_new(THROTTLE_ADDRESSES_MAX, THROTTLE_ADDRESS);
	return t;
}

void
throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	ledger_free(&t->user);
	ledger_free(&t->address);
	free(t);
}

/* ---- one ledger ---- */

static int64_t *
times_of(const struct ledger *l, const struct entry *v)
{
	return l->time + (size_t)(v - l->entry) * l->limit;
}

/* Drops what counts no more.  A clock that was set back does not make anybody wait for it. */
static void
expire(const struct ledger *l, struct entry *v, int64_t now)
{
	int64_t *time = times_of(l, v);
	size_t kept = 0;

	if (v->n == 0 || (now - time[0] < THROTTLE_WINDOW && time[v->n - 1] <= now))
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (now - time[i] >= THROTTLE_WINDOW)
			continue;
		time[kept++] = time[i] < now ? time[i] : now;
	}
	v->n = kept;
}

static struct entry *
find(const struct ledger *l, const struct key *k)
{
	for (size_t i = 0; i < l->entries; i++)
		if (l->entry[i].n > 0 && memcmp(&l->entry[i].key, k, sizeof(*k)) == 0)
			return &l->entry[i];
	return NULL;
}

/* The key's own entry, or the one that it would take. */
static struct entry *
place_for(const struct ledger *l, const struct key *k, int64_t now)
{
	struct entry *own = find(l, k), *fewest = &l->entry[0];

	if (own != NULL) {
		expire(l, own, now);
		return own;
	}
	for (size_t i = 0; i < l->entries; i++) {
		expire(l, &l->entry[i], now);
		if (l->entry[i].n < fewest->n)
			fewest = &l->entry[i];
	}
	return fewest;
}

static int64_t
wait_at(const struct ledger *l, const struct entry *v, int64_t now)
{
	return v->n < l->limit ? 0 : times_of(l, v)[0] + THROTTLE_WINDOW - now;
}

static void
note(const struct ledger *l, struct entry *v, const struct key *k, int64_t now)
{
	v->key = *k;
	times_of(l, v)[v->n++] = now;
}

static void
take_one_back(const struct ledger *l, const struct key *k)
{
	struct entry *v = find(l, k);

	if (v != NULL)
		v->n--;
}

/* ---- keys ---- */

static void
put_address(struct key *k, const char *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	unsigned char v4[4], v6[16];

	/* Without the "%eth0" of a link-local one. */
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(address, "%"), address);
	if (inet_pton(AF_INET, text, v4) == 1) {
		memcpy(k->address, mapped, sizeof(mapped));
		memcpy(k->address + sizeof(mapped), v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, text, v6) == 1) {
		bool is_v4 = memcmp(v6, mapped, sizeof(mapped)) == 0;

		memcpy(k->address, v6, is_v4 ? sizeof(v6) : sizeof(v6) / 2);
	}
}

/* All that can be no name counts as one. */
static void
put_user(struct key *k, const char *user)
{
	if (user_name_is_valid(user))
		snprintf(k->user, sizeof(k->user), "%s", user);
}

struct keys {
	struct key user, address;
};

static struct keys
keys_of(const char *user, const char *address)
{
	struct keys k;

	memset(&k, 0, sizeof(k));
	put_address(&k.address, address);
	k.user = k.address;
	put_user(&k.user, user);
	return k;
}

/* ---- what is asked ---- */

int64_t
throttle_try(struct throttle *t, const char *user, const char *address, int64_t now)
{
	struct keys k = keys_of(user, address);
	struct entry *u = place_for(&t->user, &k.user, now);
	struct entry *a = place_for(&t->address, &k.address, now);
	int64_t wait_u = wait_at(&t->user, u, now), wait_a = wait_at(&t->address, a, now);

	if (wait_u > 0 || wait_a > 0)
		return wait_u > wait_a ? wait_u : wait_a;
	note(&t->user, u, &k.user, now);
	note(&t->address, a, &k.address, now);
	return 0;
}

void
throttle_right(struct throttle *t, const char *user, const char *address)
{
	struct keys k = keys_of(user, address);
	struct entry *u = find(&t->user, &k.user);

	if (u != NULL)
		u->n = 0;
	/* Not all of the address: else who has a user of his own could guess those of others for
	 * ever. */
	take_one_back(&t->address, &k.address);
}

void
throttle_take_back(struct throttle *t, const char *user, const char *address)
{
	struct keys k = keys_of(user, address);

	take_one_back(&t->user, &k.user);
	take_one_back(&t->address, &k.address);
}
