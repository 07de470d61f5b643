#include "trust/chain.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static bool
is_issued_by(const struct cert *c, const struct cert *issuer)
{
	X509 *x = cert_handle(c), *of = cert_handle(issuer);
	bool is =
	    X509_check_issued(of, x) == X509_V_OK && X509_verify(x, X509_get0_pubkey(of)) == 1;

	ERR_clear_error();
	return is;
}

static bool
is_in(const struct chain *chain, const struct cert *c)
{
	for (size_t i = 0; i < chain->n; i++)
		if (cert_eq(chain->cert[i], c))
			return true;
	return false;
}

static bool
is_root(const struct cert *c)
{
	bool is = X509_self_signed(cert_handle(c), 1) == 1;

	ERR_clear_error();
	return is;
}

/* NULL: not at hand.  Two CAs may have certified each other: nobody comes twice. */
static const struct cert *
issuer_of(const struct chain *chain, const struct cert *const *at_hand, size_t n)
{
	const struct cert *c = chain->cert[chain->n - 1], *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (!is_in(chain, at_hand[i]) &&
		    (found == NULL || cert_not_after(at_hand[i]) > cert_not_after(found)) &&
		    is_issued_by(c, at_hand[i]))
			found = at_hand[i];
	return found;
}

void
chain_follow(const struct cert *c, const struct cert *const *at_hand, size_t n, struct chain *out)
{
	struct chain chain = { .cert = { c }, .n = 1, .whole = is_root(c) };
	const struct cert *issuer;

	while (!chain.whole && chain.n < CHAIN_MAX) {
		issuer = issuer_of(&chain, at_hand, n);
		if (issuer == NULL)
			break;
		chain.cert[chain.n++] = issuer;
		chain.whole = is_root(issuer);
	}
	*out = chain;
}

/* Its own reason; the certificate is the one at that depth. */
static int
refuse(X509_STORE_CTX *ctx, const struct chain *c, struct err *e)
{
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	size_t at = depth < 0 || (size_t)depth >= c->n ? 0 : (size_t)depth;

	return err_set(e, ERR_NO, "%s: %s", cert_subject(c->cert[at], CERT_CISCO),
	    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

/* No look at the size of keys or the age of hashes (level 0): the cluster's own may be as old as
 * phones of 2006. */
static int
verify(X509_STORE_CTX *ctx, const struct chain *c, int64_t now, struct err *e)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	int rc;

	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	rc = X509_verify_cert(ctx) == 1 ? 0 : refuse(ctx, c, e);
	ERR_clear_error();
	return rc;
}

int
chain_check(const struct chain *c, int64_t now, struct err *e)
{
	X509_STORE *trusted = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	int rc;

	if (trusted == NULL || ctx == NULL || between == NULL ||
	    X509_STORE_add_cert(trusted, cert_handle(c->cert[c->n - 1])) != 1)
		abort(); /* nothing but memory can run out */
	for (size_t i = 1; i + 1 < c->n; i++)
		if (sk_X509_push(between, cert_handle(c->cert[i])) == 0)
			abort();
	if (X509_STORE_CTX_init(ctx, trusted, cert_handle(c->cert[0]), between) != 1)
		abort();
	rc = verify(ctx, c, now, e);
	sk_X509_free(between);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(trusted);
	return rc;
}
