/*
 * config: trustlist.conf - what belongs to this host: listeners, folders, threads, log.
 */
#ifndef TL_CMD_CONFIG_H
#define TL_CMD_CONFIG_H

#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/tls.h"

/* A TLS listener of a service. */
struct config_listener {
	int port;      /* 0: not there */
	char *address; /* NULL: each node listens on its own */
	enum tls_version tls_min, tls_max;
	char *ciphers; /* NULL: the usual ones */
};

enum { CONFIG_LISTENERS = 4 };

struct config {
	unsigned workers; /* 0: one per processor */
	int tftp_port;
	char *tftp_address; /* NULL: each node listens on its own address */
	char *tftp_folder;
	int tftp_transfers, tftp_transfers_per_peer;
	int http_port;	    /* 0: not there */
	char *http_address; /* NULL: each node listens on its own */
	int http_connections, http_connections_per_peer;
	struct config_listener https, https_tomcat;
	struct config_listener tvs[CONFIG_LISTENERS];  /* [tvs], [tvs-2], [tvs-3], [tvs-4] */
	struct config_listener capf[CONFIG_LISTENERS]; /* [capf], ...: of the publisher */
	int connections, connections_per_peer;	       /* of each TLS listener and worker */
	struct config_listener admin;		       /* address NULL: console_address() */
	bool admin_socket;			       /* and the Unix socket */
	int health_port;			       /* 0: not there */
	char *health_address;			       /* NULL: 127.0.0.1 */
	char *key_log; /* NULL: secrets of connections are not written anywhere */
	enum log_level log_level;
};

/* The file under root over the defaults.  -1 with the first fault; all of them in report, which may
 * be NULL.  config_free() it in either case. */
int config_read(const char *root, struct config *out, struct conf_report *report, struct err *e);
void config_free(struct config *c);

#endif
