/*
 * post: datagrams by the dozen - what has come to a socket is taken with one system call, and what
 * is to be sent waits until it can go with one.  Neighbours in the queue that have one size and one
 * receiver, as the blocks of a window have, go as one long datagram that the kernel cuts
 * (UDP_SEGMENT of udp(7), Linux 4.18); where it cannot, they go one by one.
 *
 * One belongs to one worker.  Knows nothing of TFTP.
 */
#ifndef TL_TFTP_POST_H
#define TL_TFTP_POST_H

#include "tftp/udp.h"

enum {
	POST_BATCH = 64,	 /* datagrams taken, or sent, at a time */
	POST_RECEIVED_MAX = 1024 /* bytes of one that came: the rest is cut off */
};

struct post;

struct post *post_new(bool segments); /* false: as if the kernel knew none */
void post_free(struct post *p);	      /* what waits is lost; NULL is fine */

/* Takes what has come, POST_BATCH at most, and says how many.  fd must not block.  What it gives is
 * valid until it is called again. */
size_t post_receive(struct post *p, int fd);
struct bytes post_datagram(const struct post *p, size_t i);
const struct udp_address *post_from(const struct post *p, size_t i);
/* The address of ours it came to (udp_local_of()). */
struct udp_address post_to(const struct post *p, size_t i);

/* Copied, and sent with the next post_flush() or when there is no more room; what goes out of one
 * socket keeps its order.  Datagrams get lost,
 * here as on the wire: who sends has a timer. */
void post_send(struct post *p, int fd, const struct udp_address *to, struct bytes datagram);
/* Everything that waits.  To be called before a socket is closed. */
void post_flush(struct post *p);
/* Datagrams that the kernel did not take, ever: its buffers were full, or there is no way. */
uint64_t post_unsent(const struct post *p);

#endif
