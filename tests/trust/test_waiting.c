#include "trust/waiting.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/device.h"
#include "trust/order.h"

#define PHONE "SEP001122334455"
#define OTHER "SEPAABBCCDDEEFF"

static struct store *
with_phones(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct device d = { .model = model_of("7975"), .security = SECURITY_NONE, .name = PHONE };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	snprintf(d.name, sizeof(d.name), "%s", OTHER);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	return s;
}

static void
leave(struct store *s, const char *phone, unsigned number, int64_t now)
{
	struct cert *c = lab_made_by_hand("x", 1, number);
	struct wr key = { 0 };
	struct err e = { 0 };

	cert_public_key_info(c, &key);
	CU_ASSERT_EQUAL(waiting_put(s, phone, wr_view(&key), now, &e), 0);
	wr_free(&key);
	cert_free(c);
}

static struct cert *
signed_for(const char *cn, unsigned number)
{
	return lab_issued(&(struct lab_issue){
	    .cn = cn, .issuer = "Offline CA", .key = number, .issuer_key = 3, .host = true });
}

static void
what_was_signed_finds_its_phone(void)
{
	struct store *s = with_phones();
	struct cert *c = signed_for(PHONE, 1), *ready = NULL;
	char phone[DEVICE_NAME_MAX];
	struct err e = { 0 };
	bool asked = true;

	CU_ASSERT_EQUAL(waiting_get(s, PHONE, &asked, &ready, &e), 0);
	CU_ASSERT_FALSE(asked);
	CU_ASSERT_EQUAL(waiting_signed(s, c, phone, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	leave(s, PHONE, 1, LAB_NOW);
	leave(s, OTHER, 2, LAB_NOW);
	CU_ASSERT_EQUAL(waiting_get(s, PHONE, &asked, &ready, &e), 0);
	CU_ASSERT_TRUE(asked);
	CU_ASSERT_PTR_NULL(ready);
	CU_ASSERT_EQUAL(waiting_signed(s, c, phone, &e), 0);
	CU_ASSERT_STRING_EQUAL(phone, PHONE);
	CU_ASSERT_EQUAL(waiting_get(s, OTHER, &asked, &ready, &e), 0);
	CU_ASSERT_PTR_NULL(ready);
	CU_ASSERT_EQUAL(waiting_get(s, PHONE, &asked, &ready, &e), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ready);
	CU_ASSERT_TRUE(cert_eq(ready, c));
	cert_free(ready);
	cert_free(c);
	store_close(s);
}

static void
a_new_key_makes_what_was_signed_worthless(void)
{
	struct store *s = with_phones();
	struct cert *c = signed_for(PHONE, 1), *ready = NULL;
	char phone[DEVICE_NAME_MAX];
	struct err e = { 0 };
	bool asked;

	leave(s, PHONE, 1, LAB_NOW);
	CU_ASSERT_EQUAL(waiting_signed(s, c, phone, &e), 0);
	leave(s, PHONE, 2, LAB_NOW + 1);
	CU_ASSERT_EQUAL(waiting_get(s, PHONE, &asked, &ready, &e), 0);
	CU_ASSERT_PTR_NULL(ready);
	CU_ASSERT_EQUAL(waiting_signed(s, c, phone, &e), -1);
	cert_free(c);
	store_close(s);
}

static void
the_list_says_who_waits(void)
{
	struct store *s = with_phones();
	struct cert *c = signed_for(OTHER, 2);
	char phone[DEVICE_NAME_MAX];
	struct waiting *all;
	struct wr key = { 0 };
	struct err e = { 0 };
	size_t n;

	leave(s, OTHER, 2, LAB_NOW + 5);
	leave(s, PHONE, 1, LAB_NOW);
	CU_ASSERT_EQUAL(waiting_signed(s, c, phone, &e), 0);
	CU_ASSERT_EQUAL(waiting_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(all[0].phone, PHONE);
	CU_ASSERT_FALSE(all[0].is_signed);
	CU_ASSERT_STRING_EQUAL(all[1].phone, OTHER);
	CU_ASSERT_TRUE(all[1].is_signed);
	CU_ASSERT_EQUAL(all[1].made, LAB_NOW + 5);
	free(all);
	CU_ASSERT_EQUAL(waiting_key(s, PHONE, &key, &e), 0);
	CU_ASSERT_TRUE(key.n > 100);
	CU_ASSERT_EQUAL(waiting_forget(s, PHONE, &e), 0);
	CU_ASSERT_EQUAL(waiting_key(s, PHONE, &key, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	wr_free(&key);
	cert_free(c);
	store_close(s);
}

static void
what_waits_goes_with_its_order_and_its_phone(void)
{
	struct store *s = with_phones();
	struct order none = { .phone = PHONE, .operation = ORDER_NONE };
	struct err e = { 0 };

	leave(s, PHONE, 1, LAB_NOW);
	leave(s, OTHER, 2, LAB_NOW);
	CU_ASSERT_EQUAL(order_schedule(s, &none, NULL, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM lsc_request"), 1);
	CU_ASSERT_EQUAL(device_delete(s, OTHER, &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM lsc_request"), 0);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "what was signed finds its phone", what_was_signed_finds_its_phone },
	{ "a new key makes what was signed worthless", a_new_key_makes_what_was_signed_worthless },
	{ "the list says who waits", the_list_says_who_waits },
	{ "what waits goes with its order and its phone",
	    what_waits_goes_with_its_order_and_its_phone },
};

SUITE_MAIN("waiting", tests)
