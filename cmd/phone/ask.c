#include "cmd/phone/ask.h"

#include <stdio.h>
#include <string.h>

#include "cmd/phone/door.h"
#include "cmd/phone/when.h"
#include "trust/role.h"

enum { FIRST_SESSION = 1001 }; /* as an 8861 counts (TechNote 213407) */

/* One question, from the first member to the last. */
struct asking {
	struct asker *a;
	const struct ask_phone *phone;
	struct tvs_request *request;
	struct ask_report *report;
};

const char *
ask_attempt_word(enum ask_attempt_outcome outcome)
{
	static const char *const word[] = {
		[ATTEMPT_ANSWERED] = "answered",
		[ATTEMPT_LOST] = "unreachable",
		[ATTEMPT_STRANGER] = "wrong-certificate",
		[ATTEMPT_GARBLED] = "bad-answer",
	};

	return word[outcome];
}

const char *
ask_end_word(enum ask_end end)
{
	static const char *const word[] = {
		[ASK_NOT_ASKED] = "not-asked",
		[ASK_REMEMBERED] = "remembered",
		[ASK_VOUCHED] = "vouched",
		[ASK_UNKNOWN] = "unknown",
		[ASK_UNREACHED] = "unreachable",
	};

	return word[end];
}

void
asker_free(struct asker *a)
{
	vouched_clear(&a->vouched);
}

/* ---- what is answered ---- */

/* Roles and certificate become the asker's last answer. */
static void
take_vouched(struct asking *x, const struct tvs_response *r, struct cert *queried)
{
	struct vouched *v = &x->a->vouched;

	vouched_clear(v);
	v->cert = queried != NULL ? queried : cert_from_der(x->request->certificate, NULL);
	if (r->roles.n > 0)
		memcpy(v->role, r->roles.p, r->roles.n);
	v->roles = r->roles.n;
	v->expires = x->phone->now + r->ttl;
}

/* A phone whose memory cannot be written trusts the answer all the same; it will ask again. */
static void
take_answer(struct asking *x, const struct tvs_response *r, struct cert *queried)
{
	if (r->status != TVS_TRUSTED) {
		x->report->end = ASK_UNKNOWN;
		return;
	}
	take_vouched(x, r, queried);
	x->report->end = ASK_VOUCHED;
	if (r->ttl > 0)
		vouched_keep(x->phone->memory->folder, &x->a->vouched, NULL);
}

/* ---- whom it asks ---- */

static enum ask_attempt_outcome
why_not(const struct door *door, const struct tvscall_answer *answer, const struct err *e)
{
	if (door->is_stranger)
		return ATTEMPT_STRANGER;
	return answer->server_cert.n > 0 && e->code == ERR_MALFORMED ? ATTEMPT_GARBLED
								     : ATTEMPT_LOST;
}

static enum ask_attempt_outcome
exchange(struct asking *x, const struct tls_call *to, struct bytes message, struct err *e)
{
	struct tvscall_answer answer = { .version = TLS_USUAL };
	enum ask_attempt_outcome outcome = ATTEMPT_ANSWERED;
	struct tvs_response response;
	struct cert *cert;

	if (x->a->tvs.call(x->a->tvs.ctx, to, message, &answer, e) != 0) {
		outcome = why_not(to->ctx, &answer, e);
	} else if (tvscall_read(&answer, x->request, &response, &cert, e) != 0) {
		outcome = ATTEMPT_GARBLED;
		err_prefix(e, "TVS on %s port %u", to->host, to->port);
	} else {
		take_answer(x, &response, cert);
	}
	tvscall_answer_free(&answer);
	return outcome;
}

static void
attempt(struct asking *x, const struct devconf_server *member)
{
	struct ask_attempt *at = &x->report->attempt[x->report->n++];
	struct door door = { .list = { x->phone->memory->list[MEMORY_ITL] },
		.role = ROLE_TVS,
		.lists = "the phone's ITL" };
	struct tls_call to = { .host = member->host,
		.port = member->port,
		.rules = door_rules(x->phone->model),
		.timeout_ms = x->a->timeout_ms > 0 ? x->a->timeout_ms : ASK_TIMEOUT_MS,
		.check = door_check,
		.ctx = &door };
	struct wr message = { 0 };
	struct err why = { 0 };

	at->to.port = member->port;
	snprintf(at->to.host, sizeof(at->to.host), "%s", member->host);
	x->request->session = FIRST_SESSION + x->a->sessions++;
	tvs_request_encode(x->request, &message);
	x->report->request = message.n;
	at->outcome = exchange(x, &to, wr_view(&message), &why);
	snprintf(at->why, sizeof(at->why), "%s", why.text);
	wr_free(&message);
}

/* Of the configuration it accepted last: the one that is being judged tells it nothing yet. */
static int
members_of(const struct memory *m, struct devconf_read *out, struct err *e)
{
	struct wr config = { 0 };
	int rc = memory_config(m, &config, e);

	if (rc == 0 && devconf_read(wr_view(&config), out, e) != 0)
		rc = err_prefix(e, "the phone's configuration");
	wr_free(&config);
	if (rc == 0 && out->tvs_n == 0)
		return err_set(e, ERR_NOT_FOUND, "the phone's configuration names no TVS");
	return rc;
}

static void
add_why(struct ask_report *r, const char *why)
{
	size_t n = strlen(r->why);

	snprintf(r->why + n, sizeof(r->why) - n, "%s%s", n > 0 ? "; " : "", why);
}

/* What stands in a foreign file may be longer than any question. */
static bool
fits(const struct tvs_request *r)
{
	return r->subject.n <= TVS_NAME_MAX && r->issuer.n <= TVS_NAME_MAX &&
	       r->serial.n <= TVS_SERIAL_MAX;
}

static void
ask_members(struct asking *x)
{
	struct ask_report *r = x->report;
	struct devconf_read config;
	struct err e = { 0 };

	r->end = ASK_UNREACHED;
	if (!fits(x->request)) {
		add_why(r, "the signer's names are too long for a question");
		return;
	}
	if (members_of(x->phone->memory, &config, &e) != 0) {
		add_why(r, e.text);
		return;
	}
	for (size_t i = 0; i < config.tvs_n && r->end == ASK_UNREACHED; i++) {
		attempt(x, &config.tvs[i]);
		add_why(r, r->attempt[i].why);
	}
	if (r->end != ASK_UNREACHED)
		r->why[0] = '\0';
}

static void
remember(struct asking *x)
{
	char when[WHEN_MAX];

	when_text(x->a->vouched.expires, when);
	x->report->end = ASK_REMEMBERED;
	snprintf(x->report->why, sizeof(x->report->why),
	    "an answer it remembers, and that holds until %s", when);
}

static void
ask(struct asking *x)
{
	struct vouched *v = &x->a->vouched;
	struct ask_report *r = x->report;

	*r = (struct ask_report){ .n = 0 };
	vouched_clear(v);
	snprintf(x->request->device, sizeof(x->request->device), "CP-%s-%s", x->phone->model->name,
	    x->phone->name);
	if (vouched_find(x->phone->memory->folder, x->request, x->phone->now, v))
		remember(x);
	else
		ask_members(x);
	if (v->cert == NULL)
		return;
	memcpy(r->role, v->role, v->roles);
	r->roles = v->roles;
	r->expires = v->expires;
	r->ttl = (uint32_t)(v->expires - x->phone->now);
}

struct judge_tvs
ask_signer(
    void *ctx, const struct ask_phone *p, const struct judgement *about, struct ask_report *out)
{
	struct asker *a = ctx;
	struct tvs_request request = { .command = TVS_QUERY_REQUEST,
		.subject = bytes_of(about->signer),
		.issuer = bytes_of(about->issuer),
		.serial = about->serial };
	struct asking x = { a, p, &request, out };

	ask(&x);
	if (a->vouched.cert != NULL)
		return (struct judge_tvs){ .state = TVS_VOUCHED,
			.cert = a->vouched.cert,
			.roles = a->vouched.role,
			.roles_n = a->vouched.roles };
	return (
	    struct judge_tvs){ .state = out->end == ASK_UNKNOWN ? TVS_UNKNOWN : TVS_UNREACHABLE };
}

void
ask_cert(
    struct asker *a, const struct ask_phone *p, const struct cert *shown, struct ask_report *out)
{
	struct tvs_request request = { .command = TVS_VERIFY_REQUEST,
		.certificate = cert_der(shown) };
	struct asking x = { a, p, &request, out };

	ask(&x);
}
