/*
 * tls: the two ends with which `./dev bench` measures a TLS service.
 *
 * The limit is a server that does the handshake, reads one question and writes one canned answer:
 * what OpenSSL and the kernel cost on this machine, and nothing else.  The load is clients that
 * come, ask, compare the answer byte by byte and come again.  Both take question and answer as they
 * are: neither knows what they mean.
 */
#ifndef TL_BENCH_TLS_H
#define TL_BENCH_TLS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct exchange {
	struct sockaddr_in at; /* the server */
	struct bytes question, answer;
};

struct load {
	unsigned clients, threads;
	int milliseconds;
	bool resumed; /* each client resumes the session of its connection before */
	int server;   /* process whose processor time is measured; 0: of nobody */
};

struct load_result {
	uint64_t answers, failures, resumed;
	double seconds, server_seconds;
	uint32_t p50_us, p99_us; /* from connect() to the answer */
	char failure[128];	 /* one of them */
};

/* Says "ready" on standard output and serves until the process is ended; returns only when it could
 * not begin. */
int limit_serve(const struct exchange *x, unsigned threads, struct err *e);
int
load_run(const struct exchange *x, const struct load *load, struct load_result *out, struct err *e);

#endif
