/*
 * httptarget: what a request asks for - the path and the query of its target (RFC 9112, 3.2), and
 * their %-sequences undone (RFC 3986, 2.1).  Pure.
 */
#ifndef TL_BASE_HTTPTARGET_H
#define TL_BASE_HTTPTARGET_H

#include "base/bytes.h"
#include "base/err.h"

/* The path that a target means, decoded once, without scheme, host and query, appended to *to; it
 * begins with '/' and holds no NUL. */
int http_target_path(struct bytes target, struct wr *to, struct err *e);

enum http_given {
	HTTP_ABSENT, /* not named */
	HTTP_GIVEN,  /* may be empty */
	HTTP_UNFIT,  /* a bad %-sequence, NUL, or longer than there is room for */
};
/* The value of the first parameter of this name ("?name=value&name=value"), decoded once, as forms
 * write it: '+' is a blank.  *to is "" unless it is HTTP_GIVEN; size counts the NUL. */
enum http_given http_target_query(struct bytes target, const char *name, char *to, size_t size);

/* What stands behind the target's '?'; empty when there is none. */
struct bytes http_target_form(struct bytes target);
/* The next parameter of a form ("name=value&...": a query, or a body that a page's form sends), its
 * name and value decoded once into the two, which are emptied first.  HTTP_ABSENT: none is left. */
enum http_given http_form_take(struct bytes *form, struct wr *name, struct wr *value);

#endif
