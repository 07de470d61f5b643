/*
 * erase: how a hand deletes the trust lists on a phone, by model.  Pure.
 */
#ifndef TL_CMD_REHEARSAL_ERASE_H
#define TL_CMD_REHEARSAL_ERASE_H

#include "trust/model.h"

/* "Settings > Security Configuration > ..."; never NULL. */
const char *erase_path(const struct model *m);

#endif
