/*
 * told: what a phone's configuration is to say of the phone itself, as of now - what CAPF wants of
 * it and which certificate it has need no restart of TFTP.
 */
#ifndef TL_TFTP_TOLD_H
#define TL_TFTP_TOLD_H

#include "base/err.h"
#include "tftp/devconf.h"
#include "trust/cert.h"
#include "trust/device.h"
#include "trust/store.h"

struct told {
	struct devconf_phone phone;
	struct cert *cert;  /* certHash; NULL: none */
	struct err no_cert; /* its configuration is to be encrypted, but to what? */
};

/* Borrows d.  told_free() it, also after -1. */
int told_look(struct store *s, const struct device *d, struct told *out, struct err *e);
void told_free(struct told *t);

#endif
