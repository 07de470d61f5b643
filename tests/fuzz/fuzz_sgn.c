/* links: tl_format */
#include <assert.h>
#include <string.h>

#include "tests/support/fuzz.h"
#include "trust/enc.h"
#include "trust/sgn.h"

/* Any wrapped key opens: to its own first bytes, so that the fuzzer can choose the length. */
static int
unwrap(void *key, struct bytes wrapped, struct wr *out, struct err *e)
{
	(void)key;
	if (wrapped.n == 0)
		return err_set(e, ERR_NO, "empty");
	wr_put(out, bytes_part(wrapped, 0, 16 + 16 * (wrapped.p[0] % 2)));
	return 0;
}

static void
check_header(const struct sighdr *h, struct bytes file, struct bytes payload)
{
	struct bytes element = bytes_part(file, h->signature_at, h->signature_element);

	assert(h->length + payload.n == file.n);
	assert(element.n == h->signature.n + 3 && element.p[0] == 12);
	assert(bytes_eq(bytes_from(element, 3), h->signature));
	assert(h->signature_at + element.n <= h->length);
	assert(h->digest == DIGEST_SHA1 || h->digest == DIGEST_SHA512);
	assert(strlen(h->signer_name) + strlen(h->ca_name) + strlen(h->filename) < h->length);
}

static void
check_encrypted(const struct enc *x, struct bytes file)
{
	struct opener who = { .unwrap = unwrap };
	struct wr plain = { 0 };
	struct err e = { 0 };

	check_header(&x->head, file, x->payload);
	if (enc_open(x, &who, &plain, &e) == 0)
		assert(plain.n + x->head.pad_count == x->payload.n);
	else
		assert(plain.n == 0 && e.text[0] != '\0');
	wr_free(&plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes file = bytes_over(p, n);
	struct err e = { 0 };
	struct sgn s;
	struct enc x;
	int is_signed = sgn_unwrap(file, &s, &e), is_encrypted = enc_decode(file, &x, &e);

	assert(is_signed != 0 || is_encrypted != 0); /* never both */
	if (is_signed == 0)
		check_header(&s.head, file, s.payload);
	if (is_encrypted == 0)
		check_encrypted(&x, file);
	return 0;
}
