/*
 * Changes of certificates that are here already: regenerate (also as Cisco's `set cert regen`),
 * delete, and how long phones may keep what TVS says of one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cert_name.h"
#include "admin/ctl_due.h"
#include "admin/impact.h"
#include "admin/restart.h"
#include "admin/verbs.h"
#include "trust/certs.h"
#include "trust/cluster.h"
#include "trust/node.h"

enum { SERIAL_TEXT = 2 * 20 + 1 }; /* RFC 5280, 4.1.2.2: 20 bytes */

static struct cert *
own_of(const struct call *c, const struct cert_kind *kind, const struct node *node, struct err *e)
{
	return certs_own(
	    c->store, kind->store, kind->of_cluster ? CERTS_CLUSTER : node->id, NULL, e);
}

static void
spell_serial(const struct cert *own, char to[SERIAL_TEXT])
{
	bytes_hex(cert_serial(own), '\0', to, SERIAL_TEXT);
}

static int
show_new(const struct call *c, struct out *o, const struct cert_kind *kind, const struct node *node,
    const char *was, struct err *e)
{
	struct cert *own = own_of(c, kind, node, e);
	char serial[SERIAL_TEXT];

	if (own == NULL)
		return -1;
	out_line(o, "Successfully Regenerated Certificate for %s.", kind->store);
	out_text(o, "subject", "Subject", cert_subject(own, CERT_CISCO));
	out_hex(o, "serial", "Serial", cert_serial(own));
	spell_serial(own, serial);
	call_changed(c, was, serial);
	cert_free(own);
	return 0;
}

/* "" when there is none yet. */
static void
old_serial(const struct call *c, const struct cert_kind *kind, const struct node *node, char *to)
{
	struct cert *own = own_of(c, kind, node, NULL);

	if (own != NULL)
		spell_serial(own, to);
	else
		to[0] = '\0';
	cert_free(own);
}

static bool
is(const struct cert_kind *kind, const char *store)
{
	return strcmp(kind->store, store) == 0;
}

static int
run_regenerate(const struct call *c, struct out *o, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(c->arg[0], e);
	struct cluster_change change = { .changed = false };
	char serial[SERIAL_TEXT];
	struct node node;
	size_t lscs = 0;
	int rc;

	if (kind == NULL || node_find(c->store, call_option(c, "node"), &node, e) != 0)
		return -1;
	if (is(kind, "CAPF") && impact_stale_lscs(c, &lscs, e) != 0)
		return -1;
	out_text(o, "store", NULL, kind->store);
	out_text(o, "node", NULL, kind->of_cluster ? "cluster" : node.name);
	old_serial(c, kind, &node, serial);
	rc = cluster_regenerate(c->store, kind, &node, impact_care(c), c->now, &change, e);
	if (rc == 0 || e->code == ERR_STRANDS)
		impact_show(o, &change);
	if (rc == 0 && is(kind, "CAPF"))
		impact_show_lscs(o, "lscs_stale", lscs,
		    "becomes stale: a proof no longer than the old certificate is in CAPF-trust");
	if (rc != 0 || !change.changed)
		return rc;
	out_int(o, "lists_built", NULL, (int64_t)change.lists_built);
	if (change.warning[0] != '\0')
		out_text(o, "warning", "Warning", change.warning);
	if (show_new(c, o, kind, &node, serial, e) != 0)
		return -1;
	ctl_due_show(o, &change);
	return restart_after(c, o, kind->restart, 4, kind->of_cluster ? NULL : &node, e);
}

/* What it means for the phones is said like for a new certificate: TVS may be the only one who
 * knows a signer of ours, and it knows it from the trust stores. */
static int
run_delete(const struct call *c, struct out *o, struct err *e)
{
	const struct cert_kind *kind = cert_kind_of(call_option(c, "store"), e);
	struct cluster_change change = { .changed = false };
	size_t lscs = 0;
	int rc;

	if (kind == NULL ||
	    (is(kind, "CAPF-trust") && impact_unproven_lscs(c, c->arg[0], &lscs, e) != 0))
		return -1;
	out_text(o, "store", NULL, kind->store);
	rc = cluster_untrust(c->store, kind, c->arg[0], impact_care(c), c->now, &change, e);
	if (rc == 0 || e->code == ERR_STRANDS)
		impact_show(o, &change);
	if (change.warning[0] != '\0')
		out_text(o, "warning", "Warning", change.warning);
	if (rc == 0 && is(kind, "CAPF-trust"))
		impact_show_lscs(o, "lscs_unproven", lscs,
		    "proves no longer who it is: --auth lsc fails, until CAPF issues another");
	if (rc != 0 || !change.changed)
		return rc;
	out_text(o, "deleted", NULL, c->arg[0]);
	out_line(o, "%s deleted from %s", c->arg[0], kind->store);
	return restart_tell_tvs(c, o, e);
}

/* ---- the duration in phones' caches ---- */

static int
seconds_of(const char *text, int64_t *seconds, struct err *e)
{
	char *end;

	*seconds = 0;
	if (strcmp(text, "default") == 0)
		return 0;
	errno = 0;
	*seconds = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno == ERANGE || *seconds <= 0)
		return err_set(e, ERR_USAGE, "\"%.60s\" is no duration: seconds, or default", text);
	return 0;
}

static int
set_duration(const struct call *c, struct out *o, const struct held_cert *h, struct err *e)
{
	int64_t seconds;

	if (seconds_of(c->arg[1], &seconds, e) != 0)
		return -1;
	out_text(o, "store", NULL, h->store);
	out_text(o, "name", NULL, h->name);
	out_int(o, "duration", NULL, seconds);
	out_bool(o, "changed", NULL, seconds != h->duration);
	if (seconds == h->duration) {
		out_line(o, "%s/%s: was so already", h->store, h->name);
		return 0;
	}
	if (certs_set_duration(c->store, h->id, seconds, e) != 0)
		return -1;
	out_line(o, "%s/%s: phones may keep it %s%s", h->store, h->name,
	    seconds == 0 ? "as long as the parameter says" : c->arg[1],
	    seconds == 0 ? "" : " seconds");
	return restart_tell_tvs(c, o, e);
}

static int
run_duration(const struct call *c, struct out *o, struct err *e)
{
	const struct held_cert *h;
	struct held_cert *all;
	struct node node;
	size_t n;
	int rc = -1;

	if (node_find(c->store, call_option(c, "node"), &node, e) != 0 ||
	    certs_list(c->store, &all, &n, e) != 0)
		return -1;
	h = cert_name_find(c->arg[0], all, n, node.id, e);
	if (h != NULL)
		rc = set_duration(c, o, h, e);
	certs_list_free(all, n);
	return rc;
}

#define NODE_OPTION                                                                                \
	{                                                                                          \
		.name = "node", .metavar = "NODE", .help = "whose (else the publisher's)"          \
	}
#define REGENERATE                                                                                 \
	.args = "NAME", .least = 1, .most = 1, .needs = VERB_STORE, .right = RIGHT_ADMIN,          \
	.help = "new key and certificate; says which services must restart, in order",             \
	.option = { NODE_OPTION, RESTART_OPTION, IMPACT_OPTION }, .run = run_regenerate

static const struct verb verbs[] = {
	{ .words = "cert regenerate", REGENERATE },
	{ .words = "set cert regen", REGENERATE },
	{
	    .words = "cert delete",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_STORE,
	    .right = RIGHT_ADMIN,
	    .help = "take a certificate out of a trust store",
	    .option = { { .name = "store",
			    .metavar = "STORE",
			    .help = "CallManager-trust, Phone-SAST-trust, ...",
			    .must = true },
		RESTART_OPTION, IMPACT_OPTION },
	    .run = run_delete,
	},
	{
	    .words = "cert duration",
	    .args = "NAME SECONDS|default",
	    .least = 2,
	    .most = 2,
	    .needs = VERB_STORE,
	    .right = RIGHT_OPERATE,
	    .help = "how long phones may keep what TVS says of a certificate",
	    .option = { NODE_OPTION, RESTART_OPTION },
	    .run = run_duration,
	},
};

const struct verb_set cert_change_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
