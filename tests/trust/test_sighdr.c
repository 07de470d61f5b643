#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tests/support/testkey.h"
#include "trust/sighdr.h"

static struct testkey *key;

static struct sighdr_plan
plan_of(enum sighdr_kind kind, enum layout layout)
{
	return (struct sighdr_plan){
		.kind = kind,
		.layout = layout,
		.digest = DIGEST_SHA1,
		.filename = "file",
		.timestamp = 1424792265,
	};
}

static struct wr
written(const struct sighdr_plan *plan, const char *body)
{
	struct signer signer = testkey_signer(key);
	struct wr w = { 0 };
	struct err e;

	if (sighdr_write(plan, bytes_of(body), &signer, &w, &e) != 0)
		fprintf(stderr, "\n%s\n", e.text);
	return w;
}

static void
what_is_written_is_read_back(void)
{
	for (int kind = SIGHDR_LIST; kind <= SIGHDR_SIGNED; kind++)
		for (int layout = LAYOUT_CISCO; layout <= LAYOUT_COMPAT; layout++) {
			struct sighdr_plan plan =
			    plan_of((enum sighdr_kind)kind, (enum layout)layout);
			struct wr w = written(&plan, "body");
			struct sighdr h;
			enum sighdr_kind is;
			struct err e;

			CU_ASSERT(sighdr_is(wr_view(&w), &is));
			CU_ASSERT(is == (enum sighdr_kind)kind);
			CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), is, &h, &e), 0);
			CU_ASSERT_EQUAL(h.length % 4, 0);
			CU_ASSERT_EQUAL(h.length + 4, w.n);
			CU_ASSERT_EQUAL(h.timestamp, 1424792265);
			CU_ASSERT_STRING_EQUAL(h.filename, "file");
			CU_ASSERT_EQUAL(h.digest, DIGEST_SHA1);
			CU_ASSERT_EQUAL(h.modulus, 0);
			CU_ASSERT(sighdr_names(&h, testkey_cert(key)));
			CU_ASSERT_EQUAL(sighdr_verify(&h, wr_view(&w), testkey_cert(key), &e), 0);
			wr_free(&w);
		}
}

/* Elements in an order that no writer we know has, signed all the same; extra goes in at the end.
 */
static struct wr
assembled(struct bytes before_serial, struct bytes extra)
{
	const struct cert *c = testkey_cert(key);
	struct signer signer = testkey_signer(key);
	struct wr head = { 0 }, tail = { 0 }, signature = { 0 };
	struct bytes part[2];
	size_t outer, inner;
	struct err e;

	wr_tlv_u16(&head, 1, 0x0100);
	wr_tlv_u16(&head, 2, 0);
	wr_tlv_u32(&head, 15, 7);
	wr_tlv_text(&head, 14, "file");
	outer = wr_open(&tail, 7);
	inner = wr_open(&tail, 9);
	wr_tlv_u8(&tail, 11, 0);
	wr_tlv_u8(&tail, 10, 0);
	wr_close(&tail, inner);
	wr_tlv_u8(&tail, 8, DIGEST_SHA1);
	wr_close(&tail, outer);
	outer = wr_open(&tail, 3);
	wr_tlv_text(&tail, 6, cert_issuer(c, CERT_COMPAT));
	inner = wr_open(&tail, 5);
	wr_put(&tail, before_serial);
	wr_put(&tail, cert_serial(c));
	wr_close(&tail, inner);
	wr_tlv_text(&tail, 4, cert_subject(c, CERT_CISCO));
	wr_close(&tail, outer);
	wr_put(&tail, extra);
	wr_set_u16(&head, 8, (uint16_t)(head.n + 67 + tail.n));
	part[0] = wr_view(&head);
	part[1] = wr_view(&tail);
	if (signer.sign(signer.key, DIGEST_SHA1, part, 2, &signature, &e) != 0)
		CU_FAIL("not signed");
	wr_tlv(&head, 12, wr_view(&signature));
	wr_put(&head, wr_view(&tail));
	wr_free(&tail);
	wr_free(&signature);
	return head;
}

/* -1 and why; 0 when it decodes and verifies. */
static int
assembled_verdict(struct bytes extra, struct err *e)
{
	struct wr w = assembled(bytes_of(""), extra);
	struct sighdr h;
	int rc = sighdr_decode(wr_view(&w), SIGHDR_SIGNED, &h, e);

	if (rc == 0)
		rc = sighdr_verify(&h, wr_view(&w), testkey_cert(key), e);
	wr_free(&w);
	return rc;
}

static void
elements_may_stand_in_any_order(void)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(assembled_verdict(bytes_of(""), &e), 0);
	CU_ASSERT_EQUAL(assembled_verdict(bytes_of("\r\r\r\r\r\r\r\r\r\r\r"), &e), 0);
	CU_ASSERT_EQUAL(assembled_verdict(bytes_over("\x1c\0\2\1\1", 5), &e), 0);
}

static void
what_does_not_belong_is_refused(void)
{
	static const struct {
		const char *extra;
		size_t n;
		const char *says;
	} sample[] = {
		{ "\x0f\0\4\0\0\0\1", 7, "TIMESTAMP (tag 15): stands there twice" },
		{ "\x08\0\1\1", 4, "DIGESTALGORTITHM (tag 8): stands in the wrong place" },
		{ "\x0c\0\0", 3, "SIGNATURE (tag 12): stands there twice" },
		{ "\x10\0\0", 3, "ENCRYPTION (tag 16): no such element here" },
		{ "\x63\0\0", 3, "? (tag 99): no such element here" },
		{ "\x1c\0\1\1", 4, "SIGNERVERSION (tag 28): 1 bytes long, not 2" },
		{ "\r\r\0", 3, "byte 0x00 within the padding" },
		{ "\r\x1c\0\2\1\1", 6, "byte 0x1c within the padding" },
		{ "\x1c\0\3\1\1", 5, "does not fit into the 5 bytes left" },
		{ "\x1c", 1, "does not fit into the 1 bytes left" },
	};

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		struct bytes extra = bytes_over(sample[i].extra, sample[i].n);
		struct err e = { 0 };

		CU_ASSERT_EQUAL(assembled_verdict(extra, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
		ASSERT_ERR_SAYS(e, sample[i].says);
	}
}

static void
another_certificate_is_not_the_signer(void)
{
	struct testkey *other = testkey_load("vectors/certs/sast-1024.pem");
	struct sighdr_plan plan = plan_of(SIGHDR_SIGNED, LAYOUT_CISCO);
	struct wr w = written(&plan, "body");
	struct sighdr h;
	struct err e;

	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), SIGHDR_SIGNED, &h, &e), 0);
	CU_ASSERT_FALSE(sighdr_names(&h, testkey_cert(other)));
	CU_ASSERT_EQUAL(sighdr_verify(&h, wr_view(&w), testkey_cert(other), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, "which is not the certificate CN=d-sast-1024;");
	wr_free(&w);
	testkey_free(other);
}

static void
a_file_is_never_taken_for_a_list(void)
{
	struct sighdr_plan plan = plan_of(SIGHDR_SIGNED, LAYOUT_CISCO);
	struct wr w = written(&plan, "");
	struct sighdr h;
	struct err e;

	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), SIGHDR_LIST, &h, &e), -1);
	ASSERT_ERR_SAYS(e, "version 1.0 is not that of such a file");
	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), SIGHDR_ENCRYPTED, &h, &e), -1);
	CU_ASSERT_PTR_NULL(h.filename);
	wr_free(&w);
}

static void
signers_without_a_code_are_refused(void)
{
	static const char *const name[] = { "vectors/certs/sast-3072.pem",
		"vectors/certs/sast-ec.pem" };
	struct sighdr_plan plan = plan_of(SIGHDR_LIST, LAYOUT_CISCO);
	struct wr w = { 0 };
	struct err e;

	for (size_t i = 0; i < 2; i++) {
		struct testkey *k = testkey_load(name[i]);
		struct signer signer = testkey_signer(k);

		CU_ASSERT_EQUAL(sighdr_write(&plan, bytes_of(""), &signer, &w, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, "cannot sign: the format knows RSA keys of 512");
		testkey_free(k);
	}
	CU_ASSERT_EQUAL(w.n, 0);
}

static void
limits_of_the_header_are_kept(void)
{
	struct sighdr_plan plan = plan_of(SIGHDR_LIST, LAYOUT_CISCO);
	struct signer signer = testkey_signer(key);
	static char name[70000];
	struct wr w = { 0 };
	struct err e;

	memset(name, 'n', sizeof(name) - 1);
	plan.filename = name;
	CU_ASSERT_EQUAL(sighdr_write(&plan, bytes_of(""), &signer, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	name[65000] = '\0';
	CU_ASSERT_EQUAL(sighdr_write(&plan, bytes_of(""), &signer, &w, &e), 0);
	plan.digest = DIGEST_SHA256;
	CU_ASSERT_EQUAL(sighdr_write(&plan, bytes_of(""), &signer, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	wr_free(&w);
}

static int
sign_too_short(void *ctx, enum digest digest, const struct bytes *part, size_t parts,
    struct wr *out, struct err *e)
{
	(void)ctx;
	(void)digest;
	(void)part;
	(void)parts;
	(void)e;
	wr_u8(out, 0);
	return 0;
}

static void
a_signer_of_another_size_leaves_nothing_behind(void)
{
	struct sighdr_plan plan = plan_of(SIGHDR_LIST, LAYOUT_CISCO);
	struct signer signer = { .cert = testkey_cert(key), .sign = sign_too_short };
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(sighdr_write(&plan, bytes_of("body"), &signer, &w, &e), -1);
	ASSERT_ERR_SAYS(e, "the signer gave 1 bytes, not 64");
	CU_ASSERT_EQUAL(w.n, 0);
	wr_free(&w);
}

static void
a_sign_byte_before_the_serial_is_no_difference(void)
{
	struct wr w = assembled(bytes_over("\0", 1), bytes_of(""));
	struct sighdr h;
	struct err e;

	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), SIGHDR_SIGNED, &h, &e), 0);
	CU_ASSERT(sighdr_names(&h, testkey_cert(key)));
	wr_free(&w);
	w = assembled(bytes_over("\1", 1), bytes_of(""));
	CU_ASSERT_EQUAL(sighdr_decode(wr_view(&w), SIGHDR_SIGNED, &h, &e), 0);
	CU_ASSERT_FALSE(sighdr_names(&h, testkey_cert(key)));
	wr_free(&w);
}

static void
layouts_have_names(void)
{
	CU_ASSERT_EQUAL(layout_of("cisco"), LAYOUT_CISCO);
	CU_ASSERT_EQUAL(layout_of("Compat"), LAYOUT_COMPAT);
	CU_ASSERT_EQUAL(layout_of("other"), -1);
}

static const struct suite_test tests[] = {
	{ "what is written is read back", what_is_written_is_read_back },
	{ "elements may stand in any order", elements_may_stand_in_any_order },
	{ "what does not belong is refused", what_does_not_belong_is_refused },
	{ "another certificate is not the signer", another_certificate_is_not_the_signer },
	{ "a file is never taken for a list", a_file_is_never_taken_for_a_list },
	{ "signers without a code are refused", signers_without_a_code_are_refused },
	{ "limits of the header are kept", limits_of_the_header_are_kept },
	{ "a signer of another size leaves nothing behind",
	    a_signer_of_another_size_leaves_nothing_behind },
	{ "a sign byte before the serial is no difference",
	    a_sign_byte_before_the_serial_is_no_difference },
	{ "layouts have names", layouts_have_names },
};

int
main(void)
{
	int rc;

	key = testkey_load("vectors/certs/sast-512.pem");
	rc = suite_run("trust/sighdr", tests, sizeof(tests) / sizeof(tests[0]));
	testkey_free(key);
	return rc;
}
