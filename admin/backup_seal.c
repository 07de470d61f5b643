#include "admin/backup_seal.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_frame.h"
#include "base/file.h"
#include "base/mem.h"

enum { TAIL_MAX = 128 };

/* ---- what both directions need ---- */

static int
openssl_failed(struct err *e, const char *what)
{
	return err_set(e, ERR_FAILED, "OpenSSL cannot %s", what);
}

static EVP_MAC_CTX *
mac_new(const uint8_t key[FRAME_KEY])
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *m = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	char digest[] = "SHA256";
	OSSL_PARAM how[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	EVP_MAC_free(mac);
	if (m != NULL && EVP_MAC_init(m, key, FRAME_KEY, how) == 1)
		return m;
	EVP_MAC_CTX_free(m);
	return NULL;
}

static bool
mac_end(EVP_MAC_CTX *m, uint8_t tag[FRAME_TAG])
{
	size_t n = 0;

	return EVP_MAC_final(m, tag, &n, FRAME_TAG) == 1 && n == FRAME_TAG;
}

/* Two uses, two keys: that of the tag is what the content's key makes of a word. */
static EVP_MAC_CTX *
mac_of(const uint8_t content_key[FRAME_KEY])
{
	static const char word[] = "trustlist backup: tag";
	EVP_MAC_CTX *derive = mac_new(content_key), *m = NULL;
	uint8_t key[FRAME_TAG];

	if (derive != NULL &&
	    EVP_MAC_update(derive, (const uint8_t *)word, sizeof(word) - 1) == 1 &&
	    mac_end(derive, key))
		m = mac_new(key);
	mem_wipe(key, sizeof(key));
	EVP_MAC_CTX_free(derive);
	return m;
}

/* ---- writing ---- */

struct seal {
	int fd;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	uint64_t content;
	uint8_t chunk[FRAME_CHUNK + 2 * FRAME_BLOCK]; /* encrypted, not written yet */
	size_t waiting;
	uint8_t out[1 << 16];
	size_t out_n;
};

static int
flush(struct seal *s, struct err *e)
{
	int rc = file_write(s->fd, bytes_over(s->out, s->out_n));

	s->out_n = 0;
	return rc == 0 ? 0 : err_errno(e, "cannot write the backup");
}

/* To the file, in larger pieces. */
static int
put_out(struct seal *s, struct bytes b, struct err *e)
{
	if (b.n > sizeof(s->out) - s->out_n && flush(s, e) != 0)
		return -1;
	assert(b.n <= sizeof(s->out));
	memcpy(s->out + s->out_n, b.p, b.n);
	s->out_n += b.n;
	return 0;
}

static int
emit(struct seal *s, struct bytes b, struct err *e)
{
	if (EVP_MAC_update(s->mac, b.p, b.n) != 1)
		return openssl_failed(e, "compute an HMAC");
	return put_out(s, b, e);
}

static int
emit_chunk(struct seal *s, size_t n, struct err *e)
{
	struct wr lead = { 0 };
	int rc;

	frame_put_chunk(&lead, n);
	rc = emit(s, wr_view(&lead), e);
	if (rc == 0)
		rc = emit(s, bytes_over(s->chunk, n), e);
	wr_free(&lead);
	s->waiting -= n;
	memmove(s->chunk, s->chunk + n, s->waiting);
	return rc;
}

static int
begin(struct seal *s, struct bytes passphrase, unsigned rounds, struct err *e)
{
	struct frame f = { .rounds = rounds };
	uint8_t key[FRAME_KEY];
	struct wr head = { 0 };
	int rc = 0;

	if (RAND_bytes(f.salt, sizeof(f.salt)) != 1 || RAND_bytes(f.iv, sizeof(f.iv)) != 1 ||
	    RAND_bytes(f.wrap_iv, sizeof(f.wrap_iv)) != 1 || RAND_priv_bytes(key, sizeof(key)) != 1)
		return openssl_failed(e, "give random bytes");
	rc = frame_wrap(&f, passphrase, key, e);
	s->cipher = EVP_CIPHER_CTX_new();
	s->mac = mac_of(key);
	if (rc == 0 && (s->mac == NULL || s->cipher == NULL ||
			   EVP_EncryptInit_ex(s->cipher, EVP_aes_256_cbc(), NULL, key, f.iv) != 1))
		rc = openssl_failed(e, "begin to encrypt");
	mem_wipe(key, sizeof(key));
	if (rc == 0) {
		frame_put_head(&head, &f);
		rc = emit(s, wr_view(&head), e);
	}
	wr_free(&head);
	return rc;
}

struct seal *
seal_new(int fd, struct bytes passphrase, unsigned rounds, struct err *e)
{
	struct seal *s = mem_new(sizeof(*s));

	assert(passphrase.n <= SEAL_PASSPHRASE_MAX);
	assert(rounds > 0 && rounds <= SEAL_ROUNDS_MAX);
	s->fd = fd;
	if (begin(s, passphrase, rounds, e) == 0)
		return s;
	seal_free(s);
	return NULL;
}

static int
put_some(struct seal *s, struct bytes part, struct err *e)
{
	int made = 0;

	if (EVP_EncryptUpdate(s->cipher, s->chunk + s->waiting, &made, part.p, (int)part.n) != 1)
		return openssl_failed(e, "encrypt");
	s->waiting += (size_t)made;
	return s->waiting >= FRAME_CHUNK ? emit_chunk(s, FRAME_CHUNK, e) : 0;
}

int
seal_put(struct seal *s, struct bytes content, struct err *e)
{
	int rc = 0;

	if (content.n > SEAL_CONTENT_MAX - s->content)
		return err_set(e, ERR_LIMIT, "more than %llu bytes are to be backed up",
		    (unsigned long long)SEAL_CONTENT_MAX);
	s->content += content.n;
	while (rc == 0 && content.n > 0) {
		struct bytes part = bytes_part(content, 0, FRAME_CHUNK - s->waiting);

		rc = put_some(s, part, e);
		content = bytes_from(content, part.n);
	}
	return rc;
}

int
seal_finish(struct seal *s, struct err *e)
{
	uint8_t tag[FRAME_TAG];
	struct wr w = { 0 };
	int made = 0, rc = 0;

	if (EVP_EncryptFinal_ex(s->cipher, s->chunk + s->waiting, &made) != 1)
		return openssl_failed(e, "encrypt");
	s->waiting += (size_t)made;
	rc = emit_chunk(s, s->waiting, e);
	frame_put_tail(&w);
	if (rc == 0)
		rc = emit(s, wr_view(&w), e);
	wr_free(&w);
	if (rc == 0 && !mac_end(s->mac, tag))
		rc = openssl_failed(e, "compute an HMAC");
	wr_put(&w, bytes_over(tag, sizeof(tag)));
	frame_put_end(&w);
	if (rc == 0)
		rc = put_out(s, wr_view(&w), e);
	wr_free(&w);
	return rc == 0 ? flush(s, e) : -1;
}

void
seal_free(struct seal *s)
{
	if (s == NULL)
		return;
	EVP_CIPHER_CTX_free(s->cipher);
	EVP_MAC_CTX_free(s->mac);
	free(s);
}

/* ---- reading ---- */

struct unseal {
	int fd;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	uint8_t key[FRAME_KEY];
	struct frame frame;
	uint64_t at, content_end, size; /* of the file */
	bool ended;
	uint8_t in[FRAME_CHUNK + 8], out[FRAME_CHUNK + FRAME_BLOCK];
};

static int
not_whole(struct err *e)
{
	return err_set(e, ERR_NO, "the backup was cut short or altered");
}

/* Exactly n bytes from there on. */
static int
read_at(struct unseal *u, uint64_t at, uint8_t *to, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t got = pread(u->fd, to, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "cannot read the backup");
		if (got == 0)
			return not_whole(e);
		to += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

/* The tail of every backup, with this tag in it. */
static void
put_tail(struct wr *w, const uint8_t tag[FRAME_TAG])
{
	frame_put_tail(w);
	wr_put(w, bytes_over(tag, FRAME_TAG));
	frame_put_end(w);
}

static size_t
tail_length(void)
{
	static const uint8_t none[FRAME_TAG];
	struct wr w = { 0 };
	size_t n;

	put_tail(&w, none);
	n = w.n;
	assert(n <= TAIL_MAX);
	wr_free(&w);
	return n;
}

/* What stands behind the content is what we write, with the tag of all before it. */
static int
check_tail(struct unseal *u, EVP_MAC_CTX *mac, struct err *e)
{
	uint8_t tag[FRAME_TAG], is[TAIL_MAX];
	size_t n = (size_t)(u->size - u->content_end);
	struct wr due = { 0 };
	int rc = read_at(u, u->content_end, is, n, e);

	frame_put_tail(&due);
	if (rc == 0 && (EVP_MAC_update(mac, wr_view(&due).p, due.n) != 1 || !mac_end(mac, tag)))
		rc = openssl_failed(e, "compute an HMAC");
	wr_free(&due);
	if (rc == 0) {
		put_tail(&due, tag);
		if (due.n != n || CRYPTO_memcmp(due.p, is, n) != 0)
			rc = not_whole(e);
	}
	wr_free(&due);
	return rc;
}

static int
check_all(struct unseal *u, struct err *e)
{
	EVP_MAC_CTX *mac = mac_of(u->key);
	int rc = mac == NULL ? openssl_failed(e, "compute an HMAC") : 0;
	uint8_t part[1 << 16];

	for (uint64_t at = 0; rc == 0 && at < u->content_end;) {
		uint64_t left = u->content_end - at;
		size_t n = left < sizeof(part) ? (size_t)left : sizeof(part);

		rc = read_at(u, at, part, n, e);
		if (rc == 0 && EVP_MAC_update(mac, part, n) != 1)
			rc = openssl_failed(e, "compute an HMAC");
		at += n;
	}
	if (rc == 0)
		rc = check_tail(u, mac, e);
	EVP_MAC_CTX_free(mac);
	return rc;
}

static int
read_head(struct unseal *u, struct err *e)
{
	uint8_t head[FRAME_HEAD_MAX];
	size_t tail = tail_length(), n = 0;
	struct stat st;

	if (fstat(u->fd, &st) != 0)
		return err_errno(e, "cannot examine the backup");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_NO, "not a file");
	u->size = (uint64_t)st.st_size;
	/* Four bytes lead each element, so there is room for twice the content in any case. */
	if (u->size < tail || u->size > 2 * SEAL_CONTENT_MAX)
		return err_set(e, ERR_NO, "not a backup that trustlist made, or cut short");
	u->content_end = u->size - tail;
	n = u->content_end < sizeof(head) ? (size_t)u->content_end : sizeof(head);
	if (read_at(u, 0, head, n, e) != 0 ||
	    frame_take_head(bytes_over(head, n), &u->frame, &n, e) != 0)
		return -1;
	u->at = n;
	if (u->frame.rounds < 1 || u->frame.rounds > SEAL_ROUNDS_MAX)
		return err_set(e, ERR_NO, "it asks for %u rounds of PBKDF2; ours have %d",
		    u->frame.rounds, SEAL_ROUNDS);
	return 0;
}

static int
begin_content(struct unseal *u, struct err *e)
{
	struct wr head = { 0 };
	int ok;

	u->cipher = EVP_CIPHER_CTX_new();
	u->mac = mac_of(u->key);
	frame_put_head(&head, &u->frame);
	ok = u->cipher != NULL && u->mac != NULL &&
	     EVP_DecryptInit_ex(u->cipher, EVP_aes_256_cbc(), NULL, u->key, u->frame.iv) == 1 &&
	     EVP_MAC_update(u->mac, head.p, head.n) == 1;
	wr_free(&head);
	return ok ? 0 : openssl_failed(e, "begin to decrypt");
}

struct unseal *
unseal_new(int fd, struct bytes passphrase, struct err *e)
{
	struct unseal *u = mem_new(sizeof(*u));

	assert(passphrase.n <= SEAL_PASSPHRASE_MAX);
	u->fd = fd;
	if (read_head(u, e) == 0 && frame_unwrap(&u->frame, passphrase, u->key, e) == 0 &&
	    check_all(u, e) == 0 && begin_content(u, e) == 0)
		return u;
	unseal_free(u);
	return NULL;
}

/* How many encrypted bytes the next element has: as many as fit before the tail, FRAME_CHUNK at the
 * most.  Shorter ones have a shorter length too. */
static size_t
chunk_length(uint64_t left)
{
	if (left >= FRAME_CHUNK + 4)
		return FRAME_CHUNK;
	if (left >= 0x100 + 4)
		return (size_t)left - 4;
	return left >= 0x80 + 3 ? (size_t)left - 3 : left >= 2 ? (size_t)left - 2 : 0;
}

static int
read_chunk(struct unseal *u, size_t *n, size_t *lead, struct err *e)
{
	struct wr due = { 0 };
	int rc;

	*n = chunk_length(u->content_end - u->at);
	frame_put_chunk(&due, *n);
	*lead = due.n;
	rc = *n == 0 || *lead + *n > u->content_end - u->at
		 ? not_whole(e)
		 : read_at(u, u->at, u->in, *lead + *n, e);
	if (rc == 0 && !bytes_eq(wr_view(&due), bytes_over(u->in, *lead)))
		rc = not_whole(e);
	if (rc == 0 && EVP_MAC_update(u->mac, u->in, *lead + *n) != 1)
		rc = openssl_failed(e, "compute an HMAC");
	wr_free(&due);
	return rc;
}

static int
end(struct unseal *u, int *made, struct err *e)
{
	u->ended = true;
	if (check_tail(u, u->mac, e) != 0)
		return -1;
	return EVP_DecryptFinal_ex(u->cipher, u->out, made) == 1 ? 0 : not_whole(e);
}

int
unseal_next(struct unseal *u, struct bytes *out, struct err *e)
{
	size_t n, lead;
	int made = 0;

	*out = bytes_over(NULL, 0);
	/* The first element gives a block less than it has, and the last one may give none. */
	while (made == 0 && !u->ended) {
		if (u->at == u->content_end) {
			if (end(u, &made, e) != 0)
				return -1;
			break;
		}
		if (read_chunk(u, &n, &lead, e) != 0)
			return -1;
		u->at += lead + n;
		if (EVP_DecryptUpdate(u->cipher, u->out, &made, u->in + lead, (int)n) != 1)
			return openssl_failed(e, "decrypt");
	}
	*out = bytes_over(u->out, (size_t)made);
	return 0;
}

void
unseal_free(struct unseal *u)
{
	if (u == NULL)
		return;
	EVP_CIPHER_CTX_free(u->cipher);
	EVP_MAC_CTX_free(u->mac);
	mem_wipe(u, sizeof(*u));
	free(u);
}
