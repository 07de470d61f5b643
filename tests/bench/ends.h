/*
 * ends: what the measuring ends of every TLS service have in common - sockets, TLS as a phone of
 * today speaks it, the clocks.
 */
#ifndef TL_BENCH_ENDS_H
#define TL_BENCH_ENDS_H

#include <netinet/in.h>
#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

int64_t ends_now_us(void);
/* User and system time of a process so far; 0: of nobody. */
double ends_processor_seconds(int process);
/* Sorts them.  n may be 0, with room for one. */
void ends_percentiles(uint32_t *us, size_t n, uint32_t *p50, uint32_t *p99);

/* TLS 1.2, ECDHE-RSA-AES256-GCM-SHA384, P-256. */
SSL_CTX *ends_client_ctx(void);
/* Its certificate has an RSA-2048 key.  NULL on error. */
SSL_CTX *ends_server_ctx(struct err *e);

/* A listener beside others on that port; -1. */
int ends_listen(const struct sockaddr_in *at, struct err *e);
/* The next connection; -1: nobody waits. */
int ends_accept(int listening);
/* Begins a connection.  Crew and number make the address it comes from: 127.77.crew.1 and up, so
 * that each has ports enough, and none looks like a NAT.  -1. */
int ends_connect(const struct sockaddr_in *at, unsigned crew, unsigned number);
/* Told with who when it can be read, or written. */
void ends_watch(int epoll, int operation, int fd, uint32_t events, void *who);

#endif
