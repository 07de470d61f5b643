/*
 * http: the file counter's doors for phones that speak HTTP - plain on 6970, and through TLS with
 * the CallManager certificate on 6971 (for EC, CallManager-ECDSA) or the tomcat certificate on
 * 6972.
 *
 * What a name means is the resolver's matter, as for TFTP; PROTOCOL.md, "HTTP", says what is
 * different.  A door belongs to the node's TFTP service: it presents what that loaded when it last
 * started, and while it is stopped nobody is there.
 */
#ifndef TL_TFTP_HTTP_H
#define TL_TFTP_HTTP_H

#include "base/httpd.h"
#include "tftp/front.h"
#include "trust/store.h"
#include "trust/tally.h"

enum http_door_kind {
	HTTP_DOOR_PLAIN,
	HTTP_DOOR_CALLMANAGER, /* a configuration asked for with .sgn comes without signature */
	HTTP_DOOR_TOMCAT,
};

/* All is borrowed and outlives the door. */
struct http_door_plan {
	struct loop *loop;
	struct store *store; /* the worker's own */
	struct front *front;
	enum http_door_kind kind;
	const char *address;
	uint16_t port; /* 0: any free one */
	/* For the kinds with TLS. */
	struct tls_rules rules;
	const struct tls_tickets *tickets; /* of all workers */
	struct http_limits limits;	   /* as for httpd_open() */
};

struct http_door;

struct http_door *http_door_open(const struct http_door_plan *plan, struct err *e);
uint16_t http_door_port(const struct http_door *d);
unsigned http_door_connections(const struct http_door *d); /* now */
/* What it has done so far, and does now. */
void http_door_tally(const struct http_door *d, struct tally *out);
void http_door_quiet(struct http_door *d); /* as httpd_quiet() */
void http_door_close(struct http_door *d); /* ends all; NULL is fine */

#endif
