#include "cmd/phone/enrol.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/phone/prove.h"
#include "trust/model.h"

enum { RSA_LEAST = 512, RSA_MOST = 4096 };

struct talk {
	const struct enrol_plan *plan;
	struct memory *memory;
	const struct enrol_line *line;
	struct enrol_report *report;
	uint32_t session; /* as the server's first message had it */
	bool greeted;	  /* that one came */
	bool over;
	struct key *key; /* made in this session; not yet in a certificate */
	struct wr heard; /* what the server said last */
};

const char *
enrol_auth_word(enum enrol_auth auth)
{
	static const char *const word[] = {
		[ENROL_BY_NOTHING] = "none",
		[ENROL_BY_STRING] = "string",
		[ENROL_BY_NULL] = "null",
		[ENROL_BY_LSC] = "lsc",
		[ENROL_BY_MIC] = "mic",
	};

	return word[auth];
}

const char *
enrol_end_word(enum enrol_end end)
{
	static const char *const word[] = {
		[ENROL_NOT_CALLED] = "not-called",
		[ENROL_NEEDS_HAND] = "needs-string",
		[ENROL_DONE] = "done",
		[ENROL_DECLINED] = "declined",
		[ENROL_UNREACHED] = "unreachable",
		[ENROL_STRANGER] = "wrong-certificate",
		[ENROL_GARBLED] = "bad-answer",
	};

	return word[end];
}

const char *
enrol_reason_text(int reason)
{
	switch (reason) {
	case CAPF_NOTHING_TO_DO:
		return "nothing scheduled";
	case CAPF_OK:
		return "done";
	case CAPF_DECLINED:
		return "declined";
	case CAPF_UNKNOWN_DEVICE:
		return "unknown device";
	case CAPF_LATE:
		return "too late";
	default:
		return "?";
	}
}

/* ---- how it ends ---- */

static void
finish(struct talk *t, enum enrol_end end, const char *why)
{
	t->over = true;
	t->report->end = end;
	snprintf(t->report->why, sizeof(t->report->why), "%s", why);
}

/* What was said last, for who reads why it went no further. */
static const char *
state_of(const struct talk *t)
{
	const struct enrol_report *r = t->report;

	if (!t->greeted)
		return "instead of AUTH_REQUEST";
	if (r->n == 0)
		return "after AUTH_RESPONSE";
	switch (r->step[r->n - 1].command) {
	case CAPF_KEY_REQUEST:
		return "after KEY_RESPONSE";
	case CAPF_STORE_REQUEST:
		return "after STORE_RESPONSE";
	case CAPF_FETCH_REQUEST:
		return "after FETCH_RESPONSE";
	default:
		return "after DELETE_RESPONSE";
	}
}

static void
break_off(struct talk *t, const char *what)
{
	char why[sizeof(t->report->why)];

	snprintf(why, sizeof(why), "%s: %.300s", state_of(t), what);
	finish(t, ENROL_GARBLED, why);
}

/* ---- messages ---- */

static void
say(struct talk *t, struct capf_message *m)
{
	struct wr said = { .max = CAPF_MESSAGE_MAX };
	struct err e = { 0 };

	m->session = t->session;
	capf_encode(m, &said);
	if (said.bad)
		finish(t, ENROL_DECLINED, "the phone's certificate is too large for a message");
	else if (t->line->send(t->line->ctx, wr_view(&said), &e) != 0)
		finish(t, ENROL_UNREACHED, e.text);
	wr_wipe(&said);
}

static void
answer(struct talk *t, unsigned command, uint8_t reason)
{
	struct capf_message m = { .command = command, .has = CAPF_HAS_REASON, .reason = reason };

	say(t, &m);
}

static struct enrol_step *
step_of(struct talk *t)
{
	return &t->report->step[t->report->n - 1];
}

/* It cannot do what it was asked; the server decides what comes now. */
static void
decline(struct talk *t, const char *why)
{
	struct enrol_step *s = step_of(t);

	snprintf(s->why, sizeof(s->why), "%s", why);
	answer(t, s->command + 1, CAPF_DECLINED);
}

/* ---- who it is ---- */

/* The proof that the plan wants.  -1 when it cannot be made. */
static int
add_proof(struct talk *t, struct prove *p, struct capf_message *m, struct err *e)
{
	const struct enrol_plan *plan = t->plan;
	enum identity_kind kind;

	if (plan->auth == ENROL_BY_STRING && plan->string != NULL)
		snprintf(m->password, sizeof(m->password), "%s", plan->string);
	if (plan->auth != ENROL_BY_LSC && plan->auth != ENROL_BY_MIC)
		return 0;
	kind = identity_of(
	    t->memory->identity, plan->auth == ENROL_BY_LSC ? IDENTITY_LSC : IDENTITY_MIC);
	if (kind == IDENTITIES)
		return err_set(e, ERR_NOT_FOUND, "the phone has neither an LSC nor a MIC to show");
	t->report->proof = kind;
	return prove_identity(p, &t->memory->identity[kind], m, e);
}

static void
introduce(struct talk *t, const struct capf_message *asked)
{
	struct capf_message m = { .command = CAPF_AUTH_RESPONSE,
		.session = t->session,
		.has = CAPF_HAS_REASON | CAPF_HAS_VERSION | CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE,
		.reason = CAPF_OK,
		.version = CAPF_VERSION };
	struct prove p = { .sha1 = { 0 } };
	struct err e = { 0 };

	if (!(asked->has & CAPF_HAS_VERSION)) {
		break_off(t, "AUTH_REQUEST without a version");
		return;
	}
	t->greeted = true;
	snprintf(m.device, sizeof(m.device), "%s", t->plan->device);
	if (add_proof(t, &p, &m, &e) != 0)
		finish(t, ENROL_DECLINED, e.text);
	else
		say(t, &m);
	mem_wipe(m.password, sizeof(m.password));
	prove_free(&p);
}

/* ---- a certificate, for people ---- */

static void
report_cert(struct talk *t, const struct cert *c)
{
	struct enrol_cert *to = &t->report->cert;

	t->report->has_cert = true;
	snprintf(to->subject, sizeof(to->subject), "%s", cert_subject(c, CERT_CISCO));
	snprintf(to->issuer, sizeof(to->issuer), "%s", cert_issuer(c, CERT_CISCO));
	bytes_hex(cert_serial(c), '\0', to->serial, sizeof(to->serial));
	to->not_before = cert_not_before(c);
	to->not_after = cert_not_after(c);
}

/* ---- make a key ---- */

/* False: nothing that CAPF can order. */
static bool
read_want(const struct capf_message *m, struct key_want *to)
{
	static const int curve_bits[] = { [CAPF_P256] = 256, [CAPF_P384] = 384, [CAPF_P521] = 521 };

	if ((m->has & CAPF_HAS_KEY_TYPE) && m->key_type != CAPF_KEY_RSA) {
		*to = (struct key_want){ .kind = KEY_EC };
		if (m->key_type != CAPF_KEY_EC || !(m->has & CAPF_HAS_CURVE) ||
		    m->curve > CAPF_P521)
			return false;
		to->bits = curve_bits[m->curve];
		return true;
	}
	*to = (struct key_want){ KEY_RSA, m->key_bits };
	return (m->has & CAPF_HAS_KEY_BITS) && m->key_bits >= RSA_LEAST && m->key_bits <= RSA_MOST;
}

static int
public_key_of(const struct key *k, struct wr *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key_handle(k), &der);

	if (n > 0)
		wr_put(out, bytes_over(der, (size_t)n));
	OPENSSL_free(der);
	return n > 0 ? 0 : -1;
}

/* In its folder before anybody hears of it: the certificate may come in a later session. */
static void
make_key(struct talk *t, const struct key_want *want)
{
	struct capf_message m = { .command = CAPF_KEY_RESPONSE, .has = CAPF_HAS_PUBLIC_KEY };
	struct key *k = key_make(want, NULL);
	struct wr public_key = { 0 };
	struct err e = { 0 };

	if (k == NULL || public_key_of(k, &public_key) != 0) {
		decline(t, "it could not make the key");
	} else if (identity_keep_next(t->memory->folder, k, &e) != 0) {
		decline(t, e.text);
	} else {
		m.public_key = wr_view(&public_key);
		step_of(t)->done = true;
		say(t, &m);
		key_free(t->key);
		t->key = k;
		k = NULL;
	}
	key_free(k);
	wr_free(&public_key);
}

static void
on_key(struct talk *t, const struct capf_message *asked)
{
	struct capf_message progress = { .command = CAPF_IN_PROGRESS };
	struct enrol_step *s = step_of(t);
	struct key_want want;

	if (!read_want(asked, &want)) {
		decline(t, "CAPF asks for a key that there is not");
		return;
	}
	snprintf(s->what, sizeof(s->what), want.kind == KEY_EC ? "EC P-%d" : "RSA %d", want.bits);
	if (want.kind == KEY_EC && t->plan->no_ec) {
		decline(t, "it makes RSA keys only");
		return;
	}
	if (!t->plan->at_once)
		say(t, &progress);
	if (!t->over)
		make_key(t, &want);
}

/* ---- store a certificate ---- */

static int
check_lsc(const struct talk *t, const struct cert *c, const struct key *k, struct err *e)
{
	if (!device_name_in(cert_common_name(c), t->plan->device))
		return err_set(e, ERR_NO, "the certificate is for %.120s", cert_common_name(c));
	if (k == NULL)
		return err_set(e, ERR_NO, "it made no key that a certificate could be for");
	if (!key_fits(k, c))
		return err_set(e, ERR_NO, "the certificate is for another key");
	return 0;
}

/* Takes over both, or neither. */
static int
store(struct talk *t, struct cert *c, struct key *k, struct err *e)
{
	if (check_lsc(t, c, k, e) != 0 ||
	    memory_keep_identity(t->memory, IDENTITY_LSC, c, k, e) != 0)
		return -1;
	t->report->stored = true;
	step_of(t)->done = true;
	report_cert(t, c);
	answer(t, CAPF_STORE_RESPONSE, CAPF_OK);
	return 0;
}

/* The key is the one of this session, or that of an earlier one which ended without certificate. */
static void
on_store(struct talk *t, const struct capf_message *asked)
{
	struct err e = { 0 };
	struct cert *c;
	struct key *k;

	if ((asked->has & CAPF_HAS_CERT_TYPE) && asked->cert_type != CAPF_LSC) {
		decline(t, "it stores LSCs only");
		return;
	}
	if (!(asked->has & CAPF_HAS_CERT)) {
		decline(t, "there is no certificate in it");
		return;
	}
	c = cert_from_der(asked->cert, &e);
	k = t->key != NULL ? t->key : identity_next(t->memory->folder);
	t->key = NULL;
	if (c == NULL || store(t, c, k, &e) != 0) {
		decline(t, e.text);
		cert_free(c);
		key_free(k);
	}
}

/* ---- show and delete ---- */

static void
on_fetch(struct talk *t, const struct capf_message *asked)
{
	enum identity_kind kind = t->plan->show;
	struct capf_message m = { .command = CAPF_FETCH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_CERT,
		.reason = CAPF_OK };
	const struct cert *c;

	(void)asked;
	if (kind == IDENTITIES)
		kind = identity_of(t->memory->identity, IDENTITY_LSC);
	c = kind == IDENTITIES ? NULL : t->memory->identity[kind].cert;
	if (c == NULL) {
		decline(t, "it has no such certificate");
		return;
	}
	m.cert = cert_der(c);
	step_of(t)->done = true;
	snprintf(step_of(t)->what, sizeof(step_of(t)->what), "%s", identity_name(kind));
	report_cert(t, c);
	say(t, &m);
}

static void
on_delete(struct talk *t, const struct capf_message *asked)
{
	struct err e = { 0 };
	const struct cert *held = t->memory->identity[IDENTITY_LSC].cert;

	(void)asked;
	if (held == NULL) {
		decline(t, "it has no LSC");
		return;
	}
	report_cert(t, held);
	if (memory_erase_lsc(t->memory, &e) != 0) {
		decline(t, e.text);
		return;
	}
	t->report->deleted = true;
	step_of(t)->done = true;
	answer(t, CAPF_DELETE_RESPONSE, CAPF_OK);
}

/* ---- the end ---- */

/* Showing a certificate ends with "nothing to do"; a phone that did not store what it was given has
 * none, whatever CAPF says. */
static bool
is_success(const struct talk *t, uint8_t reason)
{
	const struct enrol_report *r = t->report;
	const struct enrol_step *last = r->n > 0 ? &r->step[r->n - 1] : NULL;

	if (last != NULL && last->command == CAPF_STORE_REQUEST && !last->done)
		return false;
	if (reason == CAPF_NOTHING_TO_DO)
		return last != NULL && last->command == CAPF_FETCH_REQUEST;
	return reason == CAPF_OK;
}

/* What the phone has to say to the reason it was given. */
static const char *
own_reason(const struct enrol_report *r, uint8_t reason)
{
	const struct enrol_step *last = r->n > 0 ? &r->step[r->n - 1] : NULL;

	if (last == NULL)
		return "";
	if (reason == CAPF_NOTHING_TO_DO && last->command == CAPF_KEY_REQUEST && last->done)
		return "a certificate for its key is still to come";
	return last->why;
}

static void
on_end(struct talk *t, const struct capf_message *m)
{
	struct enrol_report *r = t->report;
	const char *own = own_reason(r, m->reason);
	char why[sizeof(r->why)], info[128] = "";

	if (!(m->has & CAPF_HAS_REASON)) {
		break_off(t, "END_SESSION without a reason");
		return;
	}
	r->reason = m->reason;
	if (is_success(t, m->reason)) {
		finish(t, ENROL_DONE, "");
		return;
	}
	if (m->has & CAPF_HAS_INFO)
		bytes_printable(m->info, info, sizeof(info));
	snprintf(why, sizeof(why), "CAPF ended the session with reason %u, %s%s%s%s%s", m->reason,
	    enrol_reason_text(m->reason), info[0] != '\0' ? ": " : "", info,
	    own[0] != '\0' ? "; the phone: " : "", own);
	finish(t, ENROL_DECLINED, why);
}

/* ---- the conversation ---- */

/* What may be asked once the phone has said who it is. */
static void
obey(struct talk *t, const struct capf_message *m)
{
	static void (*const does[])(struct talk *, const struct capf_message *) = {
		[CAPF_KEY_REQUEST] = on_key,
		[CAPF_STORE_REQUEST] = on_store,
		[CAPF_FETCH_REQUEST] = on_fetch,
		[CAPF_DELETE_REQUEST] = on_delete,
	};
	enum { DOES = sizeof(does) / sizeof(does[0]) };
	char what[64];

	if (m->command >= DOES || does[m->command] == NULL) {
		snprintf(what, sizeof(what), "CAPF says %s", capf_command_name(m->command));
		break_off(t, what);
		return;
	}
	if (t->report->n == ENROL_STEPS_MAX) {
		break_off(t, "CAPF does not come to an end");
		return;
	}
	t->report->step[t->report->n++] = (struct enrol_step){ .command = m->command };
	does[m->command](t, m);
}

static void
take(struct talk *t, const struct capf_message *m)
{
	char what[64];

	if (t->greeted && m->session != t->session) {
		snprintf(what, sizeof(what), "a message of session %u in session %u", m->session,
		    t->session);
		break_off(t, what);
		return;
	}
	t->session = m->session;
	if (m->command == CAPF_END_SESSION) {
		on_end(t, m);
	} else if (t->greeted) {
		obey(t, m);
	} else if (m->command == CAPF_AUTH_REQUEST) {
		introduce(t, m);
	} else {
		snprintf(what, sizeof(what), "CAPF says %s", capf_command_name(m->command));
		break_off(t, what);
	}
}

static void
hear(struct talk *t)
{
	struct capf_message m;
	struct err e = { 0 };

	wr_free(&t->heard);
	if (t->line->receive(t->line->ctx, &t->heard, &e) != 0) {
		if (e.code == ERR_MALFORMED)
			break_off(t, e.text);
		else
			finish(t, ENROL_UNREACHED, e.text);
		return;
	}
	if (capf_decode(wr_view(&t->heard), CAPF_FROM_SERVER, &m, &e) != 0)
		break_off(t, e.text);
	else
		take(t, &m);
}

void
enrol_talk(const struct enrol_plan *plan, struct memory *m, const struct enrol_line *line,
    struct enrol_report *out)
{
	struct talk t = { .plan = plan, .memory = m, .line = line, .report = out };

	out->auth = plan->auth;
	out->proof = IDENTITIES;
	out->reason = ENROL_NO_REASON;
	while (!t.over)
		hear(&t);
	wr_free(&t.heard);
	key_free(t.key);
}
