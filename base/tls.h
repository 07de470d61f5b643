/*
 * tls: what a TLS listener speaks - versions, ciphers, certificate, resumption.
 *
 * Old phones are the reason for most of it: TLS 1.0, RSA key exchange, CBC ciphers.  Knows nothing
 * of what is said once the handshake is done, and no event loop: conn.h serves, tlsclient.h calls.
 */
#ifndef TL_BASE_TLS_H
#define TL_BASE_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

struct evp_pkey_st;
struct ssl_st;

/* The numbers of the wire. */
enum tls_version {
	TLS_USUAL = 0,
	TLS_1_0 = 0x0301,
	TLS_1_1 = 0x0302,
	TLS_1_2 = 0x0303,
	TLS_1_3 = 0x0304,
};

/* "1.0" to "1.3"; -1 with the reason for anything else. */
int tls_version_of(const char *text, enum tls_version *out, struct err *e);
const char *tls_version_text(int version); /* "TLS 1.0"; "an unknown version" */

/* { 0 } is TLS 1.2 and 1.3 with the usual ciphers. */
struct tls_rules {
	enum tls_version min, max; /* (1.2, 1.3) */
	/* Up to TLS 1.2, as OpenSSL's cipher lists, best first; NULL: ECDHE, then RSA key exchange,
	 * AES.  "@SECLEVEL=n" in it sets OpenSSL's security level, which is otherwise what the
	 * rules need: 0 with a minimum below TLS 1.2 or when a certificate is asked for, else 1. */
	const char *ciphers;
	/* A server asks the peer for a certificate.  It may have none, or any: the handshake goes
	 * on whatever the certificate says. */
	bool ask_client_cert;
	/* A server that has no certificate with an EC key: what to do about that, for the log, when
	 * a peer offers nothing that RSA would do for.  A text that is there for ever; NULL: no
	 * word of it. */
	const char *ec_hint;
	/* Appends the secrets of every connection to this file, for Wireshark: whoever reads it
	 * reads the traffic.  NULL: no. */
	const char *key_log;
};

/* What makes a session of one worker resumable with all others.  A phone that resumes does not see
 * the certificate, so a session is resumed only while the certificate is the one it began with. */
struct tls_tickets;
struct tls_tickets *tls_tickets_new(struct err *e);
void tls_tickets_free(struct tls_tickets *t); /* wipes; NULL is fine */

/* May be used by several threads. */
struct tls;

/* Who a server is.  Borrowed. */
struct tls_identity {
	const struct bytes *chain; /* DER: its own certificate first, then what is sent with it */
	size_t certs;
	struct evp_pkey_st *key; /* of the first, of which a reference is kept */
};

/* For a server.  who: one, or several with keys of different kinds (RSA, EC), of which each peer is
 * shown the one that its offer fits, EC before RSA; two of one kind are an error.  tickets: NULL
 * for keys of its own.  The certificates are the cluster's choice and always served: when the usual
 * security level would refuse one (SHA-1 by a CA, RSA below 1024), the level is 0. */
struct tls *tls_server_new(const struct tls_rules *rules, const struct tls_identity *who, size_t n,
    const struct tls_tickets *tickets, struct err *e);
/* For a client. */
struct tls *tls_client_new(const struct tls_rules *rules, struct err *e);
struct tls *tls_share(const struct tls *t); /* another one of the same; tls_free() both */
/* What was made from it goes on; NULL is fine. */
void tls_free(struct tls *t);

/* One side of one connection, OpenSSL's, on a descriptor that stays the caller's.  tls_why.h
 * explains its failures.  SSL_free() it. */
struct ssl_st *tls_session_new(const struct tls *t, int fd);

#endif
