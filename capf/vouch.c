#include "capf/vouch.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "capf/proof.h"
#include "trust/chain.h"
#include "trust/model.h"

enum { RSA_BITS_LEAST = 512, RSA_BITS_MOST = 4096 };

static int
refuse(const struct cert *c, struct err *e, const char *why)
{
	return err_set(e, ERR_NO, "%s %s", cert_subject(c, CERT_CISCO), why);
}

static bool
is_capf(const char *issuer)
{
	return strncmp(issuer, "CN=CAPF-", 8) == 0;
}

enum vouch_kind
vouch_kind_of(const struct cert *c, bool is_own)
{
	return is_own || is_capf(cert_issuer(c, CERT_CISCO)) ? VOUCH_LSC : VOUCH_MIC;
}

static bool
is_known_curve(const EVP_PKEY *key)
{
	char name[32] = "";

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1)
		return false;
	return strcmp(name, "prime256v1") == 0 || strcmp(name, "secp384r1") == 0 ||
	       strcmp(name, "secp521r1") == 0;
}

/* A size is also a limit on the work that a stranger's key makes us do. */
static bool
has_known_key(const struct cert *c)
{
	int bits = cert_key_bits(c);

	switch (cert_key_kind(c)) {
	case CERT_KEY_RSA:
		return bits >= RSA_BITS_LEAST && bits <= RSA_BITS_MOST;
	case CERT_KEY_EC:
		return is_known_curve(X509_get0_pubkey(cert_handle(c)));
	case CERT_KEY_OTHER:
		break;
	}
	return false;
}

/* SHA-1 is what manufacturers signed with until 2016 or so; MD5 can be forged (Stevens and others,
 * 2009). */
static bool
has_known_hash(const struct cert *c)
{
	int md = NID_undef;

	if (X509_get_signature_info(cert_handle(c), &md, NULL, NULL, NULL) != 1)
		md = NID_undef;
	ERR_clear_error();
	return md == NID_sha1 || md == NID_sha224 || md == NID_sha256 || md == NID_sha384 ||
	       md == NID_sha512;
}

static bool
is_ca(const struct cert *c)
{
	return (X509_get_extension_flags(cert_handle(c)) & EXFLAG_CA) != 0;
}

static bool
is_trusted(const struct vouch_facts *f, const struct cert *c)
{
	for (size_t i = 0; i < f->n; i++)
		if (cert_eq(f->trusted[i], c))
			return true;
	return false;
}

/* Is it one that a phone of this name can have? */
static int
check_phones(const struct vouch_facts *f, const struct cert *c, const char *device, struct err *e)
{
	if (is_trusted(f, c))
		return refuse(c, e, "is a certificate that signs phones', not a phone's");
	if (is_ca(c))
		return refuse(c, e, "is a CA, not a phone");
	if (!device_name_in(cert_common_name(c), device))
		return err_set(e, ERR_NO, "%s is not the certificate of %s",
		    cert_subject(c, CERT_CISCO), device);
	if (!has_known_key(c))
		return refuse(c, e, "has a key of a kind that no phone has");
	if (!has_known_hash(c))
		return refuse(c, e, "is signed with a hash that proves nothing");
	return 0;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When both must have been valid: now, or for a MIC that may have run out, the last second in
 * which they were. */
static int64_t
moment(const struct vouch_facts *f, const struct chain *chain, enum vouch_kind kind)
{
	int64_t last = sooner(cert_not_after(chain->cert[0]), cert_not_after(chain->cert[1])) - 1;

	return kind == VOUCH_MIC && f->expired_mics ? sooner(f->now, last) : f->now;
}

/* Whoever is trusted is so by itself, whatever stands above: so a chain is no longer than two. */
static int
check_issuer(const struct vouch_facts *f, const struct cert *c, enum vouch_kind kind, bool *expired,
    struct err *e)
{
	struct chain chain;
	int64_t at;

	chain_follow(c, f->trusted, f->n, &chain);
	if (chain.n < 2)
		return refuse(c, e, "is not signed by CAPF, nor by anybody in CAPF-trust");
	chain.n = 2;
	chain.whole = false;
	at = moment(f, &chain, kind);
	if (chain_check(&chain, at, e) != 0)
		return -1;
	*expired = at < f->now;
	return 0;
}

static int
check_signatures(const struct capf_message *m, const struct cert *c, struct err *e)
{
	struct wr data = { 0 };
	int rc;

	proof_data(m->device, cert_der(c), &data);
	rc = proof_check(c, DIGEST_SHA1, wr_view(&data), m->signed_sha1, e);
	if (rc == 0)
		rc = proof_check(c, DIGEST_SHA512, wr_view(&data), m->signed_sha512, e);
	wr_free(&data);
	return rc;
}

static int
check_sudi(const struct capf_message *m, const struct cert *c, struct err *e)
{
	struct wr data = { 0 };
	int rc;

	if (!bytes_eq(m->sudi.cert, cert_der(c)))
		return refuse(c, e, "is not the certificate in the SUDI proof");
	proof_sudi_data(m->session, cert_der(c), &data);
	rc = proof_check(c, DIGEST_SHA1, wr_view(&data), m->sudi.signed_sha1, e);
	if (rc == 0)
		rc = proof_check(c, DIGEST_SHA512, wr_view(&data), m->sudi.signed_sha512, e);
	wr_free(&data);
	return rc == 0 ? 0 : err_prefix(e, "SUDI proof");
}

/* What costs little comes first: the signatures of a stranger are not worth the work. */
static int
check(const struct vouch_facts *f, const struct capf_message *m, const struct cert *c,
    enum vouch_kind kind, bool *expired, struct err *e)
{
	if (check_phones(f, c, m->device, e) != 0 || check_issuer(f, c, kind, expired, e) != 0 ||
	    check_signatures(m, c, e) != 0)
		return -1;
	return m->has & CAPF_HAS_SUDI ? check_sudi(m, c, e) : 0;
}

static int
check_elements(const struct capf_message *m, struct err *e)
{
	static const unsigned both = CAPF_HAS_SIGNED_SHA1 | CAPF_HAS_SIGNED_SHA512;

	if (!(m->has & CAPF_HAS_DEVICE))
		return err_set(e, ERR_NO, "the phone does not say its name");
	if (!(m->has & CAPF_HAS_CERT))
		return err_set(e, ERR_NO, "%s shows no certificate", m->device);
	if ((m->has & both) != both)
		return err_set(e, ERR_NO,
		    "%s shows a certificate without both signatures, SHA-1 and SHA-512", m->device);
	return 0;
}

int
vouch_check(const struct vouch_facts *f, const struct capf_message *m, bool is_own,
    struct cert **shown, enum vouch_kind *kind, bool *expired, struct err *e)
{
	struct cert *c;
	bool ran_out = false;

	*shown = NULL;
	*expired = false;
	if (check_elements(m, e) != 0)
		return -1;
	c = cert_from_der(m->cert, NULL);
	if (c == NULL)
		return err_set(e, ERR_NO, "%s shows what is no certificate", m->device);
	*kind = vouch_kind_of(c, is_own);
	if (check(f, m, c, *kind, &ran_out, e) != 0) {
		cert_free(c);
		return -1;
	}
	*shown = c;
	*expired = ran_out;
	return 0;
}
