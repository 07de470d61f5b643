#include "base/tls_why.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/tls.h"

enum { OFFER_CIPHERS = 12, CIPHER_TEXT_MAX = 64 };

/* What a client's hello says. */
struct offer {
	uint16_t low, high; /* versions; low is 0 for a peer that only says how far up it can go */
	bool names_signatures, takes_rsa, takes_ec; /* signatures of such keys */
	size_t ciphers;
	uint16_t cipher[OFFER_CIPHERS]; /* the first ones */
};

/* Ciphers of old phones that no OpenSSL of today can name. */
static const struct {
	uint16_t number;
	const char *name;
} gone[] = {
	{ 0x0003, "EXP-RC4-MD5" },
	{ 0x0004, "RC4-MD5" },
	{ 0x0005, "RC4-SHA" },
	{ 0x0009, "DES-CBC-SHA" },
	{ 0x000a, "DES-CBC3-SHA" },
	{ 0x0016, "EDH-RSA-DES-CBC3-SHA" },
};

/* ---- what a peer offers ---- */

static int offer_index, ec_hint_index;
static pthread_once_t offer_once = PTHREAD_ONCE_INIT;

static void
offer_free(void *parent, void *offer, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	free(offer);
}

static void
offer_register(void)
{
	offer_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, offer_free);
	ec_hint_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static struct offer *
offer_of(SSL *ssl)
{
	pthread_once(&offer_once, offer_register);
	return SSL_get_ex_data(ssl, offer_index);
}

static bool
extension(SSL *ssl, unsigned type, struct rd *out)
{
	const unsigned char *p;
	size_t n;

	if (SSL_client_hello_get0_ext(ssl, type, &p, &n) != 1)
		return false;
	*out = rd_over(bytes_over(p, n));
	return true;
}

/* RFC 8446, 4.2.1; a hello without that list names the highest version it knows.  Other numbers
 * are there to see whether we stumble (RFC 8701). */
static void
read_versions(SSL *ssl, struct offer *o)
{
	struct rd r;

	o->high = (uint16_t)SSL_client_hello_get0_legacy_version(ssl);
	if (!extension(ssl, TLSEXT_TYPE_supported_versions, &r))
		return;
	o->low = UINT16_MAX;
	o->high = 0;
	rd_u8(&r);
	while (rd_left(&r) >= 2) {
		uint16_t v = rd_u16(&r);

		if (v < SSL3_VERSION || v > TLS_1_3)
			continue;
		o->low = v < o->low ? v : o->low;
		o->high = v > o->high ? v : o->high;
	}
}

static bool
is_real_cipher(unsigned number)
{
	enum { RENEGOTIATION = 0x00ff, FALLBACK = 0x5600, GREASE = 0x0a0a };

	return number != RENEGOTIATION && number != FALLBACK && (number & 0x0f0f) != GREASE;
}

/* In the hello of SSL 2, which some 79xx begin with, a number has three bytes. */
static void
read_ciphers(SSL *ssl, struct offer *o)
{
	const unsigned char *p;
	size_t n = SSL_client_hello_get0_ciphers(ssl, &p);
	size_t each = SSL_client_hello_isv2(ssl) ? 3 : 2;
	struct rd r = rd_over(bytes_over(p, n));

	while (rd_left(&r) >= each && o->ciphers < OFFER_CIPHERS) {
		bool of_ssl2 = each == 3 && rd_u8(&r) != 0;
		uint16_t number = rd_u16(&r);

		if (!of_ssl2 && is_real_cipher(number))
			o->cipher[o->ciphers++] = number;
	}
}

/* RFC 5246, 7.4.1.4.1: a hash, then 1 for RSA or 3 for ECDSA; RFC 8446, 4.2.3 goes on with numbers
 * of its own, of which 0x0804 to 0x0806 are RSA's. */
static void
read_signatures(SSL *ssl, struct offer *o)
{
	struct rd r;

	o->names_signatures = extension(ssl, TLSEXT_TYPE_signature_algorithms, &r);
	if (!o->names_signatures)
		return;
	rd_u16(&r);
	while (rd_left(&r) >= 2) {
		uint16_t v = rd_u16(&r);

		o->takes_ec = o->takes_ec || (v & 0xff) == TLSEXT_signature_ecdsa;
		o->takes_rsa = o->takes_rsa || (v & 0xff) == TLSEXT_signature_rsa ||
			       (v >= 0x0804 && v <= 0x0806);
	}
}

/* A hello that had to be sent again (TLS 1.3) is seen twice. */
static int
see_hello(SSL *ssl, int *alert, void *arg)
{
	struct offer *o = offer_of(ssl);

	(void)alert;
	(void)arg;
	if (o != NULL)
		return SSL_CLIENT_HELLO_SUCCESS;
	o = mem_new(sizeof(*o));
	read_versions(ssl, o);
	read_ciphers(ssl, o);
	read_signatures(ssl, o);
	if (SSL_set_ex_data(ssl, offer_index, o) != 1)
		abort(); /* only out of memory */
	return SSL_CLIENT_HELLO_SUCCESS;
}

void
tls_why_watch(struct ssl_ctx_st *ctx, const char *ec_hint)
{
	pthread_once(&offer_once, offer_register);
	SSL_CTX_set_client_hello_cb(ctx, see_hello, NULL);
	if (SSL_CTX_set_ex_data(ctx, ec_hint_index, (void *)ec_hint) != 1)
		abort(); /* only out of memory */
}

static const char *
ec_hint_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ec_hint_index);
}

/* ---- versions ---- */

/* "1.0" of "TLS 1.0": as the switch takes it. */
static const char *
switch_text(int version)
{
	return &tls_version_text(version)[strlen("TLS ")];
}

static int
too_old(const struct offer *o, int min, struct err *e)
{
	err_set(e, ERR_NO, "the peer speaks only up to %s, and this listener only from %s",
	    tls_version_text(o->high), tls_version_text(min));
	if (o->high < TLS_1_0)
		return err_hint(e, "the peer needs newer firmware: nothing here speaks that");
	return err_hint(e, "set tls_min = %s for this listener", switch_text(o->high));
}

static int
too_new(const struct offer *o, int max, struct err *e)
{
	err_set(e, ERR_NO, "the peer speaks only from %s, and this listener only up to %s",
	    tls_version_text(o->low), tls_version_text(max));
	return err_hint(e, "set tls_max = %s for this listener", switch_text(o->low));
}

static int
no_version(SSL *ssl, struct err *e)
{
	const struct offer *o = offer_of(ssl);
	int min = (int)SSL_get_min_proto_version(ssl), max = (int)SSL_get_max_proto_version(ssl);

	if (o != NULL && o->high != 0 && o->high < min)
		return too_old(o, min, e);
	if (o != NULL && o->high != 0 && o->low > max)
		return too_new(o, max, e);
	return err_set(e, ERR_NO, "no version of TLS in common: ours are %s to %s",
	    tls_version_text(min), tls_version_text(max));
}

/* ---- ciphers and signatures ---- */

static const SSL_CIPHER *
known_cipher(SSL *ssl, uint16_t number)
{
	const unsigned char wire[2] = { (unsigned char)(number >> 8), (unsigned char)number };

	return SSL_CIPHER_find(ssl, wire);
}

static void
cipher_text(SSL *ssl, uint16_t number, char to[CIPHER_TEXT_MAX])
{
	const SSL_CIPHER *known = known_cipher(ssl, number);

	if (known != NULL) {
		snprintf(to, CIPHER_TEXT_MAX, "%s", SSL_CIPHER_get_name(known));
		return;
	}
	snprintf(to, CIPHER_TEXT_MAX, "0x%04x", number);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (gone[i].number == number)
			snprintf(to, CIPHER_TEXT_MAX, "%s", gone[i].name);
}

static void
list_ciphers(SSL *ssl, const struct offer *o, struct wr *to)
{
	char name[CIPHER_TEXT_MAX];

	for (size_t i = 0; i < o->ciphers; i++) {
		cipher_text(ssl, o->cipher[i], name);
		wr_fmt(to, " %s", name);
	}
}

static bool
listener_has(SSL *ssl, const SSL_CIPHER *c)
{
	return c != NULL && sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), (SSL_CIPHER *)c) >= 0;
}

/* A peer that would have shaken hands with a certificate that has an EC key. */
static bool
wants_ec(SSL *ssl, const struct offer *o)
{
	if (o->names_signatures && !o->takes_ec)
		return false;
	if (o->names_signatures && !o->takes_rsa)
		return true;
	for (size_t i = 0; i < o->ciphers; i++) {
		const SSL_CIPHER *c = known_cipher(ssl, o->cipher[i]);

		if (listener_has(ssl, c) && SSL_CIPHER_get_auth_nid(c) == NID_auth_ecdsa)
			return true;
	}
	return false;
}

static int
hint_for_ciphers(SSL *ssl, const struct offer *o, struct err *e)
{
	const SSL_CIPHER *missing = NULL;
	const char *ec_hint = ec_hint_of(ssl);

	if (ec_hint != NULL && wants_ec(ssl, o))
		return err_hint(e, "%s", ec_hint);
	for (size_t i = 0; i < o->ciphers; i++) {
		const SSL_CIPHER *c = known_cipher(ssl, o->cipher[i]);

		if (listener_has(ssl, c))
			return err_hint(e,
			    "this listener has %s, but not with its certificate: is "
			    "its key RSA?",
			    SSL_CIPHER_get_name(c));
		missing = missing == NULL ? c : missing;
	}
	if (missing == NULL)
		return err_hint(e, "the peer needs newer firmware: OpenSSL has none of these");
	return err_hint(e, "add %s to ciphers of this listener", SSL_CIPHER_get_name(missing));
}

static int
no_signature(SSL *ssl, struct err *e)
{
	const struct offer *o = offer_of(ssl);

	const char *ec_hint = ec_hint_of(ssl);

	if (o != NULL && ec_hint != NULL && wants_ec(ssl, o)) {
		err_set(e, ERR_NO,
		    "the peer takes no signature of an RSA key, and this listener has no other");
		return err_hint(e, "%s", ec_hint);
	}
	if (o != NULL && !o->names_signatures)
		err_set(
		    e, ERR_NO, "the peer names no signature algorithms, which means SHA-1 only");
	else
		err_set(e, ERR_NO, "no signature algorithm in common with the peer");
	return err_hint(e, "allow SHA-1: set tls_min = 1.0 for this listener, or end its "
			   "ciphers with :@SECLEVEL=0");
}

/* A TLS 1.2 hello without signature algorithms makes every cipher unusable at level 1 and above,
 * and OpenSSL calls that "no shared cipher". */
static int
no_cipher(SSL *ssl, struct err *e)
{
	const struct offer *o = offer_of(ssl);
	struct wr names = { 0 };

	if (o == NULL)
		return err_set(e, ERR_NO, "no cipher in common with the peer");
	if (!o->names_signatures && o->high >= TLS_1_2 && SSL_get_security_level(ssl) > 0)
		return no_signature(ssl, e);
	list_ciphers(ssl, o, &names);
	err_set(e, ERR_NO, "the peer offers no cipher of this listener, only:%s%s", wr_cstr(&names),
	    o->ciphers == OFFER_CIPHERS ? " ..." : "");
	wr_free(&names);
	return hint_for_ciphers(ssl, o, e);
}

/* ---- alerts, and what is no TLS ---- */

static bool
is_about_certificate(int alert)
{
	return alert == SSL_AD_UNKNOWN_CA ||
	       (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN);
}

static int
alert_came(SSL *ssl, int alert, struct err *e)
{
	err_set(e, ERR_DENIED, "the peer refused: alert %d, %s", alert,
	    SSL_alert_desc_string_long(alert));
	if (SSL_is_server(ssl) && is_about_certificate(alert))
		return err_hint(e,
		    "the peer does not accept the certificate of this listener: compare it with "
		    "the trust list that the peer holds");
	return -1;
}

static int
no_tls(SSL *ssl, struct err *e)
{
	(void)ssl;
	return err_set(e, ERR_MALFORMED, "what the peer sent is not TLS");
}

static int
plain_http(SSL *ssl, struct err *e)
{
	(void)ssl;
	return err_set(e, ERR_MALFORMED, "the peer speaks HTTP without TLS");
}

static const struct {
	int reason;
	int (*explain)(SSL *ssl, struct err *e);
} reasons[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, no_version },
	{ SSL_R_VERSION_TOO_LOW, no_version },
	{ SSL_R_NO_SHARED_CIPHER, no_cipher },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, no_signature },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, no_signature },
	{ SSL_R_HTTP_REQUEST, plain_http },
	{ SSL_R_HTTPS_PROXY_REQUEST, plain_http },
	{ SSL_R_WRONG_VERSION_NUMBER, no_tls },
	{ SSL_R_UNKNOWN_PROTOCOL, no_tls },
	{ SSL_R_BAD_RECORD_TYPE, no_tls },
};

/* ---- all together ---- */

static int
reason_text(unsigned long code, struct err *e)
{
	const char *text = ERR_reason_error_string(code);

	return err_set(e, ERR_FAILED, "%s", text == NULL ? "an unknown reason of OpenSSL" : text);
}

static int
explain(SSL *ssl, unsigned long code, struct err *e)
{
	int reason = ERR_GET_REASON(code);

	if (ERR_GET_LIB(code) != ERR_LIB_SSL)
		return reason_text(code, e);
	if (reason > SSL_AD_REASON_OFFSET)
		return alert_came(ssl, reason - SSL_AD_REASON_OFFSET, e);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == reason)
			return reasons[i].explain(ssl, e);
	return reason_text(code, e);
}

/* The queue holds the first cause first. */
int
tls_why(struct ssl_st *ssl, int rc, struct err *e)
{
	int saved = errno;
	int kind = SSL_get_error(ssl, rc);
	unsigned long code = ERR_peek_error();

	ERR_clear_error();
	if (code != 0)
		return explain(ssl, code, e);
	if (kind == SSL_ERROR_SYSCALL && saved != 0 && saved != EAGAIN)
		return err_set(e, ERR_FAILED, "the connection broke: %s", strerror(saved));
	return err_set(e, ERR_FAILED, "the peer closed the connection");
}

int
tls_why_not(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_error();

	ERR_clear_error();
	reason_text(code, e);
	return err_prefix(e, "%s", what);
}
