/*
 * recipient: to which of its certificates a phone's configuration is encrypted - the LSC that it
 * holds, else the MIC that it showed.
 */
#ifndef TL_TRUST_RECIPIENT_H
#define TL_TRUST_RECIPIENT_H

#include "base/err.h"
#include "trust/cert.h"
#include "trust/store.h"

/* 1: *out is the caller's.  0: there is none, and *why says why (ERR_NOT_FOUND, with a hint).  -1:
 * the store could not tell.
 *
 * Only an RSA key can be encrypted to (enc.h), so a phone with an EC LSC is written to by its MIC.
 * A MIC counts when somebody in CAPF-trust signed it: when it was shown, nothing proved that the
 * phone has its key, and whoever else has may not be told what the phone is told. */
int
recipient_of(struct store *s, const char *phone, struct cert **out, struct err *why, struct err *e);

#endif
