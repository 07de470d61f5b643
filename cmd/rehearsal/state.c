#include "cmd/rehearsal/state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word, *title;
} states[STATES] = {
	[STATE_TRUSTED_A] = { "trusted-A", "trusts A" },
	[STATE_TRUSTED_B] = { "trusted-B", "trusts B" },
	[STATE_EMPTY] = { "empty", "empty list" },
	[STATE_NO_LIST] = { "no-list", "no list" },
	[STATE_NEW] = { "new", "not booted" },
	[STATE_NO_CONFIG] = { "no-config", "no configuration" },
	[STATE_UNREACHABLE] = { "unreachable", "no answer" },
	[STATE_LOCKED] = { "locked", "locked" },
	[STATE_OFF] = { "off", "off" },
};

static const struct {
	const char *word;
	enum quality quality;
} qualities[] = {
	{ "accepts", QUALITY_ACCEPTS },
	{ "rejects", QUALITY_REJECTS },
	{ "lsc-trusted", QUALITY_LSC_TRUSTED },
	{ "lsc-distrusted", QUALITY_LSC_DISTRUSTED },
	{ "lsc-none", QUALITY_LSC_NONE },
};

enum { QUALITIES = sizeof(qualities) / sizeof(qualities[0]) };

const char *
state_word(enum phone_state s)
{
	return states[s].word;
}

const char *
state_title(enum phone_state s)
{
	return states[s].title;
}

static enum phone_state
state_of_trusting(const struct fleet_phone *p, unsigned at)
{
	if (!p->model->sbd || (!p->has_ctl && !p->has_itl))
		return STATE_NO_LIST;
	if (p->empty)
		return STATE_EMPTY;
	return at == 0 ? STATE_TRUSTED_A : STATE_TRUSTED_B;
}

enum phone_state
state_of(const struct fleet_phone *p, unsigned at)
{
	if (!p->booted)
		return STATE_NEW;
	switch (p->outcome) {
	case BOOT_TRUSTED:
		return state_of_trusting(p, at);
	case BOOT_REFUSED:
		return STATE_LOCKED;
	case BOOT_UNREACHABLE:
		return STATE_UNREACHABLE;
	case BOOT_NO_CONFIG:
		break;
	}
	return STATE_NO_CONFIG;
}

enum phone_state
mark_state(const struct fleet_phone *p, const struct mark *m)
{
	return p->off ? STATE_OFF : m->state;
}

void
states_count(const struct fleet *f, const struct mark *m, size_t count[STATES])
{
	memset(count, 0, STATES * sizeof(count[0]));
	for (size_t i = 0; i < f->n; i++)
		count[mark_state(&f->phone[i], &m[i])]++;
}

/* ---- which phones ---- */

/* "79xx" is 7975 and 7941GE: what letters come after the digits does not matter. */
static bool
model_matches(const char *pattern, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		bool digit = isdigit((unsigned char)name[i]);

		if (name[i] == '\0' || (pattern[i] == 'x' ? !digit : pattern[i] != name[i]))
			return false;
	}
	return !isdigit((unsigned char)name[n]);
}

bool
models_match(const char *models, const struct model *model)
{
	while (*models != '\0') {
		size_t n = strcspn(models, " ");

		if (n > 0 && model_matches(models, n, model->name))
			return true;
		models += n + (models[n] == ' ');
	}
	return false;
}

bool
selection_has(const struct selection *s, const struct fleet_phone *p, const struct mark *m)
{
	switch (s->who) {
	case WHO_ABSENT:
		return m->absent;
	case WHO_PRESENT:
		return !m->absent;
	case WHO_LOCKED:
		return mark_state(p, m) == STATE_LOCKED;
	case WHO_MODELS:
		return models_match(s->models, p->model);
	case WHO_ALL:
	case WHO_NONE:
	case WHO_COUNT:
		break;
	}
	return true;
}

/* ---- expectations ---- */

int
expectation_word(const char *word, struct expectation *to)
{
	*to = (struct expectation){ .quality = QUALITY_STATE };
	for (int i = 0; i < STATES; i++) {
		if (strcmp(word, states[i].word) == 0) {
			to->state = (enum phone_state)i;
			return 0;
		}
	}
	for (size_t i = 0; i < QUALITIES; i++) {
		if (strcmp(word, qualities[i].word) == 0) {
			to->quality = qualities[i].quality;
			return 0;
		}
	}
	return -1;
}

const char *
expectation_words(void)
{
	return "trusted-A, trusted-B, empty, no-list, new, no-config, unreachable, locked, off, "
	       "accepts, rejects, lsc-trusted, lsc-distrusted, lsc-none, go or no-go";
}

int
expectation_reason(const char *word, enum judge_reason *to)
{
	for (int i = JUDGE_NO_TVS; i < JUDGE_REASONS; i++) {
		if (strcmp(word, judge_reason_word((enum judge_reason)i)) == 0) {
			*to = (enum judge_reason)i;
			return 0;
		}
	}
	return -1;
}

/* Is the expectation about such a phone at all? */
static bool
concerns(const struct expectation *x, const struct fleet_phone *p, const struct mark *m)
{
	if (x->quality == QUALITY_STATE && x->state == STATE_OFF)
		return true;
	if (p->off)
		return false;
	/* Without Security By Default a phone is bound all the same once it holds a CTL. */
	if (x->quality == QUALITY_STATE && x->state == STATE_LOCKED)
		return p->model->sbd || p->has_ctl || m->state == STATE_LOCKED;
	return p->model->sbd == !(x->quality == QUALITY_STATE && x->state == STATE_NO_LIST);
}

static bool
is_so(const struct expectation *x, const struct fleet_phone *p, const struct mark *m)
{
	switch (x->quality) {
	case QUALITY_ACCEPTS:
		return m->shown == SHOWN_ACCEPTED;
	case QUALITY_REJECTS:
		return m->shown == SHOWN_REJECTED;
	case QUALITY_LSC_TRUSTED:
		return m->lsc == LSC_TRUSTED;
	case QUALITY_LSC_DISTRUSTED:
		return m->lsc == LSC_DISTRUSTED;
	case QUALITY_LSC_NONE:
		return m->lsc == LSC_NONE;
	case QUALITY_STATE:
		break;
	}
	if (mark_state(p, m) != x->state)
		return false;
	return x->state != STATE_LOCKED || x->reason == 0 || p->reason == x->reason;
}

static const char *
quality_word(const struct expectation *x)
{
	for (size_t i = 0; i < QUALITIES; i++)
		if (x->quality == qualities[i].quality)
			return qualities[i].word;
	return state_word(x->state);
}

static const char *
what_it_is(const struct fleet_phone *p, const struct mark *m)
{
	return state_word(mark_state(p, m));
}

/* Of those that are selected, how many are so, and the first that is not as wanted. */
struct tally {
	size_t selected, so;
	const struct fleet_phone *odd;
	const struct mark *odd_mark;
};

static struct tally
tally_of(const struct expectation *x, const struct fleet *f, const struct mark *m, bool wanted)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		const struct fleet_phone *p = &f->phone[i];
		bool so;

		if (!concerns(x, p, &m[i]) || !selection_has(&x->of, p, &m[i]))
			continue;
		so = is_so(x, p, &m[i]);
		t.selected++;
		t.so += so;
		if (so == wanted || t.odd != NULL)
			continue;
		t.odd = p;
		t.odd_mark = &m[i];
	}
	return t;
}

static int
refuse(const struct expectation *x, const struct tally *t, size_t wanted, struct err *e)
{
	char reason[64] = "", odd[200] = "";

	if (x->reason != 0)
		snprintf(reason, sizeof(reason), " (%s)", judge_reason_word(x->reason));
	if (t->odd != NULL && mark_state(t->odd, t->odd_mark) == STATE_LOCKED)
		snprintf(odd, sizeof(odd), "; %s, a %s, is locked (%s)", t->odd->name,
		    t->odd->model->name, judge_reason_word(t->odd->reason));
	else if (t->odd != NULL)
		snprintf(odd, sizeof(odd), "; %s, a %s, is %s", t->odd->name, t->odd->model->name,
		    what_it_is(t->odd, t->odd_mark));
	return err_set(e, ERR_NO, "%zu of %zu phones are %s%s, not %zu%s", t->so, t->selected,
	    quality_word(x), reason, wanted, odd);
}

int
expectation_check(
    const struct expectation *x, const struct fleet *f, const struct mark *m, struct err *e)
{
	struct tally t = tally_of(x, f, m, x->of.who != WHO_NONE);
	size_t wanted = x->of.who == WHO_COUNT	? x->of.count
			: x->of.who == WHO_NONE ? 0
						: t.selected;

	if (t.selected == 0 && wanted == 0 && x->of.who != WHO_NONE && x->of.who != WHO_COUNT)
		return err_set(e, ERR_NO, "there is no such phone to be %s", quality_word(x));
	return t.so == wanted ? 0 : refuse(x, &t, wanted, e);
}
