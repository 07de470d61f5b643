#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "trust/inspect.h"

/* What was shown: "offset depth/record tag name length value !problem" to a line. */
struct shown {
	struct wr text;
	size_t rows, problems, end;
};

static void
show(void *ctx, const struct inspect_row *r)
{
	struct shown *s = ctx;

	wr_fmt(&s->text, "%zu %u/%u %d %s %zu %s%s%s\n", r->at, r->depth, r->record, r->tag,
	    r->name, r->length, r->value, r->problem[0] != '\0' ? " !" : "", r->problem);
	CU_ASSERT(bytes_is_utf8(bytes_of(r->value)));
	CU_ASSERT(bytes_is_utf8(bytes_of(r->problem)));
	CU_ASSERT(r->at <= s->end);
	s->rows++;
	s->problems += r->problem[0] != '\0';
}

/* The number of problems; says as well, when words are given, that they were shown. */
static size_t
inspected(struct bytes file, const char *words)
{
	struct shown s = { .end = file.n };
	size_t problems = inspect_walk(file, show, &s);

	CU_ASSERT_EQUAL(problems, s.problems);
	CU_ASSERT(s.rows > 0);
	if (words != NULL && strstr(wr_cstr(&s.text), words) == NULL)
		fprintf(stderr, "\n    not shown: %s\n%s", words, wr_cstr(&s.text));
	if (words != NULL)
		CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&s.text), words));
	wr_free(&s.text);
	return problems;
}

static size_t
file_inspected(const char *name, const char *words)
{
	struct wr w = suite_file(name);
	size_t problems = inspected(wr_view(&w), words);

	wr_free(&w);
	return problems;
}

static void
is_kind(const char *name, enum inspect_kind kind)
{
	struct wr w = suite_file(name);

	CU_ASSERT_EQUAL(inspect_kind_of(wr_view(&w)), kind);
	wr_free(&w);
}

static void
files_are_told_by_their_content(void)
{
	is_kind("vectors/itl/base-small.tlv", INSPECT_LIST);
	is_kind("vectors/corrupt/hdr-version-9-9.tlv", INSPECT_LIST);
	is_kind("vectors/sgn/file-0.bin.sgn", INSPECT_SIGNED);
	is_kind("vectors/enc/SEP58971ECC97C0.cnf.xml.enc.sgn", INSPECT_ENCRYPTED);
	is_kind("vectors/certs/sast.pem", INSPECT_PEM);
	is_kind("vectors/corrupt/junk-zeros-4096.tlv", INSPECT_UNKNOWN);
	CU_ASSERT_EQUAL(inspect_kind_of(bytes_of("\xef\xbb\xbf\n <device/>")), INSPECT_XML);
	CU_ASSERT_EQUAL(inspect_kind_of(bytes_of("0 is a digit")), INSPECT_UNKNOWN);
	CU_ASSERT_EQUAL(inspect_kind_of(bytes_over("\x30\x82\1", 3)), INSPECT_DER);
	CU_ASSERT_EQUAL(inspect_kind_of(bytes_of("")), INSPECT_UNKNOWN);
	CU_ASSERT_STRING_EQUAL(inspect_kind_word(INSPECT_LIST), "trust list");
}

static void
a_list_is_laid_out_element_by_element(void)
{
	const char *name = "vectors/itl/base-small.tlv";

	CU_ASSERT_EQUAL(file_inspected(name, "0 0/0 -1 header 0 trust list\n"), 0);
	file_inspected(name, "\n0 0/0 1 VERSION 2 1.2\n5 0/0 2 HEADERLENGTH 2 340\n");
	file_inspected(name, "\n15 0/0 3 SIGNERID 151 \n18 1/0 4 SIGNERNAME 63 CN=d-sast-1024,OU=");
	file_inspected(name,
	    "\n169 0/0 7 SIGNATUREINFO 15 \n172 1/0 8 DIGESTALGORTITHM 1 sha1\n"
	    "176 1/0 9 SIGNATUREALGOINFO 8 \n179 2/0 10 SIGNATUREALGORTITHM 1 0\n");
	file_inspected(name, "340 0/1 -1 record 0 \n340 1/1 1 RECORDLENGTH 2 1141\n");
	file_inspected(name, "/1 4 FUNCTION 2 0 System Administrator Security Token\n");
	file_inspected(name, "/2 9 CERTIFICATE 563 CN=TVS-d-ec;OU=Phones;");
	file_inspected(name, "-1 signature 0 verifies with the list's own SAST record\n");
}

static void
errors_are_marked_and_the_rest_is_shown(void)
{
	static const struct {
		const char *name, *mark, *still;
	} sample[] = {
		{ "hdr-unknown-header-tag-29", "29 ? 3 ", "FILENAME 12 ITLFile.tlv" },
		{ "hdr-dup-signature", "!stands there twice", "record 0" },
		{ "hdr-missing-filename", "!header: FILENAME (tag 14) is missing", "record 0" },
		{ "hdr-padding-zero-bytes", "-", "FUNCTION 2 0 System" },
		{ "hdr-version-9-9", "!header: version 9.9 is not", "FUNCTION 2 0 System" },
		{ "rec-role-one-byte", " !1 bytes long, not 2", "CERTIFICATE" },
		{ "rec-subject-other", "!SUBJECTNAME (tag 3): not that of", "CERTIFICATE" },
		{ "rec-cert-garbage", "!certificate: not one (X.509 in DER)", "SUBJECTNAME" },
		{ "rec-tlv-overruns-record", "!says 200 bytes where 3 are left", "PUBLICKEY" },
		{ "rec-len-65535", "record", "left" },
		{ "hdr-trailing-byte", "left over 1 00 !1 bytes that start no record", "record" },
		{ "hdr-signature-of-zeros", "!the signature does not verify with", "record" },
		{ "itl-two-sast-same-serial", "!record 2 of ITLFile.tlv: another", "record" },
		{ "rec-subject-not-utf8", "!text that is not UTF-8", "FUNCTION" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		snprintf(path, sizeof(path), "vectors/corrupt/%s.tlv", sample[i].name);
		CU_ASSERT(file_inspected(path, sample[i].mark) > 0);
		file_inspected(path, sample[i].still);
	}
}

static void
signed_and_encrypted_files_are_laid_out(void)
{
	CU_ASSERT_EQUAL(file_inspected("vectors/sgn/file-512.bin.sgn", "payload 512 "), 0);
	CU_ASSERT_EQUAL(file_inspected("vectors/enc/SEP58971ECC97C0.cnf.xml.enc.sgn",
			    "/0 16 ENCRYPTION 306 \n"),
	    0);
	file_inspected("vectors/enc/SEP58971ECC97C0.cnf.xml.enc.sgn", "2/0 20 PADCOUNT 2 7\n");
	CU_ASSERT(file_inspected("vectors/corrupt/sgn-no-signature.sgn",
		      "!header: SIGNATURE (tag 12) is missing") > 0);
}

static void
certificates_are_laid_out(void)
{
	const char *name = "vectors/certs/sast.pem";

	CU_ASSERT_EQUAL(file_inspected(name, "ITLRECOVERY_d-pub\n"), 0);
	file_inspected(name, "issuer 0 CN=ITLRECOVERY_d-pub;OU=Phones;O=Kit Lab;");
	file_inspected(name, "not before 0 2026-11-22 06:06:56 UTC\n");
	file_inspected(name, "key 0 RSA, 2048 bits\n");
	CU_ASSERT(inspected(bytes_over("\x30\x82\1", 3), "!certificate: not one") > 0);
	CU_ASSERT(
	    inspected(bytes_of("-----BEGIN CERTIFICATE-----\nAA"), "!certificate: no PEM") > 0);
}

static void
every_certificate_of_a_chain_is_shown(void)
{
	struct wr chain = suite_file("vectors/certs/ca-ec.pem");
	struct wr other = suite_file("vectors/certs/app-issued.pem");

	wr_text(&chain, "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n");
	wr_put(&chain, wr_view(&other));
	CU_ASSERT_EQUAL(inspected(wr_view(&chain), " d-issuing-ca\n"), 1);
	CU_ASSERT_EQUAL(inspected(wr_view(&chain), " app-issued-d\n"), 1);
	wr_free(&chain);
	wr_free(&other);
}

static void
other_files_are_named(void)
{
	CU_ASSERT_EQUAL(inspected(bytes_of("<a/>"), "XML 4 <a/>"), 0);
	CU_ASSERT_EQUAL(inspected(bytes_of("\x1b[2J"), "unknown 4 \\x1b[2J !none of the"), 1);
	CU_ASSERT_EQUAL(inspected(bytes_of(""), "unknown 0"), 1);
}

static void
has_problems(struct bytes file, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	CU_ASSERT(inspected(file, NULL) > 0);
}

/* Of a file with two certificates one bit of each byte will do: it is read three times over. */
static void
one_flip_a_byte(struct bytes file, size_t bit, void *ctx)
{
	if (bit % 8 == bit / 8 % 8)
		has_problems(file, bit, ctx);
}

static void
every_cut_and_flip_is_shown_with_its_problem(void)
{
	struct wr w = suite_file("vectors/itl/itl-rsa512-sha1.tlv");

	each_cut(wr_view(&w), has_problems, NULL);
	each_flip(wr_view(&w), one_flip_a_byte, NULL);
	wr_free(&w);
}

static void
rows_are_bounded(void)
{
	struct wr w = { 0 };
	struct shown s = { .end = SIZE_MAX };

	wr_put(&w, bytes_over("\1\0\2\1\2\2\0\2\0\12", 10));
	for (size_t i = 0; i < 100000; i++)
		wr_put(&w, bytes_over("\1\0\2\0\12\4\0\2\0\3", 10));
	CU_ASSERT(inspect_walk(wr_view(&w), show, &s) > 0);
	CU_ASSERT(s.rows < 20100);
	CU_ASSERT_PTR_NOT_NULL(strstr(wr_cstr(&s.text), "!too many to show\n"));
	wr_free(&s.text);
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "files are told by their content", files_are_told_by_their_content },
	{ "a list is laid out element by element", a_list_is_laid_out_element_by_element },
	{ "errors are marked and the rest is shown", errors_are_marked_and_the_rest_is_shown },
	{ "signed and encrypted files are laid out", signed_and_encrypted_files_are_laid_out },
	{ "certificates are laid out", certificates_are_laid_out },
	{ "every certificate of a chain is shown", every_certificate_of_a_chain_is_shown },
	{ "other files are named", other_files_are_named },
	{ "every cut and flip is shown with its problem",
	    every_cut_and_flip_is_shown_with_its_problem },
	{ "rows are bounded", rows_are_bounded },
};

SUITE_MAIN("trust/inspect", tests)
