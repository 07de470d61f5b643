#include "trust/user.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

enum { DAY = 24 * 3600, LATER = LAB_NOW + 7 };

static const char hash[] = "$y$j9T$of$a-password";

static void
add(struct store *s, const char *name, enum user_role role)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(user_add(s, name, role, hash, LAB_NOW, &e), 0);
}

static struct user_row
get(struct store *s, const char *name)
{
	struct user_row u;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(user_find(s, name, &u, &e), 0);
	return u;
}

/* Gives the error's code. */
static enum err_code
change(struct store *s, const char *name, struct user_change to, bool even_last)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(user_set(s, name, &to, even_last, LATER, NULL, NULL, &e) != 0, e.code != 0);
	return e.code;
}

static struct user_change
disabling(bool yes)
{
	static const bool words[] = { false, true };

	return (struct user_change){ .disabled = &words[yes] };
}

/* ---- users ---- */

static void
user_is_kept_as_made(void)
{
	struct store *s = lab_empty();
	struct user_row u;

	add(s, "anna", USER_OPERATE);
	u = get(s, "anna");
	CU_ASSERT_STRING_EQUAL(u.name, "anna");
	CU_ASSERT_EQUAL(u.role, USER_OPERATE);
	CU_ASSERT_STRING_EQUAL(u.hash, hash);
	CU_ASSERT_FALSE(u.disabled);
	CU_ASSERT_EQUAL(u.made, LAB_NOW);
	CU_ASSERT_EQUAL(u.changed, LAB_NOW);
	store_close(s);
}

static void
names_are_checked(void)
{
	CU_ASSERT_TRUE(user_name_is_valid("a"));
	CU_ASSERT_TRUE(user_name_is_valid("anna.b-c_9"));
	CU_ASSERT_TRUE(user_name_is_valid("abcdefghijklmnopqrstuvwxyz012345"));
	CU_ASSERT_FALSE(user_name_is_valid("abcdefghijklmnopqrstuvwxyz0123456"));
	CU_ASSERT_FALSE(user_name_is_valid(""));
	CU_ASSERT_FALSE(user_name_is_valid("Anna"));
	CU_ASSERT_FALSE(user_name_is_valid("anna b"));
	CU_ASSERT_FALSE(user_name_is_valid("anna#1"));
	CU_ASSERT_FALSE(user_name_is_valid("shell:root"));
	CU_ASSERT_FALSE(user_name_is_valid("\xc3\xa4"));
}

static void
only_one_has_a_name(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	add(s, "anna", USER_READ);
	CU_ASSERT_EQUAL(user_add(s, "anna", USER_ADMIN, hash, LATER, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	CU_ASSERT_EQUAL(get(s, "anna").role, USER_READ);
	CU_ASSERT_EQUAL(user_add(s, "no name", USER_READ, hash, LATER, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	store_close(s);
}

static void
users_are_bounded(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	lab_do(s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
		  "INSERT INTO user SELECT 'u' || i, 1, 0, 'x', 0, 0, i FROM n");
	add(s, "last", USER_READ);
	CU_ASSERT_EQUAL(user_add(s, "more", USER_READ, hash, LATER, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	store_close(s);
}

static void
list_is_by_name(void)
{
	struct store *s = lab_empty();
	struct user_row *all;
	struct err e;
	size_t n;

	add(s, "otto", USER_READ);
	add(s, "anna", USER_ADMIN);
	CU_ASSERT_EQUAL_FATAL(user_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(all[0].name, "anna");
	CU_ASSERT_STRING_EQUAL(all[1].name, "otto");
	user_rows_free(all, n);
	store_close(s);
}

/* What is set to what it is already ends no session. */
static void
each_change_raises_the_epoch(void)
{
	struct store *s = lab_empty();
	int64_t epoch;

	add(s, "chief", USER_ADMIN);
	add(s, "anna", USER_READ);
	epoch = get(s, "anna").epoch;
	CU_ASSERT_EQUAL(change(s, "anna", (struct user_change){ .role = USER_OPERATE }, false), 0);
	CU_ASSERT_TRUE(get(s, "anna").epoch > epoch);
	CU_ASSERT_EQUAL(get(s, "anna").changed, LATER);
	epoch = get(s, "anna").epoch;
	CU_ASSERT_EQUAL(change(s, "anna", (struct user_change){ .role = USER_OPERATE }, false), 0);
	CU_ASSERT_EQUAL(change(s, "anna", disabling(false), false), 0);
	CU_ASSERT_EQUAL(get(s, "anna").epoch, epoch);
	CU_ASSERT_EQUAL(change(s, "anna", disabling(true), false), 0);
	CU_ASSERT_TRUE(get(s, "anna").epoch > epoch);
	epoch = get(s, "anna").epoch;
	CU_ASSERT_EQUAL(change(s, "anna", (struct user_change){ .hash = "$y$2" }, false), 0);
	CU_ASSERT_TRUE(get(s, "anna").epoch > epoch);
	CU_ASSERT_STRING_EQUAL(get(s, "anna").hash, "$y$2");
	CU_ASSERT_EQUAL(change(s, "nobody", disabling(true), false), ERR_NOT_FOUND);
	store_close(s);
}

/* Else a session of the old one would be the new one's. */
static void
one_made_anew_has_another_epoch(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t epoch;

	add(s, "anna", USER_READ);
	epoch = get(s, "anna").epoch;
	CU_ASSERT_EQUAL(user_delete(s, "anna", false, &e), 0);
	add(s, "anna", USER_READ);
	CU_ASSERT_TRUE(get(s, "anna").epoch > epoch);
	store_close(s);
}

static void
the_last_admin_stays(void)
{
	struct store *s = lab_empty();
	const struct user_change lower = { .role = USER_OPERATE };
	struct err e = { 0 };

	add(s, "anna", USER_ADMIN);
	add(s, "otto", USER_OPERATE);
	CU_ASSERT_EQUAL(change(s, "anna", lower, false), ERR_LIMIT);
	CU_ASSERT_EQUAL(change(s, "anna", disabling(true), false), ERR_LIMIT);
	CU_ASSERT_EQUAL(user_delete(s, "anna", false, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "--yes"));
	CU_ASSERT_EQUAL(get(s, "anna").role, USER_ADMIN);
	CU_ASSERT_FALSE(get(s, "anna").disabled);
	/* A new password takes no right away. */
	CU_ASSERT_EQUAL(change(s, "anna", (struct user_change){ .hash = "$y$2" }, false), 0);

	/* One who is disabled does not count. */
	add(s, "berta", USER_ADMIN);
	CU_ASSERT_EQUAL(change(s, "berta", disabling(true), false), 0);
	CU_ASSERT_EQUAL(change(s, "anna", lower, false), ERR_LIMIT);
	CU_ASSERT_EQUAL(user_delete(s, "berta", false, &e), 0);

	CU_ASSERT_EQUAL(change(s, "anna", lower, true), 0);
	CU_ASSERT_EQUAL(get(s, "anna").role, USER_OPERATE);
	CU_ASSERT_EQUAL(user_delete(s, "anna", false, &e), 0);
	store_close(s);
}

static void
what_was_and_became_is_told(void)
{
	struct store *s = lab_empty();
	const struct user_change to = { .role = USER_ADMIN };
	struct user_row was, became;
	struct err e = { 0 };

	add(s, "anna", USER_READ);
	CU_ASSERT_EQUAL(user_set(s, "anna", &to, false, LATER, &was, &became, &e), 0);
	CU_ASSERT_EQUAL(was.role, USER_READ);
	CU_ASSERT_EQUAL(became.role, USER_ADMIN);
	CU_ASSERT_EQUAL(became.epoch, get(s, "anna").epoch);
	CU_ASSERT_EQUAL(user_set(s, "otto", &to, false, LATER, &was, &became, &e), -1);
	CU_ASSERT_EQUAL(was.role, 0);
	CU_ASSERT_EQUAL(became.role, 0);
	store_close(s);
}

/* ---- tokens ---- */

/* Of anna, who may operate. */
static struct user_token
add_token(struct store *s, enum user_role role, int64_t expires, char text[USER_TOKEN_TEXT])
{
	struct user_token t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    user_token_add(s, "anna", "ci", role, expires, LAB_NOW, text, &t, &e), 0);
	return t;
}

static struct store *
with_anna(void)
{
	struct store *s = lab_empty();

	add(s, "anna", USER_OPERATE);
	return s;
}

static enum err_code
find(struct store *s, const char *text, int64_t now, struct user_token *t)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(user_token_find(s, text, now, t, &e) != 0, e.code != 0);
	return e.code;
}

static void
token_has_the_promised_form(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT], other[USER_TOKEN_TEXT];

	add_token(s, USER_READ, LAB_NOW + DAY, text);
	add_token(s, USER_READ, LAB_NOW + DAY, other);
	CU_ASSERT_EQUAL(strlen(text), USER_TOKEN_TEXT - 1);
	CU_ASSERT_NSTRING_EQUAL(text, "tl_", 3);
	for (size_t i = 3; text[i] != '\0'; i++)
		CU_ASSERT_TRUE(isalnum((unsigned char)text[i]) || text[i] == '-' || text[i] == '_');
	CU_ASSERT_STRING_NOT_EQUAL(text, other);
	store_close(s);
}

/* Only a hash of it: SHA-256 of the text, the head included. */
static void
token_is_found_by_its_hash(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	unsigned char sha256[SHA256_DIGEST_LENGTH];
	struct user_token made = add_token(s, USER_READ, LAB_NOW + DAY, text), t;
	struct ask *q = store_ask(s, "SELECT sha256 FROM user_token");
	struct err e;

	SHA256((unsigned char *)text, strlen(text), sha256);
	CU_ASSERT_EQUAL_FATAL(ask_row(q, &e), 1);
	CU_ASSERT_TRUE(bytes_eq(row_blob(q, 0), bytes_over(sha256, sizeof(sha256))));
	ask_end(q);
	CU_ASSERT_EQUAL(find(s, text, LAB_NOW, &t), 0);
	CU_ASSERT_EQUAL(t.id, made.id);
	CU_ASSERT_STRING_EQUAL(t.user, "anna");
	CU_ASSERT_STRING_EQUAL(t.label, "ci");
	CU_ASSERT_EQUAL(t.role, USER_READ);
	text[10] = text[10] == 'a' ? 'b' : 'a';
	CU_ASSERT_EQUAL(find(s, text, LAB_NOW, &t), ERR_DENIED);
	CU_ASSERT_EQUAL(t.id, 0);
	CU_ASSERT_EQUAL(find(s, "", LAB_NOW, &t), ERR_DENIED);
	store_close(s);
}

static void
token_expires_at_the_second(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t;

	add_token(s, USER_READ, LAB_NOW + DAY, text);
	CU_ASSERT_EQUAL(find(s, text, LAB_NOW + DAY - 1, &t), 0);
	CU_ASSERT_EQUAL(find(s, text, LAB_NOW + DAY, &t), ERR_DENIED);
	store_close(s);
}

static void
token_may_no_more_than_its_user(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    user_token_add(s, "anna", "x", USER_ADMIN, LAB_NOW + DAY, LAB_NOW, text, &t, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_DENIED);
	CU_ASSERT_STRING_EQUAL(text, "");
	add_token(s, USER_OPERATE, LAB_NOW + DAY, text);
	change(s, "anna", (struct user_change){ .role = USER_READ }, false);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(t.role, USER_READ);
	change(s, "anna", (struct user_change){ .role = USER_ADMIN }, false);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(t.role, USER_OPERATE);
	store_close(s);
}

static void
token_goes_with_its_user(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t;
	struct err e = { 0 };

	add_token(s, USER_READ, LAB_NOW + DAY, text);
	change(s, "anna", disabling(true), false);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), ERR_DENIED);
	change(s, "anna", disabling(false), false);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(user_delete(s, "anna", false, &e), 0);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), ERR_DENIED);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM user_token"), 0);
	add(s, "anna", USER_OPERATE);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), ERR_DENIED);
	store_close(s);
}

static void
revoked_token_is_refused_and_listed(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t = add_token(s, USER_READ, LAB_NOW + DAY, text), *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL(user_token_revoke(s, t.id, LATER, &e), 0);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), ERR_DENIED);
	CU_ASSERT_EQUAL_FATAL(user_token_list(s, NULL, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_EQUAL(all[0].revoked, LATER);
	CU_ASSERT_EQUAL(user_token_revoke(s, all[0].id, LATER, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	free(all);
	store_close(s);
}

static void
list_is_of_one_user_or_all(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t, *all;
	struct err e = { 0 };
	size_t n;

	add(s, "otto", USER_READ);
	CU_ASSERT_EQUAL(
	    user_token_add(s, "otto", "x", USER_READ, LAB_NOW + DAY, LAB_NOW, text, &t, &e), 0);
	add_token(s, USER_READ, LAB_NOW + DAY, text);
	CU_ASSERT_EQUAL_FATAL(user_token_list(s, NULL, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(all[0].user, "anna");
	free(all);
	CU_ASSERT_EQUAL_FATAL(user_token_list(s, "otto", &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	CU_ASSERT_STRING_EQUAL(all[0].user, "otto");
	free(all);
	store_close(s);
}

/* Else each request of a program would wait for the disk. */
static void
last_use_is_written_once_a_minute(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t = add_token(s, USER_READ, LAB_NOW + DAY, text);
	int64_t generation = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(user_token_touch(s, &t, LATER, &e), 0);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(t.used, LATER);
	CU_ASSERT_EQUAL(user_token_touch(s, &t, LATER + 59, &e), 0);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(t.used, LATER);
	CU_ASSERT_EQUAL(user_token_touch(s, &t, LATER + 60, &e), 0);
	CU_ASSERT_EQUAL(find(s, text, LATER, &t), 0);
	CU_ASSERT_EQUAL(t.used, LATER + 60);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	store_close(s);
}

static enum err_code
cannot_add(struct store *s, const char *user, const char *label, int64_t expires)
{
	char text[USER_TOKEN_TEXT];
	struct user_token t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    user_token_add(s, user, label, USER_READ, expires, LAB_NOW, text, &t, &e), -1);
	CU_ASSERT_EQUAL(t.id, 0);
	return e.code;
}

static void
what_a_token_is_made_of_is_checked(void)
{
	static const char longest[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t;
	struct err e;

	CU_ASSERT_EQUAL(cannot_add(s, "anna", "", LAB_NOW + DAY), ERR_USAGE);
	CU_ASSERT_EQUAL(cannot_add(s, "anna", "a\nb", LAB_NOW + DAY), ERR_USAGE);
	CU_ASSERT_EQUAL(cannot_add(s, "anna", "\xff", LAB_NOW + DAY), ERR_USAGE);
	CU_ASSERT_EQUAL(cannot_add(s, "anna", "x", LAB_NOW), ERR_USAGE);
	CU_ASSERT_EQUAL(cannot_add(s, "anna", "x", LAB_NOW + 3650 * (int64_t)DAY + 1), ERR_USAGE);
	CU_ASSERT_EQUAL(cannot_add(s, "otto", "x", LAB_NOW + DAY), ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(cannot_add(s, "no name", "x", LAB_NOW + DAY), ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(user_token_add(s, "anna", longest, USER_READ, LAB_NOW + 3650 * (int64_t)DAY,
			    LAB_NOW, text, &t, &e),
	    0);
	CU_ASSERT_STRING_EQUAL(t.label, longest);
	store_close(s);
}

static void
tokens_are_bounded_and_old_ones_forgotten(void)
{
	struct store *s = with_anna();
	char text[USER_TOKEN_TEXT];
	struct user_token t, *all;
	struct err e = { 0 };
	size_t n;

	for (int i = 0; i < USER_TOKENS_MAX; i++)
		t = add_token(s, USER_READ, LAB_NOW + DAY, text);
	CU_ASSERT_EQUAL(cannot_add(s, "anna", "x", LAB_NOW + DAY), ERR_LIMIT);
	CU_ASSERT_EQUAL(user_token_revoke(s, t.id, LAB_NOW, &e), 0);
	add_token(s, USER_READ, LAB_NOW + DAY, text);
	/* All of them are over, and just not old enough; a second later they are. */
	CU_ASSERT_EQUAL(user_token_add(s, "anna", "x", USER_READ, LAB_NOW + 99 * (int64_t)DAY,
			    LAB_NOW + 31 * (int64_t)DAY - 1, text, &t, &e),
	    0);
	CU_ASSERT_EQUAL_FATAL(user_token_list(s, "anna", &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, USER_TOKENS_MAX + 1); /* but for the revoked one */
	free(all);
	CU_ASSERT_EQUAL(user_token_add(s, "anna", "x", USER_READ, LAB_NOW + 99 * (int64_t)DAY,
			    LAB_NOW + 31 * (int64_t)DAY, text, &t, &e),
	    0);
	CU_ASSERT_EQUAL_FATAL(user_token_list(s, "anna", &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 2);
	/* No number comes twice. */
	CU_ASSERT_EQUAL(all[1].id, USER_TOKENS_MAX + 3);
	free(all);
	store_close(s);
}

static void
roles_have_words(void)
{
	enum user_role role;
	struct err e = { 0 };

	for (enum user_role r = USER_READ; r <= USER_ADMIN; r++) {
		CU_ASSERT_EQUAL(user_role_of(user_role_word(r), &role, &e), 0);
		CU_ASSERT_EQUAL(role, r);
	}
	CU_ASSERT_EQUAL(user_role_of("root", &role, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
}

static const struct suite_test tests[] = {
	{ "user is kept as made", user_is_kept_as_made },
	{ "names are checked", names_are_checked },
	{ "only one has a name", only_one_has_a_name },
	{ "users are bounded", users_are_bounded },
	{ "list is by name", list_is_by_name },
	{ "each change raises the epoch", each_change_raises_the_epoch },
	{ "one made anew has another epoch", one_made_anew_has_another_epoch },
	{ "the last admin stays", the_last_admin_stays },
	{ "what was and became is told", what_was_and_became_is_told },
	{ "token has the promised form", token_has_the_promised_form },
	{ "token is found by its hash", token_is_found_by_its_hash },
	{ "token expires at the second", token_expires_at_the_second },
	{ "token may no more than its user", token_may_no_more_than_its_user },
	{ "token goes with its user", token_goes_with_its_user },
	{ "revoked token is refused and listed", revoked_token_is_refused_and_listed },
	{ "list is of one user or all", list_is_of_one_user_or_all },
	{ "last use is written once a minute", last_use_is_written_once_a_minute },
	{ "what a token is made of is checked", what_a_token_is_made_of_is_checked },
	{ "tokens are bounded and old ones forgotten", tokens_are_bounded_and_old_ones_forgotten },
	{ "roles have words", roles_have_words },
};

SUITE_MAIN("trust/user", tests)
