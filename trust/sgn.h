/*
 * sgn: signed files - a signature header before the plain file (.sgn; .sha512 by some).
 */
#ifndef TL_TRUST_SGN_H
#define TL_TRUST_SGN_H

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/sighdr.h"

struct sgn {
	struct sighdr head;
	struct bytes payload; /* in the file that was decoded */
};

struct sgn_plan {
	enum layout layout;
	enum digest digest;
	const char *filename; /* of the signed file: with .sgn */
	uint32_t timestamp;
};

/* Does not check the signature.  What *out points to lives in file. */
int sgn_unwrap(struct bytes file, struct sgn *out, struct err *e);
int sgn_verify(const struct sgn *s, struct bytes file, const struct cert *signer, struct err *e);
/* Header and payload, appended to out. */
int sgn_wrap(const struct sgn_plan *plan, struct bytes payload, const struct signer *signer,
    struct wr *out, struct err *e);
/* Only the header that goes before payload, appended to out. */
int sgn_head(const struct sgn_plan *plan, struct bytes payload, const struct signer *signer,
    struct wr *out, struct err *e);

#endif
