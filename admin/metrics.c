#include "admin/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cert_name.h"
#include "base/mem.h"
#include "trust/cluster.h"
#include "trust/ctl.h"
#include "trust/event.h"
#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/tally.h"

enum { DAY = 24 * 3600, LSC_SOON = 30 * DAY };

struct metrics {
	int64_t generation; /* of slow; 0: never */
	struct wr slow;
};

struct metrics *
metrics_new(void)
{
	return mem_new(sizeof(struct metrics));
}

void
metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	wr_free(&m->slow);
	free(m);
}

/* ---- the text format ---- */

/* The common name of a certificate is foreign text: what is not UTF-8, or would end the value or
 * the line, is spelled out, so that two names never become one. */
static void
put_value_of_label(struct wr *w, const char *value)
{
	size_t size = 4 * strlen(value) + 8;
	char *plain = mem_new(size);

	bytes_quotable(bytes_of(value), plain, size);
	for (const char *p = plain; *p != '\0'; p++) {
		if (*p == '\\')
			wr_u8(w, '\\');
		wr_u8(w, (uint8_t)*p);
	}
	free(plain);
}

static void
family(struct wr *w, const char *name, const char *type, const char *help)
{
	wr_fmt(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Labels and their values by turns, ended by NULL; a value of NULL leaves its pair out. */
static void
put_labels(struct wr *w, va_list ap)
{
	const char *name, *value, *before = "{";

	while ((name = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		if (value == NULL)
			continue;
		wr_fmt(w, "%s%s=\"", before, name);
		put_value_of_label(w, value);
		wr_u8(w, '"');
		before = ",";
	}
	if (*before == ',')
		wr_u8(w, '}');
}

__attribute__((sentinel)) static void
sample(struct wr *w, int64_t value, const char *name, ...)
{
	va_list ap;

	wr_text(w, name);
	va_start(ap, name);
	put_labels(w, ap);
	va_end(ap);
	wr_fmt(w, " %" PRId64 "\n", value);
}

static void
gauge(struct wr *w, const char *name, const char *help, int64_t value)
{
	family(w, name, "gauge", help);
	sample(w, value, name, NULL);
}

/* ---- what follows from the generation ---- */

/* NULL: the cluster's. */
static const char *
name_of(const struct node *node, size_t nodes, int64_t id)
{
	for (size_t i = 0; i < nodes; i++)
		if (node[i].id == id)
			return node[i].name;
	return NULL;
}

#define CERT_TIME "trustlist_certificate_not_after_timestamp_seconds"

/* A certificate of the cluster itself or one that it trusts, in each store that has it. */
static int
put_certs(struct store *s, const struct node *node, size_t nodes, struct wr *w, struct err *e)
{
	struct held_cert *all;
	size_t n;

	if (certs_list(s, &all, &n, e) != 0)
		return -1;
	family(w, CERT_TIME, "gauge",
	    "When a certificate runs out; own: the cluster's, trust: one in a trust store.");
	for (size_t i = 0; i < n; i++) {
		const char *where = name_of(node, nodes, all[i].node);

		sample(w, cert_not_after(all[i].cert), CERT_TIME, "store", all[i].store, "name",
		    all[i].name, "node", where, "kind",
		    cert_name_is_identity(&all[i]) ? "own" : "trust", NULL);
	}
	certs_list_free(all, n);
	return 0;
}

/* A list that TFTP of a node serves. */
struct served {
	const struct node *node;
	enum history_kind kind;
	int number;
	size_t bytes, records;
};

static int
look_at_list(struct store *s, int64_t id, struct served *out, struct err *e)
{
	enum history_kind kind;
	struct wr file = { 0 };
	struct tlist *l = NULL;
	int rc = history_of(s, id, &kind, &out->number, e) < 0 ? -1 : 0;

	if (rc == 0)
		rc = history_file(s, id, &file, e);
	if (rc == 0)
		l = tlist_decode(wr_view(&file), e);
	if (l != NULL) {
		out->bytes = file.n;
		out->records = l->n;
	}
	wr_free(&file);
	tlist_free(l);
	return l == NULL ? -1 : 0;
}

static void
put_list_values(struct wr *w, const struct served *l, size_t n, const char *name,
    size_t (*of)(const struct served *))
{
	for (size_t i = 0; i < n; i++)
		sample(w, (int64_t)of(&l[i]), name, "list", history_word(l[i].kind), "node",
		    l[i].node->name, NULL);
}

static size_t
bytes_of_list(const struct served *l)
{
	return l->bytes;
}

static size_t
records_of_list(const struct served *l)
{
	return l->records;
}

static size_t
number_of_list(const struct served *l)
{
	return (size_t)l->number;
}

static int
find_lists(struct store *s, const struct node *node, size_t nodes, struct served *out, size_t *n,
    struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < nodes; i++) {
		struct service tftp;
		int64_t id[2];

		if (service_get(s, node[i].id, "TFTP", &tftp, e) != 0) {
			if (e->code == ERR_NOT_FOUND)
				continue;
			return -1;
		}
		id[0] = tftp.itl;
		id[1] = tftp.ctl;
		for (int k = 0; k < 2; k++) {
			if (id[k] == 0)
				continue;
			out[*n] = (struct served){ .node = &node[i],
				.kind = k == 0 ? HISTORY_ITL : HISTORY_CTL };
			if (look_at_list(s, id[k], &out[*n], e) != 0)
				return -1;
			++*n;
		}
	}
	return 0;
}

static int
put_lists(struct store *s, const struct node *node, size_t nodes, struct wr *w, struct err *e)
{
	struct served *all = mem_array(2 * nodes, sizeof(*all));
	size_t n;
	int rc = find_lists(s, node, nodes, all, &n, e);

	if (rc == 0) {
		family(w, "trustlist_list_bytes", "gauge", "Size of a trust list that is served.");
		put_list_values(w, all, n, "trustlist_list_bytes", bytes_of_list);
		family(w, "trustlist_list_records", "gauge",
		    "Certificates in a trust list that is served.");
		put_list_values(w, all, n, "trustlist_list_records", records_of_list);
		family(w, "trustlist_list_number", "gauge",
		    "Number of a trust list that is served, as in its history.");
		put_list_values(w, all, n, "trustlist_list_number", number_of_list);
	}
	free(all);
	return rc;
}

static int
put_restarts(struct store *s, const struct service *all, size_t n, const struct node *node,
    size_t nodes, struct wr *w, struct err *e)
{
	family(w, "trustlist_service_restart_wanted", "gauge",
	    "1: the service works from something that was changed since it started.");
	for (size_t i = 0; i < n; i++) {
		char **why;
		size_t reasons;

		if (service_stale(s, &all[i], &why, &reasons, e) != 0)
			return -1;
		for (size_t k = 0; k < reasons; k++)
			free(why[k]);
		free(why);
		sample(w, reasons > 0, "trustlist_service_restart_wanted", "node",
		    name_of(node, nodes, all[i].node), "service", all[i].name, NULL);
	}
	return 0;
}

static int
put_services(struct store *s, const struct node *node, size_t nodes, struct wr *w, struct err *e)
{
	struct service *all;
	size_t n;
	int rc = service_list(s, &all, &n, e);

	if (rc != 0)
		return -1;
	family(w, "trustlist_service_running", "gauge",
	    "1: the service is started, 0: an operator stopped it.");
	for (size_t i = 0; i < n; i++)
		sample(w, all[i].running, "trustlist_service_running", "node",
		    name_of(node, nodes, all[i].node), "service", all[i].name, NULL);
	rc = put_restarts(s, all, n, node, nodes, w, e);
	free(all);
	return rc;
}

static int
put_switch(struct store *s, const char *param, const char *on, const char *name, const char *help,
    struct wr *w, struct err *e)
{
	const struct param *p = param_find(param, e);
	char value[PARAM_VALUE_MAX];

	if (p == NULL || param_get(s, p, value, e) != 0)
		return -1;
	gauge(w, name, help, strcmp(value, on) == 0);
	return 0;
}

static int
put_ctl(struct store *s, struct wr *w, struct err *e)
{
	struct ctl_state ctl;

	if (ctl_look(s, &ctl, e) != 0)
		return -1;
	gauge(w, "trustlist_ctl_update_due",
	    "1: the CTL names certificates that were changed since.", ctl.due);
	return 0;
}

static int
put_cluster(struct store *s, struct wr *w, struct err *e)
{
	if (put_switch(s, PARAM_ROLLBACK, "True", "trustlist_rollback",
		"1: the parameter Prepare Cluster for Rollback to pre 8.0 is True.", w, e) != 0)
		return -1;
	if (put_switch(s, PARAM_MODE, "1", "trustlist_mixed_mode",
		"1: the cluster is in mixed mode.", w, e) != 0)
		return -1;
	return put_ctl(s, w, e);
}

static int
write_slow(struct store *s, struct wr *w, struct err *e)
{
	struct node *node;
	size_t nodes;
	int rc = node_list(s, &node, &nodes, e);

	if (rc != 0)
		return -1;
	if (put_certs(s, node, nodes, w, e) != 0 || put_lists(s, node, nodes, w, e) != 0 ||
	    put_services(s, node, nodes, w, e) != 0 || put_cluster(s, w, e) != 0)
		rc = -1;
	free(node);
	return rc;
}

/* The number is read first: what is written meanwhile is looked at the next time. */
static int
put_slow(struct metrics *m, struct store *s, struct wr *out, struct err *e)
{
	int64_t generation = store_generation(s);

	if (generation < 0)
		return err_set(e, ERR_FAILED, "the store cannot be read");
	if (generation != m->generation) {
		m->generation = 0;
		wr_free(&m->slow);
		m->slow = (struct wr){ 0 };
		if (write_slow(s, &m->slow, e) != 0)
			return -1;
		m->generation = generation;
	}
	wr_put(out, wr_view(&m->slow));
	gauge(out, "trustlist_store_generation",
	    "Raised by each change of what the cluster is; falls when a backup is restored.",
	    generation);
	return 0;
}

/* ---- what is counted while it serves ---- */

/* One that somebody counts at: a node and a door of it. */
struct counted {
	const char *node;
	enum tally_door door;
	struct tally tally;
};

static int
read_tallies(struct store *s, const struct node *node, size_t nodes, struct counted *out, size_t *n,
    struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < nodes; i++)
		for (int k = 0; k < TALLY_DOORS; k++) {
			struct counted *c = &out[*n];
			int found = tally_get(s, node[i].id, (enum tally_door)k, &c->tally, e);

			if (found < 0)
				return -1;
			c->node = node[i].name;
			c->door = (enum tally_door)k;
			*n += (size_t)found;
		}
	return 0;
}

/* Metrics that are a count as it is. */
static const struct {
	enum tally_what what;
	const char *name, *type, *help;
} plain[] = {
	{ TALLY_BYTES, "trustlist_sent_bytes_total", "counter", "Bytes of files that were sent." },
	{ TALLY_RUNNING, "trustlist_requests_running", "gauge", "Files on their way now." },
	{ TALLY_RESENT, "trustlist_tftp_packets_resent_total", "counter",
	    "TFTP packets that had to be sent again." },
	{ TALLY_REPEATED, "trustlist_tftp_requests_repeated_total", "counter",
	    "TFTP requests that had come already." },
	{ TALLY_IGNORED, "trustlist_tftp_packets_ignored_total", "counter",
	    "TFTP packets that were no requests." },
	{ TALLY_CONNECTIONS, "trustlist_connections", "gauge", "Connections that are open now." },
	{ TALLY_ACCEPTED, "trustlist_connections_accepted_total", "counter",
	    "Connections that were taken." },
	{ TALLY_TURNED_AWAY, "trustlist_connections_turned_away_total", "counter",
	    "Connections that were not taken: a limit, or the service was stopped." },
	{ TALLY_HANDSHAKES, "trustlist_tls_handshakes_total", "counter",
	    "TLS handshakes that succeeded." },
	{ TALLY_RESUMED, "trustlist_tls_handshakes_resumed_total", "counter",
	    "TLS handshakes that went on with an earlier session." },
	{ TALLY_HANDSHAKES_FAILED, "trustlist_tls_handshakes_failed_total", "counter",
	    "TLS handshakes that failed." },
	{ TALLY_TIMEOUTS, "trustlist_connection_timeouts_total", "counter",
	    "Connections that were ended because the peer was too slow." },
	{ TALLY_MALFORMED, "trustlist_connections_malformed_total", "counter",
	    "Connections that were ended for what the peer sent." },
};

static void
put_plain(const struct counted *c, size_t n, size_t which, struct wr *w)
{
	family(w, plain[which].name, plain[which].type, plain[which].help);
	for (size_t i = 0; i < n; i++)
		if (tally_counts(c[i].door, plain[which].what))
			sample(w, c[i].tally.n[plain[which].what], plain[which].name, "node",
			    c[i].node, "service", tally_door_word(c[i].door), NULL);
}

#define REQUESTS "trustlist_requests_total"

static void
put_requests(const struct counted *c, size_t n, struct wr *w)
{
	static const enum tally_what verdict[] = { TALLY_SENT, TALLY_NOT_FOUND, TALLY_REFUSED,
		TALLY_GIVEN_UP, TALLY_STOPPED, TALLY_FAILED, TALLY_TRUSTED, TALLY_NOT_TRUSTED,
		TALLY_DONE, TALLY_NOTHING_TO_DO, TALLY_WAITS_FOR_CA };

	family(w, REQUESTS, "counter",
	    "Requests that ended, by what became of them: files, TVS questions, CAPF sessions.");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(verdict) / sizeof(verdict[0]); k++)
			if (tally_counts(c[i].door, verdict[k]))
				sample(w, c[i].tally.n[verdict[k]], REQUESTS, "node", c[i].node,
				    "service", tally_door_word(c[i].door), "verdict",
				    tally_word(verdict[k]), NULL);
}

#define TOOK "trustlist_request_duration_seconds"

static void
put_histogram(const struct counted *c, struct wr *w)
{
	struct took took = tally_took(&c->tally);
	const char *service = tally_door_word(c->door);
	int64_t within = 0;
	char le[16] = "+Inf";

	for (int i = 0; i <= TOOK_LIMITS; i++) {
		within += (int64_t)took.n[i];
		if (i < TOOK_LIMITS)
			snprintf(le, sizeof(le), "%g", took_limit_ms[i] / 1000.0);
		else
			snprintf(le, sizeof(le), "+Inf");
		sample(
		    w, within, TOOK "_bucket", "node", c->node, "service", service, "le", le, NULL);
	}
	wr_fmt(w, TOOK "_sum{node=\"%s\",service=\"%s\"} %" PRIu64 ".%06" PRIu64 "\n", c->node,
	    service, took.us / 1000000, took.us % 1000000);
	sample(w, within, TOOK "_count", "node", c->node, "service", service, NULL);
}

static void
put_counted(const struct counted *c, size_t n, struct wr *w)
{
	put_requests(c, n, w);
	family(w, TOOK, "histogram",
	    "Time for a whole file, an answer of TVS, an answer to one message of a CAPF session.");
	for (size_t i = 0; i < n; i++)
		put_histogram(&c[i], w);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		put_plain(c, n, i, w);
}

static int
put_tallies(struct store *s, struct wr *w, struct err *e)
{
	struct counted *all;
	struct node *node;
	size_t nodes, n;
	int64_t since, at;
	int rc = tally_times(s, &since, &at, e);

	if (rc != 0 || node_list(s, &node, &nodes, e) != 0)
		return -1;
	gauge(w, "trustlist_serving_since_timestamp_seconds",
	    "When the process began to serve and to count; 0: none did yet.", since);
	all = mem_array(nodes * TALLY_DOORS, sizeof(*all));
	rc = read_tallies(s, node, nodes, all, &n, e);
	if (rc == 0)
		put_counted(all, n, w);
	free(all);
	free(node);
	return rc;
}

/* ---- phones ---- */

static int
put_phones(struct store *s, struct wr *w, struct err *e)
{
	size_t n[ITL_STATUSES];

	if (seen_count(s, n, e) != 0)
		return -1;
	family(w, "trustlist_phones", "gauge",
	    "Phones by ITL File Status: what each holds against what it is served.");
	for (int i = 0; i < ITL_STATUSES; i++)
		sample(w, (int64_t)n[i], "trustlist_phones", "state",
		    itl_status_word((enum itl_status)i), NULL);
	return 0;
}

static int
put_lscs(struct store *s, int64_t now, struct wr *w, struct err *e)
{
	struct lsc_count n;

	if (lsc_count(s, now, now + LSC_SOON, &n, e) != 0)
		return -1;
	gauge(w, "trustlist_lscs", "LSCs that phones hold.", (int64_t)n.held);
	gauge(w, "trustlist_lscs_expiring", "LSCs of phones that run out within 30 days.",
	    (int64_t)n.ending);
	gauge(w, "trustlist_lscs_expired", "LSCs of phones that have run out.", (int64_t)n.over);
	return 0;
}

static int
put_orders(struct store *s, struct wr *w, struct err *e)
{
	size_t n[ORDER_STATUSES];

	if (order_count(s, n, e) != 0)
		return -1;
	family(w, "trustlist_capf_orders", "gauge",
	    "Phones with a CAPF order, by its Certificate Operation Status.");
	for (int i = STATUS_NONE + 1; i < ORDER_STATUSES; i++)
		sample(w, (int64_t)n[i], "trustlist_capf_orders", "state",
		    order_status_word((enum order_status)i), NULL);
	return 0;
}

static int
put_events(struct store *s, struct wr *w, struct err *e)
{
	int64_t n;

	if (events_total(s, &n, e) != 0)
		return -1;
	family(w, "trustlist_events_total", "counter", "Events that were noted in the trail.");
	sample(w, n, "trustlist_events_total", NULL);
	return 0;
}

int
metrics_write(
    struct metrics *m, struct store *s, bool ready, int64_t now, struct wr *out, struct err *e)
{
	family(out, "trustlist_build_info", "gauge", "1, with the version of the program.");
	sample(out, 1, "trustlist_build_info", "version", TL_VERSION, NULL);
	gauge(out, "trustlist_ready", "1: phones are served, as /readyz says it.", ready);
	if (put_slow(m, s, out, e) != 0 || put_tallies(s, out, e) != 0 ||
	    put_phones(s, out, e) != 0 || put_lscs(s, now, out, e) != 0)
		return -1;
	return put_orders(s, out, e) != 0 || put_events(s, out, e) != 0 ? -1 : 0;
}
