#include "tests/bench/ends.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/tcp.h>

enum { KEY_BITS = 2048, BACKLOG = 4096, A_YEAR = 365 * 86400, HOSTS = 250 };

/* ---- clocks ---- */

int64_t
ends_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The name, in parentheses, may hold blanks. */
double
ends_processor_seconds(int process)
{
	unsigned long user = 0, system = 0;
	char path[40], line[1024] = "", *rest;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	f = process == 0 ? NULL : fopen(path, "re");
	if (f == NULL)
		return 0;
	rest = fgets(line, sizeof(line), f) == NULL ? NULL : strrchr(line, ')');
	fclose(f);
	if (rest != NULL)
		sscanf(
		    rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void
ends_percentiles(uint32_t *us, size_t n, uint32_t *p50, uint32_t *p99)
{
	qsort(us, n, sizeof(*us), by_size);
	*p50 = us[n / 2];
	*p99 = us[n * 99 / 100];
}

/* ---- TLS ---- */

SSL_CTX *
ends_client_ctx(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ECDHE-RSA-AES256-GCM-SHA384");
	SSL_CTX_set1_groups_list(ctx, "P-256");
	return ctx;
}

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

SSL_CTX *
ends_server_ctx(struct err *e)
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

/* ---- sockets ---- */

int
ends_listen(const struct sockaddr_in *at, struct err *e)
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

int
ends_accept(int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int
ends_connect(const struct sockaddr_in *at, unsigned crew, unsigned number)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	from.sin_addr.s_addr = htonl(0x7f4d0001 + (crew << 8) + number % HOSTS);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

void
ends_watch(int epoll, int operation, int fd, uint32_t events, void *who)
{
	struct epoll_event wanted = { .events = events, .data.ptr = who };

	epoll_ctl(epoll, operation, fd, &wanted);
}
