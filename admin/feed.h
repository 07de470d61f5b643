/*
 * feed: events as they happen, to whoever listens - server-sent events (HTML standard, 9.2).
 *
 * One timer looks into the store for all of them, while there are any.  Who listened too long by a
 * session, or may no more, is ended; a browser asks again by itself, with the number of the last
 * event it has seen.
 */
#ifndef TL_ADMIN_FEED_H
#define TL_ADMIN_FEED_H

#include <stdint.h>

#include "admin/login.h"
#include "base/httpd.h"
#include "base/loop.h"
#include "trust/store.h"

enum { FEED_MAX = 64 }; /* listeners */

struct feed;

struct feed *feed_new(struct loop *l, struct store *s);
void feed_free(struct feed *f); /* after the httpd; NULL is fine */

struct feed_want {
	int64_t after;		      /* the last event that is known; -1: what happens next */
	const char *device, *service; /* NULL: all; copied */
	const struct login *who;      /* NULL: the host itself */
};
/* -1, ERR_BUSY: too many listen; it is not answered. */
int feed_add(struct feed *f, struct http_request *r, const struct feed_want *w, const char *headers,
    struct err *e);

#endif
