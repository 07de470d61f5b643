#include "cmd/fleet_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { EXAMPLES = 3 };

/* Phones that are told alike. */
struct group {
	const char *state, *reason, *file; /* words; the last two may be NULL */
	int rank;			   /* in the order that they are shown */
	size_t n;
	const struct fleet_phone *example[EXAMPLES];
};

struct groups {
	struct group *group;
	size_t n, room;
};

static const char *
state_of(const struct fleet_phone *p)
{
	if (p->off)
		return "off";
	return p->booted ? boot_outcome_word(p->outcome) : "not-booted";
}

static bool
has_failed(const struct fleet_phone *p)
{
	return !p->off && p->booted && p->outcome != BOOT_TRUSTED;
}

/* Only what was judged has a judge's reason: a file may be too large for that. */
static const char *
reason_of(const struct fleet_phone *p)
{
	if (!has_failed(p) || p->outcome != BOOT_REFUSED)
		return NULL;
	return p->reason < JUDGE_NO_TVS ? "too-large" : judge_reason_word(p->reason);
}

/* Its name is another one for each phone. */
static const char *
file_of(const struct fleet_phone *p)
{
	if (!has_failed(p))
		return NULL;
	if (strncmp(p->file, "CTL", 3) == 0)
		return "CTL";
	return strncmp(p->file, "ITL", 3) == 0 ? "ITL" : "configuration";
}

static bool
same_word(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
rank_of(const struct fleet_phone *p)
{
	if (p->off)
		return 3;
	if (!p->booted)
		return 2;
	return p->outcome == BOOT_TRUSTED ? 0 : 1;
}

static struct group *
group_of(struct groups *all, const struct fleet_phone *p)
{
	struct group wanted = { state_of(p), reason_of(p), file_of(p), rank_of(p), 0, { NULL } };

	for (size_t i = 0; i < all->n; i++)
		if (same_word(all->group[i].state, wanted.state) &&
		    same_word(all->group[i].reason, wanted.reason) &&
		    same_word(all->group[i].file, wanted.file))
			return &all->group[i];
	all->group = mem_room(all->group, all->n, &all->room, sizeof(*all->group));
	all->group[all->n] = wanted;
	return &all->group[all->n++];
}

static int
by_rank(const void *a, const void *b)
{
	const struct group *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank - right->rank;
	return (left->n < right->n) - (left->n > right->n);
}

static struct groups
sort_out(const struct fleet *f)
{
	struct groups all = { NULL, 0, 0 };

	for (size_t i = 0; i < f->n; i++) {
		struct group *g = group_of(&all, &f->phone[i]);

		if (g->n < EXAMPLES)
			g->example[g->n] = &f->phone[i];
		g->n++;
	}
	if (all.n > 0)
		qsort(all.group, all.n, sizeof(*all.group), by_rank);
	return all;
}

static void
show_states(const struct groups *all, struct out *o)
{
	static const char *const headings[] = { "State", "Reason", "File", "Phones", NULL };

	out_table(o, "states", headings);
	for (size_t i = 0; i < all->n; i++) {
		const struct group *g = &all->group[i];

		out_row(o);
		out_text(o, "state", "State", g->state);
		out_text(o, "reason", "Reason", g->reason);
		out_text(o, "file", "File", g->file);
		out_int(o, "phones", "Phones", (int64_t)g->n);
	}
	out_table_end(o);
}

/* The first of each failure, for people: programs get them all. */
static void
show_examples(const struct groups *all, struct out *o)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct group *g = &all->group[i];

		for (size_t at = 0; at < EXAMPLES && at < g->n; at++) {
			const struct fleet_phone *p = g->example[at];

			if (!has_failed(p))
				continue;
			if (at == 0)
				out_line(o, "%s", "");
			out_line(o, "%s, a %s, %s: %s", p->name, p->model->name, p->file, p->why);
		}
		if (g->n > EXAMPLES && has_failed(g->example[0]))
			out_line(o, "  and %zu more", g->n - EXAMPLES);
	}
}

static void
put_digest(struct out *o, const char *key, bool has, const uint8_t sha1[20])
{
	if (has)
		out_hex(o, key, NULL, bytes_over(sha1, 20));
	else
		out_text(o, key, NULL, NULL);
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
show_phone(const struct fleet_phone *p, struct out *o)
{
	bool failed = has_failed(p);

	out_row(o);
	out_text(o, "name", NULL, p->name);
	out_text(o, "model", NULL, p->model->name);
	out_text(o, "state", NULL, state_of(p));
	out_text(o, "reason", NULL, reason_of(p));
	out_text(o, "file", NULL, failed ? p->file : NULL);
	out_text(o, "why", NULL, failed ? p->why : NULL);
	out_text(o, "decided_by", NULL, failed ? or_null(p->decided_by) : NULL);
	put_digest(o, "ctl_sha1", p->has_ctl, p->ctl_sha1);
	put_digest(o, "itl_sha1", p->has_itl, p->itl_sha1);
	out_text(o, "itl_signer", NULL, or_null(p->itl_signer_name));
	out_bool(o, "empty_tftp", NULL, p->empty);
	out_time(o, "lsc_expires", NULL, p->lsc_expires);
	out_text(o, "memory", NULL, p->folder);
}

void
fleet_show(const struct fleet *f, const struct address *from, struct out *o)
{
	struct groups all = sort_out(f);
	char server[ADDRESS_TEXT_MAX];

	address_text(from, server);
	out_line(o, "%zu phones, with their memories in %s, boot from %s", f->n, f->folder, server);
	out_line(o, "%s", "");
	out_text(o, "server", NULL, server);
	out_text(o, "memory", NULL, f->folder);
	show_states(&all, o);
	show_examples(&all, o);
	out_table(o, "phones", NULL);
	for (size_t i = 0; i < f->n; i++)
		show_phone(&f->phone[i], o);
	out_table_end(o);
	free(all.group);
}

static size_t
count(const struct fleet *f, enum boot_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += !f->phone[i].off && f->phone[i].booted && f->phone[i].outcome == outcome;
	return n;
}

static size_t
count_waiting(const struct fleet *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += !f->phone[i].off && !f->phone[i].booted;
	return n;
}

int
fleet_answer(const struct fleet *f, struct err *e)
{
	size_t refused = count(f, BOOT_REFUSED), lost = count(f, BOOT_UNREACHABLE),
	       bare = count(f, BOOT_NO_CONFIG), waiting = count_waiting(f);

	if (waiting > 0) {
		err_set(
		    e, ERR_FAILED, "interrupted: %zu of %zu phones did not boot", waiting, f->n);
		return err_hint(e, "the memories are whole: boot the fleet again with --all");
	}
	if (refused > 0) {
		err_set(e, ERR_NO, "%zu of %zu phones refused what they were given", refused, f->n);
		return err_hint(e,
		    "why one did, and what helps: trustlist vphone boot NAME --tftp ADDR --memory "
		    "%.80s/NAME",
		    f->folder);
	}
	if (lost > 0)
		return err_set(e, ERR_FAILED, "%zu of %zu phones got no answer", lost, f->n);
	if (bare > 0)
		return err_set(
		    e, ERR_NOT_FOUND, "%zu of %zu phones found no configuration", bare, f->n);
	return 0;
}
