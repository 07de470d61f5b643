#include "admin/login.h"

#include <stdlib.h>
#include <string.h>

#include "admin/password.h"
#include "admin/throttle.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/audit.h"

#define RIGHT "correct horse"
#define HERE  "192.0.2.1"

enum { DAY = 24 * 3600 };

/* A store with anna, who may operate; her hash is made once. */
struct scene {
	struct store *store;
	struct logins *logins;
};

static void
add_user(struct store *s, const char *name, enum user_role role)
{
	static char hash[USER_HASH_MAX];
	struct err e = { 0 };

	if (hash[0] == '\0')
		CU_ASSERT_EQUAL_FATAL(password_hash(bytes_of(RIGHT), hash, &e), 0);
	CU_ASSERT_EQUAL_FATAL(user_add(s, name, role, hash, LAB_NOW, &e), 0);
}

static struct scene
begin(void)
{
	struct scene c = { lab_empty(), logins_new() };

	add_user(c.store, "anna", USER_OPERATE);
	return c;
}

static void
end(struct scene *c)
{
	logins_free(c->logins);
	store_close(c->store);
}

/* 0, or the code of the error and in *wait how long to wait. */
static enum err_code
log_in(struct scene *c, const char *user, const char *password, int64_t now, char id[SESSION_TEXT],
    struct login *who, int64_t *wait)
{
	struct err e = { 0 };
	int rc = login_password(
	    c->logins, c->store, user, bytes_of(password), HERE, now, id, who, wait, &e);

	CU_ASSERT_EQUAL(rc != 0, e.code != 0);
	CU_ASSERT_EQUAL(rc != 0, id[0] == '\0');
	CU_ASSERT_EQUAL(rc != 0, who->user[0] == '\0');
	CU_ASSERT_EQUAL(rc != 0, who->may == RIGHT_NONE);
	return e.code;
}

/* anna, in. */
static struct login
let_in(struct scene *c, int64_t now, char id[SESSION_TEXT])
{
	struct login who;
	int64_t wait;

	CU_ASSERT_EQUAL_FATAL(log_in(c, "anna", RIGHT, now, id, &who, &wait), 0);
	return who;
}

static enum err_code
ask(struct scene *c, const char *id, int64_t now, struct login *who)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(login_session(c->logins, c->store, id, now, who, &e) != 0, e.code != 0);
	return e.code;
}

static void
change(struct scene *c, const char *name, struct user_change to)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(user_set(c->store, name, &to, true, LAB_NOW, NULL, NULL, &e), 0);
}

/* The newest entry of the trail as "who what outcome from". */
static const char *
trail(struct scene *c)
{
	static char text[256];
	struct audit_row *all;
	struct err e;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(audit_list(c->store, AUDITS_NEWEST, NULL, 1, &all, &n, &e), 0);
	text[0] = '\0';
	if (n == 1)
		snprintf(text, sizeof(text), "%s %s %s %s%s", all->who, all->what, all->outcome,
		    all->from, all->refused ? " !" : "");
	free(all);
	return text;
}

static int64_t
trail_length(struct scene *c)
{
	return lab_int(c->store, "SELECT count(*) FROM audit");
}

/* ---- passwords ---- */

static void
right_password_opens_a_session(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT];
	struct login who = let_in(&c, LAB_NOW, id), again;

	CU_ASSERT_STRING_EQUAL(who.user, "anna");
	CU_ASSERT_STRING_EQUAL(who.who, "anna");
	CU_ASSERT_EQUAL(who.role, USER_OPERATE);
	CU_ASSERT_EQUAL(who.may, RIGHT_OPERATE);
	CU_ASSERT_EQUAL(who.token, 0);
	CU_ASSERT_EQUAL(who.expires, LAB_NOW + SESSION_IDLE);
	CU_ASSERT_STRING_EQUAL(trail(&c), "anna login done " HERE);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW + 60, &again), 0);
	CU_ASSERT_STRING_EQUAL(again.user, "anna");
	CU_ASSERT_STRING_EQUAL(again.csrf, who.csrf);
	CU_ASSERT_EQUAL(again.expires, LAB_NOW + 60 + SESSION_IDLE);
	end(&c);
}

static void
wrong_ones_are_refused_alike(void)
{
	struct scene c = begin();
	const bool yes = true;
	char id[SESSION_TEXT];
	struct login who;
	struct err a = { 0 }, b = { 0 };
	int64_t wait;

	CU_ASSERT_EQUAL(login_password(c.logins, c.store, "anna", bytes_of("wrong horse"), HERE,
			    LAB_NOW, id, &who, &wait, &a),
	    -1);
	CU_ASSERT_STRING_EQUAL(trail(&c), "anna login denied " HERE " !");
	CU_ASSERT_EQUAL(login_password(c.logins, c.store, "otto", bytes_of(RIGHT), HERE, LAB_NOW,
			    id, &who, &wait, &b),
	    -1);
	CU_ASSERT_EQUAL(wait, 0);
	CU_ASSERT_STRING_EQUAL(a.text, b.text);
	CU_ASSERT_EQUAL(a.code, ERR_DENIED);
	CU_ASSERT_EQUAL(b.code, ERR_DENIED);
	change(&c, "anna", (struct user_change){ .disabled = &yes });
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(log_in(&c, "", RIGHT, LAB_NOW, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(log_in(&c, "anna", "", LAB_NOW, id, &who, &wait), ERR_DENIED);
	end(&c);
}

/* People type the password where the name belongs. */
static void
a_name_that_is_none_is_not_noted(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT];
	struct login who;
	int64_t wait;

	CU_ASSERT_EQUAL(log_in(&c, "hunter2", "x", LAB_NOW, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_STRING_EQUAL(trail(&c), "? login denied " HERE " !");
	end(&c);
}

static void
the_eleventh_waits_and_the_right_one_too(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT];
	struct login who;
	int64_t wait, noted;

	for (int i = 0; i < THROTTLE_USER; i++) {
		CU_ASSERT_EQUAL(
		    log_in(&c, "anna", "wrong horse", LAB_NOW + i, id, &who, &wait), ERR_DENIED);
		CU_ASSERT_EQUAL(wait, 0);
	}
	noted = trail_length(&c);
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW + 100, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(wait, 500);
	/* It can be asked as often as one likes: nothing is written. */
	CU_ASSERT_EQUAL(trail_length(&c), noted);
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW + 599, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(wait, 1);
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW + 600, id, &who, &wait), 0);
	/* And clears the rest. */
	for (int i = 0; i < THROTTLE_USER; i++) {
		CU_ASSERT_EQUAL(
		    log_in(&c, "anna", "wrong horse", LAB_NOW + 601, id, &who, &wait), ERR_DENIED);
		CU_ASSERT_EQUAL(wait, 0);
	}
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW + 602, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(wait, 599);
	end(&c);
}

/* ---- sessions ---- */

static void
what_changes_a_user_ends_the_sessions(void)
{
	static const bool yes = true, no = false;
	static const struct user_change changes[] = {
		{ .role = USER_ADMIN },
		{ .hash = "$y$another" },
		{ .disabled = &yes },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct scene c = begin();
		char id[SESSION_TEXT];
		struct login who;

		let_in(&c, LAB_NOW, id);
		change(&c, "anna", changes[i]);
		CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
		CU_ASSERT_EQUAL(who.may, RIGHT_NONE);
		/* For good. */
		change(&c, "anna", (struct user_change){ .role = USER_OPERATE, .disabled = &no });
		CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
		end(&c);
	}
}

static void
a_deleted_users_session_is_not_the_next_ones(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT];
	struct login who;
	struct err e = { 0 };

	let_in(&c, LAB_NOW, id);
	CU_ASSERT_EQUAL(user_delete(c.store, "anna", true, &e), 0);
	add_user(c.store, "anna", USER_ADMIN);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
	let_in(&c, LAB_NOW, id);
	CU_ASSERT_EQUAL(user_delete(c.store, "anna", true, &e), 0);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
	end(&c);
}

static void
times_of_a_session_hold(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT];
	struct login who;

	let_in(&c, LAB_NOW, id);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW + SESSION_IDLE - 1, &who), 0);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW + 2 * SESSION_IDLE - 1, &who), ERR_DENIED);
	end(&c);
}

static void
logging_out_ends_it_and_is_noted(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT], other[SESSION_TEXT];
	struct login who;

	let_in(&c, LAB_NOW, id);
	let_in(&c, LAB_NOW, other);
	login_end(c.logins, c.store, id, HERE, LAB_NOW);
	CU_ASSERT_STRING_EQUAL(trail(&c), "anna logout done " HERE);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
	CU_ASSERT_EQUAL(ask(&c, other, LAB_NOW, &who), 0);
	login_end(c.logins, c.store, id, HERE, LAB_NOW); /* twice: not noted again */
	CU_ASSERT_EQUAL(trail_length(&c), 3);
	end(&c);
}

static void
csrf_is_the_sessions_own(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT], other[SESSION_TEXT];
	struct login a = let_in(&c, LAB_NOW, id), b = let_in(&c, LAB_NOW, other), none = { 0 };

	CU_ASSERT_TRUE(login_csrf_is(&a, a.csrf));
	CU_ASSERT_FALSE(login_csrf_is(&a, b.csrf));
	CU_ASSERT_FALSE(login_csrf_is(&a, ""));
	CU_ASSERT_FALSE(login_csrf_is(&a, NULL));
	CU_ASSERT_FALSE(login_csrf_is(&none, ""));
	end(&c);
}

/* ---- tokens ---- */

static void
make_token(struct scene *c, enum user_role role, char text[USER_TOKEN_TEXT])
{
	struct user_token t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    user_token_add(c->store, "anna", "ci", role, LAB_NOW + DAY, LAB_NOW, text, &t, &e), 0);
}

static enum err_code
show(struct scene *c, const char *text, int64_t now, struct login *who)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(login_token(c->logins, c->store, text, now, who, &e) != 0, e.code != 0);
	return e.code;
}

static void
token_says_who_and_what_he_may(void)
{
	struct scene c = begin();
	char text[USER_TOKEN_TEXT];
	struct login who;

	make_token(&c, USER_READ, text);
	CU_ASSERT_EQUAL(show(&c, text, LAB_NOW + 5, &who), 0);
	CU_ASSERT_STRING_EQUAL(who.user, "anna");
	CU_ASSERT_STRING_EQUAL(who.who, "anna#1");
	CU_ASSERT_EQUAL(who.may, RIGHT_READ);
	CU_ASSERT_EQUAL(who.token, 1);
	CU_ASSERT_EQUAL(who.expires, LAB_NOW + DAY);
	CU_ASSERT_STRING_EQUAL(who.csrf, "");
	CU_ASSERT_EQUAL(lab_int(c.store, "SELECT used FROM user_token"), LAB_NOW + 5);
	CU_ASSERT_EQUAL(show(&c, text, LAB_NOW + DAY, &who), ERR_DENIED);
	CU_ASSERT_EQUAL(who.may, RIGHT_NONE);
	CU_ASSERT_EQUAL(show(&c, "tl_", LAB_NOW, &who), ERR_DENIED);
	end(&c);
}

static void
a_changed_user_is_felt_by_the_token(void)
{
	static const bool yes = true;
	struct scene c = begin();
	char text[USER_TOKEN_TEXT];
	struct login who;

	make_token(&c, USER_OPERATE, text);
	change(&c, "anna", (struct user_change){ .role = USER_READ });
	CU_ASSERT_EQUAL(show(&c, text, LAB_NOW, &who), 0);
	CU_ASSERT_EQUAL(who.may, RIGHT_READ);
	change(&c, "anna", (struct user_change){ .disabled = &yes });
	CU_ASSERT_EQUAL(show(&c, text, LAB_NOW, &who), ERR_DENIED);
	end(&c);
}

/* The other process has the store for as long as it likes: the program is answered. */
static void
a_busy_store_does_not_keep_a_token_waiting(void)
{
	struct store *other;
	char *path = lab_path(), text[USER_TOKEN_TEXT];
	struct err e = { 0 };
	struct scene c = { store_open(path, STORE_CREATE, &e), logins_new() };
	struct login who;

	add_user(c.store, "anna", USER_OPERATE);
	make_token(&c, USER_READ, text);
	other = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	CU_ASSERT_EQUAL_FATAL(store_begin(other, &e), 0);
	CU_ASSERT_EQUAL(show(&c, text, LAB_NOW + 5, &who), 0);
	store_rollback(other);
	CU_ASSERT_EQUAL(store_patience(c.store, 0), STORE_PATIENCE_MS);
	CU_ASSERT_EQUAL(lab_int(c.store, "SELECT used FROM user_token"), 0);
	store_close(other);
	end(&c);
	free(path);
}

/* ---- one's own password ---- */

static enum err_code
change_own(struct scene *c, const char *id, const char *old, const char *fresh, int64_t now,
    char to[SESSION_TEXT], struct login *who, int64_t *wait)
{
	struct err e = { 0 };
	int rc = login_change_password(
	    c->logins, c->store, id, bytes_of(old), bytes_of(fresh), HERE, now, to, who, wait, &e);

	CU_ASSERT_EQUAL(rc != 0, e.code != 0);
	CU_ASSERT_EQUAL(rc != 0, to[0] == '\0');
	return e.code;
}

static void
changing_it_ends_all_sessions_but_a_new_one(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT], other[SESSION_TEXT], to[SESSION_TEXT];
	struct login who;
	int64_t wait;

	let_in(&c, LAB_NOW, id);
	let_in(&c, LAB_NOW, other);
	CU_ASSERT_EQUAL(change_own(&c, id, RIGHT, "battery staple", LAB_NOW, to, &who, &wait), 0);
	CU_ASSERT_STRING_EQUAL(trail(&c), "anna password done " HERE);
	CU_ASSERT_STRING_EQUAL(who.user, "anna");
	CU_ASSERT_STRING_NOT_EQUAL(to, id);
	CU_ASSERT_EQUAL(ask(&c, to, LAB_NOW, &who), 0);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), ERR_DENIED);
	CU_ASSERT_EQUAL(ask(&c, other, LAB_NOW, &who), ERR_DENIED);
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW, id, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(log_in(&c, "anna", "battery staple", LAB_NOW, id, &who, &wait), 0);
	end(&c);
}

static void
a_refused_change_changes_nothing(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT], to[SESSION_TEXT];
	struct login who;
	int64_t wait;

	let_in(&c, LAB_NOW, id);
	CU_ASSERT_EQUAL(change_own(&c, id, RIGHT, "short", LAB_NOW, to, &who, &wait), ERR_USAGE);
	CU_ASSERT_EQUAL(
	    change_own(&c, id, "wrong horse", "battery staple", LAB_NOW, to, &who, &wait),
	    ERR_DENIED);
	CU_ASSERT_STRING_EQUAL(trail(&c), "anna password denied " HERE " !");
	CU_ASSERT_EQUAL(
	    change_own(&c, "none", RIGHT, "battery staple", LAB_NOW, to, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(ask(&c, id, LAB_NOW, &who), 0);
	CU_ASSERT_EQUAL(log_in(&c, "anna", RIGHT, LAB_NOW, id, &who, &wait), 0);
	end(&c);
}

/* Whoever finds a browser open could else guess there. */
static void
the_old_one_is_guessed_no_more_often_than_at_the_door(void)
{
	struct scene c = begin();
	char id[SESSION_TEXT], to[SESSION_TEXT];
	struct login who;
	int64_t wait;

	let_in(&c, LAB_NOW, id);
	for (int i = 0; i < THROTTLE_USER; i++)
		CU_ASSERT_EQUAL(
		    change_own(&c, id, "wrong horse", "battery staple", LAB_NOW, to, &who, &wait),
		    ERR_DENIED);
	CU_ASSERT_EQUAL(wait, 0);
	CU_ASSERT_EQUAL(
	    change_own(&c, id, RIGHT, "battery staple", LAB_NOW, to, &who, &wait), ERR_DENIED);
	CU_ASSERT_EQUAL(wait, 600);
	end(&c);
}

static void
roles_are_rights(void)
{
	CU_ASSERT_EQUAL(login_right(USER_READ), RIGHT_READ);
	CU_ASSERT_EQUAL(login_right(USER_OPERATE), RIGHT_OPERATE);
	CU_ASSERT_EQUAL(login_right(USER_ADMIN), RIGHT_ADMIN);
}

static const struct suite_test tests[] = {
	{ "right password opens a session", right_password_opens_a_session },
	{ "wrong ones are refused alike", wrong_ones_are_refused_alike },
	{ "a name that is none is not noted", a_name_that_is_none_is_not_noted },
	{ "the eleventh waits and the right one too", the_eleventh_waits_and_the_right_one_too },
	{ "what changes a user ends the sessions", what_changes_a_user_ends_the_sessions },
	{ "a deleted user's session is not the next one's",
	    a_deleted_users_session_is_not_the_next_ones },
	{ "times of a session hold", times_of_a_session_hold },
	{ "logging out ends it and is noted", logging_out_ends_it_and_is_noted },
	{ "csrf is the session's own", csrf_is_the_sessions_own },
	{ "token says who and what he may", token_says_who_and_what_he_may },
	{ "a changed user is felt by the token", a_changed_user_is_felt_by_the_token },
	{ "a busy store does not keep a token waiting",
	    a_busy_store_does_not_keep_a_token_waiting },
	{ "changing it ends all sessions but a new one",
	    changing_it_ends_all_sessions_but_a_new_one },
	{ "a refused change changes nothing", a_refused_change_changes_nothing },
	{ "the old one is guessed no more often than at the door",
	    the_old_one_is_guessed_no_more_often_than_at_the_door },
	{ "roles are rights", roles_are_rights },
};

SUITE_MAIN("admin/login", tests)
