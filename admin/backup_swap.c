#include "admin/backup_swap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup.h"
#include "admin/leftover.h"
#include "base/file.h"
#include "base/mem.h"

#define SCRATCH	 "/.restore-"
#define RESTORED "/.restored"

/* Folders kept beside each other; who has that many looks after none of them. */
enum { KEPT_MAX = 10000 };

/* What an instance is. */
static const char *const names[] = { BACKUP_STORE, BACKUP_CONF, BACKUP_FOLDER };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* ---- the folder to unpack into ---- */

/* Of whom the root is: he will serve what lies in it. */
static int
own(const char *root, const char *name, struct err *e)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 ? file_own_entry(fd, name) : -1;

	if (rc != 0)
		err_errno(e, "cannot give %s/%s to whom %s belongs", root, name, root);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
swap_drop(const char *scratch)
{
	nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void
drop_leftovers(const char *root)
{
	DIR *dir = opendir(root);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path = mem_fmt("%s/%s", root, entry->d_name);

		if (strncmp(path + strlen(root), SCRATCH, strlen(SCRATCH)) == 0)
			swap_drop(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}

char *
swap_scratch(const char *root, struct err *e)
{
	char *path = mem_fmt("%s" SCRATCH "XXXXXX", root);
	char *backups = mem_fmt("%s" BACKUP_COPY, root);

	drop_leftovers(root);
	leftover_sweep(backups);
	free(backups);
	if (mkdtemp(path) == NULL)
		err_errno(e, "cannot make a folder in %s", root);
	else if (own(root, path + strlen(root) + 1, e) == 0)
		return path;
	else
		rmdir(path);
	free(path);
	return NULL;
}

/* ---- can it be swapped? ---- */

/* Each mount has a number (Linux 5.8); a bind mount is known by nothing else. */
static bool
is_elsewhere(const struct statx *is, const struct statx *root)
{
	if (is->stx_dev_major != root->stx_dev_major || is->stx_dev_minor != root->stx_dev_minor)
		return true;
	return (is->stx_mask & root->stx_mask & STATX_MNT_ID) != 0 &&
	       is->stx_mnt_id != root->stx_mnt_id;
}

static int
look(const char *path, struct statx *to)
{
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MNT_ID, to);
}

int
swap_check(const char *root, struct err *e)
{
	struct statx of_root, is;

	if (statx(AT_FDCWD, root, 0, STATX_TYPE | STATX_MNT_ID, &of_root) != 0)
		return err_errno(e, "cannot examine %s", root);
	for (size_t i = 0; i < NAMES; i++) {
		char *path = mem_fmt("%s/%s", root, names[i]);
		int gone = look(path, &is);

		free(path);
		if (gone != 0 || !is_elsewhere(&is, &of_root))
			continue;
		err_set(e, ERR_USAGE,
		    "%s/%s is a mount of its own: it cannot be moved away, and a restore replaces it",
		    root, names[i]);
		return err_hint(e,
		    "umount it for the restore, and mount what was restored into its place; or mount "
		    "the whole of %.100s",
		    root);
	}
	return 0;
}

/* ---- the swap ---- */

/* From one folder to another, if it is there and nothing has its place. */
static int
move(const char *from, const char *to, const char *name, struct err *e)
{
	char *was = mem_fmt("%s/%s", from, name), *becomes = mem_fmt("%s/%s", to, name);
	int rc = 0;

	if (!file_exists(becomes) && rename(was, becomes) != 0 && errno != ENOENT)
		rc = err_errno(e, "cannot move %s to %s", was, becomes);
	free(was);
	free(becomes);
	return rc;
}

static bool
is_in(const char *folder, const char *name)
{
	char *path = mem_fmt("%s/%s", folder, name);
	bool is = file_exists(path);

	free(path);
	return is;
}

/* What is there moves away, then what was restored moves in.  Once that is done the name is gone
 * from the folder, and a second time nothing happens. */
static int
replace(const char *root, const char *restored, const char *old, const char *name, struct err *e)
{
	if (!is_in(restored, name))
		return 0;
	if (move(root, old, name, e) != 0)
		return -1;
	/* SQLite would take the log of the old store for that of the new one. */
	if (strcmp(name, BACKUP_STORE) == 0 && (move(root, old, BACKUP_STORE "-wal", e) != 0 ||
						   move(root, old, BACKUP_STORE "-shm", e) != 0))
		return -1;
	return move(restored, root, name, e);
}

static int
sync_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;

	if (rc != 0)
		err_errno(e, "cannot sync the folder %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A name that says what it is, and that is free. */
static int
keep(const char *root, const char *old, char **kept, struct err *e)
{
	for (int i = 1; i < KEPT_MAX; i++) {
		char *to = mem_fmt("%s/replaced-%d", root, i);

		if (renameat2(AT_FDCWD, old, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
			*kept = to;
			return 0;
		}
		free(to);
		if (errno != EEXIST)
			return err_errno(e, "cannot keep %s", old);
	}
	return err_set(e, ERR_FAILED, "%s is full of replaced-... folders", root);
}

static int
close_swap(const char *root, const char *restored, const char *old, char **kept, struct err *e)
{
	/* rmdir() fails when something was there, which is kept then. */
	if (rmdir(old) != 0 && errno != ENOENT && keep(root, old, kept, e) != 0)
		return -1;
	if (rmdir(restored) != 0)
		return err_errno(e, "cannot remove %s", restored);
	return sync_folder(root, e);
}

bool
swap_is_open(const char *root)
{
	char *path = mem_fmt("%s" RESTORED, root);
	bool is = file_exists(path);

	free(path);
	return is;
}

int
swap_finish(const char *root, char **kept, struct err *e)
{
	char *restored = mem_fmt("%s" RESTORED, root), *old = mem_fmt("%s" RESTORED "/old", root);
	int rc = 0;

	*kept = NULL;
	if (mkdir(old, 0700) != 0 && errno != EEXIST)
		rc = err_errno(e, "cannot make the folder %s", old);
	if (rc == 0)
		rc = own(restored, "old", e);
	for (size_t i = 0; rc == 0 && i < NAMES; i++)
		rc = replace(root, restored, old, names[i], e);
	if (rc == 0)
		rc = sync_folder(root, e);
	if (rc == 0)
		rc = close_swap(root, restored, old, kept, e);
	free(old);
	free(restored);
	return rc;
}

/* All that was unpacked, and the names it has. */
static int
sync_scratch(const char *scratch, struct err *e)
{
	int fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && syncfs(fd) == 0 ? 0 : err_errno(e, "cannot sync %s", scratch);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* Opening the store may have left others beside it: its log, the copy of an older schema. */
static int
drop_others(const char *scratch, struct err *e)
{
	struct dirent **entry = NULL;
	int n = scandir(scratch, &entry, NULL, NULL), rc = 0;

	if (n < 0)
		return err_errno(e, "cannot read the folder %s", scratch);
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		char *path = mem_fmt("%s/%s", scratch, name);

		if (strncmp(name, BACKUP_STORE, strlen(BACKUP_STORE)) == 0 &&
		    strcmp(name, BACKUP_STORE) != 0 && unlink(path) != 0)
			rc = err_errno(e, "cannot remove %s", path);
		free(path);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

int
swap_into_place(const char *root, const char *scratch, char **kept, struct err *e)
{
	char *restored = mem_fmt("%s" RESTORED, root);
	int rc = swap_check(root, e);

	*kept = NULL;
	if (rc == 0)
		rc = drop_others(scratch, e);
	if (rc == 0)
		rc = sync_scratch(scratch, e);
	if (rc == 0 && rename(scratch, restored) != 0)
		rc = err_errno(e, "cannot move %s to %s", scratch, restored);
	if (rc == 0)
		rc = sync_folder(root, e);
	if (rc == 0)
		rc = swap_finish(root, kept, e);
	free(restored);
	return rc;
}
