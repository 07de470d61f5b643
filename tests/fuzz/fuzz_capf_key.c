/* links: tl_capf */
#include <assert.h>
#include <openssl/x509.h>

#include "capf/issue.h"
#include "tests/support/fuzz.h"

/* What the first byte orders. */
static const struct issue_want wants[] = {
	{ .kind = KEY_RSA, .bits = 512 },
	{ .kind = KEY_RSA, .bits = 1024 },
	{ .kind = KEY_RSA, .bits = 2048 },
	{ .kind = KEY_EC, .bits = 256 },
	{ .kind = KEY_EC, .bits = 384 },
	{ .kind = KEY_EC, .bits = 521 },
};

enum { WANTS = sizeof(wants) / sizeof(wants[0]) };

/* A key that is taken is the one that was ordered, and OpenSSL reads and writes the same bytes. */
static void
check_taken(const struct issue_want *want, struct bytes key)
{
	const unsigned char *p = key.p;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)key.n);
	unsigned char *again = NULL;
	int n;

	assert(pkey != NULL && p == key.p + key.n);
	assert(EVP_PKEY_get_bits(pkey) == want->bits);
	assert(EVP_PKEY_get_base_id(pkey) == (want->kind == KEY_EC ? EVP_PKEY_EC : EVP_PKEY_RSA));
	n = i2d_PUBKEY(pkey, &again);
	assert(n > 0 && bytes_eq(bytes_over(again, (size_t)n), key));
	OPENSSL_free(again);
	EVP_PKEY_free(pkey);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_over(data, size);
	const struct issue_want *want = &wants[size == 0 ? 0 : data[0] % WANTS];
	struct bytes key = bytes_from(in, size == 0 ? 0 : 1);
	struct err e = { 0 };

	if (issue_check_key(want, key, &e) == 0)
		check_taken(want, key);
	else
		assert((e.code == ERR_NO || e.code == ERR_MALFORMED) && e.text[0] != '\0');
	return 0;
}
