/*
 * front: a node's TFTP counter put together - the resolver behind the server, the clock between
 * them, and the trail of which phone fetched which list.
 */
#ifndef TL_TFTP_FRONT_H
#define TL_TFTP_FRONT_H

#include "tftp/resolve.h"
#include "tftp/server.h"
#include "trust/trail.h"

/* Borrowed; outlives the server. */
struct front {
	struct resolver *resolver;
	struct trail *trail;
	int64_t node;
};

/* For tftp_server_open(), limits and rules as usual. */
struct tftp_service front_service(struct front *f);

#endif
