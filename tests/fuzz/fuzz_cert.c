/* links: tl_format */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "trust/cert.h"

static void
check_name(const char *name)
{
	assert(strlen(name) < CERT_NAME_MAX);
	assert(bytes_is_utf8(bytes_of(name)));
}

/* However a certificate is spelled, it is known by that spelling. */
static void
check_names(const struct cert *c)
{
	for (int s = CERT_CISCO; s <= CERT_COMPAT; s++) {
		check_name(cert_subject(c, (enum cert_spelling)s));
		check_name(cert_issuer(c, (enum cert_spelling)s));
		assert(cert_is_subject(c, cert_subject(c, (enum cert_spelling)s)));
		assert(cert_is_issuer(c, cert_issuer(c, (enum cert_spelling)s)));
	}
	check_name(cert_common_name(c));
	assert(cert_serial(c).n <= CERT_SERIAL_MAX);
	assert(cert_public_key(c).n > 0);
}

static void
check_pem(const struct cert *c)
{
	struct wr pem = { 0 };
	struct cert *again;

	cert_to_pem(c, &pem);
	again = cert_from_pem(wr_view(&pem), NULL);
	assert(again != NULL && cert_eq(c, again));
	assert(bytes_eq(cert_sha256(c), cert_sha256(again)));
	cert_free(again);
	wr_free(&pem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = bytes_over(p, n);
	struct err e = { 0 };
	struct cert *c = n > 0 && p[0] == '-' ? cert_from_pem(in, &e) : cert_from_der(in, &e);

	assert((c == NULL) == (e.text[0] != '\0'));
	if (c == NULL)
		return 0;
	check_names(c);
	check_pem(c);
	(void)cert_check_signature(c, DIGEST_SHA1, &in, 1, cert_signature(c), &e);
	cert_free(c);
	return 0;
}
