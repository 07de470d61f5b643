#include "tftp/xfer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Counting what netascii makes of a file reads all of it, in one go; above this size the option
 * tsize is left unanswered instead, or a few requests would hold up everybody. */
enum { NETASCII_COUNT_MAX = 1 << 20, NETASCII_PART = 1024 };

static const struct xfer_rules usual = {
	.first_ms = 1000,
	.most_ms = 8000,
	.give_up_ms = 60000,
	.resends = 5,
	.window_blocks = 1,
};

/* The bytes still to be sent, as the mode wants them. */
struct source {
	struct content *content;
	enum tftp_mode mode;
	uint64_t at;   /* in the content */
	int held_back; /* netascii: the second byte of a pair whose first ended a block; or -1 */
};

struct block {
	uint8_t *packet; /* with its head; NULL until there is something to send */
	size_t n;
};

/*
 * Blocks are numbered from 1 without end here; on the wire the number is cut to 16 bits, so block
 * 65536 is 0 there.  The packet with the options is number 0, and the request it answers counts as
 * the acknowledgement before it.
 */
struct xfer {
	enum xfer_state state;
	struct xfer_rules rules;
	void (*send)(void *ctx, struct bytes packet);
	void *ctx;

	struct source source;
	size_t block_size;
	struct wr oack;	      /* empty: no option was taken */
	struct block *blocks; /* a ring of window */
	int64_t window;
	int64_t acked, sent; /* numbers; what lies between is on its way */
	int64_t last;	     /* number of the block that ends the file; -1: not reached yet */
	uint64_t last_size;

	int64_t first_wait, wait; /* before the next resend; the first of a row, and now */
	int64_t deadline;
	int64_t heard; /* when the peer last moved on */
	unsigned resends;
	bool answered;
	uint64_t resent;
	char *why;
};

/* Line feed becomes CR LF, carriage return CR NUL (RFC 764, "Printer and Keyboard"). */
static int
netascii_second(uint8_t byte)
{
	return byte == '\n' ? '\n' : byte == '\r' ? '\0' : -1;
}

/* As much of part as fits between *n and size; gives how many of its bytes were used. */
static size_t
put_netascii(struct source *s, struct bytes part, uint8_t *to, size_t size, size_t *n)
{
	size_t used = 0;

	while (used < part.n && *n < size) {
		uint8_t byte = part.p[used++];
		int second = netascii_second(byte);

		to[(*n)++] = second < 0 ? byte : '\r';
		if (second >= 0 && *n < size)
			to[(*n)++] = (uint8_t)second;
		else
			s->held_back = second;
	}
	return used;
}

static uint64_t
source_left(const struct source *s)
{
	return content_size(s->content) - s->at;
}

static int
source_netascii(struct source *s, uint8_t *to, size_t size, size_t *n, struct err *e)
{
	uint8_t part[NETASCII_PART];

	if (s->held_back >= 0) {
		to[(*n)++] = (uint8_t)s->held_back;
		s->held_back = -1;
	}
	while (*n < size && source_left(s) > 0) {
		size_t want = size - *n;

		if (want > sizeof(part))
			want = sizeof(part);
		if (want > source_left(s))
			want = (size_t)source_left(s);
		if (content_read(s->content, s->at, part, want, e) != 0)
			return -1;
		s->at += put_netascii(s, bytes_over(part, want), to, size, n);
	}
	return 0;
}

static int
source_octet(struct source *s, uint8_t *to, size_t size, size_t *n, struct err *e)
{
	*n = source_left(s) < size ? (size_t)source_left(s) : size;
	if (content_read(s->content, s->at, to, *n, e) != 0)
		return -1;
	s->at += *n;
	return 0;
}

/* The next *n bytes: size of them, or fewer at the end of the file and only there. */
static int
source_next(struct source *s, uint8_t *to, size_t size, size_t *n, struct err *e)
{
	*n = 0;
	if (s->mode == TFTP_NETASCII)
		return source_netascii(s, to, size, n, e);
	return source_octet(s, to, size, n, e);
}

/* How many bytes will go over the wire.  False: too many to count, or they cannot be read, which
 * the first block will tell the peer. */
static bool
source_size(const struct source *s, uint64_t *size)
{
	struct source counted = *s;
	uint8_t part[NETASCII_PART];
	size_t n;

	*size = content_size(s->content);
	if (s->mode == TFTP_OCTET)
		return true;
	if (*size > NETASCII_COUNT_MAX)
		return false;
	*size = 0;
	do {
		if (source_next(&counted, part, sizeof(part), &n, NULL) != 0)
			return false;
		*size += n;
	} while (n == sizeof(part));
	return true;
}

static void
grant(struct tftp_options *granted, enum tftp_option o, uint64_t value)
{
	granted->has[o] = true;
	granted->value[o] = value;
}

/* Which of the options asked for we take: what is in the answer binds both sides. */
static void
take_options(struct xfer *x, const struct tftp_options *asked, struct tftp_options *granted)
{
	uint64_t size;

	if (asked->has[TFTP_BLKSIZE]) {
		x->block_size = (size_t)asked->value[TFTP_BLKSIZE];
		grant(granted, TFTP_BLKSIZE, x->block_size);
	}
	/* Of an empty file the size stays unsaid: libcurl (7.88) takes a 0 for an error, and
	 * whoever gets no answer to tsize goes on without. */
	if (asked->has[TFTP_TSIZE] && source_size(&x->source, &size) && size > 0)
		grant(granted, TFTP_TSIZE, size);
	if (asked->has[TFTP_TIMEOUT]) {
		x->first_wait = (int64_t)asked->value[TFTP_TIMEOUT] * 1000;
		grant(granted, TFTP_TIMEOUT, asked->value[TFTP_TIMEOUT]);
	}
	if (asked->has[TFTP_WINDOWSIZE] && x->rules.window_blocks > 1) {
		x->window = (int64_t)asked->value[TFTP_WINDOWSIZE];
		if (x->window > x->rules.window_blocks)
			x->window = x->rules.window_blocks;
		grant(granted, TFTP_WINDOWSIZE, (uint64_t)x->window);
	}
}

static bool
any(const struct tftp_options *o)
{
	for (int i = 0; i < TFTP_OPTIONS; i++)
		if (o->has[i])
			return true;
	return false;
}

static void
take_request(struct xfer *x, const struct tftp_packet *request)
{
	struct tftp_packet oack = { .op = TFTP_OACK };

	take_options(x, &request->options, &oack.options);
	if (!any(&oack.options))
		return;
	tftp_encode(&oack, &x->oack);
	x->acked = -1;
}

static struct xfer_rules
rules_with_usual(const struct xfer_rules *given)
{
	struct xfer_rules r = *given;

	r.first_ms = r.first_ms ? r.first_ms : usual.first_ms;
	r.most_ms = r.most_ms ? r.most_ms : usual.most_ms;
	r.give_up_ms = r.give_up_ms ? r.give_up_ms : usual.give_up_ms;
	r.resends = r.resends ? r.resends : usual.resends;
	r.window_blocks = r.window_blocks ? r.window_blocks : usual.window_blocks;
	return r;
}

struct xfer *
xfer_new(const struct tftp_packet *request, struct content *c, const struct xfer_rules *rules,
    void (*send)(void *ctx, struct bytes packet), void *ctx)
{
	struct xfer *x = mem_new(sizeof(*x));

	assert(request->op == TFTP_RRQ);
	x->rules = rules_with_usual(rules);
	x->send = send;
	x->ctx = ctx;
	x->source = (struct source){ content_ref(c), request->mode, 0, -1 };
	x->block_size = TFTP_BLOCK;
	x->window = 1;
	x->last = -1;
	x->first_wait = x->rules.first_ms;
	take_request(x, request);
	x->blocks = mem_array((size_t)x->window, sizeof(*x->blocks));
	return x;
}

void
xfer_free(struct xfer *x)
{
	if (x == NULL)
		return;
	for (int64_t i = 0; i < x->window; i++)
		free(x->blocks[i].packet);
	free(x->blocks);
	wr_free(&x->oack);
	content_unref(x->source.content);
	free(x->why);
	free(x);
}

static void
end(struct xfer *x, enum xfer_state state, char *why)
{
	x->state = state;
	x->why = why;
}

/* What the peer is told and what the operator reads may differ: paths are not the peer's business.
 */
static void
fail(struct xfer *x, enum tftp_error code, const char *told, const char *why)
{
	struct tftp_packet p = { .op = TFTP_ERROR, .code = code, .text = bytes_of(told) };
	struct wr w = { 0 };

	tftp_encode(&p, &w);
	x->send(x->ctx, wr_view(&w));
	wr_free(&w);
	end(x, XFER_FAILED, mem_text(why));
}

void
xfer_cancel(struct xfer *x, const char *why)
{
	if (x->state == XFER_RUNNING)
		fail(x, TFTP_E_OTHER, why, why);
}

static struct block *
block_of(struct xfer *x, int64_t number)
{
	return &x->blocks[(number - 1) % x->window];
}

static int
make_block(struct xfer *x, int64_t number, struct err *e)
{
	struct block *b = block_of(x, number);
	size_t n;

	if (b->packet == NULL)
		b->packet = mem_new(TFTP_DATA_HEAD + x->block_size);
	if (source_next(&x->source, &b->packet[TFTP_DATA_HEAD], x->block_size, &n, e) != 0)
		return -1;
	tftp_data_head((uint16_t)number, b->packet);
	b->n = TFTP_DATA_HEAD + n;
	if (n < x->block_size) {
		x->last = number;
		x->last_size = n;
	}
	return 0;
}

static void
send_number(struct xfer *x, int64_t number)
{
	struct block *b;

	if (number == 0) {
		x->send(x->ctx, wr_view(&x->oack));
		return;
	}
	b = block_of(x, number);
	x->send(x->ctx, bytes_over(b->packet, b->n));
}

/* All that is on its way, once more. */
static void
send_again(struct xfer *x)
{
	for (int64_t number = x->acked + 1; number <= x->sent; number++) {
		send_number(x, number);
		x->resent++;
	}
}

/* New blocks, until the window is full or the file is at its end. */
static void
send_more(struct xfer *x)
{
	struct err e;

	while (x->sent - x->acked < x->window && x->last < 0) {
		if (make_block(x, x->sent + 1, &e) != 0) {
			fail(x, TFTP_E_OTHER, "The file cannot be read", e.text);
			return;
		}
		x->sent++;
		send_number(x, x->sent);
	}
}

static void
wait_anew(struct xfer *x, int64_t now_ms)
{
	x->heard = now_ms;
	x->resends = 0;
	x->wait = x->first_wait;
	x->deadline = now_ms + x->wait;
}

void
xfer_start(struct xfer *x, int64_t now_ms)
{
	wait_anew(x, now_ms);
	if (x->acked < 0)
		send_number(x, 0);
	else
		send_more(x);
}

/* Only a number that is on its way counts.  One acknowledged before is a repetition, and answering
 * it would double every packet from there on (the Sorcerer's Apprentice, RFC 1123, 4.2.3.1). */
static void
take_ack(struct xfer *x, uint16_t block, int64_t now_ms)
{
	uint16_t ahead = (uint16_t)(block - (uint16_t)x->acked);

	if (ahead == 0 || ahead > x->sent - x->acked)
		return;
	x->acked += ahead;
	x->answered = true;
	wait_anew(x, now_ms);
	if (x->acked == x->last) {
		end(x, XFER_SENT, NULL);
		return;
	}
	/* Less than the window: the peer has lost what came behind (RFC 7440, section 4). */
	send_again(x);
	send_more(x);
}

/* Nobody answers an ERROR, code 8 (our options refused) included: the peer may ask again. */
static void
take_error(struct xfer *x, const struct tftp_packet *p)
{
	end(x, XFER_STOPPED,
	    p->text.n > 0 ? mem_text_n((const char *)p->text.p, p->text.n)
			  : mem_fmt("error %u", p->code));
}

void
xfer_packet(struct xfer *x, struct bytes packet, int64_t now_ms)
{
	struct tftp_packet p;
	struct err e;

	if (x->state != XFER_RUNNING)
		return;
	if (tftp_decode(packet, &p, &e) != 0)
		fail(x, TFTP_E_ILLEGAL, "Illegal TFTP operation", e.text);
	else if (p.op == TFTP_ACK)
		take_ack(x, p.block, now_ms);
	else if (p.op == TFTP_ERROR)
		take_error(x, &p);
	else
		fail(x, TFTP_E_ILLEGAL, "Illegal TFTP operation", "not an acknowledgement");
}

/* Doubling, but never below what the peer itself asked for. */
static int64_t
longer_wait(const struct xfer *x)
{
	int64_t most = x->first_wait > x->rules.most_ms ? x->first_wait : x->rules.most_ms;

	return x->wait * 2 < most ? x->wait * 2 : most;
}

/* One resend there is at least, however long a timeout the peer has asked for. */
static bool
is_gone(const struct xfer *x, int64_t now_ms)
{
	if (x->resends == x->rules.resends)
		return true;
	return x->resends > 0 && now_ms - x->heard >= x->rules.give_up_ms;
}

void
xfer_time(struct xfer *x, int64_t now_ms)
{
	if (x->state != XFER_RUNNING || now_ms < x->deadline)
		return;
	if (is_gone(x, now_ms)) {
		end(x, XFER_GIVEN_UP, NULL);
		return;
	}
	x->resends++;
	x->wait = longer_wait(x);
	x->deadline = now_ms + x->wait;
	send_again(x);
}

bool
xfer_request_again(struct xfer *x, int64_t now_ms)
{
	if (x->state != XFER_RUNNING)
		return false;
	if (x->answered)
		return now_ms - x->heard < x->first_wait;
	send_again(x);
	return true;
}

enum xfer_state
xfer_state(const struct xfer *x)
{
	return x->state;
}

int64_t
xfer_deadline(const struct xfer *x)
{
	return x->deadline;
}

uint64_t
xfer_bytes(const struct xfer *x)
{
	if (x->acked <= 0)
		return 0;
	if (x->acked == x->last)
		return (uint64_t)(x->acked - 1) * x->block_size + x->last_size;
	return (uint64_t)x->acked * x->block_size;
}

uint64_t
xfer_resent(const struct xfer *x)
{
	return x->resent;
}

const char *
xfer_why(const struct xfer *x)
{
	return x->why;
}
