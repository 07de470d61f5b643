#include "admin/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_seal.h"
#include "admin/backup_tar.h"
#include "admin/leftover.h"
#include "base/file.h"
#include "base/mem.h"

enum { PART = 1 << 16 };

struct making {
	const struct backup_plan *p;
	struct backup_made *made;
	struct seal *seal;
	struct tar_out *tar;
	EVP_MD_CTX *hash;
	uint64_t done, of;
	struct stat self; /* the file that is being written: it may lie in the folder */
	int folder;
	uint8_t part[PART];
};

static int
to_seal(void *ctx, struct bytes part, struct err *e)
{
	struct making *k = ctx;

	if (backup_go_on(k->p->watch, e) != 0)
		return -1;
	k->done += part.n;
	if (k->p->watch != NULL)
		k->p->watch->at(k->p->watch->ctx, k->done, k->of);
	return seal_put(k->seal, part, e);
}

static int
hash_failed(struct err *e)
{
	return err_set(e, ERR_FAILED, "OpenSSL cannot compute SHA-256");
}

/* Somebody wrote the file while it was read: half old and half new is no backup. */
static int
changed_meanwhile(const char *name, struct err *e)
{
	err_set(e, ERR_BUSY, "%.200s was written while it was read", name);
	return err_hint(e, "try again; files that are replaced as a whole do no harm");
}

static int
copy_bytes(struct making *k, int fd, const char *name, uint64_t left, struct err *e)
{
	while (left > 0) {
		size_t most = left < PART ? (size_t)left : PART;
		ssize_t n = read(fd, k->part, most);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "reading %.200s", name);
		if (n == 0)
			return changed_meanwhile(name, e);
		if (EVP_DigestUpdate(k->hash, k->part, (size_t)n) != 1)
			return hash_failed(e);
		if (tar_out_put(k->tar, bytes_over(k->part, (size_t)n), e) != 0)
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

static bool
same_version(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* An open file under its name in the archive. */
static int
add_open(struct making *k, int fd, const char *name, bool secret, struct err *e)
{
	uint8_t sha256[MANIFEST_SHA256];
	struct tar_member m = { .name = name, .secret = secret };
	struct stat st, after;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot examine %.200s", name);
	m.size = (uint64_t)st.st_size;
	m.changed = st.st_mtim.tv_sec;
	if (EVP_DigestInit_ex(k->hash, EVP_sha256(), NULL) != 1)
		return hash_failed(e);
	if (tar_out_member(k->tar, &m, e) != 0 || copy_bytes(k, fd, name, m.size, e) != 0)
		return -1;
	if (EVP_DigestFinal_ex(k->hash, sha256, NULL) != 1)
		return hash_failed(e);
	if (fstat(fd, &after) != 0 || !same_version(&st, &after))
		return changed_meanwhile(name, e);
	return manifest_add(&k->made->manifest, name, m.size, sha256, e);
}

/* ---- the store ---- */

/* A copy nobody writes to; what the manifest says is said of that. */
static int
describe_copy(struct making *k, const char *path, struct err *e)
{
	struct store *copy = store_open(path, STORE_EXISTING, e);
	int rc = copy == NULL ? -1 : manifest_of(copy, k->p->now, &k->made->manifest, e);

	store_close(copy);
	return rc == 0 ? 0 : err_prefix(e, "the copy of the store");
}

static int
open_copy(struct making *k, const char *path, int *fd, struct err *e)
{
	if (store_copy(k->p->store, path, e) != 0)
		return -1;
	if (describe_copy(k, path, e) != 0)
		return -1;
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? 0 : err_errno(e, "cannot open %s", path);
}

/* Keys are in the copy: it loses its name before it is read, and is gone with this process. */
static int
add_store(struct making *k, struct err *e)
{
	char *prefix = mem_fmt("%s" BACKUP_COPY, k->p->root), *folder, *path;
	int held, fd = -1, rc;

	leftover_sweep(prefix);
	held = leftover_folder(prefix, &folder, e);
	free(prefix);
	if (held < 0)
		return -1;
	path = mem_fmt("%s/%s", folder, BACKUP_STORE);
	rc = open_copy(k, path, &fd, e);
	unlink(path);
	rmdir(folder);
	close(held);
	if (rc == 0)
		rc = add_open(k, fd, BACKUP_STORE, true, e);
	if (fd >= 0)
		close(fd);
	free(path);
	free(folder);
	return rc;
}

/* ---- the other files ---- */

static int
add_conf(struct making *k, struct err *e)
{
	int fd = open(k->p->conf, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot open %s", k->p->conf);
	rc = add_open(k, fd, BACKUP_CONF, false, e);
	close(fd);
	return rc;
}

static void
leave_out(struct making *k, const char *name)
{
	struct backup_made *m = k->made;

	if (m->left_out++ == 0)
		snprintf(m->left_out_first, sizeof(m->left_out_first), "%.250s", name);
}

static bool
is_gone(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* By the rules by which it is served: what those refuse is left out, and said. */
static int
add_served(struct making *k, const char *name, struct err *e)
{
	char *in_archive = mem_fmt("%s/%s", BACKUP_FOLDER, name);
	struct err why = { 0 };
	struct stat st;
	int fd = -1, rc = 0;

	if (tar_name_is_fit(in_archive))
		fd = file_open_under(k->folder, name, &why);
	else
		why.code = ERR_NOT_FOUND;
	if (fd < 0 && why.code != ERR_NOT_FOUND) {
		err_set(e, why.code, "%s", why.text);
		rc = err_prefix(e, "%.200s", name);
	} else if (fd < 0 && !is_gone(k->folder, name)) {
		leave_out(k, name);
	} else if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_dev != k->self.st_dev ||
				  st.st_ino != k->self.st_ino)) {
		rc = add_open(k, fd, in_archive, false, e);
	}
	if (fd >= 0)
		close(fd);
	free(in_archive);
	return rc;
}

static int add_folder(struct making *k, const char *name, struct err *e);

static int
add_entry(struct making *k, const char *folder, const char *entry, struct err *e)
{
	char *name = folder[0] == '\0' ? mem_text(entry) : mem_fmt("%s/%s", folder, entry);
	struct stat st;
	int rc = 0;

	/* Hidden ones are not served: files that are being written have such names. */
	if (entry[0] != '.') {
		if (fstatat(k->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			rc = tar_name_is_fit(name) ? add_folder(k, name, e)
						   : (leave_out(k, name), 0);
		else
			rc = add_served(k, name, e);
	}
	free(name);
	return rc;
}

/* What is in it in the order of names, so that two backups of the same files are alike. */
static int
add_folder(struct making *k, const char *name, struct err *e)
{
	struct dirent **entry = NULL;
	int fd = file_folder_under(k->folder, name, e), n, rc = 0;

	if (fd < 0)
		return err_prefix(e, "%.200s", name);
	n = scandirat(fd, ".", &entry, NULL, alphasort);
	if (n < 0)
		rc = err_errno(e, "cannot read the folder %.200s", name);
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = add_entry(k, name, entry[i]->d_name, e);
		free(entry[i]);
	}
	free(entry);
	close(fd);
	return rc;
}

static int
add_static(struct making *k, struct err *e)
{
	int rc;

	k->folder = open(k->p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->folder < 0)
		return err_errno(e, "the folder of static files, %s", k->p->folder);
	rc = add_folder(k, "", e);
	close(k->folder);
	return rc;
}

static int
add_manifest(struct making *k, struct err *e)
{
	struct tar_member m = { .name = BACKUP_MANIFEST, .changed = k->p->now };
	struct wr json = { 0 };
	int rc = manifest_write(&k->made->manifest, &json, e);

	m.size = json.n;
	if (rc == 0)
		rc = tar_out_member(k->tar, &m, e);
	if (rc == 0)
		rc = tar_out_put(k->tar, wr_view(&json), e);
	wr_free(&json);
	return rc;
}

/* About how much there is to write; what cannot be seen does not count. */
static uint64_t
bytes_in(int folder, const char *name, int depth)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	uint64_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISREG(st.st_mode))
			n += (uint64_t)st.st_size;
		else if (S_ISDIR(st.st_mode) && depth < TAR_DEPTH_MAX)
			n += bytes_in(fd, entry->d_name, depth + 1);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return n;
}

/* ---- the file ---- */

static int
write_archive(struct making *k, struct err *e)
{
	k->of = k->p->watch != NULL ? bytes_in(AT_FDCWD, k->p->folder, 0) : 0;
	if (add_store(k, e) != 0 || add_conf(k, e) != 0 || add_static(k, e) != 0 ||
	    add_manifest(k, e) != 0)
		return -1;
	return tar_out_finish(k->tar, e) == 0 ? seal_finish(k->seal, e) : -1;
}

static int
write_backup(const struct backup_plan *p, int fd, struct backup_made *made, struct err *e)
{
	struct making *k = mem_new(sizeof(*k));
	int rc = -1;

	k->p = p;
	k->made = made;
	k->hash = EVP_MD_CTX_new();
	if (k->hash == NULL)
		hash_failed(e);
	else if (fstat(fd, &k->self) != 0)
		err_errno(e, "cannot examine %s", p->file);
	else if ((k->seal = seal_new(fd, p->passphrase, p->rounds, e)) != NULL &&
		 (k->tar = tar_out_new(to_seal, k, e)) != NULL)
		rc = write_archive(k, e);
	tar_out_free(k->tar);
	seal_free(k->seal);
	EVP_MD_CTX_free(k->hash);
	mem_wipe(k, sizeof(*k));
	free(k);
	return rc;
}

/* Gives it its name, unless somebody else has that; file systems that cannot do both in one step
 * (those of memory sticks) do the one after the other. */
static int
name_it(const char *beside, const char *file, struct err *e)
{
	int rc = renameat2(AT_FDCWD, beside, AT_FDCWD, file, RENAME_NOREPLACE);

	if (rc != 0 && errno == EINVAL && !file_exists(file))
		rc = rename(beside, file);
	if (rc != 0 && errno == EEXIST)
		return err_set(e, ERR_EXISTS, "%s exists already", file);
	if (rc != 0 || file_sync_folder_of(file) != 0)
		return err_errno(e, "cannot write %s", file);
	return 0;
}

/* A backup that cannot be read is found out now, and not on the day it is needed. */
static int
read_again(const struct backup_plan *p, const char *beside, int fd, struct backup_made *made,
    struct err *e)
{
	struct manifest again;
	struct stat st;
	int rc = backup_read(beside, p->passphrase, NULL, p->watch, &again, e);

	if (rc == 0)
		rc = manifest_same_files(&again, &made->manifest, e);
	manifest_free(&again);
	if (rc != 0)
		return err_prefix(e, "what was written cannot be read again");
	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot examine %s", p->file);
	made->bytes = (uint64_t)st.st_size;
	return 0;
}

int
backup_create(const struct backup_plan *p, struct backup_made *out, struct err *e)
{
	char *prefix, *beside;
	int fd, rc;

	*out = (struct backup_made){ .bytes = 0 };
	if (file_exists(p->file))
		return err_set(e, ERR_EXISTS, "%s exists already", p->file);
	prefix = mem_fmt("%s.part-", p->file);
	leftover_sweep(prefix);
	fd = leftover_file(prefix, &beside, e);
	free(prefix);
	if (fd < 0)
		return -1;
	rc = write_backup(p, fd, out, e);
	if (rc == 0 && fsync(fd) != 0)
		rc = err_errno(e, "cannot write %s", p->file);
	if (rc == 0)
		rc = read_again(p, beside, fd, out, e);
	if (rc == 0)
		rc = name_it(beside, p->file, e);
	if (rc != 0) {
		unlink(beside);
		backup_made_free(out);
	}
	close(fd);
	free(beside);
	return rc;
}

void
backup_made_free(struct backup_made *m)
{
	manifest_free(&m->manifest);
	*m = (struct backup_made){ .bytes = 0 };
}
