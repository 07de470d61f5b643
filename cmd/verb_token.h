/*
 * verb_token: the verbs for security tokens, whose keys sign CTLs.
 */
#ifndef TL_CMD_VERB_TOKEN_H
#define TL_CMD_VERB_TOKEN_H

#include "admin/verb.h"

extern const struct verb_set token_verbs;

#endif
