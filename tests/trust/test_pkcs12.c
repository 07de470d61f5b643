#include "tests/support/suite.h"
#include "trust/pkcs12.h"

static struct cert *
sample(const char *name)
{
	char path[128];
	struct wr pem;
	struct cert *c;
	struct err e;

	snprintf(path, sizeof(path), "vectors/certs/%s.pem", name);
	pem = suite_file(path);
	c = cert_from_pem(wr_view(&pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_free(&pem);
	return c;
}

/* Two certificates, the second without a label. */
static struct wr
two(void)
{
	struct cert *a = sample("tvs"), *b = sample("capf-utf8");
	struct pkcs12 p = { 0 };
	struct wr file = { 0 };
	struct err e;

	pkcs12_add(&p, a, "A-1/cucm-pub/T\303\244st");
	pkcs12_add(&p, b, "");
	CU_ASSERT_EQUAL_FATAL(pkcs12_encode(&p, &file, &e), 0);
	pkcs12_free(&p);
	cert_free(a);
	cert_free(b);
	return file;
}

static void
what_was_written_is_read(void)
{
	struct cert *a = sample("tvs"), *b = sample("capf-utf8");
	struct wr file = two();
	struct pkcs12 p = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(pkcs12_decode(wr_view(&file), &p, &e), 0);
	CU_ASSERT_EQUAL_FATAL(p.n, 2);
	CU_ASSERT(cert_eq(p.cert[0].cert, a));
	CU_ASSERT_STRING_EQUAL(p.cert[0].label, "A-1/cucm-pub/T\303\244st");
	CU_ASSERT(cert_eq(p.cert[1].cert, b));
	CU_ASSERT_STRING_EQUAL(p.cert[1].label, "");
	/* Another file adds to it. */
	CU_ASSERT_EQUAL(pkcs12_decode(wr_view(&file), &p, &e), 0);
	CU_ASSERT_EQUAL(p.n, 4);
	pkcs12_free(&p);
	wr_free(&file);
	cert_free(a);
	cert_free(b);
}

static void
refused(struct bytes file, size_t n, void *ctx)
{
	struct pkcs12 p = { 0 };
	struct err e = { 0 };

	(void)n;
	(void)ctx;
	CU_ASSERT_EQUAL(pkcs12_decode(file, &p, &e), -1);
	CU_ASSERT_EQUAL(p.n, 0);
	CU_ASSERT(e.text[0] != '\0');
	pkcs12_free(&p);
}

static void
every_cut_is_refused(void)
{
	struct wr file = two();

	each_cut(wr_view(&file), refused, NULL);
	wr_u8(&file, 0);
	refused(wr_view(&file), 0, NULL);
	wr_free(&file);
}

/* What is inside is what was put there, or nothing. */
static void
flipped(struct bytes file, size_t bit, void *ctx)
{
	const struct cert *first = ctx;
	struct pkcs12 p = { 0 };
	struct err e = { 0 };

	(void)bit;
	if (pkcs12_decode(file, &p, &e) == 0) {
		CU_ASSERT_EQUAL(p.n, 2);
		CU_ASSERT(p.n == 2 && cert_eq(p.cert[0].cert, first));
	}
	pkcs12_free(&p);
}

static void
every_flipped_bit_is_refused_or_harmless(void)
{
	struct cert *a = sample("tvs");
	struct wr file = two();

	each_flip(wr_view(&file), flipped, a);
	wr_free(&file);
	cert_free(a);
}

/* Made with `openssl pkcs12 -export -nokeys`, encrypted and with a password. */
static void
others_are_told_apart(void)
{
	static const struct {
		const char *file, *says;
		enum err_code code;
	} other[] = {
		{ "pkcs12/encrypted.p12", "its certificates are encrypted", ERR_MALFORMED },
		{ "pkcs12/password.p12", "another password", ERR_DENIED },
		{ "pkcs12/no-mac.p12", "without a MAC", ERR_MALFORMED },
	};

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		struct wr file = suite_file(other[i].file);
		struct pkcs12 p = { 0 };
		struct err e = { 0 };

		CU_ASSERT_EQUAL(pkcs12_decode(wr_view(&file), &p, &e), -1);
		CU_ASSERT_EQUAL(e.code, other[i].code);
		ASSERT_ERR_SAYS(e, other[i].says);
		wr_free(&file);
	}
}

/* Made with `openssl pkcs12 -export -nokeys -certpbe NONE -name ...`. */
static void
openssls_own_is_read(void)
{
	struct wr file = suite_file("pkcs12/plain.p12");
	struct cert *c = sample("tvs");
	struct pkcs12 p = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(pkcs12_decode(wr_view(&file), &p, &e), 0);
	CU_ASSERT_EQUAL_FATAL(p.n, 1);
	CU_ASSERT(cert_eq(p.cert[0].cert, c));
	pkcs12_free(&p);
	wr_free(&file);
	cert_free(c);
}

static void
nothing_makes_a_file_too(void)
{
	struct pkcs12 p = { 0 };
	struct wr file = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(pkcs12_encode(&p, &file, &e), 0);
	CU_ASSERT_EQUAL(pkcs12_decode(wr_view(&file), &p, &e), 0);
	CU_ASSERT_EQUAL(p.n, 0);
	wr_free(&file);
}

static const struct suite_test tests[] = {
	{ "what was written is read", what_was_written_is_read },
	{ "every cut is refused", every_cut_is_refused },
	{ "every flipped bit is refused or harmless", every_flipped_bit_is_refused_or_harmless },
	{ "others are told apart", others_are_told_apart },
	{ "OpenSSL's own is read", openssls_own_is_read },
	{ "nothing makes a file too", nothing_makes_a_file_too },
};

SUITE_MAIN("pkcs12", tests)
