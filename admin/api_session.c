/*
 * Sessions over HTTP: logging in and out, and changing one's own password.  A password is looked at
 * on a thread of its own, for that takes a while on purpose.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/api_inside.h"
#include "admin/root.h"
#include "base/clock.h"
#include "base/httptarget.h"
#include "base/mem.h"

enum { LOGIN_BODY_MAX = 8192 };

/* A request whose password is looked at. */
struct entering {
	struct api *api;
	struct entering *next;
	struct http_later *later; /* NULL: nobody waits any more */
	bool is_form, is_change;
	char *user, *old, *fresh; /* a login has only old */
	char from[64];
	char was[SESSION_TEXT]; /* of a change: the session that asks */
	char id[SESSION_TEXT];	/* the one that is made */
	struct login login;
	int64_t wait;
	struct err e;
	int rc;
};

static void
wipe_text(char *text)
{
	if (text != NULL)
		mem_wipe(text, strlen(text));
	free(text);
}

static void
entering_free(struct entering *n)
{
	wipe_text(n->user);
	wipe_text(n->old);
	wipe_text(n->fresh);
	mem_wipe(n, sizeof(*n));
	free(n);
}

static void
let_go(struct entering *n)
{
	struct entering **at = &n->api->entering;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	entering_free(n);
}

/* ---- answers ---- */

static json_t *
json_time(int64_t when)
{
	char text[32];
	time_t t = (time_t)when;
	struct tm tm;

	if (when == 0 || gmtime_r(&t, &tm) == NULL)
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static void
put_session(struct wr *to, const struct login *who)
{
	json_t *doc = json_pack("{s:s, s:s, s:s*, s:o}", "user", who->user, "role",
	    user_role_word(who->role), "csrf", who->csrf[0] != '\0' ? who->csrf : NULL, "expires",
	    json_time(who->expires));
	char *text = json_dumps(doc, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	wr_text(to, text);
	wr_u8(to, '\n');
	mem_wipe(text, strlen(text));
	free(text);
	json_decref(doc);
}

static void
welcome(struct entering *n)
{
	struct wr headers = { 0 }, body = { 0 };

	ask_cookie_put(&headers, n->id);
	if (n->is_form) {
		wr_text(&headers, "Location: /api/v1/\r\n");
		api_later_reply(n->later, 303, NULL, &headers, bytes_over(NULL, 0));
	} else {
		put_session(&body, &n->login);
		api_later_reply(n->later, 200, "application/json", &headers, wr_view(&body));
	}
	wr_wipe(&headers);
	wr_wipe(&body);
}

/* ---- on a thread ---- */

static void
look_at(void *ctx)
{
	struct entering *n = ctx;
	struct store *s = root_open_store(n->api->root, &n->e);
	int64_t now = clock_wall();

	n->rc = -1;
	if (s == NULL)
		return;
	if (n->is_change)
		n->rc = login_change_password(n->api->logins, s, n->was, bytes_of(n->old),
		    bytes_of(n->fresh), n->from, now, n->id, &n->login, &n->wait, &n->e);
	else
		n->rc = login_password(n->api->logins, s, n->user, bytes_of(n->old), n->from, now,
		    n->id, &n->login, &n->wait, &n->e);
	store_close(s);
}

/* ---- on the loop's ---- */

static void
on_looked_at(void *ctx)
{
	struct entering *n = ctx;

	if (n->later != NULL && n->rc == 0)
		welcome(n);
	else if (n->later != NULL)
		api_later_refuse(n->later, &n->e, n->wait);
	let_go(n);
}

/* The session that is made meanwhile is nobody's: it is over when it is idle. */
static void
on_gone(void *ctx)
{
	struct entering *n = ctx;

	n->later = NULL;
}

/* Nobody fills the places of those who wait for a password to be looked at. */
static bool
has_turn(const struct api *a, const char *from, struct err *e)
{
	unsigned waiting = 0;

	for (const struct entering *n = a->entering; n != NULL; n = n->next)
		waiting += strcmp(n->from, from) == 0;
	if (waiting < API_LOGINS_PER_PEER)
		return true;
	err_set(e, ERR_BUSY, "%u passwords from %s are being looked at", waiting, from);
	return false;
}

static void
enter(struct api *a, struct http_request *r, struct entering *n)
{
	struct pool_task task = { .run = look_at, .done = on_looked_at, .ctx = n };
	struct err e;

	n->api = a;
	snprintf(n->from, sizeof(n->from), "%s", http_peer(r));
	if (!has_turn(a, n->from, &e) || pool_put(a->hashing, &task, &e) != 0) {
		api_fail_err(r, &e);
		entering_free(n);
		return;
	}
	n->next = a->entering;
	a->entering = n;
	n->later = http_defer(r, API_ANSWER_SECONDS, on_gone, n);
}

void
api_session_close(struct api *a)
{
	while (a->entering != NULL)
		let_go(a->entering);
}

/* ---- what is sent ---- */

/* The library frees it, and leaves it where it was. */
static void
wipe_string(json_t *text)
{
	if (json_is_string(text))
		mem_wipe((char *)json_string_value(text), json_string_length(text));
}

/* Exactly these two texts, each once. */
static bool
take_json(struct bytes body, const char *first, const char *second, char **a, char **b)
{
	json_t *doc = body.n > LOGIN_BODY_MAX
			  ? NULL
			  : json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
	const char *x = json_string_value(json_object_get(doc, first));
	const char *y = json_string_value(json_object_get(doc, second));
	bool fits = x != NULL && y != NULL && json_object_size(doc) == 2;

	if (fits) {
		*a = mem_text(x);
		*b = mem_text(y);
	}
	wipe_string(json_object_get(doc, first));
	wipe_string(json_object_get(doc, second));
	json_decref(doc);
	return fits;
}

static bool
take_form(struct bytes body, struct entering *n)
{
	struct wr name = { .max = 1024 }, value = { .max = 1024 };
	enum http_given took;
	bool fits = true;

	while (fits && (took = http_form_take(&body, &name, &value)) != HTTP_ABSENT) {
		char **to = bytes_eq_text(wr_view(&name), "user")	? &n->user
			    : bytes_eq_text(wr_view(&name), "password") ? &n->old
									: NULL;

		fits = took == HTTP_GIVEN && to != NULL && *to == NULL &&
		       bytes_is_utf8(wr_view(&value));
		if (fits)
			*to = mem_text(wr_cstr(&value));
	}
	wr_wipe(&name);
	wr_wipe(&value);
	return fits && n->user != NULL && n->old != NULL;
}

static void
log_in(struct api *a, struct http_request *r)
{
	struct ask ask = api_ask(r);
	const char *why = ask_cross_site(&ask);
	struct bytes type = http_header(r, "Content-Type");
	struct entering *n;
	bool fits = false;

	if (why != NULL) {
		api_fail(r, "cross-site", why, NULL);
		return;
	}
	n = mem_new(sizeof(*n));
	n->is_form = ask_is_type(type, "application/x-www-form-urlencoded");
	if (n->is_form)
		fits = take_form(http_body(r), n);
	else if (ask_is_type(type, "application/json"))
		fits = take_json(http_body(r), "user", "password", &n->user, &n->old);
	if (fits) {
		enter(a, r, n);
		return;
	}
	entering_free(n);
	api_fail(r, "usage", "a JSON object with \"user\" and \"password\" is wanted", NULL);
}

static void
show_session(struct api *a, struct http_request *r)
{
	struct asker who;
	struct wr body = { 0 };

	if (!api_who(a, r, &who))
		return;
	put_session(&body, &who.login);
	api_reply(r, 200, "application/json", NULL, wr_view(&body));
	wr_wipe(&body);
	mem_wipe(&who, sizeof(who));
}

static void
log_out(struct api *a, struct http_request *r)
{
	struct asker who;
	struct wr headers = { 0 };

	if (!api_who(a, r, &who))
		return;
	if (who.is_session)
		login_end(a->logins, a->store, who.id, who.from, clock_wall());
	ask_cookie_put(&headers, NULL);
	api_reply(r, 204, NULL, &headers, bytes_over(NULL, 0));
	wr_free(&headers);
	mem_wipe(&who, sizeof(who));
}

void
api_session(struct api *a, struct http_request *r)
{
	if (api_reads(r))
		show_session(a, r);
	else if (http_method(r) == HTTP_POST)
		log_in(a, r);
	else if (http_method(r) == HTTP_DELETE)
		log_out(a, r);
	else
		api_wrong_method(r, HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_DELETE);
}

void
api_password(struct api *a, struct http_request *r)
{
	struct asker who;
	struct entering *n;

	if (http_method(r) != HTTP_POST) {
		api_wrong_method(r, HTTP_POST);
		return;
	}
	if (!api_who(a, r, &who))
		return;
	n = mem_new(sizeof(*n));
	n->is_change = true;
	snprintf(n->was, sizeof(n->was), "%s", who.id);
	if (!who.is_session) {
		api_fail(r, "denied", "who has no session has no password to change", NULL);
		entering_free(n);
	} else if (!ask_is_type(http_header(r, "Content-Type"), "application/json") ||
		   !take_json(http_body(r), "old", "new", &n->old, &n->fresh)) {
		api_fail(r, "usage", "a JSON object with \"old\" and \"new\" is wanted", NULL);
		entering_free(n);
	} else {
		enter(a, r, n);
	}
	mem_wipe(&who, sizeof(who));
}
