/*
 * A transfer over a network that loses, repeats, delays and reorders packets, with a phone at the
 * other end and a clock that jumps from event to event.  Whatever the network does, as long as it
 * lets enough through, the phone has exactly the bytes; and no acknowledgement that says nothing
 * new ever makes the server send.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/suite.h"
#include "tftp/xfer.h"

struct plan {
	uint64_t seed;
	size_t size, block_size; /* block size 512 is not negotiated */
	unsigned window;	 /* 1 is not negotiated */
	bool netascii;
	unsigned lose, repeat, late; /* per cent of the packets */
	int64_t far;		     /* milliseconds each way, besides the few of all */
	bool steady;		     /* without these few, which change the order */
};

struct message {
	int64_t at;   /* when it arrives */
	uint64_t nth; /* that was sent: what arrives at the same time does so in order */
	bool to_server;
	int64_t number; /* of the block it acknowledges; -1: it is the request */
	struct wr bytes;
};

enum { FLYING_MAX = 4096, PHONE_WAIT = 1000 };

struct world {
	const struct plan *plan;
	uint64_t random;
	int64_t now;
	struct message flying[FLYING_MAX];
	size_t n;
	uint64_t posted; /* ever */

	struct xfer *x;
	unsigned sent;	      /* packets by the server, ever */
	int64_t newest;	      /* number acknowledged that the server has seen */
	unsigned for_nothing; /* packets it sent for an acknowledgement that was not new */
	const char *fault;    /* what went wrong on the way */

	/* The phone. */
	struct wr got;
	int64_t have;	   /* blocks; 0 also while it waits for the OACK */
	int64_t since_ack; /* blocks taken since the last acknowledgement */
	bool negotiated, answered, complete;
	int64_t complete_at;
	uint64_t tsize;
	int64_t next_try;
};

/* splitmix64: the same on all machines. */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static bool
happens(struct world *w, unsigned per_cent)
{
	return next_random(&w->random) % 100 < per_cent;
}

static int64_t
travel_time(struct world *w)
{
	uint64_t r = next_random(&w->random);

	if (happens(w, w->plan->late))
		return (int64_t)(r % 5000);
	return w->plan->far + (w->plan->steady ? 0 : 1 + (int64_t)(r % 3));
}

static void
fly(struct world *w, bool to_server, int64_t number, struct bytes packet)
{
	struct message *m = &w->flying[w->n++];

	if (w->n == FLYING_MAX)
		abort();
	*m = (struct message){ w->now + travel_time(w), w->posted++, to_server, number, { 0 } };
	wr_put(&m->bytes, packet);
}

static void
post(struct world *w, bool to_server, int64_t number, struct bytes packet)
{
	if (!happens(w, w->plan->lose))
		fly(w, to_server, number, packet);
	if (happens(w, w->plan->repeat))
		fly(w, to_server, number, packet);
}

static void
server_sends(void *ctx, struct bytes packet)
{
	struct world *w = ctx;

	w->sent++;
	post(w, false, 0, packet);
}

static void
phone_asks(struct world *w)
{
	w->next_try = w->now + PHONE_WAIT;
	post(w, true, -1, bytes_of("once more"));
}

static void
phone_acks(struct world *w)
{
	struct tftp_packet p = { .op = TFTP_ACK, .block = (uint16_t)w->have };
	struct wr bytes = { 0 };

	w->next_try = w->now + PHONE_WAIT;
	w->since_ack = 0;
	tftp_encode(&p, &bytes);
	post(w, true, w->have, wr_view(&bytes));
	wr_free(&bytes);
}

static void
phone_takes_oack(struct world *w, const struct tftp_packet *p)
{
	w->answered = true;
	w->tsize = p->options.value[TFTP_TSIZE];
	/* Of an empty file the size stays unsaid. */
	if (p->options.has[TFTP_TSIZE] != (w->plan->size > 0))
		w->fault = "tsize of an empty file, or none of another";
	if (w->have == 0)
		phone_acks(w);
}

/* The next block is taken; any other shows that something was lost or comes twice, and is answered
 * with what the phone has: a phone that stays silent then could not be told from one that is gone.
 */
static void
phone_takes_block(struct world *w, const struct tftp_packet *p)
{
	bool is_next = !w->complete && p->block == (uint16_t)(w->have + 1);

	w->answered = true;
	if (p->data.n > w->plan->block_size)
		w->fault = "a block larger than agreed";
	if (is_next) {
		wr_put(&w->got, p->data);
		w->have++;
		w->since_ack++;
		w->complete = p->data.n < w->plan->block_size;
		w->complete_at = w->now;
	}
	if (!is_next || w->complete || w->since_ack == w->plan->window)
		phone_acks(w);
}

static void
phone_takes(struct world *w, struct bytes packet)
{
	struct tftp_packet p;
	struct err e;

	if (tftp_decode(packet, &p, &e) != 0)
		w->fault = "no TFTP packet";
	else if (p.op == TFTP_OACK)
		phone_takes_oack(w, &p);
	else if (p.op == TFTP_DATA)
		phone_takes_block(w, &p);
	else
		w->fault = "neither options nor a block";
}

static void
server_takes(struct world *w, const struct message *m)
{
	unsigned before = w->sent;

	if (m->number < 0) {
		xfer_request_again(w->x, w->now);
		return;
	}
	xfer_packet(w->x, wr_view(&m->bytes), w->now);
	if (m->number <= w->newest)
		w->for_nothing += w->sent - before;
	else
		w->newest = m->number;
	if (w->sent - before > w->plan->window)
		w->fault = "more sent than the window holds";
}

static void
deliver(struct world *w, size_t i)
{
	struct message m = w->flying[i];

	w->flying[i] = w->flying[--w->n];
	if (m.to_server)
		server_takes(w, &m);
	else
		phone_takes(w, wr_view(&m.bytes));
	wr_free(&m.bytes);
}

static bool
is_before(const struct message *a, const struct message *b)
{
	return a->at != b->at ? a->at < b->at : a->nth < b->nth;
}

static size_t
first_to_arrive(const struct world *w)
{
	size_t first = 0;

	for (size_t i = 1; i < w->n; i++)
		if (is_before(&w->flying[i], &w->flying[first]))
			first = i;
	return first;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The next thing that happens.  False: nothing ever will. */
static bool
step(struct world *w)
{
	size_t first = first_to_arrive(w);
	int64_t arrives = w->n > 0 ? w->flying[first].at : INT64_MAX;
	int64_t server = xfer_state(w->x) == XFER_RUNNING ? xfer_deadline(w->x) : INT64_MAX;
	int64_t phone = w->complete ? INT64_MAX : w->next_try;

	w->now = earlier(arrives, earlier(server, phone));
	if (w->now == INT64_MAX)
		return false;
	if (w->now == arrives)
		deliver(w, first);
	else if (w->now == server)
		xfer_time(w->x, w->now);
	else if (w->answered)
		phone_acks(w);
	else
		phone_asks(w);
	return true;
}

static struct wr
some_bytes(const struct plan *plan)
{
	static const char line_ends[] = "\r\n\n\r";
	uint64_t random = plan->seed;
	struct wr w = { 0 };

	for (size_t i = 0; i < plan->size; i++) {
		uint64_t r = next_random(&random);

		wr_u8(&w, r % 4 == 0 ? (uint8_t)line_ends[(r >> 8) % 4] : (uint8_t)(r >> 16));
	}
	return w;
}

static struct wr
as_sent(const struct plan *plan, struct bytes b)
{
	struct wr w = { 0 };

	for (size_t i = 0; i < b.n; i++) {
		if (plan->netascii && b.p[i] == '\n')
			wr_u8(&w, '\r');
		wr_u8(&w, b.p[i]);
		if (plan->netascii && b.p[i] == '\r')
			wr_u8(&w, '\0');
	}
	return w;
}

static struct tftp_packet
request_of(const struct plan *plan)
{
	struct tftp_packet p = { .op = TFTP_RRQ, .name = "f" };

	p.mode = plan->netascii ? TFTP_NETASCII : TFTP_OCTET;
	if (plan->block_size == TFTP_BLOCK && plan->window == 1)
		return p;
	p.options.has[TFTP_BLKSIZE] = p.options.has[TFTP_TSIZE] = true;
	p.options.value[TFTP_BLKSIZE] = plan->block_size;
	p.options.has[TFTP_WINDOWSIZE] = plan->window > 1;
	p.options.value[TFTP_WINDOWSIZE] = plan->window;
	return p;
}

static void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		wr_free(&w->flying[i].bytes);
	wr_free(&w->got);
	xfer_free(w->x);
	free(w);
}

/* Names the plan that went wrong: CUnit prints only the line. */
static void
check(const struct plan *plan, bool good, const char *what)
{
	if (!good)
		fprintf(stderr, "\n    seed %llu size %zu blksize %zu window %u lose %u: %s\n",
		    (unsigned long long)plan->seed, plan->size, plan->block_size, plan->window,
		    plan->lose, what);
	CU_ASSERT(good);
}

/* What it took. */
struct took {
	int64_t ms; /* until the phone had all */
	uint64_t resent;
};

static struct took
run(const struct plan *plan)
{
	/* So many tries that no plan here runs out of them. */
	const struct xfer_rules rules = { .resends = 60, .give_up_ms = 1 << 30 };
	struct world *w = mem_new(sizeof(*w));
	struct tftp_packet request = request_of(plan);
	struct wr bytes = some_bytes(plan), expected = as_sent(plan, wr_view(&bytes));
	struct content *c = content_of_memory(&bytes, NULL);
	struct took took;

	w->plan = plan;
	w->random = plan->seed;
	w->newest = request.options.has[TFTP_BLKSIZE] ? -1 : 0;
	w->next_try = PHONE_WAIT;
	w->x = xfer_new(&request, c, &rules, server_sends, w);
	content_unref(c);
	xfer_start(w->x, w->now);
	while (step(w))
		;
	check(plan, xfer_state(w->x) == XFER_SENT, "not sent");
	check(plan, w->complete, "not complete");
	check(plan, bytes_eq(wr_view(&w->got), wr_view(&expected)), "other bytes");
	check(plan, xfer_bytes(w->x) == expected.n, "another count");
	check(plan, w->fault == NULL, w->fault);
	check(plan, w->for_nothing == 0, "sent for a duplicate acknowledgement");
	check(plan, w->tsize == 0 || w->tsize == expected.n, "another tsize");
	/* Within a window even this network reorders, and that is a loss to the phone. */
	if (plan->lose + plan->repeat + plan->late == 0 && plan->window == 1)
		check(plan, xfer_resent(w->x) == 0, "resent without need");
	took = (struct took){ w->complete_at, xfer_resent(w->x) };
	world_free(w);
	wr_free(&expected);
	return took;
}

static const size_t sizes[] = { 0, 1, 7, 8, 9, 511, 512, 513, 1023, 1024, 65536 };
static const size_t block_sizes[] = { 512, 8, 1428, 8192, 65464 };

static void
run_all_sizes(struct plan plan)
{
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t b = 0; b < sizeof(block_sizes) / sizeof(block_sizes[0]); b++) {
			plan.size = sizes[s];
			plan.block_size = block_sizes[b];
			plan.seed++;
			run(&plan);
		}
	}
}

static void
a_good_network_carries_all_sizes(void)
{
	run_all_sizes((struct plan){ .window = 1 });
	run_all_sizes((struct plan){ .window = 1, .netascii = true });
}

static void
a_bad_network_carries_all_sizes(void)
{
	run_all_sizes((struct plan){ .window = 1, .lose = 20, .repeat = 20, .late = 10 });
	run_all_sizes(
	    (struct plan){ .window = 1, .lose = 20, .repeat = 20, .late = 10, .netascii = true });
}

static void
run_seeds(struct plan plan, uint64_t n)
{
	for (plan.seed = 1; plan.seed <= n; plan.seed++)
		run(&plan);
}

static void
every_kind_of_trouble_is_survived(void)
{
	struct plan plan = { .size = 5000, .block_size = 512, .window = 1 };

	plan.lose = 50;
	run_seeds(plan, 200);
	plan.lose = 0;
	plan.repeat = 100;
	run_seeds(plan, 200);
	plan.late = 50;
	run_seeds(plan, 200);
	plan.lose = 30;
	run_seeds(plan, 200);
	plan.block_size = 1428;
	plan.netascii = true;
	run_seeds(plan, 200);
}

/* With 8-byte blocks a late packet can be a whole round of numbers late only after minutes. */
static void
more_than_65535_blocks_arrive(void)
{
	run(&(struct plan){ .seed = 1, .size = 8 * 65535, .block_size = 8, .window = 1 });
	run(&(struct plan){ .seed = 2,
	    .size = 8 * 66000 + 3,
	    .block_size = 8,
	    .window = 1,
	    .lose = 1,
	    .repeat = 1,
	    .late = 1 });
	run(&(struct plan){
	    .seed = 3, .size = 8 * 66000, .block_size = 8, .window = 16, .lose = 1, .repeat = 1 });
}

static void
windows_deliver_the_same_bytes(void)
{
	run_all_sizes((struct plan){ .window = 16 });
	run_all_sizes((struct plan){ .window = 4, .lose = 5, .repeat = 5 });
	run_seeds((struct plan){ .size = 30000, .block_size = 512, .window = 8, .lose = 10 }, 100);
}

static int
by_ms(const void *a, const void *b)
{
	const struct took *one = a, *other = b;

	return (one->ms > other->ms) - (one->ms < other->ms);
}

enum { RUNS = 1000 };

/* The slowest but for one per cent, and what was resent on average, per thousand. */
static struct took
slowest_of(struct plan plan)
{
	static struct took took[RUNS];
	struct took t = { 0 };

	for (size_t i = 0; i < RUNS; i++) {
		plan.seed = i + 1;
		took[i] = run(&plan);
		t.resent += took[i].resent;
	}
	qsort(took, RUNS, sizeof(took[0]), by_ms);
	t.ms = took[RUNS * 99 / 100].ms;
	return t;
}

static void
a_line_that_loses_one_in_a_hundred_is_hardly_slower(void)
{
	struct plan plan = { .size = 8192, .block_size = 512, .window = 1, .lose = 1 };
	struct took near = slowest_of(plan);

	CU_ASSERT(near.ms <= 600);
	CU_ASSERT(near.resent < 600);
	plan.block_size = 1428;
	plan.window = 16;
	near = slowest_of(plan);
	CU_ASSERT(near.ms <= 600);
}

/* 300 milliseconds there and back, and one packet in twenty lost: as many blocks are sent again as
 * had to be, or nearly. */
static void
a_long_and_bad_line_is_not_flooded(void)
{
	struct plan plan = { .size = 8192, .block_size = 512, .window = 1, .far = 150 };
	struct took t = slowest_of(plan);

	CU_ASSERT_EQUAL(t.resent, 0);
	CU_ASSERT(t.ms < 17 * 310);
	plan.lose = 5;
	t = slowest_of(plan);
	CU_ASSERT(t.ms < 17 * 310 + 8000);
	CU_ASSERT(t.resent / RUNS <= 3); /* of 34 packets 1.7 are lost */
	plan.block_size = 1428;
	plan.window = 16;
	t = slowest_of(plan);
	CU_ASSERT(t.ms < 5000);
}

/* Half a megabyte over 20 milliseconds, with what a modern client asks for. */
static void
a_window_fills_a_long_line(void)
{
	struct plan plan = { .size = 512 << 10, .block_size = 1468, .window = 16, .far = 10 };
	struct took t;

	plan.steady = true;
	t = run(&plan);
	CU_ASSERT(t.ms <= 500);
	CU_ASSERT_EQUAL(t.resent, 0);
	plan.lose = 1;
	plan.seed = 1;
	CU_ASSERT(run(&plan).ms <= 2000);
}

static const struct suite_test tests[] = {
	{ "a good network carries all sizes", a_good_network_carries_all_sizes },
	{ "a bad network carries all sizes", a_bad_network_carries_all_sizes },
	{ "every kind of trouble is survived", every_kind_of_trouble_is_survived },
	{ "more than 65535 blocks arrive", more_than_65535_blocks_arrive },
	{ "windows deliver the same bytes", windows_deliver_the_same_bytes },
	{ "a line that loses one in a hundred is hardly slower",
	    a_line_that_loses_one_in_a_hundred_is_hardly_slower },
	{ "a long and bad line is not flooded", a_long_and_bad_line_is_not_flooded },
	{ "a window fills a long line", a_window_fills_a_long_line },
};

SUITE_MAIN("tftp/xfer_net", tests)
