#include "admin/result.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/problem.h"
#include "admin/verb.h"
#include "tests/support/suite.h"

static const struct verb verb = { .words = "x", .args = "" };
static struct result result;

static json_t *
make(struct route_call *c, const char *doc, const char *folder)
{
	struct outcome from = {
		.doc = bytes_of(doc), .text = bytes_of("plain\n"), .folder = folder
	};

	result_free(&result);
	c->verb = &verb;
	result_make(&result, c, &from);
	return json_loadb((const char *)result.body.p, result.body.n, 0, NULL);
}

static const char *
text(json_t *doc, const char *key)
{
	const char *value = json_string_value(json_object_get(doc, key));

	return value == NULL ? "" : value;
}

static void
a_document_is_handed_on_as_it_is(void)
{
	struct route_call c = { .limit = -1 };
	json_t *doc = make(&c, "{ \"a\": 1 }\n", NULL);

	CU_ASSERT_EQUAL(result.status, 200);
	CU_ASSERT_STRING_EQUAL(result.type, "application/json");
	CU_ASSERT(bytes_eq_text(wr_view(&result.body), "{ \"a\": 1 }\n"));
	CU_ASSERT_EQUAL(result.total, -1);
	json_decref(doc);
}

static void
an_error_becomes_a_problem(void)
{
	struct route_call c = { .limit = -1 };
	json_t *doc = make(&c,
	    "{\"phones\": 3, \"error\": {\"code\": \"strands-phones\", \"message\": \"m\", "
	    "\"hint\": \"h\"}}",
	    NULL);

	CU_ASSERT_EQUAL(result.status, 409);
	CU_ASSERT_STRING_EQUAL(result.type, PROBLEM_TYPE);
	CU_ASSERT_STRING_EQUAL(result.code, "strands-phones");
	CU_ASSERT_STRING_EQUAL(text(doc, "code"), "strands-phones");
	CU_ASSERT_STRING_EQUAL(text(doc, "detail"), "m");
	CU_ASSERT_STRING_EQUAL(text(doc, "hint"), "h");
	CU_ASSERT_STRING_EQUAL(text(doc, "title"), "Conflict");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(doc, "status")), 409);
	CU_ASSERT_EQUAL(
	    json_integer_value(json_object_get(json_object_get(doc, "result"), "phones")), 3);
	CU_ASSERT_PTR_NULL(json_object_get(json_object_get(doc, "result"), "error"));
	json_decref(doc);
	doc = make(&c, "{\"error\": {\"code\": \"failed\", \"message\": \"m\"}}", NULL);
	CU_ASSERT_PTR_NULL(json_object_get(doc, "result"));
	CU_ASSERT_PTR_NULL(json_object_get(doc, "hint"));
	json_decref(doc);
}

static void
an_answer_of_no_is_none(void)
{
	struct route_call c = { .limit = -1 };
	json_t *doc = make(
	    &c, "{\"verified\": false, \"error\": {\"code\": \"no\", \"message\": \"m\"}}", NULL);

	CU_ASSERT_EQUAL(result.status, 200);
	CU_ASSERT_PTR_NOT_NULL(json_object_get(doc, "error"));
	json_decref(doc);
}

static void
what_is_no_document_failed(void)
{
	static const char *const bad[] = { "", "x", "[]", "{", "1" };
	struct route_call c = { .limit = -1 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *doc = make(&c, bad[i], NULL);

		CU_ASSERT_EQUAL(result.status, 500);
		CU_ASSERT_STRING_EQUAL(text(doc, "code"), "failed");
		json_decref(doc);
	}
}

static void
page(int64_t limit, int64_t offset, const char *wanted, int64_t total)
{
	struct route_call c = { .is_page = true, .limit = limit, .offset = offset };
	json_t *doc = make(&c, "{\"n\": 1, \"l\": [1, 2, 3, 4, 5]}", NULL);
	char *got = json_dumps(json_object_get(doc, "l"), JSON_COMPACT);

	CU_ASSERT_STRING_EQUAL(got, wanted);
	CU_ASSERT_EQUAL(result.total, total);
	free(got);
	json_decref(doc);
}

static void
a_list_is_cut_to_a_page(void)
{
	page(2, 0, "[1,2]", 5);
	page(2, 3, "[4,5]", 5);
	page(2, 4, "[5]", 5);
	page(2, 5, "[]", 5);
	page(2, INT64_MAX, "[]", 5);
	page(INT64_MAX, 1, "[2,3,4,5]", 5);
	page(-1, 3, "[4,5]", 5);
	page(0, 0, "[]", 5);
}

static void
of_two_lists_none_is_cut(void)
{
	struct route_call c = { .is_page = true, .limit = 1 };
	json_t *doc = make(&c, "{\"a\": [1, 2], \"b\": [3, 4]}", NULL);

	CU_ASSERT_EQUAL(json_array_size(json_object_get(doc, "a")), 2);
	CU_ASSERT_EQUAL(result.total, -1);
	json_decref(doc);
}

static void
text_is_for_people(void)
{
	struct route_call c = { .as_text = true, .limit = -1 };

	json_decref(make(&c, "{}", NULL));
	CU_ASSERT_STRING_EQUAL(result.type, "text/plain; charset=utf-8");
	CU_ASSERT(bytes_eq_text(wr_view(&result.body), "plain\n"));
	/* An error is a document all the same. */
	json_decref(make(&c, "{\"error\": {\"code\": \"not-found\", \"message\": \"m\"}}", NULL));
	CU_ASSERT_EQUAL(result.status, 404);
	CU_ASSERT_STRING_EQUAL(result.type, PROBLEM_TYPE);
}

static void
no_path_of_the_spool_is_left(void)
{
	struct route_call c = { .limit = -1 };
	json_t *doc = make(&c,
	    "{\"a\": \"/r/spool/x/0/cert.pem: bad\", \"b\": \"/r/spool/x\", "
	    "\"c\": \"/r/spool/xy/12/f /r/spool/x/12/f\"}",
	    "/r/spool/x");

	CU_ASSERT_STRING_EQUAL(text(doc, "a"), "cert.pem: bad");
	CU_ASSERT_STRING_EQUAL(text(doc, "b"), "");
	CU_ASSERT_STRING_EQUAL(text(doc, "c"), "y/12/f f");
	json_decref(doc);
}

static void
files_are_put_in(void)
{
	struct route_call c = { .limit = -1, .values = 2 };
	json_t *doc, *file;

	c.value[0] = (struct route_value){ .takes = VALUE_OUT,
		.param = "out",
		.file = { .name = "x.sgn", .p = (uint8_t *)strdup("foo"), .n = 3 } };
	c.value[1] = (struct route_value){ .takes = VALUE_OUT, .param = "html" };
	doc = make(&c, "{\"size\": 3}", NULL);
	file = json_object_get(json_object_get(doc, "files"), "out");
	CU_ASSERT_STRING_EQUAL(text(file, "name"), "x.sgn");
	CU_ASSERT_STRING_EQUAL(text(file, "base64"), "Zm9v");
	CU_ASSERT_PTR_NULL(json_object_get(json_object_get(doc, "files"), "html"));
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(doc, "size")), 3);
	json_decref(doc);
	route_call_free(&c);
}

static void
a_tag_becomes_a_header_only_when_it_fits(void)
{
	struct route_call c = { .limit = -1 };

	json_decref(make(&c, "{\"etag\": \"0a1b\"}", NULL));
	CU_ASSERT_STRING_EQUAL(result.etag, "0a1b");
	json_decref(make(&c, "{\"etag\": \"a\\r\\nX: y\"}", NULL));
	CU_ASSERT_STRING_EQUAL(result.etag, "");
	json_decref(make(&c, "{\"etag\": 5}", NULL));
	CU_ASSERT_STRING_EQUAL(result.etag, "");
	result_free(&result);
}

/* The table of API.md. */
static void
every_error_has_a_status(void)
{
	for (int code = ERR_FAILED; code < ERR_CODES; code++) {
		const char *word = problem_code((enum err_code)code);
		bool known = false;

		for (size_t i = 0; problem_code_at(i) != NULL; i++)
			known = known || strcmp(problem_code_at(i), word) == 0;
		CU_ASSERT(known || code == ERR_NO);
		CU_ASSERT(problem_status(word) >= 400);
	}
	CU_ASSERT_EQUAL(problem_status("usage"), 400);
	CU_ASSERT_EQUAL(problem_status("not-logged-in"), 401);
	CU_ASSERT_EQUAL(problem_status("denied"), 403);
	CU_ASSERT_EQUAL(problem_status("changed"), 412);
	CU_ASSERT_EQUAL(problem_status("throttled"), 429);
	CU_ASSERT_EQUAL(problem_status("busy"), 503);
	CU_ASSERT_EQUAL(problem_status("what"), 500);
}

static void
foreign_text_is_fit_for_a_problem(void)
{
	struct wr w = { 0 };
	json_t *doc;

	problem_put(&w, "failed", "a \"quote\" \xff\x01 <b>", "", bytes_over(NULL, 0));
	doc = json_loadb((const char *)w.p, w.n, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL(doc);
	CU_ASSERT_PTR_NULL(json_object_get(doc, "hint"));
	json_decref(doc);
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "a document is handed on as it is", a_document_is_handed_on_as_it_is },
	{ "an error becomes a problem", an_error_becomes_a_problem },
	{ "an answer of no is none", an_answer_of_no_is_none },
	{ "what is no document failed", what_is_no_document_failed },
	{ "a list is cut to a page", a_list_is_cut_to_a_page },
	{ "of two lists none is cut", of_two_lists_none_is_cut },
	{ "text is for people", text_is_for_people },
	{ "no path of the spool is left", no_path_of_the_spool_is_left },
	{ "files are put in", files_are_put_in },
	{ "a tag becomes a header only when it fits", a_tag_becomes_a_header_only_when_it_fits },
	{ "every error has a status", every_error_has_a_status },
	{ "foreign text is fit for a problem", foreign_text_is_fit_for_a_problem },
};

SUITE_MAIN("result", tests)
