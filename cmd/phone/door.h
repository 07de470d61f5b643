/*
 * door: whom a phone speaks TLS with - what its model can speak, and whether the certificate that a
 * server shows stands in its lists for what it is asked for.
 */
#ifndef TL_CMD_PHONE_DOOR_H
#define TL_CMD_PHONE_DOOR_H

#include <stdbool.h>

#include "base/tls.h"
#include "trust/model.h"
#include "trust/role.h"
#include "trust/tlist.h"

struct door {
	const struct tlist *list[2]; /* whose records count; NULL: none */
	enum role role;
	const char *lists; /* for the reason: "the phone's ITL" */
	bool is_stranger;  /* the last one that came was not let in */
};

/* For struct tls_call: ctx is a struct door.  -1 with ERR_NO: its certificate is in no record of
 * this role. */
int door_check(void *ctx, struct bytes der, struct err *e);

struct tls_rules door_rules(const struct model *m);

#endif
