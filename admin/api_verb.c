/*
 * Verbs over HTTP: from a request to a job, from its result to an answer; and the jobs themselves.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/api_inside.h"
#include "admin/openapi.h"
#include "admin/problem.h"
#include "admin/route.h"
#include "base/mem.h"

#define JOBS_PATH OPENAPI_PREFIX "jobs/"

/* A request whose verb runs. */
struct waiting {
	struct api *api;
	struct waiting *next;
	struct http_later *later;
	struct job *job;
	struct loop_watch *timer;
	bool reads; /* the verb changes nothing: without a reader it is of no use */
};

static void
let_go(struct waiting *w)
{
	struct waiting **at = &w->api->waiting;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	loop_forget(w->timer);
	free(w);
}

void
api_verb_close(struct api *a)
{
	while (a->waiting != NULL)
		let_go(a->waiting);
}

/* ---- what came of it ---- */

static void
put_result_headers(struct wr *to, const struct result *r)
{
	if (r->etag[0] != '\0')
		wr_fmt(to, "ETag: \"%s\"\r\n", r->etag);
	if (r->total >= 0)
		wr_fmt(to, "X-Total-Count: %" PRId64 "\r\n", r->total);
	if (r->status == 503)
		wr_text(to, "Retry-After: 5\r\n");
}

static void
on_ended(void *ctx, struct job *job)
{
	struct waiting *w = ctx;
	const struct result *r = job_result(job);
	struct wr headers = { 0 };

	put_result_headers(&headers, r);
	api_later_reply(w->later, r->status, r->type, &headers, wr_view(&r->body));
	wr_free(&headers);
	job_forget(w->api->jobs, job);
	let_go(w);
}

/* ---- it takes long ---- */

static void
put_location(struct wr *headers, const struct job *job)
{
	wr_fmt(headers, "Location: " JOBS_PATH "%" PRId64 "\r\n", job_id(job));
}

static void
on_patience_over(void *ctx)
{
	struct waiting *w = ctx;
	struct wr headers = { 0 }, body = { 0 };

	put_location(&headers, w->job);
	job_put(w->job, true, &body);
	job_leave(w->job, true);
	api_later_reply(w->later, 202, "application/json", &headers, wr_view(&body));
	wr_free(&headers);
	wr_free(&body);
	let_go(w);
}

/* What changes something goes on, and can be looked for among the jobs. */
static void
on_gone(void *ctx)
{
	struct waiting *w = ctx;

	job_leave(w->job, !w->reads);
	if (w->reads)
		job_cancel(w->api->jobs, w->job);
	let_go(w);
}

static void
wait_for(struct api *a, struct http_request *r, struct waiting *w)
{
	w->next = a->waiting;
	a->waiting = w;
	w->timer = loop_timer(a->plan.loop, on_patience_over, w);
	loop_timer_start(w->timer, API_WAIT_MS);
	w->later = http_defer(r, API_ANSWER_SECONDS, on_gone, w);
}

static void
answer_async(struct http_request *r, struct job *job)
{
	struct wr headers = { 0 }, body = { 0 };

	put_location(&headers, job);
	wr_text(&headers, "Preference-Applied: respond-async\r\n");
	job_put(job, true, &body);
	api_reply(r, 202, "application/json", &headers, wr_view(&body));
	wr_free(&headers);
	wr_free(&body);
}

static void
start(struct api *a, struct http_request *r, const struct asker *who, struct route_call *c)
{
	bool later = ask_prefers_async(http_header(r, "Prefer"));
	bool reads = route_right(c->verb) == RIGHT_READ;
	struct waiting *w = later ? NULL : mem_new(sizeof(*w));
	struct job_order order = { .call = c,
		.who = who->login.who,
		.from = who->from,
		.may = who->login.may,
		.ended = later ? NULL : on_ended,
		.ctx = w };
	struct err e = { 0 };
	struct job *job = jobs_start(a->jobs, &order, &e);

	if (job == NULL) {
		api_fail_err(r, &e);
		free(w);
		return;
	}
	if (later) {
		answer_async(r, job);
		return;
	}
	*w = (struct waiting){ .api = a, .job = job, .reads = reads };
	wait_for(a, r, w);
}

/* ---- what is asked for ---- */

/* If-Match is the option of that name, for verbs that have one. */
static int
take_if_match(struct http_request *r, struct route_call *c, struct err *e)
{
	struct bytes header = http_header(r, "If-Match");
	const struct verb_option *o = verb_option(c->verb, "if-match");
	struct route_value *v;
	char tag[RESULT_TAG_MAX];

	if (header.p == NULL)
		return 0;
	if (o == NULL)
		return err_set(e, ERR_USAGE, "If-Match: %s has no tags", c->verb->words);
	if (!ask_tag(header, tag, sizeof(tag)))
		return err_set(e, ERR_USAGE, "If-Match: one tag, in quotes");
	for (size_t i = 0; i < c->values; i++)
		if (c->value[i].option == o)
			return err_set(e, ERR_USAGE, "if-match: given twice");
	if (c->values == ROUTE_VALUES_MAX)
		return err_set(e, ERR_USAGE, "too many values");
	v = &c->value[c->values++];
	*v = (struct route_value){ .option = o, .text = mem_text(tag) };
	snprintf(v->param, sizeof(v->param), "%s", o->name);
	return 0;
}

static int
take_call(struct http_request *r, const struct verb *v, struct route_call *c, struct err *e)
{
	struct bytes form = http_query_form(r), body = http_body(r);

	if (route_is_get(v))
		return route_take_query(v, form, c, e);
	c->verb = v;
	if (body.n > 0 && !ask_is_type(http_header(r, "Content-Type"), "application/json"))
		return err_set(e, ERR_USAGE, "Content-Type: application/json is wanted");
	return route_take_body(v, form, body, API_FILES_MAX, c, e);
}

static void
refuse_call(struct http_request *r, const struct err *e)
{
	api_fail(r, e->code == ERR_DENIED ? "host-only" : problem_code(e->code), e->text, e->hint);
}

static void
ask_for(struct api *a, struct http_request *r, const struct verb *v, const struct asker *who)
{
	struct route_call *c = mem_new(sizeof(*c));
	struct err e = { 0 };

	/* Who may not is told by the verb's own dispatcher, which notes it; what he sent is not
	 * looked at. */
	c->verb = v;
	c->limit = -1;
	if (who->login.may >= route_right(v) &&
	    (take_call(r, v, c, &e) != 0 || take_if_match(r, c, &e) != 0)) {
		refuse_call(r, &e);
		route_call_free(c);
		free(c);
		return;
	}
	if (ask_accepts(http_header(r, "Accept"), "text/plain"))
		c->as_text = true;
	start(a, r, who, c);
}

void
api_verb(struct api *a, struct http_request *r, const char *path, const struct asker *who)
{
	const struct verb *v = route_find(a->plan.sets, a->plan.sets_n, path);

	if (v == NULL)
		api_fail(
		    r, "not-found", "there is no such route", "GET /api/v1/openapi.json has all");
	else if (route_is_get(v) && !api_reads(r))
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
	else if (!route_is_get(v) && http_method(r) != HTTP_POST)
		api_wrong_method(r, HTTP_POST);
	else if (v->host_only != NULL && who->login.may >= route_right(v))
		api_fail(r, "host-only", "it is for the host's own command line", v->host_only);
	else
		ask_for(a, r, v, who);
}

/* ---- jobs ---- */

static bool
is_his(const struct job *job, const struct asker *who)
{
	return job_is_for(job, who->login.user, who->login.may);
}

static struct job *
job_at(struct api *a, const char *text, const struct asker *who)
{
	struct job *job;
	char *end;
	int64_t id;

	errno = 0;
	id = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return NULL;
	job = jobs_find(a->jobs, id);
	return job != NULL && is_his(job, who) ? job : NULL;
}

static void
list_jobs(struct api *a, struct http_request *r, const struct asker *who)
{
	struct wr body = { 0 };

	if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
		return;
	}
	jobs_put(a->jobs, who->login.user, who->login.may, &body);
	api_reply(r, 200, "application/json", NULL, wr_view(&body));
	wr_free(&body);
}

static void
end_job(struct api *a, struct http_request *r, struct job *job)
{
	if (job_state(job) == JOB_RUNNING)
		job_cancel(a->jobs, job);
	else
		job_forget(a->jobs, job);
	api_reply(r, 204, NULL, NULL, bytes_over(NULL, 0));
}

void
api_jobs(struct api *a, struct http_request *r, const char *rest, const struct asker *who)
{
	struct job *job;
	struct wr body = { .max = SIZE_MAX };

	if (rest[0] == '\0') {
		list_jobs(a, r, who);
		return;
	}
	job = job_at(a, rest, who);
	if (job == NULL) {
		api_fail(r, "not-found", "there is no such job, or no more", NULL);
	} else if (http_method(r) == HTTP_DELETE) {
		end_job(a, r, job);
	} else if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD | HTTP_DELETE);
	} else {
		job_put(job, true, &body);
		api_reply(r, 200, "application/json", NULL, wr_view(&body));
		wr_wipe(&body);
	}
}
