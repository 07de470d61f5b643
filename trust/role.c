#include "trust/role.h"

#include <stddef.h>
#include <strings.h>

static const struct {
	unsigned role;
	const char *word;
	const char *function; /* NULL: as the word */
} roles[] = {
	{ ROLE_SAST, "SAST", "System Administrator Security Token" },
	{ ROLE_CCM, "CCM", NULL },
	{ ROLE_CCM_TFTP, "CCM+TFTP", NULL },
	{ ROLE_TFTP, "TFTP", NULL },
	{ ROLE_CAPF, "CAPF", NULL },
	{ ROLE_SRST, "SRST", NULL },
	{ ROLE_FIREWALL, "FIREWALL", NULL },
	{ ROLE_APP_SERVER, "APP-SERVER", NULL },
	{ ROLE_CA, "CA", NULL },
	{ ROLE_TVS, "TVS", NULL },
	{ ROLE_SIGNALING, "SIGNALING", NULL },
	{ ROLE_PROVISIONING, "PROVISIONING", NULL },
	{ ROLE_DATA, "DATA", NULL },
	{ ROLE_NETWORK_ELEMENT, "NETWORK-ELEMENT", NULL },
	{ ROLE_VPN, "VPN", NULL },
	{ ROLE_SERVICEABILITY, "SERVICEABILITY", NULL },
};

enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

const char *
role_word(unsigned role)
{
	for (size_t i = 0; i < ROLES; i++)
		if (roles[i].role == role)
			return roles[i].word;
	return "UNKNOWN";
}

const char *
role_function(unsigned role)
{
	for (size_t i = 0; i < ROLES; i++)
		if (roles[i].role == role && roles[i].function != NULL)
			return roles[i].function;
	return role_word(role);
}

int
role_of(const char *word)
{
	for (size_t i = 0; i < ROLES; i++)
		if (strcasecmp(roles[i].word, word) == 0)
			return (int)roles[i].role;
	return -1;
}

bool
role_may_sign_lists(unsigned role)
{
	return role == ROLE_SAST;
}

bool
role_may_sign_itl(unsigned role)
{
	return role == ROLE_SAST || role == ROLE_CCM_TFTP;
}

/* Not CCM alone: the file server's certificate is the one with TFTP in its role. */
bool
role_may_sign_files(unsigned role)
{
	return role == ROLE_CCM_TFTP || role == ROLE_TFTP;
}
