/*
 * param: enterprise and service parameters - a table of name, group, type, default, help and the
 * services that must restart before a change is felt - and what they are set to.
 *
 * Names are CUCM's; case, blanks and punctuation do not matter when one is looked up.
 */
#ifndef TL_TRUST_PARAM_H
#define TL_TRUST_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trust/store.h"

enum param_type { PARAM_BOOL, PARAM_INT, PARAM_CHOICE };

enum { PARAM_CHOICES_MAX = 4, PARAM_RESTARTS_MAX = 4, PARAM_VALUE_MAX = 128 };

struct param {
	const char *name;     /* "Prepare Cluster for Rollback to pre 8.0" */
	const char *internal; /* its name in CUCM's processconfig table: "RollBackToPreGrayback" */
	const char *group;    /* heading on CUCM's page */
	enum param_type type;
	const char *fallback; /* the default */
	int low, high;	      /* PARAM_INT */
	const char *choice[PARAM_CHOICES_MAX];
	const char *restart[PARAM_RESTARTS_MAX]; /* in this order; services of every node */
	bool read_only; /* changed by a verb of its own, not by `param set` */
	const char *help;
};

/* The parameters that code asks for by name. */
#define PARAM_ROLLBACK	"Prepare Cluster for Rollback to pre 8.0"
#define PARAM_SIGNATURE "TFTP File Signature Algorithm"
#define PARAM_MODE	"Cluster Security Mode"
#define PARAM_CAPF_PORT "CAPF Phone Port"
#define PARAM_ADVANCED	"Endpoint Advanced Encryption Algorithms Support"
#define PARAM_HTTPS	"HTTPS Ciphers"
#define PARAM_HTTPS_EC	"All Supported EC and RSA Ciphers" /* a value of it */
#define PARAM_DURATION	"TVS Certificate Duration in Cache"
#define PARAM_NOTIFY	"Certificate Change Notification Interval"
/* TFTP */
#define PARAM_COMPLETE	    "Complete Configuration Files"
#define PARAM_BROKEN	    "Broken Configuration Files"
#define PARAM_AUTO_REGISTER "Auto-registration"
/* CAPF */
#define PARAM_LSC_DAYS	   "Duration Of Certificate Validity"
#define PARAM_ISSUER	   "Certificate Issuer to Endpoint"
#define PARAM_KEY_MINUTES  "Maximum Allowable Time For Key Generation"
#define PARAM_KEY_ATTEMPTS "Maximum Allowable Attempts for Key Generation"
#define PARAM_ORDER_DAYS   "CAPF Operation Expires in (days)"
#define PARAM_EXPIRED_MIC  "Accept Expired Manufacturer Certificates"
#define PARAM_LSC_RENEWAL  "LSC Renewal From"

const struct param *param_table(size_t *n);
/* By CUCM's name or its internal one.  NULL with ERR_NOT_FOUND and the nearest name as hint. */
const struct param *param_find(const char *name, struct err *e);
/* Brings a value to its one spelling ("TRUE" -> "True"); -1 with what would be right. */
int param_check(const struct param *p, const char *value, char to[PARAM_VALUE_MAX], struct err *e);

/* What it is set to now (which services may not have loaded yet: service.h). */
int param_get(struct store *s, const struct param *p, char to[PARAM_VALUE_MAX], struct err *e);
/* *changed: whether that was another value.  Who: for the trail. */
int param_set(struct store *s, const struct param *p, const char *value, const char *who,
    int64_t now, bool *changed, struct err *e);
bool param_is_true(const char *value);

#endif
