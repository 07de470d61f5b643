#include "cmd/config.h"

#include <arpa/inet.h>
#include <stddef.h>
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

#define FIELD(name) offsetof(struct config, name)

static const struct conf_setting table[] = {
	{ "server", "workers", CONF_CHECK, FIELD(workers), 0, 0, read_workers },
	{ "tftp", "port", CONF_INT, FIELD(tftp_port), 1, 65535, NULL },
	{ "tftp", "address", CONF_CHECK, FIELD(tftp_address), 0, 0, read_address },
	{ "tftp", "folder", CONF_PATH, FIELD(tftp_folder), 0, 0, NULL },
	{ "tftp", "transfers", CONF_INT, FIELD(tftp_transfers), 1, 100000, NULL },
	{ "tftp", "transfers_per_peer", CONF_INT, FIELD(tftp_transfers_per_peer), 1, 100000, NULL },
	{ "log", "level", CONF_CHECK, FIELD(log_level), 0, 0, read_level },
};

enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

int
config_read(const char *root, struct config *out, struct conf_report *report, struct err *e)
{
	char *path = root_conf(root);
	int rc;

	*out = (struct config){ .tftp_port = 6969,
		.tftp_folder = root_folder(root),
		.tftp_transfers = 8192,
		.tftp_transfers_per_peer = 4096,
		.log_level = LOG_INFO };
	rc = conf_read(path, table, SETTINGS, out, report, e);
	free(path);
	return rc;
}

void
config_free(struct config *c)
{
	conf_free(table, SETTINGS, c);
	free(c->tftp_address);
	c->tftp_address = NULL;
}
