/*
 * known: the trust stores as the TVS of a node knows them.
 *
 * TVS does not look at the stores for each question: it knows what was there when it started, and
 * what certificate change notification told it since - on a cluster every thirty minutes
 * (PARAM_NOTIFY).  A certificate imported a moment ago is not vouched for yet, one withdrawn still
 * is, and how long phones may remember one is what it was then.
 *
 * What is in no store it looks for in the cluster's CTL, which it reads again whenever there is a
 * new one (the trace of TechNote 213407: "DB cache", then "CTL cache"; "CTLFile.tlv has been
 * modified . Recaching").  That is how phones come to know security tokens.
 */
#ifndef TL_TRUST_KNOWN_H
#define TL_TRUST_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/certs.h"
#include "trust/store.h"

/* Tells the TVS of the node all there is now (it starts). */
int known_learn(struct store *s, int64_t node, int64_t now, struct err *e);
/* Certificate change notification: tells every running TVS that was told last interval_minutes ago
 * or longer.  *told: to how many that was news. */
int
known_notify(struct store *s, int64_t interval_minutes, int64_t now, size_t *told, struct err *e);
/* 1 when the trust stores hold something else than this TVS knows, or for another duration; 0; -1.
 */
int known_is_news(struct store *s, int64_t node, struct err *e);
/* How often it was told something new: another number, another list. */
int64_t known_times(struct store *s, int64_t node);
/* A new CTL was built: every TVS reads it. */
int known_new_ctl(struct store *s, struct err *e);
/* What it knows: a row for each store of each certificate, with the duration that it was told; then
 * what only the CTL has, id 0, with a store of known_kind_of().  certs_list_free() it. */
int known_list(struct store *s, int64_t node, struct held_cert **out, size_t *n, struct err *e);

/* As cert_kind_of(), and for the certificates of the CTL "CTL (SAST)", "CTL (CCM+TFTP)", "CTL
 * (CAPF)", with the role of their record. */
const struct cert_kind *known_kind_of(const char *store, struct err *e);

#endif
