#include "admin/bulk.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SUFFIX	     ".p12"
#define CONSOLIDATED "Consolidated."

/* Imports: TechNote 215539; ITLRecovery as in the Administration Guide 12.5 and later. */
static const struct bulk_kind kinds[BULK_KINDS] = {
	{ "TFTP", "CallManager", { "CallManager-trust", "Phone-SAST-trust" } },
	{ "Tomcat", "tomcat", { "tomcat-trust" } },
	{ "CAPF", "CAPF", { "CallManager-trust" } },
	{ "ITLRecovery", "ITLRecovery", { "Phone-SAST-trust", "CallManager-trust" } },
};

const struct bulk_kind *
bulk_kinds(void)
{
	return kinds;
}

unsigned
bulk_kinds_of(const char *type, struct err *e)
{
	if (type == NULL || strcasecmp(type, "All") == 0)
		return (1U << BULK_KINDS) - 1;
	for (unsigned i = 0; i < BULK_KINDS; i++)
		if (strcasecmp(type, kinds[i].type) == 0 || strcasecmp(type, kinds[i].store) == 0 ||
		    (i == 3 && strcasecmp(type, "ITL_Recovery") == 0))
			return 1U << i;
	err_set(e, ERR_USAGE, "\"%.40s\" is no type of certificate to export", type);
	err_hint(e, "All, TFTP, Tomcat, CAPF, ITLRecovery");
	return 0;
}

static bool
is_plain(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

void
bulk_cluster_id(const struct cluster *c, char to[BULK_NAME_MAX])
{
	size_t n = 0;

	for (const char *p = c->name; *p != '\0' && n + 20 < BULK_NAME_MAX; p++)
		to[n++] = (char)(is_plain(*p) ? *p : '_');
	snprintf(to + n, BULK_NAME_MAX - n, "-%llx", (unsigned long long)c->created);
}

void
bulk_label_write(const struct bulk_label *l, char to[PKCS12_LABEL_MAX])
{
	snprintf(to, PKCS12_LABEL_MAX, "%s/%s/%s", l->cluster, l->node, l->kind->store);
}

/* Up to the next '/', or the end. */
static bool
take_part(const char **at, char end, char *to, size_t size)
{
	const char *stop = strchr(*at, end);
	size_t n = stop == NULL ? 0 : (size_t)(stop - *at);

	if (n == 0 || n >= size)
		return false;
	memcpy(to, *at, n);
	to[n] = '\0';
	*at = stop + (end != '\0');
	return true;
}

static bool
is_cluster_id(const char *text)
{
	for (; *text != '\0'; text++)
		if (!is_plain(*text))
			return false;
	return true;
}

int
bulk_label_read(const char *text, struct bulk_label *out, struct err *e)
{
	struct bulk_label l = { .kind = NULL };
	char store[CERTS_STORE_MAX];
	const char *at = text;

	*out = l;
	if (!take_part(&at, '/', l.cluster, sizeof(l.cluster)) ||
	    !take_part(&at, '/', l.node, sizeof(l.node)) ||
	    !take_part(&at, '\0', store, sizeof(store)) || !is_cluster_id(l.cluster) ||
	    !node_name_is(l.node))
		return err_set(e, ERR_MALFORMED, "\"%.100s\" is no label of a bulk export", text);
	for (size_t i = 0; i < BULK_KINDS; i++)
		if (strcmp(store, kinds[i].store) == 0)
			l.kind = &kinds[i];
	if (l.kind == NULL)
		return err_set(
		    e, ERR_MALFORMED, "\"%.100s\" is no kind of certificate we import", store);
	*out = l;
	return 0;
}

void
bulk_export_name(const struct bulk_label *l, char to[BULK_NAME_MAX * 2])
{
	snprintf(
	    to, (size_t)BULK_NAME_MAX * 2, "%s.%s.%s" SUFFIX, l->cluster, l->node, l->kind->store);
}

void
bulk_consolidated_name(const struct bulk_kind *kind, char to[BULK_NAME_MAX * 2])
{
	snprintf(to, (size_t)BULK_NAME_MAX * 2, CONSOLIDATED "%s" SUFFIX, kind->store);
}

bool
bulk_is_export(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	return n > suffix && strcmp(name + n - suffix, SUFFIX) == 0 &&
	       strncmp(name, CONSOLIDATED, strlen(CONSOLIDATED)) != 0;
}

bool
bulk_is_consolidated(const char *name, const struct bulk_kind *kind)
{
	char is[BULK_NAME_MAX * 2];

	bulk_consolidated_name(kind, is);
	return strcmp(name, is) == 0;
}

static bool
holds(const struct pkcs12 *p, const struct pkcs12_cert *c)
{
	for (size_t i = 0; i < p->n; i++)
		if (cert_eq(p->cert[i].cert, c->cert) && strcmp(p->cert[i].label, c->label) == 0)
			return true;
	return false;
}

int
bulk_sort(const struct pkcs12 *p, struct pkcs12 all[BULK_KINDS], struct err *e)
{
	struct bulk_label l;
	struct pkcs12 *to;

	for (size_t i = 0; i < p->n; i++) {
		if (bulk_label_read(p->cert[i].label, &l, e) != 0)
			return -1;
		to = &all[l.kind - kinds];
		if (holds(to, &p->cert[i]))
			continue;
		if (to->n >= PKCS12_CERTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d certificates of one kind",
			    PKCS12_CERTS_MAX);
		pkcs12_add(to, p->cert[i].cert, p->cert[i].label);
	}
	return 0;
}

/* Is it the first of its cluster? */
static bool
is_first(const struct pkcs12 all[BULK_KINDS], size_t kind, size_t nth, const char *cluster)
{
	struct bulk_label l;

	for (size_t k = 0; k <= kind; k++)
		for (size_t i = 0; i < (k == kind ? nth : all[k].n); i++)
			if (bulk_label_read(all[k].cert[i].label, &l, NULL) == 0 &&
			    strcmp(l.cluster, cluster) == 0)
				return false;
	return true;
}

size_t
bulk_clusters(const struct pkcs12 all[BULK_KINDS])
{
	struct bulk_label l;
	size_t n = 0;

	for (size_t k = 0; k < BULK_KINDS; k++)
		for (size_t i = 0; i < all[k].n; i++)
			n += bulk_label_read(all[k].cert[i].label, &l, NULL) == 0 &&
			     is_first(all, k, i, l.cluster);
	return n;
}

size_t
bulk_missing(const struct pkcs12 all[BULK_KINDS], const struct pkcs12 those[BULK_KINDS])
{
	size_t n = 0;

	for (size_t k = 0; k < BULK_KINDS; k++)
		for (size_t i = 0; i < those[k].n; i++)
			n += !holds(&all[k], &those[k].cert[i]);
	return n;
}
