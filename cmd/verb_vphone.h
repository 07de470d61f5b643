/*
 * verb_vphone: the verbs of the virtual phone - boot one, show it a certificate, look into its
 * memory, erase its lists.
 */
#ifndef TL_CMD_VERB_VPHONE_H
#define TL_CMD_VERB_VPHONE_H

#include "admin/verb.h"

extern const struct verb_set vphone_verbs;

#endif
