#include "base/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/tls_why.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"

static struct testpair *rsa, *other_rsa, *ec;

static void
make_pairs(void)
{
	rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	other_rsa = testpair_new(TESTPAIR_RSA_2048, NULL);
	ec = testpair_new(TESTPAIR_EC_P256, NULL);
}

static void
free_pairs(void)
{
	testpair_free(rsa);
	testpair_free(other_rsa);
	testpair_free(ec);
}

/* A server and a client at the two ends of a socket, by turns in one thread. */
struct talk {
	SSL *server, *client; /* client is NULL when the test speaks for it, in bytes */
	int end[2];
	bool served; /* the handshake of the server is done */
	struct err why;
};

static void
talk_start(struct talk *t, const struct tls *tls, SSL_CTX *client)
{
	*t = (struct talk){ 0 };
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, t->end), 0);
	t->server = tls_session_new(tls, t->end[0]);
	if (client == NULL)
		return;
	t->client = SSL_new(client);
	SSL_set_fd(t->client, t->end[1]);
}

static void
talk_end(struct talk *t)
{
	SSL_free(t->server);
	SSL_free(t->client);
	close(t->end[0]);
	close(t->end[1]);
	ERR_clear_error();
}

/* One step of the server's handshake; false: it has failed. */
static bool
serve(struct talk *t)
{
	int rc;

	ERR_clear_error();
	rc = SSL_accept(t->server);
	t->served = rc == 1;
	if (rc == 1 || SSL_get_error(t->server, rc) == SSL_ERROR_WANT_READ)
		return true;
	CU_ASSERT_EQUAL(tls_why(t->server, rc, &t->why), -1);
	return false;
}

/* Both shake hands; what the server sends last (tickets) is read too. */
static bool
talk_shake(struct talk *t)
{
	char byte;

	for (int i = 0; i < 10; i++) {
		ERR_clear_error();
		if (t->client != NULL && SSL_connect(t->client) == 1)
			SSL_peek(t->client, &byte, 1);
		if (!t->served && !serve(t))
			return false;
	}
	ERR_clear_error();
	return t->served;
}

static bool
shakes(const struct tls *tls, SSL_CTX *client, struct talk *t)
{
	bool ok;

	talk_start(t, tls, client);
	ok = talk_shake(t);
	if (!ok)
		talk_end(t);
	return ok;
}

/* ---- versions ---- */

static void
version_is_read_and_told(void)
{
	static const char *const texts[] = { "1.0", "1.1", "1.2", "1.3" };
	enum tls_version v;
	struct err e;

	for (int i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(tls_version_of(texts[i], &v, &e), 0);
		CU_ASSERT_EQUAL((int)v, TLS_1_0 + i);
		CU_ASSERT_STRING_EQUAL(&tls_version_text((int)v)[4], texts[i]);
	}
	CU_ASSERT_EQUAL(tls_version_of("1.4", &v, &e), -1);
	ASSERT_ERR_SAYS(e, "1.4 is no version of TLS");
	CU_ASSERT_EQUAL(tls_version_of("", &v, &e), -1);
	CU_ASSERT_STRING_EQUAL(tls_version_text(0x0300), "SSL 3.0");
	CU_ASSERT_STRING_EQUAL(tls_version_text(0x7f1c), "an unknown version");
}

/* A client of each single version, with a listener of each range. */
static void
each_version_is_served_where_it_is_allowed(void)
{
	for (int min = TLS_1_0; min <= TLS_1_3; min++) {
		for (int max = min; max <= TLS_1_3; max++) {
			struct tls *tls =
			    testtls_server(&(struct tls_rules){ .min = min, .max = max }, rsa);

			for (int v = TLS_1_0; v <= TLS_1_3; v++) {
				SSL_CTX *client = testtls_client(v, v, NULL);
				struct talk t;

				CU_ASSERT_EQUAL(shakes(tls, client, &t), v >= min && v <= max);
				if (t.served) {
					CU_ASSERT_EQUAL(SSL_version(t.server), v);
					talk_end(&t);
				}
				SSL_CTX_free(client);
			}
			tls_free(tls);
		}
	}
}

static struct err
refusal(const struct tls_rules *rules, const struct testpair *p, SSL_CTX *client)
{
	struct tls *tls = testtls_server(rules, p);
	struct talk t;

	CU_ASSERT_FALSE(shakes(tls, client, &t));
	SSL_CTX_free(client);
	tls_free(tls);
	return t.why;
}

static void
refused_version_is_named_with_its_switch(void)
{
	struct err e = refusal(&(struct tls_rules){ 0 }, rsa, testtls_client(0, TLS_1_0, NULL));

	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(
	    e, "the peer speaks only up to TLS 1.0, and this listener only from TLS 1.2");
	CU_ASSERT_STRING_EQUAL(e.hint, "set tls_min = 1.0 for this listener");

	e = refusal(&(struct tls_rules){ .min = TLS_1_0, .max = TLS_1_2 }, rsa,
	    testtls_client(TLS_1_3, 0, NULL));
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(
	    e, "the peer speaks only from TLS 1.3, and this listener only up to TLS 1.2");
	CU_ASSERT_STRING_EQUAL(e.hint, "set tls_max = 1.3 for this listener");
}

/* ---- hellos of old phones, in bytes ---- */

/* Gives the first byte that the server answers: 22 a handshake, 21 an alert, -1 nothing. */
static int
answer_to(const struct tls *tls, struct bytes hello, struct err *why)
{
	uint8_t first;
	struct talk t;
	int got;

	talk_start(&t, tls, NULL);
	CU_ASSERT_EQUAL(write(t.end[1], hello.p, hello.n), (ssize_t)hello.n);
	serve(&t);
	got = read(t.end[1], &first, 1) == 1 ? first : -1;
	*why = t.why;
	talk_end(&t);
	return got;
}

enum { HANDSHAKE = 22, ALERT = 21 };

static int
answer_of(
    const struct tls_rules *rules, const struct testpair *p, struct bytes hello, struct err *why)
{
	struct tls *tls = testtls_server(rules, p);
	int got = answer_to(tls, hello, why);

	tls_free(tls);
	return got;
}

/* A hello without extensions: the version it asks for, and its ciphers in hex. */
static struct wr
plain_hello(int version, const char *ciphers)
{
	struct wr list = suite_hex(ciphers), w = { 0 };
	size_t body = 2 + 32 + 1 + 2 + list.n + 2;

	wr_u8(&w, HANDSHAKE);
	wr_u16(&w, TLS_1_0);
	wr_u16(&w, (uint16_t)(4 + body));
	wr_u8(&w, 1);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)body);
	wr_u16(&w, (uint16_t)version);
	wr_fill(&w, 0x42, 32);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)list.n);
	wr_put(&w, wr_view(&list));
	wr_u16(&w, 0x0100);
	wr_free(&list);
	return w;
}

static int
answer_to_plain(const struct tls_rules *rules, int version, const char *ciphers, struct err *why)
{
	struct wr hello = plain_hello(version, ciphers);
	int got = answer_of(rules, rsa, wr_view(&hello), why);

	wr_free(&hello);
	return got;
}

static const struct tls_rules old = { .min = TLS_1_0 };
static const struct tls_rules usual = { 0 };

static void
hello_without_extensions_is_answered(void)
{
	struct err e;

	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_0, "0035 002f", &e), HANDSHAKE);
	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_0, "002f 00ff", &e), HANDSHAKE);
	CU_ASSERT_EQUAL(answer_to_plain(&usual, TLS_1_0, "0035 002f", &e), ALERT);
	CU_ASSERT_STRING_EQUAL(e.hint, "set tls_min = 1.0 for this listener");
	CU_ASSERT_EQUAL(answer_to_plain(&old, 0x0300, "0035 002f", &e), ALERT);
	ASSERT_ERR_SAYS(e, "speaks only up to SSL 3.0");
	CU_ASSERT_STRING_EQUAL(e.hint, "the peer needs newer firmware: nothing here speaks that");
}

static void
tls_1_2_without_signature_algorithms_needs_level_0(void)
{
	struct tls_rules level_0 = { .ciphers = "AES256-SHA:@SECLEVEL=0" };
	struct err e;

	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_2, "0035 002f", &e), HANDSHAKE);
	CU_ASSERT_EQUAL(answer_to_plain(&level_0, TLS_1_2, "0035 002f", &e), HANDSHAKE);
	CU_ASSERT_EQUAL(answer_to_plain(&usual, TLS_1_2, "0035 002f", &e), ALERT);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, "names no signature algorithms");
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "set tls_min = 1.0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, ":@SECLEVEL=0"));
}

static void
hello_of_ssl_2_that_offers_tls_is_answered(void)
{
	struct wr hello = suite_hex("801f 01 0301 0006 0000 0010 000035 07000c"
				    "42424242424242424242424242424242");
	struct wr of_ssl2 = suite_hex("801f 01 0002 0006 0000 0010 010080 07000c"
				      "42424242424242424242424242424242");
	struct err e;

	CU_ASSERT_EQUAL(answer_of(&old, rsa, wr_view(&hello), &e), HANDSHAKE);
	CU_ASSERT_EQUAL(answer_of(&usual, rsa, wr_view(&hello), &e), ALERT);
	ASSERT_ERR_SAYS(e, "speaks only up to TLS 1.0");
	CU_ASSERT_NOT_EQUAL(answer_of(&old, rsa, wr_view(&of_ssl2), &e), HANDSHAKE);
	wr_free(&hello);
	wr_free(&of_ssl2);
}

static void
refused_ciphers_are_named(void)
{
	struct err e;

	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_0, "000a 0005 1301 cafe 00ff", &e), ALERT);
	CU_ASSERT_EQUAL(e.code, ERR_NO);
	ASSERT_ERR_SAYS(e, "only: DES-CBC3-SHA RC4-SHA TLS_AES_128_GCM_SHA256 0xcafe");

	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_0, "000a 0004", &e), ALERT);
	CU_ASSERT_STRING_EQUAL(e.hint, "the peer needs newer firmware: OpenSSL has none of these");

	CU_ASSERT_EQUAL(answer_to_plain(&old, TLS_1_0, "000a 0039", &e), ALERT);
	CU_ASSERT_STRING_EQUAL(e.hint, "add DHE-RSA-AES256-SHA to ciphers of this listener");
}

static void
certificate_that_the_ciphers_cannot_use_is_told(void)
{
	struct err e = refusal(&old, ec, testtls_client(0, TLS_1_0, "AES256-SHA:AES128-SHA"));

	ASSERT_ERR_SAYS(e, "only: AES256-SHA AES128-SHA");
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "is its key RSA?"));
}

static void
what_is_not_tls_is_told(void)
{
	struct err e;

	answer_of(&old, rsa, bytes_of("GET /CTLSEP001122334455.tlv HTTP/1.0\r\n\r\n"), &e);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, "HTTP without TLS");
	answer_of(&old, rsa, bytes_of("REGISTER sip:10.0.0.1 SIP/2.0\r\n"), &e);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, "not TLS");
}

static void
hello_cut_anywhere_is_waited_for(void)
{
	struct wr hello = plain_hello(TLS_1_0, "0035 002f");
	struct err e = { 0 };

	for (size_t n = 0; n < hello.n; n++)
		CU_ASSERT_EQUAL(answer_of(&old, rsa, bytes_part(wr_view(&hello), 0, n), &e), -1);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	wr_free(&hello);
}

static void
see_flip(struct bytes flipped, size_t bit, void *tls)
{
	struct err e;

	(void)bit;
	answer_to(tls, flipped, &e);
}

static void
hello_with_flipped_bits_is_survived(void)
{
	struct wr hello = plain_hello(TLS_1_0, "0035 002f");
	struct tls *tls = testtls_server(&old, rsa);

	each_flip(wr_view(&hello), see_flip, tls);
	tls_free(tls);
	wr_free(&hello);
}

static void
peer_that_goes_away_is_told(void)
{
	struct tls *tls = testtls_server(&usual, rsa);
	struct talk t;

	talk_start(&t, tls, NULL);
	shutdown(t.end[1], SHUT_RDWR);
	CU_ASSERT_FALSE(serve(&t));
	CU_ASSERT_EQUAL(t.why.code, ERR_FAILED);
	ASSERT_ERR_SAYS(t.why, "the peer closed the connection");
	talk_end(&t);
	tls_free(tls);
}

static void
peer_that_refuses_the_certificate_is_told(void)
{
	struct tls *tls = testtls_server(&usual, rsa);
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_2, NULL);
	struct talk t;

	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	CU_ASSERT_FALSE(shakes(tls, client, &t));
	CU_ASSERT_EQUAL(t.why.code, ERR_DENIED);
	ASSERT_ERR_SAYS(t.why, "the peer refused: alert 48, unknown CA");
	CU_ASSERT_PTR_NOT_NULL(strstr(t.why.hint, "trust list"));
	SSL_CTX_free(client);
	tls_free(tls);
}

/* ---- ciphers, records ---- */

static void
old_ciphers_are_served_and_better_ones_preferred(void)
{
	static const struct {
		const char *offers, *gets;
		int version;
	} each[] = {
		{ "AES256-SHA", "AES256-SHA", TLS_1_0 },
		{ "AES128-SHA", "AES128-SHA", TLS_1_0 },
		{ "AES128-SHA:AES256-SHA:ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES256-SHA", TLS_1_0 },
		{ "AES256-SHA", "AES256-SHA", TLS_1_2 },
		{ "AES256-SHA:AES128-GCM-SHA256", "AES128-GCM-SHA256", TLS_1_2 },
		{ "AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
		    TLS_1_2 },
	};
	struct tls *tls = testtls_server(&old, rsa);

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		SSL_CTX *client = testtls_client(0, each[i].version, each[i].offers);
		struct talk t;

		CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
		CU_ASSERT_STRING_EQUAL(SSL_get_cipher_name(t.server), each[i].gets);
		talk_end(&t);
		SSL_CTX_free(client);
	}
	tls_free(tls);
}

static void
count_record(int write, int version, int type, const void *head, size_t n, SSL *ssl, void *count)
{
	(void)version;
	(void)n;
	(void)ssl;
	if (!write && type == SSL3_RT_HEADER && *(const uint8_t *)head == SSL3_RT_APPLICATION_DATA)
		++*(int *)count;
}

/* Otherwise OpenSSL would put an empty record before it. */
static void
one_write_is_one_record_in_tls_1_0_too(void)
{
	struct tls *tls = testtls_server(&old, rsa);
	SSL_CTX *client = testtls_client(0, TLS_1_0, "AES256-SHA");
	char got[16];
	struct talk t;
	int records = 0;

	CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
	SSL_set_msg_callback(t.client, count_record);
	SSL_set_msg_callback_arg(t.client, &records);
	CU_ASSERT_EQUAL(SSL_write(t.server, "whole", 5), 5);
	CU_ASSERT_EQUAL(SSL_read(t.client, got, sizeof(got)), 5);
	CU_ASSERT_EQUAL(records, 1);
	talk_end(&t);
	SSL_CTX_free(client);
	tls_free(tls);
}

static void
nobody_renegotiates(void)
{
	struct tls *tls = testtls_server(&usual, rsa);
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_2, NULL);
	struct talk t;
	char byte;

	CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
	CU_ASSERT_EQUAL(SSL_renegotiate(t.client), 1);
	SSL_do_handshake(t.client);
	CU_ASSERT_TRUE(SSL_read(t.server, &byte, 1) <= 0);
	CU_ASSERT_NOT_EQUAL(SSL_do_handshake(t.client), 1);
	CU_ASSERT_EQUAL(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
	talk_end(&t);
	SSL_CTX_free(client);
	tls_free(tls);
}

/* ---- sessions ---- */

static SSL_SESSION *kept; /* by the client */

static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

static SSL_CTX *
keeping_client(int version, bool by_id)
{
	SSL_CTX *client = testtls_client(version, version, NULL);

	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(client, keep_session);
	if (by_id)
		SSL_CTX_set_options(client, SSL_OP_NO_TICKET);
	return client;
}

/* First one server, then the other with what was kept of the first: is it resumed? */
static bool
resumes(const struct tls *first, const struct tls *second, int version, bool by_id)
{
	SSL_CTX *client = keeping_client(version, by_id);
	bool resumed;
	struct talk t;

	CU_ASSERT_TRUE_FATAL(shakes(first, client, &t));
	SSL_shutdown(t.client);
	SSL_shutdown(t.server);
	talk_end(&t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
	talk_start(&t, second, client);
	SSL_set_session(t.client, kept);
	CU_ASSERT_TRUE_FATAL(talk_shake(&t));
	resumed = SSL_session_reused(t.server);
	talk_end(&t);
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(client);
	return resumed;
}

static void
session_is_resumed_by_ticket_and_by_id(void)
{
	struct tls *tls = testtls_server(&old, rsa);

	for (int version = TLS_1_0; version <= TLS_1_3; version++) {
		CU_ASSERT_TRUE(resumes(tls, tls, version, false));
		CU_ASSERT_TRUE(resumes(tls, tls, version, true));
	}
	tls_free(tls);
}

static struct tls *
server_with(const struct testpair *p, const struct tls_tickets *tickets)
{
	struct err e;
	struct tls_identity who = testpair_identity(p);
	struct tls *t = tls_server_new(&usual, &who, 1, tickets, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

static void
tickets_are_good_at_every_worker_until_the_certificate_changes(void)
{
	struct err e;
	struct tls_tickets *tickets = tls_tickets_new(&e);
	struct tls *one = server_with(rsa, tickets), *two = server_with(rsa, tickets);
	struct tls *fresh = server_with(other_rsa, tickets), *stranger = server_with(rsa, NULL);

	tls_tickets_free(tickets);
	for (int version = TLS_1_2; version <= TLS_1_3; version++) {
		CU_ASSERT_TRUE(resumes(one, two, version, false));
		CU_ASSERT_FALSE(resumes(one, fresh, version, false));
		CU_ASSERT_FALSE(resumes(one, stranger, version, false));
	}
	tls_free(one);
	tls_free(two);
	tls_free(fresh);
	tls_free(stranger);
	tls_tickets_free(NULL);
}

/* ---- certificates of peers ---- */

static void
peer_is_asked_and_any_answer_will_do(void)
{
	static const struct tls_rules asking = { .ask_client_cert = true };
	struct testpair *weak = testpair_new(TESTPAIR_RSA_1024, NULL);
	struct tls *tls = testtls_server(&asking, rsa);
	const struct testpair *pairs[] = { NULL, other_rsa, weak, ec };

	for (int version = TLS_1_2; version <= TLS_1_3; version++) {
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			SSL_CTX *client = testtls_client(version, version, NULL);
			struct talk t;

			if (pairs[i] != NULL)
				SSL_CTX_use_cert_and_key(
				    client, pairs[i]->x, pairs[i]->key, NULL, 1);
			CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
			CU_ASSERT_EQUAL(
			    SSL_get0_peer_certificate(t.server) != NULL, pairs[i] != NULL);
			talk_end(&t);
			SSL_CTX_free(client);
		}
	}
	tls_free(tls);
	testpair_free(weak);
}

static void
peer_is_not_asked_by_default(void)
{
	struct tls *tls = testtls_server(&usual, rsa);
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_3, NULL);
	struct talk t;

	SSL_CTX_use_cert_and_key(client, other_rsa->x, other_rsa->key, NULL, 1);
	CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
	CU_ASSERT_PTR_NULL(SSL_get0_peer_certificate(t.server));
	talk_end(&t);
	SSL_CTX_free(client);
	tls_free(tls);
}

/* ---- our own certificate ---- */

static bool
is_served(const struct tls_rules *rules, const struct testpair *p, struct err *e)
{
	struct tls_identity who = testpair_identity(p);
	struct tls *tls = tls_server_new(rules, &who, 1, NULL, e);
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_2, NULL);
	struct talk t = { 0 };
	bool ok = tls != NULL && shakes(tls, client, &t);

	if (ok)
		talk_end(&t);
	SSL_CTX_free(client);
	tls_free(tls);
	return ok;
}

static void
weak_certificates_are_served_too(void)
{
	struct tls_rules strict = { .ciphers = "HIGH:@SECLEVEL=2" };
	struct testpair *small = testpair_new(TESTPAIR_RSA_1024, NULL);
	struct testpair *sha1 = testpair_new(TESTPAIR_RSA_2048, rsa);
	struct err e;

	CU_ASSERT_TRUE(is_served(&usual, small, &e));
	CU_ASSERT_TRUE(is_served(&usual, sha1, &e));
	CU_ASSERT_FALSE(is_served(&strict, small, &e));
	ASSERT_ERR_SAYS(e, "ee key too small");
	CU_ASSERT_FALSE(is_served(&strict, sha1, &e));
	ASSERT_ERR_SAYS(e, "md too weak");
	CU_ASSERT_TRUE(is_served(&strict, rsa, &e));
	testpair_free(small);
	testpair_free(sha1);
}

static void
chain_is_sent(void)
{
	struct testpair *issued = testpair_new(TESTPAIR_RSA_2048, rsa);
	struct bytes chain[] = { issued->view, rsa->view };
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_2, NULL);
	struct err e;
	struct tls_identity who = { chain, 2, issued->key };
	struct tls *tls = tls_server_new(&usual, &who, 1, NULL, &e);
	struct talk t;

	CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
	CU_ASSERT_EQUAL(sk_X509_num(SSL_get_peer_cert_chain(t.client)), 2);
	talk_end(&t);
	SSL_CTX_free(client);
	tls_free(tls);
	testpair_free(issued);
}

static void
not_served(const struct tls_rules *rules, const struct tls_identity *who, const char *why)
{
	struct err e;

	CU_ASSERT_PTR_NULL(tls_server_new(rules, who, 1, NULL, &e));
	ASSERT_ERR_SAYS(e, why);
}

static void
nonsense_is_refused(void)
{
	struct bytes junk = bytes_of("not a certificate");
	struct bytes half[] = { rsa->view, junk };
	struct tls_rules bad_versions = { .max = TLS_1_1 }, bad_ciphers = { .ciphers = "ROT13" };

	not_served(&usual, &(struct tls_identity){ &junk, 1, rsa->key }, "cannot be read");
	not_served(&usual, &(struct tls_identity){ half, 2, rsa->key }, "cannot be read");
	not_served(&usual, &(struct tls_identity){ &rsa->view, 1, other_rsa->key },
	    "private key mismatch");
	not_served(&bad_versions, &(struct tls_identity){ &rsa->view, 1, rsa->key },
	    "the minimum, TLS 1.2, is above the maximum, TLS 1.1");
	not_served(&bad_ciphers, &(struct tls_identity){ &rsa->view, 1, rsa->key },
	    "in the list \"ROT13\"");
	CU_ASSERT_EQUAL(ERR_peek_error(), 0);
	tls_free(NULL);
}

static void
what_was_made_from_it_outlives_it(void)
{
	struct tls *tls = testtls_server(&usual, rsa), *share = tls_share(tls);
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_3, NULL);
	struct talk t;

	tls_free(tls);
	talk_start(&t, share, client);
	tls_free(share);
	CU_ASSERT_TRUE(talk_shake(&t));
	talk_end(&t);
	SSL_CTX_free(client);
}

/* ---- two certificates ---- */

static struct tls *
server_of_both(const struct tls_tickets *tickets)
{
	struct tls_identity who[] = { testpair_identity(rsa), testpair_identity(ec) };
	struct err e;
	struct tls *t = tls_server_new(&old, who, 2, tickets, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

/* The client is shown this one; takes the client. */
static void
is_shown(const struct tls *tls, SSL_CTX *client, const char *signatures, const struct testpair *p)
{
	struct talk t;

	if (signatures != NULL)
		CU_ASSERT_EQUAL_FATAL(SSL_CTX_set1_sigalgs_list(client, signatures), 1);
	CU_ASSERT_TRUE_FATAL(shakes(tls, client, &t));
	CU_ASSERT_EQUAL(X509_cmp(SSL_get0_peer_certificate(t.client), p->x), 0);
	talk_end(&t);
	SSL_CTX_free(client);
}

static void
each_peer_is_shown_the_certificate_its_offer_fits(void)
{
	struct tls *tls = server_of_both(NULL);

	is_shown(tls, testtls_client(TLS_1_2, TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
	    "ECDSA+SHA256", ec);
	is_shown(tls, testtls_client(TLS_1_2, TLS_1_2, "ECDHE-RSA-AES128-GCM-SHA256"), NULL, rsa);
	is_shown(tls, testtls_client(TLS_1_2, TLS_1_2, NULL), NULL, ec);
	is_shown(tls, testtls_client(TLS_1_2, TLS_1_2, NULL), "RSA+SHA256", rsa);
	is_shown(tls, testtls_client(TLS_1_3, TLS_1_3, NULL), NULL, ec);
	is_shown(tls, testtls_client(TLS_1_3, TLS_1_3, NULL), "RSA-PSS+SHA256", rsa);
	/* What a 79xx offers. */
	is_shown(tls, testtls_client(TLS_1_0, TLS_1_0, "AES256-SHA:AES128-SHA"), NULL, rsa);
	is_shown(tls, testtls_client(TLS_1_2, TLS_1_2, "AES128-SHA"), NULL, rsa);
	tls_free(tls);
}

/* A session that began with both would show a peer that resumes neither. */
static void
sessions_end_when_either_certificate_changes(void)
{
	struct err e;
	struct tls_tickets *tickets = tls_tickets_new(&e);
	struct tls *both = server_of_both(tickets), *again = server_of_both(tickets);
	struct tls *one = server_with(rsa, tickets);

	CU_ASSERT_TRUE(resumes(both, again, TLS_1_2, false));
	CU_ASSERT_FALSE(resumes(both, one, TLS_1_2, false));
	CU_ASSERT_FALSE(resumes(one, both, TLS_1_2, false));
	tls_free(both);
	tls_free(again);
	tls_free(one);
	tls_tickets_free(tickets);
}

static void
two_of_one_kind_are_refused(void)
{
	struct tls_identity who[] = { testpair_identity(rsa), testpair_identity(other_rsa) };
	struct err e;

	CU_ASSERT_PTR_NULL(tls_server_new(&usual, who, 2, NULL, &e));
	ASSERT_ERR_SAYS(e, "not replacing certificate");
}

static SSL_CTX *
client_of(int version, const char *ciphers, const char *signatures)
{
	SSL_CTX *client = testtls_client(version, version, ciphers);

	CU_ASSERT_EQUAL_FATAL(SSL_CTX_set1_sigalgs_list(client, signatures), 1);
	return client;
}

static void
peer_that_wants_ec_is_logged_with_the_switch(void)
{
	static const char hint[] = "turn the switch";
	struct tls_rules rules = { .min = TLS_1_0, .ec_hint = hint };
	SSL_CTX *wants[] = { testtls_client(TLS_1_2, TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
		client_of(TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA+SHA256"),
		client_of(TLS_1_2, "ECDHE+AESGCM", "ECDSA+SHA256"),
		client_of(TLS_1_3, NULL, "ECDSA+SHA256") };
	SSL_CTX *others[] = { testtls_client(TLS_1_2, TLS_1_2, "CAMELLIA256-SHA"),
		testtls_client(TLS_1_0, TLS_1_0, "CAMELLIA256-SHA") };

	for (int i = 0; i < 4; i++)
		CU_ASSERT_STRING_EQUAL(refusal(&rules, rsa, wants[i]).hint, hint);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_STRING_NOT_EQUAL(refusal(&rules, rsa, others[i]).hint, hint);
}

/* ---- the key log ---- */

static size_t
count_lines(const char *path, const char *word)
{
	struct wr w = { 0 };
	size_t n = 0;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(file_read(path, WR_MAX, &w, &e), 0);
	for (const char *p = wr_cstr(&w); (p = strstr(p, word)) != NULL; p++)
		n++;
	wr_free(&w);
	return n;
}

static void
secrets_are_logged_for_wireshark(void)
{
	char *path = mem_fmt("%s/keys.log", suite_folder());
	struct tls_rules rules = { .key_log = path };
	SSL_CTX *client = testtls_client(TLS_1_2, TLS_1_2, NULL);
	struct stat st;
	struct talk t;
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	CU_ASSERT_EQUAL(write(fd, "CLIENT_RANDOM of before\n", 24), 24);
	close(fd);
	for (int i = 0; i < 2; i++) {
		struct tls *tls = testtls_server(&rules, rsa);

		talk_start(&t, tls, client);
		tls_free(tls); /* the connection goes on, and so does its log */
		CU_ASSERT_TRUE(talk_shake(&t));
		talk_end(&t);
	}
	CU_ASSERT_EQUAL(count_lines(path, "CLIENT_RANDOM "), 3);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	SSL_CTX_free(client);
	free(path);
}

static void
key_log_that_cannot_be_opened_is_an_error(void)
{
	struct tls_rules rules = { .key_log = "/nowhere/keys.log" };
	struct tls_identity who = testpair_identity(rsa);

	not_served(&rules, &who, "cannot open the key log /nowhere/keys.log");
}

static const struct suite_test tests[] = {
	{ "version is read and told", version_is_read_and_told },
	{ "each version is served where it is allowed",
	    each_version_is_served_where_it_is_allowed },
	{ "refused version is named with its switch", refused_version_is_named_with_its_switch },
	{ "hello without extensions is answered", hello_without_extensions_is_answered },
	{ "1.2 without signature algorithms needs level 0",
	    tls_1_2_without_signature_algorithms_needs_level_0 },
	{ "hello of SSL 2 that offers TLS is answered",
	    hello_of_ssl_2_that_offers_tls_is_answered },
	{ "refused ciphers are named", refused_ciphers_are_named },
	{ "certificate that the ciphers cannot use is told",
	    certificate_that_the_ciphers_cannot_use_is_told },
	{ "what is not TLS is told", what_is_not_tls_is_told },
	{ "hello cut anywhere is waited for", hello_cut_anywhere_is_waited_for },
	{ "hello with flipped bits is survived", hello_with_flipped_bits_is_survived },
	{ "peer that goes away is told", peer_that_goes_away_is_told },
	{ "peer that refuses the certificate is told", peer_that_refuses_the_certificate_is_told },
	{ "old ciphers are served and better ones preferred",
	    old_ciphers_are_served_and_better_ones_preferred },
	{ "one write is one record in TLS 1.0 too", one_write_is_one_record_in_tls_1_0_too },
	{ "nobody renegotiates", nobody_renegotiates },
	{ "session is resumed by ticket and by id", session_is_resumed_by_ticket_and_by_id },
	{ "tickets are good until the certificate changes",
	    tickets_are_good_at_every_worker_until_the_certificate_changes },
	{ "peer is asked and any answer will do", peer_is_asked_and_any_answer_will_do },
	{ "peer is not asked by default", peer_is_not_asked_by_default },
	{ "weak certificates are served too", weak_certificates_are_served_too },
	{ "chain is sent", chain_is_sent },
	{ "nonsense is refused", nonsense_is_refused },
	{ "what was made from it outlives it", what_was_made_from_it_outlives_it },
	{ "each peer is shown the certificate its offer fits",
	    each_peer_is_shown_the_certificate_its_offer_fits },
	{ "sessions end when either certificate changes",
	    sessions_end_when_either_certificate_changes },
	{ "two of one kind are refused", two_of_one_kind_are_refused },
	{ "peer that wants EC is logged with the switch",
	    peer_that_wants_ec_is_logged_with_the_switch },
	{ "secrets are logged for Wireshark", secrets_are_logged_for_wireshark },
	{ "key log that cannot be opened is an error", key_log_that_cannot_be_opened_is_an_error },
};

int
main(void)
{
	int rc;

	signal(SIGPIPE, SIG_IGN);
	make_pairs();
	rc = suite_run("base/tls", tests, sizeof(tests) / sizeof(tests[0]));
	free_pairs();
	return rc;
}
