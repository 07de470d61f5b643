#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/suite.h"

static void
reader_reads_big_endian_in_order(void)
{
	struct wr in = suite_hex("01 0203 04050607 08090a");
	struct rd r = rd_over(wr_view(&in));

	CU_ASSERT_EQUAL(rd_u8(&r), 0x01);
	CU_ASSERT_EQUAL(rd_u16(&r), 0x0203);
	CU_ASSERT_EQUAL(rd_u32(&r), 0x04050607);
	CU_ASSERT_EQUAL(rd_left(&r), 3);
	CU_ASSERT_FALSE(rd_done(&r));
	CU_ASSERT_EQUAL(rd_take(&r, 2).p[1], 0x09);
	CU_ASSERT_EQUAL(rd_rest(&r).n, 1);
	CU_ASSERT_TRUE(rd_done(&r));
	wr_free(&in);
}

static void
reader_sticks_at_what_does_not_fit(void)
{
	struct wr in = suite_hex("010203");
	struct rd r = rd_over(wr_view(&in));

	rd_u8(&r);
	CU_ASSERT_EQUAL(rd_u32(&r), 0);
	CU_ASSERT_TRUE(r.bad);
	CU_ASSERT_EQUAL(r.at, 1);
	CU_ASSERT_EQUAL(rd_u8(&r), 0);
	CU_ASSERT_EQUAL(rd_u16(&r), 0);
	CU_ASSERT_EQUAL(rd_take(&r, 1).n, 0);
	CU_ASSERT_PTR_NULL(rd_take(&r, 0).p);
	CU_ASSERT_EQUAL(rd_rest(&r).n, 0);
	CU_ASSERT_EQUAL(rd_left(&r), 0);
	CU_ASSERT_FALSE(rd_done(&r));
	wr_free(&in);
}

static void
length_near_the_end_of_memory_is_refused(void)
{
	struct wr in = suite_hex("0102");
	struct rd r = rd_over(wr_view(&in));

	rd_u8(&r);
	CU_ASSERT_EQUAL(rd_take(&r, SIZE_MAX).n, 0);
	CU_ASSERT_TRUE(r.bad);
	wr_free(&in);
}

static void
reader_over_nothing_is_done(void)
{
	struct rd r = rd_over(bytes_over(NULL, 0));
	struct bytes value;
	uint8_t tag;

	CU_ASSERT_TRUE(rd_done(&r));
	CU_ASSERT_FALSE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_EQUAL(rd_rest(&r).n, 0);
	CU_ASSERT_TRUE(rd_done(&r));
}

static void
elements_are_read_to_the_end(void)
{
	struct wr in = suite_hex("01 0002 aabb | 02 0000 | 03 0001 cc");
	struct rd r = rd_over(wr_view(&in));
	struct bytes value;
	uint8_t tag;

	CU_ASSERT_TRUE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_EQUAL(tag, 1);
	CU_ASSERT_EQUAL(value.n, 2);
	CU_ASSERT_TRUE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_EQUAL(tag, 2);
	CU_ASSERT_EQUAL(value.n, 0);
	CU_ASSERT_TRUE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_EQUAL(value.p[0], 0xcc);
	CU_ASSERT_FALSE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_TRUE(rd_done(&r));
	wr_free(&in);
}

static void
cut_element_is_not_read(struct bytes cut, size_t n, void *ctx)
{
	struct rd r = rd_over(cut);
	struct bytes value;
	uint8_t tag;

	(void)ctx;
	CU_ASSERT_FALSE(rd_tlv(&r, &tag, &value));
	CU_ASSERT_EQUAL(value.n, 0);
	CU_ASSERT_EQUAL(r.at, 0); /* the element that did not fit is the place to name */
	CU_ASSERT_EQUAL(rd_done(&r), n == 0);
}

static void
every_cut_element_is_refused(void)
{
	struct wr in = suite_hex("07 0004 01020304");

	each_cut(wr_view(&in), cut_element_is_not_read, NULL);
	wr_free(&in);
}

static void
writer_writes_what_the_reader_reads(void)
{
	struct wr want = suite_hex("01 0203 04050607 6869 ffff 0a 78372e");
	struct wr w = { 0 };

	wr_u8(&w, 1);
	wr_u16(&w, 0x0203);
	wr_u32(&w, 0x04050607);
	wr_text(&w, "hi");
	wr_fill(&w, 0xff, 2);
	wr_put(&w, bytes_of("\n"));
	wr_put(&w, bytes_over(NULL, 0));
	wr_fmt(&w, "x%d.", 7);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_set_u16(&w, 1, 0xbeef);
	CU_ASSERT_EQUAL(w.p[1], 0xbe);
	CU_ASSERT_EQUAL(w.p[2], 0xef);
	wr_free(&w);
	wr_free(&want);
}

static void
elements_are_written(void)
{
	struct wr want = suite_hex(
	    "01 0001 09 | 02 0002 1234 | 03 0004 12345678 | 04 0003 686900 | 05 0002 aabb");
	uint8_t raw[] = { 0xaa, 0xbb };
	struct wr w = { 0 };

	wr_tlv_u8(&w, 1, 9);
	wr_tlv_u16(&w, 2, 0x1234);
	wr_tlv_u32(&w, 3, 0x12345678);
	wr_tlv_text(&w, 4, "hi");
	wr_tlv(&w, 5, bytes_over(raw, sizeof(raw)));
	CU_ASSERT_TRUE(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
}

static void
open_elements_nest(void)
{
	struct wr want = suite_hex("01 0009 | 02 0001 aa | 03 0000 ff ff");
	struct wr w = { 0 };
	size_t outer, inner;

	outer = wr_open(&w, 1);
	inner = wr_open(&w, 2);
	wr_u8(&w, 0xaa);
	wr_close(&w, inner);
	inner = wr_open(&w, 3);
	wr_close(&w, inner);
	wr_u16(&w, 0xffff);
	wr_close(&w, outer);
	CU_ASSERT_FALSE(w.bad);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
}

static void
value_of_65535_fits_and_one_more_does_not(void)
{
	struct wr w = { 0 };
	size_t mark = wr_open(&w, 1);

	wr_fill(&w, 0, UINT16_MAX);
	wr_close(&w, mark);
	CU_ASSERT_FALSE(w.bad);
	CU_ASSERT_EQUAL(w.p[1] << 8 | w.p[2], UINT16_MAX);
	mark = wr_open(&w, 1);
	wr_fill(&w, 0, UINT16_MAX + 1);
	wr_close(&w, mark);
	CU_ASSERT_TRUE(w.bad);
	wr_free(&w);
}

static void
writer_sticks_at_its_maximum(void)
{
	struct wr w = { .max = 4 };

	wr_text(&w, "abc");
	wr_u16(&w, 0);
	CU_ASSERT_TRUE(w.bad);
	wr_u8(&w, 'd');
	wr_close(&w, wr_open(&w, 1));
	wr_set_u16(&w, 100, 1);
	CU_ASSERT_EQUAL(w.n, 3);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "");
	wr_free(&w);
	CU_ASSERT_FALSE(w.bad);
	CU_ASSERT_EQUAL(w.max, 4);
}

static void
writer_without_maximum_stops_at_wr_max(void)
{
	struct wr w = { 0 };

	wr_fill(&w, 0, WR_MAX);
	CU_ASSERT_FALSE(w.bad);
	wr_u8(&w, 0);
	CU_ASSERT_TRUE(w.bad);
	CU_ASSERT_EQUAL(w.n, WR_MAX);
	wr_free(&w);
}

/* The NUL used to count: a text of exactly the maximum came back empty, and the writer bad. */
static void
text_of_exactly_the_maximum_is_whole(void)
{
	struct wr w = { .max = 256 };

	wr_fill(&w, 'x', 256);
	CU_ASSERT_EQUAL(strlen(wr_cstr(&w)), 256);
	CU_ASSERT_FALSE(w.bad);
	CU_ASSERT_EQUAL(w.n, 256);
	wr_free(&w);
}

static void
cstr_is_not_part_of_the_text(void)
{
	struct wr w = { 0 };

	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "");
	wr_text(&w, "ab");
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "ab");
	wr_text(&w, "c");
	CU_ASSERT_STRING_EQUAL(wr_cstr(&w), "abc");
	CU_ASSERT_EQUAL(w.n, 3);
	wr_wipe(&w);
	CU_ASSERT_PTR_NULL(w.p);
}

static void
stolen_bytes_leave_the_writer_empty(void)
{
	struct wr w = { .max = 8 };
	uint8_t *own;
	size_t n;

	wr_text(&w, "abc");
	own = wr_steal(&w, &n);
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_EQUAL(memcmp(own, "abc", 3), 0);
	CU_ASSERT_EQUAL(wr_view(&w).n, 0);
	CU_ASSERT_EQUAL(w.max, 8);
	wr_text(&w, "de");
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "de"));
	wr_free(&w);
	free(own);
}

static void
views_are_cut_to_what_is_there(void)
{
	struct bytes b = bytes_of("abcdef");

	CU_ASSERT_TRUE(bytes_eq_text(bytes_from(b, 2), "cdef"));
	CU_ASSERT_EQUAL(bytes_from(b, 6).n, 0);
	CU_ASSERT_EQUAL(bytes_from(b, SIZE_MAX).n, 0);
	CU_ASSERT_TRUE(bytes_eq_text(bytes_part(b, 1, 2), "bc"));
	CU_ASSERT_TRUE(bytes_eq_text(bytes_part(b, 4, SIZE_MAX), "ef"));
	CU_ASSERT_EQUAL(bytes_part(b, 7, 1).n, 0);
	CU_ASSERT_TRUE(bytes_eq(bytes_over(NULL, 0), bytes_of("")));
	CU_ASSERT_FALSE(bytes_eq(b, bytes_of("abcdeF")));
	CU_ASSERT_FALSE(bytes_eq(b, bytes_of("abcde")));
}

static void
text_on_the_wire_ends_in_one_nul(void)
{
	char to[4];

	CU_ASSERT_TRUE(bytes_to_text(bytes_over("abc", 4), to, sizeof(to)));
	CU_ASSERT_STRING_EQUAL(to, "abc");
	CU_ASSERT_TRUE(bytes_to_text(bytes_over("", 1), to, sizeof(to)));
	CU_ASSERT_STRING_EQUAL(to, "");
	CU_ASSERT_FALSE(bytes_to_text(bytes_over("abc", 3), to, sizeof(to)));
	CU_ASSERT_FALSE(bytes_to_text(bytes_over("a\0c", 4), to, sizeof(to)));
	CU_ASSERT_FALSE(bytes_to_text(bytes_over("a\0\0", 3), to, sizeof(to)));
	CU_ASSERT_FALSE(bytes_to_text(bytes_over("abcd", 5), to, sizeof(to)));
	CU_ASSERT_FALSE(bytes_to_text(bytes_over(NULL, 0), to, sizeof(to)));
	CU_ASSERT_STRING_EQUAL(to, "");
}

static void
hex_goes_there_and_back(void)
{
	const uint8_t raw[] = { 0x00, 0x1f, 0xff };
	uint8_t back[3];
	char text[9];

	bytes_hex(bytes_over(raw, 3), '\0', text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "001fff");
	CU_ASSERT_EQUAL(bytes_unhex("001FfF", back, sizeof(back)), 3);
	CU_ASSERT_EQUAL(memcmp(raw, back, 3), 0);
	bytes_hex(bytes_over(raw, 3), ':', text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "00:1f:ff");
}

static void
hex_without_room_is_cut_between_bytes(void)
{
	const uint8_t raw[] = { 0x00, 0x1f, 0xff };
	char text[8];

	bytes_hex(bytes_over(raw, 3), ':', text, 8);
	CU_ASSERT_STRING_EQUAL(text, "00:1f");
	bytes_hex(bytes_over(raw, 3), '\0', text, 4);
	CU_ASSERT_STRING_EQUAL(text, "00");
	bytes_hex(bytes_over(raw, 3), '\0', text, 1);
	CU_ASSERT_STRING_EQUAL(text, "");
}

static void
what_is_not_hex_is_refused(void)
{
	uint8_t to[2];

	CU_ASSERT_EQUAL(bytes_unhex("", to, sizeof(to)), 0);
	CU_ASSERT_EQUAL(bytes_unhex("0", to, sizeof(to)), -1);
	CU_ASSERT_EQUAL(bytes_unhex("012", to, sizeof(to)), -1);
	CU_ASSERT_EQUAL(bytes_unhex("0g", to, sizeof(to)), -1);
	CU_ASSERT_EQUAL(bytes_unhex("g0", to, sizeof(to)), -1);
	CU_ASSERT_EQUAL(bytes_unhex("01 02", to, sizeof(to)), -1);
	CU_ASSERT_EQUAL(bytes_unhex("010203", to, sizeof(to)), -1);
}

static void
utf8_is_told_from_what_is_not(void)
{
	static const char *const is[] = { "", "plain", "\xc2\xa0", "\xe2\x82\xac", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	static const char *const is_not[] = { "\x80", "\xc2", "\xc1\xbf", "\xc0\x80", "\xe2\x82",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xff", "\xe2\x82\x41", "\xf0\x90\x80\x41" };

	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
		CU_ASSERT_TRUE(bytes_is_utf8(bytes_of(is[i])));
	for (size_t i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++)
		CU_ASSERT_FALSE(bytes_is_utf8(bytes_of(is_not[i])));
}

static void
prints_as(struct bytes b, size_t size, const char *want)
{
	char *to = mem_new(size); /* of exactly this size: the sanitizer sees one byte more */

	bytes_printable(b, to, size);
	CU_ASSERT_STRING_EQUAL(to, want);
	free(to);
}

static void
foreign_text_is_made_printable(void)
{
	prints_as(bytes_of("SEP001122334455"), 64, "SEP001122334455");
	prints_as(bytes_of("Z\xc3\xbcrich \xe2\x82\xac"), 64, "Z\xc3\xbcrich \xe2\x82\xac");
	prints_as(bytes_of("a\nb\x1b[31m\x7f"), 64, "a\\x0ab\\x1b[31m\\x7f");
	prints_as(bytes_over("a\0b", 3), 64, "a\\x00b");
	prints_as(bytes_of("say \"hi\" \\"), 64, "say \"hi\" \\");
	prints_as(bytes_of("\xff\xc3"), 64, "\\xff\\xc3");
	prints_as(bytes_over(NULL, 0), 8, "");
}

static void
controls_beyond_ascii_are_escaped(void)
{
	prints_as(bytes_of("\xc2\x9b"), 64, "\\xc2\\x9b");	    /* U+009B: CSI */
	prints_as(bytes_of("\xe2\x80\xae"), 64, "\\xe2\\x80\\xae"); /* U+202E: right to left */
	prints_as(bytes_of("\xe2\x81\xa6"), 64, "\\xe2\\x81\\xa6"); /* U+2066: isolate */
	prints_as(bytes_of("\xe2\x80\x8b"), 64, "\\xe2\\x80\\x8b"); /* U+200B: no width */
	prints_as(bytes_of("\xe2\x80\xa8"), 64, "\\xe2\\x80\\xa8"); /* U+2028: new line */
	prints_as(bytes_of("\xe2\x80\x93"), 64, "\xe2\x80\x93");    /* U+2013: a dash */
}

static void
long_text_is_cut_between_characters(void)
{
	prints_as(bytes_of("abcdefgh"), 8, "abcd...");
	prints_as(bytes_of("abc\xe2\x82\xac"
			   "def"),
	    8, "abc...");
	prints_as(bytes_of("ab\n\n"), 8, "ab...");
	prints_as(bytes_of("\n\n"), 8, "\\x0a...");
}

/* A text that fitted used to be cut when it came within a few bytes of the size. */
static void
text_that_just_fits_is_not_cut(void)
{
	prints_as(bytes_of("abcdefg"), 8, "abcdefg");
	prints_as(bytes_of("abc\n"), 8, "abc\\x0a");
	prints_as(bytes_of("abcd\xe2\x82\xac"), 8, "abcd\xe2\x82\xac");
}

static const struct suite_test tests[] = {
	{ "reader reads big-endian, in order", reader_reads_big_endian_in_order },
	{ "reader sticks at what does not fit", reader_sticks_at_what_does_not_fit },
	{ "length near the end of memory is refused", length_near_the_end_of_memory_is_refused },
	{ "reader over nothing is done", reader_over_nothing_is_done },
	{ "elements are read to the end", elements_are_read_to_the_end },
	{ "every cut element is refused", every_cut_element_is_refused },
	{ "writer writes what the reader reads", writer_writes_what_the_reader_reads },
	{ "elements are written", elements_are_written },
	{ "open elements nest", open_elements_nest },
	{ "value of 65535 fits, one more does not", value_of_65535_fits_and_one_more_does_not },
	{ "writer sticks at its maximum", writer_sticks_at_its_maximum },
	{ "writer without maximum stops at WR_MAX", writer_without_maximum_stops_at_wr_max },
	{ "text of exactly the maximum is whole", text_of_exactly_the_maximum_is_whole },
	{ "cstr is not part of the text", cstr_is_not_part_of_the_text },
	{ "stolen bytes leave the writer empty", stolen_bytes_leave_the_writer_empty },
	{ "views are cut to what is there", views_are_cut_to_what_is_there },
	{ "text on the wire ends in one NUL", text_on_the_wire_ends_in_one_nul },
	{ "hex goes there and back", hex_goes_there_and_back },
	{ "hex without room is cut between bytes", hex_without_room_is_cut_between_bytes },
	{ "what is not hex is refused", what_is_not_hex_is_refused },
	{ "UTF-8 is told from what is not", utf8_is_told_from_what_is_not },
	{ "foreign text is made printable", foreign_text_is_made_printable },
	{ "controls beyond ASCII are escaped", controls_beyond_ascii_are_escaped },
	{ "long text is cut between characters", long_text_is_cut_between_characters },
	{ "text that just fits is not cut", text_that_just_fits_is_not_cut },
};

SUITE_MAIN("base/bytes", tests)
