/*
 * pkcs12: certificates without keys in a PKCS#12 file (RFC 7292), each with a label (friendlyName)
 * - what bulk certificate management passes from cluster to cluster.  Not encrypted, for all of it
 * is public; the MAC, with an empty password, only shows that the file is whole.
 */
#ifndef TL_TRUST_PKCS12_H
#define TL_TRUST_PKCS12_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"

enum {
	PKCS12_FILE_MAX = 4 << 20,
	PKCS12_CERTS_MAX = 2048,
	PKCS12_LABEL_MAX = 320, /* with its NUL */
};

struct pkcs12_cert {
	struct cert *cert;
	char label[PKCS12_LABEL_MAX]; /* UTF-8; "" when it has none */
};

/* Begins as { 0 }; pkcs12_free() it. */
struct pkcs12 {
	struct pkcs12_cert *cert;
	size_t n;
};

/* Takes a copy of the certificate. */
void pkcs12_add(struct pkcs12 *p, const struct cert *c, const char *label);
/* The file, appended to out. */
int pkcs12_encode(const struct pkcs12 *p, struct wr *out, struct err *e);
/* Adds the certificates of a file.  On -1 *p is as it was: ERR_MALFORMED for what is no such file,
 * is not whole or has bytes after it, ERR_DENIED for one with another password, ERR_LIMIT. */
int pkcs12_decode(struct bytes file, struct pkcs12 *p, struct err *e);
void pkcs12_free(struct pkcs12 *p);

#endif
