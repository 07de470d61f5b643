#include "cmd/rehearsal/report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cmd/rehearsal/erase.h"
#include "cmd/rehearsal/script.h"

/* What is written here, report_read.c reads. */

static const char *
run_title(const struct report_run *run)
{
	if (run->title != NULL)
		return run->title;
	if (strcmp(run->section, "back") == 0)
		return "the way back";
	return strcmp(run->section, "before") == 0 ? "before" : "the procedure";
}

/* The columns of a run are the states that occur in it. */
struct columns {
	const char *heading[STATES + 4];
	bool has[STATES];
};

static void
find_columns(const struct report_run *run, struct columns *c)
{
	size_t n = 0;

	*c = (struct columns){ .heading = { NULL } };
	for (size_t i = 0; i < run->n; i++)
		for (int s = 0; s < STATES; s++)
			c->has[s] |= run->step[i].count[s] > 0;
	c->heading[n++] = "Line";
	c->heading[n++] = "Step";
	for (int s = 0; s < STATES; s++)
		if (c->has[s])
			c->heading[n++] = state_title((enum phone_state)s);
	c->heading[n] = "Came of it";
}

void
report_state_key(enum phone_state s, char to[REPORT_KEY])
{
	snprintf(to, REPORT_KEY, "%s", state_word(s));
	for (char *at = to; *at != '\0'; at++)
		*at = (char)(*at == '-' ? '_' : tolower((unsigned char)*at));
}

static void
show_step(const struct report_step *s, const struct columns *c, struct out *o)
{
	char key[STATES][REPORT_KEY];

	out_row(o);
	out_int(o, "line", "Line", s->line);
	out_text(o, "step", "Step", s->text);
	out_time(o, "at", NULL, s->at);
	out_int(o, "took_ms", NULL, s->took_ms);
	out_bool(o, "booted", NULL, s->booted);
	for (int i = 0; i < STATES; i++) {
		report_state_key((enum phone_state)i, key[i]);
		out_int(o, key[i], c->has[i] ? state_title((enum phone_state)i) : NULL,
		    (int64_t)s->count[i]);
	}
	out_text(o, "verdict", NULL, report_step_word(s->verdict));
	out_text(
	    o, "note", "Came of it", s->note[0] != '\0' ? s->note : report_step_word(s->verdict));
}

static void
show_steps(const struct report_run *run, const char *key, struct out *o)
{
	struct columns c;

	find_columns(run, &c);
	out_table(o, key, c.heading);
	for (size_t i = 0; i < run->n; i++)
		show_step(&run->step[i], &c, o);
	out_table_end(o);
}

static void
tell_lock(const struct report_step *s, const struct report_lock *l, struct out *o)
{
	char remedy[2 * REPORT_NAME];
	struct wr names = { 0 };

	report_remedy(l, remedy);
	for (size_t i = 0; i < l->names; i++)
		wr_fmt(&names, "%s%s", i > 0 ? ", " : "", l->name[i]);
	out_line(o, "%s", "");
	out_line(o, "Line %d: %zu phone%s refused the %s of %s (%s): %s", s->line, l->phones,
	    l->phones == 1 ? "" : "s", l->kind, script_cluster_name(l->at),
	    judge_reason_word(l->reason), report_class(l->reason));
	out_line(o, "  phones       %s%s", wr_cstr(&names), l->phones > l->names ? ", ..." : "");
	if (l->certificate[0] != '\0')
		out_line(o, "  certificate  %s, serial %s", l->certificate, l->serial);
	if (l->store[0] != '\0')
		out_line(o, "  looked for   %s", l->store);
	out_line(o, "  what to do   %s", remedy);
	for (size_t i = 0; i < l->models; i++)
		out_line(o, "  by hand      %zu x %s: %s", l->model[i].phones,
		    l->model[i].model->name, erase_path(l->model[i].model));
	wr_free(&names);
}

static void
tell_locks(const struct report_run *run, struct out *o)
{
	for (size_t i = 0; i < run->n; i++)
		for (size_t k = 0; report_is_news(run, i) && k < run->step[i].locks; k++)
			tell_lock(&run->step[i], &run->step[i].lock[k], o);
}

static void
put_lock(const struct report_run *run, size_t number, const struct report_step *s,
    const struct report_lock *l, struct out *o)
{
	char remedy[2 * REPORT_NAME], text[REPORT_NAME];

	report_remedy(l, remedy);
	out_row(o);
	out_text(o, "run", NULL, run_title(run));
	out_int(o, "run_number", NULL, (int64_t)number);
	out_int(o, "line", NULL, s->line);
	out_int(o, "phones", NULL, (int64_t)l->phones);
	out_text(o, "reason", NULL, judge_reason_word(l->reason));
	out_text(o, "class", NULL, report_class(l->reason));
	out_text(o, "file", NULL, l->kind);
	out_text(o, "of", NULL, script_cluster_name(l->at));
	out_text(o, "holds_list_of", NULL, script_cluster_name(l->home));
	out_bool(o, "holds_list_of_one_switched_off", NULL, l->home_is_off);
	out_text(o, "certificate", NULL, l->certificate[0] != '\0' ? l->certificate : NULL);
	out_text(o, "serial", NULL, l->serial[0] != '\0' ? l->serial : NULL);
	out_text(o, "store", NULL, l->store[0] != '\0' ? l->store : NULL);
	out_text(o, "why", NULL, l->why);
	out_text(o, "remedy", NULL, remedy);
	out_add_text(o, "by_hand", NULL, NULL);
	for (size_t i = 0; i < l->models; i++) {
		snprintf(text, sizeof(text), "%zu x %s: %s", l->model[i].phones,
		    l->model[i].model->name, erase_path(l->model[i].model));
		out_add_text(o, "by_hand", NULL, text);
	}
	out_add_text(o, "examples", NULL, NULL);
	for (size_t i = 0; i < l->names; i++)
		out_add_text(o, "examples", NULL, l->name[i]);
}

static void
put_locks_of(const struct report_run *run, size_t number, struct out *o)
{
	for (size_t i = 0; i < run->n; i++)
		for (size_t k = 0; k < run->step[i].locks; k++)
			put_lock(run, number, &run->step[i], &run->step[i].lock[k], o);
}

static void
put_locks(const struct report *r, struct out *o)
{
	out_table(o, "locked", NULL);
	for (size_t i = 0; i < r->n; i++)
		put_locks_of(&r->run[i], i + 1, o);
	out_table_end(o);
}

static void
put_phone(const struct report_run *run, size_t number, const struct report_phone *p, struct out *o)
{
	out_row(o);
	out_text(o, "run", NULL, run_title(run));
	out_int(o, "run_number", NULL, (int64_t)number);
	out_text(o, "name", NULL, p->name);
	out_text(o, "model", NULL, p->model->name);
	out_text(o, "state", NULL, state_word(p->state));
	out_text(o, "reason", NULL, p->reason != 0 ? judge_reason_word(p->reason) : NULL);
	out_bool(o, "by_hand", NULL, p->by_hand);
	out_bool(o, "lsc_distrusted", NULL, p->lsc_distrusted);
}

static void
put_phones(const struct report *r, struct out *o)
{
	out_table(o, "phones_at_the_end", NULL);
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->run[i].phones; k++)
			put_phone(&r->run[i], i + 1, &r->run[i].phone[k], o);
	out_table_end(o);
}

static void
put_runs(const struct report *r, struct out *o)
{
	out_table(o, "runs", NULL);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_run *run = &r->run[i];

		out_row(o);
		out_text(o, "run", NULL, run_title(run));
		out_int(o, "run_number", NULL, (int64_t)i + 1);
		out_text(o, "section", NULL, run->section);
		out_text(o, "verdict", NULL, report_verdict_text(run));
		out_bool(o, "as_expected", NULL, run->as_expected);
		out_bool(o, "no_go_expected", NULL, run->no_go_expected);
		out_text(o, "why", NULL, run->why[0] != '\0' ? run->why : NULL);
		out_int(o, "by_hand", NULL, (int64_t)run->by_hand);
	}
	out_table_end(o);
}

static void
show_run(const struct report_run *run, size_t number, struct out *o)
{
	char key[32];

	out_line(o, "%s", "");
	out_line(o, "%s", run_title(run));
	snprintf(key, sizeof(key), "steps_%zu", number + 1);
	show_steps(run, key, o);
	tell_locks(run, o);
	out_line(o, "%s", "");
	out_line(o, "%s%s%s%s", report_verdict_text(run), run->why[0] != '\0' ? ": " : "", run->why,
	    !run->as_expected	  ? " - not as expected"
	    : run->no_go_expected ? " - as expected"
				  : "");
}

void
report_show(const struct report *r, struct out *o)
{
	out_int(o, "format", NULL, REPORT_FORMAT);
	out_text(o, "rehearsal", "Rehearsal", r->name);
	out_text(o, "title", "Title", r->title);
	out_text(o, "source", NULL, r->source);
	out_text(o, "outcome", "On a real cluster", r->outcome);
	out_text(o, "cluster_a", "A", r->cluster[0]);
	if (r->cluster[1] != NULL)
		out_text(o, "cluster_b", "B", r->cluster[1]);
	out_int(o, "phones", NULL, (int64_t)r->phones);
	out_text(o, "models", NULL, r->models);
	out_line(o, "Phones: %zu (%s)", r->phones, r->models);
	out_time(o, "began", NULL, r->began);
	out_int(o, "took_ms", NULL, r->took_ms);
	put_runs(r, o);
	for (size_t i = 0; i < r->n; i++)
		show_run(&r->run[i], i, o);
	put_locks(r, o);
	put_phones(r, o);
	out_bool(o, "as_expected", NULL, report_as_expected(r));
}
