#include "base/httpfield.h"

#include "tests/support/suite.h"

static const char *
value_of(const char *lines, const char *name)
{
	static char text[64];
	struct bytes v = http_field(bytes_of(lines), name);

	snprintf(text, sizeof(text), "%.*s", (int)v.n, v.p != NULL ? (const char *)v.p : "");
	return v.p == NULL ? "(none)" : text;
}

static void
values_are_found(void)
{
	static const char lines[] = "Host: h\r\nX-Empty:\r\nX-Blank: \t \r\nAccept: \t a/b \t\r\n"
				    "accept: c/d\r\nX-Colon: a:b\nLast: z\r\n\r\nBody: no\r\n";

	CU_ASSERT_STRING_EQUAL(value_of(lines, "host"), "h");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "ACCEPT"), "a/b"); /* the first */
	CU_ASSERT_STRING_EQUAL(value_of(lines, "x-colon"), "a:b");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "Last"), "z");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "X-Empty"), ""); /* not the same as none */
	CU_ASSERT_STRING_EQUAL(value_of(lines, "X-Blank"), "");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "Accep"), "(none)");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "Accept "), "(none)");
	CU_ASSERT_STRING_EQUAL(value_of(lines, "Body"), "(none)");
	CU_ASSERT_STRING_EQUAL(value_of("", "Host"), "(none)");
	CU_ASSERT_STRING_EQUAL(value_of("Host: h", "Host"), "(none)"); /* no line */
}

static void
lists_are_taken_apart(void)
{
	struct bytes item, list = bytes_of("a , b,\tc,,d");
	const char *const items[] = { "a", "b", "c", "", "d" };

	for (size_t i = 0; i < 5; i++) {
		CU_ASSERT_TRUE(http_take_item(&list, &item));
		CU_ASSERT_TRUE(bytes_eq_text(item, items[i]));
	}
	CU_ASSERT_FALSE(http_take_item(&list, &item));
}

static void
lines_fit_or_not(void)
{
	static const char *const good[] = { "", "A: b\r\n", "A:\r\n", "A: b\r\nC: d\te\r\n",
		"ETag: \"x\"\r\n", "A: \xc3\xa9\r\n" };
	static const char *const bad[] = { "A: b", "A: b\n", "A: b\r", "\r\n", "A: b\r\n\r\n",
		"A: b\r\n\r\nbody", "A: b\nC: d\r\n", "A: b\rC: d\r\n", "A: b\r\r\n", "A b\r\n",
		": b\r\n", "A : b\r\n", " A: b\r\n", "A: b\r\n folded\r\n", "A: \x01\r\n",
		"A: \x7f\r\n", "\n" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CU_ASSERT_TRUE(http_fields_fit(bytes_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (http_fields_fit(bytes_of(bad[i])))
			fprintf(stderr, "\n    fits: %s\n", bad[i]);
		CU_ASSERT_FALSE(http_fields_fit(bytes_of(bad[i])));
	}
	CU_ASSERT_FALSE(http_fields_fit(bytes_over("A: \0\r\n", 6)));
}

/* A foreign value never becomes a line of its own. */
static void
values_do_not_break_out(void)
{
	struct wr w = { 0 };

	CU_ASSERT_TRUE(http_field_put(&w, "Location", bytes_of("/phones/SEP1")));
	CU_ASSERT_FALSE(http_field_put(&w, "Location", bytes_of("/x\r\nSet-Cookie: y")));
	CU_ASSERT_FALSE(http_field_put(&w, "Location", bytes_of("/x\ny")));
	CU_ASSERT_FALSE(http_field_put(&w, "Location", bytes_of("/x\ry")));
	CU_ASSERT_FALSE(http_field_put(&w, "Location", bytes_over("/x\0y", 4)));
	CU_ASSERT_FALSE(http_field_put(&w, "", bytes_of("x")));
	CU_ASSERT_FALSE(http_field_put(&w, "A:", bytes_of("x")));
	CU_ASSERT_FALSE(http_field_put(&w, "A\r\nB", bytes_of("x")));
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "Location: /phones/SEP1\r\n");
	CU_ASSERT_TRUE(http_fields_fit(wr_view(&w)));
	wr_free(&w);
}

static void
look(struct bytes b, size_t n, void *ctx)
{
	struct bytes v = http_field(b, "Name");

	(void)n;
	(void)ctx;
	CU_ASSERT_TRUE(v.n <= b.n);
	http_fields_fit(b);
}

static void
every_cut_and_flip_is_harmless(void)
{
	static const char full[] = "Other: x\r\nName: \ty \r\n\r\n";

	each_cut(bytes_of(full), look, NULL);
	each_flip(bytes_of(full), look, NULL);
}

static const struct suite_test tests[] = {
	{ "values are found", values_are_found },
	{ "lists are taken apart", lists_are_taken_apart },
	{ "lines fit or not", lines_fit_or_not },
	{ "values do not break out", values_do_not_break_out },
	{ "every cut and flip is harmless", every_cut_and_flip_is_harmless },
};

SUITE_MAIN("httpfield", tests)
