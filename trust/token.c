#include "trust/token.h"

#include <dlfcn.h>
#include <libp11.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/token_module.h"

#define PREFIX "SAST-"

struct token {
	struct token_module *module;
	PKCS11_SLOT *slots, *slot; /* all of them, and this one among them */
	unsigned n;
	struct cert *cert;
	struct key *key;
};

/* ---- the library ---- */

static struct token_module *
hint_of_library(struct err *e)
{
	err_hint(e, "the library of your tokens' maker; Debian's SoftHSM is "
		    "/usr/lib/softhsm/libsofthsm2.so");
	return NULL;
}

struct token_module *
token_module_open(const char *path, struct err *e)
{
	struct token_module *m;
	/* libp11 would write to standard error what the matter is. */
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

	if (library == NULL) {
		err_set(e, ERR_FAILED, "cannot load the PKCS#11 library: %.300s", dlerror());
		return hint_of_library(e);
	}
	m = mem_new(sizeof(*m));
	m->path = mem_text(path);
	m->ctx = PKCS11_CTX_new();
	ERR_clear_error();
	m->loaded = m->ctx != NULL && PKCS11_CTX_load(m->ctx, path) == 0;
	dlclose(library);
	if (m->loaded)
		return m;
	token_failed(e, ERR_FAILED, "%.200s is no PKCS#11 library that works", path);
	token_module_close(m);
	return hint_of_library(e);
}

void
token_module_close(struct token_module *m)
{
	if (m == NULL)
		return;
	if (m->loaded)
		PKCS11_CTX_unload(m->ctx);
	PKCS11_CTX_free(m->ctx);
	free(m->path);
	free(m);
}

int
token_failed(struct err *e, enum err_code code, const char *fmt, ...)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	ERR_clear_error();
	if (reason == NULL)
		return err_set(e, code, "%s", what);
	return err_set(e, code, "%s: %s", what, reason);
}

/* ---- what is plugged in ---- */

static void
copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from == NULL ? "" : from);
}

static struct cert *
cert_of(const PKCS11_CERT *c)
{
	unsigned char *der = NULL;
	int n = c->x509 == NULL ? -1 : i2d_X509(c->x509, &der);
	struct cert *out = n < 0 ? NULL : cert_from_der(bytes_over(der, (size_t)n), NULL);

	OPENSSL_free(der);
	ERR_clear_error();
	return out;
}

/* A token of Cisco's holds its own certificate, and those of its issuers: it is the one whose key
 * is there, and its name begins as such names do. */
static struct cert *
sast_of(PKCS11_TOKEN *t)
{
	PKCS11_CERT *all;
	unsigned n;
	struct cert *c;

	if (PKCS11_enumerate_certs(t, &all, &n) != 0) {
		ERR_clear_error();
		return NULL;
	}
	for (unsigned i = 0; i < n; i++) {
		c = cert_of(&all[i]);
		if (c != NULL && strncmp(cert_common_name(c), PREFIX, strlen(PREFIX)) == 0)
			return c;
		cert_free(c);
	}
	return NULL;
}

static void
describe(PKCS11_SLOT *slot, struct token_info *to)
{
	PKCS11_TOKEN *t = slot->token;

	*to = (struct token_info){ .initialised = t->initialized != 0 };
	copy_text(to->label, sizeof(to->label), t->initialized ? t->label : "");
	copy_text(to->serial, sizeof(to->serial), t->serialnr);
	copy_text(to->model, sizeof(to->model), t->model);
	if (to->initialised)
		to->cert = sast_of(t);
}

void
token_info_clear(struct token_info *t)
{
	cert_free(t->cert);
	*t = (struct token_info){ .cert = NULL };
}

void
token_list_free(struct token_info *all, size_t n)
{
	for (size_t i = 0; all != NULL && i < n; i++)
		token_info_clear(&all[i]);
	free(all);
}

static int
by_label(const void *a, const void *b)
{
	const struct token_info *x = a, *y = b;

	return strcmp(x->label, y->label);
}

int
token_list(struct token_module *m, struct token_info **out, size_t *n, struct err *e)
{
	struct token_info *all;
	PKCS11_SLOT *slots;
	unsigned slots_n;
	size_t count = 0;

	*out = NULL;
	*n = 0;
	if (PKCS11_enumerate_slots(m->ctx, &slots, &slots_n) != 0)
		return token_failed(e, ERR_FAILED, "cannot see what tokens are plugged in");
	all = mem_array(slots_n + 1, sizeof(*all));
	for (unsigned i = 0; i < slots_n && count < TOKENS_MAX; i++)
		if (slots[i].token != NULL)
			describe(&slots[i], &all[count++]);
	PKCS11_release_all_slots(m->ctx, slots, slots_n);
	qsort(all, count, sizeof(*all), by_label);
	*out = all;
	*n = count;
	return 0;
}

/* ---- one that signs ---- */

bool
token_is_named(const struct token_info *t, const char *name)
{
	const char *cn = t->cert == NULL ? "" : cert_common_name(t->cert);
	size_t n = strlen(cn);

	while (n > 0 && cn[n - 1] == ' ')
		n--;
	if (name[0] == '\0')
		return false;
	return strcmp(t->label, name) == 0 || strcmp(t->serial, name) == 0 ||
	       (n == strlen(name) && memcmp(cn, name, n) == 0);
}

static int
find(struct token *t, const char *name, struct err *e)
{
	struct token_info info;
	bool is;

	for (unsigned i = 0; i < t->n; i++) {
		if (t->slots[i].token == NULL || !t->slots[i].token->initialized)
			continue;
		describe(&t->slots[i], &info);
		is = token_is_named(&info, name);
		if (is) {
			t->slot = &t->slots[i];
			t->cert = info.cert;
			info.cert = NULL;
		}
		token_info_clear(&info);
		if (is && t->cert == NULL)
			return err_set(e, ERR_NOT_FOUND,
			    "security token %.40s holds no SAST certificate", name);
		if (is)
			return 0;
	}
	err_set(e, ERR_NOT_FOUND, "security token %.60s is not plugged in", name);
	return err_hint(e, "trustlist token list shows those that are");
}

/* PINs are text to PKCS#11. */
static int
login(struct token *t, const char *name, struct bytes pin, struct err *e)
{
	char text[TOKEN_PIN_MOST + 1];
	int rc;

	if (pin.n < TOKEN_PIN_LEAST || pin.n > TOKEN_PIN_MOST)
		return err_set(
		    e, ERR_USAGE, "a PIN has %d to %d characters", TOKEN_PIN_LEAST, TOKEN_PIN_MOST);
	if (memchr(pin.p, '\0', pin.n) != NULL)
		return err_set(e, ERR_USAGE, "a PIN is text");
	memcpy(text, pin.p, pin.n);
	text[pin.n] = '\0';
	rc = PKCS11_login(t->slot, 0, text);
	mem_wipe(text, sizeof(text));
	if (rc == 0)
		return 0;
	if (t->slot->token->userPinLocked)
		return token_failed(e, ERR_DENIED, "security token %.40s is locked", name);
	return token_failed(e, ERR_DENIED, "security token %.40s refuses the PIN", name);
}

/* The key belongs to the certificate by their common id; the handle is OpenSSL's, the operations
 * are the token's. */
static int
take_key(struct token *t, const char *name, struct err *e)
{
	PKCS11_KEY *all;
	unsigned n;

	if (PKCS11_enumerate_keys(t->slot->token, &all, &n) != 0)
		return token_failed(e, ERR_FAILED, "security token %.40s shows no keys", name);
	for (unsigned i = 0; i < n && t->key == NULL; i++) {
		EVP_PKEY *handle = PKCS11_get_private_key(&all[i]);

		if (handle == NULL)
			continue;
		t->key = key_elsewhere(handle);
		if (key_fits(t->key, t->cert))
			return 0;
		key_free(t->key);
		t->key = NULL;
	}
	return token_failed(
	    e, ERR_NOT_FOUND, "security token %.40s lacks the key of its certificate", name);
}

struct token *
token_open(struct token_module *m, const char *name, struct bytes pin, struct err *e)
{
	struct token *t = mem_new(sizeof(*t));

	t->module = m;
	if (PKCS11_enumerate_slots(m->ctx, &t->slots, &t->n) != 0) {
		token_failed(e, ERR_FAILED, "cannot see what tokens are plugged in");
		free(t);
		return NULL;
	}
	if (find(t, name, e) == 0 && login(t, name, pin, e) == 0 && take_key(t, name, e) == 0)
		return t;
	token_close(t);
	return NULL;
}

void
token_close(struct token *t)
{
	if (t == NULL)
		return;
	key_free(t->key);
	cert_free(t->cert);
	if (t->slot != NULL)
		PKCS11_logout(t->slot);
	ERR_clear_error();
	PKCS11_release_all_slots(t->module->ctx, t->slots, t->n);
	free(t);
}

const struct cert *
token_cert(const struct token *t)
{
	return t->cert;
}

struct signer
token_signer(struct token *t)
{
	return key_signer(t->key, t->cert);
}
