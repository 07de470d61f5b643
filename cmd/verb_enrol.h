/*
 * verb_enrol: the verbs that give a virtual phone its certificates - its MIC from a factory of the
 * lab, its LSC from CAPF.
 */
#ifndef TL_CMD_VERB_ENROL_H
#define TL_CMD_VERB_ENROL_H

#include "admin/verb.h"
#include "base/bytes.h"

extern const struct verb_set enrol_verbs;

enum { ENROL_STRING_ROOM = 64 }; /* for the struct wr of a string */

/* What --auth-string-file names holds, without the line's end; *to is left alone when it was not
 * given.  wr_wipe() it. */
int enrol_option_string(const struct call *c, struct wr *to, struct err *e);

#endif
