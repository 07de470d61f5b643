#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/ends.h"
#include "tests/bench/tls.h"

enum {
	EVENTS = 64,
	LATE_MS = 10000, /* no answer for so long is a failure */
	LOOK_MS = 500,
	ANSWER_MAX = 20480,
};

struct client {
	int fd;
	SSL *ssl;
	SSL_SESSION *session; /* to resume */
	bool has_asked;
	int64_t since;
	size_t got;
};

struct crew {
	const struct exchange *exchange;
	const struct load *load;
	SSL_CTX *ctx;
	pthread_barrier_t *barrier;
	pthread_t thread;
	unsigned number, clients, busy, sent;
	int epoll;
	int64_t until; /* new connections begin; 0: each client makes one */
	struct client *client;
	uint32_t *us; /* how long each answer took */
	size_t answers, room;
	uint64_t failures, resumed;
	char failure[128];
};

/* ---- one connection ---- */

static void
note_failure(struct crew *k, const char *what)
{
	unsigned long why = ERR_peek_error();
	const char *reason = why == 0 ? strerror(errno) : ERR_reason_error_string(why);

	k->failures++;
	snprintf(k->failure, sizeof(k->failure), "%s: %s", what, reason ? reason : "-");
}

/* Until connect() is done the socket cannot be written; after that answers are waited for. */
static void
begin(struct crew *k, struct client *c)
{
	c->since = ends_now_us();
	c->has_asked = false;
	c->got = 0;
	c->fd = ends_connect(&k->exchange->at, k->number, k->sent++);
	if (c->fd < 0) {
		note_failure(k, "connect");
		return;
	}
	c->ssl = SSL_new(k->ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	if (c->session != NULL)
		SSL_set_session(c->ssl, c->session);
	ends_watch(k->epoll, EPOLL_CTL_ADD, c->fd, EPOLLOUT, c);
	k->busy++;
}

static void
begin_again(struct crew *k, struct client *c)
{
	if (ends_now_us() < k->until)
		begin(k, c);
}

static void
end(struct crew *k, struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
	k->busy--;
	ERR_clear_error();
}

static void
fail(struct crew *k, struct client *c, const char *what)
{
	note_failure(k, what);
	end(k, c);
	begin_again(k, c);
}

static void
keep_session(const struct crew *k, struct client *c)
{
	if (!k->load->resumed)
		return;
	SSL_SESSION_free(c->session);
	c->session = SSL_get1_session(c->ssl);
}

static void
succeed(struct crew *k, struct client *c)
{
	if (k->answers == k->room) {
		k->room = k->room ? 2 * k->room : 4096;
		k->us = mem_resize(k->us, k->room * sizeof(*k->us));
	}
	k->us[k->answers++] = (uint32_t)(ends_now_us() - c->since);
	k->resumed += SSL_session_reused(c->ssl) == 1;
	keep_session(k, c);
	SSL_shutdown(c->ssl);
	end(k, c);
	begin_again(k, c);
}

/* 1: goes on; 0: must wait; -1. */
static int
shake_and_ask(struct crew *k, struct client *c)
{
	int rc = SSL_do_handshake(c->ssl);

	if (rc != 1)
		return SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ ? 0 : -1;
	if (SSL_write(c->ssl, k->exchange->question.p, (int)k->exchange->question.n) <= 0)
		return -1;
	c->has_asked = true;
	return 1;
}

static int
read_answer(struct crew *k, struct client *c)
{
	uint8_t piece[ANSWER_MAX];
	struct bytes all = k->exchange->answer;
	int n = SSL_read(c->ssl, piece, sizeof(piece));

	if (n <= 0)
		return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
	if (!bytes_eq(bytes_over(piece, (size_t)n), bytes_part(all, c->got, (size_t)n)))
		return -1;
	c->got += (size_t)n;
	return c->got == all.n ? 1 : 0;
}

static void
turn(struct crew *k, struct client *c)
{
	int rc = 1;

	if (SSL_in_before(c->ssl))
		ends_watch(k->epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
	if (!c->has_asked)
		rc = shake_and_ask(k, c);
	if (rc < 0)
		fail(k, c, "handshake");
	else if (rc > 0 && (rc = read_answer(k, c)) < 0)
		fail(k, c, "answer");
	else if (rc > 0)
		succeed(k, c);
}

/* ---- a crew ---- */

static void
fail_late(struct crew *k)
{
	for (unsigned i = 0; i < k->clients; i++) {
		struct client *c = &k->client[i];

		if (c->ssl != NULL && ends_now_us() - c->since > LATE_MS * 1000) {
			errno = ETIMEDOUT;
			fail(k, c, "late");
		}
	}
}

static void
run_until(struct crew *k, int64_t until)
{
	struct epoll_event event[EVENTS];
	int64_t looked = ends_now_us();

	k->until = until;
	for (unsigned i = 0; i < k->clients; i++)
		begin(k, &k->client[i]);
	while (k->busy > 0) {
		int n = epoll_wait(k->epoll, event, EVENTS, LOOK_MS);

		for (int i = 0; i < n; i++)
			turn(k, event[i].data.ptr);
		if (ends_now_us() - looked > LOOK_MS * 1000) {
			fail_late(k);
			looked = ends_now_us();
		}
	}
}

/* Once round for everybody warms up; then it counts. */
static void *
work(void *ctx)
{
	struct crew *k = ctx;

	run_until(k, 0);
	k->answers = k->resumed = 0;
	pthread_barrier_wait(k->barrier);
	pthread_barrier_wait(k->barrier);
	run_until(k, ends_now_us() + (int64_t)k->load->milliseconds * 1000);
	pthread_barrier_wait(k->barrier);
	return NULL;
}

static void
crew_free(struct crew *k)
{
	for (unsigned i = 0; i < k->clients; i++)
		SSL_SESSION_free(k->client[i].session);
	free(k->client);
	free(k->us);
	close(k->epoll);
	SSL_CTX_free(k->ctx);
}

/* ---- all of them ---- */

static void
sum_up(const struct crew *k, unsigned crews, struct load_result *out)
{
	uint32_t *us;
	size_t n = 0;

	for (unsigned i = 0; i < crews; i++) {
		out->answers += k[i].answers;
		out->failures += k[i].failures;
		out->resumed += k[i].resumed;
		if (k[i].failures > 0)
			memcpy(out->failure, k[i].failure, sizeof(out->failure));
	}
	us = mem_array(out->answers + 1, sizeof(*us));
	for (unsigned i = 0; i < crews; n += k[i++].answers)
		if (k[i].answers > 0)
			memcpy(&us[n], k[i].us, k[i].answers * sizeof(*us));
	ends_percentiles(us, n, &out->p50_us, &out->p99_us);
	free(us);
}

static void
measure(pthread_barrier_t *barrier, int server, struct load_result *out)
{
	double processor;
	int64_t since;

	pthread_barrier_wait(barrier);
	processor = ends_processor_seconds(server);
	since = ends_now_us();
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	out->seconds = (double)(ends_now_us() - since) / 1e6;
	out->server_seconds = ends_processor_seconds(server) - processor;
}

int
load_run(const struct exchange *x, const struct load *load, struct load_result *out, struct err *e)
{
	unsigned crews = load->threads < load->clients ? load->threads : load->clients;
	struct crew *k = mem_array(crews, sizeof(*k));
	pthread_barrier_t barrier;

	*out = (struct load_result){ 0 };
	pthread_barrier_init(&barrier, NULL, crews + 1);
	for (unsigned i = 0; i < crews; i++) {
		unsigned clients = load->clients / crews + (i < load->clients % crews);

		k[i] = (struct crew){ .exchange = x,
			.load = load,
			.ctx = ends_client_ctx(),
			.barrier = &barrier,
			.number = i,
			.clients = clients,
			.epoll = epoll_create1(EPOLL_CLOEXEC),
			.client = mem_array(clients, sizeof(struct client)) };
		if (pthread_create(&k[i].thread, NULL, work, &k[i]) != 0)
			return err_set(e, ERR_FAILED, "no thread"); /* and the process ends */
	}
	measure(&barrier, load->server, out);
	for (unsigned i = 0; i < crews; i++)
		pthread_join(k[i].thread, NULL);
	sum_up(k, crews, out);
	for (unsigned i = 0; i < crews; i++)
		crew_free(&k[i]);
	pthread_barrier_destroy(&barrier);
	free(k);
	return 0;
}
