#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tests/support/testkey.h"
#include "trust/role.h"
#include "trust/tlist.h"

/* Keys of the vectors, loaded once. */
static struct testkey *sast, *small, *smallest, *ccm, *capf, *tvs, *tvs_ec, *evil, *big;

static struct tlist *
decoded(struct bytes file)
{
	struct err e = { 0 };
	struct tlist *l = tlist_decode(file, &e);

	if (l == NULL)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	return l;
}

static struct tlist *
loaded(const char *name)
{
	struct wr w = suite_file(name);
	struct tlist *l = decoded(wr_view(&w));

	wr_free(&w);
	return l;
}

static struct tlist_want
want_of(unsigned role, const struct testkey *k, const char *dns)
{
	return (struct tlist_want){ .role = role,
		.cert = testkey_cert(k),
		.dns = dns,
		.address = { 10, 48, 47, 153 },
		.has_address = true };
}

static struct tlist_plan
plan_of(enum layout layout, const struct tlist_want *want, size_t n)
{
	return (struct tlist_plan){
		.layout = layout,
		.digest = DIGEST_SHA1,
		.filename = "ITLFile.tlv",
		.timestamp = 1424792265,
		.want = want,
		.n = n,
	};
}

static struct wr
encoded(const struct tlist_plan *plan, struct testkey *k)
{
	struct signer signer = testkey_signer(k);
	struct wr w = { 0 };
	struct err e = { 0 };

	if (tlist_encode(plan, &signer, &w, &e) != 0)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT(w.n > 0);
	return w;
}

/* The list again, from what it was made of. */
static void
comes_out_as(const char *name, struct tlist_plan plan, struct testkey *k)
{
	struct wr golden = suite_file(name), ours;
	struct tlist *l = decoded(wr_view(&golden));

	plan.timestamp = l->head.timestamp;
	plan.filename = l->head.filename;
	ours = encoded(&plan, k);
	if (!bytes_eq(wr_view(&golden), wr_view(&ours)))
		fprintf(stderr, "\n    %s comes out differently\n", name);
	CU_ASSERT(bytes_eq(wr_view(&golden), wr_view(&ours)));
	tlist_free(l);
	wr_free(&golden);
	wr_free(&ours);
}

static void
lists_in_ciscos_layout_come_out_byte_for_byte(void)
{
	struct tlist_want itl[] = {
		want_of(ROLE_SAST, sast, "cucm-d-pub"),
		want_of(ROLE_CCM_TFTP, ccm, "cucm-d-pub"),
		want_of(ROLE_CAPF, capf, "cucm-d-pub"),
		want_of(ROLE_TVS, tvs, ""),
	};
	struct tlist_want ctl[] = {
		want_of(ROLE_SAST, small, "cucm-d-pub"),
		want_of(ROLE_CCM_TFTP, small, "cucm-d-pub"),
	};
	struct tlist_plan plan = plan_of(LAYOUT_CISCO, itl, 4);

	comes_out_as("vectors/itl/cisco-itl-sha1.tlv", plan, sast);
	comes_out_as(
	    "vectors/itl/cisco-ctl-sha1-rsa1024.tlv", plan_of(LAYOUT_CISCO, ctl, 2), small);
	plan.digest = DIGEST_SHA512;
	plan.has_signer_version = true;
	plan.signer_version[0] = plan.signer_version[1] = 1;
	comes_out_as("vectors/itl/cisco-itl-sha512.tlv", plan, sast);
}

static void
rollback_lists_come_out_byte_for_byte(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, sast, "cucm-d-pub"),
		{ .role = ROLE_TFTP, .blank = true },
		{ .role = ROLE_TVS, .blank = true },
	};
	struct tlist_plan compat = plan_of(LAYOUT_COMPAT, want, 3);

	compat.has_signer_version = true;
	compat.signer_version[0] = 1;
	comes_out_as("vectors/itl/rollback-blank-peerorder.tlv", compat, sast);
	for (size_t i = 1; i < 3; i++) {
		want[i] = want_of(want[i].role, tvs, "cucm-d-pub");
		want[i].blank = true;
	}
	comes_out_as(
	    "vectors/itl/rollback-blank-tvs-tftp.tlv", plan_of(LAYOUT_CISCO, want, 3), sast);
}

static void
is_as_wanted(const struct tlist_record *r, const struct tlist_want *want)
{
	CU_ASSERT_EQUAL(r->role, want->role);
	CU_ASSERT_EQUAL(tlist_is_blank(r), want->blank);
	if (!want->blank) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(r->cert);
		CU_ASSERT(cert_eq(r->cert, want->cert));
	}
}

static void
what_is_encoded_is_decoded(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, small, "cucm-d-pub"),
		want_of(ROLE_TVS, tvs_ec, ""),
		want_of(ROLE_CAPF, capf, NULL),
		{ .role = ROLE_TFTP, .blank = true, .dns = "10.48.47.153" },
	};

	for (int layout = LAYOUT_CISCO; layout <= LAYOUT_COMPAT; layout++) {
		struct tlist_plan plan = plan_of((enum layout)layout, want, 4);
		struct wr w = encoded(&plan, small);
		struct tlist *l = decoded(wr_view(&w));
		struct err e;

		CU_ASSERT_EQUAL(l->n, 4);
		for (size_t i = 0; i < l->n; i++)
			is_as_wanted(&l->record[i], &want[i]);
		CU_ASSERT_EQUAL(tlist_verify(l, testkey_cert(small), &e), 0);
		CU_ASSERT_EQUAL(tlist_verify_self(l, &e), 0);
		CU_ASSERT_PTR_EQUAL(tlist_signer(l), &l->record[0]);
		tlist_free(l);
		wr_free(&w);
	}
}

static void
questions_about_a_list(void)
{
	struct tlist *itl = loaded("vectors/itl/itl-full-sha1-v10.tlv");
	struct tlist *ctl = loaded("vectors/itl/ctl-sha1-v10.tlv");
	struct tlist *empty = loaded("vectors/itl/rollback-blank-tvs-tftp.tlv");
	struct tlist *hashes = loaded("vectors/itl/cisco-itl-certhash.tlv");

	CU_ASSERT_FALSE(tlist_is_ctl(itl));
	CU_ASSERT(tlist_is_ctl(ctl));
	CU_ASSERT(tlist_has_role(itl, ROLE_TVS));
	CU_ASSERT_FALSE(tlist_has_role(ctl, ROLE_TVS));
	CU_ASSERT_FALSE(tlist_has_role(empty, ROLE_TVS));
	CU_ASSERT(tlist_has_role(hashes, ROLE_TVS));
	CU_ASSERT_FALSE(tlist_has_empty_tftp(itl));
	CU_ASSERT_FALSE(tlist_has_empty_tftp(ctl));
	CU_ASSERT(tlist_has_empty_tftp(empty));
	tlist_free(itl);
	tlist_free(ctl);
	tlist_free(empty);
	tlist_free(hashes);
}

static void
fails(struct bytes file, const struct testkey *trusted)
{
	struct err e;
	struct tlist *l = tlist_decode(file, &e);

	if (l != NULL)
		CU_ASSERT_EQUAL(tlist_verify(l, testkey_cert(trusted), &e), -1);
	CU_ASSERT(e.text[0] != '\0');
	tlist_free(l);
}

static void
cut_fails(struct bytes cut, size_t n, void *ctx)
{
	(void)n;
	fails(cut, ctx);
}

static void
flip_fails(struct bytes flipped, size_t bit, void *ctx)
{
	(void)bit;
	fails(flipped, ctx);
}

/* Of a list with two certificates one bit of each byte will do: they take half a minute. */
static void
one_flip_a_byte_fails(struct bytes flipped, size_t bit, void *ctx)
{
	if (bit % 8 == bit / 8 % 8)
		fails(flipped, ctx);
}

static void
every_cut_and_every_flipped_bit_is_noticed(void)
{
	struct wr two = suite_file("vectors/itl/base-small.tlv");
	struct wr one = suite_file("vectors/itl/itl-rsa512-sha1.tlv");

	each_cut(wr_view(&two), cut_fails, small);
	each_flip(wr_view(&two), one_flip_a_byte_fails, small);
	each_cut(wr_view(&one), cut_fails, smallest);
	each_flip(wr_view(&one), flip_fails, smallest);
	wr_free(&two);
	wr_free(&one);
}

/* A list with these bytes for records, signed by small. */
static struct wr
with_records(struct bytes records)
{
	struct signer signer = testkey_signer(small);
	struct sighdr_plan plan = {
		.kind = SIGHDR_LIST,
		.layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = "ITLFile.tlv",
	};
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(sighdr_write(&plan, records, &signer, &w, &e), 0);
	return w;
}

static struct wr
record_of(struct bytes elements)
{
	struct wr w = { 0 };

	wr_tlv_u16(&w, 1, (uint16_t)(elements.n + 5));
	wr_put(&w, elements);
	return w;
}

static void
one_record(const char *elements, size_t n, const char *says)
{
	struct wr record = record_of(bytes_over(elements, n));
	struct wr file = with_records(wr_view(&record));
	struct err e = { 0 };
	struct tlist *l = tlist_decode(wr_view(&file), &e);

	if (says == NULL) {
		CU_ASSERT_PTR_NOT_NULL(l);
	} else {
		CU_ASSERT_PTR_NULL(l);
		ASSERT_ERR_SAYS(e, says);
		ASSERT_ERR_SAYS(e, "record 1 of ITLFile.tlv: ");
		CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	}
	tlist_free(l);
	wr_free(&record);
	wr_free(&file);
}

static void
errors_name_record_and_element(void)
{
	static const struct {
		const char *elements;
		size_t n;
		const char *says;
	} sample[] = {
		{ "\4\0\2\0\3", 5, NULL },
		{ "", 0, "FUNCTION (tag 4) is missing" },
		{ "\4\0\1\3", 4, "FUNCTION (tag 4): 1 bytes long, not 2" },
		{ "\4\0\2\0\3\4\0\2\0\3", 10, "FUNCTION (tag 4): stands there twice" },
		{ "\4\0\2\0\3\1\0\2\0\3", 10, "RECORDLENGTH (tag 1): stands there twice" },
		{ "\3\0\2ab\4\0\2\0\3", 10, "SUBJECTNAME (tag 3): text without a NUL at its end" },
		{ "\5\0\3a\0\0\4\0\2\0\3", 11, "ISSUERNAME (tag 5): text with a NUL inside" },
		{ "\5\0\2\xff\0\4\0\2\0\3", 10, "ISSUERNAME (tag 5): text that is not UTF-8" },
		{ "\11\0\0\4\0\2\0\3", 8, "CERTIFICATE (tag 9): no bytes" },
		{ "\11\0\2\x30\0\4\0\2\0\3", 10, "CERTIFICATE (tag 9): certificate: not one" },
		{ "\12\0\3\1\2\3\4\0\2\0\3", 11, "IPADDRESS (tag 10): 3 bytes long, not 4 or 16" },
		{ "\12\0\4\1\2\3\4\4\0\2\0\3", 12, NULL },
		{ "\13\0\2xx\14\0\1\1\4\0\2\0\3", 14, "CERTIFICATEHASH (tag 11): 2 bytes do not" },
		{ "\14\0\1\1\4\0\2\0\3", 9, "CERTIFICATEHASH (tag 11): 0 bytes do not" },
		{ "\13\0\0\14\0\1\0\4\0\2\0\3", 12, "CERTIFICATEHASH (tag 11): 0 bytes do not" },
		{ "\15\0\0\4\0\2\0\3", 8, "? (tag 13): no such element in a record" },
		{ "\4\0\2\0\3\2\0\5a", 9, "the element at byte 10 of it does not fit into the 4" },
		{ "\2\0\2\0\0\4\0\2\0\3", 10, NULL }, /* "DNSNAME 2", release 8 */
		{ "\2\0\0\4\0\2\0\3", 8, "DNSNAME (tag 2): text without a NUL" },
	};

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++)
		one_record(sample[i].elements, sample[i].n, sample[i].says);
}

static void
elements_that_are_not_the_certificates_are_refused(void)
{
	static const struct {
		unsigned tag;
		const char *says;
	} sample[] = {
		{ 3, "SUBJECTNAME (tag 3): not that of the certificate in the record" },
		{ 5, "ISSUERNAME (tag 5): not that of the certificate in the record" },
		{ 6, "SERIALNUMBER (tag 6): not that of the certificate in the record" },
		{ 7, "PUBLICKEY (tag 7): not that of the certificate in the record" },
		{ 8, "SIGNATURE (tag 8): not that of the certificate in the record" },
	};

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		struct wr w = { 0 };

		wr_tlv_u16(&w, 4, ROLE_TVS);
		wr_tlv(&w, 9, cert_der(testkey_cert(tvs)));
		wr_tlv_text(&w, (uint8_t)sample[i].tag, "x");
		one_record((const char *)w.p, w.n, sample[i].says);
		wr_free(&w);
	}
}

static void
a_hash_beside_a_certificate_must_be_its(void)
{
	struct wr w = { 0 };

	wr_tlv_u16(&w, 4, ROLE_TVS);
	wr_tlv(&w, 9, cert_der(testkey_cert(tvs)));
	wr_tlv(&w, 11, cert_sha1(testkey_cert(tvs)));
	wr_tlv_u8(&w, 12, DIGEST_SHA1);
	one_record((const char *)w.p, w.n, NULL);
	w.p[w.n - 5] ^= 1;
	one_record((const char *)w.p, w.n, "CERTIFICATEHASH (tag 11): not that of the certificate");
	wr_free(&w);
}

static void
elements_of_a_record_may_stand_in_any_order(void)
{
	const struct cert *c = testkey_cert(small);
	struct wr elements = { 0 }, record, file;
	struct tlist *l;
	struct err e;

	wr_tlv(&elements, 9, cert_der(c));
	wr_tlv(&elements, 8, cert_signature(c));
	wr_tlv(&elements, 7, cert_public_key(c));
	wr_tlv(&elements, 6, cert_serial(c));
	wr_tlv_text(&elements, 5, cert_issuer(c, CERT_COMPAT));
	wr_tlv_u16(&elements, 4, ROLE_SAST);
	wr_tlv_text(&elements, 3, cert_subject(c, CERT_CISCO));
	record = record_of(wr_view(&elements));
	file = with_records(wr_view(&record));
	l = decoded(wr_view(&file));
	CU_ASSERT_EQUAL(tlist_verify(l, c, &e), 0);
	CU_ASSERT_EQUAL(strcmp((const char *)l->record[0].order, "\1\11\10\7\6\5\4\3"), 0);
	CU_ASSERT_EQUAL(l->record[0].size[6], 16);
	tlist_free(l);
	wr_free(&elements);
	wr_free(&record);
	wr_free(&file);
}

/* Two certificates of one name and serial: the last used to win, elsewhere. */
static void
a_list_with_two_signers_is_refused(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, sast, NULL),
		want_of(ROLE_SAST, evil, NULL),
	};
	struct tlist_plan plan = plan_of(LAYOUT_COMPAT, want, 2);
	struct wr file = suite_file("vectors/corrupt/itl-two-sast-same-serial.tlv"), w = { 0 };
	struct signer signer = testkey_signer(sast);
	struct err e;

	CU_ASSERT_PTR_NULL(tlist_decode(wr_view(&file), &e));
	ASSERT_ERR_SAYS(e, "record 2 of ITLFile.tlv: another certificate with the names");
	CU_ASSERT_EQUAL(tlist_encode(&plan, &signer, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	wr_free(&file);
	want[1] = want[0]; /* the same one twice is no doubt */
	w = encoded(&plan, sast);
	tlist_free(decoded(wr_view(&w)));
	wr_free(&w);
}

static void
the_signer_must_stand_in_the_list(void)
{
	struct tlist_want want = want_of(ROLE_TFTP, sast, NULL);
	struct tlist_plan plan = plan_of(LAYOUT_CISCO, &want, 1);
	struct signer signer = testkey_signer(sast);
	struct wr w = { 0 }, file = suite_file("vectors/itl/rollback-no-records.tlv");
	struct tlist *l = decoded(wr_view(&file));
	struct err e;

	CU_ASSERT_EQUAL(tlist_encode(&plan, &signer, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "is not among the SAST records");
	CU_ASSERT_PTR_NULL(tlist_signer(l));
	CU_ASSERT_EQUAL(tlist_verify_self(l, &e), -1);
	CU_ASSERT_EQUAL(tlist_verify(l, testkey_cert(sast), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, "no SAST record is the signer");
	tlist_free(l);
	wr_free(&file);
	wr_free(&w);
}

/* Self-made lists: whole, but of somebody else. */
static void
only_the_trusted_signer_will_do(void)
{
	struct tlist *l = loaded("vectors/corrupt/itl-resigned-by-stranger.tlv");
	struct err e;

	CU_ASSERT_EQUAL(tlist_verify_self(l, &e), 0);
	CU_ASSERT_EQUAL(tlist_verify(l, testkey_cert(sast), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	tlist_free(l);
}

/* n records: one that signs, and the rest alike. */
static struct wr
long_list(size_t n, const struct testkey *rest, struct err *e)
{
	struct tlist_want *want = mem_array(n, sizeof(*want));
	struct tlist_plan plan = plan_of(LAYOUT_CISCO, want, n);
	struct signer signer = testkey_signer(small);
	struct wr w = { 0 };

	for (size_t i = 0; i < n; i++)
		want[i] = want_of(i == 0 ? ROLE_SAST : ROLE_TVS, i == 0 ? small : rest, "");
	(void)tlist_encode(&plan, &signer, &w, e);
	free(want);
	return w;
}

static void
warning_of(size_t n, const struct testkey *rest, const char *says)
{
	struct wr w = long_list(n, rest, NULL);
	struct tlist *l = decoded(wr_view(&w));
	char text[256];

	tlist_warning(l, text, sizeof(text));
	if (says == NULL)
		CU_ASSERT_STRING_EQUAL(text, "")
	else
		CU_ASSERT_PTR_NOT_NULL(strstr(text, says));
	tlist_free(l);
	wr_free(&w);
}

static void
long_lists_are_made_with_a_warning(void)
{
	warning_of(39, tvs_ec, NULL);
	warning_of(40, tvs_ec, "40 certificates in ");
	warning_of(37, tvs, NULL);
	warning_of(13, big, "13 certificates in ");
	warning_of(13, big, "phones fail to load a list of more than 39 certificates or 65536 ");
}

static void
limits_are_kept(void)
{
	struct wr most = long_list(TLIST_RECORDS_MAX, tvs_ec, NULL), over = { 0 };
	struct err e;

	tlist_free(decoded(wr_view(&most)));
	wr_put(&most, bytes_over("\1\0\2\0\12\4\0\2\0\3", 10));
	CU_ASSERT_PTR_NULL(tlist_decode(wr_view(&most), &e));
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	ASSERT_ERR_SAYS(e, "more than 1024 records");
	wr_fill(&most, 0, TLIST_MAX);
	CU_ASSERT_PTR_NULL(tlist_decode(wr_view(&most), &e));
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	wr_free(&most);

	over = long_list(TLIST_RECORDS_MAX + 1, tvs_ec, &e);
	CU_ASSERT_EQUAL(over.n, 0);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	over = long_list(TLIST_RECORDS_MAX, big, &e);
	CU_ASSERT_EQUAL(over.n, 0);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	ASSERT_ERR_SAYS(e, "ITLFile.tlv: record ");
	wr_free(&over);
}

static void
compared(const struct tlist *a, const struct tlist *b, const char *words)
{
	struct wr w = { 0 };

	tlist_compare(a, b, &w);
	if (strstr(wr_cstr(&w), words) == NULL)
		fprintf(stderr, "\n    compared:\n%s", wr_cstr(&w));
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), words));
	CU_ASSERT_FALSE(tlist_same(a, b));
	wr_free(&w);
}

static struct tlist *
made(struct tlist_plan plan, struct testkey *k)
{
	struct wr w = encoded(&plan, k);
	struct tlist *l = decoded(wr_view(&w));

	wr_free(&w);
	return l;
}

static void
a_rebuild_without_a_change_is_the_same(void)
{
	struct tlist_want want[] = { want_of(ROLE_SAST, sast, "pub") };
	struct tlist_plan plan = plan_of(LAYOUT_CISCO, want, 1);
	struct tlist *a = made(plan, sast), *b;
	struct wr w = { 0 };

	plan.timestamp++;
	b = made(plan, sast);
	CU_ASSERT(tlist_same(a, b));
	tlist_compare(a, b, &w);
	CU_ASSERT_EQUAL(w.n, 0);
	tlist_free(a);
	tlist_free(b);
}

static void
records_that_come_and_go_are_told(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, sast, "pub"),
		want_of(ROLE_TFTP, ccm, "pub"),
		want_of(ROLE_TVS, tvs, "sub"),
	};
	struct tlist *a = made(plan_of(LAYOUT_CISCO, want, 3), sast), *b;

	b = made(plan_of(LAYOUT_CISCO, want, 2), sast);
	compared(a, b, "- record 3: TVS CN=TVS-d-pub;OU=Phones;");
	compared(b, a, "+ record 3: TVS CN=TVS-d-pub;OU=Phones;");
	tlist_free(b);

	want[1].blank = true;
	b = made(plan_of(LAYOUT_CISCO, want, 3), sast);
	compared(a, b, "- record 2: TFTP CN=cucm-d-pub;");
	compared(a, b, "\n+ record 2: TFTP, blank\n");
	tlist_free(b);

	want[1].blank = false;
	want[1].dns = "pub2";
	b = made(plan_of(LAYOUT_CISCO, want, 3), sast);
	compared(a, b, ", host pub, address 10.48.47.153\n+ record 2: ");
	compared(a, b, ", host pub2, address 10.48.47.153\n");
	tlist_free(b);

	want[1] = want[2];
	want[2] = want_of(ROLE_TFTP, ccm, "pub");
	b = made(plan_of(LAYOUT_CISCO, want, 3), sast);
	compared(a, b, "+ records: in another order\n");
	tlist_free(b);
	tlist_free(a);
}

static void
another_certificate_under_the_old_name_is_told(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, small, "pub"),
		want_of(ROLE_TFTP, sast, "pub"),
	};
	struct tlist *a = made(plan_of(LAYOUT_CISCO, want, 2), small), *b;

	want[1] = want_of(ROLE_TFTP, evil, "pub");
	b = made(plan_of(LAYOUT_CISCO, want, 2), small);
	compared(a, b, ", certificate a0599d8b7e06afe21d2ff5c279f8b1c2fad4ea08\n+ record 2: TFTP ");
	compared(a, b, ", certificate eb25e74d45134007b431ad5a431498dc2cd977f9\n");
	tlist_free(a);
	tlist_free(b);
}

static void
changes_of_the_header_are_told(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, sast, "pub"),
		want_of(ROLE_SAST, small, "pub"),
	};
	struct tlist_plan plan = plan_of(LAYOUT_CISCO, want, 2);
	struct tlist *a = made(plan, sast), *b = made(plan, small);

	compared(a, b, "- signer: CN=ITLRECOVERY_d-pub;");
	compared(a, b, "+ signature: sha1, RSA of 1024 bits");
	tlist_free(b);
	plan.digest = DIGEST_SHA512;
	plan.filename = "CTLFile.tlv";
	plan.has_signer_version = true;
	plan.signer_version[0] = 1;
	b = made(plan, sast);
	compared(a, b, "- file name: ITLFile.tlv\n+ file name: CTLFile.tlv\n");
	compared(a, b, "- version: 1.2\n+ version: 1.2, signer version 1.0\n");
	compared(a, b, "+ signature: sha512, RSA of 2048 bits");
	tlist_free(b);
	plan = plan_of(LAYOUT_COMPAT, want, 2);
	b = made(plan, sast);
	compared(a, b, "+ record 1: SAST CN=ITLRECOVERY_d-pub,OU=Phones,");
	tlist_free(b);
	tlist_free(a);
}

static void
printed(const struct tlist *l, const char *words)
{
	struct wr w = { 0 };

	tlist_print(l, 1424792265, &w);
	if (strstr(wr_cstr(&w), words) == NULL)
		fprintf(stderr, "\n    not printed: %s\n%s", words, wr_cstr(&w));
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&w), words));
	wr_free(&w);
}

/* Laid out as TechNotes 118892 and 118893 have it. */
static void
a_list_is_printed_as_show_ctl_does(void)
{
	struct tlist *l = loaded("vectors/itl/cisco-ctl-sha1-rsa1024.tlv");

	printed(l, "The checksum value of the CTL file:\n");
	printed(l,
	    "\n\nLength of CTL file: 2660\n"
	    "The CTL File was last modified on Tue Feb 24 16:37:45 CET 2015\n\n"
	    "        Parse CTL File\n        ----------------\n\n"
	    "Version:        1.2\nHeaderLength:   336 (BYTES)\n\n"
	    "BYTEPOS TAG             LENGTH  VALUE\n"
	    "------- ---             ------  -----\n"
	    "3       SIGNERID        2       151\n"
	    "4       SIGNERNAME      63      CN=d-sast-1024;OU=Phones;O=Kit Lab;L=Krakow;"
	    "ST=Malopolska;C=PL\n"
	    "5       SERIALNUMBER    16      01:8F:FF:1A:8B:30:89:D3:DF:90:27:96:78:8A:7B:79\n"
	    "6       CANAME          63      CN=d-sast-1024;");
	printed(l, "7       SIGNATUREINFO   2       15\n"
		   "8       DIGESTALGORTITHM        1\n"
		   "9       SIGNATUREALGOINFO       2       8\n"
		   "10      SIGNATUREALGORTITHM     1\n"
		   "11      SIGNATUREMODULUS        1\n"
		   "12      SIGNATURE       128\n");
	printed(l, "14      FILENAME        12\n15      TIMESTAMP       4\n\n"
		   "        CTL Record #:1\n                      ----\n");
	printed(l, "1       RECORDLENGTH    2       1162\n"
		   "2       DNSNAME         11      cucm-d-pub\n");
	printed(l, "4       FUNCTION        2       System Administrator Security Token\n");
	printed(l, "7       PUBLICKEY       140\n8       SIGNATURE       128\n"
		   "9       CERTIFICATE     703     ");
	printed(l, " (SHA1 Hash HEX)\n10      IPADDRESS       4\n"
		   "This etoken was used to sign the CTL file.\n");
	printed(l, "\nThe CTL file was verified successfully.\n");
	tlist_free(l);
}

static void
signature_rows_are_not_padded_with_zeros(void)
{
	struct tlist *l = loaded("vectors/itl/base-small.tlv");

	printed(l, "SIGNATURE       128\nc7  ce  ec  ea  8f  57  bf  8c\n6  72  f2  d6  ");
	tlist_free(l);
}

static void
what_did_not_sign_and_what_does_not_verify_is_said(void)
{
	struct tlist *itl = loaded("vectors/itl/itl-full-sha512-v11.tlv");
	struct tlist *bad = loaded("vectors/corrupt/hdr-signature-of-zeros.tlv");

	printed(itl, "28      SIGNERVERSION   2       1.1\n3       SIGNERID");
	printed(itl, "This etoken was used to sign the ITL file.\n\n        ITL Record #:2\n");
	printed(itl, "This etoken was not used to sign the ITL file.\n\n        ITL Record #:3\n");
	printed(bad, "does not verify with the key of ");
	printed(bad, "\nError parsing the ITL File.\n");
	tlist_free(itl);
	tlist_free(bad);
}

/* Names are printed as they are, but never to the terminal's harm. */
static void
foreign_text_is_printed_harmlessly(void)
{
	struct tlist_want want[] = {
		want_of(ROLE_SAST, sast, "a\x1b[2Jb"),
		want_of(ROLE_CAPF, capf, NULL),
	};
	struct tlist *l = made(plan_of(LAYOUT_CISCO, want, 2), sast);

	printed(l, "2       DNSNAME         7       a\\x1b[2Jb\n");
	printed(l, "CN=CAPF-\xc3\xbcn\xc3\xaf, ");
	tlist_free(l);
}

static const struct suite_test tests[] = {
	{ "lists in Cisco's layout come out byte for byte",
	    lists_in_ciscos_layout_come_out_byte_for_byte },
	{ "rollback lists come out byte for byte", rollback_lists_come_out_byte_for_byte },
	{ "what is encoded is decoded", what_is_encoded_is_decoded },
	{ "questions about a list", questions_about_a_list },
	{ "every cut and every flipped bit is noticed",
	    every_cut_and_every_flipped_bit_is_noticed },
	{ "errors name record and element", errors_name_record_and_element },
	{ "elements that are not the certificate's are refused",
	    elements_that_are_not_the_certificates_are_refused },
	{ "a hash beside a certificate must be its", a_hash_beside_a_certificate_must_be_its },
	{ "elements of a record may stand in any order",
	    elements_of_a_record_may_stand_in_any_order },
	{ "a list with two signers is refused", a_list_with_two_signers_is_refused },
	{ "the signer must stand in the list", the_signer_must_stand_in_the_list },
	{ "only the trusted signer will do", only_the_trusted_signer_will_do },
	{ "long lists are made with a warning", long_lists_are_made_with_a_warning },
	{ "limits are kept", limits_are_kept },
	{ "a rebuild without a change is the same", a_rebuild_without_a_change_is_the_same },
	{ "records that come and go are told", records_that_come_and_go_are_told },
	{ "another certificate under the old name is told",
	    another_certificate_under_the_old_name_is_told },
	{ "changes of the header are told", changes_of_the_header_are_told },
	{ "a list is printed as show ctl does", a_list_is_printed_as_show_ctl_does },
	{ "signature rows are not padded with zeros", signature_rows_are_not_padded_with_zeros },
	{ "what did not sign and what does not verify is said",
	    what_did_not_sign_and_what_does_not_verify_is_said },
	{ "foreign text is printed harmlessly", foreign_text_is_printed_harmlessly },
};

int
main(void)
{
	static struct {
		struct testkey **key;
		const char *name;
	} const all[] = {
		{ &sast, "sast" },
		{ &small, "sast-1024" },
		{ &smallest, "sast-512" },
		{ &ccm, "ccm-highbit" },
		{ &capf, "capf-utf8" },
		{ &tvs, "tvs" },
		{ &tvs_ec, "tvs-ec256" },
		{ &evil, "evil-same-serial" },
		{ &big, "app-big" },
	};
	char path[64];
	int rc;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(path, sizeof(path), "vectors/certs/%s.pem", all[i].name);
		*all[i].key = testkey_load(path);
	}
	rc = suite_run("trust/tlist", tests, sizeof(tests) / sizeof(tests[0]));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		testkey_free(*all[i].key);
	return rc;
}
