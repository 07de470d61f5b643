/*
 * tlist: trust lists - the ITL and the CTL: encode, decode, verify, compare two, print one as
 * `show itl` does.  Bytes and structs; no store, no clock.  The wire form is in FORMATS.md.
 */
#ifndef TL_TRUST_TLIST_H
#define TL_TRUST_TLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/sighdr.h"

enum {
	TLIST_MAX = 2 << 20, /* phones download no more than 2048 KB */
	TLIST_RECORDS_MAX = 1024,
	TLIST_PHONE_BYTES = 65536, /* more than this, or than so many certificates, and phones */
	TLIST_PHONE_CERTS = 39,	   /* fail to load the list: built, with a warning */
};

/* A record.  What was decoded points into the list's own copy of the file. */
struct tlist_record {
	const char *dns;	 /* tag 2; NULL: absent, "": an empty name (eTokens) */
	const char *subject;	 /* tag 3; NULL in a blank record */
	unsigned role;		 /* tag 4 */
	const char *issuer;	 /* tag 5 */
	struct bytes serial;	 /* tag 6 */
	struct bytes public_key; /* tag 7 */
	struct bytes signature;	 /* tag 8 */
	struct bytes der;	 /* tag 9 */
	struct bytes address;	 /* tag 10: 4 bytes, network order (16 read too) */
	struct bytes hash;	 /* tag 11: of a certificate that is not in the list itself */
	unsigned hash_digest;	 /* tag 12 */
	struct cert *cert;	 /* der, parsed; owned by the list; NULL when there is none */
	uint16_t length;	 /* tag 1 */
	/* Which elements stand there, bit 1 << tag, and how many value bytes each has: for
	 * printing. */
	uint32_t present;
	uint8_t order[16]; /* the tags as they came, ended by 0 */
	uint16_t size[16]; /* value bytes by tag */
};

struct tlist {
	struct bytes file; /* owned */
	struct sighdr head;
	struct tlist_record *record;
	size_t n;
};

/* The record's element with this tag; NULL when there is none. */
const struct element *tlist_element(unsigned tag);
/* Header elements in any order; refuses what does not add up and names the record (from 1) and tag.
 * Does not check the signature.  NULL on error; tlist_free() it. */
struct tlist *tlist_decode(struct bytes file, struct err *e);
void tlist_free(struct tlist *l); /* NULL is fine */

bool tlist_is_ctl(const struct tlist *l); /* by the file name in its header */
/* The SAST record that the header names as signer; NULL when there is none. */
const struct tlist_record *tlist_signer(const struct tlist *l);
/* Against the list's own SAST record: the file is whole, but anybody can make one of these. */
int tlist_verify_self(const struct tlist *l, struct err *e);
/* Against a certificate that the caller trusts. */
int tlist_verify(const struct tlist *l, const struct cert *signer, struct err *e);
/* A record without certificate: what a rollback list has for TVS and TFTP. */
bool tlist_is_blank(const struct tlist_record *r);
/* No record with a certificate (or its hash) in the TFTP or CCM+TFTP role. */
bool tlist_has_empty_tftp(const struct tlist *l);
bool tlist_has_role(const struct tlist *l, unsigned role); /* with certificate or hash */

/* What a list is to hold. */
struct tlist_want {
	unsigned role;
	const struct cert *cert; /* borrowed */
	bool blank;		 /* only 1, 2, 4, 10: a shell as after rollback */
	const char *dns;	 /* NULL: no tag 2 */
	uint8_t address[4];	 /* network order */
	bool has_address;
};

struct tlist_plan {
	enum layout layout;
	enum digest digest;
	bool has_signer_version;
	uint8_t signer_version[2];
	const char *filename; /* "ITLFile.tlv", "CTLFile.tlv" */
	uint32_t timestamp;
	const struct tlist_want *want;
	size_t n;
};

/* The finished file, appended to out.  The signer's certificate must be among the SAST records. */
int tlist_encode(
    const struct tlist_plan *plan, const struct signer *signer, struct wr *out, struct err *e);
/* "" or a sentence: the list is over what phones can load. */
void tlist_warning(const struct tlist *l, char *to, size_t size);

/* Same signer, same records in the same order: what a rebuild would not change (time and signature
 * do not count). */
bool tlist_same(const struct tlist *a, const struct tlist *b);
/* One line per difference, "- " and "+ " and what; nothing when tlist_same(). */
void tlist_compare(const struct tlist *a, const struct tlist *b, struct wr *out);

/* What people and phones know a list by. */
enum { TLIST_SHA1_BYTES = 20 };
void tlist_sha1(struct bytes file, uint8_t to[TLIST_SHA1_BYTES]);
enum { TLIST_MD5_BYTES = 16 };
void tlist_md5(struct bytes file, uint8_t to[TLIST_MD5_BYTES]);

/* As `show itl` / `show ctl` prints it: checksums, length, last modified (in local time), the
 * header table, the records, the closing line.  Foreign text is made printable. */
void tlist_print(const struct tlist *l, int64_t modified, struct wr *out);

#endif
