/*
 * ports: the UDP ports that transfers answer from.  RFC 1350 (section 4) wants one that is not the
 * server's, and not the one the peer saw last; but different peers may well see the same.  So a few
 * sockets carry most transfers of an address, and with each turn of the loop all that came to one
 * of them is taken at once: a socket for each transfer would cost more than its first blocks.
 *
 * The number of a port is the only thing that a forger does not know (PROTOCOL.md, "What a forger
 * can do").  Shared ones can be learned by asking, so they are taken at random, are given up after
 * a while, and serve transfers where there is little to gain; the others have one of their own.
 *
 * Belongs to one server.  Whose a packet is, the server knows.
 */
#ifndef TL_TFTP_PORTS_H
#define TL_TFTP_PORTS_H

#include "base/loop.h"
#include "tftp/post.h"

struct ports;
struct port;

/* on_ready() is called while something has come to a port.  What waits in the post is sent before a
 * port is closed. */
struct ports *ports_new(
    struct loop *l, struct post *post, void (*on_ready)(void *ctx, struct port *p), void *ctx);
void ports_free(struct ports *s); /* after all were dropped; NULL is fine */

/* A port of this local address for a transfer with this peer, to be dropped when it is over; NULL:
 * there is none to spare. */
struct port *ports_take(struct ports *s, const struct udp_address *local,
    const struct udp_address *peer, struct err *e);
/* The same, but nobody else's, ever: what others send there is turned away by the kernel as at a
 * port that is closed. */
struct port *ports_take_alone(struct ports *s, const struct udp_address *local,
    const struct udp_address *peer, struct err *e);
/* remember: what the peer still sends to the port has no answer coming, for it has lost its way;
 * and it shall not be taken for part of the peer's next transfer. */
void port_drop(struct port *p, const struct udp_address *peer, bool remember);
bool port_remembers(const struct port *p, const struct udp_address *peer);
int port_fd(const struct port *p);

unsigned ports_open(const struct ports *s); /* how many there are now */

#endif
