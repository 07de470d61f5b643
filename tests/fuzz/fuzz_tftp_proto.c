/* links: tl_tftp_proto */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "tftp/proto.h"

static void
check_request(const struct tftp_packet *p)
{
	assert(p->name != NULL && p->name[0] != '\0' && strlen(p->name) <= TFTP_NAME_MAX);
	assert(p->mode == TFTP_OCTET || p->mode == TFTP_NETASCII);
}

static void
check_options(const struct tftp_options *o)
{
	assert(!o->has[TFTP_BLKSIZE] ||
	       (o->value[TFTP_BLKSIZE] >= 8 && o->value[TFTP_BLKSIZE] <= 65464));
	assert(!o->has[TFTP_TIMEOUT] ||
	       (o->value[TFTP_TIMEOUT] >= 1 && o->value[TFTP_TIMEOUT] <= 255));
	assert(!o->has[TFTP_WINDOWSIZE] ||
	       (o->value[TFTP_WINDOWSIZE] >= 1 && o->value[TFTP_WINDOWSIZE] <= 65535));
}

/* What was read says the same when it is written and read again. */
static void
check_round_trip(const struct tftp_packet *p)
{
	struct wr once = { 0 }, twice = { 0 };
	struct tftp_packet again;
	struct err e;

	tftp_encode(p, &once);
	assert(tftp_decode(wr_view(&once), &again, &e) == 0);
	tftp_encode(&again, &twice);
	assert(bytes_eq(wr_view(&once), wr_view(&twice)));
	assert(memcmp(p->options.has, again.options.has, sizeof(again.options.has)) == 0);
	assert(memcmp(p->options.value, again.options.value, sizeof(again.options.value)) == 0);
	wr_free(&once);
	wr_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_over(data, size);
	struct tftp_packet p;
	struct err e = { 0 };

	if (tftp_decode(in, &p, &e) != 0) {
		assert(p.op == 0 && e.text[0] != '\0');
		return 0;
	}
	assert((int)p.op == tftp_op_of(in));
	if (p.op == TFTP_RRQ || p.op == TFTP_WRQ)
		check_request(&p);
	check_options(&p.options);
	check_round_trip(&p);
	return 0;
}
