#include "base/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tls_why.h"

enum {
	SESSIONS_MAX = 2048, /* kept for peers that do not know tickets: about 1 KiB each */
	SESSION_SECONDS = 2 * 3600,
	TICKET_KEYS_SIZE = 80,
};

/* Forward secrecy first, AES256-SHA and AES128-SHA (RSA key exchange) last: those are all that a
 * 79xx knows.  Nothing with finite-field DH: no phone insists, and it is slow. */
static const char usual_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:kRSA+AESGCM:kRSA+AES:"
				    "!AESCCM:!aNULL:!eNULL";

static const struct {
	const char *text, *name;
	enum tls_version version;
} versions[] = {
	{ "1.0", "TLS 1.0", TLS_1_0 },
	{ "1.1", "TLS 1.1", TLS_1_1 },
	{ "1.2", "TLS 1.2", TLS_1_2 },
	{ "1.3", "TLS 1.3", TLS_1_3 },
};

enum { VERSIONS = sizeof(versions) / sizeof(versions[0]) };

struct tls {
	SSL_CTX *ctx;
};

/* What OpenSSL wants for a ticket: a name, and a key each to authenticate and to encrypt. */
struct tls_tickets {
	uint8_t keys[TICKET_KEYS_SIZE];
};

int
tls_version_of(const char *text, enum tls_version *out, struct err *e)
{
	*out = TLS_USUAL;
	for (size_t i = 0; i < VERSIONS; i++) {
		if (strcmp(text, versions[i].text) == 0) {
			*out = versions[i].version;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "%s is no version of TLS: 1.0, 1.1, 1.2 and 1.3 are", text);
}

const char *
tls_version_text(int version)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if ((int)versions[i].version == version)
			return versions[i].name;
	return version == SSL3_VERSION ? "SSL 3.0" : "an unknown version";
}

/* ---- the key log ---- */

struct key_log {
	int fd;
};

static int key_log_index; /* of the struct key_log kept with an SSL_CTX */
static pthread_once_t key_log_once = PTHREAD_ONCE_INIT;

static void
key_log_free(void *parent, void *log, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	if (log != NULL)
		close(((struct key_log *)log)->fd);
	free(log);
}

static void
key_log_register(void)
{
	key_log_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, key_log_free);
}

/* A single write() at the end of the file: lines of several threads and workers do not mix. */
static void
key_log_line(const SSL *ssl, const char *line)
{
	const struct key_log *log = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), key_log_index);
	struct wr w = { 0 };
	ssize_t n;

	wr_text(&w, line);
	wr_u8(&w, '\n');
	n = write(log->fd, w.p, w.n);
	(void)n; /* a full disk costs the log, not the phones */
	wr_wipe(&w);
}

static void
key_log_keep(SSL_CTX *ctx, int fd)
{
	struct key_log *log = mem_new(sizeof(*log));

	log->fd = fd;
	pthread_once(&key_log_once, key_log_register);
	if (SSL_CTX_set_ex_data(ctx, key_log_index, log) != 1)
		abort(); /* only out of memory */
	SSL_CTX_set_keylog_callback(ctx, key_log_line);
}

static int
key_log_open(SSL_CTX *ctx, const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, "cannot open the key log %s", path);
	if (fchmod(fd, 0600) != 0) {
		err_errno(e, "cannot keep the key log %s to ourselves", path);
		close(fd);
		return -1;
	}
	key_log_keep(ctx, fd);
	return 0;
}

/* ---- what both sides share ---- */

static int
set_versions(SSL_CTX *ctx, const struct tls_rules *rules, struct err *e)
{
	int min = rules->min == TLS_USUAL ? TLS_1_2 : (int)rules->min;
	int max = rules->max == TLS_USUAL ? TLS_1_3 : (int)rules->max;

	if (min > max)
		return err_set(e, ERR_USAGE, "the minimum, %s, is above the maximum, %s",
		    tls_version_text(min), tls_version_text(max));
	if (SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, max) != 1)
		return tls_why_not(e, "TLS versions");
	return 0;
}

static int
set_ciphers(SSL_CTX *ctx, const struct tls_rules *rules, struct err *e)
{
	const char *list = rules->ciphers == NULL ? usual_ciphers : rules->ciphers;

	if (SSL_CTX_set_cipher_list(ctx, list) == 1)
		return 0;
	ERR_clear_error();
	return err_set(e, ERR_USAGE, "no cipher that this OpenSSL has is in the list \"%s\"", list);
}

/* About SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS: without it OpenSSL sends an empty record before each
 * one with a CBC cipher in TLS 1.0, against an attacker who chooses what we encrypt (BEAST).
 * Nobody chooses that here, and a phone that takes one record for one message would stall. */
static void
set_options(SSL_CTX *ctx)
{
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
		     SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Buffers of 34 KiB are for connections where something is under way.  A write that has to
	 * wait is tried again from a copy. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_NO_AUTO_CHAIN);
}

/* The level comes first: the cipher list may name another. */
static int
set_rules(SSL_CTX *ctx, const struct tls_rules *rules, int level, struct err *e)
{
	SSL_CTX_set_security_level(ctx, level);
	if (set_versions(ctx, rules, e) != 0 || set_ciphers(ctx, rules, e) != 0)
		return -1;
	set_options(ctx);
	return rules->key_log == NULL ? 0 : key_log_open(ctx, rules->key_log, e);
}

static struct tls *
tls_over(SSL_CTX *ctx)
{
	struct tls *t = mem_new(sizeof(*t));

	t->ctx = ctx;
	return t;
}

/* ---- a server's certificate ---- */

static X509 *
certificate_of(struct bytes der, struct err *e)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	if (x == NULL)
		tls_why_not(e, "a certificate for TLS cannot be read");
	return x;
}

static int
read_chain(const struct bytes *chain, size_t n, STACK_OF(X509) * to, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		X509 *x = certificate_of(chain[i], e);

		if (x == NULL)
			return -1;
		if (sk_X509_push(to, x) == 0)
			abort(); /* only out of memory */
	}
	return 0;
}

static bool
is_below_level(unsigned long why)
{
	int reason = ERR_GET_REASON(why);

	return ERR_GET_LIB(why) == ERR_LIB_SSL &&
	       (reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL ||
		   reason == SSL_R_CA_MD_TOO_WEAK);
}

static int
use_pair(
    SSL_CTX *ctx, X509 *own, EVP_PKEY *key, STACK_OF(X509) * rest, bool may_lower, struct err *e)
{
	ERR_clear_error();
	if (SSL_CTX_use_cert_and_key(ctx, own, key, rest, 0) == 1)
		return 0;
	if (!may_lower || !is_below_level(ERR_peek_error()))
		return tls_why_not(e, "certificate and key for TLS");
	SSL_CTX_set_security_level(ctx, 0);
	return use_pair(ctx, own, key, rest, false, e);
}

static int
use_identity(SSL_CTX *ctx, const struct tls_identity *who, bool may_lower, struct err *e)
{
	STACK_OF(X509) *rest = sk_X509_new_null();
	X509 *own = certificate_of(who->chain[0], e);
	int rc = -1;

	if (own != NULL && read_chain(&who->chain[1], who->certs - 1, rest, e) == 0)
		rc = use_pair(ctx, own, who->key, rest, may_lower, e);
	X509_free(own);
	sk_X509_pop_free(rest, X509_free);
	return rc;
}

static int
use_identities(
    SSL_CTX *ctx, const struct tls_identity *who, size_t n, bool may_lower, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (use_identity(ctx, &who[i], may_lower, e) != 0)
			return -1;
	return 0;
}

/* ---- a server's sessions ---- */

struct tls_tickets *
tls_tickets_new(struct err *e)
{
	struct tls_tickets *t = mem_new(sizeof(*t));

	if (RAND_priv_bytes(t->keys, sizeof(t->keys)) == 1)
		return t;
	tls_why_not(e, "no random numbers for session tickets");
	free(t);
	return NULL;
}

void
tls_tickets_free(struct tls_tickets *t)
{
	if (t == NULL)
		return;
	mem_wipe(t, sizeof(*t));
	free(t);
}

/* The context of a session is the hash of the certificates: with others OpenSSL finds nothing to
 * resume. */
static int
set_context(SSL_CTX *ctx, const struct tls_identity *who, size_t n, struct err *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct wr all = { 0 };
	unsigned size;
	bool ok;

	for (size_t i = 0; i < n; i++)
		wr_put(&all, who[i].chain[0]);
	ok = EVP_Digest(all.p, all.n, hash, &size, EVP_sha256(), NULL) == 1 &&
	     SSL_CTX_set_session_id_context(ctx, hash, size) == 1;
	wr_free(&all);
	return ok ? 0 : tls_why_not(e, "the context of sessions");
}

static int
set_sessions(SSL_CTX *ctx, const struct tls_tickets *tickets, struct err *e)
{
	if (tickets != NULL &&
	    SSL_CTX_set_tlsext_ticket_keys(ctx, (void *)tickets->keys, TICKET_KEYS_SIZE) != 1)
		return tls_why_not(e, "the keys of session tickets");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(ctx, SESSIONS_MAX);
	SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
	SSL_CTX_set_num_tickets(ctx, 1); /* the second one is for browsers */
	return 0;
}

/* Whose certificate it is, and whether it will do, is not decided in the handshake. */
static int
any_certificate(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static void
ask_client_cert(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, any_certificate, NULL);
}

/* TLS 1.0 and 1.1 sign with MD5 and SHA-1, and so do old phones when asked for their certificate:
 * OpenSSL allows that at level 0 only. */
static int
level_for(const struct tls_rules *rules)
{
	bool old = rules->min != TLS_USUAL && rules->min < TLS_1_2;

	return old || rules->ask_client_cert ? 0 : 1;
}

static bool
names_level(const struct tls_rules *rules)
{
	return rules->ciphers != NULL && strstr(rules->ciphers, "@SECLEVEL") != NULL;
}

struct tls *
tls_server_new(const struct tls_rules *rules, const struct tls_identity *who, size_t n,
    const struct tls_tickets *tickets, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL) {
		tls_why_not(e, "no TLS");
		return NULL;
	}
	if (set_rules(ctx, rules, level_for(rules), e) != 0 ||
	    use_identities(ctx, who, n, !names_level(rules), e) != 0 ||
	    set_context(ctx, who, n, e) != 0 || set_sessions(ctx, tickets, e) != 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	if (rules->ask_client_cert)
		ask_client_cert(ctx);
	tls_why_watch(ctx, rules->ec_hint);
	return tls_over(ctx);
}

/* Level 0: what a server has is judged by who calls it. */
struct tls *
tls_client_new(const struct tls_rules *rules, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL) {
		tls_why_not(e, "no TLS");
		return NULL;
	}
	if (set_rules(ctx, rules, 0, e) == 0)
		return tls_over(ctx);
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls *
tls_share(const struct tls *t)
{
	SSL_CTX_up_ref(t->ctx);
	return tls_over(t->ctx);
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

struct ssl_st *
tls_session_new(const struct tls *t, int fd)
{
	SSL *ssl = SSL_new(t->ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		abort(); /* only out of memory */
	return ssl;
}
