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
 * Without the option, or when standard input is a terminal, it is asked for with `prompt` ("PIN")
 * when somebody sits there; nobody there: ERR_USAGE.  An empty one is refused.  *to is empty before
 * and holds it after; wr_wipe() it in any case. */
int secret_read(
    const struct call *c, const char *name, const char *prompt, struct wr *to, struct err *e);
/* A new one that was typed is asked for again, for a slip in it would be found out too late:
 * ERR_USAGE when the two differ.  What came from a file is not. */
int secret_confirm(const struct call *c, const char *name, const char *prompt, const struct wr *was,
    struct err *e);

#endif
