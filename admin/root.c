#include "admin/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/backup_swap.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/node.h"

char *
root_store(const char *root)
{
	return mem_fmt("%s/trustlist.db", root);
}

char *
root_conf(const char *root)
{
	return mem_fmt("%s/trustlist.conf", root);
}

char *
root_folder(const char *root)
{
	return mem_fmt("%s/tftp", root);
}

/* A restore that died over its last steps is carried on with; one that is alive holds the lock. */
static int
settle_locked(const char *root, struct err *e)
{
	char *kept = NULL;
	int rc = swap_is_open(root) ? swap_finish(root, &kept, e) : 0;

	free(kept);
	return rc;
}

int
root_settle(const char *root, struct err *e)
{
	int lock, rc;

	if (!swap_is_open(root))
		return 0;
	lock = root_lock(root, e);
	if (lock < 0)
		return err_set(e, ERR_BUSY, "a backup is being restored into %s", root);
	rc = settle_locked(root, e);
	close(lock);
	return rc;
}

static struct store *
open_settled(const char *root, struct err *e)
{
	char *path = root_store(root);
	struct store *s = store_open(path, STORE_EXISTING, e);
	struct cluster c;

	free(path);
	if (s == NULL)
		return NULL;
	/* An init that was cut short leaves a store without a cluster. */
	if (cluster_get(s, &c, e) == 0)
		return s;
	err_hint(e, "make one with: trustlist --root %.100s cluster init --name NAME", root);
	store_close(s);
	return NULL;
}

struct store *
root_open_store(const char *root, struct err *e)
{
	return root_settle(root, e) == 0 ? open_settled(root, e) : NULL;
}

struct store *
root_open_locked(const char *root, struct err *e)
{
	return settle_locked(root, e) == 0 ? open_settled(root, e) : NULL;
}

static int
open_lock(const char *root, int flags, struct err *e)
{
	char *path = mem_fmt("%s/serve.lock", root);
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		err_errno(e, "cannot open %s", path);
	free(path);
	return fd;
}

/* Root may have been the first to lock it; the next is the service's user, whose root it is.  That
 * it could not be given away is found out by who cannot open it. */
static void
own_lock(const char *root, int fd)
{
	int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		return;
	(void)file_own_like(fd, folder);
	close(folder);
}

/* Of the open file and not of the process (F_OFD_): unlike flock() it can be asked for without
 * being taken, so that nobody who asks gets into the way of one who starts. */
int
root_lock(const char *root, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_lock(root, O_RDWR | O_CREAT, e);

	if (fd >= 0)
		own_lock(root, fd);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return fd;
	if (errno == EAGAIN || errno == EACCES)
		err_set(e, ERR_FAILED, "another process serves %s already", root);
	else
		err_errno(e, "cannot lock %s/serve.lock", root);
	close(fd);
	return -1;
}

bool
root_is_served(const char *root)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_lock(root, O_RDONLY, NULL);
	bool is;

	if (fd < 0)
		return false;
	is = fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	close(fd);
	return is;
}
