/*
 * bulk: bulk certificate management - which certificates of a cluster are exported under which
 * names, what becomes of those of all clusters when they are consolidated, and into which trust
 * stores they are imported.  Decisions only: files and folders are verb_bulk.c's and place.h's.
 *
 * As a cluster does it (TechNote 215539; Administration Guide 15, Bulk Certificate Management):
 * every cluster exports to one folder, on one of them the exports are consolidated, then each
 * imports.
 */
#ifndef TL_ADMIN_BULK_H
#define TL_ADMIN_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "trust/certs.h"
#include "trust/node.h"
#include "trust/pkcs12.h"

enum { BULK_NAME_MAX = 192, BULK_KINDS = 4 };

/* A kind of certificate that can be exported. */
struct bulk_kind {
	const char *type;      /* as the page has it: "TFTP", "Tomcat", "CAPF", "ITLRecovery" */
	const char *store;     /* identity store it comes from: "CallManager", ... */
	const char *import[2]; /* trust stores it goes to; NULL after the last */
};
const struct bulk_kind *bulk_kinds(void); /* BULK_KINDS of them */
/* The kinds that a type means, as bits 1 << index; "All" (and NULL): all of them; also by the name
 * of the store. 0 with ERR_USAGE. */
unsigned bulk_kinds_of(const char *type, struct err *e);

/* What tells clusters apart, in file names and labels: letters and digits of its name, and when it
 * was founded. */
void bulk_cluster_id(const struct cluster *c, char to[BULK_NAME_MAX]);

/* Whose certificate, and which. */
struct bulk_label {
	char cluster[BULK_NAME_MAX]; /* as bulk_cluster_id() */
	char node[NODE_NAME_MAX];    /* the publisher for what is the cluster's */
	const struct bulk_kind *kind;
};
void bulk_label_write(const struct bulk_label *l, char to[PKCS12_LABEL_MAX]);
int bulk_label_read(const char *text, struct bulk_label *out, struct err *e);

/* "CLUSTER.NODE.CallManager.p12" and "Consolidated.CallManager.p12". */
void bulk_export_name(const struct bulk_label *l, char to[BULK_NAME_MAX * 2]);
void bulk_consolidated_name(const struct bulk_kind *kind, char to[BULK_NAME_MAX * 2]);
/* Is this file in the folder an export of some cluster; a consolidated one? */
bool bulk_is_export(const char *name);
bool bulk_is_consolidated(const char *name, const struct bulk_kind *kind);

/* Adds what p holds to all[] of its kind, by label; what is there already is not added again.
 * Certificates whose label we cannot read are an error. */
int bulk_sort(const struct pkcs12 *p, struct pkcs12 all[BULK_KINDS], struct err *e);
/* How many clusters they come from. */
size_t bulk_clusters(const struct pkcs12 all[BULK_KINDS]);
/* How many of `those` (exported) are not in `all` (consolidated): it is out of date. */
size_t bulk_missing(const struct pkcs12 all[BULK_KINDS], const struct pkcs12 those[BULK_KINDS]);

#endif
