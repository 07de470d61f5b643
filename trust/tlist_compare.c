#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/record.h"
#include "trust/role.h"
#include "trust/tlist.h"

/* All after the header: the records byte for byte, in their order. */
static struct bytes
records_of(const struct tlist *l)
{
	return bytes_from(l->file, l->head.length);
}

static bool
same_header(const struct sighdr *a, const struct sighdr *b)
{
	return memcmp(a->version, b->version, sizeof(a->version)) == 0 &&
	       a->has_signer_version == b->has_signer_version &&
	       memcmp(a->signer_version, b->signer_version, sizeof(a->signer_version)) == 0 &&
	       strcmp(a->signer_name, b->signer_name) == 0 && bytes_eq(a->serial, b->serial) &&
	       strcmp(a->ca_name, b->ca_name) == 0 && a->digest == b->digest &&
	       a->algorithm == b->algorithm && a->modulus == b->modulus &&
	       strcmp(a->filename, b->filename) == 0;
}

bool
tlist_same(const struct tlist *a, const struct tlist *b)
{
	return same_header(&a->head, &b->head) && bytes_eq(records_of(a), records_of(b));
}

/* One line; what is longer than a person reads is cut. */
static void
line(struct wr *out, char sign, const char *what, struct wr *text)
{
	char printable[512];

	bytes_printable(wr_view(text), printable, sizeof(printable));
	wr_fmt(out, "%c %s: %s\n", sign, what, printable);
}

static void
serial_text(struct bytes serial, struct wr *to)
{
	char hex[3 * CERT_SERIAL_MAX + 1];

	bytes_hex(serial, ':', hex, sizeof(hex));
	wr_fmt(to, ", serial %s", hex);
}

static void
file_text(const struct sighdr *h, struct wr *to)
{
	wr_text(to, h->filename);
}

static void
version_text(const struct sighdr *h, struct wr *to)
{
	wr_fmt(to, "%u.%u", h->version[0], h->version[1]);
	if (h->has_signer_version)
		wr_fmt(to, ", signer version %u.%u", h->signer_version[0], h->signer_version[1]);
}

static void
signer_text(const struct sighdr *h, struct wr *to)
{
	wr_text(to, h->signer_name);
	serial_text(h->serial, to);
	wr_fmt(to, ", issued by %s", h->ca_name);
}

static void
signature_text(const struct sighdr *h, struct wr *to)
{
	wr_fmt(to, "%s, RSA of %zu bits, algorithm %u", digest_word(h->digest), h->signature.n * 8,
	    h->algorithm);
}

static const struct {
	const char *what;
	void (*text)(const struct sighdr *h, struct wr *to);
} header_part[] = {
	{ "file name", file_text },
	{ "version", version_text },
	{ "signer", signer_text },
	{ "signature", signature_text },
};

static void
compare_headers(const struct sighdr *a, const struct sighdr *b, struct wr *out)
{
	for (size_t i = 0; i < sizeof(header_part) / sizeof(header_part[0]); i++) {
		struct wr was = { 0 }, is = { 0 };

		header_part[i].text(a, &was);
		header_part[i].text(b, &is);
		if (!bytes_eq(wr_view(&was), wr_view(&is))) {
			line(out, '-', header_part[i].what, &was);
			line(out, '+', header_part[i].what, &is);
		}
		wr_free(&was);
		wr_free(&is);
	}
}

/* The records of both lists, and which of one is which of the other. */
struct pairing {
	const struct tlist *a, *b;
	size_t *of_a; /* index into b, or NONE */
	size_t *of_b;
};

#define NONE SIZE_MAX

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_bytes(const struct tlist_record *a, const struct tlist_record *b)
{
	return a->length == b->length && memcmp(a->order, b->order, sizeof(a->order)) == 0 &&
	       same_text(a->dns, b->dns) && same_text(a->subject, b->subject) &&
	       a->role == b->role && same_text(a->issuer, b->issuer) &&
	       bytes_eq(a->serial, b->serial) && bytes_eq(a->public_key, b->public_key) &&
	       bytes_eq(a->signature, b->signature) && bytes_eq(a->der, b->der) &&
	       bytes_eq(a->address, b->address) && bytes_eq(a->hash, b->hash) &&
	       a->hash_digest == b->hash_digest;
}

/* The same certificate in the same role, however spelled. */
static bool
same_certificate(const struct tlist_record *a, const struct tlist_record *b)
{
	return a->role == b->role && a->cert != NULL && b->cert != NULL &&
	       cert_eq(a->cert, b->cert);
}

/* Renewed under its old number, or moved to another host. */
static bool
same_name(const struct tlist_record *a, const struct tlist_record *b)
{
	return a->role == b->role && a->subject != NULL && same_text(a->subject, b->subject) &&
	       bytes_eq(a->serial, b->serial);
}

/* The same place in the cluster: what one sees when a record is blanked, or filled again. */
static bool
same_host(const struct tlist_record *a, const struct tlist_record *b)
{
	return a->role == b->role && tlist_is_blank(a) != tlist_is_blank(b) &&
	       same_text(a->dns, b->dns) && bytes_eq(a->address, b->address);
}

static void
pair(struct pairing *p, bool (*alike)(const struct tlist_record *a, const struct tlist_record *b))
{
	for (size_t i = 0; i < p->a->n; i++)
		for (size_t j = 0; p->of_a[i] == NONE && j < p->b->n; j++)
			if (p->of_b[j] == NONE && alike(&p->a->record[i], &p->b->record[j])) {
				p->of_a[i] = j;
				p->of_b[j] = i;
			}
}

static size_t *
none(size_t n)
{
	size_t *p = mem_array(n, sizeof(*p));

	for (size_t i = 0; i < n; i++)
		p[i] = NONE;
	return p;
}

static void
record_text(const struct tlist_record *r, struct wr *to)
{
	const char *subject = r->subject;

	if (subject == NULL && r->cert != NULL)
		subject = cert_subject(r->cert, CERT_CISCO);
	if (tlist_is_blank(r)) {
		wr_fmt(to, "%s, blank", role_word(r->role));
		return;
	}
	wr_fmt(to, "%s %s", role_word(r->role), subject != NULL ? subject : "without name");
	serial_text(r->cert != NULL ? cert_serial(r->cert) : r->serial, to);
}

static void
place_text(const struct tlist_record *r, struct wr *to)
{
	char hex[64];

	wr_fmt(to, ", host %s", r->dns != NULL ? r->dns : "none");
	bytes_hex(r->address, ':', hex, sizeof(hex));
	if (r->address.n == 4)
		wr_fmt(to, ", address %u.%u.%u.%u", r->address.p[0], r->address.p[1],
		    r->address.p[2], r->address.p[3]);
	else
		wr_fmt(to, ", address %s", hex[0] != '\0' ? hex : "none");
}

static void
certificate_text(const struct tlist_record *r, struct wr *to)
{
	char hex[2 * 64 + 1];

	bytes_hex(r->cert != NULL ? cert_sha1(r->cert) : r->hash, '\0', hex, sizeof(hex));
	wr_fmt(to, ", certificate %s", hex[0] != '\0' ? hex : "none");
}

/* How the record is written, when what it says is the same. */
static void
elements_text(const struct tlist_record *r, struct wr *to)
{
	wr_fmt(to, ", issued by %s, elements", r->issuer != NULL ? r->issuer : "nobody");
	for (const uint8_t *tag = r->order; *tag != 0; tag++)
		wr_fmt(to, " %u", *tag);
}

typedef void detail(const struct tlist_record *r, struct wr *to);

static void
record_line(char sign, const struct tlist *l, size_t i, detail *more, struct wr *out)
{
	struct wr text = { 0 };
	char what[32];

	snprintf(what, sizeof(what), "record %zu", i + 1);
	record_text(&l->record[i], &text);
	if (more != NULL)
		more(&l->record[i], &text);
	line(out, sign, what, &text);
	wr_free(&text);
}

static bool
is_alike_in(detail *d, const struct tlist_record *a, const struct tlist_record *b)
{
	struct wr was = { 0 }, is = { 0 };
	bool alike;

	d(a, &was);
	d(b, &is);
	alike = bytes_eq(wr_view(&was), wr_view(&is));
	wr_free(&was);
	wr_free(&is);
	return alike;
}

/* What to tell about two records that are the same one: the first thing that differs. */
static detail *
difference(const struct tlist_record *a, const struct tlist_record *b)
{
	if (tlist_is_blank(a) != tlist_is_blank(b))
		return NULL; /* the line says so already */
	if (!is_alike_in(place_text, a, b))
		return place_text;
	if (!is_alike_in(certificate_text, a, b))
		return certificate_text;
	return elements_text;
}

static void
compare_pair(const struct pairing *p, size_t i, struct wr *out)
{
	const struct tlist_record *a = &p->a->record[i], *b = &p->b->record[p->of_a[i]];

	if (same_bytes(a, b))
		return;
	record_line('-', p->a, i, difference(a, b), out);
	record_line('+', p->b, p->of_a[i], difference(a, b), out);
}

static bool
in_order(const struct pairing *p)
{
	size_t last = 0;

	for (size_t i = 0; i < p->a->n; i++) {
		if (p->of_a[i] == NONE)
			continue;
		if (p->of_a[i] < last)
			return false;
		last = p->of_a[i];
	}
	return true;
}

static void
compare_pairs(const struct pairing *p, struct wr *out)
{
	for (size_t i = 0; i < p->a->n; i++) {
		if (p->of_a[i] == NONE)
			record_line('-', p->a, i, NULL, out);
		else
			compare_pair(p, i, out);
	}
	for (size_t i = 0; i < p->b->n; i++)
		if (p->of_b[i] == NONE)
			record_line('+', p->b, i, NULL, out);
	if (!in_order(p))
		wr_text(out, "+ records: in another order\n");
}

static void
compare_records(const struct tlist *a, const struct tlist *b, struct wr *out)
{
	struct pairing p = { a, b, none(a->n), none(b->n) };

	pair(&p, same_bytes);
	pair(&p, same_certificate);
	pair(&p, same_name);
	pair(&p, same_host);
	compare_pairs(&p, out);
	free(p.of_a);
	free(p.of_b);
}

void
tlist_compare(const struct tlist *a, const struct tlist *b, struct wr *out)
{
	if (tlist_same(a, b))
		return;
	compare_headers(&a->head, &b->head, out);
	compare_records(a, b, out);
}
