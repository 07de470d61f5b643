#include "trust/bundle.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { DER_SEQUENCE = 0x30, DER_OID = 0x06 };

static int
refuse(struct err *e, const char *why)
{
	ERR_clear_error();
	return err_set(e, ERR_MALFORMED, "%s", why);
}

static bool
holds(const struct bundle *b, const struct cert *c)
{
	for (size_t i = 0; i < b->n; i++)
		if (cert_eq(b->cert[i], c))
			return true;
	return false;
}

static void
push(struct bundle *b, struct cert *c)
{
	b->cert = mem_resize(b->cert, (b->n + 1) * sizeof(struct cert *));
	b->cert[b->n++] = c;
}

static int
too_many(struct err *e)
{
	return err_set(e, ERR_LIMIT, "more than %d certificates", BUNDLE_CERTS_MAX);
}

static int
add_cert(struct bundle *b, struct bytes der, struct err *e)
{
	struct cert *c = cert_from_der(der, e);

	if (c == NULL)
		return -1;
	if (holds(b, c)) {
		cert_free(c);
		return 0;
	}
	if (b->n == BUNDLE_CERTS_MAX) {
		cert_free(c);
		return too_many(e);
	}
	push(b, c);
	return 0;
}

static int
add_x509(struct bundle *b, const X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	int rc;

	if (n < 0)
		return refuse(e, "a certificate in PKCS#7 that cannot be read");
	rc = add_cert(b, bytes_over(der, (size_t)n), e);
	OPENSSL_free(der);
	return rc;
}

/* Nobody looks at what PKCS#7 signs, or at its signatures: CAs use it as an envelope. */
static int
add_pkcs7(struct bundle *b, struct bytes der, struct err *e)
{
	const unsigned char *p = der.p;
	PKCS7 *envelope = d2i_PKCS7(NULL, &p, (long)der.n);
	const STACK_OF(X509) *certs = NULL;
	int rc = 0;

	if (envelope == NULL || p != der.p + der.n) {
		PKCS7_free(envelope);
		return refuse(e, "PKCS#7 that cannot be read");
	}
	if (PKCS7_type_is_signed(envelope) && envelope->d.sign != NULL)
		certs = envelope->d.sign->cert;
	for (int i = 0; rc == 0 && i < sk_X509_num(certs); i++)
		rc = add_x509(b, sk_X509_value(certs, i), e);
	PKCS7_free(envelope);
	ERR_clear_error();
	return rc;
}

/* The first thing in PKCS#7 is the OID that says so; in a certificate it is another sequence. */
static bool
is_pkcs7(struct bytes der)
{
	struct rd r = rd_over(der);
	uint8_t length;

	if (rd_u8(&r) != DER_SEQUENCE)
		return false;
	length = rd_u8(&r);
	if (length > 0x80)
		rd_take(&r, length & 0x7f);
	return rd_u8(&r) == DER_OID;
}

static int
add_der(struct bundle *b, struct bytes der, struct err *e)
{
	return is_pkcs7(der) ? add_pkcs7(b, der, e) : add_cert(b, der, e);
}

/* The name does not tell which of the two it is: Microsoft's CA writes "CERTIFICATE" over PKCS#7.
 */
static bool
is_of_certs(const char *name)
{
	static const char *const names[] = { PEM_STRING_X509, PEM_STRING_X509_OLD, PEM_STRING_PKCS7,
		PEM_STRING_PKCS7_SIGNED, PEM_STRING_CMS };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The next PEM block: 1; no more: 0. */
static int
add_block(struct bundle *b, BIO *in, unsigned number, struct err *e)
{
	unsigned char *der = NULL;
	char *name = NULL, *header = NULL;
	long n = 0;
	int rc = 0;

	if (PEM_read_bio(in, &name, &header, &der, &n) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
			return 0;
		return err_set(e, ERR_MALFORMED, "PEM block %u cannot be read", number);
	}
	if (is_of_certs(name) && add_der(b, bytes_over(der, (size_t)n), e) != 0)
		rc = err_prefix(e, "PEM block %u", number);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)n); /* it may have been a private key */
	return rc == 0 ? 1 : -1;
}

static int
add_pem(struct bundle *b, struct bytes text, struct err *e)
{
	BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
	int rc = 1;

	if (in == NULL)
		abort(); /* nothing but memory can run out */
	ERR_clear_error();
	for (unsigned number = 1; rc == 1; number++)
		rc = add_block(b, in, number, e);
	BIO_free(in);
	ERR_clear_error();
	return rc;
}

/* Moves into b what it has not got. */
static int
merge(struct bundle *b, struct bundle *from, struct err *e)
{
	size_t fresh = 0;

	for (size_t i = 0; i < from->n; i++)
		fresh += !holds(b, from->cert[i]);
	if (b->n + fresh > BUNDLE_CERTS_MAX)
		return too_many(e);
	for (size_t i = 0; i < from->n; i++) {
		if (holds(b, from->cert[i]))
			continue;
		push(b, from->cert[i]);
		from->cert[i] = NULL;
	}
	return 0;
}

int
bundle_add(struct bundle *b, struct bytes file, struct err *e)
{
	struct bundle got = { 0 };
	int rc = 0;

	if (file.n > BUNDLE_FILE_MAX)
		return err_set(e, ERR_LIMIT, "%zu bytes, more than %d", file.n, BUNDLE_FILE_MAX);
	if (file.n > 0)
		rc = file.p[0] == DER_SEQUENCE ? add_der(&got, file, e) : add_pem(&got, file, e);
	if (rc == 0 && got.n == 0)
		rc = err_set(e, ERR_MALFORMED, "no certificate in it, in PEM, DER or PKCS#7");
	if (rc == 0)
		rc = merge(b, &got, e);
	bundle_free(&got);
	return rc;
}

void
bundle_free(struct bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		cert_free(b->cert[i]);
	free(b->cert);
	*b = (struct bundle){ 0 };
}
