#include "capf/session.h"

#include <stdlib.h>

#include "base/mem.h"
#include "capf/proof.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/device.h"
#include "trust/lsc.h"
#include "trust/waiting.h"

#define PHONE "SEP001122334455"
#define OTHER "SEPAABBCCDDEEFF"

enum { NUMBER = 0x01020304, HOUR = 3600 };

/* A cluster with two phones, and a conversation with one of them. */
struct scene {
	struct store *store;
	struct cert *capf;
	struct key *capf_key;
	struct capf_office office;
	struct capf_session *session;
	struct wr said; /* our last message */
	struct capf_message heard;
	int64_t now;
};

static void
add_phone(struct store *s, const char *name)
{
	struct device d = {
		.model = model_of("7975"), .security = SECURITY_NONE, .added = LAB_NOW
	};
	struct err e = { 0 };

	snprintf(d.name, sizeof(d.name), "%s", name);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
}

static struct scene
scene_new(void)
{
	struct scene s = { .store = lab_founded(RELEASE_12_5), .now = LAB_NOW + HOUR };
	struct err e = { 0 };
	int64_t id;

	add_phone(s.store, PHONE);
	add_phone(s.store, OTHER);
	s.capf = certs_own(s.store, "CAPF", CERTS_CLUSTER, &id, &e);
	s.capf_key = certs_key(s.store, id, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.capf_key);
	s.office = (struct capf_office){ .store = s.store,
		.cert = s.capf,
		.key = s.capf_key,
		.days = 365,
		.key_seconds = 600,
		.key_attempts = 2 };
	return s;
}

static void
scene_free(struct scene *s)
{
	capf_session_free(s->session);
	wr_free(&s->said);
	cert_free(s->capf);
	key_free(s->capf_key);
	store_close(s->store);
}

static void
order_with(struct scene *s, struct order o, const char *string)
{
	struct err e = { 0 };

	snprintf(o.phone, sizeof(o.phone), "%s", PHONE);
	o.rsa_bits = 1024;
	o.ec_bits = 384;
	o.completes_by = s->now + HOUR;
	CU_ASSERT_EQUAL_FATAL(order_schedule(s->store, &o, string, s->now, &e), 0);
}

static void
order(struct scene *s, enum order_operation operation, enum order_auth auth, const char *string)
{
	order_with(s, (struct order){ .operation = operation, .auth = auth }, string);
}

static void
order_keys(struct scene *s, enum order_keys keys)
{
	order_with(s,
	    (struct order){ .operation = ORDER_INSTALL, .auth = ORDER_BY_NULL, .keys = keys },
	    NULL);
}

/* What we said, as the phone reads it. */
static void
hear(struct scene *s)
{
	struct err e = { 0 };

	s->heard = (struct capf_message){ 0 };
	if (s->said.n > 0)
		CU_ASSERT_EQUAL(capf_decode(wr_view(&s->said), CAPF_FROM_SERVER, &s->heard, &e), 0);
}

static void
start(struct scene *s)
{
	capf_session_free(s->session);
	s->session = capf_session_new(NUMBER);
	wr_free(&s->said);
	capf_session_start(s->session, s->now, &s->said);
	hear(s);
}

static void
take(struct scene *s, struct bytes m)
{
	wr_free(&s->said);
	capf_session_take(s->session, &s->office, m, s->now, &s->said);
	hear(s);
}

static void
say(struct scene *s, const struct capf_message *m)
{
	struct wr w = { 0 };

	capf_encode(m, &w);
	take(s, wr_view(&w));
	wr_free(&w);
}

static struct capf_message
auth_as(const char *device)
{
	struct capf_message m = { .command = CAPF_AUTH_RESPONSE,
		.session = NUMBER,
		.has = CAPF_HAS_REASON | CAPF_HAS_VERSION | CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE,
		.reason = CAPF_OK,
		.version = 3 };

	snprintf(m.device, sizeof(m.device), "%s", device);
	return m;
}

static void
say_auth(struct scene *s, const char *device, const char *password)
{
	struct capf_message m = auth_as(device);

	snprintf(m.password, sizeof(m.password), "%s", password);
	say(s, &m);
}

static void
say_word(struct scene *s, unsigned command, int reason)
{
	struct capf_message m = { .command = command, .session = NUMBER };

	if (reason >= 0) {
		m.has = CAPF_HAS_REASON;
		m.reason = (uint8_t)reason;
	}
	say(s, &m);
}

/* lab_key(2). */
static void
say_key(struct scene *s)
{
	struct cert *c = lab_made_by_hand("x", 1, 2);
	struct wr key = { 0 };
	struct capf_message m = {
		.command = CAPF_KEY_RESPONSE, .session = NUMBER, .has = CAPF_HAS_PUBLIC_KEY
	};

	cert_public_key_info(c, &key);
	m.public_key = wr_view(&key);
	say(s, &m);
	cert_free(c);
	wr_free(&key);
}

static void
say_cert(struct scene *s, struct bytes der)
{
	struct capf_message m = { .command = CAPF_FETCH_RESPONSE,
		.session = NUMBER,
		.has = CAPF_HAS_REASON | CAPF_HAS_CERT,
		.reason = CAPF_OK,
		.cert = der };

	say(s, &m);
}

/* The session ended, and the phone was told so. */
static void
ended_with(struct scene *s, int reason)
{
	CU_ASSERT_TRUE(capf_session_ended(s->session));
	CU_ASSERT_EQUAL(s->heard.command, CAPF_END_SESSION);
	CU_ASSERT_EQUAL(s->heard.session, NUMBER);
	if (s->heard.reason != reason)
		fprintf(stderr, "\n    ended with %d: %s\n", s->heard.reason,
		    capf_session_outcome(s->session)->why);
	CU_ASSERT_EQUAL(s->heard.reason, reason);
	CU_ASSERT_EQUAL(capf_session_outcome(s->session)->reason, reason);
}

static struct order
order_now(struct scene *s)
{
	struct order o;
	struct err e = { 0 };

	CU_ASSERT_NOT_EQUAL(order_get(s->store, PHONE, &o, &e), -1);
	return o;
}

static int64_t
leaves(struct scene *s, enum lsc_state state)
{
	struct lsc *all;
	struct err e = { 0 };
	int64_t found = 0;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(lsc_list(s->store, PHONE, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		found += all[i].state == state;
	lsc_list_free(all, n);
	return found;
}

static void
install(struct scene *s)
{
	order(s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(s);
	say_auth(s, PHONE, "");
	say_key(s);
	say_word(s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(s, CAPF_OK);
}

/* ---- the ways that end well ---- */

static void
the_server_speaks_first(void)
{
	struct scene s = scene_new();
	struct wr golden = suite_hex("55 01 01020304 0008 07 0001 03 08 0001 00");

	start(&s);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&s.said), wr_view(&golden)));
	wr_free(&golden);
	scene_free(&s);
}

static void
a_certificate_is_installed(void)
{
	struct scene s = scene_new();
	struct cert *lsc, *held = NULL;
	struct err e = { 0 };

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	CU_ASSERT_EQUAL(s.heard.key_bits, 1024);
	CU_ASSERT_EQUAL(s.heard.key_type, CAPF_KEY_RSA);
	CU_ASSERT_EQUAL(s.heard.has, CAPF_HAS_KEY_BITS | CAPF_HAS_KEY_TYPE);
	for (int i = 0; i < 3; i++) {
		say_word(&s, CAPF_IN_PROGRESS, -1);
		CU_ASSERT_EQUAL(s.said.n, 0);
	}
	say_key(&s);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_STORE_REQUEST);
	CU_ASSERT_EQUAL(s.heard.cert_type, CAPF_LSC);
	lsc = cert_from_der(s.heard.cert, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lsc);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED), 1);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_SUCCESS);
	CU_ASSERT_EQUAL(lsc_held(s.store, PHONE, &held, &e), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(held);
	CU_ASSERT_TRUE(cert_eq(held, lsc));
	cert_free(held);
	cert_free(lsc);
	/* Once. */
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_SUCCESS);
	scene_free(&s);
}

/* A power failure must not make CAPF forget a certificate that a phone was sent. */
static void
a_certificate_waits_for_the_disk(void)
{
	struct scene s = scene_new();
	struct wr w = { 0 };

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_FALSE(capf_session_awaits_disk(s.session));
	say_key(&s);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_STORE_REQUEST);
	CU_ASSERT_TRUE(capf_session_awaits_disk(s.session));
	capf_session_flushed(s.session, NULL, &w);
	CU_ASSERT_EQUAL(w.n, 0);
	CU_ASSERT_FALSE(capf_session_awaits_disk(s.session));
	/* That it was stored the phone knows itself. */
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_FALSE(capf_session_awaits_disk(s.session));
	scene_free(&s);
}

static void
a_certificate_that_did_not_reach_the_disk_is_not_sent(void)
{
	struct scene s = scene_new();
	struct err e = { 0 };

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	err_set(&e, ERR_FAILED, "the disk is gone");
	wr_free(&s.said);
	capf_session_flushed(s.session, &e, &s.said);
	hear(&s);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_FALSE(capf_session_awaits_disk(s.session));
	CU_ASSERT_EQUAL(capf_session_outcome(s.session)->status, STATUS_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(capf_session_outcome(s.session)->why, "the disk is gone"));
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
	scene_free(&s);
}

static void
a_used_string_waits_for_the_disk(void)
{
	struct scene s = scene_new();
	struct wr w = { 0 };

	order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345");
	start(&s);
	say_auth(&s, PHONE, "12345");
	say_key(&s);
	capf_session_flushed(s.session, NULL, &w);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_TRUE(capf_session_awaits_disk(s.session));
	scene_free(&s);
}

static void
a_certificate_is_deleted(void)
{
	struct scene s = scene_new();

	install(&s);
	order(&s, ORDER_DELETE, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_DELETE_REQUEST);
	CU_ASSERT_EQUAL(s.said.n, CAPF_HEADER_BYTES);
	say_word(&s, CAPF_DELETE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 0);
	CU_ASSERT_EQUAL(leaves(&s, LSC_DELETED), 1);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_SUCCESS);
	/* A phone that has none has what was wanted. */
	order(&s, ORDER_DELETE, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_word(&s, CAPF_DELETE_RESPONSE, CAPF_DECLINED);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_NONE);
	scene_free(&s);
}

static void
a_certificate_is_fetched(void)
{
	struct scene s = scene_new();
	struct cert *held = NULL, *shown = NULL;
	struct err e = { 0 };
	int64_t at = 0;

	install(&s);
	CU_ASSERT_EQUAL(lsc_held(s.store, PHONE, &held, &e), 0);
	order(&s, ORDER_TROUBLESHOOT, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_FETCH_REQUEST);
	say_cert(&s, cert_der(held));
	ended_with(&s, CAPF_NOTHING_TO_DO);
	CU_ASSERT_EQUAL(lsc_shown_get(s.store, PHONE, SHOWN_LSC, &shown, &at, &e), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(shown);
	CU_ASSERT_TRUE(cert_eq(shown, held));
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_SUCCESS);
	cert_free(shown);
	cert_free(held);
	order(&s, ORDER_TROUBLESHOOT, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_word(&s, CAPF_FETCH_RESPONSE, CAPF_DECLINED);
	ended_with(&s, CAPF_NOTHING_TO_DO);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_NONE);
	scene_free(&s);
}

static void
another_phones_certificate_is_not_fetched(void)
{
	struct scene s = scene_new();
	struct cert *shown = NULL;
	struct err e = { 0 };
	int64_t at = 0;

	order(&s, ORDER_TROUBLESHOOT, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_cert(&s, cert_der(s.capf));
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_CREDENTIALS);
	CU_ASSERT_EQUAL(lsc_shown_get(s.store, PHONE, SHOWN_MIC, &shown, &at, &e), 0);
	CU_ASSERT_PTR_NULL(shown);
	scene_free(&s);
}

/* ---- who is it ---- */

static void
strangers_are_unknown(void)
{
	static const char *const name[] = { "SEP000000000000", "sep001122334455", "cucm-pub" };
	struct scene s = scene_new();

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		start(&s);
		say_auth(&s, name[i], "");
		ended_with(&s, CAPF_UNKNOWN_DEVICE);
		CU_ASSERT_FALSE(capf_session_outcome(s.session)->known);
	}
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, CAPF_NOTHING_TO_DO);
	scene_free(&s);
}

static void
the_right_string_opens(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345");
	start(&s);
	say_auth(&s, PHONE, "54321");
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_STRING);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, CAPF_DECLINED);
	start(&s);
	say_auth(&s, PHONE, "12345");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	say_key(&s);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_FALSE(order_now(&s).has_string);
	scene_free(&s);
}

static void
ten_wrong_strings_lock_it(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345");
	for (int i = 0; i < ORDER_WRONG_MAX; i++) {
		start(&s);
		say_auth(&s, PHONE, "11111");
		ended_with(&s, CAPF_DECLINED);
	}
	start(&s);
	say_auth(&s, PHONE, "12345");
	ended_with(&s, CAPF_DECLINED);
	s.now += ORDER_LOCK_SECONDS + 1;
	start(&s);
	say_auth(&s, PHONE, "12345");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	scene_free(&s);
}

static void
late_is_late(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	s.now += HOUR + 1;
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, 11);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_LATE);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_NONE);
	scene_free(&s);
}

/* ---- by certificate ---- */

/* What a phone with this certificate and key says. */
static void
say_auth_with(struct scene *s, const struct cert *c, struct key *k, uint32_t session)
{
	struct capf_message m = auth_as(PHONE);
	struct wr data = { 0 }, sha1 = { 0 }, sha512 = { 0 };
	struct wr bound = { 0 }, bound1 = { 0 }, bound512 = { 0 };
	struct err e = { 0 };

	proof_data(PHONE, cert_der(c), &data);
	proof_sudi_data(session, cert_der(c), &bound);
	CU_ASSERT_EQUAL(proof_sign(k, DIGEST_SHA1, wr_view(&data), &sha1, &e), 0);
	CU_ASSERT_EQUAL(proof_sign(k, DIGEST_SHA512, wr_view(&data), &sha512, &e), 0);
	CU_ASSERT_EQUAL(proof_sign(k, DIGEST_SHA1, wr_view(&bound), &bound1, &e), 0);
	CU_ASSERT_EQUAL(proof_sign(k, DIGEST_SHA512, wr_view(&bound), &bound512, &e), 0);
	m.has |= CAPF_HAS_CERT | CAPF_HAS_SIGNED_SHA1 | CAPF_HAS_SIGNED_SHA512 | CAPF_HAS_SUDI;
	m.cert = cert_der(c);
	m.signed_sha1 = wr_view(&sha1);
	m.signed_sha512 = wr_view(&sha512);
	m.sudi = (struct capf_sudi){ cert_der(c), wr_view(&bound1), wr_view(&bound512) };
	say(s, &m);
	wr_free(&data);
	wr_free(&bound);
	wr_free(&sha1);
	wr_free(&sha512);
	wr_free(&bound1);
	wr_free(&bound512);
}

static void
the_lsc_it_holds_proves_who_it_is(void)
{
	struct scene s = scene_new();
	struct cert *held = NULL;
	struct err e = { 0 };

	install(&s);
	CU_ASSERT_EQUAL(lsc_held(s.store, PHONE, &held, &e), 0);
	order(&s, ORDER_INSTALL, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_CREDENTIALS);
	start(&s);
	say_auth_with(&s, held, lab_key(1), NUMBER); /* another key than the certificate's */
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_LSC);
	start(&s);
	say_auth_with(&s, held, lab_key(2), NUMBER + 1); /* made for another session */
	ended_with(&s, CAPF_DECLINED);
	start(&s);
	say_auth_with(&s, held, lab_key(2), NUMBER);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	say_key(&s);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	/* The one it had is of no use any more. */
	order(&s, ORDER_DELETE, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth_with(&s, held, lab_key(2), NUMBER);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_LSC);
	cert_free(held);
	scene_free(&s);
}

static void
a_mic_does_once_its_issuer_is_trusted(void)
{
	struct scene s = scene_new();
	struct cert *root = lab_root("Manufacturing CA", 3);
	struct cert *mic = lab_issued(&(struct lab_issue){ .cn = "CP-7975-" PHONE,
	    .issuer = "Manufacturing CA",
	    .key = 1,
	    .issuer_key = 3,
	    .host = true });
	struct err e = { 0 };
	bool added;

	order(&s, ORDER_INSTALL, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth_with(&s, mic, lab_key(1), NUMBER);
	ended_with(&s, CAPF_DECLINED); /* its issuer is not in CAPF-trust */
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_MIC);
	CU_ASSERT_EQUAL(certs_trust(s.store, lab_kind("CAPF-trust"), root, s.now, &added, &e), 0);
	start(&s);
	say_auth_with(&s, mic, lab_key(1), NUMBER);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	/* One that lost its LSC, whatever our account says, has its MIC. */
	install(&s);
	order(&s, ORDER_INSTALL, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth_with(&s, mic, lab_key(1), NUMBER);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	order(&s, ORDER_DELETE, ORDER_BY_MIC, NULL);
	start(&s);
	say_auth_with(&s, mic, lab_key(1), NUMBER);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_DELETE_REQUEST);
	cert_free(root);
	cert_free(mic);
	scene_free(&s);
}

/* ---- keys ---- */

static void
phones_of_version_2_get_rsa(void)
{
	struct scene s = scene_new();
	struct capf_message m = auth_as(PHONE);

	m.version = 2;
	m.has &= ~(unsigned)CAPF_HAS_PASSWORD;
	order_keys(&s, ORDER_EC);
	start(&s);
	say(&s, &m);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_NO_EC);
	order_keys(&s, ORDER_EC_THEN_RSA);
	start(&s);
	say(&s, &m);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	CU_ASSERT_EQUAL(s.heard.key_type, CAPF_KEY_RSA);
	scene_free(&s);
}

static void
ec_gives_way_to_rsa(void)
{
	struct scene s = scene_new();

	order_keys(&s, ORDER_EC_THEN_RSA);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.key_type, CAPF_KEY_EC);
	CU_ASSERT_EQUAL(s.heard.curve, CAPF_P384);
	CU_ASSERT_EQUAL(s.heard.has, CAPF_HAS_KEY_TYPE | CAPF_HAS_CURVE);
	say_word(&s, CAPF_KEY_RESPONSE, CAPF_DECLINED);
	CU_ASSERT_EQUAL(s.heard.key_type, CAPF_KEY_RSA);
	say_word(&s, CAPF_KEY_RESPONSE, CAPF_DECLINED);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	say_word(&s, CAPF_KEY_RESPONSE, CAPF_DECLINED);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_KEY_FAILED);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
	scene_free(&s);
}

static void
another_key_than_ordered_is_refused(void)
{
	struct scene s = scene_new();

	order_keys(&s, ORDER_EC);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_KEY_FAILED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED), 0);
	scene_free(&s);
}

static void
a_key_may_take_its_time_but_not_forever(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	CU_ASSERT_EQUAL(capf_session_patience(s.session, s.now), 60);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(capf_session_patience(s.session, s.now), 600);
	s.now += 599;
	say_word(&s, CAPF_IN_PROGRESS, -1);
	CU_ASSERT_FALSE(capf_session_ended(s.session));
	CU_ASSERT_EQUAL(capf_session_patience(s.session, s.now), 1);
	s.now += 1;
	say_word(&s, CAPF_IN_PROGRESS, -1);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_KEY_TIMEOUT);
	scene_free(&s);
}

static void
a_withdrawn_order_issues_nothing(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	order(&s, ORDER_NONE, ORDER_BY_NULL, NULL);
	say_key(&s);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED), 0);
	scene_free(&s);
}

/* ---- phones that vanish, or say no ---- */

static void
a_phone_that_vanishes_can_come_again(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	capf_session_gone(s.session, &s.office, false, s.now);
	CU_ASSERT_TRUE(capf_session_ended(s.session));
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PHONE_LOST);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED), 1);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED), 1);
	CU_ASSERT_EQUAL(leaves(&s, LSC_LOST), 1);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 1);
	scene_free(&s);
}

static void
silence_has_its_words(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	capf_session_gone(s.session, &s.office, true, s.now);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING); /* nobody said whose it was */
	start(&s);
	say_auth(&s, PHONE, "");
	capf_session_gone(s.session, &s.office, true, s.now);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_KEY_TIMEOUT);
	start(&s);
	say_auth(&s, PHONE, "");
	say_word(&s, CAPF_END_SESSION, CAPF_DECLINED);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_KEY_FAILED);
	scene_free(&s);
}

static void
a_phone_that_does_not_store_keeps_its_order(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_DECLINED);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_FAILED);
	CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 0);
	scene_free(&s);
}

/* ---- who proved himself for one order settles no other ---- */

/* A conversation beside that of the scene, at the point where the phone has its certificate. */
static struct capf_session *
stranger_waits(struct scene *s)
{
	struct capf_session *his;

	order(s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(s);
	say_auth(s, PHONE, "");
	say_key(s);
	CU_ASSERT_EQUAL(s->heard.command, CAPF_STORE_REQUEST);
	his = s->session;
	s->session = NULL;
	return his;
}

static void
speak_for(struct scene *s, struct capf_session *his)
{
	capf_session_free(s->session);
	s->session = his;
}

static void
what_was_issued_for_another_order_is_not_held(void)
{
	struct scene s = scene_new();
	struct capf_session *his = stranger_waits(&s);

	order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345"); /* within the same second */
	speak_for(&s, his);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 0);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING);
	CU_ASSERT_TRUE(order_now(&s).has_string);
	scene_free(&s);
}

static void
a_refusal_or_a_silence_fails_no_other_order(void)
{
	struct scene s = scene_new();
	struct capf_session *his = stranger_waits(&s);

	order(&s, ORDER_DELETE, ORDER_BY_NULL, NULL);
	speak_for(&s, his);
	capf_session_gone(s.session, &s.office, false, s.now);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING);
	his = stranger_waits(&s);
	order(&s, ORDER_DELETE, ORDER_BY_NULL, NULL);
	speak_for(&s, his);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_DECLINED);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING);
	scene_free(&s);
}

static void
an_old_answer_deletes_and_shows_nothing(void)
{
	struct scene s = scene_new();
	enum order_operation operation[] = { ORDER_DELETE, ORDER_TROUBLESHOOT };
	enum capf_command answer[] = { CAPF_DELETE_RESPONSE, CAPF_FETCH_RESPONSE };

	for (int i = 0; i < 2; i++) {
		struct capf_session *his;

		order(&s, operation[i], ORDER_BY_NULL, NULL);
		start(&s);
		say_auth(&s, PHONE, "");
		his = s.session;
		s.session = NULL;
		install(&s);
		order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345");
		speak_for(&s, his);
		say_word(&s, answer[i], CAPF_DECLINED);
		ended_with(&s, CAPF_DECLINED);
		CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 1);
		CU_ASSERT_EQUAL(order_now(&s).operation, ORDER_INSTALL);
		CU_ASSERT_EQUAL(order_now(&s).status, STATUS_PENDING);
	}
	scene_free(&s);
}

static void
one_string_is_one_certificate(void)
{
	struct scene s = scene_new();
	struct capf_session *first;

	order(&s, ORDER_INSTALL, ORDER_BY_STRING, "12345");
	start(&s);
	say_auth(&s, PHONE, "12345");
	say_key(&s);
	first = s.session;
	s.session = NULL;
	start(&s);
	say_auth(&s, PHONE, "12345");
	say_key(&s);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	speak_for(&s, first);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 1);
	CU_ASSERT_EQUAL(leaves(&s, LSC_REPLACED), 1);
	scene_free(&s);
}

static void
what_was_never_stored_proves_nothing_later(void)
{
	struct scene s = scene_new();
	struct cert *stolen;
	struct err e = { 0 };

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	stolen = cert_from_der(s.heard.cert, &e);
	capf_session_gone(s.session, &s.office, false, s.now);
	/* Until the phone has another it may be the phone's: the answer got lost. */
	order(&s, ORDER_INSTALL, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth_with(&s, stolen, lab_key(2), NUMBER);
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	install(&s);
	order(&s, ORDER_INSTALL, ORDER_BY_LSC, NULL);
	start(&s);
	say_auth_with(&s, stolen, lab_key(2), NUMBER);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_INVALID_LSC);
	cert_free(stolen);
	scene_free(&s);
}

static void
a_phone_deleted_meanwhile_gets_nothing(void)
{
	struct scene s = scene_new();
	struct capf_session *his = stranger_waits(&s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(device_delete(s.store, PHONE, &e), 0);
	add_phone(s.store, PHONE);
	speak_for(&s, his);
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 0);
	scene_free(&s);
}

static void
what_nobody_stores_is_not_issued_for_ever(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	for (int i = 0; i < 10; i++) {
		start(&s);
		say_auth(&s, PHONE, "");
		say_key(&s);
		CU_ASSERT_EQUAL(s.heard.command, CAPF_STORE_REQUEST);
		capf_session_gone(s.session, &s.office, false, s.now);
	}
	start(&s);
	say_auth(&s, PHONE, "");
	say_key(&s);
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(leaves(&s, LSC_ISSUED) + leaves(&s, LSC_LOST), 10);
	s.now++;
	install(&s);
	scene_free(&s);
}

/* ---- an issuer elsewhere ---- */

static void
an_issuer_elsewhere_is_waited_for(void)
{
	struct scene s = scene_new();
	struct cert *signed_elsewhere = lab_issued(&(struct lab_issue){ .cn = "CP-7975-" PHONE,
	    .issuer = "Offline CA",
	    .key = 2,
	    .issuer_key = 3,
	    .host = true });
	char phone[DEVICE_NAME_MAX];
	struct err e = { 0 };

	s.office.offline_ca = true;
	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_KEY_REQUEST);
	say_key(&s);
	ended_with(&s, CAPF_NOTHING_TO_DO);
	CU_ASSERT_EQUAL(order_now(&s).status, STATUS_WAITS_FOR_CA);
	start(&s);
	say_auth(&s, PHONE, "");
	ended_with(&s, CAPF_NOTHING_TO_DO);
	CU_ASSERT_EQUAL(waiting_signed(s.store, signed_elsewhere, phone, &e), 0);
	CU_ASSERT_STRING_EQUAL(phone, PHONE);
	start(&s);
	say_auth(&s, PHONE, "");
	CU_ASSERT_EQUAL(s.heard.command, CAPF_STORE_REQUEST);
	CU_ASSERT_TRUE(bytes_eq(s.heard.cert, cert_der(signed_elsewhere)));
	say_word(&s, CAPF_STORE_RESPONSE, CAPF_OK);
	ended_with(&s, CAPF_OK);
	CU_ASSERT_EQUAL(leaves(&s, LSC_HELD), 1);
	CU_ASSERT_EQUAL(lab_int(s.store, "SELECT count(*) FROM lsc_request"), 0);
	cert_free(signed_elsewhere);
	scene_free(&s);
}

/* ---- what does not belong there ---- */

/* Brings a new session to a state. */
static void
reach(struct scene *s, enum capf_state state)
{
	s->now++; /* another order: of those of one second only so many are issued */
	order(s,
	    state == CAPF_AWAITS_DELETED   ? ORDER_DELETE
	    : state == CAPF_AWAITS_FETCHED ? ORDER_TROUBLESHOOT
					   : ORDER_INSTALL,
	    ORDER_BY_NULL, NULL);
	start(s);
	if (state != CAPF_AWAITS_AUTH)
		say_auth(s, PHONE, "");
	if (state == CAPF_AWAITS_STORED)
		say_key(s);
	CU_ASSERT_EQUAL(capf_session_state(s->session), state);
}

/* All that a session could have changed. */
static int64_t
fingerprint(struct scene *s)
{
	return lab_int(s->store,
	    "SELECT generation.number * 1000000 + operation * 10000 + status * 100 + wrong "
	    "+ length(string) * 7919 + (capf_order.number % 1000003) "
	    "+ (SELECT 7 * coalesce(sum(id * state), 0) FROM lsc) "
	    "+ (SELECT 104729 * count(*) FROM phone_cert) "
	    "+ (SELECT 1299709 * count(*) FROM lsc_request) FROM capf_order, generation");
}

static void
ends_and_changes_nothing(struct scene *s, enum capf_state state, struct bytes m, const char *what)
{
	int64_t before;

	reach(s, state);
	before = fingerprint(s);
	take(s, m);
	if (s->heard.command != CAPF_END_SESSION || s->heard.reason != CAPF_DECLINED)
		fprintf(stderr, "\n    state %d, %s\n", state, what);
	ended_with(s, CAPF_DECLINED);
	CU_ASSERT_EQUAL(fingerprint(s), before);
	take(s, m);
	CU_ASSERT_EQUAL(s->said.n, 0); /* nothing more is said */
}

struct wrong {
	const char *what, *hex;
	unsigned fits; /* the state in which it is no mistake, as a bit */
};

#define IN(state) (1u << (state))

static const struct wrong wrong[] = {
	{ "nothing", "", 0 },
	{ "half a header", "55 02 010203", 0 },
	{ "another protocol", "56 02 01020304 0000", 0 },
	{ "TVS", "57 01 03 00 00000000 0000", 0 },
	{ "a length that is too long", "55 0a 01020304 0005 01 0001 01", 0 },
	{ "a length that is too short", "55 0a 01020304 0003 01 0001 01", 0 },
	{ "an element that does not fit", "55 0a 01020304 0004 01 0002 01", 0 },
	{ "command 0", "55 00 01020304 0000", 0 },
	{ "command 255", "55 ff 01020304 0000", 0 },
	{ "ENCRYPT", "55 05 01020304 0000", 0 },
	{ "what only we say", "55 01 01020304 0004 07 0001 03", 0 },
	{ "our KEY_REQUEST", "55 03 01020304 0005 0a 0002 0800", 0 },
	{ "RETRY_LATER", "55 10 01020304 0000", 0 },
	{ "AUTH_RESPONSE of version 1",
	    "55 02 01020304 0017 01 0001 01 07 0001 01 0d 000c "
	    "534550303031313232333334 00",
	    0 },
	{ "AUTH_RESPONSE without a version",
	    "55 02 01020304 0013 0d 0010 53455030303131323233333434353500", 0 },
	{ "AUTH_RESPONSE without a name", "55 02 01020304 0008 01 0001 01 07 0001 03", 0 },
	{ "AUTH_RESPONSE with a key type", "55 02 01020304 000c 01 0001 01 07 0001 03 11 0001 00",
	    0 },
	{ "another session's IN_PROGRESS", "55 11 01020305 0000", 0 },
	{ "the session's number backwards", "55 11 04030201 0000", 0 },
	{ "IN_PROGRESS", "55 11 01020304 0000", IN(CAPF_AWAITS_KEY) },
	{ "KEY_RESPONSE without a key", "55 04 01020304 0000", 0 },
	{ "KEY_RESPONSE with an empty reason", "55 04 01020304 0003 01 0000", 0 },
	{ "STORE_RESPONSE without a reason", "55 0a 01020304 0000", 0 },
	{ "STORE_RESPONSE with reason 0", "55 0a 01020304 0004 01 0001 00", 0 },
	{ "FETCH_RESPONSE without a reason", "55 0c 01020304 0000", 0 },
	{ "FETCH_RESPONSE with reason 9", "55 0c 01020304 0004 01 0001 09", 0 },
	{ "FETCH_RESPONSE that forgot the certificate", "55 0c 01020304 0004 01 0001 01", 0 },
	{ "FETCH_RESPONSE that says no, with one",
	    "55 0c 01020304 000d 01 0001 07 04 0006 01 0003 00 01 30", 0 },
	{ "DELETE_RESPONSE without a reason", "55 0e 01020304 0000", 0 },
	{ "DELETE_RESPONSE with reason 0", "55 0e 01020304 0004 01 0001 00", 0 },
	{ "STORE_RESPONSE", "55 0a 01020304 0004 01 0001 01", IN(CAPF_AWAITS_STORED) },
	{ "FETCH_RESPONSE", "55 0c 01020304 0004 01 0001 07", IN(CAPF_AWAITS_FETCHED) },
	{ "DELETE_RESPONSE", "55 0e 01020304 0004 01 0001 01", IN(CAPF_AWAITS_DELETED) },
};

static void
what_does_not_belong_ends_the_session(void)
{
	struct scene s = scene_new();

	for (enum capf_state state = CAPF_AWAITS_AUTH; state < CAPF_ENDED; state++) {
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			struct wr m = suite_hex(wrong[i].hex);

			if (!(wrong[i].fits & IN(state)))
				ends_and_changes_nothing(&s, state, wr_view(&m), wrong[i].what);
			wr_free(&m);
		}
	}
	scene_free(&s);
}

static void
an_answer_comes_once(void)
{
	struct scene s = scene_new();

	order(&s, ORDER_INSTALL, ORDER_BY_NULL, NULL);
	start(&s);
	say_auth(&s, PHONE, "");
	say_auth(&s, OTHER, "");
	ended_with(&s, CAPF_DECLINED);
	CU_ASSERT_STRING_EQUAL(capf_session_outcome(s.session)->device, PHONE);
	scene_free(&s);
}

static const struct suite_test tests[] = {
	{ "the server speaks first", the_server_speaks_first },
	{ "a certificate is installed", a_certificate_is_installed },
	{ "a certificate waits for the disk", a_certificate_waits_for_the_disk },
	{ "a certificate that did not reach the disk is not sent",
	    a_certificate_that_did_not_reach_the_disk_is_not_sent },
	{ "a used string waits for the disk", a_used_string_waits_for_the_disk },
	{ "a certificate is deleted", a_certificate_is_deleted },
	{ "a certificate is fetched", a_certificate_is_fetched },
	{ "another phone's certificate is not fetched", another_phones_certificate_is_not_fetched },
	{ "strangers are unknown", strangers_are_unknown },
	{ "the right string opens", the_right_string_opens },
	{ "ten wrong strings lock it", ten_wrong_strings_lock_it },
	{ "late is late", late_is_late },
	{ "the LSC it holds proves who it is", the_lsc_it_holds_proves_who_it_is },
	{ "a MIC does once its issuer is trusted", a_mic_does_once_its_issuer_is_trusted },
	{ "phones of version 2 get RSA", phones_of_version_2_get_rsa },
	{ "EC gives way to RSA", ec_gives_way_to_rsa },
	{ "another key than ordered is refused", another_key_than_ordered_is_refused },
	{ "a key may take its time, but not forever", a_key_may_take_its_time_but_not_forever },
	{ "a withdrawn order issues nothing", a_withdrawn_order_issues_nothing },
	{ "a phone that vanishes can come again", a_phone_that_vanishes_can_come_again },
	{ "silence has its words", silence_has_its_words },
	{ "a phone that does not store keeps its order",
	    a_phone_that_does_not_store_keeps_its_order },
	{ "what was issued for another order is not held",
	    what_was_issued_for_another_order_is_not_held },
	{ "a refusal or a silence fails no other order",
	    a_refusal_or_a_silence_fails_no_other_order },
	{ "an old answer deletes and shows nothing", an_old_answer_deletes_and_shows_nothing },
	{ "one string is one certificate", one_string_is_one_certificate },
	{ "what was never stored proves nothing later",
	    what_was_never_stored_proves_nothing_later },
	{ "a phone deleted meanwhile gets nothing", a_phone_deleted_meanwhile_gets_nothing },
	{ "what nobody stores is not issued for ever", what_nobody_stores_is_not_issued_for_ever },
	{ "an issuer elsewhere is waited for", an_issuer_elsewhere_is_waited_for },
	{ "what does not belong ends the session", what_does_not_belong_ends_the_session },
	{ "an answer comes once", an_answer_comes_once },
};

SUITE_MAIN("session", tests)
