/* links: tl_format */
#include <assert.h>

#include "tests/support/fuzz.h"
#include "trust/bundle.h"

/* However they came, as PEM they come again. */
static void
check_again(const struct bundle *b)
{
	struct bundle again = { 0 };
	struct wr pem = { 0 };

	for (size_t i = 0; i < b->n; i++)
		cert_to_pem(b->cert[i], &pem);
	if (pem.n <= BUNDLE_FILE_MAX) {
		assert(bundle_add(&again, wr_view(&pem), NULL) == 0 && again.n == b->n);
		for (size_t i = 0; i < b->n; i++)
			assert(cert_eq(b->cert[i], again.cert[i]));
	}
	bundle_free(&again);
	wr_free(&pem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes file = bytes_over(p, n);
	struct bundle b = { 0 };
	struct err e = { 0 };
	int rc = bundle_add(&b, file, &e);
	size_t had = b.n;

	assert((rc == 0) == (had > 0) && (rc == 0) == (e.text[0] == '\0'));
	assert(had <= BUNDLE_CERTS_MAX);
	if (rc == 0) {
		check_again(&b);
		assert(bundle_add(&b, file, &e) == 0 && b.n == had);
	}
	bundle_free(&b);
	return 0;
}
