/*
 * stream: the bytes of one accepted connection, plain or through TLS, without ever waiting.
 *
 * Knows no protocol, no deadlines and no event loop: it says what to wait for.
 */
#ifndef TL_BASE_STREAM_H
#define TL_BASE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/tls.h"

struct stream {
	int fd;
	struct ssl_st *ssl; /* NULL: plain, or the peer has not said anything yet */
	bool shaken;	    /* the handshake is done */
	bool wants_write;   /* after a call that has to wait: until it is writable, not readable */
};

/* Takes fd over.  What is written waits here, and not in the kernel, once the peer is slow. */
struct stream stream_of(int fd);
/* The server's side of the handshake: 1 it is done, 0 wait, -1 it failed (tls_why.h). */
int stream_shake(struct stream *s, const struct tls *tls, struct err *e);
/* How many bytes; 0: wait; -1: no more will come, and e->code is ERR_NONE when the peer just closed
 * the connection, which is its right. */
ssize_t stream_read(struct stream *s, void *to, size_t n, struct err *e);
/* How many of them were taken; 0: wait, and come again with at least these bytes; -1: broken. */
ssize_t stream_write(struct stream *s, const void *from, size_t n, struct err *e);
/* Bytes are here that the descriptor does not show. */
bool stream_has_more(const struct stream *s);
/* Nothing more will be written: the peer is told.  Reading goes on, past TLS. */
void stream_finish(struct stream *s);
void stream_close(struct stream *s);
/* As close, and what the peer has not taken yet is dropped: it stopped reading. */
void stream_abort(struct stream *s);

#endif
