#include "trust/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"

static struct device
phone(const char *name, const char *model)
{
	struct device d = { .model = model_of(model), .security = SECURITY_NONE, .added = LAB_NOW };

	snprintf(d.name, sizeof(d.name), "%s", name);
	return d;
}

static void
add(struct store *s, const char *name, const char *model)
{
	struct device d = phone(name, model);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_add(s, &d, &e), 0);
}

static void
refused(struct store *s, const char *name, const char *model, enum err_code code, const char *says)
{
	struct device d = phone(name, model);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_add(s, &d, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
}

static void
phone_comes_back_as_it_went(void)
{
	struct device d = phone("SEP001122334455", "8861"), got;
	struct store *s = lab_empty();
	struct err e = { 0 };

	memset(d.description, 'x', sizeof(d.description) - 1);
	snprintf(d.load, sizeof(d.load), "sip88xx.12-8-1-0001-455");
	d.security = SECURITY_ENCRYPTED;
	d.encrypted_config = true;
	CU_ASSERT_EQUAL(device_add(s, &d, &e), 0);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), 1);
	CU_ASSERT_STRING_EQUAL(got.name, d.name);
	CU_ASSERT_PTR_EQUAL(got.model, d.model);
	CU_ASSERT_STRING_EQUAL(got.description, d.description);
	CU_ASSERT_STRING_EQUAL(got.load, d.load);
	CU_ASSERT_EQUAL(got.security, SECURITY_ENCRYPTED);
	CU_ASSERT_TRUE(got.encrypted_config);
	CU_ASSERT_EQUAL(got.added, LAB_NOW);
	CU_ASSERT_EQUAL(got.resets, 0);
	CU_ASSERT_EQUAL(device_get(s, "SEP0011223344FF", &got, &e), 0);
	CU_ASSERT_EQUAL(device_get(s, "sep001122334455", &got, &e), 0);
	store_close(s);
}

static void
phones_are_listed_by_name(void)
{
	struct store *s = lab_empty();
	struct device *all;
	struct err e = { 0 };
	char name[DEVICE_NAME_MAX];
	size_t n;

	CU_ASSERT_EQUAL(device_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	free(all);
	/* More than the first room that is made for them. */
	for (int i = 99; i >= 0; i--) {
		snprintf(name, sizeof(name), "SEP%012X", (unsigned)i);
		add(s, name, "7975");
	}
	CU_ASSERT_EQUAL(device_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 100);
	CU_ASSERT_STRING_EQUAL(all[0].name, "SEP000000000000");
	CU_ASSERT_STRING_EQUAL(all[99].name, "SEP000000000063");
	free(all);
	store_close(s);
}

static void
name_has_to_go_with_the_model(void)
{
	struct store *s = lab_empty();
	int64_t was = store_generation(s);

	refused(s, "SEP00112233445", "7975", ERR_USAGE, "SEP and the 12 upper-case hex digits");
	refused(s, "sep001122334455", "7975", ERR_USAGE, "no name of a 7975");
	refused(s, "ATA001122334455", "7975", ERR_USAGE, "no name of a 7975");
	refused(s, "SEP001122334455", "ATA191", ERR_USAGE, "ATA and the 12");
	refused(s, "SEP001122334455", "CSF", ERR_USAGE, "CSF and capitals or digits");
	refused(s, "", "7975", ERR_USAGE, "no name");
	CU_ASSERT_EQUAL(store_generation(s), was);
	add(s, "ATA001122334455", "ATA191");
	add(s, "CSFJOHN", "CSF");
	store_close(s);
}

static void
phone_is_added_once(void)
{
	struct store *s = lab_empty();
	struct device got;
	struct err e = { 0 };

	add(s, "SEP001122334455", "7975");
	refused(s, "SEP001122334455", "8861", ERR_EXISTS, "SEP001122334455 already");
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), 1);
	CU_ASSERT_STRING_EQUAL(got.model->name, "7975");
	store_close(s);
}

static void
security_mode_is_one_of_three(void)
{
	struct device d = phone("SEP001122334455", "8861");
	struct store *s = lab_empty();
	struct err e = { 0 };

	d.security = (enum security_mode)4;
	CU_ASSERT_EQUAL(device_add(s, &d, &e), -1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone"), 0);
	store_close(s);
}

static void
settings_change_and_raise_the_stamp(void)
{
	struct device_change to = { .encrypted_config = 1 };
	struct store *s = lab_empty();
	struct device now, got;
	struct err e = { 0 };
	bool changed;

	add(s, "SEP001122334455", "7975");
	add(s, "SEP001122334466", "7975");
	CU_ASSERT_EQUAL(device_change(s, "SEP001122334455", &to, &now, &changed, &e), 0);
	CU_ASSERT_TRUE(changed);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), 1);
	CU_ASSERT_TRUE(got.encrypted_config);
	CU_ASSERT_EQUAL(got.stamp, 1);
	CU_ASSERT_EQUAL(now.stamp, 1);
	CU_ASSERT_STRING_EQUAL(got.model->name, "7975");
	CU_ASSERT_EQUAL(got.security, SECURITY_NONE);
	to =
	    (struct device_change){ model_of("8861"), "desk", "sip88xx.14", SECURITY_ENCRYPTED, 0 };
	CU_ASSERT_EQUAL(device_change(s, "SEP001122334455", &to, &now, &changed, &e), 0);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), 1);
	CU_ASSERT_FALSE(got.encrypted_config);
	CU_ASSERT_EQUAL(got.stamp, 2);
	CU_ASSERT_STRING_EQUAL(got.model->name, "8861");
	CU_ASSERT_STRING_EQUAL(got.description, "desk");
	CU_ASSERT_STRING_EQUAL(got.load, "sip88xx.14");
	CU_ASSERT_EQUAL(got.security, SECURITY_ENCRYPTED);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334466", &got, &e), 1);
	CU_ASSERT_EQUAL(got.stamp, 0);
	store_close(s);
}

static void
what_is_so_already_is_no_change(void)
{
	struct device_change to = { .encrypted_config = -1 };
	struct store *s = lab_empty();
	struct device now;
	struct err e = { 0 };
	bool changed = true;

	add(s, "SEP001122334455", "7975");
	CU_ASSERT_EQUAL(device_change(s, "SEP001122334455", &to, &now, &changed, &e), 0);
	CU_ASSERT_FALSE(changed);
	to.security = SECURITY_NONE;
	CU_ASSERT_EQUAL(device_change(s, "SEP001122334455", &to, &now, &changed, &e), 0);
	CU_ASSERT_FALSE(changed);
	CU_ASSERT_EQUAL(now.stamp, 0);
	store_close(s);
}

static void
no_other_phone_and_no_other_name_comes_of_a_change(void)
{
	struct device_change to = { .model = model_of("ATA191"), .encrypted_config = 1 };
	struct store *s = lab_empty();
	struct device now;
	struct err e = { 0 };
	bool changed;

	add(s, "SEP001122334455", "7975");
	CU_ASSERT_EQUAL(device_change(s, "SEP001122334455", &to, &now, &changed, &e), -1);
	ASSERT_ERR_SAYS(e, "no name of a ATA191");
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &now, &e), 1);
	CU_ASSERT_FALSE(now.encrypted_config);
	CU_ASSERT_EQUAL(device_change(s, "SEP0000000000FF", &to, &now, &changed, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

static void
deleted_phone_is_gone_and_only_it(void)
{
	struct store *s = lab_empty();
	struct device got;
	struct err e = { 0 };

	add(s, "SEP001122334455", "7975");
	add(s, "SEP001122334466", "7975");
	CU_ASSERT_EQUAL(device_delete(s, "SEP001122334455", &e), 0);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), 0);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334466", &got, &e), 1);
	CU_ASSERT_EQUAL(device_delete(s, "SEP001122334455", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no phone SEP001122334455");
	CU_ASSERT_EQUAL(device_delete(s, "%", &e), -1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM phone"), 1);
	store_close(s);
}

static int64_t
resets_of(struct store *s, const char *name)
{
	struct device got;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_get(s, name, &got, &e), 1);
	return got.resets;
}

static void
one_or_all_are_reset(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	size_t n = 7;

	CU_ASSERT_EQUAL(device_reset(s, NULL, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	add(s, "SEP001122334455", "7975");
	add(s, "SEP001122334466", "7975");
	CU_ASSERT_EQUAL(device_reset(s, "SEP001122334466", &n, &e), 0);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(device_reset(s, NULL, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(resets_of(s, "SEP001122334455"), 1);
	CU_ASSERT_EQUAL(resets_of(s, "SEP001122334466"), 2);
	CU_ASSERT_EQUAL(device_reset(s, "SEP001122334477", &n, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(n, 0);
	store_close(s);
}

/* Of a store that a newer program wrote. */
static void
phone_of_an_unknown_model_is_named(void)
{
	struct store *s = lab_empty();
	struct device got, *all;
	struct err e = { 0 };
	size_t n;

	lab_do(s, "INSERT INTO phone(name, model, description, load, security_mode, added) "
		  "VALUES ('SEP001122334455', '9999', '', '', 1, 0)");
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &got, &e), -1);
	ASSERT_ERR_SAYS(e, "phone SEP001122334455 is of a model \"9999\"");
	CU_ASSERT_EQUAL(device_list(s, &all, &n, &e), -1);
	CU_ASSERT_PTR_NULL(all);
	CU_ASSERT_EQUAL(n, 0);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "phone comes back as it went", phone_comes_back_as_it_went },
	{ "phones are listed by name", phones_are_listed_by_name },
	{ "name has to go with the model", name_has_to_go_with_the_model },
	{ "phone is added once", phone_is_added_once },
	{ "security mode is one of three", security_mode_is_one_of_three },
	{ "settings change and raise the stamp", settings_change_and_raise_the_stamp },
	{ "what is so already is no change", what_is_so_already_is_no_change },
	{ "no other phone and no other name comes of a change",
	    no_other_phone_and_no_other_name_comes_of_a_change },
	{ "deleted phone is gone and only it", deleted_phone_is_gone_and_only_it },
	{ "one or all are reset", one_or_all_are_reset },
	{ "phone of an unknown model is named", phone_of_an_unknown_model_is_named },
};

SUITE_MAIN("trust/device", tests)
