#include "trust/inspect.h"

#include <stdio.h>
#include <string.h>

#include "trust/cert.h"
#include "trust/enc.h"
#include "trust/header.h"
#include "trust/record.h"
#include "trust/sgn.h"
#include "trust/inspect_row.h"
#include "trust/sighdr.h"
#include "trust/tlist.h"

/* Two megabytes of empty elements would be 700000 rows that nobody reads. */
enum { ROWS_MAX = 20000 };

struct walk {
	struct bytes file;
	void (*row)(void *ctx, const struct inspect_row *r);
	void *ctx;
	size_t rows, problems;
	unsigned record;
};

/* The elements of one header or one record. */
struct section {
	const struct element *(*element)(unsigned tag);
	void (*show)(const struct element *el, struct bytes value, struct inspect_row *row);
	uint32_t seen; /* bit 1 << tag */
	bool padded;   /* single bytes of 0d may follow */
};

static bool
starts_with(struct bytes b, const char *text, size_t n)
{
	return bytes_eq(bytes_part(b, 0, n), bytes_over(text, n));
}

static enum inspect_kind
kind_of_signed(struct bytes file)
{
	enum sighdr_kind kind = SIGHDR_LIST;

	(void)sighdr_is(file, &kind);
	switch (kind) {
	case SIGHDR_SIGNED:
		return INSPECT_SIGNED;
	case SIGHDR_ENCRYPTED:
		return INSPECT_ENCRYPTED;
	default: /* also when cut short or of a version nobody knows */
		return INSPECT_LIST;
	}
}

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

/* All from the first of these on; empty when there is none. */
static struct bytes
find(struct bytes b, const char *text)
{
	const uint8_t *p = b.n == 0 ? NULL : memmem(b.p, b.n, text, strlen(text));

	return p == NULL ? bytes_over(NULL, 0) : bytes_from(b, (size_t)(p - b.p));
}

/* A SEQUENCE of 128 bytes or more; a text that starts with the digit 0 is none. */
static bool
is_der(struct bytes file)
{
	return file.n > 1 && file.p[0] == 0x30 && file.p[1] >= 0x80;
}

static bool
is_xml(struct bytes file)
{
	size_t at = starts_with(file, "\xef\xbb\xbf", 3) ? 3 : 0;

	while (at < file.n && strchr(" \t\r\n", file.p[at]) != NULL && file.p[at] != '\0')
		at++;
	return at < file.n && file.p[at] == '<';
}

enum inspect_kind
inspect_kind_of(struct bytes file)
{
	if (starts_with(file, "\x01\x00\x02", 3))
		return kind_of_signed(file);
	if (is_der(file))
		return INSPECT_DER;
	if (find(file, pem_begin).n > 0)
		return INSPECT_PEM;
	return is_xml(file) ? INSPECT_XML : INSPECT_UNKNOWN;
}

const char *
inspect_kind_word(enum inspect_kind kind)
{
	static const char *const word[] = {
		[INSPECT_LIST] = "trust list",
		[INSPECT_SIGNED] = "signed file",
		[INSPECT_ENCRYPTED] = "encrypted configuration",
		[INSPECT_PEM] = "PEM certificates",
		[INSPECT_DER] = "certificate",
		[INSPECT_XML] = "XML",
		[INSPECT_UNKNOWN] = "unknown",
	};

	return word[kind];
}

static void
emit(struct walk *w, const struct inspect_row *row)
{
	struct inspect_row last = { .at = row->at, .tag = -1, .name = "rows" };

	if (row->problem[0] != '\0')
		w->problems++;
	if (w->rows > ROWS_MAX)
		return;
	if (w->rows++ < ROWS_MAX) {
		w->row(w->ctx, row);
		return;
	}
	snprintf(last.problem, sizeof(last.problem), "too many to show");
	w->row(w->ctx, &last);
	w->problems++;
}

static struct inspect_row
inspect_row_at(const struct walk *w, size_t at, unsigned depth)
{
	struct inspect_row row = { .at = at, .depth = depth, .record = w->record, .tag = -1 };

	return row;
}

/* A row that is no element: a heading, or what is wrong with a whole. */
static void
emit_heading(struct walk *w, size_t at, const char *name, const char *value, const struct err *e)
{
	struct inspect_row row = inspect_row_at(w, at, 0);

	row.name = name;
	inspect_row_text(bytes_of(value), &row);
	if (e != NULL)
		inspect_row_problem(&row, e);
	emit(w, &row);
}

/* What is wrong with this element, as far as one can say without the others. */
static void
judge_element(
    struct section *s, unsigned tag, unsigned in, struct bytes value, struct inspect_row *row)
{
	const struct element *el = s->element(tag);
	struct err e;

	if (el == NULL)
		snprintf(row->problem, sizeof(row->problem), "no such element here");
	else if (el->in != in)
		snprintf(row->problem, sizeof(row->problem), "stands in the wrong place");
	else if ((s->seen & 1u << tag) != 0)
		snprintf(row->problem, sizeof(row->problem), "stands there twice");
	else if (element_check(el, value, &e) != 0)
		inspect_row_problem(row, &e);
	if (el != NULL)
		s->seen |= 1u << tag;
}

static void walk_elements(
    struct walk *w, struct section *s, struct bytes part, size_t base, unsigned in, unsigned depth);

static void
walk_element(struct walk *w, struct section *s, unsigned tag, struct bytes value, size_t at,
    unsigned in, unsigned depth)
{
	const struct element *el = s->element(tag);
	struct inspect_row row = inspect_row_at(w, at, depth);

	row.tag = (int)tag;
	row.name = el != NULL ? el->name : "?";
	row.length = value.n;
	judge_element(s, tag, in, value, &row);
	if (el == NULL)
		inspect_row_hex(value, &row);
	else if (row.problem[0] == '\0')
		s->show(el, value, &row);
	else
		inspect_row_plain(el, value, &row);
	emit(w, &row);
	/* A container in the wrong place is not opened: it might stand within itself. */
	if (el != NULL && el->form == FORM_HOLDS && el->in == in)
		walk_elements(w, s, value, at + 3, tag, depth + 1);
}

/* What does not fit: shown as it stands, and what is left of the section with it. */
static void
emit_overrun(struct walk *w, const struct section *s, struct bytes left, size_t at, unsigned depth)
{
	struct inspect_row row = inspect_row_at(w, at, depth);
	struct rd r = rd_over(left);
	const struct element *el;

	row.tag = rd_u8(&r);
	row.length = rd_u16(&r);
	el = s->element((unsigned)row.tag);
	row.name = el != NULL ? el->name : "?";
	inspect_row_hex(left, &row);
	if (left.n < 3)
		snprintf(row.problem, sizeof(row.problem), "%zu bytes are no element", left.n);
	else
		snprintf(row.problem, sizeof(row.problem), "says %zu bytes where %zu are left",
		    row.length, left.n - 3);
	emit(w, &row);
}

static void
emit_padding(struct walk *w, struct bytes left, size_t at)
{
	struct inspect_row row = inspect_row_at(w, at, 0);

	row.name = "padding";
	row.length = left.n;
	for (size_t i = 0; i < left.n; i++)
		if (left.p[i] != HEADER_PADDING)
			snprintf(row.problem, sizeof(row.problem), "byte 0x%02x, %zu bytes into it",
			    left.p[i], i);
	inspect_row_hex(left, &row);
	emit(w, &row);
}

static void
walk_elements(
    struct walk *w, struct section *s, struct bytes part, size_t base, unsigned in, unsigned depth)
{
	struct rd r = rd_over(part);
	struct bytes value;
	uint8_t tag;

	while (rd_left(&r) > 0) {
		size_t at = r.at;

		if (s->padded && in == 0 && part.p[at] == HEADER_PADDING) {
			emit_padding(w, bytes_from(part, at), base + at);
			return;
		}
		if (!rd_tlv(&r, &tag, &value)) {
			emit_overrun(w, s, bytes_from(part, at), base + at, depth);
			return;
		}
		walk_element(w, s, tag, value, base + at, in, depth);
	}
}

/* The length that HEADERLENGTH gives, or what there is when it makes no sense. */
static size_t
header_length(struct bytes file)
{
	struct rd r = rd_over(file);
	size_t length;

	rd_take(&r, 8);
	length = rd_u16(&r);
	return r.bad || length > file.n ? file.n : length;
}

static int
check_header(struct bytes file, enum inspect_kind kind, struct err *e)
{
	struct sgn s;
	struct enc x;
	struct sighdr h;

	if (kind == INSPECT_SIGNED)
		return sgn_unwrap(file, &s, e);
	if (kind == INSPECT_ENCRYPTED)
		return enc_decode(file, &x, e);
	return sighdr_decode(file, SIGHDR_LIST, &h, e);
}

/* The strict reader has the last word: what it refuses without any element looking wrong gets a
 * row of its own. */
static void
walk_header(struct walk *w, enum inspect_kind kind)
{
	struct section s = { sighdr_element, inspect_row_header, 0, true };
	struct bytes header = bytes_part(w->file, 0, header_length(w->file));
	size_t before = w->problems;
	struct err e;

	emit_heading(w, 0, "header", inspect_kind_word(kind), NULL);
	walk_elements(w, &s, header, 0, 0, 0);
	if (w->problems == before && check_header(w->file, kind, &e) != 0)
		emit_heading(w, 0, "header", "", &e);
}

/* How much of the file the record that starts here takes; 0: it does not say, or nonsense. */
static size_t
record_length(struct bytes left)
{
	struct rd r = rd_over(left);
	unsigned tag = rd_u8(&r), two = rd_u16(&r);
	size_t length = rd_u16(&r);

	if (r.bad || tag != RECORD_LENGTH || two != 2 || length < RECORD_HEAD)
		return 0;
	return length < left.n ? length : left.n;
}

static int
check_record(struct bytes left, struct err *e)
{
	struct rd r = rd_over(left);
	struct tlist_record record;
	int rc = record_read(&r, &record, e);

	cert_free(record.cert);
	return rc;
}

static void
walk_record(struct walk *w, struct bytes left, size_t at, size_t length)
{
	struct section s = { tlist_element, inspect_row_record, 0, false };
	size_t before = w->problems;
	struct err e;

	emit_heading(w, at, "record", "", NULL);
	walk_elements(w, &s, bytes_part(left, 0, length), at, 0, 1);
	if (w->problems == before && check_record(left, &e) != 0)
		emit_heading(w, at, "record", "", &e);
}

static void
emit_left_over(struct walk *w, struct bytes left, size_t at)
{
	struct inspect_row row = inspect_row_at(w, at, 0);

	row.record = 0;
	row.name = "left over";
	row.length = left.n;
	inspect_row_hex(left, &row);
	snprintf(row.problem, sizeof(row.problem), "%zu bytes that start no record", left.n);
	emit(w, &row);
}

static void
walk_records(struct walk *w)
{
	size_t at = header_length(w->file), length;

	for (; at < w->file.n; at += length) {
		struct bytes left = bytes_from(w->file, at);

		length = record_length(left);
		if (length == 0) {
			emit_left_over(w, left, at);
			break;
		}
		w->record++;
		walk_record(w, left, at, length);
	}
	w->record = 0;
}

/* The whole, now that its parts were seen: a list knows its own signer. */
static void
judge_list(struct walk *w)
{
	struct tlist *l;
	struct err e;

	l = tlist_decode(w->file, &e);
	if (l == NULL && w->problems == 0)
		emit_heading(w, 0, "list", "", &e);
	else if (l != NULL && tlist_verify_self(l, &e) != 0)
		emit_heading(w, l->head.signature_at, "signature", "", &e);
	else if (l != NULL)
		emit_heading(w, l->head.signature_at, "signature",
		    "verifies with the list's own SAST record", NULL);
	tlist_free(l);
}

static void
walk_list(struct walk *w)
{
	walk_header(w, INSPECT_LIST);
	walk_records(w);
	judge_list(w);
}

static void
walk_signed(struct walk *w, enum inspect_kind kind)
{
	size_t at = header_length(w->file);
	struct inspect_row row = inspect_row_at(w, at, 0);
	struct bytes payload = bytes_from(w->file, at);

	walk_header(w, kind);
	row.name = "payload";
	row.length = payload.n;
	if (kind == INSPECT_SIGNED)
		inspect_row_text(bytes_part(payload, 0, 100), &row);
	else
		inspect_row_hex(payload, &row);
	emit(w, &row);
}

static void
emit_fact(struct walk *w, size_t at, const char *name, const char *value)
{
	struct inspect_row row = inspect_row_at(w, at, 1);

	row.name = name;
	inspect_row_text(bytes_of(value), &row);
	emit(w, &row);
}

static void
emit_hex_fact(struct walk *w, size_t at, const char *name, struct bytes value)
{
	char hex[3 * CERT_SERIAL_MAX + 1];

	bytes_hex(value, ':', hex, sizeof(hex));
	emit_fact(w, at, name, hex);
}

static void
emit_time_fact(struct walk *w, size_t at, const char *name, int64_t when)
{
	char text[64];

	inspect_row_time(when, text, sizeof(text));
	emit_fact(w, at, name, text);
}

static void
emit_key_fact(struct walk *w, size_t at, const struct cert *c)
{
	static const char *const kind[] = {
		[CERT_KEY_RSA] = "RSA",
		[CERT_KEY_EC] = "EC",
		[CERT_KEY_OTHER] = "other",
	};
	char text[32];

	snprintf(text, sizeof(text), "%s, %d bits", kind[cert_key_kind(c)], cert_key_bits(c));
	emit_fact(w, at, "key", text);
}

static void
walk_certificate(struct walk *w, const struct cert *c, size_t at, size_t length)
{
	struct inspect_row row = inspect_row_at(w, at, 0);

	row.name = "certificate";
	row.length = length;
	inspect_row_text(bytes_of(cert_common_name(c)), &row);
	emit(w, &row);
	emit_fact(w, at, "subject", cert_subject(c, CERT_CISCO));
	emit_fact(w, at, "issuer", cert_issuer(c, CERT_CISCO));
	emit_hex_fact(w, at, "serial", cert_serial(c));
	emit_time_fact(w, at, "not before", cert_not_before(c));
	emit_time_fact(w, at, "not after", cert_not_after(c));
	emit_key_fact(w, at, c);
	emit_hex_fact(w, at, "SHA-1", cert_sha1(c));
	emit_hex_fact(w, at, "SHA-256", cert_sha256(c));
}

static void
walk_der(struct walk *w)
{
	struct err e;
	struct cert *c = cert_from_der(w->file, &e);

	if (c == NULL)
		emit_heading(w, 0, "certificate", "", &e);
	else
		walk_certificate(w, c, 0, w->file.n);
	cert_free(c);
}

static void
walk_pem(struct walk *w)
{
	struct bytes left = find(w->file, pem_begin), end;

	for (; left.n > 0 && w->rows < ROWS_MAX; left = find(end, pem_begin)) {
		size_t at = w->file.n - left.n, length;
		struct cert *c;
		struct err e;

		end = bytes_from(find(left, pem_end), strlen(pem_end));
		length = left.n - end.n;
		c = cert_from_pem(bytes_part(left, 0, length), &e);
		if (c == NULL)
			emit_heading(w, at, "certificate", "", &e);
		else
			walk_certificate(w, c, at, length);
		cert_free(c);
	}
}

static void
walk_text(struct walk *w, enum inspect_kind kind)
{
	struct inspect_row row = inspect_row_at(w, 0, 0);

	row.name = inspect_kind_word(kind);
	row.length = w->file.n;
	inspect_row_text(bytes_part(w->file, 0, 100), &row);
	if (kind == INSPECT_UNKNOWN)
		snprintf(row.problem, sizeof(row.problem), "none of the files we know");
	emit(w, &row);
}

size_t
inspect_walk(struct bytes file, void (*row)(void *ctx, const struct inspect_row *r), void *ctx)
{
	struct walk w = { .file = file, .row = row, .ctx = ctx };
	enum inspect_kind kind = inspect_kind_of(file);

	switch (kind) {
	case INSPECT_LIST:
		walk_list(&w);
		break;
	case INSPECT_SIGNED:
	case INSPECT_ENCRYPTED:
		walk_signed(&w, kind);
		break;
	case INSPECT_PEM:
		walk_pem(&w);
		break;
	case INSPECT_DER:
		walk_der(&w);
		break;
	case INSPECT_XML:
	case INSPECT_UNKNOWN:
		walk_text(&w, kind);
		break;
	}
	return w.problems;
}
