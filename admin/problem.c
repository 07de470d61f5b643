#include "admin/problem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verb.h"
#include "base/httpreply.h"

/* The words of verb_code_word() but for "none" and "no", which are no errors here; then those that
 * only HTTP has.  API.md has the same table. */
static const struct {
	const char *code;
	int status;
} codes[] = {
	{ "usage", 400 },
	{ "not-logged-in", 401 },
	{ "denied", 403 },
	{ "host-only", 403 },
	{ "cross-site", 403 },
	{ "not-found", 404 },
	{ "method", 405 },
	{ "exists", 409 },
	{ "strands-phones", 409 },
	{ "changed", 412 },
	{ "too-large", 413 },
	{ "malformed", 422 },
	{ "limit", 422 },
	{ "throttled", 429 },
	{ "failed", 500 },
	{ "busy", 503 },
	{ "cancelled", 503 },
};

enum { CODES = sizeof(codes) / sizeof(codes[0]) };

int
problem_status(const char *code)
{
	for (size_t i = 0; i < CODES; i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].status;
	return 500;
}

const char *
problem_code(enum err_code code)
{
	return code == ERR_NONE ? "failed" : verb_code_word(code);
}

const char *
problem_code_of(int status)
{
	switch (status) {
	case 404:
		return "not-found";
	case 405:
		return "method";
	case 413:
		return "too-large";
	case 503:
		return "busy";
	default:
		return status < 500 ? "usage" : "failed";
	}
}

const char *
problem_code_at(size_t n)
{
	return n < CODES ? codes[n].code : NULL;
}

/* What is not UTF-8 becomes \xNN. */
static json_t *
text(const char *from)
{
	char plain[2048];

	if (bytes_is_utf8(bytes_of(from)))
		return json_string(from);
	bytes_printable(bytes_of(from), plain, sizeof(plain));
	return json_string(plain);
}

void
problem_put(
    struct wr *to, const char *code, const char *detail, const char *hint, struct bytes result)
{
	problem_put_as(to, problem_status(code), code, detail, hint, result);
}

void
problem_put_as(struct wr *to, int status, const char *code, const char *detail, const char *hint,
    struct bytes result)
{
	json_t *doc = json_object();
	char *plain;

	json_object_set_new(doc, "type", json_string("about:blank"));
	json_object_set_new(doc, "title", json_string(http_reason(status)));
	json_object_set_new(doc, "status", json_integer(status));
	json_object_set_new(doc, "detail", text(detail));
	json_object_set_new(doc, "code", json_string(code));
	if (hint != NULL && hint[0] != '\0')
		json_object_set_new(doc, "hint", text(hint));
	if (result.n > 0)
		json_object_set_new(
		    doc, "result", json_loadb((const char *)result.p, result.n, 0, NULL));
	plain = json_dumps(doc, JSON_ENSURE_ASCII | JSON_INDENT(2));
	wr_text(to, plain);
	wr_u8(to, '\n');
	free(plain);
	json_decref(doc);
}
