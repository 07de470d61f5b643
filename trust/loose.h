/*
 * loose: is this the name, however it was written?  For names that a phone or a person asks with;
 * what stands in signed files is compared strictly (name.h).  Used by cert.c alone.
 */
#ifndef TL_TRUST_LOOSE_H
#define TL_TRUST_LOOSE_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/bytes.h"

/* What counts as the same: cert_is_subject_loosely(), cert.h. */
bool loose_is(const X509_NAME *name, struct bytes text);

#endif
