/*
 * role: what a certificate in a trust list, or in a TVS answer, is there for.  Numbers as on the
 * wire (FORMATS.md, "Roles"); they are those of CUCM's TYPETRUSTROLEMAP.
 */
#ifndef TL_TRUST_ROLE_H
#define TL_TRUST_ROLE_H

#include <stdbool.h>

enum role {
	ROLE_SAST = 0, /* System Administrator Security Token: signs trust lists */
	ROLE_CCM = 1,
	ROLE_CCM_TFTP = 2, /* in a mixed mode cluster: CallManager and TFTP in one */
	ROLE_TFTP = 3,
	ROLE_CAPF = 4,
	ROLE_SRST = 5,
	ROLE_FIREWALL = 6,
	ROLE_APP_SERVER = 7,
	ROLE_CA = 20,
	ROLE_TVS = 21,
	ROLE_SIGNALING = 22,
	ROLE_PROVISIONING = 23,
	ROLE_DATA = 24,
	ROLE_NETWORK_ELEMENT = 25,
	ROLE_VPN = 26,
	ROLE_SERVICEABILITY = 27,
	ROLE_UNKNOWN = 255,
};

/* As `show itl` prints the FUNCTION row: "System Administrator Security Token", "CCM+TFTP", "TVS";
 * "UNKNOWN" for a number we have no name for. */
const char *role_function(unsigned role);
/* The short word of our command line and JSON: "SAST", "CCM+TFTP"; "UNKNOWN" likewise. */
const char *role_word(unsigned role);
/* The number of a short word, case ignored; -1 when there is none. */
int role_of(const char *word);
bool role_may_sign_lists(unsigned role);
/* In a record of the phone's CTL: each TFTP server signs its own ITL before 12.0, and the CTL names
 * them all (TechNote 215539). */
bool role_may_sign_itl(unsigned role);
bool role_may_sign_files(unsigned role); /* configuration and other .sgn files */

#endif
