/*
 * A fleet as somebody describes it: models in one line, and the file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/fleet_plan.h"
#include "tests/support/suite.h"

static void
models_come_with_shares_or_without(void)
{
	struct fleet_mix m = { .phones = 7 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_plan_models(" 7975:60, CP-8841:30\t7940 ", &m, &e), 0);
	CU_ASSERT_EQUAL_FATAL(m.parts, 3);
	CU_ASSERT_PTR_EQUAL(m.part[1].model, model_of("8841"));
	CU_ASSERT_EQUAL(m.part[0].share, 60);
	CU_ASSERT_EQUAL(m.part[1].share, 30);
	CU_ASSERT_EQUAL(m.part[2].share, 1);
	CU_ASSERT_EQUAL(m.phones, 7);
}

static void
models_that_make_no_sense_change_nothing(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "", "names no model" },
		{ " , ", "names no model" },
		{ "7999", "7999 is no model" },
		{ "7975:", "no share" },
		{ "7975:0", "7975: \"0\" is no share from 1 to 100000" },
		{ "7975:100001", "no share" },
		{ "7975:-1", "no share" },
		{ "7975:1x", "no share" },
		{ "7975:99999999999999999999999", "no share" },
		{ "7975,CP-7975G", "7975 is there twice" },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		    "no model" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fleet_mix m = { .parts = 5 };
		struct err e = { 0 };

		CU_ASSERT_EQUAL(fleet_plan_models(bad[i].text, &m, &e), -1);
		ASSERT_ERR_SAYS(e, bad[i].says);
		CU_ASSERT_EQUAL(m.parts, 5);
	}
}

static void
only_so_many_models(void)
{
	struct wr text = { 0 };
	struct fleet_mix m = { .parts = 0 };
	struct err e = { 0 };
	size_t n;
	const struct model *all = model_table(&n);

	CU_ASSERT_FATAL(n > FLEET_MODELS_MAX);
	for (size_t i = 0; i <= FLEET_MODELS_MAX; i++)
		wr_fmt(&text, "%s ", all[i].name);
	CU_ASSERT_EQUAL(fleet_plan_models(wr_cstr(&text), &m, &e), -1);
	ASSERT_ERR_SAYS(e, "more than 32 models");
	wr_free(&text);
}

static void
addresses_are_hex(void)
{
	uint64_t mac = 1;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_plan_mac("00aABBccddEE", &mac, &e), 0);
	CU_ASSERT_EQUAL(mac, UINT64_C(0x00aabbccddee));
	CU_ASSERT_EQUAL(fleet_plan_mac("", &mac, &e), -1);
	CU_ASSERT_EQUAL(fleet_plan_mac("0011223344556", &mac, &e), -1);
	CU_ASSERT_EQUAL(fleet_plan_mac("00:11", &mac, &e), -1);
	ASSERT_ERR_SAYS(e, "twelve hex digits");
	CU_ASSERT_EQUAL(mac, UINT64_C(0x00aabbccddee));
}

static int
read(const char *text, struct fleet_plan *out, struct conf_report *report, struct err *e)
{
	char *path = mem_fmt("%s/fleet.conf", suite_folder());
	int rc;

	CU_ASSERT_EQUAL_FATAL(file_replace(path, bytes_of(text), 0600, NULL), 0);
	rc = fleet_plan_read(path, out, report, e);
	free(path);
	return rc;
}

static void
a_file_says_all_of_it(void)
{
	char *memory = mem_fmt("%s/phones", suite_folder());
	struct fleet_plan p;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(read("[fleet]\nphones = 300\nmodels = 7975:60 8841:40\noff = 10\n"
			     "non_sbd = 5\nfirst_mac = 0200000000AA\ntftp = 127.0.0.1:6969\n"
			     "memory = phones\n",
			    &p, NULL, &e),
	    0);
	CU_ASSERT_EQUAL(p.phones, 300);
	CU_ASSERT_EQUAL(p.off, 10);
	CU_ASSERT_EQUAL(p.non_sbd, 5);
	CU_ASSERT_EQUAL(p.models.parts, 2);
	CU_ASSERT_EQUAL(p.first_mac, UINT64_C(0x0200000000aa));
	CU_ASSERT_STRING_EQUAL(p.tftp, "127.0.0.1:6969");
	CU_ASSERT_STRING_EQUAL(p.memory, memory);
	fleet_plan_free(&p);
	free(memory);
}

static void
every_fault_comes_with_its_line(void)
{
	static const struct {
		int line;
		const char *says;
	} wanted[] = {
		{ 2, "phones: \"0\" is not a number from 1 to 50000" },
		{ 3, "models: 7999 is no model" },
		{ 4, "off: \"101\" is not a number from 0 to 100" },
		{ 5, "first_mac: \"xyz\"" },
		{ 6, "tftp: " },
		{ 7, "unknown setting \"colour\"" },
		{ 8, "neither [section], nor key = value" },
	};
	struct conf_report faults;
	struct fleet_plan p;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(read("[fleet]\nphones = 0\nmodels = 7999\noff = 101\nfirst_mac = xyz\n"
			     "tftp = 127.0.0.1:x\ncolour = red\nnonsense\n",
			    &p, &faults, &e),
	    -1);
	ASSERT_ERR_SAYS(e, "fleet.conf:2: phones");
	CU_ASSERT_EQUAL_FATAL(faults.n, sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < faults.n; i++) {
		CU_ASSERT_EQUAL(faults.fault[i].line, wanted[i].line);
		CU_ASSERT_PTR_NOT_NULL(strstr(faults.fault[i].text, wanted[i].says));
	}
	fleet_plan_free(&p);
}

static size_t
share_of(const struct fleet_mix *m, const char *model)
{
	for (size_t i = 0; i < m->parts; i++)
		if (m->part[i].model == model_of(model))
			return m->part[i].share;
	return 0;
}

static void
non_sbd_is_a_part_of_all(void)
{
	struct fleet_plan p = { .phones = 100, .non_sbd = 10, .off = 3 };
	struct fleet_mix m;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_plan_models("7975:3,8841:1", &p.models, &e), 0);
	CU_ASSERT_EQUAL(fleet_plan_mix(&p, &m, &e), 0);
	CU_ASSERT_EQUAL(m.phones, 100);
	CU_ASSERT_EQUAL(m.off, 3);
	CU_ASSERT_EQUAL(share_of(&m, "7975"), 270);
	CU_ASSERT_EQUAL(share_of(&m, "8841"), 90);
	CU_ASSERT_EQUAL(share_of(&m, "7940"), 40);
	p.non_sbd = 100;
	CU_ASSERT_EQUAL(fleet_plan_mix(&p, &m, &e), 0);
	CU_ASSERT_EQUAL(m.parts, 1);
	CU_ASSERT(share_of(&m, "7940") > 0);
}

static void
non_sbd_is_said_once(void)
{
	struct fleet_plan p = { .phones = 100, .non_sbd = 10 };
	struct fleet_mix m;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_plan_models("7975:3,7960:1", &p.models, &e), 0);
	CU_ASSERT_EQUAL(fleet_plan_mix(&p, &m, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "a 7960 among the models");
}

static void
without_models_they_are_7975s(void)
{
	struct fleet_plan p = { .phones = 10 };
	struct fleet_mix m;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_plan_mix(&p, &m, &e), 0);
	CU_ASSERT_EQUAL(m.parts, 1);
	CU_ASSERT_EQUAL(share_of(&m, "7975"), 1);
}

static const struct suite_test tests[] = {
	{ "models come with shares or without", models_come_with_shares_or_without },
	{ "models that make no sense change nothing", models_that_make_no_sense_change_nothing },
	{ "only so many models", only_so_many_models },
	{ "addresses are hex", addresses_are_hex },
	{ "a file says all of it", a_file_says_all_of_it },
	{ "every fault comes with its line", every_fault_comes_with_its_line },
	{ "non_sbd is a part of all", non_sbd_is_a_part_of_all },
	{ "non_sbd is said once", non_sbd_is_said_once },
	{ "without models they are 7975s", without_models_they_are_7975s },
};

SUITE_MAIN("cmd/fleet_plan", tests)
