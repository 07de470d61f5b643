#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

static int
read_all(int fd, const char *path, size_t max, struct wr *out, struct err *e)
{
	uint8_t part[16384];
	size_t start = out->n;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_errno(e, "reading %s", path);
		else if ((size_t)n > max - (out->n - start))
			rc = err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", path, max);
		else
			wr_put(out, bytes_over(part, (size_t)n));
	}
	mem_wipe(part, sizeof(part));
	if (rc == 0 && out->bad)
		rc = err_set(e, ERR_LIMIT, "%s is larger than we read", path);
	if (rc != 0)
		out->n = start;
	return rc;
}

int
file_read(const char *path, size_t max, struct wr *out, struct err *e)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", max, out, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	rc = read_all(fd, path, max, out, e);
	close(fd);
	return rc;
}

int
file_open_regular(const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(e, ERR_FAILED, "%s is not a regular file", path);
}

int
file_read_regular(const char *path, size_t max, struct wr *out, struct err *e)
{
	int fd = file_open_regular(path, e), rc;

	if (fd < 0)
		return -1;
	rc = read_all(fd, path, max, out, e);
	close(fd);
	return rc;
}

int
file_own_like(int fd, int folder)
{
	struct stat is, like;

	if (geteuid() != 0)
		return 0;
	if (fstat(fd, &is) != 0 || fstat(folder, &like) != 0)
		return -1;
	if ((is.st_uid == like.st_uid && is.st_gid == like.st_gid) ||
	    (!S_ISDIR(is.st_mode) && is.st_nlink > 1))
		return 0;
	return fchown(fd, like.st_uid, like.st_gid);
}

int
file_own_entry(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : file_own_like(fd, folder), error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return rc;
}

int
file_write(int fd, struct bytes content)
{
	while (content.n > 0) {
		ssize_t n = write(fd, content.p, content.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		content = bytes_from(content, (size_t)n);
	}
	return 0;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_text(".");
	return slash == path ? mem_text("/") : mem_text_n(path, (size_t)(slash - path));
}

int
file_sync_folder_of(const char *path)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(folder);
	return rc;
}

/* Hidden, so that whoever serves the folder does not serve a half. */
static char *
name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash - path) + 1;

	return mem_fmt("%.*s.%s.XXXXXX", folder, path, path + folder);
}

int
file_replace(const char *path, struct bytes content, mode_t mode, struct err *e)
{
	char *beside = name_beside(path);
	int fd = mkostemp(beside, O_CLOEXEC);
	int rc = -1;

	if (fd < 0) {
		err_errno(e, "cannot write %s", path);
		goto out;
	}
	if (file_write(fd, content) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0 ||
	    rename(beside, path) != 0) {
		err_errno(e, "cannot write %s", path);
		unlink(beside);
		goto out;
	}
	if (file_sync_folder_of(path) != 0) {
		err_errno(e, "cannot sync the folder of %s", path);
		goto out;
	}
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	free(beside);
	return rc;
}

int
file_make_folder(const char *path, mode_t mode, struct err *e)
{
	char *whole = mem_text(path);
	struct stat st;
	int rc = 0;

	for (char *p = whole; rc == 0 && *p != '\0'; p++) {
		if (*p != '/' || p == whole)
			continue;
		*p = '\0';
		if (mkdir(whole, mode) != 0 && errno != EEXIST)
			rc = err_errno(e, "cannot make the folder %s", whole);
		*p = '/';
	}
	if (rc == 0 && mkdir(whole, mode) != 0 && errno != EEXIST)
		rc = err_errno(e, "cannot make the folder %s", whole);
	if (rc == 0 && (stat(whole, &st) != 0 || !S_ISDIR(st.st_mode)))
		rc = err_set(e, ERR_FAILED, "%s is not a folder", whole);
	free(whole);
	return rc;
}

bool
file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool
is_fit_to_open(const char *name)
{
	if (name[0] == '\0' || name[0] == '/')
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		bool starts = p == name || p[-1] == '/';

		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\\')
			return false;
		if (starts && p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return false;
	}
	return true;
}

/* Errors of open that mean "no file of that name": also what is there but cannot be one. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG ||
	       error == ENXIO || error == ENODEV;
}

/* The kernel walks the name and refuses every step that leaves the folder, so there is no moment
 * between a check and the use (openat2(2), Linux 5.6). */
static int
open_beneath(int root, const char *name, uint64_t flags, struct err *e)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd, error;

	if (!is_fit_to_open(name))
		return err_set(e, ERR_NOT_FOUND, "not a name under the folder");
	fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	error = errno;
	if (fd < 0 && error == EXDEV)
		return err_set(e, ERR_NOT_FOUND, "the name leads out of the folder");
	if (fd < 0)
		return err_set(e, is_absent(error) ? ERR_NOT_FOUND : ERR_FAILED, "cannot open: %s",
		    strerror(error));
	return fd;
}

int
file_open_under(int root, const char *name, struct err *e)
{
	struct stat st;
	int fd = open_beneath(root, name, 0, e);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_NOT_FOUND, "not a regular file");
	}
	return fd;
}

int
file_folder_under(int root, const char *name, struct err *e)
{
	return open_beneath(root, name[0] == '\0' ? "." : name, O_DIRECTORY, e);
}

int
file_identity_of(int fd, struct file_identity *out, struct err *e)
{
	struct stat st;

	*out = (struct file_identity){ 0 };
	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot examine the file");
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->size = st.st_size;
	/* Not the time of writing, which cp -p and rsync -t set back. */
	out->changed_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return 0;
}

bool
file_identity_eq(const struct file_identity *a, const struct file_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed_ns == b->changed_ns;
}
