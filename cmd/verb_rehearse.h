/*
 * verb_rehearse: the verbs that rehearse a change of a cluster, or a move to another, on virtual
 * phones: list, show and run.
 */
#ifndef TL_CMD_VERB_REHEARSE_H
#define TL_CMD_VERB_REHEARSE_H

#include "admin/verb.h"

extern const struct verb_set rehearse_verbs;

#endif
