/*
 * strangers: phones that nobody added and that registered by themselves (auto-registration).
 *
 * A Unified CM learns their model when they register and adds them; we see their names alone, which
 * anybody can make up.  So they are shown, and become phones like others when somebody says what
 * they are.
 */
#ifndef TL_ADMIN_STRANGERS_H
#define TL_ADMIN_STRANGERS_H

#include "admin/verb.h"
#include "trust/model.h"

/* A row for each, in the table of phones. */
int strangers_put(const struct call *c, struct out *o, struct err *e);
/* Adds the phone if it is one of them; m NULL: ERR_USAGE then, for its model must be known.  0 also
 * for all other names. */
int strangers_adopt(const struct call *c, const char *name, const struct model *m, struct err *e);
/* -1: *e, which said that there is no such phone, hints at what it takes if it is one of them. */
int strangers_hint(const struct call *c, const char *name, struct err *e);
/* Deletes the phone, whether it was added or is one of them. */
int strangers_forget(const struct call *c, const char *name, struct err *e);

#endif
