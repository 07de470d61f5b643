#include "capf/vouch.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "capf/proof.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/model.h"

#define DEVICE "SEP001122334455"
#define CN     "CP-8861-" DEVICE

enum { DAY = 86400, SESSION = 0x01020304 };

/* Whose keys these are. */
enum { PHONE, CAPF, MAKER, OTHER };

/* A certificate to be made.  Where nothing is said: a phone's, valid for a day before LAB_NOW and a
 * day after. */
struct how {
	const char *cn, *issuer;
	EVP_PKEY *key;	   /* NULL: lab_key(PHONE) */
	unsigned by;	   /* lab_key() that signs */
	int64_t from, to;  /* from LAB_NOW; both 0: a day each */
	const char *basic; /* constraints and usage, as OpenSSL spells them; NULL: none */
	const char *usage;
	const EVP_MD *md; /* NULL: SHA-256 */
};

static void
name_it(X509_NAME *name, const char *cn)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
}

static void
extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = value == NULL ? NULL : X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (value != NULL && (ext == NULL || X509_add_ext(x, ext, -1) != 1))
		abort();
	X509_EXTENSION_free(ext);
}

static struct cert *
make(struct how h)
{
	bool usual = h.from == 0 && h.to == 0;
	X509 *x = X509_new();
	unsigned char *der = NULL;
	struct cert *c;
	int n;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set_int64(X509_get_serialNumber(x), 1);
	name_it(X509_get_subject_name(x), h.cn);
	name_it(X509_get_issuer_name(x), h.issuer);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(LAB_NOW + (usual ? -DAY : h.from)));
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(LAB_NOW + (usual ? DAY : h.to)));
	X509_set_pubkey(x, h.key != NULL ? h.key : key_handle(lab_key(PHONE)));
	extend(x, NID_basic_constraints, h.basic);
	extend(x, NID_key_usage, h.usage);
	if (X509_sign(x, key_handle(lab_key(h.by)), h.md != NULL ? h.md : EVP_sha256()) == 0)
		abort();
	n = i2d_X509(x, &der);
	c = cert_from_der(bytes_over(der, (size_t)n), NULL);
	if (c == NULL)
		abort();
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

/* Somebody who signs certificates: by himself, or by whoever has that key and name. */
static struct cert *
make_ca(const char *cn, unsigned key, const char *issuer, unsigned by)
{
	return make((struct how){ .cn = cn,
	    .issuer = issuer,
	    .key = key_handle(lab_key(key)),
	    .by = by,
	    .basic = "critical,CA:TRUE",
	    .usage = "keyCertSign" });
}

static struct cert *
make_capf(void)
{
	return make_ca("CAPF-1", CAPF, "CAPF-1", CAPF);
}

static struct cert *
make_maker(void)
{
	return make_ca("Cisco Manufacturing CA", MAKER, "Cisco Root CA", OTHER);
}

static struct cert *
make_lsc(const char *cn)
{
	return make((struct how){ .cn = cn, .issuer = "CAPF-1", .by = CAPF });
}

static struct cert *
make_mic(int64_t from, int64_t to)
{
	return make((struct how){
	    .cn = CN, .issuer = "Cisco Manufacturing CA", .by = MAKER, .from = from, .to = to });
}

/* A phone that shows a certificate, what it signs, and what it is held against.  Where nothing is
 * said all is as it should be. */
struct scene {
	const struct cert *shown;
	const struct cert *trusted[3]; /* up to the first NULL */
	const char *device;
	const char *signs_as;  /* NULL: device */
	const struct key *key; /* NULL: lab_key(PHONE) */
	const struct key *key512;
	unsigned without; /* enum capf_has */
	bool sudi, own, expired_mics;
	uint32_t sudi_session;	      /* 0: SESSION */
	const struct cert *sudi_cert; /* NULL: shown */
	const struct key *sudi_key;   /* of its second signature */
	int64_t now;		      /* from LAB_NOW */
};

struct verdict {
	int rc;
	enum vouch_kind kind;
	bool expired;
	struct err e;
};

static const struct key *
or_phones(const struct key *k)
{
	return k != NULL ? k : lab_key(PHONE);
}

static void
sign(const struct key *k, enum digest digest, const struct wr *data, struct wr *out)
{
	struct err e;

	if (proof_sign(or_phones(k), digest, wr_view(data), out, &e) != 0)
		abort();
}

/* What a message borrows. */
struct parts {
	struct wr data, sudi_data, sha1, sha512, sudi1, sudi512;
};

static void
sign_all(const struct scene *s, const struct cert *sudi_cert, struct parts *p)
{
	proof_data(s->signs_as != NULL ? s->signs_as : s->device, cert_der(s->shown), &p->data);
	proof_sudi_data(
	    s->sudi_session != 0 ? s->sudi_session : SESSION, cert_der(sudi_cert), &p->sudi_data);
	sign(s->key, DIGEST_SHA1, &p->data, &p->sha1);
	sign(s->key512 != NULL ? s->key512 : s->key, DIGEST_SHA512, &p->data, &p->sha512);
	sign(s->key, DIGEST_SHA1, &p->sudi_data, &p->sudi1);
	sign(s->sudi_key != NULL ? s->sudi_key : s->key, DIGEST_SHA512, &p->sudi_data, &p->sudi512);
}

static void
free_all(struct parts *p)
{
	wr_free(&p->data);
	wr_free(&p->sudi_data);
	wr_free(&p->sha1);
	wr_free(&p->sha512);
	wr_free(&p->sudi1);
	wr_free(&p->sudi512);
}

static struct verdict
check(const struct scene *s, const struct capf_message *m)
{
	struct vouch_facts f = {
		.trusted = s->trusted, .expired_mics = s->expired_mics, .now = LAB_NOW + s->now
	};
	struct verdict v = { .kind = (enum vouch_kind)99, .expired = true };
	struct cert *shown = (struct cert *)&v;

	while (f.n < 3 && s->trusted[f.n] != NULL)
		f.n++;
	v.rc = vouch_check(&f, m, s->own, &shown, &v.kind, &v.expired, &v.e);
	CU_ASSERT((v.rc == 0) == (shown != NULL));
	CU_ASSERT(v.rc == 0 || v.e.code == ERR_NO);
	CU_ASSERT(v.rc == 0 || !v.expired);
	if (v.rc == 0)
		CU_ASSERT(cert_eq(shown, s->shown));
	cert_free(shown);
	return v;
}

static struct verdict
vouch(const struct scene *s)
{
	const struct cert *sudi_cert = s->sudi_cert != NULL ? s->sudi_cert : s->shown;
	struct capf_message m = { .command = CAPF_AUTH_RESPONSE, .session = SESSION };
	struct parts p = { 0 };
	struct verdict v;

	sign_all(s, sudi_cert, &p);
	m.has = CAPF_HAS_DEVICE | CAPF_HAS_CERT | CAPF_HAS_SIGNED_SHA1 | CAPF_HAS_SIGNED_SHA512 |
		(s->sudi ? CAPF_HAS_SUDI : 0);
	m.has &= ~s->without;
	snprintf(m.device, sizeof(m.device), "%s", s->device);
	m.cert = cert_der(s->shown);
	m.signed_sha1 = wr_view(&p.sha1);
	m.signed_sha512 = wr_view(&p.sha512);
	m.sudi.cert = cert_der(sudi_cert);
	m.sudi.signed_sha1 = wr_view(&p.sudi1);
	m.sudi.signed_sha512 = wr_view(&p.sudi512);
	v = check(s, &m);
	free_all(&p);
	return v;
}

static bool
is_accepted(const struct scene *s, enum vouch_kind kind, bool expired)
{
	struct verdict v = vouch(s);

	if (v.rc != 0)
		fprintf(stderr, "\n    said: %s\n", v.e.text);
	return v.rc == 0 && v.kind == kind && v.expired == expired;
}

static bool
is_refused(const struct scene *s, const char *words)
{
	struct verdict v = vouch(s);
	bool is = v.rc == -1 && strstr(v.e.text, words) != NULL;

	if (!is)
		fprintf(stderr, "\n    said: %s\n", v.rc == 0 ? "yes" : v.e.text);
	return is;
}

static void
an_lsc_is_known_by_its_issuer(void)
{
	struct cert *capf = make_capf(), *lsc = make_lsc(CN), *plain = make_lsc(DEVICE);
	struct scene s = { .shown = lsc, .trusted = { capf }, .device = DEVICE };

	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.sudi = true;
	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.shown = plain;
	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	cert_free(plain);
	cert_free(lsc);
	cert_free(capf);
}

static void
an_lsc_by_an_external_issuer_is_known_by_our_account(void)
{
	struct cert *ca = make_maker(), *c = make_mic(0, 0);
	struct scene s = { .shown = c, .trusted = { ca }, .device = DEVICE };

	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.own = true;
	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	cert_free(c);
	cert_free(ca);
}

/* CAPF-trust holds what an administrator put there: the CA above may be missing, or have run out
 * long ago, and says nothing about the one that is there. */
static void
an_issuer_is_trusted_by_itself(void)
{
	struct cert *maker = make_maker(), *mic = make_mic(0, 0);
	struct cert *root = make_ca("Cisco Root CA", OTHER, "Cisco Root CA", OTHER);
	struct cert *old_root = make((struct how){ .cn = "Cisco Root CA",
	    .issuer = "Cisco Root CA",
	    .key = key_handle(lab_key(OTHER)),
	    .by = OTHER,
	    .from = -9 * DAY,
	    .to = -DAY,
	    .basic = "critical,CA:TRUE" });
	struct scene s = { .shown = mic, .trusted = { maker }, .device = DEVICE };

	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.trusted[0] = root;
	s.trusted[1] = maker;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.trusted[0] = old_root;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.trusted[1] = NULL;
	CU_ASSERT(is_refused(&s, "nor by anybody in CAPF-trust"));
	cert_free(old_root);
	cert_free(root);
	cert_free(mic);
	cert_free(maker);
}

/* capfd takes another phone's. */
static void
the_certificate_must_be_that_phones(void)
{
	static const char *const others[] = { "CP-8861-SEP001122334456", "CP-8861SEP001122334455",
		"CP-8861-SEP001122334455 ", "CP-8861-sep001122334455", "SEP001122334455-1", "-",
		"CP-8861-" };
	struct cert *capf = make_capf();
	struct scene s = { .trusted = { capf }, .device = DEVICE };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct cert *c = make_lsc(others[i]);

		s.shown = c;
		CU_ASSERT(is_refused(&s, "is not the certificate of " DEVICE));
		CU_ASSERT(!device_name_in(cert_common_name(c), DEVICE));
		cert_free(c);
	}
	cert_free(capf);
}

static void
a_ca_is_no_phone(void)
{
	struct cert *capf = make_capf(), *below = make_ca(CN, PHONE, "CAPF-1", CAPF);
	struct scene s = { .shown = below, .trusted = { capf }, .device = DEVICE };

	CU_ASSERT(is_refused(&s, "is a CA"));
	cert_free(below);
	cert_free(capf);
}

/* capfd takes its own certificate from whoever has its key. */
static void
who_signs_certificates_is_no_phone(void)
{
	struct cert *capf = make_ca(CN, CAPF, CN, CAPF);
	struct cert *host = make_lsc(CN); /* trusted, and no CA */
	struct scene s = {
		.shown = capf, .trusted = { capf }, .device = DEVICE, .key = lab_key(CAPF)
	};

	CU_ASSERT(is_refused(&s, "not a phone's"));
	s = (struct scene){ .shown = host, .trusted = { host }, .device = DEVICE };
	CU_ASSERT(is_refused(&s, "not a phone's"));
	cert_free(host);
	cert_free(capf);
}

static void
an_lsc_that_ran_out_is_refused(void)
{
	struct cert *capf = make_capf();
	struct cert *lsc =
	    make((struct how){ .cn = CN, .issuer = "CAPF-1", .by = CAPF, .from = -100, .to = 100 });
	struct scene s = {
		.shown = lsc, .trusted = { capf }, .device = DEVICE, .expired_mics = true
	};

	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.now = 99;
	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.now = 101;
	CU_ASSERT(is_refused(&s, "expired"));
	s.now = -100;
	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.now = -101;
	CU_ASSERT(is_refused(&s, "not yet valid"));
	s.now = 2 * DAY; /* and so has CAPF */
	CU_ASSERT(is_refused(&s, "expired"));
	CU_ASSERT_EQUAL(vouch(&s).kind, VOUCH_LSC);
	cert_free(lsc);
	cert_free(capf);
}

static void
a_mic_that_ran_out_may_be_accepted(void)
{
	struct cert *maker = make_maker(), *mic = make_mic(-100, 100);
	struct scene s = { .shown = mic, .trusted = { maker }, .device = DEVICE, .now = 99 };

	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.now = 101;
	CU_ASSERT(is_refused(&s, "expired"));
	CU_ASSERT_EQUAL(vouch(&s).kind, VOUCH_MIC);
	s.expired_mics = true;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, true));
	s.now = 9999L * DAY;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, true));
	s.now = 99;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
	s.now = -101;
	CU_ASSERT(is_refused(&s, "not yet valid"));
	s.now = 101;
	s.own = true; /* then it is an LSC */
	CU_ASSERT(is_refused(&s, "expired"));
	cert_free(mic);
	cert_free(maker);
}

static void
the_ca_of_a_mic_may_have_run_out_too(void)
{
	struct cert *maker = make_maker(), *mic = make_mic(-100, 30L * DAY);
	struct cert *after = make_mic(2 * DAY, 30L * DAY);
	struct scene s = { .shown = mic, .trusted = { maker }, .device = DEVICE, .now = 3 * DAY };

	CU_ASSERT(is_refused(&s, "Cisco Manufacturing CA: certificate has expired"));
	s.expired_mics = true;
	CU_ASSERT(is_accepted(&s, VOUCH_MIC, true));
	s.shown = after; /* it signed when it could not any more */
	CU_ASSERT(is_refused(&s, "not yet valid"));
	cert_free(after);
	cert_free(mic);
	cert_free(maker);
}

static void
only_those_who_are_trusted_can_have_signed_it(void)
{
	struct cert *capf = make_capf(), *maker = make_maker();
	struct cert *by_other = make((struct how){ .cn = CN, .issuer = "CAPF-1", .by = OTHER });
	struct cert *self = make((struct how){ .cn = CN, .issuer = CN, .by = PHONE });
	struct scene s = { .shown = by_other, .trusted = { capf, maker }, .device = DEVICE };

	CU_ASSERT(is_refused(&s, "not signed by CAPF"));
	s.shown = self;
	CU_ASSERT(is_refused(&s, "not signed by CAPF"));
	s.trusted[0] = NULL;
	CU_ASSERT(is_refused(&s, "not signed by CAPF"));
	cert_free(self);
	cert_free(by_other);
	cert_free(maker);
	cert_free(capf);
}

/* A phone's LSC in CAPF-trust by mistake must not make CAs of phones. */
static void
the_issuer_must_be_a_ca(void)
{
	static const struct how hows[] = {
		{ "CAPF-1", "CAPF-1", NULL, CAPF, 0, 0, NULL, NULL, NULL },
		{ "CAPF-1", "CAPF-1", NULL, CAPF, 0, 0, "critical,CA:FALSE", NULL, NULL },
		{ "CAPF-1", "CAPF-1", NULL, CAPF, 0, 0, "CA:TRUE", "digitalSignature", NULL },
		{ "CAPF-1", "CAPF-2", NULL, OTHER, 0, 0, NULL, NULL, NULL },
		{ "CAPF-1", "CAPF-2", NULL, OTHER, 0, 0, "CA:FALSE", "digitalSignature", NULL },
	};
	struct cert *lsc = make_lsc(CN);

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		struct how h = hows[i];
		struct cert *ca;

		h.key = key_handle(lab_key(CAPF));
		ca = make(h);
		CU_ASSERT(is_refused(
		    &(struct scene){ .shown = lsc, .trusted = { ca }, .device = DEVICE }, ""));
		cert_free(ca);
	}
	cert_free(lsc);
}

/* CAPF was regenerated, and kept its name; the one before is in CAPF-trust. */
static void
of_two_issuers_of_one_name_the_signer_counts(void)
{
	struct cert *now = make_ca("CAPF-1", OTHER, "CAPF-1", OTHER), *before = make_capf();
	struct cert *lsc = make_lsc(CN);
	struct scene s = { .shown = lsc, .trusted = { now, before }, .device = DEVICE };

	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.trusted[1] = NULL;
	CU_ASSERT(is_refused(&s, "not signed by CAPF"));
	cert_free(lsc);
	cert_free(before);
	cert_free(now);
}

static void
capf_may_be_signed_by_a_ca(void)
{
	struct cert *capf = make_ca("CAPF-1", CAPF, "Company CA", OTHER), *lsc = make_lsc(CN);
	struct scene s = { .shown = lsc, .trusted = { capf }, .device = DEVICE };

	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	cert_free(lsc);
	cert_free(capf);
}

static void
sha1_is_old_enough_for_phones_and_md5_too_old(void)
{
	const EVP_MD *good[] = { EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512() };
	struct cert *maker = make_maker();
	struct how h = { .cn = CN, .issuer = "Cisco Manufacturing CA", .by = MAKER };
	struct scene s = { .trusted = { maker }, .device = DEVICE };
	struct cert *c;

	for (size_t i = 0; i < 4; i++) {
		h.md = good[i];
		c = make(h);
		s.shown = c;
		CU_ASSERT(is_accepted(&s, VOUCH_MIC, false));
		cert_free(c);
	}
	h.md = EVP_md5();
	c = make(h);
	s.shown = c;
	CU_ASSERT(is_refused(&s, "hash that proves nothing"));
	cert_free(c);
	cert_free(maker);
}

static void
both_signatures_are_asked_for(void)
{
	struct cert *capf = make_capf(), *lsc = make_lsc(CN);
	struct scene s = { .shown = lsc, .trusted = { capf }, .device = DEVICE };

	s.without = CAPF_HAS_SIGNED_SHA1;
	CU_ASSERT(is_refused(&s, "without both signatures"));
	s.without = CAPF_HAS_SIGNED_SHA512;
	CU_ASSERT(is_refused(&s, "without both signatures"));
	s.without = CAPF_HAS_CERT;
	CU_ASSERT(is_refused(&s, "shows no certificate"));
	s.without = CAPF_HAS_DEVICE;
	CU_ASSERT(is_refused(&s, "does not say its name"));
	CU_ASSERT_EQUAL(vouch(&s).kind, 99); /* nobody knows yet */
	cert_free(lsc);
	cert_free(capf);
}

static void
the_signatures_must_be_by_its_key_and_for_its_name(void)
{
	struct cert *capf = make_capf(), *lsc = make_lsc(CN);
	struct scene good = { .shown = lsc, .trusted = { capf }, .device = DEVICE }, s = good;

	s.key = lab_key(OTHER);
	CU_ASSERT(is_refused(&s, "with sha1 is not by the key"));
	s = good;
	s.key512 = lab_key(OTHER);
	CU_ASSERT(is_refused(&s, "with sha512 is not by the key"));
	s = good;
	s.signs_as = "SEP001122334456";
	CU_ASSERT(is_refused(&s, "with sha1 is not by the key"));
	cert_free(lsc);
	cert_free(capf);
}

static void
a_sudi_proof_is_for_one_session(void)
{
	struct cert *capf = make_capf(), *lsc = make_lsc(CN), *mic = make_mic(0, 0);
	struct scene good = { .shown = lsc, .trusted = { capf }, .device = DEVICE, .sudi = true },
		     s = good;

	CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
	s.sudi_session = SESSION + 1;
	CU_ASSERT(is_refused(&s, "SUDI proof"));
	s.sudi_session = 0x04030201;
	CU_ASSERT(is_refused(&s, "SUDI proof"));
	s = good;
	s.sudi_cert = mic;
	CU_ASSERT(is_refused(&s, "is not the certificate in the SUDI proof"));
	s = good;
	s.sudi_key = lab_key(OTHER);
	CU_ASSERT(is_refused(&s, "SUDI proof: the signature with sha512"));
	cert_free(mic);
	cert_free(lsc);
	cert_free(capf);
}

static struct cert *
make_over(const struct key *k)
{
	return make((struct how){ .cn = CN, .issuer = "CAPF-1", .by = CAPF, .key = key_handle(k) });
}

static void
ec_phones_prove_themselves_too(void)
{
	static const int bits[] = { 256, 384, 521 };
	struct cert *capf = make_capf();

	for (size_t i = 0; i < 3; i++) {
		struct key_want want = { KEY_EC, bits[i] };
		struct key *k = key_make(&want, NULL);
		struct cert *lsc = make_over(k);
		struct scene s = {
			.shown = lsc, .trusted = { capf }, .device = DEVICE, .key = k, .sudi = true
		};

		CU_ASSERT(is_accepted(&s, VOUCH_LSC, false));
		s.key = lab_key(PHONE);
		CU_ASSERT(is_refused(&s, "not by the key"));
		cert_free(lsc);
		key_free(k);
	}
	cert_free(capf);
}

/* The message is signed by some key, but that is not looked at any more. */
static void
other_keys_are_refused(void)
{
	EVP_PKEY *keys[] = { EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("secp256k1"),
		EVP_EC_gen("P-224") };
	struct cert *capf = make_capf();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct cert *c =
		    make((struct how){ .cn = CN, .issuer = "CAPF-1", .by = CAPF, .key = keys[i] });

		CU_ASSERT(
		    is_refused(&(struct scene){ .shown = c, .trusted = { capf }, .device = DEVICE },
			"of a kind that no phone has"));
		cert_free(c);
		EVP_PKEY_free(keys[i]);
	}
	cert_free(capf);
}

/* ctx: the scene. */
static void
see_cut(struct bytes cut, size_t n, void *ctx)
{
	struct capf_message m = { .has = CAPF_HAS_DEVICE | CAPF_HAS_CERT | CAPF_HAS_SIGNED_SHA1 |
					 CAPF_HAS_SIGNED_SHA512,
		.device = DEVICE,
		.cert = cut };
	struct verdict v = check(ctx, &m);

	(void)n;
	CU_ASSERT(v.rc == -1 && v.kind == (enum vouch_kind)99);
	ASSERT_ERR_SAYS(v.e, "what is no certificate");
}

static void
what_is_no_certificate_is_refused(void)
{
	struct cert *capf = make_capf(), *lsc = make_lsc(CN);
	struct scene s = { .shown = lsc, .trusted = { capf }, .device = DEVICE };
	struct wr longer = { 0 };

	each_cut(cert_der(lsc), see_cut, &s);
	wr_put(&longer, cert_der(lsc));
	wr_u8(&longer, 0);
	see_cut(wr_view(&longer), 0, &s);
	wr_free(&longer);
	cert_free(lsc);
	cert_free(capf);
}

static const struct suite_test tests[] = {
	{ "an LSC is known by its issuer", an_lsc_is_known_by_its_issuer },
	{ "an LSC by an external issuer is known by our account",
	    an_lsc_by_an_external_issuer_is_known_by_our_account },
	{ "an issuer is trusted by itself", an_issuer_is_trusted_by_itself },
	{ "the certificate must be that phone's", the_certificate_must_be_that_phones },
	{ "a CA is no phone", a_ca_is_no_phone },
	{ "who signs certificates is no phone", who_signs_certificates_is_no_phone },
	{ "an LSC that ran out is refused", an_lsc_that_ran_out_is_refused },
	{ "a MIC that ran out may be accepted", a_mic_that_ran_out_may_be_accepted },
	{ "the CA of a MIC may have run out too", the_ca_of_a_mic_may_have_run_out_too },
	{ "only those who are trusted can have signed it",
	    only_those_who_are_trusted_can_have_signed_it },
	{ "the issuer must be a CA", the_issuer_must_be_a_ca },
	{ "of two issuers of one name the signer counts",
	    of_two_issuers_of_one_name_the_signer_counts },
	{ "CAPF may be signed by a CA", capf_may_be_signed_by_a_ca },
	{ "SHA-1 is old enough for phones and MD5 too old",
	    sha1_is_old_enough_for_phones_and_md5_too_old },
	{ "both signatures are asked for", both_signatures_are_asked_for },
	{ "the signatures must be by its key and for its name",
	    the_signatures_must_be_by_its_key_and_for_its_name },
	{ "a SUDI proof is for one session", a_sudi_proof_is_for_one_session },
	{ "EC phones prove themselves too", ec_phones_prove_themselves_too },
	{ "other keys are refused", other_keys_are_refused },
	{ "what is no certificate is refused", what_is_no_certificate_is_refused },
};

SUITE_MAIN("capf/vouch", tests)
