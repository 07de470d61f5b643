#include "admin/route.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"

static int
run_none(const struct call *c, struct out *o, struct err *e)
{
	(void)c;
	(void)o;
	(void)e;
	return 0;
}

static const struct verb verbs[] = {
	{ .words = "cert list",
	    .args = "",
	    .right = RIGHT_READ,
	    .option = { { .name = "store", .metavar = "STORE" }, { .name = "expired" },
		{ .name = "san", .metavar = "HOST", .many = true },
		{ .name = "limit", .metavar = "N" } },
	    .run = run_none },
	{ .words = "cert csr list", .args = "[FROM [TO]]", .most = 2, .right = RIGHT_READ },
	{ .words = "service restart",
	    .args = "NAME [NAME...]",
	    .least = 1,
	    .most = VERB_ARGS_MAX,
	    .right = RIGHT_OPERATE,
	    .option = { { .name = "node", .metavar = "NODE" }, { .name = "dry-run" } } },
	{ .words = "file sign",
	    .args = "FILE.sgn",
	    .least = 1,
	    .most = 1,
	    .takes = VALUE_FILE,
	    .option = { { .name = "key", .metavar = "PEM", .must = true, .takes = VALUE_SECRET },
		{ .name = "out", .metavar = "FILE", .takes = VALUE_OUT },
		{ .name = "record", .metavar = "R=F", .many = true, .takes = VALUE_ROLE_FILE } } },
	{ .words = "vphone boot",
	    .args = "own|trust",
	    .least = 1,
	    .most = 1,
	    .right = RIGHT_OPERATE,
	    .option = { { .name = "memory", .metavar = "DIR", .takes = VALUE_PHONES },
		{ .name = "to", .metavar = "WHERE", .takes = VALUE_EXCHANGE },
		{ .name = "report", .metavar = "ROOT", .takes = VALUE_OWN_ROOT },
		{ .name = "script", .metavar = "NAME", .takes = VALUE_WORD },
		{ .name = "module", .metavar = "FILE", .host_only = "it is code" } } },
};
enum { LIST, CSR, RESTART, SIGN, BOOT };

static const struct verb_set set = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
static const struct verb_set *const sets[] = { &set };

static struct route_call call;
static struct err e;

static int
query(int verb, const char *text)
{
	route_call_free(&call);
	err_clear(&e);
	return route_take_query(&verbs[verb], bytes_of(text), &call, &e);
}

static int
body_with(int verb, const char *form, const char *text)
{
	route_call_free(&call);
	err_clear(&e);
	return route_take_body(&verbs[verb], bytes_of(form), bytes_of(text), 1000, &call, &e);
}

static int
body(int verb, const char *text)
{
	return body_with(verb, "", text);
}

static bool
has(size_t n, const char *param, const char *text)
{
	return n < call.values && strcmp(call.value[n].param, param) == 0 &&
	       call.value[n].text != NULL && strcmp(call.value[n].text, text) == 0;
}

static void
paths_are_words_with_slashes(void)
{
	CU_ASSERT_PTR_EQUAL(route_find(sets, 1, "cert/csr/list"), &verbs[CSR]);
	CU_ASSERT_PTR_EQUAL(route_find(sets, 1, "cert/list"), &verbs[LIST]);
	CU_ASSERT_PTR_NULL(route_find(sets, 1, "cert list"));
	CU_ASSERT_PTR_NULL(route_find(sets, 1, "cert"));
	CU_ASSERT_PTR_NULL(route_find(sets, 1, "cert/list/"));
	CU_ASSERT_PTR_NULL(route_find(sets, 1, ""));
}

static void
what_only_looks_is_get(void)
{
	CU_ASSERT_TRUE(route_is_get(&verbs[LIST]));
	CU_ASSERT_FALSE(route_is_get(&verbs[RESTART]));
	CU_ASSERT_FALSE(route_is_get(&verbs[SIGN])); /* it takes a file */
	CU_ASSERT_EQUAL(route_right(&verbs[SIGN]), RIGHT_READ);
	CU_ASSERT_EQUAL(route_right(&verbs[RESTART]), RIGHT_OPERATE);
}

static void
arguments_have_names(void)
{
	struct route_param p[ROUTE_PARAMS_MAX];

	CU_ASSERT_EQUAL(route_params(&verbs[CSR], p), 2);
	CU_ASSERT_STRING_EQUAL(p[0].name, "from");
	CU_ASSERT_STRING_EQUAL(p[1].name, "to");
	CU_ASSERT_FALSE(p[0].must || p[1].must || p[0].many);
	CU_ASSERT_EQUAL(route_params(&verbs[RESTART], p), 3);
	CU_ASSERT_STRING_EQUAL(p[0].name, "name");
	CU_ASSERT_TRUE(p[0].must && p[0].many);
	CU_ASSERT_EQUAL(route_params(&verbs[SIGN], p), 4);
	CU_ASSERT_STRING_EQUAL(p[0].name, "file");
	CU_ASSERT_EQUAL(p[0].takes, VALUE_FILE);
	CU_ASSERT_EQUAL(route_params(&verbs[BOOT], p), 6);
	CU_ASSERT_STRING_EQUAL(p[0].name, "which");
	CU_ASSERT_TRUE(p[3].flag);
}

static void
a_query_is_a_call(void)
{
	CU_ASSERT_EQUAL(query(LIST, "store=CallManager%2Dtrust&expired&san=a&san=b+c"), 0);
	CU_ASSERT_EQUAL(call.values, 4);
	CU_ASSERT(has(0, "store", "CallManager-trust"));
	CU_ASSERT(has(1, "expired", ""));
	CU_ASSERT(has(2, "san", "a"));
	CU_ASSERT(has(3, "san", "b c"));
	CU_ASSERT_EQUAL(query(LIST, "expired=1"), 0);
	CU_ASSERT_EQUAL(call.values, 1);
	CU_ASSERT_EQUAL(query(LIST, "expired=false"), 0);
	CU_ASSERT_EQUAL(call.values, 0);
	CU_ASSERT_EQUAL(query(LIST, ""), 0);
	CU_ASSERT_EQUAL(query(CSR, "to=2&from=1"), 0);
	CU_ASSERT(has(0, "from", "1") && has(1, "to", "2"));
}

static void
how_to_answer_is_no_parameter_of_a_verb(void)
{
	CU_ASSERT_EQUAL(query(CSR, "format=text&limit=5&offset=10"), 0);
	CU_ASSERT_TRUE(call.as_text && call.is_page);
	CU_ASSERT_EQUAL(call.limit, 5);
	CU_ASSERT_EQUAL(call.offset, 10);
	CU_ASSERT_EQUAL(call.values, 0);
	CU_ASSERT_EQUAL(query(CSR, "offset=10"), 0);
	CU_ASSERT_EQUAL(call.limit, -1);
	/* An option of the verb's own goes to the verb. */
	CU_ASSERT_EQUAL(query(LIST, "limit=5"), 0);
	CU_ASSERT_FALSE(call.is_page);
	CU_ASSERT(has(0, "limit", "5"));
	CU_ASSERT_EQUAL(body_with(RESTART, "format=text", "{\"name\":[\"TVS\"]}"), 0);
	CU_ASSERT_TRUE(call.as_text);
}

static void
refused(int rc, const char *words)
{
	CU_ASSERT_EQUAL(rc, -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, words);
}

static void
a_query_that_is_none_is_refused(void)
{
	refused(query(LIST, "stroe=x"), "stroe");
	refused(query(LIST, "store=a&store=b"), "store: given twice");
	refused(query(LIST, "expired=maybe"), "expired");
	refused(query(LIST, "store=%zz"), "query");
	refused(query(LIST, "store=%00"), "query");
	refused(query(LIST, "store=%ff"), "query");
	refused(query(CSR, "to=2"), "to: not without \"from\"");
	refused(query(CSR, "limit=-1"), "limit");
	refused(query(CSR, "limit=99999999999999999999"), "limit");
	refused(query(CSR, "format=xml"), "format");
	refused(body_with(RESTART, "name=TVS", "{\"name\":[\"TVS\"]}"), "name");
	refused(body_with(RESTART, "limit=1", "{\"name\":[\"TVS\"]}"), "limit");
}

static void
a_body_is_a_call(void)
{
	CU_ASSERT_EQUAL(body(RESTART, "{\"node\": 7, \"dry-run\": true, \"yes\": true, "
				      "\"name\": [\"TVS\", \"CAPF\"]}"),
	    0);
	CU_ASSERT_EQUAL(call.values, 4);
	CU_ASSERT(has(0, "name", "TVS") && has(1, "name", "CAPF"));
	CU_ASSERT(has(2, "node", "7") && has(3, "dry-run", ""));
	CU_ASSERT_TRUE(call.yes);
	CU_ASSERT_EQUAL(body(RESTART, "{\"name\": [\"TVS\"], \"dry-run\": false}"), 0);
	CU_ASSERT_EQUAL(call.values, 1);
	CU_ASSERT_FALSE(call.yes);
}

static void
a_body_that_is_none_is_refused(void)
{
	refused(body(RESTART, ""), "\"name\" is missing");
	refused(body(RESTART, "{}"), "\"name\" is missing");
	refused(body(RESTART, "{\"name\": []}"), "\"name\" is missing");
	refused(body(RESTART, "{\"name\": \"TVS\"}"), "name: a list");
	refused(body(RESTART, "{\"name\": [true]}"), "name: a text");
	refused(body(RESTART, "{\"name\": [1.5]}"), "name: a text");
	refused(body(RESTART, "{\"name\": [null]}"), "name: a text");
	refused(body(RESTART, "{\"name\": [\"a\"], \"node\": null}"), "node");
	refused(body(RESTART, "{\"name\": [\"a\"], \"dry-run\": 1}"), "dry-run");
	refused(body(RESTART, "{\"name\": [\"a\"], \"dry-run\": \"true\"}"), "dry-run");
	refused(body(RESTART, "{\"name\": [\"a\"], \"yes\": 1}"), "yes");
	refused(body(RESTART, "{\"name\": [\"a\"], \"nodes\": \"x\"}"), "nodes");
	refused(body(RESTART, "{\"name\": [\"a\"], \"name\": [\"b\"]}"), "no JSON object");
	refused(body(RESTART, "[]"), "no JSON object");
	refused(body(RESTART, "{\"name\": [\"a\"]} x"), "no JSON object");
	refused(body(RESTART, "{\"name\": [\"\\u0000\"]}"), "no JSON object");
	refused(body(RESTART, "garbage"), "no JSON object");
}

/* A parser makes a hundred times as much of it. */
static void
bodies_of_many_values_are_refused_unread(void)
{
	enum { MANY = 5000 };
	struct wr w = { 0 };

	wr_text(&w, "{\"name\": [");
	for (int i = 0; i < MANY; i++)
		wr_text(&w, "{},");
	wr_text(&w, "{}]}");
	refused(body(RESTART, wr_cstr(&w)), "more than 4096 values");
	wr_free(&w);
	/* In a text they are none. */
	wr_text(&w, "{\"name\": [\"\\\"");
	for (int i = 0; i < MANY; i++)
		wr_text(&w, "{},");
	wr_text(&w, "\"], \"nodes\": \"x\"}");
	refused(body(RESTART, wr_cstr(&w)), "nodes");
	wr_free(&w);
}

static void
files_come_as_contents(void)
{
	CU_ASSERT_EQUAL(body(SIGN, "{\"file\": {\"content\": \"hello\"}, "
				   "\"key\": {\"base64\": \"AAEC\", \"name\": \"k.pem\"}, "
				   "\"out\": \"x.sgn\", "
				   "\"record\": [{\"role\": \"TFTP\", \"content\": \"c\"}]}"),
	    0);
	CU_ASSERT_EQUAL(call.values, 4);
	CU_ASSERT_STRING_EQUAL(call.value[0].file.name, "file");
	CU_ASSERT_EQUAL(call.value[0].file.n, 5);
	CU_ASSERT_EQUAL(memcmp(call.value[0].file.p, "hello", 5), 0);
	CU_ASSERT_STRING_EQUAL(call.value[1].file.name, "k.pem");
	CU_ASSERT_EQUAL(call.value[1].file.n, 3);
	CU_ASSERT_EQUAL(memcmp(call.value[1].file.p, "\0\1\2", 3), 0);
	CU_ASSERT_STRING_EQUAL(call.value[2].file.name, "x.sgn");
	CU_ASSERT_STRING_EQUAL(call.value[3].text, "TFTP");
}

static void
a_path_is_no_file(void)
{
	refused(body(SIGN, "{\"file\": \"/etc/passwd\", \"key\": {\"content\": \"\"}}"), "file");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\", \"name\": \"../x\"}}"), "name");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\", \"name\": \".x\"}}"), "name");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\", \"name\": \"\"}}"), "name");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\", \"path\": \"/x\"}}"), "path");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\", \"base64\": \"\"}}"), "either");
	refused(body(SIGN, "{\"file\": {}}"), "either");
	refused(body(SIGN, "{\"file\": {\"base64\": \"A\"}}"), "base64");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\"}, \"key\": {\"content\": \"\"}, "
			   "\"out\": \"/tmp/x\"}"),
	    "out");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\"}, \"key\": {\"content\": \"\"}, "
			   "\"out\": \"-\\u0020\"}"),
	    "out");
	refused(body(SIGN, "{\"file\": {\"content\": \"x\"}, \"key\": {\"content\": \"\"}, "
			   "\"record\": [{\"content\": \"c\"}]}"),
	    "role");
}

static void
places_have_names(void)
{
	CU_ASSERT_EQUAL(
	    body(BOOT, "{\"which\": \"own\", \"memory\": \"fleet/SEP1\", \"to\": \"b\", "
		       "\"report\": true, \"script\": \"S01\"}"),
	    0);
	CU_ASSERT_EQUAL(body(BOOT, "{\"which\": \"own\", \"to\": \"sftp://u@h/x\"}"), 0);
	refused(body(BOOT, "{\"which\": \"own\", \"memory\": \"a/b/c\"}"), "memory");
	refused(body(BOOT, "{\"which\": \"own\", \"memory\": \"/a\"}"), "memory");
	refused(body(BOOT, "{\"which\": \"own\", \"memory\": \"a/../b\"}"), "memory");
	refused(body(BOOT, "{\"which\": \"own\", \"memory\": \"..\"}"), "memory");
	refused(body(BOOT, "{\"which\": \"own\", \"memory\": \"a/\"}"), "memory");
	refused(body(BOOT, "{\"which\": \"own\", \"to\": \"/tmp\"}"), "to");
	refused(body(BOOT, "{\"which\": \"own\", \"to\": \"file:///tmp\"}"), "to");
	refused(body(BOOT, "{\"which\": \"own\", \"report\": \"/root\"}"), "report");
	refused(body(BOOT, "{\"which\": \"own\", \"script\": \"a.conf\"}"), "script");
	refused(body(BOOT, "{\"which\": \"own\", \"script\": \"../a\"}"), "script");
	refused(body(BOOT, "{\"which\": \"own\", \"script\": \"--all\"}"), "script");
}

static void
what_is_the_hosts_alone_is_denied(void)
{
	CU_ASSERT_EQUAL(body(BOOT, "{\"which\": \"own\", \"module\": \"x.so\"}"), -1);
	CU_ASSERT_EQUAL(e.code, ERR_DENIED);
	CU_ASSERT_STRING_EQUAL(e.hint, "it is code");
}

static char *
repeat(const char *before, const char *what, size_t n, const char *after)
{
	struct wr w = { 0 };
	char *text;

	wr_text(&w, before);
	for (size_t i = 0; i < n; i++)
		wr_text(&w, what);
	wr_text(&w, after);
	text = strdup(wr_cstr(&w));
	wr_free(&w);
	return text;
}

static void
each_limit_is_kept(void)
{
	char *most = repeat("{\"name\":[\"", "x", ROUTE_TEXT_MAX, "\"]}");
	char *more = repeat("{\"name\":[\"", "x", ROUTE_TEXT_MAX + 1, "\"]}");
	char *all = repeat("{\"name\":[\"x\"", ",\"x\"", ROUTE_VALUES_MAX - 1, "]}");
	char *beyond = repeat("{\"name\":[\"x\"", ",\"x\"", ROUTE_VALUES_MAX, "]}");
	char *file =
	    repeat("{\"key\":{\"content\":\"\"},\"file\":{\"content\":\"", "x", 1000, "\"}}");
	char *two =
	    repeat("{\"key\":{\"content\":\"k\"},\"file\":{\"content\":\"", "x", 1000, "\"}}");
	char *deep = repeat("", "[", 100000, "");

	CU_ASSERT_EQUAL(body(RESTART, most), 0);
	refused(body(RESTART, more), "name: longer");
	CU_ASSERT_EQUAL(body(RESTART, all), 0);
	refused(body(RESTART, beyond), "name: more than");
	CU_ASSERT_EQUAL(body(SIGN, file), 0);
	CU_ASSERT_EQUAL(body(SIGN, two), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	refused(body(RESTART, deep), "more than 4096 values");
	free(most);
	free(more);
	free(all);
	free(beyond);
	free(file);
	free(two);
	free(deep);
	route_call_free(&call);
}

static const struct suite_test tests[] = {
	{ "bodies of many values are refused unread", bodies_of_many_values_are_refused_unread },
	{ "paths are words with slashes", paths_are_words_with_slashes },
	{ "what only looks is GET", what_only_looks_is_get },
	{ "arguments have names", arguments_have_names },
	{ "a query is a call", a_query_is_a_call },
	{ "how to answer is no parameter of a verb", how_to_answer_is_no_parameter_of_a_verb },
	{ "a query that is none is refused", a_query_that_is_none_is_refused },
	{ "a body is a call", a_body_is_a_call },
	{ "a body that is none is refused", a_body_that_is_none_is_refused },
	{ "files come as contents", files_come_as_contents },
	{ "a path is no file", a_path_is_no_file },
	{ "places have names", places_have_names },
	{ "what is the host's alone is denied", what_is_the_hosts_alone_is_denied },
	{ "each limit is kept", each_limit_is_kept },
};

SUITE_MAIN("route", tests)
