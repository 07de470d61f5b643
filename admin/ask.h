/*
 * ask: who a request of the administration interface is from, and whether it may be what it claims
 * - decisions on the text of its headers.  Pure; API.md, "Who asks".
 */
#ifndef TL_ADMIN_ASK_H
#define TL_ADMIN_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"

/* "__Host-": browsers take it only over TLS, for this very host and all of its paths (RFC 6265bis,
 * 4.1.3.2). */
#define ASK_COOKIE "__Host-trustlist"

enum { ASK_TOKEN_MAX = 128 };

/* The headers that decide; p is NULL where there is none. */
struct ask {
	struct bytes authorization, cookie, csrf, origin, site /* Sec-Fetch-Site */, host;
	bool changes; /* neither GET nor HEAD */
};

enum ask_kind {
	ASK_NOBODY,  /* shows nothing */
	ASK_SESSION, /* a cookie of ours */
	ASK_TOKEN,   /* a Bearer token */
	ASK_UNFIT,   /* a header that is neither */
};
/* What is shown, copied to `to`.  A token goes before a cookie: a program that shows one means it.
 */
enum ask_kind ask_shown(const struct ask *a, char *to, size_t size);

/* May a browser have sent this for a page that is not ours?  For what comes with a cookie, or makes
 * one.  NULL: no; else what is wrong. */
const char *ask_cross_site(const struct ask *a);

/* May whoever connected to the socket in the cluster's folder do all? */
bool ask_is_host(uid_t peer, uid_t own);

/* A line for Set-Cookie: sets it, or with id NULL takes it away. */
void ask_cookie_put(struct wr *to, const char *id);

/* Does an Accept header ask for this type rather than for JSON?  That is when it is named and JSON
 * is not. */
bool ask_accepts(struct bytes accept, const char *type);
/* Is "respond-async" among the preferences (RFC 7240)? */
bool ask_prefers_async(struct bytes prefer);
/* The one tag of If-Match, without its quotes, copied; false: it is none, or several. */
bool ask_tag(struct bytes if_match, char *to, size_t size);
/* Is a media type this one, whatever its parameters? */
bool ask_is_type(struct bytes content_type, const char *type);

#endif
