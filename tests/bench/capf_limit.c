#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/capf.h"
#include "tests/bench/ends.h"

enum { EVENTS = 64, ROW_BYTES = 1536, SESSION_AT = 2, KEY_BITS = 2048 };

/* What the messages of CAPF hold, after the header: capf/PROTOCOL.md, "Messages". */
static const uint8_t auth_body[] = { 7, 0, 1, 3, 8, 0, 1, 0 };
static const uint8_t key_body[] = { 10, 0, 2, 8, 0, 17, 0, 1, 0 };
static const uint8_t end_body[] = { 1, 0, 1, 1 };

/* One thread: its listening socket, its file, and all that came through. */
struct thread {
	SSL_CTX *ctx;
	EVP_PKEY *key;
	X509 *lsc;
	int listening, epoll, file;
};

struct visitor {
	int fd;
	SSL *ssl;
	bool has_shaken;
};

static void
header(struct wr *w, uint8_t command, size_t body)
{
	wr_u8(w, 0x55);
	wr_u8(w, command);
	wr_u32(w, 1); /* the session: nobody looks */
	wr_u16(w, (uint16_t)body);
}

static int
say(struct visitor *v, uint8_t command, const void *body, size_t n)
{
	struct wr w = { 0 };
	int rc;

	header(&w, command, n);
	wr_put(&w, bytes_over(body, n));
	rc = SSL_write(v->ssl, wr_view(&w).p, (int)wr_view(&w).n);
	wr_free(&w);
	return rc;
}

/* ---- what cannot be done without ---- */

static int
write_durably(const struct thread *t)
{
	static const uint8_t row[ROW_BYTES];

	return write(t->file, row, sizeof(row)) == sizeof(row) && fdatasync(t->file) == 0 ? 1 : -1;
}

static int
send_certificate(struct visitor *v, struct bytes der)
{
	struct wr w = { 0 };
	int rc;

	header(&w, BENCH_STORE, 4 + 3 + 5 + der.n);
	wr_tlv_u8(&w, 3, 1);
	wr_u8(&w, 4);
	wr_u16(&w, (uint16_t)(5 + der.n));
	wr_u8(&w, 1);
	wr_u16(&w, (uint16_t)(2 + der.n));
	wr_u16(&w, 1);
	wr_put(&w, der);
	rc = SSL_write(v->ssl, wr_view(&w).p, (int)wr_view(&w).n);
	wr_free(&w);
	return rc;
}

static int
issue(const struct thread *t, struct visitor *v)
{
	unsigned char *der = NULL;
	int n, rc = -1;

	if (X509_sign(t->lsc, t->key, EVP_sha256()) <= 0)
		return -1;
	n = i2d_X509(t->lsc, &der);
	if (n > 0 && write_durably(t) > 0)
		rc = send_certificate(v, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	return rc;
}

/* ---- the conversation ---- */

static int
answer(const struct thread *t, struct visitor *v)
{
	uint8_t said[CAPF_RECORD_MAX];
	int rc = SSL_read(v->ssl, said, sizeof(said));

	if (rc <= SESSION_AT)
		return rc;
	switch (said[1]) {
	case BENCH_AUTH + 1:
		return say(v, BENCH_KEY, key_body, sizeof(key_body));
	case BENCH_IN_PROGRESS:
		return 1;
	case BENCH_KEY + 1:
		return issue(t, v);
	case BENCH_STORE + 1:
		say(v, BENCH_END, end_body, sizeof(end_body));
		return -1; /* the server is the one who leaves */
	default:
		return -1;
	}
}

static void
leave(struct visitor *v)
{
	if (v->has_shaken)
		SSL_shutdown(v->ssl);
	SSL_free(v->ssl);
	close(v->fd);
	free(v);
}

static int
shake(struct visitor *v)
{
	int rc = SSL_do_handshake(v->ssl);

	if (rc != 1)
		return rc;
	v->has_shaken = true;
	return say(v, BENCH_AUTH, auth_body, sizeof(auth_body));
}

/* Records that came together are read together: the kernel will not tell of them again. */
static void
turn(const struct thread *t, struct visitor *v)
{
	int rc;

	do {
		rc = v->has_shaken ? answer(t, v) : shake(v);
	} while (rc > 0);
	if (SSL_get_error(v->ssl, rc) != SSL_ERROR_WANT_READ)
		leave(v);
}

static void
accept_all(const struct thread *t)
{
	int fd;

	while ((fd = ends_accept(t->listening)) >= 0) {
		struct visitor *v = mem_new(sizeof(*v));

		v->fd = fd;
		v->ssl = SSL_new(t->ctx);
		SSL_set_fd(v->ssl, fd);
		SSL_set_accept_state(v->ssl);
		ends_watch(t->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, v);
	}
}

static void *
serve(void *ctx)
{
	const struct thread *t = ctx;
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

static int
thread_prepare(struct thread *t, const struct capf_limit *limit, SSL_CTX *ctx, struct err *e)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/limit-%p", limit->folder, (void *)t);
	*t = (struct thread){ .ctx = ctx,
		.key = EVP_RSA_gen(KEY_BITS),
		.lsc = X509_dup(limit->like),
		.listening = ends_listen(&limit->at, e),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) };
	if (t->listening < 0)
		return -1;
	if (t->file < 0)
		return err_errno(e, "%s", path);
	if (t->key == NULL || t->lsc == NULL)
		return err_set(e, ERR_FAILED, "OpenSSL makes no key");
	ends_watch(t->epoll, EPOLL_CTL_ADD, t->listening, EPOLLIN, NULL);
	return 0;
}

int
capf_limit_serve(const struct capf_limit *limit, struct err *e)
{
	struct thread *t = mem_array(limit->threads, sizeof(*t));
	SSL_CTX *ctx = ends_server_ctx(e);
	pthread_t id;

	/* What is not freed goes with the process. */
	if (ctx == NULL)
		return -1;
	for (unsigned i = 0; i < limit->threads; i++)
		if (thread_prepare(&t[i], limit, ctx, e) != 0)
			return -1;
	for (unsigned i = 0; i < limit->threads; i++)
		if (pthread_create(&id, NULL, serve, &t[i]) != 0)
			return err_set(e, ERR_FAILED, "no thread");
	printf("ready\n");
	fflush(stdout);
	pthread_join(id, NULL);
	return 0;
}
