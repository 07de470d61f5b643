#include <string.h>

#include "tests/support/suite.h"
#include "trust/role.h"

static void
words_and_numbers_agree(void)
{
	for (unsigned role = 0; role < 300; role++) {
		const char *word = role_word(role);

		if (strcmp(word, "UNKNOWN") != 0)
			CU_ASSERT_EQUAL(role_of(word), (int)role);
	}
	CU_ASSERT_EQUAL(role_of("sast"), ROLE_SAST);
	CU_ASSERT_EQUAL(role_of("ccm+tftp"), ROLE_CCM_TFTP);
	CU_ASSERT_EQUAL(role_of("TVS"), 21);
	CU_ASSERT_EQUAL(role_of("UNKNOWN"), -1);
	CU_ASSERT_EQUAL(role_of(""), -1);
}

static void
functions_are_those_of_show_itl(void)
{
	CU_ASSERT_STRING_EQUAL(role_function(0), "System Administrator Security Token");
	CU_ASSERT_STRING_EQUAL(role_function(2), "CCM+TFTP");
	CU_ASSERT_STRING_EQUAL(role_function(3), "TFTP");
	CU_ASSERT_STRING_EQUAL(role_function(4), "CAPF");
	CU_ASSERT_STRING_EQUAL(role_function(21), "TVS");
	CU_ASSERT_STRING_EQUAL(role_function(99), "UNKNOWN");
	CU_ASSERT_STRING_EQUAL(role_word(0), "SAST");
	CU_ASSERT_STRING_EQUAL(role_word(255), "UNKNOWN");
}

static void
lists_are_signed_by_sast_and_files_by_tftp(void)
{
	for (unsigned role = 0; role < 300; role++) {
		CU_ASSERT_EQUAL(role_may_sign_lists(role), role == 0);
		CU_ASSERT_EQUAL(role_may_sign_files(role), role == 2 || role == 3);
	}
}

static const struct suite_test tests[] = {
	{ "words and numbers agree", words_and_numbers_agree },
	{ "functions are those of show itl", functions_are_those_of_show_itl },
	{ "lists are signed by SAST and files by TFTP",
	    lists_are_signed_by_sast_and_files_by_tftp },
};

SUITE_MAIN("trust/role", tests)
