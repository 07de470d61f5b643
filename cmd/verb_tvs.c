#include "cmd/verb_tvs.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/phone/address.h"
#include "cmd/phone/tvscall.h"
#include "tftp/devconf.h"
#include "trust/bundle.h"
#include "trust/role.h"

enum { SECONDS = 10, SECONDS_MAX = 600, SESSION = 1001 };

/* A name that those accept who let in names of phones only. */
static const char usual_device[] = "CP-8861-SEP000000000000";

/* What the command line asks for. */
struct query {
	struct address to;
	struct tls_call call; /* borrows from to */
	struct cert *cert;    /* NULL: by names alone */
	uint8_t serial[TVS_SERIAL_MAX];
	struct tvs_request request; /* borrows from all of these, and from the options */
};

/* What came of it. */
struct verdict {
	struct tvscall_answer answer;
	struct tvs_response response; /* borrows from answer */
	struct cert *found;	      /* by name */
};

struct cert *
tvs_option_cert(const struct call *c, struct err *e)
{
	const char *path = call_option(c, "cert");
	struct bundle b = { 0 };
	struct wr file = { 0 };
	struct cert *first = NULL;

	if (file_read(path, BUNDLE_FILE_MAX, &file, e) == 0) {
		if (bundle_add(&b, wr_view(&file), e) == 0)
			first = cert_copy(b.cert[0]);
		else
			err_prefix(e, "%s", path);
	}
	bundle_free(&b);
	wr_free(&file);
	return first;
}

/* ---- the command line ---- */

static int
read_version(const struct call *c, const char *option, enum tls_version usual,
    enum tls_version *out, struct err *e)
{
	const char *text = call_option(c, option);

	*out = usual;
	if (text == NULL || tls_version_of(text, out, e) == 0)
		return 0;
	return err_prefix(e, "--%s", option);
}

static int
read_server(const struct call *c, struct query *q, struct err *e)
{
	int64_t seconds;

	if (address_of(call_option(c, "host"), DEVCONF_TVS_PORT, &q->to, e) != 0 ||
	    call_int(c, "timeout", 1, SECONDS_MAX, SECONDS, &seconds, e) != 0 ||
	    read_version(c, "tls-min", TLS_1_0, &q->call.rules.min, e) != 0 ||
	    read_version(c, "tls-max", TLS_1_3, &q->call.rules.max, e) != 0)
		return -1;
	q->call.host = q->to.host;
	q->call.port = q->to.port;
	q->call.timeout_ms = (int)seconds * 1000;
	return 0;
}

static int
read_device(const struct call *c, struct query *q, struct err *e)
{
	const char *name = call_option(c, "device");

	if (name == NULL)
		name = usual_device;
	for (const char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return err_set(e, ERR_USAGE, "--device %.60s: blanks, or not ASCII", name);
	if (name[0] == '\0' || strlen(name) > TVS_DEVICE_MAX)
		return err_set(
		    e, ERR_USAGE, "--device: a name has 1 to %d characters", TVS_DEVICE_MAX);
	snprintf(q->request.device, sizeof(q->request.device), "%s", name);
	return 0;
}

/* Hex digits; colons may stand between the bytes, as openssl prints them. */
static int
read_serial(const char *text, struct query *q, struct err *e)
{
	char hex[3 * TVS_SERIAL_MAX + 1];
	size_t n = 0;
	ptrdiff_t bytes;

	for (; *text != '\0' && n + 1 < sizeof(hex); text++)
		if (*text != ':')
			hex[n++] = *text;
	hex[n] = '\0';
	bytes = *text == '\0' ? bytes_unhex(hex, q->serial, sizeof(q->serial)) : -1;
	if (bytes < 0)
		return err_set(
		    e, ERR_USAGE, "--serial: up to %d bytes in hex digits", TVS_SERIAL_MAX);
	q->request.serial = bytes_over(q->serial, (size_t)bytes);
	return 0;
}

static int
read_name(const struct call *c, const char *option, struct bytes *to, struct err *e)
{
	const char *text = call_option(c, option);

	if (text == NULL)
		return 0;
	*to = bytes_of(text);
	if (to->n > TVS_NAME_MAX)
		return err_set(
		    e, ERR_USAGE, "--%s: a name has up to %d bytes", option, TVS_NAME_MAX);
	return 0;
}

/* From the certificate, or as they were typed. */
static int
read_names(const struct call *c, struct query *q, struct err *e)
{
	struct tvs_request *r = &q->request;

	r->command = TVS_QUERY_REQUEST;
	if (q->cert != NULL) {
		r->subject = bytes_of(cert_subject(q->cert, CERT_CISCO));
		r->issuer = bytes_of(cert_issuer(q->cert, CERT_CISCO));
		r->serial = cert_serial(q->cert);
		return 0;
	}
	if (!call_has(c, "issuer") || !call_has(c, "serial"))
		return err_set(e, ERR_USAGE, "which certificate? --cert, or --issuer and --serial");
	if (read_name(c, "subject", &r->subject, e) != 0 ||
	    read_name(c, "issuer", &r->issuer, e) != 0)
		return -1;
	return read_serial(call_option(c, "serial"), q, e);
}

static int
read_question(const struct call *c, struct query *q, struct err *e)
{
	bool typed = call_has(c, "subject") || call_has(c, "issuer") || call_has(c, "serial");

	if (call_has(c, "cert")) {
		if (typed)
			return err_set(e, ERR_USAGE, "--cert says subject, issuer and serial");
		q->cert = tvs_option_cert(c, e);
		if (q->cert == NULL)
			return -1;
	}
	if (q->cert == NULL || call_has(c, "by-name"))
		return read_names(c, q, e);
	q->request.command = TVS_VERIFY_REQUEST;
	q->request.certificate = cert_der(q->cert);
	return 0;
}

static int
read_query(const struct call *c, struct query *q, struct err *e)
{
	q->request.session = SESSION;
	if (read_server(c, q, e) != 0 || read_device(c, q, e) != 0)
		return -1;
	return read_question(c, q, e);
}

/* ---- the answer ---- */

static int
ask(const struct query *q, struct verdict *v, struct err *e)
{
	struct tvscaller tls = tvscall_over_tls();
	struct wr request = { 0 };
	int rc;

	tvs_request_encode(&q->request, &request);
	rc = tls.call(tls.ctx, &q->call, wr_view(&request), &v->answer, e);
	if (rc == 0 && tvscall_read(&v->answer, &q->request, &v->response, &v->found, e) != 0)
		rc = err_prefix(e, "TVS on %s port %u", q->call.host, q->call.port);
	wr_free(&request);
	return rc;
}

static void
show_roles(struct bytes roles, struct out *o)
{
	out_add_text(o, "roles", "Roles", NULL);
	for (size_t i = 0; i < roles.n; i++)
		out_add_text(o, "roles", "Roles", role_word(roles.p[i]));
}

static void
show_found(const struct cert *c, struct out *o)
{
	if (c == NULL)
		return;
	out_text(o, "subject", "Certificate", cert_subject(c, CERT_CISCO));
	out_hex(o, "serial", "Serial number", cert_serial(c));
	out_hex(o, "sha1", "SHA-1", cert_sha1(c));
}

static void
show_server(const struct tvscall_answer *a, struct out *o)
{
	struct cert *c = cert_from_der(wr_view(&a->server_cert), NULL);

	out_text(
	    o, "server", "Server's certificate", c == NULL ? NULL : cert_subject(c, CERT_CISCO));
	out_hex(o, "server_sha1", "Its SHA-1", c == NULL ? bytes_of("") : cert_sha1(c));
	out_text(o, "tls_version", "TLS", tls_version_text(a->version));
	out_text(o, "cipher", "Cipher", a->cipher);
	cert_free(c);
}

static void
show(const struct query *q, const struct verdict *v, struct out *o)
{
	bool valid = v->response.status == TVS_TRUSTED;
	char host[ADDRESS_TEXT_MAX];

	address_text(&q->to, host);
	out_text(o, "host", "TVS", host);
	out_text(
	    o, "question", NULL, q->request.command == TVS_VERIFY_REQUEST ? "verify" : "query");
	out_text(o, "verdict", "Verdict", valid ? "Valid" : "Invalid");
	out_int(o, "status", NULL, v->response.status);
	if (valid) {
		show_found(v->found, o);
		show_roles(v->response.roles, o);
		out_int(o, "ttl", "Seconds to remember it", v->response.ttl);
	}
	show_server(&v->answer, o);
}

/* Whatever kept us from an answer, for who asked it comes to the same. */
static int
unreachable(struct err *e)
{
	if (e != NULL)
		e->code = ERR_FAILED;
	return -1;
}

static int
ask_and_show(const struct query *q, struct out *o, struct err *e)
{
	struct verdict v = { .found = NULL };
	int rc = ask(q, &v, e);

	if (rc != 0) {
		rc = unreachable(e);
	} else {
		show(q, &v, o);
		if (v.response.status != TVS_TRUSTED)
			rc = err_set(e, ERR_NO, "TVS on %s port %u does not know the certificate",
			    q->call.host, q->call.port);
	}
	tvscall_answer_free(&v.answer);
	cert_free(v.found);
	return rc;
}

static int
run_query(const struct call *c, struct out *o, struct err *e)
{
	struct query q = { .cert = NULL };
	int rc = read_query(c, &q, e);

	if (rc == 0)
		rc = ask_and_show(&q, o, e);
	cert_free(q.cert);
	return rc;
}

static const struct verb verbs[] = {
	{ .words = "tvs query",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "Asks a TVS about a certificate; exit status 5 when it does not know it",
	    .option = { { .name = "host",
			    .metavar = "ADDR[:PORT]",
			    .help = "the TVS; port 2445 unless given",
			    .must = true },
		{ .name = "cert",
		    .metavar = "FILE",
		    .help = "the certificate, PEM or DER; TVS is sent all of it",
		    .takes = VALUE_FILE },
		{ .name = "by-name",
		    .help = "send only its subject, issuer and serial number, as for a signer" },
		{ .name = "issuer",
		    .metavar = "NAME",
		    .help = "instead of --cert: its issuer, as CN=...;OU=... or with commas" },
		{ .name = "serial", .metavar = "HEX", .help = "and its serial number" },
		{ .name = "subject",
		    .metavar = "NAME",
		    .help = "its subject, which may be left out" },
		{ .name = "device",
		    .metavar = "NAME",
		    .help = "the phone to ask as; else CP-8861-SEP000000000000" },
		{ .name = "tls-min", .metavar = "V", .help = "lowest TLS to speak; else 1.0" },
		{ .name = "tls-max", .metavar = "V", .help = "highest TLS to speak; else 1.3" },
		{ .name = "timeout",
		    .metavar = "SECONDS",
		    .help = "how long to wait for each step; else 10" } },
	    .apart = true,
	    .run = run_query },
};

const struct verb_set tvs_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
