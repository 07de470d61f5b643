/*
 * token_option: the security tokens that a verb is to work with - which PKCS#11 library reaches
 * them, which of them sign a CTL.
 */
#ifndef TL_ADMIN_TOKEN_OPTION_H
#define TL_ADMIN_TOKEN_OPTION_H

#include "admin/verb.h"
#include "trust/ctl.h"
#include "trust/token.h"

#define TOKEN_MODULE_OPTION                                                                        \
	{                                                                                          \
		.name = "module", .metavar = "FILE",                                               \
		.help = "the tokens' PKCS#11 library; else TRUSTLIST_PKCS11_MODULE",               \
		.host_only = "a library is code that the process would run"                        \
	}

#define TOKEN_OPTIONS                                                                              \
	{ .name = "token",                                                                         \
		.metavar = "NAME",                                                                 \
		.help = "a security token of the CTL, by label; the first that is named signs",    \
		.many = true },                                                                    \
	    { .name = "pin-file",                                                                  \
		    .metavar = "FILE",                                                             \
		    .help = "its PIN; - is standard input; else it is asked for",                  \
		    .takes = VALUE_SECRET },                                                       \
	    TOKEN_MODULE_OPTION

/* NULL on error; token_module_close() it. */
struct token_module *token_option_module(const struct call *c, struct err *e);

/* Those that were named.  Begins as { 0 }; tokens_drop() it. */
struct tokens {
	struct token_module *module;
	struct token *first; /* logged in to; NULL: none was named */
	struct cert *cert[CTL_TOKENS_MAX];
	const struct cert *view[CTL_TOKENS_MAX];
	struct ctl_tokens ctl;
};

/* Opens the first, and finds the certificates of the others, all of which must be plugged in.
 * held: tokens of the CTL there is, which stay in it though nobody names them; of a CTL that tokens
 * signed, the first must be one ("The Security Token you have inserted does not exist in the CTL
 * File").  NULL: none are looked at. */
int tokens_take(const struct call *c, struct cert *const *held, size_t held_n, struct tokens *out,
    struct err *e);
/* For cluster_set_mode() and cluster_update_ctl(): NULL when none was named. */
const struct ctl_tokens *tokens_of_ctl(const struct tokens *t);
void tokens_drop(struct tokens *t);

#endif
