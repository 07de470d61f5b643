#include "trust/param.h"

#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static const struct param *
find(const char *name)
{
	struct err e = { 0 };
	const struct param *p = param_find(name, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static void
table_is_sane(void)
{
	static const char *const services[] = { "TVS", "TFTP", "CAPF", "CallManager" };
	char value[PARAM_VALUE_MAX];
	struct err e = { 0 };
	size_t n;
	const struct param *p = param_table(&n);

	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_PTR_EQUAL(find(p[i].name), &p[i]);
		CU_ASSERT_PTR_EQUAL(find(p[i].internal), &p[i]);
		CU_ASSERT_PTR_NOT_NULL(p[i].group);
		CU_ASSERT_PTR_NOT_NULL(p[i].help);
		/* The default is a value, and in its one spelling. */
		CU_ASSERT_EQUAL(param_check(&p[i], p[i].fallback, value, &e), 0);
		CU_ASSERT_STRING_EQUAL(value, p[i].fallback);
		for (size_t k = 0; k < PARAM_RESTARTS_MAX && p[i].restart[k] != NULL; k++) {
			bool known = false;

			for (size_t j = 0; j < 4; j++)
				known = known || strcmp(services[j], p[i].restart[k]) == 0;
			CU_ASSERT_TRUE(known);
		}
	}
}

static void
names_are_found_however_they_are_typed(void)
{
	static const char *const rollback[] = { PARAM_ROLLBACK,
		"prepare cluster for rollback to pre-8.0", "PrepareClusterForRollbackToPre80",
		"RollBackToPreGrayback", "rollbacktopregrayback",
		" Prepare-Cluster, for rollback to pre 8.0!" };

	for (size_t i = 0; i < sizeof(rollback) / sizeof(rollback[0]); i++)
		CU_ASSERT_STRING_EQUAL(find(rollback[i])->name, PARAM_ROLLBACK);
	CU_ASSERT_STRING_EQUAL(find("tftp_file_signature_algorithm")->name, PARAM_SIGNATURE);
	CU_ASSERT_STRING_EQUAL(find("ClusterSecurityMode")->name, PARAM_MODE);
	CU_ASSERT_STRING_EQUAL(
	    find("endpoint advanced encryption algorithms support")->name, PARAM_ADVANCED);
	CU_ASSERT_STRING_EQUAL(find("capf phone port")->name, PARAM_CAPF_PORT);
}

static const char *
not_found(const char *name)
{
	static struct err e;

	CU_ASSERT_PTR_NULL(param_find(name, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no parameter");
	return e.hint;
}

static void
name_that_is_not_there_gets_the_nearest_as_hint(void)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(not_found("rollback"), PARAM_ROLLBACK));
	CU_ASSERT_PTR_NOT_NULL(strstr(not_found("signature algorithm"), PARAM_SIGNATURE));
	CU_ASSERT_STRING_EQUAL(not_found("Colour"), "trustlist param list shows all of them");
	CU_ASSERT_STRING_EQUAL(not_found(""), "trustlist param list shows all of them");
	CU_ASSERT_STRING_EQUAL(not_found("..."), "trustlist param list shows all of them");
	CU_ASSERT_STRING_EQUAL(not_found("Prepare Cluster for Rollback to pre 8.0 now"),
	    "trustlist param list shows all of them");
}

static void
spelled(const char *name, const char *value, const char *right)
{
	char to[PARAM_VALUE_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(param_check(find(name), value, to, &e), 0);
	CU_ASSERT_STRING_EQUAL(to, right);
}

static void
refused(const char *name, const char *value, const char *words)
{
	char to[PARAM_VALUE_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(param_check(find(name), value, to, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, words);
}

static void
values_are_brought_to_one_spelling(void)
{
	spelled(PARAM_ROLLBACK, "TRUE", "True");
	spelled(PARAM_ROLLBACK, "t", "True");
	spelled(PARAM_ROLLBACK, "1", "True");
	spelled(PARAM_ROLLBACK, "off", "False");
	spelled(PARAM_ROLLBACK, "F", "False");
	spelled(PARAM_SIGNATURE, "sha512", "SHA-512");
	spelled(PARAM_SIGNATURE, "Sha-1", "SHA-1");
	spelled(PARAM_CAPF_PORT, "3805", "3805");
	spelled(PARAM_CAPF_PORT, "03805", "3805");
}

static void
wrong_values_are_refused_with_what_would_be_right(void)
{
	refused(PARAM_ROLLBACK, "maybe", "is True or False, not \"maybe\"");
	refused(PARAM_ROLLBACK, "", "True or False");
	refused(PARAM_SIGNATURE, "MD5", "is SHA-1 or SHA-512, not \"MD5\"");
	refused(PARAM_SIGNATURE, "", "SHA-1 or SHA-512");
	refused(PARAM_CAPF_PORT, "1022", "from 1023 to 55556, not \"1022\"");
	refused(PARAM_CAPF_PORT, "55557", "from 1023 to 55556");
	refused(PARAM_CAPF_PORT, "3804x", "from 1023 to 55556");
	refused(PARAM_CAPF_PORT, "", "from 1023 to 55556");
	refused(PARAM_CAPF_PORT, "99999999999999999999", "from 1023 to 55556");
	refused(PARAM_MODE, "2", "from 0 to 1");
}

static void
limits_themselves_are_taken(void)
{
	spelled(PARAM_CAPF_PORT, "1023", "1023");
	spelled(PARAM_CAPF_PORT, "55556", "55556");
	spelled(PARAM_LSC_DAYS, "1", "1");
	spelled(PARAM_LSC_DAYS, "1825", "1825");
	refused(PARAM_LSC_DAYS, "0", "from 1 to 1825");
	refused(PARAM_LSC_DAYS, "1826", "from 1 to 1825");
	spelled(PARAM_LSC_RENEWAL, "0", "0");
	spelled(PARAM_LSC_RENEWAL, "99", "99");
	refused(PARAM_LSC_RENEWAL, "100", "from 0 to 99");
	spelled(PARAM_ORDER_DAYS, "365", "365");
	refused(PARAM_ORDER_DAYS, "0", "from 1 to 365");
	spelled(PARAM_ISSUER, "offline ca", "Offline CA");
	refused(PARAM_ISSUER, "Online CA", "or Offline CA, not \"Online CA\"");
}

static const char *
value_of(struct store *s, const char *name)
{
	static char value[PARAM_VALUE_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(param_get(s, find(name), value, &e), 0);
	return value;
}

static void
default_holds_until_it_is_set(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	bool changed;

	CU_ASSERT_STRING_EQUAL(value_of(s, PARAM_SIGNATURE), "SHA-1");
	CU_ASSERT_EQUAL(
	    param_set(s, find(PARAM_SIGNATURE), "sha512", "shell:root", 1000, &changed, &e), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_STRING_EQUAL(value_of(s, PARAM_SIGNATURE), "SHA-512");
	CU_ASSERT_STRING_EQUAL(value_of(s, PARAM_ROLLBACK), "False");
	store_close(s);
}

static void
each_change_leaves_a_trail(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *q;
	bool changed;

	param_set(s, find(PARAM_ROLLBACK), "yes", "shell:anna", 1000, &changed, &e);
	param_set(s, find(PARAM_ROLLBACK), "False", "web:ben", 2000, &changed, &e);
	q = store_ask(s, "SELECT at, who, name, was, became FROM param_change ORDER BY id");
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	CU_ASSERT_EQUAL(row_int(q, 0), 1000);
	CU_ASSERT_STRING_EQUAL(row_text(q, 1), "shell:anna");
	CU_ASSERT_STRING_EQUAL(row_text(q, 2), PARAM_ROLLBACK);
	CU_ASSERT_STRING_EQUAL(row_text(q, 3), "False");
	CU_ASSERT_STRING_EQUAL(row_text(q, 4), "True");
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	CU_ASSERT_EQUAL(row_int(q, 0), 2000);
	CU_ASSERT_STRING_EQUAL(row_text(q, 3), "True");
	CU_ASSERT_STRING_EQUAL(row_text(q, 4), "False");
	CU_ASSERT_EQUAL(ask_row(q, &e), 0);
	store_close(s);
}

static void
same_value_is_no_change(void)
{
	struct store *s = lab_empty();
	int64_t was = store_generation(s);
	struct err e = { 0 };
	bool changed = true;

	CU_ASSERT_EQUAL(param_set(s, find(PARAM_ROLLBACK), "0", "me", 1000, &changed, &e), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM param_change"), 0);
	store_close(s);
}

static void
wrong_value_changes_nothing(void)
{
	struct store *s = lab_empty();
	int64_t was = store_generation(s);
	struct err e = { 0 };
	bool changed = true;

	CU_ASSERT_EQUAL(
	    param_set(s, find(PARAM_ROLLBACK), "perhaps", "me", 1000, &changed, &e), -1);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_STRING_EQUAL(value_of(s, PARAM_ROLLBACK), "False");
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "table is sane", table_is_sane },
	{ "names are found however they are typed", names_are_found_however_they_are_typed },
	{ "name that is not there gets the nearest as hint",
	    name_that_is_not_there_gets_the_nearest_as_hint },
	{ "values are brought to one spelling", values_are_brought_to_one_spelling },
	{ "wrong values are refused", wrong_values_are_refused_with_what_would_be_right },
	{ "limits themselves are taken", limits_themselves_are_taken },
	{ "default holds until it is set", default_holds_until_it_is_set },
	{ "each change leaves a trail", each_change_leaves_a_trail },
	{ "same value is no change", same_value_is_no_change },
	{ "wrong value changes nothing", wrong_value_changes_nothing },
};

SUITE_MAIN("trust/param", tests)
