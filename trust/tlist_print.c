/* As `show ctl` prints it in Cisco's TechNotes 118892 and 118893; "BYTEPOS" is really the tag. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "trust/header.h"
#include "trust/record.h"
#include "trust/role.h"
#include "trust/tlist.h"

enum { TEXT_MAX = 2048 };

static const char table_head[] = "BYTEPOS TAG             LENGTH  VALUE\n"
				 "------- ---             ------  -----\n";

static void
print_sum(struct bytes file, const char *digest, const char *name, struct wr *out)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	size_t n = 0;

	if (EVP_Q_digest(NULL, digest, NULL, file.p, file.n, sum, &n) != 1)
		n = 0;
	ERR_clear_error();
	bytes_hex(bytes_over(sum, n), '\0', hex, sizeof(hex));
	wr_fmt(out, "%s(%s)\n", n > 0 ? hex : "not available here", name);
}

static void
print_time(int64_t t, struct wr *out)
{
	time_t when = (time_t)t;
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&when, &tm) != NULL)
		strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &tm);
	wr_text(out, text);
}

/* A row of the table.  Names that fill their column push the length one tab stop on. */
static void
print_row(unsigned tag, const char *name, size_t length, const char *value, struct wr *out)
{
	int width = strlen(name) < 16 ? 16 : 24;

	if (value[0] == '\0')
		wr_fmt(out, "%-8u%-*s%zu\n", tag, width, name, length);
	else
		wr_fmt(out, "%-8u%-*s%-8zu%s\n", tag, width, name, length, value);
}

static void
print_header_row(unsigned tag, size_t length, const char *value, struct wr *out)
{
	print_row(tag, sighdr_element(tag)->name, length, value, out);
}

static void
print_text_row(unsigned tag, const char *text, struct wr *out)
{
	char value[TEXT_MAX];

	bytes_printable(bytes_of(text), value, sizeof(value));
	print_header_row(tag, strlen(text) + 1, value, out);
}

static void
upper_hex(struct bytes b, char sep, char *to, size_t size)
{
	bytes_hex(b, sep, to, size);
	for (; *to != '\0'; to++)
		if (*to >= 'a' && *to <= 'f')
			*to = (char)(*to - 'a' + 'A');
}

/* LENGTH of a container is that of its length, and VALUE what it holds: so show ctl has it. */
static void
print_container_row(unsigned tag, size_t holds, struct wr *out)
{
	char value[24];

	snprintf(value, sizeof(value), "%zu", holds);
	print_header_row(tag, 2, value, out);
}

/* Eight to a row, not zero padded, as in TechNote 118892. */
static void
print_signature(struct bytes signature, struct wr *out)
{
	for (size_t i = 0; i < signature.n; i++)
		wr_fmt(out, "%s%x", i % 8 != 0 ? "  " : i > 0 ? "\n" : "", signature.p[i]);
	wr_text(out, "\n");
}

static void
print_signer_id(const struct sighdr *h, struct wr *out)
{
	char serial[TEXT_MAX];
	size_t names = strlen(h->signer_name) + 1 + strlen(h->ca_name) + 1;

	print_container_row(HEADER_SIGNERID, 9 + names + h->serial.n, out);
	print_text_row(HEADER_SIGNERNAME, h->signer_name, out);
	upper_hex(h->serial, ':', serial, sizeof(serial));
	print_header_row(HEADER_SERIALNUMBER, h->serial.n, serial, out);
	print_text_row(HEADER_CANAME, h->ca_name, out);
}

/* No sample of show itl has tag 28: it gets a row like the others', in the place it has in the
 * file, with the number that phones compare. */
static void
print_signer_version(const struct sighdr *h, struct wr *out)
{
	char value[16];

	if (!h->has_signer_version)
		return;
	snprintf(value, sizeof(value), "%u.%u", h->signer_version[0], h->signer_version[1]);
	print_header_row(HEADER_SIGNERVERSION, 2, value, out);
}

static void
print_header(const struct sighdr *h, struct wr *out)
{
	wr_fmt(out, "Version:        %u.%u\n", h->version[0], h->version[1]);
	wr_fmt(out, "HeaderLength:   %u (BYTES)\n\n", h->length);
	wr_text(out, table_head);
	print_signer_version(h, out);
	print_signer_id(h, out);
	print_container_row(HEADER_SIGNATUREINFO, 15, out);
	print_header_row(HEADER_DIGESTALGORITHM, 1, "", out);
	print_container_row(HEADER_SIGNATUREALGOINFO, 8, out);
	print_header_row(HEADER_SIGNATUREALGORITHM, 1, "", out);
	print_header_row(HEADER_SIGNATUREMODULUS, 1, "", out);
	print_header_row(HEADER_SIGNATURE, h->signature.n, "", out);
	print_signature(h->signature, out);
	print_header_row(HEADER_FILENAME, strlen(h->filename) + 1, "", out);
	print_header_row(HEADER_TIMESTAMP, 4, "", out);
}

/* The VALUE column of a record's element; keys, signatures and addresses have none. */
static void
record_value(const struct tlist_record *r, unsigned tag, char *to, size_t size)
{
	char hex[64];

	to[0] = '\0';
	switch (tag) {
	case RECORD_LENGTH:
		snprintf(to, size, "%u", r->length);
		break;
	case RECORD_DNS:
		bytes_printable(bytes_of(r->dns), to, size);
		break;
	case RECORD_SUBJECT:
		bytes_printable(bytes_of(r->subject), to, size);
		break;
	case RECORD_ROLE:
		snprintf(to, size, "%s", role_function(r->role));
		break;
	case RECORD_ISSUER:
		bytes_printable(bytes_of(r->issuer), to, size);
		break;
	case RECORD_SERIAL:
		upper_hex(r->serial, ':', to, size);
		break;
	case RECORD_CERTIFICATE:
		upper_hex(cert_sha1(r->cert), ' ', hex, sizeof(hex));
		snprintf(to, size, "%s (SHA1 Hash HEX)", hex);
		break;
	case RECORD_HASH:
		upper_hex(r->hash, ' ', to, size);
		break;
	default:
		break;
	}
}

static void
print_record(const struct tlist *l, size_t i, const char *kind, struct wr *out)
{
	const struct tlist_record *r = &l->record[i];
	const struct tlist_record *signer = tlist_signer(l);
	char value[TEXT_MAX];
	bool signed_it;

	wr_fmt(out, "\n        %s Record #:%zu\n                      ----\n", kind, i + 1);
	wr_text(out, table_head);
	for (const uint8_t *tag = r->order; *tag != 0; tag++) {
		record_value(r, *tag, value, sizeof(value));
		print_row(*tag, tlist_element(*tag)->name, r->size[*tag], value, out);
	}
	if (r->role != ROLE_SAST)
		return;
	signed_it = signer != NULL && r->cert != NULL && cert_eq(r->cert, signer->cert);
	wr_fmt(out, "This etoken was %sused to sign the %s file.\n", signed_it ? "" : "not ", kind);
}

static void
print_verdict(const struct tlist *l, const char *kind, struct wr *out)
{
	struct err e;
	char why[sizeof(e.text)];

	if (tlist_verify_self(l, &e) == 0) {
		wr_fmt(out, "\nThe %s file was verified successfully.\n", kind);
		return;
	}
	bytes_printable(bytes_of(e.text), why, sizeof(why));
	wr_fmt(out, "\n%s\nError parsing the %s File.\n", why, kind);
}

void
tlist_sha1(struct bytes file, uint8_t to[TLIST_SHA1_BYTES])
{
	/* Fails only where SHA-1 itself is missing, and there no list could be verified either. */
	if (EVP_Digest(file.p, file.n, to, NULL, EVP_sha1(), NULL) != 1)
		memset(to, 0, TLIST_SHA1_BYTES);
}

void
tlist_md5(struct bytes file, uint8_t to[TLIST_MD5_BYTES])
{
	/* Missing where only FIPS algorithms are. */
	if (EVP_Digest(file.p, file.n, to, NULL, EVP_md5(), NULL) != 1)
		memset(to, 0, TLIST_MD5_BYTES);
}

void
tlist_print(const struct tlist *l, int64_t modified, struct wr *out)
{
	const char *kind = tlist_is_ctl(l) ? "CTL" : "ITL";

	wr_fmt(out, "The checksum value of the %s file:\n", kind);
	print_sum(l->file, "MD5", "MD5", out);
	print_sum(l->file, "SHA1", "SHA1", out);
	wr_fmt(out, "\nLength of %s file: %zu\n", kind, l->file.n);
	wr_fmt(out, "The %s File was last modified on ", kind);
	print_time(modified, out);
	wr_fmt(out, "\n\n        Parse %s File\n        ----------------\n\n", kind);
	print_header(&l->head, out);
	for (size_t i = 0; i < l->n; i++)
		print_record(l, i, kind, out);
	print_verdict(l, kind, out);
}
