/*
 * The plan of a migration, from two clusters as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/plan.h"
#include "admin/root.h"
#include "admin/verbs.h"
#include "trust/certs.h"
#include "trust/ctl.h"
#include "trust/device.h"
#include "trust/history.h"
#include "trust/known.h"
#include "trust/param.h"
#include "trust/role.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/tlist.h"

/* One of the two, opened. */
struct side {
	struct store *store;
	struct cluster cluster;
	struct node publisher;
	struct plan_side facts;
};

static void
side_close(struct side *s)
{
	store_close(s->store);
}

static int
read_param(struct store *s, const char *name, char to[PARAM_VALUE_MAX], struct err *e)
{
	const struct param *p = param_find(name, e);

	return p == NULL ? -1 : param_get(s, p, to, e);
}

/* Whether a service works otherwise than it would after a restart. */
static int
is_fresh(struct store *s, const struct service *v, bool *fresh, struct err *e)
{
	char **why;
	size_t n;

	if (service_stale(s, v, &why, &n, e) != 0)
		return -1;
	*fresh = n == 0;
	for (size_t i = 0; i < n; i++)
		free(why[i]);
	free(why);
	return 0;
}

static int
look_at_service(struct side *s, const struct service *v, struct err *e)
{
	struct plan_side *f = &s->facts;
	bool fresh;
	int news;

	f->services &= v->running;
	if (strcmp(v->name, "TFTP") == 0) {
		if (is_fresh(s->store, v, &fresh, e) != 0)
			return -1;
		f->tftp_fresh &= v->running && fresh;
	}
	if (strcmp(v->name, "TVS") == 0) {
		news = known_is_news(s->store, v->node, e);
		f->tvs_tells &= v->running && news == 0;
		return news < 0 ? -1 : 0;
	}
	return 0;
}

static int
look_at_services(struct side *s, struct err *e)
{
	struct service *all;
	size_t n;
	int rc = service_list(s->store, &all, &n, e);

	s->facts.services = s->facts.tvs_tells = s->facts.tftp_fresh = true;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = look_at_service(s, &all[i], e);
	free(all);
	return rc;
}

static int
side_open(const char *root, struct side *s, struct err *e)
{
	char rollback[PARAM_VALUE_MAX];
	struct ctl_state ctl;
	struct node *node;

	*s = (struct side){ .store = root_open_store(root, e) };
	if (s->store == NULL || cluster_get(s->store, &s->cluster, e) != 0 ||
	    node_find(s->store, NULL, &s->publisher, e) != 0 ||
	    read_param(s->store, PARAM_ROLLBACK, rollback, e) != 0 ||
	    ctl_look(s->store, &ctl, e) != 0 || look_at_services(s, e) != 0 ||
	    node_list(s->store, &node, &s->facts.nodes, e) != 0)
		return -1;
	free(node);
	s->facts.name = s->cluster.name;
	s->facts.root = root;
	s->facts.address = s->publisher.address;
	s->facts.release = s->cluster.release;
	s->facts.mixed = ctl.mixed;
	s->facts.has_ctl = ctl.newest.id != 0;
	s->facts.tokens = ctl.tokens;
	s->facts.rollback = param_is_true(rollback);
	s->facts.served = root_is_served(root);
	return 0;
}

/* ---- what A knows of B ---- */

static bool
vouches(const struct held_cert *all, size_t n, const struct cert *c)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].store, "Phone-SAST-trust") == 0 && cert_eq(all[i].cert, c))
			return true;
	return false;
}

/* Lists and files of a cluster are signed by these. */
static bool
signs(const struct held_cert *h)
{
	return strcmp(h->store, "CallManager") == 0 || strcmp(h->store, "ITLRecovery") == 0;
}

/* *first: the caller's to free. */
static int
compare_trust(
    struct side *a, struct side *b, struct plan_facts *f, struct cert **first, struct err *e)
{
	struct held_cert *ours = NULL, *theirs = NULL;
	size_t ours_n = 0, theirs_n = 0;
	int rc = -1;

	*first = NULL;
	if (certs_list(a->store, &ours, &ours_n, e) == 0 &&
	    certs_list(b->store, &theirs, &theirs_n, e) == 0)
		rc = 0;
	for (size_t i = 0; rc == 0 && i < theirs_n; i++) {
		if (!signs(&theirs[i]))
			continue;
		f->signers++;
		if (vouches(ours, ours_n, theirs[i].cert))
			continue;
		f->untrusted++;
		if (*first == NULL)
			*first = cert_copy(theirs[i].cert);
	}
	certs_list_free(ours, ours_n);
	certs_list_free(theirs, theirs_n);
	return rc;
}

static void
free_tokens(struct cert **token, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cert_free(token[i]);
}

/* The token that signs B's CTL has to be one of A's.  *shared: the caller's to free. */
static int
compare_tokens(struct side *a, struct side *b, struct cert **shared, struct err *e)
{
	struct cert *ours[CTL_TOKENS_MAX], *theirs[CTL_TOKENS_MAX];
	size_t ours_n = 0, theirs_n = 0;
	int rc = ctl_held_tokens(a->store, ours, &ours_n, e);

	*shared = NULL;
	if (rc == 0)
		rc = ctl_held_tokens(b->store, theirs, &theirs_n, e);
	for (size_t i = 0; rc == 0 && theirs_n > 0 && *shared == NULL && i < ours_n; i++)
		if (cert_eq(ours[i], theirs[0]))
			*shared = cert_copy(ours[i]);
	free_tokens(ours, ours_n);
	free_tokens(theirs, theirs_n);
	return rc;
}

/* ---- the phones of A ---- */

/* The CTL that was looked at last: phones in a row hold the same one. */
struct looked {
	int64_t ctl;
	bool binds;
};

static bool
names_tftp(const struct tlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->record[i].role == ROLE_CCM_TFTP && !tlist_is_blank(&l->record[i]))
			return true;
	return false;
}

/* Does this CTL bind who holds it to the TFTP servers it names? */
static int
look_at_ctl(struct store *s, int64_t ctl, struct looked *to, struct err *e)
{
	struct wr file = { 0 };
	struct tlist *l = NULL;

	if (ctl == to->ctl)
		return 0;
	*to = (struct looked){ .ctl = 0 };
	if (ctl == 0)
		return 0;
	if (history_file(s, ctl, &file, e) == 0)
		l = tlist_decode(wr_view(&file), e);
	if (l != NULL)
		*to = (struct looked){ ctl, names_tftp(l) };
	wr_free(&file);
	tlist_free(l);
	return ctl == to->ctl ? 0 : -1;
}

static int
look_at_phone(struct side *a, struct side *b, const struct device *d, bool emptied,
    struct looked *looked, struct plan_facts *f, struct err *e)
{
	struct device there;
	struct seen seen;
	enum itl_status status;
	char why[SEEN_NOTE_MAX];
	int known = device_get(b->store, d->name, &there, e);

	f->phones++;
	f->missing += known == 0;
	if (known < 0 || seen_get(a->store, d->name, &seen, e) != 0 ||
	    seen_status(a->store, d, &seen, &status, why, e) != 0 ||
	    look_at_ctl(a->store, seen.ctl.holds, looked, e) != 0)
		return -1;
	f->ctl_bound += seen.ctl.holds_foreign || looked->binds;
	/* Without Security By Default there is no list that could be wrong. */
	f->match += status == ITL_MATCH || !d->model->sbd;
	f->empty += emptied && (status == ITL_MATCH || !d->model->sbd);
	return 0;
}

static int
look_at_phones(struct side *a, struct side *b, struct plan_facts *f, struct err *e)
{
	struct device *all = NULL;
	struct looked looked = { .ctl = 0 };
	size_t n = 0;
	bool emptied = a->facts.rollback && a->facts.tftp_fresh;
	int rc = device_list(a->store, &all, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = look_at_phone(a, b, &all[i], emptied, &looked, f, e);
	free(all);
	if (rc != 0)
		return -1;
	return outlook_of_move(a->store, b->store, &f->if_moved_now, e);
}

/* ---- the answer ---- */

static void
put_now(struct out *o, const struct plan_facts *f)
{
	const struct outlook *l = &f->if_moved_now;
	size_t follow =
	    l->phones[OUTLOOK_FOLLOW] + l->phones[OUTLOOK_ASK] + l->phones[OUTLOOK_SAME];

	out_int(o, "would_follow", NULL, (int64_t)follow);
	out_int(o, "would_be_locked", NULL, (int64_t)l->phones[OUTLOOK_LOCKED]);
	out_int(o, "unknown", NULL, (int64_t)l->phones[OUTLOOK_UNKNOWN]);
	out_text(o, "locked_first", NULL, l->locked[0] == '\0' ? NULL : l->locked);
	out_text(o, "locked_why", NULL, l->why[0] == '\0' ? NULL : l->why);
	out_line(o,
	    "Moved as things are now: %zu phones would follow, %zu be locked, of %zu "
	    "nobody knows what they hold.",
	    follow, l->phones[OUTLOOK_LOCKED], l->phones[OUTLOOK_UNKNOWN]);
	if (l->locked[0] != '\0')
		out_line(o, "%s, for one: %s", l->locked, l->why);
}

static void
put_steps(struct out *o, const struct plan *p)
{
	static const char *const none[] = { NULL };

	out_table(o, "steps", none);
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_step *s = &p->step[i];

		out_row(o);
		out_int(o, "number", "Step", (int64_t)i + 1);
		out_text(o, "state", "State", plan_state_word(s->state));
		out_text(o, "where", "Where", s->where);
		out_text(o, "what", "What", s->what);
		if (s->command[0] != '\0')
			out_text(o, "command", "Command", s->command);
		if (s->menu[0] != '\0')
			out_text(o, "menu", "Unified CM", s->menu);
		if (s->why[0] != '\0')
			out_text(o, "why", "Why", s->why);
	}
	out_table_end(o);
}

static int
put_plan(struct out *o, const struct plan_facts *f, const struct plan *p, struct err *e)
{
	static const char *const others[PLAN_METHODS] = { [PLAN_BULK] = "rollback or tokens",
		[PLAN_ROLLBACK] = "bulk or tokens",
		[PLAN_TOKENS] = "bulk or rollback" };

	out_text(o, "method", "Method", plan_word(p->method));
	out_text(o, "from", "From", f->a.name);
	out_text(o, "to", "To", f->b.name);
	out_int(o, "phones", "Phones", (int64_t)f->phones);
	put_now(o, f);
	put_steps(o, p);
	for (size_t i = 0; i < p->obstacles; i++)
		out_add_text(o, "obstacles", NULL, p->obstacle[i]);
	if (p->obstacles == 0)
		return 0;
	err_set(e, ERR_NO, "%s", p->obstacle[0]);
	return err_hint(e, "another method: %s", others[p->method]);
}

static int
make_plan(const struct call *c, enum plan_method method, struct side *a, struct side *b,
    struct out *o, struct err *e)
{
	struct plan_facts f = {
		.a = a->facts, .b = b->facts, .exchange = call_option(c, "exchange")
	};
	struct cert *first = NULL, *shared = NULL;
	struct plan p;
	int rc = -1;

	if (f.exchange == NULL)
		f.exchange = "sftp://HOST/folder";
	if (compare_trust(a, b, &f, &first, e) == 0 && compare_tokens(a, b, &shared, e) == 0 &&
	    look_at_phones(a, b, &f, e) == 0) {
		f.first_untrusted = first ? cert_subject(first, CERT_CISCO) : NULL;
		f.shared_token = shared ? cert_subject(shared, CERT_CISCO) : NULL;
		plan_make(&f, method, &p);
		rc = put_plan(o, &f, &p, e);
	}
	cert_free(first);
	cert_free(shared);
	return rc;
}

static int
run_plan(const struct call *c, struct out *o, struct err *e)
{
	struct side a = { .store = NULL }, b = { .store = NULL };
	enum plan_method method;
	int rc = plan_method_of(c->arg[0], &method, e);

	if (rc == 0)
		rc = side_open(call_option(c, "from"), &a, e);
	if (rc == 0)
		rc = side_open(call_option(c, "to"), &b, e);
	if (rc == 0)
		rc = make_plan(c, method, &a, &b, o, e);
	side_close(&a);
	side_close(&b);
	return rc;
}

static const struct verb verbs[] = {
	{
	    .words = "plan",
	    .args = "bulk|rollback|tokens",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "the steps that take phones from one cluster to another, and which are done "
		    "(exit 5: that way does not work)",
	    .option = { { .name = "from",
			    .metavar = "ROOT",
			    .help = "the folder of the cluster they are on",
			    .must = true },
		{ .name = "to",
		    .metavar = "ROOT",
		    .help = "the folder of the one they go to",
		    .must = true },
		{ .name = "exchange",
		    .metavar = "WHERE",
		    .help = "the folder or sftp:// that certificates go through" } },
	    .host_only = "it reads the folders of two clusters",
	    .run = run_plan,
	},
};

const struct verb_set plan_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
