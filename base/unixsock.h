/*
 * unixsock: a socket in the file system, for whoever may open the file - listen, accept, and who
 * the peer is.  Nothing blocks but for the moment that another process listens on a name beside it,
 * a second at most.
 */
#ifndef TL_BASE_UNIXSOCK_H
#define TL_BASE_UNIXSOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/tcp.h"

/* Listens on a name that is free, or was left behind by a process that has ended; ERR_BUSY when
 * somebody listens there, ERR_EXISTS when it is not a socket.  Its
 * folder must exist, and be nobody else's to write to.  mode is the file's from the first moment on
 * (0600: the same user).  The fd, or -1. */
int unix_listen(const char *path, mode_t mode, struct err *e);
/* Takes the name away, when it is still that of the socket with this inode; others stay.  While the
 * socket is open, no other file gets its number. */
void unix_remove(const char *path, ino_t inode);
ino_t unix_inode(const char *path); /* of the socket with this name; 0: there is none */
/* As tcp_accept().  The peer's text is "local:" and its process id; its host is the user. */
int unix_accept(int fd, struct tcp_peer *peer);
/* The user that the peer was when it connected; false: not such a socket. */
bool unix_peer_uid(int fd, uid_t *uid);

#endif
