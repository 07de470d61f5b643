/*
 * request: certificates that a CA signs for us - the key and the request made of it (PKCS#10),
 * which wait in the store, and the certificate that comes back for them.
 */
#ifndef TL_TRUST_REQUEST_H
#define TL_TRUST_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/bundle.h"
#include "trust/certs.h"
#include "trust/cluster.h"
#include "trust/mint.h"
#include "trust/node.h"
#include "trust/store.h"

/* One that waits; request_list_free() it. */
struct request {
	char store[CERTS_STORE_MAX];
	int64_t node, made;
	char *subject; /* Cisco's spelling */
	char *pem;
};

/* Makes a key and a request for an identity store, written to pem.  Both wait from now on, in the
 * place of those that waited for that store of that node before.  node: whose; for certificates of
 * the cluster it is not looked at. */
int request_make(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct mint_names *names, int64_t now, struct wr *pem, struct err *e);
/* All that wait, by store and node. */
int request_list(struct store *s, struct request **out, size_t *n, struct err *e);
void request_list_free(struct request *all, size_t n);

/* What became of the certificates that came back. */
struct request_answer {
	struct cluster_change change;
	size_t trusted;	 /* CAs that are new in the trust store */
	size_t left_out; /* certificates that have nothing to do with it */
};

/* Puts the certificate that was made of the waiting request in its place, and the CAs above it into
 * the trust store of its kind.  They have to be among those that came, or be trusted there already.
 * ERR_NOT_FOUND when no request waits, ERR_NO when none of the certificates fits it or the one that
 * does is not good; otherwise as cluster_replace(), and all of it or nothing. */
int request_answer(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct bundle *came, enum cluster_care care, int64_t now, struct request_answer *out,
    struct err *e);

#endif
