#include <stdio.h>
#include <string.h>

#include "admin/signed_file.h"
#include "admin/verb_file.h"
#include "base/file.h"
#include "trust/cert.h"
#include "trust/inspect.h"
#include "trust/role.h"
#include "trust/tlist.h"

enum { VALUE_SHOWN = 100 };

static const char *const element_columns[] = { "Offset", "Tag", "Name", "Length", "Value", NULL };
static const char *const record_columns[] = { "Record", "Role", "Valid until", "Certificate",
	NULL };
static const char *const no_columns[] = { NULL };

/* Whole characters of a text that is printable already, and "..." where it goes on. */
static void
shorten(const char *text, char *to, size_t size)
{
	size_t n = strlen(text);
	const char *dots = "";

	if (n > VALUE_SHOWN) {
		dots = "...";
		for (n = VALUE_SHOWN; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--;
	}
	snprintf(to, size, "%.*s%s", (int)n, text, dots);
}

/* Names are set in by depth, those of elements under the header or record they belong to. */
static void
show_name(struct out *o, const struct inspect_row *r)
{
	char name[80];

	if (r->tag >= 0)
		snprintf(name, sizeof(name), "%*s%s", (int)r->depth * 2 + 2, "", r->name);
	else if (r->record > 0)
		snprintf(name, sizeof(name), "%s %u", r->name, r->record);
	else
		snprintf(name, sizeof(name), "%s", r->name);
	out_plain(o, "Name", name);
}

/* What is wrong stands before the value, which may be long. */
static void
show_value(struct out *o, const struct inspect_row *r)
{
	char value[VALUE_SHOWN + 4], marked[sizeof(value) + sizeof(r->problem) + 8];

	shorten(r->value, value, sizeof(value));
	snprintf(
	    marked, sizeof(marked), "!! %s%s%s", r->problem, value[0] != '\0' ? ": " : "", value);
	out_plain(o, "Value", r->problem[0] != '\0' ? marked : value);
}

static void
put_element(void *ctx, const struct inspect_row *r)
{
	struct out *o = ctx;

	out_row(o);
	out_int(o, "offset", "Offset", (int64_t)r->at);
	if (r->record > 0)
		out_int(o, "record", NULL, r->record);
	out_int(o, "depth", NULL, r->depth);
	if (r->tag >= 0)
		out_int(o, "tag", "Tag", r->tag);
	out_text(o, "name", NULL, r->name);
	out_int(o, "length", "Length", (int64_t)r->length);
	out_text(o, "value", NULL, r->value);
	out_text(o, "problem", NULL, r->problem[0] != '\0' ? r->problem : NULL);
	show_name(o, r);
	show_value(o, r);
}

static size_t
put_elements(struct out *o, struct bytes file)
{
	size_t problems;

	out_block(o, "\n");
	out_table(o, "elements", element_columns);
	problems = inspect_walk(file, put_element, o);
	out_table_end(o);
	out_block(o, "\n");
	return problems;
}

static void
put_record(struct out *o, const struct tlist_record *r, size_t number)
{
	out_row(o);
	out_int(o, "record", "Record", (int64_t)number);
	out_text(o, "role", "Role", role_word(r->role));
	out_text(o, "subject", "Certificate",
	    r->cert == NULL ? r->subject : cert_subject(r->cert, CERT_CISCO));
	if (r->cert == NULL)
		return;
	out_text(o, "issuer", NULL, cert_issuer(r->cert, CERT_CISCO));
	out_hex(o, "serial", NULL, cert_serial(r->cert));
	out_time(o, "not_before", NULL, cert_not_before(r->cert));
	out_time(o, "not_after", "Valid until", cert_not_after(r->cert));
	out_hex(o, "sha1", NULL, cert_sha1(r->cert));
	out_hex(o, "sha256", NULL, cert_sha256(r->cert));
}

static void
put_records(struct out *o, const struct tlist *l)
{
	out_table(o, "records", record_columns);
	for (size_t i = 0; i < l->n; i++)
		put_record(o, &l->record[i], i + 1);
	out_table_end(o);
	out_block(o, "\n");
}

/* First what stands where, then, when it can be read at all, what that means. */
static size_t
put_list(struct out *o, struct bytes file)
{
	size_t problems = put_elements(o, file);
	struct tlist *l = tlist_decode(file, NULL);
	const struct tlist_record *signer = l == NULL ? NULL : tlist_signer(l);
	char warning[240] = "";

	if (l != NULL) {
		put_records(o, l);
		tlist_warning(l, warning, sizeof(warning));
	}
	if (signer != NULL)
		out_int(o, "signer_record", "Signed by record", signer - l->record + 1);
	if (warning[0] != '\0')
		out_text(o, "warning", "Warning", warning);
	tlist_free(l);
	return problems;
}

static void
put_cert(struct out *o, const struct cert *c)
{
	static const char *const kinds[] = {
		[CERT_KEY_RSA] = "RSA", [CERT_KEY_EC] = "EC", [CERT_KEY_OTHER] = "other"
	};

	out_text(o, "subject", "Subject", cert_subject(c, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(c, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(c));
	out_time(o, "not_before", "Valid from", cert_not_before(c));
	out_time(o, "not_after", "Valid until", cert_not_after(c));
	out_text(o, "key", "Key", kinds[cert_key_kind(c)]);
	out_int(o, "key_bits", "Key bits", cert_key_bits(c));
	out_hex(o, "md5", "MD5", cert_md5(c));
	out_hex(o, "sha1", "SHA-1", cert_sha1(c));
	out_hex(o, "sha256", "SHA-256", cert_sha256(c));
}

/* One certificate's row; 1 when it cannot be read.  Takes c. */
static size_t
put_cert_row(struct out *o, struct cert *c, const struct err *e)
{
	out_row(o);
	if (c == NULL) {
		out_text(o, "problem", "!! cannot be read", e->text);
		return 1;
	}
	put_cert(o, c);
	cert_free(c);
	return 0;
}

static size_t
put_pem(struct out *o, struct bytes file)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct bytes rest = file;
	size_t problems = 0;
	const uint8_t *at;
	struct err e;

	while ((at = rest.n == 0 ? NULL : memmem(rest.p, rest.n, begin, strlen(begin))) != NULL) {
		rest = bytes_from(rest, (size_t)(at - rest.p));
		problems += put_cert_row(o, cert_from_pem(rest, &e), &e);
		rest = bytes_from(rest, strlen(begin));
	}
	return problems;
}

static size_t
put_certs(struct out *o, struct bytes file, enum inspect_kind kind)
{
	static const char key[] = "PRIVATE KEY-----";
	size_t problems;
	struct err e;

	if (kind == INSPECT_PEM)
		out_bool(o, "private_key", "Holds a private key",
		    memmem(file.p, file.n, key, strlen(key)) != NULL);
	out_table(o, "certificates", no_columns);
	if (kind == INSPECT_PEM)
		problems = put_pem(o, file);
	else
		problems = put_cert_row(o, cert_from_der(file, &e), &e);
	out_table_end(o);
	return problems;
}

static size_t
put_content(struct out *o, struct bytes file, enum inspect_kind kind)
{
	switch (kind) {
	case INSPECT_LIST:
		return put_list(o, file);
	case INSPECT_SIGNED:
	case INSPECT_ENCRYPTED:
		return put_elements(o, file);
	case INSPECT_PEM:
	case INSPECT_DER:
		return put_certs(o, file, kind);
	case INSPECT_XML:
		return 0;
	default:
		return 1;
	}
}

int
file_inspect(const struct call *c, struct out *o, struct err *e)
{
	struct wr content = { .max = SIGNED_FILE_MAX };
	enum inspect_kind kind;
	size_t problems;

	if (file_read(c->arg[0], SIGNED_FILE_MAX, &content, e) != 0)
		return -1;
	kind = inspect_kind_of(wr_view(&content));
	out_text(o, "file", "File", c->arg[0]);
	out_text(o, "format", "Format", inspect_kind_word(kind));
	out_int(o, "size", "Size", (int64_t)content.n);
	problems = put_content(o, wr_view(&content), kind);
	out_int(o, "problems", "Problems", (int64_t)problems);
	wr_wipe(&content); /* there may be a key in it */
	if (kind == INSPECT_UNKNOWN)
		return err_set(e, ERR_NO, "%s: of no format we know", c->arg[0]);
	if (problems > 0)
		return err_set(
		    e, ERR_NO, "%s: %zu problem%s", c->arg[0], problems, problems == 1 ? "" : "s");
	return 0;
}
