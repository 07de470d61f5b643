/*
 * tvscall: one question to one TVS, and whether what comes back is the answer to it.  Blocking.
 *
 * Whom to ask, and what the answer is worth, are the asker's to know (ask.h).
 */
#ifndef TL_CMD_PHONE_TVSCALL_H
#define TL_CMD_PHONE_TVSCALL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/tlsclient.h"
#include "trust/cert.h"
#include "tvs/proto.h"

/* What came back, and from whom.  Start from { 0 }; tvscall_answer_free() it. */
struct tvscall_answer {
	struct wr message;     /* whole */
	struct wr server_cert; /* DER */
	char cipher[64];       /* as OpenSSL calls it */
	enum tls_version version;
};

void tvscall_answer_free(struct tvscall_answer *a);

/* Somebody who puts questions to a TVS: the network, or a test. */
struct tvscaller {
	/* Connects as `to` says, its check() included, says the request and waits for one message.
	 * On -1 there is no message in out, but the certificate if it came to that.  ERR_MALFORMED
	 * then: it did answer, but no TVS message.  The reason names the server. */
	int (*call)(void *ctx, const struct tls_call *to, struct bytes request,
	    struct tvscall_answer *out, struct err *e);
	void *ctx;
};

struct tvscaller tvscall_over_tls(void);

/* Is this the certificate that was asked about?  Names are compared as TVS does, however they are
 * spelled; a QUERY without subject takes any. */
bool tvscall_is_about(const struct tvs_request *asked, const struct cert *c);

/* The message as the answer to what was asked: of its kind and its session, and in a QUERY that
 * found something with the certificate that was asked for, which comes in *cert, the caller's to
 * free; else *cert is NULL.  The response is borrowed from the message. */
int tvscall_read(const struct tvscall_answer *a, const struct tvs_request *asked,
    struct tvs_response *out, struct cert **cert, struct err *e);

#endif
