#include "cmd/rehearsal/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { DESCRIPTORS = 16, DEPTH_MAX = 32 };

char *
tree_scratch(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	const char *under = tmp != NULL && tmp[0] != '\0'   ? tmp
			    : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
							    : "/tmp";
	char *path = mem_fmt("%s/trustlist-rehearsal-XXXXXX", under);

	if (mkdtemp(path) != NULL)
		return path;
	err_errno(e, "no folder can be made in %s", under);
	free(path);
	return NULL;
}

static int
copy_bytes(int from, int to, off_t left, const char *path, struct err *e)
{
	while (left > 0) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return err_errno(e, "cannot copy %s", path);
		left -= n;
	}
	return 0;
}

static int
copy_file(const char *path, const char *to, const struct stat *st, struct err *e)
{
	int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1, rc = -1;

	if (in >= 0)
		out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0777);
	if (in < 0 || out < 0)
		err_errno(e, "cannot copy %s", path);
	else
		rc = copy_bytes(in, out, st->st_size, path, e);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}

static int copy(const char *from, const char *to, int depth, struct err *e);

static int
copy_entries(DIR *folder, const char *from, const char *to, int depth, struct err *e)
{
	const struct dirent *entry;
	int rc = 0;

	while (rc == 0 && (entry = readdir(folder)) != NULL) {
		char *in, *out;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		in = mem_fmt("%s/%s", from, entry->d_name);
		out = mem_fmt("%s/%s", to, entry->d_name);
		rc = copy(in, out, depth + 1, e);
		free(in);
		free(out);
	}
	return rc;
}

static int
copy_folder(const char *from, const char *to, const struct stat *st, int depth, struct err *e)
{
	DIR *folder = opendir(from);
	int rc;

	if (folder == NULL || mkdir(to, st->st_mode & 0777) != 0) {
		err_errno(e, "cannot copy the folder %s", from);
		if (folder != NULL)
			closedir(folder);
		return -1;
	}
	rc = copy_entries(folder, from, to, depth, e);
	closedir(folder);
	return rc;
}

static int
copy(const char *from, const char *to, int depth, struct err *e)
{
	struct stat st;

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %d folders deep", from, DEPTH_MAX);
	if (lstat(from, &st) != 0)
		return err_errno(e, "cannot copy %s", from);
	if (S_ISDIR(st.st_mode))
		return copy_folder(from, to, &st, depth, e);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, &st, e);
	return 0; /* a socket of somebody who is gone */
}

int
tree_copy(const char *from, const char *to, struct err *e)
{
	return copy(from, to, 0, e);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void
tree_remove(const char *path)
{
	nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}
