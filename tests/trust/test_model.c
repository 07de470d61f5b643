#include "trust/model.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/support/suite.h"

static void
each_name_is_there_once_and_finds_itself(void)
{
	size_t n;
	const struct model *m = model_table(&n);

	CU_ASSERT_TRUE(n > 60);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_EQUAL(model_of(m[i].name), &m[i]);
		for (size_t k = 0; k < i; k++) {
			CU_ASSERT_NOT_EQUAL(strcasecmp(m[i].name, m[k].name), 0);
			CU_ASSERT_NOT_EQUAL(m[i].number, m[k].number);
		}
	}
}

static void
table_is_sane(void)
{
	size_t n;
	const struct model *m = model_table(&n);
	char device[DEVICE_NAME_MAX];

	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_TRUE(m[i].number > 0);
		snprintf(device, sizeof(device), "%s0123456789AB", m[i].prefix);
		CU_ASSERT_TRUE(device_name_is(device));
		/* Who checks SHA-512 checks signatures at all. */
		CU_ASSERT_TRUE(m[i].sbd || !m[i].sha512);
		/* EC is offered to TLS 1.2, by a list. */
		CU_ASSERT_TRUE((m[i].sbd && m[i].tls12) || !m[i].ec);
		CU_ASSERT_TRUE(m[i].load == NULL || m[i].load[0] != '\0');
	}
}

static void
aliases_are_those_of_labels_and_pages(void)
{
	static const char *const alias[] = { "7975", "CP-7975", "cp-7975", "Cisco 7975",
		"cisco 7975", "7975G", "7975g", "CP-7975G", "Cisco 7975G" };
	static const char *const none[] = { "", "G", "CP-", "797", "79755", "7975GG", "7975 ",
		" 7975", "CP-CP-7975", "7975-G", "CSFG", "Cisco" };

	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(model_of(alias[i]));
		CU_ASSERT_STRING_EQUAL(model_of(alias[i])->name, "7975");
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_PTR_NULL(model_of(none[i]));
}

static void
longer_names_are_models_of_their_own(void)
{
	CU_ASSERT_STRING_EQUAL(model_of("CP-7941GE")->name, "7941GE");
	CU_ASSERT_STRING_EQUAL(model_of("7941G")->name, "7941");
	CU_ASSERT_STRING_EQUAL(model_of("8851nr")->name, "8851NR");
	CU_ASSERT_STRING_EQUAL(model_of("ata191")->prefix, "ATA");
	CU_ASSERT_STRING_EQUAL(model_of("csf")->prefix, "CSF");
}

/* Cisco's webcast of 2012 and the administration guides of the families that came later. */
static void
security_by_default_is_as_published(void)
{
	static const char *const with[] = { "7906", "7911", "7921", "7925", "7931", "7937", "7941",
		"7942", "7945", "7961", "7962", "7965", "7970", "7971", "7975", "8941", "8945",
		"8961", "9951", "9971", "7811", "7821", "7832", "7841", "7861", "8811", "8821",
		"8832", "8841", "8845", "8851", "8861", "8865" };
	static const char *const without[] = { "7905", "7910", "7912", "7920", "7935", "7936",
		"7940", "7960", "7985", "6901", "6911", "CSF", "TCT", "BOT", "TAB" };

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		CU_ASSERT_TRUE(model_of(with[i])->sbd);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		CU_ASSERT_FALSE(model_of(without[i])->sbd);
}

static void
newer_phones_try_http_first(void)
{
	static const char *const with[] = { "8945", "8941", "7821", "8861", "8832" };
	static const char *const without[] = { "7975", "7960", "6941", "9971", "ATA190", "CSF" };

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		CU_ASSERT_TRUE(model_of(with[i])->http);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		CU_ASSERT_FALSE(model_of(without[i])->http);
}

static void
old_families_know_sha_1_and_tls_1_0_only(void)
{
	static const char *const old[] = { "7975", "7925", "8961", "8945", "9971", "6941" };
	static const char *const newer[] = { "7821", "8811", "8861", "8865NR", "DX80" };

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		CU_ASSERT_FALSE(model_of(old[i])->sha512);
		CU_ASSERT_FALSE(model_of(old[i])->tls12);
	}
	for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
		CU_ASSERT_TRUE(model_of(newer[i])->sha512);
		CU_ASSERT_TRUE(model_of(newer[i])->tls12);
	}
}

static void
ec_is_for_families_with_firmware_of_its_time(void)
{
	static const char *const with[] = { "7811", "7821", "7832", "7841", "7861", "8811", "8821",
		"8832", "8841", "8851", "8861", "8865", "DX650", "DX70", "DX80" };
	static const char *const without[] = { "7975", "7925", "7960", "6941", "8831", "8945",
		"8961", "9971", "ATA191", "CIPC", "CSF" };

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
		CU_ASSERT_TRUE(model_of(with[i])->ec);
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		CU_ASSERT_FALSE(model_of(without[i])->ec);
}

static void
numbers_are_those_of_the_alarms(void)
{
	CU_ASSERT_EQUAL(model_of("7975")->number, 437);
	CU_ASSERT_EQUAL(model_of("7970")->number, 30006);
	CU_ASSERT_EQUAL(model_of("8861")->number, 685);
	CU_ASSERT_EQUAL(model_of("9971")->number, 493);
	CU_ASSERT_EQUAL(model_of("CSF")->number, 503);
}

static void
device_names_are_prefix_and_mac(void)
{
	static const char *const is[] = { "SEP001122334455", "SEPABCDEF012345", "ATA001122334455",
		"CSFJOHN", "TCT1", "BOTA1B2", "TABX" };
	static const char *const is_not[] = { "", "SEP", "SEP00112233445", "SEP0011223344556",
		"SEP00112233445G", "SEPabcdef012345", "sep001122334455", "SEP00:11:22:33:44",
		"XXX001122334455", "CSF", "CSFjohn", "CSF JOHN", "CSFJ/OHN", "CSF..", "TCT-1",
		"SEP001122334455\n", "CSF\xc3\x84", "VGC001122334455" };

	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
		CU_ASSERT_TRUE(device_name_is(is[i]));
	for (size_t i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++)
		CU_ASSERT_FALSE(device_name_is(is_not[i]));
}

static void
device_name_leaves_room_for_its_nul(void)
{
	char name[DEVICE_NAME_MAX + 1];

	memset(name, 'A', sizeof(name));
	memcpy(name, "CSF", 3);
	name[DEVICE_NAME_MAX] = '\0';
	CU_ASSERT_FALSE(device_name_is(name));
	name[DEVICE_NAME_MAX - 1] = '\0';
	CU_ASSERT_TRUE(device_name_is(name));
}

static const struct suite_test tests[] = {
	{ "each name is there once and finds itself", each_name_is_there_once_and_finds_itself },
	{ "table is sane", table_is_sane },
	{ "aliases are those of labels and pages", aliases_are_those_of_labels_and_pages },
	{ "longer names are models of their own", longer_names_are_models_of_their_own },
	{ "security by default is as published", security_by_default_is_as_published },
	{ "old families know SHA-1 and TLS 1.0 only", old_families_know_sha_1_and_tls_1_0_only },
	{ "newer phones try HTTP first", newer_phones_try_http_first },
	{ "EC is for families with firmware of its time",
	    ec_is_for_families_with_firmware_of_its_time },
	{ "numbers are those of the alarms", numbers_are_those_of_the_alarms },
	{ "device names are prefix and MAC", device_names_are_prefix_and_mac },
	{ "device name leaves room for its NUL", device_name_leaves_room_for_its_nul },
};

SUITE_MAIN("trust/model", tests)
