/*
 * key: private keys - make, import, sign, open, wipe.  No other file sees a key's bytes; others
 * hold a struct key and ask it.
 */
#ifndef TL_TRUST_KEY_H
#define TL_TRUST_KEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/enc.h"

struct key;
struct evp_pkey_st;

enum key_kind { KEY_RSA, KEY_EC };
struct key_want {
	enum key_kind kind;
	int bits; /* RSA 512..4096; EC 256, 384, 521 */
};

struct key *key_make(const struct key_want *want, struct err *e);
/* The private key in PEM text (PKCS#8, PKCS#1 or SEC1, not encrypted), wherever in it. */
struct key *key_from_pem(struct bytes text, struct err *e);
struct key *key_from_pkcs8(struct bytes der, struct err *e);
/* PKCS#8 DER, for the store only; wr_wipe() it. */
int key_to_pkcs8(const struct key *k, struct wr *out, struct err *e);
/* PKCS#8 in PEM, appended to out, for a file that only its owner may read; wr_wipe() it. */
int key_to_pem(const struct key *k, struct wr *out, struct err *e);
/* A key that lives elsewhere, on a token: it signs, and cannot be written out.  Takes the handle
 * over. */
struct key *key_elsewhere(struct evp_pkey_st *handle);
void key_free(struct key *k); /* wipes; NULL is fine */

/* OpenSSL's handle, for what only OpenSSL can do with a key (make a certificate, serve TLS).  Lives
 * as long as the key. */
struct evp_pkey_st *key_handle(const struct key *k);

/* Is this the private half of the certificate's key? */
bool key_fits(const struct key *k, const struct cert *c);
/* Somebody who can sign with this key; lives as long as key and certificate. */
struct signer key_signer(struct key *k, const struct cert *c);
struct opener key_opener(struct key *k);

/* The key in a PEM file.  NULL on error, which names the file. */
struct key *key_load(const char *path, struct err *e);
/* A file with a certificate and its key in PEM, in any order, as `file sign --key` takes. */
int key_load_pair(const char *path, struct key **k, struct cert **c, struct err *e);

#endif
