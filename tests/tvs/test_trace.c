#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "tvs/trace.h"

enum { LINES = 400 };

struct lines {
	char *text[LINES];
	size_t n;
};

static void
keep(void *ctx, const char *line)
{
	struct lines *l = ctx;

	CU_ASSERT(l->n < LINES);
	if (l->n < LINES)
		l->text[l->n++] = mem_text(line);
}

static void
lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->text[i]);
	l->n = 0;
}

/* Where these lines stand one after the other, from there on; -1: nowhere. */
static ptrdiff_t
place_of(const struct lines *l, const char *const *want, size_t n)
{
	for (size_t at = 0; at + n <= l->n; at++) {
		size_t same = 0;

		while (same < n && strcmp(l->text[at + same], want[same]) == 0)
			same++;
		if (same == n)
			return (ptrdiff_t)at;
	}
	return -1;
}

static bool
says(const struct lines *l, const char *const *want, size_t n)
{
	if (place_of(l, want, n) >= 0)
		return true;
	for (size_t i = 0; i < l->n; i++)
		fprintf(stderr, "\n    %s", l->text[i]);
	return false;
}

#define CACHE	   "CertificateDBCache::getCertificateInformation - "
#define LOOKING_UP CACHE "Looking up the certificate cache using Unique MAP ID : "

/* Lines that do not fit on one of ours. */
static const char looking_up_the_sample[] =
    LOOKING_UP "24000000179479B8F124AC3F3B000000000017CN=stormin-WIN2012-CA";
static const char looking_up_web[] = LOOKING_UP "AB01CN=web";
static const char looking_up_nothing[] = LOOKING_UP;
static const char cannot_find[] = "ERROR:" CACHE "Cannot find the certificate in the cache";
static const char the_subject[] =
    "tvsHandleQueryCertReq : Subject Name is: "
    "CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU";
static const char the_event[] = "8:UNKNOWN:TVS CORE: Rcvd Event: TVS_EV_QUERY_CERT_REQ in State: "
				"TVS_STATE_AWAIT_REQ";

#define SAYS(lines, want) says(lines, want, sizeof(want) / sizeof((want)[0]))

static bool
says_one(const struct lines *l, const char *line)
{
	return says(l, &line, 1);
}

/* The exchange of TechNote 213407: a query for a certificate of that issuer and serial number,
 * which is in Phone-SAST-trust.  The certificate itself is not public; another one stands in. */
static void
trace_of_the_sample(struct lines *l)
{
	static const char serial[] = "\x24\x00\x00\x00\x17\x94\x79\xb8\xf1\x24\xac\x3f\x3b\x00\x00"
				     "\x00\x00\x00\x17";
	struct tvs_known known = { .cert = lab_cert("CallManager", "ucm11pub", 0),
		.role = { 0, 3 },
		.roles = 2,
		.stores = "Phone-SAST-trust",
		.ttl = 86400 };
	struct tvs_reason why = { .ground = TVS_HELD, .found = &known };
	struct tvs_request request = { .command = TVS_QUERY_REQUEST,
		.session = 1001,
		.device = "CP-8861-SEPB000B4BA0AEE",
		.subject = bytes_of("CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;"
				    "C=AU"),
		.issuer = bytes_of("CN=stormin-WIN2012-CA"),
		.serial = bytes_over(serial, 19) };
	struct tvs_response response = { .command = TVS_QUERY_RESPONSE,
		.session = 1001,
		.certificate = cert_der(known.cert),
		.roles = bytes_over(known.role, known.roles),
		.ttl = known.ttl };
	struct wr asked = { 0 }, answered = { 0 };
	struct tvs_exchange x = {
		.number = 8, .request = &request, .response = &response, .why = &why
	};

	tvs_request_encode(&request, &asked);
	tvs_response_encode(&response, &answered);
	x.asked = wr_view(&asked);
	x.answered = wr_view(&answered);
	tvs_trace(&x, keep, l);
	wr_free(&asked);
	wr_free(&answered);
	cert_free(known.cert);
}

static void
a_query_reads_as_in_the_technote(void)
{
	static const char *const asked[] = { "8:UNKNOWN:Incoming Phone Msg:",
		"HEX_DUMP: Len = 153:", "57 01 03 00 00 00 03 e9", "00 8f 01 00 18 01 43 50" };
	static const char *const decoded[] = { "tvsPhoneDecodeMsg -",
		"Decoded Phone Msg:", "Protocol Discriminator: 57",
		"MsgType : TVS_MSG_QUERY_CERT_REQ", "Session Id : 0", "Length : 143", the_event,
		"tvsHandleQueryCertReq", the_subject,
		"tvsHandleQueryCertReq : Issuer Name is: CN=stormin-WIN2012-CA",
		"tvsHandleQueryCertReq : Serial Number is: 24000000179479B8F124AC3F3B000000000017",
		looking_up_the_sample,
		"CertificateDBCache::getCertificateInformation - Found entry {rolecount : 2}",
		"CertificateDBCache::getCertificateInformation - {role : 0}",
		"CertificateDBCache::getCertificateInformation - {role : 3}",
		"8:UNKNOWN:Sending QUERY_CERT_RES msg" };
	static const char *const sent[] = { "Number of Certs : 1", "Cert[0] :", "Cert Type : 0",
		"Sending TLS Msg .." };
	struct lines l = { .n = 0 };

	trace_of_the_sample(&l);
	CU_ASSERT(SAYS(&l, asked));
	CU_ASSERT(SAYS(&l, decoded));
	CU_ASSERT(SAYS(&l, sent));
	CU_ASSERT(says_one(&l, "MsgType : TVS_MSG_QUERY_CERT_RES"));
	CU_ASSERT(says_one(&l, "57 01 04 00 00 00 03 e9"));
	lines_free(&l);
}

/* Asks a TVS that has a certificate in tomcat-trust. */
static void
trace_of(const struct cert *held, struct tvs_request request, struct lines *l)
{
	struct tvs_place place = { cert_copy(held), lab_kind("tomcat-trust"), 1, 0 };
	struct tvs_view *v = tvs_view_of(&place, 1, 86400);
	struct wr asked = { 0 }, answered = { 0 };
	struct tvs_response response;
	struct tvs_reason why;
	struct tvs_exchange x = {
		.number = 2, .request = &request, .response = &response, .why = &why
	};

	tvs_answer(v, &request, &response, &why);
	tvs_request_encode(&request, &asked);
	tvs_response_encode(&response, &answered);
	x.asked = wr_view(&asked);
	x.answered = wr_view(&answered);
	tvs_trace(&x, keep, l);
	wr_free(&asked);
	wr_free(&answered);
	tvs_reason_free(&why);
	tvs_view_free(v);
}

static struct tvs_request
to_verify(struct bytes certificate)
{
	return (struct tvs_request){ .command = TVS_VERIFY_REQUEST,
		.device = "SEP001122334455",
		.certificate = certificate };
}

static void
a_verification_says_what_was_compared(void)
{
	static const char *const want[] = {
		"tvsGetIssuerNameFromX509 - issuerName : CN=web and Length: 6",
		"tvsGetSerialNumberFromX509 - serialNumber : AB01 and Length: 2", looking_up_web,
		"CertificateDBCache::getCertificateInformation - Found entry {rolecount : 1}",
		"CertificateDBCache::getCertificateInformation - {role : 7}",
		"Certificate compare return =0", "Certificate found and equal",
		"2:UNKNOWN:Sending CERT_VERIF_RES msg"
	};
	struct cert *c = lab_made_by_hand("web", 0xab01, 0);
	struct lines l = { .n = 0 };

	trace_of(c, to_verify(cert_der(c)), &l);
	CU_ASSERT(says_one(&l, "MsgType : TVS_MSG_CERT_VERIFICATION_REQ"));
	CU_ASSERT(SAYS(&l, want));
	CU_ASSERT(says_one(&l, "MsgType : TVS_MSG_CERT_VERIFICATION_RES"));
	CU_ASSERT(says_one(&l, "ReasonInfo : 0"));
	CU_ASSERT(says_one(&l, "Number of Certs : 0"));
	lines_free(&l);
	cert_free(c);
}

static void
what_is_not_found_is_said(void)
{
	static const char *const lost[] = { cannot_find,
		"getCertificateInformation(cert) : certificate not found",
		"2:UNKNOWN:Sending CERT_VERIF_RES msg" };
	static const char *const other[] = { "Certificate compare return =1",
		"getCertificateInformation(cert) : certificate not found",
		"2:UNKNOWN:Sending CERT_VERIF_RES msg" };
	static const char *const none[] = { "tvsHandleCertVerifReq",
		"getCertificateInformation(cert) : certificate not found",
		"2:UNKNOWN:Sending CERT_VERIF_RES msg" };
	struct cert *c = lab_made_by_hand("web", 1, 0), *stranger = lab_made_by_hand("x", 2, 0);
	struct cert *imposter = lab_imposter(c, 1);
	struct lines l = { .n = 0 };

	trace_of(c, to_verify(cert_der(stranger)), &l);
	CU_ASSERT(SAYS(&l, lost));
	CU_ASSERT(says_one(&l, "ReasonInfo : 1"));
	lines_free(&l);
	trace_of(c, to_verify(cert_der(imposter)), &l);
	CU_ASSERT(SAYS(&l, other));
	lines_free(&l);
	trace_of(c, to_verify(bytes_of("nothing")), &l);
	CU_ASSERT(SAYS(&l, none));
	lines_free(&l);
	cert_free(c);
	cert_free(stranger);
	cert_free(imposter);
}

static void
a_query_for_nothing_has_empty_names(void)
{
	static const char *const want[] = { "tvsHandleQueryCertReq : Subject Name is: ",
		"tvsHandleQueryCertReq : Issuer Name is: ",
		"tvsHandleQueryCertReq : Serial Number is: ", looking_up_nothing };
	struct tvs_request request = { .command = TVS_QUERY_REQUEST, .device = "SEP001122334455" };
	struct cert *c = lab_made_by_hand("web", 1, 0);
	struct lines l = { .n = 0 };

	trace_of(c, request, &l);
	CU_ASSERT(SAYS(&l, want));
	CU_ASSERT(says_one(&l, "Number of Certs : 0"));
	lines_free(&l);
	cert_free(c);
}

static void
a_new_connection_reads_as_in_the_technote(void)
{
	static const char *const want[] = { "ipAddrStr (Phone) 192.168.11.100",
		"8:UNKNOWN:Got a new ph conn 192.168.11.100 on 8, Total Acc = 7..",
		"192.168.11.100: tvsSSLHandShake Session ciphers - AES256-SHA",
		"TLS HS Done for ph_conn" };
	struct tvs_peer peer = { 8, 7, "192.168.11.100", "AES256-SHA" };
	struct lines l = { .n = 0 };

	tvs_trace_opened(&peer, keep, &l);
	CU_ASSERT(SAYS(&l, want));
	CU_ASSERT_EQUAL(l.n, 4);
	lines_free(&l);
}

static const struct suite_test tests[] = {
	{ "a query reads as in the TechNote", a_query_reads_as_in_the_technote },
	{ "a verification says what was compared", a_verification_says_what_was_compared },
	{ "what is not found is said", what_is_not_found_is_said },
	{ "a query for nothing has empty names", a_query_for_nothing_has_empty_names },
	{ "a new connection reads as in the TechNote", a_new_connection_reads_as_in_the_technote },
};

SUITE_MAIN("tvs/trace", tests)
