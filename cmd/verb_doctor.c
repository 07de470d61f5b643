#include "cmd/verb_doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor.h"
#include "admin/root.h"
#include "cmd/config.h"
#include "cmd/try.h"
#include "trust/device.h"
#include "trust/node.h"
#include "trust/param.h"

enum { TFTP_PORT = 69 };

/* ---- trustlist.conf against the store ---- */

static int
capf_port(const struct call *c, long *port, struct err *e)
{
	const struct param *p = param_find(PARAM_CAPF_PORT, e);
	char value[PARAM_VALUE_MAX];

	if (p == NULL || param_get(c->store, p, value, e) != 0)
		return -1;
	*port = strtol(value, NULL, 10);
	return 0;
}

/* NULL: nobody listens there. */
static const struct config_listener *
listener_on(const struct config_listener l[CONFIG_LISTENERS], long port)
{
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (l[i].port == port)
			return &l[i];
	return NULL;
}

static void
check_capf_port(struct doctor *d, const struct config *config, long port)
{
	if (listener_on(config->capf, port) != NULL)
		doctor_say(d, DOCTOR_OK, "capf-port", NULL,
		    "phones are told port %ld for CAPF, and it listens there", port);
	else
		doctor_say(d, DOCTOR_FAIL, "capf-port",
		    "set " PARAM_CAPF_PORT ", or port in [capf] of trustlist.conf, to the other",
		    "phones are told port %ld for CAPF; it listens on %d", port,
		    config->capf[0].port);
}

/* Phones that speak TLS 1.0 alone. */
static int
count_old(const struct call *c, size_t *old, size_t *n, struct err *e)
{
	struct device *all;

	if (device_list(c->store, &all, n, e) != 0)
		return -1;
	*old = 0;
	for (size_t i = 0; i < *n; i++)
		*old += !all[i].model->tls12;
	free(all);
	return 0;
}

static void
check_floor(struct doctor *d, const char *service, const char *section,
    const struct config_listener *l, size_t old, size_t n)
{
	char todo[80];

	if (l == NULL || l->port == 0)
		return;
	snprintf(todo, sizeof(todo), "tls_min = 1.0 in [%s] of trustlist.conf", section);
	if (l->tls_min > TLS_1_0 && old > 0)
		doctor_say(d, DOCTOR_FAIL, "tls", todo,
		    "%s on port %d wants %s; %zu of %zu phones speak TLS 1.0 alone", service,
		    l->port, tls_version_text(l->tls_min), old, n);
	else
		doctor_say(d, DOCTOR_OK, "tls", NULL,
		    "%s on port %d takes %s and newer: all of %zu phones can speak to it", service,
		    l->port, tls_version_text(l->tls_min), n);
}

static int
check_tls(
    const struct call *c, struct doctor *d, const struct config *config, long port, struct err *e)
{
	size_t old, n;

	if (count_old(c, &old, &n, e) != 0)
		return -1;
	check_floor(d, "TVS", "tvs", &config->tvs[0], old, n);
	check_floor(d, "CAPF", "capf", listener_on(config->capf, port), old, n);
	return 0;
}

static void
check_folder(struct doctor *d, const struct config *config)
{
	struct err why;
	int fd = open(config->tftp_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && access(config->tftp_folder, R_OK | X_OK) == 0) {
		doctor_say(d, DOCTOR_OK, "folder", NULL, "%s can be read", config->tftp_folder);
	} else {
		err_errno(&why, "%s cannot be read", config->tftp_folder);
		doctor_say(d, DOCTOR_FAIL, "folder",
		    "make it, give rights to it, or name another ([tftp] folder)", "%s", why.text);
	}
	if (fd >= 0)
		close(fd);
}

/* ---- who serves ---- */

static void
try_all(const struct call *c, struct doctor *d, const struct config *config,
    const struct node *node, size_t n)
{
	if (!root_is_served(c->root)) {
		doctor_say(d, DOCTOR_FAIL, "served",
		    "trustlist serve, or systemctl start trustlist",
		    "no process serves %s: phones get no answer", c->root);
		return;
	}
	doctor_say(d, DOCTOR_OK, "served", NULL, "a process serves %s", c->root);
	for (size_t i = 0; i < n; i++)
		try_node(c, d, config, &node[i]);
}

/* What a DHCP server is to tell the phones. */
static void
put_dhcp(struct out *o, const struct config *config, const struct node *node, size_t n)
{
	struct wr list = { 0 };
	const char *first = NULL;

	out_add_text(o, "dhcp_option_150", "DHCP option 150", NULL);
	for (size_t i = 0; i < n; i++) {
		const char *at = config->tftp_address ? config->tftp_address : node[i].address;

		if (strchr(at, ':') != NULL)
			continue; /* it is a list of IPv4 addresses */
		first = first != NULL ? first : at;
		out_add_text(o, "dhcp_option_150", "DHCP option 150", at);
		wr_fmt(&list, "%s%s", list.n > 0 ? " " : "", at);
	}
	out_text(o, "dhcp_option_66", "DHCP option 66", first);
	out_int(o, "tftp_port", NULL, config->tftp_port);
	if (first != NULL)
		out_line(o, "On an IOS router: option 150 ip %s", wr_cstr(&list));
	if (config->tftp_port != TFTP_PORT)
		out_line(o,
		    "Real phones ask for files on port %d; here it is %d (trustlist.conf, [tftp] "
		    "port), which virtual phones know.",
		    TFTP_PORT, config->tftp_port);
	wr_free(&list);
}

static int
examine_host(const struct call *c, struct doctor *d, const struct config *config,
    const struct node *node, size_t n, struct err *e)
{
	long port;

	if (capf_port(c, &port, e) != 0)
		return -1;
	check_capf_port(d, config, port);
	check_folder(d, config);
	if (check_tls(c, d, config, port, e) != 0)
		return -1;
	if (!call_has(c, "offline"))
		try_all(c, d, config, node, n);
	return 0;
}

static int
examine(const struct call *c, struct out *o, size_t *failures, struct err *e)
{
	struct config config = { 0 };
	struct doctor d;
	struct node *node = NULL;
	struct err why;
	size_t n = 0;
	bool read = config_read(c->root, &config, NULL, &why) == 0;
	int rc;

	doctor_begin(&d, o);
	rc = doctor_store(c, &d, e);
	if (rc == 0)
		rc = node_list(c->store, &node, &n, e);
	if (rc == 0 && !read)
		doctor_say(&d, DOCTOR_FAIL, "config", "trustlist config check shows all errors",
		    "%s", why.text);
	if (rc == 0 && read)
		rc = examine_host(c, &d, &config, node, n, e);
	*failures = d.found[DOCTOR_FAIL];
	doctor_end(&d);
	if (rc == 0 && read)
		put_dhcp(o, &config, node, n);
	free(node);
	config_free(&config);
	return rc;
}

static int
run_doctor(const struct call *c, struct out *o, struct err *e)
{
	size_t failures;

	if (examine(c, o, &failures, e) != 0)
		return -1;
	if (failures == 0)
		return 0;
	return err_set(e, ERR_NO, "%zu thing%s not well: look for \"fail\" above", failures,
	    failures == 1 ? " is" : "s are");
}

static const struct verb verbs[] = {
	{
	    .words = "doctor",
	    .args = "",
	    .needs = VERB_STORE,
	    .right = RIGHT_READ,
	    .help =
		"look whether all is well: keys, lists, services; virtual phones try each listener",
	    .option = { { .name = "offline", .help = "ask no server, boot no virtual phone" } },
	    .apart = true,
	    .run = run_doctor,
	},
};

const struct verb_set doctor_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
