#include "cmd/verb_backup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/backup.h"
#include "admin/backup_restore.h"
#include "admin/backup_seal.h"
#include "admin/root.h"
#include "admin/secret.h"
#include "base/mem.h"
#include "cmd/config.h"
#include "cmd/progress.h"
#include "cmd/stop.h"

enum { MIB = 1 << 20, DRAW_EACH = 1 << 22 };

/* ---- a bar ---- */

struct bar {
	struct progress progress;
	uint64_t drawn;
	struct stop stop;
};

static void
draw(void *ctx, uint64_t bytes, uint64_t of)
{
	struct bar *b = ctx;

	if (bytes >= b->drawn && bytes - b->drawn < DRAW_EACH)
		return;
	b->drawn = bytes;
	progress_show(
	    &b->progress, (size_t)(bytes / MIB), (size_t)((of > bytes ? of : bytes) / MIB));
}

/* Somebody at a shell, and not a caller that runs verbs one after the other, has show(). */
static void
begin_bar(const struct call *c, struct bar *b)
{
	*b = (struct bar){ .drawn = 0 };
	progress_start(&b->progress, c->show != NULL);
}

/* Where half of the work is files that nobody may find: they are put away on SIGINT and SIGTERM. */
static void
begin_work(const struct call *c, struct bar *b, struct backup_watch *w)
{
	begin_bar(c, b);
	w->stop = stop_catch(&b->stop);
}

static void
end_work(struct bar *b)
{
	stop_leave(&b->stop);
	progress_end(&b->progress);
}

/* ---- the passphrase ---- */

/* Typed, it is asked for twice: nobody can read a backup whose passphrase has a slip in it. */
static int
new_passphrase(const struct call *c, struct wr *to, struct err *e)
{
	int rc = secret_read(c, "password-file", "passphrase", to, e);

	if (rc == 0 && to->n < BACKUP_PASSPHRASE_MIN)
		rc = err_set(e, ERR_USAGE, "a passphrase of %zu bytes: it has at least %d", to->n,
		    BACKUP_PASSPHRASE_MIN);
	return rc == 0 ? secret_confirm(c, "password-file", "passphrase", to, e) : rc;
}

/* ---- create ---- */

static void
show_made(const struct call *c, struct out *o, const struct backup_made *made)
{
	const struct manifest *m = &made->manifest;

	out_text(o, "file", "Backup", c->arg[0]);
	out_int(o, "bytes", "Bytes", (int64_t)made->bytes);
	out_text(o, "cluster", "Cluster", m->cluster);
	out_text(o, "release", "Release", m->release);
	out_time(o, "created", "Created", m->created);
	out_int(o, "files", "Files", (int64_t)m->files);
	out_int(o, "left_out", NULL, (int64_t)made->left_out);
	if (made->left_out > 0)
		out_line(o,
		    "Warning: %zu of the folder left out, for TFTP does not serve what has such a "
		    "name or leads elsewhere; the first: %s",
		    made->left_out, made->left_out_first);
	out_line(o, "It was read again and is in order. Without the passphrase nobody can.");
}

static int
create(const struct call *c, struct bytes passphrase, struct out *o, struct err *e)
{
	struct bar bar;
	struct backup_watch watch = { .at = draw, .ctx = &bar };
	struct config config;
	struct backup_made made;
	char *conf = root_conf(c->root);
	int rc = config_read(c->root, &config, NULL, e);

	if (rc == 0) {
		struct backup_plan p = { .store = c->store,
			.root = c->root,
			.conf = conf,
			.folder = config.tftp_folder,
			.file = c->arg[0],
			.passphrase = passphrase,
			.rounds = SEAL_ROUNDS,
			.now = c->now,
			.watch = &watch };

		begin_work(c, &bar, &watch);
		rc = backup_create(&p, &made, e);
		end_work(&bar);
		if (rc == 0)
			show_made(c, o, &made);
		backup_made_free(&made);
	}
	config_free(&config);
	free(conf);
	return rc;
}

static int
run_create(const struct call *c, struct out *o, struct err *e)
{
	struct wr passphrase = { 0 };
	int rc = new_passphrase(c, &passphrase, e);

	if (rc == 0)
		rc = create(c, wr_view(&passphrase), o, e);
	wr_wipe(&passphrase);
	return rc;
}

/* ---- verify ---- */

static int
run_verify(const struct call *c, struct out *o, struct err *e)
{
	struct wr passphrase = { 0 };
	struct bar bar;
	struct backup_watch watch = { .at = draw, .ctx = &bar };
	struct manifest m;
	int rc = secret_read(c, "password-file", "passphrase", &passphrase, e);

	if (rc == 0) {
		begin_bar(c, &bar);
		rc = backup_read(c->arg[0], wr_view(&passphrase), NULL, &watch, &m, e);
		progress_end(&bar.progress);
		out_bool(o, "verified", NULL, rc == 0);
		if (rc == 0) {
			manifest_show(&m, o);
			out_line(o, "Verified: %s is whole, and as it was made.", c->arg[0]);
		}
		manifest_free(&m);
	}
	wr_wipe(&passphrase);
	return rc;
}

/* ---- restore ---- */

static void
show_outlook(struct out *o, const struct restored *r)
{
	const size_t *n = r->outlook.phones;

	out_text(o, "judged_by", NULL, r->by_instance ? "instance" : "backup");
	out_table(o, "phones", NULL);
	for (int fate = 0; fate < OUTLOOK_FATES; fate++) {
		out_row(o);
		out_text(o, "fate", NULL, outlook_word((enum outlook_fate)fate));
		out_int(o, "after", NULL, (int64_t)n[fate]);
	}
	out_table_end(o);
	out_line(o,
	    "Phones, when the restored services have started and they boot (by what %s): %zu "
	    "follow, %zu follow after asking TVS, %zu locked, %zu unaffected, %zu of which nobody "
	    "knows",
	    r->by_instance ? "the instance that was there knew of them"
			   : "was known of them when the backup was made",
	    n[OUTLOOK_FOLLOW], n[OUTLOOK_ASK], n[OUTLOOK_LOCKED], n[OUTLOOK_SAME],
	    n[OUTLOOK_UNKNOWN]);
	if (n[OUTLOOK_LOCKED] == 0)
		return;
	out_text(o, "locked_first", NULL, r->outlook.locked);
	out_text(o, "locked_reason", NULL, judge_reason_word(r->outlook.reason));
	out_line(o, "%s: %s", r->outlook.locked, r->outlook.why);
}

static bool
same_place(const char *a, const char *b)
{
	char x[PATH_MAX], y[PATH_MAX];

	if (realpath(a, x) == NULL || realpath(b, y) == NULL)
		return strcmp(a, b) == 0;
	return strcmp(x, y) == 0;
}

/* The restored trustlist.conf may name a folder that is not under the root: nothing was written
 * there, for it may be another instance's. */
static void
show_folder(const struct call *c, struct out *o)
{
	char *folder = root_folder(c->root);
	struct config config;
	struct err e;

	if (config_read(c->root, &config, NULL, &e) != 0)
		out_line(o, "Warning: the restored trustlist.conf: %s", e.text);
	else if (!same_place(config.tftp_folder, folder))
		out_line(o,
		    "Warning: trustlist.conf has the static files in %s; those of the backup are "
		    "in %s: copy them, or take the setting out",
		    config.tftp_folder, folder);
	config_free(&config);
	free(folder);
}

/* What names the old address and is not changed by it. */
static void
show_moves(const struct call *c, struct out *o, const struct restored *r)
{
	static const char *const headings[] = { "Node", "Address was", "Address is", NULL };

	if (r->moves == 0)
		return;
	out_table(o, "moved", headings);
	for (size_t i = 0; i < r->moves; i++) {
		out_row(o);
		out_text(o, "node", "Node", r->move[i].node);
		out_text(o, "from", "Address was", r->move[i].from);
		out_text(o, "to", "Address is", r->move[i].to);
	}
	out_table_end(o);
	out_int(o, "settings_moved", NULL, (int64_t)r->settings_moved);
	out_line(o, "trustlist.conf: %zu address%s changed", r->settings_moved,
	    r->settings_moved == 1 ? "" : "es");
	out_line(o,
	    "Certificates keep their names. ITLs name the new addresses when TFTP has started; a "
	    "CTL does after `trustlist --root %s ctl update`.",
	    c->root);
	out_line(o,
	    "Phones go on asking for files and TVS at the old address until DHCP option 150 sends "
	    "them to the new one and they have a configuration from there.");
}

static void
show_restored(const struct call *c, struct out *o, const struct restored *r)
{
	const struct manifest *m = &r->manifest;

	out_text(o, "cluster", "Cluster", m->cluster);
	out_text(o, "release", "Release", m->release);
	out_time(o, "backed_up", "Backed up", m->created);
	out_text(o, "root", "Restored to", c->root);
	out_text(o, "kept", r->kept != NULL ? "What was there" : NULL, r->kept);
	show_moves(c, o, r);
	show_folder(c, o);
	out_line(o, "Next: trustlist --root %s serve", c->root);
}

/* Who restored stands in the trails of what was restored; that it could not be noted changes
 * nothing. */
static void
note(const struct call *c)
{
	struct err e;
	struct store *s = root_open_store(c->root, &e);

	if (s == NULL)
		return;
	call_note(c, s, "backup restore", "done");
	store_close(s);
}

static int
read_moves(const struct call *c, struct move to[MOVES_MAX], size_t *n, struct err *e)
{
	const char *text;

	for (*n = 0; (text = call_option_n(c, "address", *n)) != NULL; *n += 1) {
		if (*n == MOVES_MAX)
			return err_set(e, ERR_USAGE, "--address: at most %d of them", MOVES_MAX);
		if (move_read(text, &to[*n], e) != 0)
			return err_prefix(e, "--address");
	}
	return 0;
}

static int
restore(const struct call *c, struct bytes passphrase, struct out *o, struct err *e)
{
	struct move move[MOVES_MAX];
	struct bar bar;
	struct backup_watch watch = { .at = draw, .ctx = &bar };
	struct restore_plan p = { .root = c->root,
		.file = c->arg[0],
		.passphrase = passphrase,
		.yes = c->yes,
		.move = move,
		.now = c->now,
		.watch = &watch };
	struct restored r;
	int rc;

	if (read_moves(c, move, &p.moves, e) != 0)
		return -1;
	begin_work(c, &bar, &watch);
	rc = backup_restore(&p, &r, e);
	end_work(&bar);
	out_bool(o, "restored", NULL, r.took_place);
	if (r.judged)
		show_outlook(o, &r);
	if (rc == 0) {
		note(c);
		show_restored(c, o, &r);
	}
	restored_free(&r);
	return rc;
}

static int
run_restore(const struct call *c, struct out *o, struct err *e)
{
	struct wr passphrase = { 0 };
	int rc = secret_read(c, "password-file", "passphrase", &passphrase, e);

	if (rc == 0)
		rc = restore(c, wr_view(&passphrase), o, e);
	wr_wipe(&passphrase);
	return rc;
}

#define PASSPHRASE_OPTION                                                                          \
	{                                                                                          \
		.name = "password-file", .metavar = "FILE",                                        \
		.help = "the passphrase; - reads standard input (else asked for)",                 \
		.takes = VALUE_SECRET                                                              \
	}

static const struct verb verbs[] = {
	{
	    .words = "backup create",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "back up store, keys, trustlist.conf and static files, while serving",
	    .option = { PASSPHRASE_OPTION },
	    .takes = VALUE_OUT,
	    .apart = true,
	    .run = run_create,
	},
	{
	    .words = "backup verify",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_ADMIN,
	    .help = "check every byte of a backup and show what is in it; exit 5: not verified",
	    .option = { PASSPHRASE_OPTION },
	    .takes = VALUE_FILE,
	    .apart = true,
	    .run = run_verify,
	},
	{
	    .words = "backup restore",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ROOT,
	    .right = RIGHT_ADMIN,
	    .help = "make a backup the instance, unless phones would be locked (--yes)",
	    .option = { PASSPHRASE_OPTION,
		{ .name = "address",
		    .metavar = "[NODE=]ADDR",
		    .help = "the publisher, or this node, has this address from now on",
		    .many = true } },
	    .takes = VALUE_FILE,
	    .host_only = "a cluster that is served is not replaced",
	    .run = run_restore,
	},
};

const struct verb_set backup_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
