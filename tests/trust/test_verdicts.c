/*
 * Verdicts that are kept: the same as those that are judged, and no longer than the cluster stays
 * as it is.
 */
#include "trust/verdicts.h"

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/service.h"

/* Ids of the lists of the one node. */
enum { FIRST = 1, SECOND, THIRD };

static void
regenerate(struct store *s, const char *store)
{
	struct node n = lab_node(s, "cucm-pub");
	struct cluster_change c;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    cluster_regenerate(s, lab_kind(store), &n, CLUSTER_ANYHOW, LAB_NOW + 100, &c, &e), 0);
}

/* Before 12.0 CallManager signs: from the first list the second can be taken, from the second the
 * third, but not the third from the first. */
static struct store *
of_three_lists(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct err e = { 0 };

	regenerate(s, "TVS");
	regenerate(s, "CallManager");
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 200, &e), 0);
	CU_ASSERT_EQUAL_FATAL(lab_int(s, "SELECT max(id) FROM list"), THIRD);
	return s;
}

static bool
takes(struct verdicts *v, const char *model, int64_t held, int64_t list)
{
	struct verdict_question q = { .model = model_of(model), .itl = held, .list = list };
	struct verdict out;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(verdicts_of(v, &q, &out, &e), 0);
	CU_ASSERT(out.why[0] != '\0');
	return out.accepted;
}

static void
the_same_question_is_judged_once(void)
{
	struct store *s = of_three_lists();
	struct verdicts *v = verdicts_new(s);

	for (int i = 0; i < 3; i++) {
		CU_ASSERT(takes(v, "7975", FIRST, SECOND));
		CU_ASSERT(takes(v, "7975", SECOND, THIRD));
		CU_ASSERT(!takes(v, "7975", FIRST, THIRD));
		CU_ASSERT(takes(v, "7975", 0, THIRD));
		CU_ASSERT(takes(v, "8861", 0, THIRD));
		CU_ASSERT_EQUAL(verdicts_judged(v), 5);
	}
	verdicts_free(v);
	store_close(s);
}

/* TVS vouches for the new signer, as long as it runs. */
static void
what_tvs_said_holds_until_the_cluster_changes(void)
{
	struct store *s = of_three_lists();
	const struct service_kind *tvs = service_kind_of("TVS", NULL);
	struct node node = lab_node(s, "cucm-pub");
	struct verdicts *v = verdicts_new(s);
	struct err e = { 0 };
	bool was;

	CU_ASSERT(takes(v, "7975", SECOND, THIRD));
	CU_ASSERT_EQUAL_FATAL(service_stop(s, &node, tvs, LAB_NOW + 300, &was, &e), 0);
	CU_ASSERT(!takes(v, "7975", SECOND, THIRD));
	CU_ASSERT(!takes(v, "7975", SECOND, THIRD));
	CU_ASSERT_EQUAL(verdicts_judged(v), 2);
	CU_ASSERT_EQUAL_FATAL(service_start(s, &node, tvs, LAB_NOW + 300, &e), 0);
	CU_ASSERT(takes(v, "7975", SECOND, THIRD));
	CU_ASSERT_EQUAL(verdicts_judged(v), 3);
	verdicts_free(v);
	store_close(s);
}

/* More different questions than are kept: the oldest are judged again, all are answered. */
static void
more_than_are_kept_are_answered_all_the_same(void)
{
	struct store *s = of_three_lists();
	struct verdicts *v = verdicts_new(s);
	const struct model *model;
	size_t models;

	model = model_table(&models);
	CU_ASSERT_FATAL(3 * models > 64);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < models; i++) {
			CU_ASSERT(takes(v, model[i].name, 0, FIRST));
			CU_ASSERT(takes(v, model[i].name, FIRST, SECOND) || !model[i].sbd);
			(void)takes(v, model[i].name, FIRST, THIRD);
		}
	CU_ASSERT(verdicts_judged(v) > 3 * models);
	verdicts_free(v);
	store_close(s);
}

static void
a_list_that_is_not_there_has_none(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct verdict_question q = { .model = model_of("7975"), .list = 99 };
	struct verdicts *v = verdicts_new(s);
	struct verdict out;
	struct err e = { 0 };

	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(verdicts_of(v, &q, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	verdicts_free(v);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "the same question is judged once", the_same_question_is_judged_once },
	{ "what TVS said holds until the cluster changes",
	    what_tvs_said_holds_until_the_cluster_changes },
	{ "more than are kept are answered all the same",
	    more_than_are_kept_are_answered_all_the_same },
	{ "a list that is not there has none", a_list_that_is_not_there_has_none },
};

SUITE_MAIN("trust/verdicts", tests)
