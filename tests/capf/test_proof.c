#include "capf/proof.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/suite.h"

#define DEVICE "SEP001122334455"

/* A certificate and its key, which the test frees. */
struct pair {
	struct key *key;
	struct cert *cert;
};

static struct pair
pair_of(const char *name)
{
	char *path = mem_fmt("%s/vectors/certs/%s.pem", TEST_DATA, name);
	struct pair p;
	struct err e;

	if (key_load_pair(path, &p.key, &p.cert, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	free(path);
	return p;
}

static void
pair_free(struct pair *p)
{
	key_free(p->key);
	cert_free(p->cert);
}

static struct wr
data_of(const struct cert *c)
{
	struct wr w = { 0 };

	proof_data(DEVICE, cert_der(c), &w);
	return w;
}

static int
check_file(const struct cert *c, enum digest digest, struct bytes data, const char *file)
{
	struct wr signature = suite_file(file);
	struct err e = { 0 };
	int rc = proof_check(c, digest, data, wr_view(&signature), &e);

	CU_ASSERT((rc == 0) == (e.code == ERR_NONE));
	CU_ASSERT(rc == 0 || e.code == ERR_NO);
	wr_free(&signature);
	return rc;
}

static void
what_is_signed_is_name_nul_and_certificate(void)
{
	struct wr want = suite_hex("53455031 00 3003 abcdef"), w = { 0 };

	proof_data("SEP1", bytes_over("\x30\x03\xab\xcd\xef", 5), &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
	want = suite_hex("04030201 3003 abcdef");
	proof_sudi_data(0x01020304, bytes_over("\x30\x03\xab\xcd\xef", 5), &w);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
}

/* tests/data/capf/make.sh: what OpenSSL's own program makes of a bare hash, and usecallmanagernz's
 * capfd accepts. */
static void
signatures_of_others_verify(void)
{
	struct pair rsa = pair_of("device-rsa2048"), ec = pair_of("device-ec256");
	struct wr data = data_of(rsa.cert), ec_data = data_of(ec.cert);

	CU_ASSERT_EQUAL(check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/rsa2048.sha1"), 0);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA512, wr_view(&data), "capf/rsa2048.sha512"), 0);
	CU_ASSERT_EQUAL(check_file(ec.cert, DIGEST_SHA1, wr_view(&ec_data), "capf/ec256.sha1"), 0);
	CU_ASSERT_EQUAL(
	    check_file(ec.cert, DIGEST_SHA512, wr_view(&ec_data), "capf/ec256.sha512"), 0);
	wr_free(&data);
	wr_free(&ec_data);
	pair_free(&rsa);
	pair_free(&ec);
}

static void
another_hash_or_key_or_name_does_not(void)
{
	struct pair rsa = pair_of("device-rsa2048"), ec = pair_of("device-ec256");
	struct wr data = data_of(rsa.cert), other = { 0 };

	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA512, wr_view(&data), "capf/rsa2048.sha1"), -1);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/rsa2048.sha512"), -1);
	CU_ASSERT_EQUAL(check_file(ec.cert, DIGEST_SHA1, wr_view(&data), "capf/rsa2048.sha1"), -1);
	CU_ASSERT_EQUAL(check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/ec256.sha1"), -1);
	proof_data("SEP001122334456", cert_der(rsa.cert), &other);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA1, wr_view(&other), "capf/rsa2048.sha1"), -1);
	wr_free(&data);
	wr_free(&other);
	pair_free(&rsa);
	pair_free(&ec);
}

static void
sudi_signs_the_number_least_byte_first(void)
{
	struct pair rsa = pair_of("device-rsa2048");
	struct wr data = { 0 };

	proof_sudi_data(0x01020304, cert_der(rsa.cert), &data);
	CU_ASSERT_EQUAL(check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/sudi.sha1"), 0);
	CU_ASSERT_EQUAL(check_file(rsa.cert, DIGEST_SHA512, wr_view(&data), "capf/sudi.sha512"), 0);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/sudi-big.sha1"), -1);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA512, wr_view(&data), "capf/sudi-big.sha512"), -1);
	wr_free(&data);
	pair_free(&rsa);
}

/* capfd compares the last bytes of what comes out, and takes it. */
static void
a_signature_with_digest_info_is_refused(void)
{
	struct pair rsa = pair_of("device-rsa2048");
	struct wr data = data_of(rsa.cert), signature = suite_file("capf/digestinfo.sha1");
	struct bytes part = wr_view(&data);
	struct err e;

	CU_ASSERT_EQUAL(
	    cert_check_signature(rsa.cert, DIGEST_SHA1, &part, 1, wr_view(&signature), &e), 0);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA1, wr_view(&data), "capf/digestinfo.sha1"), -1);
	CU_ASSERT_EQUAL(
	    check_file(rsa.cert, DIGEST_SHA512, wr_view(&data), "capf/digestinfo.sha512"), -1);
	wr_free(&signature);
	wr_free(&data);
	pair_free(&rsa);
}

/* RSA signatures are the same each time, so ours can be held against OpenSSL's program. */
static void
rsa_signs_as_openssl_does(void)
{
	struct pair rsa = pair_of("device-rsa2048");
	struct wr data = data_of(rsa.cert), want = suite_file("capf/rsa2048.sha1"), w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(proof_sign(rsa.key, DIGEST_SHA1, wr_view(&data), &w, &e), 0);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
	want = suite_file("capf/rsa2048.sha512");
	CU_ASSERT_EQUAL(proof_sign(rsa.key, DIGEST_SHA512, wr_view(&data), &w, &e), 0);
	CU_ASSERT(bytes_eq(wr_view(&w), wr_view(&want)));
	wr_free(&w);
	wr_free(&want);
	wr_free(&data);
	pair_free(&rsa);
}

static void
see_signed(const char *name, enum digest digest)
{
	struct pair p = pair_of(name);
	struct wr data = data_of(p.cert), w = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(proof_sign(p.key, digest, wr_view(&data), &w, &e), 0);
	CU_ASSERT_EQUAL(proof_check(p.cert, digest, wr_view(&data), wr_view(&w), &e), 0);
	wr_free(&w);
	wr_free(&data);
	pair_free(&p);
}

static void
what_we_sign_we_accept(void)
{
	static const char *const names[] = { "device-rsa1024", "device-rsa2048", "device-rsa4096",
		"device-ec256", "tftp-ec384" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		see_signed(names[i], DIGEST_SHA1);
		see_signed(names[i], DIGEST_SHA512);
	}
}

/* 64 bytes hold SHA-1 and its padding, but not SHA-512. */
static void
a_key_must_have_room_for_the_hash(void)
{
	struct pair p = pair_of("sast-512");
	struct wr data = data_of(p.cert), w = { 0 };
	uint8_t zero[64] = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(proof_sign(p.key, DIGEST_SHA1, wr_view(&data), &w, &e), 0);
	CU_ASSERT_EQUAL(proof_check(p.cert, DIGEST_SHA1, wr_view(&data), wr_view(&w), &e), 0);
	CU_ASSERT_EQUAL(w.n, 64);
	wr_free(&w);
	CU_ASSERT_EQUAL(proof_sign(p.key, DIGEST_SHA512, wr_view(&data), &w, &e), -1);
	CU_ASSERT(w.n == 0 && e.code == ERR_FAILED);
	CU_ASSERT_EQUAL(
	    proof_check(p.cert, DIGEST_SHA512, wr_view(&data), bytes_over(zero, 64), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	wr_free(&w);
	wr_free(&data);
	pair_free(&p);
}

/* What was signed by c, and is not when it is changed. */
struct signed_by {
	const struct cert *cert;
	struct bytes data;
};

static void
see_changed(struct bytes signature, size_t at, void *ctx)
{
	const struct signed_by *s = ctx;
	struct err e = { 0 };

	(void)at;
	CU_ASSERT_EQUAL(proof_check(s->cert, DIGEST_SHA1, s->data, signature, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
}

static void
see_all_changes(const char *name, const char *file)
{
	struct pair p = pair_of(name);
	struct wr data = data_of(p.cert), signature = suite_file(file), longer = { 0 };
	struct signed_by s = { p.cert, wr_view(&data) };

	each_cut(wr_view(&signature), see_changed, &s);
	each_flip(wr_view(&signature), see_changed, &s);
	wr_u8(&longer, 0);
	wr_put(&longer, wr_view(&signature));
	see_changed(wr_view(&longer), 0, &s);
	wr_u8(&longer, 0);
	see_changed(bytes_from(wr_view(&longer), 1), 0, &s);
	wr_free(&longer);
	wr_free(&signature);
	wr_free(&data);
	pair_free(&p);
}

static void
every_change_of_a_signature_is_refused(void)
{
	see_all_changes("device-rsa2048", "capf/rsa2048.sha1");
	see_all_changes("device-ec256", "capf/ec256.sha1");
}

/* A signature that begins with 00, which one of 256 does, and the data it is over. */
static void
sign_small(const struct pair *p, struct wr *data, struct wr *signature)
{
	struct err e;

	for (unsigned i = 0; i < 10000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "SEP%u", i);
		wr_free(data);
		wr_free(signature);
		proof_data(name, cert_der(p->cert), data);
		if (proof_sign(p->key, DIGEST_SHA1, wr_view(data), signature, &e) != 0)
			break;
		if (signature->p[0] == 0)
			return;
	}
	abort();
}

/* The number is the same without it, and OpenSSL would take it. */
static void
a_signature_is_as_long_as_the_modulus(void)
{
	struct pair p = pair_of("device-rsa1024");
	struct wr data = { 0 }, signature = { 0 };
	struct err e;

	sign_small(&p, &data, &signature);
	CU_ASSERT_EQUAL(
	    proof_check(p.cert, DIGEST_SHA1, wr_view(&data), wr_view(&signature), &e), 0);
	CU_ASSERT_EQUAL(proof_check(p.cert, DIGEST_SHA1, wr_view(&data),
			    bytes_from(wr_view(&signature), 1), &e),
	    -1);
	wr_free(&signature);
	wr_free(&data);
	pair_free(&p);
}

/* ---- forgeries that need no key when the exponent is 3 ---- */

static EVP_PKEY *
rsa_with_exponent_3(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	EVP_PKEY *key = NULL;
	BIGNUM *three = BN_new();

	BN_set_word(three, 3);
	if (EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) != 1 ||
	    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) != 1 ||
	    EVP_PKEY_generate(ctx, &key) != 1)
		exit(1);
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static struct cert *
cert_over(EVP_PKEY *key)
{
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct cert *c;
	int n;

	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 60);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	n = i2d_X509(x, &der);
	c = cert_from_der(bytes_over(der, n > 0 ? (size_t)n : 0), NULL);
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

static void
cube(BIGNUM *to, const BIGNUM *of, BN_CTX *ctx)
{
	BN_sqr(to, of, ctx);
	BN_mul(to, to, of, ctx);
}

/* The largest number whose cube is not above n. */
static BIGNUM *
cube_root(const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *root = BN_new(), *cubed = BN_new();

	BN_zero(root);
	for (int bit = BN_num_bits(n) / 3; bit >= 0; bit--) {
		BN_set_bit(root, bit);
		cube(cubed, root, ctx);
		if (BN_cmp(cubed, n) > 0)
			BN_clear_bit(root, bit);
	}
	BN_free(cubed);
	return root;
}

static void
hash_of(struct bytes data, uint8_t hash[20])
{
	size_t n;

	if (EVP_Q_digest(NULL, "SHA1", NULL, data.p, data.n, hash, &n) != 1 || n != 20)
		exit(1);
}

/* What the public operation gives. */
static void
open_signature(EVP_PKEY *key, const uint8_t signature[256], uint8_t block[256])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t n = 256;

	CU_ASSERT(EVP_PKEY_verify_recover_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
		  EVP_PKEY_verify_recover(ctx, block, &n, signature, 256) == 1 && n == 256);
	EVP_PKEY_CTX_free(ctx);
}

/* Bleichenbacher's forgery of 2006: short padding, the hash, and then whatever makes it a cube. */
static void
garbage_after_the_hash_is_no_signature(void)
{
	uint8_t block[256], opened[256], signature[256];
	EVP_PKEY *key = rsa_with_exponent_3();
	struct cert *c = cert_over(key);
	struct wr data = data_of(c);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *most, *root;
	struct err e = { 0 };

	memset(block, 0xff, sizeof(block));
	block[0] = 0;
	block[1] = 1;
	block[10] = 0;
	hash_of(wr_view(&data), block + 11);
	most = BN_bin2bn(block, sizeof(block), NULL);
	root = cube_root(most, ctx);
	BN_bn2binpad(root, signature, sizeof(signature));
	open_signature(key, signature, opened);
	CU_ASSERT_EQUAL(memcmp(opened, block, 11 + 20), 0); /* a lax reader sees all it looks for */
	CU_ASSERT_EQUAL(
	    proof_check(c, DIGEST_SHA1, wr_view(&data), bytes_over(signature, 256), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	BN_free(root);
	BN_free(most);
	BN_CTX_free(ctx);
	wr_free(&data);
	cert_free(c);
	EVP_PKEY_free(key);
}

/* The number below 2^160 whose cube ends in this odd hash, bit by bit. */
static BIGNUM *
root_of_end(const uint8_t hash[20], BN_CTX *ctx)
{
	BIGNUM *end = BN_bin2bn(hash, 20, NULL), *root = BN_new(), *cubed = BN_new();

	BN_zero(root);
	for (int bit = 0; bit < 160; bit++) {
		cube(cubed, root, ctx);
		if (BN_is_bit_set(cubed, bit) != BN_is_bit_set(end, bit))
			BN_set_bit(root, bit);
	}
	BN_free(cubed);
	BN_free(end);
	return root;
}

/* Data whose hash is odd: only that has a cube root among the numbers modulo 2^160. */
static struct wr
data_with_odd_hash(const struct cert *c, uint8_t hash[20])
{
	struct wr w = { 0 };

	for (unsigned i = 0; i < 64; i++) {
		char name[8];

		snprintf(name, sizeof(name), "SEP%u", i);
		wr_free(&w);
		proof_data(name, cert_der(c), &w);
		hash_of(wr_view(&w), hash);
		if (hash[19] & 1)
			return w;
	}
	abort();
}

/* capfd looks at the last 20 bytes alone. */
static void
the_hash_at_the_end_alone_is_no_signature(void)
{
	uint8_t hash[20], opened[256], signature[256];
	EVP_PKEY *key = rsa_with_exponent_3();
	struct cert *c = cert_over(key);
	struct wr data = data_with_odd_hash(c, hash);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *root = root_of_end(hash, ctx);
	struct err e = { 0 };

	BN_bn2binpad(root, signature, sizeof(signature));
	open_signature(key, signature, opened);
	CU_ASSERT_EQUAL(memcmp(opened + 256 - 20, hash, 20), 0);
	CU_ASSERT_EQUAL(
	    proof_check(c, DIGEST_SHA1, wr_view(&data), bytes_over(signature, 256), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	BN_free(root);
	BN_CTX_free(ctx);
	wr_free(&data);
	cert_free(c);
	EVP_PKEY_free(key);
}

static void
a_key_of_another_kind_proves_nothing(void)
{
	struct wr pem = suite_file("certs/ed25519.pem");
	uint8_t signature[64] = { 0 };
	struct err e = { 0 };
	struct cert *c = cert_from_pem(wr_view(&pem), &e);
	struct wr data = data_of(c);

	CU_ASSERT_EQUAL(
	    proof_check(c, DIGEST_SHA1, wr_view(&data), bytes_over(signature, 64), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	wr_free(&data);
	wr_free(&pem);
	cert_free(c);
}

static const struct suite_test tests[] = {
	{ "what is signed is name, NUL and certificate",
	    what_is_signed_is_name_nul_and_certificate },
	{ "signatures of others verify", signatures_of_others_verify },
	{ "another hash or key or name does not", another_hash_or_key_or_name_does_not },
	{ "SUDI signs the number least byte first", sudi_signs_the_number_least_byte_first },
	{ "a signature with DigestInfo is refused", a_signature_with_digest_info_is_refused },
	{ "RSA signs as OpenSSL does", rsa_signs_as_openssl_does },
	{ "what we sign we accept", what_we_sign_we_accept },
	{ "a key must have room for the hash", a_key_must_have_room_for_the_hash },
	{ "every change of a signature is refused", every_change_of_a_signature_is_refused },
	{ "a signature is as long as the modulus", a_signature_is_as_long_as_the_modulus },
	{ "garbage after the hash is no signature", garbage_after_the_hash_is_no_signature },
	{ "the hash at the end alone is no signature", the_hash_at_the_end_alone_is_no_signature },
	{ "a key of another kind proves nothing", a_key_of_another_kind_proves_nothing },
};

SUITE_MAIN("capf/proof", tests)
