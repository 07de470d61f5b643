/*
 * server: CAPF in one worker - listeners, its certificate, the moments at which the store is looked
 * at.  What is said to a phone is session's matter.
 *
 * Belongs to the publisher.  Works with the certificate, key and parameters of its last start, as
 * CUCM's does; orders and CAPF-trust are live.
 */
#ifndef TL_CAPF_SERVER_H
#define TL_CAPF_SERVER_H

#include "base/conn.h"
#include "base/loop.h"
#include "base/tls.h"
#include "trust/node.h"
#include "trust/store.h"
#include "trust/trail.h"

struct capf_server;

enum { CAPF_LISTENERS_MAX = 4 };

/* All but node is borrowed and outlives the server. */
struct capf_plan {
	struct loop *loop;
	struct store *store; /* the worker's own */
	struct trail *trail;
	struct node node;	      /* the publisher */
	struct capf_numbers *numbers; /* of sessions, common to all workers */
	const struct tls_tickets *tickets;
};

/* Sessions are numbered through all workers. */
struct capf_numbers *capf_numbers_new(uint32_t first);
void capf_numbers_free(struct capf_numbers *n);

struct capf_listener {
	const char *address;
	uint16_t port;		/* 0: any free one */
	struct tls_rules rules; /* its texts are borrowed for the life of the server */
	struct conn_limits limits;
};

struct capf_server *capf_server_new(const struct capf_plan *plan, struct err *e);
int capf_server_listen(struct capf_server *v, const struct capf_listener *on, struct err *e);
uint16_t capf_server_port(const struct capf_server *v, size_t listener);
unsigned capf_server_connections(const struct capf_server *v); /* now */
void capf_server_quiet(struct capf_server *v);		       /* takes no connections any more */
void capf_server_free(struct capf_server *v);		       /* ends all; NULL is fine */

#endif
