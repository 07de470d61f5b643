/*
 * backup_seal: the envelope of a backup - what goes in comes out again byte for byte for who knows
 * the passphrase, and an altered or shortened file gives nothing at all.  Knows nothing of what is
 * in it.
 *
 * The file is CMS EnvelopedData (RFC 5652) for a passphrase (RFC 3211, PBKDF2 with HMAC-SHA-256),
 * AES-256-CBC, so that other programs open it too:
 *
 *	openssl cms -decrypt -inform DER -in FILE -pwri_password ... -out backup.tar
 *
 * CBC does not tell when bytes were altered.  Therefore an unprotected attribute at the end
 * (SEAL_ATTRIBUTE) has an HMAC-SHA-256 of every byte of the file before it, by a key that follows
 * from the content key; and of what stands behind it, every byte is known.
 */
#ifndef TL_ADMIN_BACKUP_SEAL_H
#define TL_ADMIN_BACKUP_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* Object identifier of the attribute: one of those that anybody may make of a UUID (ITU-T X.667).
 */
#define SEAL_ATTRIBUTE "2.25.318115740146863436208751111013702159424"

enum {
	/* Rounds of PBKDF2: OWASP's password storage recommendation for HMAC-SHA-256 (2023). */
	SEAL_ROUNDS = 600000,
	SEAL_ROUNDS_MAX = 10000000, /* nobody is kept busy for longer */
	SEAL_PASSPHRASE_MAX = 1024,
};

/* Who opens it with OpenSSL has all of it in memory, in an int. */
#define SEAL_CONTENT_MAX ((uint64_t)2000 * 1000 * 1000)

/* Writes to fd from where it stands; the descriptor stays the caller's. */
struct seal;
struct seal *seal_new(int fd, struct bytes passphrase, unsigned rounds, struct err *e);
/* More than SEAL_CONTENT_MAX in all: ERR_LIMIT. */
int seal_put(struct seal *s, struct bytes content, struct err *e);
int seal_finish(struct seal *s, struct err *e); /* the last of it; then only seal_free() */
void seal_free(struct seal *s);

/* Reads the whole file once and checks it before anything of it is given: ERR_NO when it is no
 * backup, the passphrase is another one, or any byte is not as it was written.  fd must be able to
 * seek; it stays the caller's. */
struct unseal;
struct unseal *unseal_new(int fd, struct bytes passphrase, struct err *e);
/* The next bytes of the content, lent until the next call; none at the end.  Checks the file again
 * on the way: what was altered meanwhile ends in ERR_NO. */
int unseal_next(struct unseal *u, struct bytes *out, struct err *e);
void unseal_free(struct unseal *u);

#endif
