#include "trust/tlist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "trust/record.h"
#include "trust/role.h"

static const struct element elements[RECORD_TAGS] = {
	[RECORD_LENGTH] = { 1, "RECORDLENGTH", FORM_NUMBER, 0, 2 },
	[RECORD_DNS] = { 2, "DNSNAME", FORM_TEXT, 0, 0 },
	[RECORD_SUBJECT] = { 3, "SUBJECTNAME", FORM_TEXT, 0, 0 },
	[RECORD_ROLE] = { 4, "FUNCTION", FORM_NUMBER, 0, 2 },
	[RECORD_ISSUER] = { 5, "ISSUERNAME", FORM_TEXT, 0, 0 },
	[RECORD_SERIAL] = { 6, "SERIALNUMBER", FORM_BYTES, 0, 0 },
	[RECORD_KEY] = { 7, "PUBLICKEY", FORM_BYTES, 0, 0 },
	[RECORD_SIGNATURE] = { 8, "SIGNATURE", FORM_BYTES, 0, 0 },
	[RECORD_CERTIFICATE] = { 9, "CERTIFICATE", FORM_BYTES, 0, 0 },
	[RECORD_ADDRESS] = { 10, "IPADDRESS", FORM_BYTES, 0, 0 },
	[RECORD_HASH] = { 11, "CERTIFICATEHASH", FORM_BYTES, 0, 0 },
	[RECORD_HASH_DIGEST] = { 12, "HASHALGORITHM", FORM_NUMBER, 0, 1 },
};

const struct element *
tlist_element(unsigned tag)
{
	return tag < RECORD_TAGS && elements[tag].tag != 0 ? &elements[tag] : NULL;
}

static bool
has(const struct tlist_record *r, unsigned tag)
{
	return (r->present & 1u << tag) != 0;
}

static void
note(struct tlist_record *r, unsigned tag, size_t size)
{
	size_t n = strlen((const char *)r->order);

	r->order[n] = (uint8_t)tag; /* no tag comes twice: there is room for all, and the 0 */
	r->size[tag] = (uint16_t)size;
	r->present |= 1u << tag;
}

static void
keep(struct tlist_record *r, unsigned tag, struct bytes value)
{
	note(r, tag, value.n);
	switch (tag) {
	case RECORD_DNS:
		r->dns = (const char *)value.p;
		break;
	case RECORD_SUBJECT:
		r->subject = (const char *)value.p;
		break;
	case RECORD_ROLE:
		r->role = (unsigned)(value.p[0] << 8 | value.p[1]);
		break;
	case RECORD_ISSUER:
		r->issuer = (const char *)value.p;
		break;
	case RECORD_SERIAL:
		r->serial = value;
		break;
	case RECORD_KEY:
		r->public_key = value;
		break;
	case RECORD_SIGNATURE:
		r->signature = value;
		break;
	case RECORD_CERTIFICATE:
		r->der = value;
		break;
	case RECORD_ADDRESS:
		r->address = value;
		break;
	case RECORD_HASH:
		r->hash = value;
		break;
	case RECORD_HASH_DIGEST:
		r->hash_digest = value.p[0];
		break;
	default: /* RECORDLENGTH was read before */
		break;
	}
}

/* An ITL of release 8 shows "DNSNAME 2" with nothing after it, so there its empty name is longer
 * than one NUL: for this element the text ends at the first of them, and only more may follow. */
static struct bytes
without_spare_nuls(unsigned tag, struct bytes value)
{
	if (tag == RECORD_DNS)
		while (value.n > 1 && value.p[value.n - 1] == '\0' && value.p[value.n - 2] == '\0')
			value.n--;
	return value;
}

static int
check_element(const struct tlist_record *r, unsigned tag, struct bytes value, struct err *e)
{
	const struct element *el = tlist_element(tag);

	if (el == NULL)
		return err_set(e, ERR_MALFORMED, "no such element in a record");
	if (has(r, tag))
		return err_set(e, ERR_MALFORMED, "stands there twice");
	if (tag == RECORD_CERTIFICATE && value.n == 0)
		return err_set(e, ERR_MALFORMED, "no bytes");
	if (tag == RECORD_ADDRESS && value.n != 4 && value.n != 16)
		return err_set(e, ERR_MALFORMED, "%zu bytes long, not 4 or 16", value.n);
	return element_check(el, without_spare_nuls(tag, value), e);
}

static int
about(unsigned tag, struct err *e)
{
	const struct element *el = tlist_element(tag);

	return err_prefix(e, "%s (tag %u)", el != NULL ? el->name : "?", tag);
}

static int
read_elements(struct rd *r, struct tlist_record *out, struct err *e)
{
	struct bytes value;
	uint8_t tag;

	while (rd_tlv(r, &tag, &value)) {
		if (check_element(out, tag, value, e) != 0)
			return about(tag, e);
		keep(out, tag, value);
	}
	if (!rd_done(r))
		return err_set(e, ERR_MALFORMED,
		    "the element at byte %zu of it does not fit into the %zu bytes left",
		    r->at + RECORD_HEAD, r->in.n - r->at);
	return 0;
}

/* RECORDLENGTH counts the whole record, its own five bytes included. */
static int
read_length(struct rd *r, struct tlist_record *out, struct err *e)
{
	size_t start = r->at;

	if (rd_u8(r) != RECORD_LENGTH || rd_u16(r) != 2)
		return err_set(
		    e, ERR_MALFORMED, "no RECORDLENGTH (tag 1, 2 bytes) at byte %zu", start);
	out->length = rd_u16(r);
	if (r->bad)
		return err_set(e, ERR_MALFORMED, "cut short within RECORDLENGTH (tag 1)");
	if (out->length < RECORD_HEAD || out->length > rd_left(r) + RECORD_HEAD)
		return err_set(e, ERR_MALFORMED,
		    "RECORDLENGTH (tag 1): says %u bytes where %zu are left", out->length,
		    rd_left(r) + RECORD_HEAD);
	note(out, RECORD_LENGTH, 2);
	return 0;
}

static int
differs(unsigned tag, struct err *e)
{
	err_set(e, ERR_MALFORMED, "not that of the certificate in the record");
	return about(tag, e);
}

/* What a phone reads from the elements and what it reads from the certificate must be the same. */
static int
check_certificate(const struct tlist_record *r, struct err *e)
{
	const struct cert *c = r->cert;

	if (r->subject != NULL && !cert_is_subject(c, r->subject))
		return differs(RECORD_SUBJECT, e);
	if (r->issuer != NULL && !cert_is_issuer(c, r->issuer))
		return differs(RECORD_ISSUER, e);
	if (has(r, RECORD_SERIAL) && !cert_is_serial(c, r->serial))
		return differs(RECORD_SERIAL, e);
	if (has(r, RECORD_KEY) && !bytes_eq(r->public_key, cert_public_key(c)))
		return differs(RECORD_KEY, e);
	if (has(r, RECORD_SIGNATURE) && !bytes_eq(r->signature, cert_signature(c)))
		return differs(RECORD_SIGNATURE, e);
	return 0;
}

/* A certificate does not know its SHA-512: beside one such a hash counts as wrong. */
static struct bytes
hash_of(const struct cert *c, unsigned digest)
{
	return digest == DIGEST_SHA1 ? cert_sha1(c) : cert_sha256(c);
}

/* Instead of a certificate; beside one it has to be its hash. */
static int
check_hash(const struct tlist_record *r, struct err *e)
{
	static const size_t size[] = {
		[DIGEST_SHA1] = 20, [DIGEST_SHA256] = 32, [DIGEST_SHA512] = 64
	};

	if (!has(r, RECORD_HASH) && !has(r, RECORD_HASH_DIGEST))
		return 0;
	if (r->hash_digest > DIGEST_SHA512 || r->hash.n == 0 || r->hash.n != size[r->hash_digest]) {
		err_set(e, ERR_MALFORMED, "%zu bytes do not go with hash algorithm %u", r->hash.n,
		    r->hash_digest);
		return about(RECORD_HASH, e);
	}
	if (r->cert != NULL && !bytes_eq(r->hash, hash_of(r->cert, r->hash_digest)))
		return differs(RECORD_HASH, e);
	return 0;
}

static int
check_record(struct tlist_record *r, struct err *e)
{
	if (!has(r, RECORD_ROLE))
		return err_set(e, ERR_MALFORMED, "FUNCTION (tag 4) is missing");
	if (r->der.n > 0 && (r->cert = cert_from_der(r->der, e)) == NULL)
		return about(RECORD_CERTIFICATE, e);
	if (r->cert != NULL && check_certificate(r, e) != 0)
		return -1;
	return check_hash(r, e);
}

int
record_read(struct rd *r, struct tlist_record *out, struct err *e)
{
	struct rd inner;

	memset(out, 0, sizeof(*out));
	if (read_length(r, out, e) != 0)
		return -1;
	inner = rd_over(rd_take(r, out->length - RECORD_HEAD));
	if (read_elements(&inner, out, e) != 0)
		return -1;
	return check_record(out, e);
}

/* Room for one more record, cleared so that tlist_free() may come at any time. */
static struct tlist_record *
add_record(struct tlist *l)
{
	enum { STEP = 16 };

	if (l->n % STEP == 0)
		l->record = mem_resize(l->record, (l->n + STEP) * sizeof(*l->record));
	memset(&l->record[l->n], 0, sizeof(*l->record));
	return &l->record[l->n++];
}

static int
read_records(struct tlist *l, struct err *e)
{
	struct rd r = rd_over(bytes_from(l->file, l->head.length));

	while (rd_left(&r) > 0) {
		if (l->n == TLIST_RECORDS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d records", TLIST_RECORDS_MAX);
		if (record_read(&r, add_record(l), e) != 0)
			return err_prefix(e, "record %zu of %.64s", l->n, l->head.filename);
	}
	return 0;
}

static bool
is_signer(const struct tlist *l, const struct tlist_record *r)
{
	return r->role == ROLE_SAST && r->cert != NULL && sighdr_names(&l->head, r->cert);
}

const struct tlist_record *
tlist_signer(const struct tlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_signer(l, &l->record[i]))
			return &l->record[i];
	return NULL;
}

/* Two certificates with the signer's names and serial: one reader would check with the first, the
 * next with the last, and whoever wrote the list knows that. */
static int
check_signer(const struct tlist *l, struct err *e)
{
	const struct tlist_record *first = tlist_signer(l);

	for (size_t i = 0; i < l->n; i++)
		if (is_signer(l, &l->record[i]) && !cert_eq(l->record[i].cert, first->cert))
			return err_set(e, ERR_MALFORMED,
			    "record %zu of %.64s: another certificate with the names and the "
			    "serial number of the signer in record %zu",
			    i + 1, l->head.filename, (size_t)(first - l->record) + 1);
	return 0;
}

static struct bytes
copy_of(struct bytes b)
{
	uint8_t *p = mem_array(b.n, 1);

	if (b.n > 0)
		memcpy(p, b.p, b.n);
	return bytes_over(p, b.n);
}

struct tlist *
tlist_decode(struct bytes file, struct err *e)
{
	struct tlist *l;

	if (file.n > TLIST_MAX) {
		err_set(e, ERR_LIMIT, "a list of %zu bytes: phones load no more than %d", file.n,
		    TLIST_MAX);
		return NULL;
	}
	l = mem_new(sizeof(*l));
	l->file = copy_of(file);
	if (sighdr_decode(l->file, SIGHDR_LIST, &l->head, e) != 0 || read_records(l, e) != 0 ||
	    check_signer(l, e) != 0) {
		tlist_free(l);
		return NULL;
	}
	return l;
}

void
tlist_free(struct tlist *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		cert_free(l->record[i].cert);
	free(l->record);
	free((uint8_t *)l->file.p);
	free(l);
}

bool
tlist_is_ctl(const struct tlist *l)
{
	return strncasecmp(l->head.filename, "CTL", 3) == 0;
}

static int
no_signer(const struct tlist *l, struct err *e)
{
	return err_set(e, ERR_NO,
	    "%.64s: no SAST record is the signer that the header names (%.200s)", l->head.filename,
	    l->head.signer_name);
}

int
tlist_verify_self(const struct tlist *l, struct err *e)
{
	const struct tlist_record *own = tlist_signer(l);

	if (own == NULL)
		return no_signer(l, e);
	return sighdr_verify(&l->head, l->file, own->cert, e);
}

/* The signer must also stand in the list as SAST: a phone that took a list without it could not
 * check the next one. */
int
tlist_verify(const struct tlist *l, const struct cert *signer, struct err *e)
{
	const struct tlist_record *own = tlist_signer(l);

	if (sighdr_verify(&l->head, l->file, signer, e) != 0)
		return -1;
	if (own == NULL || !cert_eq(own->cert, signer))
		return no_signer(l, e);
	return 0;
}

bool
tlist_is_blank(const struct tlist_record *r)
{
	return r->cert == NULL && r->hash.n == 0;
}

bool
tlist_has_role(const struct tlist *l, unsigned role)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->record[i].role == role && !tlist_is_blank(&l->record[i]))
			return true;
	return false;
}

bool
tlist_has_empty_tftp(const struct tlist *l)
{
	return !tlist_has_role(l, ROLE_TFTP) && !tlist_has_role(l, ROLE_CCM_TFTP);
}

static size_t
certificates(const struct tlist *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->record[i].cert != NULL;
	return n;
}

void
tlist_warning(const struct tlist *l, char *to, size_t size)
{
	size_t n = certificates(l);

	to[0] = '\0';
	if (n > TLIST_PHONE_CERTS || l->file.n > TLIST_PHONE_BYTES)
		snprintf(to, size,
		    "%zu certificates in %zu bytes: phones fail to load a list of more than %d "
		    "certificates or %d bytes",
		    n, l->file.n, TLIST_PHONE_CERTS, TLIST_PHONE_BYTES);
}
