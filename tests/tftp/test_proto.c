#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tftp/proto.h"

/* A request as text, where '|' stands for NUL; op in front. */
static struct wr
packet_of(uint16_t op, const char *text)
{
	struct wr w = { 0 };

	wr_u16(&w, op);
	for (; *text != '\0'; text++)
		wr_u8(&w, *text == '|' ? '\0' : (uint8_t)*text);
	return w;
}

/* As tftp_decode(), with the packet's text copied so that it may be looked at afterwards. */
static int
decode_text(uint16_t op, const char *text, struct tftp_packet *p, struct err *e)
{
	static struct wr kept;

	wr_free(&kept);
	kept = packet_of(op, text);
	return tftp_decode(wr_view(&kept), p, e);
}

static bool
is_refused(const char *text, const char *words)
{
	struct tftp_packet p;
	struct err e = { 0 };

	if (decode_text(TFTP_RRQ, text, &p, &e) == 0)
		return false;
	return p.op == 0 && p.name == NULL && strstr(e.text, words) != NULL;
}

/* What curl 7.88.1, tftp-hpa 5.2 and atftp 0.8.0 sent to a socket of ours. */
static void
requests_of_other_clients_are_read(void)
{
	struct wr curl = suite_hex("0001 612e74787400 6f6374657400 7473697a65003000 "
				   "626c6b73697a6500 3134323800 74696d656f757400 3100");
	struct wr hpa = suite_hex("0001 6200 6e6574617363696900");
	struct wr atftp = suite_hex("0001 6300 6f6374657400 626c6b73697a6500 3134323800 "
				    "77696e646f7773697a6500 3800");
	struct tftp_packet p;
	struct err e;

	CU_ASSERT_EQUAL(tftp_decode(wr_view(&curl), &p, &e), 0);
	CU_ASSERT_EQUAL(p.op, TFTP_RRQ);
	CU_ASSERT_STRING_EQUAL(p.name, "a.txt");
	CU_ASSERT_EQUAL(p.mode, TFTP_OCTET);
	CU_ASSERT(p.options.has[TFTP_TSIZE] && p.options.value[TFTP_TSIZE] == 0);
	CU_ASSERT(p.options.has[TFTP_BLKSIZE] && p.options.value[TFTP_BLKSIZE] == 1428);
	CU_ASSERT(p.options.has[TFTP_TIMEOUT] && p.options.value[TFTP_TIMEOUT] == 1);
	CU_ASSERT(!p.options.has[TFTP_WINDOWSIZE]);

	CU_ASSERT_EQUAL(tftp_decode(wr_view(&hpa), &p, &e), 0);
	CU_ASSERT_STRING_EQUAL(p.name, "b");
	CU_ASSERT_EQUAL(p.mode, TFTP_NETASCII);

	CU_ASSERT_EQUAL(tftp_decode(wr_view(&atftp), &p, &e), 0);
	CU_ASSERT(p.options.has[TFTP_WINDOWSIZE] && p.options.value[TFTP_WINDOWSIZE] == 8);
	wr_free(&curl);
	wr_free(&hpa);
	wr_free(&atftp);
}

/* The example of RFC 2347 and one of RFC 7440, written down from their text. */
static void
the_examples_of_the_rfcs_come_out(void)
{
	struct tftp_packet rrq = { .op = TFTP_RRQ, .name = "foobar", .mode = TFTP_OCTET };
	struct tftp_packet oack = { .op = TFTP_OACK };
	struct wr golden_rrq = suite_hex("0001 666f6f626172 00 6f63746574 00 626c6b73697a65 00 "
					 "31343332 00");
	struct wr golden_oack = suite_hex("0006 626c6b73697a65 00 31343332 00 "
					  "77696e646f7773697a65 00 38 00");
	struct wr w = { 0 };

	rrq.options.has[TFTP_BLKSIZE] = oack.options.has[TFTP_BLKSIZE] = true;
	rrq.options.value[TFTP_BLKSIZE] = oack.options.value[TFTP_BLKSIZE] = 1432;
	oack.options.has[TFTP_WINDOWSIZE] = true;
	oack.options.value[TFTP_WINDOWSIZE] = 8;
	tftp_encode(&rrq, &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&golden_rrq)));
	wr_free(&w);
	tftp_encode(&oack, &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&golden_oack)));
	wr_free(&w);
	wr_free(&golden_rrq);
	wr_free(&golden_oack);
}

static void
names_of_modes_and_options_know_no_case(void)
{
	struct tftp_packet p;
	struct err e;

	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, "f|OcTeT|BLKsize|0512|", &p, &e), 0);
	CU_ASSERT_EQUAL(p.mode, TFTP_OCTET);
	CU_ASSERT_EQUAL(p.options.value[TFTP_BLKSIZE], 512);
	CU_ASSERT_EQUAL(decode_text(TFTP_WRQ, "f|NETASCII|", &p, &e), 0);
	CU_ASSERT_EQUAL(p.op, TFTP_WRQ);
	CU_ASSERT_EQUAL(p.mode, TFTP_NETASCII);
}

static void
requests_that_are_none_are_refused(void)
{
	CU_ASSERT(is_refused("", "end in NUL"));
	CU_ASSERT(is_refused("f|octet", "end in NUL"));
	CU_ASSERT(is_refused("f|octet|tsize|0", "end in NUL"));
	CU_ASSERT(is_refused("|octet|", "file name"));
	CU_ASSERT(is_refused("f|", "without a mode"));
	CU_ASSERT(is_refused("f|mail|", "mode \"mail\""));
	CU_ASSERT(is_refused("f||", "mode \"\""));
	CU_ASSERT(is_refused("f|binary|", "mode \"binary\""));
}

static void
names_have_a_maximum(void)
{
	char text[600];
	struct tftp_packet p;
	struct err e;

	memset(text, 'n', sizeof(text));
	snprintf(&text[TFTP_NAME_MAX], sizeof(text) - TFTP_NAME_MAX, "|octet|");
	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, text, &p, &e), 0);
	CU_ASSERT_EQUAL(strlen(p.name), TFTP_NAME_MAX);
	text[TFTP_NAME_MAX] = 'n';
	snprintf(&text[TFTP_NAME_MAX + 1], sizeof(text) - TFTP_NAME_MAX - 1, "|octet|");
	CU_ASSERT(is_refused(text, "a file name of 256 bytes"));
}

static void
requests_have_a_maximum(void)
{
	char text[TFTP_REQUEST_MAX] = "f|octet|";
	struct tftp_packet p;
	struct err e;

	memset(&text[8], '|', TFTP_REQUEST_MAX - 2 - 8);
	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, text, &p, &e), 0);
	text[TFTP_REQUEST_MAX - 2] = '|';
	CU_ASSERT(is_refused(text, "more than 512 bytes"));
}

/* RFC 2348, 2349, 7440: what is out of bounds was not asked. */
static void
values_out_of_bounds_are_skipped(void)
{
	static const struct {
		enum tftp_option option;
		const char *text;
		bool good;
	} cases[] = {
		{ TFTP_BLKSIZE, "blksize|7|", false },
		{ TFTP_BLKSIZE, "blksize|8|", true },
		{ TFTP_BLKSIZE, "blksize|65464|", true },
		{ TFTP_BLKSIZE, "blksize|65465|", false },
		{ TFTP_BLKSIZE, "blksize|512 |", false },
		{ TFTP_BLKSIZE, "blksize|-8|", false },
		{ TFTP_BLKSIZE, "blksize|+8|", false },
		{ TFTP_BLKSIZE, "blksize|0x200|", false },
		{ TFTP_BLKSIZE, "blksize||", false },
		{ TFTP_BLKSIZE, "blksize|", false },
		{ TFTP_BLKSIZE, "blksize|18446744073709552128|", false },
		{ TFTP_TSIZE, "tsize|0|", true },
		{ TFTP_TSIZE, "tsize|none|", false },
		{ TFTP_TSIZE, "tsize|9223372036854775807|", true },
		{ TFTP_TSIZE, "tsize|9223372036854775808|", false },
		{ TFTP_TIMEOUT, "timeout|0|", false },
		{ TFTP_TIMEOUT, "timeout|1|", true },
		{ TFTP_TIMEOUT, "timeout|255|", true },
		{ TFTP_TIMEOUT, "timeout|256|", false },
		{ TFTP_WINDOWSIZE, "windowsize|0|", false },
		{ TFTP_WINDOWSIZE, "windowsize|1|", true },
		{ TFTP_WINDOWSIZE, "windowsize|65535|", true },
		{ TFTP_WINDOWSIZE, "windowsize|65536|", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		struct tftp_packet p;
		struct err e;

		snprintf(text, sizeof(text), "f|octet|%s", cases[i].text);
		CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, text, &p, &e), 0);
		if (p.options.has[cases[i].option] != cases[i].good)
			fprintf(stderr, "\n    %s\n", cases[i].text);
		CU_ASSERT_EQUAL(p.options.has[cases[i].option], cases[i].good);
	}
}

static void
unknown_options_and_padding_are_skipped(void)
{
	struct tftp_packet p;
	struct err e;

	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, "f|octet|multicast||tomorrow|1|tsize|0|", &p, &e), 0);
	CU_ASSERT(p.options.has[TFTP_TSIZE]);
	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, "f|octet|tsize|0||||||", &p, &e), 0);
	CU_ASSERT(p.options.has[TFTP_TSIZE]);
	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, "f|octet|||blksize|1024|", &p, &e), 0);
	CU_ASSERT(p.options.has[TFTP_BLKSIZE]);
}

static void
of_two_equal_options_the_first_counts(void)
{
	struct tftp_packet p;
	struct err e;

	CU_ASSERT_EQUAL(decode_text(TFTP_RRQ, "f|octet|blksize|1024|blksize|2048|", &p, &e), 0);
	CU_ASSERT_EQUAL(p.options.value[TFTP_BLKSIZE], 1024);
}

static void
answers_are_read(void)
{
	struct wr ack = suite_hex("0004 ffff"), padded = suite_hex("0004 0001 000000");
	struct wr error = suite_hex("0005 0008 6e6f 00"), bare = suite_hex("0005 0063 6e6f");
	struct wr data = suite_hex("0003 0102 616263");
	struct tftp_packet p;
	struct err e;

	CU_ASSERT_EQUAL(tftp_decode(wr_view(&ack), &p, &e), 0);
	CU_ASSERT(p.op == TFTP_ACK && p.block == 0xffff);
	CU_ASSERT_EQUAL(tftp_decode(wr_view(&padded), &p, &e), 0);
	CU_ASSERT(p.op == TFTP_ACK && p.block == 1);
	CU_ASSERT_EQUAL(tftp_decode(wr_view(&error), &p, &e), 0);
	CU_ASSERT(p.op == TFTP_ERROR && p.code == TFTP_E_OPTIONS && bytes_eq_text(p.text, "no"));
	CU_ASSERT_EQUAL(tftp_decode(wr_view(&bare), &p, &e), 0);
	CU_ASSERT(p.code == 99 && bytes_eq_text(p.text, "no"));
	CU_ASSERT_EQUAL(tftp_decode(wr_view(&data), &p, &e), 0);
	CU_ASSERT(p.op == TFTP_DATA && p.block == 0x102 && bytes_eq_text(p.data, "abc"));
	wr_free(&ack);
	wr_free(&padded);
	wr_free(&error);
	wr_free(&bare);
	wr_free(&data);
}

static const struct tftp_packet samples[] = {
	{ .op = TFTP_RRQ,
	    .name = "SEP001122334455.cnf.xml.sgn",
	    .mode = TFTP_OCTET,
	    .options = { { true, true, true, true }, { 1428, 0, 3, 16 } } },
	{ .op = TFTP_WRQ, .name = "x", .mode = TFTP_NETASCII },
	{ .op = TFTP_DATA, .block = 0xfffe, .data = { (const uint8_t *)"\0\1\2", 3 } },
	{ .op = TFTP_DATA, .block = 7 },
	{ .op = TFTP_ACK, .block = 0x1234 },
	{ .op = TFTP_ERROR, .code = 1, .text = { (const uint8_t *)"File not found", 14 } },
	{ .op = TFTP_OACK, .options = { { true, false, true, false }, { 8, 0, 255, 0 } } },
	{ .op = TFTP_OACK },
};

static bool
is_same(const struct tftp_packet *a, const struct tftp_packet *b)
{
	return a->op == b->op && a->mode == b->mode && a->block == b->block && a->code == b->code &&
	       (a->name == NULL) == (b->name == NULL) &&
	       (a->name == NULL || strcmp(a->name, b->name) == 0) && bytes_eq(a->data, b->data) &&
	       bytes_eq(a->text, b->text) &&
	       memcmp(a->options.has, b->options.has, sizeof(a->options.has)) == 0 &&
	       memcmp(a->options.value, b->options.value, sizeof(a->options.value)) == 0;
}

static void
what_is_written_is_read_back(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct wr w = { 0 };
		struct tftp_packet p;
		struct err e;

		tftp_encode(&samples[i], &w);
		CU_ASSERT_EQUAL(tftp_decode(wr_view(&w), &p, &e), 0);
		CU_ASSERT(is_same(&samples[i], &p));
		wr_free(&w);
	}
}

static void
the_head_of_a_block_is_that_of_its_packet(void)
{
	struct tftp_packet p = { .op = TFTP_DATA, .block = 0x8001 };
	uint8_t head[TFTP_DATA_HEAD];
	struct wr w = { 0 };

	tftp_encode(&p, &w);
	tftp_data_head(0x8001, head);
	CU_ASSERT(bytes_eq(wr_view(&w), bytes_over(head, sizeof(head))));
	wr_free(&w);
}

/* A request cut at the end of a text is a shorter request; anywhere else it is refused. */
static void
see_cut_request(struct bytes cut, size_t n, void *ctx)
{
	const size_t name_and_mode = 2 + sizeof("SEP001122334455.cnf.xml.sgn") + sizeof("octet");
	bool ends_in_nul = n > 0 && cut.p[n - 1] == '\0';
	struct tftp_packet p;
	struct err e;

	(void)ctx;
	CU_ASSERT_EQUAL(tftp_decode(cut, &p, &e) == 0, ends_in_nul && n >= name_and_mode);
}

static void
see_anything(struct bytes in, size_t n, void *ctx)
{
	struct tftp_packet p;
	struct err e;

	(void)n;
	(void)ctx;
	CU_ASSERT(tftp_decode(in, &p, &e) == 0 || (p.op == 0 && e.code != ERR_NONE));
}

static void
every_cut_and_flip_is_refused_or_harmless(void)
{
	struct wr w = { 0 };

	tftp_encode(&samples[0], &w);
	each_cut(wr_view(&w), see_cut_request, NULL);
	wr_free(&w);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		tftp_encode(&samples[i], &w);
		each_cut(wr_view(&w), see_anything, NULL);
		each_flip(wr_view(&w), see_anything, NULL);
		wr_free(&w);
	}
}

static void
the_kind_of_any_packet_is_told(void)
{
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\0\1", 2)), TFTP_RRQ);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\0\6", 2)), TFTP_OACK);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\0\7", 2)), 0);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\0\0", 2)), 0);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\1\1", 2)), 0);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over("\0", 1)), 0);
	CU_ASSERT_EQUAL(tftp_op_of(bytes_over(NULL, 0)), 0);
}

static const struct suite_test tests[] = {
	{ "requests of other clients are read", requests_of_other_clients_are_read },
	{ "the examples of the RFCs come out", the_examples_of_the_rfcs_come_out },
	{ "names of modes and options know no case", names_of_modes_and_options_know_no_case },
	{ "requests that are none are refused", requests_that_are_none_are_refused },
	{ "names have a maximum", names_have_a_maximum },
	{ "requests have a maximum", requests_have_a_maximum },
	{ "values out of bounds are skipped", values_out_of_bounds_are_skipped },
	{ "unknown options and padding are skipped", unknown_options_and_padding_are_skipped },
	{ "of two equal options the first counts", of_two_equal_options_the_first_counts },
	{ "answers are read", answers_are_read },
	{ "what is written is read back", what_is_written_is_read_back },
	{ "the head of a block is that of its packet", the_head_of_a_block_is_that_of_its_packet },
	{ "every cut and flip is refused or harmless", every_cut_and_flip_is_refused_or_harmless },
	{ "the kind of any packet is told", the_kind_of_any_packet_is_told },
};

SUITE_MAIN("tftp/proto", tests)
