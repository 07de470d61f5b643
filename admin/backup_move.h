/*
 * backup_move: a restored instance at other addresses than those it was backed up at, as when a
 * server is set up afresh in a lab beside the old one - nodes in its store, and settings of
 * trustlist.conf that named what they had.  Certificates and lists keep what they say, as after a
 * restore on a cluster.
 */
#ifndef TL_ADMIN_BACKUP_MOVE_H
#define TL_ADMIN_BACKUP_MOVE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/node.h"
#include "trust/store.h"

enum { MOVES_MAX = 64 };

struct move {
	char node[NODE_NAME_MAX];    /* "": the publisher, until move_store() knows its name */
	char from[NODE_ADDRESS_MAX]; /* by move_store() */
	char to[NODE_ADDRESS_MAX];
};

/* "10.0.0.2" or "NODE=10.0.0.2". */
int move_read(const char *text, struct move *out, struct err *e);

/* All or none, in one transaction; fills in from. */
int move_store(struct store *s, struct move *m, size_t n, struct err *e);

/* trustlist.conf with each `address = FROM` become `address = TO`, appended to out; all else stays
 * to the byte.  Gives how many there were. */
size_t move_conf(struct bytes conf, const struct move *m, size_t n, struct wr *out);

#endif
