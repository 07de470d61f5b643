#include "trust/pkcs12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/x509.h"

/* ITERATIONS: nothing is protected by them.  A file can ask for so many that reading it takes a
 * day. */
enum { ITERATIONS = 1, ITERATIONS_MAX = 1000000 };

#define PASSWORD ""

void
pkcs12_add(struct pkcs12 *p, const struct cert *c, const char *label)
{
	struct pkcs12_cert *to;

	p->cert = mem_resize(p->cert, (p->n + 1) * sizeof(*p->cert));
	to = &p->cert[p->n++];
	*to = (struct pkcs12_cert){ .cert = cert_copy(c) };
	snprintf(to->label, sizeof(to->label), "%s", label);
}

static void
cut(struct pkcs12 *p, size_t n)
{
	while (p->n > n)
		cert_free(p->cert[--p->n].cert);
}

void
pkcs12_free(struct pkcs12 *p)
{
	cut(p, 0);
	free(p->cert);
	*p = (struct pkcs12){ 0 };
}

/* ---- writing ---- */

static bool
push(STACK_OF(PKCS12_SAFEBAG) * *bags, const struct pkcs12_cert *c)
{
	PKCS12_SAFEBAG *bag = PKCS12_add_cert(bags, cert_handle(c->cert));

	return bag != NULL &&
	       (c->label[0] == '\0' || PKCS12_add_friendlyname_utf8(bag, c->label, -1) == 1);
}

static PKCS12 *
assemble(const struct pkcs12 *p)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12 *file = NULL;
	bool ok = bags != NULL;

	for (size_t i = 0; ok && i < p->n; i++)
		ok = push(&bags, &p->cert[i]);
	if (ok && PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1)
		file = PKCS12_add_safes(safes, 0);
	if (file != NULL &&
	    PKCS12_set_mac(file, PASSWORD, 0, NULL, 0, ITERATIONS, EVP_sha256()) != 1) {
		PKCS12_free(file);
		file = NULL;
	}
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return file;
}

int
pkcs12_encode(const struct pkcs12 *p, struct wr *out, struct err *e)
{
	PKCS12 *file = assemble(p);
	unsigned char *der = NULL;
	int n = file == NULL ? -1 : i2d_PKCS12(file, &der);

	PKCS12_free(file);
	if (n < 0)
		return x509_failed(e, "cannot make the PKCS#12 file");
	wr_put(out, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	return 0;
}

/* ---- reading ---- */

static int
broken(struct err *e, const char *why)
{
	ERR_clear_error();
	return err_set(e, ERR_MALFORMED, "no PKCS#12 file of certificates: %s", why);
}

static int
check_mac(PKCS12 *file, struct err *e)
{
	const ASN1_INTEGER *iterations = NULL;

	if (PKCS12_mac_present(file) != 1)
		return broken(e, "without a MAC");
	PKCS12_get0_mac(NULL, NULL, NULL, &iterations, file);
	if (iterations != NULL && ASN1_INTEGER_get(iterations) > ITERATIONS_MAX)
		return err_set(
		    e, ERR_LIMIT, "the MAC wants more than %d iterations", ITERATIONS_MAX);
	if (PKCS12_verify_mac(file, PASSWORD, 0) == 1)
		return 0;
	ERR_clear_error();
	return err_set(e, ERR_DENIED, "altered, or made with another password than none");
}

static int
take_cert(const PKCS12_SAFEBAG *bag, struct pkcs12 *p, struct err *e)
{
	X509 *x = PKCS12_SAFEBAG_get1_cert(bag);
	unsigned char *der = NULL;
	int n = x == NULL ? -1 : i2d_X509(x, &der);
	struct cert *c = NULL;
	char *label;

	X509_free(x);
	if (n < 0)
		return broken(e, "a certificate in it cannot be read");
	c = cert_from_der(bytes_over(der, (size_t)n), e);
	OPENSSL_free(der);
	if (c == NULL)
		return -1;
	label = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)bag);
	pkcs12_add(p, c, label == NULL ? "" : label);
	OPENSSL_free(label);
	cert_free(c);
	return 0;
}

/* Keys are passed over: who hands us one has made a mistake, which is his. */
static int
take_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, struct pkcs12 *p, struct err *e)
{
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

		if (PKCS12_SAFEBAG_get_nid(bag) != NID_certBag)
			continue;
		if (p->n >= PKCS12_CERTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d certificates", PKCS12_CERTS_MAX);
		if (take_cert(bag, p, e) != 0)
			return -1;
	}
	return 0;
}

static int
take_safe(PKCS7 *safe, struct pkcs12 *p, struct err *e)
{
	STACK_OF(PKCS12_SAFEBAG) * bags;
	int rc;

	if (OBJ_obj2nid(safe->type) != NID_pkcs7_data)
		return broken(e, "its certificates are encrypted");
	bags = PKCS12_unpack_p7data(safe);
	if (bags == NULL)
		return broken(e, "what is in it cannot be read");
	rc = take_bags(bags, p, e);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return rc;
}

static int
take_all(PKCS12 *file, struct pkcs12 *p, struct err *e)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(file);
	int rc = safes == NULL ? broken(e, "what is in it cannot be read") : 0;

	for (int i = 0; rc == 0 && i < sk_PKCS7_num(safes); i++)
		rc = take_safe(sk_PKCS7_value(safes, i), p, e);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return rc;
}

int
pkcs12_decode(struct bytes file, struct pkcs12 *p, struct err *e)
{
	const unsigned char *at = file.p;
	size_t was = p->n;
	PKCS12 *read;
	int rc;

	if (file.n > PKCS12_FILE_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", PKCS12_FILE_MAX);
	read = d2i_PKCS12(NULL, &at, (long)file.n);
	if (read == NULL)
		return broken(e, "not DER of that shape");
	if (at != file.p + file.n)
		rc = broken(e, "bytes after its end");
	else
		rc = check_mac(read, e);
	if (rc == 0)
		rc = take_all(read, p, e);
	if (rc != 0)
		cut(p, was);
	PKCS12_free(read);
	return rc;
}
