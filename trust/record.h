/*
 * record: the tags of a trust list's records, for those who read, write and print them (tlist*.c).
 */
#ifndef TL_TRUST_RECORD_H
#define TL_TRUST_RECORD_H

#include "trust/tlist.h"

enum record_tag {
	RECORD_LENGTH = 1,
	RECORD_DNS = 2,
	RECORD_SUBJECT = 3,
	RECORD_ROLE = 4,
	RECORD_ISSUER = 5,
	RECORD_SERIAL = 6,
	RECORD_KEY = 7,
	RECORD_SIGNATURE = 8,
	RECORD_CERTIFICATE = 9,
	RECORD_ADDRESS = 10,
	RECORD_HASH = 11,
	RECORD_HASH_DIGEST = 12,
	RECORD_TAGS
};

enum { RECORD_HEAD = 5 }; /* bytes of the RECORDLENGTH element */

/* The record that starts where r stands.  -1 names the tag; cert_free(out->cert) then too. */
int record_read(struct rd *r, struct tlist_record *out, struct err *e);

#endif
