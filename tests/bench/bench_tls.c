/*
 * bench_tls: one of the two ends of a measurement, for the scripts in tests/bench to start.
 *
 * TVS (tls.h); QUESTION and ANSWER are files:
 *	bench_tls limit ADDRESS PORT QUESTION ANSWER THREADS
 *	bench_tls load  ADDRESS PORT QUESTION ANSWER THREADS CLIENTS MILLISECONDS full|resumed PID
 * CAPF (capf.h); LSC: a certificate, PEM; NAMES: a file of device names, KEY: of a public key:
 *	bench_tls capf-limit ADDRESS PORT LSC FOLDER THREADS
 *	bench_tls capf-load  ADDRESS PORT NAMES KEY THREADS CLIENTS PID
 *
 * A limit serves until it is ended; a load prints a line of JSON.  Loopback only: this is no tool
 * against other people's servers.
 */
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/bench/capf.h"
#include "tests/bench/tls.h"

enum { MESSAGE_MAX = 20480, NAMES_MAX = 4 << 20 };

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

static unsigned
number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

/* ---- TVS ---- */

static int
run_limit(char **arg, const struct exchange *x, struct err *e)
{
	return limit_serve(x, number(arg[6]), e);
}

static int
run_load(char **arg, const struct exchange *x, struct err *e)
{
	struct load load = { .threads = number(arg[6]),
		.clients = number(arg[7]),
		.milliseconds = (int)number(arg[8]),
		.resumed = strcmp(arg[9], "resumed") == 0,
		.server = (int)number(arg[10]) };
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
run_exchange(char **arg, int (*run)(char **, const struct exchange *, struct err *), struct err *e)
{
	struct wr question = { 0 }, answer = { 0 };
	struct exchange x;
	int rc = -1;

	if (address_of(arg[2], arg[3], &x.at, e) == 0 &&
	    file_read(arg[4], MESSAGE_MAX, &question, e) == 0 &&
	    file_read(arg[5], MESSAGE_MAX, &answer, e) == 0) {
		x.question = wr_view(&question);
		x.answer = wr_view(&answer);
		rc = run(arg, &x, e);
	}
	wr_free(&question);
	wr_free(&answer);
	return rc;
}

static int
tvs_limit(char **arg, struct err *e)
{
	return run_exchange(arg, run_limit, e);
}

static int
tvs_load(char **arg, struct err *e)
{
	return run_exchange(arg, run_load, e);
}

/* ---- CAPF ---- */

static int
capf_limit(char **arg, struct err *e)
{
	struct capf_limit limit = { .folder = arg[5], .threads = number(arg[6]) };
	FILE *f = fopen(arg[4], "re");
	int rc = -1;

	if (f != NULL) {
		limit.like = PEM_read_X509(f, NULL, NULL, NULL);
		fclose(f);
	}
	if (limit.like == NULL)
		err_set(e, ERR_USAGE, "%s is no certificate", arg[4]);
	else if (address_of(arg[2], arg[3], &limit.at, e) == 0)
		rc = capf_limit_serve(&limit, e);
	X509_free(limit.like);
	return rc;
}

/* Cuts the text into its lines. */
static char **
lines(char *text, size_t *n)
{
	char **line = NULL, *rest = NULL;

	*n = 0;
	for (char *each = strtok_r(text, "\n", &rest); each != NULL;
	     each = strtok_r(NULL, "\n", &rest)) {
		line = mem_resize(line, (*n + 1) * sizeof(*line));
		line[(*n)++] = each;
	}
	return line;
}

static int
print_capf_load(const struct capf_load *load, struct err *e)
{
	struct capf_load_result r;

	if (load->threads == 0 || load->clients == 0)
		return err_set(e, ERR_USAGE, "nobody would come");
	if (capf_load_run(load, &r, e) != 0)
		return -1;
	printf("{\"issued\": %llu, \"failures\": %llu, \"seconds\": %.4f, "
	       "\"server_seconds\": %.2f, \"p50_us\": %u, \"p99_us\": %u, \"failure\": \"%s\"}\n",
	    (unsigned long long)r.issued, (unsigned long long)r.failures, r.seconds,
	    r.server_seconds, r.p50_us, r.p99_us, r.failure);
	return 0;
}

static int
capf_load(char **arg, struct err *e)
{
	struct capf_load load = {
		.threads = number(arg[6]), .clients = number(arg[7]), .server = (int)number(arg[8])
	};
	struct wr names = { 0 }, key = { 0 };
	char **phone = NULL, *text = NULL;
	int rc = -1;

	if (address_of(arg[2], arg[3], &load.at, e) == 0 &&
	    file_read(arg[4], NAMES_MAX, &names, e) == 0 &&
	    file_read(arg[5], MESSAGE_MAX, &key, e) == 0) {
		text = mem_text(wr_cstr(&names));
		phone = lines(text, &load.phones);
		load.phone = phone;
		load.key = wr_view(&key);
		rc = print_capf_load(&load, e);
	}
	free(phone);
	free(text);
	wr_free(&names);
	wr_free(&key);
	return rc;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(char **arg, struct err *e);
} ends[] = {
	{ "limit", 7, tvs_limit },
	{ "load", 11, tvs_load },
	{ "capf-limit", 7, capf_limit },
	{ "capf-load", 9, capf_load },
};

int
main(int args, char **arg)
{
	struct err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (args != ends[i].arguments || strcmp(arg[1], ends[i].name) != 0)
			continue;
		if (ends[i].run(arg, &e) == 0)
			return 0;
		fprintf(stderr, "bench_tls: %s\n", e.text);
		return 1;
	}
	fprintf(stderr, "usage: see tests/bench/bench_tls.c\n");
	return 2;
}
