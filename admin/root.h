/*
 * root: what lies where under --root.
 */
#ifndef TL_ADMIN_ROOT_H
#define TL_ADMIN_ROOT_H

#include <stdbool.h>

#include "trust/store.h"

/* Each gives a path to free(). */
char *root_store(const char *root);  /* the database */
char *root_conf(const char *root);   /* trustlist.conf */
char *root_folder(const char *root); /* static files, unless the config names another folder */

/* Carries on with a restore that died over its last steps, if there is one: before that, what lies
 * in the root is half of what was there and half of what was restored.  ERR_BUSY when it is alive.
 */
int root_settle(const char *root, struct err *e);
/* The store of an initialised root: ERR_NOT_FOUND, with what to do, when there is none. */
struct store *root_open_store(const char *root, struct err *e);
/* The same by who has the lock of the root, so that no restore can come in between. */
struct store *root_open_locked(const char *root, struct err *e);

/* One process serves a root: two would start its services twice over.  A descriptor that is the
 * right to, until it is closed; -1: another process has it. */
int root_lock(const char *root, struct err *e);
/* Whether a process has it now.  False too when that cannot be told. */
bool root_is_served(const char *root);

#endif
