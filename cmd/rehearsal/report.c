#include "cmd/rehearsal/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/rehearsal/script.h"

static void
free_run(struct report_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		free(run->step[i].text);
		free(run->step[i].lock);
	}
	free(run->step);
	free(run->phone);
	free(run->section);
	free(run->title);
}

void
report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		free_run(&r->run[i]);
	free(r->run);
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		free(r->cluster[i]);
	free(r->models);
	free(r->name);
	free(r->title);
	free(r->source);
	free(r->outcome);
	*r = (struct report){ 0 };
}

struct report_run *
report_add_run(struct report *r, const char *section, const char *title)
{
	struct report_run *run;

	r->run = mem_resize(r->run, (r->n + 1) * sizeof(*r->run));
	run = &r->run[r->n++];
	*run = (struct report_run){ .section = mem_text(section), .title = mem_text(title) };
	return run;
}

struct report_step *
report_add_step(struct report_run *run, int line, const char *text)
{
	struct report_step *s;

	run->step = mem_resize(run->step, (run->n + 1) * sizeof(*run->step));
	s = &run->step[run->n++];
	*s = (struct report_step){ .line = line, .text = mem_text(text) };
	return s;
}

/* ---- who is locked, and why ---- */

static const char *
kind_of(const char *file)
{
	return strncmp(file, "CTL", 3) == 0   ? "CTL"
	       : strncmp(file, "ITL", 3) == 0 ? "ITL"
					      : "configuration";
}

static struct report_lock *
lock_for(struct report_step *s, const struct fleet_phone *p, const struct mark *m)
{
	const char *kind = kind_of(p->file);
	struct report_lock *l;

	for (size_t i = 0; i < s->locks; i++) {
		l = &s->lock[i];
		if (l->reason == p->reason && l->at == m->at && l->home == m->home &&
		    strcmp(l->kind, kind) == 0 && l->model[0].model->sbd == p->model->sbd)
			return l;
	}
	s->lock = mem_resize(s->lock, (s->locks + 1) * sizeof(*s->lock));
	l = &s->lock[s->locks++];
	*l = (struct report_lock){ .reason = p->reason, .at = m->at, .home = m->home };
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	snprintf(l->why, sizeof(l->why), "%s", p->why);
	return l;
}

static void
count_model(struct report_lock *l, const struct model *model)
{
	size_t i = 0;

	while (i < l->models && l->model[i].model != model)
		i++;
	if (i == REPORT_MODELS_MAX)
		return;
	l->models += i == l->models;
	l->model[i].model = model;
	l->model[i].phones++;
}

static void
add_lock(struct report_lock *l, const struct fleet_phone *p)
{
	if (l->names < REPORT_NAMES_MAX)
		snprintf(l->name[l->names++], sizeof(l->name[0]), "%s", p->name);
	count_model(l, p->model);
	l->phones++;
}

void
report_locks(struct report_step *s, const struct fleet *f, const struct mark *m)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct fleet_phone *p = &f->phone[i];

		if (mark_state(p, &m[i]) == STATE_LOCKED)
			add_lock(lock_for(s, p, &m[i]), p);
	}
}

const char *
report_class(enum judge_reason reason)
{
	switch (reason) {
	case JUDGE_NO_TVS:
		return "the new list's signer is unknown, and there is no TVS to ask";
	case JUDGE_TVS_UNREACHABLE:
		return "the signer is unknown, and the TVS that the phone trusts cannot be reached";
	case JUDGE_TVS_LACKS:
		return "the signer is unknown, and TVS lacks its certificate";
	case JUDGE_TVS_ROLE:
		return "TVS knows the signer, but in no role that may sign this";
	case JUDGE_DIGEST:
		return "signed with a hash that the model cannot check";
	case JUDGE_KEY:
		return "encrypted to a key that the phone does not have";
	case JUDGE_BAD_SIGNATURE:
		return "the signature is not by the signer it names";
	case JUDGE_UNSIGNED:
		return "not signed, where the phone's list wants it signed";
	case JUDGE_NOT_ENCRYPTED:
		return "not encrypted, where an encrypted one is due";
	default:
		return "the file does not add up";
	}
}

/* Models without Security By Default hold a CTL at most: they have no TVS to ask. */
static bool
knows_no_itl(const struct report_lock *l)
{
	return l->models > 0 && !l->model[0].model->sbd;
}

/* What is said of an ITL (utils itl reset localkey, TVS) does nothing for those. */
static void
remedy_without_itl(const struct report_lock *l, char *to, size_t size)
{
	const char *at = script_cluster_name(l->at);

	if (strcmp(l->kind, "CTL") == 0)
		snprintf(to, size,
		    "erase the CTL of each of these phones by hand: they know no ITL, and so no TVS "
		    "to ask; where a key that their CTL names is still there (a backup from before, a "
		    "security token), let it sign the CTL of %s",
		    at);
	else
		snprintf(to, size,
		    "let them have a CTL that names who signs the files of %s, signed by a key that "
		    "theirs names; else erase their CTL by hand",
		    at);
}

/* Where the reason is that nobody vouches for the signer. */
static bool
is_of_trust(enum judge_reason reason)
{
	return reason == JUDGE_NO_TVS || reason == JUDGE_TVS_UNREACHABLE ||
	       reason == JUDGE_TVS_LACKS || reason == JUDGE_TVS_ROLE;
}

void
report_remedy(const struct report_lock *l, char to[2 * REPORT_NAME])
{
	const char *home = script_cluster_name(l->home), *at = script_cluster_name(l->at);
	const size_t size = (size_t)2 * REPORT_NAME;
	const char *list = strcmp(l->kind, "CTL") == 0 ? "ctl" : "itl";

	if (knows_no_itl(l) && is_of_trust(l->reason)) {
		remedy_without_itl(l, to, size);
		return;
	}
	switch (l->reason) {
	case JUDGE_TVS_LACKS:
	case JUDGE_TVS_ROLE:
		snprintf(to, size,
		    "put the certificate into Phone-SAST-trust of %s, restart TVS there (or wait "
		    "for certificate change notification), and let the phones boot again",
		    home);
		return;
	case JUDGE_TVS_UNREACHABLE:
		if (l->home_is_off)
			snprintf(to, size,
			    "switch %s on again and keep its TVS reachable until the last phone "
			    "has moved",
			    home);
		else
			snprintf(to, size,
			    "the phones trust none of the TVS of %s any more: let a key that they "
			    "know sign (utils %s reset localkey on %s, or a backup from before)",
			    home, list, at);
		return;
	case JUDGE_NO_TVS:
		snprintf(to, size,
		    "let a key that the phones know sign: utils %s reset localkey on %s, or a "
		    "backup from before",
		    list, at);
		return;
	case JUDGE_DIGEST:
		snprintf(to, size,
		    "set TFTP File Signature Algorithm of %s to SHA-1 and restart TFTP: nobody "
		    "needs to go to the phones",
		    at);
		return;
	case JUDGE_KEY:
		snprintf(to, size, "give the phones new LSCs by CAPF of %s", at);
		return;
	default:
		snprintf(to, size, "look at the file that %s serves: trustlist file inspect", at);
	}
}

/* The same phones locked for the same reasons as after the boot before are said once. */
static bool
is_same(const struct report_step *a, const struct report_step *b)
{
	if (a->locks != b->locks)
		return false;
	for (size_t i = 0; i < a->locks; i++)
		if (a->lock[i].reason != b->lock[i].reason ||
		    a->lock[i].phones != b->lock[i].phones || a->lock[i].at != b->lock[i].at ||
		    strcmp(a->lock[i].kind, b->lock[i].kind) != 0)
			return false;
	return true;
}

bool
report_is_news(const struct report_run *run, size_t i)
{
	if (run->step[i].locks == 0)
		return false;
	for (size_t k = i; k-- > 0;)
		if (run->step[k].booted)
			return !is_same(&run->step[i], &run->step[k]);
	return true;
}

/* ---- the verdict ---- */

static bool
is_stuck(enum phone_state s)
{
	return s == STATE_LOCKED || s == STATE_UNREACHABLE || s == STATE_NO_CONFIG;
}

static void
say_no_go(struct report_run *run, size_t stuck)
{
	struct wr w = { 0 };

	if (run->as_expected || run->why[0] == '\0') {
		if (stuck > 0)
			wr_fmt(&w, "%zu phone%s do%s not follow", stuck, stuck == 1 ? "" : "s",
			    stuck == 1 ? "es" : "");
		if (run->by_hand > 0)
			wr_fmt(&w, "%s%zu phone%s needed a hand at it", w.n > 0 ? "; " : "",
			    run->by_hand, run->by_hand == 1 ? "" : "s");
		if (run->distrusted > 0)
			wr_fmt(&w, "%s%zu phone%s an LSC that the cluster does not trust",
			    w.n > 0 ? "; " : "", run->distrusted,
			    run->distrusted == 1 ? " has" : "s have");
		snprintf(run->why, sizeof(run->why), "%s", wr_cstr(&w));
	}
	wr_free(&w);
}

void
report_close(struct report_run *run, const struct fleet *f, const struct mark *m)
{
	size_t stuck = 0;

	run->phone = mem_array(f->n, sizeof(*run->phone));
	run->phones = f->n;
	run->by_hand = run->distrusted = 0;
	for (size_t i = 0; i < f->n; i++) {
		const struct fleet_phone *p = &f->phone[i];
		struct report_phone *to = &run->phone[i];

		*to = (struct report_phone){ .model = p->model, .by_hand = m[i].by_hand };
		snprintf(to->name, sizeof(to->name), "%s", p->name);
		to->state = mark_state(p, &m[i]);
		to->reason = to->state == STATE_LOCKED ? p->reason : 0;
		to->lsc_distrusted = !p->off && m[i].lsc == LSC_DISTRUSTED;
		stuck += is_stuck(to->state);
		run->by_hand += to->by_hand;
		run->distrusted += to->lsc_distrusted;
	}
	run->go = stuck == 0 && run->by_hand == 0 && run->distrusted == 0 && run->why[0] == '\0';
	if (!run->go)
		say_no_go(run, stuck);
}

bool
report_as_expected(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->run[i].as_expected)
			return false;
	return true;
}

const char *
report_verdict_text(const struct report_run *run)
{
	return run->go ? "GO" : "NO-GO";
}

const char *
report_step_word(enum report_verdict v)
{
	return v == REPORT_FAILED ? "failed" : v == REPORT_AS_EXPECTED ? "as expected" : "done";
}
