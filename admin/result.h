/*
 * result: the document of a verb as the body of an HTTP answer - an error becomes a problem, a list
 * is cut to a page, files that were written are put in, and no path of the host is left in it.
 */
#ifndef TL_ADMIN_RESULT_H
#define TL_ADMIN_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/route.h"
#include "base/bytes.h"
#include "base/err.h"

enum { RESULT_TAG_MAX = 72 };

struct result {
	int status;
	const char *type;	   /* a constant */
	char code[24];		   /* of an error; "" */
	char etag[RESULT_TAG_MAX]; /* without quotes; "": none */
	int64_t total;		   /* rows of the list that was cut; -1: none was */
	struct wr body;
};

/* What came of a verb. */
struct outcome {
	struct bytes doc;   /* as out_show_json() writes it, with "error" when it failed */
	struct bytes text;  /* as out_show_text() does, when that was asked for */
	const char *folder; /* of the spool: its paths are the host's; NULL: none */
};

/* result_free() *to in any case. */
void result_make(struct result *to, const struct route_call *c, const struct outcome *from);
/* An error without a document. */
void result_fail(struct result *to, const char *code, const char *detail, const char *hint);
void result_free(struct result *r); /* wipes; { 0 } is fine */

#endif
