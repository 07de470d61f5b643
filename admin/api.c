#include "admin/api.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/api_inside.h"
#include "admin/openapi.h"
#include "admin/problem.h"
#include "admin/root.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "trust/node.h"
#include "trust/presented.h"
#include "trust/service.h"

#define SERVICE "admin"
/* The one whose start loads the certificate, as that of HTTPS 6972. */
#define LOADER "TFTP"

enum { PATIENCE_MS = 200 };

/* ---- who asks ---- */

bool
api_reads(const struct http_request *r)
{
	return http_method(r) == HTTP_GET || http_method(r) == HTTP_HEAD;
}

struct ask
api_ask(const struct http_request *r)
{
	return (struct ask){ .authorization = http_header(r, "Authorization"),
		.cookie = http_header(r, "Cookie"),
		.csrf = http_header(r, "X-CSRF-Token"),
		.origin = http_header(r, "Origin"),
		.site = http_header(r, "Sec-Fetch-Site"),
		.host = http_header(r, "Host"),
		.changes = !api_reads(r) };
}

static void
take_host(uid_t uid, struct asker *who)
{
	struct passwd user, *found = NULL;
	char text[4096];

	who->is_host = true;
	who->login.may = RIGHT_ADMIN;
	who->login.role = USER_ADMIN;
	if (getpwuid_r(uid, &user, text, sizeof(text), &found) == 0 && found != NULL)
		snprintf(who->login.who, sizeof(who->login.who), "unix:%s", found->pw_name);
	else
		snprintf(who->login.who, sizeof(who->login.who), "unix:%u", (unsigned)uid);
	snprintf(
	    who->login.user, sizeof(who->login.user), "%.*s", USER_NAME_MAX, &who->login.who[5]);
}

static bool
refuse_login(struct http_request *r, const struct err *e)
{
	if (e->code == ERR_DENIED)
		api_fail(r, "not-logged-in", e->text, e->hint);
	else
		api_fail_err(r, e);
	return false;
}

static bool
take_session(struct api *a, struct http_request *r, const struct ask *ask, struct asker *who)
{
	const char *why = ask_cross_site(ask);
	char csrf[SESSION_TEXT];
	struct err e = { 0 };

	if (why != NULL) {
		api_fail(r, "cross-site", why, NULL);
		return false;
	}
	if (login_session(a->logins, a->store, who->id, clock_wall(), &who->login, &e) != 0)
		return refuse_login(r, &e);
	who->is_session = true;
	if (!ask->changes)
		return true;
	snprintf(csrf, sizeof(csrf), "%.*s", (int)(ask->csrf.n < sizeof(csrf) ? ask->csrf.n : 0),
	    ask->csrf.n > 0 ? (const char *)ask->csrf.p : "");
	if (login_csrf_is(&who->login, csrf))
		return true;
	api_fail(r, "cross-site", "the header X-CSRF-Token has not the session's token", NULL);
	return false;
}

bool
api_who(struct api *a, struct http_request *r, struct asker *who)
{
	struct ask ask = api_ask(r);
	char shown[ASK_TOKEN_MAX];
	struct err e = { 0 };
	bool fits = true;
	uid_t uid;

	*who = (struct asker){ .is_host = false };
	snprintf(who->from, sizeof(who->from), "%s", http_peer(r));
	if (http_peer_uid(r, &uid) && ask_is_host(uid, geteuid())) {
		take_host(uid, who);
		return true;
	}
	switch (ask_shown(&ask, shown, sizeof(shown))) {
	case ASK_SESSION:
		snprintf(who->id, sizeof(who->id), "%.*s", SESSION_TEXT - 1, shown);
		fits = take_session(a, r, &ask, who);
		break;
	case ASK_TOKEN:
		if (login_token(a->logins, a->store, shown, clock_wall(), &who->login, &e) != 0)
			fits = refuse_login(r, &e);
		break;
	case ASK_UNFIT:
	case ASK_NOBODY:
		api_fail(r, "not-logged-in", "nobody is logged in",
		    "a session's cookie, or \"Authorization: Bearer tl_...\"");
		fits = false;
	}
	mem_wipe(shown, sizeof(shown));
	return fits;
}

/* ---- what is asked for ---- */

static const char page_policy[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'\r\n";

/* A file of the page.  It is asked for again each time, and mostly answered that it is as it was.
 */
static void
answer_page(struct api *a, struct http_request *r)
{
	const struct page *p = pages_find(a->pages, http_path(r));
	struct wr headers = { 0 };

	if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
		return;
	}
	if (p == NULL) {
		api_fail(r, "not-found", "there is no such page", NULL);
		return;
	}
	wr_fmt(&headers, "%sETag: %s\r\nCache-Control: no-cache\r\n", page_policy, p->etag);
	if (bytes_eq_text(http_header(r, "If-None-Match"), p->etag))
		api_reply(r, 304, NULL, &headers, bytes_over(NULL, 0));
	else
		api_reply(r, 200, p->type, &headers, p->content);
	wr_free(&headers);
}

static void
answer_openapi(struct api *a, struct http_request *r)
{
	struct wr doc = { 0 };

	openapi_put(&doc, a->plan.sets, a->plan.sets_n, a->plan.version);
	api_reply(r, 200, "application/json", NULL, wr_view(&doc));
	wr_free(&doc);
}

/* True: it was answered.  /metrics tells about the cluster, and needs the right to read. */
static bool
answer_health(struct api *a, struct http_request *r)
{
	const char *path = http_path(r);
	struct health_scene scene = a->plan.scene;
	struct health_answer answer;
	struct asker who;

	if (strcmp(path, "/healthz") != 0 && strcmp(path, "/readyz") != 0 &&
	    strcmp(path, "/metrics") != 0)
		return false;
	if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
		return true;
	}
	if (strcmp(path, "/metrics") == 0 && !api_who(a, r, &who))
		return true;
	scene.stopping = atomic_load(a->plan.stopping);
	if (!health_answer(a->health, a->store, &scene, path, clock_wall(), &answer))
		return false;
	api_reply(r, answer.status, answer.type, NULL, answer.body);
	return true;
}

/* A number of the query or a header; -1: none.  False: it is none at all. */
static bool
take_number(struct bytes text, int64_t *out)
{
	char plain[24], *end;

	*out = -1;
	if (text.n == 0)
		return true;
	if (text.n >= sizeof(plain))
		return false;
	snprintf(plain, sizeof(plain), "%.*s", (int)text.n, (const char *)text.p);
	errno = 0;
	*out = strtoll(plain, &end, 10);
	return *end == '\0' && errno == 0 && *out >= 0;
}

static void
answer_stream(struct api *a, struct http_request *r, const struct asker *who)
{
	char device[128], service[64], after[24];
	struct feed_want want = { .after = -1, .who = who->is_host ? NULL : &who->login };
	struct bytes last = http_header(r, "Last-Event-ID");
	struct err e = { 0 };

	if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
		return;
	}
	if (http_query(r, "device", device, sizeof(device)) == HTTP_UNFIT ||
	    http_query(r, "service", service, sizeof(service)) == HTTP_UNFIT ||
	    http_query(r, "after", after, sizeof(after)) == HTTP_UNFIT ||
	    !take_number(last.n > 0 ? last : bytes_of(after), &want.after)) {
		api_fail(r, "usage", "device, service: texts; after: a number", NULL);
		return;
	}
	want.device = device[0] != '\0' ? device : NULL;
	want.service = service[0] != '\0' ? service : NULL;
	if (feed_add(a->feed, r, &want, "X-Content-Type-Options: nosniff\r\n", &e) != 0)
		api_fail_err(r, &e);
}

/* What one has to be logged in for.  path: behind "/api/v1/". */
static void
answer_known(struct api *a, struct http_request *r, const char *path)
{
	struct asker who;

	if (!api_who(a, r, &who))
		return;
	if (path[0] == '\0')
		api_index(a, r, &who);
	else if (strcmp(path, "openapi.json") == 0)
		answer_openapi(a, r);
	else if (strcmp(path, "events/stream") == 0)
		answer_stream(a, r, &who);
	else if (strcmp(path, "jobs") == 0 || strncmp(path, "jobs/", 5) == 0)
		api_jobs(a, r, path[4] == '/' ? path + 5 : "", &who);
	else
		api_verb(a, r, path, &who);
	mem_wipe(&who, sizeof(who));
}

static void
on_request(void *service, struct http_request *r)
{
	struct api *a = service;
	const char *path = http_path(r);
	size_t n = strlen(OPENAPI_PREFIX);

	if (answer_health(a, r))
		return;
	if (strncmp(path, OPENAPI_PREFIX, n) != 0)
		answer_page(a, r);
	else if (strcmp(path + n, "session") == 0)
		api_session(a, r);
	else if (strcmp(path + n, "session/password") == 0)
		api_password(a, r);
	else
		answer_known(a, r, path + n);
}

/* ---- the certificate ---- */

static struct tls *
make_tls(const struct api *a, struct err *e)
{
	struct presented p = { .n = 0 };
	struct tls_identity identity;
	struct tls *tls = NULL;

	if (presented_load(a->store, a->node, LOADER, "tomcat", &p, e) != 0)
		return NULL;
	identity = presented_identity(&p);
	tls = tls_server_new(&a->plan.rules, &identity, 1, NULL, e);
	presented_free(&p);
	return tls;
}

/* What cannot be presented is no reason to answer nobody: it goes on with what it had. */
static void
present(struct api *a)
{
	struct err e;
	struct tls *tls = make_tls(a, &e);

	if (tls == NULL)
		log_err(LOG_ERROR, SERVICE, NULL, NULL, "certificate-not-presented", &e);
	else
		httpd_set_tls(a->https, tls);
	tls_free(tls);
}

static int
look(struct api *a, struct err *e)
{
	int64_t generation = store_generation(a->store);
	struct service now;

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation == a->generation)
		return 0;
	if (service_get(a->store, a->node, LOADER, &now, e) != 0)
		return -1;
	if (a->starts != 0 && now.starts != a->starts)
		present(a);
	a->starts = now.starts;
	a->generation = generation;
	return 0;
}

/* A new certificate is seen by the next connection. */
static bool
is_awake(void *service)
{
	struct api *a = service;
	struct err e;

	if (a->https != NULL && look(a, &e) != 0)
		log_err(LOG_WARN, SERVICE, NULL, NULL, "store-not-read", &e);
	return true;
}

/* ---- life ---- */

/* What httpd refuses before anybody has seen it. */
static void
spell_refusal(struct wr *to, int status, const char *why)
{
	problem_put_as(to, status, problem_code_of(status), why, NULL, bytes_over(NULL, 0));
}

static const struct http_ops ops = {
	.service = SERVICE,
	.awake = is_awake,
	.request = on_request,
	.methods = HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_DELETE,
	.body_max = API_BODY_MAX,
	.refusal = spell_refusal,
	.refusal_type = PROBLEM_TYPE,
};

static const struct http_limits limits = {
	.connections = 512,
	.per_host = 256,
	.bodies_max = (size_t)2 * API_BODY_MAX,
};

static int
listen_https(struct api *a, struct err *e)
{
	const struct api_plan *p = &a->plan;
	struct tls *tls;

	if (p->port == 0)
		return 0;
	tls = make_tls(a, e);
	if (tls != NULL)
		a->https = httpd_open(p->loop, p->address, p->port, tls, &ops, a, &limits, e);
	tls_free(tls);
	return a->https == NULL ? -1 : look(a, e);
}

static int
listen_local(struct api *a, struct err *e)
{
	char *path;

	if (!a->plan.socket)
		return 0;
	path = mem_fmt("%s/%s", a->root, API_SOCKET);
	a->local = httpd_open_unix(a->plan.loop, path, 0600, &ops, a, &limits, e);
	free(path);
	return a->local == NULL ? -1 : 0;
}

static int
open_parts(struct api *a, struct err *e)
{
	struct node publisher;

	a->store = root_open_store(a->root, e);
	if (a->store == NULL || node_find(a->store, NULL, &publisher, e) != 0)
		return -1;
	store_patience(a->store, PATIENCE_MS);
	a->node = publisher.id;
	a->jobs = jobs_new(a->plan.loop, a->root, e);
	if (a->jobs == NULL)
		return -1;
	a->hashing = pool_new(a->plan.loop, 1, API_LOGINS_WAITING, e);
	if (a->hashing == NULL)
		return -1;
	a->logins = logins_new();
	a->feed = feed_new(a->plan.loop, a->store);
	a->pages = pages_new();
	a->health = health_new();
	return listen_https(a, e) == 0 ? listen_local(a, e) : -1;
}

struct api *
api_open(const struct api_plan *plan, struct err *e)
{
	struct api *a = mem_new(sizeof(*a));

	*a = (struct api){ .plan = *plan, .root = mem_text(plan->root), .generation = -1 };
	if (open_parts(a, e) == 0)
		return a;
	err_prefix(e, "administration");
	api_close(a);
	return NULL;
}

uint16_t
api_port(const struct api *a)
{
	return a->https != NULL ? httpd_port(a->https) : 0;
}

void
api_quiet(struct api *a)
{
	if (a->https != NULL)
		httpd_quiet(a->https);
	if (a->local != NULL)
		httpd_quiet(a->local);
}

/* Who waits is told by the end of his connection; then the threads end, to whom nobody belongs. */
void
api_close(struct api *a)
{
	if (a == NULL)
		return;
	httpd_close(a->https);
	httpd_close(a->local);
	pool_free(a->hashing);
	api_session_close(a);
	api_verb_close(a);
	jobs_free(a->jobs);
	feed_free(a->feed);
	pages_free(a->pages);
	health_free(a->health);
	logins_free(a->logins);
	store_close(a->store);
	free(a->root);
	free(a);
}
