/*
 * testkey: somebody who can sign and open, from a PEM file with a certificate and its private key.
 * For tests of the formats, which know no store and so no key.h.
 */
#ifndef TL_TESTS_TESTKEY_H
#define TL_TESTS_TESTKEY_H

#include "trust/cert.h"
#include "trust/enc.h"

struct testkey;

/* Ends the program when the text does not hold both. */
struct testkey *testkey_of(struct bytes pem);
/* The same from a file of tests/data. */
struct testkey *testkey_load(const char *name);
void testkey_free(struct testkey *k); /* NULL is fine */

/* These live as long as the key. */
const struct cert *testkey_cert(const struct testkey *k);
struct signer testkey_signer(struct testkey *k);
struct opener testkey_opener(struct testkey *k);

#endif
