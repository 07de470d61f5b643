#include "cmd/rehearsal/report.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cmd/rehearsal/script.h"

/* What report_show.c writes is read here.  A document may come from anywhere: each number and word
 * is one that a rehearsal can give, for charts are reckoned from them. */

enum { TEXT_MAX = 4000 };
enum { RUNS_MAX = 3 + SCRIPT_VARIANTS_MAX, LOCKS_MAX = 20000 };

/* An object whose fields are taken one after the other.  Sticky: after the first fault nothing is
 * taken any more, and *e tells of that one. */
struct from {
	const json_t *at;
	const char *table; /* "": the document itself */
	size_t row;
	struct err *e;
	bool bad;
};

static void
refuse(struct from *f, const char *key, const char *what)
{
	if (f->bad)
		return;
	f->bad = true;
	if (f->table[0] == '\0')
		err_set(f->e, ERR_MALFORMED, "%s: %s", key, what);
	else
		err_set(
		    f->e, ERR_MALFORMED, "%s, row %zu: %s: %s", f->table, f->row + 1, key, what);
}

/* NULL: null, where that may be. */
static const char *
text_or_null(struct from *f, const char *key)
{
	const json_t *value = json_object_get(f->at, key);
	const char *text = json_string_value(value);

	if (text == NULL && !json_is_null(value))
		refuse(f, key, value == NULL ? "is missing" : "is no text");
	if (text != NULL && strlen(text) > TEXT_MAX)
		refuse(f, key, "is too long");
	return f->bad ? NULL : text;
}

static const char *
text_of(struct from *f, const char *key)
{
	const char *text = text_or_null(f, key);

	if (text == NULL)
		refuse(f, key, "is null");
	return text == NULL ? "" : text;
}

/* Null is "". */
static void
take_text(struct from *f, const char *key, char *to, size_t size)
{
	const char *text = text_or_null(f, key);

	if (text == NULL)
		return;
	if (strlen(text) >= size)
		refuse(f, key, "is too long");
	else
		memcpy(to, text, strlen(text) + 1);
}

static int64_t
int_of(struct from *f, const char *key, int64_t low, int64_t high)
{
	const json_t *value = json_object_get(f->at, key);
	int64_t n = json_integer_value(value);

	if (!json_is_integer(value))
		refuse(f, key, value == NULL ? "is missing" : "is no whole number");
	else if (n < low || n > high)
		refuse(f, key, "is out of range");
	return f->bad ? low : n;
}

static bool
bool_of(struct from *f, const char *key)
{
	const json_t *value = json_object_get(f->at, key);

	if (!json_is_boolean(value))
		refuse(f, key, value == NULL ? "is missing" : "is neither true nor false");
	return json_is_true(value);
}

static int64_t
time_of(struct from *f, const char *key)
{
	const char *text = text_or_null(f, key), *rest;
	struct tm tm = { .tm_isdst = 0 };

	if (text == NULL)
		return 0;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (rest == NULL || *rest != '\0')
		refuse(f, key, "is no time");
	return timegm(&tm);
}

/* The index of a word; n: it is none of them. */
static int
word_of(struct from *f, const char *key, const char *(*word)(int), int n)
{
	const char *text = text_of(f, key);
	int i = 0;

	while (i < n && strcmp(text, word(i)) != 0)
		i++;
	if (i == n)
		refuse(f, key, "is no such word");
	return i == n ? 0 : i;
}

static const char *
state_at(int i)
{
	return state_word((enum phone_state)i);
}

static const char *
reason_at(int i)
{
	return judge_reason_word((enum judge_reason)i);
}

static const char *
verdict_at(int i)
{
	return report_step_word((enum report_verdict)i);
}

static const char *
cluster_at(int i)
{
	return script_cluster_name((unsigned)i);
}

static const char *
go_at(int i)
{
	return report_verdict_text(&(struct report_run){ .go = i == 1 });
}

static const char *
kind_at(int i)
{
	static const char *const kind[] = { "ITL", "CTL", "configuration" };

	return kind[i];
}

static const char *
section_at(int i)
{
	static const char *const section[] = { "before", "steps", "back", "wrong", "other" };

	return section[i];
}

static const struct model *
model_at(struct from *f, const char *key, const char *name)
{
	const struct model *m = model_of(name);

	if (m == NULL || strcmp(m->name, name) != 0)
		refuse(f, key, "is no model of phone");
	return m;
}

static void
take_name(struct from *f, const char *key, const char *name, char to[DEVICE_NAME_MAX])
{
	if (!device_name_is(name) || strlen(name) >= DEVICE_NAME_MAX)
		refuse(f, key, "is no device name");
	else
		snprintf(to, DEVICE_NAME_MAX, "%s", name);
}

/* ---- tables ---- */

struct reading {
	const json_t *doc;
	struct report *r;
	struct err *e;
};

typedef void take_row(struct reading *t, struct from *f, struct report_run *run);

static int
take_table(struct reading *t, const char *key, size_t most, struct report_run *run, take_row *take)
{
	const json_t *list = json_object_get(t->doc, key);
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return err_set(t->e, ERR_MALFORMED, "%s: is no list", key);
	if (n > most)
		return err_set(t->e, ERR_MALFORMED, "%s: %zu rows; at most %zu", key, n, most);
	for (size_t i = 0; i < n; i++) {
		struct from f = { json_array_get(list, i), key, i, t->e, false };

		take(t, &f, run);
		if (f.bad)
			return -1;
	}
	return 0;
}

/* The texts of a list within a row. */
static void
each_text(struct from *f, const char *key, size_t most, struct report_lock *l,
    void (*take)(struct from *f, const char *text, struct report_lock *l))
{
	const json_t *list = json_object_get(f->at, key);
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > most)
		refuse(f, key, "is no list, or too long a one");
	for (size_t i = 0; i < n && !f->bad; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL)
			refuse(f, key, "holds what is no text");
		else
			take(f, text, l);
	}
}

/* ---- runs and steps ---- */

static void
take_run(struct reading *t, struct from *f, struct report_run *none)
{
	int section = word_of(f, "section", section_at, 5);
	const char *title = text_of(f, "run");
	struct report_run *run;

	(void)none;
	run = report_add_run(t->r, section_at(section), section < 3 ? NULL : title);
	if (int_of(f, "run_number", 1, RUNS_MAX) != (int64_t)f->row + 1)
		refuse(f, "run_number", "is not the number of the row");
	run->go = word_of(f, "verdict", go_at, 2) == 1;
	run->as_expected = bool_of(f, "as_expected");
	run->no_go_expected = bool_of(f, "no_go_expected");
	run->by_hand = (size_t)int_of(f, "by_hand", 0, (int64_t)t->r->phones);
	take_text(f, "why", run->why, sizeof(run->why));
}

static void
take_counts(struct reading *t, struct from *f, struct report_step *s)
{
	char key[REPORT_KEY];
	size_t sum = 0;

	for (int i = 0; i < STATES; i++) {
		report_state_key((enum phone_state)i, key);
		s->count[i] = (size_t)int_of(f, key, 0, (int64_t)t->r->phones);
		sum += s->count[i];
	}
	if (sum != t->r->phones)
		refuse(f, "phones", "its states do not add up to all of them");
}

static void
take_step(struct reading *t, struct from *f, struct report_run *run)
{
	const char *text = text_of(f, "step");
	int line = (int)int_of(f, "line", 0, INT_MAX);
	struct report_step *s = report_add_step(run, line, text);

	s->at = time_of(f, "at");
	s->took_ms = int_of(f, "took_ms", 0, INT64_MAX);
	s->booted = bool_of(f, "booted");
	s->verdict = (enum report_verdict)word_of(f, "verdict", verdict_at, REPORT_FAILED + 1);
	take_counts(t, f, s);
	take_text(f, "note", s->note, sizeof(s->note));
	if (strcmp(s->note, report_step_word(s->verdict)) == 0) /* stands there for want of one */
		s->note[0] = '\0';
}

static int
take_steps(struct reading *t)
{
	char key[32];

	for (size_t i = 0; i < t->r->n; i++) {
		snprintf(key, sizeof(key), "steps_%zu", i + 1);
		if (take_table(t, key, SCRIPT_STEPS_MAX, &t->r->run[i], take_step) != 0)
			return -1;
	}
	return 0;
}

static struct report_run *
run_of(struct reading *t, struct from *f)
{
	if (t->r->n == 0)
		refuse(f, "run_number", "there is no run");
	else if (int_of(f, "run_number", 1, (int64_t)t->r->n) > 0 && !f->bad)
		return &t->r->run[int_of(f, "run_number", 1, (int64_t)t->r->n) - 1];
	return NULL;
}

/* ---- who is locked ---- */

/* "3 x 7975: Settings > ..." */
static void
take_model(struct from *f, const char *text, struct report_lock *l)
{
	char *end, name[32] = "";
	long phones = strtol(text, &end, 10);
	size_t n = strncmp(end, " x ", 3) == 0 ? strcspn(end + 3, ":") : sizeof(name);

	if (phones < 1 || phones > (long)l->phones || n >= sizeof(name)) {
		refuse(f, "by_hand", "is not NUMBER x MODEL: ...");
		return;
	}
	memcpy(name, end + 3, n);
	l->model[l->models].model = model_at(f, "by_hand", name);
	l->model[l->models++].phones = (size_t)phones;
}

static void
take_example(struct from *f, const char *text, struct report_lock *l)
{
	take_name(f, "examples", text, l->name[l->names++]);
}

static void
take_lock_facts(struct reading *t, struct from *f, struct report_lock *l)
{
	l->phones = (size_t)int_of(f, "phones", 1, (int64_t)t->r->phones);
	l->reason = (enum judge_reason)word_of(f, "reason", reason_at, JUDGE_REASONS);
	snprintf(l->kind, sizeof(l->kind), "%s", kind_at(word_of(f, "file", kind_at, 3)));
	l->at = (unsigned)word_of(f, "of", cluster_at, STATE_CLUSTERS);
	l->home = (unsigned)word_of(f, "holds_list_of", cluster_at, STATE_CLUSTERS);
	l->home_is_off = bool_of(f, "holds_list_of_one_switched_off");
	take_text(f, "certificate", l->certificate, sizeof(l->certificate));
	take_text(f, "serial", l->serial, sizeof(l->serial));
	take_text(f, "store", l->store, sizeof(l->store));
	take_text(f, "why", l->why, sizeof(l->why));
	each_text(f, "by_hand", REPORT_MODELS_MAX, l, take_model);
	each_text(f, "examples", REPORT_NAMES_MAX, l, take_example);
}

static void
take_lock(struct reading *t, struct from *f, struct report_run *none)
{
	struct report_run *run = run_of(t, f);
	int64_t line = int_of(f, "line", 0, INT_MAX);
	struct report_step *s = NULL;

	(void)none;
	for (size_t i = 0; run != NULL && s == NULL && i < run->n; i++)
		if (run->step[i].line == line && run->step[i].booted)
			s = &run->step[i];
	if (s == NULL) {
		refuse(f, "line", "is that of no boot");
		return;
	}
	s->lock = mem_resize(s->lock, (s->locks + 1) * sizeof(*s->lock));
	s->lock[s->locks] = (struct report_lock){ .phones = 0 };
	take_lock_facts(t, f, &s->lock[s->locks++]);
}

/* ---- phones at the end ---- */

static void
take_phone(struct reading *t, struct from *f, struct report_run *none)
{
	struct report_run *run = run_of(t, f);
	struct report_phone *p;

	(void)none;
	if (run == NULL)
		return;
	if (run->phones == t->r->phones) {
		refuse(f, "name", "is one phone more than there are");
		return;
	}
	if (run->phone == NULL)
		run->phone = mem_array(t->r->phones, sizeof(*run->phone));
	p = &run->phone[run->phones++];
	take_name(f, "name", text_of(f, "name"), p->name);
	p->model = model_at(f, "model", text_of(f, "model"));
	p->state = (enum phone_state)word_of(f, "state", state_at, STATES);
	if (text_or_null(f, "reason") != NULL)
		p->reason = (enum judge_reason)word_of(f, "reason", reason_at, JUDGE_REASONS);
	p->by_hand = bool_of(f, "by_hand");
	p->lsc_distrusted = bool_of(f, "lsc_distrusted");
	run->distrusted += p->lsc_distrusted;
}

/* ---- all of it ---- */

static int
check_format(const json_t *doc, struct err *e)
{
	const json_t *format = json_object_get(doc, "format");

	if (!json_is_string(json_object_get(doc, "rehearsal"))) {
		err_set(e, ERR_MALFORMED, "is no report of a rehearsal");
		return err_hint(e, "trustlist rehearse run NAME --json writes one");
	}
	if (!json_is_integer(format) || json_integer_value(format) < 1)
		return err_set(e, ERR_MALFORMED, "does not say which format it has");
	if (json_integer_value(format) > REPORT_FORMAT) {
		err_set(e, ERR_MALFORMED, "has format %lld, we know %d",
		    (long long)json_integer_value(format), REPORT_FORMAT);
		return err_hint(e, "a newer trustlist wrote it: show it with that");
	}
	return 0;
}

static int
take_head(struct reading *t)
{
	struct from f = { t->doc, "", 0, t->e, false };
	struct report *r = t->r;

	r->name = mem_text(text_of(&f, "rehearsal"));
	r->title = mem_text(text_of(&f, "title"));
	r->source = mem_text(text_or_null(&f, "source"));
	r->outcome = mem_text(text_or_null(&f, "outcome"));
	r->cluster[0] = mem_text(text_or_null(&f, "cluster_a"));
	if (json_object_get(t->doc, "cluster_b") != NULL)
		r->cluster[1] = mem_text(text_or_null(&f, "cluster_b"));
	r->phones = (size_t)int_of(&f, "phones", 1, FLEET_PHONES_MAX);
	r->models = mem_text(text_of(&f, "models"));
	r->began = time_of(&f, "began");
	r->took_ms = int_of(&f, "took_ms", 0, INT64_MAX);
	return f.bad ? -1 : 0;
}

static int
take(struct reading *t)
{
	if (check_format(t->doc, t->e) != 0 || take_head(t) != 0 ||
	    take_table(t, "runs", RUNS_MAX, NULL, take_run) != 0 || take_steps(t) != 0 ||
	    take_table(t, "locked", LOCKS_MAX, NULL, take_lock) != 0)
		return -1;
	return take_table(
	    t, "phones_at_the_end", (size_t)RUNS_MAX * FLEET_PHONES_MAX, NULL, take_phone);
}

int
report_read(struct bytes json, struct report *out, struct err *e)
{
	struct report r = { .name = NULL };
	struct reading t = { .r = &r, .e = e };
	json_error_t why;
	json_t *doc;
	int rc;

	*out = r;
	if (json.n == 0)
		return err_set(e, ERR_MALFORMED, "is empty");
	doc = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL)
		return err_set(e, ERR_MALFORMED, "is no JSON: line %d: %s", why.line, why.text);
	t.doc = doc;
	rc = take(&t);
	json_decref(doc);
	if (rc == 0)
		*out = r;
	else
		report_free(&r);
	return rc;
}
