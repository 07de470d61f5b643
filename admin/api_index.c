/*
 * What there is to read, as links: for a browser without scripts, and for whoever looks around.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/api_inside.h"
#include "admin/openapi.h"
#include "admin/route.h"

/* Can it be asked without saying more? */
static bool
needs_nothing(const struct verb *v)
{
	struct route_param p[ROUTE_PARAMS_MAX];
	size_t n = route_params(v, p);

	for (size_t i = 0; i < n; i++)
		if (p[i].must)
			return false;
	return route_is_get(v) && v->host_only == NULL && !v->apart;
}

static void
put_html(struct wr *to, const struct verb *v)
{
	char path[ROUTE_PATH_MAX];

	route_path(v, path);
	wr_fmt(
	    to, "<li><a href=\"" OPENAPI_PREFIX "%s?format=text\">%s</a></li>\n", path, v->words);
}

static void
each(const struct api *a, void (*put)(struct wr *to, const struct verb *v), struct wr *to)
{
	for (size_t s = 0; s < a->plan.sets_n; s++)
		for (size_t i = 0; i < a->plan.sets[s]->n; i++)
			if (needs_nothing(&a->plan.sets[s]->verb[i]))
				put(to, &a->plan.sets[s]->verb[i]);
}

static void
put_json(struct wr *to, const struct verb *v)
{
	char path[ROUTE_PATH_MAX];

	route_path(v, path);
	wr_fmt(to, "%s\"" OPENAPI_PREFIX "%s\"", to->p[to->n - 1] == '[' ? "" : ", ", path);
}

void
api_index(struct api *a, struct http_request *r, const struct asker *who)
{
	struct wr body = { 0 };
	bool html = ask_accepts(http_header(r, "Accept"), "text/html");

	(void)who;
	if (!api_reads(r)) {
		api_wrong_method(r, HTTP_GET | HTTP_HEAD);
		return;
	}
	if (html) {
		wr_text(&body, "<!doctype html>\n<html lang=\"en\"><title>trustlist</title>\n"
			       "<h1>trustlist</h1>\n<ul>\n");
		each(a, put_html, &body);
		wr_text(&body, "</ul>\n</html>\n");
	} else {
		wr_text(&body, "{ \"openapi\": \"" OPENAPI_PREFIX "openapi.json\", \"lists\": [");
		each(a, put_json, &body);
		wr_text(&body, "] }\n");
	}
	api_reply(
	    r, 200, html ? "text/html; charset=utf-8" : "application/json", NULL, wr_view(&body));
	wr_free(&body);
}
