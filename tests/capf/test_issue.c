#include "capf/issue.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/x509.h"

#define DEVICE "SEP001122334455"

enum { DAY = 86400, NOW = LAB_NOW + 1000, CAPF_KEY = 1 };

/* ---- keys, as OpenSSL writes them ---- */

static struct wr
public_key_of(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	struct wr w = { 0 };
	int n = i2d_PUBKEY(pkey, &der);

	if (n <= 0)
		abort();
	wr_put(&w, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	return w;
}

static struct wr
rsa_key(void)
{
	return public_key_of(key_handle(lab_key(0)));
}

static struct key *
key_of(enum key_kind kind, int bits)
{
	struct key_want want = { kind, bits };
	struct err e = { 0 };
	struct key *k = key_make(&want, &e);

	if (k == NULL)
		abort();
	return k;
}

static struct wr
ec_key(int bits)
{
	struct key *k = key_of(KEY_EC, bits);
	struct wr w = public_key_of(key_handle(k));

	key_free(k);
	return w;
}

static struct issue_want
want_rsa(int bits)
{
	return (struct issue_want){ .device = DEVICE,
		.model = model_of("8861"),
		.kind = KEY_RSA,
		.bits = bits,
		.days = 365 };
}

static struct issue_want
want_ec(int bits)
{
	struct issue_want want = want_rsa(bits);

	want.kind = KEY_EC;
	return want;
}

static void
taken(struct issue_want want, struct bytes key)
{
	struct err e = { 0 };

	if (issue_check_key(&want, key, &e) != 0)
		fprintf(stderr, "\n    said: %s\n", e.text);
	CU_ASSERT_EQUAL(issue_check_key(&want, key, &e), 0);
}

static void
refused(struct issue_want want, struct bytes key, enum err_code code, const char *says)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(issue_check_key(&want, key, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
}

/* ERR_NONE: it is taken. */
static void
judged(struct issue_want want, struct bytes key, enum err_code code, const char *says)
{
	if (code == ERR_NONE)
		taken(want, key);
	else
		refused(want, key, code, says);
}

#define NOT_DER "no SubjectPublicKeyInfo in DER"

static void
key_that_was_ordered_is_taken(void)
{
	static const int rsa[] = { 512, 1024, 2048, 3072, 4096 }, ec[] = { 256, 384, 521 };

	for (size_t i = 0; i < 5; i++) {
		struct key *k = key_of(KEY_RSA, rsa[i]);
		struct wr w = public_key_of(key_handle(k));

		taken(want_rsa(rsa[i]), wr_view(&w));
		refused(want_rsa(rsa[(i + 1) % 5]), wr_view(&w), ERR_NO, "was ordered");
		refused(want_ec(256), wr_view(&w), ERR_NO, "of another kind (RSA) than ordered");
		wr_free(&w);
		key_free(k);
	}
	for (size_t i = 0; i < 3; i++) {
		struct wr w = ec_key(ec[i]);

		taken(want_ec(ec[i]), wr_view(&w));
		refused(want_ec(ec[(i + 1) % 3]), wr_view(&w), ERR_NO, "of another kind (P-");
		refused(want_rsa(ec[i]), wr_view(&w), ERR_NO, "than ordered, RSA");
		wr_free(&w);
	}
	refused(want_ec(512), bytes_of(""), ERR_USAGE, "no EC key of 512 bits");
}

static void
cut_is_refused(struct bytes cut, size_t n, void *want)
{
	struct err e = { 0 };

	(void)n;
	CU_ASSERT_EQUAL(issue_check_key(want, cut, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
}

static void
flip_is_refused(struct bytes flipped, size_t bit, void *want)
{
	struct err e = { 0 };

	(void)bit;
	CU_ASSERT_EQUAL(issue_check_key(want, flipped, &e), -1);
	CU_ASSERT_TRUE(e.code == ERR_MALFORMED || e.code == ERR_NO);
}

/* Other numbers in an RSA key may make another key, but one that OpenSSL reads alike. */
static void
flip_is_refused_or_a_key(struct bytes flipped, size_t bit, void *want)
{
	const unsigned char *p = flipped.p;
	struct err e = { 0 };
	EVP_PKEY *pkey;
	struct wr w;

	(void)bit;
	if (issue_check_key(want, flipped, &e) != 0)
		return;
	pkey = d2i_PUBKEY(NULL, &p, (long)flipped.n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkey);
	CU_ASSERT_EQUAL(EVP_PKEY_get_bits(pkey), 1024);
	w = public_key_of(pkey);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&w), flipped));
	wr_free(&w);
	EVP_PKEY_free(pkey);
}

static void
cut_or_flipped_keys_are_refused_or_harmless(void)
{
	struct issue_want rsa = want_rsa(1024), ec = want_ec(256), ec521 = want_ec(521);
	struct wr w = rsa_key(), p256 = ec_key(256), p521 = ec_key(521);

	each_cut(wr_view(&w), cut_is_refused, &rsa);
	each_cut(wr_view(&p256), cut_is_refused, &ec);
	each_cut(wr_view(&p521), cut_is_refused, &ec521);
	each_flip(wr_view(&w), flip_is_refused_or_a_key, &rsa);
	each_flip(wr_view(&p256), flip_is_refused, &ec);
	each_flip(wr_view(&p521), flip_is_refused, &ec521);
	wr_u8(&w, 0);
	wr_u8(&p256, 0);
	refused(rsa, wr_view(&w), ERR_MALFORMED, NOT_DER);
	refused(ec, wr_view(&p256), ERR_MALFORMED, NOT_DER);
	wr_free(&w);
	wr_free(&p256);
	wr_free(&p521);
}

/* ---- keys made by hand ---- */

static void
der_put(struct wr *w, uint8_t tag, struct bytes content)
{
	wr_u8(w, tag);
	if (content.n >= 0x100) {
		wr_u8(w, 0x82);
		wr_u16(w, (uint16_t)content.n);
	} else {
		if (content.n >= 0x80)
			wr_u8(w, 0x81);
		wr_u8(w, (uint8_t)content.n);
	}
	wr_put(w, content);
}

static struct wr
wrapped(uint8_t tag, struct bytes content)
{
	struct wr w = { 0 };

	der_put(&w, tag, content);
	return w;
}

#define RSA_ALGORITHM  "30 0d 06 09 2a864886f70d010101 05 00"
#define P256_ALGORITHM "30 13 06 07 2a8648ce3d0201 06 08 2a8648ce3d030107"

/* Algorithm, then the bits behind the byte that counts those not used. */
static struct wr
info_of(const char *algorithm, uint8_t unused, struct bytes bits)
{
	struct wr inside = suite_hex(algorithm), string = { 0 }, w;

	wr_u8(&string, unused);
	wr_put(&string, bits);
	der_put(&inside, 0x03, wr_view(&string));
	w = wrapped(0x30, wr_view(&inside));
	wr_free(&inside);
	wr_free(&string);
	return w;
}

/* The contents of the two INTEGERs. */
static struct wr
rsa_of(struct bytes modulus, struct bytes exponent)
{
	struct wr inside = { 0 }, w;

	der_put(&inside, 0x02, modulus);
	der_put(&inside, 0x02, exponent);
	w = wrapped(0x30, wr_view(&inside));
	wr_free(&inside);
	return w;
}

/* 00, then n bytes of which the first and the last are given. */
static struct wr
modulus_of(uint8_t first, size_t n, uint8_t last)
{
	struct wr w = { 0 };

	if (first >= 0x80)
		wr_u8(&w, 0);
	wr_u8(&w, first);
	wr_fill(&w, 0x5a, n - 2);
	wr_u8(&w, last);
	return w;
}

static struct wr
info_of_rsa(struct bytes modulus, const char *exponent)
{
	struct wr number = suite_hex(exponent), key = rsa_of(modulus, wr_view(&number));
	struct wr w = info_of(RSA_ALGORITHM, 0, wr_view(&key));

	wr_free(&number);
	wr_free(&key);
	return w;
}

static void
exponent_is(const char *exponent, enum err_code code, const char *says)
{
	struct wr modulus = modulus_of(0xc0, 128, 1);
	struct wr w = info_of_rsa(wr_view(&modulus), exponent);

	judged(want_rsa(1024), wr_view(&w), code, says);
	wr_free(&modulus);
	wr_free(&w);
}

static void
exponents_are_odd_and_not_too_small_or_large(void)
{
	static const char weak[] = "exponent is 1, even, or beyond 64 bits";

	exponent_is("03", ERR_NONE, "");
	exponent_is("11", ERR_NONE, "");
	exponent_is("010001", ERR_NONE, "");
	exponent_is("7fffffffffffffff", ERR_NONE, "");
	exponent_is("00ffffffffffffffff", ERR_NONE, "");
	exponent_is("00", ERR_NO, weak);
	exponent_is("01", ERR_NO, weak);
	exponent_is("02", ERR_NO, weak);
	exponent_is("010000", ERR_NO, weak);
	exponent_is("010000000000000001", ERR_NO, weak);
	exponent_is("", ERR_MALFORMED, "no RSAPublicKey in DER");
	exponent_is("81", ERR_MALFORMED, "no RSAPublicKey in DER");
	exponent_is("0003", ERR_MALFORMED, "no RSAPublicKey in DER");
	exponent_is("00010001", ERR_MALFORMED, "no RSAPublicKey in DER");
}

static void
modulus_is(struct wr modulus, enum err_code code, const char *says)
{
	struct wr w = info_of_rsa(wr_view(&modulus), "010001");

	judged(want_rsa(1024), wr_view(&w), code, says);
	wr_free(&modulus);
	wr_free(&w);
}

static void
moduli_are_odd_and_have_all_their_bits(void)
{
	struct wr zeros = { 0 }, minus = { 0 }, padded = { 0 };

	modulus_is(modulus_of(0x80, 128, 1), ERR_NONE, "");
	modulus_is(modulus_of(0xff, 128, 0xff), ERR_NONE, "");
	modulus_is(modulus_of(0xff, 128, 0xfe), ERR_NO, "even modulus");
	modulus_is(modulus_of(0x7f, 128, 1), ERR_NO, "has 1023 bits, one of 1024");
	modulus_is(modulus_of(0x01, 129, 1), ERR_NO, "has 1025 bits, one of 1024");
	modulus_is(modulus_of(0xff, 127, 1), ERR_NO, "has 1016 bits, one of 1024");
	modulus_is(suite_hex("00"), ERR_NO, "has 0 bits");
	modulus_is(suite_hex("01"), ERR_NO, "has 1 bits");
	modulus_is(suite_hex(""), ERR_MALFORMED, "no RSAPublicKey in DER");
	wr_fill(&zeros, 0, 129);
	modulus_is(zeros, ERR_MALFORMED, "no RSAPublicKey in DER");
	wr_fill(&minus, 0x81, 128);
	modulus_is(minus, ERR_MALFORMED, "no RSAPublicKey in DER");
	wr_u16(&padded, 0);
	wr_fill(&padded, 0x81, 128);
	modulus_is(padded, ERR_MALFORMED, "no RSAPublicKey in DER");
}

static void
info_is(struct wr info, struct issue_want want, enum err_code code, const char *says)
{
	refused(want, wr_view(&info), code, says);
	wr_free(&info);
}

/* The structure around an RSA key, of which each part is bent in turn. */
static void
structures_that_are_not_der_are_refused(void)
{
	struct issue_want want = want_rsa(1024);
	struct wr modulus = modulus_of(0xc0, 128, 1), exponent = suite_hex("010001");
	struct wr key = rsa_of(wr_view(&modulus), wr_view(&exponent)), good, w;
	struct bytes k = wr_view(&key);

	good = info_of(RSA_ALGORITHM, 0, k);
	taken(want, wr_view(&good));

	/* PKCS#1 alone; other algorithms; parameters that are not NULL, or none at all. */
	refused(want, k, ERR_MALFORMED, NOT_DER);
	info_is(info_of("30 0d 06 09 2a864886f70d01010a 05 00", 0, k), want, ERR_NO, "neither RSA");
	info_is(info_of("30 0b 06 09 2a864886f70d010101", 0, k), want, ERR_NO, "neither RSA");
	info_is(info_of("30 0e 06 09 2a864886f70d010101 05 81 00", 0, k), want, ERR_NO, "neither");
	info_is(info_of("30 10 06 09 2a864886f70d010101 05 00 020101", 0, k), want, ERR_NO,
	    "neither RSA");
	info_is(
	    info_of("31 0d 06 09 2a864886f70d010101 05 00", 0, k), want, ERR_MALFORMED, NOT_DER);
	info_is(info_of("", 0, k), want, ERR_MALFORMED, NOT_DER);
	info_is(info_of(RSA_ALGORITHM "0500", 0, k), want, ERR_MALFORMED, NOT_DER);

	/* Bits that are said not to be used; something behind the key. */
	info_is(info_of(RSA_ALGORITHM, 1, k), want, ERR_MALFORMED, NOT_DER);
	info_is(info_of(RSA_ALGORITHM, 8, k), want, ERR_MALFORMED, NOT_DER);
	wr_u8(&key, 0);
	info_is(info_of(RSA_ALGORITHM, 0, wr_view(&key)), want, ERR_MALFORMED, "no RSAPublicKey");
	key.n--;
	info_is(info_of(RSA_ALGORITHM, 0, bytes_of("")), want, ERR_MALFORMED, "no RSAPublicKey");
	w = suite_hex("02 03 010001 02 03 010001 02 03 010001");
	info_is(info_of(RSA_ALGORITHM, 0, wr_view(&w)), want, ERR_MALFORMED, "no RSAPublicKey");
	wr_free(&w);

	/* Something behind the bits. */
	w = suite_hex("30 81 a1");
	wr_put(&w, bytes_from(wr_view(&good), 3));
	wr_u16(&w, 0x0500);
	info_is(w, want, ERR_MALFORMED, NOT_DER);

	/* A length above 127 in one byte. */
	w = suite_hex("30 89");
	wr_put(&w, bytes_from(k, 3));
	info_is(info_of(RSA_ALGORITHM, 0, wr_view(&w)), want, ERR_MALFORMED, "no RSAPublicKey");
	wr_free(&w);

	/* Lengths that are longer than they need be, or not said (BER). */
	w = suite_hex("30 83 00");
	wr_u16(&w, (uint16_t)(good.n - 3));
	wr_put(&w, bytes_from(wr_view(&good), 3));
	info_is(w, want, ERR_MALFORMED, NOT_DER);
	w = suite_hex("30 80");
	wr_put(&w, bytes_from(wr_view(&good), 3));
	wr_u16(&w, 0);
	info_is(w, want, ERR_MALFORMED, NOT_DER);
	w = suite_hex("30 82 00");
	wr_put(&w, bytes_from(wr_view(&good), 2));
	info_is(w, want, ERR_MALFORMED, NOT_DER);
	info_is(
	    info_of("30 81 0d 06 09 2a864886f70d010101 05 00", 0, k), want, ERR_MALFORMED, NOT_DER);
	w = suite_hex("30 ff");
	info_is(w, want, ERR_MALFORMED, NOT_DER);
	info_is(suite_hex(""), want, ERR_MALFORMED, NOT_DER);

	wr_free(&modulus);
	wr_free(&exponent);
	wr_free(&key);
	wr_free(&good);
}

/* Ed25519 (RFC 8410, 10.1). */
static void
keys_of_other_kinds_are_refused(void)
{
	info_is(suite_hex("302a300506032b65700321"
			  "0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"),
	    want_rsa(1024), ERR_NO, "neither RSA nor a known curve");
	info_is(suite_hex("302a300506032b65700321"
			  "0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"),
	    want_ec(256), ERR_NO, "neither RSA nor a known curve");
}

/* The generator of P-256 (FIPS 186-4, D.1.2.3): a point that everybody knows. */
#define P256_X "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define P256_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

static void
point_is(const char *point, enum err_code code, const char *says)
{
	struct wr bits = suite_hex(point), w = info_of(P256_ALGORITHM, 0, wr_view(&bits));

	judged(want_ec(256), wr_view(&w), code, says);
	wr_free(&bits);
	wr_free(&w);
}

static void
points_are_whole_and_on_their_curve(void)
{
	static const char form[] = "no uncompressed point of 65 bytes (P-256)";
	static const char off[] = "no point on P-256";

	point_is("04" P256_X P256_Y, ERR_NONE, "");
	point_is("03" P256_X, ERR_NO, form); /* compressed */
	point_is("02" P256_X, ERR_NO, form);
	point_is("06" P256_X P256_Y, ERR_NO, form); /* both at once */
	point_is("07" P256_X P256_Y, ERR_NO, form);
	point_is("00", ERR_NO, form); /* infinity */
	point_is("", ERR_NO, form);
	point_is("04", ERR_NO, form);
	point_is("04" P256_X P256_Y "00", ERR_NO, form);
	point_is("04" P256_X P256_X, ERR_NO, off);
	point_is("04" P256_Y P256_X, ERR_NO, off);
	/* Coordinates are below p: (0, y) is a point of P-256, (p, y) is the same one misspelled.
	 */
	point_is("04"
		 "0000000000000000000000000000000000000000000000000000000000000000"
		 "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
	    ERR_NONE, "");
	point_is("04" P256_P "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
	    ERR_NO, off);
	point_is("04"
		 "0000000000000000000000000000000000000000000000000000000000000000"
		 "0000000000000000000000000000000000000000000000000000000000000000",
	    ERR_NO, off);
}

/* CVE-2020-0601: who names the curve by its numbers can choose them. */
static void
curve_that_is_not_named_is_refused(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	struct wr w;

	CU_ASSERT_EQUAL(EVP_PKEY_keygen_init(ctx), 1);
	CU_ASSERT_EQUAL(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1), 1);
	CU_ASSERT_EQUAL(EVP_PKEY_CTX_set_ec_param_enc(ctx, OPENSSL_EC_EXPLICIT_CURVE), 1);
	CU_ASSERT_EQUAL(EVP_PKEY_generate(ctx, &pkey), 1);
	w = public_key_of(pkey);
	CU_ASSERT_TRUE(w.n > 200);
	info_is(w, want_ec(256), ERR_NO, "neither RSA nor a known curve");
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(ctx);
}

/* ---- certificates ---- */

static struct cert *
capf(void)
{
	return lab_cert("CAPF", "cucm-pub", CAPF_KEY);
}

static struct cert *
issue_with(const struct cert *issuer, const struct issue_want *want, int64_t now)
{
	struct wr key = rsa_key();
	struct err e = { 0 };
	struct cert *c = issue_lsc(issuer, lab_key(CAPF_KEY), want, wr_view(&key), now, &e);

	if (c == NULL)
		fprintf(stderr, "\n    said: %s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_free(&key);
	return c;
}

/* Past our own reader. */
static X509 *
read_anew(const struct cert *c)
{
	struct bytes der = cert_der(c);
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_PTR_EQUAL(p, der.p + der.n);
	return x;
}

static void
is_text(X509 *x, int nid, const char *expected, bool critical)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	X509_EXTENSION *ext = X509_get_ext(x, at);
	BIO *out = BIO_new(BIO_s_mem());
	char text[256] = "";

	CU_ASSERT_FATAL(at >= 0);
	CU_ASSERT_EQUAL(X509V3_EXT_print(out, ext, 0, 0), 1);
	BIO_read(out, text, sizeof(text) - 1);
	CU_ASSERT_STRING_EQUAL(text, expected);
	CU_ASSERT_EQUAL(X509_EXTENSION_get_critical(ext) != 0, critical);
	CU_ASSERT_EQUAL(X509_get_ext_by_NID(x, nid, at), -1);
	BIO_free(out);
}

static void
certificate_is_an_lsc(void)
{
	struct cert *ca = capf();
	struct issue_want want = want_rsa(1024);
	struct cert *c = issue_with(ca, &want, NOW);
	X509 *x = read_anew(c), *issuer = read_anew(ca);
	struct wr key = rsa_key(), theirs = public_key_of(X509_get0_pubkey(x));

	CU_ASSERT_EQUAL(X509_get_version(x), X509_VERSION_3);
	CU_ASSERT_EQUAL(X509_get_signature_nid(x), NID_sha256WithRSAEncryption);
	is_text(x, NID_basic_constraints, "CA:FALSE", true);
	is_text(x, NID_key_usage, "Digital Signature, Key Encipherment", true);
	is_text(x, NID_ext_key_usage,
	    "TLS Web Server Authentication, TLS Web Client Authentication, IPSec End System",
	    false);
	is_text(x, NID_subject_alt_name, "URI:" DEVICE, false);
	CU_ASSERT_EQUAL(X509_get_ext_count(x), 4); /* no key identifiers */
	CU_ASSERT_EQUAL(X509_verify(x, X509_get0_pubkey(issuer)), 1);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&key), wr_view(&theirs)));
	CU_ASSERT_EQUAL(cert_serial(c).n, 16);
	CU_ASSERT_STRING_EQUAL(cert_issuer(c, CERT_COMPAT), cert_subject(ca, CERT_COMPAT));
	CU_ASSERT_EQUAL(X509_check_issued(issuer, x), X509_V_OK);
	wr_free(&key);
	wr_free(&theirs);
	X509_free(x);
	X509_free(issuer);
	cert_free(c);
	cert_free(ca);
}

static void
save(const char *path, const struct cert *c)
{
	struct wr pem = { 0 };
	struct err e = { 0 };

	cert_to_pem(c, &pem);
	CU_ASSERT_EQUAL_FATAL(file_replace(path, wr_view(&pem), 0600, &e), 0);
	wr_free(&pem);
}

/* 0: the program accepts it. Without -x509_strict, which wants an authority key identifier that
 * LSCs do not have. */
static int
openssl_verify(const char *purpose, const char *ca, const char *c)
{
	char when[32];
	int status = -1;
	pid_t pid;

	snprintf(when, sizeof(when), "%d", NOW);
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout) != NULL &&
		    freopen("/dev/null", "w", stderr) != NULL)
			execlp("openssl", "openssl", "verify", "-auth_level", "0", "-attime", when,
			    "-purpose", purpose, "-CAfile", ca, c, (char *)NULL);
		_exit(127);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	return status;
}

static void
openssl_accepts_it(void)
{
	char *ca_path = lab_path(), *path = lab_path(), *other_path = lab_path();
	struct issue_want want = want_rsa(1024);
	struct cert *ca = capf(), *other = capf(), *c = issue_with(ca, &want, NOW);

	save(ca_path, ca);
	save(other_path, other);
	save(path, c);
	CU_ASSERT_EQUAL(openssl_verify("sslclient", ca_path, path), 0);
	CU_ASSERT_EQUAL(openssl_verify("sslserver", ca_path, path), 0);
	CU_ASSERT_NOT_EQUAL(openssl_verify("sslclient", other_path, path), 0);
	cert_free(ca);
	cert_free(other);
	cert_free(c);
	free(ca_path);
	free(path);
	free(other_path);
}

static void
serials_differ(void)
{
	struct cert *ca = capf(), *c[20];
	struct issue_want want = want_rsa(1024);
	bool top = false;

	for (size_t i = 0; i < 20; i++) {
		X509 *x;

		c[i] = issue_with(ca, &want, NOW);
		x = read_anew(c[i]);
		CU_ASSERT_EQUAL(X509_get0_serialNumber(x)->type, V_ASN1_INTEGER); /* positive */
		CU_ASSERT_EQUAL(cert_serial(c[i]).n, 16);
		top = top || cert_serial(c[i]).p[0] >= 0x80;
		for (size_t k = 0; k < i; k++)
			CU_ASSERT_FALSE(bytes_eq(cert_serial(c[i]), cert_serial(c[k])));
		X509_free(x);
	}
	CU_ASSERT_TRUE(top); /* all 128 bits are random; missed once in a million */
	for (size_t i = 0; i < 20; i++)
		cert_free(c[i]);
	cert_free(ca);
}

static void
subject_of(const char *device, const char *model, const char *expected)
{
	struct cert *ca = capf(), *c;
	struct issue_want want = want_rsa(1024);
	char *uri = mem_fmt("URI:%s", device);
	X509 *x;

	want.device = device;
	want.model = model_of(model);
	c = issue_with(ca, &want, NOW);
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_COMPAT), expected);
	x = read_anew(c);
	is_text(x, NID_subject_alt_name, uri, false);
	X509_free(x);
	free(uri);
	cert_free(c);
	cert_free(ca);
}

static void
subject_names_model_and_phone(void)
{
	char longest[DEVICE_NAME_MAX], expected[128];

	subject_of(DEVICE, "8861", "C=BE,O=Cisco,OU=TAC,CN=CP-8861-" DEVICE);
	subject_of(DEVICE, "7941GE", "C=BE,O=Cisco,OU=TAC,CN=CP-7941GE-" DEVICE);
	subject_of(DEVICE, "DX650", "C=BE,O=Cisco,OU=TAC,CN=CP-DX650-" DEVICE);
	subject_of(DEVICE, "CIPC", "C=BE,O=Cisco,OU=TAC,CN=CIPC-" DEVICE);
	subject_of("ATA001122334455", "ATA190", "C=BE,O=Cisco,OU=TAC,CN=ATA190-ATA001122334455");
	subject_of("CSFANNA", "CSF", "C=BE,O=Cisco,OU=TAC,CN=CSFANNA");
	subject_of("TCTANNA", "TCT", "C=BE,O=Cisco,OU=TAC,CN=TCTANNA");
	subject_of("BOTANNA", "BOT", "C=BE,O=Cisco,OU=TAC,CN=BOTANNA");
	subject_of("TABANNA", "TAB", "C=BE,O=Cisco,OU=TAC,CN=TABANNA");
	memset(longest, 'X', sizeof(longest) - 1);
	memcpy(longest, "CSF", 3);
	longest[sizeof(longest) - 1] = '\0';
	snprintf(expected, sizeof(expected), "C=BE,O=Cisco,OU=TAC,CN=%s", longest);
	subject_of(longest, "CSF", expected);
}

struct part {
	int nid, type;
	const char *value;
};

/* A CA of this name, by its own key. */
static struct cert *
ca_with(const struct key *key, const struct part *part, size_t n, const char *constraints,
    const char *usage)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	struct err e = { 0 };
	struct cert *c;

	for (size_t i = 0; i < n; i++)
		CU_ASSERT_EQUAL(X509_NAME_add_entry_by_NID(name, part[i].nid, part[i].type,
				    (const unsigned char *)part[i].value, -1, -1, 0),
		    1);
	X509_set_issuer_name(x, name);
	X509_set_version(x, X509_VERSION_3);
	CU_ASSERT_EQUAL(x509_set_serial(x, &e), 0);
	CU_ASSERT_EQUAL(x509_set_validity(x, LAB_NOW, LAB_NOW + 100 * DAY, &e), 0);
	CU_ASSERT_TRUE(x509_add_extension(x, NID_basic_constraints, constraints));
	CU_ASSERT_TRUE(x509_add_extension(x, NID_key_usage, usage));
	X509_set_pubkey(x, key_handle(key));
	c = x509_sign(x, key, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	X509_free(x);
	return c;
}

static struct cert *
ca_named(const struct part *part, size_t n, const char *constraints, const char *usage)
{
	return ca_with(lab_key(CAPF_KEY), part, n, constraints, usage);
}

static void
copied(const struct part *part, size_t n, const char *expected)
{
	struct cert *ca = ca_named(part, n, "critical,CA:TRUE", NULL), *c;
	struct issue_want want = want_rsa(1024);
	X509 *x, *issuer;
	const unsigned char *a, *b;
	size_t a_n, b_n;

	c = issue_with(ca, &want, NOW);
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_COMPAT), expected);
	x = read_anew(c);
	issuer = read_anew(ca);
	/* Byte for byte, whatever kinds of text are in it. */
	CU_ASSERT_EQUAL(X509_NAME_get0_der(X509_get_issuer_name(x), &a, &a_n), 1);
	CU_ASSERT_EQUAL(X509_NAME_get0_der(X509_get_subject_name(issuer), &b, &b_n), 1);
	CU_ASSERT_TRUE(bytes_eq(bytes_over(a, a_n), bytes_over(b, b_n)));
	for (int i = 0; i < X509_NAME_entry_count(X509_get_subject_name(x)); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(X509_get_subject_name(x), i);
		int type = ASN1_STRING_type(X509_NAME_ENTRY_get_data(entry));

		bool country = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_countryName;

		CU_ASSERT_EQUAL(type, country ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING);
	}
	X509_free(x);
	X509_free(issuer);
	cert_free(ca);
	cert_free(c);
}

static void
names_are_taken_from_the_issuer(void)
{
	static const struct part all[] = {
		{ NID_localityName, V_ASN1_UTF8STRING, "Brussels" },
		{ NID_organizationalUnitName, V_ASN1_T61STRING, "Technik M\xfcnchen" },
		{ NID_commonName, V_ASN1_UTF8STRING, "CAPF-0badcafe" },
		{ NID_organizationalUnitName, V_ASN1_UTF8STRING, "\xd0\xa6\xd0\xa3\xd0\x9f" },
		{ NID_organizationName, V_ASN1_PRINTABLESTRING, "Cisco" },
		{ NID_stateOrProvinceName, V_ASN1_UTF8STRING, "BR" },
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "BE" },
	};
	static const struct part bare[] = {
		{ NID_commonName, V_ASN1_UTF8STRING, "CAPF-0badcafe" },
	};
	static const struct part odd[] = {
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "Belgium" },
		{ NID_commonName, V_ASN1_IA5STRING, "CAPF-0badcafe" },
	};

	copied(all, 7,
	    "C=BE,O=Cisco,OU=Technik M\xc3\xbcnchen,OU=\xd0\xa6\xd0\xa3\xd0\x9f,CN=CP-8861-" DEVICE);
	copied(bare, 1, "CN=CP-8861-" DEVICE);
	copied(odd, 2, "C=Belgium,CN=CP-8861-" DEVICE);
}

static void
valid(const struct cert *ca, int days, int64_t now, int64_t from, int64_t to)
{
	struct issue_want want = want_rsa(1024);
	struct cert *c;

	want.days = days;
	c = issue_with(ca, &want, now);
	CU_ASSERT_EQUAL(cert_not_before(c), from);
	CU_ASSERT_EQUAL(cert_not_after(c), to);
	cert_free(c);
}

static void
validity_is_within_that_of_the_issuer(void)
{
	struct cert *ca = capf();
	int64_t first = cert_not_before(ca), last = cert_not_after(ca);

	CU_ASSERT_EQUAL(first, LAB_NOW);
	valid(ca, 1, NOW, NOW - 60, NOW + DAY);
	valid(ca, 1825, first + 1, first, last);
	valid(ca, 1825, first, first, last);
	valid(ca, 1824, first, first, first + (int64_t)1824 * DAY);
	valid(ca, 10, last - 5 * DAY, last - 5 * DAY - 60, last);
	valid(ca, 1825, last - 1, last - 61, last);
	cert_free(ca);
}

static void
not_issued(const struct cert *ca, const struct key *key, struct issue_want want, int64_t now,
    enum err_code code, const char *says)
{
	struct wr of_phone = rsa_key();
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(issue_lsc(ca, key, &want, wr_view(&of_phone), now, &e));
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	wr_free(&of_phone);
}

static void
issuer_that_is_no_good_issues_nothing(void)
{
	static const struct part name[] = { { NID_commonName, V_ASN1_UTF8STRING, "CAPF-0" } };
	static const char *const usages[] = { "critical,digitalSignature", "critical,cRLSign",
		"keyEncipherment" };
	struct issue_want want = want_rsa(1024);
	struct key *ec = key_of(KEY_EC, 256);
	struct cert *ca = capf(), *c;

	not_issued(ca, lab_key(2), want, NOW, ERR_FAILED, "the key is not that of CN=CAPF-");
	not_issued(ca, ec, want, NOW, ERR_FAILED, "the key is not that of CN=CAPF-");
	not_issued(ca, lab_key(CAPF_KEY), want, LAB_NOW - 1, ERR_FAILED, "is not valid now");
	not_issued(ca, lab_key(CAPF_KEY), want, cert_not_after(ca), ERR_FAILED, "is not valid now");
	cert_free(ca);
	key_free(ec);

	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		ca = ca_named(name, 1, "critical,CA:TRUE", usages[i]);
		not_issued(ca, lab_key(CAPF_KEY), want, NOW, ERR_FAILED,
		    "CN=CAPF-0 may not sign certificates");
		cert_free(ca);
	}
	ca = ca_named(name, 1, "critical,CA:FALSE", NULL);
	not_issued(ca, lab_key(CAPF_KEY), want, NOW, ERR_FAILED, "may not sign certificates");
	cert_free(ca);
	ca = ca_named(name, 1, NULL, "keyCertSign");
	not_issued(ca, lab_key(CAPF_KEY), want, NOW, ERR_FAILED, "may not sign certificates");
	cert_free(ca);
	ca = lab_cert("TVS", "cucm-pub", CAPF_KEY);
	not_issued(ca, lab_key(CAPF_KEY), want, NOW, ERR_FAILED, "may not sign certificates");
	cert_free(ca);

	/* One that says nothing of its key's usage may use it for all. */
	ca = ca_named(name, 1, "critical,CA:TRUE,pathlen:0", NULL);
	c = issue_with(ca, &want, NOW);
	cert_free(c);
	cert_free(ca);
}

static void
wishes_that_make_no_sense_are_refused(void)
{
	static const char *const names[] = { "", "SEP", "SEP00112233445", "sep001122334455",
		"SEP001122334455,DNS:evil", "CSF/../x", "ANNA" };
	static const int days[] = { 0, -1, 1826 }, bits[] = { -1, 0, 511, 4097, 16384 };
	struct issue_want want = want_rsa(1024);
	const struct key *key = lab_key(CAPF_KEY);
	struct cert *ca = capf();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		want.device = names[i];
		not_issued(ca, key, want, NOW, ERR_USAGE, "is no name of a phone");
	}
	want.device = DEVICE;
	for (size_t i = 0; i < 3; i++) {
		want.days = days[i];
		not_issued(ca, key, want, NOW, ERR_USAGE, "an LSC for");
	}
	want.days = 1;
	for (size_t i = 0; i < 5; i++) {
		want.bits = bits[i];
		not_issued(ca, key, want, NOW, ERR_USAGE, "an LSC with an RSA key of");
	}
	not_issued(ca, key, want_ec(255), NOW, ERR_USAGE, "no EC key of 255 bits");
	not_issued(ca, key, want_rsa(2048), NOW, ERR_NO, "has 1024 bits, one of 2048 was ordered");
	not_issued(ca, key, want_ec(256), NOW, ERR_NO, "of another kind (RSA) than ordered, P-256");
	cert_free(ca);
}

/* EC for phones, EC of the CAPF itself: SHA-256 and the same usages. */
static void
ec_keys_are_certified_by_ec_keys(void)
{
	static const struct part name[] = { { NID_commonName, V_ASN1_UTF8STRING, "CAPF-ec" } };
	static const int bits[] = { 256, 384, 521 };
	struct key *key = key_of(KEY_EC, 384);
	struct cert *ca = ca_with(key, name, 1, "critical,CA:TRUE", NULL), *c;
	struct err e = { 0 };
	X509 *x;

	for (size_t i = 0; i < 3; i++) {
		struct wr of_phone = ec_key(bits[i]), theirs;
		struct issue_want want = want_ec(bits[i]);

		c = issue_lsc(ca, key, &want, wr_view(&of_phone), NOW, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		x = read_anew(c);
		CU_ASSERT_EQUAL(X509_get_signature_nid(x), NID_ecdsa_with_SHA256);
		CU_ASSERT_EQUAL(X509_verify(x, key_handle(key)), 1);
		is_text(x, NID_key_usage, "Digital Signature, Key Encipherment", true);
		theirs = public_key_of(X509_get0_pubkey(x));
		CU_ASSERT_TRUE(bytes_eq(wr_view(&of_phone), wr_view(&theirs)));
		CU_ASSERT_EQUAL(cert_key_kind(c), CERT_KEY_EC);
		CU_ASSERT_EQUAL(cert_key_bits(c), bits[i]);
		wr_free(&of_phone);
		wr_free(&theirs);
		X509_free(x);
		cert_free(c);
	}
	cert_free(ca);
	key_free(key);
}

/* ---- who issued the issuer ---- */

static void
may_sign(const struct cert *issuer, const struct cert *ca, int64_t now)
{
	struct err e = { 0 };

	if (issue_check_issuer(issuer, &ca, ca == NULL ? 0 : 1, now, &e) != 0)
		fprintf(stderr, "\n    said: %s\n", e.text);
	CU_ASSERT_EQUAL(e.code, ERR_NONE);
}

static void
may_not_sign(const struct cert *issuer, const struct cert *ca, int64_t now, const char *says)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(issue_check_issuer(issuer, &ca, ca == NULL ? 0 : 1, now, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, says);
}

/* The CA ends half a day before what it signed. */
static void
a_ca_that_has_run_out_takes_capf_with_it(void)
{
	const int64_t half = DAY / 2;
	struct cert *own = capf(), *root = lab_root("Company CA", 2);
	struct cert *impostor = lab_root("Company CA", 3);
	struct cert *signed_one = lab_issued(&(struct lab_issue){ .cn = "CAPF-1",
	    .issuer = "Company CA",
	    .key = CAPF_KEY,
	    .issuer_key = 2,
	    .from = LAB_NOW + half });

	may_sign(own, NULL, NOW);
	may_sign(own, root, NOW + 2 * DAY); /* it has nothing to do with that CA */
	may_not_sign(own, NULL, cert_not_after(own) + 1, "has expired");
	may_not_sign(own, NULL, LAB_NOW - 1, "not yet valid");
	may_sign(signed_one, root, LAB_NOW + half + 1);
	may_sign(signed_one, root, LAB_NOW + DAY - 1);
	may_not_sign(signed_one, root, LAB_NOW + DAY + 1, "CN=Company CA: certificate has expired");
	may_not_sign(signed_one, root, LAB_NOW + half + DAY + 1, "has expired");
	may_sign(signed_one, NULL, LAB_NOW + DAY + 1); /* nobody at hand knows of a CA */
	may_sign(signed_one, impostor, LAB_NOW + DAY + 1);
	cert_free(own);
	cert_free(root);
	cert_free(impostor);
	cert_free(signed_one);
}

static const struct suite_test tests[] = {
	{ "key that was ordered is taken", key_that_was_ordered_is_taken },
	{ "cut or flipped keys are refused or harmless",
	    cut_or_flipped_keys_are_refused_or_harmless },
	{ "exponents are odd and not too small or large",
	    exponents_are_odd_and_not_too_small_or_large },
	{ "moduli are odd and have all their bits", moduli_are_odd_and_have_all_their_bits },
	{ "structures that are not DER are refused", structures_that_are_not_der_are_refused },
	{ "keys of other kinds are refused", keys_of_other_kinds_are_refused },
	{ "points are whole and on their curve", points_are_whole_and_on_their_curve },
	{ "curve that is not named is refused", curve_that_is_not_named_is_refused },
	{ "certificate is an LSC", certificate_is_an_lsc },
	{ "openssl accepts it", openssl_accepts_it },
	{ "serials differ", serials_differ },
	{ "subject names model and phone", subject_names_model_and_phone },
	{ "names are taken from the issuer", names_are_taken_from_the_issuer },
	{ "validity is within that of the issuer", validity_is_within_that_of_the_issuer },
	{ "issuer that is no good issues nothing", issuer_that_is_no_good_issues_nothing },
	{ "wishes that make no sense are refused", wishes_that_make_no_sense_are_refused },
	{ "EC keys are certified by EC keys", ec_keys_are_certified_by_ec_keys },
	{ "a CA that has run out takes CAPF with it", a_ca_that_has_run_out_takes_capf_with_it },
};

SUITE_MAIN("capf/issue", tests)
