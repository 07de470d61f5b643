#include "tftp/xfer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

/* Counting what netascii makes of a file reads all of it, in one go; above this size the option
 * tsize is left unanswered instead, or a few requests would hold up everybody. */
enum { NETASCII_COUNT_MAX = 1 << 20, NETASCII_PART = 1024 };

enum { BLOCKS_AT_ONCE = 64 };

/* A window that does not fit in the peer's socket loses its end each time: a default one of Linux
 * (208 KiB with all bookkeeping) holds 13 blocks of 8192 bytes, and atftp (0.8) that asks for 16
 * takes minutes then.
 *
 * Less than a second to begin with, which RFC 6298 would have: a second for one lost packet is what
 * people notice, and a packet too many over a slow line is what they do not. */
static const struct xfer_rules usual = {
	.first_ms = 400,
	.least_ms = 100,
	.most_ms = 8000,
	.give_up_ms = 30000,
	.again_ms = 1000,
	.resends = 5,
	.window_blocks = 64,
	.window_bytes = 64 << 10,
	.block_bytes = 65464,
};

/* What a round trip may vary at least: the clock has milliseconds, and machines have other work. */
enum { VARIATION_LEAST_MS = 10 };

/* The bytes still to be sent, as the mode wants them. */
struct source {
	struct content *content;
	enum tftp_mode mode;
	uint64_t at;   /* in the content */
	int held_back; /* netascii: the second byte of a pair whose first ended a block; or -1 */
};

/* The round trip, as RFC 6298 smooths it.  Kept as multiples, so that whole numbers will do. */
struct trip {
	bool known;
	int64_t mean8;	    /* eight times the mean, milliseconds */
	int64_t variation4; /* four times the mean deviation */
	int64_t timed;	    /* number of a packet that is on its way and was sent once; -1: none */
	int64_t timed_at;
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
	struct wr oack; /* empty: no option was taken */
	uint8_t *ring;	/* the blocks on their way, each with its head; NULL: none was made yet */
	int64_t places; /* in it: the window, or all blocks of a smaller file */
	int64_t window;
	int64_t acked, sent; /* numbers; what lies between is on its way */
	int64_t last;	     /* number of the block that ends the file; -1: not reached yet */
	uint64_t last_size;

	struct trip trip;
	int64_t asked_wait; /* by the option timeout; 0: not asked */
	int64_t wait;	    /* before the next resend */
	int64_t deadline;
	int64_t heard;	  /* when the peer last moved on */
	int64_t sent_at;  /* when we last sent anything */
	int64_t again_at; /* when it was sent again because the peer told of a gap */
	unsigned resends;
	bool answered;
	bool stopping;	       /* the peer, or somebody in its name, has said so */
	bool hurried, hurries; /* since it moved on: was a gap reported, and is its resend due */
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
		n = 0;
		if (source_netascii(&counted, part, sizeof(part), &n, NULL) != 0)
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

/* What was asked for, or less (RFC 7440, section 3). */
static int64_t
window_for(const struct xfer *x, uint64_t asked)
{
	uint64_t most = x->rules.window_bytes / x->block_size;

	if (most > x->rules.window_blocks)
		most = x->rules.window_blocks;
	if (most == 0)
		most = 1;
	return (int64_t)(asked < most ? asked : most);
}

/* Which of the options asked for we take: what is in the answer binds both sides. */
static void
take_options(struct xfer *x, const struct tftp_options *asked, struct tftp_options *granted)
{
	uint64_t size;

	if (asked->has[TFTP_BLKSIZE]) {
		x->block_size = asked->value[TFTP_BLKSIZE] < x->rules.block_bytes
				    ? (size_t)asked->value[TFTP_BLKSIZE]
				    : x->rules.block_bytes;
		grant(granted, TFTP_BLKSIZE, x->block_size);
	}
	/* Of an empty file the size stays unsaid: libcurl (7.88) takes a 0 for an error, and
	 * whoever gets no answer to tsize goes on without. */
	if (asked->has[TFTP_TSIZE] && source_size(&x->source, &size) && size > 0)
		grant(granted, TFTP_TSIZE, size);
	if (asked->has[TFTP_TIMEOUT]) {
		x->asked_wait = (int64_t)asked->value[TFTP_TIMEOUT] * 1000;
		grant(granted, TFTP_TIMEOUT, asked->value[TFTP_TIMEOUT]);
	}
	if (asked->has[TFTP_WINDOWSIZE] && x->rules.window_blocks > 1) {
		x->window = window_for(x, asked->value[TFTP_WINDOWSIZE]);
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
	r.least_ms = r.least_ms ? r.least_ms : usual.least_ms;
	r.most_ms = r.most_ms ? r.most_ms : usual.most_ms;
	r.give_up_ms = r.give_up_ms ? r.give_up_ms : usual.give_up_ms;
	r.again_ms = r.again_ms ? r.again_ms : usual.again_ms;
	r.resends = r.resends ? r.resends : usual.resends;
	r.window_blocks = r.window_blocks ? r.window_blocks : usual.window_blocks;
	r.window_bytes = r.window_bytes ? r.window_bytes : usual.window_bytes;
	r.block_bytes = r.block_bytes ? r.block_bytes : usual.block_bytes;
	return r;
}

static uint64_t
wire_size_most(const struct xfer *x)
{
	uint64_t size = content_size(x->source.content);

	return x->source.mode == TFTP_NETASCII ? size * 2 : size;
}

/* No more than the file has, its last and empty one included. */
static int64_t
places_for(const struct xfer *x)
{
	uint64_t most = wire_size_most(x) / x->block_size + 1;

	return most < (uint64_t)x->window ? (int64_t)most : x->window;
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
	x->trip.timed = -1;
	take_request(x, request);
	x->places = places_for(x);
	return x;
}

void
xfer_free(struct xfer *x)
{
	if (x == NULL)
		return;
	free(x->ring);
	wr_free(&x->oack);
	content_unref(x->source.content);
	free(x->why);
	free(x);
}

static void
end(struct xfer *x, enum xfer_state state, char *why)
{
	free(x->why);
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
	if (x->state != XFER_RUNNING)
		return;
	if (x->stopping)
		x->state = XFER_STOPPED;
	else
		fail(x, TFTP_E_OTHER, why, why);
}

static uint8_t *
place_of(const struct xfer *x, int64_t number)
{
	size_t place = (size_t)((number - 1) % x->places);

	return &x->ring[place * (TFTP_DATA_HEAD + x->block_size)];
}

static uint8_t *
bytes_of_block(const struct xfer *x, int64_t number)
{
	return &place_of(x, number)[TFTP_DATA_HEAD];
}

/* How many bytes they have together goes to *size. */
static int
read_netascii(struct xfer *x, int64_t number, int blocks, uint64_t *size, struct err *e)
{
	size_t n = x->block_size;

	*size = 0;
	for (int i = 0; i < blocks && n == x->block_size; i++) {
		n = 0;
		if (source_netascii(
			&x->source, bytes_of_block(x, number + i), x->block_size, &n, e) != 0)
			return -1;
		*size += n;
	}
	return 0;
}

static int
read_octet(struct xfer *x, int64_t number, int blocks, uint64_t *size, struct err *e)
{
	uint64_t left = source_left(&x->source);
	struct iovec part[BLOCKS_AT_ONCE];
	int parts = 0;

	*size = 0;
	for (; parts < blocks && *size < left; parts++) {
		size_t n = left - *size < x->block_size ? (size_t)(left - *size) : x->block_size;

		part[parts] = (struct iovec){ bytes_of_block(x, number + parts), n };
		*size += n;
	}
	if (content_scatter(x->source.content, x->source.at, part, parts, e) != 0)
		return -1;
	x->source.at += *size;
	return 0;
}

/* Fills the blocks from this number on, or fewer at the end of the file; *made says how many.  A
 * file whose size is a multiple of a block's ends with an empty one. */
static int
make_blocks(struct xfer *x, int64_t number, int blocks, int *made, struct err *e)
{
	uint64_t size;
	int rc;

	if (x->ring == NULL)
		x->ring = mem_array((size_t)x->places, TFTP_DATA_HEAD + x->block_size);
	rc = x->source.mode == TFTP_NETASCII ? read_netascii(x, number, blocks, &size, e)
					     : read_octet(x, number, blocks, &size, e);
	if (rc != 0)
		return -1;
	*made = blocks;
	if (size < (uint64_t)blocks * x->block_size) {
		*made = (int)(size / x->block_size) + 1;
		x->last = number + *made - 1;
		x->last_size = size % x->block_size;
	}
	for (int i = 0; i < *made; i++)
		tftp_data_head((uint16_t)(number + i), place_of(x, number + i));
	return 0;
}

static void
send_number(struct xfer *x, int64_t number)
{
	size_t n = number == x->last ? x->last_size : x->block_size;

	if (number == 0)
		x->send(x->ctx, wr_view(&x->oack));
	else
		x->send(x->ctx, bytes_over(place_of(x, number), TFTP_DATA_HEAD + n));
}

/* All that is on its way, once more: whose acknowledgement comes then is anybody's guess, and no
 * measure of the round trip. */
static void
send_again(struct xfer *x, int64_t now_ms)
{
	for (int64_t number = x->acked + 1; number <= x->sent; number++) {
		send_number(x, number);
		x->resent++;
	}
	x->sent_at = now_ms;
	x->trip.timed = -1;
}

static void
time_it(struct xfer *x, int64_t now_ms)
{
	x->sent_at = now_ms;
	x->trip.timed = x->sent;
	x->trip.timed_at = now_ms;
}

/* Of the next blocks, as many as go in one piece; false when it failed. */
static bool
send_next(struct xfer *x)
{
	int64_t room = x->window - (x->sent - x->acked);
	int blocks = room < BLOCKS_AT_ONCE ? (int)room : BLOCKS_AT_ONCE, made;
	struct err e;

	if (make_blocks(x, x->sent + 1, blocks, &made, &e) != 0) {
		fail(x, TFTP_E_OTHER, "The file cannot be read", e.text);
		return false;
	}
	while (made-- > 0)
		send_number(x, ++x->sent);
	return true;
}

/* New blocks, until the window is full or the file is at its end.  The last of them is timed: that
 * is the one a peer answers. */
static void
send_more(struct xfer *x, int64_t now_ms)
{
	int64_t before = x->sent;

	while (x->sent - x->acked < x->window && x->last < 0)
		if (!send_next(x))
			return;
	if (x->sent > before)
		time_it(x, now_ms);
}

/* Mean plus four times the mean deviation. */
static int64_t
trip_most(const struct trip *t)
{
	int64_t variation = t->variation4;

	return t->mean8 / 8 + (variation > VARIATION_LEAST_MS ? variation : VARIATION_LEAST_MS);
}

/* RFC 6298, section 2. */
static void
trip_take(struct trip *t, int64_t ms)
{
	int64_t off = ms - t->mean8 / 8;

	if (!t->known) {
		t->known = true;
		t->mean8 = ms * 8;
		t->variation4 = ms * 2;
		return;
	}
	t->mean8 += off;
	t->variation4 += (off < 0 ? -off : off) - t->variation4 / 4;
}

/* How long a silence is borne before the first resend. */
static int64_t
patience(const struct xfer *x)
{
	int64_t ms;

	if (x->asked_wait > 0)
		return x->asked_wait;
	if (!x->trip.known)
		return x->rules.first_ms;
	ms = trip_most(&x->trip);
	if (ms < x->rules.least_ms)
		return x->rules.least_ms;
	return ms < x->rules.most_ms ? ms : x->rules.most_ms;
}

/* Who never said anything may be a forgery, or its victim: it gets a few packets and some time, and
 * a timeout of minutes that came with the request holds no place for minutes. */
static void
set_deadline(struct xfer *x, int64_t now_ms)
{
	int64_t end = x->heard + x->rules.give_up_ms;

	x->deadline = now_ms + x->wait;
	if (!x->answered && x->deadline > end)
		x->deadline = end;
}

static void
wait_on(struct xfer *x, int64_t now_ms)
{
	x->heard = now_ms;
	x->resends = 0;
	x->hurried = x->hurries = false;
	set_deadline(x, now_ms);
}

void
xfer_start(struct xfer *x, int64_t now_ms)
{
	x->wait = patience(x);
	wait_on(x, now_ms);
	if (x->acked < 0) {
		send_number(x, 0);
		time_it(x, now_ms);
	} else {
		send_more(x, now_ms);
	}
}

/* After a resend the wait stays as long as it has become, until a packet was answered that was sent
 * once (Karn): it may be that the peer is that far away. */
static void
measure(struct xfer *x, int64_t now_ms)
{
	bool measured = x->trip.timed >= 0 && x->acked >= x->trip.timed;

	if (measured) {
		trip_take(&x->trip, now_ms - x->trip.timed_at);
		x->trip.timed = -1;
	}
	if (measured || x->resends == 0 || x->asked_wait > 0)
		x->wait = patience(x);
}

/* A peer with a window repeats itself when the first block of the next one was lost and others came
 * (RFC 7440, section 4).  Or the network has repeated it: then the answer to the window is on its
 * way, and sending all of it again at once would do so for each window from here on.  So it only
 * shortens our patience to what an answer takes, and once. */
static void
hurry(struct xfer *x, int64_t now_ms)
{
	int64_t soon;

	if (x->window == 1 || x->hurried || !x->trip.known || x->acked == x->sent)
		return;
	soon = x->sent_at + trip_most(&x->trip);
	if (soon <= now_ms)
		soon = now_ms + 1;
	if (soon >= x->deadline)
		return;
	x->hurried = x->hurries = true;
	x->deadline = soon;
}

/* It was not the peer who said stop. */
static void
go_on(struct xfer *x, int64_t now_ms)
{
	x->stopping = false;
	free(x->why);
	x->why = NULL;
	set_deadline(x, now_ms);
}

static void
take_repetition(struct xfer *x, int64_t now_ms)
{
	if (x->stopping)
		go_on(x, now_ms);
	hurry(x, now_ms);
}

/* Less than the window: the peer has lost what came behind (RFC 7440, section 4).  One that tells
 * of gaps faster than it could have seen what closes them is told no more than once in a round
 * trip. */
static void
take_gap(struct xfer *x, int64_t now_ms)
{
	if (x->trip.known && now_ms - x->again_at < x->trip.mean8 / 8) {
		hurry(x, now_ms);
		return;
	}
	x->again_at = now_ms;
	send_again(x, now_ms);
	send_more(x, now_ms);
}

/* Only a number that is on its way counts.  One acknowledged before is a repetition, and answering
 * it would double every packet from there on (the Sorcerer's Apprentice, RFC 1123, 4.2.3.1). */
static void
take_ack(struct xfer *x, uint16_t block, int64_t now_ms)
{
	uint16_t ahead = (uint16_t)(block - (uint16_t)x->acked);

	if (ahead == 0)
		take_repetition(x, now_ms);
	if (ahead == 0 || ahead > x->sent - x->acked)
		return;
	x->acked += ahead;
	x->answered = true;
	if (x->stopping)
		go_on(x, now_ms);
	measure(x, now_ms);
	wait_on(x, now_ms);
	if (x->acked == x->last) {
		end(x, XFER_SENT, NULL);
		return;
	}
	if (x->sent > x->acked)
		take_gap(x, now_ms);
	else
		send_more(x, now_ms);
}

/* Nobody answers an ERROR, code 8 (our options refused) included: the peer may ask again.  It shows
 * nothing that a forger would have to know but the port, so it ends the transfer only when it is
 * the last that is heard: nothing is sent from here on, until an acknowledgement contradicts it. */
static void
take_error(struct xfer *x, const struct tftp_packet *p, int64_t now_ms)
{
	if (x->stopping)
		return;
	x->stopping = true;
	x->hurries = false;
	x->why = p->text.n > 0 ? mem_text_n((const char *)p->text.p, p->text.n)
			       : mem_fmt("error %u", p->code);
	x->deadline = now_ms + x->rules.again_ms;
}

void
xfer_packet(struct xfer *x, struct bytes packet, int64_t now_ms)
{
	struct tftp_packet p;

	if (x->state != XFER_RUNNING || tftp_decode(packet, &p, NULL) != 0)
		return;
	if (p.op == TFTP_ACK)
		take_ack(x, p.block, now_ms);
	else if (p.op == TFTP_ERROR)
		take_error(x, &p, now_ms);
}

/* Doubling, but never below what the peer itself asked for. */
static int64_t
longer_wait(const struct xfer *x)
{
	int64_t most = x->asked_wait > x->rules.most_ms ? x->asked_wait : x->rules.most_ms;

	return x->wait * 2 < most ? x->wait * 2 : most;
}

/* A peer that has answered gets one resend at least, however long a timeout it has asked for. */
static bool
is_gone(const struct xfer *x, int64_t now_ms)
{
	bool silent = now_ms - x->heard >= x->rules.give_up_ms;

	if (!x->answered)
		return silent || x->resends == x->rules.resends;
	return silent && x->resends > 0;
}

/* The peer is there, and misses something. */
static void
close_gap(struct xfer *x, int64_t now_ms)
{
	x->hurries = false;
	x->deadline = now_ms + x->wait;
	send_again(x, now_ms);
}

void
xfer_time(struct xfer *x, int64_t now_ms)
{
	if (x->state != XFER_RUNNING || now_ms < x->deadline)
		return;
	if (x->stopping) {
		x->state = XFER_STOPPED;
		return;
	}
	if (x->hurries) {
		close_gap(x, now_ms);
		return;
	}
	if (is_gone(x, now_ms)) {
		end(x, XFER_GIVEN_UP, NULL);
		return;
	}
	x->resends++;
	x->wait = longer_wait(x);
	set_deadline(x, now_ms);
	send_again(x, now_ms);
}

bool
xfer_request_again(struct xfer *x, int64_t now_ms)
{
	int64_t again = x->asked_wait > x->rules.again_ms ? x->asked_wait : x->rules.again_ms;

	if (x->state != XFER_RUNNING || x->stopping)
		return false;
	if (x->answered)
		return now_ms - x->heard < again;
	send_again(x, now_ms);
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

size_t
xfer_burst(const struct xfer *x)
{
	uint64_t window = (uint64_t)x->places * x->block_size, all = wire_size_most(x);

	return (size_t)(window < all ? window : all);
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
