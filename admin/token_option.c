#include "admin/token_option.h"

#include <stdlib.h>

#include "admin/secret.h"

struct token_module *
token_option_module(const struct call *c, struct err *e)
{
	const char *path = call_option(c, "module");

	if (path == NULL)
		path = getenv("TRUSTLIST_PKCS11_MODULE");
	if (path != NULL && path[0] != '\0')
		return token_module_open(path, e);
	err_set(e, ERR_USAGE, "no PKCS#11 library to reach security tokens with");
	err_hint(e, "--module FILE, or TRUSTLIST_PKCS11_MODULE in the environment; SoftHSM's is "
		    "/usr/lib/softhsm/libsofthsm2.so");
	return NULL;
}

static bool
has(const struct tokens *t, const struct cert *c)
{
	for (size_t i = 0; i < t->ctl.n; i++)
		if (cert_eq(t->cert[i], c))
			return true;
	return false;
}

/* Takes the certificate over; one that is there already is not added again. */
static int
add(struct tokens *t, struct cert *c, struct err *e)
{
	if (has(t, c)) {
		cert_free(c);
		return 0;
	}
	if (t->ctl.n == CTL_TOKENS_MAX) {
		cert_free(c);
		return err_set(e, ERR_USAGE, "at most %d security tokens", CTL_TOKENS_MAX);
	}
	t->cert[t->ctl.n++] = c;
	return 0;
}

static int
open_first(const struct call *c, const char *name, struct tokens *t, struct err *e)
{
	struct wr pin = { 0 };

	if (secret_read(c, "pin-file", "PIN", &pin, e) == 0)
		t->first = token_open(t->module, name, wr_view(&pin), e);
	wr_wipe(&pin);
	if (t->first == NULL)
		return -1;
	t->ctl.signer = token_signer(t->first);
	return add(t, cert_copy(token_cert(t->first)), e);
}

static const struct token_info *
named(const struct token_info *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].cert != NULL && token_is_named(&all[i], name))
			return &all[i];
	return NULL;
}

static int
add_others(
    const struct call *c, const struct token_info *all, size_t n, struct tokens *t, struct err *e)
{
	const char *name;

	for (size_t i = 1; (name = call_option_n(c, "token", i)) != NULL; i++) {
		const struct token_info *other = named(all, n, name);

		if (other == NULL) {
			err_set(e, ERR_NOT_FOUND, "security token %.60s is not plugged in", name);
			return err_hint(e, "trustlist token list shows those that are");
		}
		if (add(t, cert_copy(other->cert), e) != 0)
			return -1;
	}
	return 0;
}

/* The list is read first: reading it ends every session with a token. */
static int
take_named(const struct call *c, const char *first, struct tokens *t, struct err *e)
{
	struct token_info *all;
	size_t n;
	int rc;

	t->module = token_option_module(c, e);
	if (t->module == NULL || token_list(t->module, &all, &n, e) != 0)
		return -1;
	rc = open_first(c, first, t, e);
	if (rc == 0)
		rc = add_others(c, all, n, t, e);
	token_list_free(all, n);
	return rc;
}

/* Phones know the tokens of the CTL they hold; a CTL signed by another one they refuse. */
static int
keep_held(struct cert *const *held, size_t n, struct tokens *t, struct err *e)
{
	bool known = n == 0;

	for (size_t i = 0; i < n; i++)
		known |= cert_eq(held[i], t->cert[0]);
	if (!known) {
		err_set(e, ERR_USAGE,
		    "The Security Token you have inserted does not exist in the CTL File");
		return err_hint(e, "name one first that does: ctl show lists them");
	}
	for (size_t i = 0; i < n; i++)
		if (add(t, cert_copy(held[i]), e) != 0)
			return -1;
	return 0;
}

int
tokens_take(const struct call *c, struct cert *const *held, size_t held_n, struct tokens *out,
    struct err *e)
{
	const char *name = call_option_n(c, "token", 0);

	*out = (struct tokens){ 0 };
	if (name == NULL)
		return 0;
	if (take_named(c, name, out, e) != 0 || keep_held(held, held_n, out, e) != 0)
		return -1;
	for (size_t i = 0; i < out->ctl.n; i++)
		out->view[i] = out->cert[i];
	out->ctl.cert = out->view;
	return 0;
}

const struct ctl_tokens *
tokens_of_ctl(const struct tokens *t)
{
	return t->first == NULL ? NULL : &t->ctl;
}

void
tokens_drop(struct tokens *t)
{
	for (size_t i = 0; i < t->ctl.n; i++)
		cert_free(t->cert[i]);
	token_close(t->first);
	token_module_close(t->module);
	*t = (struct tokens){ 0 };
}
