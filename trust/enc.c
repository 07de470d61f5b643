#include "trust/enc.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum { BLOCK = 16, PLAIN_MAX = 16 << 20 };

int
enc_decode(struct bytes file, struct enc *out, struct err *e)
{
	struct enc x;

	memset(out, 0, sizeof(*out));
	if (sighdr_decode(file, SIGHDR_ENCRYPTED, &x.head, e) != 0)
		return -1;
	x.payload = bytes_from(file, x.head.length);
	*out = x;
	return 0;
}

int
enc_verify(const struct enc *x, struct bytes file, const struct cert *signer, struct err *e)
{
	return sighdr_verify(&x->head, file, signer, e);
}

/* What anybody can see without a key. */
static int
check_shape(const struct enc *x, struct err *e)
{
	size_t pad = x->head.pad_count;

	if (x->payload.n > PLAIN_MAX)
		return err_set(
		    e, ERR_LIMIT, "%zu encrypted bytes, more than %d", x->payload.n, PLAIN_MAX);
	if (x->payload.n == 0 || x->payload.n % BLOCK != 0)
		return err_set(e, ERR_MALFORMED,
		    "%zu encrypted bytes are not one or more blocks of %d", x->payload.n, BLOCK);
	if (pad > BLOCK)
		return err_set(e, ERR_MALFORMED, "padding of %zu bytes in %zu encrypted ones", pad,
		    x->payload.n);
	return 0;
}

/* The AES key.  Whatever the wrapped bytes open to, the caller gets a key: a random one when they
 * open to nothing or to something that is none, and the hash of the plain text then tells.  Saying
 * here whether they opened would answer Bleichenbacher's question.  Only what has nothing to do
 * with these bytes (a key that is away) is an error. */
static int
unwrap(const struct enc *x, const struct opener *who, struct wr *key, struct err *e)
{
	struct err why = { 0 };
	uint8_t other[16];
	int rc = who->unwrap(who->key, x->head.wrapped_key, key, &why);

	ERR_clear_error();
	if (rc != 0 && why.code != ERR_NO) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (RAND_bytes(other, sizeof(other)) != 1)
		return err_set(e, ERR_FAILED, "no random numbers");
	if (rc != 0 || (key->n != 16 && key->n != 32)) {
		key->n = 0;
		wr_put(key, bytes_over(other, sizeof(other)));
	}
	return 0;
}

/* AES-CBC, 128 or 256 by the key; the padding stays. */
static int
decrypt(const struct enc *x, struct bytes key, struct wr *plain)
{
	const EVP_CIPHER *cipher = key.n == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0, ok;

	wr_fill(plain, 0, x->payload.n);
	ok = ctx != NULL && EVP_DecryptInit_ex2(ctx, cipher, key.p, x->head.iv.p, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_DecryptUpdate(ctx, plain->p, &n, x->payload.p, (int)x->payload.n) == 1 &&
	     EVP_DecryptFinal_ex(ctx, plain->p + n, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return ok && (size_t)(n + last) == x->payload.n ? 0 : -1;
}

static bool
is_plain(const struct enc *x, struct bytes plain)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (EVP_Q_digest(
		NULL, digest_word(x->head.plain_digest), NULL, plain.p, plain.n, hash, &n) != 1)
		return false;
	return n == x->head.plain_hash.n && CRYPTO_memcmp(hash, x->head.plain_hash.p, n) == 0;
}

/* One sentence for every way in which a key does not fit. */
static int
open_with(const struct enc *x, struct bytes key, struct wr *out, struct err *e)
{
	struct wr plain = { 0 };
	int rc = decrypt(x, key, &plain);

	if (rc == 0) {
		plain.n -= x->head.pad_count;
		rc = is_plain(x, wr_view(&plain)) ? 0 : -1;
	}
	if (rc == 0)
		wr_put(out, wr_view(&plain));
	else
		err_set(e, ERR_NO, "does not open with this key to what its hash says");
	wr_wipe(&plain);
	return rc;
}

int
enc_open(const struct enc *x, const struct opener *who, struct wr *out, struct err *e)
{
	struct wr key = { 0 };
	int rc = -1;

	if (check_shape(x, e) != 0)
		return -1;
	if (unwrap(x, who, &key, e) == 0)
		rc = open_with(x, wr_view(&key), out, e);
	wr_wipe(&key);
	return rc;
}
