/*
 * openapi: the interface described for programs (OpenAPI 3.1), made from the table of verbs.
 */
#ifndef TL_ADMIN_OPENAPI_H
#define TL_ADMIN_OPENAPI_H

#include "admin/verb.h"
#include "base/bytes.h"

#define OPENAPI_PREFIX "/api/v1/"

/* A JSON document.  version: of the program. */
void openapi_put(struct wr *to, const struct verb_set *const *sets, size_t n, const char *version);

#endif
