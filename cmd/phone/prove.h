/*
 * prove: a phone's certificate in its AUTH_RESPONSE, and the signatures which show that it has the
 * key (capf/proof.h).
 */
#ifndef TL_CMD_PHONE_PROVE_H
#define TL_CMD_PHONE_PROVE_H

#include "base/bytes.h"
#include "base/err.h"
#include "capf/proto.h"
#include "cmd/phone/identity.h"

/* The signatures; the message lends them.  Start from { 0 }. */
struct prove {
	struct wr sha1, sha512, sudi_sha1, sudi_sha512;
};
void prove_free(struct prove *p);

/* Device and session stand in the message already.  It lends from i, too. */
int
prove_identity(struct prove *p, const struct identity *i, struct capf_message *m, struct err *e);

#endif
