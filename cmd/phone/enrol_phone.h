/*
 * enrol_phone: a phone calls CAPF - whether it does, where that is, how it proves who it is, as its
 * configuration says or somebody at the phone; whom it lets answer; and the line over TLS.
 *
 * CAPF's certificate must be the one of its CTL or ITL, if one of them names a CAPF; else the phone
 * speaks with whoever is there, as real ones do.  What is said is enrol.h's.
 */
#ifndef TL_CMD_PHONE_ENROL_PHONE_H
#define TL_CMD_PHONE_ENROL_PHONE_H

#include "base/tlsclient.h"
#include "cmd/phone/address.h"
#include "cmd/phone/enrol.h"
#include "cmd/phone/memory.h"
#include "trust/model.h"

/* The phone that calls. */
struct enrol_phone {
	const char *name; /* SEP001122334455 */
	const struct model *model;
	struct memory *memory; /* its LSC changes here */
};

/* Somebody who connects: the network, or a test. */
struct enrol_dialer {
	/* As `to` says, its check() included.  hang_up() what it gave. */
	int (*dial)(void *ctx, const struct tls_call *to, struct enrol_line *out, struct err *e);
	void (*hang_up)(void *ctx, struct enrol_line *line);
	void *ctx;
};

struct enrol_dialer enrol_over_tls(void);

enum { ENROL_TIMEOUT_MS = 10000 };

/* Its way to CAPF, and what somebody at the phone said. */
struct enroller {
	struct enrol_dialer capf;
	int timeout_ms;		  /* for each step; 0: ENROL_TIMEOUT_MS */
	const struct address *to; /* NULL: as its configuration says */
	bool has_auth;		  /* else as its configuration says */
	enum enrol_auth auth;
	const char *string; /* the authentication string; NULL: nobody typed one */
	bool no_ec, at_once;
	enum identity_kind show; /* these three: struct enrol_plan */
};

/* For struct boot_plan, too: ctx is a const struct enroller. */
void enrol_phone(void *ctx, const struct enrol_phone *who, struct enrol_report *out);

#endif
