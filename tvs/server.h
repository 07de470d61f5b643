/*
 * server: the TVS of one node in one worker - listeners, the certificate it presents, what it
 * knows. Which answer is given is answer's matter; here are sockets and the moments at which the
 * store is looked at.
 *
 * It works with the certificate, the key and the trust stores of its last start (and of the last
 * certificate change notification), as CUCM's does.  With a certificate that a CA signed it sends
 * the CAs between that and the root (trust/presented.h).
 */
#ifndef TL_TVS_SERVER_H
#define TL_TVS_SERVER_H

#include "base/listeners.h"
#include "base/loop.h"
#include "base/tls.h"
#include "trust/node.h"
#include "trust/store.h"
#include "trust/tally.h"
#include "trust/trail.h"

struct tvs_server;

/* All but node is borrowed and outlives the server. */
struct tvs_plan {
	struct loop *loop;
	struct store *store; /* the worker's own */
	struct trail *trail;
	struct node node;
	const struct tls_tickets *tickets; /* of all workers */
};

struct tvs_server *tvs_server_new(const struct tvs_plan *plan, struct err *e);
int tvs_server_listen(struct tvs_server *v, const struct listener *on, struct err *e);
struct listeners *tvs_server_listeners(struct tvs_server *v); /* lent */
/* What was asked and answered so far; connections are the listeners' to count. */
void tvs_server_tally(const struct tvs_server *v, struct tally *out);
void tvs_server_free(struct tvs_server *v); /* ends all; NULL is fine */

#endif
