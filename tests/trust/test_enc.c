#include <string.h>

#include "tests/support/suite.h"
#include "tests/support/testkey.h"
#include "trust/enc.h"

static const char does_not_open[] = "does not open with this key to what its hash says";

static struct testkey *device, *other, *signer;

static int
opened(const struct enc *x, struct testkey *k, struct wr *out, struct err *e)
{
	struct opener who = testkey_opener(k);

	return enc_open(x, &who, out, e);
}

static void
every_size_opens_to_its_plain_text(void)
{
	static const struct {
		const char *name, *device;
	} sample[] = {
		{ "SEP58971ECC97C0", "device-rsa2048" },
		{ "SEP58971ECC97C1", "device-rsa1024" }, /* whole blocks: 16 bytes of padding */
		{ "SEP58971ECC97C2", "device-rsa4096" }, /* ends in CR, as the padding */
		{ "SEP58971ECC97C4", "device-rsa2048" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		struct wr file, plain, ours = { 0 };
		struct testkey *k;
		struct enc x;
		struct err e = { 0 };

		snprintf(path, sizeof(path), "vectors/enc/%s.cnf.xml.enc.sgn", sample[i].name);
		file = suite_file(path);
		snprintf(path, sizeof(path), "vectors/enc/%s.cnf.xml", sample[i].name);
		plain = suite_file(path);
		snprintf(path, sizeof(path), "vectors/certs/%s.pem", sample[i].device);
		k = testkey_load(path);
		CU_ASSERT_EQUAL(enc_decode(wr_view(&file), &x, &e), 0);
		CU_ASSERT_EQUAL(enc_verify(&x, wr_view(&file), testkey_cert(signer), &e), 0);
		CU_ASSERT_EQUAL(opened(&x, k, &ours, &e), 0);
		CU_ASSERT(bytes_eq(wr_view(&plain), wr_view(&ours)));
		testkey_free(k);
		wr_free(&file);
		wr_free(&plain);
		wr_free(&ours);
	}
}

/* A file that is as it should be, for one thing about it to be changed. */
static struct wr
good(struct enc *x)
{
	struct wr w = suite_file("vectors/enc/SEP58971ECC97C0.cnf.xml.enc.sgn");
	struct err e;

	CU_ASSERT_EQUAL(enc_decode(wr_view(&w), x, &e), 0);
	return w;
}

static void
refused(const struct enc *x, struct testkey *k, enum err_code code, const char *says)
{
	struct wr out = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(opened(x, k, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_EQUAL(out.n, 0);
	wr_free(&out);
}

/* What a stranger may learn from a file of his own making is one bit: it does not open. */
static void
every_key_that_does_not_fit_sounds_the_same(void)
{
	static const uint8_t nonsense[256] = { 1, 2, 3 };
	struct enc x;
	struct wr w = good(&x);
	struct bytes wrapped = x.head.wrapped_key;

	refused(&x, other, ERR_NO, does_not_open);
	x.head.wrapped_key = bytes_over(nonsense, sizeof(nonsense));
	refused(&x, device, ERR_NO, does_not_open);
	x.head.wrapped_key = bytes_over(nonsense, 1);
	refused(&x, device, ERR_NO, does_not_open);
	x.head.wrapped_key = bytes_over(NULL, 0);
	refused(&x, device, ERR_NO, does_not_open);
	x.head.wrapped_key = wrapped;
	x.head.plain_hash = bytes_over(nonsense, 20);
	refused(&x, device, ERR_NO, does_not_open);
	wr_free(&w);
}

static void
padding_is_checked_against_the_payload(void)
{
	struct enc x;
	struct wr w = good(&x);

	x.head.pad_count = 17;
	refused(&x, device, ERR_MALFORMED, "padding of 17 bytes in 16 encrypted ones");
	x.head.pad_count = 65535;
	refused(&x, device, ERR_MALFORMED, "padding of 65535 bytes");
	x.head.pad_count = 6;
	refused(&x, device, ERR_NO, does_not_open);
	x.head.pad_count = 7;
	x.payload.n--;
	refused(&x, device, ERR_MALFORMED, "15 encrypted bytes are not one or more blocks of 16");
	x.payload.n = 0;
	refused(&x, device, ERR_MALFORMED, "0 encrypted bytes");
	x.payload.n = (16 << 20) + 16;
	refused(&x, device, ERR_LIMIT, "16777232 encrypted bytes, more than");
	wr_free(&w);
}

static int
is_away(void *key, struct bytes wrapped, struct wr *out, struct err *e)
{
	(void)key;
	(void)wrapped;
	(void)out;
	return err_set(e, ERR_FAILED, "the token is not plugged in");
}

static void
a_key_that_is_away_is_another_matter(void)
{
	struct opener who = { .unwrap = is_away };
	struct wr out = { 0 };
	struct enc x;
	struct wr w = good(&x);
	struct err e;

	CU_ASSERT_EQUAL(enc_open(&x, &who, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "the token is not plugged in");
	CU_ASSERT_EQUAL(enc_open(&x, &who, &out, NULL), -1);
	wr_free(&out);
	wr_free(&w);
}

static void
aes_256_opens_too(void)
{
	struct wr w = suite_file("vectors/corrupt/enc-aes256.enc.sgn"), out = { 0 };
	struct enc x;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(enc_decode(wr_view(&w), &x, &e), 0);
	CU_ASSERT_EQUAL(opened(&x, device, &out, &e), 0);
	CU_ASSERT(out.n > 0);
	wr_free(&w);
	wr_free(&out);
}

static void
fails(struct bytes file, size_t n, void *ctx)
{
	struct err e = { 0 };
	struct enc x;

	(void)n;
	(void)ctx;
	if (enc_decode(file, &x, &e) == 0)
		CU_ASSERT_EQUAL(enc_verify(&x, file, testkey_cert(signer), &e), -1);
	CU_ASSERT(e.text[0] != '\0');
}

static void
every_cut_and_every_flipped_bit_is_noticed(void)
{
	struct enc x;
	struct wr w = good(&x);

	each_cut(wr_view(&w), fails, NULL);
	each_flip(wr_view(&w), fails, NULL);
	wr_free(&w);
}

/* Unsigned bits, as it were: enc_open() must stand a header that nobody verified. */
static void
opens_to_nothing_else(struct bytes file, size_t bit, void *ctx)
{
	struct wr out = { 0 };
	struct err e = { 0 };
	struct enc x;

	(void)bit;
	if (bit % 8 != 0 || enc_decode(file, &x, &e) != 0)
		return;
	if (opened(&x, device, &out, &e) == 0)
		CU_ASSERT(bytes_eq(wr_view(&out), *(struct bytes *)ctx));
	wr_free(&out);
}

static void
no_flipped_bit_opens_to_another_text(void)
{
	struct wr plain = suite_file("vectors/enc/SEP58971ECC97C0.cnf.xml");
	struct bytes text = wr_view(&plain);
	struct enc x;
	struct wr w = good(&x);

	each_flip(wr_view(&w), opens_to_nothing_else, &text);
	wr_free(&plain);
	wr_free(&w);
}

static const struct suite_test tests[] = {
	{ "every size opens to its plain text", every_size_opens_to_its_plain_text },
	{ "every key that does not fit sounds the same",
	    every_key_that_does_not_fit_sounds_the_same },
	{ "padding is checked against the payload", padding_is_checked_against_the_payload },
	{ "a key that is away is another matter", a_key_that_is_away_is_another_matter },
	{ "AES-256 opens too", aes_256_opens_too },
	{ "every cut and every flipped bit is noticed",
	    every_cut_and_every_flipped_bit_is_noticed },
	{ "no flipped bit opens to another text", no_flipped_bit_opens_to_another_text },
};

int
main(void)
{
	int rc;

	device = testkey_load("vectors/certs/device-rsa2048.pem");
	other = testkey_load("vectors/certs/device-rsa1024.pem");
	signer = testkey_load("vectors/certs/tftp.pem");
	rc = suite_run("trust/enc", tests, sizeof(tests) / sizeof(tests[0]));
	testkey_free(device);
	testkey_free(other);
	testkey_free(signer);
	return rc;
}
