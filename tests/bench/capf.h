/*
 * capf: the two ends with which `./dev bench` measures CAPF.
 *
 * The load is phones that get an LSC each, by null string, with a key that was made before.  The
 * limit says to them what CAPF says, and does what cannot be done without: the handshake, one
 * signature with an RSA-2048 key over a certificate, one durable write.  It checks nothing, looks
 * nothing up and remembers nothing.
 */
#ifndef TL_BENCH_CAPF_H
#define TL_BENCH_CAPF_H

#include <netinet/in.h>
#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum { CAPF_RECORD_MAX = 4096 };

/* Message numbers. */
enum {
	BENCH_AUTH = 1,
	BENCH_KEY = 3,
	BENCH_STORE = 9,
	BENCH_END = 15,
	BENCH_IN_PROGRESS = 17,
};

struct capf_limit {
	struct sockaddr_in at;
	X509 *like;	    /* an LSC: one as large is signed for each phone */
	const char *folder; /* what is written durably goes there */
	unsigned threads;
};

/* Says "ready" on standard output and serves until the process is ended; returns only when it could
 * not begin. */
int capf_limit_serve(const struct capf_limit *limit, struct err *e);

struct capf_load {
	struct sockaddr_in at;
	char *const *phone; /* names; each comes once */
	size_t phones;
	struct bytes key; /* SubjectPublicKeyInfo */
	unsigned clients, threads;
	int server; /* process whose processor time is measured; 0: of nobody */
};

struct capf_load_result {
	uint64_t issued, failures;
	double seconds, server_seconds;
	uint32_t p50_us, p99_us; /* from connect() to END_SESSION */
	char failure[128];	 /* one of them */
};

int capf_load_run(const struct capf_load *load, struct capf_load_result *out, struct err *e);

#endif
