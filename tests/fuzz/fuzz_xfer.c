/* links: tl_tftp */
#include <assert.h>

#include "tests/support/fuzz.h"
#include "tftp/xfer.h"

/*
 * The input is a request's options and then what happens to its transfer, event by event.  Each
 * block of the content is filled with the low byte of its number, so that every block sent can be
 * checked by itself.
 */
struct world {
	struct xfer *x;
	bool octet;
	uint64_t block_size, window, size;
	unsigned sent; /* in this event */
	bool ended;    /* an ERROR was sent */
	uint16_t last; /* block sent */
};

static void
check_block(const struct world *w, const struct tftp_packet *p)
{
	assert(p->data.n <= w->block_size);
	for (size_t i = 0; w->octet && i < p->data.n; i++)
		assert(p->data.p[i] == (uint8_t)p->block);
}

static void
on_send(void *ctx, struct bytes packet)
{
	struct world *w = ctx;
	struct tftp_packet p;
	struct err e;

	assert(!w->ended && tftp_decode(packet, &p, &e) == 0);
	w->sent++;
	if (p.op == TFTP_DATA) {
		check_block(w, &p);
		w->last = p.block;
	} else if (p.op == TFTP_ERROR) {
		w->ended = true;
	} else {
		assert(p.op == TFTP_OACK);
	}
}

static struct tftp_packet
request_of(struct rd *r)
{
	struct tftp_packet p = { .op = TFTP_RRQ, .name = "f" };
	uint8_t flags = rd_u8(r);

	p.mode = flags & 1 ? TFTP_NETASCII : TFTP_OCTET;
	for (int i = 0; i < TFTP_OPTIONS; i++)
		p.options.has[i] = (flags >> (i + 1)) & 1;
	p.options.value[TFTP_BLKSIZE] = 8 + rd_u16(r) % 600;
	p.options.value[TFTP_TIMEOUT] = 1 + rd_u8(r) % 255;
	p.options.value[TFTP_WINDOWSIZE] = 1 + rd_u8(r);
	return p;
}

static struct content *
content_of(const struct world *w)
{
	struct wr bytes = { 0 };

	for (uint64_t at = 0; at < w->size; at += w->block_size) {
		uint64_t left = w->size - at;

		wr_fill(&bytes, (uint8_t)(at / w->block_size + 1),
		    left < w->block_size ? left : w->block_size);
	}
	return content_of_memory(&bytes, NULL);
}

static void
send_ack(struct world *w, uint16_t block, int64_t now)
{
	struct tftp_packet p = { .op = TFTP_ACK, .block = block };
	struct wr bytes = { 0 };

	tftp_encode(&p, &bytes);
	xfer_packet(w->x, wr_view(&bytes), now);
	wr_free(&bytes);
}

static void
one_event(struct world *w, struct rd *r, int64_t *now)
{
	w->sent = 0;
	switch (rd_u8(r) % 6) {
	case 0:
		*now += rd_u16(r);
		xfer_time(w->x, *now);
		break;
	case 1:
		send_ack(w, rd_u16(r), *now);
		break;
	case 2: /* what a phone would say */
		send_ack(w, w->last, *now);
		break;
	case 3:
		xfer_packet(w->x, rd_take(r, rd_u8(r)), *now);
		break;
	case 4:
		xfer_request_again(w->x, *now);
		break;
	case 5:
		xfer_cancel(w->x, "enough");
		break;
	}
	assert(w->sent <= w->window);
	assert(!w->ended || xfer_state(w->x) == XFER_FAILED);
	assert(xfer_state(w->x) != XFER_RUNNING || xfer_deadline(w->x) > *now);
	assert(!w->octet || xfer_bytes(w->x) <= w->size);
	assert(!w->octet || xfer_state(w->x) != XFER_SENT || xfer_bytes(w->x) == w->size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_over(bytes_over(data, size));
	struct tftp_packet request = request_of(&r);
	struct xfer_rules rules = { .window_blocks = (uint16_t)(rd_u8(&r) % 9) };
	struct world w = { .octet = request.mode == TFTP_OCTET, .size = rd_u16(&r) };
	struct content *c;
	int64_t now = 0;

	w.block_size =
	    request.options.has[TFTP_BLKSIZE] ? request.options.value[TFTP_BLKSIZE] : TFTP_BLOCK;
	w.window = rules.window_blocks > 0 ? rules.window_blocks : 64;
	c = content_of(&w);
	w.x = xfer_new(&request, c, &rules, on_send, &w);
	content_unref(c);
	xfer_start(w.x, now);
	while (rd_left(&r) > 0)
		one_event(&w, &r, &now);
	xfer_free(w.x);
	return 0;
}
