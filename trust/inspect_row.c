#include "trust/inspect_row.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "trust/cert.h"
#include "trust/header.h"
#include "trust/record.h"
#include "trust/role.h"

void
inspect_row_text(struct bytes text, struct inspect_row *row)
{
	bytes_printable(text, row->value, sizeof(row->value));
}

void
inspect_row_problem(struct inspect_row *row, const struct err *e)
{
	bytes_printable(bytes_of(e->text), row->problem, sizeof(row->problem));
}

void
inspect_row_hex(struct bytes value, struct inspect_row *row)
{
	enum { SHOWN = 32 };
	char hex[2 * SHOWN + 1];

	bytes_hex(bytes_part(value, 0, SHOWN), '\0', hex, sizeof(hex));
	snprintf(row->value, sizeof(row->value), "%s%s", hex, value.n > SHOWN ? "..." : "");
}

static uint32_t
number_of(struct bytes value)
{
	uint32_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		n = n << 8 | value.p[i];
	return n;
}

void
inspect_row_time(int64_t when, char *to, size_t size)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(to, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(to, size, "%lld", (long long)when);
}

/* A text is shown without the NUL that ends it. */
void
inspect_row_plain(const struct element *el, struct bytes value, struct inspect_row *row)
{
	if (el->form == FORM_TEXT && value.n > 0 && value.p[value.n - 1] == '\0')
		inspect_row_text(bytes_part(value, 0, value.n - 1), row);
	else if (el->form == FORM_TEXT)
		inspect_row_text(value, row);
	else if (el->form == FORM_NUMBER && value.n <= 4)
		snprintf(row->value, sizeof(row->value), "%u", (unsigned)number_of(value));
	else
		inspect_row_hex(value, row);
}

void
inspect_row_header(const struct element *el, struct bytes value, struct inspect_row *row)
{
	switch (el->tag) {
	case HEADER_VERSION:
	case HEADER_SIGNERVERSION:
		if (value.n == 2)
			snprintf(row->value, sizeof(row->value), "%u.%u", value.p[0], value.p[1]);
		break;
	case HEADER_DIGESTALGORITHM:
	case HEADER_PLAINDIGEST:
		snprintf(
		    row->value, sizeof(row->value), "%s", digest_word((unsigned)number_of(value)));
		break;
	case HEADER_TIMESTAMP:
		inspect_row_time(number_of(value), row->value, sizeof(row->value));
		break;
	default:
		if (el->form != FORM_HOLDS)
			inspect_row_plain(el, value, row);
		break;
	}
}

static void
show_certificate(struct bytes der, struct inspect_row *row)
{
	char hex[2 * 20 + 1];
	struct err e;
	struct cert *c = cert_from_der(der, &e);

	if (c == NULL) {
		inspect_row_problem(row, &e);
		return;
	}
	bytes_hex(cert_sha1(c), '\0', hex, sizeof(hex));
	inspect_row_text(bytes_of(cert_subject(c, CERT_CISCO)), row);
	snprintf(row->value + strlen(row->value), sizeof(row->value) - strlen(row->value),
	    " (SHA-1 %s)", hex);
	cert_free(c);
}

void
inspect_row_record(const struct element *el, struct bytes value, struct inspect_row *row)
{
	switch (el->tag) {
	case RECORD_ROLE:
		snprintf(row->value, sizeof(row->value), "%u %s", (unsigned)number_of(value),
		    role_function((unsigned)number_of(value)));
		break;
	case RECORD_CERTIFICATE:
		show_certificate(value, row);
		break;
	case RECORD_ADDRESS:
		if (value.n == 4)
			snprintf(row->value, sizeof(row->value), "%u.%u.%u.%u", value.p[0],
			    value.p[1], value.p[2], value.p[3]);
		else
			inspect_row_hex(value, row);
		break;
	case RECORD_HASH_DIGEST:
		snprintf(
		    row->value, sizeof(row->value), "%s", digest_word((unsigned)number_of(value)));
		break;
	default:
		inspect_row_plain(el, value, row);
		break;
	}
}
