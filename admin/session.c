#include "admin/session.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { SECRET_BYTES = 32 };

/* order 0: a free place. */
struct place {
	unsigned char id[SHA256_DIGEST_LENGTH]; /* its hash: what is in memory opens no door */
	struct session session;
	int64_t order; /* of making, from 1: the clock is too coarse, and may be set back */
};

struct sessions {
	struct place place[SESSIONS_MAX];
	int64_t made; /* so far */
};

struct sessions *
sessions_new(void)
{
	return mem_new(sizeof(struct sessions));
}

void
sessions_free(struct sessions *t)
{
	mem_wipe(t, sizeof(*t));
	free(t);
}

static bool
is_used(const struct place *p)
{
	return p->order != 0;
}

static void
clear(struct place *p)
{
	mem_wipe(p, sizeof(*p));
}

static int64_t
end_of(const struct session *s)
{
	int64_t idle = s->seen + SESSION_IDLE, life = s->made + SESSION_LIFE;

	return idle < life ? idle : life;
}

static bool
is_over(const struct place *p, int64_t now)
{
	return now >= end_of(&p->session);
}

static void
clear_over(struct sessions *t, int64_t now)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (is_used(&t->place[i]) && is_over(&t->place[i], now))
			clear(&t->place[i]);
}

/* The user's first one makes room for one more of his. */
static void
bound_user(struct sessions *t, const char *user)
{
	struct place *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct place *p = &t->place[i];

		if (!is_used(p) || strcmp(p->session.user, user) != 0)
			continue;
		n++;
		if (first == NULL || p->order < first->order)
			first = p;
	}
	if (n >= SESSIONS_PER_USER)
		clear(first);
}

static bool
is_better(const struct place *p, const struct place *than)
{
	if (is_used(p) != is_used(than))
		return !is_used(p);
	if (p->session.seen != than->session.seen)
		return p->session.seen < than->session.seen;
	return p->order < than->order;
}

/* A free one, else that which was silent longest. */
static struct place *
find_room(struct sessions *t)
{
	struct place *best = &t->place[0];

	for (size_t i = 1; i < SESSIONS_MAX; i++)
		if (is_better(&t->place[i], best))
			best = &t->place[i];
	clear(best);
	return best;
}

static int
make_secret(char to[SESSION_TEXT], struct err *e)
{
	unsigned char raw[SECRET_BYTES];

	if (RAND_priv_bytes(raw, sizeof(raw)) != 1)
		return err_set(e, ERR_FAILED, "no random bytes");
	bytes_hex(bytes_over(raw, sizeof(raw)), '\0', to, SESSION_TEXT);
	mem_wipe(raw, sizeof(raw));
	return 0;
}

static void
hash_id(const char *id, unsigned char to[SHA256_DIGEST_LENGTH])
{
	SHA256((const unsigned char *)id, strlen(id), to);
}

int
session_make(struct sessions *t, const char *user, enum user_role role, int64_t epoch, int64_t now,
    char id[SESSION_TEXT], struct session *out, struct err *e)
{
	struct session s = { .role = role, .epoch = epoch, .made = now, .seen = now };
	struct place *p;

	*out = (struct session){ 0 };
	snprintf(s.user, sizeof(s.user), "%s", user);
	if (make_secret(id, e) != 0 || make_secret(s.csrf, e) != 0)
		return -1;
	s.expires = end_of(&s);
	clear_over(t, now);
	bound_user(t, s.user);
	p = find_room(t);
	hash_id(id, p->id);
	p->session = s;
	p->order = ++t->made;
	*out = s;
	return 0;
}

static struct place *
find(struct sessions *t, const char *id)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	hash_id(id, hash);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (is_used(&t->place[i]) && CRYPTO_memcmp(t->place[i].id, hash, sizeof(hash)) == 0)
			return &t->place[i];
	return NULL;
}

int
session_find(struct sessions *t, const char *id, int64_t now, struct session *out, struct err *e)
{
	struct place *p = find(t, id);

	*out = (struct session){ 0 };
	if (p != NULL && is_over(p, now)) {
		clear(p);
		p = NULL;
	}
	if (p == NULL)
		return err_set(e, ERR_DENIED, "not logged in, or not any more");
	if (now > p->session.seen) /* a clock that was set back shortens no session */
		p->session.seen = now;
	p->session.expires = end_of(&p->session);
	*out = p->session;
	return 0;
}

void
session_end(struct sessions *t, const char *id)
{
	struct place *p = find(t, id);

	if (p != NULL)
		clear(p);
}

size_t
session_end_user(struct sessions *t, const char *user)
{
	size_t n = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (is_used(&t->place[i]) && strcmp(t->place[i].session.user, user) == 0) {
			clear(&t->place[i]);
			n++;
		}
	}
	return n;
}

size_t
session_count(struct sessions *t, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < SESSIONS_MAX; i++)
		n += is_used(&t->place[i]) && !is_over(&t->place[i], now);
	return n;
}
