/*
 * tallies: what the services of a node in one worker have counted, told to the store.
 */
#ifndef TL_CMD_TALLIES_H
#define TL_CMD_TALLIES_H

#include <stdbool.h>

#include "capf/server.h"
#include "tftp/http.h"
#include "tftp/server.h"
#include "trust/tally.h"
#include "tvs/server.h"

/* Of one node.  What is not there is NULL. */
struct tallies {
	int64_t node;
	const struct tftp_server *tftp;
	const struct http_door *door[3]; /* by enum http_door_kind */
	struct tvs_server *tvs;
	struct capf_server *capf;
	struct tally told[TALLY_DOORS]; /* so far */
	bool known[TALLY_DOORS];	/* it was told that there is such a door */
};

/* What is new since the last time; nothing is written when nothing is. */
int tallies_tell(struct tallies *t, struct store *s, int64_t now, struct err *e);
/* The last time, before all of it is closed: what still runs, fails with it. */
int tallies_end(struct tallies *t, struct store *s, int64_t now, struct err *e);

#endif
