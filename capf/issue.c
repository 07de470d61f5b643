#include "capf/issue.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "trust/chain.h"
#include "trust/x509.h"

enum {
	RSA_BITS_LEAST = 512,
	RSA_BITS_MOST = 4096,
	EXPONENT_MAX = 8, /* bytes */
	DAY = 86400,
	CN_MAX = 16 + DEVICE_NAME_MAX,
	/* The servers that the phone turns to next may be behind our clock by some seconds. */
	BACKDATED = 60,
};

/* ---- the key: read strictly, so that what is signed is what everybody will read ---- */

enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_SEQUENCE = 0x30 };

/* The shortest form of a length alone is DER (X.690, 10.1); no key needs more than two bytes. */
static size_t
der_length(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t n = first;

	if (first == 0x81)
		n = rd_u8(r);
	else if (first == 0x82)
		n = rd_u16(r);
	else if (first >= 0x80)
		r->bad = true;
	if ((first == 0x81 && n < 0x80) || (first == 0x82 && n < 0x100))
		r->bad = true;
	return n;
}

static struct bytes
der_take(struct rd *r, uint8_t tag)
{
	if (rd_u8(r) != tag)
		r->bad = true;
	return rd_take(r, der_length(r));
}

/* Not negative, and no zero in front but the one that a top bit needs: then without it. */
static struct bytes
der_take_number(struct rd *r)
{
	struct bytes v = der_take(r, DER_INTEGER);
	bool padded = v.n > 1 && v.p[0] == 0;

	if (v.n == 0 || v.p[0] >= 0x80 || (padded && v.p[1] < 0x80))
		r->bad = true;
	return padded ? bytes_from(v, 1) : v;
}

/* What stands in a SubjectPublicKeyInfo: the algorithm with its parameters, as they are in DER. */
#define OID_RSA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00" /* rsaEncryption, NULL */
#define OID_EC	"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"		       /* id-ecPublicKey */

static const struct algorithm {
	enum key_kind kind;
	int bits; /* 0: whatever the key has */
	int nid;
	const char *name;
	const char *der;
	size_t n;
} algorithms[] = {
#define DER(text) text, sizeof(text) - 1
	{ KEY_RSA, 0, NID_rsaEncryption, "RSA", DER(OID_RSA) },
	{ KEY_EC, 256, NID_X9_62_prime256v1, "P-256",
	    DER(OID_EC "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07") },
	{ KEY_EC, 384, NID_secp384r1, "P-384", DER(OID_EC "\x06\x05\x2b\x81\x04\x00\x22") },
	{ KEY_EC, 521, NID_secp521r1, "P-521", DER(OID_EC "\x06\x05\x2b\x81\x04\x00\x23") },
#undef DER
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

static const struct algorithm *
algorithm_wanted(const struct issue_want *want, struct err *e)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (algorithms[i].kind == want->kind &&
		    (want->kind == KEY_RSA || algorithms[i].bits == want->bits))
			return &algorithms[i];
	err_set(e, ERR_USAGE, "there is no EC key of %d bits", want->bits);
	return NULL;
}

static const struct algorithm *
algorithm_of(struct bytes der)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (bytes_eq(der, bytes_over(algorithms[i].der, algorithms[i].n)))
			return &algorithms[i];
	return NULL;
}

struct public_key {
	const struct algorithm *algorithm; /* NULL: another one */
	struct bytes bits;		   /* RSA: RSAPublicKey; EC: the point */
};

static int
read_public_key(struct bytes der, struct public_key *out, struct err *e)
{
	struct rd whole = rd_over(der), info, bits;

	info = rd_over(der_take(&whole, DER_SEQUENCE));
	out->algorithm = algorithm_of(der_take(&info, DER_SEQUENCE));
	bits = rd_over(der_take(&info, DER_BITS));
	if (rd_u8(&bits) != 0) /* bits that the last byte does not use */
		bits.bad = true;
	out->bits = rd_rest(&bits);
	if (!rd_done(&whole) || !rd_done(&info) || !rd_done(&bits))
		return err_set(e, ERR_MALFORMED,
		    "the public key (%zu bytes) is no SubjectPublicKeyInfo in DER", der.n);
	return 0;
}

static int
bits_of(struct bytes number)
{
	int bits = 8 * ((int)number.n - 1);

	for (unsigned top = number.p[0]; top != 0; top >>= 1)
		bits++;
	return bits;
}

static bool
is_odd(struct bytes number)
{
	return (number.p[number.n - 1] & 1) != 0;
}

/* That the modulus is a product of two primes is the phone's own affair: it would only hurt
 * itself. */
static int
check_rsa(struct bytes der, int wanted, struct err *e)
{
	struct rd whole = rd_over(der), key;
	struct bytes modulus, exponent;

	key = rd_over(der_take(&whole, DER_SEQUENCE));
	modulus = der_take_number(&key);
	exponent = der_take_number(&key);
	if (!rd_done(&whole) || !rd_done(&key))
		return err_set(e, ERR_MALFORMED, "the RSA key is no RSAPublicKey in DER");
	if (bits_of(modulus) != wanted)
		return err_set(e, ERR_NO, "the RSA key has %d bits, one of %d was ordered",
		    bits_of(modulus), wanted);
	if (!is_odd(modulus))
		return err_set(e, ERR_NO, "the RSA key has an even modulus");
	if (!is_odd(exponent) || bits_of(exponent) < 2 || exponent.n > EXPONENT_MAX)
		return err_set(e, ERR_NO, "the RSA key's exponent is 1, even, or beyond 64 bits");
	return 0;
}

/* All three curves have the cofactor 1: a point on them is in their only group. */
static bool
is_on_curve(int nid, struct bytes point)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
	EC_POINT *p = group == NULL ? NULL : EC_POINT_new(group);
	bool is = p != NULL && EC_POINT_oct2point(group, p, point.p, point.n, NULL) == 1;

	EC_POINT_free(p);
	EC_GROUP_free(group);
	ERR_clear_error();
	return is;
}

static int
check_ec(const struct algorithm *a, struct bytes point, struct err *e)
{
	size_t n = 1 + 2 * (((size_t)a->bits + 7) / 8);

	if (point.n != n || point.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return err_set(
		    e, ERR_NO, "the EC key is no uncompressed point of %zu bytes (%s)", n, a->name);
	if (!is_on_curve(a->nid, point))
		return err_set(e, ERR_NO, "the EC key is no point on %s", a->name);
	return 0;
}

static int
check_key(const struct issue_want *want, struct bytes der, struct public_key *out, struct err *e)
{
	const struct algorithm *wanted = algorithm_wanted(want, e);

	if (wanted == NULL || read_public_key(der, out, e) != 0)
		return -1;
	if (out->algorithm != wanted)
		return err_set(e, ERR_NO, "the key is of another kind (%s) than ordered, %s",
		    out->algorithm == NULL ? "neither RSA nor a known curve" : out->algorithm->name,
		    wanted->name);
	if (want->kind == KEY_RSA)
		return check_rsa(out->bits, want->bits, e);
	return check_ec(wanted, out->bits, e);
}

int
issue_check_key(const struct issue_want *want, struct bytes public_key, struct err *e)
{
	struct public_key key;

	return check_key(want, public_key, &key, e);
}

/* ---- the issuer ---- */

int
issue_check_issuer(
    const struct cert *issuer, const struct cert *const *cas, size_t n, int64_t now, struct err *e)
{
	struct chain chain;

	chain_follow(issuer, cas, n, &chain);
	return chain_check(&chain, now, e);
}

static int
check_pair(const struct cert *issuer, const struct key *key, int64_t now, struct err *e)
{
	X509 *x = cert_handle(issuer);
	EVP_PKEY *theirs = X509_get0_pubkey(x);
	const char *name = cert_subject(issuer, CERT_CISCO);
	bool fits = theirs != NULL && EVP_PKEY_eq(theirs, key_handle(key)) == 1;

	ERR_clear_error();
	if (!fits)
		return err_set(e, ERR_FAILED, "the key is not that of %.200s", name);
	/* The key usage is all ones where a certificate has none. */
	if ((X509_get_extension_flags(x) & (EXFLAG_CA | EXFLAG_INVALID)) != EXFLAG_CA ||
	    (X509_get_key_usage(x) & KU_KEY_CERT_SIGN) == 0)
		return err_set(e, ERR_FAILED, "%.200s may not sign certificates", name);
	if (now < cert_not_before(issuer) || now >= cert_not_after(issuer))
		return err_set(e, ERR_FAILED, "%.200s is not valid now", name);
	return 0;
}

/* ---- the certificate ---- */

static int
check_want(const struct issue_want *want, struct err *e)
{
	if (!device_name_is(want->device))
		return err_set(e, ERR_USAGE, "\"%.60s\" is no name of a phone", want->device);
	if (want->days < ISSUE_DAYS_MIN || want->days > ISSUE_DAYS_MAX)
		return err_set(e, ERR_USAGE, "an LSC for %d days", want->days);
	if (want->kind == KEY_RSA && (want->bits < RSA_BITS_LEAST || want->bits > RSA_BITS_MOST))
		return err_set(e, ERR_USAGE, "an LSC with an RSA key of %d bits", want->bits);
	return 0;
}

/* "CP-8861-SEP...": the product's name and the phone's.  Products that are numbers, and the DX
 * series, have "CP-" before them, ATAs and IP Communicator do not; soft clients go by their own
 * name alone. */
static void
common_name(const struct issue_want *want, char to[CN_MAX])
{
	const char *model = want->model->name;
	bool cp = strchr("0123456789", model[0]) != NULL || strncmp(model, "DX", 2) == 0;

	if (model_is_soft(want->model))
		snprintf(to, CN_MAX, "%s", want->device);
	else
		snprintf(to, CN_MAX, "%s%s-%s", cp ? "CP-" : "", model, want->device);
}

/* A country is a PrintableString (RFC 5280, appendix A) and goes over as it is. */
static bool
copy_entry(X509_NAME *to, X509_NAME_ENTRY *entry, int nid)
{
	unsigned char *text = NULL;
	bool ok;
	int n;

	if (nid == NID_countryName)
		return X509_NAME_add_entry(to, entry, -1, 0) == 1;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	ok = n >= 0 && X509_NAME_add_entry_by_NID(to, nid, V_ASN1_UTF8STRING, text, n, -1, 0) == 1;
	OPENSSL_free(text);
	return ok;
}

/* All there are of this kind, in their order. */
static bool
copy_entries(X509_NAME *to, const X509_NAME *from, int nid)
{
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID((X509_NAME *)from, nid, at)) >= 0)
		if (!copy_entry(to, X509_NAME_get_entry(from, at), nid))
			return false;
	return true;
}

/* The order of an 8861's LSC in TechNote 213407. */
static int
set_names(X509 *x, const struct cert *issuer, const struct issue_want *want, struct err *e)
{
	const X509_NAME *from = X509_get_subject_name(cert_handle(issuer));
	X509_NAME *name = X509_get_subject_name(x);
	char cn[CN_MAX];

	common_name(want, cn);
	if (!copy_entries(name, from, NID_countryName) ||
	    !copy_entries(name, from, NID_organizationName) ||
	    !copy_entries(name, from, NID_organizationalUnitName) || !x509_name_add(name, "CN", cn))
		return x509_failed(e, "cannot make the subject");
	if (X509_set_issuer_name(x, from) != 1)
		return x509_failed(e, "cannot make the issuer");
	return 0;
}

static int
set_validity(X509 *x, const struct cert *issuer, int days, int64_t now, struct err *e)
{
	int64_t from = now - BACKDATED, to = now + (int64_t)days * DAY;

	if (from < cert_not_before(issuer))
		from = cert_not_before(issuer);
	if (to > cert_not_after(issuer))
		to = cert_not_after(issuer);
	return x509_set_validity(x, from, to, e);
}

/* Byte for byte, without OpenSSL reading and writing it once more. */
static int
set_key(X509 *x, const struct public_key *key, struct err *e)
{
	const struct algorithm *a = key->algorithm;
	X509_PUBKEY *pub = X509_get_X509_PUBKEY(x);
	unsigned char *bits = OPENSSL_memdup(key->bits.p, key->bits.n);
	int ok;

	if (a->kind == KEY_RSA)
		ok = X509_PUBKEY_set0_param(
		    pub, OBJ_nid2obj(a->nid), V_ASN1_NULL, NULL, bits, (int)key->bits.n);
	else
		ok = X509_PUBKEY_set0_param(pub, OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
		    V_ASN1_OBJECT, OBJ_nid2obj(a->nid), bits, (int)key->bits.n);
	if (bits != NULL && ok == 1)
		return 0;
	OPENSSL_free(bits);
	return x509_failed(e, "cannot take the key");
}

/* Usages: those of the reference implementation capfd (usecallmanager.nz), also for EC.  Without
 * key identifiers, as phones' LSCs are (TechNote 212214). */
static int
set_extensions(X509 *x, const char *device, struct err *e)
{
	char uri[8 + DEVICE_NAME_MAX];

	snprintf(uri, sizeof(uri), "URI:%s", device);
	if (x509_add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	    x509_add_extension(x, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
	    x509_add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth,ipsecEndSystem") &&
	    x509_add_extension(x, NID_subject_alt_name, uri))
		return 0;
	return x509_failed(e, "cannot make the extensions");
}

struct cert *
issue_lsc(const struct cert *issuer, const struct key *key, const struct issue_want *want,
    struct bytes public_key, int64_t now, struct err *e)
{
	struct public_key of_phone;
	struct cert *c = NULL;
	X509 *x;

	if (check_want(want, e) != 0 || check_key(want, public_key, &of_phone, e) != 0 ||
	    check_pair(issuer, key, now, e) != 0)
		return NULL;
	x = X509_new();
	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1)
		x509_failed(e, "cannot make a certificate");
	else if (x509_set_serial(x, e) == 0 && set_names(x, issuer, want, e) == 0 &&
		 set_validity(x, issuer, want->days, now, e) == 0 &&
		 set_key(x, &of_phone, e) == 0 && set_extensions(x, want->device, e) == 0)
		c = x509_sign(x, key, e);
	X509_free(x);
	return c;
}
