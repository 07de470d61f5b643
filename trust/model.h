/*
 * model: what each phone model can do, as data - its number in CUCM, whether it has Security By
 * Default, which hash it can check, which TLS it speaks.  No store, no clock.
 *
 * Numbers: CUCM's tkmodel enumeration, as in its alarm and error message document.  Security By
 * Default: Cisco's webcast "CUCM and IP Phone Security" (2012), TechNote 118893, and the security
 * guides; where only the family suggests it, the table says so.
 */
#ifndef TL_TRUST_MODEL_H
#define TL_TRUST_MODEL_H

#include <stdbool.h>
#include <stddef.h>

struct model {
	const char *name;   /* "7975": what `phone add --model` takes */
	int number;	    /* tkmodel; 0: not known */
	const char *prefix; /* of its device name: "SEP", "ATA", "CSF" */
	bool sbd;	    /* Security By Default: ITL, signed files, TVS */
	bool sha512;	    /* can check files signed with SHA-512 */
	bool tls12;	    /* speaks TLS up to 1.2; else 1.0 only, with RSA key exchange and AES */
	bool http;	    /* asks for files by HTTP before TFTP */
	/* Knows signer version 1.1 in a list's header, and certificates with EC keys in its
	 * records. Others skip both. */
	bool ec;
	const char *load; /* a firmware name of its family, for configuration files; may be NULL */
};

/* The model of this name ("7975", "CP-7975", "Cisco 7975", "7975G"; case ignored); NULL. */
const struct model *model_of(const char *name);
/* All of them, in the order of the table. */
const struct model *model_table(size_t *n);
/* A program that somebody installs (CSF, TCT, BOT, TAB): no factory made it. */
bool model_is_soft(const struct model *m);

enum { DEVICE_NAME_MAX = 64 }; /* with its NUL */

/* A phone's device name: SEP, ATA and twelve upper-case hex digits, or CSF/TCT/BOT/TAB and letters
 * and digits.  What comes in lower case is for the caller to refuse or to raise. */
bool device_name_is(const char *name);
/* Is this the common name of the device's certificate: its name, or the product's number, '-' and
 * its name ("CP-8861-SEP001122334455")? */
bool device_name_in(const char *common_name, const char *device);

#endif
