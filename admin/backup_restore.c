#include "admin/backup_restore.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_swap.h"
#include "admin/root.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/device.h"
#include "trust/history.h"
#include "trust/seen.h"
#include "trust/tlist.h"

/* ---- will the phones follow? ---- */

/* The lists that phones hold now may be newer than any in the backup.  They are put into its
 * history where nobody takes them for the newest: below all numbers that lists have. */
enum { FOREIGN_NUMBER = -1000000000 };

struct knowing {
	struct store *is, *copy;
	int64_t now;
	struct {
		int64_t id; /* in the store of now */
		uint8_t sha1[TLIST_SHA1_BYTES];
	} * list; /* those that phones hold */
	size_t lists, room;
	int added; /* to the copy */
};

/* The node of the same name; the publisher when there is none, for that is where phones are sent
 * then. */
static int
node_in_copy(const struct knowing *k, int64_t node, int64_t *id, struct err *e)
{
	struct node was, will;

	*id = HISTORY_CLUSTER;
	if (node == HISTORY_CLUSTER)
		return 0;
	if (node_by_id(k->is, node, &was, e) != 0)
		return -1;
	if (node_find(k->copy, was.name, &will, NULL) != 0 &&
	    node_find(k->copy, NULL, &will, e) != 0)
		return -1;
	*id = will.id;
	return 0;
}

static int
add_list(struct knowing *k, enum history_kind kind, int64_t node, struct bytes file, struct err *e)
{
	struct listing_entry entry = { .number = FOREIGN_NUMBER + k->added++, .built = k->now };

	snprintf(entry.why, sizeof(entry.why), "held by phones when a backup was restored");
	return node_in_copy(k, node, &entry.node, e) == 0
		   ? history_add(k->copy, kind, &entry, file, e)
		   : -1;
}

/* The hash of the list with this id in the store of now. */
static int
hash_list(struct knowing *k, int64_t id, struct bytes *sha1, struct err *e)
{
	struct wr file = { 0 };
	int rc;

	for (size_t i = 0; i < k->lists; i++) {
		*sha1 = bytes_over(k->list[i].sha1, TLIST_SHA1_BYTES);
		if (k->list[i].id == id)
			return 0;
	}
	rc = history_file(k->is, id, &file, e);
	if (rc == 0) {
		k->list = mem_room(k->list, k->lists, &k->room, sizeof(*k->list));
		k->list[k->lists].id = id;
		tlist_sha1(wr_view(&file), k->list[k->lists].sha1);
		*sha1 = bytes_over(k->list[k->lists++].sha1, TLIST_SHA1_BYTES);
	}
	wr_free(&file);
	return rc;
}

static int
report(struct knowing *k, enum history_kind kind, const char *phone, struct bytes sha1,
    bool *is_known, struct err *e)
{
	struct seen v;
	int rc = kind == HISTORY_ITL ? seen_reported(k->copy, phone, sha1, k->now, e)
				     : seen_reported_ctl(k->copy, phone, sha1, k->now, e);

	if (rc != 0 || seen_get(k->copy, phone, &v, e) != 0)
		return -1;
	*is_known = kind == HISTORY_ITL ? v.itl.holds != 0 : v.ctl.holds != 0;
	return 0;
}

/* The copy is told what the phone holds; the list too, when it is the first phone that has it and
 * the backup does not. */
static int
know_held(struct knowing *k, enum history_kind kind, const char *phone, int64_t node, int64_t id,
    struct err *e)
{
	struct wr file = { 0 };
	struct bytes sha1;
	bool is_known;
	int rc;

	if (hash_list(k, id, &sha1, e) != 0 || report(k, kind, phone, sha1, &is_known, e) != 0)
		return -1;
	if (is_known)
		return 0;
	rc = history_file(k->is, id, &file, e);
	if (rc == 0)
		rc = add_list(k, kind, node, wr_view(&file), e);
	if (rc == 0)
		rc = report(k, kind, phone, sha1, &is_known, e);
	wr_free(&file);
	return rc;
}

/* What the phone said itself: that it holds none, or which of somebody else's. */
static int
know_told(struct knowing *k, enum history_kind kind, const char *phone, const struct seen_list *l,
    struct err *e)
{
	struct bytes sha1 =
	    bytes_over(l->foreign_sha1, l->holds_foreign ? sizeof(l->foreign_sha1) : 0);
	bool is_known;

	if (!l->holds_foreign && l->reported_at == 0)
		return 0;
	return report(k, kind, phone, sha1, &is_known, e);
}

static int
know_phone(struct knowing *k, const struct device *d, struct err *e)
{
	struct device there;
	struct seen v;
	int known = device_get(k->copy, d->name, &there, e), rc = 0;

	if (known < 0 || (known == 0 && device_add(k->copy, d, e) != 0) ||
	    seen_get(k->is, d->name, &v, e) != 0)
		return -1;
	if (v.itl.holds == 0)
		rc = know_told(k, HISTORY_ITL, d->name, &v.itl, e);
	else if (v.node != 0)
		rc = know_held(k, HISTORY_ITL, d->name, v.node, v.itl.holds, e);
	if (rc != 0 || v.ctl.holds == 0)
		return rc != 0 ? -1 : know_told(k, HISTORY_CTL, d->name, &v.ctl, e);
	return know_held(k, HISTORY_CTL, d->name, HISTORY_CLUSTER, v.ctl.holds, e);
}

int
restore_outlook(
    struct store *is, struct store *copy, int64_t now, struct outlook *out, struct err *e)
{
	struct knowing k = { .is = is, .copy = copy, .now = now };
	struct device *all = NULL;
	size_t n = 0;
	int rc = 0;

	*out = (struct outlook){ .phones = { 0 } };
	if (is != NULL) {
		rc = device_list(is, &all, &n, e);
		if (rc == 0 && (rc = store_begin_relaxed(copy, e)) == 0) {
			for (size_t i = 0; rc == 0 && i < n; i++)
				rc = know_phone(&k, &all[i], e);
			rc = store_end(copy, rc, e);
		}
		free(k.list);
		free(all);
	}
	return rc == 0 ? outlook_of_all(copy, now, out, e) : -1;
}

/* ---- the restore ---- */

/* On a copy of the restored store, which has to stay as it was backed up. */
static struct store *
copy_to_judge(struct store *restored, const char *scratch, struct err *e)
{
	char *path = mem_fmt("%s/" BACKUP_STORE ".judged", scratch);
	struct store *s =
	    store_copy(restored, path, e) == 0 ? store_open(path, STORE_EXISTING, e) : NULL;

	free(path);
	return s;
}

static int
judge_phones(const struct restore_plan *p, const char *scratch, struct store *restored,
    struct restored *out, struct err *e)
{
	struct store *copy = copy_to_judge(restored, scratch, e), *is = NULL;
	char *path = root_store(p->root);
	struct cluster c;
	struct err none;
	int rc = -1;

	/* A store that does not open is a reason to restore, and not one to refuse it. */
	if (file_exists(path))
		is = store_open(path, STORE_EXISTING, &none);
	if (is != NULL && cluster_get(is, &c, &none) == 0)
		out->by_instance = true;
	if (copy != NULL)
		rc = restore_outlook(out->by_instance ? is : NULL, copy, p->now, &out->outlook, e);
	out->judged = rc == 0;
	store_close(copy);
	store_close(is);
	free(path);
	return rc == 0 ? 0 : err_prefix(e, "what becomes of the phones");
}

static int
refuse_to_strand(const struct restored *r, struct err *e)
{
	size_t n = r->outlook.phones[OUTLOOK_LOCKED];

	err_set(e, ERR_STRANDS, "%zu phone%s would be locked: %.60s: %.300s", n, n == 1 ? "" : "s",
	    r->outlook.locked, r->outlook.why);
	return err_hint(e,
	    "a newer backup may do; --yes restores this one all the same, and the lists of those "
	    "phones have to be deleted by hand");
}

/* The store opens, is sound and can be brought to the schema of this program; and the phones. */
static int
check_restored(
    const struct restore_plan *p, const char *scratch, struct restored *out, struct err *e)
{
	char *path = mem_fmt("%s/%s", scratch, BACKUP_STORE);
	struct store *s = store_open(path, STORE_EXISTING, e);
	struct cluster c;
	int rc = s == NULL ? -1 : cluster_get(s, &c, e);

	if (rc != 0)
		err_prefix(e, "the store in the backup");
	else
		rc = judge_phones(p, scratch, s, out, e);
	if (rc == 0 && out->outlook.phones[OUTLOOK_LOCKED] > 0 && !p->yes)
		rc = refuse_to_strand(out, e);
	store_close(s);
	free(path);
	return rc;
}

/* ---- to other addresses ---- */

static int
move_nodes(const char *scratch, struct restored *out, struct err *e)
{
	char *path = mem_fmt("%s/%s", scratch, BACKUP_STORE);
	struct store *s = store_open(path, STORE_EXISTING, e);
	int rc = s == NULL ? -1 : move_store(s, out->move, out->moves, e);

	store_close(s);
	free(path);
	return rc;
}

static int
move_settings(const char *scratch, struct restored *out, struct err *e)
{
	char *path = mem_fmt("%s/%s", scratch, BACKUP_CONF);
	struct wr conf = { 0 }, to = { 0 };
	int rc = 0;

	if (file_exists(path))
		rc = file_read(path, CONF_FILE_MAX, &conf, e);
	if (rc == 0)
		out->settings_moved = move_conf(wr_view(&conf), out->move, out->moves, &to);
	if (out->settings_moved > 0)
		rc = file_replace(path, wr_view(&to), 0644, e);
	wr_free(&conf);
	wr_free(&to);
	free(path);
	return rc;
}

static int
move_all(const struct restore_plan *p, const char *scratch, struct restored *out, struct err *e)
{
	if (p->moves == 0)
		return 0;
	assert(p->moves <= MOVES_MAX);
	memcpy(out->move, p->move, p->moves * sizeof(*p->move));
	out->moves = p->moves;
	if (move_nodes(scratch, out, e) != 0 || move_settings(scratch, out, e) != 0)
		return err_prefix(e, "to another address");
	return 0;
}

/* Also when the instance that was backed up had no files to serve. */
static int
make_folder(const char *scratch, struct err *e)
{
	char *path = mem_fmt("%s/%s", scratch, BACKUP_FOLDER);
	int rc = file_make_folder(path, 0755, e);

	free(path);
	return rc;
}

/* What was made by its path, besides what was unpacked, is the root's owner's too. */
static int
own_made(const char *scratch, struct err *e)
{
	int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && file_own_entry(fd, BACKUP_FOLDER) == 0 &&
			 (file_own_entry(fd, BACKUP_CONF) == 0 || errno == ENOENT)
		     ? 0
		     : err_errno(e, "cannot give what is in %s to its owner", scratch);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int
restore_with(const struct restore_plan *p, const char *scratch, struct restored *out, struct err *e)
{
	if (backup_read(p->file, p->passphrase, scratch, p->watch, &out->manifest, e) != 0 ||
	    make_folder(scratch, e) != 0 || move_all(p, scratch, out, e) != 0 ||
	    own_made(scratch, e) != 0 || check_restored(p, scratch, out, e) != 0)
		return -1;
	if (backup_go_on(p->watch, e) != 0)
		return -1;
	if (swap_into_place(p->root, scratch, &out->kept, e) == 0) {
		out->took_place = true;
		return 0;
	}
	out->took_place = swap_is_open(p->root);
	if (!out->took_place)
		return -1;
	err_prefix(e, "the backup is in %s, but not all of it in its place", p->root);
	return err_hint(e, "the next trustlist command that opens %.100s carries on", p->root);
}

/* One that died between the step that counts and the last one is carried on with before the next
 * begins: what it restored is the instance now. */
static int
settle_earlier(const char *root, struct err *e)
{
	char *kept = NULL;
	int rc = swap_is_open(root) ? swap_finish(root, &kept, e) : 0;

	free(kept);
	return rc;
}

static int
restore_locked(const struct restore_plan *p, struct restored *out, struct err *e)
{
	char *scratch;
	int rc;

	if (settle_earlier(p->root, e) != 0 || swap_check(p->root, e) != 0)
		return -1;
	scratch = swap_scratch(p->root, e);
	if (scratch == NULL)
		return -1;
	rc = restore_with(p, scratch, out, e);
	if (!out->took_place)
		swap_drop(scratch);
	free(scratch);
	return rc;
}

/* The root as it was: there was none. */
static void
take_back_root(const char *root)
{
	char *lock = mem_fmt("%s/serve.lock", root);

	unlink(lock);
	rmdir(root);
	free(lock);
}

int
backup_restore(const struct restore_plan *p, struct restored *out, struct err *e)
{
	bool made = !file_exists(p->root);
	int lock, rc = -1;

	*out = (struct restored){ .judged = false };
	if (!file_exists(p->file)) {
		errno = ENOENT;
		return err_errno(e, "cannot open %s", p->file);
	}
	if (file_make_folder(p->root, 0700, e) != 0)
		return -1;
	lock = root_lock(p->root, e);
	if (lock < 0) {
		err_hint(e, "end it first: systemctl stop trustlist, or SIGTERM");
		return -1;
	}
	rc = restore_locked(p, out, e);
	if (rc != 0 && made && !out->took_place)
		take_back_root(p->root);
	close(lock);
	return rc;
}

void
restored_free(struct restored *r)
{
	manifest_free(&r->manifest);
	free(r->kept);
	*r = (struct restored){ .judged = false };
}
