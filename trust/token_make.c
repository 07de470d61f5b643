/*
 * A new token.  libp11 would make the key in this process and copy it over; here the token makes it
 * itself (C_GenerateKeyPair), as one that cannot be read.
 */
#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/token.h"
#include "trust/token_module.h"
#include "trust/x509.h"

enum {
	LABEL = 32,	   /* PKCS#11: padded with blanks, no NUL */
	COMMON_NAME = 24,  /* as Cisco's tokens pad theirs */
	SERIAL_BYTES = 10, /* as their certificates have */
	MODULUS_MAX = 4096 / 8,
	EXPONENT_MAX = 8,
};

struct making {
	void *library;
	CK_FUNCTION_LIST *f;
	const struct token_want *want;
	char label[TOKEN_LABEL_MAX];
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	bool has_session;
	CK_OBJECT_HANDLE public_key, private_key;
	unsigned char id; /* that ties key and certificate together */
};

static int
refused(struct err *e, const char *what, CK_RV why)
{
	if (why == CKR_PIN_INCORRECT || why == CKR_PIN_LEN_RANGE || why == CKR_PIN_INVALID)
		return err_set(e, ERR_DENIED, "%s: the token refuses the PIN", what);
	return err_set(e, ERR_FAILED, "%s: PKCS#11 error 0x%lx", what, why);
}

static void
pad(const char *text, unsigned char to[LABEL])
{
	size_t n = strnlen(text, LABEL);

	memset(to, ' ', LABEL);
	memcpy(to, text, n);
}

void
token_common_name(const char *label, char to[CERT_NAME_MAX])
{
	snprintf(to, CERT_NAME_MAX, "%-*s", COMMON_NAME, label);
}

/* "SAST-ADN0054f509" */
static int
make_label(char to[TOKEN_LABEL_MAX], struct err *e)
{
	uint8_t id[4];
	char hex[2 * sizeof(id) + 1];

	if (RAND_bytes(id, sizeof(id)) != 1)
		return err_set(e, ERR_FAILED, "no random bytes");
	bytes_hex(bytes_over(id, sizeof(id)), '\0', hex, sizeof(hex));
	for (char *p = hex; *p != '\0'; p++)
		*p |= 0x20; /* digits stay as they are */
	snprintf(to, TOKEN_LABEL_MAX, "SAST-ADN%s", hex);
	return 0;
}

static int
check_pin(struct bytes pin, const char *which, struct err *e)
{
	if (pin.n >= TOKEN_PIN_LEAST && pin.n <= TOKEN_PIN_MOST)
		return 0;
	return err_set(
	    e, ERR_USAGE, "the %s has %d to %d characters", which, TOKEN_PIN_LEAST, TOKEN_PIN_MOST);
}

static int
check_label(const char *label, struct err *e)
{
	size_t n = strlen(label);

	if (n > 5 && n <= COMMON_NAME && strncmp(label, "SAST-", 5) == 0 &&
	    strspn(label + 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") ==
		n - 5)
		return 0;
	err_set(e, ERR_USAGE, "\"%.60s\" is no label of a security token", label);
	return err_hint(
	    e, "SAST- and up to %d letters and digits, such as SAST-ADN0054f509", COMMON_NAME - 5);
}

/* The library is in this process already, and initialised, by whom token_module_open() asked. */
static int
load(struct making *m, const char *path, struct err *e)
{
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;

	m->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (m->library != NULL)
		*(void **)&get = dlsym(m->library, "C_GetFunctionList");
	if (get == NULL || get(&m->f) != CKR_OK)
		return err_set(e, ERR_FAILED, "%.200s is no PKCS#11 library", path);
	return 0;
}

static int
slots(const struct making *m, CK_SLOT_ID **out, CK_ULONG *n, struct err *e)
{
	CK_RV rv = m->f->C_GetSlotList(CK_TRUE, NULL, n);

	*out = NULL;
	if (rv == CKR_OK && *n <= TOKENS_MAX) {
		*out = mem_array(*n + 1, sizeof(**out));
		rv = m->f->C_GetSlotList(CK_TRUE, *out, n);
	}
	if (rv == CKR_OK && *out != NULL)
		return 0;
	free(*out);
	*out = NULL;
	return refused(e, "cannot see what tokens are plugged in", rv);
}

/* The slot of the initialised token with this label, or of a blank one: 1, none: 0. */
static int
find_slot(struct making *m, const unsigned char *label, struct err *e)
{
	CK_TOKEN_INFO info;
	CK_SLOT_ID *all;
	CK_ULONG n;
	bool found = false, initialised;

	if (slots(m, &all, &n, e) != 0)
		return -1;
	for (CK_ULONG i = 0; i < n && !found; i++) {
		if (m->f->C_GetTokenInfo(all[i], &info) != CKR_OK)
			continue;
		initialised = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
		found = label == NULL ? !initialised
				      : initialised && memcmp(info.label, label, LABEL) == 0;
		m->slot = all[i];
	}
	free(all);
	return found;
}

static int
initialise(struct making *m, struct err *e)
{
	unsigned char label[LABEL];
	int found;
	CK_RV rv;

	pad(m->label, label);
	found = find_slot(m, label, e);
	if (found == 1)
		return err_set(e, ERR_EXISTS, "there is a security token %s already", m->label);
	if (found == 0)
		found = find_slot(m, NULL, e);
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no blank token to initialise");
	if (found < 0)
		return -1;
	rv = m->f->C_InitToken(
	    m->slot, (unsigned char *)m->want->so_pin.p, m->want->so_pin.n, label);
	if (rv != CKR_OK)
		return refused(e, "cannot initialise the token", rv);
	/* It may have got another slot by that. */
	found = find_slot(m, label, e);
	if (found == 0)
		return err_set(e, ERR_FAILED, "the token that was initialised is gone");
	return found < 0 ? -1 : 0;
}

static int
enter(struct making *m, struct err *e)
{
	const struct token_want *w = m->want;
	CK_RV rv = m->f->C_OpenSession(
	    m->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &m->session);

	if (rv != CKR_OK)
		return refused(e, "cannot talk to the token", rv);
	m->has_session = true;
	rv = m->f->C_Login(m->session, CKU_SO, (unsigned char *)w->so_pin.p, w->so_pin.n);
	if (rv == CKR_OK)
		rv = m->f->C_InitPIN(m->session, (unsigned char *)w->pin.p, w->pin.n);
	if (rv == CKR_OK)
		rv = m->f->C_Logout(m->session);
	if (rv == CKR_OK)
		rv = m->f->C_Login(m->session, CKU_USER, (unsigned char *)w->pin.p, w->pin.n);
	return rv == CKR_OK ? 0 : refused(e, "cannot set the token's PIN", rv);
}

/* As one that signs, and that nobody can read. */
static int
make_key(struct making *m, struct err *e)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bits = (CK_ULONG)m->want->bits;
	unsigned char exponent[] = { 1, 0, 1 };
	CK_MECHANISM how = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE of_public[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent) },
		{ CKA_ID, &m->id, sizeof(m->id) },
		{ CKA_LABEL, m->label, strlen(m->label) },
	};
	CK_ATTRIBUTE of_private[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_ID, &m->id, sizeof(m->id) },
		{ CKA_LABEL, m->label, strlen(m->label) },
	};
	CK_RV rv = m->f->C_GenerateKeyPair(m->session, &how, of_public,
	    sizeof(of_public) / sizeof(of_public[0]), of_private,
	    sizeof(of_private) / sizeof(of_private[0]), &m->public_key, &m->private_key);

	return rv == CKR_OK ? 0 : refused(e, "the token cannot make its key", rv);
}

/* ---- its certificate ---- */

static EVP_PKEY *
public_from(struct bytes modulus, struct bytes exponent)
{
	BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL);
	BIGNUM *x = BN_bin2bn(exponent.p, (int)exponent.n, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (n != NULL && x != NULL && build != NULL && ctx != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, x) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(build)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(x);
	return key;
}

static EVP_PKEY *
public_half(struct making *m, struct err *e)
{
	unsigned char modulus[MODULUS_MAX], exponent[EXPONENT_MAX];
	CK_ATTRIBUTE get[] = {
		{ CKA_MODULUS, modulus, sizeof(modulus) },
		{ CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent) },
	};
	CK_RV rv = m->f->C_GetAttributeValue(m->session, m->public_key, get, 2);
	EVP_PKEY *key;

	if (rv != CKR_OK || get[0].ulValueLen > sizeof(modulus) ||
	    get[1].ulValueLen > sizeof(exponent)) {
		refused(e, "the token does not show its public key", rv);
		return NULL;
	}
	key = public_from(
	    bytes_over(modulus, get[0].ulValueLen), bytes_over(exponent, get[1].ulValueLen));
	if (key == NULL)
		x509_failed(e, "the token's public key");
	return key;
}

/* Subject as Cisco's tokens have it: cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems". */
static struct cert *
certify(const struct making *m, EVP_PKEY *key, struct err *e)
{
	const struct token_want *w = m->want;
	char cn[CERT_NAME_MAX];
	X509 *x = X509_new();
	X509_NAME *name = x == NULL ? NULL : X509_get_subject_name(x);
	struct cert *c = NULL;

	token_common_name(m->label, cn);
	if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, key) != 1 ||
	    !x509_name_add(name, "O", "Cisco Systems") || !x509_name_add(name, "OU", "IPCBU") ||
	    !x509_name_add(name, "CN", cn) ||
	    X509_set_issuer_name(x, X509_get_subject_name(cert_handle(w->issuer))) != 1 ||
	    !x509_add_extension(x, NID_key_usage, "digitalSignature") ||
	    !x509_add_extension(x, NID_subject_key_identifier, "hash"))
		x509_failed(e, "cannot make the token's certificate");
	else if (x509_set_serial_of(x, SERIAL_BYTES, e) == 0 &&
		 x509_set_validity(x, w->not_before, w->not_after, e) == 0)
		c = x509_sign(x, w->issuer_key, e);
	X509_free(x);
	return c;
}

/* PKCS#11 wants names and numbers in DER. */
static int
keep_cert(struct making *m, const struct cert *c, struct err *e)
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	X509 *x = cert_handle(c);
	unsigned char *subject = NULL, *issuer = NULL, *serial = NULL;
	int subject_n = i2d_X509_NAME(X509_get_subject_name(x), &subject);
	int issuer_n = i2d_X509_NAME(X509_get_issuer_name(x), &issuer);
	int serial_n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &serial);
	struct bytes der = cert_der(c);
	CK_OBJECT_HANDLE object;
	CK_RV rv = CKR_GENERAL_ERROR;

	if (subject_n > 0 && issuer_n > 0 && serial_n > 0) {
		CK_ATTRIBUTE of[] = {
			{ CKA_CLASS, &kind, sizeof(kind) },
			{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
			{ CKA_TOKEN, &yes, sizeof(yes) },
			{ CKA_ID, &m->id, sizeof(m->id) },
			{ CKA_LABEL, m->label, strlen(m->label) },
			{ CKA_SUBJECT, subject, (CK_ULONG)subject_n },
			{ CKA_ISSUER, issuer, (CK_ULONG)issuer_n },
			{ CKA_SERIAL_NUMBER, serial, (CK_ULONG)serial_n },
			{ CKA_VALUE, (void *)der.p, der.n },
		};

		rv = m->f->C_CreateObject(m->session, of, sizeof(of) / sizeof(of[0]), &object);
	}
	OPENSSL_free(subject);
	OPENSSL_free(issuer);
	OPENSSL_free(serial);
	return rv == CKR_OK ? 0 : refused(e, "the token does not take its certificate", rv);
}

static struct cert *
give_cert(struct making *m, struct err *e)
{
	EVP_PKEY *key = public_half(m, e);
	struct cert *c = key == NULL ? NULL : certify(m, key, e);

	EVP_PKEY_free(key);
	if (c == NULL || keep_cert(m, c, e) == 0)
		return c;
	cert_free(c);
	return NULL;
}

/* ---- all of it ---- */

static int
check(const struct token_want *w, struct making *m, struct err *e)
{
	if (w->bits != 1024 && w->bits != 2048 && w->bits != 4096)
		return err_set(e, ERR_USAGE,
		    "a token's key has 1024, 2048 or 4096 bits, which lists know: not %d", w->bits);
	if (check_pin(w->pin, "PIN", e) != 0 ||
	    check_pin(w->so_pin, "security officer's PIN", e) != 0)
		return -1;
	if (w->label == NULL)
		return make_label(m->label, e);
	snprintf(m->label, sizeof(m->label), "%s", w->label);
	return check_label(w->label, e);
}

static void
fill(struct making *m, struct token_info *out)
{
	CK_TOKEN_INFO info;

	out->initialised = true;
	memcpy(out->label, m->label, sizeof(out->label));
	if (m->f->C_GetTokenInfo(m->slot, &info) != CKR_OK)
		return;
	memcpy(out->serial, info.serialNumber, sizeof(info.serialNumber));
	memcpy(out->model, info.model, sizeof(info.model));
}

int
token_make(struct token_module *module, const struct token_want *want, struct token_info *out,
    struct err *e)
{
	struct making m = { .want = want, .id = 1 };
	int rc = -1;

	*out = (struct token_info){ .cert = NULL };
	if (check(want, &m, e) == 0 && load(&m, module->path, e) == 0 && initialise(&m, e) == 0 &&
	    enter(&m, e) == 0 && make_key(&m, e) == 0) {
		out->cert = give_cert(&m, e);
		rc = out->cert == NULL ? -1 : 0;
	}
	if (rc == 0)
		fill(&m, out);
	if (m.has_session) {
		m.f->C_Logout(m.session);
		m.f->C_CloseSession(m.session);
	}
	if (m.library != NULL)
		dlclose(m.library);
	return rc;
}
