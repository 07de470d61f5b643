#include "trust/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"

static struct key *
key_at(const char *name, struct err *e)
{
	char *path = mem_fmt("%s/%s", TEST_DATA, name);
	struct key *k = key_load(path, e);

	free(path);
	return k;
}

static int
pair_at(const char *name, struct key **k, struct cert **c, struct err *e)
{
	char *path = mem_fmt("%s/vectors/certs/%s", TEST_DATA, name);
	int rc = key_load_pair(path, k, c, e);

	free(path);
	return rc;
}

static struct cert *
cert_at(const char *name)
{
	struct wr pem = suite_file(name);
	struct cert *c = cert_from_pem(wr_view(&pem), NULL);

	wr_free(&pem);
	return c;
}

/* By what it says to outsiders: what it signs with this certificate verifies. */
static void
assert_signs(struct key *k, const struct cert *c)
{
	static const enum digest digests[] = { DIGEST_SHA1, DIGEST_SHA512 };
	const struct bytes part[] = { bytes_of("a "), bytes_over(NULL, 0), bytes_of("file") };
	const struct bytes whole = bytes_of("a file");
	struct signer s = key_signer(k, c);
	struct wr signature = { 0 };
	struct err e;

	CU_ASSERT_PTR_EQUAL(s.cert, c);
	for (size_t i = 0; i < 2; i++) {
		signature.n = 0;
		CU_ASSERT_EQUAL(s.sign(s.key, digests[i], part, 3, &signature, &e), 0);
		CU_ASSERT_EQUAL(
		    cert_check_signature(c, digests[i], &whole, 1, wr_view(&signature), &e), 0);
	}
	wr_free(&signature);
}

static void
every_size_of_signer_signs(void)
{
	static const char *const names[] = { "sast-1024.pem", "sast.pem", "sast-3072.pem",
		"sast2-4096-ser20.pem" };
	struct key *k;
	struct cert *c;
	struct err e;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(pair_at(names[i], &k, &c, &e), 0);
		CU_ASSERT(key_fits(k, c));
		assert_signs(k, c);
		key_free(k);
		cert_free(c);
	}
}

static void
a_hash_longer_than_the_key_is_refused(void)
{
	const struct bytes part = bytes_of("x");
	struct wr signature = { 0 };
	struct signer s;
	struct key *k;
	struct cert *c;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(pair_at("sast-512.pem", &k, &c, &e), 0);
	s = key_signer(k, c);
	CU_ASSERT_EQUAL(s.sign(s.key, DIGEST_SHA1, &part, 1, &signature, &e), 0);
	CU_ASSERT_EQUAL(signature.n, 64);
	CU_ASSERT_EQUAL(s.sign(s.key, DIGEST_SHA512, &part, 1, &signature, &e), -1);
	ASSERT_ERR_SAYS(e, "too big");
	CU_ASSERT_EQUAL(signature.n, 64);
	wr_free(&signature);
	key_free(k);
	cert_free(c);
}

static void
only_rsa_signs_and_opens(void)
{
	const struct bytes part = bytes_of("x");
	struct wr to = { 0 };
	struct signer s;
	struct opener o;
	struct key *k;
	struct cert *c;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(pair_at("sast-ec.pem", &k, &c, &e), 0);
	CU_ASSERT(key_fits(k, c));
	s = key_signer(k, c);
	o = key_opener(k);
	CU_ASSERT_EQUAL(s.sign(s.key, DIGEST_SHA1, &part, 1, &to, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(o.unwrap(o.key, part, &to, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(to.n, 0);
	key_free(k);
	cert_free(c);
}

static void
every_form_of_pem_is_read(void)
{
	static const char *const names[] = { "keys/rsa-pkcs1.pem", "keys/ec-sec1.pem",
		"vectors/certs/sast.pem", "vectors/certs/tftp-ec384.pem" };
	struct err e;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct key *k = key_at(names[i], &e);

		CU_ASSERT_PTR_NOT_NULL(k);
		key_free(k);
	}
}

static void
refused(const char *name, enum err_code code, const char *words)
{
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(key_at(name, &e));
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, words);
	ASSERT_ERR_SAYS(e, name);
}

/* A locked key must not make OpenSSL ask for its password on the terminal either. */
static void
what_is_no_key_of_ours_is_refused(void)
{
	refused("keys/rsa-locked.pem", ERR_MALFORMED, "locked with a password");
	refused("keys/rsa-locked-pkcs1.pem", ERR_MALFORMED, "locked with a password");
	refused("keys/ed25519.pem", ERR_MALFORMED, "ED25519");
	refused("keys/ec-k256.pem", ERR_MALFORMED, "a kind we do not take");
	refused("keys/README.md", ERR_MALFORMED, "no private key");
	refused("keys/none.pem", ERR_NOT_FOUND, "cannot open");
	CU_ASSERT_PTR_NULL(key_from_pem(bytes_over(NULL, 0), NULL));
}

static void
no_cut_of_pem_is_a_key(struct bytes cut, size_t n, void *whole)
{
	struct key *k = key_from_pem(cut, NULL);

	/* The newline at the end may be missing. */
	CU_ASSERT(k == NULL || n + 1 >= ((const struct wr *)whole)->n);
	key_free(k);
}

static void
pem_cut_short_is_refused(void)
{
	struct wr pem = suite_file("keys/rsa-pkcs1.pem");

	each_cut(wr_view(&pem), no_cut_of_pem_is_a_key, &pem);
	wr_free(&pem);
}

static void
pkcs8_goes_round(void)
{
	static const struct key_want wants[] = { { KEY_RSA, 512 }, { KEY_RSA, 1024 },
		{ KEY_EC, 256 }, { KEY_EC, 384 }, { KEY_EC, 521 } };
	struct err e;

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct wr one = { 0 }, two = { 0 };
		struct key *k = key_make(&wants[i], &e), *again;

		CU_ASSERT_PTR_NOT_NULL_FATAL(k);
		CU_ASSERT_EQUAL(key_to_pkcs8(k, &one, &e), 0);
		again = key_from_pkcs8(wr_view(&one), &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(again);
		CU_ASSERT_EQUAL(key_to_pkcs8(again, &two, &e), 0);
		CU_ASSERT(bytes_eq(wr_view(&one), wr_view(&two)));
		key_free(k);
		key_free(again);
		wr_wipe(&one);
		wr_wipe(&two);
	}
}

static void
no_cut_is_a_key(struct bytes cut, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	CU_ASSERT_PTR_NULL(key_from_pkcs8(cut, NULL));
}

static void
pkcs8_must_be_whole_and_alone(void)
{
	const struct key_want want = { KEY_RSA, 512 };
	struct key *k = key_make(&want, NULL);
	struct wr der = { 0 };
	struct err e;

	CU_ASSERT_EQUAL_FATAL(key_to_pkcs8(k, &der, &e), 0);
	each_cut(wr_view(&der), no_cut_is_a_key, NULL);
	wr_u8(&der, 0);
	CU_ASSERT_PTR_NULL(key_from_pkcs8(wr_view(&der), &e));
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	wr_wipe(&der);
	key_free(k);
}

static void
sizes_are_limited(void)
{
	static const struct key_want wants[] = { { KEY_RSA, 511 }, { KEY_RSA, 4097 },
		{ KEY_RSA, -1 }, { KEY_EC, 255 }, { KEY_EC, 0 } };
	struct err e;

	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		e.code = ERR_NONE;
		CU_ASSERT_PTR_NULL(key_make(&wants[i], &e));
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	}
}

static void
a_key_fits_its_own_certificate_only(void)
{
	struct cert *other = cert_at("vectors/certs/evil-same-serial.pem");
	struct cert *ec = cert_at("vectors/certs/sast-ec.pem");
	struct key *k;
	struct cert *c;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(pair_at("sast.pem", &k, &c, &e), 0);
	CU_ASSERT(key_fits(k, c));
	CU_ASSERT(!key_fits(k, other));
	CU_ASSERT(!key_fits(k, ec));
	key_free(k);
	cert_free(c);
	cert_free(other);
	cert_free(ec);
}

/* A file with this certificate and the key of another. */
static char *
mixed_pair(const char *cert_name, const char *key_name)
{
	char *path = mem_fmt("%s/mixed.pem", suite_folder());
	struct cert *c = cert_at(cert_name);
	struct wr text = { 0 }, key = suite_file(key_name);
	struct err e;

	cert_to_pem(c, &text);
	wr_put(&text, wr_view(&key));
	if (file_replace(path, wr_view(&text), 0600, &e) != 0)
		abort();
	cert_free(c);
	wr_free(&text);
	wr_free(&key);
	return path;
}

static void
halves_that_do_not_belong_together_are_refused(void)
{
	char *path = mixed_pair("vectors/certs/sast.pem", "keys/rsa-pkcs1.pem");
	struct key *k;
	struct cert *c;
	struct err e;

	CU_ASSERT_EQUAL(key_load_pair(path, &k, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, "not the one of its certificate");
	CU_ASSERT_PTR_NULL(k);
	CU_ASSERT_PTR_NULL(c);
	free(path);
}

static void
half_a_pair_is_refused(void)
{
	char *path = mem_fmt("%s/keys/rsa-pkcs1.pem", TEST_DATA);
	struct key *k;
	struct cert *c;
	struct err e;

	CU_ASSERT_EQUAL(key_load_pair(path, &k, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	CU_ASSERT_PTR_NULL(k);
	free(path);
}

static int
open_with(const char *key_name, struct wr *plain, struct err *e)
{
	struct wr file = suite_file("vectors/enc/SEP58971ECC97C0.cnf.xml.enc.sgn");
	struct key *k = key_at(key_name, e);
	struct opener o = key_opener(k);
	struct enc x;
	int rc = enc_decode(wr_view(&file), &x, e);

	if (rc == 0)
		rc = enc_open(&x, &o, plain, e);
	key_free(k);
	wr_free(&file);
	return rc;
}

static void
the_device_opens_what_was_sealed_to_it(void)
{
	struct wr plain = { 0 }, golden = suite_file("vectors/enc/SEP58971ECC97C0.cnf.xml");
	struct err e;

	CU_ASSERT_EQUAL(open_with("vectors/certs/device-rsa2048.pem", &plain, &e), 0);
	CU_ASSERT(bytes_eq(wr_view(&plain), wr_view(&golden)));
	plain.n = 0;
	CU_ASSERT_EQUAL(open_with("vectors/certs/device-rsa4096.pem", &plain, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	CU_ASSERT_EQUAL(plain.n, 0);
	wr_free(&plain);
	wr_free(&golden);
}

static const struct suite_test tests[] = {
	{ "every size of signer signs", every_size_of_signer_signs },
	{ "a hash longer than the key is refused", a_hash_longer_than_the_key_is_refused },
	{ "only RSA signs and opens", only_rsa_signs_and_opens },
	{ "every form of PEM is read", every_form_of_pem_is_read },
	{ "what is no key of ours is refused", what_is_no_key_of_ours_is_refused },
	{ "PEM cut short is refused", pem_cut_short_is_refused },
	{ "PKCS#8 goes round", pkcs8_goes_round },
	{ "PKCS#8 must be whole and alone", pkcs8_must_be_whole_and_alone },
	{ "sizes are limited", sizes_are_limited },
	{ "a key fits its own certificate only", a_key_fits_its_own_certificate_only },
	{ "halves that do not belong together are refused",
	    halves_that_do_not_belong_together_are_refused },
	{ "half a pair is refused", half_a_pair_is_refused },
	{ "the device opens what was sealed to it", the_device_opens_what_was_sealed_to_it },
};

SUITE_MAIN("key", tests)
