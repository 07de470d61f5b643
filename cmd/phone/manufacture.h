/*
 * manufacture: the factory that a virtual phone comes from - a manufacturer's CA of the lab, and
 * the certificate (MIC) that it gives a phone.  No clock; the CA is a file.
 *
 * Shape: MICs of 8861s (TechNotes 213407 and 212214).
 */
#ifndef TL_CMD_PHONE_MANUFACTURE_H
#define TL_CMD_PHONE_MANUFACTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/model.h"

struct factory {
	struct cert *cert; /* a CA */
	struct key *key;
};

void factory_clear(struct factory *f);

/* From a PEM file with certificate and key.  One that is missing is made, for its owner alone to
 * read: *made.  A MIC may have been issued, and have run out, long before now, so the new CA is
 * older than that.  The certificate alone is written beside it, to be handed out, where it is
 * missing; ERR_USAGE when something else is there.  factory_clear() it. */
int factory_open(const char *path, int64_t now, struct factory *out, bool *made, struct err *e);

/* Where that certificate is: FILE.crt.  The caller frees. */
char *factory_cert_path(const char *ca_path);

struct mic_want {
	const char *name; /* SEP001122334455; soft phones have no MIC */
	const struct model *model;
	int64_t not_before, not_after; /* Unix seconds */
};

/* For this key.  NULL on error. */
struct cert *factory_mic(
    const struct factory *f, const struct mic_want *want, const struct key *key, struct err *e);

#endif
