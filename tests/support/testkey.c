#include "tests/support/testkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/suite.h"

struct testkey {
	struct cert *cert;
	EVP_PKEY *key;
};

static EVP_PKEY *
key_of(struct bytes pem)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	BIO_free(in);
	return key;
}

struct testkey *
testkey_of(struct bytes pem)
{
	struct testkey *k = mem_new(sizeof(*k));
	struct err e = { 0 };

	k->cert = cert_from_pem(pem, &e);
	k->key = key_of(pem);
	if (k->cert == NULL || k->key == NULL) {
		fprintf(stderr, "\nno certificate and key: %s\n", e.text);
		exit(1);
	}
	return k;
}

struct testkey *
testkey_load(const char *name)
{
	struct wr pem = suite_file(name);
	struct testkey *k = testkey_of(wr_view(&pem));

	wr_free(&pem);
	return k;
}

void
testkey_free(struct testkey *k)
{
	if (k == NULL)
		return;
	cert_free(k->cert);
	EVP_PKEY_free(k->key);
	free(k);
}

const struct cert *
testkey_cert(const struct testkey *k)
{
	return k->cert;
}

static int
sign(void *key, enum digest digest, const struct bytes *part, size_t parts, struct wr *out,
    struct err *e)
{
	const struct testkey *k = key;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[1024];
	size_t n = sizeof(signature);
	int ok;

	ok = EVP_DigestSignInit_ex(ctx, NULL, digest_word(digest), NULL, NULL, k->key, NULL) == 1;
	for (size_t i = 0; ok && i < parts; i++)
		ok = EVP_DigestSignUpdate(ctx, part[i].p, part[i].n) == 1;
	ok = ok && EVP_DigestSignFinal(ctx, signature, &n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return err_set(e, ERR_FAILED, "cannot sign");
	wr_put(out, bytes_over(signature, n));
	return 0;
}

struct signer
testkey_signer(struct testkey *k)
{
	return (struct signer){ .cert = k->cert, .sign = sign, .key = k };
}

static int
unwrap(void *key, struct bytes wrapped, struct wr *out, struct err *e)
{
	const struct testkey *k = key;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->key, NULL);
	uint8_t plain[1024];
	size_t n = sizeof(plain);
	int ok;

	ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_decrypt(ctx, plain, &n, wrapped.p, wrapped.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return err_set(e, ERR_NO, "does not open");
	wr_put(out, bytes_over(plain, n));
	return 0;
}

struct opener
testkey_opener(struct testkey *k)
{
	return (struct opener){ .unwrap = unwrap, .key = k };
}
