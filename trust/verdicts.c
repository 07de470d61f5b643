#include "trust/verdicts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "trust/history.h"
#include "trust/outlook.h"

enum { KEPT = 64 };

struct kept {
	struct verdict_question question;
	struct verdict verdict;
};

struct verdicts {
	struct store *store;
	int64_t generation; /* of all that is kept */
	uint64_t judged;
	size_t n, next; /* kept; whose place the next one takes when all are taken */
	struct kept kept[KEPT];
};

struct verdicts *
verdicts_new(struct store *s)
{
	struct verdicts *v = mem_new(sizeof(*v));

	v->store = s;
	return v;
}

void
verdicts_free(struct verdicts *v)
{
	free(v);
}

struct store *
verdicts_store(const struct verdicts *v)
{
	return v->store;
}

uint64_t
verdicts_judged(const struct verdicts *v)
{
	return v->judged;
}

static bool
is_same(const struct verdict_question *a, const struct verdict_question *b)
{
	return a->model == b->model && a->itl == b->itl && a->ctl == b->ctl && a->list == b->list;
}

static const struct verdict *
find(const struct verdicts *v, const struct verdict_question *q)
{
	for (size_t i = 0; i < v->n; i++)
		if (is_same(&v->kept[i].question, q))
			return &v->kept[i].verdict;
	return NULL;
}

static void
keep(struct verdicts *v, const struct verdict_question *q, const struct verdict *verdict)
{
	size_t at = v->n;

	if (v->n < KEPT) {
		v->n++;
	} else {
		at = v->next;
		v->next = (v->next + 1) % KEPT;
	}
	v->kept[at] = (struct kept){ *q, *verdict };
}

/* Who signs, what runs and what TVS knows: with any of it a verdict may change. */
static void
look_at_generation(struct verdicts *v)
{
	int64_t generation = store_generation(v->store);

	if (generation == v->generation && generation > 0)
		return;
	v->n = 0;
	v->next = 0;
	v->generation = generation;
}

/* The list with this id; *out NULL for id 0. */
static int
read_list(struct store *s, int64_t id, struct tlist **out, struct err *e)
{
	struct wr file = { 0 };

	*out = NULL;
	if (id == 0)
		return 0;
	if (history_file(s, id, &file, e) == 0)
		*out = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	return *out == NULL ? -1 : 0;
}

static int
judge(struct store *s, const struct verdict_question *q, struct verdict *out, struct err *e)
{
	struct tlist *itl = NULL, *ctl = NULL;
	struct wr file = { 0 };
	struct judgement j;
	int rc = history_file(s, q->list, &file, e);

	if (rc == 0)
		rc = read_list(s, q->itl, &itl, e);
	if (rc == 0)
		rc = read_list(s, q->ctl, &ctl, e);
	if (rc == 0)
		rc = outlook_of_list(
		    s, &(struct judge_memory){ ctl, itl }, q->model, wr_view(&file), &j, e);
	if (rc == 0) {
		out->accepted = j.verdict == JUDGE_ACCEPTED;
		snprintf(out->why, sizeof(out->why), "%s", j.why);
	}
	tlist_free(itl);
	tlist_free(ctl);
	wr_free(&file);
	return rc;
}

int
verdicts_of(
    struct verdicts *v, const struct verdict_question *q, struct verdict *out, struct err *e)
{
	const struct verdict *known;

	*out = (struct verdict){ .accepted = false };
	look_at_generation(v);
	known = find(v, q);
	if (known != NULL) {
		*out = *known;
		return 0;
	}
	if (judge(v->store, q, out, e) != 0)
		return -1;
	v->judged++;
	keep(v, q, out);
	return 0;
}
