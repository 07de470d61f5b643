#include <string.h>

#include "tests/support/suite.h"
#include "tests/support/testkey.h"
#include "trust/sgn.h"

static struct testkey *key;

static struct wr
wrapped(enum layout layout, const char *payload)
{
	struct sgn_plan plan = { layout, DIGEST_SHA1, "SEP001122334455.cnf.xml.sgn", 1424792265 };
	struct signer signer = testkey_signer(key);
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(sgn_wrap(&plan, bytes_of(payload), &signer, &w, &e), 0);
	return w;
}

static void
what_is_wrapped_is_unwrapped(void)
{
	static const char *const payload[] = { "", "x", "<device></device>\n" };

	for (int layout = LAYOUT_CISCO; layout <= LAYOUT_COMPAT; layout++)
		for (size_t i = 0; i < 3; i++) {
			struct wr w = wrapped((enum layout)layout, payload[i]);
			struct err e = { 0 };
			struct sgn s;

			CU_ASSERT_EQUAL(sgn_unwrap(wr_view(&w), &s, &e), 0);
			CU_ASSERT(bytes_eq_text(s.payload, payload[i]));
			CU_ASSERT_STRING_EQUAL(s.head.filename, "SEP001122334455.cnf.xml.sgn");
			CU_ASSERT_EQUAL(s.head.timestamp, 1424792265);
			CU_ASSERT_FALSE(s.head.has_signer_version);
			CU_ASSERT_EQUAL(sgn_verify(&s, wr_view(&w), testkey_cert(key), &e), 0);
			wr_free(&w);
		}
}

static void
the_head_alone_goes_before_the_payload(void)
{
	struct sgn_plan plan = { LAYOUT_CISCO, DIGEST_SHA1, "SEP001122334455.cnf.xml.sgn",
		1424792265 };
	struct wr whole = wrapped(LAYOUT_CISCO, "payload"), head = { 0 };
	struct signer signer = testkey_signer(key);
	struct err e;

	CU_ASSERT_EQUAL(sgn_head(&plan, bytes_of("payload"), &signer, &head, &e), 0);
	wr_text(&head, "payload");
	CU_ASSERT(bytes_eq(wr_view(&head), wr_view(&whole)));
	wr_free(&whole);
	wr_free(&head);
}

static void
fails(struct bytes file, size_t n, void *ctx)
{
	struct err e = { 0 };
	struct sgn s;

	(void)n;
	(void)ctx;
	if (sgn_unwrap(file, &s, &e) == 0)
		CU_ASSERT_EQUAL(sgn_verify(&s, file, testkey_cert(key), &e), -1);
	CU_ASSERT(e.text[0] != '\0');
}

static void
every_cut_and_every_flipped_bit_is_noticed(void)
{
	struct wr w = wrapped(LAYOUT_CISCO, "<device></device>\n");

	each_cut(wr_view(&w), fails, NULL);
	each_flip(wr_view(&w), fails, NULL);
	wr_free(&w);
}

static void
a_plain_file_is_no_signed_one(void)
{
	struct sgn s;
	struct err e;

	CU_ASSERT_EQUAL(sgn_unwrap(bytes_of("<?xml version=\"1.0\"?>"), &s, &e), -1);
	ASSERT_ERR_SAYS(e, "header: does not start with VERSION and HEADERLENGTH");
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	CU_ASSERT_EQUAL(s.payload.n, 0);
}

static void
a_path_may_stand_for_the_file_name(void)
{
	struct wr w = suite_file("vectors/sgn/SEP58971ECC9702.cnf.xml.sgn");
	struct sgn s;

	CU_ASSERT_EQUAL(sgn_unwrap(wr_view(&w), &s, NULL), 0);
	CU_ASSERT_STRING_EQUAL(s.head.filename, "New_Zealand/g3-tones.xml.sgn");
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "what is wrapped is unwrapped", what_is_wrapped_is_unwrapped },
	{ "the head alone goes before the payload", the_head_alone_goes_before_the_payload },
	{ "every cut and every flipped bit is noticed",
	    every_cut_and_every_flipped_bit_is_noticed },
	{ "a plain file is no signed one", a_plain_file_is_no_signed_one },
	{ "a path may stand for the file name", a_path_may_stand_for_the_file_name },
};

int
main(void)
{
	int rc;

	key = testkey_load("vectors/certs/sast-512.pem");
	rc = suite_run("trust/sgn", tests, sizeof(tests) / sizeof(tests[0]));
	testkey_free(key);
	return rc;
}
