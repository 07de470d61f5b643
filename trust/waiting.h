/*
 * waiting: public keys of phones that wait until an issuer elsewhere has signed them, and what it
 * signed.
 */
#ifndef TL_TRUST_WAITING_H
#define TL_TRUST_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/device.h"
#include "trust/store.h"

/* The phone left this key (SubjectPublicKeyInfo DER), in place of any earlier one of its own. */
int waiting_put(
    struct store *s, const char *phone, struct bytes public_key, int64_t now, struct err *e);
/* *asked: it left one; *ready: what was signed for it, the caller's, or NULL. */
int
waiting_get(struct store *s, const char *phone, bool *asked, struct cert **ready, struct err *e);
/* What the issuer signed: for the key that one of the phones left, by which it is told whose it is;
 * phone gets its name.  ERR_NOT_FOUND: no phone left that key. */
int
waiting_signed(struct store *s, const struct cert *c, char phone[DEVICE_NAME_MAX], struct err *e);
/* What was signed for it, too.  A power failure may take it back (store_begin_relaxed()). */
int waiting_forget(struct store *s, const char *phone, struct err *e);

struct waiting {
	char phone[DEVICE_NAME_MAX];
	int64_t made; /* Unix seconds */
	bool is_signed;
};
/* By name.  *out is the caller's to free. */
int waiting_list(struct store *s, struct waiting **out, size_t *n, struct err *e);
/* The key it left, appended to out; ERR_NOT_FOUND when it left none. */
int waiting_key(struct store *s, const char *phone, struct wr *out, struct err *e);

#endif
