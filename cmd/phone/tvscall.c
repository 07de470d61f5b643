#include "cmd/phone/tvscall.h"

#include <stdio.h>

void
tvscall_answer_free(struct tvscall_answer *a)
{
	wr_free(&a->message);
	wr_free(&a->server_cert);
	*a = (struct tvscall_answer){ .version = TLS_USUAL };
}

static int
hear(struct tls_client *c, int timeout_ms, struct wr *out, struct err *e)
{
	uint8_t message[TVS_MESSAGE_MAX];
	ssize_t n;

	if (tls_client_read(c, message, TVS_HEAD, timeout_ms, e) != 0)
		return -1;
	n = tvs_frame(bytes_over(message, TVS_HEAD));
	if (n < 0)
		return err_set(e, ERR_MALFORMED, "what it answers is no TVS message");
	if (n > TVS_MESSAGE_MAX)
		return err_set(e, ERR_MALFORMED, "an answer of %zd bytes, where %d are allowed", n,
		    TVS_MESSAGE_MAX);
	if (tls_client_read(c, message + TVS_HEAD, (size_t)n - TVS_HEAD, timeout_ms, e) != 0)
		return -1;
	wr_put(out, bytes_over(message, (size_t)n));
	return 0;
}

static void
note_server(const struct tls_client *c, struct tvscall_answer *out)
{
	wr_put(&out->server_cert, tls_client_server_cert(c));
	snprintf(out->cipher, sizeof(out->cipher), "%s", tls_client_cipher(c));
	out->version = tls_client_version(c);
}

static int
call(void *ctx, const struct tls_call *to, struct bytes request, struct tvscall_answer *out,
    struct err *e)
{
	struct tls_client *c = tls_client_connect(to, e);
	int rc;

	(void)ctx;
	if (c == NULL)
		return -1;
	note_server(c, out);
	rc = tls_client_write(c, request, to->timeout_ms, e);
	if (rc == 0)
		rc = hear(c, to->timeout_ms, &out->message, e);
	if (rc != 0)
		err_prefix(e, "TVS on %s port %u", to->host, to->port);
	tls_client_close(c);
	return rc;
}

struct tvscaller
tvscall_over_tls(void)
{
	return (struct tvscaller){ call, NULL };
}

bool
tvscall_is_about(const struct tvs_request *asked, const struct cert *c)
{
	if (asked->command == TVS_VERIFY_REQUEST)
		return bytes_eq(cert_der(c), asked->certificate);
	return cert_is_serial(c, asked->serial) && cert_is_issuer_loosely(c, asked->issuer) &&
	       (asked->subject.n == 0 || cert_is_subject_loosely(c, asked->subject));
}

static int
check_belongs(const struct tvs_request *asked, const struct tvs_response *r, struct err *e)
{
	bool is_verify = asked->command == TVS_VERIFY_REQUEST;

	if (r->command != (is_verify ? TVS_VERIFY_RESPONSE : TVS_QUERY_RESPONSE))
		return err_set(e, ERR_MALFORMED, "answers another kind of question");
	if (r->session != asked->session)
		return err_set(e, ERR_MALFORMED, "answers session %u, where %u was asked",
		    r->session, asked->session);
	return 0;
}

int
tvscall_read(const struct tvscall_answer *a, const struct tvs_request *asked,
    struct tvs_response *out, struct cert **cert, struct err *e)
{
	struct tvs_response r;
	struct cert *c;

	*out = (struct tvs_response){ 0 };
	*cert = NULL;
	if (tvs_response_decode(wr_view(&a->message), &r, e) != 0 ||
	    check_belongs(asked, &r, e) != 0)
		return -1;
	if (r.status == TVS_TRUSTED && r.command == TVS_QUERY_RESPONSE) {
		c = cert_from_der(r.certificate, e);
		if (c == NULL)
			return err_prefix(e, "the certificate it answers with");
		if (!tvscall_is_about(asked, c)) {
			err_set(e, ERR_MALFORMED, "answers with another certificate: %.200s",
			    cert_subject(c, CERT_CISCO));
			cert_free(c);
			return -1;
		}
		*cert = c;
	}
	*out = r;
	return 0;
}
