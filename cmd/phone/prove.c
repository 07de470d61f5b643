#include "cmd/phone/prove.h"

#include "capf/proof.h"

void
prove_free(struct prove *p)
{
	wr_free(&p->sha1);
	wr_free(&p->sha512);
	wr_free(&p->sudi_sha1);
	wr_free(&p->sudi_sha512);
}

static int
sign(const struct key *k, const struct wr *data, struct wr *sha1, struct wr *sha512, struct err *e)
{
	if (proof_sign(k, DIGEST_SHA1, wr_view(data), sha1, e) != 0)
		return -1;
	return proof_sign(k, DIGEST_SHA512, wr_view(data), sha512, e);
}

static int
add_signatures(struct prove *p, const struct identity *i, struct capf_message *m, struct err *e)
{
	struct wr data = { 0 };
	int rc;

	proof_data(m->device, cert_der(i->cert), &data);
	rc = sign(i->key, &data, &p->sha1, &p->sha512, e);
	wr_free(&data);
	m->has |= CAPF_HAS_CERT | CAPF_HAS_SIGNED_SHA1 | CAPF_HAS_SIGNED_SHA512;
	m->cert = cert_der(i->cert);
	m->signed_sha1 = wr_view(&p->sha1);
	m->signed_sha512 = wr_view(&p->sha512);
	return rc;
}

/* With RSA only: no client shows one with an EC key. */
static int
add_sudi(struct prove *p, const struct identity *i, struct capf_message *m, struct err *e)
{
	struct wr data = { 0 };
	int rc;

	if (cert_key_kind(i->cert) != CERT_KEY_RSA)
		return 0;
	proof_sudi_data(m->session, cert_der(i->cert), &data);
	rc = sign(i->key, &data, &p->sudi_sha1, &p->sudi_sha512, e);
	wr_free(&data);
	m->has |= CAPF_HAS_SUDI;
	m->sudi.cert = cert_der(i->cert);
	m->sudi.signed_sha1 = wr_view(&p->sudi_sha1);
	m->sudi.signed_sha512 = wr_view(&p->sudi_sha512);
	return rc;
}

int
prove_identity(struct prove *p, const struct identity *i, struct capf_message *m, struct err *e)
{
	if (add_signatures(p, i, m, e) != 0)
		return -1;
	return add_sudi(p, i, m, e);
}
