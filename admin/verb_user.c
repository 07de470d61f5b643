/*
 * Who may administer over HTTP: add, list, set, delete.
 */
#include <stdio.h>
#include <string.h>

#include "admin/password.h"
#include "admin/secret.h"
#include "admin/verbs.h"
#include "base/mem.h"
#include "trust/user.h"

#define PASSWORD_FILE "password-file"

/* Typed, it is asked for twice; *to has nothing but its hash. */
static int
read_password(const struct call *c, char to[USER_HASH_MAX], struct err *e)
{
	struct wr password = { 0 };
	int rc = secret_read(c, PASSWORD_FILE, "password", &password, e);

	to[0] = '\0';
	if (rc == 0)
		rc = password_check(wr_view(&password), e);
	if (rc == 0)
		rc = secret_confirm(c, PASSWORD_FILE, "password", &password, e);
	if (rc == 0)
		rc = password_hash(wr_view(&password), to, e);
	wr_wipe(&password);
	return rc;
}

static void
spell(const struct user_row *u, bool new_password, char *to, size_t size)
{
	snprintf(to, size, "role %s, disabled %s%s", user_role_word(u->role),
	    u->disabled ? "yes" : "no", new_password ? ", new password" : "");
}

static void
put_user(struct out *o, const struct user_row *u, bool table)
{
	out_text(o, "name", table ? "Name" : NULL, u->name);
	out_text(o, "role", table ? "Role" : NULL, user_role_word(u->role));
	out_bool(o, "disabled", table ? "Disabled" : NULL, u->disabled);
	out_time(o, "made", table ? "Made" : NULL, u->made);
	out_time(o, "changed", table ? "Changed" : NULL, u->changed);
}

/* ---- add ---- */

/* Before anybody is asked for a password. */
static int
check_new(const struct call *c, enum user_role *role, struct err *e)
{
	struct user_row there;
	struct err none = { 0 };

	if (user_role_of(call_option(c, "role"), role, e) != 0)
		return -1;
	if (!user_name_is_valid(c->arg[0]) || user_find(c->store, c->arg[0], &there, &none) != 0)
		return 0; /* or whatever it is, user_add() says it */
	mem_wipe(&there, sizeof(there));
	return err_set(e, ERR_EXISTS, "there is a user %s already", c->arg[0]);
}

static int
run_add(const struct call *c, struct out *o, struct err *e)
{
	char hash[USER_HASH_MAX], now[CALL_VALUE_MAX];
	enum user_role role;
	struct user_row u;
	int rc;

	if (check_new(c, &role, e) != 0 || read_password(c, hash, e) != 0)
		return -1;
	rc = user_add(c->store, c->arg[0], role, hash, c->now, e);
	mem_wipe(hash, sizeof(hash));
	if (rc != 0 || user_find(c->store, c->arg[0], &u, e) != 0)
		return -1;
	mem_wipe(u.hash, sizeof(u.hash));
	spell(&u, false, now, sizeof(now));
	call_changed(c, NULL, now);
	put_user(o, &u, false);
	out_line(o, "%s added: may %s", u.name, user_role_word(u.role));
	return 0;
}

/* ---- list ---- */

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Name", "Role", "Disabled", "Made", "Changed",
		NULL };
	struct user_row *all;
	size_t n;

	if (user_list(c->store, &all, &n, e) != 0)
		return -1;
	out_table(o, "users", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		put_user(o, &all[i], true);
	}
	out_table_end(o);
	user_rows_free(all, n);
	return 0;
}

/* ---- set ---- */

static int
yes_or_no(const char *word, bool *to, struct err *e)
{
	*to = strcmp(word, "yes") == 0;
	if (*to || strcmp(word, "no") == 0)
		return 0;
	return err_set(e, ERR_USAGE, "--disabled is yes or no, not \"%.60s\"", word);
}

static int
read_change(const struct call *c, struct user_change *to, bool *disabled, struct err *e)
{
	const char *role = call_option(c, "role"), *word = call_option(c, "disabled");

	*to = (struct user_change){ 0 };
	if (role == NULL && word == NULL && !call_has(c, PASSWORD_FILE)) {
		err_set(e, ERR_USAGE, "nothing to set");
		return err_hint(e, "trustlist help user set");
	}
	if (role != NULL && user_role_of(role, &to->role, e) != 0)
		return -1;
	if (word != NULL && yes_or_no(word, disabled, e) != 0)
		return -1;
	to->disabled = word != NULL ? disabled : NULL;
	return 0;
}

static void
tell_set(const struct call *c, struct out *o, const struct user_row *was,
    const struct user_row *now, bool new_password)
{
	char before[CALL_VALUE_MAX], after[CALL_VALUE_MAX];
	bool changed = was->epoch != now->epoch;

	spell(was, false, before, sizeof(before));
	spell(now, new_password, after, sizeof(after));
	call_changed(c, before, after);
	put_user(o, now, false);
	out_bool(o, "changed_now", NULL, changed);
	if (changed)
		out_line(o, "%s changed: %s.  Who was logged in by that name is not any more.",
		    now->name, after);
	else
		out_line(o, "%s: it is so already", now->name);
}

static int
set(const struct call *c, struct out *o, const struct user_change *change, struct err *e)
{
	struct user_row was, now;

	if (user_set(c->store, c->arg[0], change, c->yes, c->now, &was, &now, e) != 0)
		return -1;
	tell_set(c, o, &was, &now, change->hash != NULL);
	mem_wipe(&was, sizeof(was));
	mem_wipe(&now, sizeof(now));
	return 0;
}

static int
run_set(const struct call *c, struct out *o, struct err *e)
{
	char hash[USER_HASH_MAX] = "";
	struct user_change change;
	struct user_row there;
	bool disabled = false;
	int rc;

	if (read_change(c, &change, &disabled, e) != 0 ||
	    user_find(c->store, c->arg[0], &there, e) != 0)
		return -1;
	mem_wipe(&there, sizeof(there));
	if (call_has(c, PASSWORD_FILE)) {
		if (read_password(c, hash, e) != 0)
			return -1;
		change.hash = hash;
	}
	rc = set(c, o, &change, e);
	mem_wipe(hash, sizeof(hash));
	return rc;
}

/* ---- delete ---- */

static int
run_delete(const struct call *c, struct out *o, struct err *e)
{
	char was[CALL_VALUE_MAX];
	struct user_row u;

	if (user_find(c->store, c->arg[0], &u, e) != 0)
		return -1;
	spell(&u, false, was, sizeof(was));
	mem_wipe(&u, sizeof(u));
	if (user_delete(c->store, c->arg[0], c->yes, e) != 0)
		return -1;
	call_changed(c, was, NULL);
	out_text(o, "deleted", NULL, c->arg[0]);
	out_line(o, "%s deleted, with all tokens", c->arg[0]);
	return 0;
}

#define ROLE_HELP "read, operate or admin: each may what the one before may"

static const struct verb verbs[] = {
	{
	    .words = "user add",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "add somebody who may administer over HTTP",
	    .option = { { .name = "role", .metavar = "ROLE", .help = ROLE_HELP, .must = true },
		{ .name = PASSWORD_FILE,
		    .metavar = "FILE",
		    .help = "the password; - reads standard input (else asked for)",
		    .takes = VALUE_SECRET } },
	    .run = run_add,
	},
	{
	    .words = "user list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "who may administer over HTTP, and what",
	    .looks = true,
	    .run = run_list,
	},
	{
	    .words = "user set",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "change somebody's role or password, or let him in no more; ends his sessions",
	    .option = { { .name = "role", .metavar = "ROLE", .help = ROLE_HELP },
		{ .name = PASSWORD_FILE,
		    .metavar = "FILE",
		    .help = "a new password; - reads standard input, or asks at a terminal",
		    .takes = VALUE_SECRET },
		{ .name = "disabled", .metavar = "yes|no", .help = "may not log in, nor tokens" } },
	    .run = run_set,
	},
	{
	    .words = "user delete",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "delete somebody with all tokens; not the last enabled admin (--yes)",
	    .run = run_delete,
	},
};

const struct verb_set user_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
