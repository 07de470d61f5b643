#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/asked.h"

static struct asked
asked(const char *name)
{
	struct asked a;
	struct err e;

	CU_ASSERT_EQUAL(asked_of(name, &a, &e), 0);
	return a;
}

static void
lists_are_known_by_name(void)
{
	CU_ASSERT_EQUAL(asked("CTLFile.tlv").kind, ASKED_CTL);
	CU_ASSERT_EQUAL(asked("CTLSEP001122334455.tlv").kind, ASKED_CTL);
	CU_ASSERT_EQUAL(asked("ITLFile.tlv").kind, ASKED_ITL);
	CU_ASSERT_EQUAL(asked("ITLSEP001122334455.tlv").kind, ASKED_ITL);
	CU_ASSERT_STRING_EQUAL(asked("ITLSEP001122334455.tlv").device, "SEP001122334455");
	CU_ASSERT_STRING_EQUAL(asked("ITLFile.tlv").device, "");
	CU_ASSERT_EQUAL(asked("ITLSEP00112233445.tlv").kind, ASKED_FILE);
	CU_ASSERT_EQUAL(asked("ITLEXTFile.tlv").kind, ASKED_FILE);
	CU_ASSERT_EQUAL(asked("lists/ITLFile.tlv").kind, ASKED_FILE);
}

static void
configurations_are_known_by_name(void)
{
	struct asked a = asked("SEP001122334455.cnf.xml");

	CU_ASSERT(a.kind == ASKED_CONFIG && !a.is_signed);
	CU_ASSERT_STRING_EQUAL(a.device, "SEP001122334455");
	a = asked("SEP001122334455.cnf.xml.sgn");
	CU_ASSERT(a.kind == ASKED_CONFIG && a.is_signed);
	CU_ASSERT_STRING_EQUAL(a.plain, "SEP001122334455.cnf.xml");
	CU_ASSERT_STRING_EQUAL(a.name, "SEP001122334455.cnf.xml.sgn");
	CU_ASSERT_EQUAL(asked("ATA001122334455.cnf.xml").kind, ASKED_CONFIG);
	CU_ASSERT_EQUAL(asked("CSFJDOE.cnf.xml").kind, ASKED_CONFIG);
	CU_ASSERT_EQUAL(asked("XMLDefault.cnf.xml").kind, ASKED_DEFAULT);
	CU_ASSERT(asked("XMLDefault.cnf.xml.sgn").is_signed);
	CU_ASSERT_EQUAL(asked("sep001122334455.cnf.xml").kind, ASKED_FILE);
	CU_ASSERT_EQUAL(asked("old/SEP001122334455.cnf.xml").kind, ASKED_FILE);
	CU_ASSERT_EQUAL(asked("cnf.xml.sgn").kind, ASKED_FILE);
}

static void
encrypted_ones_are_of_a_phone(void)
{
	struct asked a = asked("/SEP001122334455.cnf.xml.enc.sgn");

	CU_ASSERT(a.kind == ASKED_CONFIG && a.is_encrypted && !a.is_signed);
	CU_ASSERT_STRING_EQUAL(a.device, "SEP001122334455");
	CU_ASSERT_STRING_EQUAL(a.plain, "SEP001122334455.cnf.xml");
	CU_ASSERT_STRING_EQUAL(a.name, "SEP001122334455.cnf.xml.enc.sgn");
	CU_ASSERT(asked("ATA001122334455.cnf.xml.enc.sgn").is_encrypted);
	CU_ASSERT(!asked("SEP001122334455.cnf.xml.sgn").is_encrypted);
	CU_ASSERT_EQUAL(asked("SEP001122334455.cnf.xml.enc").kind, ASKED_FILE);
}

static void
what_has_a_signature_gets_no_other(void)
{
	static const char *const names[] = { "sip88xx.12-8-1.loads.sgn", "kern88xx.sbn.sgn",
		"P0030801SR02.bin.sgn", "P0030801SR02.sbin.sgn", "CP7921G.zup.sgn", "lang.cop.sgn",
		"CP6901.zz.sgn", "ITLFile.tlv.sgn", "XMLDefault.cnf.xml.enc.sgn",
		"SEP00112233445.cnf.xml.enc.sgn", "old/SEP001122334455.cnf.xml.enc.sgn",
		"SEP001122334455.cnf.xml.ENC.sgn", "SEP001122334455.cnf.xml.enc.sgn.sgn",
		"ringlist.xml.sgn.sgn", "FIRMWARE.LOADS.sgn" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct asked a = asked(names[i]);

		CU_ASSERT(a.kind == ASKED_FILE && !a.is_signed && !a.is_encrypted);
		CU_ASSERT_STRING_EQUAL(a.plain, names[i]);
	}
	CU_ASSERT(asked("ringlist.xml.sgn").is_signed);
	CU_ASSERT(asked("United_States/g3-tones.xml.sgn").is_signed);
	CU_ASSERT(!asked("sgn").is_signed);
}

static void
a_slash_before_the_name_means_the_folder(void)
{
	CU_ASSERT_STRING_EQUAL(asked("/ITLFile.tlv").name, "ITLFile.tlv");
	CU_ASSERT_EQUAL(asked("/ITLFile.tlv").kind, ASKED_ITL);
	CU_ASSERT_STRING_EQUAL(asked(".//./ringlist.xml").name, "ringlist.xml");
	CU_ASSERT_STRING_EQUAL(asked("/etc/passwd").name, "etc/passwd");
}

static void
names_that_lead_elsewhere_are_none(void)
{
	static const char *const names[] = { "", "/", ".", "..", "../x", "a/../x", "a/../../x",
		"a/..", "./../x", "/../x", ".hidden", "a/.hidden/b", "a//b", "a/./b", "a/" };
	struct asked a;
	struct err e;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CU_ASSERT_EQUAL(asked_of(names[i], &a, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	}
}

static void
the_longest_name_fits_and_the_next_does_not(void)
{
	char name[ASKED_NAME_MAX + 1];
	struct asked a;
	struct err e;

	memset(name, 'x', sizeof(name));
	memcpy(&name[ASKED_NAME_MAX - 5], ".sgn", 5);
	CU_ASSERT_EQUAL(asked_of(name, &a, &e), 0);
	CU_ASSERT(a.is_signed && strlen(a.plain) == ASKED_NAME_MAX - 5);
	memset(name, 'x', sizeof(name));
	name[ASKED_NAME_MAX] = '\0';
	CU_ASSERT_EQUAL(asked_of(name, &a, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
}

static const struct suite_test tests[] = {
	{ "lists are known by name", lists_are_known_by_name },
	{ "configurations are known by name", configurations_are_known_by_name },
	{ "encrypted ones are of a phone", encrypted_ones_are_of_a_phone },
	{ "what has a signature gets no other", what_has_a_signature_gets_no_other },
	{ "a slash before the name means the folder", a_slash_before_the_name_means_the_folder },
	{ "names that lead elsewhere are none", names_that_lead_elsewhere_are_none },
	{ "the longest name fits, and the next does not",
	    the_longest_name_fits_and_the_next_does_not },
};

SUITE_MAIN("tftp/asked", tests)
