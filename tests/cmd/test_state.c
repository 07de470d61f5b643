#include "cmd/rehearsal/state.h"

#include "tests/support/suite.h"

enum { PHONES = 5 };

/* Four with Security By Default, one without. */
static struct fleet_phone phone[PHONES];
static struct mark mark[PHONES];
static const struct fleet fleet = { NULL, phone, PHONES };

static void
begin(void)
{
	static const char *const models[] = { "7975", "8841", "8865", "9971", "7940" };

	for (int i = 0; i < PHONES; i++) {
		phone[i] = (struct fleet_phone){ .model = model_of(models[i]),
			.booted = true,
			.outcome = BOOT_TRUSTED,
			.has_itl = i < 4 };
		snprintf(phone[i].name, sizeof(phone[i].name), "SEP00000000000%d", i);
		mark[i] = (struct mark){ .state = state_of(&phone[i], 0) };
	}
}

static void
lock(int i, enum judge_reason reason)
{
	phone[i].outcome = BOOT_REFUSED;
	phone[i].reason = reason;
	mark[i].state = STATE_LOCKED;
}

static int
check(const char *word, struct selection of, enum judge_reason reason, struct err *e)
{
	struct expectation x;

	CU_ASSERT_EQUAL_FATAL(expectation_word(word, &x), 0);
	x.of = of;
	x.reason = reason;
	return expectation_check(&x, &fleet, mark, e);
}

static void
a_state_comes_from_the_last_boot(void)
{
	struct fleet_phone p = { .model = model_of("8841"), .booted = false };

	CU_ASSERT_EQUAL(state_of(&p, 0), STATE_NEW);
	p.booted = true;
	CU_ASSERT_EQUAL(state_of(&p, 0), STATE_NO_LIST);
	p.has_itl = true;
	CU_ASSERT_EQUAL(state_of(&p, 0), STATE_TRUSTED_A);
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_TRUSTED_B);
	p.empty = true;
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_EMPTY);
	p.model = model_of("7940");
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_NO_LIST);
	p.outcome = BOOT_REFUSED;
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_LOCKED);
	p.outcome = BOOT_UNREACHABLE;
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_UNREACHABLE);
	p.outcome = BOOT_NO_CONFIG;
	CU_ASSERT_EQUAL(state_of(&p, 1), STATE_NO_CONFIG);
	p.off = true;
	CU_ASSERT_EQUAL(mark_state(&p, &(struct mark){ .state = STATE_LOCKED }), STATE_OFF);
}

static void
patterns_of_models(void)
{
	CU_ASSERT_TRUE(models_match("79xx", model_of("7975")));
	CU_ASSERT_TRUE(models_match("79xx", model_of("7941GE")));
	CU_ASSERT_TRUE(models_match("88xx 8945 7975", model_of("8945")));
	CU_ASSERT_FALSE(models_match("88xx 8945", model_of("8941")));
	CU_ASSERT_FALSE(models_match("79x", model_of("7975")));
	CU_ASSERT_FALSE(models_match("79xxx", model_of("7975")));
	CU_ASSERT_FALSE(models_match("", model_of("7975")));
}

static void
all_means_those_that_can_be(void)
{
	const struct selection all = { .who = WHO_ALL };
	struct err e;

	begin();
	CU_ASSERT_EQUAL(check("trusted-A", all, 0, &e), 0);
	CU_ASSERT_EQUAL(check("no-list", all, 0, &e), 0);
	CU_ASSERT_EQUAL(check("trusted-B", all, 0, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(
	    e, "0 of 4 phones are trusted-B, not 4; SEP000000000000, a 7975, is trusted-A");
	lock(2, JUDGE_TVS_LACKS);
	CU_ASSERT_EQUAL(check("trusted-A", all, 0, &e), -1);
	ASSERT_ERR_SAYS(e, "3 of 4 phones");
	ASSERT_ERR_SAYS(e, "SEP000000000002, a 8865, is locked (tvs-lacks-certificate)");
	/* A phone that is off is asked nothing. */
	phone[2].off = true;
	CU_ASSERT_EQUAL(check("trusted-A", all, 0, &e), 0);
	CU_ASSERT_EQUAL(check("off", (struct selection){ .who = WHO_COUNT, .count = 1 }, 0, &e), 0);
}

static void
the_reason_counts(void)
{
	const struct selection one = { .who = WHO_COUNT, .count = 1 };
	struct err e;

	begin();
	lock(0, JUDGE_TVS_UNREACHABLE);
	CU_ASSERT_EQUAL(check("locked", one, 0, &e), 0);
	CU_ASSERT_EQUAL(check("locked", one, JUDGE_TVS_UNREACHABLE, &e), 0);
	CU_ASSERT_EQUAL(check("locked", one, JUDGE_TVS_LACKS, &e), -1);
	ASSERT_ERR_SAYS(e, "0 of 4 phones are locked (tvs-lacks-certificate), not 1");
}

/* A 7940 in mixed mode (TechNote 118893): it holds a CTL, and can be locked out by the next. */
static void
phones_without_security_by_default_can_be_locked(void)
{
	const struct selection none = { .who = WHO_NONE }, all = { .who = WHO_ALL };
	const struct selection one = { .who = WHO_COUNT, .count = 1 };
	const struct selection model = { .who = WHO_MODELS, .models = "7940" };
	struct err e;

	begin();
	CU_ASSERT_EQUAL(check("locked", none, 0, &e), 0);
	CU_ASSERT_EQUAL(check("locked", model, 0, &e), -1);
	ASSERT_ERR_SAYS(e, "there is no such phone");
	phone[4].has_ctl = true;
	lock(4, JUDGE_NO_TVS);
	CU_ASSERT_EQUAL(check("locked", none, 0, &e), -1);
	ASSERT_ERR_SAYS(e, "SEP000000000004, a 7940, is locked (no-tvs-in-itl)");
	CU_ASSERT_EQUAL(check("locked", model, 0, &e), 0);
	CU_ASSERT_EQUAL(check("locked", one, JUDGE_NO_TVS, &e), 0);
	for (int i = 0; i < 4; i++)
		lock(i, JUDGE_NO_TVS);
	CU_ASSERT_EQUAL(check("locked", all, 0, &e), 0);
	mark[4].state = STATE_NO_LIST;
	CU_ASSERT_EQUAL(check("locked", all, 0, &e), -1);
	/* Without a CTL nothing can lock it: "all" are those that it could happen to. */
	phone[4].has_ctl = false;
	CU_ASSERT_EQUAL(check("locked", all, 0, &e), 0);
}

static void
some_of_them(void)
{
	const struct selection absent = { .who = WHO_ABSENT }, present = { .who = WHO_PRESENT };
	const struct selection none = { .who = WHO_NONE };
	struct err e;

	begin();
	CU_ASSERT_EQUAL(check("locked", none, 0, &e), 0);
	CU_ASSERT_EQUAL(check("locked", absent, 0, &e), -1);
	ASSERT_ERR_SAYS(e, "there is no such phone");
	lock(1, JUDGE_TVS_LACKS);
	mark[1].absent = true;
	CU_ASSERT_EQUAL(check("locked", none, 0, &e), -1);
	ASSERT_ERR_SAYS(e, "1 of 4 phones are locked, not 0; SEP000000000001");
	CU_ASSERT_EQUAL(check("locked", absent, 0, &e), 0);
	CU_ASSERT_EQUAL(check("trusted-A", present, 0, &e), 0);
	CU_ASSERT_EQUAL(check("locked", present, 0, &e), -1);
}

static void
more_than_a_state(void)
{
	const struct selection all = { .who = WHO_ALL };
	struct err e;

	begin();
	CU_ASSERT_EQUAL(check("accepts", all, 0, &e), -1);
	CU_ASSERT_EQUAL(check("rejects", all, 0, &e), -1);
	for (int i = 0; i < PHONES; i++) {
		mark[i].shown = SHOWN_ACCEPTED;
		mark[i].lsc = LSC_DISTRUSTED;
	}
	CU_ASSERT_EQUAL(check("accepts", all, 0, &e), 0);
	CU_ASSERT_EQUAL(check("lsc-distrusted", all, 0, &e), 0);
	CU_ASSERT_EQUAL(check("lsc-trusted", all, 0, &e), -1);
}

static void
words_that_are_none(void)
{
	struct expectation x;
	enum judge_reason reason;

	CU_ASSERT_EQUAL(expectation_word("trusted", &x), -1);
	CU_ASSERT_EQUAL(expectation_reason("tvs-lacks", &reason), -1);
	/* Why something was accepted is no reason to be locked. */
	CU_ASSERT_EQUAL(expectation_reason("tvs-vouches", &reason), -1);
	CU_ASSERT_EQUAL(expectation_reason("digest-not-supported", &reason), 0);
	CU_ASSERT_EQUAL(reason, JUDGE_DIGEST);
}

static const struct suite_test tests[] = {
	{ "a state comes from the last boot", a_state_comes_from_the_last_boot },
	{ "patterns of models", patterns_of_models },
	{ "all means those that can be", all_means_those_that_can_be },
	{ "the reason counts", the_reason_counts },
	{ "phones without Security By Default can be locked",
	    phones_without_security_by_default_can_be_locked },
	{ "some of them", some_of_them },
	{ "more than a state", more_than_a_state },
	{ "words that are none", words_that_are_none },
};

SUITE_MAIN("state", tests)
