/*
 * listeners: the TLS listeners of one service in one worker - each with its own address, port and
 * rules, all presenting the same certificate, which may become another one while they run.
 */
#ifndef TL_BASE_LISTENERS_H
#define TL_BASE_LISTENERS_H

#include "base/conn.h"

enum { LISTENERS_MAX = 4 };

struct listener {
	const char *address;
	uint16_t port;		/* 0: any free one */
	struct tls_rules rules; /* its texts are borrowed as long as the listeners live */
	struct conn_limits limits;
};

struct listeners;

/* All is borrowed and outlives them; tickets as for tls_server_new(). */
struct listeners *listeners_new(
    struct loop *l, const struct conn_ops *ops, void *service, const struct tls_tickets *tickets);
int listeners_open(
    struct listeners *v, const struct listener *on, const struct tls_identity *who, struct err *e);
/* For connections from now on.  One that cannot present it, because its rules do not fit that
 * certificate, goes on with what it had, and says so in the log: better than to answer nobody. */
void listeners_present(struct listeners *v, const struct tls_identity *who);
unsigned listeners_connections(const struct listeners *v); /* now */
/* Of all of them together. */
void listeners_counters(const struct listeners *v, struct conn_counters *out);
void listeners_quiet(struct listeners *v); /* take no connections any more */
void listeners_free(struct listeners *v);  /* ends all; NULL is fine */

#endif
