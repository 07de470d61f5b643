#include "cmd/phone/address.h"
#include "tests/support/suite.h"

static void
addresses_are_read(void)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		const char *again;
	} good[] = {
		{ "127.0.0.1", "127.0.0.1", 6969, "127.0.0.1:6969" },
		{ "127.0.0.2:69", "127.0.0.2", 69, "127.0.0.2:69" },
		{ "cucm-pub.example", "cucm-pub.example", 6969, "cucm-pub.example:6969" },
		{ "cucm-pub:65535", "cucm-pub", 65535, "cucm-pub:65535" },
		{ "::1", "::1", 6969, "[::1]:6969" },
		{ "2001:db8::1:2", "2001:db8::1:2", 6969, "[2001:db8::1:2]:6969" },
		{ "[::1]", "::1", 6969, "[::1]:6969" },
		{ "[::1]:69", "::1", 69, "[::1]:69" },
	};
	struct address a;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT_EQUAL(address_of(good[i].text, 6969, &a, NULL), 0);
		CU_ASSERT_STRING_EQUAL(a.host, good[i].host);
		CU_ASSERT_EQUAL(a.port, good[i].port);
		address_text(&a, text);
		CU_ASSERT_STRING_EQUAL(text, good[i].again);
	}
}

static void
what_is_no_address_is_refused(void)
{
	static const char *const bad[] = { "", ":69", "host:", "host:0", "host:65536", "host:6 9",
		"host:+69", "[::1", "[::1]69", "[host]:69", "[]:69", "1:2:3" };
	struct address a;
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(address_of(bad[i], 6969, &a, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		CU_ASSERT_STRING_EQUAL(a.host, "");
	}
}

static const struct suite_test tests[] = {
	{ "addresses are read", addresses_are_read },
	{ "what is no address is refused", what_is_no_address_is_refused },
};

SUITE_MAIN("cmd/address", tests)
