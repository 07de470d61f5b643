#include "cmd/doors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capf/proto.h"
#include "cmd/phone/door.h"
#include "cmd/phone/enrol_phone.h"
#include "cmd/phone/fetch.h"
#include "cmd/phone/memory.h"
#include "cmd/phone/tvscall.h"
#include "cmd/phone/web.h"
#include "cmd/try.h"
#include "trust/seen.h"
#include "trust/service.h"

/* What all listeners have, and no phone has a part in. */
#define FILE_NAME "ITLFile.tlv"

/* The phone that goes from door to door. */
struct visitor {
	const struct call *call;
	struct doctor *doctor;
	const struct config *config;
	const struct node *node;
	const struct model *model;
	struct memory *memory; /* NULL: it has none */
	bool judges;	       /* its ITL names who may answer */
};

/* A listener, and who is to answer there. */
struct listener_at {
	const char *name;    /* "HTTPS (tomcat)" */
	const char *service; /* which presents what it loaded */
	const char *store;   /* from this identity store */
	const char *also;    /* or from this one; NULL: no other */
	bool in_list; /* as this role of the phone's ITL; else TVS may vouch for it as well */
	enum role role;
	const char *host;
	int port;
	enum tls_version least;
};

/* What is wrong with a listener. */
enum fault {
	FAULT_SILENT,  /* nobody, no TLS that both speak, or no sense in what is said */
	FAULT_ANOTHER, /* who answers has a certificate that is none of ours */
	FAULT_UNKNOWN, /* it has the right one, which phones do not know */
};

/* One visit, from connecting on.  Borrowed by struct tls_call. */
struct visit {
	const struct visitor *who;
	const struct listener_at *at;
	struct cert *expected; /* NULL: the service was never started */
	struct door door;
	enum fault fault;
	struct err why; /* unless it is FAULT_SILENT */
};

/* ---- what to say ---- */

static bool
is_stopped(const struct visit *v)
{
	struct service now;

	return service_get(v->who->call->store, v->who->node->id, v->at->service, &now, NULL) ==
		   0 &&
	       !now.running;
}

static void
say_silent(const struct visit *v, const struct err *why)
{
	const struct listener_at *at = v->at;
	char todo[80];

	snprintf(todo, sizeof(todo), "trustlist service start %s", at->service);
	doctor_say(v->who->doctor, DOCTOR_FAIL, "ports", is_stopped(v) ? todo : TRY_LOOK_AT,
	    "%s does not answer on %s port %d: %.300s", at->name, at->host, at->port, why->text);
}

static void
say_another(const struct visit *v)
{
	const struct listener_at *at = v->at;
	char todo[120];

	snprintf(todo, sizeof(todo),
	    "another program has the port; which one says: ss -ltnp 'sport = :%d'", at->port);
	doctor_say(v->who->doctor, DOCTOR_FAIL, "ports", todo,
	    "%s is not who answers on %s port %d: %.300s", at->name, at->host, at->port,
	    v->why.text);
}

static void
say_unknown(const struct visit *v)
{
	const struct listener_at *at = v->at;

	doctor_say(v->who->doctor, DOCTOR_FAIL, "ports",
	    at->in_list ? "trustlist service restart TFTP: phones get a list that has it"
			: "trustlist service restart TVS",
	    "%s on %s port %d: a phone does not trust who answers: %.300s", at->name, at->host,
	    at->port, v->why.text);
}

static void
say_bad(const struct visit *v, const struct err *why)
{
	switch (v->fault) {
	case FAULT_SILENT:
		say_silent(v, why);
		return;
	case FAULT_ANOTHER:
		say_another(v);
		return;
	case FAULT_UNKNOWN:
		say_unknown(v);
		return;
	}
}

static void
say_good(const struct visit *v, const char *what)
{
	const struct listener_at *at = v->at;

	doctor_say(v->who->doctor, DOCTOR_OK, "ports", NULL, "%s answers on %s port %d: %s",
	    at->name, at->host, at->port, what);
}

/* ---- where ---- */

static struct listener_at
web_of(
    const struct visitor *who, const char *name, const char *store, const struct config_listener *l)
{
	return (struct listener_at){ .name = name,
		.service = "TFTP",
		.store = store,
		.host = try_reached_on(l->address, who->node),
		.port = l->port,
		.least = l->tls_min };
}

/* TVS and CAPF have certificates of their own name, and a role in the list. */
static struct listener_at
named_of(
    const struct visitor *who, const char *name, enum role role, const struct config_listener *l)
{
	struct listener_at at = web_of(who, name, name, l);

	at.service = name;
	at.in_list = true;
	at.role = role;
	return at;
}

/* ---- whom it speaks to ---- */

/* What the service loaded from that store; NULL: nothing. */
static struct cert *
loaded_from(const struct visit *v, const char *store)
{
	return service_cert(
	    v->who->call->store, v->who->node->id, v->at->service, store, &(int64_t){ 0 }, NULL);
}

/* Of the two that it may show, it is the other one: the rest of the visit is about that. */
static bool
is_other(struct visit *v, struct bytes der)
{
	struct cert *other = v->at->also != NULL ? loaded_from(v, v->at->also) : NULL;

	if (other == NULL || !bytes_eq(cert_der(other), der)) {
		cert_free(other);
		return false;
	}
	cert_free(v->expected);
	v->expected = other;
	return true;
}

/* On 6971 phones that know EC may be shown the node's other certificate: then that is the one. */
static bool
is_ec_twin(struct visit *v, struct bytes der)
{
	struct cert *twin = NULL;

	if (strcmp(v->at->store, "CallManager") == 0)
		twin = service_cert(v->who->call->store, v->who->node->id, v->at->service,
		    "CallManager-ECDSA", &(int64_t){ 0 }, NULL);
	if (twin == NULL || !bytes_eq(cert_der(twin), der)) {
		cert_free(twin);
		return false;
	}
	cert_free(v->expected);
	v->expected = twin;
	return true;
}

static int
check_expected(struct visit *v, struct bytes der)
{
	struct cert *shown;

	if (v->expected != NULL && bytes_eq(cert_der(v->expected), der))
		return 0;
	if (is_ec_twin(v, der))
		return 0;
	if (is_other(v, der))
		return 0;
	shown = cert_from_der(der, NULL);
	v->fault = FAULT_ANOTHER;
	err_set(&v->why, ERR_NO, "it shows the certificate of %.160s, which is not the %s of %s",
	    shown == NULL ? "?" : cert_subject(shown, CERT_CISCO), v->at->store,
	    v->who->node->name);
	cert_free(shown);
	return -1;
}

/* Is it who the cluster put there?  Then the phone's own judgement, as far as its list has one. */
static int
check(void *ctx, struct bytes der, struct err *e)
{
	struct visit *v = ctx;
	int rc = check_expected(v, der);

	if (rc == 0 && v->at->in_list && v->who->judges) {
		rc = door_check(&v->door, der, &v->why);
		v->fault = rc == 0 ? FAULT_SILENT : FAULT_UNKNOWN;
	}
	if (rc != 0 && e != NULL)
		*e = v->why;
	return rc;
}

static struct tls_call
call_of(struct visit *v)
{
	struct tls_rules rules = door_rules(v->who->model);

	/* A listener for what is newer than phones is tried with that. */
	if (rules.max < v->at->least)
		rules.max = v->at->least;
	return (struct tls_call){ .host = v->at->host,
		.port = (uint16_t)v->at->port,
		.rules = rules,
		.timeout_ms = TRY_TIMEOUT_MS,
		.check = check,
		.ctx = v };
}

static const struct tlist *
list_of(const struct visitor *who, enum memory_list which)
{
	return who->memory != NULL ? who->memory->list[which] : NULL;
}

static void
visit_begin(struct visit *v, const struct visitor *who, const struct listener_at *at)
{
	bool is_tvs = at->role == ROLE_TVS; /* which only the ITL names */

	*v = (struct visit){ .who = who,
		.at = at,
		.door = {
		    .list = { list_of(who, MEMORY_ITL), is_tvs ? NULL : list_of(who, MEMORY_CTL) },
		    .role = at->role,
		    .lists = is_tvs ? "the phone's ITL" : "the phone's lists" } };
	v->expected = loaded_from(v, at->store);
}

/* ---- TVS ---- */

/* seconds: how long a phone may remember that it knows the certificate; -1 when it does not. */
static int
ask_tvs(struct visit *v, struct tvs_request *request, int64_t *seconds, struct err *e)
{
	struct tvscaller tvs = tvscall_over_tls();
	struct tls_call call = call_of(v);
	struct tvscall_answer answer = { .version = TLS_USUAL };
	struct tvs_response r = { .status = TVS_NOT_TRUSTED };
	struct cert *found = NULL;
	struct wr message = { 0 };
	int rc;

	request->session = 1;
	snprintf(
	    request->device, sizeof(request->device), "CP-%s-%s", v->who->model->name, SEEN_NOBODY);
	tvs_request_encode(request, &message);
	rc = tvs.call(tvs.ctx, &call, wr_view(&message), &answer, e);
	if (rc == 0)
		rc = tvscall_read(&answer, request, &r, &found, e);
	*seconds = r.status == TVS_TRUSTED ? (int64_t)r.ttl : -1;
	cert_free(found);
	wr_free(&message);
	tvscall_answer_free(&answer);
	return rc;
}

/* What a phone asks that finds its configuration signed by somebody new. */
static int
ask_of_signer(struct visit *v, const struct cert *signer, int64_t *seconds, struct err *e)
{
	struct tvs_request request = { .command = TVS_QUERY_REQUEST,
		.subject = bytes_of(cert_subject(signer, CERT_CISCO)),
		.issuer = bytes_of(cert_issuer(signer, CERT_CISCO)),
		.serial = cert_serial(signer) };

	return ask_tvs(v, &request, seconds, e);
}

static void
say_tvs(const struct visit *v, const struct cert *signer, int64_t seconds)
{
	char what[300];

	snprintf(what, sizeof(what), "it vouches for %.160s, for %" PRId64 " seconds",
	    cert_subject(signer, CERT_CISCO), seconds);
	if (seconds >= 0)
		say_good(v, what);
	else
		doctor_say(v->who->doctor, DOCTOR_FAIL, "ports", "trustlist service restart TVS",
		    "TVS on %s port %d does not know the certificate that signs files, %.160s",
		    v->at->host, v->at->port, cert_subject(signer, CERT_CISCO));
}

static void
try_tvs(const struct visitor *who, const struct listener_at *at)
{
	struct cert *signer = service_cert(
	    who->call->store, who->node->id, "TFTP", "CallManager", &(int64_t){ 0 }, NULL);
	struct visit v;
	struct err e = { 0 };
	int64_t seconds;

	if (signer == NULL) /* a TFTP that was never started: said elsewhere */
		return;
	visit_begin(&v, who, at);
	if (ask_of_signer(&v, signer, &seconds, &e) == 0)
		say_tvs(&v, signer, seconds);
	else
		say_bad(&v, &e);
	cert_free(v.expected);
	cert_free(signer);
}

/* ---- HTTP and HTTPS ---- */

static void
try_http(const struct visitor *who, const struct listener_at *at)
{
	struct visit v = { .who = who, .at = at };
	struct fetch_server server = { .seconds = TRY_TIMEOUT_MS / 1000,
		.http_port = (uint16_t)at->port,
		.by_http_alone = true };
	struct fetcher f = fetch_over_network(&server);
	struct wr got = { 0 };
	struct err e = { 0 };

	snprintf(server.address.host, sizeof(server.address.host), "%s", at->host);
	server.address.port = (uint16_t)at->port;
	if (f.get(f.ctx, FILE_NAME, &got, &e) == FETCH_GOT)
		say_good(&v, FILE_NAME " came");
	else
		say_bad(&v, &e);
	wr_free(&got);
}

static int
send_over(void *ctx, struct bytes b, struct err *e)
{
	return tls_client_write(ctx, b, TRY_TIMEOUT_MS, e);
}

static int
receive_over(void *ctx, void *to, size_t n, struct err *e)
{
	return tls_client_read(ctx, to, n, TRY_TIMEOUT_MS, e);
}

static bool
is_in_list(const struct tlist *l, const struct cert *c)
{
	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (l->record[i].cert != NULL && cert_eq(l->record[i].cert, c))
			return true;
	return false;
}

/* What an 8800 does before it trusts an HTTPS server: it looks in its lists, then asks TVS.  Its
 * configuration, which would name that, is the default one and does not: it asks the node's. */
static int
judge_shown(struct visit *v, const char **by)
{
	const struct visitor *who = v->who;
	struct listener_at at = named_of(who, "TVS", ROLE_TVS, &who->config->tvs[0]);
	struct tvs_request request = { .command = TVS_VERIFY_REQUEST,
		.certificate = cert_der(v->expected) };
	struct visit tvs;
	int64_t seconds = -1;
	int rc;

	*by = "its certificate is that of the store";
	if (!who->judges)
		return 0;
	*by = "its certificate stands in the phone's ITL";
	if (is_in_list(list_of(who, MEMORY_ITL), v->expected))
		return 0;
	*by = "its certificate stands in the phone's CTL";
	if (is_in_list(list_of(who, MEMORY_CTL), v->expected))
		return 0;
	*by = "TVS vouches for its certificate";
	visit_begin(&tvs, who, &at);
	rc = ask_tvs(&tvs, &request, &seconds, &v->why);
	cert_free(tvs.expected);
	if (rc == 0 && seconds >= 0)
		return 0;
	v->fault = FAULT_UNKNOWN;
	if (rc == 0)
		return err_set(&v->why, ERR_NO,
		    "in no list of the phone, and TVS does not know it: %.200s",
		    cert_subject(v->expected, CERT_CISCO));
	return err_prefix(&v->why, "in no list of the phone, and TVS cannot be asked");
}

static int
fetch_through(struct visit *v, struct err *e)
{
	struct tls_call call = call_of(v);
	struct tls_client *tls = tls_client_connect(&call, e);
	struct web_line line = { send_over, receive_over, tls };
	struct wr got = { 0 };
	int rc = tls == NULL ? -1 : web_get(&line, v->at->host, FILE_NAME, &got, e);

	tls_client_close(tls);
	wr_free(&got);
	return rc;
}

static void
try_https(const struct visitor *who, const struct listener_at *at)
{
	struct visit v;
	struct err e = { 0 };
	const char *by;
	char what[160];

	visit_begin(&v, who, at);
	if (fetch_through(&v, &e) != 0 || judge_shown(&v, &by) != 0) {
		say_bad(&v, &e);
	} else {
		snprintf(what, sizeof(what), FILE_NAME " came; %s", by);
		say_good(&v, what);
	}
	cert_free(v.expected);
}

/* ---- CAPF ---- */

/* It speaks first, and asks who calls; a phone that says nothing to that is forgotten. */
static int
hear_capf(const struct enrol_line *line, struct err *e)
{
	struct wr said = { 0 };
	struct capf_message m;
	int rc = line->receive(line->ctx, &said, e);

	if (rc == 0)
		rc = capf_decode(wr_view(&said), CAPF_FROM_SERVER, &m, e);
	if (rc == 0 && m.command != CAPF_AUTH_REQUEST)
		rc = err_set(e, ERR_MALFORMED, "it begins with %s", capf_command_name(m.command));
	wr_free(&said);
	return rc;
}

static void
try_capf(const struct visitor *who, const struct listener_at *at)
{
	struct enrol_dialer dialer = enrol_over_tls();
	struct enrol_line line;
	struct tls_call call;
	struct visit v;
	struct err e = { 0 };
	int rc;

	visit_begin(&v, who, at);
	call = call_of(&v);
	rc = dialer.dial(dialer.ctx, &call, &line, &e);
	if (rc == 0) {
		rc = hear_capf(&line, &e);
		dialer.hang_up(dialer.ctx, &line);
	}
	if (rc == 0)
		say_good(&v, "hands shaken, it asks who calls");
	else
		say_bad(&v, &e);
	cert_free(v.expected);
}

/* ---- all of them ---- */

static void
try_web(const struct visitor *who)
{
	const struct config *config = who->config;
	struct listener_at plain = { .name = "HTTP",
		.service = "TFTP",
		.host = try_reached_on(config->http_address, who->node),
		.port = config->http_port };
	struct listener_at callmanager = web_of(who, "HTTPS", "CallManager", &config->https);
	struct listener_at tomcat = web_of(who, "HTTPS (tomcat)", "tomcat", &config->https_tomcat);

	callmanager.also = "CallManager-ECDSA";
	if (plain.port != 0)
		try_http(who, &plain);
	if (callmanager.port != 0)
		try_https(who, &callmanager);
	if (tomcat.port != 0)
		try_https(who, &tomcat);
}

static void
try_each(const struct visitor *who)
{
	struct listener_at at;

	try_web(who);
	for (size_t i = 0; i < CONFIG_LISTENERS; i++) {
		at = named_of(who, "TVS", ROLE_TVS, &who->config->tvs[i]);
		if (at.port != 0)
			try_tvs(who, &at);
	}
	for (size_t i = 0; i < CONFIG_LISTENERS && who->node->publisher; i++) {
		at = named_of(who, "CAPF", ROLE_CAPF, &who->config->capf[i]);
		if (at.port != 0)
			try_capf(who, &at);
	}
}

void
doors_try(const struct call *c, struct doctor *d, const struct config *config,
    const struct node *node, const char *memory)
{
	struct visitor who = { .call = c,
		.doctor = d,
		.config = config,
		.node = node,
		.model = model_of(TRY_MODEL_NEW),
		.memory = memory != NULL ? memory_load(memory, NULL) : NULL };
	const struct tlist *itl = list_of(&who, MEMORY_ITL);

	/* One that was emptied for a rollback lets nobody in, as it is meant to. */
	who.judges = itl != NULL && tlist_has_role(itl, ROLE_TVS);
	try_each(&who);
	memory_free(who.memory);
}
