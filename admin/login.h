/*
 * login: who is asking - passwords, sessions and API tokens put together, and what whoever it is
 * may do now.
 *
 * Users and tokens are read from the store at each request: a user who is disabled, deleted, or has
 * another role or password feels it at his next one.  Logins, also those with a wrong password (but
 * not those that had to wait), logouts and changes of one's password are noted in the audit trail
 * here; verbs by verb_run().
 *
 * One struct logins serves a process.  Threads may call all of this at once, each with a store of
 * its own; nothing is locked while a password is hashed.  login_password() and
 * login_change_password() take some hundredths of a second and 16 MiB: call them where that may be
 * waited for, and only a few at a time.  The others are fast: one or two questions to the store.
 *
 * Errors: ERR_DENIED: it is not who he says, or no more (HTTP 401; with *wait above 0: 429).  It
 * says no more than that.  ERR_FAILED, ERR_BUSY: the store did not answer.
 */
#ifndef TL_ADMIN_LOGIN_H
#define TL_ADMIN_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/session.h"
#include "admin/verb.h"
#include "base/bytes.h"
#include "base/err.h"
#include "trust/store.h"
#include "trust/user.h"

enum { LOGIN_WHO_MAX = 64 };

struct logins;

struct logins *logins_new(void);
void logins_free(struct logins *l); /* ends all sessions; NULL is fine */

/* Who asks. */
struct login {
	char user[USER_NAME_MAX + 1];
	char who[LOGIN_WHO_MAX]; /* for struct call and trails: "anna", "anna#7" for token 7 of hers
				  */
	enum user_role role;	 /* now: of a token, no more than its user's */
	enum right may;		 /* the same, for struct call */
	int64_t token;		 /* its number; 0: a session */
	char csrf[SESSION_TEXT]; /* of a session; "" for a token */
	int64_t expires; /* Unix seconds: the session if nothing more is asked, or the token */
};

/* Makes a session: its id for the cookie, who it is.  from: the peer's address without port.
 * *wait: after ERR_DENIED the seconds after which there is a next try, 0: at once.  mem_wipe() the
 * id; the password stays the caller's to wipe. */
int login_password(struct logins *l, struct store *s, const char *user, struct bytes password,
    const char *from, int64_t now, char id[SESSION_TEXT], struct login *out, int64_t *wait,
    struct err *e);
/* The session of that id, which begins its 30 minutes anew. */
int login_session(struct logins *l, struct store *s, const char *id, int64_t now, struct login *out,
    struct err *e);
/* The token of that text ("tl_..."), whose last use is noted at most once a minute. */
int login_token(struct logins *l, struct store *s, const char *text, int64_t now, struct login *out,
    struct err *e);
/* Is that the session's token against cross-site requests?  In constant time; false for NULL, and
 * for who has none. */
bool login_csrf_is(const struct login *who, const char *given);
/* Ends the session, if there is one of that id. */
void login_end(struct logins *l, struct store *s, const char *id, const char *from, int64_t now);

/* Changes the password of the session's user.  All sessions of the user end, this one too, for its
 * id may be what somebody else has; *to and *out are a new one: the cookie is set again.
 * A wrong old password counts as a wrong login (ERR_DENIED, *wait); ERR_USAGE: the new one breaks
 * the rules, and nothing is changed. */
int login_change_password(struct logins *l, struct store *s, const char *id, struct bytes old,
    struct bytes fresh, const char *from, int64_t now, char to[SESSION_TEXT], struct login *out,
    int64_t *wait, struct err *e);

enum right login_right(enum user_role role);

#endif
