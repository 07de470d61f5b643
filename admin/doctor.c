#include "admin/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cert_name.h"
#include "admin/ctl_due.h"
#include "admin/refusers.h"
#include "trust/ctl.h"
#include "trust/device.h"
#include "trust/listing.h"
#include "trust/node.h"
#include "trust/service.h"

enum { DAY = 24 * 3600, EXPIRY_DAYS = 30 };

/* ---- findings ---- */

static const char *
state_word(enum doctor_state state)
{
	static const char *const word[] = { "ok", "warn", "fail" };

	return word[state];
}

void
doctor_begin(struct doctor *d, struct out *o)
{
	*d = (struct doctor){ .o = o };
	out_table(o, "checks", NULL);
}

void
doctor_say(struct doctor *d, enum doctor_state state, const char *check, const char *todo,
    const char *fmt, ...)
{
	char what[512], plain[4 * sizeof(what) + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	d->found[state]++;
	out_row(d->o);
	out_text(d->o, "check", NULL, check);
	out_text(d->o, "state", NULL, state_word(state));
	out_text(d->o, "finding", NULL, what);
	out_text(d->o, "todo", NULL, todo);
	bytes_printable(bytes_of(what), plain, sizeof(plain));
	wr_fmt(&d->text, "%-5s %-14s %s\n", state_word(state), check, plain);
	if (todo != NULL)
		wr_fmt(&d->text, "%-5s %-14s   %s\n", "", "", todo);
}

void
doctor_end(struct doctor *d)
{
	out_table_end(d->o);
	out_block(d->o, wr_cstr(&d->text));
	out_int(d->o, "ok", NULL, (int64_t)d->found[DOCTOR_OK]);
	out_int(d->o, "warnings", NULL, (int64_t)d->found[DOCTOR_WARN]);
	out_int(d->o, "failures", NULL, (int64_t)d->found[DOCTOR_FAIL]);
	wr_free(&d->text);
}

/* ---- certificates ---- */

/* The store was looked through when it was opened; here it is said. */
static int
check_store(const struct call *c, struct doctor *d, struct err *e)
{
	struct ask *q = store_ask(c->store, "PRAGMA quick_check(1)");
	int rc = ask_row(q, e);

	if (rc != 1)
		return -1;
	if (strcmp(row_text(q, 0), "ok") == 0)
		doctor_say(d, DOCTOR_OK, "store", NULL, "SQLite's quick_check found nothing");
	else
		doctor_say(d, DOCTOR_FAIL, "store", "restore a backup",
		    "the store is damaged: %.300s", row_text(q, 0));
	ask_end(q);
	return 0;
}

static void
check_key(const struct call *c, struct doctor *d, const struct held_cert *h, size_t *good)
{
	struct err why = { 0 };
	struct key *k = certs_key(c->store, h->id, &why);

	if (k == NULL)
		doctor_say(d, DOCTOR_FAIL, "keys",
		    "trustlist cert regenerate makes a new pair, cert upload brings one in",
		    "%s: no private key: %.200s", h->name, why.text);
	else if (!key_fits(k, h->cert))
		doctor_say(d, DOCTOR_FAIL, "keys",
		    "trustlist cert regenerate makes a new pair, cert upload brings one in",
		    "%s: the private key is that of another certificate", h->name);
	else
		++*good;
	key_free(k);
}

static void
check_term(const struct call *c, struct doctor *d, const struct held_cert *h)
{
	int64_t left = cert_not_after(h->cert) - c->now;

	if (left <= 0)
		doctor_say(d, DOCTOR_FAIL, "expiry",
		    "trustlist cert regenerate; --dry-run first: it says what becomes of the phones",
		    "%s of %s has expired", h->name, cert_subject(h->cert, CERT_CISCO));
	else if (left < (int64_t)EXPIRY_DAYS * DAY)
		doctor_say(d, DOCTOR_WARN, "expiry",
		    "trustlist cert regenerate; --dry-run first: it says what becomes of the phones",
		    "%s of %s expires in %" PRId64 " days", h->name,
		    cert_subject(h->cert, CERT_CISCO), left / DAY);
}

/* A clock behind what it has signed itself: phones would find new certificates not valid yet. */
static void
check_clock(const struct call *c, struct doctor *d, const struct held_cert *newest)
{
	if (newest != NULL && cert_not_before(newest->cert) > c->now)
		doctor_say(d, DOCTOR_FAIL, "clock", "set the clock of this host (NTP)",
		    "the clock is behind: %s is not valid yet", newest->name);
	else
		doctor_say(
		    d, DOCTOR_OK, "clock", NULL, "no certificate of ours is from the future");
}

static void
check_certs_of(const struct call *c, struct doctor *d, const struct held_cert *all, size_t n)
{
	const struct held_cert *newest = NULL, *first = NULL;
	size_t own = 0, good = 0, bad;

	for (size_t i = 0; i < n; i++) {
		if (!cert_name_is_identity(&all[i]))
			continue;
		own++;
		check_key(c, d, &all[i], &good);
		if (newest == NULL || cert_not_before(all[i].cert) > cert_not_before(newest->cert))
			newest = &all[i];
		if (first == NULL || cert_not_after(all[i].cert) < cert_not_after(first->cert))
			first = &all[i];
	}
	if (good == own)
		doctor_say(d, DOCTOR_OK, "keys", NULL,
		    "each of %zu certificates of our own has its private key", own);
	bad = d->found[DOCTOR_WARN] + d->found[DOCTOR_FAIL];
	for (size_t i = 0; i < n; i++)
		if (cert_name_is_identity(&all[i]))
			check_term(c, d, &all[i]);
	if (first != NULL && bad == d->found[DOCTOR_WARN] + d->found[DOCTOR_FAIL])
		doctor_say(d, DOCTOR_OK, "expiry", NULL,
		    "%s is the first to expire, in %" PRId64 " days", first->name,
		    (cert_not_after(first->cert) - c->now) / DAY);
	check_clock(c, d, newest);
}

static int
check_certs(const struct call *c, struct doctor *d, struct err *e)
{
	struct held_cert *all;
	size_t n;

	if (certs_list(c->store, &all, &n, e) != 0)
		return -1;
	check_certs_of(c, d, all, n);
	certs_list_free(all, n);
	return 0;
}

/* ---- lists ---- */

static int
check_size(const struct call *c, struct doctor *d, const struct node *node, int64_t list,
    const struct listing_entry *newest, struct err *e)
{
	struct wr file = { 0 };
	struct tlist *l = NULL;
	char warning[240] = "";
	int rc = listing_file(c->store, list, &file, e);

	if (rc == 0) {
		l = tlist_decode(wr_view(&file), e);
		rc = l == NULL ? -1 : 0;
	}
	if (rc == 0)
		tlist_warning(l, warning, sizeof(warning));
	if (rc == 0 && warning[0] != '\0')
		doctor_say(d, DOCTOR_FAIL, "list",
		    "delete nodes or certificates that are not needed", "%s: %s", node->name,
		    warning);
	else if (rc == 0)
		doctor_say(d, DOCTOR_OK, "list", NULL,
		    "%s serves ITL number %d, the newest, of %zu bytes", node->name, newest->number,
		    file.n);
	tlist_free(l);
	wr_free(&file);
	return rc;
}

static int
check_list(const struct call *c, struct doctor *d, const struct service *tftp, struct err *e)
{
	struct listing_entry newest;
	struct node node;
	int found;

	if (node_by_id(c->store, tftp->node, &node, e) != 0)
		return -1;
	found = listing_newest(c->store, tftp->node, &newest, e);
	if (found < 0)
		return -1;
	if (found == 0 || tftp->itl == 0) {
		doctor_say(d, DOCTOR_FAIL, "list", "trustlist service restart TFTP",
		    "TFTP of %s serves no list", node.name);
		return 0;
	}
	if (newest.id == tftp->itl)
		return check_size(c, d, &node, tftp->itl, &newest, e);
	doctor_say(d, DOCTOR_WARN, "list", "trustlist service restart TFTP",
	    "TFTP of %s does not serve the newest list, number %d: %.200s", node.name,
	    newest.number, newest.why);
	return 0;
}

/* No change brings the CTL up to date by itself. */
static int
check_ctl(const struct call *c, struct doctor *d, struct err *e)
{
	struct ctl_state ctl;
	char todo[80];

	if (ctl_look(c->store, &ctl, e) != 0)
		return -1;
	snprintf(todo, sizeof(todo), "%s --restart", ctl_due_command(ctl.tokens));
	if (ctl.newest.id == 0 && !ctl.mixed)
		return 0;
	if (ctl.newest.id == 0)
		doctor_say(d, DOCTOR_FAIL, "ctl", "trustlist utils ctl set-cluster mixed-mode",
		    "the cluster is in mixed mode and has no CTL");
	else if (ctl.due)
		doctor_say(d, DOCTOR_WARN, "ctl", todo, "CTL number %d is not up to date: %.300s",
		    ctl.newest.number, ctl.why);
	else
		doctor_say(d, DOCTOR_OK, "ctl", NULL, "CTL number %d names the certificates of now",
		    ctl.newest.number);
	return 0;
}

/* ---- services ---- */

static void
free_all(char **text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(text[i]);
	free(text);
}

static int
check_service(const struct call *c, struct doctor *d, const struct service *v, struct err *e)
{
	struct node node;
	char todo[80], **why;
	size_t n;

	if (node_by_id(c->store, v->node, &node, e) != 0 ||
	    service_stale(c->store, v, &why, &n, e) != 0)
		return -1;
	snprintf(todo, sizeof(todo), "trustlist service %s %s", v->running ? "restart" : "start",
	    v->name);
	if (!v->running)
		doctor_say(
		    d, DOCTOR_FAIL, "services", todo, "%s of %s is stopped", v->name, node.name);
	else if (n > 0)
		doctor_say(d, DOCTOR_WARN, "services", todo, "%s of %s must restart: %.300s",
		    v->name, node.name, why[0]);
	free_all(why, n);
	if (v->running && strcmp(v->name, "TFTP") == 0)
		return check_list(c, d, v, e);
	return 0;
}

static int
check_services(const struct call *c, struct doctor *d, struct err *e)
{
	struct service *all;
	size_t n, bad = d->found[DOCTOR_WARN] + d->found[DOCTOR_FAIL];
	int rc = service_list(c->store, &all, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_service(c, d, &all[i], e);
	if (rc == 0 && bad == d->found[DOCTOR_WARN] + d->found[DOCTOR_FAIL])
		doctor_say(
		    d, DOCTOR_OK, "services", NULL, "all %zu run, with what the store says now", n);
	free(all);
	return rc;
}

/* ---- parameters ---- */

static int
value_of(const struct call *c, const char *name, char to[PARAM_VALUE_MAX], struct err *e)
{
	const struct param *p = param_find(name, e);

	return p == NULL ? -1 : param_get(c->store, p, to, e);
}

static int
check_rollback(const struct call *c, struct doctor *d, struct err *e)
{
	char value[PARAM_VALUE_MAX];

	if (value_of(c, PARAM_ROLLBACK, value, e) != 0)
		return -1;
	if (param_is_true(value))
		doctor_say(d, DOCTOR_WARN, "rollback",
		    "set it to False again when the phones have moved",
		    PARAM_ROLLBACK " is True: phones that boot take any list and any "
				   "configuration, and their HTTPS services fail");
	return 0;
}

static int
check_digest(const struct call *c, struct doctor *d, struct err *e)
{
	char value[PARAM_VALUE_MAX];
	struct device *all;
	size_t n, refusing = 0;

	if (value_of(c, PARAM_SIGNATURE, value, e) != 0 || device_list(c->store, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		refusing += refusers_has(&all[i]);
	if (strcmp(value, "SHA-512") == 0 && refusing > 0)
		doctor_say(d, DOCTOR_FAIL, "signatures",
		    "trustlist param set \"" PARAM_SIGNATURE "\" SHA-1 --restart",
		    "files are signed with SHA-512, which %zu of %zu phones cannot check", refusing,
		    n);
	else
		doctor_say(
		    d, DOCTOR_OK, "signatures", NULL, "all of %zu phones can check %s", n, value);
	free(all);
	return 0;
}

/* Does a parameter promise certificates with EC keys to phones? */
static int
promises_ec(const struct call *c, bool *out, struct err *e)
{
	char advanced[PARAM_VALUE_MAX], https[PARAM_VALUE_MAX];

	if (value_of(c, PARAM_ADVANCED, advanced, e) != 0 ||
	    value_of(c, PARAM_HTTPS, https, e) != 0)
		return -1;
	*out = param_is_true(advanced) || strcmp(https, PARAM_HTTPS_EC) == 0;
	return 0;
}

static void
say_without_ec(struct doctor *d, const struct node *node, bool promised)
{
	char todo[160];

	snprintf(todo, sizeof(todo), "trustlist cert regenerate CallManager-ECDSA --node %s",
	    node->name);
	doctor_say(d, promised ? DOCTOR_WARN : DOCTOR_OK, "ec", promised ? todo : NULL,
	    "%s has no CallManager-ECDSA certificate, and %s parameter promises one to phones",
	    node->name, promised ? "a" : "no");
}

static int
check_ec_of(
    const struct call *c, struct doctor *d, const struct node *node, bool promised, struct err *e)
{
	struct err none = { 0 };
	struct cert *own = certs_own(c->store, "CallManager-ECDSA", node->id, NULL, &none);

	if (own == NULL && none.code != ERR_NOT_FOUND) {
		*e = none;
		return -1;
	}
	if (own == NULL)
		say_without_ec(d, node, promised);
	cert_free(own);
	return 0;
}

/* A cluster that was founded without such certificates works on; it has nothing for phones that
 * want EC. */
static int
check_ec(const struct call *c, struct doctor *d, struct err *e)
{
	struct cluster cluster;
	struct node *node;
	bool promised;
	size_t n;
	int rc = 0;

	if (cluster_get(c->store, &cluster, e) != 0 || promises_ec(c, &promised, e) != 0)
		return -1;
	if (cluster.release < RELEASE_11_5)
		return 0;
	if (node_list(c->store, &node, &n, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = check_ec_of(c, d, &node[i], promised, e);
	free(node);
	return rc;
}

int
doctor_store(const struct call *c, struct doctor *d, struct err *e)
{
	if (check_store(c, d, e) != 0 || check_certs(c, d, e) != 0 || check_ctl(c, d, e) != 0 ||
	    check_services(c, d, e) != 0)
		return -1;
	if (check_rollback(c, d, e) != 0 || check_digest(c, d, e) != 0)
		return -1;
	return check_ec(c, d, e);
}
