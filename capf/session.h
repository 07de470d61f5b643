/*
 * session: one phone's conversation with CAPF, as a table of states and messages.  Takes bytes and
 * the time, gives bytes and what to do next; no socket, no clock.  PROTOCOL.md, "The conversation".
 *
 * What an order demands, who the phone proves to be and what was issued is in the store; the
 * session writes there what it did, before the phone is told.  Where that has to be on the disk by
 * then, the session says so and waits for it: several can so wait together.
 */
#ifndef TL_CAPF_SESSION_H
#define TL_CAPF_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "capf/proto.h"
#include "trust/order.h"
#include "trust/store.h"

/* What the CAPF service works with since its last start (PARAM_LSC_DAYS and so on), and the store,
 * where orders, accounts and CAPF-trust are live.  Borrowed; may be another one with each message.
 */
struct capf_office {
	struct store *store;
	const struct cert *cert; /* CAPF's own */
	const struct key *key;
	int days;		  /* of validity of an LSC */
	int64_t key_seconds;	  /* how long a phone may take to make its key */
	int key_attempts;	  /* how many keys that do not fit it may send */
	bool expired_mics;	  /* accepted */
	const char *issuer_fault; /* why CAPF's certificate may sign nothing; NULL: it may */
	bool offline_ca;	  /* LSCs are signed elsewhere */
};

enum capf_state {
	CAPF_AWAITS_AUTH,
	CAPF_AWAITS_KEY,
	CAPF_AWAITS_STORED,
	CAPF_AWAITS_FETCHED,
	CAPF_AWAITS_DELETED,
	CAPF_ENDED,
	CAPF_STATES
};

/* What came of it, for the log and the trail of events. */
struct capf_outcome {
	char device[CAPF_DEVICE_MAX]; /* "": it never said */
	bool known;		      /* device is a phone of ours */
	bool proven;		      /* and proved it, as its order wants */
	enum order_operation operation;
	enum order_status status; /* STATUS_NONE: nothing was to do */
	bool expired_mic;	  /* accepted, because the parameter says so */
	int reason;		  /* that END_SESSION carried; -1: none was sent */
	char subject[256];	  /* of the certificate issued, shown or deleted; "" */
	char why[256];		  /* a sentence */
};

struct capf_session;

struct capf_session *capf_session_new(uint32_t number);
void capf_session_free(struct capf_session *s); /* NULL is fine */

/* The first message, appended to out. */
void capf_session_start(struct capf_session *s, int64_t now, struct wr *out);
/* The phone said m.  Appends at most one message to out, which may be END_SESSION; then, or when
 * nothing can be said any more, capf_session_ended(). */
void capf_session_take(struct capf_session *s, const struct capf_office *o, struct bytes m,
    int64_t now, struct wr *out);
/* What was appended last tells the phone of something that the disk may not have yet: it is to be
 * kept back until store_flush() was called.  capf_session_flushed() then gives what that came to:
 * on success (why NULL) nothing changes; else what was kept back is not to be sent, and out has
 * END_SESSION instead. */
bool capf_session_awaits_disk(const struct capf_session *s);
void capf_session_flushed(struct capf_session *s, const struct err *why, struct wr *out);
/* The connection is gone (timed_out: for silence).  Tells the store what that means for the order:
 * nothing when the session had ended or never got to an order. */
void
capf_session_gone(struct capf_session *s, const struct capf_office *o, bool timed_out, int64_t now);

bool capf_session_ended(const struct capf_session *s);
enum capf_state capf_session_state(const struct capf_session *s);
/* How long the phone may still take for what it was asked last: seconds, at least 1. */
int64_t capf_session_patience(const struct capf_session *s, int64_t now);
const struct capf_outcome *capf_session_outcome(const struct capf_session *s);

#endif
