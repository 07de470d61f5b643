/*
 * when: Unix seconds as text that people and programs read, "2026-03-01T09:30:00Z", and back.
 */
#ifndef TL_CMD_PHONE_WHEN_H
#define TL_CMD_PHONE_WHEN_H

#include <stdint.h>

#include "base/err.h"

enum { WHEN_MAX = 32 };

void when_text(int64_t seconds, char to[WHEN_MAX]);
/* Into an int64_t; for a table of settings (base/conf.h). */
int when_check(const char *text, void *field, struct err *e);

#endif
