#include <stdio.h>

#include "trust/record.h"
#include "trust/role.h"
#include "trust/tlist.h"

/* The tags in the order they are written, ended by 0. */
static const uint8_t cisco_order[] = {
	RECORD_LENGTH,
	RECORD_DNS,
	RECORD_SUBJECT,
	RECORD_ROLE,
	RECORD_ISSUER,
	RECORD_SERIAL,
	RECORD_KEY,
	RECORD_SIGNATURE,
	RECORD_CERTIFICATE,
	RECORD_ADDRESS,
	0,
};

/* What tlvfile writes: no DNSNAME, no IPADDRESS. */
static const uint8_t compat_order[] = {
	RECORD_LENGTH,
	RECORD_SUBJECT,
	RECORD_ISSUER,
	RECORD_SERIAL,
	RECORD_ROLE,
	RECORD_KEY,
	RECORD_SIGNATURE,
	RECORD_CERTIFICATE,
	0,
};

/* The elements that come from the certificate: absent from a blank record, not empty. */
static void
write_of_certificate(unsigned tag, const struct cert *c, enum cert_spelling s, struct wr *w)
{
	switch (tag) {
	case RECORD_SUBJECT:
		wr_tlv_text(w, RECORD_SUBJECT, cert_subject(c, s));
		break;
	case RECORD_ISSUER:
		wr_tlv_text(w, RECORD_ISSUER, cert_issuer(c, s));
		break;
	case RECORD_SERIAL:
		wr_tlv(w, RECORD_SERIAL, cert_serial(c));
		break;
	case RECORD_KEY:
		wr_tlv(w, RECORD_KEY, cert_public_key(c));
		break;
	case RECORD_SIGNATURE:
		wr_tlv(w, RECORD_SIGNATURE, cert_signature(c));
		break;
	case RECORD_CERTIFICATE:
		wr_tlv(w, RECORD_CERTIFICATE, cert_der(c));
		break;
	default:
		break;
	}
}

static void
write_element(unsigned tag, const struct tlist_want *want, enum cert_spelling s, struct wr *w)
{
	switch (tag) {
	case RECORD_LENGTH:
		wr_tlv_u16(w, RECORD_LENGTH, 0); /* known at the end */
		break;
	case RECORD_DNS:
		if (want->dns != NULL)
			wr_tlv_text(w, RECORD_DNS, want->dns);
		break;
	case RECORD_ROLE:
		wr_tlv_u16(w, RECORD_ROLE, (uint16_t)want->role);
		break;
	case RECORD_ADDRESS:
		if (want->has_address)
			wr_tlv(w, RECORD_ADDRESS, bytes_over(want->address, 4));
		break;
	default:
		if (!want->blank)
			write_of_certificate(tag, want->cert, s, w);
		break;
	}
}

static int
write_record(const struct tlist_want *want, enum layout layout, struct wr *w, struct err *e)
{
	const uint8_t *tag = layout == LAYOUT_CISCO ? cisco_order : compat_order;
	enum cert_spelling s = layout == LAYOUT_CISCO ? CERT_CISCO : CERT_COMPAT;
	size_t start = w->n;

	for (; *tag != 0; tag++)
		write_element(*tag, want, s, w);
	if (w->bad || w->n - start > UINT16_MAX)
		return err_set(e, ERR_LIMIT, "too large: more than 65535 bytes, or the list is");
	wr_set_u16(w, start + 3, (uint16_t)(w->n - start));
	return 0;
}

static bool
is_sast(const struct tlist_want *want)
{
	return want->role == ROLE_SAST && !want->blank;
}

static bool
has_same_name(const struct cert *a, const struct cert *b)
{
	return cert_is_serial(a, cert_serial(b)) &&
	       cert_is_subject(a, cert_subject(b, CERT_COMPAT)) &&
	       cert_is_issuer(a, cert_issuer(b, CERT_COMPAT));
}

/* Exactly the certificate that signs, and no other that could be taken for it. */
static int
check_signer(const struct tlist_plan *plan, const struct cert *signer, struct err *e)
{
	bool found = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct tlist_want *want = &plan->want[i];

		if (!is_sast(want) || !has_same_name(want->cert, signer))
			continue;
		if (!cert_eq(want->cert, signer))
			return err_set(e, ERR_USAGE,
			    "record %zu: another certificate with the signer's names and serial "
			    "number",
			    i + 1);
		found = true;
	}
	if (!found)
		return err_set(e, ERR_USAGE, "the signer %s is not among the SAST records",
		    cert_subject(signer, CERT_CISCO));
	return 0;
}

static int
write_records(const struct tlist_plan *plan, struct wr *w, struct err *e)
{
	for (size_t i = 0; i < plan->n; i++)
		if (write_record(&plan->want[i], plan->layout, w, e) != 0)
			return err_prefix(e, "record %zu", i + 1);
	return 0;
}

static struct sighdr_plan
header_of(const struct tlist_plan *plan)
{
	struct sighdr_plan head = {
		.kind = SIGHDR_LIST,
		.layout = plan->layout,
		.digest = plan->digest,
		.has_signer_version = plan->has_signer_version,
		.signer_version = { plan->signer_version[0], plan->signer_version[1] },
		.filename = plan->filename,
		.timestamp = plan->timestamp,
	};

	return head;
}

/* The list into a buffer of its own, so that one over the limit leaves nothing behind. */
static int
encode(const struct tlist_plan *plan, const struct signer *signer, struct wr *file, struct err *e)
{
	struct sighdr_plan head = header_of(plan);
	struct wr records = { .max = TLIST_MAX };
	int rc = -1;

	if (write_records(plan, &records, e) == 0)
		rc = sighdr_write(&head, wr_view(&records), signer, file, e);
	wr_free(&records);
	return rc;
}

int
tlist_encode(
    const struct tlist_plan *plan, const struct signer *signer, struct wr *out, struct err *e)
{
	struct wr file = { .max = TLIST_MAX };
	int rc;

	if (plan->n > TLIST_RECORDS_MAX)
		return err_set(e, ERR_LIMIT, "%s: %zu records, more than %d", plan->filename,
		    plan->n, TLIST_RECORDS_MAX);
	if (check_signer(plan, signer->cert, e) != 0)
		return err_prefix(e, "%s", plan->filename);
	rc = encode(plan, signer, &file, e);
	if (rc == 0)
		wr_put(out, wr_view(&file));
	else
		err_prefix(e, "%s", plan->filename);
	wr_free(&file);
	return rc;
}
