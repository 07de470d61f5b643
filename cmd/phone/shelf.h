/*
 * shelf: trust lists that several virtual phones hold, each decoded and checked once - what would
 * else be most of the work of a fleet's boots.  For one thread.
 */
#ifndef TL_CMD_PHONE_SHELF_H
#define TL_CMD_PHONE_SHELF_H

#include "base/bytes.h"
#include "trust/tlist.h"

struct shelf;

struct shelf *shelf_new(void);
void shelf_free(struct shelf *s); /* nothing of it may be lent any more; NULL is fine */

/* The list in this file, lent until it is given back; NULL when it is no whole list. */
struct tlist *shelf_lend(struct shelf *s, struct bytes file);
void shelf_give_back(struct shelf *s, const struct tlist *list);

/* Decoded, and whole by its own signature: one that was cut or overwritten may still decode.  A
 * list without its signer's record cannot be told from a whole one.  NULL, or tlist_free() it. */
struct tlist *shelf_whole_list(struct bytes file);

#endif
