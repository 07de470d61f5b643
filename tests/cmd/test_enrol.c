/*
 * A virtual phone and a CAPF that is a script: what it answers, what it keeps, and where it ends.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "capf/proof.h"
#include "cmd/phone/enrol.h"
#include "cmd/phone/manufacture.h"
#include "tests/support/suite.h"

#define NAME  "SEP001122334455"
#define OTHER "SEP00AABBCCDDEE"

enum { SESSION = 7001, NOW = 1772357400 };

/* What the script says, one letter a message. */
enum says {
	GREET = 'h',
	GREET_BARE = 'H', /* without a version */
	ASK_RSA = 'r',
	ASK_EC = 'e',
	ASK_ODD_CURVE = 'o',
	ASK_NO_SIZE = 'n',
	STORE_RIGHT = 's', /* for the key that the phone left in its memory */
	STORE_OTHER_KEY = 'k',
	STORE_OTHER_NAME = 'N',
	STORE_NO_CERT = 'z',
	STORE_BAD_CERT = 'b',
	STORE_AS_MIC = 'm',
	FETCH = 'f',
	DELETE = 'd',
	END_NOTHING = '0',
	END_OK = '1',
	END_DECLINED = '7',
	END_UNKNOWN = '9',
	END_BARE = 'E',
	RETRY = 'l',
	END_ELSEWHERE = 'x', /* END_SESSION of another session */
	PHONES_WORD = 'p',   /* what only a phone says */
	GARBAGE = 'g',
	HALF = 'I', /* a greeting without its last byte */
		    /* The script's end: the line is gone. */
};

/* CAs and a key of somebody else. */
static struct factory factory;
static struct key *other_key;

struct scene {
	char *folder;
	struct memory *memory;
	struct enrol_plan plan;
	const char *script;
	bool line_breaks; /* when the phone speaks */
	char said[512];	  /* what the phone said, in words */
	struct wr last;	  /* the phone's last message */
	struct wr hello;  /* its AUTH_RESPONSE */
	struct enrol_report report;
};

static struct cert *
issue(const char *name, const struct key *key)
{
	struct mic_want want = { name, model_of("8861"), NOW, NOW + 86400 };
	struct cert *c = factory_mic(&factory, &want, key, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

/* ---- the script ---- */

static void
request(struct capf_message *m, struct wr *out)
{
	m->session = SESSION;
	capf_encode(m, out);
}

static void
say_ask(char says, struct wr *out)
{
	struct capf_message m = { .command = CAPF_KEY_REQUEST };

	if (says == ASK_RSA) {
		m.has = CAPF_HAS_KEY_BITS; /* as a real CUCM asks: without the type */
		m.key_bits = 1024;
	} else if (says != ASK_NO_SIZE) {
		m.has = CAPF_HAS_KEY_TYPE | CAPF_HAS_CURVE;
		m.key_type = CAPF_KEY_EC;
		m.curve = says == ASK_EC ? CAPF_P256 : 9;
	}
	request(&m, out);
}

static void
say_store(const struct scene *s, char says, struct wr *out)
{
	struct capf_message m = { .command = CAPF_STORE_REQUEST,
		.has = CAPF_HAS_CERT_TYPE | CAPF_HAS_CERT,
		.cert_type = says == STORE_AS_MIC ? CAPF_MIC : CAPF_LSC };
	struct key *left = identity_next(s->folder);
	const struct key *key = left == NULL || says == STORE_OTHER_KEY ? other_key : left;
	struct cert *c = issue(says == STORE_OTHER_NAME ? OTHER : NAME, key);

	m.cert = says == STORE_BAD_CERT ? bytes_of("no certificate") : cert_der(c);
	if (says == STORE_NO_CERT)
		m.has = CAPF_HAS_CERT_TYPE;
	request(&m, out);
	cert_free(c);
	key_free(left);
}

static void
say_end(char says, struct wr *out)
{
	struct capf_message m = { .command = says == RETRY ? CAPF_RETRY_LATER : CAPF_END_SESSION };

	if (says >= '0' && says <= '9') {
		m.has = CAPF_HAS_REASON;
		m.reason = (uint8_t)(says - '0');
	}
	m.session = says == END_ELSEWHERE ? SESSION + 1 : SESSION;
	capf_encode(&m, out);
}

static void
say_plain(unsigned command, unsigned has, struct wr *out)
{
	struct capf_message m = { .command = command, .has = has, .version = 3 };

	request(&m, out);
}

static void
speak(const struct scene *s, char says, struct wr *out)
{
	switch (says) {
	case GREET:
		say_plain(CAPF_AUTH_REQUEST, CAPF_HAS_VERSION, out);
		break;
	case GREET_BARE:
		say_plain(CAPF_AUTH_REQUEST, 0, out);
		break;
	case ASK_RSA:
	case ASK_EC:
	case ASK_ODD_CURVE:
	case ASK_NO_SIZE:
		say_ask(says, out);
		break;
	case FETCH:
		say_plain(CAPF_FETCH_REQUEST, 0, out);
		break;
	case DELETE:
		say_plain(CAPF_DELETE_REQUEST, 0, out);
		break;
	case PHONES_WORD:
		say_plain(CAPF_STORE_RESPONSE, 0, out);
		break;
	case GARBAGE:
		wr_text(out, "not a CAPF message");
		break;
	case HALF:
		say_plain(CAPF_AUTH_REQUEST, CAPF_HAS_VERSION, out);
		out->n--;
		break;
	case STORE_RIGHT:
	case STORE_OTHER_KEY:
	case STORE_OTHER_NAME:
	case STORE_NO_CERT:
	case STORE_BAD_CERT:
	case STORE_AS_MIC:
		say_store(s, says, out);
		break;
	default:
		say_end(says, out);
		break;
	}
}

static int
receive(void *ctx, struct wr *out, struct err *e)
{
	struct scene *s = ctx;

	if (*s->script == '\0')
		return err_set(e, ERR_NOT_FOUND, "the server closed the connection");
	speak(s, *s->script++, out);
	return 0;
}

static int
take(void *ctx, struct bytes message, struct err *e)
{
	struct scene *s = ctx;
	struct capf_message m;
	struct err why = { 0 };
	size_t n = strlen(s->said);

	if (s->line_breaks)
		return err_set(e, ERR_FAILED, "the line broke");
	CU_ASSERT_EQUAL(capf_decode(message, CAPF_FROM_PHONE, &m, &why), 0);
	CU_ASSERT_EQUAL(m.session, SESSION);
	snprintf(s->said + n, sizeof(s->said) - n, "%s%s", n > 0 ? " " : "",
	    capf_command_name(m.command));
	n = strlen(s->said);
	if (m.has & CAPF_HAS_REASON)
		snprintf(s->said + n, sizeof(s->said) - n, "=%u", m.reason);
	wr_free(&s->last);
	wr_put(&s->last, message);
	if (m.command == CAPF_AUTH_RESPONSE) {
		wr_free(&s->hello);
		wr_put(&s->hello, message);
	}
	return 0;
}

/* ---- the phone ---- */

static void
set_up(struct scene *s)
{
	static int n;

	memset(s, 0, sizeof(*s));
	s->folder = mem_fmt("%s/phone-%d", suite_folder(), n++);
	CU_ASSERT_EQUAL(file_make_folder(s->folder, 0700, NULL), 0);
	s->memory = memory_load(s->folder, NULL);
	s->plan = (struct enrol_plan){ .device = NAME, .auth = ENROL_BY_NULL, .show = IDENTITIES };
}

static void
tear_down(struct scene *s)
{
	memory_free(s->memory);
	wr_free(&s->last);
	wr_free(&s->hello);
	free(s->folder);
}

/* The phone is switched off and on again. */
static void
wake_up(struct scene *s)
{
	memory_free(s->memory);
	s->memory = memory_load(s->folder, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->memory);
}

static void
give(struct scene *s, enum identity_kind kind, const struct key_want *want)
{
	struct key *k = key_make(want, NULL);

	CU_ASSERT_EQUAL(memory_keep_identity(s->memory, kind, issue(NAME, k), k, NULL), 0);
}

static const struct key_want rsa = { KEY_RSA, 1024 }, ec = { KEY_EC, 256 };

/* said: what the phone says; why: part of the reason, "" for none. */
static void
check(struct scene *s, const char *script, const char *said, enum enrol_end end, const char *why)
{
	struct enrol_line line = { take, receive, s };

	s->script = script;
	s->said[0] = '\0';
	s->report = (struct enrol_report){ .n = 0 };
	enrol_talk(&s->plan, s->memory, &line, &s->report);
	if (s->report.end != end || strstr(s->report.why, why) == NULL ||
	    strcmp(s->said, said) != 0)
		fprintf(stderr, "\n    %s: %s \"%s\" after %s\n", script,
		    enrol_end_word(s->report.end), s->report.why, s->said);
	CU_ASSERT_EQUAL(s->report.end, end);
	CU_ASSERT_STRING_EQUAL(s->said, said);
	CU_ASSERT_PTR_NOT_NULL(strstr(s->report.why, why));
	CU_ASSERT_EQUAL(s->report.why[0] == '\0', end == ENROL_DONE);
}

static bool
has(const struct scene *s, const char *file)
{
	char *path = mem_fmt("%s/%s", s->folder, file);
	bool is = file_exists(path);

	free(path);
	return is;
}

/* Whole, for its owner alone, and of what kind. */
static void
check_lsc(struct scene *s, enum cert_key_kind kind)
{
	char *path = mem_fmt("%s/lsc.pem", s->folder);
	const struct identity *i;
	struct stat st;

	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	free(path);

	wake_up(s);
	i = &s->memory->identity[IDENTITY_LSC];
	CU_ASSERT_PTR_NOT_NULL_FATAL(i->cert);
	CU_ASSERT_TRUE(key_fits(i->key, i->cert));
	CU_ASSERT_EQUAL(cert_key_kind(i->cert), kind);
	CU_ASSERT_FALSE(has(s, "lsc.next.key"));
}

/* ---- what it is asked ---- */

static void
an_rsa_key_is_made_and_its_certificate_stored(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "hrs1", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=1", ENROL_DONE,
	    "");
	CU_ASSERT_TRUE(s.report.stored && s.report.has_cert);
	CU_ASSERT_EQUAL(s.report.reason, CAPF_OK);
	CU_ASSERT_EQUAL(s.report.n, 2);
	CU_ASSERT_STRING_EQUAL(s.report.step[0].what, "RSA 1024");
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.cert.subject, "CN=CP-8861-" NAME));
	CU_ASSERT_EQUAL(s.report.cert.not_after, NOW + 86400);
	check_lsc(&s, CERT_KEY_RSA);
	tear_down(&s);
}

static void
an_ec_key_comes_at_once_when_the_phone_is_told_so(void)
{
	struct scene s;

	set_up(&s);
	s.plan.at_once = true;
	check(&s, "hes1", "AUTH_RESPONSE=1 KEY_RESPONSE STORE_RESPONSE=1", ENROL_DONE, "");
	CU_ASSERT_STRING_EQUAL(s.report.step[0].what, "EC P-256");
	check_lsc(&s, CERT_KEY_EC);
	tear_down(&s);
}

static void
what_is_sent_is_the_public_half_of_what_is_kept(void)
{
	struct scene s;
	struct capf_message m;
	unsigned char *der = NULL;
	struct key *left;
	int n;

	set_up(&s);
	check(&s, "hr", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE", ENROL_UNREACHED, "closed");
	left = identity_next(s.folder);
	CU_ASSERT_PTR_NOT_NULL_FATAL(left);
	CU_ASSERT_EQUAL(capf_decode(wr_view(&s.last), CAPF_FROM_PHONE, &m, NULL), 0);
	n = i2d_PUBKEY(key_handle(left), &der);
	CU_ASSERT_TRUE(bytes_eq(m.public_key, bytes_over(der, (size_t)n)));
	OPENSSL_free(der);
	key_free(left);
	tear_down(&s);
}

static void
a_phone_without_ec_declines_and_takes_rsa(void)
{
	struct scene s;

	set_up(&s);
	s.plan.no_ec = true;
	check(&s, "hers1",
	    "AUTH_RESPONSE=1 KEY_RESPONSE=7 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=1", ENROL_DONE,
	    "");
	CU_ASSERT_FALSE(s.report.step[0].done);
	check_lsc(&s, CERT_KEY_RSA);
	tear_down(&s);
}

static void
keys_that_there_are_not_are_declined(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "ho7", "AUTH_RESPONSE=1 KEY_RESPONSE=7", ENROL_DECLINED,
	    "reason 7, declined; the phone: CAPF asks for a key that there is not");
	check(&s, "hn7", "AUTH_RESPONSE=1 KEY_RESPONSE=7", ENROL_DECLINED, "that there is not");
	CU_ASSERT_FALSE(has(&s, "lsc.next.key"));
	tear_down(&s);
}

/* An external issuer takes its time. */
static void
a_certificate_may_come_in_a_later_session(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "hr0", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE", ENROL_DECLINED,
	    "reason 0, nothing scheduled; the phone: a certificate for its key is still to come");
	CU_ASSERT_TRUE(has(&s, "lsc.next.key"));
	wake_up(&s);
	check(&s, "hs1", "AUTH_RESPONSE=1 STORE_RESPONSE=1", ENROL_DONE, "");
	check_lsc(&s, CERT_KEY_RSA);
	tear_down(&s);
}

/* Whatever is wrong with it, the LSC it has stays; a "well done" of the server does not make it
 * right. */
static void
a_certificate_that_is_not_for_it_is_not_stored(void)
{
	static const struct {
		const char *script, *why;
	} row[] = {
		{ "hrk7", "the certificate is for another key" },
		{ "hrN7", "the certificate is for CP-8861-" OTHER },
		{ "hrz7", "there is no certificate in it" },
		{ "hrb7", "the phone: " },
		{ "hrm7", "it stores LSCs only" },
		{ "hrk1", "the certificate is for another key" },
		{ "hrN1", "the certificate is for CP-8861-" OTHER },
	};
	struct bytes before;
	struct scene s;

	set_up(&s);
	give(&s, IDENTITY_LSC, &rsa);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		check(&s, row[i].script,
		    "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=7", ENROL_DECLINED,
		    row[i].why);
		before = cert_sha1(s.memory->identity[IDENTITY_LSC].cert);
		CU_ASSERT_FALSE(s.report.stored);
		{
			struct memory *again = memory_load(s.folder, NULL);

			CU_ASSERT_TRUE(
			    bytes_eq(before, cert_sha1(again->identity[IDENTITY_LSC].cert)));
			memory_free(again);
		}
	}
	tear_down(&s);
}

/* A name that only ends like its own is another's. */
static void
names_are_compared_whole(void)
{
	struct scene s;

	set_up(&s);
	s.plan.device = &NAME[3];
	check(&s, "hrs7", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=7",
	    ENROL_DECLINED, "the certificate is for CP-8861-" NAME);
	tear_down(&s);
}

static void
a_certificate_without_a_key_of_its_own_is_not_stored(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "hs7", "AUTH_RESPONSE=1 STORE_RESPONSE=7", ENROL_DECLINED,
	    "it made no key that a certificate could be for");
	CU_ASSERT_FALSE(has(&s, "lsc.pem"));
	tear_down(&s);
}

/* ---- show, delete ---- */

static void
check_shown(struct scene *s, enum identity_kind show, const char *what)
{
	struct capf_message m;

	s->plan.show = show;
	check(s, "hf0", "AUTH_RESPONSE=1 FETCH_RESPONSE=1", ENROL_DONE, "");
	CU_ASSERT_EQUAL(capf_decode(wr_view(&s->last), CAPF_FROM_PHONE, &m, NULL), 0);
	CU_ASSERT_STRING_EQUAL(s->report.step[0].what, what);
	CU_ASSERT_TRUE(bytes_eq(m.cert,
	    cert_der(
		s->memory->identity[strcmp(what, "LSC") == 0 ? IDENTITY_LSC : IDENTITY_MIC].cert)));
}

static void
what_it_has_is_shown(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "hf0", "AUTH_RESPONSE=1 FETCH_RESPONSE=7", ENROL_DONE, "");
	CU_ASSERT_FALSE(s.report.has_cert);
	give(&s, IDENTITY_MIC, &rsa);
	check_shown(&s, IDENTITIES, "MIC");
	give(&s, IDENTITY_LSC, &ec);
	check_shown(&s, IDENTITIES, "LSC");
	check_shown(&s, IDENTITY_MIC, "MIC");
	check_shown(&s, IDENTITY_LSC, "LSC");
	tear_down(&s);
}

static void
what_it_has_is_deleted(void)
{
	struct scene s;

	set_up(&s);
	check(&s, "hd1", "AUTH_RESPONSE=1 DELETE_RESPONSE=7", ENROL_DONE, "");
	give(&s, IDENTITY_MIC, &rsa);
	give(&s, IDENTITY_LSC, &ec);
	check(&s, "hd1", "AUTH_RESPONSE=1 DELETE_RESPONSE=1", ENROL_DONE, "");
	CU_ASSERT_TRUE(s.report.deleted);
	CU_ASSERT_FALSE(has(&s, "lsc.pem"));
	CU_ASSERT_PTR_NULL(s.memory->identity[IDENTITY_LSC].cert);
	CU_ASSERT_PTR_NOT_NULL(s.memory->identity[IDENTITY_MIC].cert);
	tear_down(&s);
}

/* ---- who it is ---- */

static void
read_hello(const struct scene *s, struct capf_message *m)
{
	CU_ASSERT_EQUAL_FATAL(capf_decode(wr_view(&s->hello), CAPF_FROM_PHONE, m, NULL), 0);
	CU_ASSERT_STRING_EQUAL(m->device, NAME);
	CU_ASSERT_EQUAL(m->version, 3);
	CU_ASSERT_TRUE(m->has & CAPF_HAS_PASSWORD);
}

static void
the_string_is_said_when_it_is_wanted(void)
{
	struct scene s;
	struct capf_message m;

	set_up(&s);
	s.plan.string = "012345";
	check(&s, "h0", "AUTH_RESPONSE=1", ENROL_DECLINED, "nothing scheduled");
	read_hello(&s, &m);
	CU_ASSERT_STRING_EQUAL(m.password, "");
	s.plan.auth = ENROL_BY_STRING;
	check(&s, "h7", "AUTH_RESPONSE=1", ENROL_DECLINED, "reason 7, declined");
	read_hello(&s, &m);
	CU_ASSERT_STRING_EQUAL(m.password, "012345");
	CU_ASSERT_FALSE(m.has & CAPF_HAS_CERT);
	tear_down(&s);
}

static void
check_signed(const struct cert *c, struct bytes data, struct bytes sha1, struct bytes sha512)
{
	CU_ASSERT_EQUAL(proof_check(c, DIGEST_SHA1, data, sha1, NULL), 0);
	CU_ASSERT_EQUAL(proof_check(c, DIGEST_SHA512, data, sha512, NULL), 0);
}

static void
check_proof(struct scene *s, enum enrol_auth auth, enum identity_kind kind)
{
	const struct cert *c = s->memory->identity[kind].cert;
	struct wr data = { 0 };
	struct capf_message m;

	s->plan.auth = auth;
	check(s, "h0", "AUTH_RESPONSE=1", ENROL_DECLINED, "");
	CU_ASSERT_EQUAL(s->report.proof, kind);
	read_hello(s, &m);
	CU_ASSERT_TRUE(bytes_eq(m.cert, cert_der(c)));
	proof_data(NAME, m.cert, &data);
	check_signed(c, wr_view(&data), m.signed_sha1, m.signed_sha512);
	CU_ASSERT_EQUAL(!!(m.has & CAPF_HAS_SUDI), cert_key_kind(c) == CERT_KEY_RSA);
	if (m.has & CAPF_HAS_SUDI) {
		wr_free(&data);
		proof_sudi_data(SESSION, m.sudi.cert, &data);
		CU_ASSERT_TRUE(bytes_eq(m.sudi.cert, m.cert));
		check_signed(c, wr_view(&data), m.sudi.signed_sha1, m.sudi.signed_sha512);
	}
	wr_free(&data);
}

static void
a_certificate_is_proved_by_signatures(void)
{
	struct scene s;

	set_up(&s);
	s.plan.auth = ENROL_BY_LSC;
	check(&s, "h", "", ENROL_DECLINED, "neither an LSC nor a MIC");
	give(&s, IDENTITY_MIC, &rsa);
	check_proof(&s, ENROL_BY_LSC, IDENTITY_MIC);
	check_proof(&s, ENROL_BY_MIC, IDENTITY_MIC);
	give(&s, IDENTITY_LSC, &ec);
	check_proof(&s, ENROL_BY_LSC, IDENTITY_LSC);
	check_proof(&s, ENROL_BY_MIC, IDENTITY_MIC);
	tear_down(&s);
}

/* ---- where it ends ---- */

static void
what_does_not_belong_there_ends_it(void)
{
#define HELLO "AUTH_RESPONSE=1"
#define KEY   HELLO " IN_PROGRESS KEY_RESPONSE"
	static const struct {
		const char *script, *said;
		enum enrol_end end;
		const char *why;
	} row[] = {
		{ "", "", ENROL_UNREACHED, "closed the connection" },
		{ "r", "", ENROL_GARBLED, "instead of AUTH_REQUEST: CAPF says KEY_REQUEST" },
		{ "s", "", ENROL_GARBLED, "instead of AUTH_REQUEST: CAPF says STORE_REQUEST" },
		{ "f", "", ENROL_GARBLED, "instead of AUTH_REQUEST: CAPF says FETCH_REQUEST" },
		{ "d", "", ENROL_GARBLED, "instead of AUTH_REQUEST: CAPF says DELETE_REQUEST" },
		{ "l", "", ENROL_GARBLED, "instead of AUTH_REQUEST: CAPF says RETRY_LATER" },
		{ "p", "", ENROL_GARBLED, "instead of AUTH_REQUEST: " },
		{ "g", "", ENROL_GARBLED, "instead of AUTH_REQUEST: not a CAPF message" },
		{ "I", "", ENROL_GARBLED, "instead of AUTH_REQUEST: " },
		{ "H", "", ENROL_GARBLED, "AUTH_REQUEST without a version" },
		{ "7", "", ENROL_DECLINED, "reason 7, declined" },
		{ "E", "", ENROL_GARBLED, "END_SESSION without a reason" },
		{ "hh", HELLO, ENROL_GARBLED, "after AUTH_RESPONSE: CAPF says AUTH_REQUEST" },
		{ "hx", HELLO, ENROL_GARBLED,
		    "after AUTH_RESPONSE: a message of session 7002 in session 7001" },
		{ "hg", HELLO, ENROL_GARBLED, "after AUTH_RESPONSE: not a CAPF message" },
		{ "hl", HELLO, ENROL_GARBLED, "after AUTH_RESPONSE: CAPF says RETRY_LATER" },
		{ "h9", HELLO, ENROL_DECLINED, "reason 9, unknown device" },
		{ "h", HELLO, ENROL_UNREACHED, "closed the connection" },
		{ "hrx", KEY, ENROL_GARBLED, "after KEY_RESPONSE: a message of session 7002" },
		{ "hrg", KEY, ENROL_GARBLED, "after KEY_RESPONSE: not a CAPF message" },
		{ "hrh", KEY, ENROL_GARBLED, "after KEY_RESPONSE: CAPF says AUTH_REQUEST" },
		{ "hr9", KEY, ENROL_DECLINED, "reason 9" },
		{ "hrsh", KEY " STORE_RESPONSE=1", ENROL_GARBLED, "after STORE_RESPONSE: " },
		{ "hrsE", KEY " STORE_RESPONSE=1", ENROL_GARBLED, "without a reason" },
		{ "hrs7", KEY " STORE_RESPONSE=1", ENROL_DECLINED, "reason 7" },
		{ "hfx", HELLO " FETCH_RESPONSE=1", ENROL_GARBLED, "after FETCH_RESPONSE: " },
		{ "hf7", HELLO " FETCH_RESPONSE=1", ENROL_DECLINED, "reason 7" },
		{ "hdx", HELLO " DELETE_RESPONSE=1", ENROL_GARBLED, "after DELETE_RESPONSE: " },
	};
#undef HELLO
#undef KEY
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct scene s;

		set_up(&s);
		give(&s, IDENTITY_LSC, &ec);
		check(&s, row[i].script, row[i].said, row[i].end, row[i].why);
		tear_down(&s);
	}
}

static void
a_server_that_never_ends_is_left(void)
{
	struct scene s;

	set_up(&s);
	s.plan.no_ec = true;
	s.script = "heeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
	{
		struct enrol_line line = { take, receive, &s };

		enrol_talk(&s.plan, s.memory, &line, &s.report);
	}
	CU_ASSERT_EQUAL(s.report.end, ENROL_GARBLED);
	CU_ASSERT_EQUAL(s.report.n, ENROL_STEPS_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, "does not come to an end"));
	tear_down(&s);
}

static void
a_line_that_breaks_ends_it(void)
{
	struct scene s;

	set_up(&s);
	s.line_breaks = true;
	check(&s, "hrs1", "", ENROL_UNREACHED, "the line broke");
	tear_down(&s);
}

/* ---- cut off ---- */

/* Wherever it happens, the phone has a whole pair or none, and enrols the next time. */
static void
a_phone_that_was_cut_off_enrols_again(void)
{
	static const char *const script[] = { "h", "hr", "hrs" };
	struct scene s;

	for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) {
		struct enrol_line line = { take, receive, &s };

		set_up(&s);
		s.script = script[i];
		enrol_talk(&s.plan, s.memory, &line, &s.report);
		CU_ASSERT_EQUAL(s.report.end, ENROL_UNREACHED);
		CU_ASSERT_EQUAL(s.report.stored, i == 2);
		wake_up(&s);
		CU_ASSERT_EQUAL(s.memory->identity[IDENTITY_LSC].cert != NULL, i == 2);
		check(&s, "hrs1", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=1",
		    ENROL_DONE, "");
		check_lsc(&s, CERT_KEY_RSA);
		tear_down(&s);
	}
}

/* Between writing the new pair and erasing the key that it was made with. */
static void
a_key_left_behind_does_no_harm(void)
{
	struct scene s;
	struct key *k = key_make(&rsa, NULL);
	struct cert *c = issue(NAME, k);

	set_up(&s);
	give(&s, IDENTITY_LSC, &ec);
	CU_ASSERT_EQUAL(identity_keep_next(s.folder, k, NULL), 0);
	CU_ASSERT_EQUAL(identity_keep(s.folder, IDENTITY_LSC, c, k, NULL), 0);
	wake_up(&s);
	CU_ASSERT_TRUE(cert_eq(s.memory->identity[IDENTITY_LSC].cert, c));
	CU_ASSERT_TRUE(key_fits(s.memory->identity[IDENTITY_LSC].key, c));
	s.plan.auth = ENROL_BY_LSC;
	check(&s, "hes1", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=1", ENROL_DONE,
	    "");
	check_lsc(&s, CERT_KEY_EC);
	cert_free(c);
	key_free(k);
	tear_down(&s);
}

static void
a_damaged_pair_is_as_if_there_were_none(void)
{
	struct scene s;
	char *path;
	struct wr file = { 0 }, lone = { 0 };

	set_up(&s);
	give(&s, IDENTITY_LSC, &rsa);
	path = mem_fmt("%s/lsc.pem", s.folder);
	CU_ASSERT_EQUAL(file_read(path, 65536, &file, NULL), 0);
	cert_to_pem(s.memory->identity[IDENTITY_LSC].cert, &lone);
	for (int i = 0; i < 3; i++) {
		struct bytes damaged = i == 0	? bytes_part(wr_view(&file), 0, file.n / 2)
				       : i == 1 ? wr_view(&lone)
						: bytes_of("");

		CU_ASSERT_EQUAL(file_replace(path, damaged, 0600, NULL), 0);
		wake_up(&s);
		CU_ASSERT_TRUE(s.memory->identity[IDENTITY_LSC].damaged);
		CU_ASSERT_PTR_NULL(s.memory->identity[IDENTITY_LSC].cert);
	}
	check(&s, "hrs1", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE STORE_RESPONSE=1", ENROL_DONE,
	    "");
	check_lsc(&s, CERT_KEY_RSA);
	CU_ASSERT_FALSE(s.memory->identity[IDENTITY_LSC].damaged);
	wr_wipe(&file);
	wr_free(&lone);
	free(path);
	tear_down(&s);
}

/* A key that it could not remember is one that it cannot use. */
static void
a_memory_that_cannot_be_written_declines(void)
{
	struct scene s;
	char *key, *pem;

	set_up(&s);
	key = mem_fmt("%s/lsc.next.key", s.folder);
	pem = mem_fmt("%s/lsc.pem", s.folder);
	CU_ASSERT_EQUAL(file_make_folder(key, 0700, NULL), 0);
	check(&s, "hr7", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE=7", ENROL_DECLINED,
	    "the phone: cannot write ");
	CU_ASSERT_EQUAL(rmdir(key), 0);
	check(&s, "hr0", "AUTH_RESPONSE=1 IN_PROGRESS KEY_RESPONSE", ENROL_DECLINED, "");
	CU_ASSERT_EQUAL(file_make_folder(pem, 0700, NULL), 0);
	check(&s, "hs7", "AUTH_RESPONSE=1 STORE_RESPONSE=7", ENROL_DECLINED,
	    "the phone: cannot write ");
	CU_ASSERT_FALSE(s.report.stored);
	CU_ASSERT_TRUE(has(&s, "lsc.next.key"));
	free(key);
	free(pem);
	tear_down(&s);
}

static const struct suite_test tests[] = {
	{ "an RSA key is made and its certificate stored",
	    an_rsa_key_is_made_and_its_certificate_stored },
	{ "an EC key comes at once when the phone is told so",
	    an_ec_key_comes_at_once_when_the_phone_is_told_so },
	{ "what is sent is the public half of what is kept",
	    what_is_sent_is_the_public_half_of_what_is_kept },
	{ "a phone without EC declines and takes RSA", a_phone_without_ec_declines_and_takes_rsa },
	{ "keys that there are not are declined", keys_that_there_are_not_are_declined },
	{ "a certificate may come in a later session", a_certificate_may_come_in_a_later_session },
	{ "a certificate that is not for it is not stored",
	    a_certificate_that_is_not_for_it_is_not_stored },
	{ "names are compared whole", names_are_compared_whole },
	{ "a certificate without a key of its own is not stored",
	    a_certificate_without_a_key_of_its_own_is_not_stored },
	{ "what it has is shown", what_it_has_is_shown },
	{ "what it has is deleted", what_it_has_is_deleted },
	{ "the string is said when it is wanted", the_string_is_said_when_it_is_wanted },
	{ "a certificate is proved by signatures", a_certificate_is_proved_by_signatures },
	{ "what does not belong there ends it", what_does_not_belong_there_ends_it },
	{ "a server that never ends is left", a_server_that_never_ends_is_left },
	{ "a line that breaks ends it", a_line_that_breaks_ends_it },
	{ "a phone that was cut off enrols again", a_phone_that_was_cut_off_enrols_again },
	{ "a key left behind does no harm", a_key_left_behind_does_no_harm },
	{ "a damaged pair is as if there were none", a_damaged_pair_is_as_if_there_were_none },
	{ "a memory that cannot be written declines", a_memory_that_cannot_be_written_declines },
};

int
main(void)
{
	char *ca = mem_fmt("%s/ca.pem", suite_folder());
	bool made;
	int status;

	other_key = key_make(&rsa, NULL);
	if (factory_open(ca, NOW, &factory, &made, NULL) != 0)
		return 1;
	status = suite_run("cmd/enrol", tests, sizeof(tests) / sizeof(tests[0]));
	factory_clear(&factory);
	key_free(other_key);
	free(ca);
	return status;
}
