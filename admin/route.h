/*
 * route: verbs as HTTP routes - which verb a path means, what its parameters are called there, and
 * a query or a JSON body taken for the arguments and options of a call.  Bytes to struct; no
 * socket, no store, no file.  API.md says how it looks from outside.
 */
#ifndef TL_ADMIN_ROUTE_H
#define TL_ADMIN_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/verb.h"
#include "base/bytes.h"
#include "base/err.h"

enum {
	ROUTE_NAME_MAX = 64,			 /* of a parameter or a file, with its NUL */
	ROUTE_PARAMS_MAX = VERB_OPTIONS_MAX + 4, /* of a verb */
	ROUTE_VALUES_MAX = VERB_ARGS_MAX + 64,	 /* of a call */
	ROUTE_TEXT_MAX = 4096,			 /* bytes of a value that is no file */
	ROUTE_PATH_MAX = 80,			 /* "cert/csr/list" */
};

/* ---- the table, seen from outside ---- */

/* The verb whose words joined with '/' are the path ("capf/csr/list"); NULL: none. */
const struct verb *route_find(const struct verb_set *const *sets, size_t n, const char *path);
void route_path(const struct verb *v, char to[ROUTE_PATH_MAX]);
/* Does it only look?  Then it is GET, else POST. */
bool route_is_get(const struct verb *v);
/* The right it needs over HTTP, where nobody asks without a login. */
enum right route_right(const struct verb *v);

struct route_param {
	char name[ROUTE_NAME_MAX];
	const struct verb_option *option; /* NULL: an argument */
	bool must, many, flag;
	enum verb_value takes;
	const char *help;      /* NULL: an argument */
	const char *host_only; /* as of an option */
};
/* Arguments first, in their order; gives how many. */
size_t route_params(const struct verb *v, struct route_param to[ROUTE_PARAMS_MAX]);

/* ---- a call ---- */

/* A file that came, or that shall be made. */
struct route_file {
	char name[ROUTE_NAME_MAX]; /* fit for a folder: no '/', does not begin with '.' */
	uint8_t *p;		   /* what came */
	size_t n;
};

struct route_value {
	const struct verb_option *option; /* NULL: an argument */
	char param[ROUTE_NAME_MAX];
	enum verb_value takes;
	char *text; /* of VALUE_ROLE_FILE the role; NULL for other files */
	struct route_file file;
};

/* Everything it points to is its own. */
struct route_call {
	const struct verb *verb;
	struct route_value value[ROUTE_VALUES_MAX]; /* arguments first, in their order */
	size_t values;
	bool yes;
	bool as_text;	       /* the result for people */
	bool is_page;	       /* limit, offset: of the result's one list */
	int64_t limit, offset; /* limit -1: all that follow */
};

/* The parameters of a verb that is GET, from its query.  -1: ERR_USAGE naming the parameter,
 * ERR_DENIED what is the host's alone.  route_call_free() *out in any case. */
int
route_take_query(const struct verb *v, struct bytes form, struct route_call *out, struct err *e);
/* Of one that is POST: a JSON object, or nothing; the query has only what tells how to answer.
 * files_max: bytes of all files together. */
int route_take_body(const struct verb *v, struct bytes form, struct bytes body, size_t files_max,
    struct route_call *out, struct err *e);
void route_call_free(struct route_call *c); /* wipes */

/* Is this a name for a file or folder?  Letters, digits, '.', '_' and '-', not beginning with '.'.
 * depth: so many of them may stand behind each other, with '/' between. */
bool route_is_name(const char *text, size_t depth);

#endif
