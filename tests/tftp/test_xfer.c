/* Each rule of a transfer by itself; test_xfer_net.c has them all at once on a bad network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/xfer.h"

enum { T0 = 1000000 }; /* the clock starts anywhere */

/* A transfer under test, and what it has sent since somebody looked. */
struct probe {
	struct xfer *x;
	unsigned sent;
	struct wr first, last; /* of these packets */
};

static void
on_send(void *ctx, struct bytes packet)
{
	struct probe *p = ctx;

	if (p->sent++ == 0)
		wr_put(&p->first, packet);
	wr_free(&p->last);
	wr_put(&p->last, packet);
}

static void
forget_sent(struct probe *p)
{
	p->sent = 0;
	wr_free(&p->first);
	wr_free(&p->last);
}

/* A request in text, '|' for NUL.  Takes the caller's reference to c. */
static void
probe_open(struct probe *p, const char *request, struct content *c, const struct xfer_rules *rules)
{
	static const struct xfer_rules usual;
	struct tftp_packet packet;
	struct wr w = { 0 };
	struct err e;

	*p = (struct probe){ 0 };
	wr_u16(&w, TFTP_RRQ);
	for (; *request != '\0'; request++)
		wr_u8(&w, *request == '|' ? '\0' : (uint8_t)*request);
	if (tftp_decode(wr_view(&w), &packet, &e) != 0)
		abort();
	p->x = xfer_new(&packet, c, rules != NULL ? rules : &usual, on_send, p);
	content_unref(c);
	wr_free(&w);
}

static void
probe_start(struct probe *p, const char *request, struct content *c)
{
	probe_open(p, request, c, NULL);
	xfer_start(p->x, T0);
}

static void
probe_close(struct probe *p)
{
	xfer_free(p->x);
	forget_sent(p);
}

static struct content *
content_of(const void *bytes, size_t n)
{
	struct wr w = { 0 };

	wr_put(&w, bytes_over(bytes, n));
	return content_of_memory(&w, NULL);
}

static struct content *
content_of_size(size_t n)
{
	struct wr w = { 0 };

	wr_fill(&w, 'x', n);
	return content_of_memory(&w, NULL);
}

static void
hand_over(struct probe *p, const struct tftp_packet *packet, int64_t now)
{
	struct wr w = { 0 };

	forget_sent(p);
	tftp_encode(packet, &w);
	xfer_packet(p->x, wr_view(&w), now);
	wr_free(&w);
}

static void
ack(struct probe *p, uint16_t block, int64_t now)
{
	hand_over(p, &(struct tftp_packet){ .op = TFTP_ACK, .block = block }, now);
}

static void
pass_time(struct probe *p, int64_t now)
{
	forget_sent(p);
	xfer_time(p->x, now);
}

/* Exactly one packet was sent, and it is this. */
static bool
sent_only(const struct probe *p, const char *hex)
{
	struct wr w = suite_hex(hex);
	bool same = p->sent == 1 && bytes_eq(wr_view(&p->last), wr_view(&w));

	wr_free(&w);
	return same;
}

static bool
sent_block(const struct probe *p, uint16_t block, size_t n)
{
	struct tftp_packet packet;
	struct err e;

	return p->sent == 1 && tftp_decode(wr_view(&p->last), &packet, &e) == 0 &&
	       packet.op == TFTP_DATA && packet.block == block && packet.data.n == n;
}

static bool
sent_error(const struct probe *p, uint16_t code)
{
	struct tftp_packet packet;
	struct err e;

	return p->sent == 1 && tftp_decode(wr_view(&p->last), &packet, &e) == 0 &&
	       packet.op == TFTP_ERROR && packet.code == code;
}

static void
without_options_the_first_block_comes_at_once(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of("abc", 3));
	CU_ASSERT(sent_only(&p, "0003 0001 616263"));
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_RUNNING);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 0);
	ack(&p, 1, T0 + 5);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 3);
	CU_ASSERT_EQUAL(xfer_resent(p.x), 0);
	CU_ASSERT_PTR_NULL(xfer_why(p.x));
	probe_close(&p);
}

static void
a_whole_number_of_blocks_ends_with_an_empty_one(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(1024));
	CU_ASSERT(sent_block(&p, 1, 512));
	ack(&p, 1, T0);
	CU_ASSERT(sent_block(&p, 2, 512));
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 512);
	ack(&p, 2, T0);
	CU_ASSERT(sent_only(&p, "0003 0003"));
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_RUNNING);
	ack(&p, 3, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 1024);
	probe_close(&p);
}

static void
an_empty_file_is_one_empty_block(void)
{
	struct probe p;

	probe_start(&p, "f|netascii|", content_of_size(0));
	CU_ASSERT(sent_only(&p, "0003 0001"));
	ack(&p, 1, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	probe_close(&p);
}

static void
options_are_answered_and_wait_for_ack_0(void)
{
	struct probe p;

	probe_start(&p, "f|octet|tsize|0|blksize|8|timeout|3|", content_of("0123456789", 10));
	CU_ASSERT(sent_only(&p, "0006 626c6b73697a6500 3800  7473697a6500 313000"
				"74696d656f757400 3300"));
	ack(&p, 1, T0); /* of what was never sent */
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 0, T0);
	CU_ASSERT(sent_only(&p, "0003 0001 3031323334353637"));
	ack(&p, 0, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 0);
	ack(&p, 1, T0);
	CU_ASSERT(sent_only(&p, "0003 0002 3839"));
	ack(&p, 2, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 10);
	probe_close(&p);
}

static void
without_a_usable_option_there_is_no_oack(void)
{
	struct probe p;

	probe_start(&p, "f|octet|windowsize|0|windowsize|65536|multicast||blksize|7|",
	    content_of_size(513));
	CU_ASSERT(sent_block(&p, 1, 512));
	probe_close(&p);
}

static void
nothing_is_sent_for_a_duplicate_ack(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(5000));
	ack(&p, 0, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 1, T0);
	ack(&p, 2, T0);
	CU_ASSERT(sent_block(&p, 3, 512));
	for (int i = 0; i < 5; i++) {
		ack(&p, 2, T0);
		CU_ASSERT_EQUAL(p.sent, 0);
		ack(&p, 1, T0);
		CU_ASSERT_EQUAL(p.sent, 0);
		ack(&p, 4, T0);
		CU_ASSERT_EQUAL(p.sent, 0);
	}
	CU_ASSERT_EQUAL(xfer_resent(p.x), 0);
	probe_close(&p);
}

/* The phone that repeats itself is alive, but has not moved on: our patience has an end. */
static void
a_duplicate_ack_does_not_put_the_resend_off(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(5000));
	ack(&p, 1, T0);
	ack(&p, 1, T0 + 90);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 100);
	pass_time(&p, T0 + 100);
	CU_ASSERT(sent_block(&p, 2, 512));
	probe_close(&p);
}

/* Lets it be silent to the end; the waits before each resend, and before it gives up. */
static void
check_waits(const char *request, const struct xfer_rules *rules, const int64_t *waits, size_t n)
{
	struct probe p;
	int64_t now = T0;

	probe_open(&p, request, content_of_size(100), rules);
	xfer_start(p.x, now);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(xfer_deadline(p.x), now + waits[i]);
		pass_time(&p, now + waits[i] - 1);
		CU_ASSERT_EQUAL(p.sent, 0);
		now += waits[i];
		pass_time(&p, now);
		CU_ASSERT_EQUAL(p.sent, i + 1 < n ? 1 : 0);
		CU_ASSERT_EQUAL(xfer_state(p.x), i + 1 < n ? XFER_RUNNING : XFER_GIVEN_UP);
	}
	CU_ASSERT_EQUAL(xfer_resent(p.x), n - 1);
	probe_close(&p);
}

static void
silence_is_answered_ever_more_slowly(void)
{
	static const struct xfer_rules quick = { .first_ms = 10, .most_ms = 30, .resends = 3 };
	static const struct xfer_rules short_lived = { .give_up_ms = 3000 };
	static const int64_t usual_waits[] = { 400, 800, 1600, 3200, 6400, 8000 };
	static const int64_t quick_waits[] = { 10, 20, 30, 30 };
	static const int64_t short_waits[] = { 400, 800, 1600, 200 };

	check_waits("f|octet|", NULL, usual_waits, 6);
	check_waits("f|octet|tsize|0|", NULL, usual_waits, 6);
	check_waits("f|octet|", &quick, quick_waits, 4);
	check_waits("f|octet|", &short_lived, short_waits, 4);
}

static void
the_peers_timeout_takes_the_first_ones_place(void)
{
	static const int64_t waits_3[] = { 3000, 6000, 8000, 8000, 5000 };
	static const int64_t waits_20[] = { 20000, 10000 };
	static const int64_t waits_255[] = { 30000 };

	check_waits("f|octet|timeout|3|", NULL, waits_3, 5);
	check_waits("f|octet|timeout|20|", NULL, waits_20, 2);
	check_waits("f|octet|timeout|255|", NULL, waits_255, 1);
}

/* A peer that has answered once is no forgery: it is waited for by time, not by number. */
static void
progress_makes_patience_new(void)
{
	struct probe p;
	int64_t silent_since = T0 + 1300;

	probe_start(&p, "f|octet|", content_of_size(5000));
	pass_time(&p, T0 + 400);
	pass_time(&p, T0 + 1200);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 2800);
	ack(&p, 1, silent_since);
	CU_ASSERT(sent_block(&p, 2, 512));
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 2900); /* as long as it has become */
	for (;;) {
		int64_t now = xfer_deadline(p.x);

		pass_time(&p, now);
		if (xfer_state(p.x) != XFER_RUNNING)
			break;
		CU_ASSERT(now - silent_since < 30000);
		CU_ASSERT(sent_block(&p, 2, 512));
	}
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_GIVEN_UP);
	CU_ASSERT(xfer_deadline(p.x) - silent_since >= 30000);
	probe_close(&p);
}

/* Every block is answered after so many milliseconds; gives the wait before the next resend. */
static int64_t
wait_after_trips(struct probe *p, uint16_t first, unsigned n, int64_t ms, int64_t *now)
{
	for (unsigned i = 0; i < n; i++) {
		*now += ms;
		ack(p, (uint16_t)(first + i), *now);
	}
	return xfer_deadline(p->x) - *now;
}

static void
the_wait_follows_the_round_trip(void)
{
	struct probe p;
	int64_t now = T0, wait;

	probe_start(&p, "f|octet|", content_of_size(512 * 200));
	CU_ASSERT_EQUAL(wait_after_trips(&p, 1, 1, 300, &now), 900); /* RFC 6298, 2.2 */
	wait = wait_after_trips(&p, 2, 40, 300, &now);
	CU_ASSERT(wait >= 305 && wait <= 320);
	wait = wait_after_trips(&p, 42, 60, 20, &now);
	CU_ASSERT_EQUAL(wait, 100);
	wait = wait_after_trips(&p, 102, 1, 80, &now); /* one that is late */
	CU_ASSERT(wait > 80 && wait <= 120);
	CU_ASSERT_EQUAL(xfer_resent(p.x), 0);
	CU_ASSERT_EQUAL(wait_after_trips(&p, 103, 20, 9000, &now), 8000);
	probe_close(&p);
}

/* Karn: the answer to a packet that was sent twice measures nothing, and the wait stays as long as
 * it has become; otherwise each packet to a peer that is far away would be sent twice. */
static void
a_far_peer_gets_one_packet_twice(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(5000));
	pass_time(&p, T0 + 400);
	CU_ASSERT(sent_block(&p, 1, 512));
	ack(&p, 1, T0 + 700); /* the answer to the first of the two */
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 700 + 800);
	ack(&p, 1, T0 + 1100);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 2, T0 + 1400);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 1400 + 2100); /* measured: 700 */
	for (uint16_t block = 3; block < 9; block++)
		ack(&p, block, T0 + 700 * block);
	CU_ASSERT_EQUAL(xfer_resent(p.x), 1);
	probe_close(&p);
}

static void
a_timeout_that_was_asked_for_is_not_adapted(void)
{
	struct probe p;

	probe_start(&p, "f|octet|timeout|2|", content_of_size(5000));
	ack(&p, 0, T0 + 5);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 5 + 2000);
	pass_time(&p, T0 + 2004);
	CU_ASSERT_EQUAL(p.sent, 0);
	pass_time(&p, T0 + 2005);
	CU_ASSERT(sent_block(&p, 1, 512));
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 2005 + 4000);
	ack(&p, 1, T0 + 2010);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 2010 + 2000);
	probe_close(&p);

	/* However long: who has answered is sent it once more. */
	probe_start(&p, "f|octet|timeout|255|", content_of_size(5000));
	ack(&p, 0, T0);
	pass_time(&p, T0 + 255000);
	CU_ASSERT(sent_block(&p, 1, 512));
	pass_time(&p, T0 + 510000);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_GIVEN_UP);
	probe_close(&p);
}

static void
an_error_from_the_peer_ends_it_silently(void)
{
	struct tftp_packet refused = {
		.op = TFTP_ERROR, .code = TFTP_E_OPTIONS, .text = bytes_of("no options, please")
	};
	struct tftp_packet wordless = { .op = TFTP_ERROR, .code = 3 };
	struct probe p;

	probe_start(&p, "f|octet|tsize|0|", content_of_size(100));
	hand_over(&p, &refused, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_RUNNING);
	hand_over(&p, &wordless, T0 + 999); /* the first counts */
	pass_time(&p, T0 + 999);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 1000);
	pass_time(&p, T0 + 1000);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_STOPPED);
	CU_ASSERT_STRING_EQUAL(xfer_why(p.x), "no options, please");
	probe_close(&p);

	probe_start(&p, "f|octet|", content_of_size(100));
	hand_over(&p, &wordless, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_STRING_EQUAL(xfer_why(p.x), "error 3");
	CU_ASSERT(!xfer_request_again(p.x, T0 + 1)); /* it may ask anew at once */
	CU_ASSERT_EQUAL(p.sent, 0);
	xfer_cancel(p.x, "enough"); /* and is not told what it has said itself */
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_STOPPED);
	CU_ASSERT_STRING_EQUAL(xfer_why(p.x), "error 3");
	probe_close(&p);
}

/* Whoever knows the addresses may have sent it. */
static void
an_error_that_the_peer_contradicts_ends_nothing(void)
{
	struct tftp_packet forged = { .op = TFTP_ERROR, .code = 0, .text = bytes_of("good bye") };
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(2000));
	hand_over(&p, &forged, T0 + 10);
	ack(&p, 1, T0 + 20);
	CU_ASSERT(sent_block(&p, 2, 512));
	CU_ASSERT_PTR_NULL(xfer_why(p.x));
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 20 + 100);
	hand_over(&p, &forged, T0 + 30);
	ack(&p, 1, T0 + 500); /* block 2 was lost: it says what it has */
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_PTR_NULL(xfer_why(p.x));
	pass_time(&p, xfer_deadline(p.x));
	CU_ASSERT(sent_block(&p, 2, 512));
	hand_over(&p, &forged, T0 + 1000);
	ack(&p, 9, T0 + 1010); /* which says nothing */
	pass_time(&p, T0 + 2000);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_STOPPED);
	probe_close(&p);
}

static void
what_makes_no_sense_is_left_alone(void)
{
	static const char *const cases[] = { "", "00", "0004", "000400", "0009", "0003 0001 61",
		"0006 00", "0001 6600 6f6374657400" };
	struct probe p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wr w = suite_hex(cases[i]);

		probe_start(&p, "f|octet|", content_of_size(5000));
		forget_sent(&p);
		xfer_packet(p.x, wr_view(&w), T0);
		CU_ASSERT_EQUAL(p.sent, 0);
		CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 400);
		ack(&p, 1, T0 + 1);
		CU_ASSERT(sent_block(&p, 2, 512));
		probe_close(&p);
		wr_free(&w);
	}
}

static void
a_file_cut_short_is_told_to_the_peer(void)
{
	char *path = mem_fmt("%s/short", suite_folder());
	FILE *file = fopen(path, "w+");
	struct probe p;

	if (file == NULL || fwrite("0123456789", 1, 10, file) != 10 || fflush(file) != 0)
		abort();
	probe_start(&p, "f|octet|blksize|8|", content_of_file(NULL, dup(fileno(file)), 10));
	ack(&p, 0, T0);
	CU_ASSERT(sent_block(&p, 1, 8));
	CU_ASSERT_EQUAL(ftruncate(fileno(file), 9), 0);
	ack(&p, 1, T0);
	CU_ASSERT(sent_error(&p, TFTP_E_OTHER));
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(xfer_why(p.x), "cut short at byte 9"));
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 8);
	probe_close(&p);
	fclose(file);
	free(path);
}

static void
what_has_ended_is_deaf(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(100));
	forget_sent(&p);
	xfer_cancel(p.x, "enough");
	CU_ASSERT(sent_error(&p, TFTP_E_OTHER));
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_FAILED);
	CU_ASSERT_STRING_EQUAL(xfer_why(p.x), "enough");
	ack(&p, 1, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	pass_time(&p, T0 + 100000);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT(!xfer_request_again(p.x, T0));
	xfer_cancel(p.x, "enough");
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_FAILED);
	probe_close(&p);
}

static void
size_of_an_empty_file_stays_unsaid(void)
{
	struct probe p;

	/* Nothing is left to answer: the first block, which is the last, comes at once. */
	probe_start(&p, "f|octet|tsize|0|", content_of_size(0));
	CU_ASSERT(sent_only(&p, "0003 0001"));
	ack(&p, 1, T0);
	probe_close(&p);
	probe_start(&p, "f|octet|tsize|0|blksize|1428|", content_of_size(0));
	CU_ASSERT(sent_only(&p, "0006 626c6b73697a6500 3134323800"));
	probe_close(&p);
}

static void
a_repeated_request_gets_the_first_packet_again(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of("abc", 3));
	forget_sent(&p);
	CU_ASSERT(xfer_request_again(p.x, T0 + 500));
	CU_ASSERT(sent_only(&p, "0003 0001 616263"));
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 400);
	probe_close(&p);

	probe_start(&p, "f|octet|tsize|0|", content_of("abc", 3));
	forget_sent(&p);
	CU_ASSERT(xfer_request_again(p.x, T0 + 500));
	CU_ASSERT(sent_only(&p, "0006 7473697a6500 3300"));
	CU_ASSERT_EQUAL(xfer_resent(p.x), 1);
	probe_close(&p);
}

static void
a_late_copy_of_the_request_disturbs_nobody(void)
{
	struct probe p;

	probe_start(&p, "f|octet|", content_of_size(5000));
	ack(&p, 1, T0 + 100);
	forget_sent(&p);
	CU_ASSERT(xfer_request_again(p.x, T0 + 1099));
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT(!xfer_request_again(p.x, T0 + 1100));
	CU_ASSERT_EQUAL(p.sent, 0);
	probe_close(&p);
}

static void
block_numbers_start_over_after_65535(void)
{
	struct probe p;

	probe_start(&p, "f|octet|blksize|8|", content_of_size(8 * 65537 + 1));
	ack(&p, 0, T0);
	for (int number = 1; number < 65535; number++)
		ack(&p, (uint16_t)number, T0);
	CU_ASSERT(sent_block(&p, 65535, 8));
	ack(&p, 65535, T0);
	CU_ASSERT(sent_block(&p, 0, 8));
	ack(&p, 65535, T0);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 0, T0);
	CU_ASSERT(sent_block(&p, 1, 8));
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 8 * 65536);
	ack(&p, 1, T0);
	CU_ASSERT(sent_block(&p, 2, 1));
	ack(&p, 2, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 8 * 65537 + 1);
	probe_close(&p);
}

/* RFC 764: LF is CR LF, CR is CR NUL; here with the pairs torn apart by the end of a block. */
static void
netascii_pairs_are_split_over_blocks(void)
{
	struct probe p;

	probe_start(
	    &p, "f|netascii|tsize|0|blksize|8|", content_of("1234567\n\r\r\n9012\r3\n", 18));
	CU_ASSERT(sent_only(&p, "0006 626c6b73697a6500 3800 7473697a6500 323400"));
	ack(&p, 0, T0);
	CU_ASSERT(sent_only(&p, "0003 0001 31323334353637 0d"));
	pass_time(&p, T0 + 1000);
	CU_ASSERT(sent_only(&p, "0003 0001 31323334353637 0d"));
	ack(&p, 1, T0);
	CU_ASSERT(sent_only(&p, "0003 0002 0a 0d00 0d00 0d0a 39"));
	ack(&p, 2, T0);
	CU_ASSERT(sent_only(&p, "0003 0003 303132 0d00 33 0d0a"));
	ack(&p, 3, T0);
	CU_ASSERT(sent_only(&p, "0003 0004"));
	ack(&p, 4, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 24);
	probe_close(&p);
}

static void
the_second_byte_of_a_pair_may_be_a_block_of_its_own(void)
{
	struct probe p;

	probe_start(&p, "f|netascii|blksize|8|", content_of("1234567\n", 8));
	ack(&p, 0, T0);
	ack(&p, 1, T0);
	CU_ASSERT(sent_only(&p, "0003 0002 0a"));
	probe_close(&p);
}

static void
of_a_large_netascii_file_the_size_is_not_told(void)
{
	struct probe p;

	probe_start(&p, "f|netascii|tsize|0|", content_of_size((1 << 20) + 1));
	CU_ASSERT(sent_block(&p, 1, 512));
	probe_close(&p);
	probe_start(&p, "f|netascii|tsize|0|", content_of_size(1 << 20));
	CU_ASSERT(sent_only(&p, "0006 7473697a6500 3130343835373600"));
	probe_close(&p);
	probe_start(&p, "f|octet|tsize|0|", content_of_size((1 << 20) + 1));
	CU_ASSERT(sent_only(&p, "0006 7473697a6500 3130343835373700"));
	probe_close(&p);
}

static void
a_window_is_sent_without_waiting(void)
{
	static const struct xfer_rules rules = { .window_blocks = 4 };
	struct probe p;

	probe_open(&p, "f|octet|blksize|8|windowsize|16|", content_of_size(8 * 9), &rules);
	xfer_start(p.x, T0);
	CU_ASSERT(sent_only(&p, "0006 626c6b73697a6500 3800 77696e646f7773697a6500 3400"));
	ack(&p, 0, T0);
	CU_ASSERT_EQUAL(p.sent, 4);
	CU_ASSERT_EQUAL(p.first.p[3], 1);
	CU_ASSERT_EQUAL(p.last.p[3], 4);
	ack(&p, 4, T0);
	CU_ASSERT_EQUAL(p.sent, 4);
	CU_ASSERT_EQUAL(p.last.p[3], 8);
	ack(&p, 6, T0); /* 7 was lost */
	CU_ASSERT_EQUAL(p.sent, 4);
	CU_ASSERT_EQUAL(p.first.p[3], 7);
	CU_ASSERT_EQUAL(p.last.p[3], 10);
	pass_time(&p, T0 + 1000);
	CU_ASSERT_EQUAL(p.sent, 4);
	CU_ASSERT_EQUAL(p.first.p[3], 7);
	ack(&p, 10, T0);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 8 * 9);
	probe_close(&p);
}

/* Exactly these blocks were sent, in order. */
static bool
sent_blocks(const struct probe *p, uint16_t from, unsigned n)
{
	uint16_t to = (uint16_t)(from + n - 1);

	return p->sent == n && (p->first.p[2] << 8 | p->first.p[3]) == from &&
	       (p->last.p[2] << 8 | p->last.p[3]) == to;
}

/* As far as the first window, by rules that would take 4 blocks. */
static void
start_window(struct probe *p, size_t blocks)
{
	static const struct xfer_rules rules = { .window_blocks = 4 };

	probe_open(p, "f|octet|blksize|8|windowsize|16|", content_of_size(8 * blocks), &rules);
	xfer_start(p->x, T0);
	ack(p, 0, T0 + 20);
}

/* The OACK grants this many blocks; NULL: none. */
static void
check_window(const char *request, const char *granted)
{
	struct probe p;
	const char *at;
	bool good;

	probe_start(&p, request, content_of_size(1 << 20));
	at = memmem(p.last.p, p.last.n, "windowsize", sizeof("windowsize"));
	if (at == NULL)
		good = granted == NULL;
	else
		good = granted != NULL && strcmp(&at[sizeof("windowsize")], granted) == 0;
	if (!good)
		fprintf(stderr, "\n    %s\n", request);
	CU_ASSERT(good);
	probe_close(&p);
}

static void
windows_have_bounds(void)
{
	check_window("f|octet|windowsize|1|", "1");
	check_window("f|octet|windowsize|16|", "16");
	check_window("f|octet|windowsize|64|", "64");
	check_window("f|octet|windowsize|65|", "64");
	check_window("f|octet|windowsize|65535|", "64");
	check_window("f|octet|windowsize|0|tsize|0|", NULL);
	check_window("f|octet|windowsize|65536|tsize|0|", NULL);
	check_window("f|octet|windowsize|-1|tsize|0|", NULL);
	check_window("f|octet|windowsize||tsize|0|", NULL);
	check_window("f|octet|blksize|1024|windowsize|64|", "64");
	check_window("f|octet|blksize|8192|windowsize|64|", "8");
	check_window("f|octet|blksize|65464|windowsize|64|", "1");
	/* The bound counts whichever option comes first. */
	check_window("f|octet|windowsize|64|blksize|8192|", "8");
}

static void
a_file_smaller_than_the_window_ends_it(void)
{
	struct probe p;

	start_window(&p, 2);
	CU_ASSERT(sent_blocks(&p, 1, 3)); /* the last is empty */
	ack(&p, 2, T0 + 40);
	CU_ASSERT(sent_blocks(&p, 3, 1));
	ack(&p, 3, T0 + 60);
	CU_ASSERT_EQUAL(xfer_state(p.x), XFER_SENT);
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 16);
	probe_close(&p);
}

static void
silence_brings_the_whole_window_again(void)
{
	struct probe p;

	start_window(&p, 50);
	ack(&p, 4, T0 + 40);
	CU_ASSERT(sent_blocks(&p, 5, 4));
	pass_time(&p, xfer_deadline(p.x));
	CU_ASSERT(sent_blocks(&p, 5, 4));
	ack(&p, 6, T0 + 1000); /* what is behind it, and then new ones */
	CU_ASSERT(sent_blocks(&p, 7, 4));
	CU_ASSERT_EQUAL(xfer_resent(p.x), 4 + 2);
	probe_close(&p);
}

static void
of_a_window_only_what_is_on_its_way_can_be_acknowledged(void)
{
	struct probe p;

	start_window(&p, 50);
	ack(&p, 5, T0 + 40);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 4, T0 + 40);
	CU_ASSERT(sent_blocks(&p, 5, 4));
	for (uint16_t old = 0; old < 4; old++) {
		ack(&p, old, T0 + 50);
		CU_ASSERT_EQUAL(p.sent, 0);
	}
	ack(&p, 9, T0 + 50);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_resent(p.x), 0);
	probe_close(&p);
}

/* RFC 7440, section 4: the peer says what it has when it sees a gap.  When it is the first block
 * that is missing, that is the number it said before. */
static void
a_gap_at_the_start_of_a_window_is_closed_after_a_round_trip(void)
{
	struct probe p;
	int64_t at;

	start_window(&p, 50);
	ack(&p, 4, T0 + 40);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), T0 + 140);
	for (int i = 0; i < 3; i++) {
		ack(&p, 4, T0 + 60);
		CU_ASSERT_EQUAL(p.sent, 0);
	}
	at = xfer_deadline(p.x);
	CU_ASSERT(at > T0 + 60 && at < T0 + 100);
	pass_time(&p, at);
	CU_ASSERT(sent_blocks(&p, 5, 4));
	/* Once: whoever only repeats itself makes nobody send. */
	CU_ASSERT_EQUAL(xfer_deadline(p.x), at + 100);
	ack(&p, 4, at + 10);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT_EQUAL(xfer_deadline(p.x), at + 100);
	probe_close(&p);
}

/* Who tells of one faster than it can see what closes it makes us send no more by that. */
static void
gaps_are_closed_once_in_a_round_trip(void)
{
	struct probe p;

	start_window(&p, 50); /* the round trip is 20 ms */
	ack(&p, 1, T0 + 40);
	CU_ASSERT(sent_blocks(&p, 2, 4));
	ack(&p, 2, T0 + 41);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 3, T0 + 45);
	CU_ASSERT_EQUAL(p.sent, 0);
	CU_ASSERT(xfer_deadline(p.x) < T0 + 45 + 100); /* but soon it is */
	pass_time(&p, xfer_deadline(p.x));
	CU_ASSERT(sent_blocks(&p, 4, 2));
	ack(&p, 4, T0 + 120);
	CU_ASSERT(sent_blocks(&p, 5, 4));
	CU_ASSERT_EQUAL(xfer_resent(p.x), 3 + 2 + 1);
	probe_close(&p);
}

static void
check_burst(const char *request, size_t file, size_t burst)
{
	struct probe p;

	probe_start(&p, request, content_of_size(file));
	CU_ASSERT_EQUAL(xfer_burst(p.x), burst);
	probe_close(&p);
}

static void
it_is_known_how_much_a_packet_may_bring(void)
{
	check_burst("f|octet|", 100000, 512);
	check_burst("f|octet|", 100, 100);
	check_burst("f|octet|blksize|8192|", 100000, 8192);
	check_burst("f|octet|blksize|8192|", 1000, 1000);
	check_burst("f|netascii|blksize|8192|", 1000, 2000);
	check_burst("f|octet|windowsize|4|", 100000, 2048);
	check_burst("f|octet|blksize|1024|windowsize|100|", 1 << 20, 64 << 10);
}

static void
largest_block_may_be_ours_to_say(void)
{
	static const struct xfer_rules rules = { .window_blocks = 1, .block_bytes = 600 };
	struct probe p;

	probe_open(&p, "f|octet|blksize|1024|windowsize|4|", content_of_size(1000), &rules);
	xfer_start(p.x, T0);
	CU_ASSERT(sent_only(&p, "0006 626c6b73697a6500 36303000"));
	ack(&p, 0, T0);
	CU_ASSERT(sent_block(&p, 1, 600));
	ack(&p, 1, T0);
	CU_ASSERT(sent_block(&p, 2, 400));
	probe_close(&p);
}

static void
a_repeated_ack_of_a_whole_window_sends_nothing(void)
{
	struct probe p;
	int64_t now = T0 + 20;

	start_window(&p, 400);
	for (uint16_t block = 4; block < 400; block += 4) {
		now += 20;
		ack(&p, block, now);
		CU_ASSERT(sent_blocks(&p, block + 1, 4));
		ack(&p, block, now + 1);
		CU_ASSERT_EQUAL(p.sent, 0);
		pass_time(&p, now + 19);
		CU_ASSERT_EQUAL(p.sent, 0);
	}
	CU_ASSERT_EQUAL(xfer_resent(p.x), 0);
	probe_close(&p);
}

static void
numbers_start_over_inside_a_window(void)
{
	struct probe p;
	uint32_t block = 0;
	int64_t now = T0 + 20;

	start_window(&p, 65600);
	CU_ASSERT(sent_blocks(&p, 1, 4));
	for (block = 3; block < 65530; block += 3) /* so that no window ends at 65535 */
		ack(&p, (uint16_t)block, now += 20);
	block -= 3;
	CU_ASSERT_EQUAL(block, 65529);
	ack(&p, 65533, now += 20);
	CU_ASSERT(sent_blocks(&p, 65534, 4));
	CU_ASSERT_EQUAL(p.last.p[3], 1);
	pass_time(&p, now += 1000);
	CU_ASSERT(sent_blocks(&p, 65534, 4));
	ack(&p, 0, now += 20); /* 1 was lost */
	CU_ASSERT(sent_blocks(&p, 1, 4));
	CU_ASSERT_EQUAL(xfer_bytes(p.x), 8 * 65536);
	ack(&p, 65535, now);
	CU_ASSERT_EQUAL(p.sent, 0);
	ack(&p, 4, now);
	CU_ASSERT(sent_blocks(&p, 5, 4));
	probe_close(&p);
}

static const struct suite_test tests[] = {
	{ "the size of an empty file stays unsaid", size_of_an_empty_file_stays_unsaid },
	{ "without options the first block comes at once",
	    without_options_the_first_block_comes_at_once },
	{ "a whole number of blocks ends with an empty one",
	    a_whole_number_of_blocks_ends_with_an_empty_one },
	{ "an empty file is one empty block", an_empty_file_is_one_empty_block },
	{ "options are answered and wait for ACK 0", options_are_answered_and_wait_for_ack_0 },
	{ "without a usable option there is no OACK", without_a_usable_option_there_is_no_oack },
	{ "nothing is sent for a duplicate ACK", nothing_is_sent_for_a_duplicate_ack },
	{ "a duplicate ACK does not put the resend off",
	    a_duplicate_ack_does_not_put_the_resend_off },
	{ "silence is answered ever more slowly", silence_is_answered_ever_more_slowly },
	{ "the peer's timeout takes the first one's place",
	    the_peers_timeout_takes_the_first_ones_place },
	{ "progress makes patience new", progress_makes_patience_new },
	{ "the wait follows the round trip", the_wait_follows_the_round_trip },
	{ "a far peer gets one packet twice", a_far_peer_gets_one_packet_twice },
	{ "a timeout that was asked for is not adapted",
	    a_timeout_that_was_asked_for_is_not_adapted },
	{ "an error from the peer ends it silently", an_error_from_the_peer_ends_it_silently },
	{ "an error that the peer contradicts ends nothing",
	    an_error_that_the_peer_contradicts_ends_nothing },
	{ "what makes no sense is left alone", what_makes_no_sense_is_left_alone },
	{ "a file cut short is told to the peer", a_file_cut_short_is_told_to_the_peer },
	{ "what has ended is deaf", what_has_ended_is_deaf },
	{ "a repeated request gets the first packet again",
	    a_repeated_request_gets_the_first_packet_again },
	{ "a late copy of the request disturbs nobody",
	    a_late_copy_of_the_request_disturbs_nobody },
	{ "block numbers start over after 65535", block_numbers_start_over_after_65535 },
	{ "netascii pairs are split over blocks", netascii_pairs_are_split_over_blocks },
	{ "the second byte of a pair may be a block of its own",
	    the_second_byte_of_a_pair_may_be_a_block_of_its_own },
	{ "of a large netascii file the size is not told",
	    of_a_large_netascii_file_the_size_is_not_told },
	{ "a window is sent without waiting", a_window_is_sent_without_waiting },
	{ "windows have bounds", windows_have_bounds },
	{ "a file smaller than the window ends it", a_file_smaller_than_the_window_ends_it },
	{ "silence brings the whole window again", silence_brings_the_whole_window_again },
	{ "of a window only what is on its way can be acknowledged",
	    of_a_window_only_what_is_on_its_way_can_be_acknowledged },
	{ "a gap at the start of a window is closed after a round trip",
	    a_gap_at_the_start_of_a_window_is_closed_after_a_round_trip },
	{ "gaps are closed once in a round trip", gaps_are_closed_once_in_a_round_trip },
	{ "it is known how much a packet may bring", it_is_known_how_much_a_packet_may_bring },
	{ "the largest block may be ours to say", largest_block_may_be_ours_to_say },
	{ "a repeated ACK of a whole window sends nothing",
	    a_repeated_ack_of_a_whole_window_sends_nothing },
	{ "numbers start over inside a window", numbers_start_over_inside_a_window },
};

SUITE_MAIN("tftp/xfer", tests)
