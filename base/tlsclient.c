#include "base/tlsclient.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "base/tls_why.h"

struct tls_client {
	const struct tls_call *call; /* while connecting */
	struct tls *tls;
	SSL *ssl;
	int fd;
	struct wr server_cert;
	bool is_refused; /* by check(), for this reason */
	struct err refusal;
};

/* ---- the server's certificate ---- */

static void
keep_cert(struct tls_client *c, X509 *x)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);

	if (n > 0)
		wr_put(&c->server_cert, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
}

/* Stands in for OpenSSL's own judgement of chains.  The alert for this error is "unknown CA": no
 * way to trust it was found. */
static int
judge(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_client *c = SSL_get_app_data(ssl);
	const struct tls_call *call = c->call;

	(void)arg;

	keep_cert(c, X509_STORE_CTX_get0_cert(store));
	if (call->check == NULL ||
	    call->check(call->ctx, wr_view(&c->server_cert), &c->refusal) == 0)
		return 1;
	c->is_refused = true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	return 0;
}

/* ---- what OpenSSL needs for each kind of phone ---- */

enum { KINDS = 4, CIPHERS_MAX = 200 };

/* Making one takes OpenSSL longer than a handshake, and thousands of phones of a fleet call by the
 * same rules: the last few kinds are kept for all threads. */
static struct kind {
	enum tls_version min, max;
	char ciphers[CIPHERS_MAX]; /* "": the usual ones */
	struct tls *tls;	   /* NULL: none yet */
} kinds[KINDS];
static size_t kinds_made;
static pthread_mutex_t kinds_lock = PTHREAD_MUTEX_INITIALIZER;

static bool
is_kind(const struct kind *k, const struct tls_rules *rules)
{
	return k->tls != NULL && k->min == rules->min && k->max == rules->max &&
	       strcmp(k->ciphers, rules->ciphers != NULL ? rules->ciphers : "") == 0;
}

static struct tls *
make(const struct tls_rules *rules, struct err *e)
{
	struct tls *tls = tls_client_new(rules, e);
	SSL *ssl = tls == NULL ? NULL : tls_session_new(tls, -1);

	if (ssl != NULL)
		SSL_CTX_set_cert_verify_callback(SSL_get_SSL_CTX(ssl), judge, NULL);
	SSL_free(ssl);
	return tls;
}

static struct tls *
keep(const struct tls_rules *rules, struct tls *tls)
{
	struct kind *k = &kinds[kinds_made++ % KINDS];

	tls_free(k->tls);
	*k = (struct kind){ .min = rules->min, .max = rules->max, .tls = tls };
	snprintf(k->ciphers, sizeof(k->ciphers), "%s", rules->ciphers ? rules->ciphers : "");
	return tls_share(tls);
}

/* tls_free() it. */
static struct tls *
tls_for(const struct tls_rules *rules, struct err *e)
{
	struct tls *tls = NULL;

	/* Whose secrets are written to a file is nobody else's. */
	if (rules->key_log != NULL ||
	    (rules->ciphers != NULL && strlen(rules->ciphers) >= CIPHERS_MAX))
		return make(rules, e);
	pthread_mutex_lock(&kinds_lock);
	for (size_t i = 0; tls == NULL && i < KINDS; i++)
		if (is_kind(&kinds[i], rules))
			tls = tls_share(kinds[i].tls);
	if (tls == NULL && (tls = make(rules, e)) != NULL)
		tls = keep(rules, tls);
	pthread_mutex_unlock(&kinds_lock);
	return tls;
}

/* ---- steps that wait ---- */

static int
wait_until_ready(const struct tls_client *c, short events, int64_t deadline, struct err *e)
{
	if (tcp_wait(c->fd, events, deadline) == 0)
		return 0;
	return err_set(e, ERR_LIMIT, "the server took too long");
}

/* A call on the connection returned rc, which was not success: 0 when it is worth another try. */
static int
wait_and_retry(const struct tls_client *c, int rc, int64_t deadline, struct err *e)
{
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_until_ready(c, POLLIN, deadline, e);
	case SSL_ERROR_WANT_WRITE:
		return wait_until_ready(c, POLLOUT, deadline, e);
	default:
		return tls_why(c->ssl, rc, e);
	}
}

static int
shake_hands(struct tls_client *c, int64_t deadline, struct err *e)
{
	int rc;

	for (;;) {
		ERR_clear_error();
		rc = SSL_connect(c->ssl);
		if (rc == 1)
			return 0;
		if (wait_and_retry(c, rc, deadline, e) == 0)
			continue;
		if (c->is_refused && e != NULL)
			*e = c->refusal;
		return -1;
	}
}

static int
start(struct tls_client *c, int64_t deadline, struct err *e)
{
	const struct tls_call *call = c->call;

	c->tls = tls_for(&call->rules, e);
	if (c->tls == NULL)
		return -1;
	c->fd = tcp_connect(call->host, call->port, deadline, e);
	if (c->fd < 0)
		return -1;
	c->ssl = tls_session_new(c->tls, c->fd);
	SSL_set_app_data(c->ssl, c);
	SSL_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	if (shake_hands(c, deadline, e) != 0)
		return err_prefix(e, "TLS with %s port %u", call->host, call->port);
	return 0;
}

struct tls_client *
tls_client_connect(const struct tls_call *call, struct err *e)
{
	struct tls_client *c = mem_new(sizeof(*c));

	c->call = call;
	c->fd = -1;
	if (start(c, clock_mono_ms() + call->timeout_ms, e) == 0) {
		c->call = NULL;
		return c;
	}
	tls_client_close(c);
	return NULL;
}

static bool
has_closed(const struct tls_client *c, int rc)
{
	return SSL_get_error(c->ssl, rc) == SSL_ERROR_ZERO_RETURN;
}

int
tls_client_read(struct tls_client *c, void *to, size_t n, int timeout_ms, struct err *e)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	size_t at = 0, got;
	int rc;

	while (at < n) {
		ERR_clear_error();
		rc = SSL_read_ex(c->ssl, (uint8_t *)to + at, n - at, &got);
		if (rc == 1)
			at += got;
		else if (at == 0 && has_closed(c, rc))
			return err_set(e, ERR_NOT_FOUND, "the server closed the connection");
		else if (wait_and_retry(c, rc, deadline, e) != 0)
			return err_prefix(e, "after %zu of %zu bytes", at, n);
	}
	return 0;
}

int
tls_client_write(struct tls_client *c, struct bytes b, int timeout_ms, struct err *e)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	size_t sent;
	int rc;

	if (b.n == 0)
		return 0;
	for (;;) {
		ERR_clear_error();
		rc = SSL_write_ex(c->ssl, b.p, b.n, &sent);
		if (rc == 1)
			return 0;
		if (wait_and_retry(c, rc, deadline, e) != 0)
			return -1;
	}
}

void
tls_client_close(struct tls_client *c)
{
	if (c == NULL)
		return;
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	tls_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	wr_free(&c->server_cert);
	free(c);
}

struct bytes
tls_client_server_cert(const struct tls_client *c)
{
	return wr_view(&c->server_cert);
}

const char *
tls_client_cipher(const struct tls_client *c)
{
	return SSL_get_cipher_name(c->ssl);
}

enum tls_version
tls_client_version(const struct tls_client *c)
{
	return (enum tls_version)SSL_version(c->ssl);
}
