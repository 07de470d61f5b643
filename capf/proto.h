/*
 * proto: CAPF messages, bytes to struct and back, for both sides.  PROTOCOL.md, "Messages".
 *
 * The server speaks first: what it says is called a request and has an odd number, the phone's
 * response the even one after it.
 */
#ifndef TL_CAPF_PROTO_H
#define TL_CAPF_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	CAPF_PORT = 3804,
	CAPF_HEADER_BYTES = 8,
	CAPF_MESSAGE_MAX = 16384, /* what we read; what we send stays below CAPF_SEND_MAX */
	CAPF_SEND_MAX = 4096,	  /* some phones read no more at once */
	CAPF_VERSION = 3,	  /* ours; phones say 2 or 3 */
	CAPF_DEVICE_MAX = 64,	  /* with its NUL */
	CAPF_PASSWORD_MAX = 32,	  /* with its NUL */
	CAPF_INFO_MAX = 256,
};

enum capf_command {
	CAPF_AUTH_REQUEST = 1,
	CAPF_AUTH_RESPONSE = 2,
	CAPF_KEY_REQUEST = 3, /* generate a key */
	CAPF_KEY_RESPONSE = 4,
	CAPF_STORE_REQUEST = 9,
	CAPF_STORE_RESPONSE = 10,
	CAPF_FETCH_REQUEST = 11,
	CAPF_FETCH_RESPONSE = 12,
	CAPF_DELETE_REQUEST = 13,
	CAPF_DELETE_RESPONSE = 14,
	CAPF_END_SESSION = 15,
	CAPF_RETRY_LATER = 16,
	CAPF_IN_PROGRESS = 17, /* the phone is at it */
};
const char *capf_command_name(unsigned command); /* "AUTH_REQUEST"; "?" */

enum capf_reason {
	CAPF_NOTHING_TO_DO = 0,
	CAPF_OK = 1,
	CAPF_DECLINED = 7,
	CAPF_UNKNOWN_DEVICE = 9,
	CAPF_LATE = 11, /* CAPF_LATE_REQUEST in the error codes of Mozilla's SIPCC client */
};

enum capf_key_type { CAPF_KEY_RSA = 0, CAPF_KEY_EC = 1 };
enum capf_curve { CAPF_P256 = 0, CAPF_P384 = 1, CAPF_P521 = 2 };
enum capf_cert_type { CAPF_LSC = 1, CAPF_MIC = 2 };

/* Which elements a message has. */
enum capf_has {
	CAPF_HAS_REASON = 1 << 0,
	CAPF_HAS_INFO = 1 << 1,
	CAPF_HAS_CERT_TYPE = 1 << 2,
	CAPF_HAS_CERT = 1 << 3,
	CAPF_HAS_VERSION = 1 << 4,
	CAPF_HAS_AUTH_TYPE = 1 << 5,
	CAPF_HAS_PUBLIC_KEY = 1 << 6,
	CAPF_HAS_KEY_BITS = 1 << 7,
	CAPF_HAS_PASSWORD = 1 << 8,
	CAPF_HAS_DEVICE = 1 << 9,
	CAPF_HAS_KEY_TYPE = 1 << 10,
	CAPF_HAS_CURVE = 1 << 11,
	CAPF_HAS_SIGNED_SHA1 = 1 << 12,
	CAPF_HAS_SIGNED_SHA512 = 1 << 13,
	CAPF_HAS_SUDI = 1 << 14,
};

/* The proof that belongs to one session: signatures over its number and the certificate. */
struct capf_sudi {
	struct bytes cert; /* DER */
	struct bytes signed_sha1, signed_sha512;
};

/* Views are borrowed from the message that was decoded, or the caller's when encoding. */
struct capf_message {
	unsigned command; /* enum capf_command */
	uint32_t session;
	unsigned has; /* enum capf_has, or-ed */
	uint8_t reason;
	struct bytes info; /* text; content not known */
	uint8_t cert_type;
	struct bytes cert; /* DER, out of its nested element */
	uint8_t version;
	uint8_t auth_type;
	struct bytes public_key; /* SubjectPublicKeyInfo DER */
	uint16_t key_bits;
	uint8_t key_type; /* enum capf_key_type */
	uint8_t curve;	  /* enum capf_curve */
	/* Texts, without their NUL.  The password is a secret: wipe it. */
	char password[CAPF_PASSWORD_MAX];
	char device[CAPF_DEVICE_MAX];
	struct bytes signed_sha1, signed_sha512; /* element 6, and 20 without its hash number */
	struct capf_sudi sudi;
};

/* For conn_ops: the whole length of the message that starts here; 0: not yet known; -1: no CAPF. */
ssize_t capf_frame(struct bytes head);

/* A whole message.  Strict: ERR_MALFORMED for a length that does not fit, an element twice, one
 * that this message cannot have from that side (PROTOCOL.md, "Elements"), a text without its NUL,
 * with one inside or that is not UTF-8, a hash number that does not belong there.  Which elements
 * it must have is the session's to say.  An unknown command is malformed.  Elements in any order.
 */
enum capf_from { CAPF_FROM_SERVER, CAPF_FROM_PHONE };
int capf_decode(struct bytes m, enum capf_from from, struct capf_message *out, struct err *e);

/* Appended to out: the elements it has, in the order in which the reference implementations write
 * them (PROTOCOL.md, "Elements").  What becomes longer than CAPF_MESSAGE_MAX makes out bad; that a
 * request stays below CAPF_SEND_MAX is for whoever takes certificates in. */
void capf_encode(const struct capf_message *m, struct wr *out);

#endif
