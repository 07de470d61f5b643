#include "cmd/enrol_show.h"

#include <stdio.h>

enum { ASKED_MAX = 600 };

/* ---- what came of a call ---- */

static void
show_server(const struct enrol_report *r, struct out *o)
{
	char to[ADDRESS_TEXT_MAX];

	address_text(&r->to, to);
	out_text(o, "server", "CAPF", r->to.host[0] == '\0' ? NULL : to);
	out_bool(o, "capf_in_lists", NULL, r->to.host[0] != '\0' && !r->anyone);
	if (r->anyone)
		out_plain(o, "Whom it trusts", "anyone: no list of the phone names a CAPF");
}

static void
show_proof(const struct enrol_report *r, struct out *o)
{
	const char *shown = r->proof == IDENTITIES ? NULL : identity_name(r->proof);

	out_text(o, "auth", "Proof asked for", enrol_auth_word(r->auth));
	out_text(o, "shown", shown == NULL ? NULL : "It shows its", shown);
	out_bool(o, "hash_differs", NULL, r->hash_differs);
	if (r->hash_differs)
		out_plain(
		    o, "LSC", "not the one that its configuration has the hash of (certHash)");
}

static void
show_steps(const struct enrol_report *r, struct out *o)
{
	char text[ASKED_MAX];

	out_add_text(o, "asked", r->n == 0 ? NULL : "Asked", NULL);
	for (size_t i = 0; i < r->n; i++) {
		const struct enrol_step *s = &r->step[i];

		snprintf(text, sizeof(text), "%s%s%s: %s%s%s", capf_command_name(s->command),
		    s->what[0] != '\0' ? " " : "", s->what, s->done ? "done" : "declined",
		    s->why[0] != '\0' ? ", " : "", s->why);
		out_add_text(o, "asked", "Asked", text);
	}
}

static void
show_cert(const struct enrol_report *r, struct out *o)
{
	const struct enrol_cert *c = &r->cert;

	out_bool(o, "stored", NULL, r->stored);
	out_bool(o, "deleted", NULL, r->deleted);
	if (!r->has_cert)
		return;
	out_text(o, "subject", "Certificate", c->subject);
	out_text(o, "issuer", "Issuer", c->issuer);
	out_text(o, "serial", "Serial number", c->serial);
	out_time(o, "not_before", "Valid from", c->not_before);
	out_time(o, "not_after", "Valid until", c->not_after);
}

static void
show_reason(const struct enrol_report *r, struct out *o)
{
	char text[64];

	if (r->reason == ENROL_NO_REASON) {
		out_text(o, "reason", NULL, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%d, %s", r->reason, enrol_reason_text(r->reason));
	out_int(o, "reason", NULL, r->reason);
	out_text(o, "reason_text", NULL, enrol_reason_text(r->reason));
	out_plain(o, "END_SESSION", text);
}

void
enrol_show_report(const struct enrol_report *r, struct out *o)
{
	show_server(r, o);
	show_proof(r, o);
	show_steps(r, o);
	show_cert(r, o);
	show_reason(r, o);
	out_text(o, "why", r->why[0] == '\0' ? NULL : "Why", r->why);
	out_text(o, "result", "LSC operation", enrol_end_word(r->end));
}

void
enrol_show_in_boot(const struct enrol_report *r, struct out *o)
{
	static const char *const lines[] = { NULL }; /* each field on a line of its own */
	bool is_quiet =
	    r->end == ENROL_NOT_CALLED && r->auth == ENROL_BY_NOTHING && !r->hash_differs;

	out_table(o, "capf", lines);
	if (!is_quiet) {
		out_row(o);
		enrol_show_report(r, o);
	}
	out_table_end(o);
	if (!is_quiet)
		out_line(o, "%s", "");
}

static int
not_called(const char *name, const struct enrol_report *r, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "%s does not call CAPF: %s", name, r->why);
	switch (r->auth) {
	case ENROL_BY_STRING:
		return err_hint(e, "--auth-string-file FILE types it");
	case ENROL_BY_LSC:
	case ENROL_BY_MIC:
		return err_hint(e, "vphone manufacture gives it a MIC");
	case ENROL_BY_NOTHING:
	case ENROL_BY_NULL:
		break;
	}
	return err_hint(e, "a boot after the operation was scheduled tells the phone of it; or say "
			   "--capf ADDR and --auth");
}

int
enrol_answer(const char *name, const struct enrol_report *r, struct err *e)
{
	switch (r->end) {
	case ENROL_DONE:
		return 0;
	case ENROL_NOT_CALLED:
	case ENROL_NEEDS_HAND:
		return not_called(name, r, e);
	case ENROL_DECLINED:
	case ENROL_STRANGER:
		return err_set(e, ERR_NO, "%s: %s", name, r->why);
	case ENROL_UNREACHED:
		return err_set(e, ERR_FAILED, "%s: %s", name, r->why);
	case ENROL_GARBLED:
		break;
	}
	return err_set(e, ERR_MALFORMED, "%s: %s", name, r->why);
}

/* ---- what it has ---- */

static void
show_identity(const struct memory *m, enum identity_kind kind, struct out *o)
{
	const struct identity *i = &m->identity[kind];

	out_row(o);
	out_text(o, "kind", "Certificate", identity_name(kind));
	out_text(o, "state", "State",
	    i->cert != NULL ? "held"
	    : i->damaged    ? "damaged" /* the phone acts as if it had none */
			    : "none");
	if (i->cert == NULL)
		return;
	out_text(o, "subject", "Subject", cert_subject(i->cert, CERT_CISCO));
	out_text(o, "issuer", "Issuer", cert_issuer(i->cert, CERT_CISCO));
	out_time(o, "not_before", NULL, cert_not_before(i->cert));
	out_time(o, "not_after", "Expires", cert_not_after(i->cert));
	out_hex(o, "serial", NULL, cert_serial(i->cert));
	out_hex(o, "md5", NULL, cert_md5(i->cert));
}

void
enrol_show_identities(const struct memory *m, struct out *o)
{
	static const char *const headings[] = { "Certificate", "State", "Subject", "Issuer",
		"Expires", NULL };

	out_table(o, "certificates", headings);
	show_identity(m, IDENTITY_LSC, o);
	show_identity(m, IDENTITY_MIC, o);
	out_table_end(o);
}
