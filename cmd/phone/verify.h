/*
 * verify: a virtual phone is shown a certificate, as an HTTPS service does, and says whether it
 * trusts it - because one of its lists has it, or because TVS vouches or once vouched for it.
 */
#ifndef TL_CMD_PHONE_VERIFY_H
#define TL_CMD_PHONE_VERIFY_H

#include <stdbool.h>

#include "cmd/phone/ask.h"
#include "cmd/phone/words.h"
#include "trust/cert.h"

enum verify_reason {
	VERIFY_IN_CTL,
	VERIFY_IN_ITL,
	VERIFY_VOUCHED,	    /* TVS knows it, or did and that still holds */
	VERIFY_NO_TVS,	    /* in no list, and there is no ITL or it names no TVS to ask */
	VERIFY_UNREACHABLE, /* in no list, and no TVS answered */
	VERIFY_LACKS,	    /* in no list, and TVS does not know it either */
};
const char *verify_reason_word(enum verify_reason reason); /* "in-itl", "tvs-vouches", for JSON */

struct verify_result {
	bool trusted;
	enum verify_reason reason;
	char common_name[256]; /* of the certificate shown; foreign */
	char why[600];	       /* a sentence */
	struct ask_report tvs;
	struct words console;
};

void phone_verify(struct asker *a, const struct ask_phone *p, const struct cert *shown,
    struct verify_result *out);

#endif
