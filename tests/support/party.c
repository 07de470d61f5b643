#include "tests/support/party.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "trust/role.h"
#include "trust/sgn.h"
#include "trust/tlist.h"

static struct testkey *
load(const char *name)
{
	char *path = mem_fmt("vectors/certs/%s.pem", name);
	struct testkey *k = testkey_load(path);

	free(path);
	return k;
}

struct party
party_new(const char *sast, const char *tftp, const char *tvs)
{
	return (struct party){ load(sast), load(tftp), load(tvs) };
}

void
party_free(struct party *p)
{
	testkey_free(p->sast);
	testkey_free(p->tftp);
	testkey_free(p->tvs);
	*p = (struct party){ 0 };
}

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "\n%s\n", e->text);
	exit(1);
}

struct wr
party_list(const struct party *p, struct party_list how)
{
	struct tlist_want want[] = {
		{ .role = ROLE_SAST, .cert = testkey_cert(p->sast) },
		{ .role = ROLE_CCM_TFTP, .cert = testkey_cert(p->tftp), .blank = how.emptied },
		{ .role = ROLE_TVS, .cert = testkey_cert(p->tvs), .blank = how.emptied },
	};
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = how.sha512 ? DIGEST_SHA512 : DIGEST_SHA1,
		.filename = how.ctl ? "CTLFile.tlv" : "ITLFile.tlv",
		.timestamp = how.timestamp,
		.want = want,
		.n = how.ctl || how.without_tvs ? 2 : 3 };
	struct signer by = testkey_signer(p->sast);
	struct wr w = { 0 };
	struct err e;

	must(tlist_encode(&plan, &by, &w, &e), &e);
	return w;
}

static struct wr
wrap(const struct party *p, enum digest digest, const char *filename, const char *content)
{
	struct sgn_plan plan = { .layout = LAYOUT_CISCO, .digest = digest, .filename = filename };
	struct signer by = testkey_signer(p->tftp);
	struct wr w = { 0 };
	struct err e;

	must(sgn_wrap(&plan, bytes_of(content), &by, &w, &e), &e);
	return w;
}

struct wr
party_signed(const struct party *p, const char *filename, const char *content)
{
	return wrap(p, DIGEST_SHA1, filename, content);
}

struct wr
party_signed_sha512(const struct party *p, const char *filename, const char *content)
{
	return wrap(p, DIGEST_SHA512, filename, content);
}
