/*
 * secret: a password, passphrase or PIN that a verb is given - from a file, from standard input, or
 * typed at a terminal without being shown.  Never from the command line, where every user sees it.
 */
#ifndef TL_ADMIN_SECRET_H
#define TL_ADMIN_SECRET_H

#include "admin/verb.h"
#include "base/bytes.h"
#include "base/err.h"

enum { SECRET_MAX = 1024 }; /* bytes */

/* What the file that option `name` names holds, without the line's end; "-" is standard input.
 * Without the option it is asked for with `prompt` ("PIN") when somebody sits at a terminal;
 * nobody there: ERR_USAGE.  An empty one is refused.  *to is empty before and holds it after;
 * wr_wipe() it in any case. */
int secret_read(
    const struct call *c, const char *name, const char *prompt, struct wr *to, struct err *e);

#endif
