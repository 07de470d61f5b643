#include "trust/sighdr.h"

#include <string.h>
#include <strings.h>

#include "trust/header.h"

#define BIT(tag) (1u << (tag))

/* What each kind cannot do without.  18, 22, 23 and 24 are always the same in files we know, and
 * nothing hangs on them. */
enum {
	NEEDS_SIGNED = BIT(HEADER_VERSION) | BIT(HEADER_LENGTH) | BIT(HEADER_SIGNERID) |
		       BIT(HEADER_SIGNERNAME) | BIT(HEADER_SERIALNUMBER) | BIT(HEADER_CANAME) |
		       BIT(HEADER_SIGNATUREINFO) | BIT(HEADER_DIGESTALGORITHM) |
		       BIT(HEADER_SIGNATUREALGOINFO) | BIT(HEADER_SIGNATUREALGORITHM) |
		       BIT(HEADER_SIGNATUREMODULUS) | BIT(HEADER_SIGNATURE) | BIT(HEADER_FILENAME) |
		       BIT(HEADER_TIMESTAMP),
	NEEDS_ENCRYPTED = NEEDS_SIGNED | BIT(HEADER_ENCRYPTION) | BIT(HEADER_CIPHERINFO) |
			  BIT(HEADER_IV) | BIT(HEADER_PADCOUNT) | BIT(HEADER_KEYINFO) |
			  BIT(HEADER_WRAPPEDKEY) | BIT(HEADER_PLAINDIGEST) | BIT(HEADER_PLAINHASH),
};

/* Names as `show itl` spells them, its slips of the pen included; from 16 on they are ours. */
static const struct element elements[HEADER_TAGS] = {
	[HEADER_VERSION] = { 1, "VERSION", FORM_NUMBER, 0, 2 },
	[HEADER_LENGTH] = { 2, "HEADERLENGTH", FORM_NUMBER, 0, 2 },
	[HEADER_SIGNERID] = { 3, "SIGNERID", FORM_HOLDS, 0, 0 },
	[HEADER_SIGNERNAME] = { 4, "SIGNERNAME", FORM_TEXT, 3, 0 },
	[HEADER_SERIALNUMBER] = { 5, "SERIALNUMBER", FORM_BYTES, 3, 0 },
	[HEADER_CANAME] = { 6, "CANAME", FORM_TEXT, 3, 0 },
	[HEADER_SIGNATUREINFO] = { 7, "SIGNATUREINFO", FORM_HOLDS, 0, 0 },
	[HEADER_DIGESTALGORITHM] = { 8, "DIGESTALGORTITHM", FORM_NUMBER, 7, 1 },
	[HEADER_SIGNATUREALGOINFO] = { 9, "SIGNATUREALGOINFO", FORM_HOLDS, 7, 0 },
	[HEADER_SIGNATUREALGORITHM] = { 10, "SIGNATUREALGORTITHM", FORM_NUMBER, 9, 1 },
	[HEADER_SIGNATUREMODULUS] = { 11, "SIGNATUREMODULUS", FORM_NUMBER, 9, 1 },
	[HEADER_SIGNATURE] = { 12, "SIGNATURE", FORM_BYTES, 0, 0 },
	[HEADER_FILENAME] = { 14, "FILENAME", FORM_TEXT, 0, 0 },
	[HEADER_TIMESTAMP] = { 15, "TIMESTAMP", FORM_NUMBER, 0, 4 },
	[HEADER_ENCRYPTION] = { 16, "ENCRYPTION", FORM_HOLDS, 0, 0 },
	[HEADER_CIPHERINFO] = { 17, "CIPHERINFO", FORM_HOLDS, 16, 0 },
	[HEADER_CIPHER] = { 18, "CIPHER", FORM_NUMBER, 17, 1 },
	[HEADER_IV] = { 19, "IV", FORM_BYTES, 17, 16 },
	[HEADER_PADCOUNT] = { 20, "PADCOUNT", FORM_NUMBER, 17, 2 },
	[HEADER_KEYINFO] = { 21, "KEYINFO", FORM_HOLDS, 16, 0 },
	[HEADER_KEYCIPHER] = { 22, "KEYCIPHER", FORM_NUMBER, 21, 1 },
	[HEADER_KEYBITS] = { 23, "KEYBITS", FORM_NUMBER, 21, 2 },
	[HEADER_KEYALGORITHM] = { 24, "KEYALGORITHM", FORM_NUMBER, 21, 1 },
	[HEADER_WRAPPEDKEY] = { 25, "WRAPPEDKEY", FORM_BYTES, 21, 0 },
	[HEADER_PLAINDIGEST] = { 26, "PLAINDIGEST", FORM_NUMBER, 0, 1 },
	[HEADER_PLAINHASH] = { 27, "PLAINHASH", FORM_BYTES, 0, 0 },
	[HEADER_SIGNERVERSION] = { 28, "SIGNERVERSION", FORM_NUMBER, 0, 2 },
};

const struct element *
sighdr_element(unsigned tag)
{
	return tag < HEADER_TAGS && elements[tag].tag != 0 ? &elements[tag] : NULL;
}

int
layout_of(const char *word)
{
	if (strcasecmp(word, "cisco") == 0)
		return LAYOUT_CISCO;
	if (strcasecmp(word, "compat") == 0)
		return LAYOUT_COMPAT;
	return -1;
}

static int
check_text(struct bytes value, struct err *e)
{
	if (value.n == 0 || value.p[value.n - 1] != '\0')
		return err_set(e, ERR_MALFORMED, "text without a NUL at its end");
	if (memchr(value.p, '\0', value.n - 1) != NULL)
		return err_set(e, ERR_MALFORMED, "text with a NUL inside");
	if (!bytes_is_utf8(value))
		return err_set(e, ERR_MALFORMED, "text that is not UTF-8");
	return 0;
}

int
element_check(const struct element *el, struct bytes value, struct err *e)
{
	if (el->size != 0 && value.n != el->size)
		return err_set(
		    e, ERR_MALFORMED, "%zu bytes long, not %u", value.n, (unsigned)el->size);
	return el->form == FORM_TEXT ? check_text(value, e) : 0;
}

/* Version 1.0 is a signed file, later 1.x a list, 2.x an encrypted file.  Being strict here keeps
 * the kinds apart: what was signed as a file can never be passed off as a list.  A minor version
 * that is new to a phone is only logged by it ("hdr ver 1.2 (knows only upto 1.1)"). */
static bool
is_version_of(const uint8_t version[2], enum sighdr_kind kind)
{
	switch (kind) {
	case SIGHDR_LIST:
		return version[0] == 1 && version[1] != 0;
	case SIGHDR_SIGNED:
		return version[0] == 1 && version[1] == 0;
	case SIGHDR_ENCRYPTED:
		return version[0] == 2;
	}
	return false;
}

/* VERSION and HEADERLENGTH come first in every file we know, and have to: the rest is read within
 * that length. */
static bool
read_start(struct rd *r, uint8_t version[2], uint16_t *length)
{
	struct bytes v;

	if (rd_u8(r) != HEADER_VERSION || rd_u16(r) != 2)
		return false;
	v = rd_take(r, 2);
	if (rd_u8(r) != HEADER_LENGTH || rd_u16(r) != 2)
		return false;
	*length = rd_u16(r);
	if (r->bad)
		return false;
	memcpy(version, v.p, 2);
	return true;
}

bool
sighdr_is(struct bytes file, enum sighdr_kind *kind)
{
	struct rd r = rd_over(file);
	uint8_t version[2];
	uint16_t length;

	if (!read_start(&r, version, &length))
		return false;
	for (int k = SIGHDR_LIST; k <= SIGHDR_ENCRYPTED; k++)
		if (is_version_of(version, (enum sighdr_kind)k)) {
			*kind = (enum sighdr_kind)k;
			return true;
		}
	return false;
}

struct reading {
	struct sighdr h;
	enum sighdr_kind kind;
	uint32_t seen; /* BIT(tag) of what was read */
};

static uint32_t
number_of(struct bytes value)
{
	uint32_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		n = n << 8 | value.p[i];
	return n;
}

static void
keep(struct sighdr *h, unsigned tag, struct bytes value)
{
	switch (tag) {
	case HEADER_SIGNERNAME:
		h->signer_name = (const char *)value.p;
		break;
	case HEADER_SERIALNUMBER:
		h->serial = value;
		break;
	case HEADER_CANAME:
		h->ca_name = (const char *)value.p;
		break;
	case HEADER_DIGESTALGORITHM:
		h->digest = value.p[0];
		break;
	case HEADER_SIGNATUREALGORITHM:
		h->algorithm = value.p[0];
		break;
	case HEADER_SIGNATUREMODULUS:
		h->modulus = value.p[0];
		break;
	case HEADER_SIGNATURE:
		h->signature = value;
		break;
	case HEADER_FILENAME:
		h->filename = (const char *)value.p;
		break;
	case HEADER_TIMESTAMP:
		h->timestamp = number_of(value);
		break;
	case HEADER_IV:
		h->iv = value;
		break;
	case HEADER_PADCOUNT:
		h->pad_count = (uint16_t)number_of(value);
		break;
	case HEADER_KEYBITS:
		h->key_bits = (uint16_t)number_of(value);
		break;
	case HEADER_WRAPPEDKEY:
		h->wrapped_key = value;
		break;
	case HEADER_PLAINDIGEST:
		h->plain_digest = value.p[0];
		break;
	case HEADER_PLAINHASH:
		h->plain_hash = value;
		break;
	case HEADER_SIGNERVERSION:
		h->has_signer_version = true;
		memcpy(h->signer_version, value.p, 2);
		break;
	default: /* containers, and numbers that nothing hangs on */
		break;
	}
}

/* May it stand here, and for the first time?  Tag 28 is known from lists only, but nothing speaks
 * against it in the other kinds: newer phones look for it by its tag. */
static int
check_place(const struct reading *g, unsigned tag, unsigned in, struct err *e)
{
	const struct element *el = sighdr_element(tag);
	bool of_encryption = tag >= HEADER_ENCRYPTION && tag <= HEADER_PLAINHASH;

	if (el == NULL || (of_encryption && g->kind != SIGHDR_ENCRYPTED))
		return err_set(e, ERR_MALFORMED, "no such element here");
	if (el->in != in)
		return err_set(e, ERR_MALFORMED, "stands in the wrong place");
	if ((g->seen & BIT(tag)) != 0)
		return err_set(e, ERR_MALFORMED, "stands there twice");
	return 0;
}

static int read_elements(struct reading *g, struct rd *r, unsigned in, struct err *e);

static int
read_element(struct reading *g, unsigned tag, struct bytes value, unsigned in, struct err *e)
{
	const struct element *el = sighdr_element(tag);
	struct rd inner = rd_over(value);

	if (check_place(g, tag, in, e) != 0 || element_check(el, value, e) != 0)
		return err_prefix(e, "%s (tag %u)", el != NULL ? el->name : "?", tag);
	g->seen |= BIT(tag);
	if (el->form == FORM_HOLDS)
		return read_elements(g, &inner, tag, e);
	keep(&g->h, tag, value);
	return 0;
}

static int
read_padding(struct reading *g, struct rd *r, struct err *e)
{
	struct bytes rest = rd_rest(r);

	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] != HEADER_PADDING)
			return err_set(
			    e, ERR_MALFORMED, "byte 0x%02x within the padding", rest.p[i]);
	g->h.padding = (unsigned)rest.n;
	return 0;
}

static bool
is_padding(const struct rd *r)
{
	return bytes_part(r->in, r->at, 1).p[0] == HEADER_PADDING;
}

/* The elements within one container; in 0: those of the header itself, where padding may follow.
 * Each tag has one place, so this goes no deeper than the table does. */
static int
read_elements(struct reading *g, struct rd *r, unsigned in, struct err *e)
{
	struct bytes value;
	size_t start;
	uint8_t tag;

	while (rd_left(r) > 0) {
		if (in == 0 && is_padding(r))
			return read_padding(g, r, e);
		start = r->at;
		if (!rd_tlv(r, &tag, &value))
			return err_set(e, ERR_MALFORMED,
			    "the element at byte %zu of %s does not fit into the %zu bytes left",
			    start, in == 0 ? "the header" : elements[in].name, r->in.n - start);
		if (read_element(g, tag, value, in, e) != 0)
			return -1;
		if (tag == HEADER_SIGNATURE) {
			g->h.signature_at = start;
			g->h.signature_element = r->at - start;
		}
	}
	return 0;
}

static int
check_complete(const struct reading *g, struct err *e)
{
	uint32_t needs = g->kind == SIGHDR_ENCRYPTED ? NEEDS_ENCRYPTED : NEEDS_SIGNED;

	for (unsigned tag = 1; tag < HEADER_TAGS; tag++)
		if ((needs & ~g->seen & BIT(tag)) != 0)
			return err_set(
			    e, ERR_MALFORMED, "%s (tag %u) is missing", elements[tag].name, tag);
	return 0;
}

/* Code 2, SHA-256, is defined but written and read by nobody we know. */
static bool
is_digest(uint8_t code)
{
	return code == DIGEST_SHA1 || code == DIGEST_SHA512;
}

static size_t
digest_size(uint8_t code)
{
	return code == DIGEST_SHA1 ? 20 : 64;
}

/* What no single element tells. */
static int
check_sense(const struct reading *g, struct err *e)
{
	const struct sighdr *h = &g->h;

	if (!is_digest(h->digest))
		return err_set(e, ERR_MALFORMED, "hash algorithm %u is not known", h->digest);
	if (h->modulus > 3 || h->signature.n != (size_t)64 << h->modulus)
		return err_set(e, ERR_MALFORMED,
		    "a signature of %zu bytes does not go with modulus code %u", h->signature.n,
		    h->modulus);
	if (g->kind != SIGHDR_ENCRYPTED)
		return 0;
	if (!is_digest(h->plain_digest) || h->plain_hash.n != digest_size(h->plain_digest))
		return err_set(e, ERR_MALFORMED,
		    "a hash of %zu bytes does not go with hash algorithm %u", h->plain_hash.n,
		    h->plain_digest);
	return 0;
}

static int
decode(struct bytes file, struct reading *g, struct err *e)
{
	struct rd start = rd_over(file), all;

	if (!read_start(&start, g->h.version, &g->h.length))
		return err_set(e, ERR_MALFORMED, "does not start with VERSION and HEADERLENGTH");
	if (!is_version_of(g->h.version, g->kind))
		return err_set(e, ERR_MALFORMED, "version %u.%u is not that of such a file",
		    g->h.version[0], g->h.version[1]);
	if (g->h.length > file.n)
		return err_set(e, ERR_MALFORMED, "HEADERLENGTH says %u bytes, the file has %zu",
		    g->h.length, file.n);
	all = rd_over(bytes_part(file, 0, g->h.length));
	if (read_elements(g, &all, 0, e) != 0 || check_complete(g, e) != 0)
		return -1;
	return check_sense(g, e);
}

int
sighdr_decode(struct bytes file, enum sighdr_kind kind, struct sighdr *out, struct err *e)
{
	struct reading g = { .kind = kind };

	memset(out, 0, sizeof(*out));
	if (decode(file, &g, e) != 0)
		return err_prefix(e, "header");
	*out = g.h;
	return 0;
}

bool
sighdr_names(const struct sighdr *h, const struct cert *c)
{
	return cert_is_serial(c, h->serial) && cert_is_subject(c, h->signer_name) &&
	       cert_is_issuer(c, h->ca_name);
}

int
sighdr_verify(const struct sighdr *h, struct bytes file, const struct cert *signer, struct err *e)
{
	struct bytes part[2] = {
		bytes_part(file, 0, h->signature_at),
		bytes_from(file, h->signature_at + h->signature_element),
	};

	if (!sighdr_names(h, signer))
		return err_set(e, ERR_NO, "signed by %.200s, which is not the certificate %.200s",
		    h->signer_name, cert_subject(signer, CERT_CISCO));
	return cert_check_signature(signer, (enum digest)h->digest, part, 2, h->signature, e);
}

/* The code of a key's size; -1 when there is none (RSA of 3072 bits, EC). */
static int
modulus_of(const struct cert *c)
{
	if (cert_key_kind(c) != CERT_KEY_RSA)
		return -1;
	switch (cert_key_bits(c)) {
	case 512:
		return 0;
	case 1024:
		return 1;
	case 2048:
		return 2;
	case 4096:
		return 3;
	default:
		return -1;
	}
}

bool
sighdr_may_sign(const struct cert *c)
{
	return modulus_of(c) >= 0;
}

static void
write_signer_id(const struct cert *c, enum layout layout, struct wr *w)
{
	enum cert_spelling s = layout == LAYOUT_CISCO ? CERT_CISCO : CERT_COMPAT;
	size_t id = wr_open(w, HEADER_SIGNERID);

	wr_tlv_text(w, HEADER_SIGNERNAME, cert_subject(c, s));
	if (layout == LAYOUT_CISCO)
		wr_tlv(w, HEADER_SERIALNUMBER, cert_serial(c));
	wr_tlv_text(w, HEADER_CANAME, cert_issuer(c, s));
	if (layout == LAYOUT_COMPAT)
		wr_tlv(w, HEADER_SERIALNUMBER, cert_serial(c));
	wr_close(w, id);
}

static void
write_signature_info(enum digest digest, int modulus, struct wr *w)
{
	size_t info = wr_open(w, HEADER_SIGNATUREINFO), algorithm;

	wr_tlv_u8(w, HEADER_DIGESTALGORITHM, (uint8_t)digest);
	algorithm = wr_open(w, HEADER_SIGNATUREALGOINFO);
	wr_tlv_u8(w, HEADER_SIGNATUREALGORITHM, 0);
	wr_tlv_u8(w, HEADER_SIGNATUREMODULUS, (uint8_t)modulus);
	wr_close(w, algorithm);
	wr_close(w, info);
}

static void
write_version(const struct sighdr_plan *plan, struct wr *w)
{
	static const uint8_t version[][2] = {
		[SIGHDR_LIST] = { 1, 2 },
		[SIGHDR_SIGNED] = { 1, 0 },
		[SIGHDR_ENCRYPTED] = { 2, 0 },
	};

	wr_tlv(w, HEADER_VERSION, bytes_over(version[plan->kind], 2));
}

/* A header without its signature element, in the two parts around it. */
struct halves {
	struct wr before, after;
};

enum { LENGTH_AT = 8 };

/* Both halves, with the final HEADERLENGTH: the signature covers it. */
static int
write_halves(const struct sighdr_plan *plan, const struct cert *c, int modulus, struct halves *h,
    struct err *e)
{
	size_t n;

	write_version(plan, &h->before);
	wr_tlv_u16(&h->before, HEADER_LENGTH, 0);
	if (plan->has_signer_version)
		wr_tlv(&h->before, HEADER_SIGNERVERSION, bytes_over(plan->signer_version, 2));
	write_signer_id(c, plan->layout, &h->before);
	write_signature_info(plan->digest, modulus, &h->before);
	wr_tlv_text(&h->after, HEADER_FILENAME, plan->filename);
	wr_tlv_u32(&h->after, HEADER_TIMESTAMP, plan->timestamp);
	wr_put(&h->after, plan->encryption);

	n = h->before.n + 3 + ((size_t)64 << modulus) + h->after.n;
	wr_fill(&h->after, HEADER_PADDING, (4 - n % 4) % 4);
	n += (4 - n % 4) % 4;
	if (h->before.bad || h->after.bad || n > UINT16_MAX)
		return err_set(e, ERR_LIMIT, "a header of %zu bytes, more than 65535", n);
	wr_set_u16(&h->before, LENGTH_AT, (uint16_t)n);
	return 0;
}

static int
sign(const struct sighdr_plan *plan, const struct halves *h, struct bytes body,
    const struct signer *signer, int modulus, struct wr *signature, struct err *e)
{
	struct bytes part[3] = { wr_view(&h->before), wr_view(&h->after), body };

	if (signer->sign(signer->key, plan->digest, part, 3, signature, e) != 0)
		return -1;
	if (signature->bad || signature->n != (size_t)64 << modulus)
		return err_set(e, ERR_FAILED, "the signer gave %zu bytes, not %zu", signature->n,
		    (size_t)64 << modulus);
	return 0;
}

/* Appends the whole or nothing. */
static int
put(const struct halves *h, const struct wr *signature, struct bytes body, struct wr *out,
    struct err *e)
{
	size_t mark = out->n;

	wr_put(out, wr_view(&h->before));
	wr_tlv(out, HEADER_SIGNATURE, wr_view(signature));
	wr_put(out, wr_view(&h->after));
	wr_put(out, body);
	if (!out->bad)
		return 0;
	out->n = mark;
	return err_set(e, ERR_LIMIT, "no room for %zu bytes", body.n);
}

static int
write_signed(const struct sighdr_plan *plan, struct bytes body, bool with_body,
    const struct signer *signer, struct wr *out, struct err *e)
{
	struct bytes none = { NULL, 0 };
	int modulus = modulus_of(signer->cert), rc = -1;
	struct halves h = { { 0 }, { 0 } };
	struct wr signature = { 0 };

	if (!is_digest((uint8_t)plan->digest))
		return err_set(e, ERR_USAGE, "the format knows SHA-1 and SHA-512, not %s",
		    digest_word(plan->digest));
	if (modulus < 0)
		return err_set(e, ERR_USAGE,
		    "%s cannot sign: the format knows RSA keys of 512, 1024, 2048 and 4096 bits",
		    cert_subject(signer->cert, CERT_CISCO));
	if (write_halves(plan, signer->cert, modulus, &h, e) == 0 &&
	    sign(plan, &h, body, signer, modulus, &signature, e) == 0)
		rc = put(&h, &signature, with_body ? body : none, out, e);
	wr_free(&h.before);
	wr_free(&h.after);
	wr_free(&signature);
	return rc;
}

int
sighdr_write(const struct sighdr_plan *plan, struct bytes body, const struct signer *signer,
    struct wr *out, struct err *e)
{
	return write_signed(plan, body, true, signer, out, e);
}

int
sighdr_write_head(const struct sighdr_plan *plan, struct bytes body, const struct signer *signer,
    struct wr *out, struct err *e)
{
	return write_signed(plan, body, false, signer, out, e);
}
