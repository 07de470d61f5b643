/* The words of orders: for options and JSON, and CUCM's own for people. */
#include "trust/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct words {
	const char *word, *name;
};

static const struct words operations[] = {
	[ORDER_NONE] = { "none", "No Pending Operation" },
	[ORDER_INSTALL] = { "install", "Install/Upgrade" },
	[ORDER_DELETE] = { "delete", "Delete" },
	[ORDER_TROUBLESHOOT] = { "troubleshoot", "Troubleshoot" },
};

static const struct words auths[] = {
	[ORDER_BY_NOTHING] = { "none", "None" },
	[ORDER_BY_STRING] = { "string", "By Authentication String" },
	[ORDER_BY_NULL] = { "null", "By Null String" },
	[ORDER_BY_LSC] = { "lsc", "By Existing Certificate (precedence to LSC)" },
	[ORDER_BY_MIC] = { "mic", "By Existing Certificate (precedence to MIC)" },
};

static const char *const keys_names[] = {
	[ORDER_RSA] = "RSA Only",
	[ORDER_EC] = "EC Only",
	[ORDER_EC_THEN_RSA] = "EC Preferred, RSA Backup",
};

/* name: what stands behind "Upgrade Failed: ". */
static const struct words statuses[] = {
	[STATUS_NONE] = { "none", "" },
	[STATUS_PENDING] = { "pending", "" },
	[STATUS_SUCCESS] = { "success", "" },
	[STATUS_FAILED] = { "failed", "" },
	[STATUS_INVALID_LSC] = { "invalid-lsc", "Invalid LSC" },
	[STATUS_INVALID_STRING] = { "invalid-string", "Invalid Authentication String" },
	[STATUS_INVALID_MIC] = { "invalid-mic", "Invalid MIC" },
	[STATUS_INVALID_CREDENTIALS] = { "invalid-credentials", "Invalid Credentials" },
	[STATUS_PHONE_LOST] = { "phone-lost", "Phone Communication Failure" },
	[STATUS_KEY_FAILED] = { "key-failed", "Key Generation Failed" },
	[STATUS_KEY_TIMEOUT] = { "key-timeout", "Key Generation Timeout" },
	[STATUS_CA_LOST] = { "ca-lost", "CA Communication Failure" },
	[STATUS_CA_REJECTED] = { "ca-rejected", "CA Rejected Connection" },
	[STATUS_LATE] = { "late", "User Initiated Request Late/Timedout" },
	[STATUS_NO_EC] = { "no-ec", "No Support for EC only in CAPF version 3" },
	[STATUS_WAITS_FOR_CA] = { "waits-for-ca", "" },
};

enum {
	OPERATIONS = sizeof(operations) / sizeof(operations[0]),
	AUTHS = sizeof(auths) / sizeof(auths[0]),
	KEYS = sizeof(keys_names) / sizeof(keys_names[0]),
};

/* The place of a word, or of CUCM's own, in a table; -1. */
static int
place_of(const struct words *table, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcasecmp(table[i].word, word) == 0 || strcasecmp(table[i].name, word) == 0)
			return i;
	return -1;
}

const char *
order_operation_word(enum order_operation operation)
{
	return operations[operation].word;
}

const char *
order_operation_name(enum order_operation operation)
{
	return operations[operation].name;
}

int
order_operation_of(const char *word, enum order_operation *out, struct err *e)
{
	int place = place_of(operations, OPERATIONS, word);

	*out = ORDER_NONE;
	if (place < 0) {
		err_set(e, ERR_USAGE, "\"%.40s\" is no CAPF operation", word);
		return err_hint(e, "install, delete, troubleshoot or none");
	}
	*out = (enum order_operation)place;
	return 0;
}

const char *
order_auth_word(enum order_auth auth)
{
	return auths[auth].word;
}

const char *
order_auth_name(enum order_auth auth)
{
	return auths[auth].name;
}

int
order_auth_of(const char *word, enum order_auth *out, struct err *e)
{
	int place = place_of(auths, AUTHS, word);

	*out = ORDER_BY_NOTHING;
	if (place < 0) {
		err_set(e, ERR_USAGE, "\"%.40s\" is no CAPF authentication mode", word);
		return err_hint(e, "string, null, lsc, mic or none");
	}
	*out = (enum order_auth)place;
	return 0;
}

const char *
order_keys_name(enum order_keys keys)
{
	return keys_names[keys];
}

const char *
order_status_word(enum order_status status)
{
	return statuses[status].word;
}

static const char *
operation_done(enum order_operation operation)
{
	switch (operation) {
	case ORDER_INSTALL:
		return "Upgrade";
	case ORDER_DELETE:
		return "Delete";
	case ORDER_TROUBLESHOOT:
		return "Troubleshoot";
	case ORDER_NONE:
		break;
	}
	return "Operation";
}

const char *
order_status_text(const struct order *o, char to[ORDER_STATUS_TEXT_MAX])
{
	const char *what = operation_done(o->last), *why = statuses[o->status].name;

	switch (o->status) {
	case STATUS_NONE:
		snprintf(to, ORDER_STATUS_TEXT_MAX, "None");
		break;
	case STATUS_PENDING:
		snprintf(to, ORDER_STATUS_TEXT_MAX, "Operation Pending");
		break;
	case STATUS_SUCCESS:
		snprintf(to, ORDER_STATUS_TEXT_MAX, "%s Success", what);
		break;
	case STATUS_WAITS_FOR_CA:
		snprintf(to, ORDER_STATUS_TEXT_MAX, "Operation Pending: the CA has the request");
		break;
	default:
		snprintf(to, ORDER_STATUS_TEXT_MAX, "%s Failed%s%s", what,
		    why[0] != '\0' ? ": " : "", why);
	}
	return to;
}

/* ---- keys ---- */

static bool
is_rsa_size(int bits)
{
	return bits == 512 || bits == 1024 || bits == 2048 || bits == 3072 || bits == 4096;
}

static bool
is_ec_size(int bits)
{
	return bits == 256 || bits == 384 || bits == 521;
}

int
order_keys_check(struct order *o, struct err *e)
{
	bool rsa = o->keys != ORDER_EC, ec = o->keys != ORDER_RSA;

	if (rsa && !is_rsa_size(o->rsa_bits)) {
		err_set(e, ERR_USAGE, "an LSC with an RSA key of %d bits", o->rsa_bits);
		return err_hint(e, "512, 1024, 2048, 3072 or 4096 will do");
	}
	if (ec && !is_ec_size(o->ec_bits)) {
		err_set(e, ERR_USAGE, "an LSC with an EC key of %d bits", o->ec_bits);
		return err_hint(e, "256, 384 or 521 will do");
	}
	if (!rsa)
		o->rsa_bits = 0;
	if (!ec)
		o->ec_bits = 0;
	return 0;
}

/* Up to four digits behind the prefix; 0 when that is not what stands there. */
static int
take_bits(const char **at, const char *prefix)
{
	const char *p = *at + strlen(prefix);
	size_t digits;

	if (strncasecmp(*at, prefix, strlen(prefix)) != 0)
		return 0;
	digits = strspn(p, "0123456789");
	if (digits == 0 || digits > 4)
		return 0;
	*at = p + digits;
	return (int)strtol(p, NULL, 10);
}

int
order_keys_of(const char *word, struct order *to, struct err *e)
{
	const char *p = word;
	struct order o = { .keys = ORDER_RSA };

	o.ec_bits = take_bits(&p, "ec:");
	if (o.ec_bits != 0)
		o.keys = *p == ',' ? ORDER_EC_THEN_RSA : ORDER_EC;
	if (o.keys == ORDER_EC_THEN_RSA)
		p++;
	if (o.keys != ORDER_EC)
		o.rsa_bits = take_bits(&p, "rsa:");
	if (*p != '\0' || order_keys_check(&o, e) != 0) {
		err_set(e, ERR_USAGE, "\"%.40s\" says of no key what kind and size it has", word);
		return err_hint(e, "rsa:512, 1024, 2048, 3072 or 4096; ec:256, 384 or 521; or an "
				   "EC key and for phones that cannot an RSA key: ec:384,rsa:2048");
	}
	to->keys = o.keys;
	to->rsa_bits = o.rsa_bits;
	to->ec_bits = o.ec_bits;
	return 0;
}

void
order_keys_word(const struct order *o, char to[32])
{
	switch (o->keys) {
	case ORDER_RSA:
		snprintf(to, 32, "rsa:%d", o->rsa_bits);
		return;
	case ORDER_EC:
		snprintf(to, 32, "ec:%d", o->ec_bits);
		return;
	case ORDER_EC_THEN_RSA:
		snprintf(to, 32, "ec:%d,rsa:%d", o->ec_bits, o->rsa_bits);
		return;
	}
	to[0] = '\0';
}
