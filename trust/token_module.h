/*
 * token_module: what token.c, which uses tokens through libp11, and token_make.c, which makes them
 * with what libp11 has no words for, share.  For those two alone.
 */
#ifndef TL_TRUST_TOKEN_MODULE_H
#define TL_TRUST_TOKEN_MODULE_H

#include <stdbool.h>

#include "base/err.h"

struct PKCS11_ctx_st;

struct token_module {
	char *path;
	struct PKCS11_ctx_st *ctx;
	bool loaded;
};

/* The sentence, and the reason that OpenSSL's queue holds for it, if any. */
int token_failed(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
