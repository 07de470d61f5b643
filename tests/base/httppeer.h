/*
 * httppeer: the other end of an httpd, in the same thread as its loop - plain, through TLS, or on a
 * socket in the file system.  Tests turn the loop and look what came; nobody waits.
 */
#ifndef TL_TESTS_HTTPPEER_H
#define TL_TESTS_HTTPPEER_H

#include <poll.h>

#include "base/clock.h"
#include "base/loop.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"

enum {
	PATIENCE_MS = 10000, /* a failed test takes so long, a passing one never */
	GOT_MAX = 4 << 20
};

/* Turns the loop of s until this is true. */
#define UNTIL(s, what)                                                                             \
	do {                                                                                       \
		int64_t end_ = clock_mono_ms() + PATIENCE_MS;                                      \
		while (!(what) && clock_mono_ms() < end_) {                                        \
			loop_turn((s)->loop);                                                      \
			poll(NULL, 0, 1);                                                          \
		}                                                                                  \
		CU_ASSERT_TRUE_FATAL(what);                                                        \
	} while (0)

/* What has been sent on this machine is in the sockets already. */
void loop_turns(struct loop *l);

struct peer {
	struct loop *loop;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	char *got; /* ends in NUL */
	size_t n;
	bool closed; /* by the server, properly */
	bool reset;
};

void peer_connect(struct peer *p, struct loop *l, uint16_t port);
void peer_connect_unix(struct peer *p, struct loop *l, const char *path);
/* TLS of this version on it; with peer_step() alone the handshake is one step further. */
void peer_shake(struct peer *p, int version);
bool peer_step(struct peer *p);
void peer_end(struct peer *p);

void peer_send(struct peer *p, const char *text);
void peer_send_n(struct peer *p, const char *text, size_t n);
void peer_look(struct peer *p);			  /* reads what is there */
void peer_see_plain(struct peer *p, size_t most); /* at most so much of it */
void peer_forget(struct peer *p);		  /* what came until now */
bool peer_has(struct peer *p, const char *text);
bool peer_is_closed(struct peer *p);
/* The content behind the first head, and that it is whole. */
bool peer_has_content(struct peer *p, size_t n);
const uint8_t *peer_content(const struct peer *p);

#endif
