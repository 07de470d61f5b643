#include "trust/enc.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/mem.h"
#include "trust/header.h"

enum { BLOCK = 16, PLAIN_MAX = 16 << 20, RSA_BITS_LEAST = 512, RSA_BITS_MOST = 4096 };

/* CR, as enccnf pads; readers count it and do not look at it. */
enum { PAD_BYTE = 0x0d };

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

/* ---- sealing ---- */

int
enc_check_recipient(const struct cert *phone, struct err *e)
{
	int bits = cert_key_bits(phone);

	if (cert_key_kind(phone) == CERT_KEY_RSA && bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST)
		return 0;
	return err_set(e, ERR_USAGE,
	    "nothing can be encrypted to %.200s: that takes an RSA key of %d to %d bits, it has %s",
	    cert_subject(phone, CERT_CISCO), RSA_BITS_LEAST, RSA_BITS_MOST,
	    cert_key_kind(phone) == CERT_KEY_EC	   ? "an EC key"
	    : cert_key_kind(phone) == CERT_KEY_RSA ? "an RSA key of another size"
						   : "a key of another kind");
}

/* The AES key to the phone: RSA PKCS#1 v1.5, appended to out. */
static int
wrap_key(const struct cert *phone, struct bytes key, struct wr *out)
{
	EVP_PKEY *pkey = X509_get0_pubkey(cert_handle(phone));
	uint8_t wrapped[RSA_BITS_MOST / 8];
	size_t n = sizeof(wrapped);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	int ok;

	ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_encrypt(ctx, wrapped, &n, key.p, key.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (ok)
		wr_put(out, bytes_over(wrapped, n));
	return ok ? 0 : -1;
}

/* AES-128-CBC over plain text and padding; gives the payload and how many bytes the padding has. */
static int
encrypt(const struct enc_chance *chance, struct bytes plain, struct wr *payload, uint16_t *pad)
{
	size_t count = BLOCK - plain.n % BLOCK; /* a whole block when there is nothing to fill */
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t padding[BLOCK];
	int n = 0, more = 0, last = 0, ok;

	memset(padding, PAD_BYTE, sizeof(padding));
	wr_fill(payload, 0, plain.n + count);
	ok = !payload->bad && ctx != NULL &&
	     EVP_EncryptInit_ex2(ctx, EVP_aes_128_cbc(), chance->key, chance->iv, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_EncryptUpdate(ctx, payload->p, &n, plain.p, (int)plain.n) == 1 &&
	     EVP_EncryptUpdate(ctx, payload->p + n, &more, padding, (int)count) == 1 &&
	     EVP_EncryptFinal_ex(ctx, payload->p + n + more, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	*pad = (uint16_t)count;
	return ok && (size_t)n + (size_t)more + (size_t)last == payload->n ? 0 : -1;
}

/* 18, 22 and 24: as enccnf writes them; nobody knows what they say. */
static void
put_encryption(const struct enc_chance *chance, uint16_t pad, struct wr *w)
{
	size_t all = wr_open(w, HEADER_ENCRYPTION), part = wr_open(w, HEADER_CIPHERINFO);

	wr_tlv_u8(w, HEADER_CIPHER, 0);
	wr_tlv(w, HEADER_IV, bytes_over(chance->iv, sizeof(chance->iv)));
	wr_tlv_u16(w, HEADER_PADCOUNT, pad);
	wr_close(w, part);
	part = wr_open(w, HEADER_KEYINFO);
	wr_tlv_u8(w, HEADER_KEYCIPHER, 0);
	wr_tlv_u16(w, HEADER_KEYBITS, chance->key_bits);
	wr_tlv_u8(w, HEADER_KEYALGORITHM, 1);
	wr_tlv(w, HEADER_WRAPPEDKEY, chance->wrapped_key);
	wr_close(w, part);
	wr_close(w, all);
}

static int
put_plain_hash(enum digest digest, struct bytes plain, struct wr *w, struct err *e)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (EVP_Q_digest(NULL, digest_word(digest), NULL, plain.p, plain.n, hash, &n) != 1)
		return err_set(e, ERR_FAILED, "cannot hash the plain text");
	wr_tlv_u8(w, HEADER_PLAINDIGEST, (uint8_t)digest);
	wr_tlv(w, HEADER_PLAINHASH, bytes_over(hash, n));
	return 0;
}

/* The payload, and the elements of the header that speak of it. */
static int
seal(const struct enc_plan *plan, struct bytes plain, const struct enc_chance *chance,
    struct wr *payload, struct wr *elements, struct err *e)
{
	uint16_t pad;

	if (plain.n > PLAIN_MAX - BLOCK)
		return err_set(
		    e, ERR_LIMIT, "%zu bytes to encrypt, more than %d", plain.n, PLAIN_MAX - BLOCK);
	if (encrypt(chance, plain, payload, &pad) != 0)
		return err_set(e, ERR_FAILED, "cannot encrypt %zu bytes", plain.n);
	put_encryption(chance, pad, elements);
	return put_plain_hash(plan->digest, plain, elements, e);
}

int
enc_seal_with(const struct enc_plan *plan, struct bytes plain, const struct enc_chance *chance,
    const struct signer *signer, struct wr *out, struct err *e)
{
	struct sighdr_plan head = {
		.kind = SIGHDR_ENCRYPTED,
		.layout = plan->layout,
		.digest = plan->digest,
		.filename = plan->filename,
		.timestamp = plan->timestamp,
	};
	struct wr payload = { 0 }, elements = { 0 };
	int rc = seal(plan, plain, chance, &payload, &elements, e);

	if (rc == 0) {
		head.encryption = wr_view(&elements);
		rc = sighdr_write(&head, wr_view(&payload), signer, out, e);
	}
	wr_free(&payload);
	wr_free(&elements);
	return rc;
}

/* A key and an IV that nothing else has, and the key wrapped. */
static int
cast_dice(const struct cert *phone, struct enc_chance *chance, struct wr *wrapped, struct err *e)
{
	if (RAND_priv_bytes(chance->key, sizeof(chance->key)) != 1 ||
	    RAND_bytes(chance->iv, sizeof(chance->iv)) != 1)
		return err_set(e, ERR_FAILED, "no random numbers");
	if (wrap_key(phone, bytes_over(chance->key, sizeof(chance->key)), wrapped) != 0)
		return err_set(e, ERR_FAILED, "cannot encrypt a key to %.200s",
		    cert_subject(phone, CERT_CISCO));
	chance->wrapped_key = wr_view(wrapped);
	chance->key_bits = (uint16_t)cert_key_bits(phone);
	return 0;
}

int
enc_seal(const struct enc_plan *plan, struct bytes plain, const struct cert *phone,
    const struct signer *signer, struct wr *out, struct err *e)
{
	struct enc_chance chance = { .key_bits = 0 };
	struct wr wrapped = { 0 };
	int rc = enc_check_recipient(phone, e);

	if (rc == 0)
		rc = cast_dice(phone, &chance, &wrapped, e);
	if (rc == 0)
		rc = enc_seal_with(plan, plain, &chance, signer, out, e);
	mem_wipe(&chance, sizeof(chance));
	wr_free(&wrapped);
	return rc;
}
