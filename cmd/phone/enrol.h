/*
 * enrol: the phone's side of CAPF - it says who it is, does what it is asked to (make a key; store,
 * show or delete a certificate) and hears how that ended.
 *
 * Blocking and linear, over a line that the network holds, or a test.  Who is called, and whether
 * at all, is enrol_phone.h's to know.
 */
#ifndef TL_CMD_PHONE_ENROL_H
#define TL_CMD_PHONE_ENROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "capf/proto.h"
#include "cmd/phone/address.h"
#include "cmd/phone/identity.h"
#include "cmd/phone/memory.h"

/* How it proves who it is.  The numbers are those of capfAuthMode in its configuration. */
enum enrol_auth {
	ENROL_BY_NOTHING = 0, /* CAPF wants nothing of it */
	ENROL_BY_STRING = 1,
	ENROL_BY_NULL = 2,
	ENROL_BY_LSC = 3, /* with its LSC, or its MIC when it has none */
	ENROL_BY_MIC = 4, /* the other way round */
};
const char *enrol_auth_word(enum enrol_auth auth); /* "string", "null", "lsc", "mic" */

/* To the CAPF on the other side. */
struct enrol_line {
	int (*send)(void *ctx, struct bytes message, struct err *e);
	/* One message, whole, appended to out.  -1: ERR_MALFORMED when that is no CAPF message; any
	 * other code when none came in time or the other side is gone. */
	int (*receive)(void *ctx, struct wr *out, struct err *e);
	void *ctx;
};

struct enrol_plan {
	const char *device; /* "SEP001122334455" */
	enum enrol_auth auth;
	const char *string; /* the authentication string; NULL: none */
	bool no_ec;	    /* it can make RSA keys only */
	bool at_once;	    /* it sends its key without saying first that it is at it */
	/* What it shows when it is asked for its certificate; IDENTITIES: its LSC, or its MIC when
	 * it has none. */
	enum identity_kind show;
};

/* A session asks for one thing, for a key perhaps several times. */
enum { ENROL_STEPS_MAX = 16 };

/* One thing that it was asked. */
struct enrol_step {
	unsigned command; /* enum capf_command */
	char what[32];	  /* "RSA 2048", "P-256"; "" */
	bool done;	  /* else it declined, because of why */
	char why[sizeof(((struct err *)0)->text)];
};

enum enrol_end {
	ENROL_NOT_CALLED, /* nobody was called: why says what kept it */
	ENROL_NEEDS_HAND, /* likewise: somebody has to type the authentication string */
	ENROL_DONE,
	ENROL_DECLINED,	 /* CAPF said no, or has nothing for it; or the phone did not do it */
	ENROL_UNREACHED, /* no answer, or the line broke */
	ENROL_STRANGER,	 /* who answered has not the certificate of the phone's CAPF */
	ENROL_GARBLED,	 /* what it said is not what CAPF says then */
};
const char *enrol_end_word(enum enrol_end end); /* "done", "declined", ... */

/* A certificate, for people. */
struct enrol_cert {
	char subject[512], issuer[512]; /* as Cisco spells them; foreign */
	char serial[2 * CERT_SERIAL_MAX + 1];
	int64_t not_before, not_after; /* Unix seconds */
};

enum { ENROL_NO_REASON = -1 };

/* What came of it, for people. */
struct enrol_report {
	enum enrol_end end;
	struct address to; /* whom it called; host "": nobody */
	bool anyone;	   /* no list of the phone names a CAPF: it spoke with who was there */
	bool hash_differs; /* its configuration has the hash of another LSC than it holds */
	enum enrol_auth auth;
	enum identity_kind proof; /* what it showed to prove who it is; IDENTITIES: nothing */
	struct enrol_step step[ENROL_STEPS_MAX];
	size_t n;
	int reason;    /* END_SESSION's: enum capf_reason or another; ENROL_NO_REASON */
	bool stored;   /* cert is its LSC now */
	bool deleted;  /* it had an LSC and has none now */
	bool has_cert; /* cert says what it stored, showed or deleted */
	struct enrol_cert cert;
	char why[sizeof(((struct err *)0)->text)]; /* a sentence; "" when it is done */
};
/* In words, of END_SESSION: "nothing scheduled", "declined"; "?" */
const char *enrol_reason_text(int reason);

/* The whole conversation, until the server ends it or the line does.  What it stores is in m and
 * its folder before the server hears of it.  Fills in the report from auth on. */
void enrol_talk(const struct enrol_plan *plan, struct memory *m, const struct enrol_line *line,
    struct enrol_report *out);

#endif
