#include "trust/param.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names, groups and defaults: Unified CM's security guides 12.5 and 15, Enterprise Parameters.
 * Restart order of the rollback parameter: TVS, TFTP, CallManager (Cisco's webcast of 2012); later
 * guides name two of the three, which this satisfies. */
static const struct param table[] = {
	{
	    .name = PARAM_MODE,
	    .internal = "ClusterSecurityMode",
	    .group = "Security Parameters",
	    .type = PARAM_INT,
	    .fallback = "0",
	    .low = 0,
	    .high = 1,
	    .restart = { "TFTP", "CallManager" },
	    .read_only = true,
	    .help = "0: non-secure; 1: mixed mode, where phones may register encrypted.",
	},
	{
	    .name = PARAM_CAPF_PORT,
	    .internal = "CAPFPhonePort",
	    .group = "Security Parameters",
	    .type = PARAM_INT,
	    .fallback = "3804",
	    .low = 1023,
	    .high = 55556,
	    .restart = { "TFTP", "CAPF" },
	    .help = "The port that phones are told to reach CAPF on.",
	},
	{
	    .name = PARAM_SIGNATURE,
	    .internal = "TFTPFileSignatureAlgorithm",
	    .group = "Security Parameters",
	    .type = PARAM_CHOICE,
	    .fallback = "SHA-1",
	    .choice = { "SHA-1", "SHA-512" },
	    .restart = { "TFTP" },
	    .help =
		"The hash that signed configuration and other files are signed with. Phones that "
		"know only SHA-1 (7900, 8900, 9900) refuse files signed with SHA-512.",
	},
	/* The security guide 12.5 names it, and says that with it phones fetch their configuration
	 * with advanced ciphers, EC first.  That it is signer version 1.1 that tells them follows
	 * from Cisco's documentation of its test tool Camelot, where a list of 1.1 or later means
	 * "Advanced Encryption Algorithms: True".  Values, default and internal name are in no
	 * public source: off by default, so that lists are those of Cisco's samples, which have no
	 * signer version. */
	{
	    .name = PARAM_ADVANCED,
	    .internal = "EndpointAdvancedEncryptionAlgorithmsSupport",
	    .group = "Security Parameters",
	    .type = PARAM_BOOL,
	    .fallback = "False",
	    .restart = { "TFTP" },
	    .help =
		"True: phones of models that know EC get an ITL of their own when they ask for it "
		"by their name: with signer version 1.1, and with the CallManager-ECDSA "
		"certificate of the node where it has one. All other phones, and ITLFile.tlv, are "
		"as with False. From release 11.5 on.",
	},
	/* Values and default: Preferred Architecture for Cisco Collaboration 14, Security.  That it
	 * is about 6971, and that the tomcat certificate stays as it is, is our reading; its
	 * internal name is in no public source. */
	{
	    .name = PARAM_HTTPS,
	    .internal = "HTTPSCiphers",
	    .group = "Security Parameters",
	    .type = PARAM_CHOICE,
	    .fallback = "RSA Ciphers Only",
	    .choice = { "RSA Ciphers Only", PARAM_HTTPS_EC },
	    .restart = { "TFTP" },
	    .help = "All Supported EC and RSA Ciphers: HTTPS on 6971 presents the "
		    "CallManager-ECDSA certificate to phones that offer ciphers for it, where the "
		    "node has one, and the CallManager certificate to all others. RSA Ciphers "
		    "Only: the CallManager certificate to everybody.",
	},
	{
	    .name = PARAM_ROLLBACK,
	    .internal = "RollBackToPreGrayback",
	    .group = "Prepare Cluster for Rollback",
	    .type = PARAM_BOOL,
	    .fallback = "False",
	    .restart = { "TVS", "TFTP", "CallManager" },
	    .help =
		"True: the ITL's TVS and TFTP sections are emptied. A phone that took such a list "
		"accepts any unsigned configuration and any new ITL; HTTPS services of phones "
		"fail meanwhile. The CTL is not touched: a mixed mode phone stays locked to it.",
	},
	{
	    .name = PARAM_DURATION,
	    .internal = "TvsDefaultDurationInCache",
	    .group = "Cisco Trust Verification Service",
	    .type = PARAM_INT,
	    .fallback = "86400",
	    .low = 1,
	    .high = 31536000,
	    .restart = { "TVS" },
	    .help = "Seconds for which a phone may keep an answer of TVS. A certificate that was "
		    "withdrawn goes on being trusted by phones until then.",
	},
	{
	    .name = PARAM_NOTIFY,
	    .internal = "CertificateChangeNotificationInterval",
	    .group = "Cisco Trust Verification Service",
	    .type = PARAM_INT,
	    .fallback = "30",
	    .low = 0,
	    .high = 1440,
	    .help = "Minutes after which TVS hears of certificates uploaded to or deleted from the "
		    "trust stores (0: at once). A restart of TVS tells it at once too.",
	},
	{
	    .name = PARAM_ORDER_DAYS,
	    .internal = "CAPFOperationExpiresInDays",
	    .group = "Security Parameters",
	    .type = PARAM_INT,
	    .fallback = "10",
	    .low = 1,
	    .high = 365,
	    .help = "Days within which a phone must carry out what CAPF was told to do with it, "
		    "unless the order says another date.",
	},
	{
	    .name = PARAM_COMPLETE,
	    .internal = "CompleteConfigurationFiles",
	    .group = "TFTP",
	    .type = PARAM_BOOL,
	    .fallback = "True",
	    .restart = { "TFTP" },
	    .help = "True: a phone's configuration that lies in the folder is served with TVS, "
		    "CAPF and security elements put in where it has none; the rest of it stays as "
		    "it is, to the byte. False: it is served as it is.",
	},
	{
	    .name = PARAM_BROKEN,
	    .internal = "BrokenConfigurationFiles",
	    .group = "TFTP",
	    .type = PARAM_CHOICE,
	    .fallback = "Serve",
	    .choice = { "Serve", "Refuse" },
	    .restart = { "TFTP" },
	    .help = "What becomes of a phone's configuration in the folder that is no XML, and so "
		    "cannot be completed. Serve: it is served, and signed, as it is. Refuse: the "
		    "phone keeps what it has. The log says line and column either way.",
	},
	{
	    .name = PARAM_AUTO_REGISTER,
	    .internal = "AutoRegistration",
	    .group = "TFTP",
	    .type = PARAM_BOOL,
	    .fallback = "True",
	    .restart = { "TFTP" },
	    .help = "True: phones that are in no list of phones register with what the default "
		    "configuration says, and phone list shows them. In mixed mode only from "
		    "release 11.5 on, whatever this says.",
	},
	{
	    .name = PARAM_ISSUER,
	    .internal = "CertificateIssuerToEndpoint",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_CHOICE,
	    .fallback = "Cisco Certificate Authority Proxy Function",
	    .choice = { "Cisco Certificate Authority Proxy Function", "Offline CA" },
	    .restart = { "CAPF" },
	    .help = "Who signs LSCs. Offline CA: phones leave their public key, and get what was "
		    "signed for it elsewhere when they come again.",
	},
	{
	    .name = PARAM_LSC_DAYS,
	    .internal = "DurationOfCertificateValidity",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_INT,
	    .fallback = "1825",
	    .low = 1,
	    .high = 1825,
	    .restart = { "CAPF" },
	    .help = "Days for which an LSC is valid; never longer than CAPF's own certificate.",
	},
	{
	    .name = PARAM_KEY_MINUTES,
	    .internal = "MaximumAllowableTimeForKeyGeneration",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_INT,
	    .fallback = "30",
	    .low = 1,
	    .high = 60,
	    .restart = { "CAPF" },
	    .help = "Minutes that a phone may take to make its key; old ones need many.",
	},
	{
	    .name = PARAM_KEY_ATTEMPTS,
	    .internal = "MaximumAllowableAttemptsForKeyGeneration",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_INT,
	    .fallback = "3",
	    .low = 1,
	    .high = 20,
	    .restart = { "CAPF" },
	    .help = "How often a phone is asked for a key when the one it sent does not fit.",
	},
	{
	    .name = PARAM_EXPIRED_MIC,
	    .internal = "AcceptExpiredMIC",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_BOOL,
	    .fallback = "False",
	    .restart = { "CAPF" },
	    .help = "True: a phone may prove who it is with a manufacturer certificate that has "
		    "run out, or whose issuer has.",
	},
	{
	    .name = PARAM_LSC_RENEWAL,
	    .internal = "LSCRenewalFrom",
	    .group = "Cisco Certificate Authority Proxy Function",
	    .type = PARAM_INT,
	    .fallback = "0",
	    .low = 0,
	    .high = 99,
	    .help = "Percent of an LSC's life after which a new one is ordered by itself, "
		    "authenticated by the old one. 0: never.",
	},
};

enum { PARAMS = sizeof(table) / sizeof(table[0]) };

const struct param *
param_table(size_t *n)
{
	*n = PARAMS;
	return table;
}

/* Does b begin as a does, or is it the same?  Letters and digits only, in lower case. */
static bool
reads(const char *a, const char *b, bool whole)
{
	for (;;) {
		while (*a != '\0' && !isalnum((unsigned char)*a))
			a++;
		while (*b != '\0' && !isalnum((unsigned char)*b))
			b++;
		if (*a == '\0')
			return *b == '\0' || !whole;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		a++;
		b++;
	}
}

static bool
reads_alike(const char *a, const char *b)
{
	return reads(a, b, true);
}

/* "rollback" is what people remember of the long names. */
static const struct param *
nearest(const char *name)
{
	if (!isalnum((unsigned char)name[0]))
		return NULL;
	for (size_t i = 0; i < PARAMS; i++)
		for (const char *p = table[i].name; *p != '\0'; p++)
			if (reads(name, p, false))
				return &table[i];
	return NULL;
}

const struct param *
param_find(const char *name, struct err *e)
{
	const struct param *near;

	for (size_t i = 0; i < PARAMS; i++)
		if (reads_alike(name, table[i].name) || reads_alike(name, table[i].internal))
			return &table[i];
	err_set(e, ERR_NOT_FOUND, "no parameter \"%.100s\"", name);
	near = nearest(name);
	if (near != NULL)
		err_hint(e, "did you mean \"%s\"? trustlist param list shows all", near->name);
	else
		err_hint(e, "trustlist param list shows all of them");
	return NULL;
}

bool
param_is_true(const char *value)
{
	return strcasecmp(value, "True") == 0;
}

static int
check_bool(const struct param *p, const char *value, char *to, struct err *e)
{
	static const char *const yes[] = { "true", "1", "yes", "on", "t" };
	static const char *const no[] = { "false", "0", "no", "off", "f" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			snprintf(to, PARAM_VALUE_MAX, "%s",
			    strcasecmp(value, yes[i]) == 0 ? "True" : "False");
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "%s is True or False, not \"%.60s\"", p->name, value);
}

static int
check_int(const struct param *p, const char *value, char *to, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || errno != 0 || v < p->low || v > p->high)
		return err_set(e, ERR_USAGE, "%s is a number from %d to %d, not \"%.60s\"", p->name,
		    p->low, p->high, value);
	snprintf(to, PARAM_VALUE_MAX, "%ld", v);
	return 0;
}

static int
check_choice(const struct param *p, const char *value, char *to, struct err *e)
{
	for (size_t i = 0; i < PARAM_CHOICES_MAX && p->choice[i] != NULL; i++) {
		if (!reads_alike(value, p->choice[i]))
			continue;
		snprintf(to, PARAM_VALUE_MAX, "%s", p->choice[i]);
		return 0;
	}
	return err_set(e, ERR_USAGE, "%s is %s or %s, not \"%.60s\"", p->name, p->choice[0],
	    p->choice[1], value);
}

int
param_check(const struct param *p, const char *value, char to[PARAM_VALUE_MAX], struct err *e)
{
	switch (p->type) {
	case PARAM_BOOL:
		return check_bool(p, value, to, e);
	case PARAM_INT:
		return check_int(p, value, to, e);
	case PARAM_CHOICE:
		return check_choice(p, value, to, e);
	}
	return err_set(e, ERR_FAILED, "a parameter of unknown type");
}

int
param_get(struct store *s, const struct param *p, char to[PARAM_VALUE_MAX], struct err *e)
{
	struct ask *q = store_ask(s, "SELECT value FROM param WHERE name = :name");
	int rc;

	ask_text(q, ":name", p->name);
	rc = ask_row(q, e);
	snprintf(to, PARAM_VALUE_MAX, "%s", rc == 1 ? row_text(q, 0) : p->fallback);
	if (rc == 1)
		ask_end(q);
	return rc < 0 ? -1 : 0;
}

static int
note_change(struct store *s, const struct param *p, const char *was, const char *became,
    const char *who, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO param_change(at, who, name, was, became) "
				     "VALUES (:at, :who, :name, :was, :became)");

	ask_int(q, ":at", now);
	ask_text(q, ":who", who);
	ask_text(q, ":name", p->name);
	ask_text(q, ":was", was);
	ask_text(q, ":became", became);
	return ask_once(q, e);
}

static int
write_value(struct store *s, const struct param *p, const char *value, int64_t now, struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO param(name, value, changed) VALUES (:name, :value, :now) "
			 "ON CONFLICT(name) DO UPDATE SET value = :value, changed = :now");

	ask_text(q, ":name", p->name);
	ask_text(q, ":value", value);
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

int
param_set(struct store *s, const struct param *p, const char *value, const char *who, int64_t now,
    bool *changed, struct err *e)
{
	char was[PARAM_VALUE_MAX], becomes[PARAM_VALUE_MAX];
	int rc;

	*changed = false;
	if (param_check(p, value, becomes, e) != 0 || store_begin(s, e) != 0)
		return -1;
	rc = param_get(s, p, was, e);
	if (rc == 0 && strcmp(was, becomes) != 0) {
		*changed = true;
		rc = write_value(s, p, becomes, now, e);
		if (rc == 0)
			rc = note_change(s, p, was, becomes, who, now, e);
	}
	return store_end(s, rc, e);
}
