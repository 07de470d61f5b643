/*
 * API tokens, which programs show instead of a password: add, list, delete.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "trust/user.h"

enum { DAY = 24 * 3600 };

static const char *
state_of(const struct user_token *t, int64_t now)
{
	return t->revoked != 0 ? "deleted" : t->expires <= now ? "expired" : "good";
}

static void
spell(const struct user_token *t, char *to, size_t size)
{
	snprintf(to, size, "token %lld of %s, label \"%s\", role %s", (long long)t->id, t->user,
	    t->label, user_role_word(t->role));
}

static void
put_token(struct out *o, const struct user_token *t, int64_t now)
{
	out_int(o, "id", "ID", t->id);
	out_text(o, "user", "User", t->user);
	out_text(o, "label", "Label", t->label);
	out_text(o, "role", "Role", user_role_word(t->role));
	out_text(o, "state", "State", state_of(t, now));
	out_time(o, "made", "Made", t->made);
	out_time(o, "expires", "Expires", t->expires);
	out_time(o, "used", "Last used", t->used);
}

static int
run_add(const struct call *c, struct out *o, struct err *e)
{
	char text[USER_TOKEN_TEXT], now[CALL_VALUE_MAX];
	struct user_token t;
	enum user_role role;
	int64_t days;

	if (user_role_of(call_option(c, "role"), &role, e) != 0 ||
	    call_int(c, "days", 1, USER_TOKEN_DAYS, 0, &days, e) != 0 ||
	    user_token_add(c->store, c->arg[0], call_option(c, "label"), role, c->now + days * DAY,
		c->now, text, &t, e) != 0)
		return -1;
	spell(&t, now, sizeof(now));
	call_changed(c, NULL, now);
	put_token(o, &t, c->now);
	out_text(o, "token", "Token", text);
	out_line(o, "This is the only time that it is shown: Authorization: Bearer %.6s...", text);
	mem_wipe(text, sizeof(text));
	return 0;
}

static int
check_user(const struct call *c, const char *name, struct err *e)
{
	struct user_row u;
	int rc = name == NULL ? 0 : user_find(c->store, name, &u, e);

	if (name != NULL)
		mem_wipe(&u, sizeof(u));
	return rc;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "ID", "User", "Label", "Role", "State", "Made",
		"Expires", "Last used", NULL };
	const char *name = c->args > 0 ? c->arg[0] : NULL;
	struct user_token *all;
	size_t n;

	if (check_user(c, name, e) != 0 || user_token_list(c->store, name, &all, &n, e) != 0)
		return -1;
	out_table(o, "tokens", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		put_token(o, &all[i], c->now);
	}
	out_table_end(o);
	free(all);
	return 0;
}

static int
number_of(const char *text, int64_t *to, struct err *e)
{
	char *end;

	errno = 0;
	*to = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno == ERANGE || *to < 1)
		return err_set(
		    e, ERR_USAGE, "\"%.60s\" is not the number of a token (user token list)", text);
	return 0;
}

static int
run_delete(const struct call *c, struct out *o, struct err *e)
{
	char was[CALL_VALUE_MAX];
	struct user_token t;
	int64_t id;

	if (number_of(c->arg[0], &id, e) != 0 || user_token_get(c->store, id, &t, e) != 0 ||
	    user_token_revoke(c->store, id, c->now, e) != 0)
		return -1;
	spell(&t, was, sizeof(was));
	call_changed(c, was, NULL);
	out_int(o, "deleted", NULL, id);
	out_line(o, "Token %lld of %s is refused from now on", (long long)id, t.user);
	return 0;
}

static const struct verb verbs[] = {
	{
	    .words = "user token add",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "make an API token for a program of that user; it is shown once",
	    .option = { { .name = "label",
			    .metavar = "TEXT",
			    .help = "what it is for",
			    .must = true },
		{ .name = "role",
		    .metavar = "ROLE",
		    .help = "read, operate or admin, at most the user's",
		    .must = true },
		{ .name = "days",
		    .metavar = "N",
		    .help = "good for so many (3650 at most)",
		    .must = true } },
	    .run = run_add,
	},
	{
	    .words = "user token list",
	    .args = "[NAME]",
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "API tokens, what they may and when they were used last",
	    .looks = true,
	    .run = run_list,
	},
	{
	    .words = "user token delete",
	    .args = "ID",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "refuse an API token from now on",
	    .run = run_delete,
	},
};

const struct verb_set user_token_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
