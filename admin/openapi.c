#include "admin/openapi.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/ask.h"
#include "admin/problem.h"
#include "admin/route.h"
#include "base/mem.h"

/* jansson's packing: "{s:s}" is an object of one text, '*' leaves out what is NULL. */

static const char *
right_word(enum right right)
{
	static const char *const word[] = { "read", "read", "operate", "admin" };

	return word[right];
}

static json_t *
ref(const char *kind, const char *name)
{
	json_t *r = json_object();
	char *text = mem_fmt("#/components/%s/%s", kind, name);

	json_object_set_new(r, "$ref", json_string(text));
	free(text);
	return r;
}

/* ---- parameters ---- */

static json_t *
schema_of_one(const struct route_param *p)
{
	if (p->flag)
		return json_pack("{s:s}", "type", "boolean");
	switch (p->takes) {
	case VALUE_FILE:
	case VALUE_SECRET:
		return ref("schemas", "File");
	case VALUE_ROLE_FILE:
		return ref("schemas", "RoleFile");
	case VALUE_OUT:
		return ref("schemas", "Name");
	case VALUE_PHONES:
		return json_pack("{s:s, s:s}", "type", "string", "description",
		    "a folder in \"phones\", in the cluster's folder");
	case VALUE_EXCHANGE:
		return json_pack("{s:s, s:s}", "type", "string", "description",
		    "a folder in \"bulk\", in the cluster's folder, or sftp://[USER@]HOST/folder");
	default:
		return json_pack("{s:[s,s]}", "type", "string", "integer");
	}
}

static json_t *
schema_of(const struct route_param *p)
{
	if (!p->many)
		return schema_of_one(p);
	return json_pack("{s:s, s:o}", "type", "array", "items", schema_of_one(p));
}

static char *
description_of(const struct verb *v, const struct route_param *p)
{
	if (p->host_only != NULL)
		return mem_fmt("on the host only: %s", p->host_only);
	if (p->help != NULL)
		return mem_text(p->help);
	return mem_fmt("as in: trustlist %s %s", v->words, v->args);
}

static json_t *
query_param(const struct verb *v, const struct route_param *p)
{
	char *what = description_of(v, p);
	json_t *one = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", p->name, "in", "query",
	    "required", p->must, "description", what, "schema", schema_of(p));

	free(what);
	return one;
}

static bool
has_param(const struct route_param *p, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return true;
	return false;
}

static json_t *
query_of(const struct verb *v, const struct route_param *p, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n && route_is_get(v); i++)
		if (p[i].host_only == NULL)
			json_array_append_new(all, query_param(v, &p[i]));
	if (route_is_get(v) && !has_param(p, n, "limit"))
		json_array_append_new(all, ref("parameters", "limit"));
	if (route_is_get(v) && !has_param(p, n, "offset"))
		json_array_append_new(all, ref("parameters", "offset"));
	json_array_append_new(all, ref("parameters", "format"));
	json_array_append_new(all, ref("parameters", "prefer"));
	if (verb_option(v, "if-match") != NULL)
		json_array_append_new(all, ref("parameters", "ifMatch"));
	return all;
}

static json_t *
body_of(const struct verb *v, const struct route_param *p, size_t n)
{
	json_t *properties = json_object(), *required = json_array(), *schema;

	for (size_t i = 0; i < n; i++) {
		json_t *one;
		char *what;

		if (p[i].host_only != NULL)
			continue;
		one = schema_of(&p[i]);
		what = description_of(v, &p[i]);
		json_object_set_new(one, "description", json_string(what));
		free(what);
		json_object_set_new(properties, p[i].name, one);
		if (p[i].must)
			json_array_append_new(required, json_string(p[i].name));
	}
	json_object_set_new(properties, "yes",
	    json_pack("{s:s, s:s}", "type", "boolean", "description",
		"go on even where phones would be locked"));
	schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
	    "additionalProperties", 0);
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	return json_pack(
	    "{s:b, s:{s:{s:o}}}", "required", 0, "content", "application/json", "schema", schema);
}

/* ---- operations ---- */

static json_t *
responses(void)
{
	return json_pack("{s:{s:s, s:{s:{s:{s:s}}, s:{s:{s:s}}}}, s:o, s:o}", "200", "description",
	    "what the verb found or did", "content", "application/json", "schema", "type", "object",
	    "text/plain", "schema", "type", "string", "202", ref("responses", "Job"), "default",
	    ref("responses", "Problem"));
}

static char *
id_of(const struct verb *v)
{
	char *id = mem_text(v->words);

	for (char *c = id; *c != '\0'; c++)
		if (*c == ' ')
			*c = '_';
	return id;
}

static json_t *
operation_of(const struct verb *v)
{
	struct route_param p[ROUTE_PARAMS_MAX];
	size_t n = route_params(v, p);
	char *id = id_of(v), *noun = mem_text_n(v->words, strcspn(v->words, " "));
	json_t *op = json_pack("{s:s, s:s, s:[s], s:s, s:s*, s:o, s:o}", "operationId", id,
	    "summary", v->help, "tags", noun, "x-role", right_word(v->right), "x-host-only",
	    v->host_only, "parameters", query_of(v, p, n), "responses", responses());

	if (!route_is_get(v))
		json_object_set_new(op, "requestBody", body_of(v, p, n));
	free(id);
	free(noun);
	return op;
}

static void
add_verb(json_t *paths, const struct verb *v)
{
	char own[ROUTE_PATH_MAX], *path;

	route_path(v, own);
	path = mem_fmt("%s%s", OPENAPI_PREFIX, own);
	json_object_set_new(
	    paths, path, json_pack("{s:o}", route_is_get(v) ? "get" : "post", operation_of(v)));
	free(path);
}

/* ---- what is no verb ---- */

/* Read as it stands: the document has no other form of these. */
static const char others[] =
    "{\"/api/v1/session\": {"
    "  \"get\": {\"operationId\": \"session\", \"tags\": [\"session\"],"
    "    \"summary\": \"who one is\", \"responses\": {"
    "      \"200\": {\"$ref\": \"#/components/responses/Session\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}},"
    "  \"post\": {\"operationId\": \"session_begin\", \"tags\": [\"session\"], \"security\": [],"
    "    \"summary\": \"log in\", \"requestBody\": {\"required\": true, \"content\": {"
    "      \"application/json\": {\"schema\": {\"$ref\": \"#/components/schemas/Login\"}},"
    "      \"application/x-www-form-urlencoded\": {\"schema\":"
    "        {\"$ref\": \"#/components/schemas/Login\"}}}},"
    "    \"responses\": {"
    "      \"200\": {\"$ref\": \"#/components/responses/Session\"},"
    "      \"303\": {\"description\": \"logged in by a form: go on to /api/v1/\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}},"
    "  \"delete\": {\"operationId\": \"session_end\", \"tags\": [\"session\"],"
    "    \"summary\": \"log out\", \"responses\": {"
    "      \"204\": {\"description\": \"logged out\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/api/v1/session/password\": {"
    "  \"post\": {\"operationId\": \"session_password\", \"tags\": [\"session\"],"
    "    \"summary\": \"change one's own password; one's other sessions end\","
    "    \"requestBody\": {\"required\": true, \"content\": {\"application/json\": {\"schema\": {"
    "      \"type\": \"object\", \"required\": [\"old\", \"new\"], \"properties\": {"
    "        \"old\": {\"type\": \"string\"}, \"new\": {\"type\": \"string\"}}}}}},"
    "    \"responses\": {"
    "      \"200\": {\"$ref\": \"#/components/responses/Session\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/api/v1/jobs\": {"
    "  \"get\": {\"operationId\": \"jobs\", \"tags\": [\"jobs\"],"
    "    \"summary\": \"one's own jobs; an admin sees all\", \"responses\": {"
    "      \"200\": {\"description\": \"the list\", \"content\": {\"application/json\": {"
    "        \"schema\": {\"type\": \"object\"}}}},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/api/v1/jobs/{id}\": {"
    "  \"parameters\": [{\"name\": \"id\", \"in\": \"path\", \"required\": true,"
    "    \"schema\": {\"type\": \"string\"}}],"
    "  \"get\": {\"operationId\": \"job\", \"tags\": [\"jobs\"], \"summary\": \"one job\","
    "    \"responses\": {"
    "      \"200\": {\"description\": \"the job\", \"content\": {\"application/json\": {"
    "        \"schema\": {\"$ref\": \"#/components/schemas/Job\"}}}},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}},"
    "  \"delete\": {\"operationId\": \"job_cancel\", \"tags\": [\"jobs\"],"
    "    \"summary\": \"end it\", \"responses\": {"
    "      \"204\": {\"description\": \"it is told to end\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/api/v1/events/stream\": {"
    "  \"get\": {\"operationId\": \"events_stream\", \"tags\": [\"events\"],"
    "    \"summary\": \"events as they happen, server-sent\", \"parameters\": ["
    "      {\"name\": \"device\", \"in\": \"query\", \"schema\": {\"type\": \"string\"}},"
    "      {\"name\": \"service\", \"in\": \"query\", \"schema\": {\"type\": \"string\"}},"
    "      {\"name\": \"after\", \"in\": \"query\", \"schema\": {\"type\": \"integer\"}},"
    "      {\"name\": \"Last-Event-ID\", \"in\": \"header\", \"schema\": {\"type\": \"integer\"}}],"
    "    \"responses\": {\"200\": {\"description\": \"a stream without an end\","
    "      \"content\": {\"text/event-stream\": {\"schema\": {\"type\": \"string\"}}}},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/api/v1/openapi.json\": {"
    "  \"get\": {\"operationId\": \"openapi\", \"tags\": [\"openapi\"],"
    "    \"summary\": \"this document\", \"responses\": {"
    "      \"200\": {\"description\": \"OpenAPI 3.1\", \"content\": {\"application/json\": {"
    "        \"schema\": {\"type\": \"object\"}}}},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}},"
    "\"/healthz\": {"
    "  \"get\": {\"operationId\": \"healthz\", \"tags\": [\"health\"], \"security\": [],"
    "    \"summary\": \"the process answers\", \"responses\": {"
    "      \"200\": {\"description\": \"it does\"}}}},"
    "\"/readyz\": {"
    "  \"get\": {\"operationId\": \"readyz\", \"tags\": [\"health\"], \"security\": [],"
    "    \"summary\": \"all that shall run does\", \"responses\": {"
    "      \"200\": {\"description\": \"ready\"}, \"503\": {\"description\": \"not ready\"}}}},"
    "\"/metrics\": {"
    "  \"get\": {\"operationId\": \"metrics\", \"tags\": [\"health\"],"
    "    \"summary\": \"numbers for Prometheus\", \"responses\": {"
    "      \"200\": {\"description\": \"text, version 0.0.4\"},"
    "      \"default\": {\"$ref\": \"#/components/responses/Problem\"}}}}}";

static const char components[] =
    "{\"securitySchemes\": {"
    "  \"session\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"" ASK_COOKIE "\"},"
    "  \"csrf\": {\"type\": \"apiKey\", \"in\": \"header\", \"name\": \"X-CSRF-Token\"},"
    "  \"token\": {\"type\": \"http\", \"scheme\": \"bearer\"}},"
    "\"parameters\": {"
    "  \"limit\": {\"name\": \"limit\", \"in\": \"query\", \"description\": \"rows of a page\","
    "    \"schema\": {\"type\": \"integer\", \"minimum\": 0}},"
    "  \"offset\": {\"name\": \"offset\", \"in\": \"query\","
    "    \"description\": \"rows before the page\","
    "    \"schema\": {\"type\": \"integer\", \"minimum\": 0}},"
    "  \"format\": {\"name\": \"format\", \"in\": \"query\","
    "    \"schema\": {\"type\": \"string\", \"enum\": [\"json\", \"text\"]}},"
    "  \"prefer\": {\"name\": \"Prefer\", \"in\": \"header\","
    "    \"description\": \"respond-async: answer 202 at once\","
    "    \"schema\": {\"type\": \"string\"}},"
    "  \"ifMatch\": {\"name\": \"If-Match\", \"in\": \"header\","
    "    \"description\": \"the ETag of what is to be changed\","
    "    \"schema\": {\"type\": \"string\"}}},"
    "\"schemas\": {"
    "  \"Name\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}$\"},"
    "  \"File\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
    "    \"content\": {\"type\": \"string\"},"
    "    \"base64\": {\"type\": \"string\", \"contentEncoding\": \"base64\"},"
    "    \"name\": {\"$ref\": \"#/components/schemas/Name\"}}},"
    "  \"RoleFile\": {\"type\": \"object\", \"additionalProperties\": false,"
    "    \"required\": [\"role\"], \"properties\": {"
    "    \"role\": {\"type\": \"string\"}, \"content\": {\"type\": \"string\"},"
    "    \"base64\": {\"type\": \"string\", \"contentEncoding\": \"base64\"},"
    "    \"name\": {\"$ref\": \"#/components/schemas/Name\"}}},"
    "  \"Login\": {\"type\": \"object\", \"required\": [\"user\", \"password\"], \"properties\": {"
    "    \"user\": {\"type\": \"string\"}, \"password\": {\"type\": \"string\"}}},"
    "  \"Job\": {\"type\": \"object\", \"properties\": {"
    "    \"id\": {\"type\": \"string\"}, \"verb\": {\"type\": \"string\"},"
    "    \"who\": {\"type\": \"string\"},"
    "    \"state\": {\"type\": \"string\","
    "      \"enum\": [\"running\", \"done\", \"failed\", \"cancelled\"]},"
    "    \"started\": {\"type\": \"string\", \"format\": \"date-time\"},"
    "    \"ended\": {\"type\": [\"string\", \"null\"], \"format\": \"date-time\"},"
    "    \"progress\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}},"
    "    \"status\": {\"type\": [\"integer\", \"null\"]},"
    "    \"result\": {\"type\": [\"object\", \"string\", \"null\"]}}},"
    "  \"Problem\": {\"type\": \"object\","
    "    \"required\": [\"type\", \"title\", \"status\", \"detail\", \"code\"], \"properties\": {"
    "    \"type\": {\"type\": \"string\"}, \"title\": {\"type\": \"string\"},"
    "    \"status\": {\"type\": \"integer\"}, \"detail\": {\"type\": \"string\"},"
    "    \"code\": {\"type\": \"string\", \"enum\": []}, \"hint\": {\"type\": \"string\"},"
    "    \"result\": {\"type\": \"object\"}}}},"
    "\"responses\": {"
    "  \"Job\": {\"description\": \"it goes on as a job\", \"headers\": {"
    "    \"Location\": {\"schema\": {\"type\": \"string\"}}}, \"content\": {"
    "    \"application/json\": {\"schema\": {\"$ref\": \"#/components/schemas/Job\"}}}},"
    "  \"Session\": {\"description\": \"the session\", \"content\": {\"application/json\": {"
    "    \"schema\": {\"type\": \"object\", \"properties\": {"
    "      \"user\": {\"type\": \"string\"}, \"role\": {\"type\": \"string\"},"
    "      \"csrf\": {\"type\": \"string\"},"
    "      \"expires\": {\"type\": [\"string\", \"null\"], \"format\": \"date-time\"}}}}}},"
    "  \"Problem\": {\"description\": \"why not\", \"content\": {\"" PROBLEM_TYPE "\": {"
    "    \"schema\": {\"$ref\": \"#/components/schemas/Problem\"}}}}}}";

static json_t *
parts(void)
{
	json_t *all = json_loads(components, 0, NULL), *codes;

	codes = json_object_get(all, "schemas");
	codes = json_object_get(codes, "Problem");
	codes = json_object_get(codes, "properties");
	codes = json_object_get(codes, "code");
	codes = json_object_get(codes, "enum");
	for (size_t i = 0; problem_code_at(i) != NULL; i++)
		json_array_append_new(codes, json_string(problem_code_at(i)));
	return all;
}

void
openapi_put(struct wr *to, const struct verb_set *const *sets, size_t n, const char *version)
{
	json_t *paths = json_loads(others, 0, NULL), *doc;
	char *text;

	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < sets[s]->n; i++)
			add_verb(paths, &sets[s]->verb[i]);
	doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:[], s:[]}, {s:[]}], s:o, s:o}", "openapi",
	    "3.1.0", "info", "title", "trustlist", "version", version, "description",
	    "The administration interface of a cluster's security side", "security", "session",
	    "csrf", "token", "paths", paths, "components", parts());
	text = json_dumps(doc, JSON_COMPACT);
	wr_text(to, text);
	free(text);
	json_decref(doc);
}
