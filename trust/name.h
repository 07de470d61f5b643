/*
 * name: distinguished names in the two spellings of trust lists (cert.h, FORMATS.md "Names").
 * Used by cert.c, loose.c and request.c alone: everybody else asks a certificate.
 */
#ifndef TL_TRUST_NAME_H
#define TL_TRUST_NAME_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "trust/cert.h"

/* The name, appended to out without a NUL.  Always UTF-8. */
void name_spell(const X509_NAME *name, enum cert_spelling spelling, struct wr *out);
/* The first value of this kind (NID_commonName), appended to out as plain text. */
void name_value(const X509_NAME *name, int nid, struct wr *out);
/* Is text the COMPAT spelling, whatever the order inside each multi-valued part?  tlvfile writes
 * those in an order that changes from run to run. */
bool name_is_compat(const X509_NAME *name, const char *text);

/* One attribute.  The key as in both spellings, or as a dotted number whatever it is; the value in
 * UTF-8 whatever its string type, as it stands or as in the COMPAT spelling. */
void name_spell_key(const X509_NAME_ENTRY *entry, struct wr *out);
void name_spell_dotted(const X509_NAME_ENTRY *entry, struct wr *out);
void name_spell_value(const X509_NAME_ENTRY *entry, bool escaped, struct wr *out);

#endif
