/*
 * tlsclient: a TLS connection for who has nothing else to do - the virtual phone, a query from the
 * command line.  Each call waits, but never longer than its deadline.
 *
 * Judges nobody: whether the server's certificate will do is the caller's decision.
 */
#ifndef TL_BASE_TLSCLIENT_H
#define TL_BASE_TLSCLIENT_H

#include <stdint.h>

#include "base/tls.h"

struct tls_call {
	const char *host; /* a name, or an address in numbers */
	uint16_t port;
	struct tls_rules rules;
	int timeout_ms; /* for connecting with its handshake (but not for looking up a name) */
	/* Shall we speak to the holder of this certificate?  -1 with the reason: the server is told
	 * that it is not trusted, and the call fails with that reason.  NULL: to anyone. */
	int (*check)(void *ctx, struct bytes der, struct err *e);
	void *ctx;
};

struct tls_client;

struct tls_client *tls_client_connect(const struct tls_call *call, struct err *e);
/* Exactly n bytes, within timeout_ms in all.  -1: ERR_NOT_FOUND when the server closed before the
 * first of them, ERR_LIMIT when time ran out, ERR_FAILED or what tls_why() says for the rest. */
int tls_client_read(struct tls_client *c, void *to, size_t n, int timeout_ms, struct err *e);
/* All of it, in one record when it fits in one (16 KiB). */
int tls_client_write(struct tls_client *c, struct bytes b, int timeout_ms, struct err *e);
/* Says goodbye and closes; NULL is fine. */
void tls_client_close(struct tls_client *c);

/* These lend until tls_client_close(). */
struct bytes tls_client_server_cert(const struct tls_client *c); /* DER */
const char *tls_client_cipher(const struct tls_client *c);	 /* as OpenSSL calls it */
enum tls_version tls_client_version(const struct tls_client *c);

#endif
