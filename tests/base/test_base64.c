#include "base/base64.h"

#include "tests/support/suite.h"

/* RFC 4648, 10. */
static const struct {
	const char *plain, *coded;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
};

static void
vectors_of_the_rfc_go_both_ways(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct wr coded = { 0 }, plain = { 0 };

		base64_put(&coded, bytes_of(vectors[i].plain));
		CU_ASSERT(bytes_eq_text(wr_view(&coded), vectors[i].coded));
		CU_ASSERT_TRUE(base64_take(bytes_of(vectors[i].coded), &plain));
		CU_ASSERT(bytes_eq_text(wr_view(&plain), vectors[i].plain));
		wr_free(&coded);
		wr_free(&plain);
	}
}

static void
every_byte_comes_back(void)
{
	uint8_t all[256 * 2];
	struct wr coded = { 0 }, plain = { 0 };

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(i < 256 ? i : 511 - i);
	base64_put(&coded, bytes_over(all, sizeof(all)));
	CU_ASSERT_TRUE(base64_take(wr_view(&coded), &plain));
	CU_ASSERT(bytes_eq(wr_view(&plain), bytes_over(all, sizeof(all))));
	wr_free(&coded);
	wr_free(&plain);
}

static void
what_has_no_one_meaning_is_none(void)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg==\n",
		" Zg==", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm9v!mFy", "Zm9v_-_-", "Zg=g",
		"=Zg=" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wr plain = { 0 };

		CU_ASSERT_FALSE(base64_take(bytes_of(bad[i]), &plain));
		wr_free(&plain);
	}
}

static void
a_limit_is_kept(void)
{
	struct wr plain = { .max = 2 };

	CU_ASSERT_FALSE(base64_take(bytes_of("Zm9v"), &plain));
	CU_ASSERT_TRUE(plain.bad);
	wr_free(&plain);
}

static const struct suite_test tests[] = {
	{ "vectors of the RFC go both ways", vectors_of_the_rfc_go_both_ways },
	{ "every byte comes back", every_byte_comes_back },
	{ "what has no one meaning is none", what_has_no_one_meaning_is_none },
	{ "a limit is kept", a_limit_is_kept },
};

SUITE_MAIN("base64", tests)
