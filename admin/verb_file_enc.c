/*
 * Encrypted configuration: file encrypt, file decrypt.
 */
#include <stdlib.h>

#include "admin/signed_file.h"
#include "admin/verb_file.h"
#include "base/file.h"
#include "trust/enc.h"
#include "trust/key.h"

/* ---- file decrypt ---- */

/* Opens what the signature, if it is to be checked at all, has vouched for. */
static int
open_enc(const struct call *c, const struct signed_file *f, struct key *key, struct wr *plain,
    struct err *e)
{
	const char *with = call_option(c, "with");
	struct opener opener = key_opener(key);
	char by[512];

	if (f->kind != INSPECT_ENCRYPTED)
		return err_set(e, ERR_USAGE, "%s is not an encrypted configuration but: %s",
		    c->arg[0], inspect_kind_word(f->kind));
	if (with != NULL && signed_file_check(f, with, by, sizeof(by), e) != 0)
		return -1;
	return enc_open(&f->enc, &opener, plain, e);
}

static int
decrypt(const struct call *c, const struct signed_file *f, struct out *o, struct err *e)
{
	struct key *key = key_load(call_option(c, "key"), e);
	struct wr plain = { .max = SIGNED_FILE_MAX };
	int rc = key == NULL ? -1 : open_enc(c, f, key, &plain, e);

	if (rc == 0) /* it was encrypted for a reason */
		rc = file_write_out(c, o, wr_view(&plain), 0600, e);
	if (rc == 0)
		out_bool(o, "verified", "Signature verified", call_has(c, "with"));
	wr_wipe(&plain);
	key_free(key);
	return rc;
}

int
file_decrypt(const struct call *c, struct out *o, struct err *e)
{
	struct wr content = { 0 };
	struct signed_file f = { 0 };
	int rc = -1;

	if (file_check_out(c, c->arg[0], e) != 0 ||
	    file_check_out(c, call_option(c, "key"), e) != 0)
		return -1;
	if (file_load_signed(c, &content, &f, e) == 0)
		rc = decrypt(c, &f, o, e);
	signed_file_free(&f);
	wr_free(&content);
	return rc;
}

/* ---- file encrypt ---- */

static int
plan_seal(const struct call *c, struct enc_plan *plan, struct err *e)
{
	if (file_option_digest(c, &plan->digest, e) != 0 ||
	    file_option_order(c, LAYOUT_COMPAT, &plan->layout, e) != 0 ||
	    file_option_timestamp(c, &plan->timestamp, e) != 0)
		return -1;
	if (file_check_out(c, c->arg[0], e) != 0 ||
	    file_check_out(c, call_option(c, "for"), e) != 0)
		return -1;
	return file_check_out(c, call_option(c, "key"), e);
}

static int
seal(const struct call *c, const struct enc_plan *plan, const struct cert *phone,
    const struct signer *signer, struct out *o, struct err *e)
{
	struct wr plain = { .max = SIGNED_FILE_MAX }, file = { 0 };
	int rc = file_read(c->arg[0], SIGNED_FILE_MAX, &plain, e);

	if (rc == 0)
		rc = enc_seal(plan, wr_view(&plain), phone, signer, &file, e);
	if (rc == 0)
		rc = file_write_out(c, o, wr_view(&file), 0644, e);
	if (rc == 0) {
		file_show_signed(o, plan->filename, signer->cert, plan->digest, plan->timestamp);
		out_text(o, "for", "For", cert_subject(phone, CERT_CISCO));
	}
	wr_wipe(&plain);
	wr_free(&file);
	return rc;
}

int
file_encrypt(const struct call *c, struct out *o, struct err *e)
{
	struct enc_plan plan = { 0 };
	struct key *key = NULL;
	struct cert *by = NULL, *phone = NULL;
	struct signer signer;
	char *name = NULL;
	int rc = -1;

	if (plan_seal(c, &plan, e) != 0 || file_name_to_sign(c, &name, e) != 0)
		goto out;
	phone = file_load_cert(call_option(c, "for"), e);
	if (phone == NULL || key_load_pair(call_option(c, "key"), &key, &by, e) != 0)
		goto out;
	plan.filename = name;
	signer = key_signer(key, by);
	rc = seal(c, &plan, phone, &signer, o, e);
out:
	free(name);
	cert_free(phone);
	cert_free(by);
	key_free(key);
	return rc;
}
