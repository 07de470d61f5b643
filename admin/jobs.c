#include "admin/jobs.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/apart.h"
#include "admin/out.h"
#include "admin/pool.h"
#include "admin/problem.h"
#include "admin/root.h"
#include "admin/spool.h"
#include "base/clock.h"
#include "base/mem.h"
#include "trust/store.h"

/* Verbs of the process take turns at two threads; what runs long is a process, and waits for it on
 * one of its own. */
enum { THREADS = 2, PROCESSES = 3, SWEEP_MS = 60000 };

struct job {
	struct jobs *of;
	struct job *next; /* younger */
	int64_t id, started, ended;
	enum job_state state;
	struct route_call *call;
	const struct verb *verb;
	char who[64], from[64];
	enum right may;
	struct result result;
	struct apart apart;
	/* Under the lock of apart. */
	char *line[JOBS_LINES];
	size_t lines; /* that were said; the last JOBS_LINES are kept */
	void (*notice)(void *ctx, struct job *job);
	void *ctx;
	bool unwanted; /* forgotten when it ends */
};

struct jobs {
	struct loop *loop;
	char *root;
	struct pool *threads, *processes;
	struct job *first; /* oldest */
	int64_t last_id;
	struct loop_watch *sweep;
};

const char *
job_state_word(enum job_state state)
{
	static const char *const word[] = {
		[JOB_RUNNING] = "running",
		[JOB_DONE] = "done",
		[JOB_FAILED] = "failed",
		[JOB_CANCELLED] = "cancelled",
	};

	return word[state];
}

static bool
has_ended(const struct job *job)
{
	return job->state >= JOB_DONE;
}

static void
job_free(struct job *job)
{
	for (size_t i = 0; i < JOBS_LINES; i++)
		free(job->line[i]);
	if (job->call != NULL)
		route_call_free(job->call);
	free(job->call);
	result_free(&job->result);
	apart_over(&job->apart);
	free(job);
}

/* ---- on a thread ---- */

static void
add_line(void *ctx, const char *line)
{
	struct job *job = ctx;
	char **at;

	if (strncmp(line, "error: ", 7) == 0 || strncmp(line, "hint: ", 6) == 0)
		return; /* these are in its document */
	pthread_mutex_lock(&job->apart.lock);
	at = &job->line[job->lines++ % JOBS_LINES];
	free(*at);
	*at = mem_text(line);
	pthread_mutex_unlock(&job->apart.lock);
}

/* What the verb is called with, lent by the route's call. */
struct arguments {
	const char *arg[ROUTE_VALUES_MAX], *shown[ROUTE_VALUES_MAX];
	struct call_option option[ROUTE_VALUES_MAX];
	struct call call;
};

static void
fill(struct arguments *a, const struct job *job)
{
	const struct route_call *c = job->call;

	*a = (struct arguments){ .call = { .root = job->of->root,
				     .arg = a->arg,
				     .shown = a->shown,
				     .option = a->option,
				     .yes = c->yes,
				     .now = clock_wall(),
				     .may = job->may,
				     .who = job->who,
				     .from = job->from } };
	for (size_t i = 0; i < c->values; i++) {
		const struct route_value *v = &c->value[i];

		a->shown[a->call.args] = v->file.name[0] != '\0' ? v->file.name : v->text;
		if (v->option == NULL)
			a->arg[a->call.args++] = v->text;
		else
			a->option[a->call.options++] =
			    (struct call_option){ v->option->name, v->text };
	}
}

static void
write_out(const struct out *o, void (*show)(const struct out *o, FILE *to), char **text, size_t *n)
{
	FILE *f = open_memstream(text, n);

	assert(f != NULL);
	show(o, f);
	if (fclose(f) != 0)
		abort();
}

static void
finish(struct job *job, const struct out *o, const char *folder)
{
	struct outcome from = { .folder = folder };
	char *doc = NULL, *text = NULL;
	size_t doc_n = 0, text_n = 0;

	write_out(o, out_show_json, &doc, &doc_n);
	if (job->call->as_text)
		write_out(o, out_show_text, &text, &text_n);
	from.doc = bytes_over(doc, doc_n);
	from.text = bytes_over(text, text_n);
	result_make(&job->result, job->call, &from);
	mem_wipe(doc, doc_n);
	mem_wipe(text, text_n);
	free(doc);
	free(text);
}

/* Whoever is denied is noted in the store, whatever the verb works on. */
static void
run_here(struct job *job, const char *folder)
{
	const struct verb *v = job->verb;
	struct arguments a;
	struct out *o = out_new();
	struct err e = { 0 };
	int rc = 0;

	fill(&a, job);
	if (v->needs == VERB_STORE || job->may < v->right) {
		a.call.store = root_open_store(job->of->root, &e);
		rc = a.call.store == NULL ? -1 : 0;
	}
	if (rc == 0)
		rc = verb_run(v, &a.call, o, &e);
	if (rc == 0)
		rc = spool_collect(job->call, &e);
	store_close(a.call.store);
	if (rc != 0)
		out_error(o, problem_code(e.code), &e);
	finish(job, o, folder);
	out_free(o);
}

/* "error: ..." and "hint: ...", as the shell's user reads them. */
static char *
said_after(const char *said, const char *head)
{
	const char *at = strstr(said, head);

	if (at == NULL)
		return NULL;
	at += strlen(head);
	return mem_text_n(at, strcspn(at, "\n"));
}

static const char *
code_of_status(int status)
{
	for (int code = ERR_FAILED; code < ERR_CODES; code++)
		if (code != ERR_NO && verb_exit_status((enum err_code)code) == status)
			return verb_code_word((enum err_code)code);
	return "failed";
}

static void
fail_with_words(struct result *to, int status, const char *said)
{
	char *why = said_after(said, "error: "), *hint = said_after(said, "hint: ");

	result_fail(to, code_of_status(status), why == NULL ? "it failed" : why, hint);
	free(why);
	free(hint);
}

static void
take_process(struct job *job, const char *folder, struct wr *doc, struct wr *said, int status)
{
	bool failed = status != 0 && status != verb_exit_status(ERR_NO);
	struct outcome from = { .folder = folder };
	struct err e = { 0 };

	if (!failed && spool_collect(job->call, &e) != 0) {
		result_fail(&job->result, problem_code(e.code), e.text, e.hint);
		return;
	}
	if (job->call->as_text && failed) {
		fail_with_words(&job->result, status, wr_cstr(said));
		return;
	}
	from.doc = job->call->as_text ? bytes_of("{}") : wr_view(doc);
	from.text = wr_view(doc);
	result_make(&job->result, job->call, &from);
}

/* The process notes itself what it changes in the store; for what it changes elsewhere it has none
 * at hand. */
static void
note(const struct job *job)
{
	const struct verb *v = job->verb;
	struct arguments a;
	struct store *s;

	if (v->needs == VERB_STORE || v->right < RIGHT_OPERATE)
		return;
	s = root_open_store(job->of->root, NULL);
	if (s == NULL)
		return;
	fill(&a, job);
	call_note(&a.call, s, v->words, job->result.status < 400 ? "done" : job->result.code);
	store_close(s);
}

static void
run_apart(struct job *job, const char *folder)
{
	struct apart_plan p = { .call = job->call,
		.root = job->of->root,
		.folder = folder,
		.who = job->who,
		.from = job->from,
		.line = add_line,
		.ctx = job };
	struct wr doc = { 0 }, said = { 0 };
	struct err e = { 0 };
	int status = 0;

	if (apart_run(&job->apart, &p, &doc, &said, &status, &e) != 0)
		result_fail(&job->result,
		    apart_is_stopped(&job->apart) && !doc.bad ? "cancelled" : problem_code(e.code),
		    e.text, e.hint);
	else
		take_process(job, folder, &doc, &said, status);
	note(job);
	wr_wipe(&doc);
	wr_wipe(&said);
}

static bool
goes_apart(const struct job *job)
{
	return job->verb->apart && job->may >= job->verb->right;
}

static void
run(void *ctx)
{
	struct job *job = ctx;
	char *folder = NULL;
	struct err e = { 0 };

	if (spool_begin(job->call, job->of->root, &folder, &e) != 0)
		result_fail(&job->result, problem_code(e.code), e.text, e.hint);
	else if (goes_apart(job))
		run_apart(job, folder);
	else
		run_here(job, folder);
	spool_end(folder);
	free(folder);
}

/* ---- the table ---- */

static void
unlink_job(struct jobs *j, struct job *job)
{
	struct job **at = &j->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
}

void
job_forget(struct jobs *j, struct job *job)
{
	assert(has_ended(job));
	unlink_job(j, job);
	job_free(job);
}

/* The oldest of those that have ended, when there are too many, too much or too old. */
static void
sweep(struct jobs *j)
{
	int64_t now = clock_wall();
	size_t n = 0, bytes = 0;

	for (const struct job *job = j->first; job != NULL; job = job->next) {
		n += has_ended(job);
		bytes += job->result.body.n;
	}
	for (struct job *job = j->first, *next; job != NULL; job = next) {
		next = job->next;
		if (!has_ended(job) || job->notice != NULL)
			continue;
		if (n <= JOBS_KEPT && bytes <= JOBS_KEPT_BYTES &&
		    now - job->ended < JOBS_KEPT_SECONDS)
			continue;
		n--;
		bytes -= job->result.body.n;
		job_forget(j, job);
	}
}

static void
on_sweep(void *ctx)
{
	struct jobs *j = ctx;

	sweep(j);
	loop_timer_start(j->sweep, SWEEP_MS);
}

static void
end(struct job *job)
{
	void (*notice)(void *ctx, struct job *job) = job->notice;
	struct jobs *j = job->of;

	job->ended = clock_wall();
	if (strcmp(job->result.code, "cancelled") == 0)
		job->state = JOB_CANCELLED;
	else
		job->state = job->result.status < 400 ? JOB_DONE : JOB_FAILED;
	route_call_free(job->call); /* what was sent may be secret */
	if (job->unwanted) {
		job_forget(j, job);
	} else if (notice != NULL) {
		job->notice = NULL;
		notice(job->ctx, job);
	}
	sweep(j);
}

static void
on_done(void *ctx)
{
	end(ctx);
}

struct jobs *
jobs_new(struct loop *l, const char *root, struct err *e)
{
	struct jobs *j = mem_new(sizeof(*j));

	/* A process of its own does not begin where this one did. */
	*j = (struct jobs){ .loop = l, .root = realpath(root, NULL) };
	if (j->root == NULL) {
		err_errno(e, "%s", root);
		jobs_free(j);
		return NULL;
	}
	spool_clear(j->root);
	j->threads = pool_new(l, THREADS, JOBS_WAITING, e);
	if (j->threads != NULL)
		j->processes = pool_new(l, PROCESSES, JOBS_WAITING, e);
	if (j->processes == NULL) {
		jobs_free(j);
		return NULL;
	}
	j->sweep = loop_timer(l, on_sweep, j);
	loop_timer_start(j->sweep, SWEEP_MS);
	return j;
}

void
jobs_free(struct jobs *j)
{
	if (j == NULL)
		return;
	for (struct job *job = j->first; job != NULL; job = job->next)
		apart_stop(&job->apart);
	pool_free(j->threads);
	pool_free(j->processes);
	loop_forget(j->sweep);
	for (struct job *job = j->first, *next; job != NULL; job = next) {
		next = job->next;
		job_free(job);
	}
	free(j->root);
	free(j);
}

static struct pool *
pool_of(const struct job *job)
{
	return goes_apart(job) ? job->of->processes : job->of->threads;
}

struct job *
jobs_start(struct jobs *j, const struct job_order *o, struct err *e)
{
	struct job *job = mem_new(sizeof(*job)), **at = &j->first;
	struct pool_task task = { .run = run, .done = on_done, .ctx = job };

	*job = (struct job){ .of = j,
		.id = ++j->last_id,
		.started = clock_wall(),
		.call = o->call,
		.verb = o->call->verb,
		.may = o->may,
		.notice = o->ended,
		.ctx = o->ctx };
	snprintf(job->who, sizeof(job->who), "%s", o->who);
	snprintf(job->from, sizeof(job->from), "%s", o->from);
	apart_begin(&job->apart);
	if (pool_put(pool_of(job), &task, e) != 0) {
		job_free(job);
		return NULL;
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = job;
	return job;
}

void
job_leave(struct job *job, bool keep)
{
	job->notice = NULL;
	job->unwanted = !keep;
}

/* What runs on a thread of ours cannot be broken off: it ends by itself. */
void
job_cancel(struct jobs *j, struct job *job)
{
	(void)j;
	if (has_ended(job))
		return;
	apart_stop(&job->apart);
	if (!pool_take_back(pool_of(job), job))
		return;
	result_fail(&job->result, "cancelled", "it was ended before it began", NULL);
	end(job);
}

struct job *
jobs_find(struct jobs *j, int64_t id)
{
	for (struct job *job = j->first; job != NULL; job = job->next)
		if (job->id == id)
			return job;
	return NULL;
}

int64_t
job_id(const struct job *job)
{
	return job->id;
}

static bool
is_of(const struct job *job, const char *user)
{
	size_t n = strlen(user);

	return strncmp(job->who, user, n) == 0 && (job->who[n] == '\0' || job->who[n] == '#');
}

bool
job_is_for(const struct job *job, const char *user, enum right may)
{
	return may >= RIGHT_ADMIN || (may >= job->may && is_of(job, user));
}

enum job_state
job_state(const struct job *job)
{
	return job->state;
}

const struct result *
job_result(const struct job *job)
{
	return &job->result;
}

/* ---- as JSON ---- */

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

static json_t *
json_progress(struct job *job)
{
	json_t *list = json_array();
	size_t from;

	pthread_mutex_lock(&job->apart.lock);
	from = job->lines > JOBS_LINES ? job->lines - JOBS_LINES : 0;
	for (size_t i = from; i < job->lines; i++)
		json_array_append_new(list, json_string(job->line[i % JOBS_LINES]));
	pthread_mutex_unlock(&job->apart.lock);
	return list;
}

static json_t *
json_result(const struct job *job)
{
	const struct wr *b = &job->result.body;
	json_t *doc = json_loadb((const char *)b->p, b->n, 0, NULL);

	return doc != NULL ? doc : json_stringn((const char *)b->p, b->n);
}

static json_t *
json_job(struct job *job, bool with_result)
{
	json_t *doc = json_object();
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, job->id);
	json_object_set_new(doc, "id", json_string(id));
	json_object_set_new(doc, "verb", json_string(job->verb->words));
	json_object_set_new(doc, "who", json_string(job->who));
	json_object_set_new(doc, "state", json_string(job_state_word(job->state)));
	json_object_set_new(doc, "started", json_time(job->started));
	json_object_set_new(doc, "ended", json_time(job->ended));
	json_object_set_new(doc, "progress", json_progress(job));
	json_object_set_new(
	    doc, "status", has_ended(job) ? json_integer(job->result.status) : json_null());
	if (with_result)
		json_object_set_new(doc, "result", has_ended(job) ? json_result(job) : json_null());
	return doc;
}

static void
put(json_t *doc, struct wr *to)
{
	char *text = json_dumps(doc, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	wr_text(to, text);
	wr_u8(to, '\n');
	free(text);
	json_decref(doc);
}

void
job_put(struct job *job, bool with_result, struct wr *to)
{
	put(json_job(job, with_result), to);
}

void
jobs_put(struct jobs *j, const char *user, enum right may, struct wr *to)
{
	json_t *doc = json_object(), *list = json_array();

	json_object_set_new(doc, "jobs", list);
	for (struct job *job = j->first; job != NULL; job = job->next)
		if (job_is_for(job, user, may))
			json_array_append_new(list, json_job(job, false));
	put(doc, to);
}
