/*
 * fetch: get one file from the file counter as a phone does - into memory, up to a phone's limit,
 * within a time.  The network side is libcurl; nothing here knows what the files mean.
 */
#ifndef TL_CMD_PHONE_FETCH_H
#define TL_CMD_PHONE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cmd/phone/address.h"

enum {
	FETCH_MAX = 2 << 20,	/* phones download no more than 2048 KB */
	FETCH_TFTP_PORT = 6969, /* where a lab listens; a real cluster has 69 */
	FETCH_HTTP_PORT = 6970, /* everywhere */
	FETCH_NAME_MAX = 96,	/* a file name, with its NUL */
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

/* What can be used again for the next file: name lookups, connections.  For one thread. */
struct fetch_line;
struct fetch_line *fetch_line_new(void);    /* fetch_line_free() it */
void fetch_line_free(struct fetch_line *l); /* NULL is fine */

struct fetch_server {
	struct address address;
	unsigned seconds; /* for one file and way, from the question to its last byte */
	/* Each file is asked for there first, and by TFTP when that does not give it, as newer
	 * phones do; 0: by TFTP alone. */
	uint16_t http_port;
	struct fetch_line *line; /* NULL: a new one for each file */
	/* Gives up when it hears that nobody listens there.  By UDP phones do not hear that: they
	 * ask again until their time is over, and so find a server that was being restarted. */
	bool gives_up;
	bool by_http_alone; /* for who wants to know whether HTTP gives it */
};

/* Lives as long as the server it is given. */
struct fetcher fetch_over_network(struct fetch_server *server);

#endif
