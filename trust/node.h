/*
 * node: the cluster and its servers.
 */
#ifndef TL_TRUST_NODE_H
#define TL_TRUST_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

enum { NODE_NAME_MAX = 64, NODE_ADDRESS_MAX = 64, SUBJECT_PART_MAX = 65 };

/* Releases whose rules differ, as comparable numbers: release >= RELEASE_12_5.  0: not one of them.
 */
enum release {
	RELEASE_8_0 = 800,
	RELEASE_10_0 = 1000,
	RELEASE_11_5 = 1150,
	RELEASE_12_5 = 1250,
	RELEASE_14 = 1400,
};
enum release release_of(const char *text); /* "12.5"; 0 for others */
const char *release_text(enum release r);

struct cluster {
	char name[NODE_NAME_MAX];
	enum release release;
	/* For the subjects of its certificates. */
	char organization[SUBJECT_PART_MAX], unit[SUBJECT_PART_MAX], location[SUBJECT_PART_MAX];
	char state[SUBJECT_PART_MAX], country[SUBJECT_PART_MAX];
	int64_t created;
};

int cluster_put(struct store *s, const struct cluster *c, struct err *e); /* once */
int cluster_get(struct store *s, struct cluster *out, struct err *e);

struct node {
	int64_t id;
	char name[NODE_NAME_MAX];	/* a host name, as certificates carry it */
	char address[NODE_ADDRESS_MAX]; /* IPv4 or IPv6, numeric, in its one spelling */
	bool publisher;
};

/* A host name we put into certificates and lists: letters, digits, '-', '.'. */
bool node_name_is(const char *name);
/* Brings an address to its one spelling; -1 when it is none. */
int node_address(const char *text, char to[NODE_ADDRESS_MAX], struct err *e);

int node_add(struct store *s, const char *name, const char *address, bool publisher, int64_t *id,
    struct err *e);
/* All, publisher first, then by id.  *out is the caller's to free. */
int node_list(struct store *s, struct node **out, size_t *n, struct err *e);
/* By name or address; NULL: the publisher. */
int node_find(struct store *s, const char *name, struct node *out, struct err *e);
int node_by_id(struct store *s, int64_t id, struct node *out, struct err *e);
/* To another address; its name stays.  ERR_EXISTS when another node has that address or name. */
int node_move(struct store *s, int64_t id, const char *address, struct err *e);

#endif
