#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tests/support/table.h"
#include "tests/support/testkey.h"
#include "trust/cert.h"

static struct cert *
load(const char *name)
{
	struct wr pem = suite_file(name);
	struct err e = { 0 };
	struct cert *c = cert_from_pem(wr_view(&pem), &e);

	if (c == NULL) {
		fprintf(stderr, "\n%s: %s\n", name, e.text);
		exit(1);
	}
	wr_free(&pem);
	return c;
}

static bool
is_hex(struct bytes b, const char *hex)
{
	struct wr w = suite_hex(hex != NULL ? hex : "");
	bool same = bytes_eq(b, wr_view(&w));

	wr_free(&w);
	return same;
}

static void
claim(bool ok, const char *name, const char *what)
{
	if (!ok)
		fprintf(stderr, "\n    %s: %s\n", name, what);
	CU_ASSERT(ok);
}

static void
key_is(const struct cert *c, const char *name, const char *key)
{
	bool rsa = strncmp(key, "RSA-", 4) == 0;

	CU_ASSERT_EQUAL(cert_key_kind(c), rsa ? CERT_KEY_RSA : CERT_KEY_EC);
	if (rsa)
		claim(cert_key_bits(c) == atoi(key + 4), name, "bits of the key");
	else
		claim(
		    cert_key_bits(c) == (strstr(key, "384") ? 384 : 256), name, "bits of the key");
}

/* A line of certs.tsv. */
static void
is_spelled(const char *const field[TABLE_FIELDS], void *ctx)
{
	char path[128];
	struct cert *c;
	struct wr sign_byte;

	snprintf(path, sizeof(path), "vectors/%s", field[0]);
	c = load(path);
	claim(strcmp(cert_subject(c, CERT_COMPAT), field[1]) == 0, path, field[1]);
	claim(strcmp(cert_issuer(c, CERT_COMPAT), field[2]) == 0, path, field[2]);
	claim(strcmp(cert_subject(c, CERT_CISCO), field[3]) == 0, path, field[3]);
	claim(cert_is_subject(c, field[1]) && cert_is_subject(c, field[3]), path, "its subject");
	claim(cert_is_issuer(c, field[2]), path, "its issuer");
	claim(is_hex(cert_serial(c), field[4]), path, "serial");
	sign_byte = suite_hex(field[5]);
	claim(cert_is_serial(c, wr_view(&sign_byte)), path, "serial with sign byte");
	claim(is_hex(cert_md5(c), field[6]), path, "MD5");
	claim(is_hex(cert_sha1(c), field[7]), path, "SHA-1");
	claim(is_hex(cert_sha256(c), field[8]), path, "SHA-256");
	claim(cert_der(c).n == strtoul(field[9], NULL, 10), path, "length");
	claim(is_hex(cert_public_key(c), field[10]), path, "public key");
	key_is(c, path, field[11]);
	wr_free(&sign_byte);
	cert_free(c);
	*(size_t *)ctx += 1;
}

static void
every_certificate_is_spelled_as_others_spell_it(void)
{
	struct wr table = suite_file("vectors/certs.tsv");
	size_t n = 0;

	table_each(wr_view(&table), is_spelled, &n);
	CU_ASSERT_EQUAL(n, 26);
	wr_free(&table);
}

static void
a_certificate_survives_pem_and_a_copy(void)
{
	struct cert *c = load("vectors/certs/capf-utf8.pem"), *again, *copy = cert_copy(c);
	struct wr pem = { 0 };
	struct err e;

	cert_to_pem(c, &pem);
	again = cert_from_pem(wr_view(&pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT(cert_eq(c, again));
	CU_ASSERT(cert_eq(c, copy));
	CU_ASSERT_STRING_EQUAL(cert_common_name(copy), cert_common_name(c));
	cert_free(c);
	CU_ASSERT_STRING_EQUAL(cert_subject(again, CERT_CISCO), cert_subject(copy, CERT_CISCO));
	cert_free(again);
	cert_free(copy);
	wr_free(&pem);
}

static void
facts_of_one_certificate(void)
{
	struct cert *sast = load("vectors/certs/sast.pem");
	struct cert *issued = load("vectors/certs/app-issued.pem");

	CU_ASSERT_STRING_EQUAL(cert_common_name(sast), "ITLRECOVERY_d-pub");
	CU_ASSERT_EQUAL(cert_not_before(sast), 1795327616); /* 2026-11-22 06:06:56 */
	CU_ASSERT_EQUAL(cert_not_after(sast), 2110687616);  /* 2036-11-19 06:06:56 */
	CU_ASSERT_EQUAL(cert_signature(sast).n, 256);
	CU_ASSERT(cert_is_self_issued(sast));
	CU_ASSERT_FALSE(cert_is_self_issued(issued));
	CU_ASSERT_FALSE(cert_eq(sast, issued));
	CU_ASSERT_FALSE(cert_is_subject(sast, cert_subject(issued, CERT_CISCO)));
	CU_ASSERT_FALSE(cert_is_serial(sast, cert_serial(issued)));
	cert_free(sast);
	cert_free(issued);
}

static void
a_name_without_attributes_is_empty(void)
{
	struct cert *c = load("vectors/certs/app-emptysubject.pem");

	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_CISCO), "");
	CU_ASSERT_STRING_EQUAL(cert_common_name(c), "");
	CU_ASSERT(cert_is_subject(c, ""));
	CU_ASSERT_FALSE(cert_is_subject(c, "CN="));
	cert_free(c);
}

static void
multi_valued_parts_may_stand_in_any_order(void)
{
	struct cert *c = load("vectors/certs/app-multi.pem");

	CU_ASSERT(cert_is_subject(c, "OU=one,CN=app-d,UID=u1,O=Kit Lab,L=x,ST=y"));
	CU_ASSERT(cert_is_subject(c, "UID=u1,OU=one,CN=app-d,O=Kit Lab,ST=y,L=x"));
	CU_ASSERT_FALSE(cert_is_subject(c, "O=Kit Lab,UID=u1,OU=one,CN=app-d,ST=y,L=x"));
	CU_ASSERT_FALSE(cert_is_subject(c, "UID=u1,OU=one,CN=app-d,O=Kit Lab,ST=y"));
	CU_ASSERT_FALSE(cert_is_subject(c, "UID=u1,OU=one,CN=app-d,O=Kit Lab,ST=y,L=x,"));
	CU_ASSERT_FALSE(cert_is_subject(c, "UID=u1,OU=one,CN=app-d,O=Kit Lab,ST=y,ST=y"));
	CU_ASSERT_FALSE(cert_is_subject(c, ""));
	CU_ASSERT_FALSE(cert_is_subject(c, "\\"));
	cert_free(c);
}

/* The DER with each occurrence of one text replaced by another of the same length. */
static struct wr
der_with(const struct cert *c, const char *was, const char *is, size_t n)
{
	struct wr w = { 0 };

	wr_put(&w, cert_der(c));
	for (size_t i = 0; i + n <= w.n; i++)
		if (memcmp(w.p + i, was, n) == 0)
			memcpy(w.p + i, is, n);
	return w;
}

static void
a_nul_in_a_name_does_not_end_it(void)
{
	struct cert *phone = load("vectors/certs/device-rsa2048.pem"), *c;
	struct wr der = der_with(phone, "SEP001122334455", "SEP001122\0\\4455", 15);
	struct err e;

	c = cert_from_der(wr_view(&der), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_CISCO), "CN=SEP001122\\00\\4455");
	CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_COMPAT), "CN=SEP001122\\00\\\\4455");
	CU_ASSERT_STRING_EQUAL(cert_common_name(c), "SEP001122\\00\\4455");
	CU_ASSERT_FALSE(cert_is_subject(c, "CN=SEP001122"));
	cert_free(c);
	cert_free(phone);
	wr_free(&der);
}

static void
names_are_escaped_as_in_rfc_4514(void)
{
	static const struct {
		const char *name, *compat;
	} sample[] = {
		{ "#P001122334455 ", "CN=\\#P001122334455\\ " },
		{ " #,+\"<>;\\=34455", "CN=\\ #\\,\\+\\\"\\<\\>\\;\\\\=34455" },
	};
	struct cert *phone = load("vectors/certs/device-rsa2048.pem");

	for (size_t i = 0; i < 2; i++) {
		struct wr der = der_with(phone, "SEP001122334455", sample[i].name, 15);
		struct cert *c = cert_from_der(wr_view(&der), NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_COMPAT), sample[i].compat);
		CU_ASSERT_STRING_EQUAL(cert_subject(c, CERT_CISCO) + 3, sample[i].name);
		CU_ASSERT(cert_is_subject(c, sample[i].compat));
		cert_free(c);
		wr_free(&der);
	}
	cert_free(phone);
}

static void
a_negative_serial_is_its_bytes(void)
{
	struct cert *c = load("certs/negative-serial.pem");

	CU_ASSERT(is_hex(cert_serial(c), "ef0100"));
	CU_ASSERT(cert_is_serial(c, cert_serial(c)));
	cert_free(c);
}

static void
a_serial_is_the_same_with_and_without_its_sign_byte(void)
{
	struct cert *c = load("vectors/certs/app-ser0.pem");

	CU_ASSERT_EQUAL(cert_serial(c).n, 0);
	CU_ASSERT(cert_is_serial(c, bytes_over("", 0)));
	CU_ASSERT(cert_is_serial(c, bytes_over("\0", 1)));
	CU_ASSERT_FALSE(cert_is_serial(c, bytes_over("\0\0", 2)));
	CU_ASSERT_FALSE(cert_is_serial(c, bytes_over("\1", 1)));
	cert_free(c);
}

static void
keys_are_spelled_as_lists_carry_them(void)
{
	struct cert *ec = load("certs/ec-compressed.pem"), *other = load("certs/ed25519.pem");

	CU_ASSERT_EQUAL(cert_public_key(ec).n, 65);
	CU_ASSERT_EQUAL(cert_public_key(ec).p[0], 4);
	CU_ASSERT_EQUAL(cert_key_kind(other), CERT_KEY_OTHER);
	CU_ASSERT_EQUAL(cert_public_key(other).n, 44); /* SubjectPublicKeyInfo */
	cert_free(ec);
	cert_free(other);
}

static void
cut_is_refused(struct bytes cut, size_t n, void *ctx)
{
	struct err e;

	(void)n;
	(void)ctx;
	CU_ASSERT_PTR_NULL(cert_from_der(cut, &e));
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
}

static void
flip_is_harmless(struct bytes flipped, size_t bit, void *ctx)
{
	struct cert *c = cert_from_der(flipped, NULL);

	(void)bit;
	if (c == NULL)
		return;
	CU_ASSERT_FALSE(cert_eq(c, ctx));
	CU_ASSERT(cert_is_subject(c, cert_subject(c, CERT_COMPAT)));
	CU_ASSERT(cert_is_issuer(c, cert_issuer(c, CERT_CISCO)));
	CU_ASSERT(bytes_is_utf8(bytes_of(cert_subject(c, CERT_CISCO))));
	cert_free(c);
}

static void
every_cut_is_refused_and_every_flip_harmless(void)
{
	struct cert *c = load("vectors/certs/sast-512.pem");

	each_cut(cert_der(c), cut_is_refused, NULL);
	each_flip(cert_der(c), flip_is_harmless, c);
	cert_free(c);
}

static void
what_follows_a_certificate_is_refused(void)
{
	struct cert *c = load("vectors/certs/sast.pem");
	struct wr w = { 0 };
	struct err e;

	wr_put(&w, cert_der(c));
	wr_u8(&w, 0);
	CU_ASSERT_PTR_NULL(cert_from_der(wr_view(&w), &e));
	ASSERT_ERR_SAYS(e, "something follows it");
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	wr_free(&w);
	cert_free(c);
}

static void
limits_are_kept(void)
{
	struct wr w = { 0 };
	struct err e;

	wr_fill(&w, 0x30, CERT_DER_MAX + 1);
	CU_ASSERT_PTR_NULL(cert_from_der(wr_view(&w), &e));
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_PTR_NULL(cert_from_pem(bytes_of(""), &e));
	CU_ASSERT_PTR_NULL(cert_from_pem(bytes_of("-----BEGIN CERTIFICATE-----\n"), &e));
	CU_ASSERT_PTR_NULL(cert_from_pem(bytes_of("no PEM"), NULL));
	ASSERT_ERR_SAYS(e, "no PEM certificate");
	wr_free(&w);
}

static int
check(const struct testkey *k, enum digest digest, const char *a, const char *b,
    struct bytes signature, struct err *e)
{
	struct bytes part[2] = { bytes_of(a), bytes_of(b) };

	return cert_check_signature(testkey_cert(k), digest, part, 2, signature, e);
}

static void
old_phones_weak_keys_verify(void)
{
	struct testkey *k = testkey_load("vectors/certs/sast-512.pem");
	struct bytes whole = bytes_of("front and back");
	struct signer s = testkey_signer(k);
	struct wr signature = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(s.sign(s.key, DIGEST_SHA1, &whole, 1, &signature, &e), 0);
	CU_ASSERT_EQUAL(signature.n, 64);
	CU_ASSERT_EQUAL(check(k, DIGEST_SHA1, "front ", "and back", wr_view(&signature), &e), 0);
	CU_ASSERT_EQUAL(check(k, DIGEST_SHA1, "front", "and back", wr_view(&signature), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	CU_ASSERT_EQUAL(check(k, DIGEST_SHA256, "front ", "and back", wr_view(&signature), &e), -1);
	CU_ASSERT_EQUAL(check(k, DIGEST_SHA1, "front ", "and back", bytes_over(NULL, 0), &e), -1);
	wr_free(&signature);
	testkey_free(k);
}

static void
only_rsa_keys_verify(void)
{
	struct testkey *k = testkey_load("vectors/certs/sast-ec.pem");
	struct bytes whole = bytes_of("text");
	struct signer s = testkey_signer(k);
	struct wr signature = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(s.sign(s.key, DIGEST_SHA1, &whole, 1, &signature, &e), 0);
	CU_ASSERT_EQUAL(check(k, DIGEST_SHA1, "text", "", wr_view(&signature), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	wr_free(&signature);
	testkey_free(k);
}

static void
digests_have_names(void)
{
	CU_ASSERT_EQUAL(digest_of("sha1"), 1);
	CU_ASSERT_EQUAL(digest_of("SHA-512"), 3);
	CU_ASSERT_EQUAL(digest_of("sha-256"), 2);
	CU_ASSERT_EQUAL(digest_of("md5"), -1);
	CU_ASSERT_STRING_EQUAL(digest_word(3), "sha512");
	CU_ASSERT_STRING_EQUAL(digest_word(7), "?");
}

static const struct suite_test tests[] = {
	{ "every certificate is spelled as others spell it",
	    every_certificate_is_spelled_as_others_spell_it },
	{ "a certificate survives PEM and a copy", a_certificate_survives_pem_and_a_copy },
	{ "facts of one certificate", facts_of_one_certificate },
	{ "a name without attributes is empty", a_name_without_attributes_is_empty },
	{ "multi-valued parts may stand in any order", multi_valued_parts_may_stand_in_any_order },
	{ "a NUL in a name does not end it", a_nul_in_a_name_does_not_end_it },
	{ "names are escaped as in RFC 4514", names_are_escaped_as_in_rfc_4514 },
	{ "a negative serial is its bytes", a_negative_serial_is_its_bytes },
	{ "a serial is the same with and without its sign byte",
	    a_serial_is_the_same_with_and_without_its_sign_byte },
	{ "keys are spelled as lists carry them", keys_are_spelled_as_lists_carry_them },
	{ "every cut is refused and every flip harmless",
	    every_cut_is_refused_and_every_flip_harmless },
	{ "what follows a certificate is refused", what_follows_a_certificate_is_refused },
	{ "limits are kept", limits_are_kept },
	{ "old phones' weak keys verify", old_phones_weak_keys_verify },
	{ "only RSA keys verify", only_rsa_keys_verify },
	{ "digests have names", digests_have_names },
};

SUITE_MAIN("trust/cert", tests)
