#include "trust/name.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Cisco's order of the kinds it knows; what is left follows in certificate order. */
static const int cisco_order[] = {
	NID_commonName,
	NID_organizationalUnitName,
	NID_organizationName,
	NID_localityName,
	NID_stateOrProvinceName,
	NID_countryName,
};

enum { CISCO_KINDS = sizeof(cisco_order) / sizeof(cisco_order[0]) };

/* The keys of RFC 4514; every other kind is its dotted number. */
static const struct {
	int nid;
	const char *key;
} keys[] = {
	{ NID_commonName, "CN" },
	{ NID_localityName, "L" },
	{ NID_stateOrProvinceName, "ST" },
	{ NID_organizationName, "O" },
	{ NID_organizationalUnitName, "OU" },
	{ NID_countryName, "C" },
	{ NID_streetAddress, "STREET" },
	{ NID_domainComponent, "DC" },
	{ NID_userId, "UID" },
};

static int
kind_of(const X509_NAME_ENTRY *entry)
{
	return OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
}

static bool
is_cisco_kind(int nid)
{
	for (size_t i = 0; i < CISCO_KINDS; i++)
		if (cisco_order[i] == nid)
			return true;
	return false;
}

void
name_spell_dotted(const X509_NAME_ENTRY *entry, struct wr *out)
{
	char dotted[128];

	OBJ_obj2txt(dotted, sizeof(dotted), X509_NAME_ENTRY_get_object(entry), 1);
	wr_text(out, dotted);
}

void
name_spell_key(const X509_NAME_ENTRY *entry, struct wr *out)
{
	int nid = kind_of(entry);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].nid == nid) {
			wr_text(out, keys[i].key);
			return;
		}
	name_spell_dotted(entry, out);
}

/* Only NUL is escaped: the names go into texts that end at the first one. */
static void
spell_plain(struct bytes value, struct wr *out)
{
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\0')
			wr_text(out, "\\00");
		else
			wr_u8(out, value.p[i]);
	}
}

static bool
is_escaped(struct bytes value, size_t i)
{
	uint8_t c = value.p[i];

	if (c != '\0' && strchr("\\\"+,;<>", c) != NULL)
		return true;
	if (i == 0 && (c == '#' || c == ' '))
		return true;
	return i + 1 == value.n && c == ' ';
}

static void
spell_escaped(struct bytes value, struct wr *out)
{
	for (size_t i = 0; i < value.n; i++) {
		if (is_escaped(value, i))
			wr_u8(out, '\\');
		spell_plain(bytes_part(value, i, 1), out);
	}
}

/* What is not text (a BIT STRING, say) is '#' and the hex of its bytes. */
static void
spell_hex(const ASN1_STRING *value, struct wr *out)
{
	const uint8_t *p = ASN1_STRING_get0_data(value);

	wr_text(out, "#");
	for (int i = 0; i < ASN1_STRING_length(value); i++)
		wr_fmt(out, "%02x", p[i]);
}

/* BMPString, T61String and so on are converted. */
void
name_spell_value(const X509_NAME_ENTRY *entry, bool escaped, struct wr *out)
{
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, value);

	if (n < 0 || !bytes_is_utf8(bytes_over(utf8, (size_t)n)))
		spell_hex(value, out);
	else if (escaped)
		spell_escaped(bytes_over(utf8, (size_t)n), out);
	else
		spell_plain(bytes_over(utf8, (size_t)n), out);
	OPENSSL_free(utf8);
	ERR_clear_error();
}

static void
spell_attribute(const X509_NAME_ENTRY *entry, enum cert_spelling spelling, struct wr *out)
{
	name_spell_key(entry, out);
	wr_u8(out, '=');
	name_spell_value(entry, spelling == CERT_COMPAT, out);
}

static void
spell_compat(const X509_NAME *name, struct wr *out)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		if (i > 0)
			wr_u8(out, ',');
		spell_attribute(X509_NAME_get_entry(name, i), CERT_COMPAT, out);
	}
}

/* All attributes of one kind; nid NID_undef: of all the kinds that cisco_order does not have. */
static void
spell_cisco_kind(const X509_NAME *name, int nid, size_t start, struct wr *out)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		int kind = kind_of(entry);

		if (nid == NID_undef ? is_cisco_kind(kind) : kind != nid)
			continue;
		if (out->n > start)
			wr_u8(out, ';');
		spell_attribute(entry, CERT_CISCO, out);
	}
}

static void
spell_cisco(const X509_NAME *name, struct wr *out)
{
	size_t start = out->n;

	for (size_t i = 0; i < CISCO_KINDS; i++)
		spell_cisco_kind(name, cisco_order[i], start, out);
	spell_cisco_kind(name, NID_undef, start, out);
}

void
name_spell(const X509_NAME *name, enum cert_spelling spelling, struct wr *out)
{
	if (spelling == CERT_CISCO)
		spell_cisco(name, out);
	else
		spell_compat(name, out);
}

void
name_value(const X509_NAME *name, int nid, struct wr *out)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	if (at >= 0)
		name_spell_value(X509_NAME_get_entry(name, at), false, out);
}

/* The length of the attribute that text starts with: to the first ',' without '\' before it. */
static size_t
attribute_length(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && text[n] != ',')
		n += text[n] == '\\' && text[n + 1] != '\0' ? 2 : 1;
	return n;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the attributes of each multi-valued part. */
static void
sort_parts(const X509_NAME *name, char **attribute, int n)
{
	int start = 0;

	for (int i = 1; i <= n; i++) {
		if (i < n && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i)) ==
				 X509_NAME_ENTRY_set(X509_NAME_get_entry(name, start)))
			continue;
		qsort(attribute + start, (size_t)(i - start), sizeof(*attribute), by_text);
		start = i;
	}
}

/* Takes text apart into exactly n attributes, sorted part by part; false: it has another number. */
static bool
split(const X509_NAME *name, const char *text, char **attribute, int n)
{
	for (int i = 0; i < n; i++) {
		size_t len = attribute_length(text);

		attribute[i] = mem_text_n(text, len);
		text += len;
		if ((*text == ',') != (i + 1 < n))
			return false;
		text += *text == ',';
	}
	sort_parts(name, attribute, n);
	return true;
}

static bool
same_attributes(char *const *a, char *const *b, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static void
free_attributes(char **attribute, int n)
{
	for (int i = 0; i < n; i++)
		free(attribute[i]);
	free(attribute);
}

bool
name_is_compat(const X509_NAME *name, const char *text)
{
	int n = X509_NAME_entry_count(name);
	char **ours = mem_array((size_t)n, sizeof(*ours));
	char **theirs = mem_array((size_t)n, sizeof(*theirs));
	struct wr spelled = { 0 };
	bool same;

	if (n == 0) {
		same = *text == '\0';
		goto out;
	}
	spell_compat(name, &spelled);
	same = split(name, wr_cstr(&spelled), ours, n) && split(name, text, theirs, n) &&
	       same_attributes(ours, theirs, n);
out:
	wr_free(&spelled);
	free_attributes(ours, n);
	free_attributes(theirs, n);
	return same;
}
