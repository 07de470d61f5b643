#include "admin/signed_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "trust/role.h"

static int
decode_list(struct signed_file *f, struct err *e)
{
	f->list = tlist_decode(f->whole, e);
	if (f->list == NULL)
		return -1;
	f->head = &f->list->head;
	return 0;
}

static int
decode_sgn(struct signed_file *f, struct err *e)
{
	f->head = &f->sgn.head;
	return sgn_unwrap(f->whole, &f->sgn, e);
}

static int
decode_enc(struct signed_file *f, struct err *e)
{
	f->head = &f->enc.head;
	return enc_decode(f->whole, &f->enc, e);
}

int
signed_file_decode(struct bytes whole, struct signed_file *out, struct err *e)
{
	*out = (struct signed_file){ .kind = inspect_kind_of(whole), .whole = whole };
	switch (out->kind) {
	case INSPECT_LIST:
		return decode_list(out, e);
	case INSPECT_SIGNED:
		return decode_sgn(out, e);
	case INSPECT_ENCRYPTED:
		return decode_enc(out, e);
	default:
		return err_set(
		    e, ERR_MALFORMED, "not a signed file but: %s", inspect_kind_word(out->kind));
	}
}

void
signed_file_free(struct signed_file *f)
{
	tlist_free(f->list);
	*f = (struct signed_file){ 0 };
}

/* A key that cannot have signed anything is a no like any other. */
static int
verify(const struct signed_file *f, const struct cert *c, struct err *e)
{
	int rc = sighdr_verify(f->head, f->whole, c, e);

	if (rc != 0)
		e->code = ERR_NO;
	return rc;
}

int
signed_file_check_self(const struct signed_file *f, struct err *e)
{
	int rc = tlist_verify_self(f->list, e);

	if (rc != 0)
		e->code = ERR_NO;
	return rc;
}

static int
check_by_cert(const struct signed_file *f, struct cert *c, const char *with, char *by, size_t size,
    struct err *e)
{
	int rc;

	if (c == NULL)
		return err_prefix(e, "%s", with);
	snprintf(by, size, "%s in %s", cert_subject(c, CERT_CISCO), with);
	rc = verify(f, c, e);
	cert_free(c);
	return rc;
}

static bool
may_have_signed(const struct signed_file *f, const struct tlist_record *r)
{
	bool may =
	    f->kind == INSPECT_LIST ? role_may_sign_lists(r->role) : role_may_sign_files(r->role);

	return may && r->cert != NULL && sighdr_names(f->head, r->cert);
}

/* More than one record may name the signer: a forger can copy a name, but not the key. */
static int
check_by_records(const struct signed_file *f, const struct tlist *l, const char *with, char *by,
    size_t size, struct err *e)
{
	err_set(e, ERR_NO, "signed by %s, for whom %s has no record that may sign this",
	    f->head->signer_name, with);
	for (size_t i = 0; i < l->n; i++) {
		const struct tlist_record *r = &l->record[i];

		if (!may_have_signed(f, r) || verify(f, r->cert, e) != 0)
			continue;
		snprintf(by, size, "%s, the %s of record %zu in %s",
		    cert_subject(r->cert, CERT_CISCO), role_word(r->role), i + 1, with);
		err_clear(e);
		return 0;
	}
	return -1;
}

static int
check_by_list(const struct signed_file *f, struct bytes content, const char *with, char *by,
    size_t size, struct err *e)
{
	struct tlist *l = tlist_decode(content, e);
	int rc;

	if (l == NULL)
		return err_prefix(e, "%s", with);
	snprintf(by, size, "the records of %s", with);
	rc = check_by_records(f, l, with, by, size, e);
	tlist_free(l);
	return rc;
}

static int
check_by(const struct signed_file *f, struct bytes content, const char *with, char *by, size_t size,
    struct err *e)
{
	switch (inspect_kind_of(content)) {
	case INSPECT_PEM:
		return check_by_cert(f, cert_from_pem(content, e), with, by, size, e);
	case INSPECT_DER:
		return check_by_cert(f, cert_from_der(content, e), with, by, size, e);
	case INSPECT_LIST:
		return check_by_list(f, content, with, by, size, e);
	default:
		return err_set(
		    e, ERR_MALFORMED, "%s is neither a certificate nor a trust list", with);
	}
}

int
signed_file_check(
    const struct signed_file *f, const char *with, char *by, size_t size, struct err *e)
{
	struct wr content = { 0 };
	int rc = file_read(with, TLIST_MAX, &content, e);

	by[0] = '\0';
	if (rc == 0)
		rc = check_by(f, wr_view(&content), with, by, size, e);
	wr_wipe(&content); /* a certificate may have come with its key */
	return rc;
}
