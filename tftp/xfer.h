/*
 * xfer: one file on its way to one phone, as a state machine - a packet or the passing of time goes
 * in, packets come out through a callback.  Touches no socket and no clock.
 *
 * A block is sent again only when the peer was silent for too long, never because it repeated an
 * acknowledgement (RFC 1123, 4.2.3.1).  How long is too long is measured: the round trip of what
 * was sent once (Karn's rule), with RFC 6298's arithmetic.  A peer that has asked for a timeout
 * (RFC 2349) gets that instead.
 *
 * Who says that it is the peer may not be: an ERROR ends a transfer only when nothing contradicts
 * it for a while, and what makes no sense is left alone.
 *
 * Memory: this struct and one window of blocks, and the blocks only once the peer has answered or
 * takes 512 bytes, so that a forged request costs little.
 */
#ifndef TL_TFTP_XFER_H
#define TL_TFTP_XFER_H

#include "tftp/content.h"
#include "tftp/proto.h"

/* How patient we are.  0 in a field means the usual value. */
struct xfer_rules {
	int64_t first_ms;	/* silence before a resend as long as nothing was measured (400) */
	int64_t least_ms;	/* and at least, however near the peer is (100) */
	int64_t most_ms;	/* to which it doubles (8000) */
	int64_t give_up_ms;	/* silence after which the peer is forgotten (30000) */
	int64_t again_ms;	/* silence after which the same request starts over (1000) */
	unsigned resends;	/* in a row to a peer that has never answered (5) */
	uint16_t window_blocks; /* most blocks sent without an answer (64); 1: no windowsize */
	size_t window_bytes;	/* and most bytes of them, if that is more than a block (64 KiB) */
	size_t block_bytes;	/* largest block (65464) */
};

enum xfer_state {
	XFER_RUNNING,
	XFER_SENT,     /* the peer has acknowledged the last block */
	XFER_GIVEN_UP, /* the peer fell silent */
	XFER_STOPPED,  /* the peer sent an ERROR, and nothing after it */
	XFER_FAILED    /* we sent an ERROR */
};

struct xfer;

/* For a read request that was decoded; nothing is sent yet.  Takes a reference of its own to c.
 * The packets given to send() are borrowed until it returns, and send() must not free the xfer. */
struct xfer *xfer_new(const struct tftp_packet *request, struct content *c,
    const struct xfer_rules *rules, void (*send)(void *ctx, struct bytes packet), void *ctx);
void xfer_free(struct xfer *x); /* NULL is fine */

/* What can happen to it.  Each may send, and may end it; ask xfer_state() afterwards.  An xfer that
 * has ended is deaf. */
void xfer_start(struct xfer *x, int64_t now_ms);
void xfer_packet(struct xfer *x, struct bytes packet, int64_t now_ms); /* from the right port */
void xfer_time(struct xfer *x, int64_t now_ms); /* at the deadline; earlier: nothing happens */
/* The same request came once more.  True: dealt with - before the peer's first acknowledgement the
 * answer, which may be lost, is sent again; a copy that comes later is left alone.  False: the peer
 * has started over, and so should we. */
bool xfer_request_again(struct xfer *x, int64_t now_ms);
void xfer_cancel(struct xfer *x, const char *why); /* ends it, and tells the peer why */

enum xfer_state xfer_state(const struct xfer *x);
int64_t xfer_deadline(const struct xfer *x); /* when xfer_time() wants to be called */
size_t xfer_burst(const struct xfer *x); /* bytes that one packet of the peer may bring, at most */
uint64_t xfer_bytes(const struct xfer *x);  /* of the blocks acknowledged */
uint64_t xfer_resent(const struct xfer *x); /* packets sent more than once */
/* Stopped or failed, or about to stop because the peer said so: a sentence, which may be the
 * peer's; else NULL.  Lives until something happens to x. */
const char *xfer_why(const struct xfer *x);

#endif
