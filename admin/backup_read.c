#include "admin/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_seal.h"
#include "admin/backup_tar.h"
#include "base/file.h"
#include "base/mem.h"

int
backup_go_on(const struct backup_watch *w, struct err *e)
{
	if (w == NULL || w->stop == NULL || !*w->stop)
		return 0;
	return err_set(e, ERR_FAILED, "stopped before it was over");
}

static int
hash_failed(struct err *e)
{
	return err_set(e, ERR_FAILED, "OpenSSL cannot compute SHA-256");
}

struct reading {
	struct unseal *unseal;
	struct tar_in *tar;
	EVP_MD_CTX *hash;
	int into; /* -1: nowhere */
	const struct backup_watch *watch;
	uint64_t done, of;
	struct manifest found; /* the files that are there */
};

static int
from_unseal(void *ctx, struct bytes *part, struct err *e)
{
	struct reading *r = ctx;

	if (backup_go_on(r->watch, e) != 0 || unseal_next(r->unseal, part, e) != 0)
		return -1;
	r->done += part->n;
	if (r->watch != NULL)
		r->watch->at(r->watch->ctx, r->done, r->of);
	return 0;
}

static bool
belongs(const char *name)
{
	return strcmp(name, BACKUP_STORE) == 0 || strcmp(name, BACKUP_CONF) == 0 ||
	       strncmp(name, BACKUP_FOLDER "/", strlen(BACKUP_FOLDER "/")) == 0;
}

/* The folders that lead to it, which only we make: there is no link among them. */
static int
make_folders(int into, const char *name, struct err *e)
{
	char *part = mem_text(name);
	int rc = 0;

	for (char *slash = strchr(part, '/'); rc == 0 && slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(into, part, 0755) == 0 ? file_own_entry(into, part) != 0
						   : errno != EEXIST)
			rc = err_errno(e, "cannot make the folder %.200s", part);
		*slash = '/';
	}
	free(part);
	return rc;
}

/* *fd -1: it is only checked. */
static int
begin_file(struct reading *r, const char *name, int *fd, struct err *e)
{
	mode_t mode = strcmp(name, BACKUP_STORE) == 0 ? 0600 : 0644;

	*fd = -1;
	if (r->into < 0)
		return 0;
	if (make_folders(r->into, name, e) != 0)
		return -1;
	*fd = openat(r->into, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (*fd >= 0 && file_own_like(*fd, r->into) == 0)
		return 0;
	return err_errno(e, "cannot write %.200s", name);
}

static int
end_file(int fd, const struct tar_member *m, struct err *e)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = m->changed } };
	int rc = fd < 0 || futimens(fd, times) == 0 ? 0 : -1;

	if (fd >= 0 && close(fd) != 0)
		rc = -1;
	return rc == 0 ? 0 : err_errno(e, "cannot write %.200s", m->name);
}

static int
take_bytes(struct reading *r, int fd, const char *name, struct err *e)
{
	struct bytes part;

	for (;;) {
		if (tar_in_get(r->tar, &part, e) != 0)
			return -1;
		if (part.n == 0)
			return 0;
		if (EVP_DigestUpdate(r->hash, part.p, part.n) != 1)
			return hash_failed(e);
		if (fd >= 0 && file_write(fd, part) != 0)
			return err_errno(e, "cannot write %.200s", name);
	}
}

static int
take_file(struct reading *r, const struct tar_member *m, struct err *e)
{
	uint8_t sha256[MANIFEST_SHA256];
	int fd = -1, rc;

	if (!belongs(m->name))
		return err_set(e, ERR_NO, "%.200s does not belong into a backup", m->name);
	if (EVP_DigestInit_ex(r->hash, EVP_sha256(), NULL) != 1)
		return hash_failed(e);
	rc = begin_file(r, m->name, &fd, e);
	if (rc == 0)
		rc = take_bytes(r, fd, m->name, e);
	if (end_file(fd, m, rc == 0 ? e : NULL) != 0)
		rc = -1;
	if (rc == 0 && EVP_DigestFinal_ex(r->hash, sha256, NULL) != 1)
		rc = hash_failed(e);
	return rc == 0 ? manifest_add(&r->found, m->name, m->size, sha256, e) : -1;
}

static int
take_manifest(struct reading *r, const struct tar_member *m, struct manifest *out, struct err *e)
{
	struct wr json = { .max = MANIFEST_BYTES_MAX };
	struct bytes part;
	int rc = 0;

	if (m->size > MANIFEST_BYTES_MAX)
		return err_set(e, ERR_NO, "a manifest of %llu bytes", (unsigned long long)m->size);
	while (rc == 0 && (rc = tar_in_get(r->tar, &part, e)) == 0 && part.n > 0)
		wr_put(&json, part);
	if (rc == 0)
		rc = manifest_read(wr_view(&json), out, e);
	wr_free(&json);
	return rc;
}

/* Nothing stands behind the manifest; and only at its end the envelope says that all was whole. */
static int
expect_end(struct reading *r, struct err *e)
{
	struct tar_member m;
	struct bytes part;
	int rc = tar_in_member(r->tar, &m, e);

	if (rc == 1)
		return err_set(e, ERR_NO, "%.200s stands behind the manifest", m.name);
	while (rc == 0 && (rc = from_unseal(r, &part, e)) == 0 && part.n > 0)
		;
	return rc;
}

static int
take_all(struct reading *r, struct manifest *out, struct err *e)
{
	struct tar_member m;
	int rc;

	while ((rc = tar_in_member(r->tar, &m, e)) == 1) {
		if (strcmp(m.name, BACKUP_MANIFEST) == 0)
			break;
		if (take_file(r, &m, e) != 0)
			return -1;
	}
	if (rc == 0)
		return err_set(e, ERR_NO, "there is no manifest in the backup");
	if (rc < 0 || take_manifest(r, &m, out, e) != 0)
		return -1;
	if (expect_end(r, e) != 0 || manifest_same_files(out, &r->found, e) != 0)
		return -1;
	if (out->files == 0 || strcmp(out->file[0].path, BACKUP_STORE) != 0)
		return err_set(e, ERR_NO, "there is no store in the backup");
	return 0;
}

static int
read_open(int fd, struct bytes passphrase, int into, const struct backup_watch *watch,
    struct manifest *out, struct err *e)
{
	struct reading r = { .into = into, .watch = watch };
	struct stat st;
	int rc = -1;

	r.hash = EVP_MD_CTX_new();
	if (fstat(fd, &st) == 0)
		r.of = (uint64_t)st.st_size;
	if (r.hash == NULL)
		hash_failed(e);
	else if ((r.unseal = unseal_new(fd, passphrase, e)) != NULL &&
		 (r.tar = tar_in_new(from_unseal, &r, e)) != NULL)
		rc = take_all(&r, out, e);
	if (rc != 0)
		manifest_free(out);
	tar_in_free(r.tar);
	unseal_free(r.unseal);
	EVP_MD_CTX_free(r.hash);
	manifest_free(&r.found);
	return rc;
}

int
backup_read(const char *file, struct bytes passphrase, const char *into,
    const struct backup_watch *watch, struct manifest *out, struct err *e)
{
	int fd = file_open_regular(file, e), folder = -1, rc;

	*out = (struct manifest){ .created = 0 };
	if (fd < 0)
		return -1;
	if (into != NULL)
		folder = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (into != NULL && folder < 0)
		rc = err_errno(e, "cannot open %s", into);
	else
		rc = read_open(fd, passphrase, folder, watch, out, e);
	if (rc != 0)
		err_prefix(e, "%s", file);
	if (folder >= 0)
		close(folder);
	close(fd);
	return rc;
}
