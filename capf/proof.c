#include "capf/proof.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum {
	HASH_MAX = 64,	     /* SHA-512 */
	BLOCK_MAX = 512,     /* RSA of 4096 bits */
	SIGNATURE_MAX = 512, /* an EC signature is shorter */
	PADDING_LEAST = 11,  /* 00 01, eight times ff, 00: RFC 8017, 9.2 */
};

void
proof_data(const char *device, struct bytes der, struct wr *out)
{
	wr_text(out, device);
	wr_u8(out, '\0');
	wr_put(out, der);
}

void
proof_sudi_data(uint32_t session, struct bytes der, struct wr *out)
{
	for (unsigned i = 0; i < 4; i++)
		wr_u8(out, (uint8_t)(session >> (8 * i)));
	wr_put(out, der);
}

/* The bare hash in PKCS#1 type 1 padding, n bytes in all.  False: the key is too short for it, or
 * longer than any phone's. */
static bool
pad(enum digest digest, struct bytes data, int n, struct wr *block)
{
	uint8_t hash[HASH_MAX];
	size_t hash_n = 0;

	if (EVP_Q_digest(NULL, digest_word(digest), NULL, data.p, data.n, hash, &hash_n) != 1 ||
	    n > BLOCK_MAX || (size_t)n < hash_n + PADDING_LEAST)
		return false;
	wr_u8(block, 0);
	wr_u8(block, 1);
	wr_fill(block, 0xff, (size_t)n - hash_n - 3);
	wr_u8(block, 0);
	wr_put(block, bytes_over(hash, hash_n));
	return true;
}

static bool
sign_block(EVP_PKEY *key, struct bytes block, struct wr *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	uint8_t signature[BLOCK_MAX];
	size_t n = sizeof(signature);
	bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		  EVP_PKEY_sign(ctx, signature, &n, block.p, block.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (ok)
		wr_put(out, bytes_over(signature, n));
	return ok;
}

/* The public operation on the signature must give the block: without padding OpenSSL compares what
 * comes out with all of it.  There is nothing to parse, so nothing to leave room for a forgery. */
static bool
check_block(EVP_PKEY *key, struct bytes block, struct bytes signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		  EVP_PKEY_verify(ctx, signature.p, signature.n, block.p, block.n) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
sign_rsa(EVP_PKEY *key, enum digest digest, struct bytes data, struct wr *out)
{
	struct wr block = { 0 };
	bool ok = pad(digest, data, EVP_PKEY_get_size(key), &block) &&
		  sign_block(key, wr_view(&block), out);

	wr_free(&block);
	return ok;
}

static bool
check_rsa(EVP_PKEY *key, enum digest digest, struct bytes data, struct bytes signature)
{
	struct wr block = { 0 };
	bool ok = pad(digest, data, EVP_PKEY_get_size(key), &block) && signature.n == block.n &&
		  check_block(key, wr_view(&block), signature);

	wr_free(&block);
	return ok;
}

static bool
sign_ec(EVP_PKEY *key, enum digest digest, struct bytes data, struct wr *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_MAX];
	size_t n = sizeof(signature);
	bool ok =
	    ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, digest_word(digest), NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(ctx, signature, &n, data.p, data.n) == 1;

	EVP_MD_CTX_free(ctx);
	if (ok)
		wr_put(out, bytes_over(signature, n));
	return ok;
}

static bool
check_ec(EVP_PKEY *key, enum digest digest, struct bytes data, struct bytes signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok =
	    ctx != NULL &&
	    EVP_DigestVerifyInit_ex(ctx, NULL, digest_word(digest), NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(ctx, signature.p, signature.n, data.p, data.n) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

int
proof_sign(
    const struct key *k, enum digest digest, struct bytes data, struct wr *out, struct err *e)
{
	EVP_PKEY *key = key_handle(k);
	bool ok = EVP_PKEY_is_a(key, "RSA") ? sign_rsa(key, digest, data, out)
					    : sign_ec(key, digest, data, out);

	ERR_clear_error();
	if (!ok)
		return err_set(e, ERR_FAILED, "cannot sign with %s and this key of %d bits",
		    digest_word(digest), EVP_PKEY_get_bits(key));
	return 0;
}

static bool
check(const struct cert *c, enum digest digest, struct bytes data, struct bytes signature)
{
	EVP_PKEY *key = X509_get0_pubkey(cert_handle(c));

	switch (cert_key_kind(c)) {
	case CERT_KEY_RSA:
		return check_rsa(key, digest, data, signature);
	case CERT_KEY_EC:
		return check_ec(key, digest, data, signature);
	case CERT_KEY_OTHER:
		break;
	}
	return false;
}

int
proof_check(const struct cert *c, enum digest digest, struct bytes data, struct bytes signature,
    struct err *e)
{
	bool ok = check(c, digest, data, signature);

	ERR_clear_error();
	if (!ok)
		return err_set(e, ERR_NO, "the signature with %s is not by the key of %s",
		    digest_word(digest), cert_subject(c, CERT_CISCO));
	return 0;
}
