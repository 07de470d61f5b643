/*
 * console: the administration interface of a process that serves - the section [admin] of
 * trustlist.conf, in a thread of its own: what an administrator asks keeps no phone waiting.
 */
#ifndef TL_CMD_CONSOLE_H
#define TL_CMD_CONSOLE_H

#include "base/err.h"
#include "cmd/shift.h"

/* Where it listens unless the section says: an instance with a loopback address of its own, as labs
 * have several on one machine with the same ports, is administered there; others on 127.0.0.1.
 * Lent. */
const char *console_address(const struct config *config, const struct node *node, size_t nodes);

struct console;

/* *out NULL: neither port nor socket is wanted.  root is borrowed, setup is not.  console_close()
 * it. */
int console_open(const char *root, const struct setup *setup, struct console **out, struct err *e);
/* Would console_open() do the same again? */
bool console_is_as(const struct console *c, const struct setup *setup);
/* From now on /readyz says no.  NULL is fine, here and below. */
void console_stopping(struct console *c);
/* Ends sessions and jobs, and waits for what runs. */
void console_close(struct console *c);

#endif
