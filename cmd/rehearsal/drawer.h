/*
 * drawer: security tokens for a rehearsal - a drawer of its own for SoftHSM, which this process
 * opens when a verb asks for tokens.
 */
#ifndef TL_CMD_REHEARSAL_DRAWER_H
#define TL_CMD_REHEARSAL_DRAWER_H

#include "base/err.h"

/* An empty one in that folder, for this process from here on.  The library is SoftHSM, where
 * TRUSTLIST_PKCS11_MODULE or the distribution has it, and never one of real tokens.
 * ERR_NOT_FOUND when it is not installed. */
int drawer_open(const char *dir, struct err *e);
/* No tokens at all can be reached from here on. */
int drawer_none(struct err *e);

#endif
