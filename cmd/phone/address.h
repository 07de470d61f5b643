/*
 * address: where a server is, as people write it - a host and a port.  Looks nothing up.
 */
#ifndef TL_CMD_PHONE_ADDRESS_H
#define TL_CMD_PHONE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ADDRESS_HOST_MAX = 256, ADDRESS_TEXT_MAX = ADDRESS_HOST_MAX + 9 };

struct address {
	char host[ADDRESS_HOST_MAX]; /* a name or an address; IPv6 without brackets */
	uint16_t port;
};

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", or a bare IPv6 address; usual: the port when none is
 * given. */
int address_of(const char *text, uint16_t usual, struct address *out, struct err *e);
/* The other way: "127.0.0.1:6969", "[::1]:6969". */
void address_text(const struct address *a, char to[ADDRESS_TEXT_MAX]);
bool address_is_v6(const char *host);

#endif
