#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/capf.h"
#include "tests/bench/ends.h"

enum { EVENTS = 64, LATE_MS = 20000, LOOK_MS = 500, HEADER = 8 };

struct client {
	int fd;
	SSL *ssl;
	const char *phone;
	int64_t since;
	bool has_shaken, has_lsc;
};

struct crew {
	const struct capf_load *load;
	atomic_size_t *next; /* phone */
	SSL_CTX *ctx;
	pthread_t thread;
	unsigned number, clients, busy, sent;
	int epoll;
	struct client *client;
	uint32_t *us; /* how long each phone took; room for all of them */
	size_t issued;
	uint64_t failures;
	char failure[128];
};

static void
note_failure(struct crew *k, const struct client *c, const char *what)
{
	unsigned long why = ERR_peek_error();
	const char *reason = why == 0 ? strerror(errno) : ERR_reason_error_string(why);

	k->failures++;
	snprintf(
	    k->failure, sizeof(k->failure), "%s: %s: %s", c->phone, what, reason ? reason : "-");
}

/* Until connect() is done the socket cannot be written; after that answers are waited for.  False
 * when all phones have come. */
static bool
begin(struct crew *k, struct client *c)
{
	size_t next = atomic_fetch_add(k->next, 1);

	if (next >= k->load->phones)
		return false;
	*c = (struct client){ .phone = k->load->phone[next], .since = ends_now_us() };
	c->fd = ends_connect(&k->load->at, k->number, k->sent++);
	if (c->fd < 0) {
		note_failure(k, c, "connect");
		return false;
	}
	c->ssl = SSL_new(k->ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	ends_watch(k->epoll, EPOLL_CTL_ADD, c->fd, EPOLLOUT, c);
	k->busy++;
	return true;
}

static void
end(struct crew *k, struct client *c)
{
	SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
	k->busy--;
	ERR_clear_error();
	begin(k, c);
}

static void
fail(struct crew *k, struct client *c, const char *what)
{
	note_failure(k, c, what);
	end(k, c);
}

static void
succeed(struct crew *k, struct client *c)
{
	k->us[k->issued++] = (uint32_t)(ends_now_us() - c->since);
	end(k, c);
}

/* ---- what a phone says: capf/PROTOCOL.md, "The conversation" ---- */

static void
message_begin(struct wr *w, uint8_t command, uint32_t session)
{
	wr_u8(w, 0x55);
	wr_u8(w, command);
	wr_u32(w, session);
	wr_u16(w, 0);
}

static int
message_send(struct client *c, struct wr *w)
{
	struct bytes m;
	int rc;

	wr_set_u16(w, HEADER - 2, (uint16_t)(wr_view(w).n - HEADER));
	m = wr_view(w);
	rc = SSL_write(c->ssl, m.p, (int)m.n);
	wr_free(w);
	return rc;
}

static int
say_who(struct client *c, uint32_t session)
{
	struct wr w = { 0 };

	message_begin(&w, BENCH_AUTH + 1, session);
	wr_tlv_u8(&w, 1, 1);
	wr_tlv_u8(&w, 7, 3);
	wr_tlv_text(&w, 11, "");
	wr_tlv_text(&w, 13, c->phone);
	return message_send(c, &w);
}

static int
send_key(const struct crew *k, struct client *c, uint32_t session)
{
	struct wr w = { 0 };

	message_begin(&w, BENCH_IN_PROGRESS, session);
	if (message_send(c, &w) <= 0)
		return -1;
	message_begin(&w, BENCH_KEY + 1, session);
	wr_tlv(&w, 9, k->load->key);
	return message_send(c, &w);
}

static int
say_stored(struct client *c, uint32_t session)
{
	struct wr w = { 0 };

	c->has_lsc = true;
	message_begin(&w, BENCH_STORE + 1, session);
	wr_tlv_u8(&w, 1, 1);
	return message_send(c, &w);
}

/* 1: goes on; 0: must wait; 2: it has its LSC; -1. */
static int
hear(const struct crew *k, struct client *c)
{
	uint8_t record[CAPF_RECORD_MAX];
	int n = SSL_read(c->ssl, record, sizeof(record));
	struct rd m = rd_over(bytes_over(record, n > 0 ? (size_t)n : 0));
	uint8_t protocol, command;
	uint32_t session;
	uint16_t length;

	if (n <= 0)
		return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
	protocol = rd_u8(&m);
	command = rd_u8(&m);
	session = rd_u32(&m);
	length = rd_u16(&m);
	if (protocol != 0x55 || length != rd_left(&m))
		return -1;
	switch (command) {
	case BENCH_AUTH:
		return say_who(c, session) > 0 ? 1 : -1;
	case BENCH_KEY:
		return send_key(k, c, session) > 0 ? 1 : -1;
	case BENCH_STORE:
		return say_stored(c, session) > 0 ? 1 : -1;
	case BENCH_END:
		return c->has_lsc && record[n - 1] == 1 ? 2 : -1;
	default:
		return -1;
	}
}

static int
shake(struct client *c)
{
	int rc = SSL_do_handshake(c->ssl);

	if (rc != 1)
		return SSL_get_error(c->ssl, rc) == SSL_ERROR_WANT_READ ? 0 : -1;
	c->has_shaken = true;
	return 1;
}

static void
turn(struct crew *k, struct client *c)
{
	int rc;

	if (SSL_in_before(c->ssl))
		ends_watch(k->epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
	do {
		rc = c->has_shaken ? hear(k, c) : shake(c);
	} while (rc == 1);
	if (rc == 2)
		succeed(k, c);
	else if (rc < 0)
		fail(k, c, c->has_shaken ? "conversation" : "handshake");
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

static void *
work(void *ctx)
{
	struct crew *k = ctx;
	struct epoll_event event[EVENTS];
	int64_t looked = ends_now_us();

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
	return NULL;
}

static int
crew_start(struct crew *k, unsigned number, unsigned crews, const struct capf_load *load,
    atomic_size_t *next)
{
	*k = (struct crew){ .load = load,
		.next = next,
		.ctx = ends_client_ctx(),
		.number = number,
		.clients = load->clients / crews + (number < load->clients % crews),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.us = mem_array(load->phones, sizeof(*k->us)) };
	k->client = mem_array(k->clients, sizeof(struct client));
	return pthread_create(&k->thread, NULL, work, k);
}

static void
crew_free(struct crew *k)
{
	free(k->client);
	free(k->us);
	close(k->epoll);
	SSL_CTX_free(k->ctx);
}

static void
sum_up(const struct crew *k, unsigned crews, struct capf_load_result *out)
{
	uint32_t *us = mem_array(k->load->phones + 1, sizeof(*us));

	for (unsigned i = 0; i < crews; i++) {
		if (k[i].issued > 0)
			memcpy(&us[out->issued], k[i].us, k[i].issued * sizeof(*us));
		out->issued += k[i].issued;
		out->failures += k[i].failures;
		if (k[i].failures > 0)
			memcpy(out->failure, k[i].failure, sizeof(out->failure));
	}
	ends_percentiles(us, out->issued, &out->p50_us, &out->p99_us);
	free(us);
}

int
capf_load_run(const struct capf_load *load, struct capf_load_result *out, struct err *e)
{
	unsigned crews = load->threads < load->clients ? load->threads : load->clients;
	struct crew *k = mem_array(crews, sizeof(*k));
	double processor = ends_processor_seconds(load->server);
	int64_t since = ends_now_us();
	atomic_size_t next = 0;

	*out = (struct capf_load_result){ 0 };
	for (unsigned i = 0; i < crews; i++)
		if (crew_start(&k[i], i, crews, load, &next) != 0)
			return err_set(e, ERR_FAILED, "no thread"); /* and the process ends */
	for (unsigned i = 0; i < crews; i++)
		pthread_join(k[i].thread, NULL);
	out->seconds = (double)(ends_now_us() - since) / 1e6;
	out->server_seconds = ends_processor_seconds(load->server) - processor;
	sum_up(k, crews, out);
	for (unsigned i = 0; i < crews; i++)
		crew_free(&k[i]);
	free(k);
	return 0;
}
