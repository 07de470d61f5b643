/*
 * api: the administration interface on its sockets - HTTPS with the publisher's tomcat certificate,
 * and a Unix socket in the cluster's folder - on one loop.  API.md is what it speaks.
 *
 * Decisions are elsewhere: who asks in ask.h and login.h, what a route means in route.h, what comes
 * of a verb in jobs.h and result.h.
 */
#ifndef TL_ADMIN_API_H
#define TL_ADMIN_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/health.h"
#include "admin/verb.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/tls.h"

#define API_SOCKET "admin.sock" /* in the cluster's folder */

/* All is borrowed and outlives it. */
struct api_plan {
	struct loop *loop;
	const char *root;
	const struct verb_set *const *sets;
	size_t sets_n;
	const char *version; /* of the program */
	const char *address;
	uint16_t port; /* 0: not on HTTPS */
	struct tls_rules rules;
	bool socket;		     /* the Unix socket */
	struct health_scene scene;   /* but for stopping */
	const atomic_bool *stopping; /* set by another thread */
};

struct api;

/* With a store connection, threads and sessions of its own. */
struct api *api_open(const struct api_plan *plan, struct err *e);
uint16_t api_port(const struct api *a);
void api_quiet(struct api *a); /* as httpd_quiet() */
void api_close(struct api *a); /* ends jobs and sessions; NULL is fine */

#endif
