/*
 * cluster: the changes that touch several things at once - found a cluster, add a node, regenerate
 * a certificate, set a parameter.  Each is one transaction that ends with the lists rebuilt: after
 * a crash there is the cluster before it or after it, never a half.
 */
#ifndef TL_TRUST_CLUSTER_H
#define TL_TRUST_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/certs.h"
#include "trust/ctl.h"
#include "trust/node.h"
#include "trust/outlook.h"
#include "trust/param.h"
#include "trust/store.h"

/* What a change did besides itself. */
struct cluster_change {
	bool changed;	    /* false: there was nothing to do, or it was only looked at */
	size_t lists_built; /* new ITLs in the history */
	char warning[240];  /* "", or why phones may not load one of them, or what else to know */
	/* Certificates that come or go: what would become of the phones without the change, and
	 * with it, when all services restart and the phones boot. */
	struct outlook before, after;
	/* The CTL: whether a new one was built, and its number; whether one is due now, because
	 * what the cluster has is of other certificates than it names (ctl.h). */
	bool ctl_built, ctl_due;
	bool ctl_tokens; /* a security token signed it: one of them signs the next */
	int ctl_number;
};

/* How a certificate is replaced, or taken away. */
enum cluster_care {
	CLUSTER_LOOK,	       /* not at all: only to see what would become of the phones */
	CLUSTER_UNLESS_LOCKED, /* not when phones would be locked that are not yet: ERR_STRANDS */
	CLUSTER_ANYHOW,
};

/* Node, certificates (CallManager, TVS, CAPF, tomcat; ITLRecovery from 10.0, CallManager-ECDSA from
 * 11.5 on), ITL number 1, all services started.  ERR_EXISTS when the store holds a cluster already.
 */
int cluster_found(struct store *s, const struct cluster *cluster, const char *node_name,
    const char *address, int64_t now, struct err *e);
/* A subscriber with certificates of its own (CallManager, TVS, tomcat; CallManager-ECDSA from 11.5
 * on) and services. */
int cluster_add_node(struct store *s, const char *name, const char *address, int64_t now,
    struct cluster_change *out, struct err *e);

/* A new key and self-signed certificate.  node: whose; for certificates of the cluster it is not
 * looked at. */
int cluster_regenerate(struct store *s, const struct cert_kind *kind, const struct node *node,
    enum cluster_care care, int64_t now, struct cluster_change *out, struct err *e);
/* Imports a certificate with its key as identity certificate. */
int cluster_replace(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct cert *c, const struct key *k, enum cluster_care care, int64_t now,
    struct cluster_change *out, struct err *e);
/* Takes out of a trust store what has this file name, as certs_untrust(), but not so that phones
 * would be locked.  The warning says when it is a copy of one of the cluster's own. */
int cluster_untrust(struct store *s, const struct cert_kind *kind, const char *name,
    enum cluster_care care, int64_t now, struct cluster_change *out, struct err *e);
int cluster_set_param(struct store *s, const struct param *p, const char *value, const char *who,
    int64_t now, struct cluster_change *out, struct err *e);

/* Mixed mode, or back to non-secure: the parameter, the CTL, and the ITLs, whose roles differ.  A
 * cluster that is non-secure and never had a CTL stays without one.  Already so: changed is false,
 * unless it moves from tokens to a key of the cluster, or back.  tokens: see ctl.h; NULL:
 * tokenless. */
int cluster_set_mode(struct store *s, bool mixed, const struct ctl_tokens *tokens,
    enum cluster_care care, const char *who, int64_t now, struct cluster_change *out,
    struct err *e);
/* A CTL of the certificates of now.  ERR_NOT_FOUND when there was never one; ERR_USAGE when a token
 * signed it and tokens is NULL. */
int cluster_update_ctl(struct store *s, const struct ctl_tokens *tokens, enum cluster_care care,
    int64_t now, struct cluster_change *out, struct err *e);
/* `utils ctl reset localkey`: the same, signed by the publisher's CallManager key. */
int cluster_reset_ctl(struct store *s, enum cluster_care care, int64_t now,
    struct cluster_change *out, struct err *e);

#endif
