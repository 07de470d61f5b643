#include "admin/pages.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/embedded.h"
#include "base/mem.h"

struct pages {
	struct page *page;
	size_t n;
};

static const struct {
	const char *end, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".json", "application/json" },
	{ ".txt", "text/plain; charset=utf-8" },
};

static const char *
type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(end, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void
tag(struct page *p)
{
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };
	char hex[33];

	EVP_Digest(p->content.p, p->content.n, hash, NULL, EVP_sha256(), NULL);
	bytes_hex(bytes_over(hash, 16), '\0', hex, sizeof(hex));
	snprintf(p->etag, sizeof(p->etag), "\"%s\"", hex);
}

struct pages *
pages_new(void)
{
	struct pages *p = mem_new(sizeof(*p));

	while (embedded_web[p->n].name != NULL)
		p->n++;
	p->page = mem_array(p->n, sizeof(*p->page));
	for (size_t i = 0; i < p->n; i++) {
		const struct embedded *f = &embedded_web[i];

		p->page[i] = (struct page){
			.name = f->name, .type = type_of(f->name), .content = bytes_over(f->p, f->n)
		};
		tag(&p->page[i]);
	}
	return p;
}

void
pages_free(struct pages *p)
{
	if (p == NULL)
		return;
	free(p->page);
	free(p);
}

const struct page *
pages_find(const struct pages *p, const char *path)
{
	const char *name = strcmp(path, "/") == 0 ? "index.html" : path + 1;

	for (size_t i = 0; i < p->n; i++)
		if (path[0] == '/' && strcmp(p->page[i].name, name) == 0)
			return &p->page[i];
	return NULL;
}
