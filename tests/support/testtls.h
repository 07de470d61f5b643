/*
 * testtls: certificates with their keys, made on the spot, and OpenSSL's own client without our
 * settings - for tests of whatever serves TLS.
 */
#ifndef TL_TESTS_TESTTLS_H
#define TL_TESTS_TESTTLS_H

#include <openssl/ssl.h>

#include "base/bytes.h"
#include "base/tls.h"

/* A certificate and its key. */
struct testpair {
	EVP_PKEY *key;
	X509 *x;
	unsigned char *der;
	struct bytes view; /* of der */
};

enum testpair_kind {
	TESTPAIR_RSA_2048, /* SHA-256, self-signed */
	TESTPAIR_RSA_1024, /* the same */
	TESTPAIR_EC_P256,
};

/* Self-signed, or with issuer by SHA-1 as old CAs did. */
struct testpair *testpair_new(enum testpair_kind kind, const struct testpair *issuer);
void testpair_free(struct testpair *p);

/* Who has it; lent. */
struct tls_identity testpair_identity(const struct testpair *p);

/* A server's TLS with this pair; ends the program when there is none. */
struct tls *testtls_server(const struct tls_rules *rules, const struct testpair *p);

/* Any client: these versions and ciphers (NULL: OpenSSL's), level 0, trusts everybody. */
SSL_CTX *testtls_client(int min, int max, const char *ciphers);

#endif
