/*
 * server: the TFTP counter on one address - requests in, each answered by a transfer from a port of
 * its own.  What a name means is the service's matter (resolve), how a transfer runs is xfer's;
 * here are sockets, timers, limits and log lines.
 *
 * One server belongs to one worker's loop; several workers may listen on the same address and port.
 */
#ifndef TL_TFTP_SERVER_H
#define TL_TFTP_SERVER_H

#include "base/loop.h"
#include "base/took.h"
#include "tftp/content.h"
#include "tftp/xfer.h"

/* Who asks for what.  Borrowed: valid until the callback returns. */
struct tftp_ask {
	const char *name;  /* as the peer spelled it: paths and control bytes are possible */
	const char *peer;  /* its address, without the port */
	const char *local; /* the address it asked */
	int64_t mark;	   /* in done(): the content's (content.h), 0 without one */
};

enum tftp_outcome {
	TFTP_SENT,
	TFTP_NOT_FOUND,
	TFTP_REFUSED,  /* a limit, a write request, no request at all, or resolve() said no */
	TFTP_GIVEN_UP, /* the peer fell silent */
	TFTP_STOPPED,  /* the peer sent an error: many do after the size, which was all they wanted
			*/
	TFTP_FAILED,   /* we could not go on: a file cut short, the server closed */
	TFTP_OUTCOMES
};

struct tftp_service {
	/* 0: *out is a reference that becomes the server's; left NULL, the peer gets no answer,
	 * as if nobody listened here.  -1: ERR_NOT_FOUND is what phones expect for most of what
	 * they ask; all others are refusals. */
	int (*resolve)(void *ctx, const struct tftp_ask *ask, struct content **out, struct err *e);
	/* Once for each request that could be read and was answered; may be NULL. */
	void (*done)(void *ctx, const struct tftp_ask *ask, enum tftp_outcome outcome,
	    uint64_t bytes, int64_t ms);
	void *ctx;
	/* At once; 0 means the usual value.  Each takes a descriptor when it sends a file; they
	 * share those of a few ports, but for some hundred that have their own (ports.h). */
	unsigned transfers_max;	     /* (8192) */
	unsigned transfers_per_host; /* (4096) one address can be a whole site behind NAT */
	struct xfer_rules rules;
};

struct tftp_counters {
	uint64_t requests; /* datagrams to our port that were read or write requests */
	uint64_t ignored;  /* and those that were not */
	uint64_t silent;   /* requests that resolve() left without an answer */
	uint64_t repeated; /* requests that we knew already */
	uint64_t outcomes[TFTP_OUTCOMES];
	uint64_t bytes; /* acknowledged */
	uint64_t resent;
	uint64_t unsent;  /* packets that this machine could not take */
	struct took took; /* from the request to the last acknowledgement, of what was sent */
};

struct tftp_server;

/* The service is copied.  address in numbers, IPv4 or IPv6; port 0: any free one. */
struct tftp_server *tftp_server_open(struct loop *l, const char *address, uint16_t port,
    const struct tftp_service *service, struct err *e);
/* Takes the requests that have come, and no more; what is running goes on. */
void tftp_server_quiet(struct tftp_server *s);
/* Ends what is running and tells the peers.  Not from within a callback; NULL is fine. */
void tftp_server_close(struct tftp_server *s);

uint16_t tftp_server_port(const struct tftp_server *s);
unsigned tftp_server_transfers(const struct tftp_server *s); /* running now */
const struct tftp_counters *tftp_server_counters(const struct tftp_server *s);

enum { TFTP_DEVICE_MAX = 16 };
/* The phone that a file name speaks of: "SEP" and twelve hex digits anywhere in it, in capitals;
 * false and "" when it speaks of none. */
bool tftp_device_of(const char *name, char device[TFTP_DEVICE_MAX]);

#endif
