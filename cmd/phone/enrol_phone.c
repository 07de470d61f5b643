#include "cmd/phone/enrol_phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "cmd/phone/door.h"
#include "tftp/devconf.h"

enum { MD5_HEX = 33 };

/* ---- the line over TLS ---- */

struct tls_line {
	struct tls_client *client;
	struct address to;
	int timeout_ms;
};

static int
of_line(const struct tls_line *l, struct err *e)
{
	return err_prefix(e, "CAPF on %s port %u", l->to.host, l->to.port);
}

static int
send_message(void *ctx, struct bytes message, struct err *e)
{
	struct tls_line *l = ctx;

	if (tls_client_write(l->client, message, l->timeout_ms, e) == 0)
		return 0;
	return of_line(l, e);
}

static int
receive(struct tls_line *l, uint8_t message[CAPF_MESSAGE_MAX], size_t *n, struct err *e)
{
	ssize_t whole;

	if (tls_client_read(l->client, message, CAPF_HEADER_BYTES, l->timeout_ms, e) != 0)
		return -1;
	whole = capf_frame(bytes_over(message, CAPF_HEADER_BYTES));
	if (whole < CAPF_HEADER_BYTES)
		return err_set(e, ERR_MALFORMED, "what it says is no CAPF message");
	if (whole > CAPF_MESSAGE_MAX)
		return err_set(e, ERR_MALFORMED, "a message of %zd bytes, where %d are allowed",
		    whole, CAPF_MESSAGE_MAX);
	*n = (size_t)whole;
	return tls_client_read(
	    l->client, message + CAPF_HEADER_BYTES, *n - CAPF_HEADER_BYTES, l->timeout_ms, e);
}

static int
receive_message(void *ctx, struct wr *out, struct err *e)
{
	uint8_t message[CAPF_MESSAGE_MAX];
	size_t n = 0;

	if (receive(ctx, message, &n, e) != 0)
		return of_line(ctx, e);
	wr_put(out, bytes_over(message, n));
	return 0;
}

static int
dial(void *ctx, const struct tls_call *to, struct enrol_line *out, struct err *e)
{
	struct tls_client *c = tls_client_connect(to, e);
	struct tls_line *l;

	(void)ctx;
	if (c == NULL)
		return -1;
	l = mem_new(sizeof(*l));
	*l = (struct tls_line){ .client = c, .timeout_ms = to->timeout_ms, .to.port = to->port };
	snprintf(l->to.host, sizeof(l->to.host), "%s", to->host);
	*out = (struct enrol_line){ send_message, receive_message, l };
	return 0;
}

static void
hang_up(void *ctx, struct enrol_line *line)
{
	struct tls_line *l = line->ctx;

	(void)ctx;
	tls_client_close(l->client);
	free(l);
}

struct enrol_dialer
enrol_over_tls(void)
{
	return (struct enrol_dialer){ dial, hang_up, NULL };
}

/* ---- whether, where, how ---- */

static void
stay(struct enrol_report *out, enum enrol_end end, const char *why)
{
	out->end = end;
	snprintf(out->why, sizeof(out->why), "%s", why);
}

static int
read_config(const struct memory *m, struct devconf_read *out, struct err *e)
{
	struct wr config = { 0 };
	int rc = memory_config(m, &config, e);

	*out = (struct devconf_read){ .is_default = false };
	if (rc == 0 && devconf_read(wr_view(&config), out, e) != 0)
		rc = err_prefix(e, "the phone's configuration");
	wr_wipe(&config);
	return rc;
}

/* What CUCM writes is an MD5 (Security Guide); another hash cannot be told from another LSC. */
static bool
hash_differs(const struct memory *m, const char *hash)
{
	const struct cert *lsc = m->identity[IDENTITY_LSC].cert;
	char own[MD5_HEX] = "";

	if (hash[0] == '\0')
		return false;
	if (lsc != NULL && cert_md5(lsc).n == 0)
		return false; /* a library without MD5 */
	if (lsc != NULL)
		bytes_hex(cert_md5(lsc), '\0', own, sizeof(own));
	return strcasecmp(own, hash) != 0;
}

/* Whether to call, as far as the way to prove who it is decides that. */
static bool
can_prove(const struct enroller *how, const struct memory *m, struct enrol_report *out)
{
	switch (out->auth) {
	case ENROL_BY_NOTHING:
		stay(out, ENROL_NOT_CALLED, "its configuration wants nothing of CAPF");
		return false;
	case ENROL_BY_STRING:
		if (how->string != NULL)
			return true;
		stay(out, ENROL_NEEDS_HAND,
		    "somebody has to type the authentication string at the phone");
		return false;
	case ENROL_BY_LSC:
	case ENROL_BY_MIC:
		if (identity_of(m->identity, IDENTITY_LSC) != IDENTITIES)
			return true;
		stay(out, ENROL_NOT_CALLED, "it has neither an LSC nor a MIC to show");
		return false;
	case ENROL_BY_NULL:
		break;
	}
	return true;
}

/* Fills in whom and how; false: it does not call. */
static bool
decide(const struct enroller *how, const struct memory *m, struct enrol_report *out)
{
	struct devconf_read config;
	struct err e = { 0 };
	int rc = read_config(m, &config, &e);

	if (rc != 0 && (how->to == NULL || !how->has_auth)) {
		stay(out, ENROL_NOT_CALLED, e.text);
		return false;
	}
	out->auth = how->has_auth ? how->auth : (enum enrol_auth)config.capf_auth;
	out->hash_differs = hash_differs(m, config.cert_hash);
	if (!can_prove(how, m, out))
		return false;
	if (how->to == NULL && config.capf.host[0] == '\0') {
		stay(out, ENROL_NOT_CALLED, "its configuration names no CAPF");
		return false;
	}
	if (how->to != NULL) {
		out->to = *how->to;
	} else {
		snprintf(out->to.host, sizeof(out->to.host), "%s", config.capf.host);
		out->to.port = config.capf.port;
	}
	return true;
}

/* ---- the call ---- */

static bool
names_capf(const struct tlist *l)
{
	return l != NULL && tlist_has_role(l, ROLE_CAPF);
}

static void
talk(const struct enroller *how, const struct enrol_phone *who, struct enrol_line *line,
    struct enrol_report *out)
{
	struct enrol_plan plan = { .device = who->name,
		.auth = out->auth,
		.string = how->string,
		.no_ec = how->no_ec,
		.at_once = how->at_once,
		.show = how->show };

	enrol_talk(&plan, who->memory, line, out);
}

/* A model without Security By Default has no place for an ITL. */
static void
call(const struct enroller *how, const struct enrol_phone *who, struct enrol_report *out)
{
	const struct memory *m = who->memory;
	struct door door = { .list = { m->list[MEMORY_CTL],
				 who->model->sbd ? m->list[MEMORY_ITL] : NULL },
		.role = ROLE_CAPF,
		.lists = "the phone's lists" };
	struct tls_call to = { .host = out->to.host,
		.port = out->to.port,
		.rules = door_rules(who->model),
		.timeout_ms = how->timeout_ms > 0 ? how->timeout_ms : ENROL_TIMEOUT_MS,
		.ctx = &door };
	struct enrol_line line;
	struct err e = { 0 };

	out->anyone = !names_capf(door.list[0]) && !names_capf(door.list[1]);
	if (!out->anyone)
		to.check = door_check;
	if (how->capf.dial(how->capf.ctx, &to, &line, &e) != 0) {
		stay(out, door.is_stranger ? ENROL_STRANGER : ENROL_UNREACHED, e.text);
		return;
	}
	talk(how, who, &line, out);
	how->capf.hang_up(how->capf.ctx, &line);
}

void
enrol_phone(void *ctx, const struct enrol_phone *who, struct enrol_report *out)
{
	const struct enroller *how = ctx;

	*out = (struct enrol_report){ .proof = IDENTITIES, .reason = ENROL_NO_REASON };
	if (decide(how, who->memory, out))
		call(how, who, out);
}
