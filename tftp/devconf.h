/*
 * devconf: a phone's XML configuration, made from facts - where its CallManagers, its TVS and its
 * CAPF are, how secure it registers, which firmware it is to run, which certificate it should hold
 * - and read again, whoever made it.
 *
 * No store, no clock, no files: the same facts give the same bytes.  Nobody else uses libxml2,
 * which gets to see memory alone: no network, no DTD, no entities.
 */
#ifndef TL_TFTP_DEVCONF_H
#define TL_TFTP_DEVCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "trust/cert.h"
#include "trust/device.h"
#include "trust/node.h"

enum {
	DEVCONF_SERVERS_MAX = 3,
	DEVCONF_TVS_PORT = 2445,
	DEVCONF_CAPF_PORT = 3804,
	DEVCONF_MAX = 2 << 20,	/* phones download no more than 2048 KB */
	DEVCONF_HOST_MAX = 256, /* a name or an address, with its NUL */
	DEVCONF_AUTH_MAX = 4,	/* the highest capfAuthMode */
	DEVCONF_HASH_MAX = 129, /* hex of a SHA-512 at most, with its NUL; CUCM's are MD5 */
};

/* What holds for all phones that a node serves. */
struct devconf_facts {
	/* The CallManager group, in the order phones try it; its members are the TVS too. */
	struct node server[DEVCONF_SERVERS_MAX];
	size_t servers;
	struct node publisher; /* CAPF and the phone services are there */
	unsigned capf_port, tvs_port;
	bool auto_registration;
};

/* What is told to one phone alone; all borrowed. */
struct devconf_phone {
	const struct device *device;
	int capf_auth; /* capfAuthMode: enum order_auth; 0: CAPF wants nothing of it */
	/* certHash: the LSC that it holds, or the certificate that its configuration is encrypted
	 * to; NULL: none. */
	const struct cert *lsc;
};

/* SEP001122334455.cnf.xml, appended to out. */
int devconf_make(
    const struct devconf_facts *f, const struct devconf_phone *p, struct wr *out, struct err *e);
/* What stands under that name when the whole is encrypted, for anybody to read: enough for the
 * phone to reach CAPF and TVS, and to know that there is more. */
int devconf_make_short(
    const struct devconf_facts *f, const struct devconf_phone *p, struct wr *out, struct err *e);
/* XMLDefault.cnf.xml, for phones that are not known: CallManagers, and the firmware of each model.
 */
int devconf_make_default(const struct devconf_facts *f, struct wr *out, struct err *e);

/* What a configuration says of trust and security, each an element right below device. */
enum devconf_part {
	DEVCONF_PART_TVS = 1,
	DEVCONF_PART_SECURITY = 2,   /* deviceSecurityMode */
	DEVCONF_PART_TRANSPORT = 4,  /* transportLayerProtocol */
	DEVCONF_PART_CAPF_AUTH = 8,  /* capfAuthMode */
	DEVCONF_PART_CAPF_LIST = 16, /* capfList */
	DEVCONF_PART_CERT_HASH = 32, /* certHash */
	DEVCONF_PART_ENCRYPTED = 64, /* encrConfig */
	DEVCONF_PARTS = 127
};
/* These alone, as devconf_make() writes them, each on lines of its own and in ASCII: what
 * complete.h puts into a file.  A document must have been made or read before. */
int devconf_make_parts(const struct devconf_facts *f, const struct devconf_phone *p, unsigned parts,
    struct wr *out, struct err *e);

struct devconf_server {
	char host[DEVCONF_HOST_MAX]; /* as it stands there: a name, IPv4 or IPv6; "": none */
	uint16_t port;		     /* the usual one where it names none */
};

/* What a configuration says.  Servers stand in the order in which phones try them: by priority,
 * then as they came. */
struct devconf_read {
	bool is_default; /* XMLDefault.cnf.xml, which has CallManagers and none of the rest */
	bool is_short;	 /* fullConfig false: the rest is in another file, encrypted */
	bool encrypted;	 /* encrConfig: the phone is to ask for .enc.sgn */
	char callmanager[DEVCONF_SERVERS_MAX][DEVCONF_HOST_MAX];
	size_t callmanagers;
	struct devconf_server tvs[DEVCONF_SERVERS_MAX];
	size_t tvs_n;
	struct devconf_server capf;
	int capf_auth; /* capfAuthMode, to DEVCONF_AUTH_MAX; 0: CAPF wants nothing of the phone */
	/* Of the certificate that the phone should hold, as it stands there; "": it should hold
	 * none.  Lower-case hex of an MD5 in what we and CUCM make, anything in what others do. */
	char cert_hash[DEVCONF_HASH_MAX];
	enum security_mode security; /* SECURITY_NONE unless it says otherwise */
	char load[DEVICE_LOAD_MAX];  /* firmware it is to run; "": what it has */
};

/* All or nothing: on -1, *e says why, with line and column where the XML is broken and with the
 * line where it is not but makes no sense; *out is zeroed.  Elements that we do not know are
 * skipped.  A DOCTYPE is refused, and with it every entity that XML does not have by itself. */
int devconf_read(struct bytes xml, struct devconf_read *out, struct err *e);

#endif
