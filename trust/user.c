#include "trust/user.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const role_words[] = {
	[USER_READ] = "read",
	[USER_OPERATE] = "operate",
	[USER_ADMIN] = "admin",
};

const char *
user_role_word(enum user_role role)
{
	return role_words[role];
}

int
user_role_of(const char *word, enum user_role *out, struct err *e)
{
	for (enum user_role r = USER_READ; r <= USER_ADMIN; r++) {
		if (strcmp(word, role_words[r]) == 0) {
			*out = r;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "role %.60s: neither read, operate nor admin", word);
}

bool
user_name_is_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= USER_NAME_MAX && name[n] == '\0';
}

/* ---- users ---- */

/* One for each change, whoever it is of. */
static int
next_epoch(struct store *s, int64_t *out, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE user_epoch SET number = number + 1 RETURNING number");
	int rc = ask_row(q, e);

	if (rc != 1)
		return rc < 0 ? -1 : err_set(e, ERR_FAILED, "the store lost the epoch of users");
	*out = row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
count(struct ask *q, int64_t *out, struct err *e)
{
	if (ask_row(q, e) < 0)
		return -1;
	*out = row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
check_room(struct store *s, struct err *e)
{
	int64_t n;

	if (count(store_ask(s, "SELECT count(*) FROM user"), &n, e) != 0)
		return -1;
	return n < USERS_MAX ? 0 : err_set(e, ERR_LIMIT, "there are %d users already", USERS_MAX);
}

static int
insert(struct store *s, const char *name, enum user_role role, const char *hash, int64_t epoch,
    int64_t now, struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO user(name, role, disabled, hash, made, changed, epoch) "
			 "VALUES (:name, :role, 0, :hash, :now, :now, :epoch) "
			 "ON CONFLICT DO NOTHING");

	ask_text(q, ":name", name);
	ask_int(q, ":role", role);
	ask_text(q, ":hash", hash);
	ask_int(q, ":epoch", epoch);
	ask_int(q, ":now", now);
	if (ask_once(q, e) < 0)
		return -1;
	if (store_changes(s) == 0)
		return err_set(e, ERR_EXISTS, "there is a user %s already", name);
	return 0;
}

int
user_add(struct store *s, const char *name, enum user_role role, const char *hash, int64_t now,
    struct err *e)
{
	int64_t epoch;
	int rc;

	if (!user_name_is_valid(name)) {
		err_set(e, ERR_USAGE, "user %.60s: no such name can be", name);
		return err_hint(e, "1 to %d of a-z 0-9 . _ -", USER_NAME_MAX);
	}
	if (store_begin(s, e) != 0)
		return -1;
	rc = check_room(s, e);
	if (rc == 0)
		rc = next_epoch(s, &epoch, e);
	if (rc == 0)
		rc = insert(s, name, role, hash, epoch, now, e);
	return store_end(s, rc, e);
}

static void
take_user(struct ask *q, struct user_row *to)
{
	snprintf(to->name, sizeof(to->name), "%s", row_text(q, 0));
	to->role = (enum user_role)row_int(q, 1);
	to->disabled = row_int(q, 2) != 0;
	snprintf(to->hash, sizeof(to->hash), "%s", row_text(q, 3));
	to->made = row_int(q, 4);
	to->changed = row_int(q, 5);
	to->epoch = row_int(q, 6);
}

int
user_find(struct store *s, const char *name, struct user_row *out, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT name, role, disabled, hash, made, changed, epoch FROM user WHERE name = :name");
	int rc;

	*out = (struct user_row){ 0 };
	ask_text(q, ":name", name);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no user %.60s", name);
	if (rc < 0)
		return -1;
	take_user(q, out);
	ask_end(q);
	return 0;
}

void
user_rows_free(struct user_row *row, size_t n)
{
	mem_wipe(row, n * sizeof(*row));
	free(row);
}

int
user_list(struct store *s, struct user_row **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT name, role, disabled, hash, made, changed, epoch "
				     "FROM user ORDER BY name");
	struct user_row *all = NULL;
	size_t have = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, have, &room, sizeof(*all));
		take_user(q, &all[have++]);
	}
	if (rc < 0) {
		user_rows_free(all, have);
		return -1;
	}
	*out = all;
	*n = have;
	return 0;
}

/* Whoever is not an admin, or disabled, opens no door to the others. */
static int
check_admins(struct store *s, const char *name, struct err *e)
{
	struct ask *q = store_ask(
	    s, "SELECT count(*) FROM user WHERE role = 3 AND disabled = 0 AND name <> :name");
	int64_t others;

	ask_text(q, ":name", name);
	if (count(q, &others, e) != 0)
		return -1;
	if (others > 0)
		return 0;
	err_set(
	    e, ERR_LIMIT, "%s is the last enabled admin: nobody could administer over HTTP", name);
	return err_hint(e, "add another admin first; --yes does it all the same");
}

static bool
is_admin(const struct user_row *u)
{
	return u->role == USER_ADMIN && !u->disabled;
}

static int
write_user(struct store *s, const struct user_row *u, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE user SET role = :role, disabled = :disabled, "
				     "hash = :hash, changed = :changed, epoch = :epoch "
				     "WHERE name = :name");

	ask_text(q, ":name", u->name);
	ask_int(q, ":role", u->role);
	ask_int(q, ":disabled", u->disabled);
	ask_text(q, ":hash", u->hash);
	ask_int(q, ":changed", u->changed);
	ask_int(q, ":epoch", u->epoch);
	return ask_once(q, e);
}

static void
apply(const struct user_change *change, int64_t now, struct user_row *u)
{
	if (change->role != 0)
		u->role = change->role;
	if (change->disabled != NULL)
		u->disabled = *change->disabled;
	if (change->hash != NULL)
		snprintf(u->hash, sizeof(u->hash), "%s", change->hash);
	u->changed = now;
}

/* Within a change.  What is as it shall be already ends nobody's session. */
static int
change_user(struct store *s, const struct user_change *change, bool even_last, int64_t now,
    const struct user_row *was, struct user_row *u, struct err *e)
{
	*u = *was;
	apply(change, now, u);
	if (u->role == was->role && u->disabled == was->disabled && change->hash == NULL) {
		*u = *was;
		return 0;
	}
	if (is_admin(was) && !is_admin(u) && !even_last && check_admins(s, u->name, e) != 0)
		return -1;
	return next_epoch(s, &u->epoch, e) != 0 ? -1 : write_user(s, u, e);
}

int
user_set(struct store *s, const char *name, const struct user_change *change, bool even_last,
    int64_t now, struct user_row *was, struct user_row *became, struct err *e)
{
	struct user_row before, after = { 0 };
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	rc = user_find(s, name, &before, e);
	if (rc == 0)
		rc = change_user(s, change, even_last, now, &before, &after, e);
	rc = store_end(s, rc, e);
	if (was != NULL)
		*was = rc == 0 ? before : (struct user_row){ 0 };
	if (became != NULL)
		*became = rc == 0 ? after : (struct user_row){ 0 };
	mem_wipe(&before, sizeof(before));
	mem_wipe(&after, sizeof(after));
	return rc;
}

static int
drop(struct store *s, const char *name, bool even_last, struct err *e)
{
	struct user_row u;
	struct ask *q;

	if (user_find(s, name, &u, e) != 0)
		return -1;
	mem_wipe(u.hash, sizeof(u.hash));
	if (is_admin(&u) && !even_last && check_admins(s, name, e) != 0)
		return -1;
	q = store_ask(s, "DELETE FROM user WHERE name = :name");
	ask_text(q, ":name", name);
	return ask_once(q, e);
}

int
user_delete(struct store *s, const char *name, bool even_last, struct err *e)
{
	if (store_begin(s, e) != 0)
		return -1;
	return store_end(s, drop(s, name, even_last, e), e);
}

/* ---- tokens ---- */

enum { TOKEN_BYTES = 32, TOKEN_CHARS = 43, DAY = 24 * 3600 };

#define TOKEN_HEAD "tl_"

/* RFC 4648, section 5, without padding. */
static int
make_text(char text[USER_TOKEN_TEXT], struct err *e)
{
	unsigned char raw[TOKEN_BYTES], coded[TOKEN_CHARS + 2]; /* with "=" and a NUL */

	if (RAND_priv_bytes(raw, sizeof(raw)) != 1)
		return err_set(e, ERR_FAILED, "no random bytes");
	EVP_EncodeBlock(coded, raw, sizeof(raw));
	coded[TOKEN_CHARS] = '\0';
	for (size_t i = 0; i < TOKEN_CHARS; i++) {
		if (coded[i] == '+')
			coded[i] = '-';
		else if (coded[i] == '/')
			coded[i] = '_';
	}
	snprintf(text, USER_TOKEN_TEXT, TOKEN_HEAD "%.*s", TOKEN_CHARS, (const char *)coded);
	mem_wipe(raw, sizeof(raw));
	mem_wipe(coded, sizeof(coded));
	return 0;
}

static struct bytes
hash_of(const char *text, unsigned char to[SHA256_DIGEST_LENGTH])
{
	SHA256((const unsigned char *)text, strlen(text), to);
	return bytes_over(to, SHA256_DIGEST_LENGTH);
}

static bool
is_label(const char *label)
{
	struct bytes b = bytes_of(label);

	if (b.n == 0 || b.n > USER_LABEL_MAX || !bytes_is_utf8(b))
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < 0x20 || b.p[i] == 0x7f)
			return false;
	return true;
}

static int
check_wanted(const char *label, int64_t expires, int64_t now, struct err *e)
{
	if (!is_label(label))
		return err_set(
		    e, ERR_USAGE, "a label has 1 to %d bytes of text in one line", USER_LABEL_MAX);
	if (expires <= now || expires - now > (int64_t)USER_TOKEN_DAYS * DAY)
		return err_set(e, ERR_USAGE, "a token is good for 1 to %d days", USER_TOKEN_DAYS);
	return 0;
}

static int
check_owner(struct store *s, const struct user_token *t, struct err *e)
{
	struct user_row u;

	if (user_find(s, t->user, &u, e) != 0)
		return -1;
	mem_wipe(u.hash, sizeof(u.hash));
	if (t->role > u.role)
		return err_set(e, ERR_DENIED, "a token of %s may %s at most, not %s", u.name,
		    user_role_word(u.role), user_role_word(t->role));
	return 0;
}

/* What was over long ago is forgotten, so that the table cannot grow for ever. */
static int
forget_old(struct store *s, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "DELETE FROM user_token WHERE expires <= :then "
				     "OR (revoked <> 0 AND revoked <= :then)");

	ask_int(q, ":then", now - (int64_t)USER_TOKEN_SHOWN * DAY);
	return ask_once(q, e);
}

static int
check_token_room(struct store *s, const char *user, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT count(*) FROM user_token "
				     "WHERE user = :user AND revoked = 0 AND expires > :now");
	int64_t n;

	ask_text(q, ":user", user);
	ask_int(q, ":now", now);
	if (count(q, &n, e) != 0)
		return -1;
	if (n < USER_TOKENS_MAX)
		return 0;
	return err_set(e, ERR_LIMIT, "%s has %d tokens already", user, USER_TOKENS_MAX);
}

static int
insert_token(struct store *s, struct user_token *t, const char *text, struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO user_token(user, label, sha256, role, made, expires, used, "
			 "revoked) VALUES (:user, :label, :sha256, :role, :made, :expires, 0, 0)");
	unsigned char hash[SHA256_DIGEST_LENGTH];

	ask_text(q, ":user", t->user);
	ask_text(q, ":label", t->label);
	ask_blob(q, ":sha256", hash_of(text, hash));
	ask_int(q, ":role", t->role);
	ask_int(q, ":made", t->made);
	ask_int(q, ":expires", t->expires);
	if (ask_once(q, e) < 0)
		return -1;
	t->id = store_last_id(s);
	return 0;
}

static int
add_token(struct store *s, struct user_token *t, const char *text, struct err *e)
{
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	rc = check_owner(s, t, e);
	if (rc == 0)
		rc = forget_old(s, t->made, e);
	if (rc == 0)
		rc = check_token_room(s, t->user, t->made, e);
	if (rc == 0)
		rc = insert_token(s, t, text, e);
	return store_end(s, rc, e);
}

int
user_token_add(struct store *s, const char *user, const char *label, enum user_role role,
    int64_t expires, int64_t now, char text[USER_TOKEN_TEXT], struct user_token *out, struct err *e)
{
	struct user_token t = { .role = role, .made = now, .expires = expires };

	*out = (struct user_token){ 0 };
	text[0] = '\0';
	if (check_wanted(label, expires, now, e) != 0)
		return -1;
	if (!user_name_is_valid(user))
		return err_set(e, ERR_NOT_FOUND, "there is no user %.60s", user);
	snprintf(t.user, sizeof(t.user), "%s", user);
	snprintf(t.label, sizeof(t.label), "%s", label);
	if (make_text(text, e) != 0 || add_token(s, &t, text, e) != 0) {
		mem_wipe(text, USER_TOKEN_TEXT);
		return -1;
	}
	*out = t;
	return 0;
}

static void
take_token(struct ask *q, struct user_token *to)
{
	to->id = row_int(q, 0);
	snprintf(to->user, sizeof(to->user), "%s", row_text(q, 1));
	snprintf(to->label, sizeof(to->label), "%s", row_text(q, 2));
	to->role = (enum user_role)row_int(q, 3);
	to->made = row_int(q, 4);
	to->expires = row_int(q, 5);
	to->used = row_int(q, 6);
	to->revoked = row_int(q, 7);
}

int
user_token_find(
    struct store *s, const char *text, int64_t now, struct user_token *token, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT t.id, t.user, t.label, min(t.role, u.role), t.made, t.expires, t.used, t.revoked "
	    "FROM user_token t JOIN user u ON u.name = t.user "
	    "WHERE t.sha256 = :sha256 AND t.revoked = 0 AND t.expires > :now AND u.disabled = 0");
	unsigned char hash[SHA256_DIGEST_LENGTH];
	int rc;

	*token = (struct user_token){ 0 };
	ask_blob(q, ":sha256", hash_of(text, hash));
	ask_int(q, ":now", now);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_DENIED, "no such token, or it is over");
	if (rc < 0)
		return -1;
	take_token(q, token);
	ask_end(q);
	return 0;
}

int
user_token_touch(struct store *s, const struct user_token *t, int64_t now, struct err *e)
{
	struct ask *q;
	int rc;

	if (now - t->used < USER_TOKEN_USED_EACH)
		return 0;
	if (store_begin_note(s, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE user_token SET used = :now WHERE id = :id AND used < :now");
	ask_int(q, ":now", now);
	ask_int(q, ":id", t->id);
	rc = ask_once(q, e);
	return store_end(s, rc, e);
}

int
user_token_get(struct store *s, int64_t id, struct user_token *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT id, user, label, role, made, expires, used, revoked "
				     "FROM user_token WHERE id = :id");
	int rc;

	*out = (struct user_token){ 0 };
	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no token %lld", (long long)id);
	if (rc < 0)
		return -1;
	take_token(q, out);
	ask_end(q);
	return 0;
}

int
user_token_list(
    struct store *s, const char *user, struct user_token **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT id, user, label, role, made, expires, used, revoked "
				     "FROM user_token WHERE :user IS NULL OR user = :user "
				     "ORDER BY user, id");
	struct user_token *all = NULL;
	size_t have = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	ask_text(q, ":user", user);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, have, &room, sizeof(*all));
		take_token(q, &all[have++]);
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = have;
	return 0;
}

static int
revoke(struct store *s, int64_t id, int64_t now, struct err *e)
{
	struct ask *q =
	    store_ask(s, "UPDATE user_token SET revoked = :now WHERE id = :id AND revoked = 0");

	ask_int(q, ":now", now);
	ask_int(q, ":id", id);
	if (ask_once(q, e) < 0)
		return -1;
	if (store_changes(s) == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no token %lld that could be deleted",
		    (long long)id);
	return 0;
}

int
user_token_revoke(struct store *s, int64_t id, int64_t now, struct err *e)
{
	if (store_begin(s, e) != 0)
		return -1;
	return store_end(s, revoke(s, id, now, e), e);
}
