#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/tcp.h>

#include "base/mem.h"
#include "tests/bench/tls.h"

enum { KEY_BITS = 2048, BACKLOG = 4096, EVENTS = 64, A_YEAR = 365 * 86400, READ_MAX = 4096 };

/* One thread: its listening socket and all that came through it. */
struct limit {
	const struct exchange *exchange;
	SSL_CTX *ctx;
	int listening, epoll;
};

struct visitor {
	int fd;
	SSL *ssl;
	bool has_shaken;
};

static void
name_it(X509 *x)
{
	X509_NAME *name = X509_get_subject_name(x);

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)"limit", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), A_YEAR);
}

static SSL_CTX *
make_ctx(struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
	X509 *x = X509_new();
	bool made;

	name_it(x);
	made = X509_set_pubkey(x, key) == 1 && X509_sign(x, key, EVP_sha256()) > 0 &&
	       SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	X509_free(x);
	EVP_PKEY_free(key);
	if (made)
		return ctx;
	SSL_CTX_free(ctx);
	err_set(e, ERR_FAILED, "OpenSSL makes no certificate");
	return NULL;
}

static int
listen_at(const struct sockaddr_in *at, struct err *e)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err_errno(e, "the limit cannot listen");
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
add(const struct limit *t, int fd, void *who)
{
	struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = who };

	epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &wanted);
}

static void
accept_all(const struct limit *t)
{
	int fd, on = 1;

	while ((fd = accept4(t->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct visitor *v = mem_new(sizeof(*v));

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		v->fd = fd;
		v->ssl = SSL_new(t->ctx);
		SSL_set_fd(v->ssl, fd);
		SSL_set_accept_state(v->ssl);
		add(t, fd, v);
	}
}

static void
leave(struct visitor *v)
{
	SSL_free(v->ssl);
	close(v->fd);
	free(v);
}

/* A question fits a record, and comes in one. */
static int
answer(const struct limit *t, struct visitor *v)
{
	uint8_t question[READ_MAX];
	int rc = SSL_read(v->ssl, question, sizeof(question));

	if (rc <= 0)
		return rc;
	return SSL_write(v->ssl, t->exchange->answer.p, (int)t->exchange->answer.n);
}

static void
turn(const struct limit *t, struct visitor *v)
{
	int rc;

	if (!v->has_shaken) {
		rc = SSL_do_handshake(v->ssl);
		v->has_shaken = rc == 1;
	} else {
		rc = answer(t, v);
	}
	if (rc > 0 || SSL_get_error(v->ssl, rc) == SSL_ERROR_WANT_READ)
		return;
	if (v->has_shaken)
		SSL_shutdown(v->ssl);
	leave(v);
}

static void *
serve(void *ctx)
{
	const struct limit *t = ctx;
	struct epoll_event event[EVENTS];

	for (;;) {
		int n = epoll_wait(t->epoll, event, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (event[i].data.ptr == NULL)
				accept_all(t);
			else
				turn(t, event[i].data.ptr);
		}
	}
	return NULL;
}

int
limit_serve(const struct exchange *x, unsigned threads, struct err *e)
{
	struct limit *t = mem_array(threads, sizeof(*t));
	SSL_CTX *ctx = make_ctx(e);
	pthread_t id;

	/* What is not freed goes with the process. */
	for (unsigned i = 0; i < threads; i++) {
		t[i] = (struct limit){ x, ctx, listen_at(&x->at, e), epoll_create1(EPOLL_CLOEXEC) };
		if (ctx == NULL || t[i].listening < 0)
			return -1;
		add(&t[i], t[i].listening, NULL);
	}
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&id, NULL, serve, &t[i]) != 0)
			return err_set(e, ERR_FAILED, "no thread");
	printf("ready\n");
	fflush(stdout);
	pthread_join(id, NULL);
	return 0;
}
