/*
 * asked: what a file name asks for - a list, a phone's configuration, a file of the folder - and
 * whether with our signature before it, or encrypted.  Names only: whether there is such a thing is
 * resolve's matter.
 */
#ifndef TL_TFTP_ASKED_H
#define TL_TFTP_ASKED_H

#include <stdbool.h>

#include "base/err.h"
#include "trust/model.h"

enum { ASKED_NAME_MAX = 256 }; /* with its NUL */

enum asked_kind {
	ASKED_CTL,     /* CTLFile.tlv, CTLSEP001122334455.tlv */
	ASKED_ITL,     /* ITLFile.tlv, ITLSEP001122334455.tlv */
	ASKED_CONFIG,  /* SEP001122334455.cnf.xml */
	ASKED_DEFAULT, /* XMLDefault.cnf.xml */
	ASKED_FILE,    /* anything else */
};

struct asked {
	enum asked_kind kind;
	char name[ASKED_NAME_MAX];    /* as a path under the folder */
	char plain[ASKED_NAME_MAX];   /* without .sgn or .enc.sgn when we are to make that */
	char device[DEVICE_NAME_MAX]; /* the phone it speaks of; "" for none */
	bool is_signed;		      /* plain is wanted with our signature before it */
	bool is_encrypted;	      /* plain is wanted so that only the device can read it */
};

/* -1: ERR_NOT_FOUND, for a name that nothing can have here - hidden, leading up, too long. */
int asked_of(const char *name, struct asked *out, struct err *e);

#endif
