#include "tvs/trace.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where no public trace shows a line - that of a mismatch, say - it is made after its neighbours.
 * UNKNOWN stands for every phone there, too.  Addresses in memory, which they log, are left out. */

enum { DUMP_ROW = 8 };

struct out {
	tvs_line *line;
	void *ctx;
	unsigned number;
};

/* What the trace calls a pair of messages. */
struct words {
	const char *request, *response; /* MsgType */
	const char *event, *handler, *sending;
};

static const struct words verify_words = { "TVS_MSG_CERT_VERIFICATION_REQ",
	"TVS_MSG_CERT_VERIFICATION_RES", "TVS_EV_CERT_VERIFICATION_REQ", "tvsHandleCertVerifReq",
	"CERT_VERIF_RES" };
static const struct words query_words = { "TVS_MSG_QUERY_CERT_REQ", "TVS_MSG_QUERY_CERT_RES",
	"TVS_EV_QUERY_CERT_REQ", "tvsHandleQueryCertReq", "QUERY_CERT_RES" };

static void say(const struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(const struct out *o, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	o->line(o->ctx, text);
	free(text);
}

static void
say_dump(const struct out *o, struct bytes message)
{
	char row[3 * DUMP_ROW];

	say(o, "HEX_DUMP: Len = %zu:", message.n);
	for (size_t at = 0; at < message.n; at += DUMP_ROW) {
		bytes_hex(bytes_part(message, at, DUMP_ROW), ' ', row, sizeof(row));
		say(o, "%s", row);
	}
}

/* For "%.*s", which wants a text even where it takes none of it. */
static const char *
text_of(struct bytes b)
{
	return b.n == 0 ? "" : (const char *)b.p;
}

/* The session is 0 whatever it is: so in Cisco's traces, and the dump has the real one. */
static void
say_head(const struct out *o, const char *type, struct bytes message)
{
	say(o, "Protocol Discriminator: 57");
	say(o, "MsgType : %s", type);
	say(o, "Session Id : 0");
	say(o, "Length : %zu", message.n - TVS_HEAD);
}

static void
say_request(const struct out *o, const struct words *words, struct bytes asked)
{
	say(o, "%u:UNKNOWN:Incoming Phone Msg:", o->number);
	say_dump(o, asked);
	say(o, "tvsPhoneDecodeMsg -");
	say(o, "Decoded Phone Msg:");
	say_head(o, words->request, asked);
	say(o, "%u:UNKNOWN:TVS CORE: Rcvd Event: %s in State: TVS_STATE_AWAIT_REQ", o->number,
	    words->event);
	say(o, "%s", words->handler);
}

static void
serial_text(struct bytes serial, char *to, size_t size)
{
	bytes_hex(serial, '\0', to, size);
	for (; *to != '\0'; to++)
		*to = (char)toupper((unsigned char)*to);
}

static void
say_found(const struct out *o, const struct tvs_known *found)
{
	say(o, "CertificateDBCache::getCertificateInformation - Found entry {rolecount : %zu}",
	    found->roles);
	for (size_t i = 0; i < found->roles; i++)
		say(o, "CertificateDBCache::getCertificateInformation - {role : %u}",
		    found->role[i]);
}

static void
say_not_found(const struct out *o)
{
	say(o, "ERROR:CertificateDBCache::getCertificateInformation - Cannot find the certificate "
	       "in the cache");
	say(o, "getCertificateInformation(cert) : certificate not found");
}

static void
say_lookup(
    const struct out *o, const char *serial, struct bytes issuer, const struct tvs_known *found)
{
	say(o,
	    "CertificateDBCache::getCertificateInformation - Looking up the certificate cache "
	    "using Unique MAP ID : %s%.*s",
	    serial, (int)issuer.n, text_of(issuer));
	if (found != NULL)
		say_found(o, found);
	else
		say_not_found(o);
}

static void
say_name(const struct out *o, const char *what, struct bytes name)
{
	say(o, "tvsHandleQueryCertReq : %s Name is: %.*s", what, (int)name.n, text_of(name));
}

static void
say_query(const struct out *o, const struct tvs_exchange *x)
{
	char serial[2 * TVS_SERIAL_MAX + 1];

	serial_text(x->request->serial, serial, sizeof(serial));
	say_name(o, "Subject", x->request->subject);
	say_name(o, "Issuer", x->request->issuer);
	say(o, "tvsHandleQueryCertReq : Serial Number is: %s", serial);
	say_lookup(o, serial, x->request->issuer, x->why->found);
}

static void
say_compared(const struct out *o, enum tvs_ground ground)
{
	if (ground == TVS_HELD) {
		say(o, "Certificate compare return =0");
		say(o, "Certificate found and equal");
	}
	if (ground == TVS_OTHER) {
		say(o, "Certificate compare return =1");
		say(o, "getCertificateInformation(cert) : certificate not found");
	}
}

static void
say_verify(const struct out *o, const struct tvs_exchange *x)
{
	const struct cert *c = x->why->ground == TVS_HELD ? x->why->found->cert : x->why->sent;
	char serial[2 * CERT_SERIAL_MAX + 1];
	struct bytes issuer;

	if (c == NULL) {
		say(o, "getCertificateInformation(cert) : certificate not found");
		return;
	}
	issuer = bytes_of(cert_issuer(c, CERT_CISCO));
	serial_text(cert_serial(c), serial, sizeof(serial));
	say(o, "tvsGetIssuerNameFromX509 - issuerName : %s and Length: %zu",
	    cert_issuer(c, CERT_CISCO), issuer.n);
	say(o, "tvsGetSerialNumberFromX509 - serialNumber : %s and Length: %zu", serial,
	    cert_serial(c).n);
	say_lookup(o, serial, issuer, x->why->found);
	say_compared(o, x->why->ground);
}

static void
say_response(const struct out *o, const struct words *words, const struct tvs_exchange *x)
{
	bool has_cert = x->response->certificate.n > 0;

	say(o, "%u:UNKNOWN:Sending %s msg", o->number, words->sending);
	say_head(o, words->response, x->answered);
	say(o, "ReasonInfo : %u", x->response->status);
	say(o, "Number of Certs : %d", has_cert);
	if (has_cert) {
		say(o, "Cert[0] :");
		say(o, "Cert Type : 0");
	}
	say(o, "Sending TLS Msg ..");
	say_dump(o, x->answered);
}

void
tvs_trace_opened(const struct tvs_peer *peer, tvs_line *line, void *ctx)
{
	struct out o = { line, ctx, peer->number };

	say(&o, "ipAddrStr (Phone) %s", peer->address);
	say(&o, "%u:UNKNOWN:Got a new ph conn %s on %u, Total Acc = %u..", peer->number,
	    peer->address, peer->number, peer->accepted);
	say(&o, "%s: tvsSSLHandShake Session ciphers - %s", peer->address, peer->cipher);
	say(&o, "TLS HS Done for ph_conn");
}

void
tvs_trace(const struct tvs_exchange *x, tvs_line *line, void *ctx)
{
	bool queried = x->request->command == TVS_QUERY_REQUEST;
	const struct words *words = queried ? &query_words : &verify_words;
	struct out o = { line, ctx, x->number };

	say_request(&o, words, x->asked);
	if (queried)
		say_query(&o, x);
	else
		say_verify(&o, x);
	say_response(&o, words, x);
}
