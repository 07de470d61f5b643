#include "admin/verb_file.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/signed_file.h"
#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "trust/key.h"

int
file_option_digest(const struct call *c, enum digest *out, struct err *e)
{
	const char *word = call_option(c, "digest");
	int digest = word == NULL ? DIGEST_SHA1 : digest_of(word);

	if (digest < 0)
		return err_set(e, ERR_USAGE, "--digest %s: neither sha1 nor sha512", word);
	*out = (enum digest)digest;
	return 0;
}

int
file_option_order(const struct call *c, enum layout fallback, enum layout *out, struct err *e)
{
	const char *word = call_option(c, "order");
	int layout = word == NULL ? (int)fallback : layout_of(word);

	if (layout < 0)
		return err_set(e, ERR_USAGE, "--order %s: neither cisco nor compat", word);
	*out = (enum layout)layout;
	return 0;
}

int
file_option_timestamp(const struct call *c, uint32_t *out, struct err *e)
{
	int64_t when;

	if (call_int(c, "timestamp", 0, UINT32_MAX, c->now, &when, e) != 0)
		return -1;
	*out = (uint32_t)when;
	return 0;
}

static bool
is_stream(const char *path)
{
	return strcmp(path, "-") == 0;
}

int
file_check_out(const struct call *c, const char *input, struct err *e)
{
	const char *path = call_option(c, "out");
	struct stat to, from;

	if (is_stream(path) || stat(path, &to) != 0)
		return 0;
	if (!S_ISREG(to.st_mode)) {
		err_set(e, ERR_USAGE, "--out %s: not a file", path);
		return err_hint(e, "--out - writes to standard output");
	}
	if (is_stream(input) || stat(input, &from) != 0)
		return 0;
	if (to.st_dev == from.st_dev && to.st_ino == from.st_ino)
		return err_set(e, ERR_USAGE, "--out %s would overwrite the input %s", path, input);
	return 0;
}

int
file_write_out(
    const struct call *c, struct out *o, struct bytes content, mode_t mode, struct err *e)
{
	const char *path = call_option(c, "out");

	if (is_stream(path)) {
		out_raw(o, content);
		return 0;
	}
	if (file_replace(path, content, mode, e) != 0)
		return -1;
	out_text(o, "out", "Written", path);
	out_int(o, "size", "Size", (int64_t)content.n);
	return 0;
}

void
file_show_signed(struct out *o, const char *name, const struct cert *signer, enum digest digest,
    uint32_t timestamp)
{
	out_text(o, "name", "Name", name);
	out_text(o, "signer", "Signer", cert_subject(signer, CERT_CISCO));
	out_text(o, "digest", "Digest", digest_word(digest));
	out_time(o, "signed_at", "Signed at", timestamp);
}

int
file_load_signed(const struct call *c, struct wr *content, struct signed_file *f, struct err *e)
{
	const char *path = c->arg[0];

	content->max = SIGNED_FILE_MAX;
	if (file_read(path, SIGNED_FILE_MAX, content, e) != 0)
		return -1;
	if (signed_file_decode(wr_view(content), f, e) != 0)
		return err_prefix(e, "%s", path);
	return 0;
}

/* Against a list's own record: it is whole, and that is all. */
static int
check_self(const struct signed_file *f, const char *path, struct err *e)
{
	if (f->list != NULL)
		return signed_file_check_self(f, e);
	err_set(e, ERR_USAGE, "%s: whose signature is it to have?", path);
	return err_hint(e, "--with CERT.pem, or --with ITLFile.tlv");
}

static void
show_head(struct out *o, const struct signed_file *f, const char *path)
{
	out_text(o, "file", "File", path);
	out_text(o, "format", "Format", inspect_kind_word(f->kind));
	out_text(o, "name", "Name", f->head->filename);
	out_text(o, "signer", "Signer", f->head->signer_name);
	out_text(o, "digest", "Digest", digest_word(f->head->digest));
	out_time(o, "signed_at", "Signed at", f->head->timestamp);
}

static int
check(const struct call *c, struct out *o, const struct signed_file *f, struct err *e)
{
	const char *with = call_option(c, "with");
	char by[512] = "its own SAST record";
	int rc = with == NULL ? check_self(f, c->arg[0], e)
			      : signed_file_check(f, with, by, sizeof(by), e);

	/* Nothing was checked when there was nothing of use to check against. */
	if (rc != 0 && e->code != ERR_NO)
		return rc;
	show_head(o, f, c->arg[0]);
	out_text(o, "checked_against", "Checked against", by);
	out_bool(o, "verified", "Verified", rc == 0);
	if (with == NULL)
		out_line(o,
		    "Anybody can make a list that agrees with itself; --with checks it against "
		    "what you trust.");
	return rc;
}

static int
file_verify(const struct call *c, struct out *o, struct err *e)
{
	struct wr content = { 0 };
	struct signed_file f = { 0 };
	int rc = file_load_signed(c, &content, &f, e);

	if (rc == 0)
		rc = check(c, o, &f, e);
	else if (e->code == ERR_MALFORMED || e->code == ERR_LIMIT)
		e->code = ERR_NO; /* what cannot be read is not verified: the answer asked for */
	signed_file_free(&f);
	wr_free(&content);
	return rc;
}

struct cert *
file_load_cert(const char *path, struct err *e)
{
	struct wr text = { 0 };
	struct cert *c = NULL;

	if (file_read(path, TLIST_MAX, &text, e) == 0) {
		c = cert_from_pem(wr_view(&text), e);
		if (c == NULL)
			err_prefix(e, "%s", path);
	}
	wr_wipe(&text); /* its key may stand beside it */
	return c;
}

/* The name in the header is what phones ask for: that of the file written. */
int
file_name_to_sign(const struct call *c, char **name, struct err *e)
{
	const char *given = call_option(c, "filename"), *out = call_option(c, "out");
	char *copy;

	*name = NULL;
	if (given == NULL && is_stream(out)) {
		err_set(e, ERR_USAGE, "the name to sign is not known when --out is -");
		return err_hint(e, "--filename NAME");
	}
	copy = mem_text(out);
	*name = mem_text(given != NULL ? given : basename(copy));
	free(copy);
	return 0;
}

static int
plan_sign(const struct call *c, struct sgn_plan *plan, struct err *e)
{
	if (file_option_digest(c, &plan->digest, e) != 0 ||
	    file_option_order(c, LAYOUT_COMPAT, &plan->layout, e) != 0 ||
	    file_option_timestamp(c, &plan->timestamp, e) != 0)
		return -1;
	if (file_check_out(c, c->arg[0], e) != 0)
		return -1;
	return file_check_out(c, call_option(c, "key"), e);
}

static int
wrap(const struct call *c, const struct sgn_plan *plan, const struct signer *signer, struct out *o,
    struct err *e)
{
	struct wr payload = { .max = SIGNED_FILE_MAX },
		  file = { .max = 2 * (size_t)SIGNED_FILE_MAX };
	int rc = file_read(c->arg[0], SIGNED_FILE_MAX, &payload, e);

	if (rc == 0)
		rc = sgn_wrap(plan, wr_view(&payload), signer, &file, e);
	if (rc == 0)
		rc = file_write_out(c, o, wr_view(&file), 0644, e);
	if (rc == 0)
		file_show_signed(o, plan->filename, signer->cert, plan->digest, plan->timestamp);
	wr_free(&payload);
	wr_free(&file);
	return rc;
}

static int
file_sign(const struct call *c, struct out *o, struct err *e)
{
	struct sgn_plan plan = { 0 };
	struct key *key = NULL;
	struct cert *cert = NULL;
	struct signer signer;
	char *name = NULL;
	int rc = -1;

	if (plan_sign(c, &plan, e) != 0 || file_name_to_sign(c, &name, e) != 0)
		goto out;
	if (key_load_pair(call_option(c, "key"), &key, &cert, e) != 0)
		goto out;
	plan.filename = name;
	signer = key_signer(key, cert);
	rc = wrap(c, &plan, &signer, o, e);
out:
	free(name);
	cert_free(cert);
	key_free(key);
	return rc;
}

static int
payload_of(const struct signed_file *f, const char *path, struct bytes *payload, struct err *e)
{
	if (f->kind == INSPECT_SIGNED) {
		*payload = f->sgn.payload;
		return 0;
	}
	err_set(e, ERR_USAGE, "%s is not a signed file but: %s", path, inspect_kind_word(f->kind));
	if (f->kind == INSPECT_ENCRYPTED)
		err_hint(e, "trustlist file decrypt opens it, with the phone's key");
	return -1;
}

static int
file_strip(const struct call *c, struct out *o, struct err *e)
{
	struct wr content = { 0 };
	struct signed_file f = { 0 };
	struct bytes payload;
	int rc = file_check_out(c, c->arg[0], e);

	if (rc == 0)
		rc = file_load_signed(c, &content, &f, e);
	if (rc == 0)
		rc = payload_of(&f, c->arg[0], &payload, e);
	if (rc == 0)
		rc = file_write_out(c, o, payload, 0644, e);
	if (rc == 0)
		out_bool(o, "verified", "Signature verified", false);
	signed_file_free(&f);
	wr_free(&content);
	return rc;
}

/* What more than one verb takes. */
#define OPTION_OUT                                                                                 \
	{                                                                                          \
		"out", "FILE", "where to; - is standard output", .must = true, .takes = VALUE_OUT  \
	}
#define OPTION_SIGNER                                                                              \
	{                                                                                          \
		"key", "SIGNER.pem", "the signer's certificate and key", .must = true,             \
									 .takes = VALUE_SECRET     \
	}
#define OPTION_DIGEST                                                                              \
	{                                                                                          \
		"digest", "DIGEST", "sha1 (without it) or sha512"                                  \
	}
#define OPTION_TIMESTAMP                                                                           \
	{                                                                                          \
		"timestamp", "UNIX", "when it was signed; else now"                                \
	}
#define OPTION_WITH                                                                                \
	{                                                                                          \
		"with", "FILE", "CERT.pem that signed it, or a list with its record",              \
		    .takes = VALUE_FILE                                                            \
	}

static const struct verb verbs[] = {
	{
	    .words = "file inspect",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .help = "Shows any list, signed file or certificate, and what is wrong with it",
	    .takes = VALUE_FILE,
	    .run = file_inspect,
	},
	{
	    .words = "file verify",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .help = "Checks a signature; without --with a list is checked against itself",
	    .option = { OPTION_WITH },
	    .takes = VALUE_FILE,
	    .run = file_verify,
	},
	{
	    .words = "file sign",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .help = "Puts a signed header before a file",
	    .option = { OPTION_SIGNER, OPTION_OUT, OPTION_DIGEST,
		{ .name = "filename",
		    .metavar = "NAME",
		    .help = "the name that is signed; else that of the file written" },
		OPTION_TIMESTAMP,
		{ .name = "order",
		    .metavar = "ORDER",
		    .help = "compat (without it: the bytes that other tools write) or cisco" } },
	    .takes = VALUE_FILE,
	    .run = file_sign,
	},
	{
	    .words = "file strip",
	    .args = "FILE.sgn",
	    .least = 1,
	    .most = 1,
	    .help = "Takes the header off a signed file; does not check the signature",
	    .option = { OPTION_OUT },
	    .takes = VALUE_FILE,
	    .run = file_strip,
	},
	{
	    .words = "file build-list",
	    .args = "",
	    .help = "Makes and signs a trust list",
	    .option = { OPTION_SIGNER,
		{ .name = "record",
		    .metavar = "ROLE=CERT.pem",
		    .many = true,
		    .must = true,
		    .help = "a certificate and its role, in the order of the list",
		    .takes = VALUE_ROLE_FILE },
		OPTION_OUT, OPTION_DIGEST,
		{ .name = "signer-version", .metavar = "VERSION", .help = "1.0 or 1.1; else none" },
		{ .name = "filename",
		    .metavar = "NAME",
		    .help = "ITLFile.tlv (without it) or CTLFile.tlv" },
		OPTION_TIMESTAMP,
		{ .name = "order",
		    .metavar = "ORDER",
		    .help = "cisco (without it) or compat: the bytes that other tools write" } },
	    .run = file_build_list,
	},
	{
	    .words = "file encrypt",
	    .args = "FILE",
	    .least = 1,
	    .most = 1,
	    .help = "Encrypts a configuration to a phone's certificate, and signs it",
	    .option = { { .name = "for",
			    .metavar = "DEVICE.pem",
			    .must = true,
			    .help = "the phone's certificate, LSC or MIC",
			    .takes = VALUE_FILE },
		OPTION_SIGNER, OPTION_OUT, OPTION_DIGEST,
		{ .name = "filename",
		    .metavar = "NAME",
		    .help = "the name that is signed; else that of the file written" },
		OPTION_TIMESTAMP,
		{ .name = "order",
		    .metavar = "ORDER",
		    .help = "compat (without it: as other tools write) or cisco" } },
	    .takes = VALUE_FILE,
	    .run = file_encrypt,
	},
	{
	    .words = "file decrypt",
	    .args = "FILE.enc.sgn",
	    .least = 1,
	    .most = 1,
	    .help = "Opens an encrypted configuration; checks the signature only --with",
	    .option = { { .name = "key",
			    .metavar = "DEVICE.pem",
			    .must = true,
			    .help = "the phone's private key",
			    .takes = VALUE_SECRET },
		OPTION_OUT, OPTION_WITH },
	    .takes = VALUE_FILE,
	    .run = file_decrypt,
	},
};

const struct verb_set file_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
