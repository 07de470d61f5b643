#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/ends.h"
#include "tests/bench/tls.h"

enum { EVENTS = 64, READ_MAX = 4096 };

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
accept_all(const struct limit *t)
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
	SSL_CTX *ctx = ends_server_ctx(e);
	pthread_t id;

	/* What is not freed goes with the process. */
	for (unsigned i = 0; i < threads; i++) {
		t[i] =
		    (struct limit){ x, ctx, ends_listen(&x->at, e), epoll_create1(EPOLL_CLOEXEC) };
		if (ctx == NULL || t[i].listening < 0)
			return -1;
		ends_watch(t[i].epoll, EPOLL_CTL_ADD, t[i].listening, EPOLLIN, NULL);
	}
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&id, NULL, serve, &t[i]) != 0)
			return err_set(e, ERR_FAILED, "no thread");
	printf("ready\n");
	fflush(stdout);
	pthread_join(id, NULL);
	return 0;
}
