/*
 * answer: what TVS says to a phone, and why.  A request and a view in, a response out: no sockets,
 * no clock, and nothing is remembered.
 */
#ifndef TL_TVS_ANSWER_H
#define TL_TVS_ANSWER_H

#include <stddef.h>

#include "trust/cert.h"
#include "tvs/proto.h"
#include "tvs/view.h"

enum tvs_ground {
	TVS_NOT_HELD, /* it is in no store */
	TVS_HELD,     /* trusted: it is in the stores of found */
	TVS_OTHER,    /* VERIFY: found has its issuer and serial number, but is another one */
	TVS_NO_CERT,  /* VERIFY: what the phone sent is no certificate */
};

struct tvs_reason {
	enum tvs_ground ground;
	const struct tvs_known *found; /* HELD and OTHER, else NULL; lives as long as the view */
	struct cert *sent; /* VERIFY, when not HELD: what the phone sent; NULL when it is none */
};

/* The response is borrowed from the view; tvs_reason_free() *why. */
void tvs_answer(const struct tvs_view *v, const struct tvs_request *request,
    struct tvs_response *response, struct tvs_reason *why);
void tvs_reason_free(struct tvs_reason *why);

/* "in CallManager-trust, Phone-SAST-trust", "in no store": for the trail of events. */
void tvs_reason_text(const struct tvs_reason *why, char *to, size_t size);

#endif
