#include "trust/request.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/chain.h"
#include "trust/key.h"
#include "trust/name.h"

static int
check_kind(const struct cert_kind *kind, struct err *e)
{
	if (kind->identity)
		return 0;
	err_set(
	    e, ERR_USAGE, "%s is a trust store: its certificates belong to others", kind->store);
	return err_hint(
	    e, "a CA can sign CallManager, CallManager-ECDSA, TVS, CAPF, ITLRecovery and tomcat");
}

/* A release without ITLRecovery asks no CA for it. */
static int
check_held(struct store *s, const struct cert_kind *kind, const struct node *node, struct err *e)
{
	struct cert *c = certs_own(s, kind->store, certs_filed_under(kind, node->id), NULL, e);

	cert_free(c);
	return c == NULL ? -1 : 0;
}

static void
to_pem(struct bytes der, struct wr *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n;

	if (bio == NULL || PEM_write_bio(bio, PEM_STRING_X509_REQ, "", der.p, (long)der.n) <= 0)
		abort(); /* nothing but memory can run out */
	n = BIO_get_mem_data(bio, &text);
	wr_put(out, bytes_over(text, (size_t)n));
	BIO_free(bio);
}

/* ---- asking ---- */

static int
keep(struct store *s, const char *store, int64_t node, const struct key *k, struct bytes request,
    int64_t now, struct err *e)
{
	struct wr pkcs8 = { 0 };
	struct ask *q;
	int rc;

	if (key_to_pkcs8(k, &pkcs8, e) != 0)
		return -1;
	rc = store_begin(s, e);
	if (rc == 0) {
		q = store_ask(s,
		    "INSERT OR REPLACE INTO cert_request(store, node, pkcs8, request, made) "
		    "VALUES (:store, :node, :pkcs8, :request, :now)");
		ask_text(q, ":store", store);
		ask_int(q, ":node", node);
		ask_blob(q, ":pkcs8", wr_view(&pkcs8));
		ask_blob(q, ":request", request);
		ask_int(q, ":now", now);
		rc = store_end(s, ask_once(q, e), e);
	}
	wr_wipe(&pkcs8);
	return rc;
}

int
request_make(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct mint_names *names, int64_t now, struct wr *pem, struct err *e)
{
	struct wr der = { 0 };
	struct cluster cluster;
	struct node owner = *node;
	struct key *k;
	int rc;

	if (check_kind(kind, e) != 0 || check_held(s, kind, node, e) != 0 ||
	    cluster_get(s, &cluster, e) != 0)
		return -1;
	if (kind->of_cluster && node_find(s, NULL, &owner, e) != 0)
		return -1;
	k = key_make(&kind->key, e);
	if (k == NULL)
		return -1;
	rc = mint_request(&cluster, &owner, kind->store, names, k, &der, e);
	if (rc == 0)
		rc = keep(
		    s, kind->store, certs_filed_under(kind, node->id), k, wr_view(&der), now, e);
	if (rc == 0)
		to_pem(wr_view(&der), pem);
	key_free(k);
	wr_free(&der);
	return rc;
}

/* ---- what waits ---- */

static char *
subject_of(struct bytes der)
{
	const unsigned char *p = der.p;
	X509_REQ *x = d2i_X509_REQ(NULL, &p, (long)der.n);
	struct wr w = { .max = CERT_NAME_MAX };
	char *subject;

	if (x != NULL)
		name_spell(X509_REQ_get_subject_name(x), CERT_CISCO, &w);
	subject = mem_text(wr_cstr(&w));
	wr_free(&w);
	X509_REQ_free(x);
	ERR_clear_error();
	return subject;
}

static void
read_row(struct ask *q, struct request *r)
{
	struct wr pem = { 0 };

	*r = (struct request){ .node = row_int(q, 1), .made = row_int(q, 3) };
	snprintf(r->store, sizeof(r->store), "%s", row_text(q, 0));
	r->subject = subject_of(row_blob(q, 2));
	to_pem(row_blob(q, 2), &pem);
	r->pem = mem_text(wr_cstr(&pem));
	wr_free(&pem);
}

int
request_list(struct store *s, struct request **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT store, node, request, made FROM cert_request "
				     "ORDER BY store COLLATE NOCASE, node");
	struct request *all = NULL;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		read_row(q, &all[count++]);
	}
	if (rc < 0) {
		request_list_free(all, count);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

void
request_list_free(struct request *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].subject);
		free(all[i].pem);
	}
	free(all);
}

static int
no_request(const struct cert_kind *kind, const struct node *node, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "no request for a %s certificate%s%s is waiting", kind->store,
	    kind->of_cluster ? "" : " of ", kind->of_cluster ? "" : node->name);
	return err_hint(e, "trustlist cert csr %s makes one for the CA to sign", kind->store);
}

static struct key *
waiting_key(struct store *s, const struct cert_kind *kind, const struct node *node, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT pkcs8 FROM cert_request WHERE store = :store AND node = :node");
	struct key *k;
	int rc;

	ask_text(q, ":store", kind->store);
	ask_int(q, ":node", certs_filed_under(kind, node->id));
	rc = ask_row(q, e);
	if (rc == 0)
		no_request(kind, node, e);
	if (rc != 1)
		return NULL;
	k = key_from_pkcs8(row_blob(q, 0), e);
	ask_end(q);
	return k;
}

/* ---- the answer ---- */

static const struct cert *
made_of(const struct key *k, const struct bundle *came)
{
	for (size_t i = 0; i < came->n; i++)
		if (key_fits(k, came->cert[i]))
			return came->cert[i];
	return NULL;
}

static int
not_ours(const struct cert_kind *kind, const struct bundle *came, struct err *e)
{
	if (came->n == 1)
		err_set(e, ERR_NO, "%.300s has not the key of the request that waits for %s",
		    cert_subject(came->cert[0], CERT_CISCO), kind->store);
	else
		err_set(e, ERR_NO,
		    "none of the %zu certificates has the key of the request that waits for %s",
		    came->n, kind->store);
	return err_hint(e, "trustlist cert csr list shows it: a new one replaced those before");
}

static int
no_issuer(const struct cert_kind *kind, const struct chain *chain, struct err *e)
{
	err_set(e, ERR_NO, "%.300s, who issued the %s certificate, is neither among them nor in %s",
	    cert_issuer(chain->cert[0], CERT_CISCO), kind->store, kind->cas);
	return err_hint(
	    e, "upload the CA's root first: trustlist cert upload --store %s ROOT.pem", kind->cas);
}

/* Certificates, lent by those that came and by the trust store. */
struct at_hand {
	struct held_cert *held;
	size_t held_n;
	const struct cert **cert;
	size_t n;
};

static int
gather(struct store *s, const struct cert_kind *kind, const struct bundle *came, struct at_hand *a,
    struct err *e)
{
	*a = (struct at_hand){ 0 };
	if (certs_list(s, &a->held, &a->held_n, e) != 0)
		return -1;
	a->cert = mem_array(came->n + a->held_n, sizeof(struct cert *));
	for (size_t i = 0; i < came->n; i++)
		a->cert[a->n++] = came->cert[i];
	for (size_t i = 0; i < a->held_n; i++)
		if (strcmp(a->held[i].store, kind->cas) == 0)
			a->cert[a->n++] = a->held[i].cert;
	return 0;
}

static void
let_go(struct at_hand *a)
{
	free(a->cert);
	certs_list_free(a->held, a->held_n);
}

static int
check(const struct cert_kind *kind, const struct chain *chain, int64_t now, struct err *e)
{
	if (chain->n == 1 && !chain->whole)
		return no_issuer(kind, chain, e);
	return chain_check(chain, now, e);
}

static int
forget(struct store *s, const struct cert_kind *kind, const struct node *node, struct err *e)
{
	struct ask *q =
	    store_ask(s, "DELETE FROM cert_request WHERE store = :store AND node = :node");

	ask_text(q, ":store", kind->store);
	ask_int(q, ":node", certs_filed_under(kind, node->id));
	return ask_once(q, e);
}

/* The CAs last: a copy of the certificate would take the file of one of the same name. */
static int
put(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct chain *chain, const struct key *k, enum cluster_care care, int64_t now,
    struct request_answer *out, struct err *e)
{
	const struct cert_kind *cas = cert_kind_of(kind->cas, e);
	bool added[CHAIN_MAX] = { false };

	if (cas == NULL ||
	    cluster_replace(s, kind, node, chain->cert[0], k, care, now, &out->change, e) != 0)
		return -1;
	if (!out->change.changed)
		return 0;
	if (certs_trust_all(s, cas, chain->cert + 1, chain->n - 1, now, added, e) != 0)
		return -1;
	for (size_t i = 0; i + 1 < chain->n; i++)
		out->trusted += added[i];
	return forget(s, kind, node, e);
}

static size_t
count_left_out(const struct bundle *came, const struct chain *chain)
{
	size_t n = came->n;

	for (size_t i = 0; i < came->n; i++)
		for (size_t k = 0; k < chain->n; k++)
			n -= cert_eq(came->cert[i], chain->cert[k]);
	return n;
}

static int
answer(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct bundle *came, const struct key *k, enum cluster_care care, int64_t now,
    struct request_answer *out, struct err *e)
{
	const struct cert *c = made_of(k, came);
	struct at_hand at_hand;
	struct chain chain;
	int rc;

	if (c == NULL)
		return not_ours(kind, came, e);
	if (gather(s, kind, came, &at_hand, e) != 0)
		return -1;
	chain_follow(c, at_hand.cert, at_hand.n, &chain);
	out->left_out = count_left_out(came, &chain);
	rc = check(kind, &chain, now, e);
	if (rc == 0)
		rc = put(s, kind, node, &chain, k, care, now, out, e);
	let_go(&at_hand);
	return rc;
}

int
request_answer(struct store *s, const struct cert_kind *kind, const struct node *node,
    const struct bundle *came, enum cluster_care care, int64_t now, struct request_answer *out,
    struct err *e)
{
	struct key *k;
	int rc;

	*out = (struct request_answer){ 0 };
	if (check_kind(kind, e) != 0 || store_begin(s, e) != 0)
		return -1;
	k = waiting_key(s, kind, node, e);
	rc = k == NULL ? -1 : answer(s, kind, node, came, k, care, now, out, e);
	key_free(k);
	if (rc == 0 && !out->change.changed) {
		store_rollback(s); /* it was only looked at */
		return 0;
	}
	return store_end(s, rc, e);
}
