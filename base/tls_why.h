/*
 * tls_why: why a handshake came to nothing - OpenSSL's reasons in words for a voice engineer, with
 * what the peer offered and the switch of the listener (tls_min, tls_max, ciphers) that would
 * have allowed it.
 */
#ifndef TL_BASE_TLS_WHY_H
#define TL_BASE_TLS_WHY_H

#include "base/err.h"

struct ssl_st;
struct ssl_ctx_st;

/* A server's context: what each peer offers is remembered with its connection.  ec_hint: see
 * struct tls_rules. */
void tls_why_watch(struct ssl_ctx_st *ctx, const char *ec_hint);
/* Why the last SSL_ call on a connection, which returned rc, failed: takes the error queue (and
 * errno) of this thread.  Returns -1 as err_set() does: ERR_DENIED when the peer refused us, ERR_NO
 * when we refused what it offered, ERR_MALFORMED when that was not TLS, ERR_FAILED for the rest. */
int tls_why(struct ssl_st *ssl, int rc, struct err *e);
/* The same for a call that has no connection: "<what>: <OpenSSL's reason>". */
int tls_why_not(struct err *e, const char *what);

#endif
