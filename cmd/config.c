#include "cmd/config.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "base/mem.h"
#include "base/worker.h"

static int
read_workers(const char *value, void *field, struct err *e)
{
	unsigned *to = field;
	char *end;
	long n;

	if (strcmp(value, "auto") == 0) {
		*to = 0;
		return 0;
	}
	n = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || n < 1 || n > WORKERS_MAX)
		return err_set(e, ERR_MALFORMED, "\"%s\" is neither auto nor a number from 1 to %d",
		    value, WORKERS_MAX);
	*to = (unsigned)n;
	return 0;
}

static int
read_address(const char *value, void *field, struct err *e)
{
	unsigned char raw[16];
	char **to = field;

	if (inet_pton(AF_INET, value, raw) != 1 && inet_pton(AF_INET6, value, raw) != 1)
		return err_set(
		    e, ERR_MALFORMED, "\"%s\" is neither an IPv4 nor an IPv6 address", value);
	free(*to);
	*to = mem_text(value);
	return 0;
}

static int
read_level(const char *value, void *field, struct err *e)
{
	enum log_level *to = field;
	int level = log_level_of(value);

	if (level < 0)
		return err_set(
		    e, ERR_MALFORMED, "\"%s\" is none of error, warn, info and debug", value);
	*to = (enum log_level)level;
	return 0;
}

static int
read_version(const char *value, void *field, struct err *e)
{
	return tls_version_of(value, field, e);
}

#define FIELD(name) offsetof(struct config, name)
/* A listener's section; port 0 switches it off. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member takes none */
#define LISTENER(section, at)                                                                      \
	{ (section), "port", CONF_INT, FIELD(at.port), 0, 65535, NULL },                           \
	    { (section), "address", CONF_CHECK, FIELD(at.address), 0, 0, read_address },           \
	    { (section), "tls_min", CONF_CHECK, FIELD(at.tls_min), 0, 0, read_version },           \
	    { (section), "tls_max", CONF_CHECK, FIELD(at.tls_max), 0, 0, read_version },           \
	{                                                                                          \
		(section), "ciphers", CONF_TEXT, FIELD(at.ciphers), 0, 0, NULL                     \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct conf_setting table[] = {
	{ "server", "workers", CONF_CHECK, FIELD(workers), 0, 0, read_workers },
	{ "tftp", "port", CONF_INT, FIELD(tftp_port), 1, 65535, NULL },
	{ "tftp", "address", CONF_CHECK, FIELD(tftp_address), 0, 0, read_address },
	{ "tftp", "folder", CONF_PATH, FIELD(tftp_folder), 0, 0, NULL },
	{ "tftp", "transfers", CONF_INT, FIELD(tftp_transfers), 1, 100000, NULL },
	{ "tftp", "transfers_per_peer", CONF_INT, FIELD(tftp_transfers_per_peer), 1, 100000, NULL },
	{ "http", "port", CONF_INT, FIELD(http_port), 0, 65535, NULL },
	{ "http", "address", CONF_CHECK, FIELD(http_address), 0, 0, read_address },
	{ "http", "connections", CONF_INT, FIELD(http_connections), 1, 1000000, NULL },
	{ "http", "connections_per_peer", CONF_INT, FIELD(http_connections_per_peer), 1, 1000000,
	    NULL },
	LISTENER("https", https),
	LISTENER("https-tomcat", https_tomcat),
	LISTENER("tvs", tvs[0]),
	LISTENER("tvs-2", tvs[1]),
	LISTENER("tvs-3", tvs[2]),
	LISTENER("tvs-4", tvs[3]),
	LISTENER("capf", capf[0]),
	LISTENER("capf-2", capf[1]),
	LISTENER("capf-3", capf[2]),
	LISTENER("capf-4", capf[3]),
	LISTENER("admin", admin),
	{ "admin", "socket", CONF_BOOL, FIELD(admin_socket), 0, 0, NULL },
	{ "health", "port", CONF_INT, FIELD(health_port), 0, 65535, NULL },
	{ "health", "address", CONF_CHECK, FIELD(health_address), 0, 0, read_address },
	{ "tls", "connections", CONF_INT, FIELD(connections), 1, 1000000, NULL },
	{ "tls", "connections_per_peer", CONF_INT, FIELD(connections_per_peer), 1, 1000000, NULL },
	{ "tls", "key_log", CONF_PATH, FIELD(key_log), 0, 0, NULL },
	{ "log", "level", CONF_CHECK, FIELD(log_level), 0, 0, read_level },
};

enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

static int
check_versions(const struct config_listener *l, const char *service, size_t nth, const char *path,
    struct conf_report *report, struct err *e)
{
	char section[16];

	if (l->port == 0 || l->tls_min <= l->tls_max)
		return 0;
	if (nth == 0)
		snprintf(section, sizeof(section), "%s", service);
	else
		snprintf(section, sizeof(section), "%s-%zu", service, nth + 1);
	err_set(e, ERR_MALFORMED, "%s: [%s] tls_min is above tls_max", path, section);
	if (report != NULL) {
		snprintf(report->fault[0].text, sizeof(report->fault[0].text),
		    "[%s] tls_min is above tls_max", section);
		report->fault[0].line = 0;
		report->n = 1;
	}
	return -1;
}

/* What no single line shows. */
static int
check_listeners(const struct config *c, const char *path, struct conf_report *report, struct err *e)
{
	if (check_versions(&c->https, "https", 0, path, report, e) != 0 ||
	    check_versions(&c->https_tomcat, "https-tomcat", 0, path, report, e) != 0 ||
	    check_versions(&c->admin, "admin", 0, path, report, e) != 0)
		return -1;
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		if (check_versions(&c->tvs[i], "tvs", i, path, report, e) != 0 ||
		    check_versions(&c->capf[i], "capf", i, path, report, e) != 0)
			return -1;
	return 0;
}

/* From TLS 1.0 on, which is all that 7900 phones speak: what a cluster does unless told. */
static struct config_listener
usual_listener(int port)
{
	return (struct config_listener){ .port = port, .tls_min = TLS_1_0, .tls_max = TLS_1_3 };
}

static void
usual_listeners(struct config_listener l[CONFIG_LISTENERS], int port)
{
	l[0] = usual_listener(port);
	for (size_t i = 1; i < CONFIG_LISTENERS; i++)
		l[i] = (struct config_listener){ .tls_min = TLS_1_2, .tls_max = TLS_1_3 };
}

static void
free_listeners(struct config_listener *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(l[i].address);
		l[i].address = NULL;
	}
}

int
config_read(const char *root, struct config *out, struct conf_report *report, struct err *e)
{
	char *path = root_conf(root);
	int rc;

	*out = (struct config){ .tftp_port = 6969,
		.tftp_folder = root_folder(root),
		.tftp_transfers = 8192,
		.tftp_transfers_per_peer = 4096,
		.http_port = 6970,
		.http_connections = 4096,
		.http_connections_per_peer = 1024,
		.https = usual_listener(6971),
		.https_tomcat = usual_listener(6972),
		.admin = { .port = 8443, .tls_min = TLS_1_2, .tls_max = TLS_1_3 },
		.admin_socket = true,
		.connections = 4096,
		.connections_per_peer = 1024,
		.log_level = LOG_INFO };
	usual_listeners(out->tvs, 2445);
	usual_listeners(out->capf, 3804);
	rc = conf_read(path, table, SETTINGS, out, report, e);
	if (rc == 0)
		rc = check_listeners(out, path, report, e);
	free(path);
	return rc;
}

void
config_free(struct config *c)
{
	conf_free(table, SETTINGS, c);
	free(c->tftp_address);
	c->tftp_address = NULL;
	free(c->http_address);
	c->http_address = NULL;
	free(c->health_address);
	c->health_address = NULL;
	free_listeners(&c->https, 1);
	free_listeners(&c->https_tomcat, 1);
	free_listeners(&c->admin, 1);
	free_listeners(c->tvs, CONFIG_LISTENERS);
	free_listeners(c->capf, CONFIG_LISTENERS);
}
