/*
 * serve: all services of the cluster in one process - `trustlist serve` and `trustlist config
 * check`.
 */
#ifndef TL_CMD_SERVE_H
#define TL_CMD_SERVE_H

#include "admin/verb.h"

extern const struct verb_set serve_verbs;

#endif
