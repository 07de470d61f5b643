#include "admin/plan.h"

#include <string.h>

#include "tests/support/suite.h"

static const struct plan_side cluster = { .name = "a",
	.root = "/a",
	.address = "10.0.0.1",
	.release = RELEASE_10_0,
	.served = true,
	.services = true,
	.tvs_tells = true,
	.tftp_fresh = true,
	.nodes = 1 };

static const struct plan_step *
step_saying(const struct plan *p, const char *words)
{
	for (size_t i = 0; i < p->n; i++)
		if (strstr(p->step[i].what, words) != NULL)
			return &p->step[i];
	CU_FAIL_FATAL("there is no such step");
	return NULL;
}

/* Non-secure mode leaves a CTL that is blank; TechNote 221657. */
static void
a_ctl_is_in_the_way_of_rollback_only_while_it_binds(void)
{
	struct plan_facts f = { .a = cluster, .b = cluster, .exchange = "x", .phones = 3 };
	struct plan p;

	f.a.has_ctl = true;
	plan_make(&f, PLAN_ROLLBACK, &p);
	CU_ASSERT_EQUAL(p.obstacles, 0);
	f.ctl_bound = 2;
	plan_make(&f, PLAN_ROLLBACK, &p);
	CU_ASSERT_EQUAL_FATAL(p.obstacles, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.obstacle[0], "2 of 3 phones hold a CTL of mixed mode"));
	f.a.mixed = true;
	plan_make(&f, PLAN_ROLLBACK, &p);
	CU_ASSERT_EQUAL_FATAL(p.obstacles, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.obstacle[0], "is in mixed mode"));
}

static void
a_ctl_without_tokens_is_not_one_that_tokens_signed(void)
{
	static const char step[] = "in mixed mode, with a CTL that tokens signed";
	struct plan_facts f = { .a = cluster, .b = cluster, .exchange = "x", .phones = 3 };
	struct plan p;

	f.a.has_ctl = f.a.mixed = true;
	plan_make(&f, PLAN_TOKENS, &p);
	CU_ASSERT_EQUAL(step_saying(&p, step)->state, PLAN_TO_DO);
	f.a.tokens = true;
	plan_make(&f, PLAN_TOKENS, &p);
	CU_ASSERT_EQUAL(step_saying(&p, step)->state, PLAN_DONE);
}

static const struct suite_test tests[] = {
	{ "a CTL is in the way of rollback only while it binds",
	    a_ctl_is_in_the_way_of_rollback_only_while_it_binds },
	{ "a CTL without tokens is not one that tokens signed",
	    a_ctl_without_tokens_is_not_one_that_tokens_signed },
};

SUITE_MAIN("admin/plan", tests)
