/*
 * proto: what a phone and TVS say to each other, bytes to structs and back, both directions side by
 * side (PROTOCOL.md).  No sockets, no store, no clock; roles are plain numbers here.
 */
#ifndef TL_TVS_PROTO_H
#define TL_TVS_PROTO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	TVS_HEAD = 10,		 /* bytes before the elements */
	TVS_MESSAGE_MAX = 20480, /* fits the largest of all elements, and some of tomorrow */
	TVS_DEVICE_MAX = 64,	 /* characters in a device name; CUCM's have up to 50 */
	TVS_NAME_MAX = 8191,	 /* bytes in a subject or issuer, without its NUL */
	TVS_SERIAL_MAX = 65,	 /* bytes in a serial number: RFC 5280 allows 20, and a sign byte */
	TVS_CERT_MAX = 16384,
	TVS_ROLES_MAX = 32,
};

enum tvs_command {
	TVS_VERIFY_REQUEST = 1, /* is this certificate known? */
	TVS_VERIFY_RESPONSE,
	TVS_QUERY_REQUEST, /* which certificate has this issuer and serial number? */
	TVS_QUERY_RESPONSE,
};

enum tvs_status { TVS_TRUSTED = 0, TVS_NOT_TRUSTED = 1 };

/* Which fields count depends on the command.  Views are borrowed: from the bytes decoded, or from
 * whoever filled them in. */
struct tvs_request {
	enum tvs_command command;
	uint32_t session;		 /* chosen by the phone; the response repeats it */
	char device[TVS_DEVICE_MAX + 1]; /* "CP-8861-SEPB000B4BA0AEE": printable, no blanks */
	struct bytes certificate;	 /* VERIFY: said to be DER; nobody has looked yet */
	struct bytes subject, issuer;	 /* QUERY: without NUL, never one inside; foreign */
	struct bytes serial;		 /* QUERY: as sent, with or without a sign byte */
};

/* Unless the status is TVS_TRUSTED, what stands below it is empty. */
struct tvs_response {
	enum tvs_command command;
	uint32_t session;
	uint8_t status;		  /* an enum tvs_status, or a number of tomorrow */
	struct bytes certificate; /* QUERY: DER */
	struct bytes roles;	  /* a number each */
	uint32_t ttl;		  /* seconds the phone may remember the answer */
};

/* How long is the message that starts here?  0: more bytes are needed to tell; -1: it is none of
 * ours.  May be more than TVS_MESSAGE_MAX, which the reader of a stream must enforce. */
ssize_t tvs_frame(struct bytes head);

/* All or nothing, of one whole message: on -1, *e says why and *out is zeroed.  Elements that we do
 * not know are skipped (PROTOCOL.md says why). */
int tvs_request_decode(struct bytes in, struct tvs_request *out, struct err *e);
int tvs_response_decode(struct bytes in, struct tvs_response *out, struct err *e);

/* Appended to w.  A QUERY without a subject has no element for it. */
void tvs_request_encode(const struct tvs_request *r, struct wr *w);
void tvs_response_encode(const struct tvs_response *r, struct wr *w);

#endif
