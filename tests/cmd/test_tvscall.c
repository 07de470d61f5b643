/* tvscall.c talks to a small TVS of this file, OpenSSL's own server on a port that the kernel
 * picks.
 */
#include "cmd/phone/tvscall.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tcp.h"
#include "tests/support/suite.h"
#include "tests/support/testkey.h"

enum { TIMEOUT_MS = 20000, SHORT_MS = 100 };

/* Serves one connection, then ends. */
static struct {
	SSL_CTX *ctx;
	int fd;
	uint16_t port;
	pthread_t thread;
	struct wr answer; /* said to whatever is asked; empty: nothing is said, and it closes */
	bool is_silent;	  /* it waits for the client to go instead */
	size_t heard;	  /* bytes of the question */
	int version;
	char cipher[64];
} tvs;

static void
talk(SSL *ssl)
{
	uint8_t request[TVS_MESSAGE_MAX];
	int n;

	if (SSL_accept(ssl) != 1)
		return;
	tvs.version = SSL_version(ssl);
	snprintf(tvs.cipher, sizeof(tvs.cipher), "%s", SSL_get_cipher_name(ssl));
	n = SSL_read(ssl, request, sizeof(request));
	tvs.heard = n > 0 ? (size_t)n : 0;
	if (tvs.answer.n > 0)
		SSL_write(ssl, tvs.answer.p, (int)tvs.answer.n);
	if (tvs.is_silent)
		SSL_read(ssl, request, sizeof(request));
	SSL_shutdown(ssl);
}

static void *
serve(void *arg)
{
	int fd = accept(tvs.fd, NULL, NULL);
	SSL *ssl = SSL_new(tvs.ctx);

	SSL_set_fd(ssl, fd);
	talk(ssl);
	SSL_free(ssl);
	close(fd);
	return arg;
}

static void
set_blocking_listener(void)
{
	tvs.fd = tcp_listen("127.0.0.1", 0, NULL);
	if (fcntl(tvs.fd, F_SETFL, 0) != 0 || tcp_port(tvs.fd, &tvs.port, NULL) != 0)
		abort();
}

static void
start(void)
{
	static const char pem[] = TEST_DATA "/vectors/certs/tvs.pem";

	tvs.ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_cipher_list(tvs.ctx, "ALL:@SECLEVEL=0");
	SSL_CTX_set_min_proto_version(tvs.ctx, TLS1_VERSION);
	if (SSL_CTX_use_certificate_file(tvs.ctx, pem, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(tvs.ctx, pem, SSL_FILETYPE_PEM) != 1)
		abort();
	set_blocking_listener();
	if (pthread_create(&tvs.thread, NULL, serve, NULL) != 0)
		abort();
}

static void
stop(void)
{
	pthread_join(tvs.thread, NULL);
	close(tvs.fd);
	SSL_CTX_free(tvs.ctx);
	wr_free(&tvs.answer);
	tvs.is_silent = false;
}

static int
refuse(void *ctx, struct bytes der, struct err *e)
{
	CU_ASSERT(bytes_eq(der, cert_der(ctx)));
	return err_set(e, ERR_NO, "a stranger");
}

static struct tvs_request
question(void)
{
	return (struct tvs_request){ .command = TVS_VERIFY_REQUEST,
		.session = 1001,
		.device = "CP-7975-SEP001122334455",
		.certificate = bytes_of("DER") };
}

/* Asks with these rules and this check. */
static int
ask(struct tls_call how, struct tvscall_answer *out, struct err *e)
{
	struct tvscaller over_tls = tvscall_over_tls();
	struct tvs_request r = question();
	struct wr request = { 0 };
	int rc;

	*out = (struct tvscall_answer){ .version = TLS_USUAL };
	*e = (struct err){ 0 };
	tvs_request_encode(&r, &request);
	start();
	how.host = "127.0.0.1";
	how.port = tvs.port;
	how.timeout_ms = how.timeout_ms == 0 ? TIMEOUT_MS : how.timeout_ms;
	rc = over_tls.call(over_tls.ctx, &how, wr_view(&request), out, e);
	stop();
	if (rc == 0)
		CU_ASSERT_EQUAL(tvs.heard, request.n);
	wr_free(&request);
	return rc;
}

static void
set_answer(uint32_t session, uint8_t status)
{
	struct tvs_response r = { .command = TVS_VERIFY_RESPONSE,
		.session = session,
		.status = status,
		.roles = bytes_of("\x01\x03"),
		.ttl = 3600 };

	tvs_response_encode(&r, &tvs.answer);
}

static void
an_old_phone_is_answered_over_tls_1_0(void)
{
	struct tls_call how = {
		.rules = { .min = TLS_1_0, .max = TLS_1_0, .ciphers = "AES256-SHA:AES128-SHA" }
	};
	struct testkey *key = testkey_load("vectors/certs/tvs.pem");
	struct tvs_request asked = question();
	struct tvscall_answer a;
	struct tvs_response r;
	struct cert *none;
	struct err e;

	set_answer(1001, TVS_TRUSTED);
	CU_ASSERT_EQUAL(ask(how, &a, &e), 0);
	CU_ASSERT_EQUAL(tvs.version, TLS1_VERSION);
	CU_ASSERT_STRING_EQUAL(tvs.cipher, "AES256-SHA");
	CU_ASSERT_EQUAL(a.version, TLS_1_0);
	CU_ASSERT_STRING_EQUAL(a.cipher, "AES256-SHA");
	CU_ASSERT(bytes_eq(wr_view(&a.server_cert), cert_der(testkey_cert(key))));
	CU_ASSERT_EQUAL(tvscall_read(&a, &asked, &r, &none, &e), 0);
	CU_ASSERT_EQUAL(r.ttl, 3600);
	CU_ASSERT_EQUAL(r.roles.n, 2);
	CU_ASSERT_PTR_NULL(none);
	tvscall_answer_free(&a);
	testkey_free(key);
}

static void
a_server_that_is_not_trusted_hears_nothing(void)
{
	struct testkey *key = testkey_load("vectors/certs/tvs.pem");
	struct cert *shown = cert_copy(testkey_cert(key));
	struct tls_call how = {
		.rules = { .min = TLS_1_0, .max = TLS_1_2 }, .check = refuse, .ctx = shown
	};
	struct tvscall_answer a;
	struct err e;

	tvs.heard = 0;
	set_answer(1001, TVS_TRUSTED);
	CU_ASSERT_EQUAL(ask(how, &a, &e), -1);
	ASSERT_ERR_SAYS(e, "a stranger");
	CU_ASSERT_EQUAL(tvs.heard, 0);
	CU_ASSERT_EQUAL(a.message.n, 0);
	tvscall_answer_free(&a);
	cert_free(shown);
	testkey_free(key);
}

static void
check_no_answer(struct tls_call how, enum err_code code, const char *why)
{
	struct tvscall_answer a;
	struct err e;

	how.rules = (struct tls_rules){ .min = TLS_1_0, .max = TLS_1_2 };
	CU_ASSERT_EQUAL(ask(how, &a, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	ASSERT_ERR_SAYS(e, why);
	ASSERT_ERR_SAYS(e, "127.0.0.1 port ");
	CU_ASSERT_EQUAL(a.message.n, 0);
	CU_ASSERT_NOT_EQUAL(a.server_cert.n, 0);
	tvscall_answer_free(&a);
}

static void
what_is_no_answer_is_told_apart(void)
{
	check_no_answer((struct tls_call){ 0 }, ERR_NOT_FOUND, "closed the connection");
	wr_text(&tvs.answer, "HTTP/1.1 400 Bad Request\r\n\r\n");
	check_no_answer((struct tls_call){ 0 }, ERR_MALFORMED, "no TVS message");
	wr_put(&tvs.answer, bytes_over("W\1\2\0\0\0\3\xe9\xff\xff", TVS_HEAD));
	check_no_answer((struct tls_call){ 0 }, ERR_MALFORMED, "65545 bytes, where 20480");
	tvs.is_silent = true;
	check_no_answer((struct tls_call){ .timeout_ms = SHORT_MS }, ERR_LIMIT, "too long");
}

static void
half_an_answer_is_none(void)
{
	struct tvscall_answer a;
	struct err e;

	set_answer(1001, TVS_TRUSTED);
	tvs.answer.n -= 1;
	CU_ASSERT_EQUAL(ask((struct tls_call){ .rules = { .min = TLS_1_0 } }, &a, &e), -1);
	CU_ASSERT_EQUAL(a.message.n, 0);
	tvscall_answer_free(&a);
}

static void
nobody_there_is_said_with_the_address(void)
{
	struct tls_call to = { .host = "127.0.0.1", .timeout_ms = TIMEOUT_MS };
	struct tvscaller over_tls = tvscall_over_tls();
	struct tvscall_answer a = { .version = TLS_USUAL };
	struct err e;
	int fd = tcp_listen("127.0.0.1", 0, NULL);

	tcp_port(fd, &to.port, NULL);
	close(fd);
	CU_ASSERT_EQUAL(over_tls.call(over_tls.ctx, &to, bytes_of("?"), &a, &e), -1);
	ASSERT_ERR_SAYS(e, "cannot connect to 127.0.0.1 port ");
	ASSERT_ERR_SAYS(e, "refused");
	tvscall_answer_free(&a);
}

static const struct suite_test tests[] = {
	{ "an old phone is answered over TLS 1.0", an_old_phone_is_answered_over_tls_1_0 },
	{ "a server that is not trusted hears nothing",
	    a_server_that_is_not_trusted_hears_nothing },
	{ "what is no answer is told apart", what_is_no_answer_is_told_apart },
	{ "half an answer is none", half_an_answer_is_none },
	{ "nobody there is said with the address", nobody_there_is_said_with_the_address },
};

SUITE_MAIN("cmd/tvscall", tests)
