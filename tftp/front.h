/*
 * front: a node's TFTP counter put together - the resolver behind the server, and the clock between
 * them.
 */
#ifndef TL_TFTP_FRONT_H
#define TL_TFTP_FRONT_H

#include "tftp/resolve.h"
#include "tftp/server.h"

/* For tftp_server_open(), limits and rules as usual.  The resolver outlives the server. */
struct tftp_service front_service(struct resolver *r);

#endif
