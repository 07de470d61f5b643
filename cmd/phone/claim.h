/*
 * claim: whose memory a folder is - a virtual phone's name and model - and what it is to become
 * when nobody lived there yet.
 */
#ifndef TL_CMD_PHONE_CLAIM_H
#define TL_CMD_PHONE_CLAIM_H

#include "base/err.h"
#include "cmd/phone/memory.h"
#include "trust/model.h"

/* The memory in this folder, which is made when missing, as that of the phone of this name.  model
 * NULL: the one it remembers, else what such a name is; *out is the one it has.  Name and model
 * stand in the note, which is not written yet.  NULL with ERR_USAGE when it is another phone's or
 * the name is none of such a model; memory_free() it. */
struct memory *claim_memory(const char *folder, const char *name, const struct model *model,
    const struct model **out, struct err *e);
/* The same, with lists from a shelf (memory.h); NULL: none. */
struct memory *claim_memory_from(struct shelf *shelf, const char *folder, const char *name,
    const struct model *model, const struct model **out, struct err *e);
/* What a device of this name is while nobody says; NULL: the name of none. */
const struct model *claim_usual_model(const char *name);

#endif
