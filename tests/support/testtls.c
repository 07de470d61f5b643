#include "tests/support/testtls.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static EVP_PKEY *
make_key(enum testpair_kind kind)
{
	if (kind == TESTPAIR_EC_P256)
		return EVP_EC_gen("P-256");
	return EVP_RSA_gen(kind == TESTPAIR_RSA_1024 ? 1024 : 2048);
}

static void
set_name(X509 *x, const char *common_name)
{
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	    (const unsigned char *)common_name, -1, -1, 0);
}

static X509 *
make_certificate(EVP_PKEY *key, const struct testpair *issuer)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	set_name(x, issuer == NULL ? "test" : "issued");
	X509_set_issuer_name(x, X509_get_subject_name(issuer == NULL ? x : issuer->x));
	X509_set_pubkey(x, key);
	if (issuer == NULL)
		X509_sign(x, key, EVP_sha256());
	else
		X509_sign(x, issuer->key, EVP_sha1());
	return x;
}

struct testpair *
testpair_new(enum testpair_kind kind, const struct testpair *issuer)
{
	struct testpair *p = mem_new(sizeof(*p));
	int n;

	p->key = make_key(kind);
	p->x = make_certificate(p->key, issuer);
	n = i2d_X509(p->x, &p->der);
	if (n <= 0)
		abort();
	p->view = bytes_over(p->der, (size_t)n);
	return p;
}

void
testpair_free(struct testpair *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_free(p->key);
	X509_free(p->x);
	OPENSSL_free(p->der);
	free(p);
}

struct tls_identity
testpair_identity(const struct testpair *p)
{
	return (struct tls_identity){ &p->view, 1, p->key };
}

struct tls *
testtls_server(const struct tls_rules *rules, const struct testpair *p)
{
	struct err e = { 0 };
	struct tls_identity who = testpair_identity(p);
	struct tls *t = tls_server_new(rules, &who, 1, NULL, &e);

	if (t == NULL) {
		fprintf(stderr, "\n%s\n", e.text);
		exit(1);
	}
	return t;
}

SSL_CTX *
testtls_client(int min, int max, const char *ciphers)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_security_level(ctx, 0);
	if (SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, max) != 1 ||
	    (ciphers != NULL && SSL_CTX_set_cipher_list(ctx, ciphers) != 1))
		abort();
	return ctx;
}
