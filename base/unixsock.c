#include "base/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { BACKLOG = 128, LOCK_TRIES = 20, LOCK_PAUSE_MS = 50 };

static int
open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int
address_of(const char *path, struct sockaddr_un *out, struct err *e)
{
	size_t n = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n == 0 || n >= sizeof(out->sun_path))
		return err_set(e, ERR_USAGE, "%s: the name of a socket has 1 to %zu bytes", path,
		    sizeof(out->sun_path) - 1);
	memcpy(out->sun_path, path, n + 1);
	return 0;
}

/* A connection to a socket that nobody listens on is refused.  One that has to wait for its turn
 * (EAGAIN) has somebody to wait for. */
static bool
is_left_behind(const struct sockaddr_un *at)
{
	int fd = open_socket();
	bool refused;

	if (fd < 0)
		return false;
	refused =
	    connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int
make_room(const struct sockaddr_un *at, struct err *e)
{
	const char *path = at->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot examine %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_EXISTS, "%s is there, and is not a socket", path);
	if (!is_left_behind(at))
		return err_set(e, ERR_BUSY, "%s is in use, or somebody else's", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(e, "cannot remove %s, which was left behind", path);
	return 0;
}

/* The mode is set before it listens: until then nobody gets in. */
static int
bind_and_listen(int fd, const struct sockaddr_un *at, mode_t mode)
{
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0)
		return -1;
	if (chmod(at->sun_path, mode) == 0 && listen(fd, BACKLOG) == 0)
		return 0;
	unlink(at->sun_path);
	return -1;
}

static int
listen_at(const struct sockaddr_un *at, mode_t mode, struct err *e)
{
	int fd;

	if (make_room(at, e) != 0)
		return -1;
	fd = open_socket();
	if (fd >= 0 && bind_and_listen(fd, at, mode) == 0)
		return fd;
	err_errno(e, "cannot listen on %s", at->sun_path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Between bind() and listen() a socket looks as if it were left behind: so nobody who starts at the
 * same moment may look.  The folder is locked, which leaves no file.  But whoever may read a folder
 * may lock it, for as long as he likes; who starts is done in a moment, so that this one waits for
 * nobody any longer. */
static void
try_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };

	for (int i = 1; flock(fd, LOCK_EX | LOCK_NB) != 0 && i < LOCK_TRIES; i++)
		nanosleep(&pause, NULL);
}

static int
lock_folder_of(const char *path, struct err *e)
{
	char *copy = mem_text(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(copy);
	if (fd < 0)
		return err_errno(e, "cannot open the folder of %s", path);
	try_lock(fd);
	return fd;
}

int
unix_listen(const char *path, mode_t mode, struct err *e)
{
	struct sockaddr_un at;
	int fd, folder;

	if (address_of(path, &at, e) != 0)
		return -1;
	folder = lock_folder_of(path, e);
	if (folder < 0)
		return -1;
	fd = listen_at(&at, mode, e);
	close(folder);
	return fd;
}

ino_t
unix_inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;
}

void
unix_remove(const char *path, ino_t inode)
{
	if (inode != 0 && unix_inode(path) == inode)
		unlink(path);
}

static bool
credentials(int fd, struct ucred *out)
{
	socklen_t n = sizeof(*out);
	int domain = 0;
	socklen_t domain_n = sizeof(domain);

	*out = (struct ucred){ 0 };
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_n) != 0 || domain != AF_UNIX)
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &n) == 0;
}

bool
unix_peer_uid(int fd, uid_t *uid)
{
	struct ucred who;
	bool known = credentials(fd, &who);

	*uid = known ? who.uid : (uid_t)-1;
	return known;
}

int
unix_accept(int fd, struct tcp_peer *peer)
{
	int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred who;

	*peer = (struct tcp_peer){ 0 };
	if (got < 0)
		return -1;
	credentials(got, &who);
	snprintf(peer->text, sizeof(peer->text), "local:%ld", (long)who.pid);
	peer->host = (uint32_t)who.uid;
	return got;
}
