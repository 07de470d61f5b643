/*
 * vphone_show: what virtual phones remember - `vphone show`, `vphone list` - and `vphone erase`.
 */
#ifndef TL_CMD_VPHONE_SHOW_H
#define TL_CMD_VPHONE_SHOW_H

#include "admin/verb.h"
#include "cmd/phone/memory.h"

/* The memory of a phone that has booted; NULL on error.  memory_free() it. */
struct memory *vphone_load(const char *folder, struct err *e);

/* A line of its status screen. */
void vphone_show_status(const char *line, struct out *o);

extern const struct verb_set vphone_show_verbs;

#endif
