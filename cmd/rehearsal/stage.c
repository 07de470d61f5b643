#include "cmd/rehearsal/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/root.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/rehearsal/drawer.h"
#include "cmd/rehearsal/guest.h"
#include "cmd/rehearsal/loopback.h"
#include "cmd/rehearsal/tree.h"
#include "trust/device.h"

/* Phones wait for few things at a time: one worker serves them all, and phones boot meanwhile. */
enum { WORKERS = 2 };

static const char *
name_of(const struct stage *s, const struct stage_cluster *c)
{
	return script_cluster_name((unsigned)(c - s->cluster));
}

int64_t
stage_now(const struct stage *s)
{
	(void)s;
	return clock_wall();
}

void
stage_forward(struct stage *s, int64_t seconds)
{
	s->ahead += seconds;
	clock_shift(s->ahead);
}

bool
stage_is_all_ours(const struct stage *s)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		if (s->cluster[i].there && !s->cluster[i].ours)
			return false;
	return true;
}

struct script_values
stage_values(const struct stage *s)
{
	struct script_values v = { .dir = s->files, .cn = s->cn };

	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		v.address[i] = s->cluster[i].address;
	return v;
}

int
stage_command(struct stage *s, unsigned cluster, char *const *word, size_t words, struct out *o,
    struct err *e)
{
	struct command c = { .root = s->cluster[cluster].root,
		.word = (const char *const *)word,
		.words = words,
		.fence = s->files,
		.now = stage_now(s),
		.who = "rehearsal" };

	return command_run(&c, o, e);
}

/* A command whose words are ours, and that says nothing to anybody. */
static int
command(struct stage *s, const struct stage_cluster *c, const char *const *word, size_t words,
    struct err *e)
{
	struct command what = { .root = c->root,
		.word = word,
		.words = words,
		.now = stage_now(s),
		.who = "rehearsal" };
	struct out *o = out_new();
	int rc = command_run(&what, o, e);

	out_free(o);
	return rc == 0 ? 0 : err_prefix(e, "cluster %s", name_of(s, c));
}

/* ---- a cluster of ours ---- */

/* Taken up: its services go on with what they had loaded. */
static int
serve(struct stage *s, struct stage_cluster *c, bool taken_up, struct err *e)
{
	if (taken_up)
		c->site = site_resume(c->root, WORKERS, stage_now(s), e);
	else
		c->site = site_open(c->root, WORKERS, stage_now(s), e);
	if (c->site == NULL || (c->store = root_open_store(c->root, e)) == NULL)
		return err_prefix(e, "cluster %s", name_of(s, c));
	return 0;
}

static void
close_cluster(struct stage_cluster *c)
{
	store_close(c->store);
	c->store = NULL;
	site_close(c->site);
	c->site = NULL;
}

static int
add_phones(struct stage *s, struct stage_cluster *c, struct err *e)
{
	int rc = store_begin(c->store, e);

	if (rc != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < s->fleet.n; i++) {
		const struct fleet_phone *p = &s->fleet.phone[i];
		struct device d = { .model = p->model, .security = SECURITY_NONE };

		d.added = stage_now(s);
		snprintf(d.name, sizeof(d.name), "%s", p->name);
		rc = device_add(c->store, &d, e);
	}
	return store_end(c->store, rc, e);
}

static int
found(struct stage *s, struct stage_cluster *c, struct err *e)
{
	const char *const init[] = { "cluster", "init", "--name", name_of(s, c), "--release",
		release_text(c->release), "--address", c->address };
	const char *const mixed[] = { "ctl", "set-mode", "mixed-mode", "--yes" };

	if (command(s, c, init, sizeof(init) / sizeof(init[0]), e) != 0)
		return -1;
	if (c->mixed && command(s, c, mixed, sizeof(mixed) / sizeof(mixed[0]), e) != 0)
		return -1;
	if (serve(s, c, false, e) != 0)
		return -1;
	return add_phones(s, c, e);
}

/* ---- all of it ---- */

static int
make_scratch(struct stage *s, const char *keep, struct err *e)
{
	if (keep != NULL) {
		s->keep = true;
		s->dir = mem_text(keep);
		if (file_exists(keep))
			return err_set(e, ERR_EXISTS, "%s: there is something already", keep);
		return file_make_folder(keep, 0700, e);
	}
	s->dir = tree_scratch(e);
	return s->dir == NULL ? -1 : 0;
}

static int
make_folders(struct stage *s, struct err *e)
{
	char *play = mem_fmt("%s/play", s->dir);
	int rc;

	s->files = mem_fmt("%s/play/files", s->dir);
	rc = file_make_folder(play, 0700, e);
	if (rc == 0)
		rc = file_make_folder(s->files, 0700, e);
	free(play);
	return rc;
}

static int
make_fleet(struct stage *s, const struct script *script, struct err *e)
{
	char *folder = mem_fmt("%s/play/phones", s->dir);
	struct fleet_mix mix = script->fleet;
	int rc = guest_free_addresses(s, mix.phones, &mix.first_mac, e);

	if (rc == 0)
		rc = fleet_make(folder, &mix, &s->fleet, e);
	free(folder);
	s->mark = mem_array(s->fleet.n, sizeof(*s->mark));
	for (size_t i = 0; i < s->fleet.n; i++)
		s->mark[i] =
		    (struct mark){ .state = STATE_NEW, .at = script->at, .home = script->at };
	s->at = script->at;
	return rc;
}

/* Somebody's are looked at before anything is made. */
static int
take_clusters(struct stage *s, const struct stage_plan *plan, struct err *e)
{
	for (unsigned i = 0; i < STATE_CLUSTERS; i++) {
		const struct script_cluster *like = &plan->script->cluster[i];
		struct stage_cluster *c = &s->cluster[i];

		if (plan->root[i] != NULL && !like->there)
			return err_set(e, ERR_USAGE, "--%c: the script has no cluster %s",
			    'a' + (char)i, script_cluster_name(i));
		*c = (struct stage_cluster){ .there = like->there,
			.ours = plan->root[i] == NULL,
			.release = like->release,
			.mixed = like->mixed };
		if (!c->ours && guest_take(c, script_cluster_name(i), plan->root[i], e) != 0)
			return -1;
	}
	return guest_differ(s, e);
}

static int
begin_cluster(struct stage *s, unsigned i, struct err *e)
{
	struct stage_cluster *c = &s->cluster[i];

	if (!c->there)
		return 0;
	if (!c->ours) {
		c->has_phones = true;
		return add_phones(s, c, e);
	}
	c->root = mem_fmt("%s/play/%s", s->dir, script_cluster_name(i));
	c->tftp_port = FETCH_TFTP_PORT;
	c->http_port = FETCH_HTTP_PORT;
	if (loopback_find(i, c->address, e) != 0)
		return -1;
	return found(s, c, e);
}

/* Tokens made in it are put back with the rest of what is played.  Without a drawer no token can be
 * reached: the environment may name the library of real ones, and a blank one may be plugged in. */
static int
make_drawer(const struct stage *s, bool wanted, struct err *e)
{
	char *play = mem_fmt("%s/play", s->dir);
	int rc = wanted ? drawer_open(play, e) : drawer_none(e);

	free(play);
	return rc;
}

int
stage_open(const struct stage_plan *plan, struct stage *s, struct err *e)
{
	*s = (struct stage){ .dir = NULL };
	if (take_clusters(s, plan, e) != 0 || make_scratch(s, plan->keep, e) != 0 ||
	    make_folders(s, e) != 0 || make_fleet(s, plan->script, e) != 0 ||
	    make_drawer(s, plan->script->tokens, e) != 0)
		return -1;
	for (unsigned i = 0; i < STATE_CLUSTERS; i++)
		if (begin_cluster(s, i, e) != 0)
			return -1;
	return 0;
}

void
stage_close(struct stage *s)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++) {
		if (s->cluster[i].has_phones && !s->keep)
			guest_forget(&s->cluster[i], &s->fleet);
		close_cluster(&s->cluster[i]);
		free(s->cluster[i].root);
	}
	clock_shift(0);
	fleet_free(&s->fleet);
	free(s->mark);
	free(s->saved_phone);
	free(s->saved_mark);
	if (s->dir != NULL && !s->keep)
		tree_remove(s->dir);
	free(s->files);
	free(s->dir);
	*s = (struct stage){ .dir = NULL };
}

static int
check_ours(const struct stage *s, const struct stage_cluster *c, const char *what, struct err *e)
{
	if (c->ours)
		return 0;
	return err_set(e, ERR_USAGE,
	    "cluster %s is somebody's (%s): a rehearsal does not %s it; without --a and --b it makes "
	    "clusters of its own",
	    name_of(s, c), c->root, what);
}

int
stage_create(struct stage *s, unsigned cluster, const struct script_cluster *like, struct err *e)
{
	struct stage_cluster *c = &s->cluster[cluster];

	if (check_ours(s, c, "replace", e) != 0)
		return -1;
	close_cluster(c);
	tree_remove(c->root);
	if (like != NULL) {
		c->release = like->release;
		c->mixed = like->mixed;
	}
	return found(s, c, e);
}

int
stage_switch(struct stage *s, unsigned cluster, bool on, struct err *e)
{
	struct stage_cluster *c = &s->cluster[cluster];

	if (check_ours(s, c, on ? "switch on" : "switch off", e) != 0)
		return -1;
	if (on == (c->site != NULL))
		return err_set(
		    e, ERR_USAGE, "cluster %s is %s already", name_of(s, c), on ? "on" : "off");
	if (on)
		return serve(s, c, false, e);
	close_cluster(c);
	return 0;
}

int
stage_catch_up(struct stage *s, struct err *e)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++) {
		struct site *site = s->cluster[i].site;

		if (site == NULL)
			continue;
		if (site_notify(site, stage_now(s), e) != 0 ||
		    site_renew(site, stage_now(s), e) != 0)
			return -1;
	}
	return 0;
}

/* ---- more than once ---- */

static void
close_ours(struct stage *s)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		if (s->cluster[i].ours)
			close_cluster(&s->cluster[i]);
}

/* Those that were on at the time. */
static int
serve_saved(struct stage *s, struct err *e)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		if (s->saved_cluster[i].on && serve(s, &s->cluster[i], true, e) != 0)
			return -1;
	return 0;
}

static int
copy_away(struct stage *s, struct err *e)
{
	char *from = mem_fmt("%s/play", s->dir), *to = mem_fmt("%s/saved", s->dir);
	int rc = tree_copy(from, to, e);

	free(from);
	free(to);
	return rc;
}

static int
copy_back(struct stage *s, struct err *e)
{
	char *from = mem_fmt("%s/saved", s->dir), *to = mem_fmt("%s/play", s->dir);
	int rc;

	tree_remove(to);
	rc = tree_copy(from, to, e);
	free(from);
	free(to);
	return rc;
}

int
stage_save(struct stage *s, struct err *e)
{
	size_t phones = s->fleet.n * sizeof(*s->fleet.phone), marks = s->fleet.n * sizeof(*s->mark);

	s->saved_phone = mem_new(phones);
	s->saved_mark = mem_new(marks);
	memcpy(s->saved_phone, s->fleet.phone, phones);
	memcpy(s->saved_mark, s->mark, marks);
	s->saved_at = s->at;
	s->saved_ahead = s->ahead;
	memcpy(s->saved_cn, s->cn, sizeof(s->cn));
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		s->saved_cluster[i] = (struct stage_saved){ s->cluster[i].site != NULL,
			s->cluster[i].release, s->cluster[i].mixed };
	close_ours(s);
	if (copy_away(s, e) != 0)
		return -1;
	return serve_saved(s, e);
}

/* The folders of the phones are the same ones, so what the phones point to is, too. */
int
stage_restore(struct stage *s, struct err *e)
{
	memcpy(s->fleet.phone, s->saved_phone, s->fleet.n * sizeof(*s->fleet.phone));
	memcpy(s->mark, s->saved_mark, s->fleet.n * sizeof(*s->mark));
	s->at = s->saved_at;
	s->ahead = s->saved_ahead;
	memcpy(s->cn, s->saved_cn, sizeof(s->cn));
	clock_shift(s->ahead);
	close_ours(s);
	for (size_t i = 0; i < STATE_CLUSTERS; i++) {
		s->cluster[i].release = s->saved_cluster[i].release;
		s->cluster[i].mixed = s->saved_cluster[i].mixed;
	}
	if (copy_back(s, e) != 0)
		return -1;
	return serve_saved(s, e);
}
