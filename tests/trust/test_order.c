#include "trust/order.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/lsc.h"
#include "trust/param.h"

#define PHONE "SEP001122334455"

enum { DAY = 86400, LATER = LAB_NOW + 10 * DAY };

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
with_phone(void)
{
	struct store *s = lab_empty();

	add_phone(s, PHONE);
	return s;
}

static struct order
install(enum order_auth auth)
{
	return (struct order){ .phone = PHONE,
		.operation = ORDER_INSTALL,
		.auth = auth,
		.keys = ORDER_RSA,
		.rsa_bits = 2048,
		.completes_by = LATER };
}

static void
schedule(struct store *s, const struct order *o, const char *string)
{
	struct err e = { 0 };

	if (order_schedule(s, o, string, LAB_NOW, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		CU_FAIL_FATAL("not scheduled");
	}
}

static struct order
get(struct store *s, const char *phone)
{
	struct order o;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_get(s, phone, &o, &e), 1);
	return o;
}

static int64_t
stamp(struct store *s)
{
	return lab_int(s, "SELECT stamp FROM phone WHERE name = '" PHONE "'");
}

static const char *
string_of(struct store *s)
{
	static char string[ORDER_STRING_MAX + 1];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_string(s, PHONE, string, &e), 0);
	return string;
}

/* ---- words ---- */

static void
words_come_back_as_they_went(void)
{
	struct err e = { 0 };

	for (int i = ORDER_NONE; i <= ORDER_TROUBLESHOOT; i++) {
		enum order_operation is = (enum order_operation)i, got = ORDER_NONE;

		CU_ASSERT_EQUAL(order_operation_of(order_operation_word(is), &got, &e), 0);
		CU_ASSERT_EQUAL(got, is);
		CU_ASSERT_EQUAL(order_operation_of(order_operation_name(is), &got, &e), 0);
		CU_ASSERT_EQUAL(got, is);
	}
	for (int i = ORDER_BY_NOTHING; i <= ORDER_BY_MIC; i++) {
		enum order_auth is = (enum order_auth)i, got = ORDER_BY_NOTHING;

		CU_ASSERT_EQUAL(order_auth_of(order_auth_word(is), &got, &e), 0);
		CU_ASSERT_EQUAL(got, is);
		CU_ASSERT_EQUAL(order_auth_of(order_auth_name(is), &got, &e), 0);
		CU_ASSERT_EQUAL(got, is);
	}
	CU_ASSERT_STRING_EQUAL(order_operation_name(ORDER_NONE), "No Pending Operation");
	CU_ASSERT_STRING_EQUAL(order_operation_name(ORDER_INSTALL), "Install/Upgrade");
	CU_ASSERT_STRING_EQUAL(order_auth_name(ORDER_BY_NULL), "By Null String");
	CU_ASSERT_STRING_EQUAL(
	    order_auth_name(ORDER_BY_LSC), "By Existing Certificate (precedence to LSC)");
	CU_ASSERT_STRING_EQUAL(order_keys_name(ORDER_RSA), "RSA Only");
	CU_ASSERT_STRING_EQUAL(order_keys_name(ORDER_EC), "EC Only");
	CU_ASSERT_STRING_EQUAL(order_keys_name(ORDER_EC_THEN_RSA), "EC Preferred, RSA Backup");
}

static void
words_that_are_none_are_refused(void)
{
	static const char *const wrong[] = { "", "instal", "installs", " install", "1" };
	enum order_operation operation;
	enum order_auth auth;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		operation = ORDER_DELETE;
		CU_ASSERT_EQUAL(order_operation_of(wrong[i], &operation, &e), -1);
		CU_ASSERT_EQUAL(operation, ORDER_NONE);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, "is no CAPF operation");
		CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "troubleshoot"));
		auth = ORDER_BY_LSC;
		CU_ASSERT_EQUAL(order_auth_of(wrong[i], &auth, &e), -1);
		CU_ASSERT_EQUAL(auth, ORDER_BY_NOTHING);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, "is no CAPF authentication mode");
	}
}

static void
keys_are(const char *word, enum order_keys keys, int rsa, int ec)
{
	struct order o = { .rsa_bits = 7, .ec_bits = 7, .auth = ORDER_BY_MIC };
	struct err e = { 0 };
	char back[32];

	CU_ASSERT_EQUAL(order_keys_of(word, &o, &e), 0);
	CU_ASSERT_EQUAL(o.keys, keys);
	CU_ASSERT_EQUAL(o.rsa_bits, rsa);
	CU_ASSERT_EQUAL(o.ec_bits, ec);
	CU_ASSERT_EQUAL(o.auth, ORDER_BY_MIC);
	order_keys_word(&o, back);
	CU_ASSERT_STRING_EQUAL(back, word);
}

static void
key_words_say_kind_and_size(void)
{
	keys_are("rsa:512", ORDER_RSA, 512, 0);
	keys_are("rsa:1024", ORDER_RSA, 1024, 0);
	keys_are("rsa:2048", ORDER_RSA, 2048, 0);
	keys_are("rsa:3072", ORDER_RSA, 3072, 0);
	keys_are("rsa:4096", ORDER_RSA, 4096, 0);
	keys_are("ec:256", ORDER_EC, 0, 256);
	keys_are("ec:384", ORDER_EC, 0, 384);
	keys_are("ec:521", ORDER_EC, 0, 521);
	keys_are("ec:384,rsa:2048", ORDER_EC_THEN_RSA, 2048, 384);
}

static void
key_words_that_are_none_are_refused(void)
{
	static const char *const wrong[] = { "", "rsa", "rsa:", "rsa:2047", "rsa:8192", "rsa:02048",
		"rsa:2048 ", " rsa:2048", "rsa:+2048", "rsa:-2048", "rsa:2048,", "rsa:2048,ec:384",
		"ec", "ec:", "ec:512", "ec:384,", "ec:384,rsa:", "ec:384,rsa:1", "ec:384,ec:256",
		"ec:384;rsa:2048", "ec:384,rsa:2048,", "ed25519", "ec:0", "rsa:0",
		"ec:4294967552" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct order o = { .keys = ORDER_EC, .ec_bits = 521 };
		struct err e = { 0 };

		CU_ASSERT_EQUAL(order_keys_of(wrong[i], &o, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, wrong[i]);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "ec:384,rsa:2048"));
		CU_ASSERT_EQUAL(o.keys, ORDER_EC);
		CU_ASSERT_EQUAL(o.ec_bits, 521);
	}
}

static void
status_is(enum order_operation last, enum order_status status, const char *text, const char *word)
{
	struct order o = { .last = last, .status = status };
	char to[ORDER_STATUS_TEXT_MAX];

	CU_ASSERT_STRING_EQUAL(order_status_text(&o, to), text);
	CU_ASSERT_STRING_EQUAL(order_status_word(status), word);
}

static void
status_is_told_as_cucm_does(void)
{
	status_is(ORDER_NONE, STATUS_NONE, "None", "none");
	status_is(ORDER_INSTALL, STATUS_PENDING, "Operation Pending", "pending");
	status_is(ORDER_INSTALL, STATUS_SUCCESS, "Upgrade Success", "success");
	status_is(ORDER_DELETE, STATUS_SUCCESS, "Delete Success", "success");
	status_is(ORDER_TROUBLESHOOT, STATUS_FAILED, "Troubleshoot Failed", "failed");
	status_is(ORDER_DELETE, STATUS_INVALID_LSC, "Delete Failed: Invalid LSC", "invalid-lsc");
	status_is(ORDER_INSTALL, STATUS_INVALID_STRING,
	    "Upgrade Failed: Invalid Authentication String", "invalid-string");
	status_is(ORDER_INSTALL, STATUS_INVALID_MIC, "Upgrade Failed: Invalid MIC", "invalid-mic");
	status_is(ORDER_INSTALL, STATUS_INVALID_CREDENTIALS, "Upgrade Failed: Invalid Credentials",
	    "invalid-credentials");
	status_is(ORDER_INSTALL, STATUS_PHONE_LOST, "Upgrade Failed: Phone Communication Failure",
	    "phone-lost");
	status_is(ORDER_INSTALL, STATUS_KEY_FAILED, "Upgrade Failed: Key Generation Failed",
	    "key-failed");
	status_is(ORDER_INSTALL, STATUS_KEY_TIMEOUT, "Upgrade Failed: Key Generation Timeout",
	    "key-timeout");
	status_is(
	    ORDER_INSTALL, STATUS_CA_LOST, "Upgrade Failed: CA Communication Failure", "ca-lost");
	status_is(ORDER_INSTALL, STATUS_CA_REJECTED, "Upgrade Failed: CA Rejected Connection",
	    "ca-rejected");
	status_is(ORDER_INSTALL, STATUS_LATE,
	    "Upgrade Failed: User Initiated Request Late/Timedout", "late");
	status_is(ORDER_INSTALL, STATUS_NO_EC,
	    "Upgrade Failed: No Support for EC only in CAPF version 3", "no-ec");
	status_is(ORDER_INSTALL, STATUS_WAITS_FOR_CA, "Operation Pending: the CA has the request",
	    "waits-for-ca");
}

/* ---- scheduling ---- */

static void
phone_without_an_order_has_the_usual_settings(void)
{
	struct store *s = with_phone();
	struct err e = { 0 };
	struct order o;

	CU_ASSERT_EQUAL(order_get(s, PHONE, &o, &e), 0);
	CU_ASSERT_STRING_EQUAL(o.phone, PHONE);
	CU_ASSERT_EQUAL(o.operation, ORDER_NONE);
	CU_ASSERT_EQUAL(o.auth, ORDER_BY_NOTHING);
	CU_ASSERT_EQUAL(o.keys, ORDER_RSA);
	CU_ASSERT_EQUAL(o.rsa_bits, 2048);
	CU_ASSERT_EQUAL(o.status, STATUS_NONE);
	CU_ASSERT_EQUAL(order_get(s, "SEP000000000000", &o, &e), 0);
	CU_ASSERT_STRING_EQUAL(o.phone, "SEP000000000000");
	CU_ASSERT_STRING_EQUAL(string_of(s), "");
	store_close(s);
}

static void
order_comes_back_as_it_went(void)
{
	struct store *s = with_phone();
	int64_t generation = store_generation(s), was = stamp(s);
	struct order o = install(ORDER_BY_STRING), got;

	o.keys = ORDER_EC_THEN_RSA;
	o.rsa_bits = 4096;
	o.ec_bits = 521;
	schedule(s, &o, "0123456789");
	got = get(s, PHONE);
	CU_ASSERT_STRING_EQUAL(got.phone, PHONE);
	CU_ASSERT_EQUAL(got.operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(got.last, ORDER_INSTALL);
	CU_ASSERT_EQUAL(got.auth, ORDER_BY_STRING);
	CU_ASSERT_TRUE(got.has_string);
	CU_ASSERT_EQUAL(got.keys, ORDER_EC_THEN_RSA);
	CU_ASSERT_EQUAL(got.rsa_bits, 4096);
	CU_ASSERT_EQUAL(got.ec_bits, 521);
	CU_ASSERT_EQUAL(got.made, LAB_NOW);
	CU_ASSERT_EQUAL(got.completes_by, LATER);
	CU_ASSERT_EQUAL(got.wrong, 0);
	CU_ASSERT_EQUAL(got.locked_until, 0);
	CU_ASSERT_EQUAL(got.status, STATUS_PENDING);
	CU_ASSERT_EQUAL(got.status_at, LAB_NOW);
	CU_ASSERT_STRING_EQUAL(string_of(s), "0123456789");
	/* Its configuration says how to authenticate. */
	CU_ASSERT_EQUAL(stamp(s), was + 1);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	store_close(s);
}

static void
orders_are_listed_by_phone(void)
{
	struct store *s = lab_empty();
	struct order *all, o = install(ORDER_BY_NULL);
	struct err e = { 0 };
	size_t n = 9;

	CU_ASSERT_EQUAL(order_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	free(all);
	for (unsigned i = 70; i > 0; i--) { /* more than the first room that is made */
		snprintf(o.phone, sizeof(o.phone), "SEP%012X", i);
		add_phone(s, o.phone);
		if (i % 2 == 0 || i > 3)
			schedule(s, &o, NULL);
	}
	CU_ASSERT_EQUAL(order_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 68);
	CU_ASSERT_STRING_EQUAL(all[0].phone, "SEP000000000002");
	CU_ASSERT_STRING_EQUAL(all[67].phone, "SEP000000000046");
	free(all);
	store_close(s);
}

static void
refused(struct store *s, const struct order *o, const char *string, const char *says)
{
	int64_t generation = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_schedule(s, o, string, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	CU_ASSERT_EQUAL(stamp(s), 0);
}

static void
strings_of_four_to_ten_digits_alone_are_taken(void)
{
	static const char *const wrong[] = { "", "123", "12345678901", "12 45", "1234a", "-1234",
		"+1234", "1234\n", "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4" };
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_STRING);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(s, &o, wrong[i], "has 4 to 10 digits");
	schedule(s, &o, "0000");
	CU_ASSERT_STRING_EQUAL(string_of(s), "0000");
	schedule(s, &o, "9876543210");
	CU_ASSERT_STRING_EQUAL(string_of(s), "9876543210");
	store_close(s);
}

static void
string_belongs_to_authentication_by_string(void)
{
	static const enum order_auth others[] = { ORDER_BY_NULL, ORDER_BY_LSC, ORDER_BY_MIC };
	struct store *s = with_phone();
	struct order o;

	for (size_t i = 0; i < 3; i++) {
		o = install(others[i]);
		refused(s, &o, "1234", "is not asked for one");
	}
	o = install(ORDER_BY_STRING);
	refused(s, &o, NULL, "has no authentication string");
	o.operation = ORDER_NONE;
	refused(s, &o, "1234", "is not asked for one");
	store_close(s);
}

static void
string_is_kept_until_it_is_used_up_or_not_wanted(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_STRING);
	struct err e = { 0 };

	schedule(s, &o, "4711");
	schedule(s, &o, NULL);
	CU_ASSERT_STRING_EQUAL(string_of(s), "4711");
	CU_ASSERT_EQUAL(order_done(s, PHONE, LAB_NOW, &e), 0);
	CU_ASSERT_STRING_EQUAL(string_of(s), "");
	CU_ASSERT_EQUAL(order_schedule(s, &o, NULL, LAB_NOW, &e), -1);
	ASSERT_ERR_SAYS(e, "has no authentication string");
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "4 to 10 digits"));

	schedule(s, &o, "4712");
	o.auth = ORDER_BY_NULL;
	schedule(s, &o, NULL);
	CU_ASSERT_STRING_EQUAL(string_of(s), "");
	CU_ASSERT_FALSE(get(s, PHONE).has_string);
	store_close(s);
}

static void
keys_that_no_phone_makes_are_refused(void)
{
	static const int rsa[] = { 0, -1, 256, 511, 513, 768, 1023, 2047, 2049, 8192, INT_MAX };
	static const int ec[] = { 0, -1, 224, 255, 257, 512, 520, 522, 1024, INT_MAX };
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);

	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++) {
		o.rsa_bits = rsa[i];
		o.ec_bits = 384;
		o.keys = ORDER_RSA;
		refused(s, &o, NULL, "an RSA key of");
		o.keys = ORDER_EC_THEN_RSA;
		refused(s, &o, NULL, "an RSA key of");
	}
	for (size_t i = 0; i < sizeof(ec) / sizeof(ec[0]); i++) {
		o.rsa_bits = 2048;
		o.ec_bits = ec[i];
		o.keys = ORDER_EC;
		refused(s, &o, NULL, "an EC key of");
		o.keys = ORDER_EC_THEN_RSA;
		refused(s, &o, NULL, "an EC key of");
	}
	store_close(s);
}

static void
sizes_of_keys_not_asked_for_do_not_matter(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);

	o.ec_bits = 17;
	schedule(s, &o, NULL);
	CU_ASSERT_EQUAL(get(s, PHONE).ec_bits, 0);
	o.keys = ORDER_EC;
	o.rsa_bits = 17;
	o.ec_bits = 256;
	schedule(s, &o, NULL);
	CU_ASSERT_EQUAL(get(s, PHONE).rsa_bits, 0);
	CU_ASSERT_EQUAL(get(s, PHONE).ec_bits, 256);
	store_close(s);
}

static void
what_contradicts_itself_is_refused(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);

	o.completes_by = LAB_NOW;
	refused(s, &o, NULL, "complete before it begins");
	o.completes_by = LAB_NOW - DAY;
	refused(s, &o, NULL, "complete before it begins");
	o.completes_by = LAB_NOW + 1;
	schedule(s, &o, NULL);
	store_close(s);

	s = with_phone();
	o = install(ORDER_BY_NOTHING);
	refused(s, &o, NULL, "prove who it is");
	o.operation = ORDER_DELETE;
	refused(s, &o, NULL, "prove who it is");
	store_close(s);
}

static void
phone_that_is_not_known_gets_no_order(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);
	struct err e = { 0 };

	snprintf(o.phone, sizeof(o.phone), "SEP0011223344FF");
	CU_ASSERT_EQUAL(order_schedule(s, &o, NULL, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no phone SEP0011223344FF");
	o.operation = ORDER_NONE;
	CU_ASSERT_EQUAL(order_schedule(s, &o, NULL, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	store_close(s);
}

static void
order_taken_back_leaves_the_key_setting(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_STRING), none = { .phone = PHONE };

	o.keys = ORDER_EC;
	o.ec_bits = 521;
	schedule(s, &o, "1234");
	schedule(s, &none, NULL);
	o = get(s, PHONE);
	CU_ASSERT_EQUAL(o.operation, ORDER_NONE);
	CU_ASSERT_EQUAL(o.status, STATUS_NONE);
	CU_ASSERT_EQUAL(o.keys, ORDER_EC);
	CU_ASSERT_EQUAL(o.ec_bits, 521);
	CU_ASSERT_EQUAL(o.completes_by, 0);
	CU_ASSERT_FALSE(o.has_string);
	CU_ASSERT_EQUAL(stamp(s), 2);
	/* Nor does an order say anything of keys that makes none. */
	none.operation = ORDER_DELETE;
	none.auth = ORDER_BY_LSC;
	none.completes_by = LATER;
	schedule(s, &none, NULL);
	CU_ASSERT_EQUAL(get(s, PHONE).operation, ORDER_DELETE);
	CU_ASSERT_EQUAL(get(s, PHONE).ec_bits, 521);
	store_close(s);
}

static void
order_goes_with_its_phone(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_STRING);
	struct err e = { 0 };

	schedule(s, &o, "1234");
	CU_ASSERT_EQUAL(device_delete(s, PHONE, &e), 0);
	CU_ASSERT_EQUAL(order_get(s, PHONE, &o, &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	add_phone(s, PHONE);
	CU_ASSERT_EQUAL(order_get(s, PHONE, &o, &e), 0);
	store_close(s);
}

static void
made_strings_are_ten_digits_and_differ(void)
{
	char a[ORDER_STRING_MAX + 1], b[ORDER_STRING_MAX + 1];
	unsigned seen[10] = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_make_string(a, &e), 0);
	for (int i = 0; i < 200; i++) {
		CU_ASSERT_EQUAL(order_make_string(b, &e), 0);
		CU_ASSERT_EQUAL(strlen(b), ORDER_STRING_MAX);
		CU_ASSERT_EQUAL(strspn(b, "0123456789"), ORDER_STRING_MAX);
		CU_ASSERT_STRING_NOT_EQUAL(a, b);
		for (const char *p = b; *p != '\0'; p++)
			seen[*p - '0']++;
	}
	for (int i = 0; i < 10; i++) /* 200 expected of each; 100 is out by more than 7 sigma */
		CU_ASSERT_TRUE(seen[i] > 100);
}

/* What a newer program wrote is not taken for something else. */
static void
order_that_we_do_not_know_is_an_error(void)
{
	static const char *const strange[] = { "UPDATE capf_order SET operation = 4",
		"UPDATE capf_order SET operation = -1", "UPDATE capf_order SET last = 4",
		"UPDATE capf_order SET auth = 5", "UPDATE capf_order SET key_order = 3",
		"UPDATE capf_order SET status = 16", "UPDATE capf_order SET status = 4294967296" };
	struct order o, *all;
	struct err e = { 0 };
	size_t n;

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct store *s = with_phone();

		o = install(ORDER_BY_NULL);
		schedule(s, &o, NULL);
		lab_do(s, strange[i]);
		CU_ASSERT_EQUAL(order_get(s, PHONE, &o, &e), -1);
		ASSERT_ERR_SAYS(e, "is none we know");
		CU_ASSERT_EQUAL(order_list(s, &all, &n, &e), -1);
		CU_ASSERT_PTR_NULL(all);
		store_close(s);
	}
}

/* ---- the authentication string ---- */

static enum order_string_verdict
try_at(struct store *s, const char *string, int64_t now)
{
	enum order_string_verdict verdict = STRING_RIGHT;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(order_try_string(s, PHONE, string, now, &verdict, &e), 0);
	return verdict;
}

static struct store *
with_string(const char *string)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_STRING);

	schedule(s, &o, string);
	return s;
}

static void
right_string_is_right_and_nothing_else(void)
{
	static const char *const wrong[] = { "", "1", "123456789", "12345678901", "1234567891",
		"0234567890", "1234567890 ", " 1234567890" };
	struct store *s = with_string("1234567890");
	char longest[200];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(try_at(s, wrong[i], LAB_NOW), STRING_WRONG);
	memset(longest, '1', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CU_ASSERT_EQUAL(try_at(s, longest, LAB_NOW), STRING_WRONG);
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, 9);
	CU_ASSERT_EQUAL(try_at(s, "1234567890", LAB_NOW), STRING_RIGHT);
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, 0);
	store_close(s);
}

static int64_t
writes(struct store *s)
{
	return lab_int(s, "SELECT total_changes()");
}

static void
only_a_try_that_counts_is_written(void)
{
	struct store *s = with_string("1234");
	int64_t generation = store_generation(s), was = writes(s);

	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	CU_ASSERT_EQUAL(writes(s), was);
	CU_ASSERT_EQUAL(try_at(s, "1235", LAB_NOW), STRING_WRONG);
	CU_ASSERT_EQUAL(writes(s), was + 1);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	CU_ASSERT_EQUAL(writes(s), was + 2);
	/* Nobody's cache depends on it. */
	CU_ASSERT_EQUAL(store_generation(s), generation);
	store_close(s);
}

static void
ten_wrong_strings_lock_for_ten_minutes(void)
{
	struct store *s = with_string("1234");
	int64_t was;

	for (int i = 0; i < ORDER_WRONG_MAX; i++)
		CU_ASSERT_EQUAL(try_at(s, "4321", LAB_NOW + i), STRING_WRONG);
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, ORDER_WRONG_MAX);
	CU_ASSERT_EQUAL(get(s, PHONE).locked_until, LAB_NOW + 9 + ORDER_LOCK_SECONDS);

	/* Whatever it says; and what it says does not make it longer. */
	was = writes(s);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW + 9), STRING_LOCKED);
	CU_ASSERT_EQUAL(try_at(s, "4321", LAB_NOW + 100), STRING_LOCKED);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW + 9 + 599), STRING_LOCKED);
	CU_ASSERT_EQUAL(writes(s), was);

	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW + 9 + 600), STRING_RIGHT);
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, 0);
	CU_ASSERT_EQUAL(get(s, PHONE).locked_until, 0);
	store_close(s);
}

static void
after_the_lock_the_count_starts_anew(void)
{
	struct store *s = with_string("1234");
	int64_t now = LAB_NOW;

	for (int i = 0; i < ORDER_WRONG_MAX; i++)
		CU_ASSERT_EQUAL(try_at(s, "4321", now), STRING_WRONG);
	now += ORDER_LOCK_SECONDS;
	for (int i = 1; i < ORDER_WRONG_MAX; i++) {
		CU_ASSERT_EQUAL(try_at(s, "4321", now), STRING_WRONG);
		CU_ASSERT_EQUAL(get(s, PHONE).wrong, i);
		CU_ASSERT_EQUAL(get(s, PHONE).locked_until, 0);
	}
	CU_ASSERT_EQUAL(try_at(s, "4321", now), STRING_WRONG);
	CU_ASSERT_EQUAL(try_at(s, "1234", now), STRING_LOCKED);
	store_close(s);
}

static void
right_string_sets_the_count_back(void)
{
	struct store *s = with_string("1234");

	for (int round = 0; round < 3; round++) {
		for (int i = 1; i < ORDER_WRONG_MAX; i++)
			CU_ASSERT_EQUAL(try_at(s, "4321", LAB_NOW), STRING_WRONG);
		CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	}
	store_close(s);
}

static void
new_order_lifts_the_lock(void)
{
	struct store *s = with_string("1234");
	struct order o = install(ORDER_BY_STRING);

	for (int i = 0; i < ORDER_WRONG_MAX; i++)
		try_at(s, "4321", LAB_NOW);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_LOCKED);
	schedule(s, &o, NULL);
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, 0);
	CU_ASSERT_EQUAL(get(s, PHONE).locked_until, 0);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	store_close(s);
}

static void
clock_set_back_does_not_lock_for_longer(void)
{
	struct store *s = with_string("1234");

	for (int i = 0; i < ORDER_WRONG_MAX; i++)
		try_at(s, "4321", LAB_NOW + 365 * DAY);
	CU_ASSERT_EQUAL(try_at(s, "1234", LAB_NOW), STRING_RIGHT);
	store_close(s);
}

/* The empty one least of all. */
static void
where_there_is_no_string_none_is_right(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);
	enum order_string_verdict verdict = STRING_RIGHT;
	struct err e = { 0 };
	int64_t was;

	CU_ASSERT_EQUAL(try_at(s, "", LAB_NOW), STRING_WRONG);
	schedule(s, &o, NULL);
	was = writes(s);
	for (int i = 0; i <= ORDER_WRONG_MAX; i++)
		CU_ASSERT_EQUAL(try_at(s, "", LAB_NOW), STRING_WRONG);
	CU_ASSERT_EQUAL(writes(s), was);
	CU_ASSERT_EQUAL(order_try_string(s, "SEP000000000000", "", LAB_NOW, &verdict, &e), 0);
	CU_ASSERT_EQUAL(verdict, STRING_WRONG);
	store_close(s);
}

/* A right one that could not be counted would be a way around the lock. */
static void
try_that_cannot_be_written_is_wrong(void)
{
	struct store *s = with_string("1234");
	enum order_string_verdict verdict;
	struct err e = { 0 };

	try_at(s, "4321", LAB_NOW);
	lab_int(s, "PRAGMA query_only = 1");
	CU_ASSERT_EQUAL(order_try_string(s, PHONE, "1234", LAB_NOW, &verdict, &e), -1);
	CU_ASSERT_EQUAL(verdict, STRING_WRONG);
	lab_int(s, "PRAGMA query_only = 0");
	CU_ASSERT_EQUAL(get(s, PHONE).wrong, 1);
	store_close(s);
}

/* ---- how it ended ---- */

static void
order_that_is_done_is_pending_no_more(void)
{
	struct store *s = with_string("1234");
	int64_t generation, was;
	struct err e = { 0 };
	struct order o;

	try_at(s, "4321", LAB_NOW);
	generation = store_generation(s);
	was = stamp(s);
	CU_ASSERT_EQUAL(order_done(s, PHONE, LAB_NOW + 5, &e), 0);
	o = get(s, PHONE);
	CU_ASSERT_EQUAL(o.operation, ORDER_NONE);
	CU_ASSERT_EQUAL(o.last, ORDER_INSTALL);
	CU_ASSERT_EQUAL(o.status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(o.status_at, LAB_NOW + 5);
	CU_ASSERT_FALSE(o.has_string);
	CU_ASSERT_EQUAL(o.wrong, 0);
	CU_ASSERT_EQUAL(o.rsa_bits, 2048);
	CU_ASSERT_EQUAL(stamp(s), was + 1);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);

	/* Once more is nothing: nor when there never was one. */
	CU_ASSERT_EQUAL(order_done(s, PHONE, LAB_NOW + 9, &e), 0);
	CU_ASSERT_EQUAL(get(s, PHONE).status_at, LAB_NOW + 5);
	CU_ASSERT_EQUAL(order_done(s, "SEP000000000000", LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(stamp(s), was + 1);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	store_close(s);
}

static void
order_that_failed_can_be_run_again(void)
{
	struct store *s = with_string("1234");
	int64_t generation = store_generation(s), was = stamp(s);
	struct err e = { 0 };
	struct order o;

	for (int i = STATUS_FAILED; i <= STATUS_WAITS_FOR_CA; i++) {
		if (i == STATUS_LATE)
			continue;
		CU_ASSERT_EQUAL(order_failed(s, PHONE, (enum order_status)i, LAB_NOW + i, &e), 0);
		o = get(s, PHONE);
		CU_ASSERT_EQUAL(o.operation, ORDER_INSTALL);
		CU_ASSERT_EQUAL((int)o.status, i);
		CU_ASSERT_EQUAL(o.status_at, LAB_NOW + i);
		CU_ASSERT_TRUE(o.has_string);
	}
	/* A stranger who fails on purpose makes nobody work. */
	CU_ASSERT_EQUAL(stamp(s), was);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	store_close(s);
}

static void
order_that_is_late_is_over(void)
{
	struct store *s = with_string("1234");
	int64_t was = stamp(s);
	struct err e = { 0 };
	struct order o;

	CU_ASSERT_EQUAL(order_failed(s, PHONE, STATUS_LATE, LATER + 1, &e), 0);
	o = get(s, PHONE);
	CU_ASSERT_EQUAL(o.operation, ORDER_NONE);
	CU_ASSERT_EQUAL(o.last, ORDER_INSTALL);
	CU_ASSERT_EQUAL(o.status, STATUS_LATE);
	CU_ASSERT_FALSE(o.has_string);
	CU_ASSERT_EQUAL(stamp(s), was + 1);
	/* Nothing is pending: then nothing can fail. */
	CU_ASSERT_EQUAL(order_failed(s, PHONE, STATUS_FAILED, LATER + 2, &e), 0);
	CU_ASSERT_EQUAL(get(s, PHONE).status, STATUS_LATE);
	CU_ASSERT_EQUAL(order_failed(s, "SEP000000000000", STATUS_FAILED, LATER, &e), 0);
	store_close(s);
}

/* ---- renewal ---- */

/* A phone that holds an LSC valid from LAB_NOW for a day. */
static void
holds(struct store *s, const char *phone, unsigned serial)
{
	struct cert *c = lab_made_by_hand(phone, serial, 0);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(lsc_issue(s, phone, c, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(lsc_stored(s, phone, c, LAB_NOW, &e), 0);
	cert_free(c);
}

static size_t
renewed(struct store *s, int percent, int64_t now)
{
	struct err e = { 0 };
	size_t n = 99;

	CU_ASSERT_EQUAL(order_renew(s, percent, now, &n, &e), 0);
	return n;
}

static void
lsc_is_renewed_after_its_percentage(void)
{
	struct store *s = with_phone();
	int64_t half = LAB_NOW + DAY / 2, generation;
	struct order o;

	holds(s, PHONE, 1);
	generation = store_generation(s);
	CU_ASSERT_EQUAL(renewed(s, 0, half + 1), 0);
	CU_ASSERT_EQUAL(renewed(s, -5, half + 1), 0);
	CU_ASSERT_EQUAL(renewed(s, 50, half), 0);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	CU_ASSERT_EQUAL(renewed(s, 50, half + 1), 1);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	o = get(s, PHONE);
	CU_ASSERT_EQUAL(o.operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(o.auth, ORDER_BY_LSC);
	CU_ASSERT_EQUAL(o.status, STATUS_PENDING);
	CU_ASSERT_EQUAL(o.rsa_bits, 2048);
	CU_ASSERT_EQUAL(o.made, half + 1);
	CU_ASSERT_EQUAL(o.completes_by, half + 1 + 10 * DAY);
	CU_ASSERT_EQUAL(stamp(s), 1);
	/* Now it is pending. */
	CU_ASSERT_EQUAL(renewed(s, 50, half + 2), 0);
	CU_ASSERT_EQUAL(store_generation(s), generation + 1);
	store_close(s);
}

static void
renewal_asks_for_the_keys_of_the_last_order(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);
	struct err e = { 0 };
	bool changed;

	CU_ASSERT_EQUAL(
	    param_set(s, param_find(PARAM_ORDER_DAYS, &e), "30", "me", LAB_NOW, &changed, &e), 0);
	o.keys = ORDER_EC_THEN_RSA;
	o.rsa_bits = 3072;
	o.ec_bits = 384;
	schedule(s, &o, NULL);
	holds(s, PHONE, 1); /* which is what was ordered */
	CU_ASSERT_EQUAL(get(s, PHONE).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(renewed(s, 1, LAB_NOW + DAY / 2), 1);
	o = get(s, PHONE);
	CU_ASSERT_EQUAL(o.auth, ORDER_BY_LSC);
	CU_ASSERT_EQUAL(o.keys, ORDER_EC_THEN_RSA);
	CU_ASSERT_EQUAL(o.rsa_bits, 3072);
	CU_ASSERT_EQUAL(o.ec_bits, 384);
	CU_ASSERT_EQUAL(o.completes_by, LAB_NOW + DAY / 2 + 30 * DAY);
	store_close(s);
}

static void
only_who_holds_one_that_is_valid_is_renewed(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct cert *c = lab_made_by_hand("issued", 7, 0);
	char name[DEVICE_NAME_MAX];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "SEP%012X", i);
		add_phone(s, name);
		if (i < 90)
			holds(s, name, 100 + i);
	}
	/* One was issued its first only; one holds none any more; one is gone. */
	CU_ASSERT_EQUAL(lsc_issue(s, name, c, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(lsc_deleted(s, "SEP000000000000", LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(device_delete(s, "SEP000000000001", &e), 0);
	/* One that has run out proves nothing. */
	CU_ASSERT_EQUAL(renewed(s, 50, LAB_NOW + DAY), 0);
	CU_ASSERT_EQUAL(renewed(s, 50, LAB_NOW + DAY - 1), 88);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order WHERE operation = 1"), 88);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order WHERE phone IN "
				   "('SEP000000000000', 'SEP000000000001', 'SEP000000000063')"),
	    0);
	cert_free(c);
	store_close(s);
}

/* What somebody ordered stands. */
static void
pending_order_is_not_touched_by_renewal(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_MIC);

	holds(s, PHONE, 1);
	o.operation = ORDER_TROUBLESHOOT;
	schedule(s, &o, NULL);
	CU_ASSERT_EQUAL(renewed(s, 1, LAB_NOW + DAY / 2), 0);
	CU_ASSERT_EQUAL(get(s, PHONE).operation, ORDER_TROUBLESHOOT);
	CU_ASSERT_EQUAL(get(s, PHONE).auth, ORDER_BY_MIC);
	store_close(s);
}

static void
orders_are_counted_by_status(void)
{
	struct store *s = with_phone();
	struct order o = install(ORDER_BY_NULL);
	size_t n[ORDER_STATUSES];
	struct err e = { 0 };

	add_phone(s, "SEP001122334466");
	add_phone(s, "SEP001122334477");
	CU_ASSERT_EQUAL(order_count(s, n, &e), 0);
	for (int i = 0; i < ORDER_STATUSES; i++)
		CU_ASSERT_EQUAL(n[i], 0);
	schedule(s, &o, NULL);
	snprintf(o.phone, sizeof(o.phone), "SEP001122334466");
	schedule(s, &o, NULL);
	CU_ASSERT_EQUAL(order_failed(s, PHONE, STATUS_WAITS_FOR_CA, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(order_count(s, n, &e), 0);
	CU_ASSERT_EQUAL(n[STATUS_PENDING], 1);
	CU_ASSERT_EQUAL(n[STATUS_WAITS_FOR_CA], 1);
	CU_ASSERT_EQUAL(n[STATUS_SUCCESS], 0);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "words come back as they went", words_come_back_as_they_went },
	{ "words that are none are refused", words_that_are_none_are_refused },
	{ "key words say kind and size", key_words_say_kind_and_size },
	{ "key words that are none are refused", key_words_that_are_none_are_refused },
	{ "status is told as CUCM does", status_is_told_as_cucm_does },
	{ "phone without an order has the usual settings",
	    phone_without_an_order_has_the_usual_settings },
	{ "order comes back as it went", order_comes_back_as_it_went },
	{ "orders are listed by phone", orders_are_listed_by_phone },
	{ "strings of four to ten digits alone are taken",
	    strings_of_four_to_ten_digits_alone_are_taken },
	{ "string belongs to authentication by string",
	    string_belongs_to_authentication_by_string },
	{ "string is kept until it is used up or not wanted",
	    string_is_kept_until_it_is_used_up_or_not_wanted },
	{ "keys that no phone makes are refused", keys_that_no_phone_makes_are_refused },
	{ "sizes of keys not asked for do not matter", sizes_of_keys_not_asked_for_do_not_matter },
	{ "what contradicts itself is refused", what_contradicts_itself_is_refused },
	{ "phone that is not known gets no order", phone_that_is_not_known_gets_no_order },
	{ "order taken back leaves the key setting", order_taken_back_leaves_the_key_setting },
	{ "order goes with its phone", order_goes_with_its_phone },
	{ "made strings are ten digits and differ", made_strings_are_ten_digits_and_differ },
	{ "order that we do not know is an error", order_that_we_do_not_know_is_an_error },
	{ "right string is right and nothing else", right_string_is_right_and_nothing_else },
	{ "only a try that counts is written", only_a_try_that_counts_is_written },
	{ "ten wrong strings lock for ten minutes", ten_wrong_strings_lock_for_ten_minutes },
	{ "after the lock the count starts anew", after_the_lock_the_count_starts_anew },
	{ "right string sets the count back", right_string_sets_the_count_back },
	{ "new order lifts the lock", new_order_lifts_the_lock },
	{ "clock set back does not lock for longer", clock_set_back_does_not_lock_for_longer },
	{ "where there is no string none is right", where_there_is_no_string_none_is_right },
	{ "try that cannot be written is wrong", try_that_cannot_be_written_is_wrong },
	{ "order that is done is pending no more", order_that_is_done_is_pending_no_more },
	{ "order that failed can be run again", order_that_failed_can_be_run_again },
	{ "order that is late is over", order_that_is_late_is_over },
	{ "LSC is renewed after its percentage", lsc_is_renewed_after_its_percentage },
	{ "renewal asks for the keys of the last order",
	    renewal_asks_for_the_keys_of_the_last_order },
	{ "only who holds one that is valid is renewed",
	    only_who_holds_one_that_is_valid_is_renewed },
	{ "pending order is not touched by renewal", pending_order_is_not_touched_by_renewal },
	{ "orders are counted by status", orders_are_counted_by_status },
};

SUITE_MAIN("trust/order", tests)
