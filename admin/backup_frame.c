#include "admin/backup_frame.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/mem.h"

/* ---- the bytes ---- */

enum { DER_INTEGER = 2, DER_OCTETS = 4, DER_OID = 6, DER_SEQUENCE = 0x30, DER_SET = 0x31 };
enum { PASSPHRASE_RECIPIENT = 0xa3, DERIVATION = 0xa0, ATTRIBUTES = 0xa1 };

/* An element with one of these begins and is ended by two zeros. */
static const uint8_t open_sequence[] = { 0x30, 0x80 }, open_content[] = { 0xa0, 0x80 };
static const uint8_t ended[6]; /* three of them */

static const uint8_t enveloped_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03 };
static const uint8_t data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const uint8_t pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c };
static const uint8_t hmac_sha256[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09 };
static const uint8_t pwri_kek[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03,
	0x09 };
static const uint8_t aes256_cbc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a };
/* SEAL_ATTRIBUTE of backup_seal.h */
static const uint8_t attribute[] = { 0x69, 0x83, 0xde, 0xd2, 0xee, 0xba, 0xf9, 0xc0, 0x92, 0x99,
	0xe1, 0xb0, 0xab, 0x83, 0xd8, 0x8f, 0xfa, 0xe7, 0x98, 0x40 };
static const uint8_t null[] = { 0x05, 0x00 };

#define OVER(array) bytes_over((array), sizeof(array))

static void
put_length(struct wr *w, size_t n)
{
	if (n >= 0x100) {
		wr_u8(w, 0x82);
		wr_u16(w, (uint16_t)n);
		return;
	}
	if (n >= 0x80)
		wr_u8(w, 0x81);
	wr_u8(w, (uint8_t)n);
}

static void
put(struct wr *w, uint8_t tag, struct bytes value)
{
	wr_u8(w, tag);
	put_length(w, value.n);
	wr_put(w, value);
}

/* The same with a value that was written for it, and is freed. */
static void
put_all(struct wr *w, uint8_t tag, struct wr *value)
{
	put(w, tag, wr_view(value));
	wr_free(value);
}

static void
put_number(struct wr *w, unsigned v)
{
	struct wr digits = { 0 };
	uint8_t raw[] = { 0, (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };
	size_t at = 0;

	while (at + 1 < sizeof(raw) && raw[at] == 0 && raw[at + 1] < 0x80)
		at++;
	wr_put(&digits, bytes_from(OVER(raw), at));
	put_all(w, DER_INTEGER, &digits);
}

static void
put_cipher(struct wr *w, const uint8_t iv[FRAME_BLOCK])
{
	struct wr it = { 0 };

	put(&it, DER_OID, OVER(aes256_cbc));
	put(&it, DER_OCTETS, bytes_over(iv, FRAME_BLOCK));
	put_all(w, DER_SEQUENCE, &it);
}

static void
put_derivation(struct wr *w, const struct frame *f)
{
	struct wr it = { 0 }, how = { 0 }, hash = { 0 };

	put(&how, DER_OCTETS, OVER(f->salt));
	put_number(&how, f->rounds);
	put(&hash, DER_OID, OVER(hmac_sha256));
	wr_put(&hash, OVER(null));
	put_all(&how, DER_SEQUENCE, &hash);
	put(&it, DER_OID, OVER(pbkdf2));
	put_all(&it, DER_SEQUENCE, &how);
	put_all(w, DERIVATION, &it);
}

static void
put_recipient(struct wr *w, const struct frame *f)
{
	struct wr it = { 0 }, wrap = { 0 };

	put_number(&it, 0); /* version */
	put_derivation(&it, f);
	put(&wrap, DER_OID, OVER(pwri_kek));
	put_cipher(&wrap, f->wrap_iv);
	put_all(&it, DER_SEQUENCE, &wrap);
	put(&it, DER_OCTETS, OVER(f->wrapped));
	put_all(w, PASSPHRASE_RECIPIENT, &it);
}

void
frame_put_head(struct wr *w, const struct frame *f)
{
	struct wr recipient = { 0 };

	wr_put(w, OVER(open_sequence)); /* ContentInfo */
	put(w, DER_OID, OVER(enveloped_data));
	wr_put(w, OVER(open_content));
	wr_put(w, OVER(open_sequence)); /* EnvelopedData */
	put_number(w, 3);		/* its version when a passphrase is among the recipients */
	put_recipient(&recipient, f);
	put_all(w, DER_SET, &recipient);
	wr_put(w, OVER(open_sequence)); /* EncryptedContentInfo */
	put(w, DER_OID, OVER(data));
	put_cipher(w, f->iv);
	wr_put(w, OVER(open_content));
}

void
frame_put_chunk(struct wr *w, size_t n)
{
	wr_u8(w, DER_OCTETS);
	put_length(w, n);
}

void
frame_put_tail(struct wr *w)
{
	wr_put(w, bytes_over(ended, 4)); /* content, EncryptedContentInfo */
	wr_u8(w, ATTRIBUTES);
	/* How long each is follows from what it has in it, up to the tag. */
	put_length(w, 2 + 2 + sizeof(attribute) + 2 + 2 + FRAME_TAG);
	wr_u8(w, DER_SEQUENCE);
	put_length(w, 2 + sizeof(attribute) + 2 + 2 + FRAME_TAG);
	put(w, DER_OID, OVER(attribute));
	wr_u8(w, DER_SET);
	put_length(w, 2 + FRAME_TAG);
	wr_u8(w, DER_OCTETS);
	put_length(w, FRAME_TAG);
}

void
frame_put_end(struct wr *w)
{
	wr_put(w, OVER(ended)); /* EnvelopedData, the content that it is, ContentInfo */
}

/* ---- and back ---- */

static struct bytes
take(struct rd *r, uint8_t tag)
{
	size_t n;

	if (rd_u8(r) != tag)
		r->bad = true;
	n = rd_u8(r);
	if (n == 0x81)
		n = rd_u8(r);
	else if (n >= 0x80)
		r->bad = true;
	return rd_take(r, n);
}

static void
take_into(struct rd *r, uint8_t *to, size_t n)
{
	struct bytes value = take(r, DER_OCTETS);

	if (value.n == n)
		memcpy(to, value.p, n);
	else
		r->bad = true;
}

static unsigned
take_number(struct rd *r)
{
	struct rd digits = rd_over(take(r, DER_INTEGER));
	uint32_t v = 0;

	if (rd_left(&digits) > 4)
		r->bad = true;
	while (rd_left(&digits) > 0)
		v = v << 8 | rd_u8(&digits);
	return v;
}

static void
take_cipher(struct rd *r, uint8_t iv[FRAME_BLOCK])
{
	struct rd it = rd_over(take(r, DER_SEQUENCE));

	take(&it, DER_OID);
	take_into(&it, iv, FRAME_BLOCK);
	r->bad = r->bad || it.bad;
}

static void
take_derivation(struct rd *r, struct frame *f)
{
	struct rd it = rd_over(take(r, DERIVATION)), how;

	take(&it, DER_OID);
	how = rd_over(take(&it, DER_SEQUENCE));
	take_into(&how, f->salt, FRAME_BLOCK);
	f->rounds = take_number(&how);
	r->bad = r->bad || it.bad || how.bad;
}

static void
take_recipient(struct rd *r, struct frame *f)
{
	struct rd it = rd_over(take(r, PASSPHRASE_RECIPIENT)), wrap;

	take_number(&it);
	take_derivation(&it, f);
	wrap = rd_over(take(&it, DER_SEQUENCE));
	take(&wrap, DER_OID);
	take_cipher(&wrap, f->wrap_iv);
	take_into(&it, f->wrapped, FRAME_WRAPPED);
	r->bad = r->bad || it.bad || wrap.bad;
}

/* Takes out what differs from backup to backup; all the rest is compared afterwards. */
static bool
take_fields(struct rd *r, struct frame *f)
{
	struct rd recipients;

	rd_take(r, sizeof(open_sequence));
	take(r, DER_OID);
	rd_take(r, sizeof(open_content) + sizeof(open_sequence));
	take_number(r);
	recipients = rd_over(take(r, DER_SET));
	take_recipient(&recipients, f);
	rd_take(r, sizeof(open_sequence));
	take(r, DER_OID);
	take_cipher(r, f->iv);
	rd_take(r, sizeof(open_content));
	return !r->bad && !recipients.bad;
}

int
frame_take_head(struct bytes in, struct frame *out, size_t *n, struct err *e)
{
	struct frame f = { .rounds = 0 };
	struct wr again = { 0 };
	struct rd r = rd_over(in);
	bool same = take_fields(&r, &f);

	*out = (struct frame){ .rounds = 0 };
	*n = 0;
	if (same) {
		frame_put_head(&again, &f);
		same = bytes_eq(wr_view(&again), bytes_part(in, 0, r.at));
	}
	wr_free(&again);
	if (!same)
		return err_set(e, ERR_NO, "not a backup that trustlist made, or altered");
	*out = f;
	*n = r.at;
	return 0;
}

/* ---- the key ---- */

enum { COUNT_AND_CHECK = 4 };

static int
derive(const struct frame *f, struct bytes passphrase, uint8_t kek[FRAME_KEY], struct err *e)
{
	if (PKCS5_PBKDF2_HMAC((const char *)passphrase.p, (int)passphrase.n, f->salt, FRAME_BLOCK,
		(int)f->rounds, EVP_sha256(), FRAME_KEY, kek) == 1)
		return 0;
	return err_set(e, ERR_FAILED, "OpenSSL cannot derive a key from the passphrase");
}

/* Whole blocks, encrypted or decrypted in place. */
static int
cbc(const uint8_t kek[FRAME_KEY], const uint8_t iv[FRAME_BLOCK], int encrypt, uint8_t *at, size_t n,
    struct err *e)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int made = 0;
	int ok = c != NULL &&
		 EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, kek, iv, encrypt) == 1 &&
		 EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
		 EVP_CipherUpdate(c, at, &made, at, (int)n) == 1 && made == (int)n;

	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : err_set(e, ERR_FAILED, "OpenSSL cannot encrypt with AES-256-CBC");
}

int
frame_wrap(struct frame *f, struct bytes passphrase, const uint8_t key[FRAME_KEY], struct err *e)
{
	uint8_t kek[FRAME_KEY], *last = f->wrapped + FRAME_WRAPPED - FRAME_BLOCK;
	uint8_t iv[FRAME_BLOCK];
	int rc = derive(f, passphrase, kek, e);

	/* Count, the first three bytes of the key complemented, the key, and bytes at random. */
	f->wrapped[0] = FRAME_KEY;
	for (size_t i = 0; i + 1 < COUNT_AND_CHECK; i++)
		f->wrapped[1 + i] = (uint8_t)~key[i];
	memcpy(f->wrapped + COUNT_AND_CHECK, key, FRAME_KEY);
	if (rc == 0 && RAND_bytes(f->wrapped + COUNT_AND_CHECK + FRAME_KEY,
			   FRAME_WRAPPED - COUNT_AND_CHECK - FRAME_KEY) != 1)
		rc = err_set(e, ERR_FAILED, "OpenSSL has no random bytes");
	/* Twice, the second time going on from where the first one ended. */
	if (rc == 0)
		rc = cbc(kek, f->wrap_iv, 1, f->wrapped, FRAME_WRAPPED, e);
	memcpy(iv, last, FRAME_BLOCK);
	if (rc == 0)
		rc = cbc(kek, iv, 1, f->wrapped, FRAME_WRAPPED, e);
	if (rc != 0)
		mem_wipe(f->wrapped, FRAME_WRAPPED);
	mem_wipe(kek, sizeof(kek));
	return rc;
}

/* The outer encryption first, whose IV is the end of what it holds: the last block gives it. */
static int
open_twice(const struct frame *f, const uint8_t kek[FRAME_KEY], uint8_t block[FRAME_WRAPPED],
    struct err *e)
{
	enum { LAST = FRAME_WRAPPED - FRAME_BLOCK };
	uint8_t iv[FRAME_BLOCK];
	int rc;

	memcpy(block, f->wrapped, FRAME_WRAPPED);
	rc = cbc(kek, f->wrapped + LAST - FRAME_BLOCK, 0, block + LAST, FRAME_BLOCK, e);
	memcpy(iv, block + LAST, FRAME_BLOCK);
	if (rc == 0)
		rc = cbc(kek, iv, 0, block, LAST, e);
	return rc == 0 ? cbc(kek, f->wrap_iv, 0, block, FRAME_WRAPPED, e) : -1;
}

int
frame_unwrap(const struct frame *f, struct bytes passphrase, uint8_t key[FRAME_KEY], struct err *e)
{
	uint8_t kek[FRAME_KEY], block[FRAME_WRAPPED];
	uint8_t differs;
	int rc = derive(f, passphrase, kek, e);

	if (rc == 0)
		rc = open_twice(f, kek, block, e);
	if (rc == 0) {
		differs = block[0] ^ FRAME_KEY;
		for (size_t i = 0; i + 1 < COUNT_AND_CHECK; i++)
			differs |= (uint8_t)(block[1 + i] ^ ~block[COUNT_AND_CHECK + i]);
		if (differs != 0)
			rc = err_set(e, ERR_NO, "another passphrase, or an altered backup");
	}
	if (rc == 0)
		memcpy(key, block + COUNT_AND_CHECK, FRAME_KEY);
	mem_wipe(kek, sizeof(kek));
	mem_wipe(block, sizeof(block));
	return rc;
}
