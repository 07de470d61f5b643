/*
 * complete: a phone's configuration that somebody else wrote - FreePBX, wazo, a hand - with what it
 * lacks of ours put in: where TVS and CAPF are, how secure the phone registers.  Phones that have a
 * trust list find nothing of that in files made for a world without.
 *
 * Everything else stays as it is, to the byte: our elements go in before the end of device, as
 * text.  An element that is there, even an empty one, is what its writer wanted.  No store, no
 * clock, no files; XML is read as xmlread.h says.
 */
#ifndef TL_TFTP_COMPLETE_H
#define TL_TFTP_COMPLETE_H

#include "base/bytes.h"
#include "base/err.h"
#include "tftp/devconf.h"

/* The whole file, appended to out; *added: which parts were put in (enum devconf_part).  0, and the
 * file as it was, when nothing is missing, and when it is XML but no phone's configuration (its
 * root is not device).  -1, and out as it was: ERR_MALFORMED with line and column, ERR_LIMIT, or
 * ERR_FAILED when the file is in order but we cannot put anything in (UTF-16). */
int complete_config(struct bytes file, const struct devconf_facts *f, const struct devconf_phone *p,
    struct wr *out, unsigned *added, struct err *e);

#endif
