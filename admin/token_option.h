/*
 * token_option: which PKCS#11 library a verb that needs tokens is to load.
 */
#ifndef TL_ADMIN_TOKEN_OPTION_H
#define TL_ADMIN_TOKEN_OPTION_H

#include "admin/verb.h"
#include "trust/token.h"

#define TOKEN_MODULE_OPTION                                                                        \
	{                                                                                          \
		.name = "module", .metavar = "FILE",                                               \
		.help = "the tokens' PKCS#11 library; else TRUSTLIST_PKCS11_MODULE"                \
	}

/* NULL on error; token_module_close() it. */
struct token_module *token_option_module(const struct call *c, struct err *e);

#endif
