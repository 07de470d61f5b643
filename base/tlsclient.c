#include "base/tlsclient.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdlib.h>
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
	struct tls_client *c = arg;
	const struct tls_call *call = c->call;

	keep_cert(c, X509_STORE_CTX_get0_cert(store));
	if (call->check == NULL ||
	    call->check(call->ctx, wr_view(&c->server_cert), &c->refusal) == 0)
		return 1;
	c->is_refused = true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	return 0;
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

	c->tls = tls_client_new(&call->rules, e);
	if (c->tls == NULL)
		return -1;
	c->fd = tcp_connect(call->host, call->port, deadline, e);
	if (c->fd < 0)
		return -1;
	c->ssl = tls_session_new(c->tls, c->fd);
	SSL_CTX_set_cert_verify_callback(SSL_get_SSL_CTX(c->ssl), judge, c);
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
