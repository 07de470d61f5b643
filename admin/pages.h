/*
 * pages: the files of the operator's page, which the program carries in itself (admin/web).
 */
#ifndef TL_ADMIN_PAGES_H
#define TL_ADMIN_PAGES_H

#include "base/bytes.h"

struct page {
	const char *name, *type; /* "style.css", "text/css; charset=utf-8" */
	struct bytes content;
	char etag[40]; /* of the content, with its quotes */
};

struct pages;
struct pages *pages_new(void);
void pages_free(struct pages *p); /* NULL is fine */
/* By the path that is asked for: "/" is index.html.  NULL: none. */
const struct page *pages_find(const struct pages *p, const char *path);

#endif
