/*
 * drawer: security tokens for a rehearsal - a drawer of its own for SoftHSM, which this process
 * opens when a verb asks for tokens.
 */
#ifndef TL_CMD_REHEARSAL_DRAWER_H
#define TL_CMD_REHEARSAL_DRAWER_H

#include "base/err.h"

/* An empty one in that folder, for this process from here on.  The library is the one that
 * TRUSTLIST_PKCS11_MODULE names, or Debian's. ERR_NOT_FOUND when it is not installed. */
int drawer_open(const char *dir, struct err *e);

#endif
