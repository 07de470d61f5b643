#include "cmd/rehearsal/run.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/rehearsal/act.h"
#include "cmd/rehearsal/guest.h"
#include "cmd/rehearsal/stage.h"

/* ---- before anything is done ---- */

static int
check_section(const struct script *s, const struct script_section *section, struct err *e)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct script_step *step = &section->step[i];
		struct command c = { .word = (const char *const *)step->word,
			.words = step->words,
			.fence = "$dir" };

		if (step->what == DO_COMMAND && command_check(&c, e) != 0)
			return err_prefix(e, "%.80s:%d", s->name, step->line);
	}
	return 0;
}

int
rehearsal_check(const struct script *s, struct err *e)
{
	if (check_section(s, &s->before, e) != 0 || check_section(s, &s->steps, e) != 0 ||
	    check_section(s, &s->back, e) != 0)
		return -1;
	for (size_t i = 0; i < s->variants; i++)
		if (check_section(s, &s->variant[i], e) != 0)
			return -1;
	return 0;
}

/* What is going to be played, of what there is. */
static int
check_guests(const struct run_plan *plan, struct err *e)
{
	const struct script *s = plan->script;
	const struct script_section *main =
	    plan->variant >= 0 ? &s->variant[plan->variant] : &s->steps;

	if (guest_check(s, &s->before, plan->root, e) != 0 ||
	    guest_check(s, main, plan->root, e) != 0)
		return -1;
	return plan->back && plan->variant < 0 ? guest_check(s, &s->back, plan->root, e) : 0;
}

/* ---- a section ---- */

static bool
is_stopped(const struct run_plan *plan)
{
	return plan->stop != NULL && *plan->stop;
}

static void
tell(
    const struct run_plan *plan, const struct report_run *run, size_t i, size_t n, const char *text)
{
	const char *what = run->title != NULL ? run->title : run->section;

	if (plan->progress != NULL)
		plan->progress(plan->ctx, what, i + 1, n, text);
}

/* Ends the run: the step went otherwise than the script wants. */
static int
fail(struct report_run *run, struct report_step *to, const struct err *why)
{
	to->verdict = REPORT_FAILED;
	snprintf(to->note, sizeof(to->note), "%s", why->text);
	snprintf(run->why, sizeof(run->why), "line %d: %.400s", to->line, why->text);
	return -1;
}

static int
play_step(const struct run_plan *plan, struct stage *stage, const struct script_step *step,
    struct report_run *run, struct err *e)
{
	struct report_step *to = report_add_step(run, step->line, step->text);
	int64_t began = clock_mono_ms();
	int rc;

	to->at = stage_now(stage);
	rc = act(stage, step, plan->stop, to, e);
	to->took_ms = clock_mono_ms() - began;
	states_count(&stage->fleet, stage->mark, to->count);
	if (rc == 0 && step->what == DO_EXPECT_END)
		run->no_go_expected = !step->on;
	return rc == 0 ? 0 : fail(run, to, e);
}

/* 0: all steps went as the script wants. */
static int
play_steps(const struct run_plan *plan, struct stage *stage, const struct script_section *section,
    struct report_run *run, struct err *e)
{
	for (size_t i = 0; i < section->n; i++) {
		if (is_stopped(plan))
			return err_set(e, ERR_FAILED, "stopped");
		tell(plan, run, i, section->n, section->step[i].text);
		if (play_step(plan, stage, &section->step[i], run, e) != 0)
			return -1;
	}
	return 0;
}

/* GO where it was to be GO, NO-GO where it was to be that. */
static void
judge_run(struct report_run *run)
{
	if (!run->as_expected || run->go != run->no_go_expected)
		return;
	run->as_expected = false;
	if (run->go)
		snprintf(run->why, sizeof(run->why), "NO-GO was expected");
}

/* -1: interrupted. */
static int
play(const struct run_plan *plan, struct stage *stage, const struct script_section *section,
    const char *name, struct report *out, struct err *e)
{
	struct report_run *run = report_add_run(out, name, section->title);
	struct err why = { 0 };

	run->as_expected = play_steps(plan, stage, section, run, &why) == 0;
	report_close(run, &stage->fleet, stage->mark);
	if (is_stopped(plan))
		return err_set(e, ERR_FAILED, "stopped before it was over");
	judge_run(run);
	return 0;
}

/* ---- all of them ---- */

static void
forget_hands(struct stage *s)
{
	for (size_t i = 0; i < s->fleet.n; i++)
		s->mark[i].by_hand = false;
}

static bool
last_was_as_expected(const struct report *out)
{
	return out->n > 0 && out->run[out->n - 1].as_expected;
}

/* The steps, and the way back from where they led. */
static int
play_procedure(const struct run_plan *plan, struct stage *stage, struct report *out, struct err *e)
{
	const struct script *s = plan->script;

	if (play(plan, stage, &s->steps, "steps", out, e) != 0)
		return -1;
	if (!plan->back || s->back.n == 0 || !last_was_as_expected(out))
		return 0;
	forget_hands(stage);
	return play(plan, stage, &s->back, "back", out, e);
}

static int
play_variant(const struct run_plan *plan, struct stage *stage, size_t i, bool first,
    struct report *out, struct err *e)
{
	const struct script_section *section = &plan->script->variant[i];

	if (!first && stage_restore(stage, e) != 0)
		return -1;
	return play(plan, stage, section, section->wrong ? "wrong" : "other", out, e);
}

static int
play_all(const struct run_plan *plan, struct stage *stage, struct report *out, struct err *e)
{
	if (plan->variant >= 0)
		return play_variant(plan, stage, (size_t)plan->variant, true, out, e);
	if (play_procedure(plan, stage, out, e) != 0)
		return -1;
	for (size_t i = 0; plan->variant == RUN_VARIANT_ALL && i < plan->script->variants; i++)
		if (play_variant(plan, stage, i, false, out, e) != 0)
			return -1;
	return 0;
}

/* What all ways have in common is done once; when it fails there is no other run. */
static int
play_before(const struct run_plan *plan, struct stage *stage, struct report *out, struct err *e)
{
	const struct script_section *before = &plan->script->before;
	bool more = plan->variant == RUN_VARIANT_ALL && plan->script->variants > 0;
	struct report_run *run;
	struct err why = { 0 };

	if (before->n > 0) {
		run = report_add_run(out, "before", NULL);
		run->as_expected = play_steps(plan, stage, before, run, &why) == 0;
		report_close(run, &stage->fleet, stage->mark);
		if (is_stopped(plan))
			return err_set(e, ERR_FAILED, "stopped before it was over");
		if (!run->as_expected)
			return 0;
	}
	if (more && stage_save(stage, e) != 0)
		return -1;
	return play_all(plan, stage, out, e);
}

static char *
describe(const struct stage *s, unsigned i)
{
	const struct stage_cluster *c = &s->cluster[i];

	if (!c->there)
		return NULL;
	return mem_fmt("release %s%s, %s, at %s", release_text(c->release),
	    c->mixed ? ", mixed mode" : "", c->ours ? "made for the rehearsal" : c->root,
	    c->address);
}

static char *
describe_models(const struct fleet *f, const struct fleet_mix *mix)
{
	struct wr w = { 0 };
	char *text;

	for (size_t i = 0; i < mix->parts; i++) {
		size_t n = 0;

		for (size_t k = 0; k < f->n; k++)
			n += f->phone[k].model == mix->part[i].model;
		wr_fmt(&w, "%s%zu x %s", i > 0 ? ", " : "", n, mix->part[i].model->name);
	}
	text = mem_text(wr_cstr(&w));
	wr_free(&w);
	return text;
}

static void
describe_all(const struct script *s, const struct stage *stage, struct report *out)
{
	out->name = mem_text(s->name);
	out->title = mem_text(s->title);
	out->source = mem_text(s->source);
	out->outcome = mem_text(s->outcome);
	out->phones = stage->fleet.n;
	out->models = describe_models(&stage->fleet, &s->fleet);
	for (unsigned i = 0; i < STATE_CLUSTERS; i++)
		out->cluster[i] = describe(stage, i);
}

int
rehearsal_run(const struct run_plan *plan, struct report *out, struct err *e)
{
	struct stage_plan on = { .script = plan->script, .keep = plan->keep };
	int64_t began = clock_mono_ms();
	struct stage stage;
	int rc;

	memcpy(on.root, plan->root, sizeof(on.root));
	*out = (struct report){ .began = clock_wall() };
	if (check_guests(plan, e) != 0)
		return -1;
	rc = stage_open(&on, &stage, e);
	if (rc == 0) {
		describe_all(plan->script, &stage, out);
		rc = play_before(plan, &stage, out, e);
	}
	stage_close(&stage);
	out->took_ms = clock_mono_ms() - began;
	return rc;
}
