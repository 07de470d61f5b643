/*
 * certs: the certificates we hold - in which of CUCM's named stores, in which roles, with or
 * without their private key.
 *
 * An identity store (CallManager, TVS, ...) holds one certificate and its key for a node, or for
 * the whole cluster (CAPF, ITLRecovery).  A trust store holds any number, by file name, for the
 * cluster.
 */
#ifndef TL_TRUST_CERTS_H
#define TL_TRUST_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/node.h"
#include "trust/store.h"

enum {
	CERTS_STORE_MAX = 32,
	CERTS_FILE_MAX = 160,
	CERTS_CLUSTER = 0 /* node of what is the cluster's */
};

struct cert_kind {
	const char *store; /* "CallManager", "Phone-SAST-trust", ... */
	bool identity;
	bool of_cluster; /* identity stores: one for all nodes */
	/* The roles TVS answers with for a certificate of this store (CUCM's unitRoleMap). */
	unsigned role[2];
	size_t roles;
	const char *copy[2];	/* identity stores: the trust stores that get a copy */
	const char *restart[4]; /* identity stores: services to restart after a change, in order */
	const char *cas;	/* identity stores: the trust store of the CAs that sign for it */
	struct key_want key;	/* identity stores: the key that is made for it */
	enum release since;	/* identity stores: the first release that has it; 0: all have */
};

const struct cert_kind *cert_kinds(size_t *n);
/* Case ignored; NULL with ERR_NOT_FOUND. */
const struct cert_kind *cert_kind_of(const char *store, struct err *e);

/* Does a cluster of this release have it?  ERR_USAGE when not. */
int cert_kind_check(const struct cert_kind *kind, enum release release, struct err *e);

/* The node that a node's certificate of this kind is filed under: its own, or the cluster. */
int64_t certs_filed_under(const struct cert_kind *kind, int64_t node);

/* Makes this the identity certificate, with its key, and copies it to the trust stores of its kind
 * (where a copy of the same file name is replaced, as CUCM does).  The one before loses its place;
 * it is kept while a running service still works with it. */
int certs_put_own(struct store *s, const struct cert_kind *kind, int64_t node, const struct cert *c,
    const struct key *k, int64_t now, struct err *e);
/* Adds to a trust store.  *added: false when it was there.  Another certificate of the same common
 * name gets its serial number into the file name, or, when that is taken too, part of its hash. */
int certs_trust(struct store *s, const struct cert_kind *kind, const struct cert *c, int64_t now,
    bool *added, struct err *e);
/* Adds them all, or none; added[i] as above. */
int certs_trust_all(struct store *s, const struct cert_kind *kind, const struct cert *const *c,
    size_t n, int64_t now, bool *added, struct err *e);
/* Takes out of a trust store what has this file name (with or without .pem). */
int certs_untrust(struct store *s, const struct cert_kind *kind, const char *name, struct err *e);

/* How long phones may keep what TVS says of this certificate, in seconds; 0: as long as the
 * parameter says (PARAM_DURATION, whose limits hold here too).  TVS has to be told (known.h). */
int certs_set_duration(struct store *s, int64_t id, int64_t seconds, struct err *e);

/* The identity certificate; NULL with ERR_NOT_FOUND.  id may be NULL.  cert_free() it. */
struct cert *
certs_own(struct store *s, const char *store, int64_t node, int64_t *id, struct err *e);
struct cert *certs_by_id(struct store *s, int64_t id, struct err *e);
/* Its private key; NULL with ERR_NOT_FOUND when we do not hold it. */
struct key *certs_key(struct store *s, int64_t id, struct err *e);

struct held_cert {
	int64_t id, node;
	char store[CERTS_STORE_MAX];
	char name[CERTS_FILE_MAX]; /* file name: "CallManager.pem" */
	struct cert *cert;
	bool has_key;
	int64_t added;
	/* How long a phone may keep what TVS says of it, in seconds; 0: as long as the parameter
	 * says.  It is the certificate's, in whatever stores that is. */
	uint32_t duration;
};
/* All places, by store and name.  certs_list_free() it. */
int certs_list(struct store *s, struct held_cert **out, size_t *n, struct err *e);
/* Those in one store. */
int
certs_list_of(struct store *s, const char *store, struct held_cert **out, size_t *n, struct err *e);
void certs_list_free(struct held_cert *all, size_t n);

/* Drops certificates that are in no store and in no service's hands, and the keys of those that are
 * in trust stores only. */
int certs_sweep(struct store *s, struct err *e);

#endif
