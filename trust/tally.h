/*
 * tally: what the file counter of each node has done since a process began to serve - requests,
 * what became of them, bytes, and what runs at this moment - as sums over all workers that any
 * process can read.
 *
 * Each worker counts for itself and adds what is new now and then; nobody's cache depends on it, so
 * the generation stays as it is.
 */
#ifndef TL_TRUST_TALLY_H
#define TL_TRUST_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

/* Where requests come in. */
enum tally_door { TALLY_TFTP, TALLY_HTTP, TALLY_HTTPS, TALLY_HTTPS_TOMCAT, TALLY_DOORS };
const char *
tally_door_word(enum tally_door door); /* as in trustlist.conf: "tftp", "https-tomcat" */

enum tally_what {
	TALLY_REQUESTS, /* that could be told from noise */
	/* What became of them. */
	TALLY_SENT,
	TALLY_NOT_FOUND,
	TALLY_REFUSED,
	TALLY_GIVEN_UP, /* TFTP: the peer fell silent, or asked anew; its transfer is forgotten */
	TALLY_STOPPED,	/* the peer ended it: a TFTP error, a connection that closed */
	TALLY_FAILED,	/* we could not go on */
	TALLY_BYTES,	/* of files; TFTP: acknowledged, HTTP: handed to the network */
	TALLY_RESENT,	/* TFTP: packets sent again */
	TALLY_REPEATED, /* TFTP: requests that had come already */
	TALLY_IGNORED,	/* TFTP: packets that are no requests */
	TALLY_RUNNING,	/* now: transfers, answers on their way */
	/* HTTP and HTTPS: connections. */
	TALLY_CONNECTIONS, /* now */
	TALLY_ACCEPTED,
	TALLY_TURNED_AWAY, /* a limit, or the service was stopped */
	TALLY_HANDSHAKES_FAILED,
	TALLY_TIMEOUTS,
	TALLY_MALFORMED, /* ended for what the peer sent */
	TALLY_WHATS
};
const char *tally_word(enum tally_what what); /* "not_found": in the store and in JSON */

struct tally {
	int64_t n[TALLY_WHATS];
};

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
