/*
 * lab: keys, certificates and a founded cluster for tests of what stands on the store.  Keys are
 * made once for a program, and a cluster is founded once for a release: each test gets a copy.
 */
#ifndef TL_TESTS_LAB_H
#define TL_TESTS_LAB_H

#include "trust/cert.h"
#include "trust/certs.h"
#include "trust/key.h"
#include "trust/node.h"
#include "trust/store.h"

enum { LAB_NOW = 1700000000, LAB_KEYS = 4 };

/* A path in the test's folder that was not given before; the caller frees. */
char *lab_path(void);
/* An RSA key of 1024 bits, the same for each number below LAB_KEYS; borrowed. */
struct key *lab_key(unsigned number);
/* Release, name "lab", node "cucm-pub". */
struct cluster lab_cluster(enum release release);
/* A new certificate of this kind for a node of this name, by lab_key(number).  cert_free() it. */
struct cert *lab_cert(const char *store, const char *node, unsigned number);
/* The same names and serial number as c, but the key lab_key(number).  cert_free() it. */
struct cert *lab_imposter(const struct cert *c, unsigned number);
/* Made by hand: this common name ("": none) and serial number, and nothing else.  cert_free() it.
 */
struct cert *lab_made_by_hand(const char *cn, int64_t serial, unsigned number);
/* A certificate made by a CA: for this common name and key, under the name and by the key of the
 * issuer, valid for a day from then on (0: from LAB_NOW). */
struct lab_issue {
	const char *cn, *issuer;
	unsigned key, issuer_key;
	int64_t from;
	bool host; /* it is no CA itself */
};
struct cert *lab_issued(const struct lab_issue *how); /* cert_free() it */
struct cert *lab_root(const char *cn, unsigned number);
/* What a CA makes of a request (PEM), valid for a day from then on.  cert_free() it. */
struct cert *
lab_signed(struct bytes request, const char *issuer, unsigned issuer_number, int64_t from);

/* A store without a cluster. */
struct store *lab_empty(void);
/* A cluster of one node, "cucm-pub" at 10.0.0.1, founded at LAB_NOW. */
struct store *lab_founded(enum release release);
/* The same with "cucm-sub" at 10.0.0.2. */
struct store *lab_of_two(void);
struct node lab_node(struct store *s, const char *name);
const struct cert_kind *lab_kind(const char *store);
/* What the first row of a question has in its first column; -1 when it has none. */
int64_t lab_int(struct store *s, const char *sql);
/* Runs a change that tests need and modules do not offer; ends the program when it fails. */
void lab_do(struct store *s, const char *sql);

#endif
