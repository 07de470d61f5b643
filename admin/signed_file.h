/*
 * signed_file: a trust list, signed file or encrypted configuration, read as one thing: something
 * that somebody signed, and that a certificate or a list can be asked about.
 */
#ifndef TL_ADMIN_SIGNED_FILE_H
#define TL_ADMIN_SIGNED_FILE_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/enc.h"
#include "trust/inspect.h"
#include "trust/sgn.h"
#include "trust/tlist.h"

enum { SIGNED_FILE_MAX = 512 << 20 }; /* firmware is signed too */

struct signed_file {
	enum inspect_kind kind;
	struct bytes whole;	   /* borrowed from who decoded it */
	const struct sighdr *head; /* in one of these, by kind: */
	struct tlist *list;
	struct sgn sgn;
	struct enc enc;
};

/* ERR_MALFORMED when it is none of the three, or does not add up.  Signatures are not checked. */
int signed_file_decode(struct bytes whole, struct signed_file *out, struct err *e);
void signed_file_free(struct signed_file *f);

/* Did the SAST record of the list itself sign it?  For INSPECT_LIST only.  -1: ERR_NO. */
int signed_file_check_self(const struct signed_file *f, struct err *e);
/* Did the certificate in the file `with` sign it, or one in the list `with` whose role may?  0:
 * yes, and by says which; -1: ERR_NO, or another code when `with` is of no use. */
int signed_file_check(
    const struct signed_file *f, const char *with, char *by, size_t size, struct err *e);

#endif
