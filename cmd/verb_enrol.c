#include "cmd/verb_enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cmd/enrol_show.h"
#include "cmd/phone/claim.h"
#include "cmd/phone/enrol_phone.h"
#include "cmd/phone/manufacture.h"
#include "cmd/phone/when.h"

enum {
	SECONDS = 10,
	SECONDS_MAX = 600,
	DAY = 86400,
	MIC_DAYS = 3650,
	DAYS_MAX = 18250,
	STRING_MAX = CAPF_PASSWORD_MAX - 1,
};

static int
read_model(const struct call *c, const struct model **to, struct err *e)
{
	const char *name = call_option(c, "model");

	*to = name == NULL ? NULL : model_of(name);
	if (name == NULL || *to != NULL)
		return 0;
	return err_set(e, ERR_USAGE, "%.60s is no model that we know", name);
}

/* ---- enroll ---- */

int
enrol_option_string(const struct call *c, struct wr *to, struct err *e)
{
	const char *path = call_option(c, "auth-string-file");

	if (path == NULL)
		return 0;
	if (file_read(path, STRING_MAX + 2, to, e) != 0)
		return -1;
	while (to->n > 0 && (to->p[to->n - 1] == '\n' || to->p[to->n - 1] == '\r'))
		to->n--;
	for (size_t i = 0; i < to->n; i++)
		if (to->p[i] < '0' || to->p[i] > '9')
			return err_set(
			    e, ERR_USAGE, "%.200s: an authentication string has digits only", path);
	if (to->n == 0 || to->n > STRING_MAX)
		return err_set(e, ERR_USAGE, "%.200s: an authentication string has 1 to %d digits",
		    path, STRING_MAX);
	return 0;
}

static int
read_auth(const struct call *c, struct enroller *to, struct err *e)
{
	const char *word = call_option(c, "auth");

	if (word == NULL)
		return 0;
	for (int auth = ENROL_BY_STRING; auth <= ENROL_BY_MIC; auth++)
		if (strcmp(word, enrol_auth_word(auth)) == 0) {
			to->auth = auth;
			to->has_auth = true;
			return 0;
		}
	return err_set(e, ERR_USAGE, "--auth %.40s: null, string, lsc or mic", word);
}

static int
read_show(const struct call *c, struct enroller *to, struct err *e)
{
	const char *word = call_option(c, "show");

	to->show = IDENTITIES;
	if (word == NULL)
		return 0;
	if (strcmp(word, "lsc") != 0 && strcmp(word, "mic") != 0)
		return err_set(e, ERR_USAGE, "--show %.40s: lsc or mic", word);
	to->show = strcmp(word, "lsc") == 0 ? IDENTITY_LSC : IDENTITY_MIC;
	return 0;
}

/* address and string are what *to borrows from. */
static int
read_enroller(const struct call *c, struct address *address, struct wr *string, struct enroller *to,
    struct err *e)
{
	const char *capf = call_option(c, "capf");
	int64_t seconds;

	*to = (struct enroller){ .capf = enrol_over_tls(),
		.no_ec = call_has(c, "no-ec"),
		.at_once = call_has(c, "at-once") };
	if (call_int(c, "timeout", 1, SECONDS_MAX, SECONDS, &seconds, e) != 0 ||
	    read_auth(c, to, e) != 0 || read_show(c, to, e) != 0 ||
	    enrol_option_string(c, string, e) != 0)
		return -1;
	to->timeout_ms = (int)seconds * 1000;
	if (string->n > 0)
		to->string = wr_cstr(string);
	if (capf == NULL)
		return 0;
	to->to = address;
	return address_of(capf, CAPF_PORT, address, e);
}

static int
enroll(const struct call *c, const struct enroller *how, struct out *o, struct err *e)
{
	struct enrol_phone who = { .name = c->arg[0] };
	struct enrol_report r;
	const struct model *model;
	int rc = -1;

	if (read_model(c, &model, e) != 0)
		return -1;
	who.memory = claim_memory(call_option(c, "memory"), who.name, model, &who.model, e);
	if (who.memory == NULL)
		return -1;
	if (memory_keep_note(who.memory, e) == 0) {
		enrol_phone((void *)how, &who, &r);
		out_text(o, "name", "Name", who.name);
		out_text(o, "model", "Model", who.model->name);
		enrol_show_report(&r, o);
		rc = enrol_answer(who.name, &r, e);
	}
	memory_free(who.memory);
	return rc;
}

static int
run_enroll(const struct call *c, struct out *o, struct err *e)
{
	struct wr string = { .max = ENROL_STRING_ROOM };
	struct address address;
	struct enroller how;
	int rc = read_enroller(c, &address, &string, &how, e);

	if (rc == 0)
		rc = enroll(c, &how, o, e);
	wr_wipe(&string);
	return rc;
}

/* ---- manufacture ---- */

static int
read_key(const struct call *c, struct key_want *to, struct err *e)
{
	const char *word = call_option(c, "key"), *digits;
	char *end = NULL;
	long bits;

	*to = (struct key_want){ KEY_RSA, 2048 };
	if (word == NULL)
		return 0;
	to->kind = strncmp(word, "ec:", 3) == 0 ? KEY_EC : KEY_RSA;
	digits = strchr(word, ':');
	bits = digits == NULL ? 0 : strtol(digits + 1, &end, 10);
	if ((to->kind == KEY_RSA && strncmp(word, "rsa:", 4) != 0) || end == NULL || *end != '\0' ||
	    bits < 1 || bits > 4096)
		return err_set(e, ERR_USAGE, "--key %.40s: such as rsa:2048 or ec:256", word);
	to->bits = (int)bits;
	return 0;
}

static int
read_date(const char *text, int64_t *to, struct err *e)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &tm);

	if (end != NULL && *end == '\0') {
		*to = timegm(&tm);
		return 0;
	}
	if (when_check(text, to, NULL) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	    "--not-after %.40s: a date like 2026-03-01, or a time like 2026-03-01T09:30:00Z", text);
}

/* One that has run out lived as long as others do. */
static int
read_validity(const struct call *c, struct mic_want *to, struct err *e)
{
	const char *date = call_option(c, "not-after");
	int64_t days;

	if (call_int(c, "days", 1, DAYS_MAX, MIC_DAYS, &days, e) != 0)
		return -1;
	to->not_before = c->now;
	to->not_after = c->now + days * DAY;
	if (date == NULL)
		return 0;
	if (call_has(c, "days"))
		return err_set(e, ERR_USAGE, "--days or --not-after, not both");
	if (read_date(date, &to->not_after, e) != 0)
		return -1;
	if (to->not_after <= c->now)
		to->not_before = to->not_after - (int64_t)MIC_DAYS * DAY;
	return 0;
}

static void
show_manufactured(
    const struct call *c, const struct factory *f, bool made, const struct cert *mic, struct out *o)
{
	const char *path = call_option(c, "ca");
	char *cert_path = factory_cert_path(path);

	if (made)
		out_line(o,
		    "%s is new: the CA of a manufacturer, with its private key, for this lab alone.",
		    path);
	out_line(o, "CAPF takes its MICs once it has the CA's certificate:");
	out_line(o, "  trustlist cert upload --store CAPF-trust %s", cert_path);
	out_line(o, "%s", "");
	out_text(o, "ca", NULL, path);
	out_text(o, "ca_cert", NULL, cert_path);
	out_bool(o, "ca_made", NULL, made);
	out_text(o, "ca_subject", "CA", cert_subject(f->cert, CERT_CISCO));
	out_text(o, "subject", "MIC", cert_subject(mic, CERT_CISCO));
	out_hex(o, "serial", "Serial number", cert_serial(mic));
	out_time(o, "not_before", "Valid from", cert_not_before(mic));
	out_time(o, "not_after", "Valid until", cert_not_after(mic));
	free(cert_path);
}

/* Certificate and key become the phone's. */
static int
give_mic(struct memory *m, const struct factory *f, const struct mic_want *want,
    const struct key_want *key, struct err *e)
{
	struct key *k = key_make(key, e);
	struct cert *mic = k == NULL ? NULL : factory_mic(f, want, k, e);

	if (mic != NULL && memory_keep_note(m, e) == 0 &&
	    memory_keep_identity(m, IDENTITY_MIC, mic, k, e) == 0)
		return 0;
	cert_free(mic);
	key_free(k);
	return -1;
}

static int
manufacture(
    const struct call *c, struct memory *m, struct mic_want *want, struct out *o, struct err *e)
{
	struct factory f = { .cert = NULL };
	struct key_want key;
	bool made;
	int rc = -1;

	if (read_key(c, &key, e) != 0 || read_validity(c, want, e) != 0 ||
	    factory_open(call_option(c, "ca"), c->now, &f, &made, e) != 0)
		return -1;
	if (give_mic(m, &f, want, &key, e) == 0) {
		show_manufactured(c, &f, made, m->identity[IDENTITY_MIC].cert, o);
		rc = 0;
	}
	factory_clear(&f);
	return rc;
}

static int
run_manufacture(const struct call *c, struct out *o, struct err *e)
{
	struct mic_want want = { .name = c->arg[0] };
	struct memory *m;
	int rc;

	if (read_model(c, &want.model, e) != 0)
		return -1;
	m = claim_memory(call_option(c, "memory"), want.name, want.model, &want.model, e);
	if (m == NULL)
		return -1;
	rc = manufacture(c, m, &want, o, e);
	memory_free(m);
	return rc;
}

#define MEMORY_OPTION                                                                              \
	{                                                                                          \
		.name = "memory", .metavar = "DIR", .help = "the folder of the phone's memory",    \
		.must = true, .takes = VALUE_PHONES                                                \
	}

static const struct verb verbs[] = {
	{ .words = "vphone enroll",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_OPERATE,
	    .help = "Has a virtual phone call CAPF; exit status 5 when CAPF declines",
	    .option = { MEMORY_OPTION,
		{ .name = "capf",
		    .metavar = "ADDR[:PORT]",
		    .help =
			"the CAPF; else the one in its configuration.  Port 3804 unless given" },
		{ .name = "auth",
		    .metavar = "MODE",
		    .help = "null, string, lsc or mic; else as its configuration says" },
		{ .name = "auth-string-file",
		    .metavar = "FILE",
		    .help = "a file with the authentication string; - is standard input",
		    .takes = VALUE_SECRET },
		{ .name = "no-ec", .help = "the phone can make RSA keys only" },
		{ .name = "at-once", .help = "it sends its key without saying that it is at it" },
		{ .name = "show",
		    .metavar = "WHICH",
		    .help = "what it shows when asked, lsc or mic; else the LSC if it has one" },
		{ .name = "model",
		    .metavar = "M",
		    .help = "its model; else the one it remembers, for a new SEP 7975" },
		{ .name = "timeout",
		    .metavar = "SECONDS",
		    .help = "how long to wait for each step; else 10" } },
	    .apart = true,
	    .run = run_enroll },
	{ .words = "vphone manufacture",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_OPERATE,
	    .help = "Gives a virtual phone a certificate (MIC) as from its factory",
	    .option = { MEMORY_OPTION,
		{ .name = "model",
		    .metavar = "M",
		    .help = "its model; else the one it remembers, for a new SEP 7975" },
		{ .name = "ca",
		    .metavar = "FILE",
		    .help =
			"the manufacturer's CA, certificate and key in PEM; made when missing.  "
			"FILE.crt is the certificate alone",
		    .must = true,
		    .takes = VALUE_PHONES },
		{ .name = "days",
		    .metavar = "N",
		    .help = "how long the MIC is valid from now on; else 3650" },
		{ .name = "not-after",
		    .metavar = "DATE",
		    .help = "until when instead, 2026-03-01; it may be over" },
		{ .name = "key", .metavar = "KEY", .help = "rsa:BITS or ec:BITS; else rsa:2048" } },
	    .apart = true,
	    .run = run_manufacture },
};

const struct verb_set enrol_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
