/*
 * loaded: what the TFTP service of a node works from - the lists, the signing key and the
 * parameters it loaded when it last started, and the cluster's servers, which it looks up live.
 *
 * Between a change and the restart of the service these differ from what the store says now: that
 * gap is CUCM's, and the reason why this is a module.
 */
#ifndef TL_TFTP_LOADED_H
#define TL_TFTP_LOADED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tftp/content.h"
#include "tftp/devconf.h"
#include "trust/cert.h"
#include "trust/key.h"
#include "trust/service.h"
#include "trust/store.h"

/* Starts from { 0 }. */
struct loaded {
	struct service service; /* running or not; the rest is there either way */
	/* As of its last start. */
	struct content *itl; /* NULL: it has none */
	struct content *ctl; /* NULL: the cluster had none */
	struct cert *cert;   /* CallManager: signs files, with key and digest */
	struct key *key;
	enum digest digest;
	unsigned capf_port;
	bool mixed;
	bool complete;	    /* configurations of the folder get what they lack */
	bool refuse_broken; /* those that are no XML are not served */
	bool auto_registration;
	/* As of now. */
	struct devconf_facts facts;
};

/* Brings l up to date.  After -1 it is of no use until a call succeeds. */
int loaded_look(struct loaded *l, struct store *s, int64_t node, struct err *e);
void loaded_free(struct loaded *l); /* wipes the key */

#endif
