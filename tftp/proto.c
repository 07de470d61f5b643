#include "tftp/proto.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint64_t least, most;
} options[TFTP_OPTIONS] = {
	[TFTP_BLKSIZE] = { "blksize", 8, 65464 },
	[TFTP_TSIZE] = { "tsize", 0, INT64_MAX },
	[TFTP_TIMEOUT] = { "timeout", 1, 255 },
	[TFTP_WINDOWSIZE] = { "windowsize", 1, 65535 },
};

static const char *const modes[] = { [TFTP_OCTET] = "octet", [TFTP_NETASCII] = "netascii" };

/* The text up to the next NUL, in place; false when no NUL follows. */
static bool
rd_text(struct rd *r, const char **text)
{
	struct bytes rest = bytes_from(r->in, r->at);
	const uint8_t *nul = rest.n == 0 ? NULL : memchr(rest.p, '\0', rest.n);

	if (nul == NULL)
		return false;
	*text = (const char *)rd_take(r, (size_t)(nul - rest.p) + 1).p;
	return true;
}

static void
wr_text0(struct wr *w, const char *text)
{
	wr_text(w, text);
	wr_u8(w, '\0');
}

/* Decimal digits and nothing else. */
static bool
number_of(const char *text, uint64_t *n)
{
	*n = 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || *n > (UINT64_MAX - 9) / 10)
			return false;
		*n = *n * 10 + (uint64_t)(*text - '0');
	}
	return true;
}

/* The first of two equal names counts: RFC 2347 allows each only once. */
static void
take_option(struct tftp_options *to, const char *name, const char *value)
{
	uint64_t n;

	for (int i = 0; i < TFTP_OPTIONS; i++) {
		if (strcasecmp(name, options[i].name) != 0 || to->has[i])
			continue;
		if (!number_of(value, &n) || n < options[i].least || n > options[i].most)
			return;
		to->has[i] = true;
		to->value[i] = n;
	}
}

/* Names and values by turns.  The NULs that some clients pad their requests with read as options
 * without a name, which nobody knows. */
static void
take_options(struct rd *r, struct tftp_options *to)
{
	const char *name, *value;

	while (rd_text(r, &name) && rd_text(r, &value))
		take_option(to, name, value);
}

static bool
ends_in_nul(struct bytes in)
{
	return in.n > 0 && in.p[in.n - 1] == '\0';
}

static int
take_mode(struct rd *r, enum tftp_mode *mode, struct err *e)
{
	const char *text;

	if (!rd_text(r, &text))
		return err_set(e, ERR_MALFORMED, "a request without a mode");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcasecmp(text, modes[i]) == 0) {
			*mode = (enum tftp_mode)i;
			return 0;
		}
	}
	return err_set(e, ERR_MALFORMED, "mode \"%.16s\", where we know octet and netascii", text);
}

static int
take_request(struct rd *r, struct tftp_packet *p, struct err *e)
{
	if (r->in.n > TFTP_REQUEST_MAX)
		return err_set(e, ERR_LIMIT, "a request of more than %d bytes", TFTP_REQUEST_MAX);
	if (!ends_in_nul(r->in))
		return err_set(e, ERR_MALFORMED, "a request that does not end in NUL");
	if (!rd_text(r, &p->name) || *p->name == '\0')
		return err_set(e, ERR_MALFORMED, "a request without a file name");
	if (strlen(p->name) > TFTP_NAME_MAX)
		return err_set(e, ERR_LIMIT, "a file name of %zu bytes, where %d are allowed",
		    strlen(p->name), TFTP_NAME_MAX);
	if (take_mode(r, &p->mode, e) != 0)
		return -1;
	take_options(r, &p->options);
	return 0;
}

static int
take_data(struct rd *r, struct tftp_packet *p, struct err *e)
{
	p->block = rd_u16(r);
	p->data = rd_rest(r);
	return r->bad ? err_set(e, ERR_MALFORMED, "a block without its number") : 0;
}

/* What follows the number is left alone: boot loaders are known to send whole structs. */
static int
take_ack(struct rd *r, struct tftp_packet *p, struct err *e)
{
	p->block = rd_u16(r);
	return r->bad ? err_set(e, ERR_MALFORMED, "an acknowledgement without its number") : 0;
}

/* A text without its NUL is taken as it is: whatever the peer says, it has ended the transfer. */
static int
take_error(struct rd *r, struct tftp_packet *p, struct err *e)
{
	const char *text;

	p->code = rd_u16(r);
	if (r->bad)
		return err_set(e, ERR_MALFORMED, "an error without its number");
	p->text = rd_text(r, &text) ? bytes_of(text) : rd_rest(r);
	return 0;
}

static int
take_oack(struct rd *r, struct tftp_packet *p, struct err *e)
{
	if (rd_left(r) > 0 && !ends_in_nul(r->in))
		return err_set(e, ERR_MALFORMED, "options that do not end in NUL");
	take_options(r, &p->options);
	return 0;
}

static int
take_body(struct rd *r, struct tftp_packet *p, struct err *e)
{
	switch (p->op) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		return take_request(r, p, e);
	case TFTP_DATA:
		return take_data(r, p, e);
	case TFTP_ACK:
		return take_ack(r, p, e);
	case TFTP_ERROR:
		return take_error(r, p, e);
	case TFTP_OACK:
		return take_oack(r, p, e);
	}
	return err_set(e, ERR_MALFORMED, "no TFTP packet");
}

int
tftp_op_of(struct bytes in)
{
	struct rd r = rd_over(in);
	uint16_t op = rd_u16(&r);

	return op >= TFTP_RRQ && op <= TFTP_OACK ? op : 0;
}

int
tftp_decode(struct bytes in, struct tftp_packet *out, struct err *e)
{
	struct tftp_packet p = { 0 };
	struct rd r = rd_over(in);

	*out = p;
	if (tftp_op_of(in) == 0)
		return err_set(e, ERR_MALFORMED, "no TFTP packet");
	p.op = (enum tftp_op)rd_u16(&r);
	if (take_body(&r, &p, e) != 0)
		return -1;
	*out = p;
	return 0;
}

static void
put_options(const struct tftp_options *from, struct wr *w)
{
	for (int i = 0; i < TFTP_OPTIONS; i++) {
		if (!from->has[i])
			continue;
		wr_text0(w, options[i].name);
		wr_fmt(w, "%llu", (unsigned long long)from->value[i]);
		wr_u8(w, '\0');
	}
}

static void
put_request(const struct tftp_packet *p, struct wr *w)
{
	wr_text0(w, p->name);
	wr_text0(w, modes[p->mode]);
	put_options(&p->options, w);
}

void
tftp_encode(const struct tftp_packet *p, struct wr *w)
{
	wr_u16(w, (uint16_t)p->op);
	switch (p->op) {
	case TFTP_RRQ:
	case TFTP_WRQ:
		put_request(p, w);
		return;
	case TFTP_DATA:
		wr_u16(w, p->block);
		wr_put(w, p->data);
		return;
	case TFTP_ACK:
		wr_u16(w, p->block);
		return;
	case TFTP_ERROR:
		wr_u16(w, p->code);
		wr_put(w, p->text);
		wr_u8(w, '\0');
		return;
	case TFTP_OACK:
		put_options(&p->options, w);
		return;
	}
	assert(!"a packet of one of the six kinds");
}

void
tftp_data_head(uint16_t block, uint8_t to[TFTP_DATA_HEAD])
{
	to[0] = 0;
	to[1] = TFTP_DATA;
	to[2] = (uint8_t)(block >> 8);
	to[3] = (uint8_t)block;
}
