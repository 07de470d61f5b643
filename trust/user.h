/*
 * user: who may administer the cluster over HTTP - users with a role and the hash of a password,
 * and the API tokens that programs of theirs show instead.
 *
 * Knows neither passwords nor how they are hashed (admin/password.h), and nobody's session: a
 * session remembers its user's epoch, which each change of password, role or "disabled" raises, so
 * that it is over at its next request.  No epoch comes twice: a user made anew under an old name
 * has another.
 */
#ifndef TL_TRUST_USER_H
#define TL_TRUST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

enum {
	USER_NAME_MAX = 32,  /* characters: a-z 0-9 . _ - */
	USER_HASH_MAX = 128, /* of a password, as crypt(5) spells it, with its NUL */
	USER_LABEL_MAX = 64, /* bytes, UTF-8, 1 at least */
	USERS_MAX = 1000,
	USER_TOKENS_MAX = 100,	  /* of one user, that are not over */
	USER_TOKEN_DAYS = 3650,	  /* the longest that a token lives */
	USER_TOKEN_TEXT = 47,	  /* "tl_", 32 bytes in base64url without padding (RFC 4648), NUL */
	USER_TOKEN_SHOWN = 30,	  /* days for which a token that is over is still listed */
	USER_TOKEN_USED_EACH = 60 /* seconds: its last use is written no more often */
};

/* Each may what the one before may.  The numbers are in the store. */
enum user_role { USER_READ = 1, USER_OPERATE, USER_ADMIN };
const char *user_role_word(enum user_role role); /* "read", "operate", "admin" */
/* -1, ERR_USAGE: no such role. */
int user_role_of(const char *word, enum user_role *out, struct err *e);

struct user_row {
	char name[USER_NAME_MAX + 1];
	enum user_role role;
	bool disabled;
	char hash[USER_HASH_MAX]; /* mem_wipe() it where a row does not live on */
	int64_t made, changed;	  /* Unix seconds */
	int64_t epoch;
};

bool user_name_is_valid(const char *name);
/* ERR_USAGE: no such name can be; ERR_EXISTS; ERR_LIMIT. */
int user_add(struct store *s, const char *name, enum user_role role, const char *hash, int64_t now,
    struct err *e);
/* ERR_NOT_FOUND, also for what no name can be. */
int user_find(struct store *s, const char *name, struct user_row *out, struct err *e);
/* By name.  *out is the caller's: user_rows_free(). */
int user_list(struct store *s, struct user_row **out, size_t *n, struct err *e);
void user_rows_free(struct user_row *row, size_t n); /* wipes; NULL is fine */

/* What shall be other than it is; what is 0 or NULL stays. */
struct user_change {
	enum user_role role;
	const char *hash;
	const bool *disabled;
};
/* In one transaction.  ERR_NOT_FOUND; ERR_LIMIT, with a hint: no enabled admin would be left, and
 * `even_last` is not set.  Tokens whose role is above the user's new one stay, and may no more than
 * he.  was, became: the rows before and after; NULL: not wanted. */
int user_set(struct store *s, const char *name, const struct user_change *change, bool even_last,
    int64_t now, struct user_row *was, struct user_row *became, struct err *e);
/* With all tokens.  Errors as of user_set(). */
int user_delete(struct store *s, const char *name, bool even_last, struct err *e);

struct user_token {
	int64_t id; /* never given again */
	char user[USER_NAME_MAX + 1];
	char label[USER_LABEL_MAX + 1];
	enum user_role role; /* as it was made; its user may have less by now */
	int64_t made, expires;
	int64_t used;	 /* about when last; 0: never */
	int64_t revoked; /* 0: not */
};

/* Makes one that is good until `expires`, and writes its text to `text`: shown once and kept
 * nowhere, for the store has only its SHA-256.  mem_wipe() it.  ERR_NOT_FOUND: no such user;
 * ERR_DENIED: the role is above the user's; ERR_USAGE: a label or an expiry that cannot be;
 * ERR_LIMIT. */
int user_token_add(struct store *s, const char *user, const char *label, enum user_role role,
    int64_t expires, int64_t now, char text[USER_TOKEN_TEXT], struct user_token *out,
    struct err *e);
/* Whose token is this text, and may it still be used?  *token's role is what it may now: no more
 * than its user.  ERR_DENIED in one wording for what is unknown, over, revoked or of a disabled
 * user; ERR_FAILED, ERR_BUSY: the store. */
int user_token_find(
    struct store *s, const char *text, int64_t now, struct user_token *token, struct err *e);
/* Writes that it was used, unless it was written within the last minute: `t` as
 * user_token_find() gave it.  The generation stays. */
int user_token_touch(struct store *s, const struct user_token *t, int64_t now, struct err *e);
/* One by its number; ERR_NOT_FOUND. */
int user_token_get(struct store *s, int64_t id, struct user_token *out, struct err *e);
/* user NULL: of all.  By user, then number.  *out is the caller's to free(). */
int user_token_list(
    struct store *s, const char *user, struct user_token **out, size_t *n, struct err *e);
/* From now on it is refused.  It stays in the list for a while.  ERR_NOT_FOUND: none, or revoked
 * already. */
int user_token_revoke(struct store *s, int64_t id, int64_t now, struct err *e);

#endif
