/*
 * token: the USB security tokens (eTokens) whose keys sign CTLs - reached through PKCS#11, so that
 * SoftHSM can stand in for them.  A token's private key is made on it and never leaves it: we hand
 * it hashes and get signatures.  No store, no clock.
 *
 * Labels and subjects are in the form of Cisco's tokens: "SAST-ADN0054f509", padded with blanks to
 * 24 characters in the subject (TechNote 118892).
 */
#ifndef TL_TRUST_TOKEN_H
#define TL_TRUST_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"

enum {
	TOKEN_LABEL_MAX = 33,  /* PKCS#11: 32 characters, padded with blanks; with its NUL */
	TOKEN_SERIAL_MAX = 17, /* 16 likewise */
	TOKEN_PIN_LEAST = 4,
	TOKEN_PIN_MOST = 255,
	TOKENS_MAX = 64,
};

/* A PKCS#11 library, loaded into this process. */
struct token_module;
/* NULL on error, which names the file.  token_module_close() it, after the tokens opened with it.
 */
struct token_module *token_module_open(const char *path, struct err *e);
void token_module_close(struct token_module *m); /* NULL is fine */

/* A token that is plugged in. */
struct token_info {
	char label[TOKEN_LABEL_MAX]; /* "" for one that was never initialised */
	char serial[TOKEN_SERIAL_MAX];
	char model[TOKEN_SERIAL_MAX];
	bool initialised;
	struct cert *cert; /* its SAST certificate; NULL when it holds none */
};
/* By label.  Ends the sessions with tokens that are open.  token_list_free() *out. */
int token_list(struct token_module *m, struct token_info **out, size_t *n, struct err *e);
void token_list_free(struct token_info *all, size_t n);

/* Is that its name: its label, its serial number, or the common name of its certificate without the
 * blanks at its end? */
bool token_is_named(const struct token_info *t, const char *name);

/* A token that we are logged in to. */
struct token;
/* By its name (token_is_named()).  ERR_NOT_FOUND when it is not plugged in, ERR_DENIED for a wrong
 * PIN or a locked token. token_close() it. */
struct token *token_open(struct token_module *m, const char *name, struct bytes pin, struct err *e);
void token_close(struct token *t);		      /* logs out; NULL is fine */
const struct cert *token_cert(const struct token *t); /* lives as long as the token */
/* Signs with the token's key; lives as long as the token. */
struct signer token_signer(struct token *t);

/* What a new token is to be. */
struct token_want {
	const char *label; /* "SAST-ADN0054f509"; NULL: such a one, made up */
	struct bytes pin, so_pin;
	int bits; /* of its RSA key: 1024 (as Cisco's have), 2048, 4096 */
	/* Who signs its certificate, and from when to when that is valid, Unix seconds. */
	const struct cert *issuer;
	const struct key *issuer_key;
	int64_t not_before, not_after;
};
/* Initialises a blank token, makes its key on it and gives it a certificate.  ERR_EXISTS when a
 * token of this label is plugged in, ERR_NOT_FOUND when there is no blank one. */
int token_make(
    struct token_module *m, const struct token_want *want, struct token_info *out, struct err *e);
void token_info_clear(struct token_info *t);

/* "SAST-ADN0054f509        ": the common name for a label. */
void token_common_name(const char *label, char to[CERT_NAME_MAX]);

#endif
