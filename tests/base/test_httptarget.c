#include "base/httptarget.h"

#include "tests/support/suite.h"

/* ---- paths ---- */

static const char *
path_of(const char *target)
{
	static char text[256];
	struct wr w = { 0 };
	struct err e;

	snprintf(text, sizeof(text), "-");
	if (http_target_path(bytes_of(target), &w, &e) == 0)
		snprintf(text, sizeof(text), "%.*s", (int)w.n, (const char *)w.p);
	wr_free(&w);
	return text;
}

static void
targets_become_paths(void)
{
	static const char *const rows[][2] = { { "/a", "/a" }, { "/", "/" }, { "//a//b", "//a//b" },
		{ "/a?b=/c", "/a" }, { "/?", "/" }, { "/a%20b", "/a b" }, { "/%2e%2E/x", "/../x" },
		{ "/..%2fx", "/../x" }, { "/%252e", "/%2e" }, { "/a%3fb", "/a?b" },
		{ "/\xc3\xa9", "/\xc3\xa9" }, { "/%0a", "/\n" }, { "http://h/a", "/a" },
		{ "HTTPS://10.0.0.1:6971/a/b?c", "/a/b" }, { "http://h", "/" },
		{ "http://h?x=/y", "/" }, { "http://[::1]:6970/a", "/a" }, { "", "-" },
		{ "*", "-" }, { "a", "-" }, { "h:443", "-" }, { "ftp://h/a", "-" },
		{ "http://", "-" }, { "?/a", "-" }, { "/%", "-" }, { "/%2", "-" }, { "/%zz", "-" },
		{ "/a%00b", "-" }, { "/%-1", "-" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(path_of(rows[i][0]), rows[i][1]) != 0)
			fprintf(stderr, "\n    %s: %s\n", rows[i][0], path_of(rows[i][0]));
		CU_ASSERT_STRING_EQUAL(path_of(rows[i][0]), rows[i][1]);
	}
}

/* ---- queries ---- */

static const char *
query_of(const char *target, const char *name)
{
	static char text[64];

	switch (http_target_query(bytes_of(target), name, text, sizeof(text))) {
	case HTTP_ABSENT:
		CU_ASSERT_STRING_EQUAL(text, "");
		return "(absent)";
	case HTTP_UNFIT:
		CU_ASSERT_STRING_EQUAL(text, "");
		return "(unfit)";
	default:
		return text;
	}
}

static void
queries_are_found(void)
{
	static const char *const rows[][2] = { { "/a", "(absent)" }, { "/a?", "(absent)" },
		{ "/a?q", "" }, { "/a?q=", "" }, { "/a?q=x", "x" }, { "/a?q=x&q=y", "x" },
		{ "/a?p=q&q=x", "x" }, { "/a?pq=x", "(absent)" }, { "/a?qq=x", "(absent)" },
		{ "/a?Q=x", "(absent)" }, { "/a?&&=y&q=x&", "x" }, { "/a?q=a=b", "a=b" },
		{ "/a?q=a?b", "a?b" }, { "/a?q=a+b%2Bc%20d", "a b+c d" }, { "/a?%71=x", "x" },
		{ "/a?q%3d=x", "(absent)" }, { "/a?q=%26x", "&x" }, { "/a?q=%2526", "%26" },
		{ "/a?q=%c3%a9", "\xc3\xa9" }, { "/a?q=%", "(unfit)" }, { "/a?q=%2", "(unfit)" },
		{ "/a?q=%zz", "(unfit)" }, { "/a?q=a%00b", "(unfit)" }, { "/a?%=y&q=x", "x" },
		{ "/a?%zz=y&q=x", "x" }, { "http://h?q=x", "x" }, { "http://h/a?q=x", "x" },
		{ "/a%3fq=x", "(absent)" }, { "", "(absent)" }, { "?", "(absent)" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(query_of(rows[i][0], "q"), rows[i][1]) != 0)
			fprintf(stderr, "\n    %s: %s\n", rows[i][0], query_of(rows[i][0], "q"));
		CU_ASSERT_STRING_EQUAL(query_of(rows[i][0], "q"), rows[i][1]);
	}
	CU_ASSERT_STRING_EQUAL(query_of("/?a+b=x", "a b"), "x");
}

/* The room is exact, to the NUL. */
static void
long_queries_are_unfit(void)
{
	char five[5];

	CU_ASSERT_EQUAL(http_target_query(bytes_of("/?q=1234"), "q", five, 5), HTTP_GIVEN);
	CU_ASSERT_STRING_EQUAL(five, "1234");
	CU_ASSERT_EQUAL(http_target_query(bytes_of("/?q=%312%334"), "q", five, 5), HTTP_GIVEN);
	CU_ASSERT_EQUAL(http_target_query(bytes_of("/?q=12345"), "q", five, 5), HTTP_UNFIT);
	CU_ASSERT_EQUAL(http_target_query(bytes_of("/?q="), "q", five, 1), HTTP_GIVEN);
	CU_ASSERT_EQUAL(http_target_query(bytes_of("/?q=1"), "q", five, 1), HTTP_UNFIT);
}

static void
look(struct bytes b, size_t n, void *ctx)
{
	struct wr path = { 0 };
	char text[8];
	struct err e;

	(void)n;
	(void)ctx;
	http_target_path(b, &path, &e);
	http_target_query(b, "name", text, sizeof(text));
	wr_free(&path);
}

static void
every_cut_and_flip_is_harmless(void)
{
	static const char full[] = "http://h/a%20b/?x=%41+%42&na%6de=%31%32+3&name=4";

	each_cut(bytes_of(full), look, NULL);
	each_flip(bytes_of(full), look, NULL);
}

/* "name=value;" of each, up to the first that is unfit: then "!". */
static void
takes(const char *target, const char *wanted)
{
	struct bytes form = http_target_form(bytes_of(target));
	struct wr name = { 0 }, value = { 0 }, got = { 0 };
	enum http_given given;

	while ((given = http_form_take(&form, &name, &value)) == HTTP_GIVEN) {
		wr_put(&got, wr_view(&name));
		wr_u8(&got, '=');
		wr_put(&got, wr_view(&value));
		wr_u8(&got, ';');
	}
	if (given == HTTP_UNFIT)
		wr_u8(&got, '!');
	CU_ASSERT_STRING_EQUAL(wr_cstr(&got), wanted);
	wr_free(&name);
	wr_free(&value);
	wr_free(&got);
}

static void
forms_are_taken_pair_by_pair(void)
{
	takes("/", "");
	takes("/?", "");
	takes("/?a=1&b=2&a=3", "a=1;b=2;a=3;");
	takes("/?a&b=&=c&&d", "a=;b=;d=;");
	takes("/?a+b=c%2bd+e%3D%26", "a b=c+d e=&;");
	takes("/?a=b=c?d", "a=b=c?d;");
	takes("/?a=1&b=%zz&c=3", "a=1;!");
	takes("/?%00=1", "!");
	takes("/?a=%0", "!");
}

static void
a_pair_that_is_too_long_is_unfit(void)
{
	struct bytes form = bytes_of("a=1234&b=5");
	struct wr name = { .max = 3 }, value = { .max = 3 };

	CU_ASSERT_EQUAL(http_form_take(&form, &name, &value), HTTP_UNFIT);
	wr_free(&name);
	wr_free(&value);
}

static const struct suite_test tests[] = {
	{ "targets become paths", targets_become_paths },
	{ "queries are found", queries_are_found },
	{ "long queries are unfit", long_queries_are_unfit },
	{ "every cut and flip is harmless", every_cut_and_flip_is_harmless },
	{ "forms are taken pair by pair", forms_are_taken_pair_by_pair },
	{ "a pair that is too long is unfit", a_pair_that_is_too_long_is_unfit },
};

SUITE_MAIN("httptarget", tests)
