/*
 * bundle: the certificates in a file as CAs hand it out - PEM with any number of them, one in DER,
 * or PKCS#7 (.p7b) in PEM or DER.  What else stands in a PEM file (keys, requests, text) is passed
 * over.
 */
#ifndef TL_TRUST_BUNDLE_H
#define TL_TRUST_BUNDLE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"

enum {
	BUNDLE_FILE_MAX = 1 << 20, /* the largest file we read */
	BUNDLE_CERTS_MAX = 64,	   /* in all files of one bundle */
};

/* Begins as { 0 }; bundle_free() it. */
struct bundle {
	struct cert **cert;
	size_t n;
};

/* Adds the certificates of a file, in its order; one that is there already is not added again.  On
 * -1, which includes that the file has none, the bundle is as it was. */
int bundle_add(struct bundle *b, struct bytes file, struct err *e);
void bundle_free(struct bundle *b);

#endif
