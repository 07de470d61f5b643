/*
 * verb_tvs: the verb that asks a TVS - ours or any other - as a phone does, and shows what it says.
 */
#ifndef TL_CMD_VERB_TVS_H
#define TL_CMD_VERB_TVS_H

#include "admin/verb.h"
#include "trust/cert.h"

extern const struct verb_set tvs_verbs;

/* The certificate in the file that --cert names: PEM or DER, the first of several.  NULL on error;
 * cert_free() it. */
struct cert *tvs_option_cert(const struct call *c, struct err *e);

#endif
