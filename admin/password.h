/*
 * password: rules for passwords, their hashes, and whether one is right.  The only file that knows
 * libxcrypt; hashes are yescrypt, as crypt(5) spells them ("$y$...").
 *
 * Slow on purpose, some hundredths of a second and 16 MiB each: not in an event loop.  Any number
 * of threads may call it at once.
 */
#ifndef TL_ADMIN_PASSWORD_H
#define TL_ADMIN_PASSWORD_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/user.h"

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 128 }; /* bytes */

/* May this become somebody's password?  ERR_USAGE says why not, without a byte of it. */
int password_check(struct bytes password, struct err *e);
/* Checks it, then hashes it with a salt of the operating system.  ERR_USAGE, ERR_FAILED. */
int password_hash(struct bytes password, char to[USER_HASH_MAX], struct err *e);
/* Compares in constant time.  hash NULL, for a user that does not exist: false, after the same
 * work, so that the time does not tell who exists. */
bool password_is(struct bytes password, const char *hash);

#endif
