/*
 * sighdr: the signed header that trust lists (.tlv), signed files (.sgn) and encrypted
 * configuration
 * (.enc.sgn) share - write, read, verify.  Field by field in FORMATS.md, "Header".
 */
#ifndef TL_TRUST_SIGHDR_H
#define TL_TRUST_SIGHDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"

/* Element order inside SIGNERID and in records, and how names are spelled. */
enum layout { LAYOUT_CISCO, LAYOUT_COMPAT };
int layout_of(const char *word); /* "cisco", "compat"; -1 */

/* What may stand in a header or a record: tag, name and shape.  For reading, and for showing broken
 * files (inspect.h). */
enum element_form {
	FORM_HOLDS,  /* other elements, which must add up exactly */
	FORM_TEXT,   /* UTF-8 and one NUL at the end */
	FORM_NUMBER, /* size bytes, big-endian */
	FORM_BYTES,
};

struct element {
	uint8_t tag;
	const char *name; /* in Cisco's spelling */
	enum element_form form;
	uint8_t in;   /* the tag of the element it must stand in; 0: none */
	uint8_t size; /* of its value; 0: any */
};

/* The header's element with this tag; NULL when there is none. */
const struct element *sighdr_element(unsigned tag);
/* Does the value have the form?  0, or -1 and why: "3 bytes long, not 2". */
int element_check(const struct element *el, struct bytes value, struct err *e);

struct sighdr {
	uint8_t version[2];	 /* tag 1: 1.2 lists, 1.0 signed files, 2.0 encrypted ones */
	uint16_t length;	 /* tag 2: bytes from the start to what follows the header */
	bool has_signer_version; /* tag 28 */
	uint8_t signer_version[2];
	const char *signer_name; /* tag 4 */
	struct bytes serial;	 /* tag 5, as it stands in the file */
	const char *ca_name;	 /* tag 6 */
	uint8_t digest;		 /* tag 8: enum digest */
	uint8_t algorithm;	 /* tag 10: 0 */
	uint8_t modulus;	 /* tag 11: 0..3 for signatures of 64, 128, 256, 512 bytes */
	struct bytes signature;	 /* tag 12 */
	size_t signature_at; /* where its element starts, and how long the element is: what is */
	size_t signature_element; /* cut out of the file before it is hashed */
	const char *filename;	  /* tag 14 */
	uint32_t timestamp;	  /* tag 15: Unix seconds */
	unsigned padding;	  /* bytes of 0d */
	/* Encrypted files only (FORMATS.md, "Encrypted configuration"). */
	struct bytes iv;	  /* tag 19 */
	uint16_t pad_count;	  /* tag 20 */
	uint16_t key_bits;	  /* tag 23 */
	struct bytes wrapped_key; /* tag 25 */
	uint8_t plain_digest;	  /* tag 26 */
	struct bytes plain_hash;  /* tag 27 */
};

enum sighdr_kind { SIGHDR_LIST, SIGHDR_SIGNED, SIGHDR_ENCRYPTED };

/* Does the file start like one of these?  *kind by its version.  No promise that the rest is right.
 */
bool sighdr_is(struct bytes file, enum sighdr_kind *kind);
/* Reads the header, elements in any order.  What *out points to lives in file.  -1 names the tag.
 */
int sighdr_decode(struct bytes file, enum sighdr_kind kind, struct sighdr *out, struct err *e);
/* The signature over the whole file less the signature element, by this certificate: its name and
 * serial must be those of the header (a serial with or without sign byte). */
int
sighdr_verify(const struct sighdr *h, struct bytes file, const struct cert *signer, struct err *e);
/* Is this the certificate that the header names as its signer? */
bool sighdr_names(const struct sighdr *h, const struct cert *c);

/* Can the key of this certificate sign?  The format knows RSA of 512, 1024, 2048 and 4096 bits. */
bool sighdr_may_sign(const struct cert *c);

/* What a writer is told. */
struct sighdr_plan {
	enum sighdr_kind kind;
	enum layout layout;
	enum digest digest;
	bool has_signer_version;
	uint8_t signer_version[2];
	const char *filename; /* as it goes into tag 14 */
	uint32_t timestamp;
	struct bytes encryption; /* elements 16.. of an encrypted file, ready made; else empty */
};

/* Appends header and body to out, signed.  ERR_LIMIT when the header outgrows 65535 bytes,
 * ERR_USAGE for a signer whose signature has no modulus code (not RSA of 512, 1024, 2048, 4096) and
 * for SHA-256. */
int sighdr_write(const struct sighdr_plan *plan, struct bytes body, const struct signer *signer,
    struct wr *out, struct err *e);
/* Only the header, for a body that is too large to hold twice; the body is hashed, not copied. */
int sighdr_write_head(const struct sighdr_plan *plan, struct bytes body,
    const struct signer *signer, struct wr *out, struct err *e);

#endif
