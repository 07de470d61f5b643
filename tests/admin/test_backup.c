#include "admin/backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/backup_restore.h"
#include "admin/backup_seal.h"
#include "admin/backup_swap.h"
#include "admin/leftover.h"
#include "admin/root.h"
#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/certs.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/history.h"
#include "trust/listing.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/tlist.h"

#define PASSPHRASE "correct horse battery staple"
#define PHONE	   "SEP001122334455"

enum { FEW = 1, DIED = 9 };

/* ---- a process that dies over the nth name it changes ---- */

static int left; /* 0: it lives on */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);

static void
step(void)
{
	if (left > 0 && --left == 0)
		_exit(DIED);
}

int
__wrap_rename(const char *from, const char *to)
{
	step();
	return __real_rename(from, to);
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	step();
	return __real_renameat2(a, from, b, to, flags);
}

int
__wrap_rmdir(const char *path)
{
	step();
	return __real_rmdir(path);
}

/* ---- something that is mounted in the root ---- */

static const char *mounted; /* how its path ends; NULL: none is */

int __real_statx(int at, const char *path, int flags, unsigned mask, struct statx *to);
int __wrap_statx(int at, const char *path, int flags, unsigned mask, struct statx *to);

int
__wrap_statx(int at, const char *path, int flags, unsigned mask, struct statx *to)
{
	int rc = __real_statx(at, path, flags, mask, to);
	const char *end = mounted == NULL ? NULL : strstr(path, mounted);

	if (rc == 0 && end != NULL && end[strlen(mounted)] == '\0') {
		CU_ASSERT((to->stx_mask & STATX_MNT_ID) != 0);
		to->stx_mnt_id++;
	}
	return rc;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- an instance ---- */

static void
put_file(const char *root, const char *name, const char *text)
{
	char *path = mem_fmt("%s/%s", root, name);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(file_replace(path, bytes_of(text), 0644, &e), 0);
	free(path);
}

static void
put_folder(const char *root, const char *name)
{
	char *path = mem_fmt("%s/%s", root, name);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(file_make_folder(path, 0755, &e), 0);
	free(path);
}

static void
has_file(const char *root, const char *name, const char *text)
{
	char *path = mem_fmt("%s/%s", root, name);
	struct wr w = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(file_read(path, WR_MAX, &w, &e), 0);
	CU_ASSERT(bytes_eq_text(wr_view(&w), text));
	wr_free(&w);
	free(path);
}

static bool
has(const char *root, const char *name)
{
	char *path = mem_fmt("%s/%s", root, name);
	struct stat st;
	bool is = lstat(path, &st) == 0;

	free(path);
	return is;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* A root with this store (closed here), whose files all say `mark`.  The caller frees. */
static char *
root_with(struct store *s, const char *mark)
{
	char *root = lab_path(), *store = root_store(root);
	struct err e = { 0 };

	put_folder(root, "tftp/sub");
	CU_ASSERT_EQUAL(chmod(root, 0700), 0);
	CU_ASSERT_EQUAL(store_copy(s, store, &e), 0);
	store_close(s);
	put_file(root, "trustlist.conf", mark);
	put_file(root, "tftp/dialplan.xml", mark);
	put_file(root, "tftp/sub/b.xml", "<b/>");
	free(store);
	return root;
}

static char *
usual_root(const char *mark)
{
	return root_with(lab_founded(RELEASE_12_5), mark);
}

static int
back_up(const char *root, const char *file, struct backup_made *made, struct err *e)
{
	char *conf = root_conf(root), *folder = root_folder(root);
	struct backup_plan p = { .store = root_open_store(root, e),
		.root = root,
		.conf = conf,
		.folder = folder,
		.file = file,
		.passphrase = bytes_of(PASSPHRASE),
		.rounds = FEW,
		.now = LAB_NOW };
	int rc = backup_create(&p, made, e);

	store_close(p.store);
	free(conf);
	free(folder);
	return rc;
}

/* A backup of it, to free. */
static char *
backup_of(const char *root)
{
	struct backup_made made;
	struct err e = { 0 };
	char *file = lab_path();
	int rc = back_up(root, file, &made, &e);

	if (rc != 0)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	backup_made_free(&made);
	return file;
}

static int
restore(const char *root, const char *file, bool yes, struct restored *r, struct err *e)
{
	struct restore_plan p = { .root = root,
		.file = file,
		.passphrase = bytes_of(PASSPHRASE),
		.yes = yes,
		.now = LAB_NOW + 1000 };

	return backup_restore(&p, r, e);
}

static void
restores(const char *root, const char *file, bool yes)
{
	struct restored r;
	struct err e = { 0 };
	int rc = restore(root, file, yes, &r, &e);

	if (rc != 0)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	CU_ASSERT(r.took_place);
	restored_free(&r);
}

static int
verify(const char *file, const char *passphrase, struct err *e)
{
	struct manifest m;
	int rc = backup_read(file, bytes_of(passphrase), NULL, NULL, &m, e);

	manifest_free(&m);
	return rc;
}

static int
restore_at(
    const char *root, const char *file, const char *address, struct restored *r, struct err *e)
{
	struct move m;
	struct restore_plan p = { .root = root,
		.file = file,
		.passphrase = bytes_of(PASSPHRASE),
		.move = &m,
		.moves = 1,
		.now = LAB_NOW + 1000 };

	CU_ASSERT_EQUAL(move_read(address, &m, e), 0);
	return backup_restore(&p, r, e);
}

/* ---- it comes back ---- */

static void
what_was_there_comes_back(void)
{
	char *root = usual_root("one"), *to = lab_path(), *file = lab_path(), *store;
	struct backup_made made;
	struct restored r;
	struct store *s;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(back_up(root, file, &made, &e), 0);
	CU_ASSERT_EQUAL(made.left_out, 0);
	CU_ASSERT_EQUAL(made.manifest.files, 4);
	CU_ASSERT_STRING_EQUAL(made.manifest.cluster, "lab");
	CU_ASSERT_STRING_EQUAL(made.manifest.node[0].address, "10.0.0.1");
	CU_ASSERT_EQUAL(mode_of(file), 0600);
	CU_ASSERT_FALSE(has(root, ".backup-"));

	CU_ASSERT_EQUAL_FATAL(restore(to, file, false, &r, &e), 0);
	CU_ASSERT_PTR_NULL(r.kept);
	CU_ASSERT_FALSE(r.by_instance);
	CU_ASSERT_EQUAL(manifest_same_files(&r.manifest, &made.manifest, &e), 0);
	has_file(to, "trustlist.conf", "one");
	has_file(to, "tftp/dialplan.xml", "one");
	has_file(to, "tftp/sub/b.xml", "<b/>");
	CU_ASSERT_FALSE(has(to, ".restored"));
	store = root_store(to);
	CU_ASSERT_EQUAL(mode_of(store), 0600);
	CU_ASSERT_EQUAL(mode_of(to), 0700);
	s = root_open_store(to, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT(lab_int(s, "SELECT count(*) FROM cert_key") > 3);
	store_close(s);
	restored_free(&r);
	backup_made_free(&made);
	free(store);
	free(file);
	free(to);
	free(root);
}

/* Hidden files are those that are being written; links that lead out are not served either. */
static void
what_is_not_served_is_left_out_and_said(void)
{
	char *root = usual_root("one"), *file = lab_path(), *to = lab_path(), *link;
	struct backup_made made;
	struct err e = { 0 };

	put_file(root, "tftp/.half.x", "half");
	put_file(root, "tftp/new\nline", "x");
	link = mem_fmt("%s/tftp/out", root);
	CU_ASSERT_EQUAL(symlink("/etc/passwd", link), 0);
	free(link);
	link = mem_fmt("%s/tftp/within", root);
	CU_ASSERT_EQUAL(symlink("dialplan.xml", link), 0);
	free(link);
	link = mem_fmt("%s/tftp/pipe", root);
	CU_ASSERT_EQUAL(mkfifo(link, 0644), 0);
	free(link);

	CU_ASSERT_EQUAL_FATAL(back_up(root, file, &made, &e), 0);
	CU_ASSERT_EQUAL(made.left_out, 3);
	CU_ASSERT_STRING_EQUAL(made.left_out_first, "new\nline");
	CU_ASSERT_EQUAL(made.manifest.files, 5);
	backup_made_free(&made);
	restores(to, file, false);
	has_file(to, "tftp/within", "one");
	CU_ASSERT_FALSE(has(to, "tftp/out"));
	CU_ASSERT_FALSE(has(to, "tftp/.half.x"));
	free(file);
	free(to);
	free(root);
}

static void
a_backup_within_the_folder_does_not_hold_itself(void)
{
	char *root = usual_root("one"), *file = mem_fmt("%s/tftp/backup", root);
	struct backup_made made;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(back_up(root, file, &made, &e), 0);
	CU_ASSERT_EQUAL(made.manifest.files, 4);
	backup_made_free(&made);
	free(file);
	free(root);
}

static int
entries_of(const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, NULL);

	CU_ASSERT_FATAL(n >= 2);
	for (int i = 0; i < n; i++)
		free(entry[i]);
	free(entry);
	return n - 2; /* "." and ".." */
}

static void
a_backup_replaces_no_file_and_leaves_nothing_when_it_fails(void)
{
	char *root = usual_root("one"), *folder = lab_path(), *file;
	struct backup_made made;
	struct err e = { 0 };
	int before;

	put_folder(folder, "");
	put_file(folder, "there", "mine");
	file = mem_fmt("%s/there", folder);
	CU_ASSERT_EQUAL(back_up(root, file, &made, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	has_file(folder, "there", "mine");
	free(file);

	file = mem_fmt("%s/tftp", root);
	swap_drop(file);
	free(file);
	before = entries_of(root);
	file = mem_fmt("%s/new", folder);
	CU_ASSERT_EQUAL(back_up(root, file, &made, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	free(file);
	CU_ASSERT_EQUAL(entries_of(folder), 1);
	CU_ASSERT_EQUAL(entries_of(root), before);
	free(folder);
	free(root);
}

/* ---- what a process that was killed has left ---- */

/* The copy of a store, with all private keys, and half a backup: in use while somebody holds it. */
static void
what_a_killed_one_left_is_taken_away_by_the_next(void)
{
	char *root = usual_root("one"), *file = lab_path(), *copy, *in_use, *part;
	struct backup_made made;
	struct err e = { 0 };
	int fd;

	put_folder(root, ".backup-abcdef");
	put_file(root, ".backup-abcdef/trustlist.db", "all private keys");
	put_folder(root, ".backup-kept");
	part = mem_fmt("%s.part-abcdef", file);
	copy = mem_fmt("%s/.backup-", root);
	fd = leftover_folder(copy, &in_use, &e);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(file_replace(part, bytes_of("half"), 0600, &e), 0);
	CU_ASSERT_EQUAL_FATAL(back_up(root, file, &made, &e), 0);
	backup_made_free(&made);
	CU_ASSERT_FALSE(has(root, ".backup-abcdef"));
	CU_ASSERT(has(root, ".backup-kept")); /* no name of ours */
	CU_ASSERT(file_exists(in_use));
	CU_ASSERT_FALSE(file_exists(part));
	close(fd);
	put_file(in_use, "trustlist.db", "all private keys");
	restores(root, file, true);
	CU_ASSERT_FALSE(file_exists(in_use));
	free(in_use);
	free(copy);
	free(part);
	free(file);
	free(root);
}

static volatile bool stop;
static int until_stop;

static void
stop_soon(void *ctx, uint64_t bytes, uint64_t of)
{
	(void)ctx;
	(void)bytes;
	(void)of;
	stop = --until_stop == 0;
}

/* Wherever the signal comes. */
static void
one_who_is_stopped_leaves_nothing(void)
{
	struct backup_watch watch = { .at = stop_soon, .stop = &stop };
	char *root = usual_root("one"), *folder = lab_path(), *file, *conf = root_conf(root),
	     *static_files = root_folder(root);
	int before, rc = -1, stopped = 0;
	struct backup_plan p = { .root = root,
		.conf = conf,
		.folder = static_files,
		.passphrase = bytes_of(PASSPHRASE),
		.rounds = FEW,
		.now = LAB_NOW,
		.watch = &watch };
	struct err e = { 0 };

	put_folder(folder, "");
	p.file = file = mem_fmt("%s/new", folder);
	p.store = root_open_store(root, &e);
	before = entries_of(root);
	for (int at = 1; rc != 0; at++) {
		struct backup_made made;

		stop = false;
		until_stop = at;
		rc = backup_create(&p, &made, &e);
		if (rc == 0) {
			backup_made_free(&made);
			break;
		}
		stopped++;
		ASSERT_ERR_SAYS(e, "stopped before it was over");
		CU_ASSERT_EQUAL(entries_of(folder), 0);
		CU_ASSERT_EQUAL(entries_of(root), before);
	}
	CU_ASSERT(stopped > 3);
	store_close(p.store);
	free(file);
	free(folder);
	free(conf);
	free(static_files);
	free(root);
}

/* ---- what was altered ---- */

static void
altered_backups_are_refused_and_change_nothing(void)
{
	char *root = usual_root("one"), *to = lab_path(), *file = backup_of(root),
	     *bad = lab_path();
	struct wr w = { 0 };
	struct restored r;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(file_read(file, WR_MAX, &w, &e), 0);
	n = w.n;
	for (size_t i = 0; i < n; i += i < 320 || i + 320 > n ? 5 : n / 61) {
		w.p[i] ^= 0x40;
		CU_ASSERT_EQUAL(file_replace(bad, wr_view(&w), 0600, &e), 0);
		w.p[i] ^= 0x40;
		CU_ASSERT_EQUAL(restore(to, bad, true, &r, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_NO);
		CU_ASSERT_FALSE(r.took_place);
		restored_free(&r);
		CU_ASSERT_FALSE(has(to, ""));
	}
	for (size_t i = 0; i < n; i += n / 31) {
		CU_ASSERT_EQUAL(file_replace(bad, bytes_part(wr_view(&w), 0, i), 0600, &e), 0);
		CU_ASSERT_EQUAL(restore(root, bad, true, &r, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_NO);
		restored_free(&r);
	}
	has_file(root, "tftp/dialplan.xml", "one");
	CU_ASSERT_EQUAL(verify(file, PASSPHRASE, &e), 0);
	CU_ASSERT_EQUAL(verify(file, "correct horse battery stable", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	CU_ASSERT_EQUAL(verify("/nowhere/at/all", PASSPHRASE, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(unlink(bad), 0);
	CU_ASSERT_EQUAL(mkfifo(bad, 0600), 0);
	CU_ASSERT_EQUAL(verify(bad, PASSPHRASE, &e), -1);
	ASSERT_ERR_SAYS(e, "not a regular file");
	wr_free(&w);
	free(bad);
	free(file);
	free(to);
	free(root);
}

/* ---- made by somebody who knows the passphrase ---- */

struct member {
	const char *name, *text;
	mode_t type; /* 0: a regular file */
	const char *link;
	bool hard;
};

static la_ssize_t
to_wr(struct archive *a, void *ctx, const void *p, size_t n)
{
	(void)a;
	wr_put(ctx, bytes_over(p, n));
	return (la_ssize_t)n;
}

static void
add_member(struct archive *a, const struct member *m)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, m->name);
	archive_entry_set_filetype(entry, m->type != 0 ? m->type : AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	if (m->link != NULL && m->hard)
		archive_entry_set_hardlink(entry, m->link);
	else if (m->link != NULL)
		archive_entry_set_symlink(entry, m->link);
	archive_entry_set_size(entry, m->text != NULL ? (la_int64_t)strlen(m->text) : 0);
	archive_write_header(a, entry);
	if (m->text != NULL)
		archive_write_data(a, m->text, strlen(m->text));
	archive_entry_free(entry);
}

/* Sealed, to free. */
static char *
archive_of(const struct member *m, size_t n)
{
	char *file = lab_path();
	struct archive *a = archive_write_new();
	struct wr tar = { 0 };
	struct err e = { 0 };
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct seal *s = seal_new(fd, bytes_of(PASSPHRASE), FEW, &e);

	archive_write_set_format_gnutar(a);
	archive_write_open(a, &tar, NULL, to_wr, NULL);
	for (size_t i = 0; i < n; i++)
		add_member(a, &m[i]);
	archive_write_close(a);
	archive_write_free(a);
	CU_ASSERT_EQUAL(seal_put(s, wr_view(&tar), &e), 0);
	CU_ASSERT_EQUAL(seal_finish(s, &e), 0);
	seal_free(s);
	close(fd);
	wr_free(&tar);
	return file;
}

/* The manifest of these files, as it should be. */
static char *
manifest_for(const struct member *m, size_t n)
{
	struct manifest it = {
		.program = "trustlist", .cluster = "lab", .release = "12.5", .created = LAB_NOW
	};
	struct wr json = { 0 };
	struct err e = { 0 };
	char *text;

	it.node = mem_array(1, sizeof(*it.node));
	it.nodes = 1;
	it.node[0] = (struct manifest_node){ "lab-pub", "10.0.0.1", true };
	for (size_t i = 0; i < n; i++) {
		uint8_t sha256[MANIFEST_SHA256];
		const char *of = m[i].text != NULL ? m[i].text : "";

		SHA256((const unsigned char *)of, strlen(of), sha256);
		manifest_add(&it, m[i].name, strlen(of), sha256, &e);
	}
	CU_ASSERT_EQUAL(manifest_write(&it, &json, &e), 0);
	text = mem_text(wr_cstr(&json));
	wr_free(&json);
	manifest_free(&it);
	return text;
}

static void
is_hostile(const struct member *m, size_t n, const char *because)
{
	struct member all[8];
	char *json = manifest_for(m, n), *file, *into = lab_path();
	struct manifest found;
	struct err e = { 0 };

	put_folder(into, "");
	memcpy(all, m, n * sizeof(*m));
	all[n] = (struct member){ .name = BACKUP_MANIFEST, .text = json };
	file = archive_of(all, n + 1);
	CU_ASSERT_EQUAL(backup_read(file, bytes_of(PASSPHRASE), into, NULL, &found, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, because);
	CU_ASSERT_FALSE(has(into, "../escaped"));
	free(file);
	free(into);
	free(json);
}

#define STORE                                                                                      \
	{                                                                                          \
		.name = BACKUP_STORE, .text = "store"                                              \
	}

static void
hostile_archives_are_refused(void)
{
	static const struct member up[] = { STORE, { .name = "tftp/../../escaped", .text = "x" } };
	static const struct member abs[] = { STORE, { .name = "/tmp/escaped", .text = "x" } };
	static const struct member sym[] = { STORE,
		{ .name = "tftp/a", .type = AE_IFLNK, .link = "/etc/passwd" } };
	static const struct member hard[] = { STORE,
		{ .name = "tftp/a", .link = BACKUP_STORE, .hard = true } };
	static const struct member device[] = { STORE, { .name = "tftp/a", .type = AE_IFCHR } };
	static const struct member pipe[] = { STORE, { .name = "tftp/a", .type = AE_IFIFO } };
	static const struct member folder[] = { STORE, { .name = "tftp/a", .type = AE_IFDIR } };
	static const struct member other[] = { STORE, { .name = "serve.lock", .text = "x" } };
	static const struct member none[] = { { .name = "tftp/a", .text = "x" } };

	is_hostile(up, 2, "name");
	is_hostile(abs, 2, "name");
	is_hostile(sym, 2, "not a plain file");
	is_hostile(hard, 2, "not a plain file");
	is_hostile(device, 2, "not a plain file");
	is_hostile(pipe, 2, "not a plain file");
	is_hostile(folder, 2, "");
	is_hostile(other, 2, "does not belong");
	is_hostile(none, 1, "no store");
}

static void
archive_is_refused(const struct member *m, size_t n, const char *because)
{
	char *file = archive_of(m, n);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(verify(file, PASSPHRASE, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, because);
	free(file);
}

static void
archives_that_differ_from_their_manifest_are_refused(void)
{
	struct member m[4] = { STORE, { .name = "tftp/a", .text = "x" } };
	char *json = manifest_for(m, 2), *twice;

	m[2] = (struct member){ .name = BACKUP_MANIFEST, .text = json };
	archive_is_refused(m, 1, "no manifest");
	archive_is_refused(m, 0, "");
	m[1].text = "y";
	archive_is_refused(m, 3, "tftp/a is not as the manifest says");
	m[1].text = "x";
	m[1].name = "tftp/b";
	archive_is_refused(m, 3, "tftp/a where tftp/b");
	m[1] = m[2];
	archive_is_refused(m, 2, "1 files are in the backup, 2 in its manifest");
	m[1] = (struct member){ .name = "tftp/a", .text = "x" };
	m[3] = (struct member){ .name = "tftp/c", .text = "x" };
	archive_is_refused(m, 4, "behind the manifest");
	m[2].text = "{}";
	archive_is_refused(m, 3, "manifest");
	free(json);

	m[2] = m[1];
	twice = manifest_for(m, 3);
	m[3] = (struct member){ .name = BACKUP_MANIFEST, .text = twice };
	archive_is_refused(m, 4, "twice");
	free(twice);
}

/* Whole, and yet no store of ours: found out before anything is changed. */
static void
a_backup_whose_store_does_not_open_is_not_restored(void)
{
	struct member m[2] = { STORE };
	char *json = manifest_for(m, 1), *file, *to = lab_path();
	struct restored r;
	struct err e = { 0 };

	m[1] = (struct member){ .name = BACKUP_MANIFEST, .text = json };
	file = archive_of(m, 2);
	CU_ASSERT_EQUAL(verify(file, PASSPHRASE, &e), 0);
	CU_ASSERT_EQUAL(restore(to, file, true, &r, &e), -1);
	ASSERT_ERR_SAYS(e, "the store in the backup");
	CU_ASSERT_FALSE(has(to, ""));
	restored_free(&r);
	free(json);
	free(file);
	free(to);
}

/* ---- over an instance ---- */

static void
what_was_there_is_kept(void)
{
	char *one = usual_root("one"), *two = usual_root("two"), *file = backup_of(one);
	struct restored r;
	struct err e = { 0 };

	put_file(two, "tftp/only-here", "two");
	put_file(two, "other", "mine");
	CU_ASSERT_EQUAL_FATAL(restore(two, file, false, &r, &e), 0);
	CU_ASSERT(r.by_instance);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.kept);
	has_file(two, "trustlist.conf", "one");
	has_file(two, "tftp/dialplan.xml", "one");
	CU_ASSERT_FALSE(has(two, "tftp/only-here"));
	has_file(two, "other", "mine");
	has_file(r.kept, "trustlist.conf", "two");
	has_file(r.kept, "tftp/only-here", "two");
	CU_ASSERT(has(r.kept, "trustlist.db"));
	CU_ASSERT_EQUAL(mode_of(r.kept), 0700);
	restored_free(&r);
	free(file);
	free(one);
	free(two);
}

static void
what_is_served_is_not_restored_over(void)
{
	char *root = usual_root("one"), *file = backup_of(root);
	struct restored r;
	struct err e = { 0 };
	int lock = root_lock(root, &e);

	CU_ASSERT(lock >= 0);
	put_file(root, "trustlist.conf", "two");
	CU_ASSERT_EQUAL(restore(root, file, true, &r, &e), -1);
	ASSERT_ERR_SAYS(e, "serves");
	CU_ASSERT(e.hint[0] != '\0');
	has_file(root, "trustlist.conf", "two");
	restored_free(&r);
	close(lock);
	free(file);
	free(root);
}

/* A mount cannot be moved: found out only after the step that counts, no command would open the
 * root any more. */
static void
what_is_mounted_in_the_root_is_said_before_anything_is_changed(void)
{
	static const char *const all[] = { "/trustlist.db", "/trustlist.conf", "/tftp" };
	char *root = usual_root("one"), *file = backup_of(root);
	struct restored r;
	struct err e = { 0 };

	put_file(root, "trustlist.conf", "two");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		mounted = all[i];
		CU_ASSERT_EQUAL(restore(root, file, true, &r, &e), -1);
		ASSERT_ERR_SAYS(e, "is a mount of its own");
		ASSERT_ERR_SAYS(e, all[i]);
		CU_ASSERT(e.hint[0] != '\0');
		CU_ASSERT_FALSE(r.took_place);
		CU_ASSERT_FALSE(swap_is_open(root));
		restored_free(&r);
		has_file(root, "trustlist.conf", "two");
	}
	mounted = NULL;
	restores(root, file, true);
	free(file);
	free(root);
}

enum { SERVICE_USER = 12345, SERVICE_GROUP = 12346 };

static void
belongs_to_the_service(const char *folder, const char *name)
{
	char *path = mem_fmt("%s/%s", folder, name);
	struct stat st = { 0 };

	CU_ASSERT_EQUAL(lstat(path, &st), 0);
	if (st.st_uid != SERVICE_USER || st.st_gid != SERVICE_GROUP)
		fprintf(stderr, "\n    %s: of user %d\n", path, (int)st.st_uid);
	CU_ASSERT_EQUAL(st.st_uid, SERVICE_USER);
	CU_ASSERT_EQUAL(st.st_gid, SERVICE_GROUP);
	free(path);
}

/* Root restores, and the service's user serves it. */
static void
what_root_restores_belongs_to_whom_the_root_folder_belongs(void)
{
	static const char *const all[] = { "trustlist.db", "trustlist.conf", "tftp",
		"tftp/dialplan.xml", "tftp/sub", "tftp/sub/b.xml", "serve.lock" };
	char *one = usual_root("one"), *to = usual_root("two"), *file;
	struct restored r;
	struct err e = { 0 };

	if (geteuid() != 0) {
		fprintf(stderr, "\n    only root can try this\n");
		free(one);
		free(to);
		return;
	}
	put_file(one, "trustlist.conf", "[tvs]\naddress = 10.0.0.1\n");
	file = backup_of(one);
	CU_ASSERT_EQUAL(chown(to, SERVICE_USER, SERVICE_GROUP), 0);
	CU_ASSERT_EQUAL_FATAL(restore_at(to, file, "10.0.0.2", &r, &e), 0);
	CU_ASSERT_EQUAL(r.settings_moved, 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		belongs_to_the_service(to, all[i]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.kept);
	belongs_to_the_service(r.kept, ".");
	restored_free(&r);
	free(one);
	free(to);
	free(file);
}

/* The store, its config and its folder are of the same instance; gives which. */
static char
which(const char *root)
{
	struct wr mark = { 0 };
	struct err e = { 0 };
	struct store *s = root_open_store(root, &e);
	char *conf = root_conf(root), is;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	is = lab_int(s, "SELECT count(*) FROM phone") == 1 ? 't' : 'o';
	store_close(s);
	CU_ASSERT_EQUAL(file_read(conf, 100, &mark, &e), 0);
	CU_ASSERT_EQUAL(mark.p[0], is);
	has_file(root, "tftp/dialplan.xml", is == 't' ? "two" : "one");
	CU_ASSERT_FALSE(has(root, ".restored"));
	wr_free(&mark);
	free(conf);
	return is;
}

/* With a log beside the store that a process which died left. */
static char *
root_of_two(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct err e = { 0 };
	char *root;

	CU_ASSERT_EQUAL(device_add(s, &d, &e), 0);
	root = root_with(s, "two");
	put_file(root, "trustlist.db-wal", "left by a process that died");
	return root;
}

static void
one_who_dies_over_it_leaves_the_old_or_the_new(void)
{
	char *one = usual_root("one"), *file = backup_of(one);
	int deaths[2] = { 0, 0 };
	bool died = true;

	for (int at = 1; died; at++) {
		char *root = root_of_two();
		int status = 0;
		pid_t child = fork();

		CU_ASSERT_FATAL(child >= 0);
		if (child == 0) {
			struct restored r;
			struct err e;

			left = at;
			_exit(restore(root, file, false, &r, &e) == 0 ? 0 : 1);
		}
		CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
		CU_ASSERT(WIFEXITED(status));
		died = WEXITSTATUS(status) == DIED;
		CU_ASSERT(died || WEXITSTATUS(status) == 0);
		deaths[which(root) == 'o'] += died;
		restores(root, file, false);
		CU_ASSERT_EQUAL(which(root), 'o');
		free(root);
	}
	/* Before the step that counts, and more than once after it. */
	CU_ASSERT(deaths[0] >= 1);
	CU_ASSERT(deaths[1] >= 6);
	free(file);
	free(one);
}

/* A root of "two" into which "one" was being restored by a process that died when it changed its
 * nth name; NULL when it did not get that far. */
static char *
root_half_restored(const char *file, int at)
{
	char *root = root_of_two();
	int status = 0;
	pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (child == 0) {
		struct restored r;
		struct err e;

		left = at;
		_exit(restore(root, file, false, &r, &e) == 0 ? 0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == DIED)
		return root;
	free(root);
	return NULL;
}

static int
init_again(const char *root, struct err *e)
{
	const struct call_option name = { "name", "other" };
	struct call c = {
		.root = root, .option = &name, .options = 1, .may = RIGHT_ADMIN, .now = LAB_NOW
	};
	const struct verb *v = cluster_verbs.verb;
	struct out *o = out_new();
	int rc;

	while (strcmp(v->words, "cluster init") != 0)
		v++;
	rc = verb_run(v, &c, o, e);
	out_free(o);
	return rc;
}

/* In the middle of it there is no store for a moment: a new one would stay. */
static void
no_cluster_is_founded_in_the_middle_of_a_restore(void)
{
	char *one = usual_root("one"), *file = backup_of(one), *root;
	struct err e = { 0 };
	int open_ones = 0;

	for (int at = 1; (root = root_half_restored(file, at)) != NULL; at++) {
		if (swap_is_open(root)) {
			open_ones++;
			CU_ASSERT_EQUAL(init_again(root, &e), -1);
			CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
			CU_ASSERT_EQUAL(which(root), 'o');
		}
		free(root);
	}
	CU_ASSERT(open_ones >= 6);
	free(file);
	free(one);
}

/* Who serves has the lock first, and then looks at what is there. */
static void
who_has_the_lock_settles_and_opens(void)
{
	char *one = usual_root("one"), *file = backup_of(one), *root;
	int open_ones = 0, lock;
	struct err e = { 0 };
	struct store *s;

	for (int at = 1; (root = root_half_restored(file, at)) != NULL; at++) {
		if (swap_is_open(root)) {
			open_ones++;
			lock = root_lock(root, &e);
			CU_ASSERT_PTR_NULL(root_open_store(root, &e));
			CU_ASSERT_EQUAL(e.code, ERR_BUSY);
			s = root_open_locked(root, &e);
			CU_ASSERT_PTR_NOT_NULL(s);
			store_close(s);
			close(lock);
			CU_ASSERT_EQUAL(which(root), 'o');
		}
		free(root);
	}
	CU_ASSERT(open_ones >= 6);
	free(file);
	free(one);
}

/* ---- the phones ---- */

static void
holds_newest(struct store *s, int64_t now)
{
	struct listing_entry newest;
	struct wr file = { 0 };
	uint8_t sha1[TLIST_SHA1_BYTES];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(listing_newest(s, lab_node(s, "cucm-pub").id, &newest, &e), 1);
	CU_ASSERT_EQUAL(listing_file(s, newest.id, &file, &e), 0);
	tlist_sha1(wr_view(&file), sha1);
	CU_ASSERT_EQUAL(seen_reported(s, PHONE, bytes_over(sha1, sizeof(sha1)), now, &e), 0);
	wr_free(&file);
}

/* Makes new ones, restarts the services, and the phone follows somehow. */
static void
regenerate(const char *root, const char *const *kind, size_t n)
{
	struct cluster_change change;
	struct err e = { 0 };
	struct store *s = root_open_store(root, &e);
	struct node pub = lab_node(s, "cucm-pub");

	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(cluster_regenerate(s, lab_kind(kind[i]), &pub, CLUSTER_ANYHOW,
				    LAB_NOW + 500, &change, &e),
		    0);
	CU_ASSERT_EQUAL(service_restart_running(s, LAB_NOW + 500, &e), 0);
	holds_newest(s, LAB_NOW + 600);
	store_close(s);
}

/* A cluster whose CallManager key signs the lists, with a phone that holds the newest one. */
static char *
root_with_phone(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_add(s, &d, &e), 0);
	holds_newest(s, LAB_NOW + 100);
	return root_with(s, "one");
}

static void
phones_that_took_a_newer_list_would_be_locked(void)
{
	static const char *const both[] = { "TVS", "CallManager" };
	char *root = root_with_phone(), *file = backup_of(root);
	struct restored r;
	struct err e = { 0 };

	regenerate(root, both, 2);
	put_file(root, "trustlist.conf", "newer");
	CU_ASSERT_EQUAL(restore(root, file, false, &r, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_STRANDS);
	ASSERT_ERR_SAYS(e, "1 phone would be locked: " PHONE);
	CU_ASSERT(r.judged && r.by_instance && !r.took_place);
	CU_ASSERT_EQUAL(r.outlook.phones[OUTLOOK_LOCKED], 1);
	has_file(root, "trustlist.conf", "newer");
	restored_free(&r);
	restores(root, file, true);
	has_file(root, "trustlist.conf", "one");
	free(file);
	free(root);
}

static size_t
fate_after(const char *const *kind, size_t n, enum outlook_fate fate)
{
	char *root = root_with_phone(), *file = backup_of(root);
	struct restored r;
	struct err e = { 0 };
	size_t phones;

	regenerate(root, kind, n);
	CU_ASSERT_EQUAL(restore(root, file, false, &r, &e), 0);
	phones = r.outlook.phones[fate];
	restored_free(&r);
	free(file);
	free(root);
	return phones;
}

static void
phones_follow_where_tvs_vouches_or_nothing_is_newer(void)
{
	static const char *const callmanager[] = { "CallManager" }, *const tvs[] = { "TVS" };

	CU_ASSERT_EQUAL(fate_after(callmanager, 1, OUTLOOK_ASK), 1);
	CU_ASSERT_EQUAL(fate_after(tvs, 1, OUTLOOK_FOLLOW), 1);
	CU_ASSERT_EQUAL(fate_after(NULL, 0, OUTLOOK_SAME), 1);
}

/* The instance of now knows nothing of the phones; what the backup knew of them counts. */
static void
in_a_fresh_root_the_backup_itself_knows_its_phones(void)
{
	char *root = root_with_phone(), *file = backup_of(root), *to = lab_path();
	struct restored r;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(restore(to, file, false, &r, &e), 0);
	CU_ASSERT(r.judged && !r.by_instance);
	CU_ASSERT_EQUAL(r.outlook.phones[OUTLOOK_SAME], 1);
	restored_free(&r);
	free(file);
	free(root);
	free(to);
}

/* The judgement is made on a copy: nothing of it is in what is restored. */
static void
what_is_restored_is_what_was_backed_up(void)
{
	static const char *const callmanager[] = { "CallManager" };
	char *root = root_with_phone(), *file = backup_of(root);
	struct err e = { 0 };
	struct store *s;

	regenerate(root, callmanager, 1);
	restores(root, file, true);
	s = root_open_store(root, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(
	    lab_int(s, "SELECT count(*) FROM list WHERE number > 0 AND kind = 'ITL'"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM list WHERE number < -1000"), 0);
	store_close(s);
	free(file);
	free(root);
}

/* Mixed mode without tokens: phones hold a CTL of a number that the backup does not have, and have
 * no ITL (models without Security By Default). */
static void
a_list_that_phones_hold_is_not_taken_for_the_newest(void)
{
	struct store *is = lab_founded(RELEASE_12_5), *copy = lab_founded(RELEASE_12_5);
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct outlook out;
	struct wr file = { 0 };
	uint8_t sha1[TLIST_SHA1_BYTES];
	struct cluster_change change;
	struct listing_entry ctl;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_add(is, &d, &e), 0);
	CU_ASSERT_EQUAL_FATAL(
	    cluster_set_mode(is, true, NULL, CLUSTER_ANYHOW, "test", LAB_NOW, &change, &e), 0);
	CU_ASSERT_EQUAL_FATAL(history_newest(is, HISTORY_CTL, HISTORY_CLUSTER, &ctl, &e), 1);
	CU_ASSERT_EQUAL(history_file(is, ctl.id, &file, &e), 0);
	tlist_sha1(wr_view(&file), sha1);
	CU_ASSERT_EQUAL(
	    seen_reported_ctl(is, PHONE, bytes_over(sha1, sizeof(sha1)), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(restore_outlook(is, copy, LAB_NOW, &out, &e), 0);
	CU_ASSERT_EQUAL(history_newest(copy, HISTORY_CTL, HISTORY_CLUSTER, &ctl, &e), 0);
	CU_ASSERT_EQUAL(lab_int(copy, "SELECT count(*) FROM list WHERE kind = 'CTL'"), 1);
	CU_ASSERT_EQUAL(out.phones[OUTLOOK_LOCKED], 0);
	wr_free(&file);
	store_close(is);
	store_close(copy);
}

/* What the phone said to the instance of now, the backup is told, whatever that thought. */
static void
tell_and_judge(struct bytes sha1, struct outlook *out)
{
	struct store *is = lab_founded(RELEASE_11_5), *copy = lab_founded(RELEASE_11_5);
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_add(is, &d, &e), 0);
	CU_ASSERT_EQUAL(device_add(copy, &d, &e), 0);
	holds_newest(copy, LAB_NOW);
	CU_ASSERT_EQUAL(seen_reported(is, PHONE, sha1, LAB_NOW + 100, &e), 0);
	CU_ASSERT_EQUAL(restore_outlook(is, copy, LAB_NOW + 200, out, &e), 0);
	store_close(is);
	store_close(copy);
}

static void
phones_that_said_they_hold_none_or_anothers_are_judged_by_that(void)
{
	static const uint8_t foreign[TLIST_SHA1_BYTES] = { 1, 2, 3 };
	struct outlook out;

	tell_and_judge(bytes_over(NULL, 0), &out);
	CU_ASSERT_EQUAL(out.phones[OUTLOOK_FOLLOW], 1);
	tell_and_judge(bytes_over(foreign, sizeof(foreign)), &out);
	CU_ASSERT_EQUAL(out.phones[OUTLOOK_UNKNOWN], 1);
}

/* ---- at another address ---- */

static char *
moved_conf(const char *conf, const char *from, const char *to)
{
	struct move m = { .node = "" };
	struct wr w = { 0 };
	char *text;

	snprintf(m.from, sizeof(m.from), "%s", from);
	snprintf(m.to, sizeof(m.to), "%s", to);
	move_conf(bytes_of(conf), &m, 1, &w);
	text = mem_text(wr_cstr(&w));
	wr_free(&w);
	return text;
}

static void
conf_becomes(const char *conf, const char *is)
{
	char *text = moved_conf(conf, "10.0.0.1", "10.0.0.2");

	CU_ASSERT_STRING_EQUAL(text, is);
	free(text);
}

static void
addresses_in_the_conf_move_and_all_else_stays(void)
{
	char *text;

	conf_becomes(
	    "[tftp]\naddress = 10.0.0.1\nport = 69\n", "[tftp]\naddress = 10.0.0.2\nport = 69\n");
	conf_becomes("address=10.0.0.1", "address=10.0.0.2");
	conf_becomes("\taddress :  10.0.0.1  ; here\r\nx", "\taddress :  10.0.0.2  ; here\r\nx");
	conf_becomes(
	    "address = 10.0.0.11\naddress = 0.0.0.0\n", "address = 10.0.0.11\naddress = 0.0.0.0\n");
	conf_becomes(";address = 10.0.0.1\n", ";address = 10.0.0.1\n");
	conf_becomes("key_log = 10.0.0.1\naddresses = 10.0.0.1\n",
	    "key_log = 10.0.0.1\naddresses = 10.0.0.1\n");
	conf_becomes("address\naddress =\n[address = 10.0.0.1]\n",
	    "address\naddress =\n[address = 10.0.0.1]\n");
	conf_becomes("", "");
	text = moved_conf("address = 2001:0db8::0001\n", "2001:db8::1", "2001:db8::2");
	CU_ASSERT_STRING_EQUAL(text, "address = 2001:db8::2\n");
	free(text);
}

static void
moves_are_read(void)
{
	static const char *const bad[] = { "", "nowhere", "=10.0.0.1", "a=", "a=b", "0.0.0.0",
		"10.0.0.1=",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=10.0.0.1" };
	struct move m;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(move_read("sub-1=10.0.0.1", &m, &e), 0);
	CU_ASSERT_STRING_EQUAL(m.node, "sub-1");
	CU_ASSERT_STRING_EQUAL(m.to, "10.0.0.1");
	CU_ASSERT_EQUAL(move_read("2001:0db8::0001", &m, &e), 0);
	CU_ASSERT_STRING_EQUAL(m.node, "");
	CU_ASSERT_STRING_EQUAL(m.to, "2001:db8::1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(move_read(bad[i], &m, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	}
}

static void
it_comes_back_at_another_address(void)
{
	char *root = usual_root("one"), *to = lab_path(), *file;
	struct cert *was, *is;
	struct restored r;
	struct node node;
	struct store *s;
	struct err e = { 0 };

	put_file(root, "trustlist.conf", "[tvs]\naddress = 10.0.0.1\n");
	s = root_open_store(root, &e);
	CU_ASSERT_EQUAL_FATAL(node_find(s, NULL, &node, &e), 0);
	CU_ASSERT_EQUAL_FATAL(node_move(s, node.id, "10.0.0.1", &e), 0);
	was = certs_own(s, "CallManager", node.id, NULL, &e);
	store_close(s);
	file = backup_of(root);

	CU_ASSERT_EQUAL_FATAL(restore_at(to, file, "10.0.0.2", &r, &e), 0);
	CU_ASSERT_EQUAL(r.moves, 1);
	CU_ASSERT_STRING_EQUAL(r.move[0].node, node.name);
	CU_ASSERT_STRING_EQUAL(r.move[0].from, "10.0.0.1");
	CU_ASSERT_EQUAL(r.settings_moved, 1);
	restored_free(&r);
	has_file(to, "trustlist.conf", "[tvs]\naddress = 10.0.0.2\n");
	s = root_open_store(to, &e);
	CU_ASSERT_EQUAL_FATAL(node_find(s, NULL, &node, &e), 0);
	CU_ASSERT_STRING_EQUAL(node.address, "10.0.0.2");
	is = certs_own(s, "CallManager", node.id, NULL, &e);
	CU_ASSERT_TRUE(cert_eq(was, is));
	store_close(s);
	cert_free(was);
	cert_free(is);

	/* A node that there is not: nothing is changed. */
	CU_ASSERT_EQUAL(restore_at(to, file, "nobody=10.0.0.3", &r, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_FALSE(r.took_place);
	restored_free(&r);
	has_file(to, "trustlist.conf", "[tvs]\naddress = 10.0.0.2\n");
	CU_ASSERT_FALSE(has(to, "replaced-1"));
	free(root);
	free(to);
	free(file);
}

static const struct suite_test tests[] = {
	{ "what was there comes back", what_was_there_comes_back },
	{ "what is not served is left out and said", what_is_not_served_is_left_out_and_said },
	{ "a backup within the folder does not hold itself",
	    a_backup_within_the_folder_does_not_hold_itself },
	{ "a backup replaces no file and leaves nothing when it fails",
	    a_backup_replaces_no_file_and_leaves_nothing_when_it_fails },
	{ "what a killed one left is taken away by the next",
	    what_a_killed_one_left_is_taken_away_by_the_next },
	{ "one who is stopped leaves nothing", one_who_is_stopped_leaves_nothing },
	{ "altered backups are refused and change nothing",
	    altered_backups_are_refused_and_change_nothing },
	{ "hostile archives are refused", hostile_archives_are_refused },
	{ "archives that differ from their manifest are refused",
	    archives_that_differ_from_their_manifest_are_refused },
	{ "a backup whose store does not open is not restored",
	    a_backup_whose_store_does_not_open_is_not_restored },
	{ "what was there is kept", what_was_there_is_kept },
	{ "what is served is not restored over", what_is_served_is_not_restored_over },
	{ "what is mounted in the root is said before anything is changed",
	    what_is_mounted_in_the_root_is_said_before_anything_is_changed },
	{ "what root restores belongs to whom the root folder belongs",
	    what_root_restores_belongs_to_whom_the_root_folder_belongs },
	{ "one who dies over it leaves the old or the new",
	    one_who_dies_over_it_leaves_the_old_or_the_new },
	{ "no cluster is founded in the middle of a restore",
	    no_cluster_is_founded_in_the_middle_of_a_restore },
	{ "who has the lock settles and opens", who_has_the_lock_settles_and_opens },
	{ "phones that took a newer list would be locked",
	    phones_that_took_a_newer_list_would_be_locked },
	{ "phones follow where TVS vouches or nothing is newer",
	    phones_follow_where_tvs_vouches_or_nothing_is_newer },
	{ "in a fresh root the backup itself knows its phones",
	    in_a_fresh_root_the_backup_itself_knows_its_phones },
	{ "a list that phones hold is not taken for the newest",
	    a_list_that_phones_hold_is_not_taken_for_the_newest },
	{ "phones that said they hold none or another's are judged by that",
	    phones_that_said_they_hold_none_or_anothers_are_judged_by_that },
	{ "what is restored is what was backed up", what_is_restored_is_what_was_backed_up },
	{ "addresses in trustlist.conf move, and all else stays",
	    addresses_in_the_conf_move_and_all_else_stays },
	{ "moves are read", moves_are_read },
	{ "it comes back at another address", it_comes_back_at_another_address },
};

SUITE_MAIN("admin/backup", tests)
