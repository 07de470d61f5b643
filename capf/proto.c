#include "capf/proto.h"

#include <string.h>

#include "base/mem.h"

enum { PROTOCOL = 0x55, LENGTH_AT = 6 };

enum tag {
	TAG_REASON = 1,
	TAG_INFO = 2,
	TAG_CERT_TYPE = 3,
	TAG_CERT = 4,
	TAG_CERT_ID = 5,
	TAG_SIGNED_SHA1 = 6,
	TAG_VERSION = 7,
	TAG_AUTH_TYPE = 8,
	TAG_PUBLIC_KEY = 9,
	TAG_KEY_BITS = 10,
	TAG_PASSWORD = 11,
	TAG_RETRY_DELAY = 12,
	TAG_DEVICE = 13,
	TAG_SUDI = 16,
	TAG_KEY_TYPE = 17,
	TAG_CURVE = 18,
	TAG_DIGEST = 19,
	TAG_SIGNED_SHA512 = 20,
	TAGS
};

/* What stands inside of elements 4, 16 and 20. */
enum inner { INNER_CERT = 1, INNER_SUDI_CERT = 0, INNER_SHA1 = 1, INNER_SHA512 = 3 };

/* Sets of messages. */
#define IN(command) (1u << CAPF_##command)
enum {
	REQUESTS = IN(AUTH_REQUEST) | IN(KEY_REQUEST) | IN(STORE_REQUEST) | IN(FETCH_REQUEST) |
		   IN(DELETE_REQUEST),
	RESPONSES = IN(AUTH_RESPONSE) | IN(KEY_RESPONSE) | IN(STORE_RESPONSE) | IN(FETCH_RESPONSE) |
		    IN(DELETE_RESPONSE),
	ENDS = IN(END_SESSION) | IN(RETRY_LATER),
	FROM_SERVER = REQUESTS | ENDS,
	FROM_PHONE = RESPONSES | ENDS | IN(IN_PROGRESS),
	HELLO = IN(AUTH_RESPONSE) | IN(IN_PROGRESS),
	SHOWS = IN(AUTH_RESPONSE) | IN(FETCH_RESPONSE),
};

/* An element that a message may have.  Those without a `has` are read over: nobody says what is in
 * them, and a phone can do without. */
static const struct element {
	const char *name;
	unsigned has;		      /* enum capf_has */
	size_t least, most;	      /* bytes of the value */
	unsigned by_server, by_phone; /* the messages it may stand in */
} elements[TAGS] = {
	[TAG_REASON] = { "reason", CAPF_HAS_REASON, 1, 1, ENDS, FROM_PHONE },
	[TAG_INFO] = { "reason in words", CAPF_HAS_INFO, 0, CAPF_INFO_MAX, FROM_SERVER,
	    FROM_PHONE },
	[TAG_CERT_TYPE] = { "type of certificate", CAPF_HAS_CERT_TYPE, 1, 1, IN(STORE_REQUEST),
	    IN(FETCH_RESPONSE) },
	[TAG_CERT] = { "certificate", CAPF_HAS_CERT, 6, CAPF_MESSAGE_MAX, IN(STORE_REQUEST),
	    SHOWS },
	[TAG_CERT_ID] = { "number of a certificate", 0, 0, CAPF_MESSAGE_MAX, FROM_SERVER, 0 },
	[TAG_SIGNED_SHA1] = { "signature with SHA-1", CAPF_HAS_SIGNED_SHA1, 1, CAPF_MESSAGE_MAX, 0,
	    IN(AUTH_RESPONSE) },
	[TAG_VERSION] = { "version", CAPF_HAS_VERSION, 1, 1, IN(AUTH_REQUEST), HELLO },
	[TAG_AUTH_TYPE] = { "kind of proof", CAPF_HAS_AUTH_TYPE, 1, 1, IN(AUTH_REQUEST), 0 },
	[TAG_PUBLIC_KEY] = { "public key", CAPF_HAS_PUBLIC_KEY, 1, CAPF_MESSAGE_MAX, 0,
	    IN(KEY_RESPONSE) },
	[TAG_KEY_BITS] = { "size of a key", CAPF_HAS_KEY_BITS, 2, 2, IN(KEY_REQUEST), 0 },
	[TAG_PASSWORD] = { "password", CAPF_HAS_PASSWORD, 1, CAPF_PASSWORD_MAX, 0,
	    IN(AUTH_RESPONSE) },
	[TAG_RETRY_DELAY] = { "delay", 0, 0, CAPF_MESSAGE_MAX, FROM_SERVER, 0 },
	[TAG_DEVICE] = { "device name", CAPF_HAS_DEVICE, 2, CAPF_DEVICE_MAX, 0, HELLO },
	[TAG_SUDI] = { "SUDI proof", CAPF_HAS_SUDI, 12, CAPF_MESSAGE_MAX, 0, IN(AUTH_RESPONSE) },
	[TAG_KEY_TYPE] = { "type of key", CAPF_HAS_KEY_TYPE, 1, 1, IN(KEY_REQUEST), 0 },
	[TAG_CURVE] = { "curve", CAPF_HAS_CURVE, 1, 1, IN(KEY_REQUEST), 0 },
	[TAG_DIGEST] = { "type of hash", 0, 0, CAPF_MESSAGE_MAX, FROM_SERVER, 0 },
	[TAG_SIGNED_SHA512] = { "signature with SHA-512", CAPF_HAS_SIGNED_SHA512, 4,
	    CAPF_MESSAGE_MAX, 0, IN(AUTH_RESPONSE) },
};

static const char *const commands[] = {
	[CAPF_AUTH_REQUEST] = "AUTH_REQUEST",
	[CAPF_AUTH_RESPONSE] = "AUTH_RESPONSE",
	[CAPF_KEY_REQUEST] = "KEY_REQUEST",
	[CAPF_KEY_RESPONSE] = "KEY_RESPONSE",
	[CAPF_STORE_REQUEST] = "STORE_REQUEST",
	[CAPF_STORE_RESPONSE] = "STORE_RESPONSE",
	[CAPF_FETCH_REQUEST] = "FETCH_REQUEST",
	[CAPF_FETCH_RESPONSE] = "FETCH_RESPONSE",
	[CAPF_DELETE_REQUEST] = "DELETE_REQUEST",
	[CAPF_DELETE_RESPONSE] = "DELETE_RESPONSE",
	[CAPF_END_SESSION] = "END_SESSION",
	[CAPF_RETRY_LATER] = "RETRY_LATER",
	[CAPF_IN_PROGRESS] = "IN_PROGRESS",
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool
is_command(unsigned command)
{
	return command < COMMANDS && commands[command] != NULL;
}

const char *
capf_command_name(unsigned command)
{
	return is_command(command) ? commands[command] : "?";
}

/* The command is for capf_decode() to judge: what is CAPF but not understood gets an answer. */
ssize_t
capf_frame(struct bytes head)
{
	struct rd r = rd_over(head);

	if (head.n > 0 && rd_u8(&r) != PROTOCOL)
		return -1;
	if (head.n < CAPF_HEADER_BYTES)
		return 0;
	r = rd_over(bytes_from(head, LENGTH_AT));
	return CAPF_HEADER_BYTES + rd_u16(&r);
}

static int
take_command(unsigned command, enum capf_from from, struct capf_message *to, struct err *e)
{
	unsigned may = from == CAPF_FROM_SERVER ? FROM_SERVER : FROM_PHONE;

	if (!is_command(command))
		return err_set(e, ERR_MALFORMED, "command %u, which CAPF does not have", command);
	if (!(may & (1u << command)))
		return err_set(e, ERR_MALFORMED, "%s, which is not a %s's to say",
		    commands[command], from == CAPF_FROM_SERVER ? "server" : "phone");
	to->command = command;
	return 0;
}

static int
take_head(struct rd *r, enum capf_from from, struct capf_message *to, struct err *e)
{
	size_t n = r->in.n;
	ssize_t says = capf_frame(r->in);
	unsigned command;

	if (says < 0)
		return err_set(e, ERR_MALFORMED, "not a CAPF message");
	if (says == 0)
		return err_set(e, ERR_MALFORMED, "a CAPF message of %zu bytes", n);
	if ((size_t)says != n)
		return err_set(
		    e, ERR_MALFORMED, "a CAPF message of %zu bytes that says %zd", n, says);
	if (n > CAPF_MESSAGE_MAX)
		return err_set(e, ERR_LIMIT, "a CAPF message of %zu bytes, where %d are allowed", n,
		    CAPF_MESSAGE_MAX);
	rd_u8(r);
	command = rd_u8(r);
	to->session = rd_u32(r);
	rd_u16(r);
	return take_command(command, from, to, e);
}

/* The value of the one element inside, which must be the next and have this tag. */
static struct bytes
take_inner(struct rd *r, enum inner tag)
{
	struct bytes value = { 0 };
	uint8_t found;

	if (!rd_tlv(r, &found, &value) || found != (uint8_t)tag || value.n == 0)
		r->bad = true;
	return value;
}

/* What the two bytes before the DER mean nobody says: capfc writes 00 01 whichever certificate it
 * is, and capfd does not look. */
static bool
take_cert(struct bytes value, struct bytes *to)
{
	struct rd r = rd_over(value);

	*to = bytes_from(take_inner(&r, INNER_CERT), 2);
	return rd_done(&r) && to->n > 0;
}

static bool
take_sha512(struct bytes value, struct bytes *to)
{
	struct rd r = rd_over(value);

	*to = take_inner(&r, INNER_SHA512);
	return rd_done(&r);
}

static bool
take_sudi(struct bytes value, struct capf_sudi *to)
{
	struct rd r = rd_over(value);

	to->cert = take_inner(&r, INNER_SUDI_CERT);
	to->signed_sha1 = take_inner(&r, INNER_SHA1);
	to->signed_sha512 = take_inner(&r, INNER_SHA512);
	return rd_done(&r);
}

static bool
take_text(struct bytes value, char *to, size_t size)
{
	return bytes_is_utf8(value) && bytes_to_text(value, to, size);
}

/* Its size was looked at. */
static bool
take_value(enum tag tag, struct bytes value, struct capf_message *m)
{
	struct rd r = rd_over(value);

	switch (tag) {
	case TAG_REASON:
		m->reason = rd_u8(&r);
		return true;
	case TAG_INFO:
		m->info = value;
		return true;
	case TAG_CERT_TYPE:
		m->cert_type = rd_u8(&r);
		return true;
	case TAG_CERT:
		return take_cert(value, &m->cert);
	case TAG_SIGNED_SHA1:
		m->signed_sha1 = value;
		return true;
	case TAG_VERSION:
		m->version = rd_u8(&r);
		return true;
	case TAG_AUTH_TYPE:
		m->auth_type = rd_u8(&r);
		return true;
	case TAG_PUBLIC_KEY:
		m->public_key = value;
		return true;
	case TAG_KEY_BITS:
		m->key_bits = rd_u16(&r);
		return true;
	case TAG_PASSWORD:
		return take_text(value, m->password, sizeof(m->password));
	case TAG_DEVICE:
		return take_text(value, m->device, sizeof(m->device));
	case TAG_SUDI:
		return take_sudi(value, &m->sudi);
	case TAG_KEY_TYPE:
		m->key_type = rd_u8(&r);
		return true;
	case TAG_CURVE:
		m->curve = rd_u8(&r);
		return true;
	case TAG_SIGNED_SHA512:
		return take_sha512(value, &m->signed_sha512);
	case TAG_CERT_ID:
	case TAG_RETRY_DELAY:
	case TAG_DIGEST:
	case TAGS:
		break;
	}
	return true;
}

static bool
may_have(const struct capf_message *m, enum capf_from from, uint8_t tag)
{
	unsigned in;

	if (tag >= TAGS)
		return false;
	in = from == CAPF_FROM_SERVER ? elements[tag].by_server : elements[tag].by_phone;
	return (in & (1u << m->command)) != 0;
}

static int
take_element(struct capf_message *m, uint8_t tag, struct bytes value, struct err *e)
{
	const struct element *el = &elements[tag];

	if (value.n < el->least || value.n > el->most)
		return err_set(e, value.n > el->most ? ERR_LIMIT : ERR_MALFORMED,
		    "%s with a %s of %zu bytes, where %zu to %zu are allowed", commands[m->command],
		    el->name, value.n, el->least, el->most);
	if (!take_value((enum tag)tag, value, m))
		return err_set(
		    e, ERR_MALFORMED, "%s with a %s that is none", commands[m->command], el->name);
	m->has |= el->has;
	return 0;
}

static int
take_elements(struct rd *r, enum capf_from from, struct capf_message *m, struct err *e)
{
	struct bytes value;
	unsigned seen = 0;
	uint8_t tag;

	while (rd_tlv(r, &tag, &value)) {
		if (!may_have(m, from, tag))
			return err_set(e, ERR_MALFORMED, "%s with element %u, which is not for it",
			    commands[m->command], tag);
		if (seen & (1u << tag))
			return err_set(e, ERR_MALFORMED, "%s with a second %s",
			    commands[m->command], elements[tag].name);
		seen |= 1u << tag;
		if (take_element(m, tag, value, e) != 0)
			return -1;
	}
	if (!rd_done(r))
		return err_set(e, ERR_MALFORMED, "the element at byte %zu overruns its %s", r->at,
		    commands[m->command]);
	return 0;
}

int
capf_decode(struct bytes m, enum capf_from from, struct capf_message *out, struct err *e)
{
	struct rd r = rd_over(m);

	*out = (struct capf_message){ 0 };
	if (take_head(&r, from, out, e) == 0 && take_elements(&r, from, out, e) == 0)
		return 0;
	mem_wipe(out, sizeof(*out)); /* the password */
	return -1;
}

/* capfc says so for every certificate, a MIC too. */
static void
put_cert(struct bytes der, struct wr *w)
{
	size_t element = wr_open(w, TAG_CERT), inner = wr_open(w, INNER_CERT);

	wr_u16(w, CAPF_LSC);
	wr_put(w, der);
	wr_close(w, inner);
	wr_close(w, element);
}

static void
put_sudi(const struct capf_sudi *sudi, struct wr *w)
{
	size_t element = wr_open(w, TAG_SUDI);

	wr_tlv(w, INNER_SUDI_CERT, sudi->cert);
	wr_tlv(w, INNER_SHA1, sudi->signed_sha1);
	wr_tlv(w, INNER_SHA512, sudi->signed_sha512);
	wr_close(w, element);
}

static void
put_sha512(struct bytes signature, struct wr *w)
{
	size_t element = wr_open(w, TAG_SIGNED_SHA512);

	wr_tlv(w, INNER_SHA512, signature);
	wr_close(w, element);
}

static void
put_element(enum tag tag, const struct capf_message *m, struct wr *w)
{
	uint8_t number = (uint8_t)tag;

	switch (tag) {
	case TAG_REASON:
		wr_tlv_u8(w, number, m->reason);
		break;
	case TAG_INFO:
		wr_tlv(w, number, m->info);
		break;
	case TAG_CERT_TYPE:
		wr_tlv_u8(w, number, m->cert_type);
		break;
	case TAG_CERT:
		put_cert(m->cert, w);
		break;
	case TAG_SIGNED_SHA1:
		wr_tlv(w, number, m->signed_sha1);
		break;
	case TAG_VERSION:
		wr_tlv_u8(w, number, m->version);
		break;
	case TAG_AUTH_TYPE:
		wr_tlv_u8(w, number, m->auth_type);
		break;
	case TAG_PUBLIC_KEY:
		wr_tlv(w, number, m->public_key);
		break;
	case TAG_KEY_BITS:
		wr_tlv_u16(w, number, m->key_bits);
		break;
	case TAG_PASSWORD:
		wr_tlv_text(w, number, m->password);
		break;
	case TAG_DEVICE:
		wr_tlv_text(w, number, m->device);
		break;
	case TAG_SUDI:
		put_sudi(&m->sudi, w);
		break;
	case TAG_KEY_TYPE:
		wr_tlv_u8(w, number, m->key_type);
		break;
	case TAG_CURVE:
		wr_tlv_u8(w, number, m->curve);
		break;
	case TAG_SIGNED_SHA512:
		put_sha512(m->signed_sha512, w);
		break;
	case TAG_CERT_ID:
	case TAG_RETRY_DELAY:
	case TAG_DIGEST:
	case TAGS:
		break;
	}
}

/* capfd and capfc both write by ascending numbers. */
void
capf_encode(const struct capf_message *m, struct wr *out)
{
	size_t begin = out->n, n;

	wr_u8(out, PROTOCOL);
	wr_u8(out, (uint8_t)m->command);
	wr_u32(out, m->session);
	wr_u16(out, 0);
	for (unsigned tag = 0; tag < TAGS; tag++)
		if (elements[tag].has & m->has)
			put_element((enum tag)tag, m, out);
	n = out->n - begin;
	if (n > CAPF_MESSAGE_MAX)
		out->bad = true;
	if (!out->bad)
		wr_set_u16(out, begin + LENGTH_AT, (uint16_t)(n - CAPF_HEADER_BYTES));
}
