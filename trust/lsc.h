/*
 * lsc: the account of every certificate that CAPF signed for a phone, and of those that phones
 * showed.
 *
 * A certificate is entered before the phone is told of it (ISSUED), and is the phone's (HELD) once
 * the phone said that it stored it.  A phone has at most one that is HELD; whatever else was signed
 * for it stays in the account, and can be listed as long as it is valid.
 */
#ifndef TL_TRUST_LSC_H
#define TL_TRUST_LSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/device.h"
#include "trust/store.h"

enum lsc_state {
	LSC_ISSUED = 1,	  /* sent, or about to be */
	LSC_HELD = 2,	  /* the phone stored it */
	LSC_REPLACED = 3, /* it held it, and has another one now */
	LSC_LOST = 4,	  /* issued, but the phone never said that it stored it */
	LSC_DELETED = 5,  /* the phone deleted it */
};
const char *lsc_state_word(enum lsc_state state); /* "issued", "held", ... */

/* Enters the certificate as ISSUED; one that was ISSUED before is LOST.  Before the phone is told
 * of it, store_flush(): until then a power failure may take it back.  Leaves the generation alone,
 * for nobody's answer depends on it.  The same one may be entered again; ERR_EXISTS: it is in
 * another phone's account. */
int lsc_issue(struct store *s, const char *phone, const struct cert *c, int64_t now, struct err *e);
/* How many were issued to the phone since then and never stored; one that is under way included. */
int lsc_untold(struct store *s, const char *phone, int64_t since, size_t *n, struct err *e);
/* The phone stored it: HELD, all before it REPLACED, and the order, when it is to install, is done
 * (order_done()), in one transaction.  A power failure may take it back (store_begin_relaxed()):
 * the certificate is still in the account, and the order is run once more.  ERR_NOT_FOUND: not in
 * the account of this phone. */
int
lsc_stored(struct store *s, const char *phone, const struct cert *c, int64_t now, struct err *e);
/* The phone deleted what it had: DELETED, and the order, when it is to delete, is done. */
int lsc_deleted(struct store *s, const char *phone, int64_t now, struct err *e);

/* The certificate a phone holds; *out is the caller's, NULL when it holds none. */
int lsc_held(struct store *s, const char *phone, struct cert **out, struct err *e);
/* Is this DER in the account, and whose and what? 1, 0, -1. */
int lsc_find(struct store *s, const struct cert *c, char phone[DEVICE_NAME_MAX],
    enum lsc_state *state, struct err *e);

struct lsc {
	int64_t id;
	char phone[DEVICE_NAME_MAX];
	struct cert *cert;
	enum lsc_state state;
	int64_t state_at;
	bool stale; /* its issuer is not the CAPF certificate of now */
};
/* By phone, then as they were issued.  phone NULL: of all.  lsc_list_free() it. */
int lsc_list(struct store *s, const char *phone, struct lsc **out, size_t *n, struct err *e);
void lsc_list_free(struct lsc *all, size_t n);

/* When the certificates that phones hold run out, by phone; cheap, for whoever lists all phones.
 * *out is the caller's to free. */
struct lsc_term {
	char phone[DEVICE_NAME_MAX];
	int64_t not_before, not_after; /* Unix seconds */
};
int lsc_terms(struct store *s, struct lsc_term **out, size_t *n, struct err *e);
/* The one of this phone among them; NULL when it holds none. */
const struct lsc_term *lsc_term_of(const struct lsc_term *all, size_t n, const char *phone);

/* How many certificates phones hold, and how many of these run out by then, or have run out. */
struct lsc_count {
	size_t held, ending, over; /* ending: after now, and not after `soon` */
};
int lsc_count(struct store *s, int64_t now, int64_t soon, struct lsc_count *out, struct err *e);

/* What a phone showed when it was asked (Troubleshoot). */
enum shown_kind { SHOWN_LSC = 1, SHOWN_MIC = 2 };
/* Kept, and the order, when it is to troubleshoot, is done. */
int lsc_shown(struct store *s, const char *phone, enum shown_kind kind, const struct cert *c,
    int64_t now, struct err *e);
/* *out NULL: none. */
int lsc_shown_get(struct store *s, const char *phone, enum shown_kind kind, struct cert **out,
    int64_t *at, struct err *e);

#endif
