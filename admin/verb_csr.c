/*
 * LSCs signed by an issuer elsewhere (parameter Certificate Issuer to Endpoint: Offline CA): the
 * keys that phones left, and what the issuer made of them.
 *
 * A phone's private key never leaves it, so there is no PKCS#10 request that it signed: what can be
 * exported is its public key, which an issuer puts into a certificate (openssl x509 -force_pubkey).
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/bundle.h"
#include "trust/certs.h"
#include "trust/chain.h"
#include "trust/waiting.h"

/* Some phones read no more than 4096 bytes of a CAPF message at once. */
enum { LSC_DER_MAX = 4000 };

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Device Name", "Left", "Signed", NULL };
	struct waiting *all;
	size_t n;

	if (waiting_list(c->store, &all, &n, e) != 0)
		return -1;
	out_table(o, "requests", headings);
	for (size_t i = 0; i < n; i++) {
		out_row(o);
		out_text(o, "name", "Device Name", all[i].phone);
		out_time(o, "made", "Left", all[i].made);
		out_bool(o, "signed", "Signed", all[i].is_signed);
	}
	out_table_end(o);
	free(all);
	return 0;
}

/* SubjectPublicKeyInfo as PEM. */
static int
to_pem(struct bytes key, struct wr *out, struct err *e)
{
	char line[65];
	size_t step = sizeof(line) / 4 * 3;

	if (key.n == 0)
		return err_set(e, ERR_FAILED, "an empty key");
	wr_text(out, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t at = 0; at < key.n; at += step) {
		struct bytes part = bytes_part(key, at, step);
		int n = EVP_EncodeBlock((unsigned char *)line, part.p, (int)part.n);

		wr_put(out, bytes_over(line, (size_t)n));
		wr_text(out, "\n");
	}
	wr_text(out, "-----END PUBLIC KEY-----\n");
	return 0;
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	struct wr key = { 0 }, pem = { 0 };
	int rc = waiting_key(c->store, c->arg[0], &key, e);

	if (rc == 0)
		rc = to_pem(wr_view(&key), &pem, e);
	if (rc == 0) {
		out_text(o, "name", NULL, c->arg[0]);
		out_raw(o, wr_view(&pem));
	} else {
		err_hint(e, "trustlist capf csr list shows who left a key");
	}
	wr_free(&key);
	wr_free(&pem);
	return rc;
}

/* A phone that shows it later must be believed: its issuer is one that CAPF trusts. */
static int
check_issuer(const struct call *c, const struct cert *signed_one, struct err *e)
{
	const struct cert **at_hand;
	struct held_cert *held;
	struct chain chain;
	size_t n;
	int rc;

	if (certs_list_of(c->store, "CAPF-trust", &held, &n, e) != 0)
		return -1;
	at_hand = mem_array(n + 1, sizeof(*at_hand));
	for (size_t i = 0; i < n; i++)
		at_hand[i] = held[i].cert;
	chain_follow(signed_one, at_hand, n, &chain);
	if (chain.n < 2) {
		rc = err_set(e, ERR_NO, "%s was signed by %s, which is not in CAPF-trust",
		    cert_common_name(signed_one), cert_issuer(signed_one, CERT_CISCO));
		err_hint(e, "upload the issuer first: trustlist --root DIR cert upload --store "
			    "CAPF-trust FILE");
	} else {
		rc = chain_check(&chain, c->now, e);
	}
	free(at_hand);
	certs_list_free(held, n);
	return rc;
}

/* What a phone does with it is to prove who it is, by signatures; and CAPF believes no CA. */
static int
check_use(const struct cert *signed_one, struct err *e)
{
	X509 *x = cert_handle(signed_one);

	if (X509_check_ca(x) != 0)
		return err_set(e, ERR_NO, "%s is a CA: no phone is given its certificate",
		    cert_common_name(signed_one));
	/* All ones where a certificate says nothing of its use. */
	if ((X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) == 0)
		return err_set(e, ERR_NO, "%s may not make digital signatures by its key usage",
		    cert_common_name(signed_one));
	return 0;
}

static int
take_one(const struct call *c, const struct cert *signed_one, struct out *o, struct err *e)
{
	char phone[DEVICE_NAME_MAX];

	if (cert_der(signed_one).n > LSC_DER_MAX)
		return err_set(e, ERR_LIMIT, "%s is too large for a phone: %zu bytes, more than %d",
		    cert_common_name(signed_one), cert_der(signed_one).n, LSC_DER_MAX);
	if (check_use(signed_one, e) != 0 || check_issuer(c, signed_one, e) != 0 ||
	    waiting_signed(c->store, signed_one, phone, e) != 0)
		return -1;
	if (!device_name_in(cert_common_name(signed_one), phone))
		return err_set(e, ERR_NO, "the certificate for %s's key names \"%.80s\"", phone,
		    cert_common_name(signed_one));
	out_row(o);
	out_text(o, "name", "Device Name", phone);
	out_text(o, "subject", "Certificate", cert_subject(signed_one, CERT_CISCO));
	out_time(o, "not_after", "Valid until", cert_not_after(signed_one));
	return 0;
}

static int
take_file(const struct call *c, const char *path, struct out *o, struct err *e)
{
	struct bundle b = { 0 };
	struct wr file = { 0 };
	int rc = file_read(path, BUNDLE_FILE_MAX, &file, e);

	if (rc == 0)
		rc = bundle_add(&b, wr_view(&file), e);
	for (size_t i = 0; rc == 0 && i < b.n; i++)
		rc = take_one(c, b.cert[i], o, e);
	bundle_free(&b);
	wr_free(&file);
	return rc == 0 ? 0 : err_prefix(e, "%s", path);
}

/* All of them, or none. */
static int
run_import(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Device Name", "Certificate", "Valid until", NULL };
	int rc = store_begin(c->store, e);

	if (rc != 0)
		return -1;
	out_table(o, "imported", headings);
	for (size_t i = 0; rc == 0 && i < c->args; i++)
		rc = take_file(c, c->arg[i], o, e);
	out_table_end(o);
	rc = store_end(c->store, rc, e);
	if (rc == 0)
		out_line(o, "Each phone gets its certificate with its next CAPF session.");
	return rc;
}

static const struct verb verbs[] = {
	{
	    .words = "capf csr list",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "phones whose LSC an issuer elsewhere has to sign (Offline CA)",
	    .run = run_list,
	},
	{
	    .words = "capf csr export",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help = "the public key that a phone left, as PEM",
	    .run = run_export,
	},
	{
	    .words = "capf csr import",
	    .args = "FILE [FILE...]",
	    .least = 1,
	    .most = VERB_ARGS_MAX,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "take the certificates that the issuer made of those keys",
	    .takes = VALUE_FILE,
	    .run = run_import,
	},
};

const struct verb_set csr_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
