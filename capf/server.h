/*
 * server: CAPF in one worker - listeners, its certificate, the moments at which the store is looked
 * at.  What is said to a phone is session's matter.
 *
 * Belongs to the publisher.  Works with the certificate, key and parameters of its last start, as
 * CUCM's does; orders and CAPF-trust are live.
 */
#ifndef TL_CAPF_SERVER_H
#define TL_CAPF_SERVER_H

#include "base/listeners.h"
#include "base/loop.h"
#include "base/tls.h"
#include "trust/node.h"
#include "trust/store.h"
#include "trust/tally.h"
#include "trust/trail.h"

struct capf_server;

/* The numbers of sessions, through all workers: each connection has the next.  They begin anywhere,
 * so that what was signed for one is of no use after a restart. */
struct capf_numbers;
struct capf_numbers *capf_numbers_new(struct err *e);
void capf_numbers_free(struct capf_numbers *n); /* NULL is fine */

/* All but node is borrowed and outlives the server. */
struct capf_plan {
	struct loop *loop;
	struct store *store; /* the worker's own */
	struct trail *trail;
	struct node node; /* the publisher */
	struct capf_numbers *numbers;
	const struct tls_tickets *tickets; /* of all workers */
};

struct capf_server *capf_server_new(const struct capf_plan *plan, struct err *e);
int capf_server_listen(struct capf_server *v, const struct listener *on, struct err *e);
struct listeners *capf_server_listeners(struct capf_server *v); /* lent */
/* What came of sessions so far; connections are the listeners' to count. */
void capf_server_tally(const struct capf_server *v, struct tally *out);
void capf_server_free(struct capf_server *v); /* ends all; NULL is fine */

#endif
