#include "capf/proto.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/suite.h"

#define VIEW(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

/* "SEP001122334455" and its NUL. */
#define PHONE "53455030303131323233333434353500"

/* What capfd and capfc of the usecallmanagernz project say to each other; certificates, keys and
 * signatures are stood in for by short ones. */
static const struct golden {
	const char *hex;
	enum capf_from from;
	struct capf_message m;
} golden[] = {
	{ "55 01 00000102 0008  07 0001 03  08 0001 00", CAPF_FROM_SERVER,
	    { .command = CAPF_AUTH_REQUEST,
		.has = CAPF_HAS_VERSION | CAPF_HAS_AUTH_TYPE,
		.version = 3 } },
	{ "55 02 00000102 001f  01 0001 01  07 0001 03  0b 0001 00  0d 0010" PHONE, CAPF_FROM_PHONE,
	    { .command = CAPF_AUTH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_VERSION | CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE,
		.reason = CAPF_OK,
		.version = 3,
		.device = "SEP001122334455" } },
	{ "55 02 00000102 0023  01 0001 01  07 0001 03  0b 0005 3132333400  0d 0010" PHONE,
	    CAPF_FROM_PHONE,
	    { .command = CAPF_AUTH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_VERSION | CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE,
		.reason = CAPF_OK,
		.version = 3,
		.password = "1234",
		.device = "SEP001122334455" } },
	{ "55 02 00000102 004e  01 0001 01  04 0008 01 0005 0001 aabbcc  06 0003 112233 "
	  "07 0001 03  0b 0001 00  0d 0010" PHONE
	  "10 0012 00 0003 aabbcc 01 0002 4455 03 0004 66778899  14 0006 03 0003 d1d2d3",
	    CAPF_FROM_PHONE,
	    { .command = CAPF_AUTH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_CERT | CAPF_HAS_SIGNED_SHA1 | CAPF_HAS_VERSION |
		       CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE | CAPF_HAS_SUDI | CAPF_HAS_SIGNED_SHA512,
		.reason = CAPF_OK,
		.version = 3,
		.cert = VIEW("\xaa\xbb\xcc"),
		.device = "SEP001122334455",
		.signed_sha1 = VIEW("\x11\x22\x33"),
		.signed_sha512 = VIEW("\xd1\xd2\xd3"),
		.sudi = { VIEW("\xaa\xbb\xcc"), VIEW("\x44\x55"), VIEW("\x66\x77\x88\x99") } } },
	{ "55 03 00000102 0009  0a 0002 0800  11 0001 00", CAPF_FROM_SERVER,
	    { .command = CAPF_KEY_REQUEST,
		.has = CAPF_HAS_KEY_BITS | CAPF_HAS_KEY_TYPE,
		.key_bits = 2048,
		.key_type = CAPF_KEY_RSA } },
	{ "55 03 00000102 0008  11 0001 01  12 0001 02", CAPF_FROM_SERVER,
	    { .command = CAPF_KEY_REQUEST,
		.has = CAPF_HAS_KEY_TYPE | CAPF_HAS_CURVE,
		.key_type = CAPF_KEY_EC,
		.curve = CAPF_P521 } },
	{ "55 11 00000102 0000", CAPF_FROM_PHONE, { .command = CAPF_IN_PROGRESS } },
	{ "55 04 00000102 0007  09 0004 30020500", CAPF_FROM_PHONE,
	    { .command = CAPF_KEY_RESPONSE,
		.has = CAPF_HAS_PUBLIC_KEY,
		.public_key = VIEW("\x30\x02\x05\x00") } },
	{ "55 09 00000102 000f  03 0001 01  04 0008 01 0005 0001 aabbcc", CAPF_FROM_SERVER,
	    { .command = CAPF_STORE_REQUEST,
		.has = CAPF_HAS_CERT_TYPE | CAPF_HAS_CERT,
		.cert_type = CAPF_LSC,
		.cert = VIEW("\xaa\xbb\xcc") } },
	{ "55 0a 00000102 0004  01 0001 01", CAPF_FROM_PHONE,
	    { .command = CAPF_STORE_RESPONSE, .has = CAPF_HAS_REASON, .reason = CAPF_OK } },
	{ "55 0b 00000102 0000", CAPF_FROM_SERVER, { .command = CAPF_FETCH_REQUEST } },
	{ "55 0c 00000102 000f  01 0001 01  04 0008 01 0005 0001 aabbcc", CAPF_FROM_PHONE,
	    { .command = CAPF_FETCH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_CERT,
		.reason = CAPF_OK,
		.cert = VIEW("\xaa\xbb\xcc") } },
	{ "55 0c 00000102 0004  01 0001 07", CAPF_FROM_PHONE,
	    { .command = CAPF_FETCH_RESPONSE, .has = CAPF_HAS_REASON, .reason = CAPF_DECLINED } },
	{ "55 0d 00000102 0000", CAPF_FROM_SERVER, { .command = CAPF_DELETE_REQUEST } },
	{ "55 0e 00000102 0004  01 0001 01", CAPF_FROM_PHONE,
	    { .command = CAPF_DELETE_RESPONSE, .has = CAPF_HAS_REASON, .reason = CAPF_OK } },
	{ "55 0f 00000102 0004  01 0001 09", CAPF_FROM_SERVER,
	    { .command = CAPF_END_SESSION,
		.has = CAPF_HAS_REASON,
		.reason = CAPF_UNKNOWN_DEVICE } },
};

enum { GOLDEN = sizeof(golden) / sizeof(golden[0]) };

static bool
same(const struct capf_message *a, const struct capf_message *b)
{
	return a->command == b->command && a->session == b->session && a->has == b->has &&
	       a->reason == b->reason && bytes_eq(a->info, b->info) &&
	       a->cert_type == b->cert_type && bytes_eq(a->cert, b->cert) &&
	       a->version == b->version && a->auth_type == b->auth_type &&
	       bytes_eq(a->public_key, b->public_key) && a->key_bits == b->key_bits &&
	       a->key_type == b->key_type && a->curve == b->curve &&
	       strcmp(a->password, b->password) == 0 && strcmp(a->device, b->device) == 0 &&
	       bytes_eq(a->signed_sha1, b->signed_sha1) &&
	       bytes_eq(a->signed_sha512, b->signed_sha512) &&
	       bytes_eq(a->sudi.cert, b->sudi.cert) &&
	       bytes_eq(a->sudi.signed_sha1, b->sudi.signed_sha1) &&
	       bytes_eq(a->sudi.signed_sha512, b->sudi.signed_sha512);
}

/* Nothing of what was refused stays behind, and a password least of all. */
static bool
is_blank(const struct capf_message *m)
{
	static const struct capf_message blank;

	return bytes_eq(bytes_over(m, sizeof(*m)), bytes_over(&blank, sizeof(blank)));
}

static void
golden_messages_are_read_and_written(void)
{
	for (size_t i = 0; i < GOLDEN; i++) {
		struct capf_message want = golden[i].m, m;
		struct wr in = suite_hex(golden[i].hex), out = { 0 };
		struct err e = { 0 };

		want.session = 0x102;
		CU_ASSERT_EQUAL(capf_decode(wr_view(&in), golden[i].from, &m, &e), 0);
		ASSERT_ERR_SAYS(e, "");
		CU_ASSERT(same(&m, &want));
		capf_encode(&want, &out);
		CU_ASSERT(bytes_eq(wr_view(&in), wr_view(&out)));
		wr_free(&in);
		wr_free(&out);
	}
}

/* A message with these elements, from hex, which is read. */
static int
read_elements(unsigned command, enum capf_from from, struct wr *elements, struct capf_message *m,
    struct err *e)
{
	struct wr w = { 0 };
	int rc;

	wr_u8(&w, 0x55);
	wr_u8(&w, (uint8_t)command);
	wr_u32(&w, 7);
	wr_u16(&w, (uint16_t)elements->n);
	wr_put(&w, wr_view(elements));
	rc = capf_decode(wr_view(&w), from, m, e);
	wr_free(&w); /* views in m are gone with it: only numbers and texts are looked at */
	wr_free(elements);
	return rc;
}

static int
read_hex(
    unsigned command, enum capf_from from, const char *hex, struct capf_message *m, struct err *e)
{
	struct wr elements = suite_hex(hex);

	return read_elements(command, from, &elements, m, e);
}

static bool
is_refused(unsigned command, enum capf_from from, const char *hex, const char *words)
{
	struct capf_message m;
	struct err e = { 0 };
	bool refused = read_hex(command, from, hex, &m, &e) == -1 && is_blank(&m) &&
		       e.code != ERR_NONE && strstr(e.text, words) != NULL;

	if (!refused)
		fprintf(stderr, "\n    %s said: %s\n", hex, e.text);
	return refused;
}

/* Cisco Jabber says version 2 and its elements in another order. */
static void
a_soft_phone_is_understood(void)
{
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(read_hex(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE,
			    "07 0001 02  0d 0007 43534641424300  01 0001 01", &m, &e),
	    0);
	CU_ASSERT_EQUAL(m.has, CAPF_HAS_VERSION | CAPF_HAS_DEVICE | CAPF_HAS_REASON);
	CU_ASSERT_EQUAL(m.version, 2);
	CU_ASSERT_STRING_EQUAL(m.device, "CSFABC");
	CU_ASSERT_STRING_EQUAL(m.password, "");
}

/* A CUCM leaves out what RSA goes without, and may say what went wrong in words. */
static void
what_a_cucm_says_is_understood(void)
{
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(read_hex(CAPF_AUTH_REQUEST, CAPF_FROM_SERVER, "07 0001 03", &m, &e), 0);
	CU_ASSERT(m.has == CAPF_HAS_VERSION && m.version == 3);
	CU_ASSERT_EQUAL(read_hex(CAPF_KEY_REQUEST, CAPF_FROM_SERVER, "0a 0002 0800", &m, &e), 0);
	CU_ASSERT(m.has == CAPF_HAS_KEY_BITS && m.key_bits == 2048);
	CU_ASSERT_EQUAL(
	    read_hex(CAPF_END_SESSION, CAPF_FROM_SERVER, "01 0001 07  02 0003 6e6f00", &m, &e), 0);
	CU_ASSERT(m.has == (CAPF_HAS_REASON | CAPF_HAS_INFO) && m.info.n == 3);
	CU_ASSERT_EQUAL(
	    read_hex(CAPF_RETRY_LATER, CAPF_FROM_SERVER, "0c 0004 0000003c", &m, &e), 0);
	CU_ASSERT_EQUAL(m.has, 0);
}

static void
progress_comes_with_elements_or_without(void)
{
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(
	    read_hex(CAPF_IN_PROGRESS, CAPF_FROM_PHONE, "01 0001 01  0d 0004 41424300", &m, &e), 0);
	CU_ASSERT_STRING_EQUAL(m.device, "ABC");
}

/* What capfc writes before the certificate for a MIC too, and capfd does not look at. */
static void
the_bytes_before_a_certificate_do_not_matter(void)
{
	struct wr in = suite_hex("55 0c 00000001 000b  04 0008 01 0005 beef aabbcc");
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(capf_decode(wr_view(&in), CAPF_FROM_PHONE, &m, &e), 0);
	CU_ASSERT(bytes_eq(m.cert, bytes_over("\xaa\xbb\xcc", 3)));
	wr_free(&in);
}

static void
a_certificate_must_fill_its_element(void)
{
	static const char *const bad[] = {
		"04 0008 01 0004 0001 aabbcc", /* shorter than the element */
		"04 0008 01 0006 0001 aabbcc", /* longer */
		"04 0008 02 0005 0001 aabbcc", /* another tag inside */
		"04 000b 01 0005 0001 aabbcc 000000",
		"04 0008 01 0002 0001 01 0000",
		"04 0006 01 0003 0001 00 04",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(is_refused(CAPF_FETCH_RESPONSE, CAPF_FROM_PHONE, bad[i], ""));
	CU_ASSERT(
	    is_refused(CAPF_FETCH_RESPONSE, CAPF_FROM_PHONE, "04 0005 01 0002 0001", "of 5 bytes"));
	CU_ASSERT(is_refused(CAPF_FETCH_RESPONSE, CAPF_FROM_PHONE, "04 0006 01 0002 0001 00",
	    "certificate that is none"));
}

static void
sha512_is_the_only_hash_beside_sha1(void)
{
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(
	    read_hex(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0004 03 0001 aa", &m, &e), 0);
	CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0004 02 0001 aa", "is none"));
	CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0004 01 0001 aa", "is none"));
	CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0004 03 0000 aa", "is none"));
	CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0004 03 0002 aa", "is none"));
	CU_ASSERT(
	    is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0005 03 0001 aa bb", "is none"));
	CU_ASSERT(is_refused(
	    CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "14 0008 03 0001 aa 03 0001 bb", "is none"));
}

static void
a_sudi_proof_has_three_parts(void)
{
	static const char *const bad[] = {
		"10 000c 00 0001 aa 01 0001 bb 02 0001 cc", /* SHA-256 */
		"10 000c 01 0001 aa 00 0001 bb 03 0001 cc",
		"10 000c 00 0001 aa 03 0001 bb 01 0001 cc",
		"10 000c 00 0002 aabb 01 0000 03 0001 cc dd",
		"10 000d 00 0001 aa 01 0001 bb 03 0001 cc dd",
		"10 000c 00 0001 aa 01 0001 bb 03 0002 cc",
		"10 000c 00 0005 aaaaaaaaaa 01 0001 bb",
	};
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(read_hex(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE,
			    "10 000c 00 0001 aa 01 0001 bb 03 0001 cc", &m, &e),
	    0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, bad[i], ""));
}

/* By tag: the shortest value of each that will do. */
static const char *const values[] = {
	[1] = "01 0001 01",
	[2] = "02 0000",
	[3] = "03 0001 01",
	[4] = "04 0006 01 0003 0001 aa",
	[5] = "05 0000",
	[6] = "06 0001 aa",
	[7] = "07 0001 03",
	[8] = "08 0001 00",
	[9] = "09 0001 30",
	[10] = "0a 0002 0800",
	[11] = "0b 0001 00",
	[12] = "0c 0000",
	[13] = "0d 0002 4100",
	[16] = "10 000c 00 0001 aa 01 0001 bb 03 0001 cc",
	[17] = "11 0001 00",
	[18] = "12 0001 00",
	[19] = "13 0000",
	[20] = "14 0004 03 0001 aa",
};

enum { VALUES = sizeof(values) / sizeof(values[0]) };

#define T(tag) (1u << (tag))

/* PROTOCOL.md, "Elements": which may stand in a message.  Those that are missing here nobody may
 * say from that side. */
static const struct place {
	unsigned command;
	enum capf_from from;
	unsigned tags;
} places[] = {
	{ CAPF_AUTH_REQUEST, CAPF_FROM_SERVER, T(2) | T(5) | T(7) | T(8) | T(12) | T(19) },
	{ CAPF_KEY_REQUEST, CAPF_FROM_SERVER, T(2) | T(5) | T(10) | T(12) | T(17) | T(18) | T(19) },
	{ CAPF_STORE_REQUEST, CAPF_FROM_SERVER, T(2) | T(3) | T(4) | T(5) | T(12) | T(19) },
	{ CAPF_FETCH_REQUEST, CAPF_FROM_SERVER, T(2) | T(5) | T(12) | T(19) },
	{ CAPF_DELETE_REQUEST, CAPF_FROM_SERVER, T(2) | T(5) | T(12) | T(19) },
	{ CAPF_END_SESSION, CAPF_FROM_SERVER, T(1) | T(2) | T(5) | T(12) | T(19) },
	{ CAPF_RETRY_LATER, CAPF_FROM_SERVER, T(1) | T(2) | T(5) | T(12) | T(19) },
	{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE,
	    T(1) | T(2) | T(4) | T(6) | T(7) | T(11) | T(13) | T(16) | T(20) },
	{ CAPF_KEY_RESPONSE, CAPF_FROM_PHONE, T(1) | T(2) | T(9) },
	{ CAPF_STORE_RESPONSE, CAPF_FROM_PHONE, T(1) | T(2) },
	{ CAPF_FETCH_RESPONSE, CAPF_FROM_PHONE, T(1) | T(2) | T(3) | T(4) },
	{ CAPF_DELETE_RESPONSE, CAPF_FROM_PHONE, T(1) | T(2) },
	{ CAPF_END_SESSION, CAPF_FROM_PHONE, T(1) | T(2) },
	{ CAPF_RETRY_LATER, CAPF_FROM_PHONE, T(1) | T(2) },
	{ CAPF_IN_PROGRESS, CAPF_FROM_PHONE, T(1) | T(2) | T(7) | T(13) },
};

static const struct place *
place_of(unsigned command, enum capf_from from)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].command == command && places[i].from == from)
			return &places[i];
	return NULL;
}

static void
see_tag(const struct place *p, unsigned tag)
{
	struct capf_message m;
	struct err e;

	if ((p->tags & T(tag)) == 0) {
		CU_ASSERT(is_refused(p->command, p->from, values[tag], "not for it"));
		return;
	}
	CU_ASSERT_EQUAL(read_hex(p->command, p->from, values[tag], &m, &e), 0);
}

static void
an_element_is_only_where_it_belongs(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (unsigned tag = 0; tag < VALUES; tag++)
			if (values[tag] != NULL)
				see_tag(&places[i], tag);
}

static void
elements_nobody_knows_are_refused(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (unsigned tag = 0; tag < 256; tag++) {
			char hex[16];

			if (tag < VALUES && values[tag] != NULL)
				continue;
			snprintf(hex, sizeof(hex), "%02x 0001 00", tag);
			CU_ASSERT(is_refused(places[i].command, places[i].from, hex, "not for it"));
		}
	}
}

static void
see_command(unsigned command, enum capf_from from)
{
	struct capf_message m;
	struct err e;

	if (place_of(command, from) == NULL) {
		CU_ASSERT(is_refused(command, from, "", ""));
		return;
	}
	CU_ASSERT_EQUAL(read_hex(command, from, "", &m, &e), 0);
	CU_ASSERT(m.command == command && m.session == 7);
}

static void
commands_belong_to_a_side(void)
{
	for (unsigned command = 0; command < 256; command++) {
		see_command(command, CAPF_FROM_SERVER);
		see_command(command, CAPF_FROM_PHONE);
	}
	CU_ASSERT(is_refused(5, CAPF_FROM_PHONE, "", "command 5"));
	CU_ASSERT(is_refused(CAPF_AUTH_REQUEST, CAPF_FROM_PHONE, "", "not a phone's to say"));
	CU_ASSERT(is_refused(CAPF_IN_PROGRESS, CAPF_FROM_SERVER, "", "not a server's to say"));
	CU_ASSERT_STRING_EQUAL(capf_command_name(CAPF_AUTH_REQUEST), "AUTH_REQUEST");
	CU_ASSERT_STRING_EQUAL(capf_command_name(5), "?");
	CU_ASSERT_STRING_EQUAL(capf_command_name(4000000000), "?");
}

static void
what_comes_twice_is_refused(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		for (unsigned tag = 0; tag < VALUES; tag++) {
			char *hex;

			if (!(places[i].tags & T(tag)))
				continue;
			hex = mem_fmt("%s %s", values[tag], values[tag]);
			CU_ASSERT(is_refused(places[i].command, places[i].from, hex, "a second"));
			free(hex);
		}
}

static void
numbers_have_their_size(void)
{
	static const struct {
		unsigned command;
		enum capf_from from;
		const char *hex;
	} bad[] = {
		{ CAPF_STORE_RESPONSE, CAPF_FROM_PHONE, "01 0000" },
		{ CAPF_STORE_RESPONSE, CAPF_FROM_PHONE, "01 0002 0001" },
		{ CAPF_STORE_REQUEST, CAPF_FROM_SERVER, "03 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "07 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "07 0002 0003" },
		{ CAPF_AUTH_REQUEST, CAPF_FROM_SERVER, "08 0000" },
		{ CAPF_KEY_REQUEST, CAPF_FROM_SERVER, "0a 0001 08" },
		{ CAPF_KEY_REQUEST, CAPF_FROM_SERVER, "0a 0004 00000800" },
		{ CAPF_KEY_REQUEST, CAPF_FROM_SERVER, "11 0002 0000" },
		{ CAPF_KEY_REQUEST, CAPF_FROM_SERVER, "12 0000" },
		{ CAPF_KEY_RESPONSE, CAPF_FROM_PHONE, "09 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "06 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "0b 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "0d 0000" },
		{ CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "0d 0001 00" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(is_refused(bad[i].command, bad[i].from, bad[i].hex, "are allowed"));
}

/* capfd takes the last character for the NUL that is missing, and cuts what is not UTF-8 short by
 * ending itself. */
static void
texts_end_in_one_nul_and_are_utf8(void)
{
	static const char *const bad[] = { "0d 0003 534550", "0d 0003 530000", "0d 0003 005300",
		"0d 0003 53ff00", "0d 0003 c08000", "0d 0004 eda08000", "0b 0001 31",
		"0b 0003 310000", "0b 0002 ff00" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(is_refused(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, bad[i], "is none"));
}

/* AUTH_RESPONSE with a text of n characters and a NUL. */
static int
read_text(uint8_t tag, size_t n, struct capf_message *m, struct err *e)
{
	struct wr elements = { 0 };
	size_t mark = wr_open(&elements, tag);

	wr_fill(&elements, '7', n);
	wr_u8(&elements, '\0');
	wr_close(&elements, mark);
	return read_elements(CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, &elements, m, e);
}

static void
texts_have_a_maximum(void)
{
	struct capf_message m;
	struct err e;

	CU_ASSERT_EQUAL(read_text(13, CAPF_DEVICE_MAX - 1, &m, &e), 0);
	CU_ASSERT_EQUAL(strlen(m.device), CAPF_DEVICE_MAX - 1);
	CU_ASSERT_EQUAL(read_text(13, CAPF_DEVICE_MAX, &m, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_EQUAL(read_text(11, CAPF_PASSWORD_MAX - 1, &m, &e), 0);
	CU_ASSERT_EQUAL(strlen(m.password), CAPF_PASSWORD_MAX - 1);
	CU_ASSERT_EQUAL(read_text(11, CAPF_PASSWORD_MAX, &m, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
}

static int
read_filled(unsigned command, enum capf_from from, uint8_t tag, size_t n, struct err *e)
{
	struct wr elements = { 0 };
	size_t mark = wr_open(&elements, tag);
	struct capf_message m;

	wr_fill(&elements, 'x', n);
	wr_close(&elements, mark);
	return read_elements(command, from, &elements, &m, e);
}

static void
a_message_has_a_maximum(void)
{
	size_t most = CAPF_MESSAGE_MAX - CAPF_HEADER_BYTES - 3;
	struct err e;

	CU_ASSERT_EQUAL(read_filled(CAPF_KEY_RESPONSE, CAPF_FROM_PHONE, 9, most, &e), 0);
	CU_ASSERT_EQUAL(read_filled(CAPF_KEY_RESPONSE, CAPF_FROM_PHONE, 9, most + 1, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_EQUAL(read_filled(CAPF_END_SESSION, CAPF_FROM_SERVER, 2, CAPF_INFO_MAX, &e), 0);
	CU_ASSERT_EQUAL(
	    read_filled(CAPF_END_SESSION, CAPF_FROM_SERVER, 2, CAPF_INFO_MAX + 1, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
}

static void
what_is_too_long_is_not_written(void)
{
	static uint8_t der[70000];
	static const size_t sizes[] = { CAPF_MESSAGE_MAX - 16, CAPF_MESSAGE_MAX - 15, 65533,
		sizeof(der) };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct capf_message m = { .command = CAPF_FETCH_RESPONSE,
			.has = CAPF_HAS_CERT,
			.cert = bytes_over(der, sizes[i]) };
		struct wr w = { 0 };

		capf_encode(&m, &w);
		CU_ASSERT_EQUAL(w.bad, i > 0);
		wr_free(&w);
	}
}

static void
messages_are_appended(void)
{
	struct capf_message m = {
		.command = CAPF_END_SESSION, .session = 1, .has = CAPF_HAS_REASON, .reason = 7
	};
	struct wr want = suite_hex("ff 55 0f 00000001 0004 01 0001 07"), w = { 0 };

	wr_u8(&w, 0xff);
	capf_encode(&m, &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&want);
	wr_free(&w);
}

static void
lengths_that_do_not_add_up_are_refused(void)
{
	static const char *const bad[] = {
		"55 0a 00000001 0005  01 0001 01",
		"55 0a 00000001 0003  01 0001 01",
		"55 0a 00000001 0004  01 0001 01 00",
		"55 0a 00000001 0004  01 0002 01",
		"55 0a 00000001 0005  01 0001 01 01",
		"55 0a 00000001 0006  01 0001 01 0200",
		"54 0a 00000001 0004  01 0001 01",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wr in = suite_hex(bad[i]);
		struct capf_message m;
		struct err e = { 0 };

		CU_ASSERT_EQUAL(capf_decode(wr_view(&in), CAPF_FROM_PHONE, &m, &e), -1);
		CU_ASSERT(is_blank(&m) && e.code == ERR_MALFORMED);
		wr_free(&in);
	}
}

/* The order is refused after the password was read. */
static void
a_password_does_not_outlive_its_message(void)
{
	CU_ASSERT(is_refused(
	    CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "0b 0005 3132333400 08 0001 00", "not for it"));
	CU_ASSERT(is_refused(
	    CAPF_AUTH_RESPONSE, CAPF_FROM_PHONE, "0b 0005 3132333400 0d 0009 41", "overruns"));
}

/* ctx: the number of bytes that the whole message has. */
static void
see_cut_frame(struct bytes cut, size_t n, void *ctx)
{
	CU_ASSERT_EQUAL(capf_frame(cut), n < CAPF_HEADER_BYTES ? 0 : *(const ssize_t *)ctx);
}

static void
the_length_is_known_from_the_head(void)
{
	for (size_t i = 0; i < GOLDEN; i++) {
		struct wr w = suite_hex(golden[i].hex);
		ssize_t whole = (ssize_t)w.n;

		CU_ASSERT_EQUAL(capf_frame(wr_view(&w)), whole);
		each_cut(wr_view(&w), see_cut_frame, &whole);
		wr_free(&w);
	}
	CU_ASSERT_EQUAL(capf_frame(bytes_over("\x55\xff....\xff\xff", 8)), 8 + 65535);
	CU_ASSERT_EQUAL(capf_frame(bytes_over(NULL, 0)), 0);
	CU_ASSERT_EQUAL(capf_frame(bytes_of("G")), -1);
	CU_ASSERT_EQUAL(capf_frame(bytes_over("\x57\x01", 2)), -1);
}

static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	struct capf_message m;
	struct err e = { 0 };

	(void)n;
	CU_ASSERT_EQUAL(capf_decode(cut, *(const enum capf_from *)ctx, &m, &e), -1);
	CU_ASSERT(is_blank(&m) && e.code == ERR_MALFORMED);
}

static void
read_again(const struct capf_message *m, enum capf_from from)
{
	struct capf_message again;
	struct wr w = { 0 };
	struct err e;

	capf_encode(m, &w);
	CU_ASSERT_EQUAL(capf_decode(wr_view(&w), from, &again, &e), 0);
	CU_ASSERT(same(m, &again));
	wr_free(&w);
}

/* One that is read says what it says, within the limits. */
static void
see_flip(struct bytes flipped, size_t bit, void *ctx)
{
	(void)bit;
	(void)ctx;
	for (int from = CAPF_FROM_SERVER; from <= CAPF_FROM_PHONE; from++) {
		struct capf_message m;
		struct err e = { 0 };

		if (capf_decode(flipped, (enum capf_from)from, &m, &e) == 0)
			read_again(&m, (enum capf_from)from);
		CU_ASSERT((e.code != ERR_NONE) == is_blank(&m));
	}
}

static void
every_cut_is_refused_and_every_flip_harmless(void)
{
	for (size_t i = 0; i < GOLDEN; i++) {
		enum capf_from from = golden[i].from;
		struct wr w = suite_hex(golden[i].hex);

		each_cut(wr_view(&w), see_cut, &from);
		each_flip(wr_view(&w), see_flip, NULL);
		wr_free(&w);
	}
}

static const struct suite_test tests[] = {
	{ "golden messages are read and written", golden_messages_are_read_and_written },
	{ "a soft phone is understood", a_soft_phone_is_understood },
	{ "what a CUCM says is understood", what_a_cucm_says_is_understood },
	{ "progress comes with elements or without", progress_comes_with_elements_or_without },
	{ "the bytes before a certificate do not matter",
	    the_bytes_before_a_certificate_do_not_matter },
	{ "a certificate must fill its element", a_certificate_must_fill_its_element },
	{ "SHA-512 is the only hash beside SHA-1", sha512_is_the_only_hash_beside_sha1 },
	{ "a SUDI proof has three parts", a_sudi_proof_has_three_parts },
	{ "an element is only where it belongs", an_element_is_only_where_it_belongs },
	{ "elements nobody knows are refused", elements_nobody_knows_are_refused },
	{ "commands belong to a side", commands_belong_to_a_side },
	{ "what comes twice is refused", what_comes_twice_is_refused },
	{ "numbers have their size", numbers_have_their_size },
	{ "texts end in one NUL and are UTF-8", texts_end_in_one_nul_and_are_utf8 },
	{ "texts have a maximum", texts_have_a_maximum },
	{ "a message has a maximum", a_message_has_a_maximum },
	{ "what is too long is not written", what_is_too_long_is_not_written },
	{ "messages are appended", messages_are_appended },
	{ "lengths that do not add up are refused", lengths_that_do_not_add_up_are_refused },
	{ "a password does not outlive its message", a_password_does_not_outlive_its_message },
	{ "the length is known from the head", the_length_is_known_from_the_head },
	{ "every cut is refused and every flip harmless",
	    every_cut_is_refused_and_every_flip_harmless },
};

SUITE_MAIN("capf/proto", tests)
