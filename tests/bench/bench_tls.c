/*
 * bench_tls: one of the two ends of a measurement (tls.h), for tests/bench/tvs.py to start.
 *
 *	bench_tls limit ADDRESS PORT QUESTION ANSWER THREADS
 *	bench_tls load  ADDRESS PORT QUESTION ANSWER THREADS CLIENTS MILLISECONDS full|resumed PID
 *
 * QUESTION and ANSWER are files.  `limit` serves until it is ended; `load` prints a line of
 * JSON.  Loopback only: this is no tool against other people's servers.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/bench/tls.h"

enum { MESSAGE_MAX = 20480, LIMIT_ARGUMENTS = 7, LOAD_ARGUMENTS = 11 };

static int
address_of(const char *address, const char *port, struct sockaddr_in *out, struct err *e)
{
	*out = (struct sockaddr_in){ .sin_family = AF_INET };
	out->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &out->sin_addr) == 1 &&
	    ntohl(out->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		return 0;
	return err_set(e, ERR_USAGE, "%s is no loopback address", address);
}

static int
run_limit(char **arg, const struct exchange *x, struct err *e)
{
	return limit_serve(x, (unsigned)strtoul(arg[6], NULL, 10), e);
}

static int
run_load(char **arg, const struct exchange *x, struct err *e)
{
	struct load load = { .threads = (unsigned)strtoul(arg[6], NULL, 10),
		.clients = (unsigned)strtoul(arg[7], NULL, 10),
		.milliseconds = (int)strtol(arg[8], NULL, 10),
		.resumed = strcmp(arg[9], "resumed") == 0,
		.server = (int)strtol(arg[10], NULL, 10) };
	struct load_result r;

	if (load.threads == 0 || load.clients == 0)
		return err_set(e, ERR_USAGE, "nobody would come");
	if (load_run(x, &load, &r, e) != 0)
		return -1;
	printf("{\"answers\": %llu, \"failures\": %llu, \"resumed\": %llu, \"seconds\": %.4f, "
	       "\"server_seconds\": %.2f, \"p50_us\": %u, \"p99_us\": %u, \"failure\": \"%s\"}\n",
	    (unsigned long long)r.answers, (unsigned long long)r.failures,
	    (unsigned long long)r.resumed, r.seconds, r.server_seconds, r.p50_us, r.p99_us,
	    r.failure);
	return 0;
}

static int
run(char **arg, int args, struct err *e)
{
	struct wr question = { 0 }, answer = { 0 };
	struct exchange x;
	int rc = -1;

	if (address_of(arg[2], arg[3], &x.at, e) == 0 &&
	    file_read(arg[4], MESSAGE_MAX, &question, e) == 0 &&
	    file_read(arg[5], MESSAGE_MAX, &answer, e) == 0) {
		x.question = wr_view(&question);
		x.answer = wr_view(&answer);
		rc = args == LOAD_ARGUMENTS ? run_load(arg, &x, e) : run_limit(arg, &x, e);
	}
	wr_free(&question);
	wr_free(&answer);
	return rc;
}

int
main(int args, char **arg)
{
	struct err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	if (!(args == LIMIT_ARGUMENTS && strcmp(arg[1], "limit") == 0) &&
	    !(args == LOAD_ARGUMENTS && strcmp(arg[1], "load") == 0)) {
		fprintf(stderr, "usage: see tests/bench/bench_tls.c\n");
		return 2;
	}
	if (run(arg, args, &e) == 0)
		return 0;
	fprintf(stderr, "bench_tls: %s\n", e.text);
	return 1;
}
