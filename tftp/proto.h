/*
 * proto: TFTP packets, bytes to structs and back, both directions side by side.
 *
 * RFC 1350 with the options of RFC 2347: blksize (2348), tsize and timeout (2349), windowsize
 * (7440).  No sockets, no clock, no idea of what is in a file.
 */
#ifndef TL_TFTP_PROTO_H
#define TL_TFTP_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	TFTP_BLOCK = 512,      /* bytes in a block when nobody asks for another size */
	TFTP_DATA_HEAD = 4,    /* what stands before the bytes of a block */
	TFTP_NAME_MAX = 255,   /* bytes in a file name */
	TFTP_REQUEST_MAX = 512 /* bytes in a request: RFC 2347, page 3 */
};

enum tftp_op { TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK };

enum tftp_mode { TFTP_OCTET, TFTP_NETASCII };

enum tftp_error {
	TFTP_E_OTHER, /* the text says it */
	TFTP_E_NOT_FOUND,
	TFTP_E_ACCESS,
	TFTP_E_FULL,
	TFTP_E_ILLEGAL,
	TFTP_E_UNKNOWN_TID,
	TFTP_E_EXISTS,
	TFTP_E_NO_USER,
	TFTP_E_OPTIONS
};

enum tftp_option { TFTP_BLKSIZE, TFTP_TSIZE, TFTP_TIMEOUT, TFTP_WINDOWSIZE, TFTP_OPTIONS };

/* Options asked for, or acknowledged.  Only values within their RFC's bounds get in here. */
struct tftp_options {
	bool has[TFTP_OPTIONS];
	uint64_t value[TFTP_OPTIONS];
};

/* A packet; which fields count depends on op.  Text and data are borrowed from the bytes decoded.
 */
struct tftp_packet {
	enum tftp_op op;
	const char *name;    /* RRQ, WRQ: as the peer spelled it; control bytes are possible */
	enum tftp_mode mode; /* RRQ, WRQ */
	struct tftp_options options; /* RRQ, WRQ, OACK */
	uint16_t block;		     /* DATA, ACK */
	struct bytes data;	     /* DATA */
	uint16_t code;		     /* ERROR: an enum tftp_error, or a number of tomorrow */
	struct bytes text;	     /* ERROR: without its NUL; foreign */
};

/* What a packet says it is, were it well formed or not; 0 when it is none of the six. */
int tftp_op_of(struct bytes in);
/* All or nothing: on -1, *e says why and *out is zeroed.  Unknown options, and known ones with a
 * value out of bounds, are skipped (PROTOCOL.md says why). */
int tftp_decode(struct bytes in, struct tftp_packet *out, struct err *e);
void tftp_encode(const struct tftp_packet *p, struct wr *w);
/* What stands before the bytes of a block, for a sender that keeps head and bytes in one piece. */
void tftp_data_head(uint16_t block, uint8_t to[TFTP_DATA_HEAD]);

#endif
