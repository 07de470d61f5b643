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

/* Someone at this address, without its port, asked for a name.  list: the mark of what it was given
 * and has all of, 0 for anything less.  Who keeps the trail is told when the name speaks of a
 * phone.
 */
void front_seen(const struct front *f, const char *name, const char *peer, int64_t list);

#endif
