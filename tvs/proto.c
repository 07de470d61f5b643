#include "tvs/proto.h"

#include <assert.h>
#include <string.h>

enum { PROTOCOL = 0x57, VERSION = 1, DEVICE_TYPE = 1, LENGTH_AT = 8 };

enum tag {
	TAG_DEVICE = 1,
	TAG_CERTIFICATE = 2,
	TAG_SUBJECT = 3,
	TAG_ISSUER = 4,
	TAG_SERIAL = 5,
	TAG_STATUS = 7,
	TAG_ROLES = 8,
	TAG_TTL = 9,
	TAGS
};

/* Bytes of the value. */
static const struct {
	const char *name;
	size_t least, most;
} elements[TAGS] = {
	[TAG_DEVICE] = { "device name", 2, TVS_DEVICE_MAX + 2 }, /* type byte and NUL */
	[TAG_CERTIFICATE] = { "certificate", 1, TVS_CERT_MAX },
	[TAG_SUBJECT] = { "subject", 0, TVS_NAME_MAX + 1 },
	[TAG_ISSUER] = { "issuer", 0, TVS_NAME_MAX + 1 },
	[TAG_SERIAL] = { "serial number", 0, TVS_SERIAL_MAX },
	[TAG_STATUS] = { "status", 1, 1 },
	[TAG_ROLES] = { "list of roles", 0, TVS_ROLES_MAX },
	[TAG_TTL] = { "time to live", 4, 4 },
};

static unsigned
bit(enum tag tag)
{
	return 1u << tag;
}

/* A message's elements, by tag. */
struct body {
	unsigned has; /* bits */
	struct bytes value[TAGS];
};

struct head {
	enum tvs_command command;
	uint32_t session;
};

static bool
is_command(uint8_t number)
{
	return number >= TVS_VERIFY_REQUEST && number <= TVS_QUERY_RESPONSE;
}

/* The byte after the command is not looked at: phones send 0, and a CUCM was seen answering f7. */
ssize_t
tvs_frame(struct bytes head)
{
	struct rd r = rd_over(head);

	if (head.n > 0 && rd_u8(&r) != PROTOCOL)
		return -1;
	if (head.n > 1 && rd_u8(&r) != VERSION)
		return -1;
	if (head.n > 2 && !is_command(rd_u8(&r)))
		return -1;
	if (head.n < TVS_HEAD)
		return 0;
	r = rd_over(bytes_from(head, LENGTH_AT));
	return TVS_HEAD + rd_u16(&r);
}

static int
take_head(struct rd *r, struct head *to, struct err *e)
{
	struct bytes in = r->in;
	ssize_t n = tvs_frame(in);

	if (n < 0)
		return err_set(e, ERR_MALFORMED, "not a TVS message");
	if (n == 0)
		return err_set(e, ERR_MALFORMED, "a TVS message of %zu bytes", in.n);
	if ((size_t)n != in.n)
		return err_set(
		    e, ERR_MALFORMED, "a TVS message of %zu bytes that says %zd", in.n, n);
	if (in.n > TVS_MESSAGE_MAX)
		return err_set(e, ERR_LIMIT, "a TVS message of %zu bytes, where %d are allowed",
		    in.n, TVS_MESSAGE_MAX);
	rd_u16(r);
	to->command = (enum tvs_command)rd_u8(r);
	rd_u8(r);
	to->session = rd_u32(r);
	rd_u16(r);
	return 0;
}

static int
take_element(struct body *b, uint8_t tag, struct bytes value, struct err *e)
{
	if (elements[tag].name == NULL)
		return 0;
	if (b->has & bit((enum tag)tag))
		return err_set(e, ERR_MALFORMED, "a second %s", elements[tag].name);
	if (value.n < elements[tag].least || value.n > elements[tag].most)
		return err_set(e, value.n > elements[tag].most ? ERR_LIMIT : ERR_MALFORMED,
		    "a %s of %zu bytes, where %zu to %zu are allowed", elements[tag].name, value.n,
		    elements[tag].least, elements[tag].most);
	b->has |= bit((enum tag)tag);
	b->value[tag] = value;
	return 0;
}

static int
take_elements(struct rd *r, struct body *b, struct err *e)
{
	struct bytes value;
	uint8_t tag;

	while (rd_tlv(r, &tag, &value))
		if (tag < TAGS && take_element(b, tag, value, e) != 0)
			return -1;
	if (!rd_done(r))
		return err_set(
		    e, ERR_MALFORMED, "the element at byte %zu overruns the TVS message", r->at);
	return 0;
}

/* An element that we know, in a message that has no use for it, makes that message mean two things:
 * a certificate to verify beside the names of another, say. */
static int
check_elements(const struct body *b, unsigned needed, unsigned allowed, struct err *e)
{
	for (unsigned tag = 0; tag < TAGS; tag++) {
		unsigned one = bit((enum tag)tag);

		if ((needed & one) && !(b->has & one))
			return err_set(
			    e, ERR_MALFORMED, "a TVS message without %s", elements[tag].name);
		if ((b->has & one) && !((needed | allowed) & one))
			return err_set(e, ERR_MALFORMED,
			    "a TVS message with a %s that is not for it", elements[tag].name);
	}
	return 0;
}

/* Text ends in a NUL or with its element. */
static int
take_text(struct bytes value, struct bytes *to, struct err *e)
{
	if (value.n > 0 && value.p[value.n - 1] == '\0')
		value.n--;
	if (value.n > 0 && memchr(value.p, '\0', value.n) != NULL)
		return err_set(e, ERR_MALFORMED, "a NUL inside a name");
	if (value.n > TVS_NAME_MAX)
		return err_set(e, ERR_LIMIT, "a name of %zu bytes, where %d are allowed", value.n,
		    TVS_NAME_MAX);
	*to = value;
	return 0;
}

/* What can stand in a log line without a thought. */
static bool
copy_device(struct bytes name, char to[TVS_DEVICE_MAX + 1])
{
	if (name.n == 0 || name.n > TVS_DEVICE_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
		to[i] = (char)name.p[i];
	}
	to[name.n] = '\0';
	return true;
}

/* The type byte is not looked at: what values other than 1 mean nobody says, and no answer depends
 * on the name. */
static int
take_device(struct bytes value, char to[TVS_DEVICE_MAX + 1], struct err *e)
{
	struct bytes name = { 0 };

	if (take_text(bytes_from(value, 1), &name, e) != 0)
		return -1;
	if (!copy_device(name, to))
		return err_set(e, ERR_MALFORMED, "a device name that is none");
	return 0;
}

static int
take_verify(const struct body *b, struct tvs_request *r, struct err *e)
{
	if (check_elements(b, bit(TAG_DEVICE) | bit(TAG_CERTIFICATE), 0, e) != 0)
		return -1;
	r->certificate = b->value[TAG_CERTIFICATE];
	return take_device(b->value[TAG_DEVICE], r->device, e);
}

static int
take_query(const struct body *b, struct tvs_request *r, struct err *e)
{
	unsigned needed = bit(TAG_DEVICE) | bit(TAG_ISSUER) | bit(TAG_SERIAL);

	if (check_elements(b, needed, bit(TAG_SUBJECT), e) != 0)
		return -1;
	if (take_text(b->value[TAG_SUBJECT], &r->subject, e) != 0 ||
	    take_text(b->value[TAG_ISSUER], &r->issuer, e) != 0)
		return -1;
	r->serial = b->value[TAG_SERIAL];
	return take_device(b->value[TAG_DEVICE], r->device, e);
}

static int
take_request(struct rd *in, struct tvs_request *r, struct err *e)
{
	struct body b = { 0 };
	struct head head = { 0 };

	if (take_head(in, &head, e) != 0)
		return -1;
	r->command = head.command;
	r->session = head.session;
	if (head.command != TVS_VERIFY_REQUEST && head.command != TVS_QUERY_REQUEST)
		return err_set(e, ERR_MALFORMED, "a TVS response where a request should be");
	if (take_elements(in, &b, e) != 0)
		return -1;
	return head.command == TVS_VERIFY_REQUEST ? take_verify(&b, r, e) : take_query(&b, r, e);
}

int
tvs_request_decode(struct bytes in, struct tvs_request *out, struct err *e)
{
	struct tvs_request r = { 0 };
	struct rd rd = rd_over(in);

	*out = r;
	if (take_request(&rd, &r, e) != 0)
		return -1;
	*out = r;
	return 0;
}

/* Roles may be missing: what a CUCM sends for a certificate without any, no source shows. */
static int
take_trusted(const struct body *b, struct tvs_response *r, struct err *e)
{
	unsigned needed = bit(TAG_STATUS) | bit(TAG_TTL);
	struct rd ttl = rd_over(b->value[TAG_TTL]);

	if (r->command == TVS_QUERY_RESPONSE)
		needed |= bit(TAG_CERTIFICATE);
	if (check_elements(b, needed, bit(TAG_ROLES), e) != 0)
		return -1;
	r->certificate = b->value[TAG_CERTIFICATE];
	r->roles = b->value[TAG_ROLES];
	r->ttl = rd_u32(&ttl);
	return 0;
}

/* What comes with a "no" is left where it is: it must not reach somebody who forgets to look at the
 * status. */
static int
take_answer(const struct body *b, struct tvs_response *r, struct err *e)
{
	struct rd status = rd_over(b->value[TAG_STATUS]);

	if (check_elements(b, bit(TAG_STATUS), ~0u, e) != 0)
		return -1;
	r->status = rd_u8(&status);
	return r->status == TVS_TRUSTED ? take_trusted(b, r, e) : 0;
}

static int
take_response(struct rd *in, struct tvs_response *r, struct err *e)
{
	struct body b = { 0 };
	struct head head = { 0 };

	if (take_head(in, &head, e) != 0)
		return -1;
	r->command = head.command;
	r->session = head.session;
	if (head.command != TVS_VERIFY_RESPONSE && head.command != TVS_QUERY_RESPONSE)
		return err_set(e, ERR_MALFORMED, "a TVS request where a response should be");
	if (take_elements(in, &b, e) != 0)
		return -1;
	return take_answer(&b, r, e);
}

int
tvs_response_decode(struct bytes in, struct tvs_response *out, struct err *e)
{
	struct tvs_response r = { 0 };
	struct rd rd = rd_over(in);

	*out = r;
	if (take_response(&rd, &r, e) != 0)
		return -1;
	*out = r;
	return 0;
}

/* The length is known when all is written: gives its place, for put_length(). */
static size_t
put_head(enum tvs_command command, uint32_t session, struct wr *w)
{
	wr_u8(w, PROTOCOL);
	wr_u8(w, VERSION);
	wr_u8(w, (uint8_t)command);
	wr_u8(w, 0);
	wr_u32(w, session);
	wr_u16(w, 0);
	return w->n - 2;
}

static void
put_length(size_t at, struct wr *w)
{
	size_t n = w->n - at - 2;

	assert(TVS_HEAD + n <= TVS_MESSAGE_MAX);
	wr_set_u16(w, at, (uint16_t)n);
}

static void
put_device(const char *device, struct wr *w)
{
	size_t mark = wr_open(w, TAG_DEVICE);

	wr_u8(w, DEVICE_TYPE);
	wr_text(w, device);
	wr_close(w, mark);
}

static void
put_name(enum tag tag, struct bytes name, struct wr *w)
{
	size_t mark = wr_open(w, (uint8_t)tag);

	wr_put(w, name);
	wr_u8(w, '\0');
	wr_close(w, mark);
}

void
tvs_request_encode(const struct tvs_request *r, struct wr *w)
{
	size_t length = put_head(r->command, r->session, w);

	put_device(r->device, w);
	if (r->command == TVS_VERIFY_REQUEST) {
		wr_tlv(w, TAG_CERTIFICATE, r->certificate);
	} else {
		if (r->subject.n > 0)
			put_name(TAG_SUBJECT, r->subject, w);
		put_name(TAG_ISSUER, r->issuer, w);
		wr_tlv(w, TAG_SERIAL, r->serial);
	}
	put_length(length, w);
}

static void
put_trusted(const struct tvs_response *r, struct wr *w)
{
	if (r->command == TVS_QUERY_RESPONSE)
		wr_tlv(w, TAG_CERTIFICATE, r->certificate);
	wr_tlv(w, TAG_ROLES, r->roles);
	wr_tlv_u32(w, TAG_TTL, r->ttl);
}

void
tvs_response_encode(const struct tvs_response *r, struct wr *w)
{
	size_t length = put_head(r->command, r->session, w);

	wr_tlv_u8(w, TAG_STATUS, r->status);
	if (r->status == TVS_TRUSTED)
		put_trusted(r, w);
	put_length(length, w);
}
