/*
 * Every verb of the program, seen from outside: what no single file shows.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/openapi.h"
#include "admin/problem.h"
#include "admin/route.h"
#include "cmd/command.h"
#include "tests/support/suite.h"

static void
each(void (*see)(const struct verb *v))
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);

	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < sets[s]->n; i++)
			see(&sets[s]->verb[i]);
}

static void
complain(const struct verb *v, const char *what)
{
	fprintf(stderr, "\n    %s: %s\n", v->words, what);
	CU_FAIL("a verb is not fit to be a route");
}

static void
see_route(const struct verb *v)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);
	char path[ROUTE_PATH_MAX];

	route_path(v, path);
	if (strlen(v->words) >= ROUTE_PATH_MAX || route_find(sets, n, path) != v)
		complain(v, "another verb has its path");
	if (strcmp(path, "session") == 0 || strncmp(path, "jobs", 4) == 0 ||
	    strcmp(path, "events/stream") == 0)
		complain(v, "its path is that of a resource");
	if (route_right(v) < RIGHT_READ)
		complain(v, "it needs no right");
}

static void
every_verb_has_a_route_and_a_right(void)
{
	each(see_route);
}

static bool
is_reserved(const char *name)
{
	static const char *const words[] = { "yes", "format" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

static void
see_params(const struct verb *v)
{
	struct route_param p[ROUTE_PARAMS_MAX];
	size_t n = route_params(v, p), must = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			if (strcmp(p[i].name, p[k].name) == 0)
				complain(v, p[i].name);
		if (is_reserved(p[i].name))
			complain(v, p[i].name);
		must += p[i].option == NULL && p[i].must;
		if (p[i].many && p[i].option == NULL && i + 1 < n && p[i + 1].option == NULL)
			complain(v, "an argument follows one that takes all");
	}
	if ((int)must != v->least)
		complain(v, "its usage and its least number of arguments differ");
	if ((v->most > 0) != (n > 0 && p[0].option == NULL))
		complain(v, "its usage and its most arguments differ");
}

static void
names_of_parameters_are_their_own(void)
{
	each(see_params);
}

/* What the usage calls a file or folder must not be taken for a text from elsewhere. */
static bool
sounds_like_a_path(const char *word)
{
	static const char *const words[] = { "FILE", "DIR", "ROOT", "WHERE", ".pem", "PATH" };

	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(word, words[i]) != NULL)
			return true;
	return false;
}

static void
see_paths(const struct verb *v)
{
	/* A file that is asked for over the network. */
	static const char tamper[] = "tamper";

	if (v->host_only != NULL)
		return;
	if (sounds_like_a_path(v->args) && v->takes == VALUE_TEXT)
		complain(v, v->args);
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++) {
		const struct verb_option *o = &v->option[i];

		if (o->takes == VALUE_TEXT && o->host_only == NULL &&
		    sounds_like_a_path(o->metavar) && strcmp(o->name, tamper) != 0)
			complain(v, o->name);
		if (o->metavar == NULL && o->takes != VALUE_TEXT)
			complain(v, o->name);
		if (o->must && o->host_only != NULL)
			complain(v, "it cannot be called without what is the host's alone");
	}
}

static void
no_path_of_the_host_is_taken(void)
{
	each(see_paths);
}

static json_t *
document(void)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);
	struct wr w = { 0 };
	json_t *doc;

	openapi_put(&w, sets, n, "1");
	doc = json_loadb((const char *)w.p, w.n, JSON_REJECT_DUPLICATES, NULL);
	wr_free(&w);
	return doc;
}

static json_t *paths;

static void
see_operation(const struct verb *v)
{
	char path[ROUTE_PATH_MAX], full[ROUTE_PATH_MAX + 16];
	json_t *op;

	route_path(v, path);
	snprintf(full, sizeof(full), OPENAPI_PREFIX "%s", path);
	op = json_object_get(json_object_get(paths, full), route_is_get(v) ? "get" : "post");
	if (op == NULL || json_object_get(op, "operationId") == NULL ||
	    json_object_get(op, "responses") == NULL || json_object_get(op, "x-role") == NULL)
		complain(v, "it is not in the document");
	if ((json_object_get(op, "x-host-only") != NULL) != (v->host_only != NULL))
		complain(v, "x-host-only");
	if ((json_object_get(op, "requestBody") == NULL) != route_is_get(v))
		complain(v, "its body");
}

/* Follows each "$ref" of the document. */
static void
see_references(json_t *doc, json_t *at)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(at, key, value)
	{
		if (strcmp(key, "$ref") == 0) {
			char *text = strdup(json_string_value(value) + 2), *rest = text, *part;
			json_t *to = doc;

			while ((part = strsep(&rest, "/")) != NULL)
				to = json_object_get(to, part);
			CU_ASSERT_PTR_NOT_NULL(to);
			free(text);
		}
		see_references(doc, value);
	}
	json_array_foreach(at, i, value) see_references(doc, value);
}

static void
the_document_has_every_route(void)
{
	static const char *const others[] = { "/api/v1/session", "/api/v1/session/password",
		"/api/v1/jobs", "/api/v1/jobs/{id}", "/api/v1/events/stream",
		"/api/v1/openapi.json", "/healthz", "/readyz", "/metrics" };
	json_t *doc = document();

	CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(doc, "openapi")), "3.1.0");
	paths = json_object_get(doc, "paths");
	each(see_operation);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CU_ASSERT_PTR_NOT_NULL(json_object_get(paths, others[i]));
	see_references(doc, doc);
	json_decref(doc);
}

static const struct suite_test tests[] = {
	{ "every verb has a route and a right", every_verb_has_a_route_and_a_right },
	{ "names of parameters are their own", names_of_parameters_are_their_own },
	{ "no path of the host is taken", no_path_of_the_host_is_taken },
	{ "the document has every route", the_document_has_every_route },
};

SUITE_MAIN("routes", tests)
