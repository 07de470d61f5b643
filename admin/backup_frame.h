/*
 * backup_frame: what stands before and behind the encrypted content of a backup, as bytes - CMS
 * EnvelopedData with one recipient, a passphrase (RFC 5652, RFC 3211).  Opens no file.
 *
 * The frame is BER with indefinite lengths, as CMS allows, for the length is not known when writing
 * begins.  All of it follows from the fields below, so that a reader makes it again and compares.
 */
#ifndef TL_ADMIN_BACKUP_FRAME_H
#define TL_ADMIN_BACKUP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	FRAME_KEY = 32, /* bytes, of AES-256 and of HMAC-SHA-256 */
	FRAME_BLOCK = 16,
	FRAME_WRAPPED = 48, /* count, check, key, filling (RFC 3211, 2.3.1) */
	FRAME_TAG = 32,
	FRAME_HEAD_MAX = 512,
	FRAME_CHUNK = 4096, /* encrypted bytes of each element but the last */
};

struct frame {
	uint8_t salt[FRAME_BLOCK]; /* of PBKDF2 */
	unsigned rounds;
	uint8_t wrap_iv[FRAME_BLOCK], wrapped[FRAME_WRAPPED];
	uint8_t iv[FRAME_BLOCK]; /* of the content */
};

/* All before the first element of the content. */
void frame_put_head(struct wr *w, const struct frame *f);
/* The same read from the beginning of a file; *n: how long it is.  ERR_NO: not exactly as
 * frame_put_head() makes it. */
int frame_take_head(struct bytes in, struct frame *out, size_t *n, struct err *e);
/* Tag and length of an element of so many encrypted bytes, 1 to FRAME_CHUNK. */
void frame_put_chunk(struct wr *w, size_t n);
/* What ends the content and leads to the tag; and what stands behind the tag. */
void frame_put_tail(struct wr *w);
void frame_put_end(struct wr *w);

/* The key for the content, under the passphrase: wrapped with what the frame says of salt, rounds
 * and IV, into f->wrapped; and back.  ERR_NO: not this passphrase. */
int
frame_wrap(struct frame *f, struct bytes passphrase, const uint8_t key[FRAME_KEY], struct err *e);
int
frame_unwrap(const struct frame *f, struct bytes passphrase, uint8_t key[FRAME_KEY], struct err *e);

#endif
