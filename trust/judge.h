/*
 * judge: what a phone does with a new list or file, given the lists it remembers - accepted,
 * refused, or TVS has to be asked - with the certificate that decided and the words the phone would
 * show. Pure: no network, no clock, no store.
 *
 * The rule (Cisco's TechNote 215539 and the security guides; FORMATS.md, "How a phone judges"):
 *   - No list at all: the first one is taken as it is, if it is whole.
 *   - A list is taken when a SAST record of a list the phone holds signed it, and an ITL also when
 * a CCM+TFTP record of its CTL did; a file when a TFTP or CCM+TFTP record did.
 *   - Otherwise TVS is asked for the signer, if the ITL names a TVS.
 *   - No TFTP certificate in any list it holds (rollback): unsigned files and any new list are
 * taken.
 */
#ifndef TL_TRUST_JUDGE_H
#define TL_TRUST_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "trust/enc.h"
#include "trust/model.h"
#include "trust/tlist.h"

/* What the phone holds; NULL: no such list. */
struct judge_memory {
	const struct tlist *ctl, *itl;
};

enum judge_verdict { JUDGE_ACCEPTED, JUDGE_ASK_TVS, JUDGE_REFUSED };

enum judge_reason {
	/* accepted */
	JUDGE_FIRST_LIST,  /* no list yet: taken on faith */
	JUDGE_IN_CTL,	   /* the signer stands in its CTL */
	JUDGE_IN_ITL,	   /* the signer stands in its ITL */
	JUDGE_TVS_VOUCHES, /* TVS knows the signer, in a role that may sign this */
	JUDGE_EMPTY_LIST,  /* its lists hold no TFTP certificate: anything goes */
	JUDGE_NO_SBD,	   /* the model knows no lists: anything goes */
	/* TVS has to be asked */
	JUDGE_UNKNOWN_SIGNER,
	/* refused */
	JUDGE_NO_TVS,	       /* signer unknown, and the ITL names no TVS that could be asked */
	JUDGE_TVS_UNREACHABLE, /* signer unknown, and no TVS answered */
	JUDGE_TVS_LACKS,       /* signer unknown, and TVS does not know it either */
	JUDGE_TVS_ROLE,	       /* TVS knows it, but not in a role that may sign this */
	JUDGE_BAD_SIGNATURE,   /* names a signer the phone trusts, but the signature is not its */
	JUDGE_UNSIGNED,	       /* a plain file where a signed one is due */
	JUDGE_MALFORMED,       /* does not add up */
	JUDGE_DIGEST,	       /* signed with a hash this model cannot check */
	JUDGE_NOT_ENCRYPTED,   /* a file for all eyes where an encrypted one is due */
	JUDGE_KEY,	       /* encrypted, but not to the key that the phone has */
	JUDGE_REASONS
};

/* What TVS said about the signer; all zero: not asked yet. */
struct judge_tvs {
	enum { TVS_NOT_ASKED, TVS_UNREACHABLE, TVS_UNKNOWN, TVS_VOUCHED } state;
	const struct cert *cert; /* TVS_VOUCHED: the certificate TVS sent */
	const uint8_t *roles;
	size_t roles_n;
};

struct judgement {
	enum judge_verdict verdict;
	enum judge_reason reason;
	/* The signer the file names: what to ask TVS for.  Borrowed from the file judged. */
	const char *signer, *issuer;
	struct bytes serial;
	/* Who decided, for people: "CallManager certificate CN=... (record 2 of the ITL)"; "" if
	 * none. */
	char decided_by[320];
	/* A sentence: why. */
	char why[400];
	/* An accepted list asks for EC (signer version 1.1 or later), and the model knows it. */
	bool ec;
	/* A plain file, or what was signed: borrowed from the file judged; empty unless accepted.
	 */
	struct bytes payload;
};

const char *judge_reason_word(enum judge_reason reason); /* "signer-in-itl", for JSON and logs */

/* A new CTL or ITL.  *list: decoded, the caller's to free, when it was accepted; else NULL. */
void judge_list(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, struct judgement *out, struct tlist **list);
/* A configuration or other file, signed (.sgn) or plain. */
void judge_file(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, struct judgement *out);
/* An encrypted configuration (.enc.sgn): its signature as that of any file, then opened with the
 * key of the phone's LSC or MIC; NULL when it has neither.  What it opens to is appended to plain,
 * where the payload is borrowed from. */
void
judge_encrypted(const struct judge_memory *memory, const struct model *model, struct bytes file,
    const struct judge_tvs *tvs, const struct opener *who, struct wr *plain, struct judgement *out);
/* Does the phone ask for signed files?  It does while a list it holds has a TFTP certificate. */
bool judge_wants_signed(const struct judge_memory *memory);

#endif
