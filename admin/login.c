#include "admin/login.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/password.h"
#include "admin/throttle.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/audit.h"

struct logins {
	pthread_mutex_t lock; /* of both tables: held for moments, never over the store or a hash */
	struct sessions *sessions;
	struct throttle *throttle;
};

struct logins *
logins_new(void)
{
	struct logins *l = mem_new(sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	l->sessions = sessions_new();
	l->throttle = throttle_new();
	return l;
}

void
logins_free(struct logins *l)
{
	if (l == NULL)
		return;
	sessions_free(l->sessions);
	throttle_free(l->throttle);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

enum right
login_right(enum user_role role)
{
	static const enum right right[] = {
		[USER_READ] = RIGHT_READ,
		[USER_OPERATE] = RIGHT_OPERATE,
		[USER_ADMIN] = RIGHT_ADMIN,
	};

	return right[role];
}

/* ---- the tables, locked ---- */

static int64_t
try(struct logins *l, const char *user, const char *from, int64_t now)
{
	int64_t wait;

	pthread_mutex_lock(&l->lock);
	wait = throttle_try(l->throttle, user, from, now);
	pthread_mutex_unlock(&l->lock);
	return wait;
}

static void
take_back(struct logins *l, const char *user, const char *from)
{
	pthread_mutex_lock(&l->lock);
	throttle_take_back(l->throttle, user, from);
	pthread_mutex_unlock(&l->lock);
}

static void
was_right(struct logins *l, const char *user, const char *from)
{
	pthread_mutex_lock(&l->lock);
	throttle_right(l->throttle, user, from);
	pthread_mutex_unlock(&l->lock);
}

static int
find(struct logins *l, const char *id, int64_t now, struct session *out, struct err *e)
{
	int rc;

	pthread_mutex_lock(&l->lock);
	rc = session_find(l->sessions, id, now, out, e);
	pthread_mutex_unlock(&l->lock);
	return rc;
}

static void
end(struct logins *l, const char *id)
{
	pthread_mutex_lock(&l->lock);
	session_end(l->sessions, id);
	pthread_mutex_unlock(&l->lock);
}

/* alone: all others of the user end. */
static int
begin(struct logins *l, const struct user_row *u, bool alone, int64_t now, char id[SESSION_TEXT],
    struct session *out, struct err *e)
{
	int rc;

	pthread_mutex_lock(&l->lock);
	if (alone)
		session_end_user(l->sessions, u->name);
	rc = session_make(l->sessions, u->name, u->role, u->epoch, now, id, out, e);
	pthread_mutex_unlock(&l->lock);
	return rc;
}

/* ---- who it is ---- */

static void
tell_session(const struct session *v, struct login *out)
{
	*out = (struct login){
		.role = v->role,
		.may = login_right(v->role),
		.expires = v->expires,
	};
	snprintf(out->user, sizeof(out->user), "%s", v->user);
	snprintf(out->who, sizeof(out->who), "%s", v->user);
	snprintf(out->csrf, sizeof(out->csrf), "%s", v->csrf);
}

static void
tell_token(const struct user_token *t, struct login *out)
{
	*out = (struct login){
		.role = t->role,
		.may = login_right(t->role),
		.token = t->id,
		.expires = t->expires,
	};
	snprintf(out->user, sizeof(out->user), "%s", t->user);
	snprintf(out->who, sizeof(out->who), "%s#%lld", t->user, (long long)t->id);
}

/* What happened stands whether or not it could be noted. */
static void
note(struct store *s, const char *who, bool refused, const char *from, const char *what,
    const char *outcome, int64_t now)
{
	struct audit_row row = { .at = now, .refused = refused };
	struct err e = { 0 };

	audit_text(row.who, sizeof(row.who), who);
	audit_text(row.from, sizeof(row.from), from);
	audit_text(row.what, sizeof(row.what), what);
	audit_text(row.outcome, sizeof(row.outcome), outcome);
	if (audit_add(s, &row, &e) != 0)
		log_err(LOG_WARN, "admin", from, NULL, "audit-lost", &e);
}

/* ---- passwords ---- */

static int
refuse_for(int64_t wait, int64_t *to, struct err *e)
{
	*to = wait;
	err_set(e, ERR_DENIED, "too many wrong passwords");
	return err_hint(e, "the next try is in %lld seconds", (long long)wait);
}

/* 1: that is the user's password; 0: not, or there is no such user, or a disabled one; -1: the
 * store did not answer.  The same work whether there is such a user or not. */
static int
is_right(
    struct store *s, const char *user, struct bytes password, struct user_row *u, struct err *e)
{
	struct err why = { 0 };
	bool known = user_find(s, user, u, &why) == 0, right;

	if (!known && why.code != ERR_NOT_FOUND) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	right = password_is(password, known ? u->hash : NULL);
	mem_wipe(u->hash, sizeof(u->hash));
	return right && !u->disabled;
}

/* What was typed as a name is noted only when it is one: it may have been the password. */
static int
refuse_login(
    struct store *s, const struct user_row *u, const char *from, int64_t now, struct err *e)
{
	note(s, u->name[0] != '\0' ? u->name : "?", true, from, "login", "denied", now);
	return err_set(e, ERR_DENIED, "the user or the password is wrong");
}

int
login_password(struct logins *l, struct store *s, const char *user, struct bytes password,
    const char *from, int64_t now, char id[SESSION_TEXT], struct login *out, int64_t *wait,
    struct err *e)
{
	struct session made;
	struct user_row u;
	int64_t seconds = try(l, user, from, now);
	int right;

	*out = (struct login){ 0 };
	*wait = 0;
	id[0] = '\0';
	if (seconds > 0)
		return refuse_for(seconds, wait, e);
	right = is_right(s, user, password, &u, e);
	if (right < 0) {
		take_back(l, user, from);
		return -1;
	}
	if (right == 0)
		return refuse_login(s, &u, from, now, e);
	was_right(l, user, from);
	if (begin(l, &u, false, now, id, &made, e) != 0)
		return -1;
	tell_session(&made, out);
	mem_wipe(&made, sizeof(made));
	note(s, u.name, false, from, "login", "done", now);
	return 0;
}

/* ---- sessions and tokens ---- */

/* Is it the user's still, as he is now? */
static int
check_user(struct store *s, const struct session *v, struct err *e)
{
	struct err why = { 0 };
	struct user_row u;
	int rc = user_find(s, v->user, &u, &why);

	mem_wipe(u.hash, sizeof(u.hash));
	if (rc == 0 && !u.disabled && u.epoch == v->epoch)
		return 0;
	if (rc == 0 || why.code == ERR_NOT_FOUND)
		return err_set(e, ERR_DENIED, "not logged in, or not any more");
	if (e != NULL)
		*e = why;
	return -1;
}

int
login_session(struct logins *l, struct store *s, const char *id, int64_t now, struct login *out,
    struct err *e)
{
	struct session v;
	struct err why = { 0 };
	int rc;

	*out = (struct login){ 0 };
	if (find(l, id, now, &v, e) != 0)
		return -1;
	rc = check_user(s, &v, &why);
	if (rc == 0)
		tell_session(&v, out);
	else if (why.code == ERR_DENIED)
		end(l, id);
	if (rc != 0 && e != NULL)
		*e = why;
	mem_wipe(&v, sizeof(v));
	return rc;
}

/* Nobody waits for another process here: then it is noted at the next request. */
static void
touch(struct store *s, const struct user_token *t, int64_t now)
{
	int patience = store_patience(s, 0);

	user_token_touch(s, t, now, NULL);
	store_patience(s, patience);
}

int
login_token(struct logins *l, struct store *s, const char *text, int64_t now, struct login *out,
    struct err *e)
{
	struct user_token t;

	(void)l;
	*out = (struct login){ 0 };
	if (user_token_find(s, text, now, &t, e) != 0)
		return -1;
	tell_token(&t, out);
	touch(s, &t, now);
	return 0;
}

bool
login_csrf_is(const struct login *who, const char *given)
{
	size_t n = strlen(who->csrf);

	return n > 0 && given != NULL && strlen(given) == n &&
	       CRYPTO_memcmp(who->csrf, given, n) == 0;
}

void
login_end(struct logins *l, struct store *s, const char *id, const char *from, int64_t now)
{
	struct session v;

	if (find(l, id, now, &v, NULL) != 0)
		return;
	end(l, id);
	note(s, v.user, false, from, "logout", "done", now);
	mem_wipe(&v, sizeof(v));
}

/* ---- one's own password ---- */

/* Within an open session: whoever found a browser open may guess no more often than at the door. */
static int
check_old(struct logins *l, struct store *s, const char *user, struct bytes old, const char *from,
    int64_t now, int64_t *wait, struct err *e)
{
	int64_t seconds = try(l, user, from, now);
	struct user_row u;
	int right;

	if (seconds > 0)
		return refuse_for(seconds, wait, e);
	right = is_right(s, user, old, &u, e);
	if (right > 0)
		was_right(l, user, from);
	if (right < 0)
		take_back(l, user, from);
	if (right != 0)
		return right > 0 ? 0 : -1;
	note(s, user, true, from, "password", "denied", now);
	return err_set(e, ERR_DENIED, "the old password is wrong");
}

static int
set_password(struct store *s, const char *user, struct bytes fresh, int64_t now,
    struct user_row *became, struct err *e)
{
	char hash[USER_HASH_MAX];
	struct user_change change = { .hash = hash };
	int rc = password_hash(fresh, hash, e);

	if (rc == 0)
		rc = user_set(s, user, &change, false, now, NULL, became, e);
	mem_wipe(hash, sizeof(hash));
	return rc;
}

int
login_change_password(struct logins *l, struct store *s, const char *id, struct bytes old,
    struct bytes fresh, const char *from, int64_t now, char to[SESSION_TEXT], struct login *out,
    int64_t *wait, struct err *e)
{
	struct session made;
	struct user_row u;
	struct login who;

	*out = (struct login){ 0 };
	*wait = 0;
	to[0] = '\0';
	if (login_session(l, s, id, now, &who, e) != 0 || password_check(fresh, e) != 0 ||
	    check_old(l, s, who.user, old, from, now, wait, e) != 0 ||
	    set_password(s, who.user, fresh, now, &u, e) != 0)
		return -1;
	mem_wipe(u.hash, sizeof(u.hash));
	note(s, u.name, false, from, "password", "done", now);
	if (begin(l, &u, true, now, to, &made, e) != 0)
		return -1;
	tell_session(&made, out);
	mem_wipe(&made, sizeof(made));
	return 0;
}
