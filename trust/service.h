/*
 * service: TVS, TFTP, CAPF and CallManager of each node - running or stopped, and what each loaded
 * when it last started.  A service works from that and not from what the store says now; the gap is
 * where real clusters go wrong, so it can be asked for and explained.
 */
#ifndef TL_TRUST_SERVICE_H
#define TL_TRUST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/cert.h"
#include "trust/node.h"
#include "trust/store.h"

enum { SERVICE_NAME_MAX = 16 };

struct service_kind {
	const char *name;
	bool publisher_only;
	const char *loads[3]; /* identity stores whose certificate and key it works with */
	const char *also;     /* the same where there is one; NULL: none such */
};

/* In the order in which they are restarted: TVS, TFTP, CAPF, CallManager. */
const struct service_kind *service_kinds(size_t *n);
/* Case ignored, "Cisco" before it too; NULL with ERR_NOT_FOUND. */
const struct service_kind *service_kind_of(const char *name, struct err *e);

struct service {
	int64_t node;
	char name[SERVICE_NAME_MAX];
	bool running;
	int64_t since;	/* Unix seconds */
	int64_t starts; /* how often it was started: another number, another load */
	int64_t itl;	/* TFTP: id of the list it serves; 0: none */
	int64_t ctl;	/* TFTP: the same of the CTL */
};

/* *out is the caller's to free; by node, then in restart order. */
int service_list(struct store *s, struct service **out, size_t *n, struct err *e);
int
service_get(struct store *s, int64_t node, const char *name, struct service *out, struct err *e);

/* Starts or restarts: loads the parameters, certificates and (TFTP) the newest lists of now. */
int service_start(struct store *s, const struct node *node, const struct service_kind *kind,
    int64_t now, struct err *e);
/* As when the servers boot: what runs starts anew, in the usual order. */
int service_restart_running(struct store *s, int64_t now, struct err *e);
/* *was: whether it ran. */
int service_stop(struct store *s, const struct node *node, const struct service_kind *kind,
    int64_t now, bool *was, struct err *e);

/* Gives a running TFTP the newest list without a restart: `utils itl reset` puts it there. */
int service_serve_newest(struct store *s, const struct node *node, struct err *e);

/* Why it would work differently after a restart: a sentence for each reason.  *out is a list of n
 * texts to free one by one and as a whole; nothing for a stopped service. */
int service_stale(struct store *s, const struct service *v, char ***out, size_t *n, struct err *e);

/* As it loaded them. */
int service_param(struct store *s, int64_t node, const char *service, const char *param, char *to,
    size_t size, struct err *e);
struct cert *service_cert(struct store *s, int64_t node, const char *service, const char *store,
    int64_t *id, struct err *e);

#endif
