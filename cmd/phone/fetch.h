/*
 * fetch: get one file from the file counter as a phone does - into memory, up to a phone's limit,
 * within a time.  The network side is libcurl; nothing here knows what the files mean.
 */
#ifndef TL_CMD_PHONE_FETCH_H
#define TL_CMD_PHONE_FETCH_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	FETCH_MAX = 2 << 20,	/* phones download no more than 2048 KB */
	FETCH_TFTP_PORT = 6969, /* where a lab listens; a real cluster has 69 */
	FETCH_NAME_MAX = 96,	/* a file name, with its NUL */
	FETCH_HOST_MAX = 256,
};

enum fetch_outcome {
	FETCH_GOT,
	FETCH_NOT_FOUND,
	FETCH_TOO_LARGE,   /* more than FETCH_MAX */
	FETCH_UNREACHABLE, /* nobody answered in time */
	FETCH_ERROR,	   /* somebody answered, but not with the file */
};
const char *fetch_outcome_word(enum fetch_outcome outcome); /* "got", "not-found", for JSON */

/* Somebody who gets files: the network, or a test. */
struct fetcher {
	/* Appends the file to out.  Unless it was got, out is as before and e says why. */
	enum fetch_outcome (*get)(void *ctx, const char *name, struct wr *out, struct err *e);
	void *ctx;
};

enum fetch_transport { FETCH_TFTP };

struct fetch_address {
	enum fetch_transport transport;
	char host[FETCH_HOST_MAX]; /* a name or an address; IPv6 without brackets */
	uint16_t port;
};

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", or a bare IPv6 address. */
int fetch_address_of(const char *text, struct fetch_address *out, struct err *e);
/* The other way: "127.0.0.1:6969", "[::1]:6969". */
void fetch_address_text(const struct fetch_address *a, char *to, size_t size);

struct fetch_server {
	struct fetch_address address;
	unsigned seconds; /* for one file, from the question to its last byte */
};

/* Lives as long as the server it is given. */
struct fetcher fetch_over_network(struct fetch_server *server);

#endif
