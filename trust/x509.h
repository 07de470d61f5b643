/*
 * x509: the steps of making a certificate that are the same whoever makes it - serial number,
 * validity, names, extensions, signature.  No store, no clock.
 */
#ifndef TL_TRUST_X509_H
#define TL_TRUST_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"

struct x509_st;
struct X509_name_st;
struct X509_extension_st;

/* ERR_FAILED: what did not work, and OpenSSL's reason. */
int x509_failed(struct err *e, const char *what);

/* Random: sixteen bytes; or so many, at most sixteen. */
int x509_set_serial(struct x509_st *x, struct err *e);
int x509_set_serial_of(struct x509_st *x, size_t bytes, struct err *e);
/* Unix seconds. */
int x509_set_validity(struct x509_st *x, int64_t from, int64_t to, struct err *e);
/* Appends an attribute ("O") in UTF-8; an empty one is left out.  False: it cannot stand there. */
bool x509_name_add(struct X509_name_st *name, const char *key, const char *value);
/* nid and value as in OpenSSL's x509v3_config(5); x is the certificate that it is for, NULL for a
 * request.  The caller frees; NULL: OpenSSL knows why. */
struct X509_extension_st *x509_extension(struct x509_st *x, int nid, const char *value);
/* Adds it to a certificate; value NULL: nothing. */
bool x509_add_extension(struct x509_st *x, int nid, const char *value);
/* The same for a certificate that another one issues: an authority key identifier is taken from
 * there. */
bool x509_add_extension_by(struct x509_st *x, struct x509_st *issuer, int nid, const char *value);
/* Signs with SHA-256 and reads what came out.  NULL on error; cert_free() it. */
struct cert *x509_sign(struct x509_st *x, const struct key *key, struct err *e);

#endif
