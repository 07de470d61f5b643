#include "trust/lsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/order.h"

#define PHONE "SEP001122334455"
#define OTHER "SEP001122334466"

enum { DAY = 86400 };

static void
add_phone(struct store *s, const char *name)
{
	struct device d = {
		.model = model_of("8861"), .security = SECURITY_NONE, .added = LAB_NOW
	};
	struct err e = { 0 };

	snprintf(d.name, sizeof(d.name), "%s", name);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
}

static struct store *
with_phones(void)
{
	struct store *s = lab_empty();

	add_phone(s, PHONE);
	add_phone(s, OTHER);
	return s;
}

/* Another number, another certificate. */
static struct cert *
made(int64_t number)
{
	return lab_made_by_hand(PHONE, number, 0);
}

static void
issue(struct store *s, const struct cert *c, int64_t now)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(lsc_issue(s, PHONE, c, now, &e), 0);
}

static void
stored(struct store *s, const struct cert *c, int64_t now)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(lsc_stored(s, PHONE, c, now, &e), 0);
}

static void
order(struct store *s, enum order_operation operation)
{
	struct order o = { .phone = PHONE,
		.operation = operation,
		.auth = ORDER_BY_STRING,
		.keys = ORDER_RSA,
		.rsa_bits = 2048,
		.completes_by = LAB_NOW + DAY };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(order_schedule(s, &o, "1234", LAB_NOW, &e), 0);
}

static struct order
ordered(struct store *s)
{
	struct order o;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_get(s, PHONE, &o, &e), 1);
	return o;
}

/* 0: not in the account. */
static int
state_of(struct store *s, const struct cert *c)
{
	char phone[DEVICE_NAME_MAX];
	enum lsc_state state;
	struct err e = { 0 };
	int rc = lsc_find(s, c, phone, &state, &e);

	CU_ASSERT_TRUE(rc >= 0);
	if (rc == 1)
		CU_ASSERT_STRING_EQUAL(phone, PHONE);
	return rc == 1 ? (int)state : 0;
}

static bool
is_held(struct store *s, const struct cert *c)
{
	struct cert *held;
	struct err e = { 0 };
	bool is;

	CU_ASSERT_EQUAL(lsc_held(s, PHONE, &held, &e), 0);
	is = held == NULL ? c == NULL : c != NULL && cert_eq(held, c);
	cert_free(held);
	return is;
}

static void
issued_certificate_is_held_once_the_phone_stored_it(void)
{
	struct store *s = with_phones();
	int64_t generation = store_generation(s);
	struct cert *c = made(1);

	CU_ASSERT_EQUAL(state_of(s, c), 0);
	CU_ASSERT_TRUE(is_held(s, NULL));
	issue(s, c, LAB_NOW + 5);
	CU_ASSERT_EQUAL(state_of(s, c), LSC_ISSUED);
	CU_ASSERT_TRUE(is_held(s, NULL));
	/* Nobody's answer depends on it yet. */
	CU_ASSERT_EQUAL(store_generation(s), generation);
	stored(s, c, LAB_NOW + 6);
	CU_ASSERT_EQUAL(state_of(s, c), LSC_HELD);
	CU_ASSERT_TRUE(is_held(s, c));
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT state_at FROM lsc"), LAB_NOW + 6);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT not_before FROM lsc"), cert_not_before(c));
	CU_ASSERT_EQUAL(lab_int(s, "SELECT not_after FROM lsc"), cert_not_after(c));
	cert_free(c);
	store_close(s);
}

static void
next_certificate_replaces_the_one_held(void)
{
	struct store *s = with_phones();
	struct cert *a = made(1), *b = made(2);

	issue(s, a, LAB_NOW);
	stored(s, a, LAB_NOW);
	issue(s, b, LAB_NOW + 1);
	/* Until the phone has it, it has the old one. */
	CU_ASSERT_TRUE(is_held(s, a));
	stored(s, b, LAB_NOW + 2);
	CU_ASSERT_TRUE(is_held(s, b));
	CU_ASSERT_EQUAL(state_of(s, a), LSC_REPLACED);
	CU_ASSERT_EQUAL(state_of(s, b), LSC_HELD);
	cert_free(a);
	cert_free(b);
	store_close(s);
}

static void
certificate_that_was_not_confirmed_is_lost_with_the_next(void)
{
	struct store *s = with_phones();
	struct cert *a = made(1), *b = made(2), *other = made(3);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(lsc_issue(s, OTHER, other, LAB_NOW, &e), 0);
	issue(s, a, LAB_NOW);
	issue(s, b, LAB_NOW + 7);
	CU_ASSERT_EQUAL(state_of(s, a), LSC_LOST);
	CU_ASSERT_EQUAL(state_of(s, b), LSC_ISSUED);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT state_at FROM lsc WHERE state = 4"), LAB_NOW + 7);
	/* Another phone's is another matter. */
	CU_ASSERT_EQUAL(
	    lab_int(s, "SELECT count(*) FROM lsc WHERE phone = '" OTHER "' AND state = 1"), 1);
	/* It comes late, but it says so. */
	stored(s, a, LAB_NOW + 8);
	CU_ASSERT_TRUE(is_held(s, a));
	CU_ASSERT_EQUAL(state_of(s, b), LSC_REPLACED); /* whoever has it now */
	CU_ASSERT_EQUAL(
	    lab_int(s, "SELECT count(*) FROM lsc WHERE phone = '" OTHER "' AND state = 1"), 1);
	cert_free(a);
	cert_free(b);
	cert_free(other);
	store_close(s);
}

static void
certificate_can_be_sent_again(void)
{
	struct store *s = with_phones();
	struct cert *a = made(1), *b = made(2);

	issue(s, a, LAB_NOW);
	issue(s, a, LAB_NOW + 1);
	CU_ASSERT_EQUAL(state_of(s, a), LSC_ISSUED);
	issue(s, b, LAB_NOW + 2);
	issue(s, a, LAB_NOW + 3);
	CU_ASSERT_EQUAL(state_of(s, a), LSC_ISSUED);
	CU_ASSERT_EQUAL(state_of(s, b), LSC_LOST);
	stored(s, a, LAB_NOW + 4);
	issue(s, a, LAB_NOW + 5);
	CU_ASSERT_EQUAL(state_of(s, a), LSC_HELD);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT state_at FROM lsc WHERE state = 2"), LAB_NOW + 4);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM lsc"), 2);
	cert_free(a);
	cert_free(b);
	store_close(s);
}

static void
certificate_of_another_phone_is_refused(void)
{
	struct store *s = with_phones();
	struct cert *a = made(1), *b = made(2), *pending = made(3);
	struct err e = { 0 };

	issue(s, a, LAB_NOW);
	CU_ASSERT_EQUAL(lsc_issue(s, OTHER, pending, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(lsc_issue(s, OTHER, a, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	ASSERT_ERR_SAYS(e, "issued to another phone");
	/* All or nothing. */
	CU_ASSERT_EQUAL(lab_int(s, "SELECT state FROM lsc WHERE phone = '" OTHER "'"), LSC_ISSUED);
	CU_ASSERT_EQUAL(lsc_stored(s, OTHER, a, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(state_of(s, a), LSC_ISSUED);
	CU_ASSERT_EQUAL(lsc_stored(s, PHONE, b, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no such certificate was issued to " PHONE);
	cert_free(a);
	cert_free(b);
	cert_free(pending);
	store_close(s);
}

static void
storing_it_ends_the_order(void)
{
	struct store *s = with_phones();
	struct cert *c = made(1);
	int64_t generation;

	order(s, ORDER_INSTALL);
	issue(s, c, LAB_NOW);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_INSTALL);
	generation = store_generation(s);
	stored(s, c, LAB_NOW + 9);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(ordered(s).status_at, LAB_NOW + 9);
	CU_ASSERT_FALSE(ordered(s).has_string);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	/* Nothing waited for the disk. */
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA synchronous"), 1);
	cert_free(c);
	store_close(s);
}

static void
stored_twice_is_stored_once(void)
{
	struct store *s = with_phones();
	struct cert *c = made(1);
	int64_t generation;

	order(s, ORDER_INSTALL);
	issue(s, c, LAB_NOW);
	stored(s, c, LAB_NOW + 1);
	generation = store_generation(s);
	stored(s, c, LAB_NOW + 2);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT state_at FROM lsc"), LAB_NOW + 1);
	CU_ASSERT_EQUAL(ordered(s).status_at, LAB_NOW + 1);
	cert_free(c);
	store_close(s);
}

/* Somebody gave another order, or took it back, while the phone was at the first. */
static void
order_of_another_kind_is_left_alone(void)
{
	struct store *s = with_phones();
	struct order none = { .phone = PHONE };
	struct cert *c = made(1);
	struct err e = { 0 };

	issue(s, c, LAB_NOW);
	order(s, ORDER_DELETE);
	stored(s, c, LAB_NOW);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_DELETE);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_PENDING);
	CU_ASSERT_EQUAL(lsc_shown(s, PHONE, SHOWN_LSC, c, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_PENDING);
	order(s, ORDER_INSTALL);
	CU_ASSERT_EQUAL(lsc_deleted(s, PHONE, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_PENDING);
	CU_ASSERT_EQUAL(order_schedule(s, &none, NULL, LAB_NOW, &e), 0);
	issue(s, c, LAB_NOW);
	stored(s, c, LAB_NOW);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_NONE);
	CU_ASSERT_TRUE(is_held(s, c));
	cert_free(c);
	store_close(s);
}

static void
deleted_certificate_is_held_no_more(void)
{
	struct store *s = with_phones();
	struct cert *c = made(1), *next = made(2);
	int64_t generation;
	struct err e = { 0 };

	issue(s, c, LAB_NOW);
	stored(s, c, LAB_NOW);
	issue(s, next, LAB_NOW);
	order(s, ORDER_DELETE);
	generation = store_generation(s);
	CU_ASSERT_EQUAL(lsc_deleted(s, PHONE, LAB_NOW + 3, &e), 0);
	CU_ASSERT_TRUE(is_held(s, NULL));
	CU_ASSERT_EQUAL(state_of(s, c), LSC_DELETED);
	CU_ASSERT_EQUAL(state_of(s, next), LSC_DELETED);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(ordered(s).last, ORDER_DELETE);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	/* It had none: then that is done too. */
	order(s, ORDER_DELETE);
	CU_ASSERT_EQUAL(lsc_deleted(s, PHONE, LAB_NOW + 4, &e), 0);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(ordered(s).status_at, LAB_NOW + 4);
	cert_free(c);
	cert_free(next);
	store_close(s);
}

static void
account_outlives_the_phone(void)
{
	struct store *s = with_phones();
	struct cert *c = made(1);
	struct err e = { 0 };

	order(s, ORDER_INSTALL);
	issue(s, c, LAB_NOW);
	CU_ASSERT_EQUAL(device_delete(s, PHONE, &e), 0);
	stored(s, c, LAB_NOW);
	CU_ASSERT_EQUAL(state_of(s, c), LSC_HELD);
	add_phone(s, PHONE);
	CU_ASSERT_TRUE(is_held(s, c));
	cert_free(c);
	store_close(s);
}

/* ---- the account ---- */

static void
account_is_listed_by_phone_and_time(void)
{
	struct store *s = with_phones();
	struct cert *c;
	struct lsc *all;
	struct err e = { 0 };
	size_t n = 9;

	CU_ASSERT_EQUAL(lsc_list(s, NULL, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	lsc_list_free(all, n);
	for (int64_t i = 1; i <= 20; i++) { /* more than the first room that is made */
		c = made(i);
		CU_ASSERT_EQUAL(lsc_issue(s, i % 2 == 0 ? PHONE : OTHER, c, LAB_NOW + i, &e), 0);
		cert_free(c);
	}
	CU_ASSERT_EQUAL(lsc_list(s, NULL, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 20);
	for (size_t i = 0; i < n; i++) {
		int64_t number = (int64_t)(i < 10 ? 2 * (i + 1) : 2 * (i - 10) + 1);

		CU_ASSERT_STRING_EQUAL(all[i].phone, i < 10 ? PHONE : OTHER);
		c = made(number);
		CU_ASSERT_TRUE(cert_eq(all[i].cert, c));
		CU_ASSERT_EQUAL(all[i].id, number);
		CU_ASSERT_EQUAL(all[i].state, number < 19 ? LSC_LOST : LSC_ISSUED);
		CU_ASSERT_EQUAL(all[i].state_at, LAB_NOW + number + (number < 19 ? 2 : 0));
		CU_ASSERT_TRUE(all[i].stale); /* there is no CAPF at all */
		cert_free(c);
	}
	lsc_list_free(all, n);
	CU_ASSERT_EQUAL(lsc_list(s, OTHER, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_STRING_EQUAL(all[0].phone, OTHER);
	lsc_list_free(all, n);
	CU_ASSERT_EQUAL(lsc_list(s, "SEP000000000000", &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	lsc_list_free(all, n);
	store_close(s);
}

static void
terms_are_of_what_is_held(void)
{
	struct store *s = lab_empty();
	struct lsc_term *all;
	struct err e = { 0 };
	char name[DEVICE_NAME_MAX];
	size_t n = 9;

	CU_ASSERT_EQUAL(lsc_terms(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_PTR_NULL(lsc_term_of(all, n, PHONE));
	free(all);
	for (unsigned i = 100; i > 0; i--) { /* more than the first room that is made */
		struct cert *c = made(i);

		snprintf(name, sizeof(name), "SEP%012X", i);
		CU_ASSERT_EQUAL(lsc_issue(s, name, c, LAB_NOW, &e), 0);
		if (i != 50)
			CU_ASSERT_EQUAL(lsc_stored(s, name, c, LAB_NOW, &e), 0);
		cert_free(c);
	}
	CU_ASSERT_EQUAL(lsc_terms(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 99);
	for (unsigned i = 1; i <= 100; i++) {
		const struct lsc_term *term;

		snprintf(name, sizeof(name), "SEP%012X", i);
		term = lsc_term_of(all, n, name);
		CU_ASSERT_EQUAL(term == NULL, i == 50);
		if (term == NULL)
			continue;
		CU_ASSERT_STRING_EQUAL(term->phone, name);
		CU_ASSERT_EQUAL(term->not_before, LAB_NOW);
		CU_ASSERT_EQUAL(term->not_after, LAB_NOW + DAY);
	}
	free(all);
	store_close(s);
}

static void
put_capf(struct store *s, const struct cert *c, unsigned key)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    certs_put_own(s, lab_kind("CAPF"), CERTS_CLUSTER, c, lab_key(key), LAB_NOW, &e), 0);
}

static bool
is_stale(struct store *s)
{
	struct lsc *all;
	struct err e = { 0 };
	size_t n;
	bool is;

	CU_ASSERT_EQUAL(lsc_list(s, PHONE, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	is = all[0].stale;
	lsc_list_free(all, n);
	return is;
}

/* By name and key: neither alone would do. */
static void
stale_is_what_the_capf_of_now_did_not_sign(void)
{
	struct store *s = with_phones();
	struct cert *capf = lab_root("CAPF-0badcafe", 1), *renamed = lab_root("CAPF-01234567", 1);
	struct cert *rekeyed = lab_root("CAPF-0badcafe", 2);
	struct cert *lsc = lab_issued(&(struct lab_issue){
	    .cn = PHONE, .issuer = "CAPF-0badcafe", .key = 0, .issuer_key = 1, .host = true });

	issue(s, lsc, LAB_NOW);
	CU_ASSERT_TRUE(is_stale(s));
	put_capf(s, capf, 1);
	CU_ASSERT_FALSE(is_stale(s));
	put_capf(s, rekeyed, 2);
	CU_ASSERT_TRUE(is_stale(s));
	put_capf(s, renamed, 1);
	CU_ASSERT_TRUE(is_stale(s));
	put_capf(s, capf, 1);
	CU_ASSERT_FALSE(is_stale(s));
	cert_free(capf);
	cert_free(renamed);
	cert_free(rekeyed);
	cert_free(lsc);
	store_close(s);
}

static void
states_have_words(void)
{
	CU_ASSERT_STRING_EQUAL(lsc_state_word(LSC_ISSUED), "issued");
	CU_ASSERT_STRING_EQUAL(lsc_state_word(LSC_HELD), "held");
	CU_ASSERT_STRING_EQUAL(lsc_state_word(LSC_REPLACED), "replaced");
	CU_ASSERT_STRING_EQUAL(lsc_state_word(LSC_LOST), "lost");
	CU_ASSERT_STRING_EQUAL(lsc_state_word(LSC_DELETED), "deleted");
}

/* What a newer program, or a damaged disk, left there. */
static void
what_cannot_be_read_is_an_error(void)
{
	static const char *const states[] = { "UPDATE lsc SET state = 0",
		"UPDATE lsc SET state = 6", "UPDATE lsc SET state = 4294967297" };
	struct store *s = with_phones();
	struct cert *c = made(1), *held;
	char phone[DEVICE_NAME_MAX];
	enum lsc_state state;
	struct err e = { 0 };
	struct lsc *all;
	int64_t at;
	size_t n;

	issue(s, c, LAB_NOW);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		lab_do(s, states[i]);
		CU_ASSERT_EQUAL(lsc_find(s, c, phone, &state, &e), -1);
		ASSERT_ERR_SAYS(e, "in a state that we do not know");
		CU_ASSERT_STRING_EQUAL(phone, "");
		CU_ASSERT_EQUAL(lsc_list(s, NULL, &all, &n, &e), -1);
		CU_ASSERT_PTR_NULL(all);
	}
	lab_do(s, "UPDATE lsc SET state = 2, der = x'3000'");
	CU_ASSERT_EQUAL(lsc_held(s, PHONE, &held, &e), -1);
	CU_ASSERT_PTR_NULL(held);
	ASSERT_ERR_SAYS(e, "the LSC of " PHONE);
	CU_ASSERT_EQUAL(lsc_list(s, NULL, &all, &n, &e), -1);
	ASSERT_ERR_SAYS(e, "an LSC of " PHONE);
	lab_do(s, "INSERT INTO phone_cert VALUES ('" PHONE "', 2, x'3000', 1)");
	CU_ASSERT_EQUAL(lsc_shown_get(s, PHONE, SHOWN_MIC, &held, &at, &e), -1);
	CU_ASSERT_PTR_NULL(held);
	CU_ASSERT_EQUAL(at, 0);
	cert_free(c);
	store_close(s);
}

/* The index of the schema, should a change of ours ever forget. */
static void
phone_never_holds_two(void)
{
	struct store *s = with_phones();
	struct cert *a = made(1), *b = made(2);
	struct err e = { 0 };

	issue(s, a, LAB_NOW);
	issue(s, b, LAB_NOW);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "UPDATE lsc SET state = 2"), &e), -1);
	ASSERT_ERR_SAYS(e, "UNIQUE");
	cert_free(a);
	cert_free(b);
	store_close(s);
}

/* ---- what phones showed ---- */

static void
what_a_phone_showed_is_kept_by_kind(void)
{
	struct store *s = with_phones();
	struct cert *lsc = made(1), *mic = made(2), *newer = made(3), *got;
	struct err e = { 0 };
	int64_t at = 7;

	CU_ASSERT_EQUAL(lsc_shown_get(s, PHONE, SHOWN_LSC, &got, &at, &e), 0);
	CU_ASSERT_PTR_NULL(got);
	CU_ASSERT_EQUAL(at, 0);
	order(s, ORDER_TROUBLESHOOT);
	CU_ASSERT_EQUAL(lsc_shown(s, PHONE, SHOWN_LSC, lsc, LAB_NOW + 1, &e), 0);
	CU_ASSERT_EQUAL(ordered(s).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(ordered(s).last, ORDER_TROUBLESHOOT);
	CU_ASSERT_EQUAL(ordered(s).status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(lsc_shown(s, PHONE, SHOWN_MIC, mic, LAB_NOW + 2, &e), 0);
	CU_ASSERT_EQUAL(lsc_shown_get(s, PHONE, SHOWN_LSC, &got, &at, &e), 0);
	CU_ASSERT_TRUE(got != NULL && cert_eq(got, lsc));
	CU_ASSERT_EQUAL(at, LAB_NOW + 1);
	cert_free(got);
	CU_ASSERT_EQUAL(lsc_shown(s, PHONE, SHOWN_LSC, newer, LAB_NOW + 3, &e), 0);
	CU_ASSERT_EQUAL(lsc_shown_get(s, PHONE, SHOWN_LSC, &got, &at, &e), 0);
	CU_ASSERT_TRUE(got != NULL && cert_eq(got, newer));
	CU_ASSERT_EQUAL(at, LAB_NOW + 3);
	cert_free(got);
	CU_ASSERT_EQUAL(lsc_shown_get(s, PHONE, SHOWN_MIC, &got, &at, &e), 0);
	CU_ASSERT_TRUE(got != NULL && cert_eq(got, mic));
	cert_free(got);
	CU_ASSERT_EQUAL(lsc_shown_get(s, OTHER, SHOWN_MIC, &got, &at, &e), 0);
	CU_ASSERT_PTR_NULL(got);
	/* That is no claim that we issued it. */
	CU_ASSERT_EQUAL(state_of(s, lsc), 0);
	cert_free(lsc);
	cert_free(mic);
	cert_free(newer);
	store_close(s);
}

static struct lsc_count
counted(struct store *s, int64_t now, int64_t soon)
{
	struct lsc_count n;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(lsc_count(s, now, soon, &n, &e), 0);
	return n;
}

/* Only those that phones hold count, and each in one of the two at most. */
static void
certificates_that_run_out_are_counted(void)
{
	struct store *s = with_phones();
	struct cert *first = made(1), *second = made(2);
	int64_t end = cert_not_after(second);

	issue(s, first, LAB_NOW);
	CU_ASSERT_EQUAL(counted(s, LAB_NOW, end).held, 0);
	stored(s, first, LAB_NOW);
	issue(s, second, LAB_NOW);
	stored(s, second, LAB_NOW);
	CU_ASSERT_EQUAL(counted(s, LAB_NOW, end - 1).held, 1);
	CU_ASSERT_EQUAL(counted(s, LAB_NOW, end - 1).ending, 0);
	CU_ASSERT_EQUAL(counted(s, end - 1, end).ending, 1);
	CU_ASSERT_EQUAL(counted(s, end - 1, end).over, 0);
	CU_ASSERT_EQUAL(counted(s, end, end + DAY).ending, 0);
	CU_ASSERT_EQUAL(counted(s, end, end + DAY).over, 1);
	CU_ASSERT_EQUAL(counted(s, end, end + DAY).held, 1);
	cert_free(first);
	cert_free(second);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "issued certificate is held once the phone stored it",
	    issued_certificate_is_held_once_the_phone_stored_it },
	{ "next certificate replaces the one held", next_certificate_replaces_the_one_held },
	{ "certificate that was not confirmed is lost with the next",
	    certificate_that_was_not_confirmed_is_lost_with_the_next },
	{ "certificate can be sent again", certificate_can_be_sent_again },
	{ "certificate of another phone is refused", certificate_of_another_phone_is_refused },
	{ "storing it ends the order", storing_it_ends_the_order },
	{ "stored twice is stored once", stored_twice_is_stored_once },
	{ "order of another kind is left alone", order_of_another_kind_is_left_alone },
	{ "deleted certificate is held no more", deleted_certificate_is_held_no_more },
	{ "account outlives the phone", account_outlives_the_phone },
	{ "account is listed by phone and time", account_is_listed_by_phone_and_time },
	{ "terms are of what is held", terms_are_of_what_is_held },
	{ "stale is what the CAPF of now did not sign",
	    stale_is_what_the_capf_of_now_did_not_sign },
	{ "states have words", states_have_words },
	{ "what cannot be read is an error", what_cannot_be_read_is_an_error },
	{ "phone never holds two", phone_never_holds_two },
	{ "what a phone showed is kept by kind", what_a_phone_showed_is_kept_by_kind },
	{ "certificates that run out are counted", certificates_that_run_out_are_counted },
};

SUITE_MAIN("trust/lsc", tests)
