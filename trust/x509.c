#include "trust/x509.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { SERIAL_BYTES = 16 };

int
x509_failed(struct err *e, const char *what)
{
	unsigned long code = ERR_get_error();
	char text[160] = "no reason given";

	if (code != 0)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return err_set(e, ERR_FAILED, "%s: %s", what, text);
}

/* The top bit may be set (then DER needs one byte more, which trust lists leave out).  The first
 * byte is never 0, so that there are as many as were asked for. */
int
x509_set_serial_of(X509 *x, size_t bytes, struct err *e)
{
	uint8_t raw[SERIAL_BYTES];
	BIGNUM *n;
	int ok;

	assert(bytes > 0 && bytes <= sizeof(raw));
	do {
		if (RAND_bytes(raw, (int)bytes) != 1)
			return x509_failed(e, "no random bytes");
	} while (raw[0] == 0);
	n = BN_bin2bn(raw, (int)bytes, NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok ? 0 : x509_failed(e, "cannot make the serial number");
}

/* As CUCM's self-signed certificates have. */
int
x509_set_serial(X509 *x, struct err *e)
{
	return x509_set_serial_of(x, SERIAL_BYTES, e);
}

int
x509_set_validity(X509 *x, int64_t from, int64_t to, struct err *e)
{
	if (ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to) == NULL)
		return x509_failed(e, "cannot make the validity");
	return 0;
}

bool
x509_name_add(X509_NAME *name, const char *key, const char *value)
{
	if (value[0] == '\0')
		return true;
	return X509_NAME_add_entry_by_txt(
		   name, key, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static X509_EXTENSION *
extension_by(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	return X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
}

X509_EXTENSION *
x509_extension(X509 *x, int nid, const char *value)
{
	return extension_by(x, x, nid, value);
}

bool
x509_add_extension_by(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	bool ok;

	if (value == NULL)
		return true;
	ext = extension_by(x, issuer, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

bool
x509_add_extension(X509 *x, int nid, const char *value)
{
	return x509_add_extension_by(x, x, nid, value);
}

struct cert *
x509_sign(X509 *x, const struct key *key, struct err *e)
{
	if (X509_sign(x, key_handle(key), EVP_sha256()) != 0)
		return cert_of_handle(x, e);
	x509_failed(e, "cannot sign the certificate");
	return NULL;
}
