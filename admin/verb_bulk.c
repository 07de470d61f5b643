/*
 * Bulk certificate management: export, consolidate, import.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/bulk.h"
#include "admin/place.h"
#include "admin/restart.h"
#include "admin/secret.h"
#include "admin/verbs.h"
#include "base/mem.h"
#include "trust/certs.h"
#include "trust/known.h"
#include "trust/node.h"
#include "trust/service.h"

/* The folder that the call names, with the login it gives. */
struct door {
	struct place *place;
	struct wr password;
};

static void
door_close(struct door *d)
{
	place_close(d->place);
	wr_wipe(&d->password);
}

static int
door_open(const struct call *c, const char *where, bool must, struct door *d, struct err *e)
{
	struct place_login login = { .key_file = call_option(c, "key-file"),
		.known_hosts = call_option(c, "known-hosts") };

	*d = (struct door){ .place = NULL };
	if (call_has(c, "password-file") &&
	    secret_read(c, "password-file", "password", &d->password, e) != 0)
		return -1;
	login.password = wr_view(&d->password);
	d->place = place_open(where, &login, must, e);
	return d->place == NULL ? -1 : 0;
}

/* ---- export ---- */

struct exporting {
	const struct call *c;
	struct out *o;
	struct place *place;
	char cluster[BULK_NAME_MAX];
};

static int
export_one(
    const struct exporting *x, const struct bulk_kind *kind, const struct node *node, struct err *e)
{
	const struct cert_kind *of = cert_kind_of(kind->store, e);
	struct bulk_label label = { .kind = kind };
	char text[PKCS12_LABEL_MAX], name[BULK_NAME_MAX * 2];
	struct pkcs12 p = { 0 };
	struct wr file = { 0 };
	struct cert *own;
	int rc;

	/* What is the cluster's goes out once, with the publisher. */
	if (of == NULL || (of->of_cluster && !node->publisher))
		return of == NULL ? -1 : 0;
	own = certs_own(x->c->store, kind->store, certs_filed_under(of, node->id), NULL, e);
	if (own == NULL) /* ITLRecovery comes with release 10.0 */
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	memcpy(label.cluster, x->cluster, sizeof(label.cluster));
	memcpy(label.node, node->name, sizeof(label.node));
	bulk_label_write(&label, text);
	bulk_export_name(&label, name);
	pkcs12_add(&p, own, text);
	rc = pkcs12_encode(&p, &file, e);
	if (rc == 0)
		rc = place_put(x->place, name, wr_view(&file), e);
	if (rc == 0) {
		out_row(x->o);
		out_text(x->o, "type", "Type", kind->type);
		out_text(x->o, "node", "Node", node->name);
		out_text(x->o, "subject", "Subject", cert_subject(own, CERT_CISCO));
		out_hex(x->o, "serial", NULL, cert_serial(own));
		out_text(x->o, "file", "File", name);
	}
	pkcs12_free(&p);
	wr_free(&file);
	cert_free(own);
	return rc;
}

static int
export_all(const struct exporting *x, unsigned kinds, struct err *e)
{
	static const char *const headings[] = { "Type", "Node", "Subject", "File", NULL };
	struct node *node;
	size_t n;
	int rc = node_list(x->c->store, &node, &n, e);

	if (rc != 0)
		return -1;
	out_table(x->o, "exported", headings);
	for (size_t i = 0; rc == 0 && i < n; i++)
		for (size_t k = 0; rc == 0 && k < BULK_KINDS; k++)
			if ((kinds & 1U << k) != 0)
				rc = export_one(x, &bulk_kinds()[k], &node[i], e);
	out_table_end(x->o);
	free(node);
	return rc;
}

static int
run_export(const struct call *c, struct out *o, struct err *e)
{
	struct exporting x = { .c = c, .o = o };
	unsigned kinds = bulk_kinds_of(call_option(c, "type"), e);
	struct cluster cluster;
	struct door d;
	int rc = -1;

	if (kinds == 0 || cluster_get(c->store, &cluster, e) != 0)
		return -1;
	bulk_cluster_id(&cluster, x.cluster);
	if (door_open(c, call_option(c, "to"), false, &d, e) == 0) {
		x.place = d.place;
		rc = export_all(&x, kinds, e);
	}
	door_close(&d);
	if (rc != 0)
		return -1;
	out_block(o, "\n");
	out_line(o, "When the other cluster has exported too: trustlist bulk consolidate %s",
	    call_option(c, "to"));
	return 0;
}

/* ---- reading what is there ---- */

static void
free_sorted(struct pkcs12 all[BULK_KINDS])
{
	for (size_t k = 0; k < BULK_KINDS; k++)
		pkcs12_free(&all[k]);
}

static int
read_one(struct place *place, const char *name, struct pkcs12 all[BULK_KINDS], struct err *e)
{
	struct wr file = { 0 };
	struct pkcs12 p = { 0 };
	int rc = place_get(place, name, PKCS12_FILE_MAX, &file, e);

	if (rc == 0 && (pkcs12_decode(wr_view(&file), &p, e) != 0 || bulk_sort(&p, all, e) != 0))
		rc = err_prefix(e, "%s", name);
	pkcs12_free(&p);
	wr_free(&file);
	return rc;
}

static bool
is_meant(const char *name, bool consolidated)
{
	if (!consolidated)
		return bulk_is_export(name);
	for (size_t k = 0; k < BULK_KINDS; k++)
		if (bulk_is_consolidated(name, &bulk_kinds()[k]))
			return true;
	return false;
}

/* The exports, or what was consolidated of them.  *files: how many there were. */
static int
read_all(struct place *place, bool consolidated, struct pkcs12 all[BULK_KINDS], size_t *files,
    struct err *e)
{
	char **name;
	size_t n;
	int rc = place_list(place, &name, &n, e);

	*files = 0;
	if (rc != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_meant(name[i], consolidated))
			continue;
		rc = read_one(place, name[i], all, e);
		++*files;
	}
	place_list_free(name, n);
	return rc;
}

static int
need_two(const char *where, const struct pkcs12 all[BULK_KINDS], struct err *e)
{
	size_t clusters = bulk_clusters(all);

	if (clusters >= 2)
		return 0;
	err_set(e, ERR_USAGE, "%.200s holds the certificates of %zu cluster%s: two are needed",
	    where, clusters, clusters == 1 ? "" : "s");
	return err_hint(e, "trustlist bulk export --to %.100s, on each cluster", where);
}

/* ---- consolidate ---- */

static int
write_consolidated(
    struct place *place, const struct pkcs12 all[BULK_KINDS], struct out *o, struct err *e)
{
	static const char *const headings[] = { "Type", "Certificates", "File", NULL };
	char name[BULK_NAME_MAX * 2];
	int rc = 0;

	out_table(o, "consolidated", headings);
	for (size_t k = 0; rc == 0 && k < BULK_KINDS; k++) {
		const struct bulk_kind *kind = &bulk_kinds()[k];
		struct wr file = { 0 };

		bulk_consolidated_name(kind, name);
		/* An empty one too: it takes the place of one from before. */
		rc = pkcs12_encode(&all[k], &file, e);
		if (rc == 0)
			rc = place_put(place, name, wr_view(&file), e);
		wr_free(&file);
		if (rc != 0)
			break;
		out_row(o);
		out_text(o, "type", "Type", kind->type);
		out_int(o, "certificates", "Certificates", (int64_t)all[k].n);
		out_text(o, "file", "File", name);
	}
	out_table_end(o);
	return rc;
}

static int
run_consolidate(const struct call *c, struct out *o, struct err *e)
{
	struct pkcs12 all[BULK_KINDS] = { { 0 } };
	struct door d;
	size_t files;
	int rc = -1;

	if (door_open(c, c->arg[0], true, &d, e) == 0 &&
	    read_all(d.place, false, all, &files, e) == 0 && need_two(c->arg[0], all, e) == 0)
		rc = write_consolidated(d.place, all, o, e);
	if (rc == 0) {
		out_int(o, "clusters", "Clusters", (int64_t)bulk_clusters(all));
		out_block(o, "\n");
		out_line(o, "Then on each cluster: trustlist bulk import %s", c->arg[0]);
	}
	free_sorted(all);
	door_close(&d);
	return rc;
}

/* ---- import ---- */

struct importing {
	const struct call *c;
	struct out *o;
	size_t added;
};

static int
import_into(struct importing *m, const char *store, const struct pkcs12_cert *from, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(store, e);
	struct bulk_label label;
	bool added;

	if (kind == NULL || bulk_label_read(from->label, &label, e) != 0 ||
	    certs_trust(m->c->store, kind, from->cert, m->c->now, &added, e) != 0)
		return -1;
	m->added += added;
	out_row(m->o);
	out_text(m->o, "type", "Type", label.kind->type);
	out_text(m->o, "cluster", NULL, label.cluster);
	out_text(m->o, "node", "Node", label.node);
	out_text(m->o, "subject", "Subject", cert_subject(from->cert, CERT_CISCO));
	out_hex(m->o, "serial", NULL, cert_serial(from->cert));
	out_text(m->o, "store", "Trust store", store);
	out_bool(m->o, "added", NULL, added);
	out_text(m->o, "result", "Result", added ? "added" : "was there already");
	return 0;
}

static int
import_kind(
    struct importing *m, const struct bulk_kind *kind, const struct pkcs12 *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < 2 && kind->import[j] != NULL; j++)
			if (import_into(m, kind->import[j], &p->cert[i], e) != 0)
				return -1;
	return 0;
}

/* All or nothing. */
static int
import_all(struct importing *m, unsigned kinds, const struct pkcs12 all[BULK_KINDS], struct err *e)
{
	static const char *const headings[] = { "Type", "Node", "Subject", "Trust store", "Result",
		NULL };
	int rc = 0;

	if (store_begin(m->c->store, e) != 0)
		return -1;
	out_table(m->o, "imported", headings);
	for (size_t k = 0; rc == 0 && k < BULK_KINDS; k++)
		if ((kinds & 1U << k) != 0)
			rc = import_kind(m, &bulk_kinds()[k], &all[k], e);
	out_table_end(m->o);
	return store_end(m->c->store, rc, e);
}

/* What was exported after the consolidation is not in it.  That an export cannot be read is said,
 * and is no matter of what was consolidated. */
static void
say_outdated(struct place *place, struct out *o, const struct pkcs12 all[BULK_KINDS])
{
	struct pkcs12 exported[BULK_KINDS] = { { 0 } };
	size_t files, missing;
	struct err why = { 0 };
	int rc = read_all(place, false, exported, &files, &why);

	missing = bulk_missing(all, exported);
	if (rc != 0) {
		out_text(o, "unreadable", NULL, why.text);
		out_block(o, "\n");
		out_line(o,
		    "Warning: whether something was exported since the consolidation cannot be "
		    "told: %s",
		    why.text);
	} else if (missing > 0) {
		out_int(o, "not_consolidated", NULL, (int64_t)missing);
		out_block(o, "\n");
		out_line(o,
		    "Warning: %zu certificate%s exported since the consolidation: consolidate "
		    "again, and import again",
		    missing, missing == 1 ? " was" : "s were");
	}
	free_sorted(exported);
}

static int
read_consolidated(
    const struct call *c, struct place *place, struct pkcs12 all[BULK_KINDS], struct err *e)
{
	size_t files;

	if (read_all(place, true, all, &files, e) != 0)
		return -1;
	if (files > 0)
		return need_two(c->arg[0], all, e);
	err_set(e, ERR_NOT_FOUND, "nothing was consolidated in %.200s", c->arg[0]);
	return err_hint(e, "trustlist bulk consolidate %.100s, on one of the clusters", c->arg[0]);
}

/* 1 when a TVS that runs does not know what the trust stores hold: this import's certificates, or
 * those of one before that it was not told of; 0; -1. */
static int
tvs_is_behind(const struct call *c, struct err *e)
{
	struct service *all;
	size_t n;
	int news = 0;

	if (service_list(c->store, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; news == 0 && i < n; i++)
		if (all[i].running && strcmp(all[i].name, "TVS") == 0)
			news = known_is_news(c->store, all[i].node, e);
	free(all);
	return news;
}

static int
run_import(const struct call *c, struct out *o, struct err *e)
{
	struct importing m = { .c = c, .o = o };
	struct pkcs12 all[BULK_KINDS] = { { 0 } };
	unsigned kinds = bulk_kinds_of(call_option(c, "type"), e);
	struct door d = { .place = NULL };
	int rc = -1, behind;

	if (kinds != 0 && door_open(c, c->arg[0], true, &d, e) == 0 &&
	    read_consolidated(c, d.place, all, e) == 0)
		rc = import_all(&m, kinds, all, e);
	if (rc == 0)
		say_outdated(d.place, o, all);
	free_sorted(all);
	door_close(&d);
	if (rc != 0)
		return -1;
	out_int(o, "added", "Added", (int64_t)m.added);
	behind = tvs_is_behind(c, e);
	if (behind < 0)
		return -1;
	return m.added > 0 || behind == 1 ? restart_tell_tvs(c, o, e) : 0;
}

#define LOGIN_OPTIONS                                                                              \
	{ .name = "password-file",                                                                 \
		.metavar = "FILE",                                                                 \
		.help = "the SFTP user's password; - is standard input",                           \
		.takes = VALUE_SECRET },                                                           \
	    { .name = "key-file",                                                                  \
		    .metavar = "FILE",                                                             \
		    .help = "the SFTP user's private key; else the agent's, or the usual ones",    \
		    .takes = VALUE_SECRET },                                                       \
	{                                                                                          \
		.name = "known-hosts", .metavar = "FILE",                                          \
		.help = "the keys of SFTP servers; else ~/.ssh/known_hosts", .takes = VALUE_FILE   \
	}
#define TYPE_OPTION                                                                                \
	{                                                                                          \
		.name = "type", .metavar = "TYPE",                                                 \
		.help = "All, TFTP, Tomcat, CAPF or ITLRecovery; else All"                         \
	}

static const struct verb verbs[] = {
	{
	    .words = "bulk export",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "writes the cluster's certificates where other clusters find them",
	    .option = { { .name = "to",
			    .metavar = "WHERE",
			    .help = "a folder, or sftp://[USER@]HOST[:PORT]/folder",
			    .must = true,
			    .takes = VALUE_EXCHANGE },
		TYPE_OPTION, LOGIN_OPTIONS },
	    .apart = true,
	    .run = run_export,
	},
	{
	    .words = "bulk consolidate",
	    .args = "WHERE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_ADMIN,
	    .help = "joins what two clusters or more have exported there",
	    .option = { LOGIN_OPTIONS },
	    .takes = VALUE_EXCHANGE,
	    .apart = true,
	    .run = run_consolidate,
	},
	{
	    .words = "bulk import",
	    .args = "WHERE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "trusts what was consolidated; TVS must be told by a restart",
	    .option = { TYPE_OPTION, LOGIN_OPTIONS, RESTART_OPTION },
	    .takes = VALUE_EXCHANGE,
	    .apart = true,
	    .run = run_import,
	},
};

const struct verb_set bulk_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
