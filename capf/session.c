#include "capf/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "capf/issue.h"
#include "capf/vouch.h"
#include "trust/certs.h"
#include "trust/device.h"
#include "trust/lsc.h"
#include "trust/waiting.h"

enum { ANSWER_SECONDS = 60, NO_REASON = -1, UNTOLD_MAX = 10 };

struct capf_session {
	uint32_t number;
	enum capf_state state;
	int64_t until; /* when the phone must have done what it was asked last */
	struct device device;
	struct order order; /* as it was when the phone proved who it is */
	uint8_t version;    /* that the phone speaks */
	enum key_kind kind; /* of the key that was asked for last */
	int attempts;	    /* how often it was */
	struct cert *lsc;   /* sent to be stored */
	bool awaits_disk;   /* what it said last does */
	struct capf_outcome outcome;
};

/* One message of the phone's, and what is needed to answer it. */
struct turn {
	struct capf_session *s;
	const struct capf_office *o;
	const struct capf_message *m;
	int64_t now;
	struct wr *out;
};

/* ---- what we say ---- */

static void
say(const struct turn *t, struct capf_message *m)
{
	m->session = t->s->number;
	capf_encode(m, t->out);
}

static void
await(const struct turn *t, enum capf_state state, int64_t seconds)
{
	t->s->state = state;
	t->s->until = t->now + seconds;
}

static void __attribute__((format(printf, 3, 4)))
end(const struct turn *t, int reason, const char *fmt, ...)
{
	struct capf_message m = {
		.command = CAPF_END_SESSION, .has = CAPF_HAS_REASON, .reason = (uint8_t)reason
	};
	struct capf_outcome *outcome = &t->s->outcome;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(outcome->why, sizeof(outcome->why), fmt, ap);
	va_end(ap);
	outcome->reason = reason;
	say(t, &m);
	t->s->state = CAPF_ENDED;
}

/* What the phone said makes no sense here.  Anybody can say such a thing under any phone's name, so
 * the order stays as it was. */
static void
end_broken(const struct turn *t, const char *why)
{
	end(t, CAPF_DECLINED, "%.200s", why);
}

static void
end_for_us(const struct turn *t, const struct err *e)
{
	t->s->outcome.status = STATUS_FAILED;
	end(t, CAPF_DECLINED, "our failure: %.200s", e->text);
}

/* What a session writes is about the order that the phone proved itself for, and no other: one that
 * was given meanwhile may ask for a better proof. */
static int
note_failure(const struct capf_session *s, struct store *store, enum order_status status,
    int64_t now, struct err *e)
{
	int rc;

	if (store_begin_note(store, e) != 0)
		return -1;
	rc = order_still(store, &s->order, e);
	if (rc == 0)
		rc = order_failed(store, s->device.name, status, now, e);
	return store_end(store, rc, e);
}

/* Something of ours failed, or the order is another one by now (ERR_NO). */
static void
end_unwritten(const struct turn *t, const struct err *e)
{
	if (e->code == ERR_NO)
		end(t, CAPF_DECLINED, "%.200s", e->text);
	else
		end_for_us(t, e);
}

/* The order failed; it says so, and stays to be tried again. */
static void
fail(const struct turn *t, enum order_status status, int reason, const char *why)
{
	struct err e = { 0 };

	if (note_failure(t->s, t->o->store, status, t->now, &e) != 0) {
		end_unwritten(t, &e);
		return;
	}
	t->s->outcome.status = status;
	end(t, reason, "%.200s", why);
}

static void
note_subject(struct capf_session *s, const struct cert *c)
{
	snprintf(s->outcome.subject, sizeof(s->outcome.subject), "%s", cert_subject(c, CERT_CISCO));
}

/* ---- install: the key ---- */

static void
ask_rsa(const struct turn *t)
{
	struct capf_message m = { .command = CAPF_KEY_REQUEST,
		.has = CAPF_HAS_KEY_BITS | CAPF_HAS_KEY_TYPE,
		.key_bits = (uint16_t)t->s->order.rsa_bits,
		.key_type = CAPF_KEY_RSA };

	t->s->kind = KEY_RSA;
	say(t, &m);
}

static void
ask_ec(const struct turn *t)
{
	int bits = t->s->order.ec_bits;
	struct capf_message m = { .command = CAPF_KEY_REQUEST,
		.has = CAPF_HAS_KEY_TYPE | CAPF_HAS_CURVE,
		.key_type = CAPF_KEY_EC,
		.curve = bits == 521   ? CAPF_P521
			 : bits == 384 ? CAPF_P384
				       : CAPF_P256 };

	t->s->kind = KEY_EC;
	say(t, &m);
}

static void
ask_key(const struct turn *t, enum key_kind kind)
{
	t->s->attempts++;
	if (kind == KEY_EC)
		ask_ec(t);
	else
		ask_rsa(t);
	await(t, CAPF_AWAITS_KEY, t->o->key_seconds);
}

/* Phones that speak version 2 know RSA only. */
static void
begin_key(const struct turn *t)
{
	enum order_keys keys = t->s->order.keys;

	if (keys == ORDER_EC && t->s->version < CAPF_VERSION)
		fail(t, STATUS_NO_EC, CAPF_DECLINED, "an EC key was ordered, and it speaks CAPF 2");
	else
		ask_key(t, keys == ORDER_RSA || t->s->version < CAPF_VERSION ? KEY_RSA : KEY_EC);
}

/* Certificates that nobody stores are entered for good: so there is an end to them. */
static int
check_untold(const struct turn *t, struct err *e)
{
	size_t n;

	if (lsc_untold(t->o->store, t->s->device.name, t->s->order.made, &n, e) != 0)
		return -1;
	if (n < UNTOLD_MAX)
		return 0;
	return err_set(e, ERR_LIMIT,
	    "%zu certificates were issued for this order and never stored: schedule it anew", n);
}

/* Into the account, and from there to the disk, before the phone hears of it. */
static int
enter(const struct turn *t, const struct cert *lsc, struct err *e)
{
	int rc;

	if (store_begin_note(t->o->store, e) != 0)
		return -1;
	rc = order_still(t->o->store, &t->s->order, e);
	if (rc == 0)
		rc = check_untold(t, e);
	if (rc == 0)
		rc = lsc_issue(t->o->store, t->s->device.name, lsc, t->now, e);
	return store_end(t->o->store, rc, e);
}

static void
ask_to_store(const struct turn *t, struct cert *lsc)
{
	struct capf_message m = { .command = CAPF_STORE_REQUEST,
		.has = CAPF_HAS_CERT_TYPE | CAPF_HAS_CERT,
		.cert_type = CAPF_LSC,
		.cert = cert_der(lsc) };
	struct err e = { 0 };
	int rc;

	t->s->lsc = lsc;
	note_subject(t->s, lsc);
	rc = enter(t, lsc, &e);
	if (rc != 0 && e.code == ERR_LIMIT) {
		fail(t, STATUS_FAILED, CAPF_DECLINED, e.text);
		return;
	}
	if (rc != 0) {
		end_unwritten(t, &e);
		return;
	}
	say(t, &m);
	t->s->awaits_disk = true;
	await(t, CAPF_AWAITS_STORED, ANSWER_SECONDS);
}

/* What an external issuer signed is handed out without asking for a key again: it is for the key
 * that the phone left last time. */
static void
begin_install(const struct turn *t)
{
	struct cert *ready = NULL;
	bool asked = false;
	struct err e = { 0 };

	if (!t->o->offline_ca) {
		begin_key(t);
		return;
	}
	if (waiting_get(t->o->store, t->s->device.name, &asked, &ready, &e) != 0)
		end_for_us(t, &e);
	else if (ready != NULL && cert_not_after(ready) > t->now)
		ask_to_store(t, ready);
	else if (asked && ready == NULL)
		end(t, CAPF_NOTHING_TO_DO, "its request waits for the external issuer");
	else
		begin_key(t);
	if (ready != t->s->lsc)
		cert_free(ready);
}

static void
begin_delete(const struct turn *t)
{
	struct capf_message m = { .command = CAPF_DELETE_REQUEST };

	say(t, &m);
	await(t, CAPF_AWAITS_DELETED, ANSWER_SECONDS);
}

static void
begin_fetch(const struct turn *t)
{
	struct capf_message m = { .command = CAPF_FETCH_REQUEST };

	say(t, &m);
	await(t, CAPF_AWAITS_FETCHED, ANSWER_SECONDS);
}

static void
begin(const struct turn *t)
{
	t->s->outcome.proven = true;
	switch (t->s->order.operation) {
	case ORDER_INSTALL:
		begin_install(t);
		return;
	case ORDER_DELETE:
		begin_delete(t);
		return;
	case ORDER_TROUBLESHOOT:
		begin_fetch(t);
		return;
	case ORDER_NONE:
		break;
	}
	end(t, CAPF_NOTHING_TO_DO, "nothing is to be done");
}

/* ---- who it is ---- */

/* Which is the order's status already. */
static void
end_wrong_string(const struct turn *t)
{
	t->s->outcome.status = STATUS_INVALID_STRING;
	end(t, CAPF_DECLINED, "wrong authentication string");
}

static void
check_string(const struct turn *t)
{
	const char *said = t->m->has & CAPF_HAS_PASSWORD ? t->m->password : "";
	enum order_string_verdict verdict;
	struct err e = { 0 };

	if (order_try_string(t->o->store, t->s->device.name, said, t->now, &verdict, &e) != 0)
		end_for_us(t, &e);
	else if (verdict == STRING_RIGHT)
		begin(t);
	else if (verdict == STRING_WRONG)
		end_wrong_string(t);
	else
		end_broken(t, "too many wrong authentication strings: it has to wait");
}

/* Is this certificate of ours one that the phone can have?  One that it replaced or deleted is not;
 * one that was issued since, and got lost on the way, may have arrived after all.  (Which of its
 * certificates has precedence is for the phone to know: it may have lost the LSC that the account
 * says it holds.) */
static int
check_account(const struct turn *t, const struct cert *shown, bool *is_own, struct err *e)
{
	char phone[DEVICE_NAME_MAX];
	enum lsc_state state;
	int rc = lsc_find(t->o->store, shown, phone, &state, e);

	*is_own = rc == 1;
	if (rc != 1)
		return rc;
	if (strcmp(phone, t->s->device.name) != 0)
		return err_set(e, ERR_NO, "that LSC is %s's", phone);
	if (state == LSC_REPLACED || state == LSC_DELETED)
		return err_set(e, ERR_NO, "that LSC was %s", lsc_state_word(state));
	return 0;
}

/* By those that CAPF works with, and by CAPF-trust as it is now. */
static int
check_with_trusted(
    const struct turn *t, bool is_own, enum vouch_kind *kind, bool *expired, struct err *e)
{
	const struct cert **trusted;
	struct held_cert *held;
	struct cert *shown = NULL;
	size_t n;
	int rc;

	if (certs_list_of(t->o->store, "CAPF-trust", &held, &n, e) != 0)
		return -1;
	trusted = mem_array(n + 1, sizeof(*trusted));
	trusted[0] = t->o->cert;
	for (size_t i = 0; i < n; i++)
		trusted[i + 1] = held[i].cert;
	rc = vouch_check(&(struct vouch_facts){ trusted, n + 1, t->o->expired_mics, t->now }, t->m,
	    is_own, &shown, kind, expired, e);
	cert_free(shown);
	free(trusted);
	certs_list_free(held, n);
	return rc;
}

static int
vouch(const struct turn *t, enum vouch_kind *kind, struct err *e)
{
	struct cert *shown = cert_from_der(t->m->cert, e);
	bool is_own = false, expired = false;
	int rc;

	if (shown == NULL)
		return err_set(e, ERR_NO, "what it showed is no certificate");
	note_subject(t->s, shown);
	rc = check_account(t, shown, &is_own, e);
	cert_free(shown);
	if (is_own)
		*kind = VOUCH_LSC;
	if (rc == 0)
		rc = check_with_trusted(t, is_own, kind, &expired, e);
	t->s->outcome.expired_mic = rc == 0 && expired;
	return rc;
}

static void
check_certificate(const struct turn *t)
{
	enum vouch_kind kind = t->s->order.auth == ORDER_BY_LSC ? VOUCH_LSC : VOUCH_MIC;
	struct err e = { 0 };

	if (!(t->m->has & CAPF_HAS_CERT))
		fail(t, STATUS_INVALID_CREDENTIALS, CAPF_DECLINED, "it showed no certificate");
	else if (vouch(t, &kind, &e) == 0)
		begin(t);
	else if (e.code == ERR_NO || e.code == ERR_MALFORMED)
		fail(t, kind == VOUCH_LSC ? STATUS_INVALID_LSC : STATUS_INVALID_MIC, CAPF_DECLINED,
		    e.text);
	else
		end_for_us(t, &e);
}

static void
prove(const struct turn *t)
{
	switch (t->s->order.auth) {
	case ORDER_BY_STRING:
		check_string(t);
		return;
	case ORDER_BY_LSC:
	case ORDER_BY_MIC:
		check_certificate(t);
		return;
	case ORDER_BY_NOTHING:
	case ORDER_BY_NULL:
		break;
	}
	begin(t);
}

/* A CUCM declines then, and Cisco Jabber takes it for that (jabber4linux). */
static bool
has_it_already(const struct order *o)
{
	return o->operation == ORDER_NONE && o->last == ORDER_INSTALL &&
	       o->status == STATUS_SUCCESS;
}

static void
take_order(const struct turn *t)
{
	struct capf_session *s = t->s;
	struct err e = { 0 };

	if (order_get(t->o->store, s->device.name, &s->order, &e) < 0) {
		end_for_us(t, &e);
		return;
	}
	s->outcome.operation = s->order.operation;
	if (has_it_already(&s->order))
		end(t, CAPF_DECLINED, "its certificate was issued already");
	else if (s->order.operation == ORDER_NONE)
		end(t, CAPF_NOTHING_TO_DO, "no operation is pending");
	else if (t->now > s->order.completes_by)
		fail(t, STATUS_LATE, CAPF_LATE,
		    "it comes later than the operation had to be complete");
	else
		prove(t);
}

static void
on_auth(const struct turn *t)
{
	const struct capf_message *m = t->m;
	struct capf_session *s = t->s;
	struct err e = { 0 };
	int rc;

	if (!(m->has & CAPF_HAS_VERSION) || m->version < 2 || m->version > CAPF_VERSION) {
		end_broken(t, "it speaks neither version 2 nor 3");
		return;
	}
	if (!(m->has & CAPF_HAS_DEVICE)) {
		end_broken(t, "it does not say who it is");
		return;
	}
	s->version = m->version;
	snprintf(s->outcome.device, sizeof(s->outcome.device), "%s", m->device);
	rc = device_name_is(m->device) ? device_get(t->o->store, m->device, &s->device, &e) : 0;
	s->outcome.known = rc == 1;
	if (rc < 0)
		end_for_us(t, &e);
	else if (rc == 0)
		end(t, CAPF_UNKNOWN_DEVICE, "we know no such phone");
	else if ((m->has & CAPF_HAS_REASON) && m->reason != CAPF_OK)
		end_broken(t, "it declined to say who it is");
	else
		take_order(t);
}

/* ---- the key came ---- */

/* The order may have been changed or withdrawn while the phone made its key.  For what is not
 * written together with that very question, as enter() does. */
static bool
is_still_ordered(const struct turn *t)
{
	struct err e = { 0 };

	if (order_still(t->o->store, &t->s->order, &e) == 0)
		return true;
	end_unwritten(t, &e);
	return false;
}

static void
no_key(const struct turn *t)
{
	if (t->s->order.keys == ORDER_EC_THEN_RSA && t->s->kind == KEY_EC) {
		t->s->attempts = 0;
		ask_key(t, KEY_RSA);
	} else if (t->s->attempts < t->o->key_attempts) {
		ask_key(t, t->s->kind);
	} else {
		fail(t, STATUS_KEY_FAILED, CAPF_DECLINED, "it could make no key");
	}
}

static void
leave_request(const struct turn *t)
{
	struct err e = { 0 };

	if (!is_still_ordered(t))
		return;
	if (waiting_put(t->o->store, t->s->device.name, t->m->public_key, t->now, &e) != 0)
		end_for_us(t, &e);
	else
		fail(t, STATUS_WAITS_FOR_CA, CAPF_NOTHING_TO_DO,
		    "its request waits for the external issuer");
}

static void
issue(const struct turn *t)
{
	const struct capf_session *s = t->s;
	struct issue_want want = { .device = s->device.name,
		.model = s->device.model,
		.kind = s->kind,
		.bits = s->kind == KEY_EC ? s->order.ec_bits : s->order.rsa_bits,
		.days = t->o->days };
	struct err e = { 0 };
	struct cert *lsc = NULL;
	int rc = issue_check_key(&want, t->m->public_key, &e);

	if (rc == 0 && t->o->offline_ca) {
		leave_request(t);
		return;
	}
	if (rc == 0 && t->o->issuer_fault != NULL)
		rc = err_set(&e, ERR_FAILED, "%s", t->o->issuer_fault);
	if (rc == 0)
		lsc = issue_lsc(t->o->cert, t->o->key, &want, t->m->public_key, t->now, &e);
	if (lsc != NULL)
		ask_to_store(t, lsc);
	else if (e.code == ERR_NO || e.code == ERR_MALFORMED)
		fail(t, STATUS_KEY_FAILED, CAPF_DECLINED, e.text);
	else
		fail(t, STATUS_CA_REJECTED, CAPF_DECLINED, e.text);
}

static void
on_key(const struct turn *t)
{
	bool declined = (t->m->has & CAPF_HAS_REASON) && t->m->reason != CAPF_OK;

	if (!declined && !(t->m->has & CAPF_HAS_PUBLIC_KEY)) {
		end_broken(t, "it sent no public key");
		return;
	}
	if (!declined)
		issue(t);
	else if (is_still_ordered(t))
		no_key(t);
}

static void
on_progress(const struct turn *t)
{
	if (t->now >= t->s->until)
		fail(t, STATUS_KEY_TIMEOUT, CAPF_DECLINED, "it takes too long to make its key");
}

/* ---- the phone did it ---- */

static bool
says(const struct turn *t, enum capf_reason reason)
{
	return (t->m->has & CAPF_HAS_REASON) && t->m->reason == reason;
}

/* A phone says that it did it, or that it did not; all else says nothing about the order. */
static bool
is_no_answer(const struct turn *t)
{
	if (says(t, CAPF_OK) || says(t, CAPF_DECLINED))
		return false;
	end_broken(t, "it says neither that it did it nor that it did not");
	return true;
}

static void
done(const struct turn *t, int rc, int reason, const char *why, const struct err *e)
{
	if (rc != 0) {
		end_unwritten(t, e);
		return;
	}
	t->s->outcome.status = STATUS_SUCCESS;
	/* Whether a string is used up must not be forgotten, whatever happens to the machine; the
	 * rest the phone itself remembers. */
	t->s->awaits_disk = t->s->order.auth == ORDER_BY_STRING;
	end(t, reason, "%s", why);
}

static int
begin_settling(const struct turn *t, struct err *e)
{
	int rc;

	if (store_begin_relaxed(t->o->store, e) != 0)
		return -1;
	rc = order_still(t->o->store, &t->s->order, e);
	return rc == 0 ? 0 : store_end(t->o->store, rc, e);
}

static int
keep_stored(const struct turn *t, struct err *e)
{
	int rc;

	if (begin_settling(t, e) != 0)
		return -1;
	rc = lsc_stored(t->o->store, t->s->device.name, t->s->lsc, t->now, e);
	if (rc == 0)
		rc = waiting_forget(t->o->store, t->s->device.name, e);
	return store_end(t->o->store, rc, e);
}

/* One that was signed elsewhere may be for a key that the phone has lost: so it is asked for one.
 */
static void
not_stored(const struct turn *t)
{
	struct err e = { 0 };

	if (waiting_forget(t->o->store, t->s->device.name, &e) != 0)
		end_for_us(t, &e);
	else
		fail(t, STATUS_FAILED, CAPF_DECLINED, "it did not store its certificate");
}

static void
on_stored(const struct turn *t)
{
	struct err e = { 0 };

	if (is_no_answer(t))
		return;
	if (says(t, CAPF_DECLINED))
		not_stored(t);
	else
		done(t, keep_stored(t, &e), CAPF_OK, "it stored its certificate", &e);
}

static int
keep_deleted(const struct turn *t, struct err *e)
{
	int rc;

	if (begin_settling(t, e) != 0)
		return -1;
	rc = lsc_deleted(t->o->store, t->s->device.name, t->now, e);
	return store_end(t->o->store, rc, e);
}

/* A phone without one has what was wanted: there is nothing to delete. */
static void
on_deleted(const struct turn *t)
{
	struct err e = { 0 };

	if (is_no_answer(t))
		return;
	done(t, keep_deleted(t, &e), CAPF_OK,
	    says(t, CAPF_OK) ? "it deleted its certificate" : "it had no certificate", &e);
}

static int
keep_shown(const struct turn *t, const struct cert *shown, struct err *e)
{
	char phone[DEVICE_NAME_MAX];
	enum shown_kind kind;
	enum lsc_state state;
	int own = lsc_find(t->o->store, shown, phone, &state, e), rc;

	if (own < 0)
		return -1;
	if (!device_name_in(cert_common_name(shown), t->s->device.name))
		return err_set(e, ERR_MALFORMED, "the certificate it showed is another phone's");
	kind = vouch_kind_of(shown, own == 1) == VOUCH_LSC ? SHOWN_LSC : SHOWN_MIC;
	if (begin_settling(t, e) != 0)
		return -1;
	rc = lsc_shown(t->o->store, t->s->device.name, kind, shown, t->now, e);
	return store_end(t->o->store, rc, e);
}

static void
on_shown(const struct turn *t)
{
	struct err e = { 0 };
	struct cert *shown = cert_from_der(t->m->cert, &e);
	int rc;

	if (shown == NULL) {
		fail(t, STATUS_INVALID_CREDENTIALS, CAPF_DECLINED,
		    "what it showed is no certificate");
		return;
	}
	note_subject(t->s, shown);
	rc = keep_shown(t, shown, &e);
	cert_free(shown);
	if (rc != 0 && e.code == ERR_MALFORMED)
		fail(t, STATUS_INVALID_CREDENTIALS, CAPF_DECLINED, e.text);
	else
		done(t, rc, CAPF_NOTHING_TO_DO, "it showed its certificate", &e);
}

static int
keep_none(const struct turn *t, struct err *e)
{
	if (begin_settling(t, e) != 0)
		return -1;
	return store_end(t->o->store, order_done(t->o->store, t->s->device.name, t->now, e), e);
}

static void
on_fetched(const struct turn *t)
{
	bool has = (t->m->has & CAPF_HAS_CERT) != 0;
	struct err e = { 0 };

	if (is_no_answer(t))
		return;
	if (has != says(t, CAPF_OK))
		end_broken(t, has ? "it shows a certificate and says that it has none"
				  : "it says that it shows a certificate, and shows none");
	else if (has)
		on_shown(t);
	else
		done(t, keep_none(t, &e), CAPF_NOTHING_TO_DO, "it has no certificate", &e);
}

static void
on_end(const struct turn *t)
{
	if (t->s->state == CAPF_AWAITS_AUTH)
		end_broken(t, "it ended the session");
	else if (t->s->state == CAPF_AWAITS_KEY)
		fail(t, STATUS_KEY_FAILED, CAPF_DECLINED, "it ended the session without a key");
	else
		fail(t, STATUS_PHONE_LOST, CAPF_DECLINED, "it ended the session");
}

/* ---- what may be said when ---- */

typedef void handler(const struct turn *t);

/* What is not here ends the session. */
static handler *const table[CAPF_STATES][CAPF_IN_PROGRESS + 1] = {
	[CAPF_AWAITS_AUTH] = {
		[CAPF_AUTH_RESPONSE] = on_auth,
		[CAPF_END_SESSION] = on_end,
	},
	[CAPF_AWAITS_KEY] = {
		[CAPF_IN_PROGRESS] = on_progress,
		[CAPF_KEY_RESPONSE] = on_key,
		[CAPF_END_SESSION] = on_end,
	},
	[CAPF_AWAITS_STORED] = {
		[CAPF_STORE_RESPONSE] = on_stored,
		[CAPF_END_SESSION] = on_end,
	},
	[CAPF_AWAITS_FETCHED] = {
		[CAPF_FETCH_RESPONSE] = on_fetched,
		[CAPF_END_SESSION] = on_end,
	},
	[CAPF_AWAITS_DELETED] = {
		[CAPF_DELETE_RESPONSE] = on_deleted,
		[CAPF_END_SESSION] = on_end,
	},
};

static void
act(const struct turn *t)
{
	const struct capf_message *m = t->m;
	handler *h = m->command <= CAPF_IN_PROGRESS ? table[t->s->state][m->command] : NULL;
	char why[64];

	if (m->session != t->s->number) {
		end_broken(t, "it speaks of another session");
		return;
	}
	if (h != NULL) {
		h(t);
		return;
	}
	snprintf(why, sizeof(why), "%s is not what was asked for", capf_command_name(m->command));
	end_broken(t, why);
}

void
capf_session_take(struct capf_session *s, const struct capf_office *o, struct bytes bytes,
    int64_t now, struct wr *out)
{
	struct capf_message m = { 0 };
	struct turn t = { s, o, &m, now, out };
	struct err e = { 0 };

	if (s->state == CAPF_ENDED)
		return;
	if (capf_decode(bytes, CAPF_FROM_PHONE, &m, &e) != 0)
		end_broken(&t, e.text);
	else
		act(&t);
	mem_wipe(m.password, sizeof(m.password));
}

/* ---- from first to last ---- */

struct capf_session *
capf_session_new(uint32_t number)
{
	struct capf_session *s = mem_new(sizeof(*s));

	*s = (struct capf_session){ .number = number, .outcome = { .reason = NO_REASON } };
	return s;
}

void
capf_session_free(struct capf_session *s)
{
	if (s == NULL)
		return;
	cert_free(s->lsc);
	free(s);
}

void
capf_session_start(struct capf_session *s, int64_t now, struct wr *out)
{
	struct capf_message m = { .command = CAPF_AUTH_REQUEST,
		.session = s->number,
		.has = CAPF_HAS_VERSION | CAPF_HAS_AUTH_TYPE,
		.version = CAPF_VERSION };

	capf_encode(&m, out);
	s->until = now + ANSWER_SECONDS;
}

/* Before the phone proved who it is, its silence says nothing about the phone of that name. */
void
capf_session_gone(struct capf_session *s, const struct capf_office *o, bool timed_out, int64_t now)
{
	struct capf_outcome *outcome = &s->outcome;
	enum order_status status;
	struct err e = { 0 };

	if (s->state == CAPF_ENDED || s->state == CAPF_AWAITS_AUTH)
		return;
	snprintf(outcome->why, sizeof(outcome->why), "%s",
	    timed_out ? "it said nothing more" : "it was gone in the middle of it");
	status = timed_out && s->state == CAPF_AWAITS_KEY ? STATUS_KEY_TIMEOUT : STATUS_PHONE_LOST;
	if (note_failure(s, o->store, status, now, &e) == 0)
		outcome->status = status;
	else
		snprintf(outcome->why, sizeof(outcome->why), "%.200s", e.text);
	s->state = CAPF_ENDED;
}

bool
capf_session_awaits_disk(const struct capf_session *s)
{
	return s->awaits_disk;
}

void
capf_session_flushed(struct capf_session *s, const struct err *why, struct wr *out)
{
	s->awaits_disk = false;
	if (why != NULL)
		end_for_us(&(struct turn){ .s = s, .out = out }, why);
}

bool
capf_session_ended(const struct capf_session *s)
{
	return s->state == CAPF_ENDED;
}

enum capf_state
capf_session_state(const struct capf_session *s)
{
	return s->state;
}

int64_t
capf_session_patience(const struct capf_session *s, int64_t now)
{
	return s->until > now ? s->until - now : 1;
}

const struct capf_outcome *
capf_session_outcome(const struct capf_session *s)
{
	return &s->outcome;
}
