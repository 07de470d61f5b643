#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tvs/proto.h"

#define PHONE	"CP-8861-SEPB000B4BA0AEE"
#define SUBJECT "CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU"
#define ISSUER	"CN=stormin-WIN2012-CA"

/* What an 8861 asked a CUCM (TechNote 213407).  The dump there ends inside the subject.  The rest
 * is from the trace beside it, which prints issuer and serial number; that their tags are 4 and 5
 * the length says: 27 + 69 + 25 + 22 = 143. */
static struct wr
dumped_query(void)
{
	struct wr w = suite_hex("57 01 03 00 000003e9 008f  01 0018 01");

	wr_text(&w, PHONE);
	wr_put(&w, bytes_over("\x03\x00\x42" SUBJECT, 3 + 66));
	wr_put(&w, bytes_over("\x04\x00\x16" ISSUER, 3 + 22));
	wr_put(&w, bytes_over("\x05\x00\x13", 3));
	wr_put(&w, bytes_over("\x24\x00\x00\x00\x17\x94\x79\xb8\xf1\x24\xac\x3f\x3b\x00\x00\x00\x00"
			      "\x00\x17",
		       19));
	return w;
}

/* Stands in for a certificate: bytes of that number. */
static struct bytes
certificate_of(size_t n)
{
	static uint8_t bytes[TVS_CERT_MAX + 1];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	return bytes_over(bytes, n);
}

/* What the CUCM answered: 1480 bytes, f7 included.  The certificate is cut from the dump, and the
 * roles are those of the trace; 4 + 1454 + 5 + 7 = 1470. */
static struct wr
dumped_answer(void)
{
	struct wr w = suite_hex("57 01 04 f7 000003e9 05be  07 0001 00  02 05ab");
	struct wr end = suite_hex("08 0002 00 03  09 0004 00015180");

	wr_put(&w, certificate_of(1451));
	wr_put(&w, wr_view(&end));
	wr_free(&end);
	return w;
}

static void
the_query_that_an_8861_sends_is_read(void)
{
	struct wr in = dumped_query(), out = { 0 };
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(in.n, 153);
	CU_ASSERT_EQUAL(tvs_frame(wr_view(&in)), 153);
	CU_ASSERT_EQUAL(tvs_request_decode(wr_view(&in), &r, &e), 0);
	CU_ASSERT_EQUAL(r.command, TVS_QUERY_REQUEST);
	CU_ASSERT_EQUAL(r.session, 1001);
	CU_ASSERT_STRING_EQUAL(r.device, PHONE);
	CU_ASSERT(bytes_eq_text(r.subject, SUBJECT));
	CU_ASSERT(bytes_eq_text(r.issuer, ISSUER));
	CU_ASSERT(r.serial.n == 19 && r.serial.p[0] == 0x24 && r.serial.p[18] == 0x17);
	CU_ASSERT_EQUAL(r.certificate.n, 0);
	tvs_request_encode(&r, &out);
	CU_ASSERT(bytes_eq(wr_view(&in), wr_view(&out)));
	wr_free(&in);
	wr_free(&out);
}

static void
the_answer_of_a_cucm_is_read(void)
{
	struct wr in = dumped_answer(), out = { 0 };
	struct tvs_response r;
	struct err e;

	CU_ASSERT_EQUAL(in.n, 1480);
	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&in), &r, &e), 0);
	CU_ASSERT_EQUAL(r.command, TVS_QUERY_RESPONSE);
	CU_ASSERT_EQUAL(r.session, 1001);
	CU_ASSERT_EQUAL(r.status, TVS_TRUSTED);
	CU_ASSERT(bytes_eq(r.certificate, certificate_of(1451)));
	CU_ASSERT(bytes_eq(r.roles, bytes_over("\0\3", 2)));
	CU_ASSERT_EQUAL(r.ttl, 86400);
	tvs_response_encode(&r, &out);
	CU_ASSERT_EQUAL(out.p[3], 0);
	out.p[3] = 0xf7;
	CU_ASSERT(bytes_eq(wr_view(&in), wr_view(&out)));
	wr_free(&in);
	wr_free(&out);
}

/* Taken down from tvsc and tvsd of the usecallmanagernz project; the certificate stands in. */
static void
a_verification_of_other_tools_is_read(void)
{
	struct wr in = suite_hex("57 01 01 00 00000001 03a1  01 0018 01"), out = { 0 };
	struct wr yes = suite_hex("57 01 02 00 00000001 0010  07 0001 00  08 0002 01 03  "
				  "09 0004 00000e10");
	struct wr no = suite_hex("57 01 02 00 00000001 0004  07 0001 01");
	struct tvs_response a;
	struct tvs_request r;
	struct err e;

	wr_text(&in, PHONE);
	wr_put(&in, bytes_over("\x02\x03\x83", 3));
	wr_put(&in, certificate_of(899));
	CU_ASSERT_EQUAL(tvs_request_decode(wr_view(&in), &r, &e), 0);
	CU_ASSERT(r.command == TVS_VERIFY_REQUEST && r.session == 1);
	CU_ASSERT(bytes_eq(r.certificate, certificate_of(899)));
	tvs_request_encode(&r, &out);
	CU_ASSERT(bytes_eq(wr_view(&in), wr_view(&out)));
	wr_free(&out);

	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&yes), &a, &e), 0);
	CU_ASSERT(a.status == TVS_TRUSTED && a.ttl == 3600 && a.certificate.n == 0);
	CU_ASSERT(bytes_eq(a.roles, bytes_over("\1\3", 2)));
	tvs_response_encode(&a, &out);
	CU_ASSERT(bytes_eq(wr_view(&yes), wr_view(&out)));
	wr_free(&out);

	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&no), &a, &e), 0);
	CU_ASSERT_EQUAL(a.status, TVS_NOT_TRUSTED);
	tvs_response_encode(&a, &out);
	CU_ASSERT(bytes_eq(wr_view(&no), wr_view(&out)));
	wr_free(&out);
	wr_free(&in);
	wr_free(&yes);
	wr_free(&no);
}

/* A message of this command around these elements. */
static struct wr
message_of(enum tvs_command command, const struct wr *elements)
{
	struct wr w = { 0 };

	wr_u16(&w, 0x5701);
	wr_u16(&w, (uint16_t)(command << 8));
	wr_u32(&w, 7);
	wr_u16(&w, (uint16_t)elements->n);
	wr_put(&w, wr_view(elements));
	return w;
}

/* Its views go with the next call. */
static int
read_request(enum tvs_command command, struct wr *elements, struct tvs_request *r, struct err *e)
{
	static struct wr kept;

	wr_free(&kept);
	kept = message_of(command, elements);
	wr_free(elements);
	return tvs_request_decode(wr_view(&kept), r, e);
}

static int
read_request_hex(enum tvs_command command, const char *hex, struct tvs_request *r, struct err *e)
{
	struct wr elements = suite_hex(hex);

	return read_request(command, &elements, r, e);
}

static bool
is_refused(enum tvs_command command, const char *hex, const char *words)
{
	struct tvs_request r;
	struct err e = { 0 };

	if (read_request_hex(command, hex, &r, &e) == 0)
		return false;
	if (strstr(e.text, words) == NULL)
		fprintf(stderr, "\n    said: %s\n", e.text);
	return r.command == 0 && r.device[0] == '\0' && strstr(e.text, words) != NULL;
}

static bool
is_answer_refused(enum tvs_command command, const char *hex, const char *words)
{
	struct wr elements = suite_hex(hex), message = message_of(command, &elements);
	struct tvs_response r;
	struct err e = { 0 };
	bool refused = tvs_response_decode(wr_view(&message), &r, &e) != 0;

	wr_free(&elements);
	wr_free(&message);
	if (refused && strstr(e.text, words) == NULL)
		fprintf(stderr, "\n    said: %s\n", e.text);
	return refused && r.command == 0 && r.certificate.n == 0 && strstr(e.text, words) != NULL;
}

#define DEVICE "01 0004 01 534550 " /* SEP */
#define CERT   "02 0002 3000 "
#define SUBJ   "03 0002 5300 " /* S */
#define ISSU   "04 0002 4900 " /* I */
#define SERI   "05 0001 09 "
#define STATUS "07 0001 00 "
#define ROLES  "08 0001 04 "
#define TTL    "09 0004 00000001 "

static void
elements_stand_in_any_order(void)
{
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(read_request_hex(TVS_QUERY_REQUEST, SERI ISSU SUBJ DEVICE, &r, &e), 0);
	CU_ASSERT(bytes_eq_text(r.subject, "S") && bytes_eq_text(r.issuer, "I"));
	CU_ASSERT(bytes_eq_text(r.serial, "\t"));
	CU_ASSERT_STRING_EQUAL(r.device, "SEP");
	CU_ASSERT_EQUAL(read_request_hex(TVS_VERIFY_REQUEST, CERT DEVICE, &r, &e), 0);
	CU_ASSERT_EQUAL(r.certificate.n, 2);
}

static void
what_is_missing_is_refused(void)
{
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, "", "without device name"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE, "without certificate"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, CERT, "without device name"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, SUBJ ISSU SERI, "without device name"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE SUBJ SERI, "without issuer"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE SUBJ ISSU, "without serial number"));
	CU_ASSERT(is_answer_refused(TVS_VERIFY_RESPONSE, "", "without status"));
	CU_ASSERT(is_answer_refused(TVS_VERIFY_RESPONSE, STATUS ROLES, "without time to live"));
	CU_ASSERT(is_answer_refused(TVS_QUERY_RESPONSE, STATUS ROLES TTL, "without certificate"));
}

static void
a_query_may_lack_its_subject_and_an_answer_its_roles(void)
{
	struct wr elements = suite_hex(STATUS TTL), message;
	struct tvs_response a;
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(read_request_hex(TVS_QUERY_REQUEST, DEVICE ISSU SERI, &r, &e), 0);
	CU_ASSERT_EQUAL(r.subject.n, 0);
	message = message_of(TVS_VERIFY_RESPONSE, &elements);
	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&message), &a, &e), 0);
	CU_ASSERT(a.status == TVS_TRUSTED && a.roles.n == 0 && a.ttl == 1);
	wr_free(&elements);
	wr_free(&message);
}

/* tvsd takes the last of two, and nobody knows what a CUCM does. */
static void
what_comes_twice_is_refused(void)
{
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE CERT CERT, "second certificate"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE DEVICE CERT, "second device name"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE SUBJ ISSU SERI SERI, "second serial"));
	CU_ASSERT(is_answer_refused(TVS_VERIFY_RESPONSE, STATUS STATUS ROLES TTL, "second status"));
}

static void
elements_of_tomorrow_are_skipped(void)
{
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(
	    read_request_hex(TVS_VERIFY_REQUEST,
		"00 0000 06 0001 ff 06 0000 0a 0001 01 " DEVICE CERT "ff 0003 010203", &r, &e),
	    0);
	CU_ASSERT(r.certificate.n == 2 && r.serial.n == 0);
}

static void
an_element_of_another_message_is_refused(void)
{
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE CERT SERI, "serial number that is not"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE CERT STATUS, "status that is not"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE ISSU SERI CERT, "certificate that is not"));
	CU_ASSERT(
	    is_answer_refused(TVS_VERIFY_RESPONSE, STATUS CERT ROLES TTL, "certificate that"));
	CU_ASSERT(
	    is_answer_refused(TVS_QUERY_RESPONSE, STATUS CERT TTL DEVICE, "device name that"));
}

/* tvsd cuts the last element to what is there, and vouches for it. */
static void
lengths_that_do_not_add_up_are_refused(void)
{
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE "02 0003 3000", "at byte 17 overruns"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE CERT "02 00", "at byte 22 overruns"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE CERT "00", "overruns"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, DEVICE "02 0000", "certificate of 0 bytes"));
	CU_ASSERT(is_answer_refused(TVS_VERIFY_RESPONSE, "07 0000", "status of 0 bytes"));
	CU_ASSERT(is_answer_refused(TVS_VERIFY_RESPONSE, "07 0002 0000", "status of 2 bytes"));
	CU_ASSERT(is_answer_refused(
	    TVS_VERIFY_RESPONSE, STATUS "09 0003 000001", "time to live of 3 bytes"));
}

static void
bytes_after_the_message_are_refused(void)
{
	struct wr in = dumped_query();
	struct tvs_request r;
	struct err e;

	wr_u8(&in, 0);
	CU_ASSERT_EQUAL(tvs_frame(wr_view(&in)), 153);
	CU_ASSERT_EQUAL(tvs_request_decode(wr_view(&in), &r, &e), -1);
	ASSERT_ERR_SAYS(e, "154 bytes that says 153");
	wr_free(&in);
}

static void
an_answer_is_no_request_nor_the_other_way_round(void)
{
	struct wr query = dumped_query(), answer = dumped_answer();
	struct tvs_response a;
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(tvs_request_decode(wr_view(&answer), &r, &e), -1);
	ASSERT_ERR_SAYS(e, "response where a request");
	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&query), &a, &e), -1);
	ASSERT_ERR_SAYS(e, "request where a response");
	wr_free(&query);
	wr_free(&answer);
}

static void
names_end_in_nul_or_do_not(void)
{
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(read_request_hex(TVS_QUERY_REQUEST,
			    "01 0005 01 53455000 03 0001 53 04 0001 49" SERI, &r, &e),
	    0);
	CU_ASSERT(bytes_eq_text(r.subject, "S") && bytes_eq_text(r.issuer, "I"));
	CU_ASSERT_STRING_EQUAL(r.device, "SEP");
	CU_ASSERT_EQUAL(
	    read_request_hex(TVS_QUERY_REQUEST, DEVICE "03 0000 04 0001 00 05 0000", &r, &e), 0);
	CU_ASSERT(r.subject.n == 0 && r.issuer.n == 0 && r.serial.n == 0);
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE "04 0003 490049" SERI, "NUL inside"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE "04 0002 0000" SERI, "NUL inside"));
	CU_ASSERT(is_refused(TVS_QUERY_REQUEST, DEVICE "03 0002 0053" ISSU SERI, "NUL inside"));
}

static int
read_device(const char *name, struct tvs_request *r, struct err *e)
{
	struct wr elements = suite_hex(CERT);
	size_t mark = wr_open(&elements, 1);

	wr_u8(&elements, 1);
	wr_text(&elements, name);
	wr_close(&elements, mark);
	return read_request(TVS_VERIFY_REQUEST, &elements, r, e);
}

static void
devices_of_all_kinds_are_known_by_name(void)
{
	static const char *const names[] = { "CP-8861-SEPB000B4BA0AEE", "CP-DX650-SEP001122334455",
		"SEP001122334455", "sep00112233aabb", "CSFJSMITH", "CSFj.smith_2-x", "BOT1",
		"ATA0" };
	struct tvs_request r;
	struct err e;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CU_ASSERT_EQUAL(read_device(names[i], &r, &e), 0);
		CU_ASSERT_STRING_EQUAL(r.device, names[i]);
	}
}

static void
device_names_are_short_and_harmless(void)
{
	char longest[TVS_DEVICE_MAX + 2] = { 0 };
	struct tvs_request r;
	struct err e;

	memset(longest, 'x', TVS_DEVICE_MAX);
	CU_ASSERT_EQUAL(read_device(longest, &r, &e), 0);
	CU_ASSERT_STRING_EQUAL(r.device, longest);
	longest[TVS_DEVICE_MAX] = 'x';
	CU_ASSERT_EQUAL(read_device(longest, &r, &e), -1);
	CU_ASSERT_EQUAL(r.device[0], '\0');
	CU_ASSERT_EQUAL(read_device("SEP 1", &r, &e), -1);
	CU_ASSERT_EQUAL(read_device("SEP\n", &r, &e), -1);
	CU_ASSERT_EQUAL(read_device("SEP\x7f", &r, &e), -1);
	CU_ASSERT_EQUAL(read_device("SEP\xc3\xa9", &r, &e), -1);
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, "01 0000" CERT, "device name of 0 bytes"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, "01 0001 01" CERT, "device name of 1 bytes"));
	CU_ASSERT(is_refused(TVS_VERIFY_REQUEST, "01 0002 0100" CERT, "device name that is none"));
}

/* What other values of it mean, nobody says. */
static void
the_type_of_a_device_does_not_matter(void)
{
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(read_request_hex(TVS_VERIFY_REQUEST, "01 0004 02 534550" CERT, &r, &e), 0);
	CU_ASSERT_STRING_EQUAL(r.device, "SEP");
}

/* A request that lacks one element, and has that with n bytes, none of them NUL. */
static int
read_sized(enum tvs_command command, const char *others, uint8_t tag, size_t n, struct err *e)
{
	struct wr elements = suite_hex(others);
	size_t mark = wr_open(&elements, tag);
	struct tvs_request r;

	wr_fill(&elements, 'x', n);
	wr_close(&elements, mark);
	return read_request(command, &elements, &r, e);
}

static void
every_element_has_a_maximum(void)
{
	static const struct {
		enum tvs_command command;
		const char *others;
		uint8_t tag;
		size_t most;
	} cases[] = {
		{ TVS_VERIFY_REQUEST, DEVICE, 2, TVS_CERT_MAX },
		{ TVS_QUERY_REQUEST, DEVICE ISSU SERI, 3, TVS_NAME_MAX },
		{ TVS_QUERY_REQUEST, DEVICE SERI, 4, TVS_NAME_MAX },
		{ TVS_QUERY_REQUEST, DEVICE ISSU, 5, TVS_SERIAL_MAX },
	}, *c;
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = &cases[i];
		CU_ASSERT_EQUAL(read_sized(c->command, c->others, c->tag, c->most, &e), 0);
		CU_ASSERT_EQUAL(read_sized(c->command, c->others, c->tag, c->most + 1, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	}
}

static void
a_message_has_a_maximum(void)
{
	struct wr elements = suite_hex(DEVICE CERT);
	struct tvs_request r;
	struct err e;

	wr_tlv(&elements, 200, (struct bytes){ 0 });
	wr_fill(&elements, 0, TVS_MESSAGE_MAX - TVS_HEAD - elements.n);
	wr_set_u16(&elements, 14, (uint16_t)(elements.n - 16));
	CU_ASSERT_EQUAL(read_request(TVS_VERIFY_REQUEST, &elements, &r, &e), 0);

	elements = suite_hex(DEVICE CERT);
	wr_tlv(&elements, 200, (struct bytes){ 0 });
	wr_fill(&elements, 0, TVS_MESSAGE_MAX - TVS_HEAD - elements.n + 1);
	wr_set_u16(&elements, 14, (uint16_t)(elements.n - 16));
	CU_ASSERT_EQUAL(read_request(TVS_VERIFY_REQUEST, &elements, &r, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
}

static void
an_answer_has_at_most_so_many_roles(void)
{
	struct tvs_response r = { .command = TVS_VERIFY_RESPONSE,
		.roles = certificate_of(TVS_ROLES_MAX) };
	struct tvs_response again;
	struct wr w = { 0 };
	struct err e;

	tvs_response_encode(&r, &w);
	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&w), &again, &e), 0);
	CU_ASSERT_EQUAL(again.roles.n, TVS_ROLES_MAX);
	wr_free(&w);
	r.roles = certificate_of(TVS_ROLES_MAX + 1);
	tvs_response_encode(&r, &w);
	CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&w), &again, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	wr_free(&w);
}

static void
a_no_lends_nothing_that_came_with_it(void)
{
	static const char *const noes[] = { "07 0001 01 ", "07 0001 02 ", "07 0001 ff " };

	for (size_t i = 0; i < 3; i++) {
		char *hex = mem_fmt("%s" CERT ROLES TTL, noes[i]);
		struct wr elements = suite_hex(hex);
		struct wr message = message_of(TVS_QUERY_RESPONSE, &elements);
		struct tvs_response r;
		struct err e;

		CU_ASSERT_EQUAL(tvs_response_decode(wr_view(&message), &r, &e), 0);
		CU_ASSERT_NOT_EQUAL(r.status, TVS_TRUSTED);
		CU_ASSERT(r.certificate.n == 0 && r.roles.n == 0 && r.ttl == 0);
		wr_free(&elements);
		wr_free(&message);
		free(hex);
	}
}

/* ctx: the number of bytes that the whole message has. */
static void
see_cut_frame(struct bytes cut, size_t n, void *ctx)
{
	ssize_t whole = *(const ssize_t *)ctx;

	CU_ASSERT_EQUAL(tvs_frame(cut), n < TVS_HEAD ? 0 : whole);
}

static void
the_length_is_known_from_the_head(void)
{
	struct wr query = dumped_query(), answer = dumped_answer();
	ssize_t whole = 153;

	each_cut(wr_view(&query), see_cut_frame, &whole);
	whole = 1480;
	each_cut(wr_view(&answer), see_cut_frame, &whole);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\1\1\0....\xff\xff", 10)), 10 + 65535);
	wr_free(&query);
	wr_free(&answer);
}

static void
another_protocol_is_told_by_its_first_bytes(void)
{
	CU_ASSERT_EQUAL(tvs_frame(bytes_of("G")), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x55", 1)), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\x00", 2)), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\x02", 2)), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\x01\x00", 3)), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\x01\x05", 3)), -1);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over("\x57\x01\x04\xf7", 4)), 0);
	CU_ASSERT_EQUAL(tvs_frame(bytes_over(NULL, 0)), 0);
}

static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	struct tvs_response a;
	struct tvs_request r;
	struct err e = { 0 };

	(void)n;
	(void)ctx;
	CU_ASSERT_EQUAL(tvs_request_decode(cut, &r, &e), -1);
	CU_ASSERT(r.command == 0 && e.code != ERR_NONE);
	CU_ASSERT_EQUAL(tvs_response_decode(cut, &a, &e), -1);
	CU_ASSERT_EQUAL(a.command, 0);
}

/* One that is read may say something else, within the limits. */
static void
see_flip(struct bytes flipped, size_t bit, void *ctx)
{
	struct tvs_response a;
	struct tvs_request r;
	struct err e = { 0 };

	(void)bit;
	(void)ctx;
	if (tvs_request_decode(flipped, &r, &e) == 0)
		CU_ASSERT(r.device[0] != '\0' && r.certificate.n < flipped.n);
	if (tvs_response_decode(flipped, &a, &e) == 0)
		CU_ASSERT(a.certificate.n < flipped.n && a.roles.n <= TVS_ROLES_MAX);
}

static void
every_cut_is_refused_and_every_flip_harmless(void)
{
	struct wr messages[] = { dumped_query(), dumped_answer(),
		suite_hex("57 01 01 00 00000001 000c " DEVICE CERT),
		suite_hex("57 01 02 00 00000001 0010  07 0001 00  08 0002 01 03  09 0004 00000e10"),
		suite_hex("57 01 02 00 00000001 0004  07 0001 01") };

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		each_cut(wr_view(&messages[i]), see_cut, NULL);
		each_flip(wr_view(&messages[i]), see_flip, NULL);
		wr_free(&messages[i]);
	}
}

static void
what_is_written_is_read_back(void)
{
	struct tvs_request longest = { .command = TVS_QUERY_REQUEST,
		.session = UINT32_MAX,
		.subject = { NULL, 0 },
		.serial = certificate_of(TVS_SERIAL_MAX) };
	struct tvs_request r;
	struct wr name = { 0 }, w = { 0 };
	struct err e;

	memset(longest.device, 'd', TVS_DEVICE_MAX);
	wr_fill(&name, 'n', TVS_NAME_MAX);
	longest.subject = longest.issuer = wr_view(&name);
	tvs_request_encode(&longest, &w);
	CU_ASSERT_EQUAL(tvs_request_decode(wr_view(&w), &r, &e), 0);
	CU_ASSERT(r.command == TVS_QUERY_REQUEST && r.session == UINT32_MAX);
	CU_ASSERT_STRING_EQUAL(r.device, longest.device);
	CU_ASSERT(bytes_eq(r.subject, longest.subject) && bytes_eq(r.issuer, longest.issuer));
	CU_ASSERT(bytes_eq(r.serial, longest.serial));
	wr_free(&name);
	wr_free(&w);
}

static void
no_subject_is_no_element(void)
{
	struct wr golden = suite_hex("57 01 03 00 00000007 0010 " DEVICE ISSU SERI), w = { 0 };
	struct tvs_request r;
	struct err e;

	CU_ASSERT_EQUAL(read_request_hex(TVS_QUERY_REQUEST, DEVICE ISSU SERI, &r, &e), 0);
	tvs_request_encode(&r, &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&golden)));
	wr_free(&golden);
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "the query that an 8861 sends is read", the_query_that_an_8861_sends_is_read },
	{ "the answer of a CUCM is read", the_answer_of_a_cucm_is_read },
	{ "a verification of other tools is read", a_verification_of_other_tools_is_read },
	{ "elements stand in any order", elements_stand_in_any_order },
	{ "what is missing is refused", what_is_missing_is_refused },
	{ "a query may lack its subject and an answer its roles",
	    a_query_may_lack_its_subject_and_an_answer_its_roles },
	{ "what comes twice is refused", what_comes_twice_is_refused },
	{ "elements of tomorrow are skipped", elements_of_tomorrow_are_skipped },
	{ "an element of another message is refused", an_element_of_another_message_is_refused },
	{ "lengths that do not add up are refused", lengths_that_do_not_add_up_are_refused },
	{ "bytes after the message are refused", bytes_after_the_message_are_refused },
	{ "an answer is no request, nor the other way round",
	    an_answer_is_no_request_nor_the_other_way_round },
	{ "names end in NUL or do not", names_end_in_nul_or_do_not },
	{ "devices of all kinds are known by name", devices_of_all_kinds_are_known_by_name },
	{ "device names are short and harmless", device_names_are_short_and_harmless },
	{ "the type of a device does not matter", the_type_of_a_device_does_not_matter },
	{ "every element has a maximum", every_element_has_a_maximum },
	{ "a message has a maximum", a_message_has_a_maximum },
	{ "an answer has at most so many roles", an_answer_has_at_most_so_many_roles },
	{ "a no lends nothing that came with it", a_no_lends_nothing_that_came_with_it },
	{ "the length is known from the head", the_length_is_known_from_the_head },
	{ "another protocol is told by its first bytes",
	    another_protocol_is_told_by_its_first_bytes },
	{ "every cut is refused and every flip harmless",
	    every_cut_is_refused_and_every_flip_harmless },
	{ "what is written is read back", what_is_written_is_read_back },
	{ "no subject is no element", no_subject_is_no_element },
};

SUITE_MAIN("tvs/proto", tests)
