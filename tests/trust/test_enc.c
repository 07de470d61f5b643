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

/* ---- sealing ---- */

static struct enc_plan
plan_of(enum digest digest)
{
	return (struct enc_plan){ .layout = LAYOUT_COMPAT,
		.digest = digest,
		.filename = "SEP001122334455.cnf.xml.enc.sgn",
		.timestamp = 1795414027 };
}

/* The one part of a known file that cannot be worked out from its plain text. */
static struct enc_chance
chance_of(const struct enc *x, struct testkey *k, int bits)
{
	struct opener who = testkey_opener(k);
	struct enc_chance chance = { .wrapped_key = x->head.wrapped_key,
		.key_bits = (uint16_t)bits };
	struct wr key = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(who.unwrap(who.key, x->head.wrapped_key, &key, &e), 0);
	CU_ASSERT_EQUAL_FATAL(key.n, ENC_KEY_SIZE);
	memcpy(chance.key, key.p, ENC_KEY_SIZE);
	memcpy(chance.iv, x->head.iv.p, ENC_IV_SIZE);
	wr_free(&key);
	return chance;
}

static void
files_of_enccnf_come_out_byte_for_byte(void)
{
	static const struct {
		const char *name, *device;
		int bits;
		enum digest digest;
	} sample[] = {
		{ "SEP58971ECC97C0", "device-rsa2048", 2048, DIGEST_SHA1 },
		{ "SEP58971ECC97C1", "device-rsa1024", 1024, DIGEST_SHA512 },
		{ "SEP58971ECC97C2", "device-rsa4096", 4096, DIGEST_SHA1 },
		{ "SEP58971ECC97C3", "device-rsa2048", 2048, DIGEST_SHA512 },
		{ "SEP58971ECC97C4", "device-rsa2048", 2048, DIGEST_SHA1 },
	};
	struct signer by = testkey_signer(signer);
	char path[128];

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		struct enc_plan plan = plan_of(sample[i].digest);
		struct wr file, plain, ours = { 0 };
		struct enc_chance chance;
		struct testkey *k;
		struct enc x;
		struct err e = { 0 };

		snprintf(path, sizeof(path), "vectors/enc/%s.cnf.xml.enc.sgn", sample[i].name);
		file = suite_file(path);
		CU_ASSERT_EQUAL(enc_decode(wr_view(&file), &x, &e), 0);
		snprintf(path, sizeof(path), "vectors/certs/%s.pem", sample[i].device);
		k = testkey_load(path);
		chance = chance_of(&x, k, sample[i].bits);
		snprintf(path, sizeof(path), "vectors/enc/%s.cnf.xml", sample[i].name);
		plain = suite_file(path);
		snprintf(path, sizeof(path), "%s.cnf.xml.enc.sgn", sample[i].name);
		plan.filename = path;
		CU_ASSERT_EQUAL(enc_seal_with(&plan, wr_view(&plain), &chance, &by, &ours, &e), 0);
		CU_ASSERT(bytes_eq(wr_view(&file), wr_view(&ours)));
		testkey_free(k);
		wr_free(&file);
		wr_free(&plain);
		wr_free(&ours);
	}
}

/* Sealed for the phone; the caller frees. */
static struct wr
sealed(struct bytes plain, enum digest digest, struct testkey *phone)
{
	struct signer by = testkey_signer(signer);
	struct enc_plan plan = plan_of(digest);
	struct wr w = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(enc_seal(&plan, plain, testkey_cert(phone), &by, &w, &e), 0);
	return w;
}

static void
opens_again(struct bytes plain, enum digest digest, enum layout layout, struct testkey *phone)
{
	struct signer by = testkey_signer(signer);
	struct enc_plan plan = plan_of(digest);
	struct wr file = { 0 }, out = { 0 };
	struct err e = { 0 };
	struct enc x;

	plan.layout = layout;
	CU_ASSERT_EQUAL(enc_seal(&plan, plain, testkey_cert(phone), &by, &file, &e), 0);
	CU_ASSERT_EQUAL(enc_decode(wr_view(&file), &x, &e), 0);
	CU_ASSERT_EQUAL(enc_verify(&x, wr_view(&file), testkey_cert(signer), &e), 0);
	CU_ASSERT_EQUAL(x.head.key_bits, cert_key_bits(testkey_cert(phone)));
	CU_ASSERT_EQUAL(x.head.plain_digest, digest);
	CU_ASSERT(x.head.pad_count >= 1 && x.head.pad_count <= 16);
	CU_ASSERT_EQUAL(opened(&x, phone, &out, &e), 0);
	CU_ASSERT(bytes_eq(wr_view(&out), plain));
	wr_free(&file);
	wr_free(&out);
}

static void
what_we_seal_opens(void)
{
	static const uint8_t text[4096] = "<device/>\r\r\r";
	static const size_t sizes[] = { 0, 1, 12, 15, 16, 17, 31, 32, 4095, 4096 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		opens_again(bytes_over(text, sizes[i]), DIGEST_SHA1, LAYOUT_CISCO, device);
		opens_again(bytes_over(text, sizes[i]), DIGEST_SHA512, LAYOUT_COMPAT, other);
	}
}

/* A key that two files share would tell who can read one of them what is in the other. */
static void
no_key_seals_twice(void)
{
	struct wr a = sealed(bytes_of("<device/>"), DIGEST_SHA1, device);
	struct wr b = sealed(bytes_of("<device/>"), DIGEST_SHA1, device);
	struct enc x, y;
	struct enc_chance p, q;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(enc_decode(wr_view(&a), &x, &e), 0);
	CU_ASSERT_EQUAL(enc_decode(wr_view(&b), &y, &e), 0);
	p = chance_of(&x, device, 2048);
	q = chance_of(&y, device, 2048);
	CU_ASSERT_NOT_EQUAL(memcmp(p.key, q.key, ENC_KEY_SIZE), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(p.iv, q.iv, ENC_IV_SIZE), 0);
	CU_ASSERT_FALSE(bytes_eq(x.payload, y.payload));
	wr_free(&a);
	wr_free(&b);
}

static void
every_change_to_what_we_sealed_is_noticed(void)
{
	struct wr w = sealed(bytes_of("<device/>"), DIGEST_SHA512, device);

	each_cut(wr_view(&w), fails, NULL);
	each_flip(wr_view(&w), fails, NULL);
	wr_free(&w);
}

static void
only_the_phone_opens_it(void)
{
	struct wr w = sealed(bytes_of("<device/>"), DIGEST_SHA1, device);
	struct enc x;
	struct err e;

	CU_ASSERT_EQUAL(enc_decode(wr_view(&w), &x, &e), 0);
	refused(&x, other, ERR_NO, does_not_open);
	wr_free(&w);
}

static void
cannot_seal(const char *phone, const char *by, enum digest digest, const char *says)
{
	struct testkey *to = testkey_load(phone), *from = testkey_load(by);
	struct signer s = testkey_signer(from);
	struct enc_plan plan = plan_of(digest);
	struct wr out = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(enc_seal(&plan, bytes_of("<device/>"), testkey_cert(to), &s, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_EQUAL(out.n, 0);
	testkey_free(to);
	testkey_free(from);
	wr_free(&out);
}

static void
not_every_key_will_do(void)
{
	cannot_seal("vectors/certs/device-ec256.pem", "vectors/certs/tftp.pem", DIGEST_SHA1,
	    "it has an EC key");
	cannot_seal("vectors/certs/device-rsa2048.pem", "vectors/certs/sast-ec.pem", DIGEST_SHA1,
	    "cannot sign");
	cannot_seal("vectors/certs/device-rsa2048.pem", "vectors/certs/sast-3072.pem", DIGEST_SHA1,
	    "cannot sign");
	cannot_seal("vectors/certs/device-rsa2048.pem", "vectors/certs/tftp.pem", DIGEST_SHA256,
	    "SHA-1 and SHA-512, not sha256");
}

static void
what_would_not_open_is_not_sealed(void)
{
	struct signer by = testkey_signer(signer);
	struct enc_plan plan = plan_of(DIGEST_SHA1);
	struct wr text = { 0 }, out = { 0 };
	struct err e = { 0 };

	wr_fill(&text, ' ', (16 << 20) - 16);
	CU_ASSERT_EQUAL(enc_seal(&plan, wr_view(&text), testkey_cert(device), &by, &out, &e), 0);
	wr_free(&out);
	wr_u8(&text, ' ');
	CU_ASSERT_EQUAL(enc_seal(&plan, wr_view(&text), testkey_cert(device), &by, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_EQUAL(out.n, 0);
	wr_free(&text);
	wr_free(&out);
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
	{ "files of enccnf come out byte for byte", files_of_enccnf_come_out_byte_for_byte },
	{ "what we seal opens", what_we_seal_opens },
	{ "no key seals twice", no_key_seals_twice },
	{ "every change to what we sealed is noticed", every_change_to_what_we_sealed_is_noticed },
	{ "only the phone opens it", only_the_phone_opens_it },
	{ "not every key will do", not_every_key_will_do },
	{ "what would not open is not sealed", what_would_not_open_is_not_sealed },
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
