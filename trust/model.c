#include "trust/model.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* 308 and 309 (7941G-GE, 7961G-GE) stand the other way round in another Cisco document.
 * SHA-512: the 7900, 8900 and 9900 families check SHA-1 signatures only (12.5 security guide, "TFTP
 * File Signature Algorithm"); 6900 and 3900 phones are of their age and counted with them.
 * TLS: the same phones lose TVS and the directory when a cluster wants more than TLS 1.0 (Cisco's
 * white paper "TLS 1.2 for On-Premises Cisco Collaboration Deployments"); of ATAs it is not known,
 * and they have no TVS to ask.
 * HTTP before TFTP: so says the console of an 8945 for each file ("HTTP download error, try tftp
 * download"; the 8941 has the same firmware), and TechNote 214528 shows a newer phone at port 6970;
 * of 7800 and 8800 phones it is taken from their family.
 * EC: our reading.  ECDSA came with CUCM 11.0 (TechNote 200930), and no public table says which
 * phones can do it: those are counted in whose families have firmware made for 11.0 or later.  The
 * 8831 stayed with 10.3.  That the others skip what they do not know is our reading too: a 7821
 * says of a header "skipping 1 trail bytes (pad and/or unknown TLVs)" on its console, and 7900
 * phones take the lists of the usecallmanager.nz tools, which always have a signer version. */
static const struct model table[] = {
	{ "7905", 20000, "SEP", false, false, false, false, false, NULL },
	{ "7906", 369, "SEP", true, false, false, false, false, "SCCP11.9-4-2SR3-1S" },
	{ "7910", 6, "SEP", false, false, false, false, false, NULL },
	{ "7911", 307, "SEP", true, false, false, false, false, "SCCP11.9-4-2SR3-1S" },
	{ "7912", 30007, "SEP", false, false, false, false, false, NULL },
	{ "7920", 30002, "SEP", false, false, false, false, false, NULL },
	{ "7921", 365, "SEP", true, false, false, false, false, "CP7921G-1.4.5.3" },
	{ "7925", 484, "SEP", true, false, false, false, false, "CP7925G-1.4.8SR1.5" },
	{ "7926", 577, "SEP", true, false, false, false, false,
	    "CP7926G-1.4.8SR1.5" }, /* by its family */
	{ "7931", 348, "SEP", true, false, false, false, false, "SCCP31.9-4-2SR3-1S" },
	{ "7935", 9, "SEP", false, false, false, false, false, NULL },
	{ "7936", 30019, "SEP", false, false, false, false, false, NULL },
	{ "7937", 431, "SEP", true, false, false, false, false, "apps37sccp.1-4-5-7" },
	{ "7940", 8, "SEP", false, false, false, false, false, "P0030801SR02" },
	{ "7941", 115, "SEP", true, false, false, false, false, "SCCP41.9-4-2SR3-1S" },
	{ "7941GE", 309, "SEP", true, false, false, false, false, "SCCP41.9-4-2SR3-1S" },
	{ "7942", 434, "SEP", true, false, false, false, false, "SCCP42.9-4-2SR3-1S" },
	{ "7945", 435, "SEP", true, false, false, false, false, "SCCP45.9-4-2SR3-1S" },
	{ "7960", 7, "SEP", false, false, false, false, false, "P0030801SR02" },
	{ "7961", 30018, "SEP", true, false, false, false, false, "SCCP41.9-4-2SR3-1S" },
	{ "7961GE", 308, "SEP", true, false, false, false, false, "SCCP41.9-4-2SR3-1S" },
	{ "7962", 404, "SEP", true, false, false, false, false, "SCCP42.9-4-2SR3-1S" },
	{ "7965", 436, "SEP", true, false, false, false, false, "SCCP45.9-4-2SR3-1S" },
	{ "7970", 30006, "SEP", true, false, false, false, false, "SCCP70.9-4-2SR3-1S" },
	{ "7971", 119, "SEP", true, false, false, false, false, "SCCP70.9-4-2SR3-1S" },
	{ "7975", 437, "SEP", true, false, false, false, false, "SCCP75.9-4-2SR3-1S" },
	{ "7985", 302, "SEP", false, false, false, false, false, NULL },
	{ "3905", 592, "SEP", false, false, false, false, false,
	    NULL }, /* not stated anywhere: taken as without */
	{ "3911", 446, "SEP", false, false, false, false, false, NULL },
	{ "3951", 412, "SEP", false, false, false, false, false, NULL },
	{ "6901", 547, "SEP", false, false, false, false, false, NULL },
	{ "6911", 548, "SEP", false, false, false, false, false, NULL },
	{ "6921", 495, "SEP", true, false, false, false, false,
	    "SCCP69xx.9-4-1-3SR3" }, /* not stated: as 6900 firmware */
	{ "6941", 496, "SEP", true, false, false, false, false, "SCCP69xx.9-4-1-3SR3" },
	{ "6945", 564, "SEP", true, false, false, false, false, "SCCP6945.9-4-1-3SR3" },
	{ "6961", 497, "SEP", true, false, false, false, false, "SCCP69xx.9-4-1-3SR3" },
	{ "7811", 36213, "SEP", true, true, true, true, true, "sip78xx.12-8-1-0001-455" },
	{ "7821", 621, "SEP", true, true, true, true, true, "sip78xx.12-8-1-0001-455" },
	{ "7832", 36247, "SEP", true, true, true, true, true, "sip7832.12-8-1-0001-455" },
	{ "7841", 622, "SEP", true, true, true, true, true, "sip78xx.12-8-1-0001-455" },
	{ "7861", 623, "SEP", true, true, true, true, true, "sip78xx.12-8-1-0001-455" },
	{ "8811", 36217, "SEP", true, true, true, true, true, "sip88xx.12-8-1-0001-455" },
	{ "8821", 36216, "SEP", true, true, true, true, true, "sip8821.11-0-6SR4" },
	{ "8831", 659, "SEP", true, true, true, true, false,
	    "sip8831.10-3-1SR6" }, /* by its family */
	{ "8832", 36258, "SEP", true, true, true, true, true, "sip8832.12-8-1-0001-455" },
	{ "8832NR", 36260, "SEP", true, true, true, true, true, "sip8832.12-8-1-0001-455" },
	{ "8841", 683, "SEP", true, true, true, true, true, "sip88xx.12-8-1-0001-455" },
	{ "8845", 36224, "SEP", true, true, true, true, true, "sip8845_65.12-8-1-0001-455" },
	{ "8851", 684, "SEP", true, true, true, true, true, "sip88xx.12-8-1-0001-455" },
	{ "8851NR", 36232, "SEP", true, true, true, true, true, "sip88xx.12-8-1-0001-455" },
	{ "8861", 685, "SEP", true, true, true, true, true, "sip88xx.12-8-1-0001-455" },
	{ "8865", 36225, "SEP", true, true, true, true, true, "sip8845_65.12-8-1-0001-455" },
	{ "8865NR", 36248, "SEP", true, true, true, true, true, "sip8845_65.12-8-1-0001-455" },
	{ "8875", 36336, "SEP", true, true, true, true, true, NULL }, /* by its family */
	{ "8875NR", 36337, "SEP", true, true, true, true, true, NULL },
	{ "8941", 586, "SEP", true, false, false, true, false, "SCCP894x.9-4-2SR3-1" },
	{ "8945", 585, "SEP", true, false, false, true, false, "SCCP894x.9-4-2SR3-1" },
	{ "8961", 540, "SEP", true, false, false, false, false, "sip8961.9-4-2SR4-1" },
	{ "9951", 537, "SEP", true, false, false, false, false, "sip9951.9-4-2SR4-1" },
	{ "9971", 493, "SEP", true, false, false, false, false, "sip9971.9-4-2SR4-1" },
	{ "DX650", 647, "SEP", true, true, true, false, true,
	    NULL }, /* by its family, as DX70 and DX80 */
	{ "DX70", 36043, "SEP", true, true, true, false, true, NULL },
	{ "DX80", 36042, "SEP", true, true, true, false, true, NULL },
	{ "ATA186", 12, "ATA", false, false, false, false, false, NULL },
	{ "ATA187", 550, "ATA", false, false, false, false, false,
	    NULL }, /* not stated, as ATA190 and ATA191 */
	{ "ATA190", 681, "ATA", false, false, false, false, false, NULL },
	{ "ATA191", 36262, "ATA", false, false, false, false, false, NULL },
	{ "CIPC", 30016, "SEP", false, false, false, false, false,
	    NULL }, /* IP Communicator: not stated */
	{ "CSF", 503, "CSF", false, false, true, false, false,
	    NULL }, /* Jabber: no ITL (TechNote 118893) */
	{ "TCT", 562, "TCT", false, false, true, false, false, NULL },
	{ "BOT", 575, "BOT", false, false, true, false, false, NULL },
	{ "TAB", 652, "TAB", false, false, true, false, false, NULL },
};

const struct model *
model_table(size_t *n)
{
	*n = sizeof(table) / sizeof(table[0]);
	return table;
}

/* "CP-7975G" and "Cisco 7975" are what labels and CUCM's pages say. */
static const char *
bare(const char *name)
{
	if (strncasecmp(name, "CP-", 3) == 0)
		name += 3;
	if (strncasecmp(name, "Cisco ", 6) == 0)
		name += 6;
	return name;
}

static bool
is_model(const struct model *m, const char *name)
{
	size_t n = strlen(m->name);

	if (strncasecmp(m->name, name, n) != 0)
		return false;
	return name[n] == '\0' ||
	       (strcasecmp(name + n, "G") == 0 && isdigit((unsigned char)name[n - 1]));
}

const struct model *
model_of(const char *name)
{
	name = bare(name);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (is_model(&table[i], name))
			return &table[i];
	return NULL;
}

bool
model_is_soft(const struct model *m)
{
	return strcmp(m->prefix, "SEP") != 0 && strcmp(m->prefix, "ATA") != 0;
}

static bool
all_upper_hex(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789ABCDEF") == n;
}

bool
device_name_is(const char *name)
{
	static const char *const soft[] = { "CSF", "TCT", "BOT", "TAB" };
	size_t n = strlen(name);

	if (n >= DEVICE_NAME_MAX)
		return false;
	if (strncmp(name, "SEP", 3) == 0 || strncmp(name, "ATA", 3) == 0)
		return all_upper_hex(name + 3, 12);
	for (size_t i = 0; i < sizeof(soft) / sizeof(soft[0]); i++)
		if (strncmp(name, soft[i], 3) == 0)
			return n > 3 &&
			       strspn(name + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n - 3;
	return false;
}

bool
device_name_in(const char *common_name, const char *device)
{
	size_t n = strlen(common_name), m = strlen(device);

	if (m == 0 || n < m || strcmp(common_name + n - m, device) != 0)
		return false;
	return n == m || common_name[n - m - 1] == '-';
}
