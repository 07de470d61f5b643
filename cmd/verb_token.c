#include "cmd/verb_token.h"

#include <stdlib.h>

#include "admin/secret.h"
#include "admin/token_option.h"
#include "cmd/phone/manufacture.h"
#include "trust/token.h"

/* Cisco's tokens have keys of 1024 bits; any phone can check those of 2048. */
enum { BITS = 2048, YEARS = 10, YEAR = 365 * 86400 };

/* In a table there is no room for all. */
static void
put_token(struct out *o, const struct token_info *t, bool row)
{
	out_text(o, "label", "Label", t->label[0] == '\0' ? NULL : t->label);
	out_text(o, "serial", "Token serial", t->serial);
	out_text(o, "model", row ? NULL : "Model", t->model);
	out_text(o, "subject", "Subject", t->cert ? cert_subject(t->cert, CERT_CISCO) : NULL);
	if (t->cert == NULL)
		return;
	out_hex(o, "certificate_serial", row ? NULL : "Certificate serial", cert_serial(t->cert));
	out_time(o, "not_after", "Expires", cert_not_after(t->cert));
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Label", "Token serial", "Subject", "Expires",
		NULL };
	struct token_module *m = token_option_module(c, e);
	struct token_info *all;
	size_t n;

	if (m == NULL)
		return -1;
	if (token_list(m, &all, &n, e) != 0) {
		token_module_close(m);
		return -1;
	}
	out_table(o, "tokens", headings);
	for (size_t i = 0; i < n; i++) {
		/* SoftHSM shows one more than there are, to be initialised. */
		if (!all[i].initialised)
			continue;
		out_row(o);
		put_token(o, &all[i], true);
	}
	out_table_end(o);
	token_list_free(all, n);
	token_module_close(m);
	return 0;
}

/* Both PINs, from files or typed. */
static int
read_pins(const struct call *c, struct wr *pin, struct wr *so_pin, struct err *e)
{
	if (secret_read(c, "pin-file", "PIN", pin, e) != 0)
		return -1;
	return secret_read(c, "so-pin-file", "security officer's PIN", so_pin, e);
}

static int
make(const struct call *c, const struct factory *f, struct token_want *want, struct out *o,
    struct err *e)
{
	struct token_module *m = token_option_module(c, e);
	struct token_info made;
	int rc;

	if (m == NULL)
		return -1;
	want->issuer = f->cert;
	want->issuer_key = f->key;
	want->not_before = c->now;
	want->not_after = c->now + (int64_t)YEARS * YEAR;
	rc = token_make(m, want, &made, e);
	if (rc == 0)
		put_token(o, &made, false);
	token_info_clear(&made);
	token_module_close(m);
	return rc;
}

static int
run_init(const struct call *c, struct out *o, struct err *e)
{
	struct wr pin = { 0 }, so_pin = { 0 };
	struct token_want want = { .label = call_option(c, "label") };
	struct factory f = { .cert = NULL };
	int64_t bits;
	bool made;
	int rc = -1;

	if (call_int(c, "bits", 1024, 4096, BITS, &bits, e) == 0 &&
	    read_pins(c, &pin, &so_pin, e) == 0 &&
	    factory_open(call_option(c, "ca"), c->now, &f, &made, e) == 0) {
		want.bits = (int)bits;
		want.pin = wr_view(&pin);
		want.so_pin = wr_view(&so_pin);
		rc = make(c, &f, &want, o, e);
	}
	factory_clear(&f);
	wr_wipe(&pin);
	wr_wipe(&so_pin);
	return rc;
}

static const struct verb verbs[] = {
	{ .words = "token list",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "Lists the security tokens that are plugged in",
	    .option = { TOKEN_MODULE_OPTION },
	    .apart = true,
	    .run = run_list },
	{ .words = "token init",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_ADMIN,
	    .help = "Makes a blank token one that signs CTLs: its key on it, and a certificate",
	    .option = { TOKEN_MODULE_OPTION,
		{ .name = "label",
		    .metavar = "LABEL",
		    .help = "SAST-ADN0054f509 or the like; else one is made up" },
		{ .name = "ca",
		    .metavar = "FILE",
		    .help = "the manufacturer's CA, certificate and key in PEM; made when missing",
		    .must = true,
		    .takes = VALUE_OUT },
		{ .name = "pin-file",
		    .metavar = "FILE",
		    .help = "the token's PIN to be; - is standard input; else it is asked for",
		    .takes = VALUE_SECRET },
		{ .name = "so-pin-file",
		    .metavar = "FILE",
		    .help = "the security officer's PIN to be, likewise",
		    .takes = VALUE_SECRET },
		{ .name = "bits", .metavar = "N", .help = "1024, 2048 or 4096; else 2048" } },
	    .host_only = "whoever makes a token has it in his hand",
	    .run = run_init },
};

const struct verb_set token_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
