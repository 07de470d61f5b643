/*
 * identity: what a phone proves with who it is - the LSC that CAPF gave it, the MIC that it came
 * with from the factory - and the key that it made for its next LSC.  In the folder of its memory:
 * lsc.pem and mic.pem, each a certificate and its private key, and lsc.next.key.
 *
 * A certificate and its key are one file, which is replaced whole: wherever a phone is cut off, it
 * wakes up with the old pair or with the new one.
 */
#ifndef TL_CMD_PHONE_IDENTITY_H
#define TL_CMD_PHONE_IDENTITY_H

#include <stdbool.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"

enum identity_kind { IDENTITY_LSC, IDENTITY_MIC, IDENTITIES };
const char *identity_name(enum identity_kind kind); /* "LSC", "MIC" */
const char *identity_file(enum identity_kind kind); /* "lsc.pem" */

/* Owned; both or neither. */
struct identity {
	struct cert *cert;
	struct key *key;
	bool damaged; /* the file holds no such pair: as if there were none */
};

void identity_clear(struct identity *i);
/* Of all IDENTITIES that a phone has: the first kind when there is one, else the other; IDENTITIES
 * when there is neither. */
enum identity_kind identity_of(const struct identity *have, enum identity_kind first);

/* -1: what is there could not be read.  identity_clear() it. */
int identity_load(const char *folder, enum identity_kind kind, struct identity *out, struct err *e);
int identity_keep(const char *folder, enum identity_kind kind, const struct cert *c,
    const struct key *k, struct err *e);
int identity_erase(const char *folder, enum identity_kind kind, struct err *e);

/* The key of a certificate that is still to come; each one replaces the one before. */
int identity_keep_next(const char *folder, const struct key *k, struct err *e);
/* NULL: there is none, or it cannot be read. */
struct key *identity_next(const char *folder);
int identity_erase_next(const char *folder, struct err *e);

#endif
