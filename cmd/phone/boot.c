#include "cmd/phone/boot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cmd/phone/claim.h"
#include "cmd/phone/memory.h"
#include "tftp/devconf.h"
#include "trust/enc.h"

struct boot {
	const struct boot_plan *plan;
	struct boot_result *result;
	struct memory *memory;
};

const char *
step_verdict_word(enum step_verdict verdict)
{
	static const char *const word[] = {
		[STEP_ACCEPTED] = "accepted",
		[STEP_SAME] = "unchanged",
		[STEP_REFUSED] = "refused",
		[STEP_MISSING] = "not-found",
		[STEP_LOST] = "failed",
	};

	return word[verdict];
}

const char *
boot_outcome_word(enum boot_outcome outcome)
{
	static const char *const word[] = {
		[BOOT_TRUSTED] = "trusted",
		[BOOT_REFUSED] = "refused",
		[BOOT_UNREACHABLE] = "unreachable",
		[BOOT_NO_CONFIG] = "no-configuration",
	};

	return word[outcome];
}

const char *
step_reason_word(const struct boot_step *s)
{
	if (s->judged)
		return judge_reason_word(s->reason);
	return s->verdict == STEP_SAME ? "same-list" : fetch_outcome_word(s->fetched);
}

/* A model without Security By Default has no place for an ITL: one that another model left in this
 * memory does not count. */
static struct judge_memory
held_lists(const struct boot *b)
{
	const struct memory *m = b->memory;

	return (struct judge_memory){ .ctl = m->list[MEMORY_CTL],
		.itl = b->result->model->sbd ? m->list[MEMORY_ITL] : NULL };
}

static enum step_verdict
verdict_before_judging(enum fetch_outcome fetched)
{
	switch (fetched) {
	case FETCH_GOT:
		return STEP_ACCEPTED;
	case FETCH_NOT_FOUND:
		return STEP_MISSING;
	case FETCH_TOO_LARGE:
		return STEP_REFUSED;
	case FETCH_UNREACHABLE:
	case FETCH_ERROR:
		break;
	}
	return STEP_LOST;
}

/* What somebody on the path could do. */
static void
tamper(struct boot_step *s, struct wr *file)
{
	if (file->n == 0)
		return;
	file->p[file->n / 2] ^= 1;
	s->tampered = true;
}

/* The next step: asks for the file, which comes into got. */
static struct boot_step *
ask(struct boot *b, enum step_kind kind, const char *file, struct wr *got)
{
	const struct boot_plan *plan = b->plan;
	struct boot_step *s = &b->result->step[b->result->n++];
	struct err why = { 0 };

	assert(b->result->n <= BOOT_STEPS_MAX);
	s->kind = kind;
	snprintf(s->file, sizeof(s->file), "%s", file);
	s->fetched = plan->server.get(plan->server.ctx, file, got, &why);
	s->verdict = verdict_before_judging(s->fetched);
	if (s->fetched != FETCH_GOT)
		snprintf(s->why, sizeof(s->why), "%s", why.text);
	else if (plan->tamper != NULL && strcmp(plan->tamper, file) == 0)
		tamper(s, got);
	return s;
}

static void
note_judgement(struct boot_step *s, const struct judgement *j)
{
	s->judged = true;
	s->verdict = j->verdict == JUDGE_ACCEPTED ? STEP_ACCEPTED : STEP_REFUSED;
	s->reason = j->reason;
	memcpy(s->decided_by, j->decided_by, sizeof(s->decided_by));
	snprintf(s->why, sizeof(s->why), "%s%s%s", j->why, s->tvs.why[0] != '\0' ? ": " : "",
	    s->tvs.why);
}

static struct judge_tvs
ask_tvs(const struct boot *b, struct boot_step *s, const struct judgement *about)
{
	struct ask_phone phone = { b->plan->name, b->result->model, b->memory, b->plan->now };

	if (b->plan->ask_tvs == NULL)
		return (struct judge_tvs){ .state = TVS_UNREACHABLE };
	return b->plan->ask_tvs(b->plan->tvs_ctx, &phone, about, &s->tvs);
}

/* The list that was accepted, or NULL. */
static struct tlist *
judged_list(struct boot *b, struct boot_step *s, struct bytes file)
{
	struct judge_memory held = held_lists(b);
	const struct model *model = b->result->model;
	struct judge_tvs tvs = { .state = TVS_NOT_ASKED };
	struct judgement j;
	struct tlist *list;

	judge_list(&held, model, file, &tvs, &j, &list);
	if (j.verdict == JUDGE_ASK_TVS) {
		tvs = ask_tvs(b, s, &j);
		judge_list(&held, model, file, &tvs, &j, &list);
	}
	note_judgement(s, &j);
	return list;
}

/* A list that was accepted is remembered at once, so that the next file is judged by it, and so
 * that a phone cut off here wakes up with it. */
static int
take_list(
    struct boot *b, enum memory_list which, struct boot_step *s, struct bytes file, struct err *e)
{
	const struct tlist *held = b->memory->list[which];
	struct tlist *list;

	if (held != NULL && bytes_eq(held->file, file)) {
		s->verdict = STEP_SAME;
		snprintf(s->why, sizeof(s->why), "the list that the phone holds already");
		return 0;
	}
	list = judged_list(b, s, file);
	if (list == NULL)
		return 0;
	if (memory_keep_list(b->memory, which, list, e) == 0)
		return 0;
	tlist_free(list);
	return -1;
}

static int
update_list(struct boot *b, enum memory_list which, const char *file, struct err *e)
{
	struct wr got = { 0 };
	struct boot_step *s = ask(b, which == MEMORY_CTL ? STEP_CTL : STEP_ITL, file, &got);
	int rc = 0;

	s->held = b->memory->list[which] != NULL;
	if (s->fetched == FETCH_GOT)
		rc = take_list(b, which, s, wr_view(&got), e);
	words_console(s, &s->console);
	wr_free(&got);
	return rc;
}

static enum step_verdict
last_verdict(const struct boot *b)
{
	return b->result->step[b->result->n - 1].verdict;
}

static int
update_ctl(struct boot *b, struct err *e)
{
	char file[FETCH_NAME_MAX];

	snprintf(file, sizeof(file), "CTL%s.tlv", b->plan->name);
	return update_list(b, MEMORY_CTL, file, e);
}

static int
update_itl(struct boot *b, struct err *e)
{
	char file[FETCH_NAME_MAX];

	if (last_verdict(b) == STEP_LOST || !b->result->model->sbd)
		return 0;
	snprintf(file, sizeof(file), "ITL%s.tlv", b->plan->name);
	if (update_list(b, MEMORY_ITL, file, e) != 0)
		return -1;
	if (last_verdict(b) != STEP_MISSING)
		return 0;
	return update_list(b, MEMORY_ITL, "ITLFile.tlv", e);
}

/* What its configuration is encrypted to: its LSC, or its MIC where the LSC's key is not RSA. NULL:
 * it has neither. */
static struct key *
opening_key(const struct boot *b)
{
	for (int kind = IDENTITY_LSC; kind < IDENTITIES; kind++) {
		const struct identity *own = &b->memory->identity[kind];

		if (own->cert != NULL && enc_check_recipient(own->cert, NULL) == 0)
			return own->key;
	}
	return NULL;
}

static void
judge_config(const struct boot *b, const struct boot_step *s, struct bytes file,
    const struct judge_tvs *tvs, struct wr *plain, struct judgement *j)
{
	struct judge_memory held = held_lists(b);
	const struct model *model = b->result->model;
	struct key *key = opening_key(b);
	struct opener who = { 0 };

	if (!s->sealed) {
		judge_file(&held, model, file, tvs, j);
		return;
	}
	if (key != NULL)
		who = key_opener(key);
	judge_encrypted(&held, model, file, tvs, key != NULL ? &who : NULL, plain, j);
}

static int
take_config(struct boot *b, struct boot_step *s, struct bytes file, struct err *e)
{
	struct judge_tvs tvs = { .state = TVS_NOT_ASKED };
	struct wr plain = { 0 };
	struct judgement j;
	int rc = 0;

	judge_config(b, s, file, &tvs, &plain, &j);
	if (j.verdict == JUDGE_ASK_TVS) {
		tvs = ask_tvs(b, s, &j);
		judge_config(b, s, file, &tvs, &plain, &j);
	}
	note_judgement(s, &j);
	if (s->verdict != STEP_REFUSED)
		rc = memory_keep_config(b->memory, s->file, j.payload, e);
	wr_wipe(&plain);
	return rc;
}

#define SEALED ".enc.sgn"

static int
load_config_of(struct boot *b, const char *whose, const char *suffix, struct err *e)
{
	char file[FETCH_NAME_MAX];
	struct wr got = { 0 };
	struct boot_step *s;
	int rc = 0;

	snprintf(file, sizeof(file), "%s.cnf.xml%s", whose, suffix);
	s = ask(b, STEP_CONFIG, file, &got);
	s->sealed = strcmp(suffix, SEALED) == 0;
	if (s->fetched == FETCH_GOT)
		rc = take_config(b, s, wr_view(&got), e);
	words_console(s, &s->console);
	wr_free(&got);
	return rc;
}

/* What anybody may read. */
static int
load_open_config(struct boot *b, struct err *e)
{
	struct judge_memory held = held_lists(b);
	const char *suffix = judge_wants_signed(&held) ? ".sgn" : "";

	if (load_config_of(b, b->plan->name, suffix, e) != 0)
		return -1;
	if (last_verdict(b) != STEP_MISSING)
		return 0;
	return load_config_of(b, "XMLDefault", suffix, e);
}

/* Does the configuration that it remembers tell it to ask for an encrypted one, and could it open
 * that? */
static bool
wants_sealed(const struct boot *b)
{
	struct devconf_read says = { .encrypted = false };
	struct wr config = { 0 };

	if (opening_key(b) != NULL && memory_config(b->memory, &config, NULL) == 0)
		devconf_read(wr_view(&config), &says, NULL);
	wr_wipe(&config);
	return says.encrypted;
}

/* One that it cannot open is as one that is not there: the one for all eyes leads it to CAPF, and
 * to the key that it lacks. */
static bool
goes_on_without_sealed(const struct boot *b)
{
	const struct boot_step *s = &b->result->step[b->result->n - 1];

	return s->verdict == STEP_MISSING ||
	       (s->verdict == STEP_REFUSED && s->judged && s->reason == JUDGE_KEY);
}

/* The encrypted one first where it knows that there is one; else when the one for all eyes says
 * so. */
static int
load_config(struct boot *b, struct err *e)
{
	bool knew = wants_sealed(b);

	if (last_verdict(b) == STEP_LOST)
		return 0;
	if (knew && load_config_of(b, b->plan->name, SEALED, e) != 0)
		return -1;
	if (knew && !goes_on_without_sealed(b))
		return 0;
	if (load_open_config(b, e) != 0)
		return -1;
	if (knew || last_verdict(b) != STEP_ACCEPTED || !wants_sealed(b))
		return 0;
	return load_config_of(b, b->plan->name, SEALED, e);
}

static bool
got_config(const struct boot_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->step[i].kind == STEP_CONFIG && r->step[i].verdict == STEP_ACCEPTED)
			return true;
	return false;
}

const struct boot_step *
boot_decisive(const struct boot_result *r)
{
	if (r->outcome == BOOT_TRUSTED)
		return NULL;
	for (size_t i = 0; i < r->n && r->outcome == BOOT_REFUSED; i++)
		if (r->step[i].verdict == STEP_REFUSED)
			return &r->step[i];
	return &r->step[r->n - 1];
}

/* One refusal is enough, even when the phone can go on with its old list: it has stopped following
 * this cluster. */
static enum boot_outcome
outcome_of(const struct boot_result *r)
{
	enum step_verdict last = r->step[r->n - 1].verdict;

	for (size_t i = 0; i < r->n; i++)
		if (r->step[i].verdict == STEP_REFUSED)
			return BOOT_REFUSED;
	if (last == STEP_LOST)
		return BOOT_UNREACHABLE;
	return got_config(r) ? BOOT_TRUSTED : BOOT_NO_CONFIG;
}

/* A configuration that it accepted just now tells it what CAPF wants, whatever became of its lists;
 * what comes of that does not change what it trusts. */
static void
enrol(struct boot *b)
{
	struct boot_result *r = b->result;
	struct enrol_phone phone = { b->plan->name, r->model, b->memory };

	if (b->plan->enrol != NULL && got_config(r))
		b->plan->enrol(b->plan->enrol_ctx, &phone, &r->enrol);
}

static int
conclude(struct boot *b, struct err *e)
{
	struct judge_memory held = held_lists(b);
	struct memory_note *note = &b->memory->note;
	struct boot_result *r = b->result;

	r->has_ctl = held.ctl != NULL;
	r->has_itl = held.itl != NULL;
	r->outcome = outcome_of(r);
	words_status(r, &r->status);
	r->tl_code = words_tl_code(r);
	memory_note_set(&note->outcome, boot_outcome_word(r->outcome));
	memory_note_set_status(note, &r->status);
	note->booted = b->plan->now;
	return memory_keep_note(b->memory, e);
}

static int
go_through(struct boot *b, struct err *e)
{
	b->result->damaged = b->memory->damaged[MEMORY_CTL] || b->memory->damaged[MEMORY_ITL];
	if (update_ctl(b, e) != 0 || update_itl(b, e) != 0 || load_config(b, e) != 0)
		return -1;
	enrol(b);
	return conclude(b, e);
}

int
phone_boot(const struct boot_plan *plan, struct boot_result *out, struct err *e)
{
	struct boot b = { plan, out, NULL };
	int rc;

	*out = (struct boot_result){ .n = 0 };
	b.memory =
	    claim_memory_from(plan->shelf, plan->folder, plan->name, plan->model, &out->model, e);
	if (b.memory == NULL)
		return -1;
	rc = go_through(&b, e);
	if (rc == 0 && plan->look != NULL)
		plan->look(plan->look_ctx, b.memory);
	memory_free(b.memory);
	return rc;
}
