/*
 * tally: what the file counter, TVS and CAPF of each node have done since a process began to serve
 * - requests, what became of them, how long that took, bytes, and what runs at this moment - as
 * sums over all workers that any process can read.
 *
 * Each worker counts for itself and adds what is new now and then; nobody's cache depends on it, so
 * the generation stays as it is.
 */
#ifndef TL_TRUST_TALLY_H
#define TL_TRUST_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/took.h"
#include "trust/store.h"

/* Where requests come in. */
enum tally_door {
	TALLY_TFTP,
	TALLY_HTTP,
	TALLY_HTTPS,
	TALLY_HTTPS_TOMCAT,
	TALLY_TVS,
	TALLY_CAPF,
	TALLY_DOORS
};
const char *
tally_door_word(enum tally_door door);	   /* as in trustlist.conf: "tftp", "https-tomcat" */
bool tally_is_files(enum tally_door door); /* one of the file counter's */

enum tally_what {
	/* That could be told from noise; TVS: questions, CAPF: sessions of which something came. */
	TALLY_REQUESTS,
	/* What became of them: of files, */
	TALLY_SENT,
	TALLY_NOT_FOUND,
	TALLY_REFUSED,
	TALLY_GIVEN_UP, /* TFTP: the peer fell silent, or asked anew; its transfer is forgotten */
	TALLY_STOPPED,	/* the peer ended it: a TFTP error, a connection that closed */
	TALLY_FAILED,	/* we could not go on */
	/* of questions to TVS, */
	TALLY_TRUSTED,
	TALLY_NOT_TRUSTED,
	/* and, beside refused, given up, stopped and failed, of sessions with CAPF. */
	TALLY_DONE,
	TALLY_NOTHING_TO_DO,
	TALLY_WAITS_FOR_CA, /* the request is with an issuer elsewhere */
	TALLY_BYTES,	    /* of files; TFTP: acknowledged, HTTP: handed to the network */
	TALLY_RESENT,	    /* TFTP: packets sent again */
	TALLY_REPEATED,	    /* TFTP: requests that had come already */
	TALLY_IGNORED,	    /* TFTP: packets that are no requests */
	TALLY_RUNNING,	    /* now: transfers, answers on their way */
	/* All but TFTP: connections. */
	TALLY_CONNECTIONS, /* now */
	TALLY_ACCEPTED,
	TALLY_TURNED_AWAY, /* a limit, or the service was stopped */
	TALLY_HANDSHAKES_FAILED,
	TALLY_TIMEOUTS,
	TALLY_MALFORMED, /* ended for what the peer sent */
	/* TVS and CAPF: handshakes that succeeded, and those that went on with an earlier session.
	 */
	TALLY_HANDSHAKES,
	TALLY_RESUMED,
	/* How many took how long (base/took.h): transfers of whole files, answers of TVS, answers
	 * to single messages of CAPF's sessions.  And all of them together, in microseconds. */
	TALLY_TOOK,
	TALLY_TOOK_LONGER = TALLY_TOOK + TOOK_LIMITS,
	TALLY_TOOK_US,
	TALLY_WHATS
};
const char *tally_word(enum tally_what what); /* "not_found": in the store and in JSON */
/* Is this counted there? */
bool tally_counts(enum tally_door door, enum tally_what what);

struct tally {
	int64_t n[TALLY_WHATS];
};
void tally_set_took(struct tally *t, const struct took *took);
struct took tally_took(const struct tally *t);

/* A process begins to serve: from here on it counts anew. */
int tally_begin(struct store *s, int64_t now, struct err *e);
/* Adds what `is` has more than `told` - or less, for what is of this moment. */
int tally_add(struct store *s, int64_t node, enum tally_door door, const struct tally *told,
    const struct tally *is, struct err *e);
/* The workers of this process are at it still: the sums are as of now. */
int tally_touch(struct store *s, int64_t now, struct err *e);

/* 1; 0 when nobody has counted there: no such listener, or nobody served yet; -1. */
int
tally_get(struct store *s, int64_t node, enum tally_door door, struct tally *out, struct err *e);
/* When it began, and what time the sums are of; 0, 0 when nobody served yet. */
int tally_times(struct store *s, int64_t *since, int64_t *at, struct err *e);

#endif
