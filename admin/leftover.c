#include "admin/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_swap.h"
#include "base/mem.h"

#define ENDING "XXXXXX" /* of mkdtemp() */

enum { TRIES = 8 };

/* Somebody who sweeps may have been between us and our lock: then it is gone. */
static bool
hold(int fd)
{
	struct stat st;

	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return false;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static int
make_folder(char *path)
{
	return mkdtemp(path) == NULL ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
make_file(char *path)
{
	return mkostemp(path, O_CLOEXEC);
}

static int
make(const char *prefix, int (*make_one)(char *path), char **path, struct err *e)
{
	int fd = -1;

	*path = NULL;
	for (int i = 0; i < TRIES; i++) {
		char *made = mem_fmt("%s" ENDING, prefix);

		fd = make_one(made);
		if (fd >= 0 && hold(fd)) {
			*path = made;
			return fd;
		}
		if (fd < 0 && errno != ENOENT)
			i = TRIES;
		if (fd >= 0)
			close(fd);
		free(made);
	}
	return err_errno(e, "cannot make %s...", prefix);
}

int
leftover_folder(const char *prefix, char **path, struct err *e)
{
	return make(prefix, make_folder, path, e);
}

int
leftover_file(const char *prefix, char **path, struct err *e)
{
	return make(prefix, make_file, path, e);
}

static void
drop_if_left(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		swap_drop(path);
	close(fd);
}

void
leftover_sweep(const char *prefix)
{
	const char *slash = strrchr(prefix, '/'), *name = slash == NULL ? prefix : slash + 1;
	char *folder = slash == NULL ? mem_text(".") : mem_text_n(prefix, (size_t)(name - prefix));
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;

		if (strncmp(entry->d_name, name, strlen(name)) != 0 ||
		    strlen(entry->d_name) != strlen(name) + strlen(ENDING))
			continue;
		path = mem_fmt("%s/%s", folder, entry->d_name);
		drop_if_left(path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
}
