/*
 * session: who is logged in - the sessions of administrators, in memory, gone with the process.
 * Bounded; takes the time as an argument; knows no store and no HTTP.  Belongs to one thread
 * (admin/login.h locks).
 */
#ifndef TL_ADMIN_SESSION_H
#define TL_ADMIN_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/user.h"

enum {
	SESSIONS_MAX = 1000,	/* of all: the one that was silent longest makes room */
	SESSIONS_PER_USER = 20, /* likewise, the one that was made first */
	SESSION_IDLE = 30 * 60, /* seconds without a request: over */
	SESSION_LIFE = 12 * 3600,
	SESSION_TEXT = 65, /* 32 random bytes in hex, and a NUL */
};

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *t); /* wipes; NULL is fine */

struct session {
	char user[USER_NAME_MAX + 1];
	enum user_role role;
	int64_t epoch;		 /* of the user when it was made */
	char csrf[SESSION_TEXT]; /* to be shown with each change */
	int64_t made, seen;	 /* Unix seconds */
	int64_t expires;	 /* when it is over if nothing more is asked */
};

/* Makes one.  id: what the browser keeps, a secret of which the table knows only the SHA-256;
 * mem_wipe() it.  ERR_FAILED: no randomness. */
int session_make(struct sessions *t, const char *user, enum user_role role, int64_t epoch,
    int64_t now, char id[SESSION_TEXT], struct session *out, struct err *e);
/* That session, seen now.  -1, ERR_DENIED: there is none of this id (any text), or it is over. */
int
session_find(struct sessions *t, const char *id, int64_t now, struct session *out, struct err *e);
void session_end(struct sessions *t, const char *id); /* none of that id: nothing */
/* All of that user; how many. */
size_t session_end_user(struct sessions *t, const char *user);
/* How many there are that are not over. */
size_t session_count(struct sessions *t, int64_t now);

#endif
