#include "admin/ask.h"

#include <string.h>

#include "tests/support/suite.h"

static char shown[ASK_TOKEN_MAX];

static enum ask_kind
cookie(const char *text)
{
	struct ask a = { .cookie = bytes_of(text) };

	return ask_shown(&a, shown, sizeof(shown));
}

static enum ask_kind
authorization(const char *text)
{
	struct ask a = { .authorization = bytes_of(text),
		.cookie = bytes_of("__Host-trustlist=c") };

	return ask_shown(&a, shown, sizeof(shown));
}

static void
a_cookie_is_found_among_others(void)
{
	CU_ASSERT_EQUAL(cookie("a=b; __Host-trustlist=abc; c=d"), ASK_SESSION);
	CU_ASSERT_STRING_EQUAL(shown, "abc");
	CU_ASSERT_EQUAL(cookie("__Host-trustlist=abc"), ASK_SESSION);
	CU_ASSERT_EQUAL(cookie("__Host-trustlis=abc"), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie("x__Host-trustlist=abc"), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie("a=__Host-trustlist=abc"), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie("__host-trustlist=abc"), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie("__Host-trustlist"), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie("__Host-trustlist="), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie(""), ASK_NOBODY);
	CU_ASSERT_EQUAL(cookie(";;;=;"), ASK_NOBODY);
}

static void
a_token_goes_before_a_cookie(void)
{
	CU_ASSERT_EQUAL(authorization("Bearer tl_x"), ASK_TOKEN);
	CU_ASSERT_STRING_EQUAL(shown, "tl_x");
	CU_ASSERT_EQUAL(authorization("bearer  tl_x "), ASK_TOKEN);
	CU_ASSERT_STRING_EQUAL(shown, "tl_x");
	CU_ASSERT_EQUAL(authorization("Basic dTpw"), ASK_UNFIT);
	CU_ASSERT_EQUAL(authorization("Bearer"), ASK_UNFIT);
	CU_ASSERT_EQUAL(authorization("Bearer "), ASK_UNFIT);
	CU_ASSERT_EQUAL(authorization(""), ASK_UNFIT);
}

static void
what_is_too_long_is_unfit(void)
{
	char text[ASK_TOKEN_MAX + 8];

	memset(text, 'x', sizeof(text));
	memcpy(text, "Bearer ", 7);
	text[7 + ASK_TOKEN_MAX - 1] = '\0';
	CU_ASSERT_EQUAL(authorization(text), ASK_TOKEN);
	text[7 + ASK_TOKEN_MAX - 1] = 'x';
	text[7 + ASK_TOKEN_MAX] = '\0';
	CU_ASSERT_EQUAL(authorization(text), ASK_UNFIT);
	CU_ASSERT_STRING_EQUAL(shown, "");
}

static bool
crosses(bool changes, const char *origin, const char *site)
{
	struct ask a = { .host = bytes_of("lab.example:8443"), .changes = changes };

	if (origin != NULL)
		a.origin = bytes_of(origin);
	if (site != NULL)
		a.site = bytes_of(site);
	return ask_cross_site(&a) != NULL;
}

static void
another_sites_page_is_refused(void)
{
	CU_ASSERT_FALSE(crosses(true, NULL, NULL)); /* a program */
	CU_ASSERT_FALSE(crosses(true, "https://lab.example:8443", "same-origin"));
	CU_ASSERT_FALSE(crosses(true, "https://LAB.example:8443", NULL));
	CU_ASSERT_TRUE(crosses(true, "https://lab.example", NULL));
	CU_ASSERT_TRUE(crosses(true, "https://lab.example:84430", NULL));
	CU_ASSERT_TRUE(crosses(true, "https://lab.example:8443.evil.example", NULL));
	CU_ASSERT_TRUE(crosses(true, "http://lab.example:8443", NULL));
	CU_ASSERT_TRUE(crosses(true, "https://evil.example", NULL));
	CU_ASSERT_TRUE(crosses(true, "null", NULL));
	CU_ASSERT_TRUE(crosses(true, "", NULL));
	CU_ASSERT_TRUE(crosses(true, NULL, "cross-site"));
	CU_ASSERT_TRUE(crosses(true, NULL, "same-site"));
	CU_ASSERT_TRUE(crosses(true, "https://lab.example:8443", "cross-site"));
	CU_ASSERT_FALSE(
	    crosses(false, "https://evil.example", NULL)); /* it cannot read the answer */
	CU_ASSERT_TRUE(crosses(false, NULL, "cross-site"));
	CU_ASSERT_FALSE(crosses(false, NULL, "none"));
}

static void
without_a_host_no_origin_is_ours(void)
{
	struct ask a = { .changes = true, .origin = bytes_of("https://") };

	CU_ASSERT_PTR_NOT_NULL(ask_cross_site(&a));
}

static void
root_and_the_process_are_the_host(void)
{
	CU_ASSERT_TRUE(ask_is_host(0, 1000));
	CU_ASSERT_TRUE(ask_is_host(1000, 1000));
	CU_ASSERT_FALSE(ask_is_host(1001, 1000));
	CU_ASSERT_FALSE(ask_is_host(1001, 0));
}

static void
the_cookie_is_for_this_host_over_tls(void)
{
	struct wr w = { 0 };

	ask_cookie_put(&w, "abc");
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w),
	    "Set-Cookie: __Host-trustlist=abc; Path=/; Secure; HttpOnly; SameSite=Strict\r\n");
	wr_free(&w);
	ask_cookie_put(&w, NULL);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "Set-Cookie: __Host-trustlist=; Path=/; Secure; "
					    "HttpOnly; SameSite=Strict; Max-Age=0\r\n");
	wr_free(&w);
}

static void
text_is_for_who_wants_no_json(void)
{
	CU_ASSERT_TRUE(ask_accepts(bytes_of("text/plain"), "text/plain"));
	CU_ASSERT_TRUE(ask_accepts(bytes_of("text/html, text/plain;q=0.5"), "text/plain"));
	CU_ASSERT_FALSE(ask_accepts(bytes_of("application/json, text/plain, */*"), "text/plain"));
	CU_ASSERT_FALSE(ask_accepts(bytes_of("*/*"), "text/plain"));
	CU_ASSERT_FALSE(ask_accepts(bytes_of(""), "text/plain"));
}

static void
preferences_and_types_have_parameters(void)
{
	CU_ASSERT_TRUE(ask_prefers_async(bytes_of("respond-async")));
	CU_ASSERT_TRUE(ask_prefers_async(bytes_of("wait=10, Respond-Async; x=y")));
	CU_ASSERT_FALSE(ask_prefers_async(bytes_of("wait=10")));
	CU_ASSERT_TRUE(
	    ask_is_type(bytes_of("application/JSON ; charset=utf-8"), "application/json"));
	CU_ASSERT_FALSE(ask_is_type(bytes_of("application/jsonp"), "application/json"));
	CU_ASSERT_FALSE(ask_is_type(bytes_of(""), "application/json"));
}

static void
a_tag_is_one_in_quotes(void)
{
	char tag[8];

	CU_ASSERT_TRUE(ask_tag(bytes_of("\"abc\""), tag, sizeof(tag)));
	CU_ASSERT_STRING_EQUAL(tag, "abc");
	CU_ASSERT_FALSE(ask_tag(bytes_of("abc"), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("*"), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("\"a\", \"b\""), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("W/\"a\""), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("\"\""), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("\""), tag, sizeof(tag)));
	CU_ASSERT_FALSE(ask_tag(bytes_of("\"12345678\""), tag, sizeof(tag)));
}

static const struct suite_test tests[] = {
	{ "a cookie is found among others", a_cookie_is_found_among_others },
	{ "a token goes before a cookie", a_token_goes_before_a_cookie },
	{ "what is too long is unfit", what_is_too_long_is_unfit },
	{ "another site's page is refused", another_sites_page_is_refused },
	{ "without a host no origin is ours", without_a_host_no_origin_is_ours },
	{ "root and the process are the host", root_and_the_process_are_the_host },
	{ "the cookie is for this host, over TLS", the_cookie_is_for_this_host_over_tls },
	{ "text is for who wants no JSON", text_is_for_who_wants_no_json },
	{ "preferences and types have parameters", preferences_and_types_have_parameters },
	{ "a tag is one, in quotes", a_tag_is_one_in_quotes },
};

SUITE_MAIN("ask", tests)
